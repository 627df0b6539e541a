"""The hint below a half-typed line, as rows: the reply is kept before the words, and what is left out leaves a sign."""

from esmtp_lab.shell.foresight import ARROW, Hint
from esmtp_lab.shell.layout import Row, wrap
from esmtp_lab.shell.signs import Signs

_FEWEST = 8
"""Characters of the words below which they are left out rather than cut."""


def hint_rows(told: Hint, columns: int, most: int, signs: Signs, indent: int = 0) -> list[Row]:
    """A hint in at most so many rows, a refusal marked."""
    front = "!! " if told.refused else " " * indent
    style = "class:refused" if told.refused else ""
    told = told._replace(text=told.text.removeprefix("!! "))
    for room in range(min(len(told.line), most * columns), -1, -1):
        rows = wrap([(style, signs.text(front + _within(told, room)))], columns, indent)
        if len(rows) <= most:
            return rows
    return []


def _within(told: Hint, room: int) -> str:
    """A hint in so many characters."""
    if len(told.line) <= room:
        return told.line
    left = room - len(ARROW) - len(told.reply)
    if told.text and told.reply and left >= _FEWEST:
        return f"{_cut(told.text, left)}{ARROW}{told.reply}"
    return _cut(told.reply, room, " … /try tells all") if told.reply else _cut(told.text, room)


def _cut(text: str, room: int, sign: str = "…") -> str:
    return text if len(text) <= room else text[: max(0, room - len(sign))] + sign[:room]
