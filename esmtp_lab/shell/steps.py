"""What undo goes back over: typed lines, and the labs that some of them brought."""

from typing import NamedTuple

from esmtp_lab.lab import Lab


class Swap(NamedTuple):
    """A lab and the place where its session begins."""

    lab: Lab
    first: tuple[int, ...]


class Step(NamedTuple):
    """One typed line for undo: the places of its lines, the content lines on their way before and after, and the labs
    before and after where it brought another."""

    places: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    gone: Swap | None = None
    come: Swap | None = None
