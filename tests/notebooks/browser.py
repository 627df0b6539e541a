"""A browser and the servers that it looks at: one JupyterLab, one Voilà and one Chromium for a whole run.

Nothing of the reader's own Jupyter is used or touched, and nothing leaves the machine: a request to anywhere else is
stopped and noted. What the pages look like is kept in ``.cache/screens``, to be looked at.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import nbformat
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from tests.interop.obtain import Lacking

ROOT = Path(__file__).resolve().parents[2]
SCREENS = Path(__file__).parent / ".cache" / "screens"
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
KERNEL = "ESMTP_LAB_TEST_KERNEL"
"""The variable of the environment that names another Python to run the notebooks with."""
TOKEN = "token-of-the-tests"
HERE = ("127.0.0.1", "localhost")
WIDE, NARROW = 1400, 360
HEIGHT, TALL = 1000, 1800
PATIENCE = 20_000
"""Milliseconds that a step on a page may take; a page itself may take thrice as long to come."""

QUIET = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/extensionmanager-extension:plugin": {"enabled": False, "disclaimed": True},
    "@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": False},
}
"""Settings of JupyterLab without which it asks for news, and puts messages over the page."""
CONFIG = {
    "ServerApp": {"ip": "127.0.0.1", "open_browser": False, "allow_root": True},
    "IdentityProvider": {"token": TOKEN},
    "LabApp": {
        "news_url": None,
        "check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "extension_manager": "readonly",
        "expose_app_in_browser": True,
    },
}
READY = """() => {
    const session = window.jupyterapp?.shell.currentWidget?.sessionContext;
    return session?.isReady && session.session?.kernel?.status === "idle";
}"""
"""Whether the notebook in front has a kernel that waits: what is run before that is dropped without a word."""


class Desk:
    """The two servers, the browser, and the folder of notebooks that all of them know."""

    def __init__(self, browser: Browser, folder: Path, lab: str, voila: str) -> None:
        self.browser, self.folder, self.lab, self.voila = browser, folder, lab, voila
        self.stray: list[str] = []
        """Requests that would have left this machine."""

    def write(self, name: str, cells: tuple[str, ...]) -> None:
        """Make a notebook of code cells."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, self.folder / f"{name}.ipynb")

    @contextmanager
    def page(self, width: int, *, scripts: bool = True, dark: bool = False) -> Iterator[Page]:
        """An empty page of a browser that nobody used before. Dialogs, and errors on the page, end the test."""
        context = self.browser.new_context(
            viewport={"width": width, "height": HEIGHT},
            java_script_enabled=scripts,
            color_scheme="dark" if dark else "light",
        )
        context.set_default_timeout(PATIENCE)
        context.set_default_navigation_timeout(3 * PATIENCE)
        context.on("request", lambda request: None if _is_here(request.url) else self.stray.append(request.url))
        context.route(lambda url: not _is_here(url), lambda route: route.abort())
        page = context.new_page()
        dialogs: list[str] = []
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        try:
            yield page
            assert dialogs == []
        except BaseException:
            self.picture(page, "failed")
            raise
        finally:
            context.close()

    @contextmanager
    def in_lab(self, name: str, *, width: int = WIDE) -> Iterator[Page]:
        """A notebook in JupyterLab, with a kernel that waits."""
        with self.page(width) as page:
            page.goto(f"{self.lab}/lab/workspaces/{name}/tree/{name}.ipynb?token={TOKEN}&reset")
            page.wait_for_function(READY, timeout=3 * PATIENCE)
            yield page
            self._shut(self.lab)

    @contextmanager
    def in_voila(self, name: str, *, width: int = WIDE, dark: bool = False) -> Iterator[Page]:
        """A notebook in Voilà, run to its end."""
        with self.page(width) as page:
            page.goto(f"{self.voila}/voila/render/{name}.ipynb?theme={'dark' if dark else 'light'}")
            page.wait_for_selector("#rendered_cells", state="visible", timeout=3 * PATIENCE)
            yield page

    def _shut(self, server: str) -> None:
        """End the kernels of a server, for there is little memory in some places."""
        for each in json.loads(_ask(f"{server}/api/sessions")):
            _ask(f"{server}/api/sessions/{each['id']}", "DELETE")

    def picture(self, what: Page | Locator, name: str) -> None:
        """Keep what a page, or a part of it, looks like."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        what.screenshot(path=SCREENS / f"{name}.png")


def clear(page: Page) -> None:
    """Take all output from the notebook in front: its widgets go, its kernel stays."""
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    page.wait_for_function("() => !document.querySelector('.jp-OutputArea-output')")


def run_all(page: Page, *sources: str) -> None:
    """Run these words in the first cells of the notebook in front, one after the other."""
    for place, source in enumerate(sources):
        run_cell(page, place, source)


def run_cell(page: Page, place: int, source: str | None = None) -> None:
    """Run one cell of the notebook in front, with other words in it if need be."""
    page.evaluate(
        """async ([place, source]) => {
            const notebook = window.jupyterapp.shell.currentWidget.content;
            notebook.activeCellIndex = place;
            if (source !== null) notebook.activeCell.model.sharedModel.setSource(source);
            await window.jupyterapp.commands.execute("notebook:run-cell");
        }""",
        [place, source],
    )


def cells_of(page: Page) -> int:
    """How many cells the notebook in front has."""
    return int(page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length"))


def lab_theme(page: Page, *, dark: bool) -> None:
    """Change the theme of JupyterLab."""
    theme = "JupyterLab Dark" if dark else "JupyterLab Light"
    page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })",
        theme,
    )
    page.wait_for_selector(f'body[data-jp-theme-light="{"false" if dark else "true"}"]', state="attached")


def chromium() -> str:
    """The browser of this machine. Raises Lacking."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise Lacking("there is no Chromium here (apt-get install chromium)")


@contextmanager
def desk() -> Iterator[Desk]:
    """Everything started, and ended again. Raises Lacking."""
    program = chromium()
    with ExitStack() as at_the_end:
        home = Path(at_the_end.enter_context(TemporaryDirectory(ignore_cleanup_errors=True)))
        notebooks, environment = _rooms(home)
        lab = at_the_end.enter_context(
            _server(
                "jupyterlab",
                ["--config", str(home / "lab.json"), f"--LabApp.app_settings_dir={home}/settings"],
                notebooks,
                environment,
                "--ServerApp.port={port} --ServerApp.port_retries=0",
                "/api",
            )
        )
        voila = at_the_end.enter_context(
            _server(
                "voila",
                ["--no-browser", "--Voila.ip=127.0.0.1", "--template=esmtp-lab", "."],
                notebooks,
                environment,
                "--port={port}",
                "/",
            )
        )
        player = at_the_end.enter_context(sync_playwright())
        browser = player.chromium.launch(executable_path=program, headless=True, args=ARGUMENTS)
        at_the_end.callback(browser.close)
        yield Desk(browser, notebooks, lab.up(), voila.up())


def _rooms(home: Path) -> tuple[Path, dict[str, str]]:
    """The folder of notebooks, and an environment in which nothing of the reader's own is seen."""
    for name in ("notebooks", "settings", "config", "data", "runtime", "ipython"):
        (home / name).mkdir()
    (home / "lab.json").write_text(json.dumps(CONFIG))
    (home / "settings" / "overrides.json").write_text(json.dumps(QUIET))
    environment = {
        **os.environ,
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_PATH": str(ROOT / "esmtp_lab" / "notebook" / "share"),
        "IPYTHONDIR": str(home / "ipython"),
        "PYTHONPATH": str(ROOT),
        "JUPYTER_PLATFORM_DIRS": "1",
    }
    environment.pop("CI", None)  # a library may behave otherwise under it
    if other := os.environ.get(KERNEL):
        specification = home / "data" / "kernels" / "python3"
        specification.mkdir(parents=True)
        command = [other, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        (specification / "kernel.json").write_text(json.dumps({"argv": command, "display_name": "Python 3"}))
    return home / "notebooks", environment


class _Started(NamedTuple):
    address: str
    path: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def up(self) -> str:
        """The address, once somebody answers there."""
        for _ in range(600):
            if self.process.poll() is not None:
                break
            try:
                _ask(self.address + self.path)
            except HTTPError:
                pass
            except (URLError, OSError):
                time.sleep(0.1)
                continue
            return self.address
        raise RuntimeError(f"nobody answers at {self.address}:\n{self.log.read_text(errors='replace')}")


@contextmanager
def _server(
    module: str, arguments: list[str], folder: Path, environment: dict[str, str], port_option: str, path: str
) -> Iterator[_Started]:
    """A server of Jupyter on a free port, which may not answer yet."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", module, *arguments, *port_option.format(port=port).split()]
    with open(folder.parent / f"{module}.log", "wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        yield _Started(f"http://127.0.0.1:{port}", path, process, Path(log.name))
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ask(url: str, method: str = "GET") -> bytes:
    with urlopen(Request(url, method=method, headers={"Authorization": f"token {TOKEN}"}), timeout=10) as reply:
        return reply.read()


def _is_here(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme not in ("http", "https", "ws", "wss") or parts.hostname in HERE


class Driver:
    """A widget on a page, used in words: ``click Send``, ``focus Undo``, ``press Enter``, ``see 250-SIZE``."""

    def __init__(self, page: Page, at: str = ".esmtp-face >> nth=0") -> None:
        self.page, self.widget = page, page.locator(at)
        self.widget.wait_for()
        SCREENS.mkdir(parents=True, exist_ok=True)

    def do(self, script: str) -> None:
        """Carry out a script, one step a line."""
        for step in filter(None, map(str.strip, script.splitlines())):
            word, _, rest = step.partition(" ")
            try:
                getattr(self, word)(rest)
            except Exception as error:
                self.page.screenshot(path=SCREENS / "failed.png")
                raise AssertionError(f"{step!r}: {error}\n{self._brief()}") from error

    def _brief(self) -> str:
        """What stands there, without the lists to choose from."""
        taken_out = (
            "widget => { const copy = widget.cloneNode(true); copy.querySelectorAll('style, option, .esmtp-tip')"
        )
        taken_out += ".forEach(each => each.remove()); return copy.textContent; }"
        return str(self.widget.evaluate(taken_out))

    def click(self, name: str) -> None:
        """Click a button."""
        self.widget.get_by_role("button", name=name, exact=True).first.click()

    def unfold(self, words: str) -> None:
        """Click what opens a part that is folded."""
        self.widget.locator("summary", has_text=words).first.click()

    def choose(self, words: str) -> None:
        """``choose era = rfc821`` from a list."""
        label, _, value = words.partition(" = ")
        self.widget.get_by_role("combobox", name=label, exact=True).select_option(value)

    def chosen(self, words: str) -> None:
        """``chosen era = rfc821``: that stands there as the choice."""
        label, _, value = words.partition(" = ")
        self.page.wait_for_function(
            """([widget, label, value]) => [...widget.querySelectorAll('select')].some(
                each => each.labels[0].firstChild.textContent === label && each.value === value)""",
            arg=[self.widget.element_handle(), label, value],
        )

    def into(self, label: str) -> None:
        """Click into a field."""
        self.widget.get_by_label(re.compile(re.escape(label))).first.click()

    def type(self, text: str) -> None:
        """Type where the focus is."""
        self.page.keyboard.type(text)

    def press(self, keys: str) -> None:
        """Press keys where the focus is."""
        self.page.keyboard.press(keys)

    def focus(self, name: str) -> None:
        """Press Tab until what has this name has the focus."""
        for _ in range(120):
            if self.focused() == name:
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never comes to {name!r}")

    def back(self, name: str) -> None:
        """Press Shift+Tab until what has this name has the focus."""
        for _ in range(120):
            if self.focused() == name:
                return
            self.page.keyboard.press("Shift+Tab")
        raise AssertionError(f"Shift+Tab never comes to {name!r}")

    def on(self, name: str) -> None:
        """The focus is there, also once the page has been drawn."""
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert self.focused() == name, f"the focus is on {self.focused()!r}"

    def focused(self) -> str:
        """The name of what has the focus; nothing where that is outside the widget."""
        return str(
            self.widget.evaluate(
                """widget => {
                    const at = document.activeElement;
                    if (!widget.contains(at)) return "";
                    const label = at.getAttribute("aria-label") ?? at.labels?.[0]?.firstChild.textContent;
                    return (label ?? at.textContent).trim();
                }"""
            )
        )

    def see(self, text: str) -> None:
        """The text stands there, in sight or out of it."""
        self.page.wait_for_function(
            "([widget, text]) => widget.innerText.replace(/\\s+/g, ' ').includes(text)",
            arg=[self.widget.element_handle(), text],
        )

    def gone(self, text: str) -> None:
        """The text does not stand there."""
        self.page.wait_for_function(
            "([widget, text]) => !widget.innerText.replace(/\\s+/g, ' ').includes(text)",
            arg=[self.widget.element_handle(), text],
        )

    def lit(self, label: str) -> None:
        """What is lit in a figure is in sight, however narrow the page."""
        self.page.wait_for_function(
            """figure => {
                const [lit, box] = [figure.querySelector("svg [stroke-width='4']"), figure].map(
                    each => each.getBoundingClientRect());
                return box.left <= (lit.left + lit.right) / 2 && (lit.left + lit.right) / 2 <= box.right;
            }""",
            arg=self.widget.get_by_label(label, exact=True).element_handle(),
        )
