# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The script of users_day.yml, in the guide, by PowerShell, on events as Windows and this collection write them.

What reads the event log is on Windows only, and so is what finds a SID: both are played.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
import yaml

from tests.support.guides import guide

SID = "S-1-5-21-397955417-626881126-188441444-1105"
ALICE, BOB = r"CONTOSO\alice", r"CONTOSO\bob"
TRANSLATION = (
    "([System.Security.Principal.NTAccount]$User).Translate([System.Security.Principal.SecurityIdentifier]).Value"
)

#: What the page of Get-WinEvent says that it gives, as far as the script uses it.
STUBS = """
class PlayedEvent {{
    [int]$Id; [long]$RecordId; [datetime]$TimeCreated; [string]$Xml
    [string] ToXml() {{ return $this.Xml }}
}}
function Get-WinEvent($LogName, $FilterXPath, $ErrorAction) {{
    foreach ($event in Get-Content -Raw '{folder}/events.json' | ConvertFrom-Json | Where-Object Log -eq $LogName) {{
        $time = [datetime]::Parse($event.Time, [cultureinfo]::InvariantCulture, 'AdjustToUniversal')
        [PlayedEvent]@{{ Id = $event.Id; RecordId = $event.RecordId; TimeCreated = $time; Xml = $event.Xml }}
    }}
}}
$Ansible = @{{}}
"""

pytestmark = pytest.mark.skipif(not shutil.which("pwsh"), reason="pwsh, which runs the script, is not on PATH")


def windows(id: int, **members: Any) -> dict[str, Any]:
    """An event of Windows, as the pages that the guide names show it."""
    data = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in members.items())
    return {
        "Log": "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",
        "Id": id,
        "Xml": '<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><UserData>'
        f'<EventXML xmlns="Event_NS">{data}</EventXML></UserData></Event>',
    }


def ours(text: str) -> dict[str, Any]:
    return {
        "Log": "Application",
        "Id": 3389,
        "Xml": '<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><EventData>'
        f"<Data>{escape(text)}</Data></EventData></Event>",
    }


def test_a_day(tmp_path: Path) -> None:
    page = guide("event_log")
    task = yaml.safe_load(page.captioned("yaml")["users_day.yml"])[0]["tasks"][0]
    script = task["ansible.windows.win_powershell"]["script"]
    assert script.count(TRANSLATION) == 1
    (event,) = (block.text.strip() for block in page.code_blocks() if block.text.startswith('{"account"'))
    told = json.loads(event)
    (acted,) = told["sessions"]
    others = {**told, "sessions": [{**acted, "id": 14, "account": "S-1-5-21-1-2-3-1106"}]}
    happened = [
        windows(21, User=ALICE, SessionID=12, Address="10.1.2.3"),
        windows(21, User=BOB, SessionID=14, Address="10.1.2.4"),
        windows(24, User=ALICE, SessionID=12, Address="10.1.2.3"),
        windows(40, Session=12, Reason=0),
        windows(40, Session=14, Reason=5),
        windows(39, TargetSession=12, Source=14),
        windows(25, User=ALICE, SessionID=12, Address="10.1.2.3"),
        ours(json.dumps(others)),
        ours(event),
        windows(23, User=ALICE, SessionID=12),
        windows(21, User=BOB, SessionID=12, Address="LOCAL"),
        windows(40, Session=12, Reason=12),
    ]
    for minute, each in enumerate(happened):
        each |= {"RecordId": minute, "Time": f"2026-11-21T08:{minute:02}:00Z"}
    (tmp_path / "events.json").write_text(json.dumps(happened), "utf-8")
    body = script.replace(TRANSLATION, f"'{SID}'").partition("\n")[2]
    played = [f"$User = '{ALICE}'; $Hours = 24", STUBS.format(folder=tmp_path), body, "ConvertTo-Json $Ansible.Result"]
    path = tmp_path / "day.ps1"
    path.write_text("\n".join(played), "utf-8")
    run = subprocess.run(["pwsh", "-NoProfile", "-File", path], check=True, capture_output=True, text=True)
    assert run.stderr == ""
    assert [(each["time"][11:16], each["session"], each["what"], each["more"]) for each in json.loads(run.stdout)] == [
        ("08:00", 12, "logged on", "10.1.2.3"),
        ("08:02", 12, "disconnected", "10.1.2.3"),
        ("08:03", 12, "disconnected, with a reason", "reason code 0"),
        ("08:05", 12, "disconnected by a session", "by session 14"),
        ("08:06", 12, "reconnected", "10.1.2.3"),
        ("08:08", 12, "winops.rds.win_rds_logoff: logged_off", "by CONTOSO\\ansible: CHG-4711 patching"),
        ("08:09", 12, "logged off", ""),
    ]
