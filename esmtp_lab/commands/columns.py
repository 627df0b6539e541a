"""Text in columns: wrapped with a hanging indent, and set side by side."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from unicodedata import combining, east_asian_width

_BAR = " | "


def width(text: str) -> int:
    """Columns that a text takes on a terminal."""
    return sum(0 if combining(char) else 1 + (east_asian_width(char) in "WF") for char in text)


def wrapped(text: str, columns: int | None, indent: int = 0) -> Iterator[str]:
    """A text in lines of at most so many columns, or in one for None; nothing is left out."""
    room, pad = columns or 0, ""
    while columns and width(text) > room:
        cut = _cut(text, room)
        yield pad + text[:cut].rstrip()
        text = text[cut:]
        pad = " " * min(indent, columns // 2)
        room = columns - len(pad)
    yield (pad + text).rstrip()


def _cut(text: str, room: int) -> int:
    """How many characters to take: up to a space in the second half, or all that fit."""
    fits = next((count for count in range(len(text)) if width(text[: count + 1]) > room), len(text))
    space = text.rfind(" ", fits // 2, fits + 1)
    return max(1, fits) if space < 0 else space + 1


def beside(mark: str, cells: Sequence[Iterable[str]], columns: int) -> Iterator[str]:
    """Cells of lines side by side over all columns, behind a mark in the first line; their lines are wrapped."""
    room = (columns - len(mark) - len(_BAR) * len(cells)) // len(cells)
    stacks = [[part for line in cell for part in wrapped(line, room, 4)] for cell in cells]
    for number, row in enumerate(zip_longest(*stacks, fillvalue="")):
        parts = [part + " " * (room - width(part)) for part in row]
        yield _BAR.join([mark if number == 0 else " " * len(mark), *parts]).rstrip()
