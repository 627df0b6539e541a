"""Spans: which octets of a line are what.

A span names a piece of grammar, never a colour. The spans of a line form a forest: those at
the top tile the line from its first octet to its last, and `inner` spans tile their parent, so
that the leaves tile the line as well. Offsets are octets of the line, CRLF included.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

PARTS: dict[str, str] = {
    # command lines
    "verb": "the command's name, in any case",
    "space": "the space between two elements",
    "literal": "a fixed word of the command's syntax, such as FROM:",
    "domain": "the name of a host",
    "address-literal": "an address in brackets, in place of a name",
    "reverse-path": "where notices about the letter go",
    "forward-path": "one recipient of the letter",
    "angle": "a bracket that opens or closes a path",
    "source-route": "the hosts that the letter should pass, now ignored",
    "local-part": "the mailbox at that domain; only its own host may interpret it",
    "at": "what joins local part and domain",
    "parameter": "one parameter of MAIL or RCPT",
    "esmtp-keyword": "the parameter's name",
    "equals": "what joins name and value",
    "esmtp-value": "the parameter's value",
    "string": "free text or a name",
    "node-name": "the host, the hosts or the queue whose letters are asked for",
    "option-character": "the sign before a node name: @ for all hosts below it, # for a queue",
    "chunk-size": "how many octets follow behind the line",
    "end-marker": "the word that says that no more octets will follow these",
    "secret": "what proves who the client is, never shown",
    "unparsed": "octets that no production of the syntax takes",
    # reply lines
    "reply-code": "three digits for the program that reads",
    "hyphen": "the mark that more lines of this reply follow",
    "reply-text": "words for the person who reads",
    "enhanced-status-code": "class.subject.detail, finer than the three digits",
    "ehlo-keyword": "the name of an extension that the server offers",
    "ehlo-param": "what the keyword says about it",
    # content
    "content-text": "the letter itself",
    "stuffed-dot": "a dot added for the journey, taken away on arrival",
    "end-of-data": "the lone dot that ends the content",
    "field-name": "the name of a header field",
    "colon": "what joins field name and field body",
    "field-body": "what the header field says",
    # every line
    "crlf": "the end of the line: CR then LF",
    "bare-cr": "a CR that no LF follows",
    "bare-lf": "an LF that no CR precedes",
    "nul": "the octet 0, which is no text",
    "eight-bit": "octets above 127, which are not US-ASCII",
}
"""The closed vocabulary of parts, each with its meaning in plain words."""


class Span(NamedTuple):
    """Octets `start` up to but not including `end` are a `part`; `inner` spans tile it, or are none."""

    start: int
    end: int
    part: str
    inner: tuple["Span", ...] = ()


def leaves(spans: Iterable[Span]) -> Iterator[Span]:
    """The innermost spans, in order; they tile what `spans` tile."""
    for span in spans:
        if span.inner:
            yield from leaves(span.inner)
        else:
            yield span


def walk(spans: Iterable[Span]) -> Iterator[Span]:
    """Every span, parents before their children."""
    for span in spans:
        yield span
        if span.inner:
            yield from walk(span.inner)


Anatomy = dict[str, list[Span]]
"""The spans of a line by part, each in the order of `walk`."""


def anatomy(spans: Iterable[Span]) -> Anatomy:
    """The spans of a line by part."""
    found: Anatomy = {}
    for span in walk(spans):
        found.setdefault(span.part, []).append(span)
    return found


def find(spans: Iterable[Span], part: str) -> Span | None:
    """The first span that is a `part`, outermost first, or None."""
    return next((span for span in walk(spans) if span.part == part), None)


def at(spans: Iterable[Span], offset: int) -> tuple[Span, ...]:
    """The spans that hold the octet at `offset`, outermost first."""
    return tuple(span for span in walk(spans) if span.start <= offset < span.end)


def tiles(spans: Iterable[Span], start: int, end: int) -> bool:
    """Whether the spans, and the inner spans of each, cover start..end without gap or overlap."""
    for span in spans:
        if span.start != start or span.end < span.start:
            return False
        if span.inner and not tiles(span.inner, span.start, span.end):
            return False
        start = span.end
    return start == end
