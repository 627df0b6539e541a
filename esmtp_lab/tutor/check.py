"""Proves lessons: every solution reaches its goal; the empty attempt and every near miss do not.

So do unusual variants of a solution; and what else reaches a goal, another task's solution or a walk at random, must
have its reason in the lesson, and no reason may stand there for what does not happen.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from esmtp_lab.errors import DataError
from esmtp_lab.rules.book import book
from esmtp_lab.tutor.attempt import Attempt
from esmtp_lab.tutor.lesson import END, FILES, Lesson, Task, entries, read_lesson, solutions
from esmtp_lab.tutor.scene import Opens, Scene
from esmtp_lab.tutor.setting import Setting
from esmtp_lab.tutor.variants import VARIANTS, variants
from esmtp_lab.tutor.walk import SEEDS, walk

FEWEST_SOLUTIONS, FEWEST_NEAR = 2, 3


class Named(NamedTuple):
    """A task with its lesson."""

    lesson: Lesson
    task: Task

    @property
    def name(self) -> str:
        """How other lessons call it: ``one-letter/deliver``."""
        return f"{self.lesson.id}/{self.task.id}"


def check_folder(folder: Path, opens: Opens) -> Iterator[str]:
    """What is wrong with the lesson in a folder by itself; nothing where it is good. Raises DataError where it cannot
    be read."""
    lesson = read_lesson(folder)
    for stray in sorted(each.name for each in folder.iterdir() if each.name not in FILES):
        yield f"{stray}: no file of a lesson. Remove it; a lesson holds {' and '.join(sorted(FILES))}"
    wanted = f"{lesson.number:02d}-{lesson.id}"
    if folder.name != wanted:
        yield f"the folder is not named {wanted}"
    yield from check(lesson, opens)


def check(lesson: Lesson, opens: Opens) -> Iterator[str]:
    """What is wrong with a lesson by itself."""
    for rule in lesson.rules:
        if rule not in book().by_id:
            yield f"cites {rule}, which is not in the rule book"
    if len(lesson.tasks) < 2:
        yield "has no task. Add [[task]]"
    for task in lesson.tasks:
        yield from (f"task {task.id!r}: {problem}" for problem in _check_task(task, lesson, opens))
    if not lesson.end:
        yield f"lesson.md has no last word. Add ## What to take away {{#{END}}}"


def _check_task(task: Task, lesson: Lesson, opens: Opens) -> Iterator[str]:
    if not task.quiz:
        if len(task.solutions) < FEWEST_SOLUTIONS:
            yield f"wants at least {FEWEST_SOLUTIONS} solutions. Add [[task.solution]]"
        if len(task.near) < FEWEST_NEAR and not lesson.covers:
            yield f"wants at least {FEWEST_NEAR} near misses. Add [[task.near]]"
    if task.goal.reached(Scene(task.setting, opens, task.questions)):
        yield "is reached without doing anything"
    for number, lines in enumerate(solutions(task), start=1):
        scene = Scene(task.setting, opens, task.questions)
        try:
            came = scene.play(lines)
        except DataError as error:
            yield f"solution {number} cannot be played: {error}"
            continue
        yield from (f"solution {number}, line {each.entry.number}: {each.mismatch}" for each in came if each.mismatch)
        missing = [f"{met.words} (seen: {met.saw or 'nothing'})" for met in task.goal.judge(scene) if not met.met]
        if missing:
            yield f"solution {number} does not reach: {'; '.join(missing)}"
    for number in range(1, len(task.near) + 1):
        yield from (f"near miss {number} {problem}" for problem in _check_near(task, lesson, number, opens))
    yield from _check_answers(task, opens)
    yield from _check_variants(task, opens)


def played(task: Task, lines: str, opens: Opens) -> Scene:
    """The scene after an attempt. Raises DataError."""
    scene = Scene(task.setting, opens, task.questions)
    scene.play(lines)
    return scene


def _check_near(task: Task, lesson: Lesson, number: int, opens: Opens) -> Iterator[str]:
    near = task.near[number - 1]
    attempt = Attempt(lesson, opens)
    attempt.to(task.id)
    told: list[str] = []
    try:
        for _ in attempt.scene.playing(entries(near.lines)):
            told += attempt.step()
    except DataError as error:
        yield f"cannot be played: {error}"
        return
    if attempt.reached:
        yield "reaches the goal"
    elif near.say not in told:
        yield "is not recognised in its own lines"
    others = {each + 1 for each, other in enumerate(task.near) if other.say in told and other.say != near.say}
    if others and not attempt.reached:
        yield f"is taken for near miss {', '.join(map(str, sorted(others)))} as well"


def _check_answers(task: Task, opens: Opens) -> Iterator[str]:
    """Wrong answers must not do, whatever else was done, and what is to be said of one must be said."""
    for question in task.questions:
        for key, say in (question.wrong or {}).items():
            if question.judge(key).say != say:
                yield f"question {question.id!r}: what wrong says of {key!r} is never said"
        for wrong in (key for key in (*question.choices, *(question.wrong or {})) if not question.judge(key).right):
            scene = played(task, "\n".join((*solutions(task)[:1], f"/answer {question.id} {wrong}")), opens)
            if task.goal.reached(scene):
                yield f"question {question.id!r}: the wrong answer {wrong} will do"


def _check_variants(task: Task, opens: Opens) -> Iterator[str]:
    forbids = dict(task.forbids or {})
    for kind in forbids:
        if kind not in VARIANTS:
            yield f"forbids {kind!r}, which is no variant; there are {', '.join(VARIANTS)}"
    needed: set[str] = set()
    for number in range(len(task.solutions)):
        try:
            made = variants(task, number, opens)
        except DataError:
            return
        for kind, lines in made.items():
            if task.goal.reached(played(task, lines, opens)):
                continue
            needed.add(kind)
            if kind not in forbids:
                shown = " | ".join(lines.split("\n"))
                yield f"solution {number + 1}, {kind}, does not reach the goal. Mend it, or say why in forbids: {shown}"
    for kind in forbids:
        if kind in VARIANTS and kind not in needed:
            yield f"forbids {kind!r}, and all of those reach the goal. Take it out"


# All of them together ----------------------------------------------------------------------------


class Hit(NamedTuple):
    """A goal that was reached by what was not made for it; `why` is the reason in the lesson, or empty."""

    goal: str
    by: str
    why: str


def named(found: Iterable[Lesson]) -> list[Named]:
    """Every task of some lessons."""
    return [Named(lesson, task) for lesson in found for task in lesson.tasks]


def cross_hits(found: Iterable[Lesson], opens: Opens) -> Iterator[Hit]:
    """Which goals are reached by the solutions of other tasks; those of a test-out do what the lessons ask for, of
    course."""
    tasks = named(found)
    scenes = {each.name: [played(each.task, lines, opens) for lines in solutions(each.task)] for each in tasks}
    for goal in tasks:
        for other in tasks:
            if other.name == goal.name or other.lesson.covers:
                continue
            if any(goal.task.goal.reached(scene) for scene in scenes[other.name]):
                why = next((each.why for each in goal.task.crossed if other.name in each.by), "")
                yield Hit(goal.name, other.name, why)


def stale(found: Iterable[Lesson], hits: Iterable[Hit], *, whole: bool = True) -> Iterator[str]:
    """What stands in `crossed` and is no cross hit; where these are not the whole of the lessons, nothing is said of
    the others, whose solutions were not played."""
    found = list(found)
    played = {each.id for each in found}
    there = {(hit.goal, hit.by) for hit in hits}
    for each in named(found):
        for by in (by for crossed in each.task.crossed for by in crossed.by):
            if (each.name, by) not in there and (whole or by.partition("/")[0] in played):
                yield f"{each.name}: crossed names {by}, which does not reach its goal. Take it out"


def walk_hits(found: Iterable[Lesson], opens: Opens, seeds: int = SEEDS) -> Iterator[Hit]:
    """Which goals are reached by walking at random."""
    by_setting: dict[Setting, list[Named]] = {}
    for each in named(found):
        if not each.task.quiz and each.task.setting.role == "client" and not each.task.setting.turns:
            by_setting.setdefault(each.task.setting, []).append(each)
    for setting, tasks in by_setting.items():
        left = list(tasks)
        for seed in range(seeds):
            for scene in walk(setting, opens, seed):
                for each in [each for each in left if each.task.goal.reached(scene)]:
                    left.remove(each)
                    yield Hit(each.name, f"walk {seed}", each.task.walks)
        for each in left:
            if each.task.walks:
                yield Hit(each.name, "", each.task.walks)
