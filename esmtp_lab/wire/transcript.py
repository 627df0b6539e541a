r"""The one transcript format: lessons, witnesses, tests, exports and the README are written in it.

    === connected            a moment of the channel
    C: EHLO me.example       what the client sends; CRLF is added
    S: 250                   what the server sends; a code alone stands for any text
    C\: NOOP\n               escapes, and no CRLF added, so that every octet can be written
    > server=ready           what holds after the line above
    # a remark
    #! pause                 a stage direction of a demonstration

A line with no mark is a line that the client sends.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from esmtp_lab.wire.visible import spell, unspell

_MARKED = re.compile(rb"([CS])(\\?):(?: (.*)|(.*))", re.DOTALL)


class Entry(NamedTuple):
    """One line of a transcript.

    `kind` is "C" or "S" (octets that side sends), "moment", "holds", "remark", "direction" or
    "blank"; `number` counts lines from 1; `marked` is False for a client's line without a mark; `start` is
    how many octets of the written line stand before its text; `written` is the line itself.
    """

    number: int
    kind: str
    octets: bytes
    marked: bool = True
    start: int = 0
    escaped: bool = False
    written: bytes = b""

    @property
    def text(self) -> str:
        """The entry as text, without its line end."""
        return self.octets.removesuffix(b"\r\n").decode("utf-8", "backslashreplace")


def read_line(line: bytes, number: int = 1) -> Entry:
    """Read one line of a transcript, its line end taken off."""
    match = _MARKED.fullmatch(line)
    if match:
        side, escaped, spaced, tight = match.groups()
        text = spaced if spaced is not None else tight
        octets = unspell(text) if escaped else text + b"\r\n"
        return Entry(number, side.decode(), octets, True, len(line) - len(text), bool(escaped), line)
    for mark, kind in ((b"===", "moment"), (b"#!", "direction"), (b"#", "remark"), (b">", "holds")):
        if line.startswith(mark):
            return Entry(number, kind, line[len(mark) :].strip(), True, len(mark), written=line)
    if not line.strip():
        return Entry(number, "blank", b"", False, written=line)
    return as_sent(line, number)


def as_sent(line: bytes, number: int = 1) -> Entry:
    """A written line that the client sends as it stands, whatever it begins with."""
    return Entry(number, "C", line + b"\r\n", False, written=line)


def read(lines: Iterable[bytes]) -> Iterator[Entry]:
    """Read a transcript line by line; LF or CRLF ends a written line."""
    for number, line in enumerate(lines, start=1):
        yield read_line(line.rstrip(b"\n").removesuffix(b"\r"), number)


def write_line(side: str, octets: bytes) -> str:
    """One line of wire octets in the transcript format, printable US-ASCII or UTF-8 alone."""
    text = octets.removesuffix(b"\r\n")
    if octets.endswith(b"\r\n") and text.isascii() and text.decode("ascii").isprintable():
        return f"{side}: {text.decode('ascii')}" if text else f"{side}:"
    return f"{side}\\: {spell(octets)}"
