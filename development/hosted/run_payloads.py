# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""run_payloads.py FOLDER [--powershell PROGRAM]: runs what payloads.py has recorded, on the Windows that it runs on.

Every script is run by a PowerShell of its own, as Ansible's connection plugins start it, and its answer is written to
FOLDER/TASK/answer.json. Needs nothing but Python.
"""

from __future__ import annotations

import argparse
import base64
import json
import subprocess
import sys
import time
from pathlib import Path

#: As in ansible/plugins/shell/powershell.py.
ARGUMENTS = ("-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Unrestricted")

#: Seconds after which a launch is taken for one that never ends: an antivirus may look at what was compiled.
NEVER_ENDS = 600


def run(powershell: str, payload: Path) -> bool:
    """Run a payload, write its answer, and return whether there is a report in it."""
    script = (payload / "script.ps1").read_bytes().decode("utf-8")  # with the line ends that it came with
    encoded = base64.b64encode(script.encode("utf-16-le")).decode()
    began = time.monotonic()
    process = subprocess.run(
        [powershell, *ARGUMENTS, "-EncodedCommand", encoded],
        input=(payload / "stdin").read_bytes(),
        capture_output=True,
        timeout=NEVER_ENDS,
        check=False,
    )
    seconds = time.monotonic() - began
    answer = {
        "stdout": base64.b64encode(process.stdout).decode(),
        "stderr": base64.b64encode(process.stderr).decode(),
        "exit_code": process.returncode,
        "seconds": round(seconds, 3),
    }
    (payload / "answer.json").write_text(json.dumps(answer, indent=2), "utf-8")
    try:
        heard = "report" in json.loads(process.stdout)
    except ValueError:
        heard = False
    print(
        f"{payload.name}: {seconds:.1f} s, exit code {process.returncode}{'' if heard else ', no report'}", flush=True
    )
    if not heard:
        print(process.stdout.decode(errors="replace"), process.stderr.decode(errors="replace"), sep="\n", flush=True)
    return heard


def main() -> int:
    """Run all payloads; return 1 if one of them gave no report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--powershell", default="powershell.exe", help="default: %(default)s, Windows PowerShell 5.1")
    options = parser.parse_args()
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # Windows' code page has not every letter
    payloads = sorted(script.parent for script in options.folder.glob("*/script.ps1"))
    if not payloads:
        print(f"nothing was recorded in {options.folder}", file=sys.stderr)
        return 1
    heard = [run(options.powershell, payload) for payload in payloads]
    return not all(heard)


if __name__ == "__main__":
    sys.exit(main())
