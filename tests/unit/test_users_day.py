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
TRANSLATIONS = {
    "([System.Security.Principal.NTAccount]$User).Translate([System.Security.Principal.SecurityIdentifier])": SID,
    "$sid.Translate([System.Security.Principal.NTAccount]).Value": ALICE,
}

#: What the page of Get-WinEvent says that it gives, as far as the script uses it.
STUBS = """
class PlayedEvent {{
    [int]$Id; [long]$RecordId; [datetime]$TimeCreated; [string]$Xml
    [string] ToXml() {{ return $this.Xml }}
}}
function Get-WinEvent($LogName, $FilterXPath, $ErrorAction) {{
    $here = @(Get-Content -Raw '{folder}/events.json' | ConvertFrom-Json | Where-Object Log -eq $LogName)
    if (-not $here) {{
        $id = '{nothing},Microsoft.PowerShell.Commands.GetWinEventCommand'
        throw [System.Management.Automation.ErrorRecord]::new([Exception]'{nothing}', $id, 'ObjectNotFound', $LogName)
    }}
    foreach ($event in $here) {{
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


def day(folder: Path, happened: list[dict[str, Any]], nothing: str) -> subprocess.CompletedProcess[str]:
    """Run the script for a user who is named by the user principal name.

    :param nothing: the error of a log in which nothing is found.
    """
    for minute, each in enumerate(happened):
        each |= {"RecordId": minute, "Time": f"2026-11-21T08:{minute:02}:00Z"}
    (folder / "events.json").write_text(json.dumps(happened), "utf-8")
    task = yaml.safe_load(guide("event_log").captioned("yaml")["users_day.yml"])[0]["tasks"][0]
    script = task["ansible.windows.win_powershell"]["script"]
    for call, found in TRANSLATIONS.items():
        assert script.count(call) == 1
        script = script.replace(call, f"'{found}'")
    stubs, body = STUBS.format(folder=folder, nothing=nothing), script.partition("\n")[2]
    played = ["$User = 'alice@contoso.com'; $Hours = 24", stubs, body, "ConvertTo-Json $Ansible.Result"]
    path = folder / "day.ps1"
    path.write_text("\n".join(played), "utf-8")
    return subprocess.run(["pwsh", "-NoProfile", "-File", path], check=False, capture_output=True, text=True)


def test_a_day(tmp_path: Path) -> None:
    (event,) = (block.text.strip() for block in guide("event_log").code_blocks() if block.text.startswith('{"account"'))
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
    run = day(tmp_path, happened, "NoMatchingEventsFound")
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


def test_a_log_in_which_nothing_is_found(tmp_path: Path) -> None:
    run = day(tmp_path, [windows(21, User=ALICE, SessionID=12, Address="10.1.2.3")], "NoMatchingEventsFound")
    assert (run.returncode, [each["what"] for each in json.loads(run.stdout)]) == (0, ["logged on"])


def test_a_log_that_cannot_be_read(tmp_path: Path) -> None:
    """It would look as if nothing had happened."""
    run = day(
        tmp_path, [windows(21, User=ALICE, SessionID=12, Address="10.1.2.3")], "System.UnauthorizedAccessException"
    )
    assert run.returncode == 1
    assert "UnauthorizedAccessException" in run.stderr
