"""Lessons in the browser alone: a site is built, served as plain files, and lesson 3 is done in Chromium.

    pytest tests/long/test_site.py

It takes one to three minutes. What the site is made of is downloaded once, and kept in ``.cache``; the lab in it is
that of this source tree. Every request to another host is stopped, and fails the test.
"""

import hashlib
import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from esmtp_lab.notebook.site import OURS, build, file_name
from esmtp_lab.tutor.lesson import find_lesson
from tests.interop.obtain import Lacking
from tests.notebooks.browser import ARGUMENTS, NARROW, READY, WIDE, Desk, Driver, chromium, run_cell

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(__file__).parent / ".cache"
LESSON = find_lesson("one-letter")
NOBODY_ELSE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
"""Not even a worker, of which the page may not know, finds another host."""
MOST_OCTETS = 45_000_000
START = 240_000
"""Milliseconds that Python may take to start: some seconds on an idle machine, a minute on a busy one."""


class _Files(SimpleHTTPRequestHandler):
    """A plain server of files that notes what was not there."""

    lacking: list[str]

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def send_error(self, code: int, *words: str | None) -> None:
        """Note it."""
        self.lacking.append(f"{code} {self.path}")
        super().send_error(code, *words)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A fresh site."""
    out = tmp_path_factory.mktemp("site") / "site"
    (CACHE / "site").mkdir(parents=True, exist_ok=True)
    build(out, ROOT, [LESSON], CACHE / "site")
    return out


@pytest.fixture
def desk(site):
    """A server of files, and a browser that gets nothing from anybody else."""
    try:
        program = chromium()
    except Lacking as lacking:
        pytest.skip(str(lacking))
    files = type("Files", (_Files,), {"lacking": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(files, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=program, headless=True, args=[*ARGUMENTS, NOBODY_ELSE])
        desk = Desk(browser, site, f"http://127.0.0.1:{server.server_port}", "")
        yield desk
        browser.close()
    server.shutdown()
    server.server_close()
    assert desk.stray == []
    assert [each for each in files.lacking if "pyodide" in each or ".whl" in each] == []


def _run(page: Page, desk: Desk, app: str) -> Driver:
    """The lesson on a page, its cells run."""
    page.goto(f"{desk.lab}/{app}/index.html?path={file_name(LESSON)}")
    page.wait_for_function(READY, timeout=START)
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    return Driver(page)


def _say(driver: Driver, lines: str) -> None:
    """Type lines into the field."""
    driver.into("what you say")
    for line in lines.strip("\n").splitlines():
        driver.type(line)
        driver.press("Enter")


def test_the_site_is_small_and_its_lock_names_what_lies_there(site):
    files = [each for each in site.rglob("*") if each.is_file()]
    assert sum(each.stat().st_size for each in files) < MOST_OCTETS
    python = site / "static" / "pyodide"
    entries = json.loads((python / "pyodide-lock.json").read_text("utf-8"))["packages"]
    for each in entries.values():
        assert hashlib.sha256((python / each["file_name"]).read_bytes()).hexdigest() == each["sha256"]
        assert set(each["depends"]) <= entries.keys()
    assert {each.name for each in python.glob("*.whl")} == {each["file_name"] for each in entries.values()}
    assert OURS in entries


def test_lesson_3_is_done_in_the_browser_alone(desk):
    deliver, mend, question = LESSON.tasks
    with desk.page(WIDE) as page:
        driver = _run(page, desk, "notebooks")
        driver.do(f"see One letter 1/3\nsee {deliver.title}")
        _say(driver, deliver.solutions[0])
        driver.do("see [x] 250 to the lone dot at lab\nsee [x] a letter for ada\nsee done; Next goes on")
        desk.picture(page, "site-letter")

        other = page.context.new_page()  # the same browser, another day, the other face of JupyterLite
        driver = _run(other, desk, "lab")
        driver.see(f"One letter 2/3 {mend.title}")
        _say(driver, mend.solutions[0])
        driver.do("see [x] 501 to it\nsee done; Next goes on\npress Alt+g")
        driver.see(f"One letter 3/3 {question.title}")
        driver.click("b That all is well so far, and more is wanted.")
        driver.do("see [x] right: b\nclick Next\nsee A letter is one transaction\ngone not done")
        desk.picture(other, "site-end")

        run_cell(other, 1, "print(open('progress.json').read())")
        printed = other.locator(".jp-OutputArea-output:has-text('lessons')").first.inner_text()
        told = json.loads(printed)["lessons"][LESSON.id]
        assert [task for task, facts in told.items() if "done" in facts] == sorted(each.id for each in LESSON.tasks)


def test_the_site_serves_a_phone(desk):
    with desk.page(NARROW) as page:
        driver = _run(page, desk, "notebooks")
        _say(driver, "HELO me.example")
        driver.see("250 lab.example")
        wider = "each => each.scrollWidth - each.clientWidth"
        assert driver.widget.evaluate(wider) <= 0
        desk.picture(page, "site-phone")
