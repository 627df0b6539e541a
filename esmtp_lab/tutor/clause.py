"""Clauses: one thing that a goal looks for. What each key means stands in `goal`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from esmtp_lab.errors import DataError
from esmtp_lab.tutor.items import Item
from esmtp_lab.tutor.number import ONCE, Number, read_number
from esmtp_lab.tutor.present import COUNTED, SAW
from esmtp_lab.tutor.question import Question
from esmtp_lab.tutor.said import CODE, MOMENT, TESTS, Values, described, distinct_in
from esmtp_lab.tutor.scene import Scene
from esmtp_lab.tutor.tables import Table, flag, known, text
from esmtp_lab.tutor.vocabulary import (
    ATTRIBUTES,
    CASES,
    DISTINCT,
    FLAGS,
    LINES,
    NUMBERS,
    OCTETS,
    OF_CLAUSE,
    SUBJECTS,
    in_words,
)
from esmtp_lab.wire.visible import unspell


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: its subject, the values of each key (any of them will do), how often it is wanted."""

    subject: str
    values: Mapping[str, Values]
    count: Number = ONCE
    distinct: str = ""
    next: bool = False
    say: str = ""

    @property
    def lasting(self) -> bool:
        """Whether it looks at what was said, which stays as it is."""
        return self.subject in LINES

    @property
    def instant(self) -> bool:
        """Whether one line meets it."""
        return self.lasting and self.count == ONCE and not self.distinct

    def matches(self, item: Item) -> bool:
        """Whether one item is what this speaks of."""
        return all(TESTS[key](item, values) for key, values in self.values.items())

    def about(self, item: Item) -> bool:
        """Whether an item is of the same subject, whatever else is asked for."""
        return all(TESTS[key](item, values) for key, values in self.values.items() if key in LINES)

    def about_kind(self, item: Item) -> bool:
        """Whether an item is of the same kind: a command, a reply, a content, a moment."""
        kinds = {"command": "command", "reply_to": "reply", "content": "content", "moment": "moment"}
        return kinds.get(self.subject, item.kind) == item.kind

    def found(self, scene: Scene, items: tuple[Item, ...]) -> int:
        """How often it is met."""
        if self.subject in LINES:
            matching = [item for item in items if self.matches(item)]
            return len({distinct_in(item, self.distinct) for item in matching}) if self.distinct else len(matching)
        return COUNTED[self.subject](self.values, scene)

    def holds(self, scene: Scene, items: tuple[Item, ...]) -> bool:
        """Whether it is met as often as is wanted."""
        return self.count.fits(self.found(scene, items))

    def saw(self, scene: Scene, items: tuple[Item, ...]) -> str:
        """What was seen instead; nothing where there is nothing to say."""
        if self.subject in LINES:
            about = [item for item in items if self.about(item)]
            often = f"{self.found(scene, items)} of them; " if self.count != ONCE else ""
            return f"{often}last {described(about[-1])}" if about else often.removesuffix("; ")
        return SAW[self.subject](self.values, scene)

    @property
    def words(self) -> str:
        """It in words, for the list of what is still to do."""
        return self.say or in_words(self)

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions that it wants an answer to."""
        return self.values.get("answer", ())


def read_clause(table: Table, where: str, questions: Mapping[str, Question]) -> Clause:
    """One clause, its keys and values checked. Raises DataError."""
    subjects = [each for each in SUBJECTS if each in table]
    if not subjects:
        raise DataError(where, f"asks for nothing. Add one of {', '.join(SUBJECTS)}")
    if len(subjects) > 1:
        raise DataError(where, f"asks for {' and '.join(subjects)} at once. Make a clause of each")
    subject = subjects[0]
    lasting = subject in LINES
    known(table, (subject, *ATTRIBUTES[subject], *(OF_CLAUSE if lasting else OF_CLAUSE[:2])), f"{where}: {subject}")
    values = {key: _values(key, value, where) for key, value in table.items() if key not in OF_CLAUSE}
    distinct = text(table, "distinct", where, "")
    if distinct and distinct not in DISTINCT:
        raise DataError(where, f"distinct is one of {', '.join(DISTINCT)}, not {distinct!r}")
    if subject == "answer":
        strange = [each for each in values["answer"] if each not in questions]
        if strange:
            there = ", ".join(questions) or "no questions"
            raise DataError(where, f"asks for an answer to {strange[0]!r}; there are {there}")
        values["answer"] = tuple(questions[each] for each in values["answer"])
    count = read_number(table["count"], f"{where}: count", ">=" if lasting else "=") if "count" in table else ONCE
    return Clause(subject, values, count, distinct, flag(table, "next", where), text(table, "say", where, ""))


def _names_code(key: str, name: str) -> bool:
    return CODE.fullmatch(name) is not None or (key == "answered" and name == "-")


def _values(key: str, value: Any, where: str) -> Values:
    """The values of a key as they are compared. Raises DataError."""
    each = value if isinstance(value, list) else [value]
    where = f"{where}: {key}"
    if not each:
        raise DataError(where, "is an empty list")
    if key in FLAGS:
        if not isinstance(value, bool):
            raise DataError(where, f"is true or false, not {value!r}")
        return (value,)
    if key in NUMBERS:
        return tuple(read_number(one, where) for one in each)
    if not all(isinstance(one, (str, int)) and not isinstance(one, bool) for one in each):
        raise DataError(where, f"is a text or a list of texts, not {value!r}")
    if key in OCTETS:
        return tuple(unspell(str(one).encode().replace(b"\n", b"\r\n")) for one in each)
    if key in ("code", "answered") and (strange := [one for one in each if not _names_code(key, str(one))]):
        raise DataError(where, f'{strange[0]!r} is no code. Write 250, "5yz" or "x5z"')
    if key == "moment" and not all(str(one).startswith(MOMENT) for one in each):
        turned = ', and after TURN { state = "*", turned = true } holds'
        raise DataError(where, f"begins with {', '.join(MOMENT)}, not {value!r}{turned}")
    if key == "casing" and not set(each) <= set(CASES):
        raise DataError(where, f"is one of {', '.join(CASES)}, not {value!r}")
    return tuple(str(one) for one in each)
