"""The site of lessons, without building one: what goes into it, and that the lab does with what a browser has.

tests/long/test_site.py builds one and does a lesson there.
"""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from esmtp_lab.errors import DataError
from esmtp_lab.notebook.site import (
    KERNEL,
    OURS,
    Wheel,
    Workshop,
    build,
    check,
    file_name,
    gather,
    locked,
    main,
    notebook,
)
from esmtp_lab.tutor.lesson import find_lesson

ROOT = Path(__file__).resolve().parents[2]
LESSON = find_lesson("one-letter")
BARE = """
import _thread, sys

def none(*_, **__):
    raise RuntimeError("there are no threads in a browser")

_thread.start_new_thread = none
for name in ("socket", "_socket", "ssl", "_ssl", "asyncio", "subprocess", "select", "fcntl", "termios"):
    sys.modules[name] = None
"""
"""A process that has as little as Python in a browser."""
ENGINE = f"""{BARE}
from esmtp_lab.lab.lessons import begin, lab_of

attempt = begin("one-letter")
lab = lab_of(attempt)
for line in attempt.ways[0].strip().splitlines():
    lab.send(line)
attempt.scene.enter(lab)
attempt.step()
print(attempt.reached)
"""
WIDGET = """
import socket, threading
from esmtp_lab.notebook import LessonWidget

def none(*_, **__):
    raise RuntimeError("there is nothing of the kind in a browser")

socket.socket = threading.Thread.start = none
widget = LessonWidget("one-letter")
for line in widget.attempt.ways[0].strip().splitlines():
    widget.send_line(line)
print(widget.attempt.reached)
"""


def _wheel(folder: Path, name: str, needs: tuple[str, ...] = (), files: tuple[str, ...] = ()) -> Path:
    """A wheel made by hand."""
    file = folder / f"{name}-1.0-py3-none-any.whl"
    told = ("Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0", *(f"Requires-Dist: {each}" for each in needs))
    with zipfile.ZipFile(file, "w") as made:
        for each in files or (f"{name}/__init__.py",):
            made.writestr(each, "")
        made.writestr(f"{name}-1.0.dist-info/METADATA", "\n".join(told) + "\n")
    return file


@pytest.fixture(scope="module")
def ours(tmp_path_factory) -> Wheel:
    """The wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    build = "from hatchling.build import build_wheel; import sys; print(build_wheel(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", build, folder], cwd=ROOT, capture_output=True, text=True, check=True)
    return Wheel(folder / done.stdout.split()[-1], frozenset({"notebook"}))


@pytest.mark.parametrize("program", [ENGINE, WIDGET], ids=["engine", "widget"])
def test_a_letter_is_delivered_without_sockets_and_threads(program, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ESMTP_LAB_PROGRESS": str(tmp_path / "progress.json")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_a_lesson_goes_on_where_its_progress_cannot_be_kept(tmp_path):
    (tmp_path / "file").write_text("")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ESMTP_LAB_PROGRESS": str(tmp_path / "file" / "in.json")}
    done = subprocess.run([sys.executable, "-c", WIDGET], env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_our_wheel_is_of_no_platform(ours):
    assert ours.file.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(ours.file) as opened:
        assert {Path(name).suffix for name in opened.namelist()}.isdisjoint({".so", ".pyd", ".dll", ".dylib"})
    assert ours.imports() == ["esmtp_lab"]


def test_our_wheel_needs_widgets_in_a_browser_and_no_server(ours):
    needs = {each.name for each in ours.needs()}
    assert {"anywidget", "ipywidgets", "scramp", "platformdirs"} <= needs
    assert needs.isdisjoint({"ipykernel", "jupyterlab", "voila", "uvloop", "pytest"})


def test_a_wheel_needs_what_it_needs_in_a_browser(tmp_path):
    needs = (
        "always>=1",
        "unix; sys_platform != 'win32'",
        "terminal; sys_platform != 'win32' and sys_platform != 'emscripten'",
        "extra; extra == 'more'",
        "other; extra == 'other'",
        "widgetsnbextension",
    )
    file = _wheel(tmp_path, "one", needs)
    assert [str(each) for each in Wheel(file, frozenset()).needs()] == ["always>=1", "unix"]
    assert [str(each) for each in Wheel(file, frozenset({"more"})).needs()] == ["always>=1", "unix", "extra"]


def test_an_entry_of_the_lock_tells_what_lies_there(tmp_path):
    files = ("one_file.py", "one_folder/__init__.py", "one_folder/deep.py", "one-1.0.data/x.py", "share/x.txt")
    wheel = Wheel(_wheel(tmp_path, "One.Name", ("Two_Three",), files), frozenset())
    assert wheel.entry() == {
        "name": "one-name",
        "version": "1.0",
        "file_name": "One.Name-1.0-py3-none-any.whl",
        "sha256": hashlib.sha256(wheel.file.read_bytes()).hexdigest(),
        "imports": ["one_file", "one_folder"],
        "depends": ["two-three"],
        "install_dir": "site",
        "package_type": "package",
        "unvendored_tests": False,
    }


def test_everything_that_is_needed_is_gathered_once_and_ours_is_not_asked_for(tmp_path):
    there = {
        "esmtp-lab": _wheel(tmp_path, "esmtp_lab", ("one[more]",)),
        "kernel": _wheel(tmp_path, "kernel", ("two",)),
        "one": _wheel(tmp_path, "one", ("two", "three; extra == 'more'", "four; extra == 'less'")),
        "two": _wheel(tmp_path, "two", ("one",)),
        "three": _wheel(tmp_path, "three"),
    }
    asked: list[str] = []

    def fetch(wanted):
        names = [each.name for each in wanted]
        asked.extend(names)
        return {name: there[name] for name in names}

    found = gather(Wheel(there["esmtp-lab"], frozenset()), ("kernel",), fetch)
    assert {name: wheel.file for name, wheel in found.items()} == there
    assert sorted(asked) == ["kernel", "one", "three", "two"]
    lock = locked({"info": {"python": "3.14.2"}, "packages": {"numpy": {}}}, found)
    assert lock["info"] == {"python": "3.14.2"}
    assert list(lock["packages"]) == sorted(there)
    assert OURS in lock["packages"] and "ipython" in KERNEL


def test_a_notebook_of_the_site_is_one_for_its_python():
    made = nbformat.from_dict(notebook(LESSON))
    nbformat.validate(made)
    assert made.metadata.kernelspec.name == "python"
    assert 'LessonWidget("one-letter")' in made.cells[-1].source and "%pip" not in made.cells[-1].source
    assert file_name(LESSON) == "03-one-letter.ipynb"


def test_a_site_that_is_not_whole_is_not_passed(tmp_path):
    with pytest.raises(DataError, match="is not whole: the log"):
        check(tmp_path, "the log")
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "index.html").write_text("")
    settings = tmp_path / "jupyter-lite.json"
    settings.write_text(json.dumps({"pyodideUrl": "https://elsewhere.example/pyodide.mjs"}))
    with pytest.raises(DataError, match="is not whole"):
        check(tmp_path)
    settings.write_text(json.dumps({"pyodideUrl": "./static/pyodide/pyodide.mjs"}))
    check(tmp_path)


def test_what_fails_on_the_way_is_said(tmp_path):
    workshop = Workshop(tmp_path)
    with pytest.raises(DataError, match="no-such-program: is not on this machine"):
        workshop.run("no-such-program")
    with pytest.raises(DataError, match=r"python3 -c: failed: .*out\n.*err"):
        workshop.run("python3", "-c", "import sys; print('out'); sys.exit('err')")


def test_no_folder_of_other_things_gives_way_to_a_site(tmp_path):
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(DataError, match="is there already, and is no site"):
        build(tmp_path, ROOT, [LESSON], tmp_path / "folder")
    assert (tmp_path / "letters.txt").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["site", "--source", "."], "is not the folder of the project"), (["site", "99"], "there is no such lesson")],
)
def test_the_command_says_what_to_mend(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert said in str(ended.value)
    assert list(tmp_path.iterdir()) == []
