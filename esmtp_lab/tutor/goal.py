"""Goals: what a task asks for, in a closed vocabulary over what crossed the wire. Never an expression.

The end is judged, not the way: any right route counts.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from esmtp_lab.bench import Bench
from esmtp_lab.errors import DataError
from esmtp_lab.protocol.event import Event

Clause = Mapping[str, str]
KEYS = {
    "command": "a verb that the client sent",
    "problem": "with command: how the line was wrong, as the parser names it",
    "parameter": "with command: the keyword of a parameter on it",
    "reply_to": "what a reply answered: a verb, GREETING, END_OF_DATA or LAST_CHUNK",
    "code": "with reply_to: the code, or its class such as 5yz",
    "delivered": "a mailbox that has at least one letter",
    "state": "the server's state now",
}
"""What a clause may hold, with its meaning."""
_MOMENTS = {"GREETING": "the opened channel", "END_OF_DATA": "the lone dot", "LAST_CHUNK": "the last chunk"}
COMBINED = ("all", "any", "none", "in_order")


class Met(NamedTuple):
    """How one clause stands: what it asks for in words, and whether it is met."""

    words: str
    met: bool


@dataclass(frozen=True, slots=True)
class Goal:
    """Clauses that must hold: `all` of them, at least one of `any`, none of `none`, those `in_order` one after
    the other."""

    all: tuple[Clause, ...] = ()
    any: tuple[Clause, ...] = ()
    none: tuple[Clause, ...] = ()
    in_order: tuple[Clause, ...] = ()

    def judge(self, bench: Bench) -> list[Met]:
        """How each clause stands on this bench now."""
        events = seen(bench)
        found = _in_order(self.in_order, events, bench)
        found += [Met(words(clause), _holds(clause, events, bench)) for clause in self.all]
        if self.any:
            text = " or ".join(words(clause) for clause in self.any)
            found.append(Met(text, any(_holds(clause, events, bench) for clause in self.any)))
        for clause in self.none:
            broken = _holds(clause, events, bench)
            found.append(Met(f"never {words(clause)}", not broken))
        return found

    def reached(self, bench: Bench) -> bool:
        """Whether every clause is met."""
        return all(each.met for each in self.judge(bench))


def seen(bench: Bench) -> list[Event]:
    """The events that count: as their hearers saw them, those undone left out."""
    return [crossing.event for crossing, undone in bench.crossings() if not undone]


def matches(clause: Clause, event: Event) -> bool:
    """Whether one event is what a clause speaks of."""
    return all(_TESTS[key](event, value) for key, value in clause.items())


def words(clause: Clause) -> str:
    """A clause in words, for the list of what is still to do."""
    if "reply_to" in clause:
        to = _MOMENTS.get(clause["reply_to"], clause["reply_to"])
        return f"{clause.get('code', 'a reply')} to {to}"
    if "command" in clause:
        problem = clause.get("problem", "").replace("-", " ")
        parameter = f" with {clause['parameter']}" if "parameter" in clause else ""
        return f"{clause['command']}{parameter}" + (f" that is wrong: {problem}" if problem else "")
    return f"a letter for {clause['delivered']}" if "delivered" in clause else f"state {clause['state']}"


def read_goal(table: Mapping[str, Any], where: str) -> Goal:
    """The goal in a task's table. Raises DataError."""
    parts = {key: tuple(read_clause(each, f"{where}: {key}") for each in table.get(key, ())) for key in COMBINED}
    if not any(parts.values()):
        raise DataError(where, f"has no goal. Add one of {', '.join(COMBINED)}, such as all = [ {{ … }} ]")
    return Goal(**parts)


def read_clause(table: Mapping[str, Any], where: str) -> Clause:
    """One clause, its keys checked. Raises DataError."""
    for key in table:
        if key not in KEYS:
            raise DataError(where, f"knows no key {key!r}; there are {', '.join(KEYS)}")
    if not table.keys() & {"command", "reply_to", "delivered", "state"}:
        raise DataError(where, "asks for nothing. Add command, reply_to, delivered or state")
    return {key: str(value) for key, value in table.items()}


def _in_order(clauses: Iterable[Clause], events: list[Event], bench: Bench) -> list[Met]:
    found, start = [], 0
    for clause in clauses:
        place = next((at for at in range(start, len(events)) if matches(clause, events[at])), None)
        found.append(Met(words(clause), place is not None))
        start = len(events) if place is None else place + 1
    return found


def _holds(clause: Clause, events: list[Event], bench: Bench) -> bool:
    if "delivered" in clause:
        return bool(bench.host.mailboxes.letters.get(clause["delivered"]))
    if "state" in clause:
        return bench.server.position.state == clause["state"]
    return any(matches(clause, event) for event in events)


def _code(event: Event, value: str) -> bool:
    code = f"{event.code:03d}"
    return value in (code, f"{code[0]}yz")


def _problem(event: Event, value: str) -> bool:
    command = event.command
    return command is not None and command.problem is not None and command.problem.slug == value


def _parameter(event: Event, value: str) -> bool:
    return event.command is not None and any(each.keyword == value for each in event.command.parameters)


_TESTS: dict[str, Callable[[Event, str], bool]] = {
    "command": lambda event, value: event.command is not None and event.command.verb == value,
    "problem": _problem,
    "parameter": _parameter,
    "reply_to": lambda event, value: event.kind == "reply" and event.last and event.to == value,
    "code": _code,
    "delivered": lambda event, value: False,
    "state": lambda event, value: event.after.state == value,
}
