"""The notebooks of the lessons, one for each chapter: made from the lessons, whose text they show and do not hold.

    python -m esmtp_lab.notebook.chapters FOLDER

A chapter ends with the test-out that covers it. Each lesson is a section: the widget, and a cell that says how far it
is done.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from esmtp_lab.tutor.lesson import Lesson, lessons

_HOW = """\
Run the first cell, and then the first one of any lesson. What you reach is noted in the same file as that of the shell,
so you may begin here and go on there. Nothing is on the network, and no mail leaves this machine."""


def chapters(found: Sequence[Lesson]) -> Iterator[tuple[str, list[Lesson]]]:
    """The chapters, each with the name of its file: its lessons, and behind them the test-out that covers them."""
    gone: set[int] = set()
    outs = [each for each in found if each.covers]
    for letter, out in zip("abcdefghij", outs, strict=False):
        mine = [each for each in found if each.number in out.covers and each.number not in gone]
        gone |= set(out.covers)
        yield f"lessons-{letter}-{out.id.removeprefix('out-')}.ipynb", [*mine, out]


def notebook(chapter: Sequence[Lesson]) -> dict[str, Any]:
    """The notebook of a chapter, in the form of nbformat 4.5, without outputs."""
    first, last = chapter[0], chapter[-2]
    cells = [
        _text(f"# Lessons {first.number} to {last.number}\n\n{_HOW}"),
        _code("from esmtp_lab.notebook import LessonWidget\n\nopened = []"),
    ]
    for each in chapter:
        title = each.title if each.covers else f"Lesson {each.number}: {each.title}"
        cells.append(_text(f"## {title}\n\nAbout {each.minutes} minutes."))
        cells.append(_code(f'opened.append(LessonWidget("{each.id}"))\nopened[-1]'))
        cells.append(_code(f'print(opened[-1].words())\nassert opened[-1].attempt.lesson.id == "{each.id}"'))
    for place, cell in enumerate(cells):
        cell["id"] = f"cell-{place:02d}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _text(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source.splitlines(keepends=True)}


def _code(source: str) -> dict[str, Any]:
    lines = source.splitlines(keepends=True)
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": lines}


def written(found: dict[str, Any]) -> str:
    """A notebook as its file holds it."""
    return json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main(folder: str) -> None:
    """Write the notebooks of all chapters."""
    for name, chapter in chapters(lessons()):
        (Path(folder) / name).write_text(written(notebook(chapter)), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
