# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report in Debian's Chromium. `make browser` installs it; elsewhere these tests are skipped."""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._session_report.files import head_of
from ansible_collections.winops.rds.plugins.plugin_utils._session_report.page import FEW, page
from ansible_collections.winops.rds.plugins.plugin_utils._session_report.seen import TaskResult
from ansible_collections.winops.rds.plugins.plugin_utils._session_report.view import view

from tests.unit.session_report.seen import evil_page, night, record, result

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed: make browser")
axe = pytest.importorskip("axe_core_python", reason="axe-core is not installed: make browser")
pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed: make browser")
if shutil.which("chromedriver") is None:
    pytest.skip("Chromium is not installed: make browser", allow_module_level=True)

#: Nothing of this may leave the machine.
FLAGS = (
    "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--window-size=1280,900", "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip


class Page:
    """A report in the browser."""

    def __init__(self, driver: Any, folder: Path) -> None:
        self.driver = driver
        self.path = folder / "report.html"

    def open(self, text: str) -> None:
        self.path.write_text(text, encoding="utf-8")
        self.driver.get(self.path.as_uri())

    def find(self, selector: str) -> Any:
        return self.driver.find_element("css selector", selector)

    def shown(self, column: int) -> list[str]:
        """The column of the sessions' table, as far as it is on the screen."""
        script = "return [...document.querySelectorAll('#sessions tbody tr')].filter(row => row.offsetParent)"
        texts: list[str] = self.driver.execute_script(f"{script}.map(row => row.cells[{column}].textContent.trim())")
        return texts

    def milliseconds(self, script: str) -> float:
        """How long the browser takes for a script, with the layout that it makes necessary."""
        timed = (
            f"const began = performance.now(); {script}; document.body.offsetHeight; return performance.now() - began"
        )
        taken: float = self.driver.execute_script(timed)
        return taken

    def errors(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in (*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])):
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    yield driver
    driver.quit()


@pytest.fixture
def browser(driver: Any, tmp_path: Path) -> Page:
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    return Page(driver, tmp_path)


def a_night() -> str:
    return page(view(night()), head_of("A night"), idle_limit=60, masked=False)


def test_sort_by_mouse_and_keyboard(browser: Page) -> None:
    browser.open(a_night())
    assert browser.shown(2) == [f"CONTOSO\\{user}" for user in ("alice", "bob", "carol", "erin")]
    idle = browser.find("#sessions th:nth-child(5) button")
    idle.click()
    assert browser.shown(4) == ["1s", "12m", "14m", "20m"]
    idle.send_keys("\n")
    assert browser.shown(4) == ["20m", "14m", "12m", "1s"]
    assert browser.find("#sessions th:nth-child(5)").get_attribute("aria-sort") == "descending"


def test_search_and_filter(browser: Page) -> None:
    browser.open(a_night())
    browser.find("#search").send_keys("BO pc-14")
    browser.driver.execute_script("filter()")  # it waits for the end of the word
    assert browser.shown(2) == ["CONTOSO\\bob"]
    assert browser.find("#found").text == "1 of 4 sessions"
    browser.find("#search").clear()
    browser.find("#result").send_keys("spared")
    assert browser.shown(2) == ["CONTOSO\\carol"]


def test_masks(browser: Page) -> None:
    browser.open(a_night())
    browser.find("#mask").click()
    assert browser.shown(2) == ["user 1", "user 2", "user 3", "user 4"]
    text = browser.find("body").text
    assert not [name for name in ("alice", "CONTOSO", "PC-12", "10.0.0.12") if name in text]
    browser.find("#mask").click()
    assert browser.shown(2)[0] == "CONTOSO\\alice"


def test_everything_is_reached_by_keyboard(browser: Page) -> None:
    browser.open(a_night())
    reached = []
    for _ in range(60):
        browser.driver.switch_to.active_element.send_keys("\t")
        active = browser.driver.switch_to.active_element
        reached.append(active.get_attribute("id") or active.text)
    for control in ("mask", "search", "server", "state", "result", "Account", "Idle"):
        assert control in reached


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_violation_of_accessibility(browser: Page, scheme: str) -> None:
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    browser.open(a_night())
    script = files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")
    run = "const done = arguments[0]; axe.run().then(found => done(found.violations))"
    violations = browser.driver.execute_async_script(f"{script}; {run}")
    assert [(violation["id"], violation["nodes"][0]["html"]) for violation in violations] == []


def test_paper_has_all_rows_and_no_controls(browser: Page) -> None:
    many = result(*(record(number) for number in range(FEW + 20)))
    browser.open(page(view([TaskResult("rdsh01", many)]), head_of("Many"), idle_limit=60, masked=False))
    assert len(browser.shown(0)) == FEW
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert len(browser.shown(0)) == FEW + 20
    assert not browser.find("#filters").is_displayed()
    assert not browser.find("button.all").is_displayed()
    wraps = "return [...document.querySelectorAll('td.time')].map(cell => getComputedStyle(cell).whiteSpace)"
    assert {*browser.driver.execute_script(wraps)} == {"nowrap"}
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    printed = pypdf.PdfReader(io.BytesIO(base64.b64decode(browser.driver.print_page())))
    assert len(printed.pages) > 1
    sheets = [sheet.extract_text() for sheet in printed.pages]
    rows = re.findall(r"^RDSH01 (\d+) CONTOSO\\alice active .* (\S+)$", "\n".join(sheets), re.MULTILINE)
    assert rows == [(str(number), f"10.0.0.{number}") for number in range(FEW + 20)]
    assert "Server ID Account State" in sheets[1]  # the headings again


def test_no_name_does_anything(browser: Page) -> None:
    for masked in (False, True):
        browser.open(evil_page(masked=masked))
        assert browser.driver.title == "Evil <b>"
        assert browser.errors() == []
        assert browser.driver.execute_script("return document.scripts.length") == 1


def test_another_script_is_not_run(browser: Page) -> None:
    browser.open(a_night().replace("<footer>", "<script>document.title = 'taken'</script><footer>"))
    assert browser.driver.title == "A night"
    assert "Content Security Policy" in browser.errors()[0]


def test_a_large_farm(browser: Page) -> None:
    """500 hosts with 20 sessions. The limits are far above what an idle machine takes (the guide to the output)."""
    seen = [
        TaskResult(name, result(*(record(number, f"user{number}", name) for number in range(20)), server=name))
        for name in (f"RDSH{number:03}" for number in range(500))
    ]
    text = page(view(seen), head_of("Large"), idle_limit=60, masked=False)
    assert len(text) < 6_000_000
    browser.open(text)
    assert browser.find("#found").text == "10000 sessions"
    assert browser.milliseconds("document.querySelectorAll('#sessions th button')[4].click()") < 10_000
    assert browser.milliseconds("document.getElementById('search').value = 'user19'; filter()") < 10_000
    assert browser.find("#found").text == "500 of 10000 sessions"
    browser.find("#search").clear()
    browser.driver.execute_script("filter()")
    browser.find("button.all").click()
    assert len(browser.shown(0)) == 10_000
