"""The ladder: an exchange as a sequence diagram, time going down, arrows that slope by the time they take.

A function of what crossed the wire and nothing else. The time in which nothing is on its way, such as that of typing,
is left out.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from textwrap import wrap
from typing import NamedTuple

from esmtp_lab.bench import Crossing
from esmtp_lab.export.transcript import mask
from esmtp_lab.wire.visible import visible

_SAME = 1e-6
"""Seconds below which two moments are one; a clock that counts from 1970 is no finer."""
_STEPS, _MOST = 3, 12
"""Rows that the quickest way across takes, and the most that any takes."""
_CLOCK = 8
_TERSE = 16
"""Columns below which a line that does not fit is named by its first word alone."""


class Arrow(NamedTuple):
    """One line, reply or content on its way; `sent` and `arrived` are seconds since the ladder began.

    `heard` tells whether it came across. A moment of the channel has no `speaker`. `crossings` are its lines.
    """

    speaker: str
    text: str
    sent: float
    arrived: float
    heard: bool = True
    crossings: tuple[Crossing, ...] = ()


class Placed(NamedTuple):
    """An arrow in a diagram: the row on which it leaves, and how many rows it takes to arrive."""

    arrow: Arrow
    top: int
    steps: int


def ladder(crossings: Iterable[Crossing], columns: int, *, ascii_only: bool = False) -> list[str]:
    """The rows of the diagram, none wider than `columns`, and what it adds up to."""
    found = arrows(crossings)
    if not found:
        return []
    rows = _Rows(columns, "-" if ascii_only else "─", "..." if ascii_only else "…")
    for placed in places(found):
        rows.put(placed)
    return [*rows.drawn(), "", *(row for text in (*total(found), *_idle(found)) for row in wrap(text, columns))]


# What crossed -----------------------------------------------------------------------------------


def arrows(crossings: Iterable[Crossing]) -> list[Arrow]:
    """The arrows, each reply as one, on a clock that stands still while nothing is on its way."""
    return list(_arrows(crossings))


def _arrows(crossings: Iterable[Crossing]) -> Iterator[Arrow]:
    now, shift, last = 0.0, 0.0, ("", 0.0)
    for group in _groups(crossings):
        crossing, more = group[0], f" (and {len(group) - 1} more)" if len(group) > 1 else ""
        event = crossing.event
        says, hears = crossing.client, crossing.server
        if crossing.speaker == "server":
            says, hears = hears, says
        sent, arrived = (says or event).time, (hears or event).time
        speaker = "" if event.kind == "moment" else crossing.speaker
        if (speaker, sent) != last and abs(sent + shift - now) > _SAME:
            shift = now - sent
        last = speaker, sent
        now = max(now, arrived + shift)
        text = _line(crossing) + more
        yield Arrow(speaker, text, sent + shift, arrived + shift, hears is not None, group)


def _groups(crossings: Iterable[Crossing]) -> Iterator[tuple[Crossing, ...]]:
    """What crossed, the lines of each reply together."""
    begun: tuple[Crossing, ...] = ()
    for crossing in crossings:
        event = crossing.event
        if event.kind == "reply" and event.line in ("first", "middle", "last"):
            begun = (crossing,) if event.line == "first" else (*begun, crossing)
            if event.line == "last":
                yield begun
                begun = ()
            continue
        yield (crossing,)
    if begun:
        yield begun


def _line(crossing: Crossing) -> str:
    event = crossing.event
    if event.kind == "content":
        return f"{len(event.content.wire) if event.content else event.length} octets"
    return visible(mask(event).removesuffix(b"\r\n"))


# Placing ----------------------------------------------------------------------------------------


def places(found: Sequence[Arrow]) -> Iterator[Placed]:
    """Each arrow below those before it; what leaves at one time leaves on one row after the other."""
    step = _step(found)
    last, following, end = Arrow("", "", -1.0, -1.0), 0, 0
    for arrow in found:
        together = arrow.speaker == last.speaker and abs(arrow.sent - last.sent) < _SAME
        top = following if together else end
        steps = max(1, round((arrow.arrived - arrow.sent) / step)) if arrow.speaker else 1
        yield Placed(arrow, top, steps)
        last, following, end = arrow, top + 1, max(end, top + steps)


def _step(arrows: Sequence[Arrow]) -> float:
    """How many seconds a row stands for: the quickest way across takes a few rows, and no way too many."""
    ways = [arrow.arrived - arrow.sent for arrow in arrows if takes_time(arrow)]
    return max(min(ways) / _STEPS, max(ways) / _MOST) if ways else 1.0


# Drawing ----------------------------------------------------------------------------------------


class _Rows:
    """Draws arrows where they were placed."""

    def __init__(self, columns: int, dash: str, cut: str) -> None:
        self.dash, self.cut = dash, cut
        self.lane = max(9, min(36, columns // 4))
        self.side = max(4, (columns - _CLOCK - self.lane - 4) // 2)
        self.texts: dict[tuple[int, str], str] = {}
        self.cells: dict[int, list[str]] = {}
        self.clock: dict[int, float] = {}
        self.end = 0

    def put(self, placed: Placed) -> None:
        """Draw one arrow."""
        arrow, top, steps = placed
        self.clock[top] = arrow.sent
        self.end = max(self.end, top + steps)
        if not arrow.speaker:
            self._row(top)[:] = f" {arrow.text} "[: self.lane].center(self.lane, ".")
            return
        self.texts[top, arrow.speaker] = arrow.text
        for at in range(steps):
            self._segment(arrow, top + at, at, steps)

    def _segment(self, arrow: Arrow, row: int, at: int, steps: int) -> None:
        """Draw the part of an arrow that is passed through in one row."""
        start, stop = self.lane * at // steps, self.lane * (at + 1) // steps
        if not arrow.heard and at >= steps / 2:
            return
        final = at == steps - 1
        lost = not arrow.heard and at + 1 >= steps / 2
        right = arrow.speaker == "client"
        tip = "x" if lost else (">" if right else "<") if final else "\\" if right else "/"
        drawn = [*self.dash * (stop - start - 1), tip]
        cells = self._row(row)
        if right:
            cells[start:stop] = drawn
        else:
            cells[self.lane - stop : self.lane - start] = drawn[::-1]

    def _row(self, row: int) -> list[str]:
        return self.cells.setdefault(row, [" "] * self.lane)

    def drawn(self) -> Iterator[str]:
        """The rows: the clock, what the client says, the way across, what the server says."""
        yield f"{'seconds':<{_CLOCK}}{'client':>{self.side}}  {' ' * self.lane}  server"
        for row in range(self.end):
            clock = f"{self.clock[row]:.3f}" if row in self.clock else ""
            client, server = self._text(row, "client"), self._text(row, "server")
            yield f"{clock:<{_CLOCK}}{client:>{self.side}} |{''.join(self._row(row))}| {server}".rstrip()

    def _text(self, row: int, speaker: str) -> str:
        text = self.texts.get((row, speaker), "")
        if len(text) <= self.side:
            return text
        if self.side < _TERSE:
            return text.split(" ")[0][: self.side]
        return text[: self.side - len(self.cut)] + self.cut


# Adding up --------------------------------------------------------------------------------------


def total(found: Sequence[Arrow]) -> Iterator[str]:
    """How long it took, how often one had to wait, and how often one would have had to without groups."""
    speakers = [arrow.speaker for arrow in found if arrow.speaker]
    turns = sum(1 for before, after in pairwise(speakers) if (before, after) == _TURN)
    said = speakers.count("client")
    yield f"{turns} round trip{'' if turns == 1 else 's'}, {max(arrow.arrived for arrow in found):.3f} seconds"
    if said > turns:
        yield f"one line at a time it would have been {said} round trips"


def _idle(found: Sequence[Arrow]) -> Iterator[str]:
    if not any(takes_time(arrow) for arrow in found):
        yield "no time passes on this wire; /latency 0.5 makes a round trip take half a second"


def takes_time(arrow: Arrow) -> bool:
    """Whether an arrow leaves at one moment and arrives at another."""
    return arrow.arrived - arrow.sent > _SAME


_TURN = ("client", "server")
