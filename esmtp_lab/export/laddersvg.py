"""The ladder as a drawing: time going down, what the client says on the left, what the server says on the right."""

from collections.abc import Iterator, Sequence

from esmtp_lab.export.ladder import Arrow, Placed, places, takes_time, total
from esmtp_lab.export.svg import clipped, cross, head, picture, stroke, words

ROW = 20
_CLIENT, _SERVER, _WIDTH = 330.0, 500.0, 800.0
"""Where the two lines of life stand, and how wide the drawing is."""
_TOP = 40
_CLOCK, _GAP = 66, 10
_LIT = "▶ "
"""What stands before the line that is looked at."""


def drawing(found: Sequence[Arrow], now: Arrow | None = None) -> str:
    """The arrows as SVG, one of them lit."""
    placed = list(places(found))
    rows = max((each.top + each.steps for each in placed), default=0)
    height = _TOP + rows * ROW + 12
    says = "sequence diagram of client and server, time going down: " + ", ".join(total(found)) if found else "nothing"
    return picture(_WIDTH, height, says, _parts(placed, now, height))


def _parts(placed: Sequence[Placed], now: Arrow | None, height: float) -> Iterator[str]:
    yield words(4, 18, "seconds", quiet=True)
    yield words(_CLIENT, 18, "client", anchor="middle", bold=True)
    yield words(_SERVER, 18, "server", anchor="middle", bold=True)
    for x in (_CLIENT, _SERVER):
        yield stroke(((x, 26), (x, height)))
    clock = -1.0
    for each in placed:
        y = _TOP + each.top * ROW
        if abs(each.arrow.sent - clock) >= 0.0005:
            clock = each.arrow.sent
            yield words(4, y + 4, f"{clock:.3f}", quiet=True)
        yield from _arrow(each, y, each.arrow is now)


def _arrow(placed: Placed, y: float, lit: bool) -> Iterator[str]:
    arrow = placed.arrow
    text = f"{_LIT if lit else ''}{arrow.text}"
    if not arrow.speaker:
        yield words(
            (_CLIENT + _SERVER) / 2, y + 4, clipped(text, _SERVER - _CLIENT), anchor="middle", bold=lit, quiet=True
        )
        return
    right = arrow.speaker == "client"
    start, end = (_CLIENT, _SERVER) if right else (_SERVER, _CLIENT)
    goes = (start, y), (end, y + (placed.steps * ROW if takes_time(arrow) else 0))
    if not arrow.heard:
        goes = goes[0], ((start + end) / 2, (y + goes[1][1]) / 2)
    width = 4 if lit else 1.5
    yield stroke(goes, width=width, dashed=not arrow.heard)
    yield head(*goes, width=width) if arrow.heard else cross(*goes[1])
    if right:
        yield words(start - _GAP, y + 4, clipped(text, _CLIENT - _CLOCK - _GAP), anchor="end", bold=lit)
    else:
        yield words(start + _GAP, y + 4, clipped(text, _WIDTH - _SERVER - _GAP), bold=lit)
