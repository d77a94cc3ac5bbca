# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keys of SSH, made by OpenSSH."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


def make_key(path: Path) -> Path:
    """Make a key without a passphrase, for this user alone; return the file of its public half.

    :raises FileNotFoundError: OpenSSH is not installed.
    """
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path], check=True)
    return path.with_name(f"{path.name}.pub")


@dataclass(frozen=True)
class ClientKey:
    """The key by which the farm's account logs on, and the hosts that its client trusts: known_hosts."""

    private: Path
    public: Path
    known_hosts: Path

    @classmethod
    def make(cls, folder: Path) -> ClientKey:
        """:raises FileNotFoundError: OpenSSH is not installed."""
        public = make_key(folder / "client")
        return cls(folder / "client", public, folder / "known_hosts")

    def trust(self, address: str, port: int, host_key: str) -> None:
        """Add a host."""
        with self.known_hosts.open("a", encoding="utf-8") as file:
            file.write(f"[{address}]:{port} {host_key}\n")
