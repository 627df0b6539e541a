"""`esmtp-lab lessons`: list them, play lines against one, prove them."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from esmtp_lab.commands.run import Said, unended
from esmtp_lab.errors import DataError
from esmtp_lab.export.transcript import annotated
from esmtp_lab.lab import Lab
from esmtp_lab.lab.lessons import lab_in, lab_of
from esmtp_lab.tutor.attempt import Attempt
from esmtp_lab.tutor.check import Hit, check_folder, cross_hits, named, stale, walk_hits
from esmtp_lab.tutor.lesson import Lesson, Task, lesson_folders, lessons, read_lesson, solutions
from esmtp_lab.tutor.setting import Setting
from esmtp_lab.wire.transcript import read


def lab_at_rest(setting: Setting) -> Lab:
    """A lab whose clock stands still, so that what is proved once is proved."""
    return lab_in(setting, lambda: 1_000_000_000.0)


def list_lessons(form: str, folder: Path | None = None) -> Iterator[str]:
    """One line for each lesson, as "text" or as "json"."""
    for lesson in lessons(folder):
        tasks = [task.id for task in lesson.tasks]
        if form == "json":
            data = {"number": lesson.number, "id": lesson.id, "title": lesson.title, "minutes": lesson.minutes}
            yield json.dumps({**data, "era": lesson.era, "tasks": tasks, "rules": lesson.rules}, ensure_ascii=False)
        else:
            yield f"{lesson.number:2}  {lesson.title} ({lesson.id}, {lesson.minutes} minutes, era {lesson.era})"


def play_lesson(attempt: Attempt, lines: Iterable[bytes], task: str = "") -> Iterator[Said]:
    """Play lines against a lesson that is begun; the last thing said is whether every goal is met.

    Behind a line ``/next`` come the lines for the next task. Without one all of them are for the named task, or for
    each task in turn; then the question counts only where there is an answer. Raises DataError.
    """
    lesson, parts = attempt.lesson, _parts(lines)
    wanted = [each.id for each in lesson.tasks]
    if task:
        attempt.to(task)
        wanted, parts = [task], parts[:1]
    elif len(parts) == 1:
        answers = any(line.startswith(b"/answer") for line in parts[0])
        wanted = wanted if answers else wanted[:-1]
        parts = [_for_task(each, parts[0]) for each in lesson.tasks if each.id in wanted]
    for part in parts:
        yield Said(f"# task {attempt.task.id}: {attempt.task.title}")
        yield from _play_task(attempt, part)
        if not attempt.next():
            break
    missing = [each for each in wanted if each not in attempt.done]
    end = f"not every goal is met: {', '.join(missing)}" if missing else "every goal is met"
    yield Said(f"# lesson {lesson.number}: {end}", not missing)


def _for_task(task: Task, lines: list[bytes]) -> list[bytes]:
    """Lines that are for all tasks, as one of them takes them."""
    if task.quiz:
        return [line for line in lines if line.startswith(b"/answer")]
    return [line for line in lines if task.questions or not line.startswith(b"/answer")]


def _parts(lines: Iterable[bytes]) -> list[list[bytes]]:
    """The lines for each task: those between lines ``/next``."""
    parts: list[list[bytes]] = [[]]
    for line in lines:
        if line.strip() == b"/next":
            parts.append([])
        else:
            parts[-1].append(line)
    return parts


def _play_task(attempt: Attempt, lines: Iterable[bytes]) -> Iterator[Said]:
    scene = attempt.scene
    yield Said(f"=== connected to {scene.desk.policy.domain} (era {scene.desk.era})")
    for desk in scene.desks:
        yield from map(Said, annotated(desk.bench.log, lambda each: lab_of(attempt).lines(each)))
    for played in scene.playing(read(lines)):
        if played.mismatch:
            yield Said(f"# MISMATCH in line {played.entry.number}: {played.mismatch}")
        if played.for_the_lab:
            yield Said(f"# {played.entry.text}")
        yield from map(Said, annotated(played.crossings, lambda each: lab_of(attempt).lines(each)))
        yield from (Said(f"# {text}") for text in attempt.step())
    yield from map(Said, unended(scene.bench.client))
    for met in attempt.goals:
        saw = f" (seen: {met.saw})" if met.saw and not met.met else ""
        yield Said(f"# {met.mark} {met.words}: {met.standing}{saw}")


def check_lessons(folder: Path | None = None, only: str = "", seeds: int | None = None) -> Iterator[Said]:
    """Prove every lesson of a folder, or one of them by itself; then what else reaches their goals."""
    found: list[Lesson] = []
    good = True
    for each in lesson_folders(folder):
        if only and not _is(each, only):
            continue
        try:
            problems = list(check_folder(each, lab_at_rest))
            found.append(read_lesson(each))
        except DataError as error:
            yield Said(str(error), False)
            good = False
            continue
        yield from (Said(f"{each.name}: {problem}", False) for problem in problems)
        good = good and not problems
        if not problems:
            yield Said(f"{each.name}: good")
    if not found and good:
        yield Said("there are no lessons" if not only else f"there is no lesson {only!r}", False)
    elif good:
        yield from _numbers(found)
        yield from _covered(found) if not only else ()
        yield from _crossings(found, whole=not only)
        yield from _walks(found, seeds)


def _is(folder: Path, name: str) -> bool:
    number, _, lesson_id = folder.name.partition("-")
    return name in (folder.name, lesson_id, number, number.lstrip("0"))


def _numbers(found: list[Lesson]) -> Iterator[Said]:
    for what in ("number", "id"):
        values = [getattr(each, what) for each in found]
        for value in sorted({value for value in values if values.count(value) > 1}):
            yield Said(f"more than one lesson has the {what} {value}", False)


def _covered(found: list[Lesson]) -> Iterator[Said]:
    """What a test-out covers and is not there."""
    taught = {each.number for each in found if not each.covers}
    for each in found:
        if strange := sorted(set(each.covers) - taught):
            yield Said(f"{each.id} covers lesson {strange[0]}, and there is no such lesson", False)


def _crossings(found: list[Lesson], *, whole: bool) -> Iterator[Said]:
    """The matrix of all solutions and all goals, and what is not on its diagonal."""
    tasks = [each.name for each in named(found)]
    hits = list(cross_hits(found, lab_at_rest))
    there = {(hit.goal, hit.by) for hit in hits}
    count = sum(len(solutions(each.task)) for each in named(found))
    yield Said(f"solutions, a row for each task ({count} in all), against goals, a column for each:")
    for number, by in enumerate(tasks, start=1):
        row = "".join("x" if goal == by else "o" if (goal, by) in there else "." for goal in tasks)
        yield Said(f"{number:3} {row} {by}")
    yield from _hits(hits)
    yield from (Said(text, False) for text in stale(found, hits, whole=whole))


def _hits(hits: list[Hit]) -> Iterator[Said]:
    for hit in hits:
        if hit.why:
            yield Said(f"{hit.by} reaches {hit.goal} too: {hit.why}")
        else:
            line = f'crossed = [ {{ by = ["{hit.by}"], why = "…" }} ]'
            yield Said(f"{hit.by} reaches {hit.goal} too, and no reason is given. Mend the goal, or add {line}", False)


def _walks(found: list[Lesson], seeds: int | None) -> Iterator[Said]:
    for hit in walk_hits(found, lab_at_rest, *([] if seeds is None else [seeds])):
        if not hit.by and seeds is None:
            yield Said(f"{hit.goal}: walks gives a reason, and no walk reaches its goal. Take it out", False)
        elif hit.by and hit.why:
            yield Said(f"{hit.by} reaches {hit.goal}: {hit.why}")
        elif hit.by:
            yield Said(f'{hit.by} reaches {hit.goal}, and no reason is given. Mend the goal, or add walks = "…"', False)
