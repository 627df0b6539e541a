"""Events as an annotated transcript: protocol lines as they crossed, notes as remarks, so that it reads back."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from esmtp_lab.extensions.known import offer_in, status_in
from esmtp_lab.protocol.event import Event, lines
from esmtp_lab.wire.transcript import write_line
from esmtp_lab.wire.visible import visible

if TYPE_CHECKING:
    from esmtp_lab.rules.detector import Told
    from esmtp_lab.rules.rule import Citation

Crossed = TypeVar("Crossed")

SECRET = "****"
"""What stands for a password."""


def mask(event: Event) -> bytes:
    """The octets of a line, what may be a password in it masked."""
    start = event.secret
    return event.octets if start is None else event.octets[:start] + SECRET.encode() + b"\r\n"


def protocol_line(event: Event) -> str:
    """One line of the wire, or a moment of the channel, in the transcript format."""
    if event.kind == "moment":
        return f"=== {visible(event.octets)}"
    return write_line("C" if event.speaker == "client" else "S", mask(event))


def never_arrived(event: Event) -> str:
    """A reply that did not come across, as a remark: who reads the transcript hears what the client heard."""
    return f"# never arrived: {protocol_line(event)}"


def annotated(crossings: Iterable[Crossed], events: Callable[[Crossed], Iterable[Event]]) -> Iterator[str]:
    """Each line of what crossed with its notes below it; `events` gives those of a crossing."""
    for crossing in crossings:
        for event in events(crossing):
            yield protocol_line(event)
            yield from notes(event)


def told(
    event: Event,
    annotate: Callable[[Event], Event],
    most: int | None = None,
    hear: "Callable[[Event], Iterable[Told]]" = lambda line: (),
) -> Iterator[str]:
    """An event as it is watched live: content line by line, of long content the first `most` lines or none; then of a
    chunk nothing is left, for its octets are all there is of it.

    `hear` gives the misconceptions that a line shows.
    """
    shown = islice(lines(event), most) if most != 0 else (event,) if event.kind != "content" or event.octets else ()
    for line in shown:
        annotated_line = annotate(line)
        yield protocol_line(annotated_line)
        yield from notes(annotated_line)
        yield from remarks(hear(line))
    left = sum(1 for _ in lines(event)) - most if event.content is not None and most else 0
    if left > 0:
        yield f"# and {left} lines more" + (
            " and others behind them" if event.content and event.content.dropped else ""
        )


def notes(event: Event, most: int = 2) -> Iterator[str]:
    """The notes of an annotated event as remarks: broken rules first, then the `most` telling ones.

    What a line of the EHLO reply offers, and what the enhanced status code of a refusal says, is one of these.
    """
    known = _known(event)
    broken, telling = _special(event.citations, most - bool(known))
    if not broken and not telling and not known and event.kind != "moment":
        yield "# no rule of this lab speaks of this line"
    for each in broken:
        yield f"# {note(event, each)}"
    if known:
        yield f"# {known}"
    for each in telling:
        yield f"# {note(event, each)}"


def _special(citations: "tuple[Citation, ...]", most: int) -> "tuple[list[Citation], list[Citation]]":
    """The broken rules, and the first `most` of those that are not at work on every line; they come in this order."""
    broken: list[Citation] = []
    telling: list[Citation] = []
    for each in citations:
        if each.broken:
            broken.append(each)
        elif each.rule.general or len(telling) == most:
            break
        else:
            telling.append(each)
    return broken, telling


def _known(event: Event) -> str:
    """What the registries know of a line, or nothing."""
    known = offer_in(event) or (status_in(event) if event.negative else None)
    return f"{known.about}: {known.says} ({known.citation})" if known else ""


def note(event: Event, citation: "Citation") -> str:
    """One citation in one line: the octets that it speaks of, the rule, and where it stands."""
    rule = citation.rule
    words = event.octets[slice(*citation.span)] if citation.span and event.secret is None else b""
    about = f"{visible(words)}: " if words.strip() else ""
    broken = f"!! the {citation.side(event.speaker)} broke this: " if citation.broken else ""
    level = f"{rule.level}, " if rule.level != "states" else ""
    return f"{broken}{about}{rule.says} ({level}{rule.citation})"


def remarks(told: "Iterable[Told]") -> Iterator[str]:
    """The misconceptions that a line shows, as remarks below its notes."""
    return (f"# ?? {each.words} ({each.rule.citation})" for each in told if each.words)
