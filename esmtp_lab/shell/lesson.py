"""A lesson in the shell: its commands, and what it says to a line that was typed."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from esmtp_lab.bench import Crossing
from esmtp_lab.lab import Lab
from esmtp_lab.protocol.event import Event
from esmtp_lab.tutor.attempt import Attempt
from esmtp_lab.tutor.goal import Goal, matches

if TYPE_CHECKING:
    from esmtp_lab.shell.session import Session

NONE = "there is no lesson: this is free play; esmtp-lab lessons list shows what there is"


def goal_marks(attempt: Attempt, lab: Lab) -> str:
    """The goals in one line: ``[x] 250 to MAIL  [ ] 354 to DATA``."""
    return "  ".join(f"[{'x' if met.met else ' '}] {met.words}" for met in attempt.goals(lab.bench))


def remarks(attempt: Attempt, lab: Lab, crossings: list[Crossing], done_before: bool) -> list[str]:
    """What the lesson says to what just crossed: near misses, and that the task is done."""
    if attempt.reached(lab.bench):
        return [] if done_before else ["done; /next goes on"]
    return attempt.near_misses(crossings)


def spoken_of(attempt: Attempt, crossings: list[Crossing], lines: Mapping[int, Event | None]) -> set[int]:
    """The places of lines on which the task has its own word: all where a near miss was told, else what it asks for."""
    if attempt.near_misses(crossings):
        return set(lines)
    goal = attempt.task.goal if attempt.task else Goal()
    wanted = [clause for clause in (*goal.all, *goal.any, *goal.in_order) if len(clause) > 1]
    return {place for place, event in lines.items() if event and any(matches(each, event) for each in wanted)}


def page(session: "Session", argument: str) -> None:
    """What the lesson says now."""
    if session.attempt is None:
        session.tell(NONE)
    else:
        session.show(session.attempt.title, session.attempt.text.splitlines())


def goal(session: "Session", argument: str) -> None:
    """What the task asks for, and what is met of it."""
    attempt = session.attempt
    if attempt is None:
        session.tell(NONE)
    elif attempt.task is None:
        page(session, argument)
    else:
        marks = (f"[{'x' if met.met else ' '}] {met.words}" for met in attempt.goals(session.lab.bench))
        session.show(attempt.title, [*attempt.task.say.splitlines(), "", *marks])


def hint(session: "Session", argument: str) -> None:
    """The next hint."""
    if session.attempt is None:
        session.tell("there is no lesson, so there is no hint; /words says what may be typed next")
    else:
        number, count, text = session.attempt.hint()
        session.tell(f"hint {number}/{count}: {text}")


def solution(session: "Session", argument: str) -> None:
    """One way to do the task."""
    attempt = session.attempt
    if attempt is None or attempt.task is None:
        session.tell(NONE if attempt is None else "the question has no solution but its answer: /answer and a letter")
    else:
        session.show("one way to do it", attempt.task.solutions[0].strip("\n").splitlines())


def next_task(session: "Session", argument: str) -> None:
    """Go on to the next task, done or not, on a fresh bench."""
    attempt = session.attempt
    if attempt is None or attempt.task is None:
        session.tell(NONE if attempt is None else "only the question is left: /answer and a letter")
        return
    skipped = "" if attempt.reached(session.lab.bench) else f"task {attempt.task.id!r} is skipped"
    attempt.next()
    if attempt.task is not None:
        session.restart()
    if skipped:
        session.tell(skipped)
    page(session, argument)


def answer(session: "Session", argument: str) -> None:
    """Answer the question at the end."""
    attempt = session.attempt
    if attempt is None or attempt.task is not None:
        session.tell(NONE if attempt is None else "the question comes after the tasks; /next goes on")
        return
    question, said = attempt.lesson.question, argument.lower()
    if said not in question.choices:
        session.tell(f"answer with one of {', '.join(question.choices)}")
        return
    attempt.answer = said
    session.tell(f"right: {question.because}" if attempt.finished else "not that one; try again")
    if attempt.finished:
        session.tell(f"lesson {attempt.lesson.number} is done; /quit leaves, or play on")
