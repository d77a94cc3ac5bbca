# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The stage as a fixture, once for each host of the inventory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .inventory import InventoryError, TestedHost, hosts_of
from .rdp import RdpError, Screen
from .stage import NotProvided, Refused, Stage


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("acceptance")
    group.addoption("--hosts", type=Path, metavar="INVENTORY", help="the hosts, with their test accounts")
    group.addoption("--others", action="store_true", help="start although others are logged on")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "stage" not in metafunc.fixturenames:
        return
    inventory = metafunc.config.option.hosts
    if inventory is None:
        raise pytest.UsageError("--hosts INVENTORY is missing")
    try:
        hosts = hosts_of(inventory)
    except InventoryError as error:
        raise pytest.UsageError(str(error)) from error
    metafunc.parametrize("stage", hosts, ids=lambda host: host.name, indirect=True, scope="session")


@pytest.fixture(scope="session")
def screen() -> Iterator[Screen]:
    try:
        with Screen() as screen:
            yield screen
    except RdpError as error:
        pytest.exit(str(error), 1)


@pytest.fixture(scope="session")
def stage(request: pytest.FixtureRequest, screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    host: TestedHost = request.param
    options = request.config.option
    try:
        stage = Stage(host, options.hosts, screen, tmp_path_factory.mktemp(host.name), others=options.others)
    except Refused as refusal:
        pytest.exit(str(refusal), 1)
    try:
        yield stage
    finally:
        stage.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    try:
        return (yield)
    except NotProvided as reason:
        pytest.skip(f"not provided: {reason}")
