"""An attempt at a lesson: which task is on, how its goal stands, which hint comes next."""

from collections.abc import Callable

from esmtp_lab.bench import Bench, Crossing
from esmtp_lab.tutor.goal import Met, matches
from esmtp_lab.tutor.lesson import Lesson, Task


class Attempt:
    """A learner in a lesson. Each task has a bench of its own, which `opens` makes."""

    def __init__(self, lesson: Lesson, opens: Callable[[], Bench]) -> None:
        self.lesson = lesson
        self.place = 0
        self.hints_given = 0
        self.answer = ""
        self._opens = opens
        self.bench = opens()

    @property
    def task(self) -> Task | None:
        """The task that is on, or None when only the question is left."""
        return self.lesson.tasks[self.place] if self.place < len(self.lesson.tasks) else None

    @property
    def goals(self) -> list[Met]:
        """How each clause of the task's goal stands."""
        return self.task.goal.judge(self.bench) if self.task else []

    @property
    def reached(self) -> bool:
        """Whether the task that is on is done."""
        return self.task is not None and self.task.goal.reached(self.bench)

    @property
    def finished(self) -> bool:
        """Whether every task is done and the question is answered rightly."""
        return self.task is None and self.answer == self.lesson.question.right

    def near_misses(self, crossings: list[Crossing]) -> list[str]:
        """What to tell a learner about what just crossed the wire."""
        return told(self.task, crossings) if self.task else []

    def hint(self) -> tuple[int, int, str]:
        """The next hint: its number from 1, how many there are, and its text; the last one repeats."""
        hints = self.task.hints if self.task else ("Answer the question.",)
        self.hints_given = min(self.hints_given + 1, len(hints))
        return self.hints_given, len(hints), hints[self.hints_given - 1]

    def next(self) -> None:
        """Go on to the next task, on a fresh bench."""
        self.place += 1
        self.hints_given = 0
        self.bench = self._opens()

    def reset(self) -> None:
        """Begin the task again."""
        self.bench = self._opens()


def told(task: Task, crossings: list[Crossing]) -> list[str]:
    """What a task's near misses have to say about lines that crossed."""
    events = [crossing.event for crossing in crossings]
    return [near.say for near in task.near if any(matches(near.when, event) for event in events)]
