"""Lines of styled text: wrapped with a hanging indent, padded, set side by side in boxes."""

import re
from collections.abc import Iterable, Sequence

from prompt_toolkit.utils import get_cwidth

from esmtp_lab.shell.signs import Signs

Fragment = tuple[str, str]
"""A style and the text that it is for, as prompt_toolkit has them."""
Row = list[Fragment]
_FIRST_COLUMN = re.compile(r" *\S.{0,40}? {2,}(?=\S)")


def width(row: Iterable[Fragment]) -> int:
    """Columns that a row takes."""
    return sum(get_cwidth(text) for _, text in row)


def wrap(row: Row, columns: int, indent: int = 0) -> list[Row]:
    """A row in as many rows as it needs; nothing is left out, and a space at which it breaks stays."""
    chars = [(style, char) for style, text in row for char in text]
    rows: list[Row] = []
    hang = indent if indent <= columns // 2 else 2 if columns > 8 else 0
    while chars:
        room = columns if not rows else columns - hang
        cut = _cut(chars, room)
        pad: Row = [("", " " * hang)] if rows and hang else []
        rows.append(pad + _joined(chars[:cut]))
        chars = chars[cut:]
    return rows or [[]]


def hanging(line: str) -> int:
    """How far the further rows of a text are indented: below its second column, where it has two."""
    return len(match[0]) if (match := _FIRST_COLUMN.match(line)) else len(line) - len(line.lstrip()) + 2


def _cut(chars: Sequence[Fragment], room: int) -> int:
    """How many characters fit, ending behind a space where there is one in the second half."""
    used = 0
    for count, (_, char) in enumerate(chars):
        used += get_cwidth(char)
        if used > room and count:
            spaces = [at for at in range(count) if chars[at][1] == " " and at >= count // 2]
            return spaces[-1] + 1 if spaces else count
    return len(chars)


def _joined(chars: Iterable[Fragment]) -> Row:
    row: Row = []
    for style, char in chars:
        if row and row[-1][0] == style:
            row[-1] = (style, row[-1][1] + char)
        else:
            row.append((style, char))
    return row


def padded(row: Row, columns: int) -> Row:
    """A row filled up with spaces, or cut where it is too long."""
    missing = columns - width(row)
    if missing >= 0:
        return [*row, ("", " " * missing)]
    chars = [(style, char) for style, text in row for char in text]
    while width(chars) > columns:
        chars.pop()
    return padded(_joined(chars), columns)


def cut(rows: list[Row], height: int, columns: int, sign: Fragment) -> list[Row]:
    """At most so many rows, the first ones; where some are left out, the last of these ends with a sign of it."""
    if len(rows) <= height:
        return rows
    return [*rows[: height - 1], [*padded(rows[height - 1], max(0, columns - width([sign]))), sign]]


def fitted(rows: list[Row], height: int) -> list[Row]:
    """Exactly so many rows: the first ones, or filled up with empty ones."""
    return rows[:height] + [[] for _ in range(height - len(rows))]


def beside(columns: Sequence[tuple[list[Row], int]], signs: Signs) -> list[Row]:
    """Columns of rows of one height, each with its width, between upright lines."""
    bar = ("class:border", signs.down)
    height = max((len(rows) for rows, _ in columns), default=0)
    lines: list[Row] = []
    for at in range(height):
        line: Row = [bar]
        for rows, room in columns:
            line += [("", " "), *padded(rows[at] if at < len(rows) else [], room - 2), ("", " "), bar]
        lines.append(line)
    return lines


def border(titles: Sequence[str], widths: Sequence[int], signs: Signs, kind: str, above: Sequence[int] = ()) -> Row:
    """A line across, "top", "middle" or "bottom", with titles over columns of these widths.

    `above` are the widths of the columns that end on it.
    """
    left, _, right = {"top": signs.top, "middle": signs.middle, "bottom": signs.bottom}[kind]
    cells: Row = [("class:border", signs.across)] * (sum(widths) + len(widths) - 1)
    for place in _bars(above):
        cells[place] = ("class:border", signs.bottom[1])
    for place in _bars(widths):
        cells[place] = ("class:border", signs.crossing if place in _bars(above) else signs.top[1])
    start = 0
    for title, room in zip(titles, widths, strict=True):
        label = _label(title, room - 1, signs) if title else []
        cells[start + 1 : start + 1 + len(label)] = [("class:title", char) for char in label]
        start += room + 1
    return _joined([("class:border", left), *cells, ("class:border", right)])


def _label(title: str, room: int, signs: Signs) -> list[str]:
    """A title in a border, with a space on both sides where there is room; one that is cut says so."""
    label = [char for char in f" {title}" if get_cwidth(char) == 1]
    if len(label) > room:
        cut = signs.text("…")
        return [*label[: max(0, room - len(cut))], *cut]
    return [*label, " "][:room]


def _bars(widths: Sequence[int]) -> list[int]:
    """The columns of the upright lines between columns of these widths."""
    return [sum(widths[:count]) + count - 1 for count in range(1, len(widths))]
