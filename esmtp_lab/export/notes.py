"""Notes: the rules at work on a line and what the registries know of it, in plain words, as deep as wanted."""

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from esmtp_lab.export.transcript import mask
from esmtp_lab.extensions.known import Known, agreed_in, offer_in, status_in, status_of
from esmtp_lab.protocol.event import Event
from esmtp_lab.wire.span import PARTS, at, find, leaves
from esmtp_lab.wire.visible import visible

if TYPE_CHECKING:
    from esmtp_lab.rules.detector import Told
    from esmtp_lab.rules.rule import Citation

UNKNOWN = "no rule known for this line"
_SILENT = frozenset({"space", "crlf", "angle", "at", "equals", "colon"})


class Note(NamedTuple):
    """One thing to say about a line: the octets that it is about as text, what, why, and where it stands.

    `broken` is the side that broke the rule, `seems` tells that a misconception is guessed from what was seen.
    """

    about: str
    says: str
    citation: str = ""
    why: str = ""
    broken: str = ""
    rule: str = ""
    seems: bool = False

    @property
    def text(self) -> str:
        """The note in one line."""
        about = f"{self.about}: " if self.about else ""
        broken = f"the {self.broken} broke this: " if self.broken else ""
        where = f" ({self.citation})" if self.citation else ""
        why = f" Why: {self.why}" if self.why else ""
        return f"{broken}{about}{self.says}{where}{why}"


def notes(event: Event, depth: str, said: Collection[str] = ()) -> list[Note]:
    """The notes on an annotated event: broken rules first, then one or two, or all where `depth` is "full".

    Rules whose ids are in `said` need not be told again.
    """
    if depth == "off":
        return []
    full = depth == "full"
    telling = [each for each in event.citations if each.broken or not each.rule.general]
    broken = [each for each in telling if each.broken]
    rest = [each for each in telling if not each.broken]
    status = status_in(event) if full or event.negative else None
    # The lines of a long reply get one note each: the reply as a whole must stay readable.
    most = len(rest) if full else 1 if event.line not in ("", "only") or status else 2
    fresh = [each for each in _distinct(rest)[:most] if each.rule.id not in said]
    found = [_note(event, each, full) for each in (*broken, *fresh)]
    if status is not None:
        found.insert(len(broken), _known(status, full))
    offer = offer_in(event)
    if offer is not None:
        found = [_known(offer, full), *(found if full or broken else ())]
    if not found and not telling and event.kind in ("command", "reply"):
        found.append(Note("", UNKNOWN))
    return found


def _known(known: Known, full: bool) -> Note:
    """What the registries know of a word in a line."""
    return Note(known.about, known.full if full else known.says, known.citation)


def _distinct(citations: "list[Citation]") -> "list[Citation]":
    """Each rule once, however often the line gives cause."""
    return list({each.rule.id: each for each in citations}.values())


def _note(event: Event, citation: "Citation", full: bool) -> Note:
    rule = citation.rule
    words = mask(event)[slice(*citation.span)] if citation.span and event.secret is None else b""
    level = f"{rule.level}, " if rule.level != "states" else ""
    return Note(
        visible(words.strip()),
        rule.says,
        f"{level}{rule.citation}",
        rule.why if full else "",
        citation.side(event.speaker) if citation.broken else "",
        rule.id,
    )


def noted(told: "Iterable[Told]", depth: str) -> list[Note]:
    """The notes on misconceptions."""
    if depth == "off":
        return []
    why = depth == "full"
    return [
        Note("", each.words, each.rule.citation, each.rule.why if why else "", seems=True)
        for each in told
        if each.words
    ]


def subject(event: Event) -> str:
    """What a note on a whole line stands beside: its keyword, or else its verb or its code."""
    span = find(event.spans, "ehlo-keyword") or next(iter(event.spans), None)
    return visible(mask(event)[span.start : span.end].removesuffix(b"\r\n")) if span and event.secret is None else ""


def stops(event: Event) -> list[tuple[int, int]]:
    """The spans that a reader can walk to, as octets from and to."""
    if event.secret is not None:
        return []
    return [(span.start, span.end) for span in leaves(event.spans) if span.part not in _SILENT]


def at_span(event: Event, span: tuple[int, int]) -> Iterator[Note]:
    """What the octets of one span are, outermost part first, and the rules that speak of them."""
    for each in at(event.spans, span[0]):
        text = visible(event.octets[each.start : each.end].strip())
        yield Note(text, PARTS[each.part], each.part)
        if each.part == "enhanced-status-code":
            yield _known(status_of(text, event.code), True)
        elif each.part == "ehlo-keyword" and (offer := offer_in(event)) is not None:
            yield _known(offer, True)
        elif (agreed := agreed_in(event, each.part, text)) is not None:
            yield _known(agreed, True)
    for citation in _distinct([each for each in event.citations if each.span]):
        if citation.span and citation.span[0] < span[1] and span[0] < citation.span[1]:
            yield _note(event, citation, True)
