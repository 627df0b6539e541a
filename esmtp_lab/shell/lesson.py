"""What the shell asks of a lesson; the lessons themselves live elsewhere."""

from collections.abc import Sequence
from typing import Protocol

from esmtp_lab.lab import Lab


class Goal(Protocol):
    """One clause of a goal, and whether it is met."""

    @property
    def text(self) -> str: ...
    @property
    def met(self) -> bool: ...


class Lesson(Protocol):
    """A task that stands beside the session: what to read, what to reach, and help on the way."""

    @property
    def title(self) -> str: ...
    @property
    def page(self) -> str: ...
    @property
    def hints(self) -> Sequence[str]: ...

    def goals(self, lab: Lab) -> Sequence[Goal]:
        """The clauses of the goal, judged on the lab as it stands now."""
        ...


def goal_marks(lesson: Lesson, lab: Lab) -> str:
    """The goals in one line: ``[x] read  [ ] use``."""
    return "  ".join(f"[{'x' if goal.met else ' '}] {goal.text}" for goal in lesson.goals(lab))
