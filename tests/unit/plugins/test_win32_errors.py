# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import re

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._result.win32_errors import _ERRORS, explain

from tests.support.csharp import FILES
from tests.support.guides import guide

#: Those that the design names, and all that the C# knows.
EXPLAINED = {5, 6, 1702, 1722, 1726, 7007, 7022, 7024, 7045}
#: By which the engine of the logon mode learns how long a value is.
ERROR_MORE_DATA = 234


def test_every_error_that_is_told_apart_is_explained() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in FILES)
    in_csharp = {int(code) for code in re.findall(r"const int ERROR_\w+ = (\d+);", text)}
    assert ERROR_MORE_DATA in in_csharp
    assert {error.code for error in _ERRORS} >= EXPLAINED | {None} | (in_csharp - {ERROR_MORE_DATA})
    told = [(call, error.code) for error in _ERRORS for call in error.calls or ("any",)]
    assert len({*told}) == len(told)


def test_the_calls_are_those_of_the_engines() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in FILES)
    assert all(f'"{call}"' in text for error in _ERRORS for call in error.calls)


@pytest.mark.parametrize(
    ("call", "code", "message"),
    [
        ("WTSEnumerateSessionsEx", 2, "the server does not tell its sessions"),
        ("WTSQuerySessionInformation", 2, "Windows does not have this session"),
        ("WTSEnumerateSessionsEx", 259, "the connecting account may see none of the sessions"),
        ("WTSLogoffSession", 1115, "the server is going down"),
        ("LookupAccountName", 1722, "the server reaches no domain controller that knows the account"),
        ("NetWkstaGetInfo", 2, "Windows does not find what was asked for"),
    ],
)
def test_an_error_means_what_its_call_means(call: str, code: int, message: str) -> None:
    assert explain(call, code).message == message


@pytest.mark.parametrize(
    ("code", "unsigned", "name", "message"),
    [
        (-2147467238, 2147500058, "HRESULT_0x8000401A", "Windows gave an error that is seldom seen here"),
        (2147500058, 2147500058, "HRESULT_0x8000401A", "Windows gave an error that is seldom seen here"),
        (-2147024891, 2147942405, "HRESULT_0x80070005", "the connecting account may not do this"),
        # The engine takes just 2 and 7022 for a session that has gone.
        (0x80070002, 0x80070002, "HRESULT_0x80070002", "Windows gave an error that is seldom seen here"),
        (-1073741790, 3221225506, "NTSTATUS_0xC0000022", "Windows gave an error that is seldom seen here"),
        (4294967295, 4294967295, "NTSTATUS_0xFFFFFFFF", "Windows gave an error that is seldom seen here"),
    ],
)
def test_what_is_no_win32_error_has_its_own_form(code: int, unsigned: int, name: str, message: str) -> None:
    error = explain("WTSLogoffSession", code)
    assert (error.code, error.name, error.message) == (unsigned, name, message)


@pytest.mark.parametrize("error", _ERRORS, ids=lambda error: error.name or "no answer")
def test_an_explanation_is_two_sentences_in_the_making(error: object) -> None:
    """They are put together as ``message [code NAME]. Hint``."""
    _, name, message, hint, _ = explain(error.calls[0] if error.calls else "", error.code)  # type: ignore[attr-defined]
    assert name is None or re.fullmatch(r"[A-Z0-9_]+|NERR_\w+", name)
    assert not message.endswith(".")
    assert hint.endswith(".")


@pytest.mark.parametrize(("page", "section"), [("errors", "Errors of Windows"), ("quick_reference", "The errors")])
def test_the_guides_have_the_same(page: str, section: str) -> None:
    *rows, another = (tuple(row.values()) for row in guide(page).section(section).rows())
    assert sorted(rows) == sorted(
        (
            "none" if error.code is None else str(error.code),
            error.name or "",
            ", ".join(error.calls) or "any",
            error.message,
            error.hint,
        )
        for error in _ERRORS
    )
    unknown = explain("", 87)
    assert another == ("another", "WIN32_ and the code", "any", unknown.message, unknown.hint.replace("87", "CODE"))


@pytest.mark.parametrize("code", [1, 13, 87, 2147483647])
def test_an_unknown_error_is_said_to_be_unknown(code: int) -> None:
    error = explain("", code)
    assert (error.code, error.name) == (code, f"WIN32_{code}")
    assert f"net helpmsg {code}" in error.hint
