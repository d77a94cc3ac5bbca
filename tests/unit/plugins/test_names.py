# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What people type for a name, or bring along from elsewhere, and what is refused of it in which words."""

from __future__ import annotations

import unicodedata

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._options.errors import OptionError
from ansible_collections.winops.rds.plugins.plugin_utils._options.names import (
    account_meant,
    check_account,
    check_client,
    check_server,
    check_session,
)
from hypothesis import given
from hypothesis import strategies as st

ACCOUNTS = (
    *(
        "alice",
        "anna maria",
        "o'brien (temp)",
        "svc-backup$",
        "$331000-1A2B",
        "100%",
        "wow!",
        "rose&thorn",
        "müller",
        "jose\u0301",
        "Жанна",
        "王芳",
        "𠮷田",
        "12",
    ),
    *("CONTOSO\\alice", ".\\alice", "contoso.com\\alice", "NT AUTHORITY\\SYSTEM", "AzureAD\\AliceSmith"),
    *("*", "CONTOSO\\*", "NT SERVICE\\*", "*\\svc-*", "svc-?", "anna?m*", "alice.*", "svc-*$", "CONT*\\a?", ".\\*"),
    *("alice@contoso.com", "o'brien+x@contoso.com", "alice@contoso", "S-1-5-18", "s-1-5-21-1-2-3-1104"),
)

NO_ACCOUNTS = {
    # What YAML's double quotes make of a backslash.
    "CONTOSO\u2029aul": "it holds U+2029 PARAGRAPH SEPARATOR, which is not seen (a backslash belongs in single quotes",
    "CONTOSO\u2028arry": "U+2028 LINE SEPARATOR",
    "CONTOSO\alice": "it holds the control character U+0007, which is not seen (a backslash belongs in",
    "CONTOSO\x85adine": "U+0085, which is not seen (a backslash belongs",
    "CONTOSO\u00a0x": "U+00A0 NO-BREAK SPACE, which is not seen (a backslash belongs",
    "alice\nbob": "U+000A",
    # What is copied along.
    "\u200bsvc-backup": "U+200B ZERO WIDTH SPACE, which is not seen; give its SID instead",
    "\u200eFABRIKAM\\carol": "U+200E LEFT-TO-RIGHT MARK",
    "\ufeffalice": "U+FEFF ZERO WIDTH NO-BREAK SPACE",
    "ali\u00adce": "U+00AD SOFT HYPHEN",
    "anna\u202fmaria": "U+202F NARROW NO-BREAK SPACE",
    "anna\u3000maria": "U+3000 IDEOGRAPHIC SPACE",
    "ali\u3164ce": "U+3164 HANGUL FILLER",
    "alice\ufe0f": "U+FE0F VARIATION SELECTOR-16",
    "\ue000alice": "U+E000",
    "\ud800alice": "U+D800",
    "svc\u2013backup": "U+2013 EN DASH, which looks like -",
    "svc\u2011*": "U+2011 NON-BREAKING HYPHEN, which looks like -",
    "\u201ealice\u201c": "U+201E DOUBLE LOW-9 QUOTATION MARK, which looks like \"",
    "CONTOSO\uff3calice": "U+FF3C FULLWIDTH REVERSE SOLIDUS, which looks like \\",
    "ａｌｉｃｅ": "U+FF41 FULLWIDTH LATIN SMALL LETTER A, which looks like a",
    "svc-\u2217": "U+2217 ASTERISK OPERATOR, which looks like *",
    # Separators, quotes and notations of other tools.
    "CONTOSO/svc-backup": "it holds /, which no such name has",
    "[alice": "it holds [",
    "carol]": "it holds ]",
    "alice;bob": "it holds ;",
    "alice,bob": "it holds ,",
    "alice|bob": "it holds |",
    "alice+bob": "it holds +",
    ">alice": "it holds >",
    "alice:": "it holds :",
    "CN=Alice": "it holds =",
    '"alice"': 'it holds "',
    "Alice <alice@contoso.com>": "it holds <, which no such name has; write alice@contoso.com;",
    "mailto:alice@contoso.com": "it holds :, which no such name has; write alice@contoso.com;",
    "alice@contoso.com;bob": "it holds ;",
    "'alice'": "it is enclosed in ' and '; write alice; give its SID instead, if it does exist",
    "`alice`": "it is enclosed in ` and `; write alice;",
    "{alice}": "it is enclosed in { and }",
    "%USERNAME%": "it is enclosed in % and %; give its SID",
    "$env:USERNAME": "it holds :",
    # Notations of other tools that would be text here, so that a pattern with one fits nobody.
    "!svc-*": "it begins with !, which has no meaning here",
    "^svc-.*$": "it begins with ^, which has no meaning here",
    "~svc-.*": "it begins with ~, which has no meaning here",
    "&svc-*": "it begins with &, which has no meaning here",
    "CONTOSO\\!svc-*": "it begins with !, which has no meaning here",
    "svc-* adm-*": "it holds a blank and a wildcard, as several names would; separate them by commas",
    "alice svc-*": "it holds a blank and a wildcard",
    "svc-* CONTOSO\\adm-*": "it holds a blank and a wildcard",
    # What is left of a template whose variable is empty.
    "-*": "it begins or ends with -, as if something were missing there",
    "svc-": "it begins or ends with -",
    "CONTOSO\\-svc*": "it begins or ends with -",
    ".*-backup": "it begins with .*, which has no meaning here",
    # What is to be put in by something else, and was not.
    "svc-{{ site }}-*": "it holds {, of a placeholder that nothing has filled in",
    "{{ site }}": "it holds {, of a placeholder that nothing has filled in",
    "{site}-svc-*": "it holds {, of a placeholder",
    "${SITE}-*": "it holds {, of a placeholder",
    "$SITE-*": "it holds $S, of a placeholder",
    "%SITE%-*": "it holds %SITE%, of a placeholder",
    # Forms.
    "\\alice": "one backslash stands between domain and user",
    "CONTOSO\\": "one backslash stands between domain and user",
    "\\": "one backslash",
    "CONTOSO\\\\alice": "one backslash stands between domain and user",
    "\\\\server\\alice": "one backslash",
    "CONTOSO \\alice": "there is a blank beside the backslash",
    "CONTOSO\\ alice": "there is a blank beside the backslash",
    "alice.": "no account ends with a period",
    "CONTOSO\\...": "no account ends with a period",
    ".contoso\\alice": "no domain begins with a period",
    "contoso.com\\svc-*": "with * or ?, the domain has to be its NetBIOS name",
    "cont*.com\\alice": "with * or ?, the domain has to be its NetBIOS name",
    "S-1-5-21-*": "it begins like a SID and is none",
    "S-1-5": "it begins like a SID and is none",
    "*S-1-5-21-1-2-3-1104": "it begins like a SID and is none",
    "S-1-5-21-1-2-3-110x": "it begins like a SID and is none",
    # A user principal name is looked up and takes no wildcards.
    **dict.fromkeys(("@b.c", "alice@", "@", "alice@contoso.com.", "alice@b c", "a@b@c"), "is not an account; "),
    **dict.fromkeys(("*@contoso.com", "alice@contoso.*"), "it holds *, which no such name has; accepted are "),
    "CONTOSO\\alice@contoso.com": "it holds \\, which no such name has; write alice@contoso.com;",
}  # fmt: skip

SESSIONS = ("12", "007", "0", "4294967293", "TERM04", "rdp-tcp#3", "12a", "x" * 32, "31C5CE94259D4006A9E4#0", "РДП-1")
NO_SESSIONS = {
    **dict.fromkeys(("-1", "+1", "-١"), "an ID has no sign"),
    # WTS_ANY_SESSION, WTS_CURRENT_SESSION
    **dict.fromkeys(("4294967294", "4294967295", "4294967296", "9" * 32), "an ID has 32 bits"),
    **dict.fromkeys(("9" * 5000, "x" * 33), "more than 32 characters"),
    **dict.fromkeys(("rdp-tcp#*", "TERM0?", "1*"), "a name is meant as a whole, without * and ?. Give each ID or name"),
    **dict.fromkeys(
        ("12-17", "12..17", "12 - 17", "12 to 17", "12:17", "#12", "1.0", "١٢", "²"), "give each ID for itself (12,14)"
    ),
    **dict.fromkeys(("12 14", "rdp-tcp#3 alice"), "it holds a blank"),
    **dict.fromkeys(("CONTOSO\\alice", "alice@contoso.com", "S-1-5-18"), "give it in users or exclude_users"),
    **dict.fromkeys((">12", "id=12", "ID 12", "Session 12", "session id: 12"), "write 12;"),
    ">rdp-tcp#3": "write rdp-tcp#3;",
    **{"12;14": "it holds ;", "[12": "it holds [", "ID x=3": "it holds a blank", "１２": "U+FF11"},
    **{"'12'": "it is enclosed in ' and '", "\u200b12": "U+200B", "rdp\u2013tcp": "U+2013", "a\0b": "U+0000"},
    "rdp-{{n}}": "it holds {, of a placeholder that nothing has filled in",
}

CLIENTS = (
    "PC-*",
    "PC7",
    "pc7.contoso.com",
    "КАССА 1",
    "fe80",
    "10.1.2.3",
    "10.1.2.3/16",
    "fe80::1%eth0",
    "2001:DB8::/32",
)
NO_CLIENTS = {
    **dict.fromkeys(
        ("10.1.*.*.*", "10.1.2", "10.1.2.300", "10.1.2.0-10.1.2.9", "010.1.2.3", "fe80::*", "10.1.2.3:80"),
        "it looks like an address and is none; give a network for several, 192.0.2.0/24 for 192.0.2.*",
    ),
    **dict.fromkeys(
        ("10.1.0.0/33", "10.1.0/16", "PC/7", "10.1.2.3/255.0.255.0", "fe80::/129", "*/8"),
        "it looks like a network and is none",
    ),
    **dict.fromkeys(
        ("*", "**"),
        "it leaves hardly anybody out; if that is meant, give ?* (whoever has a client) or protocols=rdp",
    ),
    **dict.fromkeys(("all", "ANY"), "everybody is all=true"),
    **dict.fromkeys(("none", "None", "null"), "for nobody, give an empty list"),
    **{"PC1,PC2": "it holds ,", "PC1;PC2": "it holds ;", "\\\\PC1": "it holds \\", "PC\u20111": "U+2011"},
    "%SITE%-*": "it holds %SITE%, of a placeholder that nothing has filled in",
    **{"[fe80::1]": "it holds [", "'PC1'": "it is enclosed in ' and '"},
}  # fmt: skip

SERVERS = ("RDSH02", "rdsh02.contoso.com", "10.0.0.7", "fe80::7", "сервер-1")
NO_SERVERS = (
    *("RDSH 02", "RDSH*", "\\\\RDSH02", "a,b", "https://rdsh02/", "a;b", "'x'", "RDSH02:3389", "10.0.0", ".", "-"),
    *("RDSH\u201102", "RDSH02\u200b", "RDSH\uff10", "[fe80::7]", "10.0.0.*"),
)


@pytest.mark.parametrize("value", ACCOUNTS)
def test_accounts(value: str) -> None:
    check_account("users", value)


@pytest.mark.parametrize("value", SESSIONS)
def test_sessions(value: str) -> None:
    check_session("sessions", value)


@pytest.mark.parametrize("value", CLIENTS)
def test_clients(value: str) -> None:
    check_client(value)


@pytest.mark.parametrize("value", SERVERS)
def test_servers(value: str) -> None:
    check_server(value)


@pytest.mark.parametrize(("value", "words"), NO_ACCOUNTS.items(), ids=ascii)
def test_no_accounts(value: str, words: str) -> None:
    with pytest.raises(OptionError) as refusal:
        check_account("exclude_users", value)
    assert str(refusal.value).startswith(f"exclude_users: {value!r} is not an account")
    assert words in str(refusal.value)
    assert "accepted are alice, CONTOSO\\alice" in str(refusal.value) and "and a SID" in str(refusal.value)


@pytest.mark.parametrize(("value", "words"), NO_SESSIONS.items(), ids=lambda text: ascii(text)[:12])
def test_no_sessions(value: str, words: str) -> None:
    with pytest.raises(OptionError) as refusal:
        check_session("exclude_sessions", value)
    assert str(refusal.value).startswith(f"exclude_sessions: {value!r} is not a session: ")
    assert words in str(refusal.value)
    assert "accepted are a session ID (0 to 4294967293) and a session name" in str(refusal.value)


@pytest.mark.parametrize(("value", "words"), NO_CLIENTS.items(), ids=ascii)
def test_no_clients(value: str, words: str) -> None:
    with pytest.raises(OptionError) as refusal:
        check_client(value)
    assert str(refusal.value).startswith(f"clients: {value!r} is not a client: ")
    assert words in str(refusal.value)


@pytest.mark.parametrize("value", ["-", "/", "."])
def test_a_client_of_no_letter_and_no_digit(value: str) -> None:
    with pytest.raises(OptionError, match="is not a client; accepted are "):
        check_client(value)


def test_an_account_with_more_backslashes_than_escaping_left_over() -> None:
    assert account_meant(r"CONTOSO\\\\alice") == account_meant(r"CONTOSO\\alice") == r"CONTOSO\alice"
    for as_it_is in (r"CONTOSO\alice", r"\\server\alice", "CONTOSO\\\\", r"\\alice"):
        assert account_meant(as_it_is) == as_it_is


@pytest.mark.parametrize("value", NO_SERVERS, ids=ascii)
def test_no_servers(value: str) -> None:
    with pytest.raises(OptionError) as refusal:
        check_server(value)
    assert str(refusal.value).startswith(f"server: {value!r} is not the name or address of a server")


@given(st.sampled_from(("alice", "CONTOSO\\svc-*", "a@b.c", "TERM04", "PC-1")), st.characters(), st.integers(0, 5))
def test_nothing_unseen_is_in_what_is_accepted(name: str, character: str, at: int) -> None:
    value = name[:at] + character + name[at:]
    unseen = character != " " and unicodedata.category(character)[0] in "CZ"
    for check in (lambda: check_account("users", value), lambda: check_session("sessions", value),
                  lambda: check_client(value), lambda: check_server(value)):  # fmt: skip
        try:
            check()
        except OptionError:
            continue
        assert not unseen
