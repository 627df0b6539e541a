"""Hears the record for misconceptions: what a line shows hangs on the lines that stood before it when it came."""

from typing import TYPE_CHECKING

from esmtp_lab.shell.record import Record

if TYPE_CHECKING:
    from esmtp_lab.rules.detector import Memory, Told


class Hearing:
    """What the lines of a record show. What was undone is not remembered by the lines that come after."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._heard: dict[int, tuple[tuple[Told, ...], Memory]] = {}

    def told(self, place: int) -> "tuple[Told, ...]":
        """The misconceptions that the line at a place shows. Raises DataError."""
        from esmtp_lab.rules.detector import NOTHING, detector

        items = self._record.items
        places = []
        while place >= 0 and place not in self._heard:
            places.append(place)
            place = items[place].before
        told, memory = self._heard[place] if place >= 0 else ((), NOTHING)
        for each in reversed(places):
            event, lab = items[each].event, items[each].lab
            if event is not None and lab is not None and not items[each].lost:
                told, memory = detector(lab.era).hear(memory, event)
            self._heard[each] = told, memory
        return told
