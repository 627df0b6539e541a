"""What a rule's conditions may look at, and how each is tested: a closed vocabulary, never code."""

from collections.abc import Callable, Mapping
from functools import cached_property

from esmtp_lab.protocol.event import Event
from esmtp_lab.wire.span import walk

Values = frozenset[str]


class Seen:
    """What can be asked of one event; each answer is worked out once, and only when a rule asks."""

    def __init__(self, event: Event) -> None:
        self.event = event
        self.kind = event.kind

    @cached_property
    def verb(self) -> str:
        """The verb of a command in capitals, known or not."""
        command = self.event.command
        return command.verb if command else ""

    @property
    def subject(self) -> str:
        """What the line is about: a command's verb, or what a reply answers."""
        return self.verb if self.kind == "command" else self.event.to

    @cached_property
    def codes(self) -> Values:
        """The reply code under all its names: 250, 2yz, x5z."""
        code = self.event.code
        return frozenset({f"{code:03d}", f"{code // 100}yz", f"x{code // 10 % 10}z"}) if code else frozenset()

    @cached_property
    def lines(self) -> Values:
        """Which line of its reply this is, and whether that has several."""
        line = self.event.line
        return frozenset({line} if line in ("", "only") else {line, "many"})

    @cached_property
    def parts(self) -> Values:
        """The parts that occur."""
        return frozenset(span.part for span in walk(self.event.spans))

    @cached_property
    def parameters(self) -> Values:
        """The keywords of the parameters, and "?" where there is any."""
        command = self.event.command
        keywords = frozenset(each.keyword for each in command.parameters) if command else frozenset()
        return keywords | {"?"} if keywords else keywords

    @cached_property
    def strange(self) -> bool:
        """Whether a parameter stands here whose extension was not offered."""
        command, event = self.event.command, self.event
        for parameter in command.parameters if command else ():
            found = event.dialect.parameter(command.verb if command else "", parameter.keyword)
            if found is None or found[0].ehlo_keyword not in event.offered:
                return True
        return False

    @cached_property
    def keyword(self) -> str:
        """The EHLO keyword of this line of a reply, in capitals."""
        for span in self.event.spans:
            if span.part == "ehlo-keyword":
                return self.event.octets[span.start : span.end].decode("ascii").upper()
        return ""

    @cached_property
    def problem(self) -> str:
        """The slug of the parser's problem, or "-"."""
        parsed = self.event.command or self.event.reply_line
        return parsed.problem.slug if parsed and parsed.problem else "-"

    @cached_property
    def deviations(self) -> Values:
        """The kinds of octets that may not stand here, and "?" where there are any."""
        kinds = frozenset(each.kind for each in self.event.deviations)
        return kinds | {"?"} if kinds else kinds

    @cached_property
    def in_flight(self) -> Values:
        """The inputs that still wait for their reply while this is sent, and "?" where there are any."""
        waiting = frozenset(self.event.in_flight)
        return waiting | {"?"} if waiting else waiting

    @cached_property
    def upon(self) -> Values:
        """What was answered last: "EHLO", "EHLO 550", "EHLO 5yz"; "-" before the first reply."""
        entry, code = self.event.upon
        return frozenset({entry, f"{entry} {code:03d}", f"{entry} {code // 100}yz"}) if code else frozenset({"-"})

    @cached_property
    def verb_case(self) -> str:
        """Whether the verb was written in capitals, or is "mixed"."""
        first = self.event.spans[:1]
        written = self.event.octets[first[0].start : first[0].end] if first else b""
        return "upper" if written == written.upper() else "mixed"


def _one_of(attribute: str) -> Callable[[Seen, Values], bool]:
    return lambda seen, values: getattr(seen, attribute) in values


def _any_of(attribute: str) -> Callable[[Seen, Values], bool]:
    return lambda seen, values: not values.isdisjoint(getattr(seen, attribute))


def _none_of(attribute: str) -> Callable[[Seen, Values], bool]:
    return lambda seen, values: values.isdisjoint(getattr(seen, attribute))


def _keyword(seen: Seen, values: Values) -> bool:
    keyword = seen.keyword
    wild = any(value.endswith("*") and keyword.startswith(value[:-1]) for value in values)
    return bool(keyword) and (keyword in values or wild)


def _problem(seen: Seen, values: Values) -> bool:
    return seen.problem in values or ("?" in values and seen.problem != "-")


def _not_offered(seen: Seen, values: Values) -> bool:
    return seen.strange if "?" in values else values.isdisjoint(seen.event.offered)


KEYS: Mapping[str, Callable[[Seen, Values], bool]] = {
    "kind": _one_of("kind"),
    "speaker": lambda seen, values: seen.event.speaker in values,
    "verb": _one_of("verb"),
    "to": lambda seen, values: seen.event.to in values,
    "state": lambda seen, values: seen.event.before.state in values,
    "fact": lambda seen, values: values <= seen.event.before.facts,
    "not_fact": lambda seen, values: values.isdisjoint(seen.event.before.facts),
    "code": _any_of("codes"),
    "not_code": _none_of("codes"),
    "line": _any_of("lines"),
    "has": _any_of("parts"),
    "not_has": _none_of("parts"),
    "parameter": _any_of("parameters"),
    "keyword": _keyword,
    "problem": _problem,
    "deviation": _any_of("deviations"),
    "offered": lambda seen, values: not values.isdisjoint(seen.event.offered),
    "not_offered": _not_offered,
    "verb_case": _one_of("verb_case"),
    "in_flight": _any_of("in_flight"),
    "upon": _any_of("upon"),
    "not_upon": _none_of("upon"),
}
"""Every condition by its name in a rule file."""


def holds(condition: Mapping[str, Values], seen: Seen) -> bool:
    """Whether every part of a condition is true of an event."""
    return all(KEYS[key](seen, values) for key, values in condition.items())
