"""The byte view: offset, hex, text, and which part of the grammar owns the octets."""

from collections.abc import Iterator

from esmtp_lab.export.transcript import mask
from esmtp_lab.protocol.event import Event
from esmtp_lab.wire.span import leaves

_ROW = 8
_NAMES = {0x0D: "␍", 0x0A: "␊", 0x00: "␀", 0x09: "␉", 0x1B: "␛", 0x7F: "␡"}


def byte_rows(event: Event) -> Iterator[str]:
    """One row for each part of a line, or more where it is long; octets that are masked have no part."""
    octets = mask(event)
    spans = [(0, len(octets), "masked")] if event.secret is not None else [each[:3] for each in leaves(event.spans)]
    for start, end, part in spans:
        for at in range(start, end, _ROW):
            piece = octets[at : min(end, at + _ROW)]
            yield f"{at:04x}  {piece.hex(' '):<{3 * _ROW}} {''.join(map(_char, piece)):<{_ROW}}  {part}"


def _char(octet: int) -> str:
    return _NAMES.get(octet) or (chr(octet) if 32 <= octet < 127 else ".")
