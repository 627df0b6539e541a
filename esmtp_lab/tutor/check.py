"""Proves lessons: every solution reaches its goal; the empty attempt and every near miss do not."""

from collections.abc import Callable, Iterator
from pathlib import Path

from esmtp_lab.bench import Bench
from esmtp_lab.rules.book import book
from esmtp_lab.tutor.goal import matches, seen
from esmtp_lab.tutor.lesson import FILES, Lesson, Task, entries, read_lesson
from esmtp_lab.tutor.play import play

Opens = Callable[[Lesson], Bench]


def check_folder(folder: Path, opens: Opens) -> Iterator[str]:
    """What is wrong with the lesson in a folder; nothing where it is good. Raises DataError where it cannot be read."""
    lesson = read_lesson(folder)
    for stray in sorted(each.name for each in folder.iterdir() if each.name not in FILES):
        yield f"{folder.name}/{stray}: no file of a lesson. Remove it; a lesson holds {' and '.join(sorted(FILES))}"
    for problem in check(lesson, opens):
        yield f"{folder.name}: {problem}"


def check(lesson: Lesson, opens: Opens) -> Iterator[str]:
    """What is wrong with a lesson."""
    for rule in lesson.rules:
        if rule not in book().by_id:
            yield f"cites {rule}, which is not in the rule book"
    if not lesson.tasks:
        yield "has no task. Add [[task]]"
    for task in lesson.tasks:
        yield from (f"task {task.id!r}: {problem}" for problem in _check_task(task, lesson, opens))


def _check_task(task: Task, lesson: Lesson, opens: Opens) -> Iterator[str]:
    if len(task.solutions) < 2:
        yield "wants at least two solutions. Add [[task.solution]]"
    if len(task.near) < 3:
        yield "wants at least three near misses. Add [[task.near]]"
    if task.goal.reached(opens(lesson)):
        yield "is reached without doing anything"
    for number, lines in enumerate(task.solutions, start=1):
        bench = _played(lines, lesson, opens)
        missing = [met.words for met in task.goal.judge(bench) if not met.met]
        if missing:
            yield f"solution {number} does not reach: {'; '.join(missing)}"
    for number, near in enumerate(task.near, start=1):
        bench = _played(near.lines, lesson, opens)
        if task.goal.reached(bench):
            yield f"near miss {number} reaches the goal"
        if not any(matches(near.when, event) for event in seen(bench)):
            yield f"near miss {number} is not recognised in its own lines"
        for other in task.near[: number - 1]:
            if any(matches(other.when, event) for event in seen(bench)):
                yield f"near miss {number} is taken for an earlier one"


def _played(lines: str, lesson: Lesson, opens: Opens) -> Bench:
    bench = opens(lesson)
    for _ in play(bench, entries(lines)):
        pass
    return bench
