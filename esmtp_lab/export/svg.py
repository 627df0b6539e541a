"""Pieces of drawings: SVG that is made of escaped text, in the colour of the page that it stands on."""

from collections.abc import Iterable
from html import escape
from math import atan2, degrees

CHARACTER, LINE = 7.3, 16
"""What a character and a line of text take, in the units of a drawing."""
_FONT = 'font-family="ui-monospace, DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="12"'
Point = tuple[float, float]


def picture(width: float, height: float, says: str, inside: Iterable[str]) -> str:
    """A drawing; `says` is what it shows, to who does not see it."""
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    name = f'role="img" aria-label="{escape(says)}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {name} {_FONT}>{"".join(inside)}</svg>'


def words(x: float, y: float, text: str, *, anchor: str = "start", bold: bool = False, quiet: bool = False) -> str:
    """A line of text whose base line is at `y`."""
    look = ' font-weight="bold"' * bold + ' font-style="italic"' * quiet
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="currentColor"{look}>{escape(text)}</text>'


def stroke(points: Iterable[Point], *, width: float = 1, dashed: bool = False) -> str:
    """A line from point to point."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<polyline points="{path}" fill="none" stroke="currentColor" stroke-width="{width:g}"{dash}/>'


def head(start: Point, end: Point, *, width: float = 1) -> str:
    """The head of an arrow, of a line so wide, that comes from one point to another."""
    (x, y), angle = end, degrees(atan2(end[1] - start[1], end[0] - start[0]))
    turn = f"translate({x:.1f} {y:.1f}) rotate({angle:.1f})"
    long, wide = 7 + 2 * width, 3 + width
    return f'<path d="M 0 0 l -{long:g} -{wide:g} v {2 * wide:g} z" fill="currentColor" transform="{turn}"/>'


def frame(x: float, y: float, width: float, height: float, *, bold: bool = False, dashed: bool = False) -> str:
    """A box, its upper left corner first."""
    look = f'stroke="currentColor" stroke-width="{4 if bold else 1}"' + ' stroke-dasharray="8 4"' * dashed
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="4" fill="none" {look}/>'


def dot(x: float, y: float) -> str:
    """Where lines meet, and do not only cross."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="currentColor"/>'


def cross(x: float, y: float) -> str:
    """Where something was lost."""
    return f'<path d="M {x:.1f} {y:.1f} m -5 -5 l 10 10 m 0 -10 l -10 10" stroke="currentColor" stroke-width="2"/>'


def clipped(text: str, room: float) -> str:
    """Text that fits, its end left out where it has to be."""
    most = int(room / CHARACTER)
    return text if len(text) <= most else text[: most - 1] + "…"
