"""Framing: cuts the stream into lines at CRLF, and hands content over as it comes.

CR LF ends a line and nothing else does (RFC 821 section 4.1.2, RFC 2821 section 2.3.7). A bare CR
or LF is an octet of the line, reported with its place and never mended. How the octets
are cut up on arrival makes no difference to what comes out.
"""

import re
from itertools import islice
from typing import NamedTuple

_DEVIANT = re.compile(rb"\r(?!\n)|(?<!\r)\n|\x00+|[\x80-\xff]+")
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
LINE_BOUND = 16_384
"""Octets of one line that are kept; what is longer is counted, so that no line can fill the memory."""


class Deviation(NamedTuple):
    """Octets that no line may hold: `kind` is a part (bare-cr, bare-lf, nul, eight-bit), "not-utf-8" where UTF-8 may
    stand, or "overlong"; or "endless" where a number counts more octets than anybody will wait for."""

    at: int
    kind: str
    octets: int = 1


class Line(NamedTuple):
    """A line with its CRLF. Of more than LINE_BOUND octets the first are kept, and `length` counts all."""

    octets: bytes
    length: int


def deviations(octets: bytes, most: int | None = None) -> tuple[Deviation, ...]:
    """What stands in a line or a text that may not, each with its offset in octets; the first `most` of them."""
    if bare(octets) is None and octets.isascii() and b"\0" not in octets:
        return ()
    kinds = {b"\r": "bare-cr", b"\n": "bare-lf", b"\0": "nul"}
    return tuple(
        Deviation(match.start(), kinds.get(match[0][:1], "eight-bit"), len(match[0]))
        for match in islice(_DEVIANT.finditer(octets), most)
    )


def bare(octets: bytes) -> int | None:
    """Where the first CR or LF stands that is not half of a CRLF, or None."""
    if octets.count(b"\r\n") == octets.count(b"\r") == octets.count(b"\n"):
        return None
    found = _BARE.search(octets)
    return found.start() if found else None


class Framer:
    """Holds what has arrived and is not yet a line."""

    __slots__ = ("_bound", "_dropped", "buffer")

    def __init__(self, bound: int = LINE_BOUND) -> None:
        self._bound = bound
        self.buffer = b""
        self._dropped = 0

    def feed(self, octets: bytes) -> None:
        """Take in octets as they arrive."""
        self.buffer += octets

    def line(self) -> Line | None:
        """The next whole line, or None until its CRLF has come."""
        # Behind the octets that were kept some are gone: a CR before the gap and an LF behind it are no CRLF.
        end = self.buffer.find(b"\r\n", self._bound if self._dropped else 0)
        if end < 0:
            # The last octet may be the CR of a CRLF that is still to come.
            if len(self.buffer) > self._bound + 1:
                self._dropped += len(self.buffer) - self._bound - 1
                self.buffer = self.buffer[: self._bound] + self.buffer[-1:]
            return None
        octets, self.buffer = self.buffer[: end + 2], self.buffer[end + 2 :]
        length = end + 2 + self._dropped
        self._dropped = 0
        if length > self._bound + 2:
            octets = octets[: min(end, self._bound)] + b"\r\n"
        return Line(octets, length)

    def rest(self) -> bytes:
        """Everything that waits, taken out: content is not made of command lines."""
        octets, self.buffer = self.buffer, b""
        return octets

    def counted(self, most: int) -> bytes:
        """At most so many octets of those that wait, taken out. They do not end in a CR, unless they are `most`: what
        it is half of may still come, and so it makes no difference where octets were cut on arrival."""
        octets = self.buffer[:most]
        if len(octets) < most and octets.endswith(b"\r"):
            octets = octets[:-1]
        self.buffer = self.buffer[len(octets) :]
        return octets

    def save(self) -> tuple[bytes, int]:
        """What `load` needs to come back to this moment."""
        return self.buffer, self._dropped

    def load(self, saved: tuple[bytes, int]) -> None:
        """Come back to a saved moment."""
        self.buffer, self._dropped = saved
