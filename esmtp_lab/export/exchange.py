"""What crossed the wire because of one step, in the form that the reader's screen can show."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from esmtp_lab.bench import Crossing
from esmtp_lab.export.transcript import annotated, never_arrived, protocol_line
from esmtp_lab.protocol.event import Event, lines


class Exchange(list[Crossing]):
    """Crossings in their order. Printed they are an annotated transcript, in a notebook an annotated page."""

    def __init__(self, crossings: Iterable[Crossing], annotate: Callable[[Event], Event]) -> None:
        super().__init__(crossings)
        self._annotate = annotate

    def __repr__(self) -> str:
        return "\n".join(
            never_arrived(each.event) if each.lost else protocol_line(line)
            for each in self
            for line in lines(each.event)
        )

    def __str__(self) -> str:
        return "\n".join(text for each in self for text in self._transcribed(each))

    def _transcribed(self, crossing: Crossing) -> Iterable[str]:
        if crossing.lost:
            return (never_arrived(crossing.event),)
        return annotated((crossing,), self.lines)

    def lines(self, crossing: Crossing) -> Iterable[Event]:
        """A crossing as annotated events: content line by line and its lone dot, everything else as itself."""
        return map(self._annotate, lines(crossing.event))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What IPython prints, which otherwise takes this for any other list."""
        printer.text(str(self))

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        """The forms that a notebook chooses from."""
        from esmtp_lab.export.page import Shown, box, dialogue  # with the highlighter: never before the first prompt

        shown = (Shown(event, lost=each.lost) for each in self for event in self.lines(each))
        return {"text/plain": str(self), "text/html": box(dialogue(shown), "what crossed the wire")}
