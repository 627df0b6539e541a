"""Lessons: data in lesson.toml, prose in page.md beside it; the same for the shell and for notebooks."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from esmtp_lab.errors import DataError
from esmtp_lab.tutor.goal import COMBINED, Clause, Goal, read_clause, read_goal
from esmtp_lab.wire.transcript import Entry, read


@dataclass(frozen=True, slots=True)
class NearMiss:
    """What learners really do instead: how to see it, what to tell them, and lines that do it."""

    when: Clause
    say: str
    lines: str


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do: what to say about it, its goal, hints of growing strength, solutions, near misses."""

    id: str
    say: str
    goal: Goal
    hints: tuple[str, ...]
    solutions: tuple[str, ...]
    near: tuple[NearMiss, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """The question at the end of a lesson, with its choices, the right one, and the reason."""

    ask: str
    choices: Mapping[str, str]
    right: str
    because: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson; `page` is Markdown, `minutes` how long it takes, `host` a ready-made policy."""

    id: str
    number: int
    title: str
    minutes: int
    page: str
    tasks: tuple[Task, ...]
    question: Question
    era: str = "rfc2821"
    client_era: str = "rfc2821"
    host: str = "lab"
    rules: tuple[str, ...] = ()


_TASK_KEYS = {"id", "say", "hints", "solution", "near", *COMBINED}
_LESSON_KEYS = {each.name for each in fields(Lesson)} - {"page", "tasks"} | {"version", "task"}
FILES = {"lesson.toml", "page.md"}
"""What the folder of a lesson holds, and nothing else."""


def entries(lines: str) -> Iterator[Entry]:
    """The entries of a solution or a near miss."""
    return read(line.encode("utf-8") for line in lines.strip("\n").split("\n"))


def lesson_folder() -> Path:
    """Where the lessons are: inside the installed package, or beside it in a source tree."""
    package = Path(str(files("esmtp_lab")))
    inside = package / "lessons"
    return inside if inside.is_dir() else package.parent / "lessons"


def lessons(folder: Path | None = None) -> list[Lesson]:
    """All lessons of a folder, in the order of their numbers. Raises DataError."""
    place = lesson_folder() if folder is None else folder
    if not place.is_dir():
        raise DataError(str(place), "is no folder of lessons")
    return sorted((read_lesson(each) for each in place.iterdir() if each.is_dir()), key=lambda each: each.number)


def find_lesson(name: str, folder: Path | None = None) -> Lesson:
    """The lesson of that number or id. Raises DataError, which lists those there are."""
    found = lessons(folder)
    for lesson in found:
        if name in (lesson.id, str(lesson.number), f"{lesson.number:02d}-{lesson.id}"):
            return lesson
    known = ", ".join(f"{lesson.number} ({lesson.id})" for lesson in found)
    raise DataError(f"lesson {name!r}", f"there is no such lesson; there is {known}")


def read_lesson(folder: Path) -> Lesson:
    """Read one lesson. Raises DataError, which says where and what to mend."""
    where = f"{folder.name}/lesson.toml"
    try:
        data = tomllib.loads((folder / "lesson.toml").read_text("utf-8"))
        page = (folder / "page.md").read_text("utf-8")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(where, f"cannot be read: {error}") from None
    _known(data, _LESSON_KEYS, where)
    if data.get("version") != 1:
        raise DataError(where, "has no version. Add version = 1 at its top")
    return Lesson(
        id=_text(data, "id", where),
        number=_number(data, "number", where),
        title=_text(data, "title", where),
        minutes=_number(data, "minutes", where),
        page=page,
        tasks=tuple(_task(each, where) for each in data.get("task", ())),
        question=_question(data.get("question", {}), where),
        era=str(data.get("era", "rfc2821")),
        client_era=str(data.get("client_era", "rfc2821")),
        host=str(data.get("host", "lab")),
        rules=tuple(map(str, data.get("rules", ()))),
    )


def _task(table: Mapping[str, Any], where: str) -> Task:
    where = f"{where}: task {table.get('id', '?')!r}"
    _known(table, _TASK_KEYS, where)
    hints = tuple(map(str, table.get("hints", ())))
    if len(hints) < 2:
        raise DataError(where, f'has {len(hints) or "no"} hint{"s" * (len(hints) != 1)}. Add hints = ["…", "…"]')
    return Task(
        id=_text(table, "id", where),
        say=_text(table, "say", where),
        goal=read_goal(table, where),
        hints=hints,
        solutions=tuple(_text(each, "lines", f"{where}: solution") for each in table.get("solution", ())),
        near=tuple(_near(each, f"{where}: near") for each in table.get("near", ())),
    )


def _near(table: Mapping[str, Any], where: str) -> NearMiss:
    _known(table, {"when", "say", "lines"}, where)
    return NearMiss(read_clause(table.get("when", {}), where), _text(table, "say", where), _text(table, "lines", where))


def _question(table: Mapping[str, Any], where: str) -> Question:
    where = f"{where}: question"
    _known(table, {"ask", "choices", "right", "because"}, where)
    choices = {str(key): str(value) for key, value in table.get("choices", {}).items()}
    right = _text(table, "right", where)
    if right not in choices:
        raise DataError(where, f"calls {right!r} right, which is none of its choices")
    return Question(_text(table, "ask", where), choices, right, _text(table, "because", where))


def _known(table: Mapping[str, Any], keys: set[str], where: str) -> None:
    for key in table:
        if key not in keys:
            raise DataError(where, f"knows no key {key!r}; there are {', '.join(sorted(keys))}")


def _text(table: Mapping[str, Any], key: str, where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise DataError(where, f'has no {key}. Add {key} = "…"')
    return value.strip() if key != "lines" else value


def _number(table: Mapping[str, Any], key: str, where: str) -> int:
    value = table.get(key)
    if not isinstance(value, int):
        raise DataError(where, f"has no {key}. Add {key} = 1")
    return value
