"""Tables in a text: each row is a line that stands in columns, and still knows its cells, so that it can be laid out
for any width."""

from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest

_GAP = "  "


class GridRow(str):
    """One row of a table as a line of text, padded so that the columns of all rows stand below each other."""

    cells: tuple[str, ...]
    widths: tuple[int, ...]
    heads: tuple[str, ...]
    """The words above the columns; empty where there are none."""

    def __new__(cls, cells: Sequence[str], widths: Sequence[int], heads: Sequence[str] = ()) -> "GridRow":
        padded = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=False))
        made = super().__new__(cls, _GAP.join(padded).rstrip())
        made.cells, made.widths, made.heads = tuple(cells), tuple(widths), tuple(heads)
        return made

    def with_cells(self, change: Callable[[str], str]) -> "GridRow":
        """The same row with its cells changed."""
        return GridRow(tuple(map(change, self.cells)), self.widths, tuple(map(change, self.heads)))


def grid(rows: Iterable[Sequence[str]], heads: Sequence[str] = ()) -> list[str]:
    """Rows of cells as lines in columns, below their heads where there are some."""
    every = [*([heads] if heads else []), *rows]
    widths = [max(map(len, column)) for column in zip_longest(*every, fillvalue="")]
    return [GridRow(cells, widths, heads) for cells in every]
