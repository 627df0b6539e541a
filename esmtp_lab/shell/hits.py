"""What stands where on the bench: pieces of a drawn line carry their part of it in a style class, for the mouse."""

import re

from prompt_toolkit.utils import get_cwidth

from esmtp_lab.export.notes import stops
from esmtp_lab.protocol.event import Event
from esmtp_lab.shell.layout import Row
from esmtp_lab.wire.span import leaves

_HIT = re.compile(r" class:hit-(\d+)-(\d+)")
_BORDER = "class:border"


def marked(row: Row, place: int, event: Event) -> Row:
    """A drawn line whose pieces say which part of which line they show; a piece that is no stop shows the one before.

    The first piece is the mark, and then comes one for each part.
    """
    walk = stops(event)
    if not walk:
        return row
    parts = [(0, 0), *(span[:2] for span in leaves(event.spans))]
    stop, shown = 0, []
    for at, (style, text) in enumerate(row):
        stop = walk.index(parts[at]) if at < len(parts) and parts[at] in walk else stop
        shown.append((f"{style} class:hit-{place}-{stop}", text))
    return shown


def unmarked(row: Row) -> Row:
    """The row as it is shown: prompt_toolkit works out every style that it has not met, and each part has its own."""
    return [(_HIT.sub("", style), text) for style, text in row]


def hit(row: Row, column: int) -> tuple[int, int] | None:
    """The place of the line and the number of the stop that a column of a drawn row shows, or that stand before it."""
    found, end = None, 0
    for style, text in row:
        end += sum(map(get_cwidth, text))
        match = _HIT.search(style)
        if match is not None:
            found = (int(match[1]), int(match[2]))
        elif _BORDER in style:
            found = None
        if column < end:
            return found
    return None
