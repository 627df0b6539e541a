"""`esmtp-lab lessons`: list them, play lines against one, prove them."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from esmtp_lab.bench import Bench
from esmtp_lab.commands.run import Said
from esmtp_lab.export.transcript import annotated
from esmtp_lab.lab import Lab
from esmtp_lab.tutor.attempt import told
from esmtp_lab.tutor.check import check_folder
from esmtp_lab.tutor.lesson import Lesson, lesson_folder, lessons
from esmtp_lab.tutor.play import play
from esmtp_lab.wire.transcript import read


def lab_of(lesson: Lesson) -> Lab:
    """A fresh lab as a lesson wants it."""
    return Lab(lesson.era, client_era=lesson.client_era, policy=lesson.host)


def bench_of(lesson: Lesson) -> Bench:
    """A fresh bench as a lesson wants it."""
    return lab_of(lesson).bench


def list_lessons(form: str, folder: Path | None = None) -> Iterator[str]:
    """One line for each lesson, as "text" or as "json"."""
    for lesson in lessons(folder):
        tasks = [task.id for task in lesson.tasks]
        if form == "json":
            data = {"number": lesson.number, "id": lesson.id, "title": lesson.title, "minutes": lesson.minutes}
            yield json.dumps({**data, "era": lesson.era, "tasks": tasks}, ensure_ascii=False)
        else:
            yield f"{lesson.number:2}  {lesson.title} ({lesson.id}, {lesson.minutes} minutes, era {lesson.era})"


def play_lesson(lesson: Lesson, lines: Iterable[bytes]) -> Iterator[Said]:
    """Play lines against all tasks of a lesson at once; the last thing said is whether every goal is met."""
    lab = lab_of(lesson)
    for played in play(lab.bench, read(lines)):
        yield from map(Said, annotated(played.crossings, lab.lines))
        current = next((task for task in lesson.tasks if not task.goal.reached(lab.bench)), None)
        if current is not None:
            yield from (Said(f"# {text}") for text in told(current, played.crossings))
    for task in lesson.tasks:
        for met in task.goal.judge(lab.bench):
            yield Said(f"# [{'x' if met.met else ' '}] {task.id}: {met.words}")
    done = all(task.goal.reached(lab.bench) for task in lesson.tasks)
    yield Said(f"# lesson {lesson.number}: {'every goal is met' if done else 'not every goal is met'}", done)


def check_lessons(folder: Path | None = None) -> Iterator[Said]:
    """Prove every lesson of a folder."""
    place = lesson_folder() if folder is None else folder
    for each in sorted(each for each in place.iterdir() if each.is_dir()):
        problems = list(check_folder(each, bench_of))
        yield from (Said(problem, False) for problem in problems)
        if not problems:
            yield Said(f"{each.name}: good")
