"""Progress: one readable file in the place that the platform has for such things. It is never sent anywhere.

It is keyed by lesson id, and by task within a lesson. Times are seconds since 1970, and come as arguments.
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from esmtp_lab.errors import DataError
from esmtp_lab.tutor.attempt import Attempt
from esmtp_lab.tutor.lesson import Lesson

VERSION = 1
VARIABLE = "ESMTP_LAB_PROGRESS"
"""The variable that names another file."""
_FACTS = {"done": str, "skipped": bool, "hints": int, "solution": bool}
Facts = dict[str, Any]
Progress = dict[str, dict[str, Facts]]
"""What is known of each task of each lesson: when it was `done`, whether it was `skipped`, how many `hints` were taken,
whether a `solution` was looked at."""


def progress_file() -> Path:
    """Where progress is kept."""
    # Only who does a lesson, or asks, needs to know the platform's places.
    from platformdirs import user_data_path

    named = os.environ.get(VARIABLE)
    return Path(named) if named else user_data_path("esmtp-lab", appauthor=False) / "progress.json"


def read_progress(file: Path) -> Progress:
    """What a file of progress holds; nothing where there is none. Raises DataError."""
    try:
        data = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(str(file), f"cannot be read: {error}. Move it away to begin anew") from None
    if not isinstance(data, dict) or data.get("version") != VERSION or not isinstance(data.get("lessons"), dict):
        raise DataError(str(file), f"is no progress of version {VERSION}. Move it away to begin anew")
    for lesson, tasks in data["lessons"].items():
        for task, facts in tasks.items() if isinstance(tasks, dict) else [("", None)]:
            if not isinstance(facts, dict) or not all(type(facts.get(k, t())) is t for k, t in _FACTS.items()):
                raise DataError(str(file), f"says of {lesson}/{task} what cannot be read: {facts!r}")
    lessons: Progress = data["lessons"]
    return lessons


def write_progress(file: Path, progress: Progress) -> None:
    """Write progress: all of it or nothing. Raises DataError."""
    text = json.dumps({"version": VERSION, "lessons": progress}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    write_whole(file, text)


def write_whole(file: Path, text: str) -> None:
    """Write a file by rename: all of it or nothing. Raises DataError."""
    beside = ""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(
            "w", encoding="utf-8", dir=file.parent, prefix=f".{file.name}", delete=False
        ) as beside_file:
            beside = beside_file.name
            beside_file.write(text)
            beside_file.flush()
            os.fsync(beside_file.fileno())
        os.replace(beside, file)
    except OSError as error:
        with suppress(OSError):
            os.unlink(beside)
        raise DataError(str(file), f"cannot be written: {error}") from None


def merged(one: Progress, other: Progress) -> Progress:
    """Both together: what was done in either is done, since when it was first."""
    together: Progress = {lesson: {task: dict(facts) for task, facts in tasks.items()} for lesson, tasks in one.items()}
    for lesson, tasks in other.items():
        for task, facts in tasks.items():
            mine = together.setdefault(lesson, {}).setdefault(task, {})
            done = [each["done"] for each in (mine, facts) if each.get("done")]
            for key in ("hints", "solution"):
                if facts.get(key) or mine.get(key):
                    mine[key] = max(mine.get(key, 0), facts.get(key, 0))
            if done:
                mine["done"] = min(done)
                mine.pop("skipped", None)
            elif facts.get("skipped"):
                mine["skipped"] = True
    return together


def facts_of(attempt: Attempt, now: float) -> Progress:
    """What an attempt has come to."""
    task = attempt.task
    facts: Facts = {"hints": attempt.hints} if attempt.hints else {}
    if attempt.solution:
        facts["solution"] = True
    if task.id in attempt.done:
        facts["done"] = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    elif task.id in attempt.skipped:
        facts["skipped"] = True
    return {attempt.lesson.id: {task.id: facts}} if facts else {}


def resume(attempt: Attempt, progress: Progress) -> None:
    """Go to the first task that is not done, and know of those that are; to the first where all are."""
    known = progress.get(attempt.lesson.id, {})
    ids = [each.id for each in attempt.lesson.tasks]
    attempt.done |= {task for task in ids if known.get(task, {}).get("done")}
    attempt.to(next((task for task in ids if task not in attempt.done), ids[0]))


def keep(attempt: Attempt, file: Path, now: float) -> None:
    """Add what an attempt has come to. Raises DataError."""
    before = read_progress(file)
    after = merged(before, facts_of(attempt, now))
    if after != before:
        write_progress(file, after)


def standing(facts: Facts) -> str:
    """How a task stands: done, skipped, begun, or nothing."""
    return "done" if facts.get("done") else "skipped" if facts.get("skipped") else "begun" if facts else "not begun"


def report(progress: Progress, found: Iterable[Lesson]) -> Iterator[dict[str, Any]]:
    """The facts of each lesson, for a teacher or for oneself: the same ones that the file holds.

    A lesson is tested out where a test-out that covers it is done.
    """
    found = list(found)
    out = {
        number
        for each in found
        for number in each.covers
        if all(progress.get(each.id, {}).get(task.id, {}).get("done") for task in each.tasks)
    }
    for lesson in found:
        known = progress.get(lesson.id, {})
        tasks = [
            {"task": task.id, "standing": standing(known.get(task.id, {})), **known.get(task.id, {})}
            for task in lesson.tasks
        ]
        done = sum(1 for each in tasks if each["standing"] == "done")
        yield {
            "number": lesson.number,
            "id": lesson.id,
            "title": lesson.title,
            "done": done,
            "of": len(tasks),
            "tested_out": lesson.number in out,
            "tasks": tasks,
        }
