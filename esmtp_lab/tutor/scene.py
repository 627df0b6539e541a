"""A scene: where a task is tried. The labs that were opened for it, one after the other, and what was answered.

It plays the learner's lines, and those lab commands that change something, the same ones as in the shell.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from esmtp_lab.bench import Bench, Crossing
from esmtp_lab.errors import DataError
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.policy import Policy
from esmtp_lab.tutor.items import Item, items
from esmtp_lab.tutor.play import Played, play
from esmtp_lab.tutor.question import Question
from esmtp_lab.tutor.setting import ROLES, Setting, find_fault
from esmtp_lab.wire.transcript import Entry, read
from esmtp_lab.wire.visible import unspell


class Desk(Protocol):
    """What a scene needs of a lab."""

    era: str
    policy: Policy

    @property
    def bench(self) -> Bench: ...
    @property
    def boxes(self) -> Mapping[str, Any]: ...
    @property
    def expected(self) -> list[tuple[int, str]]: ...
    def anew(self, *, era: str = "", policy: str | Policy = "", role: str = "") -> "Desk": ...


Opens = Callable[[Setting], Desk]


class Scene:
    """A setting, and what was done there. `desks` are the labs, the last of which is in use.

    `answers` are by the key of their question. `given` counts the lines at the first lab that were there before the
    learner began.
    """

    def __init__(self, setting: Setting, opens: Opens, questions: Iterable[Question] = ()) -> None:
        self.setting = setting
        self.questions = tuple(questions)
        self.answers: dict[str, str] = {}
        self.desks: list[Desk] = [opens(setting)]
        self._found: tuple[Any, tuple[Item, ...]] = (None, ())
        self.given = 0
        if setting.start:
            self.play(setting.start)
            self.given = len(self.desks[0].bench.log)

    @property
    def desk(self) -> Desk:
        """The lab in use."""
        return self.desks[-1]

    @property
    def bench(self) -> Bench:
        """The bench in use."""
        return self.desk.bench

    def enter(self, desk: Desk) -> None:
        """Go on at another lab."""
        if desk is not self.desks[-1]:
            self.desks.append(desk)

    # What was seen -------------------------------------------------------------------------------

    @property
    def items(self) -> tuple[Item, ...]:
        """What the goals look at, in order: what was there at the start and what was undone are left out."""
        state = tuple((id(desk), len(desk.bench.log), len(desk.bench.struck)) for desk in self.desks)
        if self._found[0] != state:
            self._found = (state, items(((desk.bench, desk.policy, desk.era) for desk in self.desks), self.given))
        return self._found[1]

    def boxes(self, at: str = "") -> Iterator[Any]:
        """The mailboxes of every host that was met, or of those with this name or domain."""
        seen: list[Any] = []
        for desk in self.desks:
            for name, box in desk.boxes.items():
                if at in ("", name, box.domain) and not any(box is each for each in seen):
                    seen.append(box)
                    yield box

    # Playing -------------------------------------------------------------------------------------

    def play(self, lines: str) -> list[Played]:
        """Play lines of an attempt. Raises DataError for a lab command that is none."""
        return list(self.playing(read(line.encode("utf-8") for line in lines.strip("\n").split("\n"))))

    def playing(self, entries: Iterable[Entry]) -> Iterator[Played]:
        """Play the entries of an attempt, one after the other. Raises DataError."""
        return play(self.bench, entries, self.command)

    def command(self, line: str) -> tuple[Bench, list[Crossing]]:
        """Run a lab command: the bench to go on with, and what crossed there because of it. Raises DataError."""
        name, _, argument = line.removeprefix("/").partition(" ")
        if name not in COMMANDS:
            there = ", ".join(f"/{each}" for each in COMMANDS)
            raise DataError(line, f"is no lab command of a script; there are {there}. C: {line} is for the server")
        before, begin = self.bench, len(self.bench.log)
        COMMANDS[name].run(self, argument.strip())
        return self.bench, self.bench.log[begin if self.bench is before else 0 :]

    def answer(self, said: str) -> tuple[Question, str]:
        """Take an answer: to the question that it names first, or to the first that is not rightly answered; the
        question and what to say. Raises DataError where there is no question."""
        if not self.questions:
            raise DataError("/answer", "nothing was asked")
        first, _, rest = said.partition(" ")
        named = next((each for each in self.questions if each.id == first), None)
        if named is None or not rest:
            rest = said
            open_ones = (each for each in self.questions if not self.right(each))
            named = next(open_ones, self.questions[-1])
        self.answers[named.key] = rest.strip()
        return named, named.judge(rest).say

    def right(self, question: Question) -> bool:
        """Whether a question is answered rightly."""
        return question.key in self.answers and question.judge(self.answers[question.key]).right

    def expect(self, code: str) -> None:
        """Note which code the learner expects next."""
        self.desk.expected.append((len(self.bench.log), code))


class LabCommand(NamedTuple):
    """A lab command that an attempt may hold."""

    argument: str
    meaning: str
    run: Callable[[Scene, str], object]


def _anew(key: str, values: tuple[str, ...] = ()) -> Callable[[Scene, str], None]:
    def run(scene: Scene, argument: str) -> None:
        if values and argument not in values:
            raise DataError(f"/{key} {argument}", f"there are {', '.join(values)}")
        change: Any = scene.setting.find(argument) if key == "host" else argument
        scene.enter(scene.desk.anew(**{"policy" if key == "host" else key: change}))

    return run


def _fault(scene: Scene, argument: str) -> None:
    arm(scene.bench, argument)


def arm(bench: Bench, argument: str) -> None:
    """Let something go wrong once: ``cut-before END_OF_DATA``, ``cut 100``, ``say NOOP 250 ok``. Raises DataError."""
    kind, _, rest = argument.partition(" ")
    to, _, said = rest.partition(" ")
    octets = unspell(said.encode()) + b"\r\n" if said else b""
    if kind == "cut":
        bench.faults += (find_fault(kind, "", int(to) if to.isdecimal() else 0),)
    else:
        bench.faults += (find_fault(kind, to, 0, octets),)


def _wait(scene: Scene, argument: str) -> None:
    scene.bench.pass_time(float(argument) if argument.isdecimal() else 300.0)


COMMANDS: dict[str, LabCommand] = {
    "restart": LabCommand("", "a new channel to the same host", lambda scene, argument: scene.enter(scene.desk.anew())),
    "host": LabCommand("NAME", "a new channel to another host", _anew("host")),
    "era": LabCommand("ERA", "a new channel to a server of that standard", _anew("era", tuple(ERAS))),
    "role": LabCommand("client|server", "a new session in which the learner plays that side", _anew("role", ROLES)),
    "undo": LabCommand("", "take the last line back", lambda scene, argument: scene.bench.undo()),
    "redo": LabCommand("", "play it again", lambda scene, argument: scene.bench.redo()),
    "raw": LabCommand(
        r"OCTETS", r"send octets as they are written, with \r \n \xNN", lambda scene, argument: raw(scene, argument)
    ),
    "fault": LabCommand("KIND [INPUT] [TEXT]", "let something go wrong on the channel, once", _fault),
    "wait": LabCommand("SECONDS", "let time pass", _wait),
    "expect": LabCommand("CODE", "say which code comes next", lambda scene, argument: scene.expect(argument)),
    "answer": LabCommand("[ID] ANSWER", "answer a question", lambda scene, argument: scene.answer(argument)),
}
"""The lab commands that change something, which solutions and near misses may hold; the shell has all of them."""


def raw(scene: Scene, argument: str) -> None:
    """Send octets as they are written, by whichever side the learner plays."""
    octets = unspell(argument.encode("utf-8", "surrogateescape"))
    scene.bench.say(octets) if scene.bench.server.by_hand else scene.bench.send(octets)
