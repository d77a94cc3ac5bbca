# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Random searches for what breaks a rule, which take seconds for each example."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, Phase, settings


def search(examples: int, **own: Any) -> settings:
    """Return the settings of a search: the same examples in each run, unless RULES_EXAMPLES says how many."""
    return settings(
        max_examples=int(os.environ.get("RULES_EXAMPLES", examples)),
        deadline=None,
        derandomize="RULES_EXAMPLES" not in os.environ,
        phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
        suppress_health_check=[*HealthCheck],
        print_blob=True,
        **own,
    )
