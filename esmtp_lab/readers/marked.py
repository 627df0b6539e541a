"""Reads ``C:``/``S:`` transcripts of any software; lines with neither mark are passed over."""

import re
from collections.abc import Iterable, Iterator

from esmtp_lab.readers.shown import Format, Numbered, Shown
from esmtp_lab.wire.transcript import read_line

_SPEAKERS = {"C": "client", "S": "server"}
_MOMENTS = ("connected", "tls", "closed", "content")


def _read(lines: Iterable[Numbered]) -> Iterator[Shown]:
    for number, line in lines:
        entry = read_line(line.removesuffix(b"\r"), number)
        if entry.kind == "moment":
            word, _, about = entry.octets.partition(b" ")
            kind = next((each for each in _MOMENTS if word.lower() == each.encode()), None)
            if kind is not None:
                yield Shown(number, kind, about)
        elif entry.marked and entry.kind in _SPEAKERS:
            yield Shown(number, _SPEAKERS[entry.kind], entry.octets)


MARKED = Format("marked", "C: and S: lines", re.compile(rb"[CS]\\?:|=== (?:connected|tls|closed)\b"), _read)
