# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PowerShell Remoting over WS-Management ([MS-PSRP]): what Ansible's connection ``psrp`` speaks."""

from __future__ import annotations

from .shells import RunspacePools

__all__ = ["RunspacePools"]
