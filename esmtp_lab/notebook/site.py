"""Lessons as a site of plain files: the lab, its widgets and Python itself run in the reader's browser.

    python -m esmtp_lab.notebook.site FOLDER [LESSON...]

Run it in the folder of the project, with npm at hand; building takes what it needs from PyPI and npm. The site asks
nobody for anything: any server of files will do, such as ``python -m http.server -d FOLDER``.

JupyterLite is the page, Pyodide is Python. Pyodide loads an import from the wheels that its lock file names, so the
lab and all that it needs are put into that file, and whatever is not served is taken out of it.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import PathDistribution
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import click
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from esmtp_lab import __version__
from esmtp_lab.errors import DataError
from esmtp_lab.tutor.lesson import Lesson, find_lesson
from esmtp_lab.tutor.progress import VARIABLE

LESSONS = ("one-letter",)
"""What the site has where nobody says otherwise."""
PROGRESS = "progress.json"
"""The file of progress, beside the notebooks: what is there outlasts the page."""

TOOLS = (
    "jupyterlite-core==0.8.6",
    "jupyterlite-pyodide-kernel==0.8.6",
    "jupyter-server",
    "jupyterlab-server",
    "pkginfo",
)
FRONT_ENDS = ("ipywidgets", "anywidget")
"""The build copies into the site what shows their widgets, so it must find them installed."""
PYODIDE = "pyodide@314.0.6"
"""The release that this kernel of JupyterLite is made for."""
CORE = ("pyodide.mjs", "pyodide.js", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
LOCK = "pyodide-lock.json"
KERNEL = ("micropip", "ipython", "jedi", "traitlets", "pygments", "prompt-toolkit", "packaging")
"""What the kernel asks for when it starts."""
OURS = "esmtp-lab"
ELSEWHERE = frozenset({"ipykernel", "jupyterlab", "jupyterlab-widgets", "voila", "widgetsnbextension"})
"""What JupyterLite brings in a form of its own, or what has no place in a browser."""
BROWSER = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "wasm32",
    "platform_python_implementation": "CPython",
    "platform_system": "Emscripten",
    "python_full_version": "3.14.2",
    "python_version": "3.14",
    "sys_platform": "emscripten",
}
"""The machine that Pyodide is, as requirements ask for it."""

Lock = dict[str, Any]


class Wheel(NamedTuple):
    """A wheel, and what it was asked to bring besides."""

    file: Path
    extras: frozenset[str]

    @property
    def _told(self) -> PathDistribution:
        inside = zipfile.Path(self.file)
        return PathDistribution(next(each for each in inside.iterdir() if each.name.endswith(".dist-info")))

    def needs(self) -> Iterator[Requirement]:
        """What it cannot do without in a browser."""
        for text in self._told.requires or ():
            found = Requirement(text)
            holds = found.marker is None or any(
                found.marker.evaluate({**BROWSER, "extra": extra}) for extra in ("", *self.extras)
            )
            found.marker = None  # it is decided here; pip would ask about its own machine
            if holds and canonicalize_name(found.name) not in ELSEWHERE:
                yield found

    def imports(self) -> list[str]:
        """The names under which programs import it."""
        with zipfile.ZipFile(self.file) as opened:
            code = [name.partition("/")[::2] for name in opened.namelist() if name.endswith(".py")]
        return sorted({top.removesuffix(".py") for top, _ in code if not top.endswith((".dist-info", ".data"))})

    def entry(self) -> Lock:
        """Its place in the lock file."""
        return {
            "name": canonicalize_name(self._told.name),
            "version": self._told.version,
            "file_name": self.file.name,
            "sha256": hashlib.sha256(self.file.read_bytes()).hexdigest(),
            "imports": self.imports(),
            "depends": sorted({canonicalize_name(each.name) for each in self.needs()}),
            "install_dir": "site",
            "package_type": "package",
            "unvendored_tests": False,
        }


Fetch = Callable[[Iterable[Requirement]], Mapping[str, Path]]
"""What brings the wheels of some requirements, by their names."""


def gather(ours: Wheel, roots: Iterable[str], fetch: Fetch) -> dict[str, Wheel]:
    """Our wheel, those of all that is asked for, and of all that these need."""
    found: dict[str, Wheel] = {OURS: ours}
    wanted = [*map(Requirement, roots), *ours.needs()]
    while fresh := {canonicalize_name(each.name): each for each in wanted if canonicalize_name(each.name) not in found}:
        files = fetch(fresh.values())
        came: dict[str, Wheel] = {name: Wheel(files[name], frozenset(each.extras)) for name, each in fresh.items()}
        found |= came
        wanted = [each for wheel in came.values() for each in wheel.needs()]
    return found


def locked(before: Lock, wheels: Mapping[str, Wheel]) -> Lock:
    """The lock file of Pyodide for these wheels and no other."""
    return {**before, "packages": {name: wheel.entry() for name, wheel in sorted(wheels.items())}}


def notebook(lesson: Lesson) -> dict[str, Any]:
    """A notebook of one lesson, for the Python of the page."""
    say = (
        f"# {lesson.number}. {lesson.title}\n\n"
        "The lesson runs in this page alone: no mail leaves it, and what you type is sent nowhere. "
        "Choose *Run All Cells* from the menu *Run*; the first time takes some seconds. "
        f"What you have done is kept in this browser, as `{PROGRESS}`. In the shell, "
        "`esmtp-lab lessons progress --import` adds that file to what you did there."
    )
    do = (
        "import os\n\nfrom esmtp_lab.notebook import LessonWidget\n\n"
        f'os.environ["{VARIABLE}"] = "{PROGRESS}"\nLessonWidget("{lesson.id}")'
    )
    return {
        "cells": [
            {"cell_type": "markdown", "id": "page", "metadata": {}, "source": say},
            {
                "cell_type": "code",
                "id": "lesson",
                "metadata": {},
                "source": do,
                "execution_count": None,
                "outputs": [],
            },
        ],
        "metadata": {
            "kernelspec": {"name": "python", "display_name": "Python (Pyodide)", "language": "python"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def file_name(lesson: Lesson) -> str:
    """What the notebook of a lesson is called."""
    return f"{lesson.number:02}-{lesson.id}.ipynb"


SETTINGS = {
    "jupyter-lite-schema-version": 0,
    "jupyter-config-data": {
        "appName": "esmtp-lab",
        "exposeAppInBrowser": True,
        "contentsStorageName": f"esmtp-lab {__version__}",  # else an old copy in the browser hides a new lesson
        "litePluginSettings": {"@jupyterlite/pyodide-kernel-extension:kernel": {"disablePyPIFallback": True}},
    },
}


class Workshop:
    """An environment of its own in which a site is built."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
        self.core = folder / "npm" / "node_modules" / "pyodide"
        self.wheels = folder / "wheels"

    def run(self, program: str, *arguments: str) -> str:
        """Run a program of the environment, or else of the machine. Raises DataError."""
        own = shutil.which(program, path=str(self.bin))
        command = [own or shutil.which(program) or program, *arguments]
        environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        try:
            done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)
        except FileNotFoundError:
            raise DataError(program, "is not on this machine. Install it and begin anew") from None
        if done.returncode:
            raise DataError(" ".join((program, *arguments[:1])), f"failed: {done.stdout}{done.stderr}")
        return done.stdout

    def equip(self) -> None:
        """Bring the tools."""
        if not self.bin.exists():
            venv.create(self.folder / "venv", with_pip=True)
        self.run("pip", "install", "--quiet", *TOOLS, *FRONT_ENDS)
        told = self.core / "package.json"
        if not told.exists() or json.loads(told.read_text("utf-8"))["version"] != PYODIDE.partition("@")[2]:
            quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-save")
            self.run("npm", "install", *quiet, "--prefix", str(self.folder / "npm"), PYODIDE)

    def pin(self) -> None:
        """Have `fetch` bring the releases that Pyodide has, and of the rest those that the front ends belong to."""
        there = json.loads((self.core / LOCK).read_text("utf-8"))["packages"]
        pins = {canonicalize_name(name): each["version"] for name, each in there.items()}
        for name, version in (line.split("==") for line in self.run("pip", "freeze").splitlines() if "==" in line):
            pins.setdefault(canonicalize_name(name), version)
        lines = (f"{name}=={version}\n" for name, version in pins.items())
        (self.folder / "pins.txt").write_text("".join(lines), "utf-8")

    def make(self, source: Path) -> Wheel:
        """Make our own wheel."""
        shutil.rmtree(self.wheels, ignore_errors=True)
        self.run("pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(self.wheels), str(source))
        return Wheel(next(self.wheels.glob("*.whl")), frozenset({"notebook"}))

    def fetch(self, wanted: Iterable[Requirement]) -> Mapping[str, Path]:
        """Bring wheels that are of no platform: see `Fetch`."""
        pure = ("--only-binary=:all:", "--platform=any", "--implementation=py", "--abi=none", "--python-version=3.14")
        here = ("--quiet", "--no-deps", "--constraint", "pins.txt")
        asked = [str(each) for each in wanted]
        self.run("pip", "download", *pure, *here, "--dest", str(self.wheels), *asked)
        return {canonicalize_name(file.name.partition("-")[0]): file for file in self.wheels.glob("*.whl")}

    def build(self, lessons: Iterable[Lesson], wheels: Mapping[str, Wheel]) -> Path:
        """Put everything together; where it is."""
        plan, site = self.folder / "plan", self.folder / "site"
        for old in (plan, site):
            shutil.rmtree(old, ignore_errors=True)
        (self.folder / ".jupyterlite.doit.db").unlink(missing_ok=True)  # else it takes steps for done
        python, contents = plan / "static" / "pyodide", plan / "contents"
        python.mkdir(parents=True)
        contents.mkdir()
        for file in (*(self.core / name for name in CORE), *(wheel.file for wheel in wheels.values())):
            shutil.copy(file, python)
        before = json.loads((self.core / LOCK).read_text("utf-8"))
        _write(python / LOCK, locked(before, wheels))
        _write(plan / "jupyter-lite.json", SETTINGS)
        for lesson in lessons:
            _write(contents / file_name(lesson), notebook(lesson))
        small = ("--no-sourcemaps", "--no-unused-shared-packages", "--apps", "lab", "--apps", "notebooks")
        places = ("--lite-dir", str(plan), "--contents", str(contents), "--output-dir", str(site))
        told = self.run("jupyter-lite", "build", *places, *small)
        check(site, told)
        return site


def check(site: Path, told: str = "") -> None:
    """Whether a site is whole; the build ends well even where it failed. Raises DataError."""
    settings = site / "jupyter-lite.json"
    if not (site / "lab" / "index.html").exists() or '"pyodideUrl": "./static' not in settings.read_text("utf-8"):
        raise DataError(str(site), f"is not whole: {told}")


def _write(file: Path, data: object) -> None:
    file.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")


def build(out: Path, source: Path, lessons: Iterable[Lesson], folder: Path) -> None:
    """Build a site from the project in `source`, in place of an old one; what was brought stays in `folder`.

    Raises DataError.
    """
    if not (source / "pyproject.toml").exists():
        raise DataError(str(source), "is not the folder of the project, which has a pyproject.toml")
    if out.exists() and not (out / "jupyter-lite.json").exists() and any(out.iterdir()):
        raise DataError(str(out), "is there already, and is no site. Name another folder")
    workshop = Workshop(folder)
    workshop.equip()
    workshop.pin()
    site = workshop.build(lessons, gather(workshop.make(source), KERNEL, workshop.fetch))
    shutil.rmtree(out, ignore_errors=True)
    shutil.move(site, out)


@click.command()
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.argument("wanted", metavar="[LESSON]...", nargs=-1)
@click.option("--source", type=click.Path(path_type=Path), default=Path(), help="the folder of the project")
@click.option("--keep", type=click.Path(path_type=Path), help="keep what is downloaded here, for another time")
def main(out: Path, wanted: tuple[str, ...], source: Path, keep: Path | None) -> None:
    """Build a site of lessons that needs no server but one of files."""
    try:
        lessons = [find_lesson(each) for each in wanted or LESSONS]
        with TemporaryDirectory() as passing:
            folder = (keep or Path(passing)).resolve()
            folder.mkdir(parents=True, exist_ok=True)
            build(out.resolve(), source.resolve(), lessons, folder)
    except DataError as error:
        sys.exit(f"esmtp-lab: {error}")
    print(f"To serve it on this machine: python -m http.server --bind 127.0.0.1 -d {out} 8000. Its pages are")
    for lesson in lessons:
        print(f"http://127.0.0.1:8000/notebooks/index.html?path={file_name(lesson)}")


if __name__ == "__main__":
    main()
