"""`esmtp-lab lessons new` and `record`: a lesson's folder, to be filled in or made of a session."""

import re
from collections.abc import Iterable
from pathlib import Path

from esmtp_lab.commands.lessons import lab_at_rest
from esmtp_lab.errors import DataError
from esmtp_lab.protocol.policy import policies
from esmtp_lab.tutor.lesson import lesson_folders
from esmtp_lab.tutor.setting import Setting
from esmtp_lab.tutor.skeleton import Skeleton, new, record

_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


def new_lesson(lesson_id: str, number: int | None, folder: Path) -> str:
    """Write a commented skeleton; what was done. Raises DataError."""
    place = _place(lesson_id, number, folder)
    return _write(place, new(lesson_id, _number(place)))


def record_lesson(
    lines: Iterable[bytes], lesson_id: str, number: int | None, era: str, policy: str, folder: Path
) -> str:
    """Write a lesson made of a session; what was done. Raises DataError."""
    if policy not in policies():
        raise DataError("--host", f"there is no ready-made host {policy!r}; there are {', '.join(policies())}")
    place = _place(lesson_id, number, folder)
    setting = Setting(policies()[policy], era)
    return _write(place, record(lines, lesson_id, _number(place), setting, lab_at_rest))


def _place(lesson_id: str, number: int | None, folder: Path) -> Path:
    if not _ID.fullmatch(lesson_id):
        raise DataError(lesson_id, "is no name of a lesson. Use small letters, digits and hyphens, such as two-readers")
    there = lesson_folders(folder) if folder.exists() else []
    used = [int(name) for each in there if (name := each.name.partition("-")[0]).isdecimal()]
    chosen = number if number is not None else max(used, default=0) + 1
    place = folder / f"{chosen:02d}-{lesson_id}"
    if place.exists():
        raise DataError(str(place), "is there already. Take another name, or another --number")
    return place


def _number(place: Path) -> int:
    return int(place.name.partition("-")[0])


def _write(place: Path, skeleton: Skeleton) -> str:
    try:
        place.mkdir(parents=True)
        (place / "lesson.toml").write_text(skeleton.toml, "utf-8")
        (place / "lesson.md").write_text(skeleton.markdown, "utf-8")
    except OSError as error:
        raise DataError(str(place), f"cannot be written: {error}") from None
    return f"{place}: fill in lesson.md and lesson.toml; esmtp-lab lessons check --lessons {place.parent} proves it"
