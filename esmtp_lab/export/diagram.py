"""The session table as a diagram: the states and what leads from one to another, in Mermaid or in plain lines.

It is made from the rows that a dialect has, those of its era and of its extensions, and so it shows no arrow that the
engine does not take (RFC 821 section 4.1.1, RFC 2821 section 4.1.4).
"""

from collections.abc import Iterator
from typing import NamedTuple

from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.session import NOT_VERBS, STATES, Row


class Arrow(NamedTuple):
    """From a state to a state: by which inputs, and for which first digits of the reply, each once, in their order."""

    source: str
    target: str
    labels: tuple[str, ...]


def arrows(dialect: Dialect) -> tuple[Arrow, ...]:
    """Every way from a state to a state, in the order of the states; 421, which closes in any state, is left out."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for row in dialect.rows:
        for source in (state for state in STATES if state in row.states):
            labels = found.setdefault((source, row.to or source), {})
            labels.update(dict.fromkeys(_label(entry, row) for entry in sorted(row.inputs)))
    places = {state: place for place, state in enumerate(STATES)}
    ordered = sorted(found, key=lambda pair: (places[pair[0]], places[pair[1]]))
    return tuple(Arrow(source, target, tuple(found[source, target])) for source, target in ordered)


def reached(dialect: Dialect) -> tuple[str, ...]:
    """The states that a session of this dialect can come to, in their order."""
    ways, found = arrows(dialect), {"connect"}
    while more := {way.target for way in ways if way.source in found} - found:
        found |= more
    return tuple(state for state in STATES if state in found)


def _label(entry: str, row: Row) -> str:
    """``RCPT 2yz``; a word in small letters is no command, and + and - say what must hold and what must not."""
    shown = entry.lower().replace("_", " ") if entry in NOT_VERBS else entry
    facts = [*(f"+{fact}" for fact in sorted(row.needs)), *(f"-{fact}" for fact in sorted(row.unless))]
    return " ".join([shown, *(f"{digit}yz" for digit in row.severities), *facts])


def mermaid(dialect: Dialect) -> Iterator[str]:
    """The lines of a Mermaid state diagram, each state with its meaning."""
    yield "stateDiagram-v2"
    ways = arrows(dialect)
    there = {state for way in ways for state in (way.source, way.target)}
    for state, meaning in STATES.items():
        if state in there:
            yield f'    state "{state}: {meaning}" as {state}'
    yield "    [*] --> connect"
    for way in ways:
        yield f"    {way.source} --> {way.target}: {', '.join(way.labels)}"
    yield "    closed --> [*]"


def text(dialect: Dialect) -> Iterator[str]:
    """The states one below the other, each with what leads on from it."""
    ways = arrows(dialect)
    for state, meaning in STATES.items():
        mine = [way for way in ways if way.source == state]
        if not mine and not any(way.target == state for way in ways):
            continue
        yield f"{state}: {meaning}"
        for way in mine:
            target = "stays" if way.target == state else f"-> {way.target}"
            for label in way.labels:
                yield f"    {label:<28}{target}"
    yield "421 to anything closes the channel."


FORMS = {"text": text, "mermaid": mermaid}
"""How the diagram can be written."""
