"""Transcripts of whatever software read as events; the first line that only one format has tells which it is."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.reader import Reader
from esmtp_lab.readers.curl import CURL
from esmtp_lab.readers.jsonl import JSONL
from esmtp_lab.readers.marked import MARKED
from esmtp_lab.readers.shown import Format, Numbered, Shown
from esmtp_lab.readers.smtplib import SMTPLIB
from esmtp_lab.readers.swaks import SWAKS

FORMATS: tuple[Format, ...] = (MARKED, SWAKS, SMTPLIB, CURL, JSONL)
"""Every format that can be read; no line is a sign of two of them."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Read(NamedTuple):
    """One event of a transcript: the number of its line, from 1, and the state that holds after it."""

    number: int
    event: Event
    state: str


def read_transcript(lines: Iterable[bytes], dialect: Dialect) -> Iterator[Read]:
    """The events of a transcript in any format, as its lines come; nothing is kept of those that are past.

    Nothing where no line is known for one of a format. Moments of the channel are events as well.
    """
    numbered = ((number, line.rstrip(b"\n")) for number, line in enumerate(lines, start=1))
    found, rest = recognise(numbered)
    return follow(found.read(rest), dialect) if found else iter(())


def recognise(lines: Iterable[Numbered]) -> tuple[Format | None, Iterator[Numbered]]:
    """The format of lines, and those from the first on that tells it; what stands before tells nothing."""
    rest = iter(lines)
    for number, line in rest:
        line = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
        for each in FORMATS:
            if each.sign.match(line):
                return each, chain([(number, line)], rest)
    return None, rest


def follow(shown: Iterable[Shown], dialect: Dialect) -> Iterator[Read]:
    """What lines show, as the events of a reader that follows them."""
    reader = Reader(dialect)
    for each in shown:
        for event in _events(reader, each):
            yield Read(each.number, event, reader.position.state)


def _events(reader: Reader, shown: Shown) -> Iterable[Event]:
    match shown.kind:
        case "client":
            return reader.hear("client", shown.octets)
        case "server":
            reader.end_content()
            return reader.hear("server", shown.octets)
        case "connected":
            reader.restart()
        case "tls":
            return (reader.protect(shown.octets.decode("utf-8", "replace")),)
        case "closed":
            if not reader.position.closed:
                reader.closed("server")
        case "content":
            if not reader.in_content:
                return ()
            reader.end_content()
    return (_moment(reader, shown),)


def _moment(reader: Reader, shown: Shown) -> Event:
    words = b" ".join(filter(None, (shown.kind.encode(), shown.octets)))
    here = reader.position
    return Event("reader", "server", "moment", words, 0.0, here, here, reader.dialect)
