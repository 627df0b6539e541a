"""The exchange as a sequence diagram, time going down; one line after the other is lit and explained."""

from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any, ClassVar

from esmtp_lab.bench import Crossing
from esmtp_lab.export.ladder import Arrow, arrows, total
from esmtp_lab.export.laddersvg import drawing
from esmtp_lab.export.page import Shown, dialogue
from esmtp_lab.notebook.face import Face, button, choice
from esmtp_lab.protocol.event import lines
from esmtp_lab.tutor.letter import ready_letter

_AROUND = 15
"""Arrows that are drawn before and after the one that is looked at."""
LATENCIES = {"0": 0.0, "0.1": 0.1, "0.5": 0.5, "2": 2.0}
"""Seconds that a round trip may take, as they are written."""


class LadderWidget(Face):
    """``LadderWidget(lab)``: what crossed the wire, and when."""

    label = "the exchange as a sequence diagram"

    def __init__(self, lab: Any = None, **traits: Any) -> None:
        self._place: int | None = None  # None follows the last line
        self._found: tuple[list[Crossing], list[Arrow]] = ([], [])
        super().__init__(lab, **traits)

    def skeleton(self) -> str:
        """The ways through the exchange, the diagram, the line that is looked at."""
        walk = (
            ("first", "First", "Home"),
            ("back", "Back", "ArrowLeft ArrowUp"),
            ("forward", "Forward", "ArrowRight ArrowDown"),
            ("last", "Last", "End"),
        )
        return (
            '<div class="esmtp-head"><span data-part="latency"></span>'
            + "".join(button(act, text, keys=keys) for act, text, keys in walk)
            + button("letter", "New session: a letter")
            + '</div><div data-part="place" role="status" aria-live="polite"></div>'
            '<div class="esmtp-explained" data-part="line" aria-live="polite"></div>'
            '<div class="esmtp-figure" data-part="figure" tabindex="0" role="group" aria-label="the diagram"></div>'
            '<div data-part="total"></div>'
            '<details><summary>the diagram as a list</summary><ol data-part="list"></ol></details>'
        )

    # Drawing ---------------------------------------------------------------------------------------

    @property
    def arrows(self) -> list[Arrow]:
        """What crossed the wire and stands."""
        crossings = self.lab.crossings()
        if [*map(id, crossings)] != [*map(id, self._found[0])]:
            self._found = ([*crossings], arrows(crossings))
        return self._found[1]

    @property
    def place(self) -> int:
        """Which arrow is looked at, from 0."""
        last = len(self.arrows) - 1
        return last if self._place is None else max(0, min(self._place, last))

    def drawn(self) -> Mapping[str, str]:
        """See `Face.drawn`."""
        found, place = self.arrows, self.place
        latency = f"{self.lab.bench.latency:g}"
        latencies = dict.fromkeys((*LATENCIES, latency))
        around = found[max(0, place - _AROUND) : place + _AROUND + 1]
        now = found[place] if found else None
        return {
            "latency": choice("latency", "a round trip takes, in seconds", latencies, latency),
            "place": f"line {place + 1} of {len(found)}" if found else "nothing crossed the wire yet",
            "line": self._explained(now) if now else "",
            "figure": drawing(around, now) if found else "",
            "total": escape("; ".join(total(found))) if found else "",
        }

    def _explained(self, arrow: Arrow) -> str:
        return dialogue(
            Shown(self.lab.annotate(event), lost=each.lost) for each in arrow.crossings for event in lines(each.event)
        )

    def lists(self) -> Mapping[str, Mapping[str, str]]:
        """See `Face.lists`."""
        place = self.place
        first = max(0, place - _AROUND)
        around = self.arrows[first : place + _AROUND + 1]
        return {"list": {str(at): _told(arrow, at == place) for at, arrow in enumerate(around, first)}}

    # What the reader does --------------------------------------------------------------------------

    def _go(self, place: int | None) -> None:
        with self.shared.lock:
            self._place = place if place is None or place < len(self.arrows) - 1 else None
            self.draw()

    def _letter(self, _: str) -> None:
        """Let the client deliver a letter by itself: in groups where the server offers PIPELINING."""
        with self.shared.lock:
            self._place = None
            self.shared.change(lambda lab: self.shared.take(lab.anew(role="client")))
            self.shared.change(lambda lab: lab.deliver(ready_letter(lab.policy)))

    def _latency(self, seconds: str) -> None:
        if seconds in LATENCIES:
            self.shared.change(lambda lab: setattr(lab.bench, "latency", LATENCIES[seconds]))

    acts: ClassVar[dict[str, Callable[[Any, str], None]]] = {
        "first": lambda self, _: self._go(0),
        "back": lambda self, _: self._go(max(0, self.place - 1)),
        "forward": lambda self, _: self._go(self.place + 1),
        "last": lambda self, _: self._go(None),
        "latency": _latency,
        "letter": _letter,
    }

    def still(self) -> Iterable[str]:
        """See `Face.still`."""
        return ("figure", "total", "list")

    def words(self) -> str:
        """See `Face.words`."""
        return "\n".join((*map(_text, self.arrows), "; ".join(total(self.arrows)) if self.arrows else "nothing yet"))


def _text(arrow: Arrow) -> str:
    """An arrow in words."""
    if not arrow.speaker:
        return f"{arrow.sent:.3f}: {arrow.text}"
    came = f"arrives at {arrow.arrived:.3f}" if arrow.heard else "never arrives"
    return f"{arrow.sent:.3f}: the {arrow.speaker} says {arrow.text}; {came}"


def _told(arrow: Arrow, lit: bool) -> str:
    now, mark = (' aria-current="true" class="esmtp-now"', "▶ ") if lit else ("", "")
    return f"<li{now}>{mark}{escape(_text(arrow))}</li>"
