"""The words of goals: which keys stand beside which subject, of what kind their values are, and how a goal reads."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from esmtp_lab.tutor.number import ONCE
from esmtp_lab.tutor.present import COUNTED, LETTER, STATE, Wanted
from esmtp_lab.tutor.said import MOMENTS, Values
from esmtp_lab.wire.visible import visible

if TYPE_CHECKING:
    from esmtp_lab.tutor.clause import Clause

CASES = ("upper", "lower", "mixed")
DISTINCT = ("verb", "to", "code", "first_digit", "spelled", "session", "line")
"""In what lines are to differ."""
LINES = ("command", "reply_to", "content", "moment", "violation")
NOW = tuple(COUNTED)
SUBJECTS = (*LINES, *NOW)
_ANY_LINE = ("at", "in", "fact", "has", "octets", "deviation", "offered", "not_offered")
ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "command": (
        *_ANY_LINE, "problem", "parameter", "argument", "path", "spelled", "casing", "answered", "pipelined",
        "ends_group",
    ),
    "reply_to": (*_ANY_LINE, "code", "lines", "enhanced", "unchanged"),
    "content": (*_ANY_LINE, "answered", "dots", "eight_bit", "equals"),
    "moment": ("at", "in", "fact", "has", "by"),
    "violation": ("at", "in", "by"),
    "delivered": ("at", *LETTER),
    "state": ("at", "side", *STATE[1:]),
    "expected": ("code",),
    "outcome": ("path",),
    "queued": (),
    "answer": (),
}  # fmt: skip
"""What may stand beside each subject; besides these `count` and `say`, and for lines `distinct` and `next`."""
NUMBERS = frozenset({"octets", "pending", "lines", "dots", "recipients"})
FLAGS = frozenset({"content", "pipelined", "ends_group", "unchanged", "eight_bit", "hidden", "turned"})
OCTETS = frozenset(
    {"has", "argument", "spelled", "equals", "path", "from", "to", "header", "no_header", "reverse_path"}
)
_WORDS: Mapping[str, Callable[[Wanted], str]] = {
    "command": lambda wanted: "any command" if "*" in wanted["command"] else _named(wanted, "command"),
    "reply_to": lambda wanted: (
        f"{_named(wanted, 'code') if 'code' in wanted else 'a reply'} to "
        + _or(tuple(MOMENTS.get(each, each) for each in wanted["reply_to"]))
    ),
    "content": lambda wanted: "content",
    "moment": lambda wanted: f"the moment: {_named(wanted, 'moment')}",
    "violation": lambda wanted: (
        "any broken rule" if "*" in wanted["violation"] else f"a broken rule: {_named(wanted, 'violation')}"
    ),
    "delivered": lambda wanted: (
        "a letter" if "*" in wanted["delivered"] else f"a letter for {_named(wanted, 'delivered')}"
    ),
    "state": lambda wanted: "" if "*" in wanted["state"] else f"state {_named(wanted, 'state')}",
    "expected": lambda wanted: (
        f"you said before what comes for {_or(tuple(MOMENTS.get(each, each) for each in wanted['expected']))}"
    ),
    "outcome": lambda wanted: f"a recipient that is {_named(wanted, 'outcome')}",
    "queued": lambda wanted: f"a letter that waits at {_named(wanted, 'queued')}",
    "answer": lambda wanted: "answered: " + _or(tuple(each.id for each in wanted["answer"])),
}
_PHRASES = {
    "at": "at {}", "in": "in state {}", "fact": "with {}", "no_fact": "without {}", "has": "with {!r} in it",
    "octets": "of {} octets", "deviation": "with a deviation: {}", "offered": "where {} was offered",
    "not_offered": "where {} was not offered", "problem": "that is wrong: {}",
    "parameter": "with {}", "argument": "{}", "path": "{}", "spelled": "spelled {}", "casing": "in {} case",
    "answered": "answered {}", "pipelined": "in a group", "ends_group": "at the end of its group",
    "lines": "in {} lines",
    "enhanced": "with the enhanced code {}", "unchanged": "that changes nothing", "dots": "with {} stuffed dots",
    "eight_bit": "with octets above 127", "equals": "as it stands in the task", "by": "by the {}", "from": "from {}",
    "to": "with the recipients {}", "header": "with the field {}", "no_header": "without the field {}",
    "hidden": "who is named in no field", "protocol": "that came with {}", "verb": "by {}", "side": "at the {}",
    "client_name": "for the client {}", "recipients": "with {} recipients", "reverse_path": "with the reverse-path {}",
    "pending": "with {} octets that form no line",
    "role": "where you are the {}", "turned": "after TURN",
}  # fmt: skip
OF_CLAUSE = ("count", "say", "distinct", "next")


def in_words(clause: "Clause") -> str:
    """What a clause asks for, in words."""
    often = "" if clause.count == ONCE else f", {clause.count}" + (" times" if clause.count.wanted != 1 else " time")
    different = f", each with another {clause.distinct.replace('_', ' ')}" if clause.distinct else ""
    return f"{_WORDS[clause.subject](clause.values)}{''.join(_attributes(clause.values))}{often}{different}".strip()


def _attributes(wanted: Wanted) -> Iterator[str]:
    for key, values in wanted.items():
        if key in _PHRASES:
            yield f" {_PHRASES[key].format(_or(values))}"


def _named(wanted: Wanted, key: str) -> str:
    return _or(wanted[key])


def _or(values: Values) -> str:
    return " or ".join(visible(each) if isinstance(each, bytes) else str(each) for each in values)
