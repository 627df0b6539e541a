"""What a rule's conditions may look at, and how each is tested: a closed vocabulary, never code.

Nearly all look at a `Seen`, which is what lines can have in common, so that the rules at work on a line are found once
for all lines that are alike. Those in OCTETS look at how a line is spelt.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase, translate
from functools import lru_cache
from typing import NamedTuple

from esmtp_lab.protocol.event import Event
from esmtp_lab.wire.command import Outline
from esmtp_lab.wire.span import PARTS, Anatomy

Values = frozenset[str]
Condition = Mapping[str, Values]

_NONE: Values = frozenset()
_ANY = frozenset({"?"})


class Seen(NamedTuple):
    """What can be asked of an event.

    `subject` is what the line is about: a command's verb in capitals, known or not, or what a reply answers. `codes` is
    the reply code under all its names: 250, 2yz, x5z; `lines` which line of its reply this is, and whether that has
    "many"; `parts` are those that occur, `keyword` is the EHLO keyword that it offers. `parameters`, `deviations` and
    `in_flight` hold "?" as well where there are any; `strange` tells of a parameter whose extension was not offered.
    `problem` is the parser's slug, or "-". `verb_case` is "upper" or "mixed". `upon` is what was answered last: "EHLO",
    "EHLO 550", "EHLO 5yz"; "-" before the first reply. `listed` tells, "yes" or "no", whether the last answer to EHLO
    lists the subject by the same word. `shown` are the keywords that the server has, as that answer said, in force or
    not, or as this line says by a part that only one of them brings. `registered` tells, "yes" or "no", whether the
    keyword is in IANA's registry of today; `declared` are the parameters of the MAIL to which content belongs. What
    begins with `asked` is about the command that a reply answers.
    """

    kind: str
    speaker: str
    subject: str
    to: str
    state: str
    after: str
    facts: Values
    codes: Values
    lines: Values
    parts: Values
    parameters: Values
    strange: bool
    keyword: str
    registered: str
    declared: Values
    problem: str
    deviations: Values
    offered: Values
    verb_case: str
    in_flight: Values
    upon: Values
    listed: str
    shown: Values
    asked_problem: str
    asked_parts: Values
    asked_parameters: Values


def see(event: Event, parts: Iterable[str]) -> Seen:
    """What can be asked of an event in which these parts occur."""
    kind = event.kind
    command = event.command if kind == "command" else None
    reply = event.reply_line if kind == "reply" else None
    parsed = command or reply
    found = frozenset(parts)
    subject = event.to if command is None else command.verb
    parameters, strange, verb_case, keyword = _NONE, False, "upper", ""
    if command is not None:
        parameters = frozenset(each.keyword for each in command.parameters)
        strange = bool(strangers(event, command.verb, parameters))
        verb_case = _case(event)
    elif reply is not None:
        keyword = _keyword_of(event)
    return Seen(
        kind,
        event.speaker,
        subject,
        event.to,
        event.before.state,
        event.after.state,
        event.before.facts,
        _codes(reply.code) if reply is not None else _NONE,
        _LINES[event.line],
        found,
        parameters | _ANY if parameters else _NONE,
        strange,
        keyword,
        _registered(keyword),
        frozenset(event.declared),
        parsed.problem.slug if parsed is not None and parsed.problem else "-",
        frozenset(each.kind for each in event.deviations) | _ANY if event.deviations else _NONE,
        frozenset(event.offered),
        verb_case,
        frozenset(event.in_flight) | _ANY if event.in_flight else _NONE,
        _upon(event.upon),
        "yes" if subject in event.offered else "no",
        frozenset(event.listed).union(_BRINGS[part] for part in _BRINGS.keys() & found),
        *(_NOT_ASKED if event.asked is None else _asked(event.asked)),
    )


_NOT_ASKED = ("-", _NONE, _NONE)
_BRINGS = {"enhanced-status-code": "ENHANCEDSTATUSCODES"}
"""Parts of lines, and the keywords of what brings them."""


def _asked(asked: Outline) -> tuple[str, Values, Values]:
    return asked.problem, asked.parts, asked.parameters | _ANY if asked.parameters else _NONE


_LINES = {"": frozenset({""}), "only": frozenset({"only"})} | {
    line: frozenset({line, "many"}) for line in ("first", "middle", "last")
}


@lru_cache(maxsize=1024)
def _codes(code: int) -> Values:
    return frozenset({f"{code:03d}", f"{code // 100}yz", f"x{code // 10 % 10}z"}) if code else _NONE


@lru_cache(maxsize=1024)
def _upon(answered: tuple[str, int]) -> Values:
    entry, code = answered
    return frozenset({entry, f"{entry} {code:03d}", f"{entry} {code // 100}yz"}) if code else frozenset({"-"})


def strangers(event: Event, verb: str, keywords: Values) -> Values:
    """Those of a command's parameters that no extension defines which was offered."""
    return frozenset(
        keyword
        for keyword in keywords
        if not any(extension.ehlo_keyword in event.offered for extension, _ in event.dialect.parameters(verb, keyword))
    )


@lru_cache(maxsize=256)
def _registered(keyword: str) -> str:
    if not keyword:
        return "-"
    # The registry is large, and needed for no line but those of an answer to EHLO.
    from esmtp_lab.extensions.registry import NOW, registries

    return "yes" if keyword in registries()[NOW].entries else "no"


def _case(event: Event) -> str:
    first = event.spans[:1]
    written = event.octets[first[0].start : first[0].end] if first else b""
    return "upper" if written == written.upper() else "mixed"


def _keyword_of(event: Event) -> str:
    for span in event.spans:
        if span.part == "ehlo-keyword":
            return event.octets[span.start : span.end].decode("ascii").upper()
    return ""


# The vocabulary ------------------------------------------------------------------------------------


def _one_of(attribute: str) -> Callable[[Seen, Values], bool]:
    return lambda seen, values: getattr(seen, attribute) in values


def _any_of(attribute: str) -> Callable[[Seen, Values], bool]:
    return lambda seen, values: not values.isdisjoint(getattr(seen, attribute))


def _none_of(attribute: str) -> Callable[[Seen, Values], bool]:
    return lambda seen, values: values.isdisjoint(getattr(seen, attribute))


def _verb(seen: Seen, values: Values) -> bool:
    return seen.kind == "command" and seen.subject in values


def _keyword(seen: Seen, values: Values) -> bool:
    keyword = seen.keyword
    wild = any(value.endswith("*") and keyword.startswith(value[:-1]) for value in values)
    return bool(keyword) and (keyword in values or wild)


def _slug(attribute: str) -> Callable[[Seen, Values], bool]:
    def test(seen: Seen, values: Values) -> bool:
        slug = getattr(seen, attribute)
        return slug in values or ("?" in values and slug != "-")

    return test


def _asked_only_parameter(seen: Seen, values: Values) -> bool:
    """Whether the command that a reply answers has none but these: of several any may be what the reply is about."""
    return seen.asked_parameters <= values | _ANY


def _not_offered(seen: Seen, values: Values) -> bool:
    return seen.strange if "?" in values else values.isdisjoint(seen.offered)


KEYS: Mapping[str, Callable[[Seen, Values], bool]] = {
    "kind": _one_of("kind"),
    "speaker": _one_of("speaker"),
    "verb": _verb,
    "to": _one_of("to"),
    "not_to": lambda seen, values: seen.to not in values,
    "state": _one_of("state"),
    "after": _one_of("after"),
    "not_after": lambda seen, values: seen.after not in values,
    "fact": lambda seen, values: values <= seen.facts,
    "not_fact": _none_of("facts"),
    "code": _any_of("codes"),
    "not_code": _none_of("codes"),
    "line": _any_of("lines"),
    "has": _any_of("parts"),
    "not_has": _none_of("parts"),
    "parameter": _any_of("parameters"),
    "keyword": _keyword,
    "registered": _one_of("registered"),
    "declared": _any_of("declared"),
    "not_declared": _none_of("declared"),
    "problem": _slug("problem"),
    "asked_problem": _slug("asked_problem"),
    "asked_has": _any_of("asked_parts"),
    "asked_not_has": _none_of("asked_parts"),
    "asked_parameter": _any_of("asked_parameters"),
    "asked_not_parameter": _none_of("asked_parameters"),
    "asked_only_parameter": _asked_only_parameter,
    "deviation": _any_of("deviations"),
    "not_deviation": _none_of("deviations"),
    "offered": _any_of("offered"),
    "not_offered": _not_offered,
    "listed": _one_of("listed"),
    "shown": _any_of("shown"),
    "verb_case": _one_of("verb_case"),
    "in_flight": _any_of("in_flight"),
    "not_in_flight": _none_of("in_flight"),
    "upon": _any_of("upon"),
    "not_upon": _none_of("upon"),
}
"""Every condition by its name in a rule file, but for those on the octets."""

# How a line is spelt -------------------------------------------------------------------------------

OCTETS = {"spelt": True, "not_spelt": False}
"""The conditions on the octets of a line, and what is asked of them.

A value is a part, or "line", and how it is spelt, in any case; a star is anything: "domain *#*", "*-path <>".
"""

_WHOLE = "line"


@dataclass(frozen=True, slots=True)
class Spelling:
    """Spellings of parts of which one is `wanted`, or none."""

    values: Values
    wanted: bool
    tests: tuple[tuple[str, Callable[[bytes], object]], ...] = field(compare=False)


@lru_cache(maxsize=1024)
def _spelling(values: Values, wanted: bool) -> Spelling:
    by_part: dict[str, list[str]] = {}
    for value in sorted(values):
        part, _, octets = value.partition(" ")
        for each in [_WHOLE] if part == _WHOLE else [each for each in PARTS if fnmatchcase(each, part)]:
            by_part.setdefault(each, []).append(translate(octets))
    patterns = {part: "|".join(each).encode("latin-1") for part, each in by_part.items()}
    return Spelling(values, wanted, tuple((part, re.compile(each, re.I).match) for part, each in patterns.items()))


def spellings(condition: Condition) -> tuple[Spelling, ...]:
    """What a condition asks of the octets of a line."""
    return tuple(_spelling(values, OCTETS[key]) for key, values in condition.items() if key in OCTETS)


def spelt(asked: Iterable[Spelling], octets: bytes, parts: Anatomy) -> tuple[bool, ...]:
    """Whether a line is spelt as each asks."""
    pieces = {part: [octets[span.start : span.end] for span in spans] for part, spans in parts.items()}
    pieces[_WHOLE] = [octets]
    answers = []
    for spelling in asked:
        found = False
        for part, matches in spelling.tests:
            for piece in pieces.get(part, ()):
                if matches(piece):
                    found = True
        answers.append(found is spelling.wanted)
    return tuple(answers)


def holds(condition: Condition, seen: Seen) -> bool:
    """Whether every part of a condition is true of an event, but for those on its octets."""
    return all(KEYS[key](seen, values) for key, values in condition.items() if key in KEYS)
