"""The session table as a drawing: the states one below the other in their order, what leads onward on the right, what
leads back on the left. All ways to one state join before they come to it.
"""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import NamedTuple

from esmtp_lab.export.diagram import Arrow, arrows, reached
from esmtp_lab.export.svg import CHARACTER, LINE, dot, frame, head, picture, stroke, words
from esmtp_lab.protocol.dialect import Dialect

_BOX, _BETWEEN, _PORT, _TRACK, _EDGE = 220, 18, 20, 14, 10
"""How wide a state is, the room between states, between arrows at one side of a state, between what runs up and down,
and at the edge of the drawing."""
_COLUMNS = int((_BOX - 20) / CHARACTER)


class _Box(NamedTuple):
    """A state: where it stands, and what is written in it."""

    state: str
    top: float
    height: float
    stays: tuple[str, ...]


class _Way(NamedTuple):
    """All arrows to one state on one side: whence, at which heights, with which words; where they come in; which track
    they run on, from 0 beside the words."""

    target: str
    sources: tuple[tuple[float, str], ...]
    arrives: float
    track: int

    @property
    def ends(self) -> tuple[float, float]:
        heights = [self.arrives, *(height for height, _ in self.sources)]
        return min(heights), max(heights)


def drawing(dialect: Dialect, here: Mapping[str, str] | None = None) -> str:
    """The states that a dialect reaches, as SVG; `here` says who is in which state now."""
    states = reached(dialect)
    ways = [way for way in arrows(dialect) if way.source in states]
    boxes = {box.state: box for box in _boxes(states, ways)}
    back, onward = (list(_ways(boxes, _on_side(states, ways, side))) for side in (-1, 1))
    left, right = _EDGE + _room(back), _EDGE + _room(onward)
    last = boxes[states[-1]]
    says = "the states of a session and what leads from one to another"
    if here:
        says += "; " + ", ".join(f"{state}: {who}" for state, who in here.items())
    parts = (
        *_sided(back, left, -1),
        *_sided(onward, left + _BOX, 1),
        *(part for box in boxes.values() for part in _box(box, left, (here or {}).get(box.state, ""))),
    )
    return picture(left + _BOX + right, last.top + last.height + _EDGE, says, parts)


def label(labels: Sequence[str]) -> str:
    """``HELO EHLO 2yz``: inputs with the same condition together."""
    groups: dict[str, list[str]] = {}
    for each in labels:
        entry, space, rest = each.partition(next((mark for mark in each.split() if mark.endswith("yz")), "\0"))
        groups.setdefault(f"{space}{rest}", []).append(entry.strip())
    return ", ".join(f"{' '.join(entries)} {condition}".strip() for condition, entries in groups.items())


# Placing -------------------------------------------------------------------------------------------


def _on_side(states: Sequence[str], ways: Sequence[Arrow], side: int) -> list[Arrow]:
    """The arrows that lead onward (1) or back (-1)."""
    return [way for way in ways if (states.index(way.target) - states.index(way.source)) * side > 0]


def _boxes(states: Sequence[str], ways: Sequence[Arrow]) -> Iterator[_Box]:
    top = float(_EDGE)
    for state in states:
        stays = label(next((way.labels for way in ways if way.source == way.target == state), ()))
        text = tuple(wrap(f"stays: {stays}", _COLUMNS)) if stays else ()
        ports = max(_ports(_on_side(states, ways, side), state) for side in (-1, 1))
        height = max(10 + LINE * (1 + len(text)), _PORT * ports + 6)
        yield _Box(state, top, height, text)
        top += height + _BETWEEN


def _ports(ways: Sequence[Arrow], state: str) -> int:
    return any(way.target == state for way in ways) + sum(1 for way in ways if way.source == state)


def _ways(boxes: Mapping[str, _Box], ways: Sequence[Arrow]) -> Iterator[_Way]:
    """The ways of one side, the shorter ones on the inner tracks."""
    found = []
    for target in dict.fromkeys(way.target for way in ways):
        sources = tuple((_height(boxes, ways, way), label(way.labels)) for way in ways if way.target == target)
        found.append(_Way(target, sources, boxes[target].top + _PORT - 4, 0))
    taken: list[list[tuple[float, float]]] = []
    for way in sorted(found, key=lambda way: way.ends[1] - way.ends[0]):
        low, high = way.ends
        free = (n for n, track in enumerate(taken) if all(high < a - 4 or b + 4 < low for a, b in track))
        track = next(free, len(taken))
        taken[track:] = taken[track:] or [[]]
        taken[track].append(way.ends)
        yield way._replace(track=track)


def _height(boxes: Mapping[str, _Box], ways: Sequence[Arrow], way: Arrow) -> float:
    """Where an arrow leaves its state: below those that come in."""
    leaving = [each for each in ways if each.source == way.source]
    before = any(each.target == way.source for each in ways) + leaving.index(way)
    return boxes[way.source].top + _PORT * (before + 1) - 4


def _words(ways: Sequence[_Way]) -> float:
    """How much room the words of a side need."""
    return 20 + CHARACTER * max((len(text) for way in ways for _, text in way.sources), default=0)


def _room(ways: Sequence[_Way]) -> float:
    return _words(ways) + _TRACK * (1 + max((way.track for way in ways), default=0)) if ways else 0.0


# Drawing -------------------------------------------------------------------------------------------


def _sided(ways: Sequence[_Way], edge: float, side: int) -> Iterator[str]:
    """The ways on one side of the states, whose edge is there."""
    for way in ways:
        x = edge + side * (_words(ways) + _TRACK * way.track)
        yield stroke(((x, way.ends[0]), (x, way.ends[1])))
        for height, text in way.sources:
            yield stroke(((edge, height), (x, height)))
            yield words(edge + side * 8, height - 4, text, anchor="start" if side > 0 else "end")
            if len(way.sources) > 1:
                yield dot(x, height)
        yield stroke(((x, way.arrives), (edge, way.arrives)))
        yield head((x, way.arrives), (edge, way.arrives), width=1.5)


def _box(box: _Box, left: float, here: str) -> Iterator[str]:
    yield frame(left, box.top, _BOX, box.height, bold=bool(here), dashed=here == "client")
    yield words(left + 10, box.top + LINE, box.state, bold=True)
    if here:
        yield words(left + _BOX - 8, box.top + LINE, f"◀ {here}", anchor="end", bold=True)
    for at, text in enumerate(box.stays, 2):
        yield words(left + 10, box.top + LINE * at + 2, text)
