"""`esmtp-lab lessons progress` and `report`: what a learner has done, and how it goes into its file."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from esmtp_lab.errors import DataError
from esmtp_lab.tutor.attempt import Attempt
from esmtp_lab.tutor.lesson import lessons
from esmtp_lab.tutor.progress import keep, merged, progress_file, read_progress, report, write_progress


def keeper() -> Callable[[Attempt], None]:
    """What notes the progress of an attempt; where the file cannot be written the lesson goes on without."""

    def note(attempt: Attempt) -> None:
        with suppress(DataError):
            keep(attempt, progress_file(), time.time())

    return note


def change_progress(export_to: Path | None, import_from: Path | None, wipe: bool) -> str:
    """Write progress to another file, add that of another, or forget it; what was done, or nothing. Raises
    DataError."""
    file = progress_file()
    if export_to is not None:
        write_progress(export_to, read_progress(file))
        return f"written to {export_to}"
    if import_from is not None:
        if not import_from.exists():
            raise DataError(str(import_from), "is not there")
        write_progress(file, merged(read_progress(file), read_progress(import_from)))
        return f"added to {file}"
    if wipe:
        file.unlink(missing_ok=True)
        return f"{file} is gone"
    return ""


def show_progress(form: str, folder: Path | None = None) -> Iterator[str]:
    """How each lesson stands, one line each."""
    file = progress_file()
    for each in report(read_progress(file), lessons(folder)):
        if form == "json":
            yield json.dumps(each, ensure_ascii=False)
        else:
            yield _line(each)
    if form == "text":
        yield f"kept in {file}"


def _line(facts: dict[str, Any]) -> str:
    """How a lesson stands."""
    out = ", tested out" if facts["tested_out"] else ""
    return f"{facts['number']:2}  {facts['title']}: {facts['done']} of {facts['of']}{out}"


def write_report(name: str, form: str, folder: Path | None = None) -> Iterator[str]:
    """The same facts task by task, for a teacher."""
    facts = list(report(read_progress(progress_file()), lessons(folder)))
    if form == "json":
        yield from (json.dumps({"name": name, **each}, ensure_ascii=False) for each in facts)
        return
    done, of = (sum(each[key] for each in facts) for key in ("done", "of"))
    yield f"report{f' of {name}' if name else ''}: {done} of {of} tasks done"
    for each in facts:
        yield _line(each)
        for task in each["tasks"]:
            when = f" {task['done']}" if task.get("done") else ""
            hints = f", {task['hints']} hint{'s' * (task['hints'] != 1)}" if task.get("hints") else ""
            looked = ", solution looked at" if task.get("solution") else ""
            yield f"    {task['task']}: {task['standing']}{when}{hints}{looked}"
