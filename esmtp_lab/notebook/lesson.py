"""A lesson: what to do, how far it is done, help, questions, and a whole bench to do it on.

It is the same lesson as in the shell, judged by the same tutor, and noted in the same file of progress.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Any, ClassVar

from esmtp_lab.commands.progress import keeper
from esmtp_lab.errors import DataError
from esmtp_lab.export.byteview import byte_rows
from esmtp_lab.lab import Lab
from esmtp_lab.lab.lessons import begin, lab_of
from esmtp_lab.notebook.bench import BenchWidget
from esmtp_lab.notebook.face import button, safe
from esmtp_lab.notebook.prose import prose, rule_note
from esmtp_lab.notebook.quiz import quiz
from esmtp_lab.protocol.policy import policies
from esmtp_lab.rules.book import book
from esmtp_lab.tutor.attempt import Given
from esmtp_lab.tutor.goal import Met
from esmtp_lab.tutor.progress import progress_file, read_progress, resume
from esmtp_lab.tutor.scene import COMMANDS, raw

BUTTONS = {
    "next": ("Next", "Alt+g"),
    "hint": ("Hint", "Alt+h"),
    "back": ("Hint before", ""),
    "solution": ("Solution", ""),
    "skip": ("Skip", ""),
    "reset": ("Reset", ""),
}
"""What can be done in a lesson: the act, its button, the keys."""
WORDS = {**{f"/{act}": text for act, (text, _) in BUTTONS.items()}, "/lesson": "the text above"}
"""What the tutor says for the shell, and what stands for it here."""
_SAYS = re.compile("|".join(rf"{re.escape(word)}\b" for word in WORDS))
_PLACES = {"mail": "the letters stand under “mailboxes” below", "bytes": "they stand under “octet by octet” below"}
"""Commands of the shell that are always open here, and where."""
_DONE = {"expect": "you expect {}", "fault": "armed: {}; it comes once"}
"""What is said where nothing is seen."""
_DETAILS = (("rules", "rules of this lesson"), ("letters", "mailboxes"), ("octets", "the last exchange octet by octet"))


class LessonWidget(BenchWidget):
    """``LessonWidget(3)`` or ``LessonWidget("one-letter")``: it begins with the first task that is not done."""

    label = "a lesson"

    def __init__(self, lesson: str | int, folder: Path | None = None, **traits: Any) -> None:
        self.attempt = begin(str(lesson), folder)
        with suppress(DataError):  # a file that cannot be read is no reason not to learn; the shell says so
            resume(self.attempt, read_progress(progress_file()))
        self._keep = keeper()
        self._told: tuple[str, ...] = ()
        self._seen: object = None
        self._at_task()
        super().__init__(lab_of(self.attempt), **traits)

    def _at_task(self) -> None:
        """Forget the help for the task before."""
        self._given: Given | None = None
        self._way = 0
        self._ended = False

    def skeleton(self) -> str:
        """The task above, the bench below, and what can be looked up at the end."""
        acts = "".join(button(act, text, keys=keys) for act, (text, keys) in BUTTONS.items())
        details = "".join(
            f'<details><summary>{text}</summary><div data-part="{name}"></div></details>' for name, text in _DETAILS
        )
        return (
            '<h3 data-part="title"></h3><div data-part="task"></div>'
            '<div data-part="goals" aria-label="goals" role="group"></div><div data-part="quiz"></div>'
            f'<div class="esmtp-head">{acts}</div>'
            '<div class="esmtp-told" data-part="told" role="status" aria-live="polite"></div>'
            '<div data-part="given" aria-live="polite"></div><div data-part="way" aria-live="polite"></div>'
            f"{super().skeleton()}{details}"
        )

    # What the tutor sees ---------------------------------------------------------------------------

    def draw(self) -> None:
        """Let the tutor look at what happened, whoever did it, and show it all."""
        self._look()
        super().draw()

    def _look(self) -> None:
        bench = self.lab.bench
        seen = (self.lab, len(bench.log), len(bench.struck), tuple(self.attempt.scene.answers.items()))
        if seen != self._seen:
            self._seen = seen
            self.attempt.scene.enter(self.lab)
            self._tell(*self.attempt.step())
            self._keep(self.attempt)

    def _tell(self, *told: str) -> None:
        self._told = tuple(_SAYS.sub(lambda found: WORDS[found[0]], text) for text in told)

    # Drawing ---------------------------------------------------------------------------------------

    def drawn(self) -> Mapping[str, str]:
        """See `Face.drawn`."""
        attempt = self.attempt
        return {
            **super().drawn(),
            "title": escape(attempt.title),
            "task": self._task(),
            "goals": f"<ul>{''.join(map(_goal, attempt.goals))}</ul>" if not attempt.task.quiz else "",
            "quiz": "".join(quiz(each, attempt.scene.answers.get(each.key)) for each in attempt.task.questions),
            "told": "<br>".join(map(safe, self._told)),
            "given": self._hint_given(),
            "way": self._solution_shown(),
            "rules": "".join(rule_note(book().by_id[each]) for each in attempt.lesson.rules),
            "letters": "".join(box._repr_html_() for box in self.lab.boxes.values()),
            "octets": f"<pre>{escape(chr(10).join(self._octets()))}</pre>",
        }

    def _task(self) -> str:
        attempt = self.attempt
        if self._ended:
            left = [each.title for each in attempt.lesson.tasks if each.id not in attempt.done]
            return prose(attempt.lesson.end) + (f"<p>not done: {escape(', '.join(left))}</p>" if left else "")
        page = prose(attempt.lesson.page) if attempt.place == 0 else ""
        return f"{page}<h4>{escape(attempt.task.title)}</h4>{prose(attempt.task.say)}"

    def _hint_given(self) -> str:
        given = self._given
        return f"hint {given.number} of {given.of}: {prose(given.say)}" if given else ""

    def _solution_shown(self) -> str:
        ways = self.attempt.ways
        if not self._way:
            return ""
        way = ways[(self._way - 1) % len(ways)].strip("\n")
        return f"one way to do it ({(self._way - 1) % len(ways) + 1} of {len(ways)}):<pre>{escape(way)}</pre>"

    def _octets(self) -> Iterator[str]:
        crossings = self.lab.crossings()
        said = [place for place, each in enumerate(crossings) if each.speaker == "client"]
        for crossing in crossings[said[-1] if said else 0 :]:
            for event in self.lab.lines(crossing):
                yield from (f"{'C' if event.speaker == 'client' else 'S'}: {row}" for row in byte_rows(event))

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that can be called, those of the lesson first."""
        return (*self.attempt.task.setting.hosts, *policies(), self.lab.policy.name)

    # What the learner does -------------------------------------------------------------------------

    def send_line(self, line: str) -> None:
        """Say a line, or do what the lab is asked to where a command could stand."""
        client = self.lab.bench.client
        at_prompt = self.lab.role == "server" or client.dialect.framing(client.position.state) == "command"
        if line.startswith("/") and at_prompt:
            self._command(*line.removeprefix("/").partition(" ")[::2])
        else:
            super().send_line(line)

    def _command(self, name: str, argument: str) -> None:
        """A lab command, as the texts of lessons have them."""
        if name in BUTTONS:
            self.acts[name](self, argument)
        elif name in COMMANDS:
            self._do(lambda: self._run(name, argument.strip()))
        else:
            known = ", ".join(f"/{each}" for each in (*BUTTONS, *COMMANDS, *_PLACES))
            self._do(lambda: self._tell(_PLACES.get(name, f"/{name} is no lab command here; there are {known}")))

    def _run(self, name: str, argument: str) -> None:
        scene = self.attempt.scene
        raw(scene, argument) if name == "raw" else COMMANDS[name].run(scene, argument)
        self._go_to(lab_of(self.attempt))
        if name == "answer":
            self._verdict()
        elif name in _DONE:
            self._tell(_DONE[name].format(argument))

    def _do(self, act: Callable[[], object]) -> None:
        self._typed = ""
        self.shared.change(lambda lab: act())

    def _go_to(self, lab: Lab) -> None:
        if lab is not self.lab:
            self.shared.take(lab)

    def anew(self, **changes: Any) -> None:
        """Begin a new session; a host may be one of the lesson's own."""

        def begin_anew(lab: Lab) -> None:
            if "policy" in changes:
                changes["policy"] = self.attempt.task.setting.find(changes["policy"])
            self.shared.take(lab.anew(**changes))

        self.shared.change(begin_anew)

    def _next(self) -> None:
        attempt = self.attempt
        if not attempt.reached and not attempt.leaving:
            attempt.leaving = True
            self._tell("not done yet: /skip does it for you and says what it changes; /next once more leaves it undone")
        elif not attempt.next():
            self._ended = True
        else:
            self._open()

    def _open(self, *told: str) -> None:
        """Show the task that is on, on a fresh lab."""
        self._at_task()
        self._go_to(lab_of(self.attempt))
        self._look()
        self._tell(*told)

    def _skip(self) -> None:
        changed = self.attempt.skip()
        self._open(
            f"skipped: {self.attempt.task.title}. What it changed:", *changed, "/next goes on, /reset is for you"
        )
        self._keep(self.attempt)

    def _reset(self) -> None:
        self.attempt.reset()
        self._open()

    def _hint_next(self, step: int) -> None:
        self._given = self.attempt.hint(step)
        self._keep(self.attempt)

    def _solution(self) -> None:
        self._way += 1
        self.attempt.solution = True
        self._keep(self.attempt)

    def _answer(self, said: str) -> None:
        self.attempt.scene.answer(said)
        self._verdict()

    def _verdict(self) -> None:
        """Say what there is to say to the last answer, and then the tutor's word."""
        key, said = [*self.attempt.scene.answers.items()][-1]
        verdict = next(each for each in self.attempt.scene.questions if each.key == key).judge(said)
        self._look()
        self._tell(f"right: {verdict.say}" if verdict.right else verdict.say, *self._told)

    acts: ClassVar[dict[str, Callable[[Any, str], None]]] = {
        **BenchWidget.acts,
        "send": send_line,
        "next": lambda self, _: self._do(self._next),
        "hint": lambda self, way: self._do(lambda: self._hint_next(-1 if way == "back" else 1)),
        "back": lambda self, _: self._do(lambda: self._hint_next(-1)),
        "solution": lambda self, _: self._do(self._solution),
        "skip": lambda self, _: self._do(self._skip),
        "reset": lambda self, _: self._do(self._reset),
        "answer": lambda self, said: self._do(lambda: self._answer(said)),
    }

    def still(self) -> Iterable[str]:
        """See `Face.still`."""
        return ("title", "task", "goals", *super().still(), "rules")

    def words(self) -> str:
        """See `Face.words`."""
        attempt = self.attempt
        goals = "\n".join(f"{met.mark} {met.words}" for met in attempt.goals)
        return f"{attempt.title}\n\n{attempt.text}\n\n{goals}\n\n{super().words()}"


def _goal(met: Met) -> str:
    """How a clause stands, with what was seen beside what is wanted."""
    lost = f" (can no longer be met: {WORDS['/reset']} begins anew)" if met.lost else ""
    saw = f"; seen: {met.saw}" if met.saw and not met.met else ""
    return f"<li>{escape(f'{met.mark} {met.words}{lost}{saw}')}</li>"
