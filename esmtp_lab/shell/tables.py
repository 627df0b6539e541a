"""The lines of a page for a width: tables in columns as long as these are wide enough, and else as a list."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, zip_longest

from esmtp_lab.commands.columns import width, wrapped
from esmtp_lab.tutor.grid import GridRow

_GAP = 2
_NARROWEST = 20
"""Columns below which a column of words is hard to read."""


def laid(lines: Iterable[str], columns: int) -> Iterator[str]:
    """Lines with each table among them laid out for so many columns; other lines are left as they are."""
    for is_table, group in groupby(lines, lambda line: isinstance(line, GridRow)):
        yield from _table([line for line in group if isinstance(line, GridRow)], columns) if is_table else group


def _table(rows: list[GridRow], columns: int) -> Iterator[str]:
    if max(map(width, rows)) <= columns:
        yield from rows
        return
    stands = list(zip_longest(*(row.cells for row in rows), fillvalue=""))
    natural = [max(map(width, column)) for column in stands]
    widths = _shared(natural, columns - _GAP * (len(natural) - 1))
    if any(room < _least(column) for room, column in zip(widths, stands, strict=True)):
        yield from (line for row in rows if row.cells != row.heads for line in _listed(row))
        return
    for row in rows:
        stacks = [list(wrapped(cell, room, 2)) for cell, room in zip(row.cells, widths, strict=False)]
        for parts in zip_longest(*stacks, fillvalue=""):
            padded = (part + " " * (room - width(part)) for part, room in zip(parts, widths, strict=False))
            yield (" " * _GAP).join(padded).rstrip()


def _least(column: Iterable[str]) -> int:
    """How wide a column has to be, so that it reads well and no word in it is cut."""
    cells = list(column)
    words = max((width(word) for cell in cells for word in cell.split()), default=0)
    return max(words, min(_NARROWEST, max(map(width, cells))))


def _shared(natural: Sequence[int], room: int) -> list[int]:
    """How wide each column may be: narrow ones as they are, the wide ones share what is left."""
    widths = [0] * len(natural)
    left, open_ones = room, sorted(range(len(natural)), key=lambda at: natural[at])
    while open_ones:
        at, share = open_ones[0], max(1, left // len(open_ones))
        widths[at] = min(natural[at], share)
        left -= widths[at]
        del open_ones[0]
    return widths


def _listed(row: GridRow) -> Iterator[str]:
    """A row as an item of a list: its first cell, and the others below it, each behind its head."""
    yield row.cells[0]
    for head, cell in zip_longest(row.heads[1:], row.cells[1:], fillvalue=""):
        if cell:
            yield f"    {head}: {cell}" if head else f"    {cell}"
