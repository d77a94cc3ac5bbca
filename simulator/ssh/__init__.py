# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""SSH: OpenSSH's own server in front of a simulated host."""

from __future__ import annotations

from .default_shell import DefaultShell
from .keys import ClientKey
from .service import SshCommand, SshService

__all__ = ["ClientKey", "DefaultShell", "SshCommand", "SshService"]
