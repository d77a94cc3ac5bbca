# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Random hosts, and random tasks that have something to do with them."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import yaml
from ansible_collections.winops.rds.plugins.plugin_utils._options.names import perhaps_left_out
from hypothesis import strategies as st

from simulator.directory import Directory

from .model import DURATIONS, SELECTING, STATE_WORDS, Account, Session, record_of

T = TypeVar("T")

#: Names that are alike or troublesome. Not here: letters of which it depends on the host's .NET whether they have a
#: case (the guide to matching).
USERS = (
    *(
        "alice",
        "bob",
        "ansible",
        "ALICE",
        "alicia",
        "alice2",
        "ali",
        "a",
        "anna maria",
        "anna.k",
        "svc-backup$",
        "a-z",
    ),
    *(
        "müller",
        "muller",
        "Жанна",
        "жан",
        "王芳",
        "王",
        "𠮷田",
        "𠮷",
        "ilker",
        "ırmak",
        "İnci",
        "INCI",
        "straße",
        "STRASSE",
    ),
    *("jose\u0301", "jos\u00e9", "o'brien (temp)", "x" * 20, "x" * 19 + "𠮷", "wolfeschlegelsteinhausen"),
)
DOMAINS = (
    "CONTOSO",
    "FABRIKAM",
    "RDSH01",
    "Contoso",
    "CONTOSO-1",
    "DOMAIN-OF-15-CH",
    "DONAUDAMPFSCHIFFAHRT",
    "КОНТОСО",
)
NAMES = ("console", "rdp-tcp#3", "rdp-tcp#31", "TERM04", "Console", "rdp-tcp", "12", "current", "РДП-1", "ıca-tcp#1")
CLIENTS = ("PC-1", "PC-10", "LAPTOP", "КАССА 1", "10.1.2.3", "fe80")
ADDRESSES = ("", "10.1.2.3", "10.170.85.255", "2001:db8::1", "fe80::a5a5:5a5a:a5a5:5a5a", "::ffff:10.1.2.3")
IDS = (12, 13, 14, 1, 2, 3, 65535, 65537, 4294967293)
STATES = ("active", "disconnected", "connected", "connect_query", "shadow", "idle", "reset", "down", "init")
PROTOCOLS = ("rdp", "ica", "console")
AGES = (None, *sorted({max(0.0, seconds + edge) for seconds, _ in DURATIONS.values() for edge in (0, 1e-6, -1e-6)}))

#: Every host has these two.
OF_THE_SYSTEM = (
    Session(0, "services", state="disconnected", logged_on=None, idle=None),
    Session(65536, "rdp-tcp", state="listen", logged_on=None, idle=None),
)


@dataclass(frozen=True, repr=False)
class Case:
    """A host and a task. Its text is a host of a farm file, and the task's options."""

    sessions: tuple[Session, ...]
    options: dict[str, Any]
    accounts: tuple[Account, ...]
    """Those that the directory knows."""

    def __repr__(self) -> str:
        sessions = "".join(f"\n  - {_line(session)}" for session in self.sessions)
        options = "".join(f"\n  {_flow({option: value})[1:-1]}" for option, value in self.options.items())
        return f"\nsessions:{sessions}\nwinops.rds.win_rds_logoff:{options}\n"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """As Hypothesis prints a case that fails."""
        printer.text(repr(self))


def _line(session: Session) -> str:
    """A session as a farm file writes it; a comment tells what it cannot."""
    known = {f.name: getattr(session, f.name) for f in fields(session) if getattr(session, f.name) != f.default}
    known |= {"user": "\\".join(filter(None, (known.pop("domain", ""), session.user)))}
    unsaid = {
        key: known.pop(key)
        for key in ("logged_on", "disconnected")
        if key in known and (known[key] is None or (key == "disconnected" and session.state != "disconnected"))
    }
    if session.state == "disconnected" and session.disconnected is None:
        unsaid["disconnected"] = None
    return _flow(known) + (f"  # and {_flow(unsaid)}" if unsaid else "")


def _flow(value: Any) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False)
    return text.strip()


def _plausible(session: Session) -> Session:
    """Without a user no domain, and disconnected no name."""
    return replace(
        session,
        domain=session.domain if session.user else "",
        name="" if session.state == "disconnected" else session.name,
    )


def _typed(value: Any) -> str:
    """What two options may not both hold: a text in any case."""
    return str(value).lower()


def _one_of(values: Sequence[T]) -> st.SearchStrategy[T]:
    return st.sampled_from(values)


_texts = st.text(alphabet="aAbИи王é\u0301𠮷 .", min_size=1, max_size=20).map(lambda text: text.strip(" .") or "a")
_users = _one_of(USERS) | _one_of(USERS) | _texts
_sessions = st.builds(
    Session,
    id=st.just(0),
    name=_one_of(NAMES),
    user=_one_of(("", "ansible")) | _users,
    domain=_one_of(("CONTOSO",)) | _one_of(DOMAINS),
    state=_one_of(("active", "disconnected")) | _one_of(STATES),
    logged_on=_one_of(AGES),
    idle=_one_of(AGES),
    disconnected=_one_of(AGES),
    client_name=_one_of(("",)) | _one_of(CLIENTS),
    client_address=_one_of(ADDRESSES),
    protocol=_one_of(PROTOCOLS),
    locked=_one_of((True, False, None)),
)

_Rewrite = Callable[[str], str]
_CASES: tuple[_Rewrite, ...] = (str, str.upper, str.lower, str.swapcase)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A host with some sessions, and a task whose values are mostly the sessions' own, in another case or cut."""
    first = draw(st.integers(0, len(IDS) - 1))
    ids = [*IDS[first:], *IDS[:first]]
    sessions = [
        _plausible(replace(session, id=id))
        for id, session in zip(ids, draw(st.lists(_sessions, min_size=1, max_size=6)), strict=False)
    ]
    meant = draw(_one_of([session for session in sessions if session.user] or sessions))
    accounts = tuple(dict.fromkeys((s.domain, s.user) for s in sessions if s.user))
    directory = Directory("contoso.com")
    known = [directory.add(*account) for account in accounts]

    def recased(text: str) -> str:
        return draw(_one_of(_CASES))(text)

    def pattern(text: str) -> str:
        begin = draw(st.integers(0, len(text)))
        end = begin + draw(_one_of((1, 0, 2, len(text))))
        cut = draw(_one_of(("?", "*", "?" * len(text[begin:end]), "*?", "?*", "")))
        return (text[:begin] + cut + text[end:]).strip(" .-") or "*"

    def name(text: str) -> str:
        rewrites: tuple[_Rewrite, ...] = (str, recased, pattern)
        return draw(_one_of(rewrites))(text)

    def one() -> Session:
        return draw(_one_of((meant, meant, draw(_one_of(sessions)))))

    def duration(age: float | None) -> str:
        fitting = [text for text, (seconds, _) in DURATIONS.items() if age is not None and seconds <= age]
        return draw(_one_of(draw(_one_of((fitting, fitting, []))) or [*DURATIONS]))

    def user() -> str:
        session = one()
        user = name(session.user or "nobody")
        form = draw(_one_of(("user", "domain", "local", "sid", "upn", "dns")))
        if form in ("sid", "upn", "dns") and known:
            account = draw(_one_of(known))
            names = {"sid": account.sid, "upn": account.principal_name, "dns": f"{account.dns_domain}\\{account.user}"}
            return recased(names[form] or account.sid)  # a managed service account has no principal name
        account = (
            user if form == "user" else f".\\{user}" if form == "local" else f"{name(session.domain or '*')}\\{user}"
        )
        if {"*", "?"} & {*account}:
            account = account.replace(" ", "?")
        return account if account.strip("*?\\") else "a*"

    def record(session: Session, *, exactly: bool) -> dict[str, Any]:
        """Of this logon, or of one that had its ID or its account before."""
        given = record_of(session, draw(_one_of(("RDSH01", "rdsh01.contoso.com"))))
        given["account"] = recased(given["account"])
        changes: list[dict[str, Any]] = [{}, {"id": session.id + 1}, {"account": f"{given['account']}x"}]
        if not exactly:
            changes.append({"logon_time": "2026-11-01T00:00:00Z"})
        return given | draw(_one_of(changes))

    def session(*, exactly: bool = False) -> Any:
        session = draw(_one_of((one(), *OF_THE_SYSTEM)))
        form = draw(_one_of(("id", "name", "current", "current", "record")))
        if form == "record" and session.has_user and session.logged_on is not None:
            return record(session, exactly=exactly)
        # A listener's name is refused where sessions are left out.
        if form == "id" or not session.name or (exactly and session.name == "rdp-tcp"):
            return draw(_one_of(("", "0"))) + str(session.id)
        return recased(session.name if form == "name" else "current")

    def state() -> str:
        whole = one().state
        return recased(draw(_one_of([whole, *(word for word, meant in STATE_WORDS.items() if meant == whole)])))

    def client() -> str:
        session = one()
        by_address = session.client_address and draw(st.booleans())
        if by_address:
            return network(session.client_address)
        # A name that reads like an address is one, and a part of it is refused.
        client = session.client_name if "." in session.client_name else name(session.client_name)
        return client if client.strip("*") else "?*"

    def network(address: str) -> str:
        """Around an address, or around one that differs from it by a bit."""
        packed = ipaddress.ip_address(address)
        longest = packed.max_prefixlen
        prefix = longest - draw(st.integers(0, longest))
        flipped = draw(_one_of((-1, prefix, prefix - 1)))
        if 0 <= flipped < longest:
            packed = type(packed)(int(packed) ^ (1 << (longest - 1 - flipped)))
        text = recased(draw(_one_of((str(packed), packed.exploded))))
        return text if prefix == longest and draw(st.booleans()) else f"{text}/{prefix}"

    def several(value: Callable[[], Any]) -> list[Any]:
        return [value() for _ in range(draw(st.integers(1, 3)))]

    def clear(values: list[str]) -> list[str]:
        """Without what is refused, as it may say who is to be left out."""
        return values[:1] if perhaps_left_out(values) else values

    draw_option: dict[str, Callable[[], Any]] = {
        "users": lambda: clear(several(user)),
        "sessions": lambda: several(session),
        "states": lambda: several(state),
        "all": lambda: True,
        "idle_for": lambda: duration(meant.idle),
        "disconnected_for": lambda: duration(meant.disconnected),
        "logged_on_for": lambda: duration(meant.logged_on),
        "clients": lambda: clear(several(client)),
        "protocols": lambda: several(lambda: recased(one().protocol)),
        "locked": lambda: draw(_one_of((meant.locked is True, True, False))),
    }
    chosen = draw(st.lists(_one_of([*draw_option]), min_size=1, max_size=3, unique=True))
    options = {option: draw_option[option]() for option in chosen}
    if isinstance(options[chosen[0]], list) and draw(_one_of((False,) * 19 + (True,))):
        options[chosen[0]] = []
    exclusions: dict[str, Callable[[], Any]] = {"users": user, "sessions": lambda: session(exactly=True)}
    for option, value in exclusions.items():
        if draw(_one_of((False, False, True))):
            selected = {_typed(value) for value in options.get(option, ())}
            if excluded := [value for value in several(value) if _typed(value) not in selected]:
                options[f"exclude_{option}"] = excluded
    if draw(_one_of((False, False, True))):
        options["protect_console"] = False
    return Case(tuple(sessions), options, accounts)


@dataclass(frozen=True)
class FarmCase:
    """Hosts, of which a task works on some from the first."""

    farm: dict[str, tuple[Session, ...]]
    options: dict[str, Any]
    accounts: tuple[Account, ...]


@st.composite
def farm_cases(draw: st.DrawFn, hosts: Sequence[str]) -> FarmCase:
    """The same IDs and people on several hosts, and records of some of them."""
    first, second = draw(cases()), draw(cases())
    people = [*first.sessions, *second.sessions]
    of_others = st.lists(_one_of(people), max_size=5, unique_by=lambda session: session.id).map(tuple)
    farm = {hosts[0]: first.sessions, **{host: draw(of_others) for host in hosts[1:]}}
    names = [form for host in hosts for form in (host, host.lower(), f"{host.lower()}.contoso.com")]
    options = dict(first.options)
    options["server"] = draw(st.lists(_one_of(names), min_size=1, max_size=4, unique_by=str.lower))
    logons = [
        (host, each) for host, there in farm.items() for each in there if each.has_user and each.logged_on is not None
    ]
    worked_on = {name.partition(".")[0].upper() for name in options["server"]}
    known = [(host, each) for host, each in logons if host in worked_on] or logons
    for option in ("sessions", "exclude_sessions"):
        # IDs and names are refused where there are several hosts.
        values = [value for value in options.pop(option, ()) if value == "current"]
        given = draw(st.lists(_one_of(draw(_one_of((known, known, known, logons)))), max_size=3)) if logons else []
        values += [record_of(each, draw(_one_of((host, f"{host.lower()}.contoso.com")))) for host, each in given]
        if values:
            options[option] = values
    if not {*SELECTING} & {*options}:
        options["all"] = True
    return FarmCase(farm, options, tuple(dict.fromkeys((*first.accounts, *second.accounts))))


KINDS_OF_CHANGE = ("stays", "stays", "disconnects", "is renamed", "works", "logs on anew", "another", "leaves")


@st.composite
def later(draw: st.DrawFn, sessions: Sequence[Session]) -> tuple[Session, ...]:
    """What has become of some sessions."""
    changed = []
    for session in sessions:
        kind = draw(_one_of(KINDS_OF_CHANGE))
        if kind == "disconnects":
            changed.append(replace(session, state="disconnected", name="", disconnected=0))
        elif kind == "is renamed" and session.state != "disconnected":
            changed.append(replace(session, name=draw(_one_of(NAMES))))
        elif kind == "works":
            changed.append(replace(session, idle=0))
        elif kind == "logs on anew":
            changed.append(replace(session, logged_on=1))
        elif kind == "another" and session.user:
            changed.append(replace(session, user=draw(_one_of(("mallory", "alice"))), domain="CONTOSO", logged_on=1))
        elif kind != "leaves":
            changed.append(session)
    return tuple(changed)


def pattern_cases() -> st.SearchStrategy[Case]:
    """Short names of few letters, and patterns of the same, many of which nearly fit."""
    names = st.lists(st.text(alphabet="ab𠮷", min_size=1, max_size=6), min_size=1, max_size=4)
    pattern = st.text(alphabet="aB𠮷*?", min_size=1, max_size=6).filter(lambda text: text.strip("*?"))
    patterns = st.lists(pattern, min_size=1, max_size=12)
    return st.builds(
        lambda names, patterns: Case(
            tuple(Session(12 + i, "rdp-tcp#1", name, "CONTOSO") for i, name in enumerate(names)),
            {"users": patterns},
            (),
        ),
        names,
        patterns,
    )
