"""Widgets and rich output in a real browser: used by mouse and by keyboard, seen light and dark, wide and narrow."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.interop.obtain import Lacking, npm_folder
from tests.notebooks.browser import (
    HEIGHT,
    NARROW,
    ROOT,
    TALL,
    WIDE,
    Desk,
    Driver,
    cells_of,
    clear,
    desk,
    lab_theme,
    run_all,
    run_cell,
)
from tests.notebooks.subjects import BENCH, SUBJECTS, Subject

HOSTILE = r"""
<script>document.title = "broken"</script>
<img src=x onerror=alert(1)> <a href=javascript:alert(2)>x</a>
'"><svg onload=alert(3)> </pre></div></li> &lt;b&gt;
\x1b[2J\x1b]0;owned\x07 \u202eexe.tpircs \u2066 \x00
""".strip().splitlines()
"""Texts of replies that would act on a page, or on a terminal, that takes them raw."""
SEEN = ("<script>", "onerror=alert(1)", "javascript:alert(2)", "<svg onload=alert(3)>", "</div></li>", "&lt;b&gt;")
"""What of it is to be seen, as it is written."""

subjects = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)


@pytest.fixture(scope="module")
def at() -> Iterator[Desk]:
    """The desk; at the end nothing has left the machine."""
    try:
        with desk() as found:
            yield found
            assert found.stray == []
    except Lacking as why:
        missing = f"NOT TESTED in a browser: {why}"
        if os.environ.get("CI"):
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)


@pytest.fixture(scope="module")
def axe() -> str:
    """The program that looks for what shuts people out of a page."""
    try:
        return (npm_folder("axe-core") / "axe-core" / "axe.min.js").read_text("utf-8")
    except Lacking as why:
        missing = f"NOT TESTED for accessibility: {why}"
        if os.environ.get("CI"):
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)


def accessible(page: Page, axe: str, where: str) -> None:
    """Nothing in this part of the page is a serious or critical finding."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(axe)
    found = page.evaluate("where => axe.run(where, { resultTypes: ['violations'] })", where)
    assert found["passes"], f"there is nothing at {where}"
    bad = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
    assert not bad, json.dumps(
        [(each["id"], each["help"], [(n["html"], n["failureSummary"]) for n in each["nodes"][:3]]) for each in bad],
        indent=1,
    )


def fits(page: Page) -> None:
    """The page does not have to be moved sideways."""
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.fixture(scope="module")
def sheet(at: Desk) -> Iterator[Page]:
    """A notebook in JupyterLab for all tests: its cells take any words."""
    at.write("sheet", ("1", "2", "3", "4", "5"))
    with at.in_lab("sheet") as page:
        yield page


@pytest.fixture
def notebook(sheet: Page) -> Page:
    """The same without any output, in the light theme."""
    clear(sheet)
    lab_theme(sheet, dark=False)
    return sheet


@pytest.fixture(scope="module", params=[False, True], ids=["light", "dark"])
def site(at: Desk, request: pytest.FixtureRequest) -> Iterator[tuple[Page, str]]:
    """A page of Voilà with all widgets below each other: light on a wide screen, dark on a narrow one."""
    at.write("site", tuple(subject.cell for subject in SUBJECTS))
    with at.in_voila("site", width=NARROW if request.param else WIDE, dark=request.param) as page:
        yield page, "dark" if request.param else "light"


@subjects
def test_a_widget_in_jupyterlab(at: Desk, notebook: Page, axe: str, subject: Subject) -> None:
    page = notebook
    run_all(page, subject.cell, "widget")
    first, second = Driver(page), Driver(page, ".esmtp-face >> nth=1")
    first.do(subject.mouse)
    before = cells_of(page)
    first.do(subject.keyboard)
    assert cells_of(page) == before  # no key went to JupyterLab
    first.see(subject.left)
    second.see(subject.left)
    page.set_viewport_size({"width": WIDE, "height": TALL})  # a part that is out of sight is not in its picture
    for dark in (False, True):
        lab_theme(page, dark=dark)
        at.picture(first.widget, f"{subject.name}-lab-{'dark' if dark else 'light'}")
        accessible(page, axe, ".esmtp-face")
    page.set_viewport_size({"width": WIDE, "height": HEIGHT})
    # What is shown again is as it was, once the first is gone.
    clear(page)
    run_cell(page, 1)
    Driver(page).see(subject.left)


@subjects
def test_a_widget_in_voila(at: Desk, site: tuple[Page, str], axe: str, subject: Subject) -> None:
    page, theme = site
    widget = Driver(page, f".esmtp-face >> nth={SUBJECTS.index(subject)}")
    widget.do(subject.mouse)
    widget.do(subject.keyboard)
    used = page.viewport_size
    widget.widget.evaluate("widget => (widget.id = 'looked-at')")
    for width in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": TALL})
        fits(page)
        if widget.widget.get_by_label("the diagram", exact=True).count():
            widget.do("lit the diagram")
        at.picture(widget.widget, f"{subject.name}-voila-{width}-{theme}")
        accessible(page, axe, "#looked-at")
    widget.widget.evaluate("widget => widget.removeAttribute('id')")
    page.set_viewport_size(used or {"width": WIDE, "height": HEIGHT})
    widget.see(subject.left)


def test_what_a_cell_does_is_seen_in_every_view(notebook: Page) -> None:
    page = notebook
    run_all(page, BENCH.cell, "BenchWidget(lab)")
    views = Driver(page), Driver(page, ".esmtp-face >> nth=1")
    run_cell(page, 2, "lab.send('EHLO me.example')")
    for view in views:
        view.see("250-SIZE 10485760")
    run_cell(page, 3, "lab.undo()")
    for view in views:
        view.see("(undone)")
    views[1].do("into what you say\ntype HELP\npress Enter")
    for view in views:
        view.see("C: HELP")
    run_cell(page, 4, "for _ in range(20):\n    _ = lab.send('NOOP')")
    for view in views:  # the last line is in sight
        gap = "wire => wire.scrollHeight - wire.scrollTop - wire.clientHeight"
        page.wait_for_function(f"at => ({gap})(at) < 2", arg=view.widget.locator(".esmtp-wire").element_handle())
        view.see("C: NOOP")


def test_hostile_replies_are_seen_and_do_nothing(at: Desk, notebook: Page) -> None:
    page = notebook
    octets = [line.encode().decode("unicode_escape").encode() for line in HOSTILE]
    make = "from esmtp_lab import Lab\nfrom esmtp_lab.notebook import BenchWidget\nlab = Lab(role='server')\n"
    make += f"for line in {octets}:\n    _ = lab.utter(b'220-' + line + b'\\r\\n')"
    run_all(page, make, "BenchWidget(lab)", "lab.crossings()", "lab")
    page.wait_for_selector(".esmtp-face .esmtp-words >> nth=3", state="attached")
    shown = page.locator(".jp-OutputArea-output .esmtp-lab")
    assert shown.count() == 3
    for text in shown.all_inner_texts():
        assert [each for each in SEEN if each not in text] == []
        assert not set(text) & set("\x00\x07\x1b\u202e\u2066")
    brought = page.locator(".esmtp-lab :is(script, img, a, svg, iframe, object, embed)")
    assert brought.count() == 0
    assert "broken" not in page.title()
    at.picture(page, "hostile")


def test_a_part_says_what_it_is_where_it_is_pointed_at_or_walked_to(at: Desk, notebook: Page, axe: str) -> None:
    page = notebook
    run_all(page, "from esmtp_lab import Lab\nlab = Lab()\nlab.send('EHLO me.example')", "lab")
    code = page.locator(".esmtp-span", has_text="EHLO").first
    tip = code.locator(".esmtp-tip")
    assert not tip.is_visible()
    code.hover(position={"x": 4, "y": 4})
    tip.wait_for()
    at.picture(page, "rich-hover")
    page.mouse.move(5, 5)
    tip.wait_for(state="hidden")
    code.focus()
    tip.wait_for()
    page.keyboard.press("Tab")
    tip.wait_for(state="hidden")
    page.locator(".esmtp-span:focus .esmtp-tip").wait_for()
    for dark in (False, True):
        lab_theme(page, dark=dark)
        at.picture(page, f"rich-{'dark' if dark else 'light'}")
        accessible(page, axe, ".esmtp-lab")


def test_a_page_without_kernel_scripts_or_network_shows_everything(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESMTP_LAB_STATIC", "1")
    subjects = [subject.cell for subject in reversed(SUBJECTS)]  # so that `lab` is that of the bench
    at.write("still", (*subjects, "lab.send('EHLO me.example')", "lab", "BenchWidget(lab)"))
    source = at.folder / "still.ipynb"
    command = [
        sys.executable,
        "-m",
        "nbconvert",
        "--to",
        "html",
        "--execute",
        "--HTMLExporter.mathjax_url=",
        str(source),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    stray = len(at.stray)
    with at.page(WIDE, scripts=False) as page:
        page.goto(source.with_suffix(".html").as_uri())
        parts = page.locator(".esmtp-lab")
        assert parts.count() == len(subjects) + 3
        for part in parts.all():
            assert part.is_visible() and part.inner_text().strip()
        for part in parts.all()[len(subjects) :]:
            assert "250-SIZE 10485760" in part.inner_text() or "ready" in part.inner_text()
        assert "250-SIZE 10485760" in parts.last.inner_text()
        assert not page.locator(".esmtp-lab :is(button, input, select, form)").count()
        page.set_viewport_size({"width": WIDE, "height": 2600})
        at.picture(page, "still")
    assert at.stray[stray:] == []
