# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The accounts of a farm, under all their names."""

from __future__ import annotations

import re

import pytest

from simulator.directory import Directory, DirectoryAccount, Use
from simulator.farm import FarmSpec, hosts_of
from simulator.win32 import ERROR_NONE_MAPPED, Win32Error


def test_an_account_is_found_under_each_of_its_names_in_any_case() -> None:
    directory = Directory("contoso.com")
    alice = directory.add("CONTOSO", "Alice")
    assert alice == DirectoryAccount("CONTOSO", "Alice", "contoso.com")
    assert alice.principal_name == "Alice@contoso.com"
    for name in "CONTOSO\\Alice", "contoso\\ALICE", "alice@CONTOSO.com", alice.sid, alice.sid.lower():
        assert directory.find(name) == alice


@pytest.mark.parametrize(
    "name", ["bob", "contoso.com\\bob", "FABRIKAM\\alice", "alice@fabrikam.com", "S-1-5-21-1-2-3-4", ""]
)
def test_who_is_not_known(name: str) -> None:
    directory = Directory("contoso.com")
    directory.add("CONTOSO", "alice")
    with pytest.raises(Win32Error) as refusal:
        directory.find(name)
    assert refusal.value.code == ERROR_NONE_MAPPED


def test_a_name_alone_and_one_with_the_dns_domain() -> None:
    directory = Directory("contoso.com")
    directory.join("RDSH01")
    alice, local = directory.add("CONTOSO", "alice"), directory.add("RDSH01", "carol")
    assert directory.find("ALICE", "RDSH01") == directory.find("Contoso.com\\alice") == alice
    assert directory.find("carol", "RDSH01") == directory.find("rdsh01\\carol", "RDSH01") == local
    for name in "carol", "RDSH01\\carol":
        with pytest.raises(Win32Error):
            directory.find(name, "RDSH02")  # another computer's


def test_groups() -> None:
    directory = Directory("contoso.com")
    directory.add_group("CONTOSO", "Domain Admins")
    assert directory.find("CONTOSO\\domain admins").use == Use.GROUP
    administrators = directory.find("administrators", "RDSH01")
    assert (administrators.use, administrators.sid) == (Use.ALIAS, "S-1-5-32-544")


@pytest.mark.parametrize("use", [Use.DOMAIN, Use.COMPUTER])
def test_a_user_who_is_called_like_the_computer(use: Use) -> None:
    directory = Directory("contoso.com", computer_name=use)
    directory.join("RDSH01")
    user = directory.add("RDSH01", "rdsh01")
    found = directory.find("RDSH01", "RDSH01")
    assert (found.use, found.domain, found.user) == (use, "RDSH01", "")
    assert directory.find(found.sid, "RDSH01") == found and user.sid.startswith(f"{found.sid}-")
    assert directory.find("RDSH01\\RDSH01", "RDSH01") == user
    directory.add("CONTOSO", "alice")
    assert directory.find("contoso", "RDSH01").use == Use.DOMAIN


@pytest.mark.parametrize("by_display_name", [False, True])
def test_an_account_of_entra_id_is_found_by_its_principal_name(by_display_name: bool) -> None:
    directory = Directory("contoso.com", entra_display_names=by_display_name)
    eva = directory.add("AzureAD", "EvaMuster", "eva@contoso.com")
    assert eva.sid.startswith("S-1-12-1-") and eva.sid.count("-") == 7
    assert directory.find("azuread\\Eva@contoso.com") == directory.find(eva.sid) == eva
    assert directory.add("AzureAD", "EvaMuster") == eva  # her programs' owner
    if by_display_name:
        assert directory.find("AzureAD\\evamuster") == eva
    else:
        with pytest.raises(Win32Error):
            directory.find("AzureAD\\EvaMuster")


def test_a_managed_service_account_is_a_user_without_a_principal_name() -> None:
    """https://learn.microsoft.com/openspecs/windows_protocols/ms-adts/e742be45-665d-4576-b872-0bc99d1e1fbe"""
    directory = Directory("contoso.com")
    account = directory.add("CONTOSO", "svc-app$")
    assert (account.use, account.principal_name) == (Use.USER, "")
    assert directory.find("CONTOSO\\SVC-app$") == directory.find("svc-app$") == account
    for name in "svc-app", "svc-app$@contoso.com":
        with pytest.raises(Win32Error):
            directory.find(name)


def test_an_account_that_is_added_twice_is_one() -> None:
    directory = Directory("contoso.com")
    assert directory.add("CONTOSO", "alice") == directory.add("CONTOSO", "alice")


def test_sids_are_those_of_people_and_the_same_in_every_run() -> None:
    alice = DirectoryAccount("CONTOSO", "alice", "contoso.com")
    assert alice.sid == "S-1-5-21-3105812117-3812930767-388226514-503981279"
    assert DirectoryAccount("contoso", "ALICE", "contoso.com").sid == alice.sid
    others = [("CONTOSO", "bob"), ("FABRIKAM", "alice"), ("CONTOSO", "Жанна")]
    sids = {alice.sid, *(DirectoryAccount(domain, user, "contoso.com").sid for domain, user in others)}
    assert len(sids) == 4
    for sid in sids:
        match = re.fullmatch(r"S-1-5-21-(\d+)-(\d+)-(\d+)-(\d+)", sid)
        assert match
        assert all(int(number) <= 0xFFFFFFFF for number in match.groups())
    assert alice.sid.rpartition("-")[0] == DirectoryAccount("CONTOSO", "bob", "contoso.com").sid.rpartition("-")[0]


def test_an_account_of_entra_id() -> None:
    directory = Directory("contoso.com")
    alice = directory.add("AzureAD", "AliceAdams")
    assert re.fullmatch(r"S-1-12-1(-\d+){4}", alice.sid)
    assert alice.sid != directory.add("AzureAD", "BobBrown").sid
    assert (alice.dns_domain, alice.principal_name) == ("", "")
    assert directory.find(alice.sid) == alice


def test_who_a_farm_knows() -> None:
    farm = {
        "domain": "FABRIKAM",
        "dns_domain": "fabrikam.com",
        "accounts": ["dave", "CONTOSO\\erin"],
        "account": {"user": "ansible", "domain": "FABRIKAM"},
        "hosts": [{"name": "A", "sessions": [{"id": 12, "user": "alice"}, {"id": 13}]}, {"name": "B"}],
    }
    here, there = hosts_of(FarmSpec.model_validate(farm))
    assert here.directory is there.directory
    for name in "dave@fabrikam.com", "CONTOSO\\erin", "FABRIKAM\\ansible", "alice@fabrikam.com":
        assert there.directory.find(name)
    here.table.remove(12)
    assert there.directory.find("FABRIKAM\\alice")  # who logs off is no less known


@pytest.mark.parametrize(
    ("language", "administrator", "guest"),
    [("en-US", "Administrator", "Guest"), ("fr-FR", "Administrateur", "Invité"), ("ru-RU", "Администратор", "Гость")],
)
def test_what_each_computer_has(language: str, administrator: str, guest: str) -> None:
    directory = Directory("contoso.com")
    directory.found("CONTOSO")
    directory.join("RDSH01", language)
    directory.join("RDSH02", language)
    here = directory.find(administrator, "RDSH01")
    assert (here.domain, here.sid) == ("RDSH01", f"{directory.computer_sid('RDSH01')}-500")
    assert directory.find(here.sid, "RDSH01") == directory.add("RDSH01", administrator) == here
    assert directory.find(guest, "RDSH01").sid.endswith("-501")
    assert directory.find(administrator, "RDSH02") != here
    assert directory.find("CONTOSO\\Administrator", "RDSH01").sid.endswith("-500")
    assert directory.find("local service").sid == "S-1-5-19"
    assert directory.find("NT AUTHORITY\\SYSTEM").use == Use.WELL_KNOWN_GROUP
