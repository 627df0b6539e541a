"""A scanner: takes pieces off a line from the left, and leaves spans behind.

The same scan parses for the session and colours for the screen, so it never raises. Where the
line stops to be derivable it records one `Problem`, and what is left becomes `unparsed`.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from re import Pattern
from typing import NamedTuple

from esmtp_lab.wire.span import Span

_RUN = re.compile(rb"[^\x00\n\r\x80-\xff]+|[\x80-\xff]+|\x00+|\n+|\r+")


class Problem(NamedTuple):
    """Why a line is not derivable: from octet `at`, `expected` was missing; `slug` names the case."""

    at: int
    expected: str
    slug: str


class Scanner:
    """Reads `octets` up to `end` from the left; `spans` tile what has been read."""

    def __init__(self, octets: bytes, end: int) -> None:
        self.octets = octets
        self.at = 0
        self.end = end
        self.spans: list[Span] = []
        self.problem: Problem | None = None

    @property
    def done(self) -> bool:
        """Whether the line is read to its end."""
        return self.at >= self.end

    def peek(self, literal: bytes) -> bool:
        """Whether `literal` comes next, in any case."""
        return self.octets[self.at : min(self.at + len(literal), self.end)].upper() == literal.upper()

    def take(self, pattern: Pattern[bytes], part: str) -> bytes | None:
        """Take what `pattern` matches here as a `part`; None, and nothing taken, where it does not."""
        match = pattern.match(self.octets, self.at, self.end)
        if match is None or match.end() == self.at:
            return None
        self.spans.append(Span(self.at, match.end(), part))
        self.at = match.end()
        return match[0]

    def word(self, literal: bytes, part: str) -> bool:
        """Take `literal`, in any case, as a `part`."""
        if not self.peek(literal):
            return False
        self.spans.append(Span(self.at, self.at + len(literal), part))
        self.at += len(literal)
        return True

    @contextmanager
    def group(self, part: str) -> Iterator[None]:
        """What is taken inside becomes the inner spans of one `part`, whether or not it ends well."""
        outer, start = self.spans, self.at
        self.spans = []
        try:
            yield
        finally:
            inner, self.spans = tuple(self.spans), outer
            if self.at > start:
                self.spans.append(Span(start, self.at, part, inner))

    def fail(self, expected: str, slug: str, at: int | None = None) -> None:
        """Record that `expected` was missing; the first failure is the one that counts."""
        if self.problem is None:
            self.problem = Problem(self.at if at is None else at, expected, slug)

    def rest(self) -> None:
        """Whatever is left belongs to no production."""
        if not self.done:
            self.spans += unparsed(self.octets, self.at, self.end)
            self.at = self.end


def unparsed(octets: bytes, start: int, end: int, part: str = "unparsed") -> list[Span]:
    """Spans over octets of no syntax, or of a `part` that takes any: what no text may hold stands apart."""
    runs = _RUN.finditer(octets, start, end)
    return [Span(run.start(), run.end(), _kind(octets[run.start()], part)) for run in runs]


def _kind(octet: int, part: str) -> str:
    if octet >= 0x80:
        return "eight-bit"
    return {0x00: "nul", 0x0A: "bare-lf", 0x0D: "bare-cr"}.get(octet, part)
