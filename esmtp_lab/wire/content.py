"""Content line by line, for whoever looks at it; content itself travels in blocks.

RFC 821 section 4.5.2, RFC 2821 sections 2.3.9 and 4.5.2, RFC 2822 section 2.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from esmtp_lab.wire import grammar as g
from esmtp_lab.wire.command import line_end
from esmtp_lab.wire.framing import bare
from esmtp_lab.wire.scan import Scanner, unparsed
from esmtp_lab.wire.span import Span

_DOT = re.compile(rb"\.")
_COLON = re.compile(rb":")
_STAMP = re.compile(rb"\r\nreceived[ \t]*:", re.IGNORECASE)
_LETTER_WITHIN = re.compile(rb"^content-type[ \t]*:\s*message/(?:rfc822|global)\b", re.IGNORECASE | re.MULTILINE)
# RFC 2046 section 5.1.1
_BOUNDARY = re.compile(rb"\bboundary[ \t]*=[ \t]*(?:\"([^\"\r\n]+)\"|([^\s;\"]+))", re.IGNORECASE)
_TAIL = 64
"""Octets of an unfinished line in which the name of its field is looked for."""


def lines(octets: bytes) -> Iterator[bytes]:
    """The lines of content with their CRLF; only CRLF ends one, and the last may lack it."""
    start = 0
    while start < len(octets):
        end = octets.find(b"\r\n", start)
        end = len(octets) if end < 0 else end + 2
        yield octets[start:end]
        start = end


def unlined(content: bytes) -> int | None:
    """Where content stops to be a sequence of lines: at a NUL, or a CR or LF that is not half of a CRLF; or None.

    RFC 2045 sections 2.7 to 2.9; what is merely a long line is left to whoever reads it.
    """
    places = [place for place in (bare(content), content.find(b"\0")) if place is not None and place >= 0]
    return min(places, default=None)


def still_header(line: bytes) -> bool:
    """Whether a content line can belong to the header section: a field, or the rest of a folded one."""
    return line[:1] in (b" ", b"\t") or g.FIELD_NAME.match(line.removeprefix(b".")) is not None


def international(content: bytes) -> bool:
    """Whether a header section of content holds UTF-8 beyond US-ASCII: its own, or one of a part or of a letter within
    (RFC 6532 sections 3.2 and 3.5; "at any level", RFC 6531 section 3.2)."""
    if content.isascii():
        return False
    fields: list[bytes] | None = []
    boundaries: set[bytes] = set()
    for line in lines(content):
        if fields is None:
            fields = [] if line.startswith(b"--") and line[2:].rstrip() in boundaries else None
        elif still_header(line):
            if _beyond_ascii(line):
                return True
            fields.append(line)
        else:
            header = b"".join(fields)
            boundaries.update(quoted or bare for quoted, bare in _BOUNDARY.findall(header))
            fields = [] if _LETTER_WITHIN.search(header) else None
            if fields is None and not boundaries:
                break
    return False


def _beyond_ascii(line: bytes) -> bool:
    """Whether a line has characters beyond US-ASCII in UTF-8; other octets above 127 are no characters."""
    try:
        return not line.decode("utf-8").isascii()
    except UnicodeDecodeError:
        return False


class Stamps(NamedTuple):
    """How many time stamp lines the header section holds, as far as content has come (RFC 2821 sections 4.4 and 6.2).

    `tail` is what stands behind the last whole line, its CRLF in front; empty where the header section is over.
    """

    found: int = 0
    tail: bytes = b"\r\n"

    def plus(self, block: bytes) -> "Stamps":
        """The count with one unstuffed block more, wherever it was cut."""
        if not self.tail:
            return self
        text = self.tail + block
        over = text.find(b"\r\n\r\n")
        end = over + 2 if over >= 0 else text.rfind(b"\r\n")
        more = len(_STAMP.findall(text, 0, end))
        tail = b"" if over >= 0 else text[end:]
        return Stamps(self.found + more, tail if len(tail) <= _TAIL else tail[:_TAIL] + tail[-1:])


@lru_cache(maxsize=4096)
def content_spans(octets: bytes, header: bool, stuffed: bool = True) -> tuple[Span, ...]:
    """The spans of one content line as it travels; in the `header` section a field has name and body. Unless content is
    `stuffed`, a dot is a dot."""
    end = line_end(octets)
    scanner = Scanner(octets, end)
    if not stuffed:
        scanner.spans += unparsed(octets, 0, end, "content-text")
        return (*scanner.spans, Span(end, len(octets), "crlf")) if end < len(octets) else tuple(scanner.spans)
    if octets == b".\r\n":
        scanner.take(_DOT, "end-of-data")
    elif scanner.peek(b"."):
        scanner.take(_DOT, "stuffed-dot")
    if header and scanner.take(g.FIELD_NAME, "field-name"):
        scanner.take(_COLON, "colon")
        scanner.spans += unparsed(octets, scanner.at, end, "field-body")
    else:
        scanner.spans += unparsed(octets, scanner.at, end, "content-text")
    if end < len(octets):
        scanner.spans.append(Span(end, len(octets), "crlf"))
    return tuple(scanner.spans)
