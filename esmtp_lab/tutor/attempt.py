"""An attempt at a lesson: which task is on, how its goal stands, which hint comes next."""

from esmtp_lab.bench import Bench, Crossing
from esmtp_lab.tutor.goal import Met, matches
from esmtp_lab.tutor.lesson import Lesson, Task


class Attempt:
    """A learner in a lesson: `place` counts the tasks that are past, `answer` is what was said to the question."""

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson
        self.place = 0
        self.answer = ""
        self._hints = 0

    @property
    def task(self) -> Task | None:
        """The task that is on, or None when only the question is left."""
        return self.lesson.tasks[self.place] if self.place < len(self.lesson.tasks) else None

    @property
    def title(self) -> str:
        """The lesson and where in it this is: ``3 One letter 1/2``."""
        where = f"{self.place + 1}/{len(self.lesson.tasks)}" if self.task else "question"
        return f"{self.lesson.number} {self.lesson.title} {where}"

    @property
    def text(self) -> str:
        """What is to be done now, in Markdown; at the beginning with the page of the lesson before it."""
        if self.task is not None:
            return f"{self.lesson.page}\n\n{self.task.say}" if self.place == 0 else self.task.say
        question = self.lesson.question
        return "\n".join([question.ask, "", *(f"{key}  {text}" for key, text in question.choices.items())])

    def goals(self, bench: Bench) -> list[Met]:
        """How each clause of the task's goal stands."""
        return self.task.goal.judge(bench) if self.task else []

    def reached(self, bench: Bench) -> bool:
        """Whether the task that is on is done."""
        return self.task is not None and self.task.goal.reached(bench)

    @property
    def finished(self) -> bool:
        """Whether every task is past and the question is answered rightly."""
        return self.task is None and self.answer == self.lesson.question.right

    def near_misses(self, crossings: list[Crossing]) -> list[str]:
        """What to tell a learner about what just crossed the wire."""
        return told(self.task, crossings) if self.task else []

    def hint(self) -> tuple[int, int, str]:
        """The next hint: its number from 1, how many there are, and its text; the last one repeats."""
        hints = self.task.hints if self.task else ("Answer with one of the letters.",)
        self._hints = min(self._hints + 1, len(hints))
        return self._hints, len(hints), hints[self._hints - 1]

    def next(self) -> None:
        """Go on to the next task."""
        self.place = min(self.place + 1, len(self.lesson.tasks))
        self._hints = 0


def told(task: Task, crossings: list[Crossing]) -> list[str]:
    """What a task's near misses have to say about lines that crossed."""
    events = [crossing.event for crossing in crossings]
    return [near.say for near in task.near if any(matches(near.when, event) for event in events)]
