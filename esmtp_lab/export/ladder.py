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

    `heard` tells whether it came across. A moment of the channel has no `speaker`.
    """

    speaker: str
    text: str
    sent: float
    arrived: float
    heard: bool = True


def ladder(crossings: Iterable[Crossing], columns: int, *, ascii_only: bool = False) -> list[str]:
    """The rows of the diagram, none wider than `columns`, and what it adds up to."""
    arrows = list(_arrows(crossings))
    if not arrows:
        return []
    rows = _Rows(columns, _step(arrows), "-" if ascii_only else "─", "..." if ascii_only else "…")
    for arrow in arrows:
        rows.put(arrow)
    return [*rows.drawn(), "", *(row for text in _sum(arrows) for row in wrap(text, columns))]


# What crossed -----------------------------------------------------------------------------------


def _arrows(crossings: Iterable[Crossing]) -> Iterator[Arrow]:
    """The arrows, on a clock that stands still while nothing is on its way."""
    now, shift, last = 0.0, 0.0, ("", 0.0)
    for crossing, text in _texts(crossings):
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
        yield Arrow(speaker, text, sent + shift, arrived + shift, hears is not None)


def _texts(crossings: Iterable[Crossing]) -> Iterator[tuple[Crossing, str]]:
    """What crossed, each reply once, with what is to be written beside it."""
    begun: Crossing | None = None
    count = 0
    for crossing in crossings:
        event = crossing.event
        if event.kind == "reply" and event.line in ("first", "middle", "last"):
            begun, count = (crossing, 1) if event.line == "first" or begun is None else (begun, count + 1)
            if event.line == "last":
                yield begun, f"{_line(begun)} (and {count - 1} more)"
                begun = None
            continue
        yield crossing, _line(crossing)
    if begun is not None:
        yield begun, _line(begun)


def _line(crossing: Crossing) -> str:
    event = crossing.event
    if event.kind == "content":
        return f"{len(event.content.wire) if event.content else event.length} octets"
    return visible(mask(event).removesuffix(b"\r\n"))


# Drawing ----------------------------------------------------------------------------------------


def _step(arrows: Sequence[Arrow]) -> float:
    """How many seconds a row stands for: the quickest way across takes a few rows, and no way too many."""
    ways = [arrow.arrived - arrow.sent for arrow in arrows if arrow.arrived - arrow.sent > _SAME]
    return max(min(ways) / _STEPS, max(ways) / _MOST) if ways else 1.0


class _Rows:
    """Draws arrows; what leaves at one time leaves on one row after the other."""

    def __init__(self, columns: int, step: float, dash: str, cut: str) -> None:
        self.step, self.dash, self.cut = step, dash, cut
        self.lane = max(9, min(36, columns // 4))
        self.side = max(4, (columns - _CLOCK - self.lane - 4) // 2)
        self.texts: dict[tuple[int, str], str] = {}
        self.cells: dict[int, list[str]] = {}
        self.clock: dict[int, float] = {}
        self.end = 0
        self._last = Arrow("", "", -1.0, -1.0)
        self._next = 0

    def put(self, arrow: Arrow) -> None:
        """Put an arrow below those before it."""
        together = arrow.speaker == self._last.speaker and abs(arrow.sent - self._last.sent) < _SAME
        top = self._next if together else self.end
        self._last, self._next = arrow, top + 1
        self.clock[top] = arrow.sent
        if not arrow.speaker:
            self._row(top)[:] = f" {arrow.text} "[: self.lane].center(self.lane, ".")
            self.end = top + 1
            return
        self.texts[top, arrow.speaker] = arrow.text
        steps = max(1, round((arrow.arrived - arrow.sent) / self.step))
        for at in range(steps):
            self._segment(arrow, top + at, at, steps)
        self.end = max(self.end, top + steps)

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


def _sum(arrows: Sequence[Arrow]) -> Iterator[str]:
    """How long it took, how often one had to wait, and how often one would have had to without groups."""
    speakers = [arrow.speaker for arrow in arrows if arrow.speaker]
    turns = sum(1 for before, after in pairwise(speakers) if (before, after) == _TURN)
    said = speakers.count("client")
    yield f"{turns} round trip{'' if turns == 1 else 's'}, {max(arrow.arrived for arrow in arrows):.3f} seconds"
    if said > turns:
        yield f"one line at a time it would have been {said} round trips"
    if all(arrow.arrived - arrow.sent <= _SAME for arrow in arrows):
        yield "no time passes on this wire; /latency 0.5 makes a round trip take half a second"


_TURN = ("client", "server")
