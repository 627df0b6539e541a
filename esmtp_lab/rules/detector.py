"""The detector: which misconceptions the lines of a session give away, never more than was seen.

It looks at one line in the vocabulary of the rules, and where one line is not enough at what a `Memory` keeps of the
lines before. A memory is a value: whoever takes lines back goes on with an earlier one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from esmtp_lab.protocol.era import ERAS, Era
from esmtp_lab.protocol.event import Event, seen_by_nobody, sight
from esmtp_lab.protocol.session import CONTINUATION, GREETING
from esmtp_lab.rules.book import Book, book
from esmtp_lab.rules.conditions import OCTETS, Condition, Values, holds, see, spellings, spelt
from esmtp_lab.rules.misconceptions import Misconception, misconceptions
from esmtp_lab.rules.rule import Rule
from esmtp_lab.wire.command import Command
from esmtp_lab.wire.span import anatomy

_LINES = 2048
"""Lines of which it is remembered what they are a sign of."""


class Told(NamedTuple):
    """A misconception that a line shows, the rule that speaks to it, and how often the session has shown it so far."""

    misconception: Misconception
    rule: Rule
    times: int

    @property
    def words(self) -> str:
        """What to say: all of it the first time, less the second time, and then nothing more."""
        if self.times == 1:
            return f"{self.misconception.says} {self.misconception.right}"
        return f"once more: {self.misconception.says}" if self.times <= MOST_TOLD else ""


MOST_TOLD = 2


class Memory(NamedTuple):
    """What is kept of the lines of one session: which misconceptions the last line and which all lines make ready, the
    client's last line, and how often each was told."""

    before: tuple[str, ...] = ()
    earlier: frozenset[str] = frozenset()
    said: bytes = b""
    told: tuple[str, ...] = ()


NOTHING = Memory()
"""What is kept before a session begins."""


@lru_cache(maxsize=256)
def _names(code: int) -> Values:
    """A reply code under all its names: 250, 2yz, x5z."""
    return frozenset({f"{code:03d}", f"{code // 100}yz", f"x{code // 10 % 10}z"} if code else ())


_Glance = Callable[[Event, Command | None, Values], bool]


def _problem(event: Event, command: Command | None, values: Values) -> bool:
    problem = command.problem if command is not None else None
    return "-" in values if problem is None else problem.slug in values or "?" in values


def _parameter(event: Event, command: Command | None, values: Values) -> bool:
    found = command.parameters if command is not None else ()
    return bool(found) and ("?" in values or any(each.keyword in values for each in found))


_AT_A_GLANCE: Mapping[str, _Glance] = {
    "to": lambda event, command, values: event.to in values,
    "state": lambda event, command, values: event.before.state in values,
    "fact": lambda event, command, values: values <= event.before.facts,
    "line": lambda event, command, values: event.line in values or "many" in values,
    "code": lambda event, command, values: not values.isdisjoint(_names(event.code)),
    "problem": _problem,
    "parameter": _parameter,
    "not_offered": lambda event, command, values: "?" in values or values.isdisjoint(event.offered),
    "in_flight": lambda event, command, values: bool(event.in_flight),
    "deviation": lambda event, command, values: bool(event.deviations),
}
"""Conditions of which it can be seen cheaply that they do not hold; few lines are a sign of anything."""
_SETTLED = frozenset({"kind", "verb", "to", "state", "fact", "line", "code", "problem", "parameter", *OCTETS})
"""Conditions that the index, a glance or the spelling has settled."""
_COMMAND, _ANY, _WHOLE = frozenset({"command"}), frozenset({""}), {"line"}
_USES = _NOW, _BEFORE, _EARLIER = (0, 1, 2)
"""What a sign is for: the line itself, the one right before, or any before."""


class _Sign:
    """A condition that makes a line a sign of one misconception."""

    def __init__(self, condition: Condition, misconception: Misconception, use: int) -> None:
        self.condition = condition
        self.id = misconception.id
        self.use = use
        self._rest = {key: value for key, value in condition.items() if key not in _SETTLED}
        self._glances = tuple((_AT_A_GLANCE[key], value) for key, value in condition.items() if key in _AT_A_GLANCE)
        asked = spellings(condition)
        self._parts = tuple(each for each in asked if {part for part, _ in each.tests} != _WHOLE)
        self._whole = tuple((each.tests[0][1], each.wanted) for each in asked if each not in self._parts)

    def holds(self, event: Event, command: Command | None) -> bool:
        """Whether a line is as the condition says."""
        for glance, values in self._glances:
            if not glance(event, command, values):
                return False
        for matches, wanted in self._whole:
            if (matches(event.octets) is not None) is not wanted:
                return False
        if not self._rest and not self._parts:
            return True
        parts = anatomy(event.spans)
        if self._rest and not holds(self._rest, see(event, parts)):
            return False
        return not self._parts or all(spelt(self._parts, event.octets, parts))

    def places(self) -> Iterator[tuple[str, str]]:
        """Where the index keeps it: by kind of line, and by verb or by what a reply answers as far as it says."""
        for kind in self.condition.get("kind", _COMMAND):
            subject = self.condition.get("verb" if kind == "command" else "to", _ANY)
            yield from ((kind, name) for name in subject)


class Signs(NamedTuple):
    """The ids of the misconceptions that a line is a sign of, by what the sign is for."""

    now: tuple[str, ...]
    before: tuple[str, ...]
    earlier: tuple[str, ...]


_NO_SIGNS = Signs((), (), ())
_Index = dict[tuple[str, str], tuple[_Sign, ...]]


class Detector:
    """Finds the misconceptions of one era, line by line."""

    def __init__(self, found: Iterable[Misconception], rules: Book, era: Era) -> None:
        told = [(each, rule) for each in found if (rule := each.rule_in(era, rules)) is not None]
        self._at_work = {each.id: (each, rule) for each, rule in told}
        self._index: _Index = {}
        self._waiting: _Index = {}
        self._of_line = lru_cache(maxsize=_LINES)(lambda seen: self._look(seen_by_nobody(seen)))
        for each, _ in told:
            index = self._waiting if each.before else self._index
            for at, conditions, use in (
                (index, each.when, _NOW),
                (self._index, each.before, _BEFORE),
                (self._index, each.earlier, _EARLIER),
            ):
                for sign in (_Sign(condition, each, use) for condition in conditions):
                    for place in sign.places():
                        at[place] = (*at.get(place, ()), sign)

    def signs(self, event: Event) -> Signs:
        """What a line is a sign of, whatever was before it."""
        # Of text hardly two lines are the same.
        return self._look(event) if event.kind == "text" else self._of_line(sight(event))

    def hear(self, memory: Memory, event: Event, signs: Signs | None = None) -> tuple[tuple[Told, ...], Memory]:
        """What a line shows after what is remembered, and what is to be remembered then. Content comes as its lines.

        Whoever knows the signs of the line already saves the looking for them.
        """
        if _begins(event):
            memory = NOTHING
        if signs is None:
            signs = self.signs(event)
        found = tuple(self._told(memory, event, signs.now)) if signs.now or memory.before else ()
        before, earlier, said, told = memory
        if event.kind == "command":
            said = event.octets
        if signs.earlier:
            earlier = earlier.union(signs.earlier)
        if found:
            told += tuple(each.misconception.id for each in found if each.times <= MOST_TOLD)
        elif signs.before == before and said is memory.said and earlier is memory.earlier:
            return found, memory
        return found, Memory(signs.before, earlier, said, told)

    def _look(self, event: Event) -> Signs:
        """What a line is a sign of."""
        command = event.command
        found = [sign for sign in self._at(self._index, event, command) if sign.holds(event, command)]
        if not found:
            return _NO_SIGNS
        return Signs(*(tuple({each.id: each for each in found if each.use == use}) for use in _USES))

    def _at(self, index: _Index, event: Event, command: Command | None) -> tuple[_Sign, ...]:
        """The signs that a line of this kind, about this subject, can be."""
        kind = event.kind
        subject = event.to if command is None else command.verb
        signs = index.get((kind, ""), ())
        return signs + index.get((kind, subject), ()) if subject else signs

    def _told(self, memory: Memory, event: Event, ids: Iterable[str]) -> Iterator[Told]:
        command = event.command
        waiting = self._at(self._waiting, event, command) if memory.before else ()
        # what the memory says is seen at once, and how a line is spelt is not
        ready = [each for each in waiting if each.id in memory.before and self._fits(each.id, memory, event)]
        shown = [each for each in ids if self._fits(each, memory, event)]
        for each in dict.fromkeys((*shown, *(sign.id for sign in ready if sign.holds(event, command)))):
            misconception, rule = self._at_work[each]
            yield Told(misconception, rule, 1 + memory.told.count(each))

    def _fits(self, name: str, memory: Memory, event: Event) -> bool:
        """Whether what is remembered is what a misconception asks for besides the line and the one before."""
        misconception, _ = self._at_work[name]
        if misconception.earlier and name not in memory.earlier:
            return False
        return not misconception.again or _again(misconception.again, memory.said, event)


class Watch:
    """A detector with the memory of one session; `memory` can be set back to what it was."""

    def __init__(self, era: str) -> None:
        self._detector = detector(era)
        self.memory = NOTHING

    def hear(self, event: Event, signs: Signs | None = None) -> tuple[Told, ...]:
        """What the next line of the session shows."""
        told, self.memory = self._detector.hear(self.memory, event, signs)
        return told


@lru_cache(maxsize=8)
def detector(era: str) -> Detector:
    """The detector of an era, on what ships with the lab."""
    return Detector(misconceptions(), book(), ERAS[era])


def _begins(event: Event) -> bool:
    """Whether a line begins a session: what was before it was said to somebody else."""
    if event.kind == "moment":
        return event.octets.startswith(b"connected")
    return event.to == GREETING and event.line in ("only", "first")


def _again(how: str, said: bytes, event: Event) -> bool:
    if event.in_flight or event.to == CONTINUATION:
        return False
    if how == "same":
        return event.octets == said
    verb = said[: len(said.split(b" ")[0].rstrip())]
    return event.octets.upper() == said.upper() and verb != verb.upper()
