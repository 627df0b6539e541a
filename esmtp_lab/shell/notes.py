"""Notes: the rules at work on a line, in plain words, as deep as the reader wants them."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from esmtp_lab.export.transcript import mask
from esmtp_lab.protocol.event import Event
from esmtp_lab.rules.rule import Citation
from esmtp_lab.wire.span import PARTS, at, find, leaves
from esmtp_lab.wire.visible import visible

UNKNOWN = "no rule known for this line"
_SILENT = frozenset({"space", "crlf", "angle", "at", "equals", "colon"})


class Note(NamedTuple):
    """One thing to say about a line: the octets that it is about as text, what, why, and where it stands."""

    about: str
    says: str
    citation: str = ""
    why: str = ""
    broken: str = ""
    rule: str = ""

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
    # The lines of a long reply get one note each: the reply as a whole must stay readable.
    most = len(rest) if full else 2 if event.line in ("", "only") else 1
    fresh = [each for each in _distinct(rest)[:most] if each.rule.id not in said]
    found = [_note(event, each, full) for each in (*broken, *fresh)]
    offered = _offered(event)
    if offered is not None:
        found = [offered, *found] if full or broken else [offered]
    if not found and not telling and event.kind in ("command", "reply"):
        found.append(Note("", UNKNOWN))
    return found


def _offered(event: Event) -> Note | None:
    """What a line of the EHLO reply offers, by the definition of its extension."""
    span = find(event.spans, "ehlo-keyword") if event.kind == "reply" else None
    keyword = event.octets[span.start : span.end].decode("ascii", "replace") if span else ""
    extension = event.dialect.extension(keyword) if keyword else None
    return Note(keyword, f"{extension.meaning}.", extension.defined_in) if extension else None


def _distinct(citations: list[Citation]) -> list[Citation]:
    """Each rule once, however often the line gives cause."""
    return list({each.rule.id: each for each in citations}.values())


def _note(event: Event, citation: Citation, full: bool) -> Note:
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
        yield Note(visible(event.octets[each.start : each.end].strip()), PARTS[each.part], each.part)
    for citation in _distinct([each for each in event.citations if each.span]):
        if citation.span and citation.span[0] < span[1] and span[0] < citation.span[1]:
            yield _note(event, citation, True)
