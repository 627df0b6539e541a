"""The lessons as a whole: which there are, how they stand, and how one of them is begun in the running shell."""

from typing import TYPE_CHECKING

from esmtp_lab.shell.predict import scored
from esmtp_lab.tutor.grid import grid

if TYPE_CHECKING:
    from esmtp_lab.shell.session import Session
    from esmtp_lab.tutor.lesson import Lesson

# Lessons and progress are read when they are asked for, and not before the first prompt.


def _found(session: "Session") -> "list[Lesson]":
    """The lessons that come with the lab; the one that is on stands first, where it is none of them."""
    from esmtp_lab.tutor.lesson import lessons

    found = lessons()
    mine = session.attempt.lesson if session.attempt else None
    return found if mine is None or any(each.id == mine.id for each in found) else [mine, *found]


def listed(session: "Session", argument: str) -> None:
    """The lessons that there are."""
    rows = [(str(each.number), each.title, f"{each.minutes} minutes", each.era) for each in _found(session)]
    session.show("lessons; /lesson NUMBER begins one", grid(rows, ("", "lesson", "takes", "era")))


def progress(session: "Session", argument: str) -> None:
    """How each lesson stands, which of its tasks are open, and the score of what was foretold. Raises DataError."""
    from esmtp_lab.tutor.progress import progress_file, read_progress, report

    file, found = progress_file(), _found(session)
    facts = list(report(read_progress(file), found))
    rows = [
        (
            str(each["number"]),
            each["title"],
            f"{each['done']} of {each['of']}",
            "tested out" if each["tested_out"] else _open(lesson, each["tasks"]),
        )
        for each, lesson in zip(facts, found, strict=True)
    ]
    done, of = (sum(each[key] for each in facts) for key in ("done", "of"))
    taught = [each for each, lesson in zip(facts, found, strict=True) if not lesson.covers]
    whole = sum(1 for each in taught if each["done"] == each["of"])
    below = ["", f"in this sitting: {scored(session)}", f"kept in {file}"]
    table = grid(rows, ("", "lesson", "done", "begun, and still open"))
    session.show(f"progress: {whole} of {len(taught)} lessons, {done} of {of} tasks", [*table, *below])


def _open(lesson: "Lesson", tasks: list[dict[str, str]]) -> str:
    """The tasks that are not done, of a lesson that was begun."""
    if all(each["standing"] == "not begun" for each in tasks):
        return ""
    titles = {task.id: task.title for task in lesson.tasks}
    return ", ".join(titles[each["task"]] for each in tasks if each["standing"] != "done")


def begin(session: "Session", name: str) -> None:
    """Begin the lesson of that number or id in this shell. Raises DataError, and nothing is changed."""
    from esmtp_lab.commands.progress import keeper
    from esmtp_lab.lab.lessons import begin as begun
    from esmtp_lab.lab.lessons import lab_of

    attempt = begun(name)
    if session.attempt is None:
        session.keep = keeper()
    session.attempt = attempt
    session.go_to(lab_of(attempt))


def names(session: "Session") -> tuple[str, ...]:
    """The ids of the lessons."""
    from esmtp_lab.tutor.lesson import lesson_folders

    return tuple(each.name.partition("-")[2] for each in lesson_folders())
