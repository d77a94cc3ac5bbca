# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The stage as a fixture, once for each host of the inventory, and what the run proved."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .facts.ask import AskError, ask
from .facts.table import NOTHING, Verdict, facts
from .inventory import HostUnderTest, InventoryError, hosts_of
from .rdp import RdpError, Screen
from .record import FAILED, NOT_PROVIDED, PASSED, RECORDS, Record, TestResult
from .stage import NotProvided, Refused, Stage

_HOSTS = pytest.StashKey[list[HostUnderTest]]()
_RECORDS_OF_RUN = pytest.StashKey[dict[str, Record]]()
_COLOURS = {PASSED: "green", FAILED: "bold red", NOT_PROVIDED: "yellow"}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("acceptance")
    group.addoption("--hosts", type=Path, metavar="INVENTORY", help="the hosts, with their test accounts")
    group.addoption("--others", action="store_true", help="start although others are logged on")
    group.addoption("--records", type=Path, metavar="FOLDER", default=RECORDS, help="where the records are written")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_RECORDS_OF_RUN] = {}

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    # Like Ctrl-C: the stage leaves the host as it was.
    signal.signal(signal.SIGTERM, interrupt)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "stage" not in metafunc.fixturenames:
        return
    hosts = _hosts(metafunc.config)
    metafunc.parametrize("stage", hosts, ids=lambda host: host.name, indirect=True, scope="session")


def _hosts(config: pytest.Config) -> list[HostUnderTest]:
    """The hosts of the inventory, which is read once."""
    if _HOSTS not in config.stash:
        if config.option.hosts is None:
            raise pytest.UsageError("--hosts INVENTORY is missing")
        try:
            config.stash[_HOSTS] = hosts_of(config.option.hosts)
        except InventoryError as error:
            raise pytest.UsageError(str(error)) from error
    return config.stash[_HOSTS]


@pytest.fixture(scope="session")
def screen() -> Iterator[Screen]:
    try:
        screen = Screen()
    except RdpError as error:
        pytest.exit(str(error), 1)
    with screen:
        yield screen


@pytest.fixture(scope="session")
def stage(request: pytest.FixtureRequest, screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    host: HostUnderTest = request.param
    options = request.config.option
    try:
        (interview,) = ask(options.hosts, host.name, [fact for fact in facts() if fact.needs == NOTHING])
        stage = Stage(host, options.hosts, screen, tmp_path_factory.mktemp(host.name), others=options.others)
    except (AskError, NotProvided, Refused) as refusal:
        pytest.exit(str(refusal), 1)
    record = request.config.stash[_RECORDS_OF_RUN].setdefault(host.name, Record())
    record.windows = interview.windows
    record.notes = stage.notes
    if interview.failure:
        stage.notes.append(f"the facts could not be asked: {interview.failure}")
    try:
        yield stage
    finally:
        stage.close()
        record.answers = [*interview.answers, *stage.answers]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    try:
        return (yield)
    except NotProvided as reason:
        pytest.skip(str(reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report: pytest.TestReport = yield  # type: ignore[assignment]
    callspec = getattr(item, "callspec", None)
    if callspec and "stage" in callspec.params and (report.when == "call" or report.failed):
        outcome = {"passed": PASSED, "failed": FAILED, "skipped": NOT_PROVIDED}[report.outcome]
        reason = "" if call.excinfo is None else call.excinfo.exconly().removeprefix("Skipped: ")
        host: HostUnderTest = callspec.params["stage"]
        name = item.name.replace(f"[{host.name}]", "").replace(f"[{host.name}-", "[")
        result = TestResult(name, outcome, reason.splitlines()[0] if reason else "", round(report.duration, 1))
        item.config.stash[_RECORDS_OF_RUN].setdefault(host.name, Record()).tests.append(result)
    return report  # type: ignore[return-value]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    console = Console()
    for host, record in config.stash[_RECORDS_OF_RUN].items():
        console.print(_table(host, record))
        for note in record.notes:
            console.print(f"{host}: {note}", markup=False, style="yellow")
        console.print(f"The record: {record.write(config.option.records)}", markup=False, soft_wrap=True)


def _table(host: str, record: Record) -> Table:
    windows = record.windows
    title = f"{host}: {windows.product} {windows.version} {windows.build} {windows.language}" if windows else host
    table = Table("test", "", "seconds", "", title=title)
    for result in record.tests:
        table.add_row(
            escape(result.name),
            result.outcome,
            f"{result.seconds:.1f}",
            escape(result.reason),
            style=_COLOURS[result.outcome],
        )
    verdicts = [answer.verdict for answer in record.answers]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict.value}" for verdict in Verdict)
    table.add_row("facts", "", "", counts)
    return table
