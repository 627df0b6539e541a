"""How fast widgets are, each against bare ipywidgets in the same run; ends with 1 where a target is missed.

A click until the page has changed: an EHLO reply of twelve lines with its notes, and a button of ipywidgets that sets
an HTML widget, in turn, in the same page of JupyterLab; a MutationObserver stops the clock, at the last change before
the page rests. Importing and making the first widget, in a fresh interpreter each. A lab of 1,000 exchanges: making
its widget, until it stands on the page, and how a click is answered then. Rounds alternate.

    python tests/benchmarks/bench_widgets.py [--clicks N] [--rounds N] [--margin FACTOR]
"""

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

from playwright.sync_api import Page  # noqa: E402

from tests.interop.obtain import Lacking  # noqa: E402
from tests.notebooks.browser import Desk, desk, run_cell  # noqa: E402

MORE = 25.0
"""Milliseconds that a click may take beyond that of the bare button, at the 95th percentile."""
LONGER = 1.3
"""How much longer than `import ipywidgets` our import and first widget may take."""
SHOWN = 1000.0
"""Milliseconds in which a lab of 1,000 exchanges is shown."""

TWELVE = """from dataclasses import replace
from esmtp_lab import Lab
from esmtp_lab.notebook import BenchWidget
from esmtp_lab.protocol.policy import find_policy
host = find_policy("open")
lab = Lab("rfc5321", policy=replace(host, extensions=(*host.extensions, "EXPN", "ETRN")))
widget = BenchWidget(lab)
widget"""
BARE = """import ipywidgets
button, shown = ipywidgets.Button(description="bare"), ipywidgets.HTML("0", layout={"width": "200px"})
def count(_):
    shown.value = str(int(shown.value) + 1)
button.on_click(count)
box = ipywidgets.VBox([button, shown])
box.add_class("bare")
box"""
MANY = """import time
from esmtp_lab import Lab
from esmtp_lab.notebook import BenchWidget
lab = Lab()
lab.send("EHLO me.example")
for _ in range(998):
    _ = lab.send("NOOP")"""
SHOW = """BenchWidget(lab)"""

TIMED = """([place, click]) => new Promise((done) => {
    const watched = document.querySelector(place);
    let last = 0, rest;
    const start = performance.now();
    const end = () => { observer.disconnect(); done(last - start); };
    const observer = new MutationObserver(() => {
        last = performance.now(); clearTimeout(rest); rest = setTimeout(end, 120);
    });
    observer.observe(watched, { childList: true, subtree: true, characterData: true });
    document.querySelector(click).click();
})"""
"""Milliseconds from a click until the last change that it brings; what comes 120 ms after a change is another's."""
IMPORTS = {
    "import ipywidgets": "import ipywidgets; ipywidgets.HTML()",
    "import esmtp_lab + first widget": "import esmtp_lab; from esmtp_lab.notebook import BenchWidget; BenchWidget()",
}


def percentile(values: list[float], share: float = 0.95) -> float:
    """The value that so many do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def cpu(code: str) -> float:
    """CPU milliseconds of a fresh interpreter that runs this."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    measured = "import time\n" + code + "\nprint(time.process_time())"
    environment["PYTHONPATH"] = str(HERE.parent.parent)
    done = subprocess.run([sys.executable, "-c", measured], env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout) * 1000


def clicks(page: Page, count: int) -> tuple[list[float], list[float]]:
    """How long each click takes: ours, and that of the bare button, in turn."""
    ours, bare = [], []
    field = page.locator(".esmtp-face [data-typed]").first
    undo = ".esmtp-face [data-act='undo']"
    for _ in range(count):
        bare.append(page.evaluate(TIMED, [".bare", ".bare button"]))
        field.evaluate("field => { field.value = 'EHLO me.example'; }")
        ours.append(page.evaluate(TIMED, [".esmtp-face", ".esmtp-face form button"]))
        page.evaluate(TIMED, [".esmtp-face", undo])
    return ours, bare


def judge(name: str, value: float, most: float, margin: float, unit: str) -> bool:
    """Print how a target came out; whether it is good enough."""
    good = value <= most * margin
    word = "met   " if value <= most else "close " if good else "MISSED"
    print(f"{word} {name}: {value:.2f} {unit}, at most {most:g}", flush=True)
    return good


def in_page(at: Desk, wanted: argparse.Namespace) -> list[bool]:
    """What is measured on a page."""
    at.write("speed", (TWELVE, BARE))
    with at.in_lab("speed") as page:
        run_cell(page, 0)
        run_cell(page, 1)
        page.wait_for_selector(".esmtp-face .esmtp-words")
        page.wait_for_selector(".bare button")
        clicks(page, 3)
        ours, bare = clicks(page, wanted.clicks)
        lines = page.locator(".esmtp-face .esmtp-words").count()
    for name, values in (("ours", ours), ("bare", bare)):
        print(
            f"click until the page rests, {name}: median {statistics.median(values):.0f} ms, "
            f"95th percentile {percentile(values):.0f} ms, {len(values)} clicks"
        )
    print(f"   ({lines} lines on the page at the end)")
    found = [judge("click beyond the bare button's", percentile(ours) - percentile(bare), MORE, wanted.margin, "ms")]
    at.write("many", (MANY, SHOW))
    with at.in_lab("many") as page:
        run_cell(page, 0)
        begin = page.evaluate("() => performance.now()")
        page.evaluate("""() => { window.shownAt = new Promise(done => { const observer = new MutationObserver(() => {
            if (document.querySelector('.esmtp-face .esmtp-words')) { observer.disconnect(); done(performance.now()); }
            }); observer.observe(document.body, { childList: true, subtree: true }); }); }""")
        run_cell(page, 1)
        shown = page.evaluate("() => window.shownAt") - begin
        answered = [
            page.evaluate(TIMED, [".esmtp-face", f".esmtp-face [data-act='{act}']"])
            for _ in range(5)
            for act in ("undo", "redo")
        ]
    found.append(judge("a lab of 1,000 exchanges is shown", shown, SHOWN, wanted.margin, "ms"))
    found.append(judge("and answers a click", percentile(answered), SHOWN / 4, wanted.margin, "ms"))
    return found


def imports(rounds: int) -> float:
    """How much longer ours takes than ipywidgets alone: best against best."""
    taken: dict[str, list[float]] = {name: [] for name in IMPORTS}
    for _ in range(rounds):
        for name, code in IMPORTS.items():
            taken[name].append(cpu(code))
    for name, values in taken.items():
        print(f"{name}: best {min(values):.0f} ms CPU of {len(values)}")
    bare, ours = (min(values) for values in taken.values())
    return ours / bare


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clicks", type=int, default=40, help="clicks on each (40)")
    parser.add_argument("--rounds", type=int, default=7, help="fresh interpreters of each (7)")
    parser.add_argument("--margin", type=float, default=1.0, help="how much more is still good (1.0)")
    wanted = parser.parse_args()
    found = [judge("import and first widget", imports(wanted.rounds), LONGER, wanted.margin, "times ipywidgets")]
    try:
        with desk() as at:
            found += in_page(at, wanted)
    except Lacking as why:
        print(f"NOT MEASURED in a browser: {why}")
        found.append(not os.environ.get("CI"))
    return 0 if all(found) else 1


if __name__ == "__main__":
    sys.exit(main())
