"""A lesson in the shell: its commands, and what it says to a line that was typed."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from esmtp_lab.errors import DataError
from esmtp_lab.lab.lessons import lab_of
from esmtp_lab.shell import learning

if TYPE_CHECKING:
    from esmtp_lab.shell.session import Session
    from esmtp_lab.tutor.attempt import Attempt
    from esmtp_lab.tutor.goal import Met

PAGE = "page"
"""What stands behind /lesson to see the page of the lesson, whichever of its tasks is on."""
NONE = "there is no lesson: this is free play; /lessons shows what there is, and /lesson NUMBER begins one"


def goal_marks(attempt: "Attempt") -> str:
    """The goals in one line: ``[x] 250 to MAIL  [ ] 354 to DATA``."""
    return "  ".join(f"{met.mark} {met.words}" for met in attempt.goals)


def lines_of(markdown: str) -> list[str]:
    """Markdown as lines."""
    # Who plays freely does not wait for the Markdown library.
    from esmtp_lab.tutor.prose import plain

    return plain(markdown)


def standing(goals: "Iterable[Met]") -> list[str]:
    """How each clause stands, with what was seen beside what is wanted."""
    return [
        f"{met.mark} {met.words}"
        + (" (can no longer be met: /reset begins anew)" if met.lost else "")
        + (f"; seen: {met.saw}" if met.saw and not met.met else "")
        for met in goals
    ]


def page(session: "Session", argument: str) -> None:
    """What the lesson says now, or its page; with a number or an id, begin that lesson."""
    if argument and argument != PAGE:
        learning.begin(session, argument)
    attempt = session.attempt
    if attempt is None:
        session.tell(NONE)
    elif argument == PAGE:
        session.show(f"{attempt.lesson.number} {attempt.lesson.title}", lines_of(attempt.lesson.page))
    else:
        further = ["", f"/lesson {PAGE} shows the page of the lesson"] if attempt.place else []
        session.show(attempt.title, [*lines_of(attempt.text), *further])


def pages_and_lessons(session: "Session") -> tuple[str, ...]:
    """What may stand behind /lesson."""
    return (*([PAGE] if session.attempt else ()), *learning.names(session))


def goal(session: "Session", argument: str) -> None:
    """What the task asks for, and what is met of it."""
    attempt = session.attempt
    if attempt is None:
        session.tell(NONE)
    else:
        session.show(attempt.title, [*lines_of(attempt.task.say), "", *standing(attempt.goals)])


def hint(session: "Session", argument: str) -> None:
    """The next hint, or the one before."""
    if session.attempt is None:
        session.tell("there is no lesson, so there is no hint; /words says what may be typed next")
    else:
        given = session.attempt.hint(-1 if argument == "back" else 1)
        session.tell(f"hint {given.number}/{given.of}: {given.say}" if given.of else given.say)
        session.note_progress()


def solution(session: "Session", argument: str) -> None:
    """One way to do the task, or another."""
    attempt = session.attempt
    if attempt is None:
        session.tell(NONE)
        return
    ways = attempt.ways
    number = int(argument) if argument.isdecimal() and 1 <= int(argument) <= len(ways) else 1
    attempt.solution = True
    session.show(f"one way to do it ({number} of {len(ways)})", ways[number - 1].strip("\n").splitlines())
    session.note_progress()


def next_task(session: "Session", argument: str) -> None:
    """Go on to the next task; where this one is not done, only when asked twice."""
    attempt = session.attempt
    if attempt is None:
        session.tell(NONE)
        return
    if not attempt.reached and not attempt.leaving:
        attempt.leaving = True
        session.tell("not done yet: /skip does it for you and says what it changes; /next once more leaves it undone")
        return
    if not attempt.next():
        end = [*lines_of(attempt.lesson.end), "", *left_open(attempt), "/quit leaves, or play on"]
        session.show(f"{attempt.lesson.number} {attempt.lesson.title}: the end", end)
        return
    session.go_to(lab_of(attempt))
    page(session, "")


def left_open(attempt: "Attempt") -> list[str]:
    """The tasks that are not done."""
    open_ones = [each.title for each in attempt.lesson.tasks if each.id not in attempt.done]
    return [f"not done: {', '.join(open_ones)}", ""] if open_ones else []


def skip(session: "Session", argument: str) -> None:
    """Do the task for the learner, and say what that changed."""
    attempt = session.attempt
    if attempt is None:
        session.tell(NONE)
        return
    changed = attempt.skip()
    session.go_to(lab_of(attempt))
    for text in (f"skipped: {attempt.task.title}. What it changed:", *changed, "/next goes on, /reset is for you"):
        session.tell(text)
    session.note_progress()


def reset(session: "Session", argument: str) -> None:
    """Begin the task anew; with no lesson, the session."""
    if session.attempt is None:
        session.restart()
    else:
        session.attempt.reset()
        session.go_to(lab_of(session.attempt))


def play_freely(session: "Session", argument: str) -> None:
    """Leave the task as it is and play freely, or come back to it."""
    attempt = session.attempt
    if argument == "off" and session.aside is not None:
        session.come_back()
    elif argument == "on" and attempt is not None:
        session.put_aside()
    elif session.aside is not None:
        session.tell("you play freely, and nothing counts; /play off comes back to the task as you left it")
    else:
        session.tell(NONE if attempt is None else "/play on leaves the task as it is: nothing counts until /play off")


def answer(session: "Session", argument: str) -> None:
    """Answer a question of the task."""
    attempt = session.attempt
    if attempt is None:
        session.tell(NONE)
        return
    try:
        asked, say = attempt.scene.answer(argument)
    except DataError:
        session.tell("nothing is asked here; /lesson says what is to be done")
        return
    right = attempt.scene.right(asked)
    session.tell(f"right: {say}" if right else say)
    session.speak()


def expect(session: "Session", argument: str) -> None:
    """Say which code comes next, before it does."""
    if not argument:
        session.tell("say which code comes next, such as /expect 250 or /expect 5yz")
        return
    session.lab.expected.append((len(session.lab.bench.log), argument))
    session.tell(f"you expect {argument}")


def fault(session: "Session", argument: str) -> None:
    """Let something go wrong on the channel, once."""
    from esmtp_lab.tutor.scene import arm

    arm(session.lab.bench, argument)
    session.tell(f"armed: {argument}; it comes once")
