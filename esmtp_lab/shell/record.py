"""The record: everything that was shown in one sitting, in order, whatever view shows it."""

from typing import NamedTuple

from esmtp_lab.lab import Lab
from esmtp_lab.protocol.event import Event
from esmtp_lab.tutor.grid import GridRow
from esmtp_lab.wire.visible import visible


class Item(NamedTuple):
    """One line of the record: a line of the wire with its number, or a remark of the lab.

    `before` is the place of the line that stood right before it in its session when it came, or -1; `lost` says that a
    reply never came across.
    """

    number: int = 0
    event: Event | None = None
    lab: Lab | None = None
    text: str = ""
    before: int = -1
    lost: bool = False


class Page(NamedTuple):
    """Several lines that the lab has to say at once; each line stands as it is and may be wrapped."""

    title: str
    lines: tuple[str, ...]


def safe(line: str) -> str:
    """A line as it may be shown, whatever came over the wire; a row of a table stays one."""
    if isinstance(line, GridRow):
        return line.with_cells(safe)
    return visible(line.encode("utf-8", "surrogateescape"))


class Change(NamedTuple):
    """What one typed line changed: places in the record that are new, undone or redone, and a page to show."""

    new: tuple[int, ...] = ()
    undone: tuple[int, ...] = ()
    redone: tuple[int, ...] = ()
    page: Page | None = None


class Record:
    """Items in the order in which they came; `struck` holds the places of those that were undone."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.struck: set[int] = set()
        self._numbers = 0

    def wire(self, event: Event, lab: Lab, *, lost: bool = False) -> int:
        """Put a line of the wire down; its place."""
        self._numbers += 1
        self.items.append(Item(self._numbers, event, lab, before=self._last_of(lab), lost=lost))
        return len(self.items) - 1

    def _last_of(self, lab: Lab) -> int:
        for place in range(len(self.items) - 1, -1, -1):
            item = self.items[place]
            if item.event is not None and place not in self.struck:
                return place if item.lab is lab else -1
        return -1

    def remark(self, text: str) -> int:
        """Put a remark of the lab down; its place."""
        self.items.append(Item(text=text))
        return len(self.items) - 1

    def places(self) -> list[int]:
        """The places of the wire's lines that stand."""
        return [place for place, item in enumerate(self.items) if item.event and place not in self.struck]
