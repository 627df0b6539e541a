"""Client and server side by side: type a line or pick a command, and see what crosses and what each side holds."""

from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any, ClassVar

from esmtp_lab.bench import Crossing
from esmtp_lab.export.facts import client_facts, server_facts
from esmtp_lab.export.page import Shown, rows_of, table
from esmtp_lab.lab import Lab
from esmtp_lab.notebook.face import Face, button, choice
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.event import lines
from esmtp_lab.protocol.policy import policies
from esmtp_lab.suggest import Names, suggest
from esmtp_lab.tutor.scene import arm
from esmtp_lab.wire.visible import visible

WINDOW = 60
"""Lines of the wire that are shown at first; each request for more adds as many."""
FAULTS = {
    "none": "",
    "hang up before the reply to the content": "cut-before END_OF_DATA",
    "hang up after the reply to the content": "cut-after END_OF_DATA",
    "hang up before the reply to RCPT": "cut-before RCPT",
    "421 to the next MAIL": "say MAIL 421 {domain} closing",
    "a wrong reply to NOOP": "say NOOP 250-never ended",
}
"""What can go wrong, once, in words; a reply names the host that says it."""


class BenchWidget(Face):
    """``BenchWidget(lab)``: both sides of a lab and the wire between them."""

    label = "client and server side by side"

    def __init__(self, lab: Any = None, **traits: Any) -> None:
        self._window = WINDOW
        self._typed = ""
        self._cache: dict[tuple[int, bool, bool], tuple[Crossing, str]] = {}
        super().__init__(lab, **traits)

    def skeleton(self) -> str:
        """The head with what can be set, the two sides with the wire, the line that is typed."""
        return (
            '<div class="esmtp-head" data-part="head"></div>'
            '<div class="esmtp-bench">'
            '<div class="esmtp-side" data-part="client"></div>'
            '<div class="esmtp-wire" role="log" aria-label="what crossed the wire" aria-live="polite" tabindex="0"'
            " data-scroll>"
            '<div data-part="earlier"></div><ol data-part="wire" data-follow="always"></ol></div>'
            '<div class="esmtp-side" data-part="server"></div></div>'
            '<form data-act="send"><label><span data-part="prompt">C:</span>'
            '<input data-typed name="line" autocomplete="off" autocapitalize="off" spellcheck="false"></label>'
            "<button>Send</button></form>"
            '<div class="esmtp-hint" data-part="hint"></div>'
            '<div class="esmtp-choices" data-part="choices"></div>'
        )

    # Drawing ---------------------------------------------------------------------------------------

    def drawn(self) -> Mapping[str, str]:
        """See `Face.drawn`."""
        lab = self.lab
        more = len([*lab.bench.crossings()]) - self._window
        return {
            "head": self._head(),
            "client": table("client", client_facts(lab.bench.client)),
            "server": table("server", server_facts(lab.bench.server, lab.counts)),
            "earlier": button("earlier", f"{more} earlier lines") if more > 0 else "",
            "prompt": escape(self.prompt),
            "hint": self._hint(),
            "choices": "".join(self._choices()),
        }

    def lists(self) -> Mapping[str, Mapping[str, str]]:
        """See `Face.lists`."""
        rows: dict[str, str] = {}
        crossings = [*self.lab.bench.crossings()]
        first = max(0, len(crossings) - self._window)
        for place, (crossing, struck) in enumerate(crossings[first:], first):
            rows |= {f"{place}.{at}": row for at, row in enumerate(self._rows_of(place, crossing, struck))}
        return {"wire": rows}

    def _rows_of(self, place: int, crossing: Crossing, struck: bool) -> Iterable[str]:
        key = (place, struck, crossing.lost)
        held = self._cache.get(key)
        if held is None or held[0] is not crossing:
            shown = (
                Shown(self.lab.annotate(event), struck=struck, lost=crossing.lost) for event in lines(crossing.event)
            )
            held = self._cache[key] = (crossing, "\0".join(rows_of(shown)))
        return held[1].split("\0")

    def _head(self) -> str:
        lab = self.lab
        return "".join(
            (
                choice("era", "era", ERAS, lab.era),
                choice("host", "host", dict.fromkeys(self.hosts), lab.policy.name),
                choice("role", "you are", ("client", "server"), lab.role),
                choice("fault", "let go wrong, once", FAULTS, self._armed()),
                button("undo", "Undo", keys="Alt+u"),
                button("redo", "Redo", keys="Alt+r"),
                button("anew", "New session", keys="Alt+n"),
            )
        )

    def _armed(self) -> str:
        """What is still to go wrong, in words."""
        waiting = {(fault.kind, fault.to) for fault in self.lab.bench.faults}
        return next((words for words, fault in FAULTS.items() if tuple(fault.split()[:2]) in waiting), "none")

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that can be called."""
        return (*policies(), self.lab.policy.name)

    @property
    def prompt(self) -> str:
        """Who speaks, and in which role."""
        if self.lab.role == "server":
            return "S: what you answer as the server"
        client = self.lab.bench.client
        kind = client.dialect.framing(client.position.state)
        return "D: a line of content; a lone dot ends it" if kind == "content" else "C: what you say as the client"

    def _hint(self) -> str:
        """What would be answered to what is typed."""
        if not self._typed or self.lab.role != "client":
            return ""
        told = [each.event for each in self.lab.predict(self._typed) if each.speaker == "server"]
        if not told:
            return ""
        refused = ' class="esmtp-refused"' if told[-1].negative else ""
        return f"<span{refused}>will be answered: {escape(visible(told[-1].octets.strip()))}</span>"

    def _choices(self) -> Iterable[str]:
        """The commands that may come now, to click; they are put into the field, and sent by the reader."""
        client = self.lab.bench.client
        if self.lab.role != "client":
            return
        names = Names(mailboxes=tuple(f"{name}@{self.lab.policy.domain}" for name in self.lab.policy.mailboxes))
        found = suggest(self._typed, client.supposed, client.dialect, tuple(client.offered), names)
        for each in (each for each in found if not each.reason):
            yield button("put", each.text.strip(), put=self._typed[: each.start] + each.text)

    # What the reader does --------------------------------------------------------------------------

    def send_line(self, line: str) -> None:
        """Say a line for whichever side the reader plays."""
        self._typed = ""
        self.shared.change(lambda lab: lab.send(line) if lab.role == "client" else lab.say(line))

    def _typing(self, line: str) -> None:
        with self.shared.lock:
            self._typed = line
            self.draw()

    def _earlier(self, _: str) -> None:
        with self.shared.lock:
            self._window += WINDOW
            self.draw()

    def anew(self, **changes: str) -> None:
        """Begin a new session: the same but for what is said. A half-typed line was meant for the old one."""
        self._typed = ""
        self.send({"values": {"line": ""}})
        self.shared.change(lambda lab: self.shared.take(lab.anew(**changes)))

    def _fault(self, words: str) -> None:
        def change(lab: Lab) -> None:
            lab.bench.faults = ()
            if FAULTS.get(words):
                arm(lab.bench, FAULTS[words].format(domain=lab.policy.domain))

        self.shared.change(change)

    acts: ClassVar[dict[str, Callable[[Any, str], None]]] = {
        "send": send_line,
        "typing": _typing,
        "earlier": _earlier,
        "undo": lambda self, _: self.shared.change(lambda lab: lab.undo()),
        "redo": lambda self, _: self.shared.change(lambda lab: lab.redo()),
        "anew": lambda self, _: self.anew(),
        "era": lambda self, name: self.anew(era=name),
        "host": lambda self, name: self.anew(policy=name),
        "role": lambda self, name: self.anew(role=name),
        "fault": _fault,
    }

    def still(self) -> Iterable[str]:
        """See `Face.still`."""
        return ("client", "server", "wire")

    def words(self) -> str:
        """See `Face.words`."""
        return f"{self.lab!r}\n{self.lab.crossings()!r}"
