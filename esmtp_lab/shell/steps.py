"""What undo goes back over: typed lines, and the labs that some of them brought."""

from typing import NamedTuple

from esmtp_lab.lab import Lab


class Swap(NamedTuple):
    """A lab and the place where its session begins."""

    lab: Lab
    first: tuple[int, ...]


class Put(NamedTuple):
    """Content on its way: how many octets of it stand in the record, and the place of its last line."""

    octets: int = 0
    place: int = -1


class Step(NamedTuple):
    """One typed line for undo: the places of its lines, the content on its way before and after, and the labs before
    and after where it brought another."""

    places: tuple[int, ...]
    before: Put
    after: Put
    gone: Swap | None = None
    come: Swap | None = None
