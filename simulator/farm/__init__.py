# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A farm: the file that describes it, and its hosts while they run."""

from __future__ import annotations

from .file import Change, FarmFileError, FarmSpec, Fault, HostSpec, LaunchFault, SecondHop
from .host import Host, hosts_of

__all__ = ["Change", "FarmFileError", "FarmSpec", "Fault", "Host", "HostSpec", "LaunchFault", "SecondHop", "hosts_of"]
