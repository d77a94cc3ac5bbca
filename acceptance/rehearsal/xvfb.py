# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""In the place of Xvfb: names a display, and is there until it is ended."""

from __future__ import annotations

import signal

if __name__ == "__main__":
    print("99", flush=True)
    signal.pause()
