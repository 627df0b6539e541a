"""An attempt at a lesson: which task is on, how its goal stands, what to say to what was done, which hint is next."""

from collections.abc import Sequence
from typing import NamedTuple

from esmtp_lab.errors import DataError
from esmtp_lab.tutor.clause import Clause
from esmtp_lab.tutor.goal import Met, newly
from esmtp_lab.tutor.items import Item
from esmtp_lab.tutor.lesson import Hint, Lesson, Task, solutions
from esmtp_lab.tutor.scene import Opens, Scene


class Given(NamedTuple):
    """A hint as it is given: its number from 1, how many there are, and its text."""

    number: int
    of: int
    say: str


def spelled(numbers: Sequence[int]) -> str:
    """Numbers of lessons in words: ``1 to 7``, ``3 and 5``."""
    first, last = min(numbers), max(numbers)
    if len(numbers) > 2 and sorted(numbers) == list(range(first, last + 1)):
        return f"{first} to {last}"
    return " and ".join(map(str, numbers))


class Attempt:
    """A learner in a lesson. `place` counts the tasks that are past; `opens` opens a lab for each.

    `scene` is where the task that is on is tried, `hints` how many hints were taken of it, `solution` whether its
    solution was looked at, `leaving` whether the learner wants to leave it undone, and `fresh` is what happened in the
    last step.
    """

    def __init__(self, lesson: Lesson, opens: Opens) -> None:
        self.lesson = lesson
        self._opens = opens
        self.done: set[str] = set()
        self.skipped: set[str] = set()
        self._go(0)

    def _go(self, place: int) -> None:
        self.place = place
        self.reset()

    def reset(self) -> None:
        """Begin the task that is on anew."""
        self.hints = 0
        self.solution = False
        self._hint = 0
        self.scene = Scene(self.task.setting, self._opens, self.task.questions)
        self._seen = dict(enumerate(map(_stage, self.scene.items)))
        self._lost: set[str] = set()
        self._held: dict[int, bool] = {}
        self.fresh: tuple[Item, ...] = ()
        self._was_reached = False
        self._for_the_learner = False
        self.leaving = False

    @property
    def ways(self) -> tuple[str, ...]:
        """The solutions of the task that is on."""
        return solutions(self.task)

    @property
    def task(self) -> Task:
        """The task that is on."""
        return self.lesson.tasks[self.place]

    @property
    def title(self) -> str:
        """The lesson and where in it this is: ``3 One letter 1/3``."""
        return f"{self.lesson.number} {self.lesson.title} {self.place + 1}/{len(self.lesson.tasks)}"

    @property
    def text(self) -> str:
        """What is to be done now, in Markdown; at the beginning with the page of the lesson before it."""
        page = [self.lesson.page] if self.place == 0 else []
        asked = ["```\n" + "\n".join(each.lines) + "\n```" for each in self.task.questions]
        return "\n\n".join((*page, f"## {self.task.title}", *([self.task.say] if self.task.say else []), *asked))

    @property
    def goals(self) -> list[Met]:
        """How each clause of the goal stands."""
        return self.task.goal.judge(self.scene)

    @property
    def reached(self) -> bool:
        """Whether the task that is on is done."""
        return self.task.goal.reached(self.scene)

    @property
    def finished(self) -> bool:
        """Whether the last task is on, and done."""
        return self.place == len(self.lesson.tasks) - 1 and self.reached

    def step(self) -> list[str]:
        """What to say to what has happened since the last step: near misses, or that the task is done; once."""
        items = self.scene.items
        self.fresh = tuple(each for place, each in enumerate(items) if _stage(each) != self._seen.get(place))
        self._seen = dict(enumerate(map(_stage, items)))
        told = self._told()
        reached, was = self.reached, self._was_reached
        self._was_reached = reached
        if reached:
            if not self._for_the_learner:
                self.done.add(self.task.id)
            last = f"lesson {self.lesson.number} is done; /next has the last word"
            return [] if was else [last if self.finished else "done; /next goes on"]
        lost = {each.words for each in self.goals if each.lost}
        told += [f"{each}: that can no longer be; /reset begins the task anew" for each in sorted(lost - self._lost)]
        self._lost = lost
        return told

    def _told(self) -> list[str]:
        """The first near miss that what just happened is."""
        told = []
        for place, near in enumerate(self.task.near):
            held = self._held.get(place, False)
            if newly(near.when, self.scene, self.fresh, held):
                told.append(near.say)
            if not (isinstance(near.when, Clause) and near.when.instant):
                self._held[place] = near.when.holds(self.scene, self.scene.items)
        return told[:1]

    def speaks_of(self, items: tuple[Item, ...]) -> bool:
        """Whether the goal asks for one of these: then the lesson has the word."""
        clauses = [each for each in self.task.goal.clauses() if each.lasting and len(each.values) > 1]
        return any(clause.matches(item) for clause in clauses for item in items)

    # Hints ---------------------------------------------------------------------------------------

    def ladder(self) -> list[str]:
        """The hints in the order in which they are given: first those for what was just done."""
        first = [each for each in self.task.hints if each.when is not None and self._suits(each)]
        return [each.say for each in (*first, *(hint for hint in self.task.hints if hint.when is None))]

    def _suits(self, hint: Hint) -> bool:
        when = hint.when
        if isinstance(when, Clause) and when.instant:
            return any(when.matches(each) for each in self.fresh)
        return when is not None and when.holds(self.scene, self.scene.items)

    def hint(self, step: int = 1) -> Given:
        """The next hint, or the one before with -1; the last one repeats."""
        ladder = self.ladder()
        if not ladder:
            return Given(
                0, 0, f"a test-out gives no hints; lessons {spelled(self.lesson.covers)} teach what it asks for"
            )
        self._hint = max(1, min(self._hint + step, len(ladder)))
        self.hints = max(self.hints, self._hint)
        return Given(self._hint, len(ladder), ladder[self._hint - 1])

    def to(self, task: str) -> None:
        """Go to the task of that id. Raises DataError."""
        ids = [each.id for each in self.lesson.tasks]
        if task not in ids:
            raise DataError(f"task {task!r}", f"there is no such task; there are {', '.join(ids)}")
        self._go(ids.index(task))

    # Going on ------------------------------------------------------------------------------------

    def next(self) -> bool:
        """Go on to the next task, done or not; False at the end."""
        if self.place == len(self.lesson.tasks) - 1:
            return False
        self._go(self.place + 1)
        return True

    def skip(self) -> list[str]:
        """Do the task for the learner, on a fresh scene; what that changed."""
        self.reset()
        self._for_the_learner = True
        before = _stock(self.scene)
        self.scene.play(self.ways[0])
        self.step()
        self.done.discard(self.task.id)
        self.skipped.add(self.task.id)
        after = _stock(self.scene)
        changed = [
            f"{key}: {before.get(key, '0')} before, {now} now" for key, now in after.items() if before.get(key) != now
        ]
        return changed or ["nothing but what was said"]


def _stage(item: Item) -> tuple[str, int, int]:
    """How far an item has come: a reply may get more lines, and a command its reply."""
    return item.kind, item.answered, len(item.lines)


def _stock(scene: Scene) -> dict[str, str]:
    """What there is to be changed: letters, the session, answers."""
    found = {
        f"letters for {name}@{box.domain}": str(len(letters))
        for box in scene.boxes()
        for name, letters in box.letters.items()
    }
    state = {"the server's state": scene.bench.server.position.state, "the host": scene.desk.policy.name}
    answers = {f"answer to {each.id}": scene.answers.get(each.key, "none") for each in scene.questions}
    return {**found, **state, **answers}
