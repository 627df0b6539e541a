"""Reads ``C:``/``S:`` transcripts of any software; lines with neither mark are passed over."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.reader import Reader
from esmtp_lab.wire.transcript import read


class Read(NamedTuple):
    """One event of a transcript: the number of its line, from 1, and the state that holds after it."""

    number: int
    event: Event
    state: str


def read_marked(lines: Iterable[bytes], dialect: Dialect) -> Iterator[Read]:
    """The events of a transcript, as its lines come; nothing is kept of those that are past."""
    reader = Reader(dialect)
    for entry in read(lines):
        if entry.kind == "moment" and entry.octets.startswith(b"connected"):
            reader.restart()
        if entry.kind in ("C", "S") and entry.marked:
            for event in reader.hear("client" if entry.kind == "C" else "server", entry.octets):
                yield Read(entry.number, event, reader.position.state)
