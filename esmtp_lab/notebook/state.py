"""The session table as a diagram, with where both sides are, and what the client may say now as buttons."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape
from itertools import takewhile
from typing import Any, ClassVar

from esmtp_lab.export.diagram import arrows, reached
from esmtp_lab.export.page import Shown, dialogue
from esmtp_lab.export.statechart import drawing, label
from esmtp_lab.lab import Lab
from esmtp_lab.notebook.face import Face, button, choice
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.event import lines
from esmtp_lab.protocol.policy import policies
from esmtp_lab.protocol.session import STATES
from esmtp_lab.suggest import Names, Simplest, simplest, suggest

LEAVING = {"content": ".", "line": "*"}
"""The line that leads out of what holds no commands: content, an exchange."""
_MOST = 40
"""Lines of the last step that are shown."""


class StateWidget(Face):
    """``StateWidget(lab)``: the table of a lab's server, and where the session is in it."""

    label = "the states of the session"

    def skeleton(self) -> str:
        """Where the sides are, what may be said, what came of it, the diagram."""
        return (
            '<div class="esmtp-head" data-part="head"></div>'
            '<div data-part="here" role="status" aria-live="polite"></div>'
            '<div class="esmtp-choices" data-part="verbs"></div>'
            '<form data-act="say"><label>another line: what you say as the client'
            '<input data-typed name="line" autocomplete="off" autocapitalize="off" spellcheck="false"></label>'
            "<button>Send</button></form>"
            '<div class="esmtp-explained" data-part="last" role="log" aria-label="what came of the last line"></div>'
            '<div class="esmtp-figure" data-part="figure" tabindex="0" role="group" aria-label="the diagram"></div>'
            '<details><summary>the diagram as a list</summary><ul data-part="list"></ul></details>'
        )

    # Drawing ---------------------------------------------------------------------------------------

    def drawn(self) -> Mapping[str, str]:
        """See `Face.drawn`."""
        return {
            "head": self._head(),
            "here": "<br>".join(map(escape, self._standing())),
            "verbs": "".join(self._verbs()),
            "last": self._last(),
            "figure": drawing(self.lab.bench.server.dialect, self.here),
        }

    def _head(self) -> str:
        return "".join(
            (
                choice("era", "era", ERAS, self.lab.era),
                choice("host", "host", policies(), self.lab.policy.name),
                button("undo", "Undo", keys="Alt+u"),
                button("anew", "New session", keys="Alt+n"),
            )
        )

    @property
    def here(self) -> dict[str, str]:
        """Who is in which state now."""
        client, server = (side.position.state for side in (self.lab.bench.client, self.lab.bench.server))
        return {server: "client, server"} if client == server else {server: "server", client: "client"}

    def _standing(self) -> Iterator[str]:
        """The same in words."""
        for state, who in self.here.items():
            yield f"{who.replace(',', ' and')}: {state}, {STATES[state]}"
        facts = sorted(self.lab.bench.server.position.facts)
        if facts:
            yield f"besides: {', '.join(facts)}"

    def _verbs(self) -> Iterator[str]:
        if self.lab.role != "client":
            yield "you are the server here: the client speaks by itself"
        for each in sayable(self.lab) if self.lab.role == "client" else ():
            line = each.line
            yield button("say", line, value=line) if each.whole else button("put", f"{line}…", put=line)

    def _last(self) -> str:
        """The last line of the client's and what came of it."""
        crossings = self.lab.crossings()
        after = [*takewhile(lambda each: each.speaker != "client", reversed(crossings))]
        count = min(_MOST, len(after) + 1)
        return dialogue(
            Shown(self.lab.annotate(event), lost=each.lost)
            for each in crossings[-count:]
            for event in lines(each.event)
        )

    def lists(self) -> Mapping[str, Mapping[str, str]]:
        """See `Face.lists`."""
        return {"list": {text.partition(":")[0]: f"<li>{escape(text)}</li>" for text in self._arrows()}}

    def _arrows(self) -> Iterator[str]:
        dialect = self.lab.bench.server.dialect
        there = reached(dialect)
        for way in arrows(dialect):
            if way.source in there:
                where = f"{way.source} stays" if way.target == way.source else f"{way.source} to {way.target}"
                yield f"{where}: {label(way.labels)}"

    # What the reader does --------------------------------------------------------------------------

    def _anew(self, **changes: str) -> None:
        self.shared.change(lambda lab: self.shared.take(lab.anew(**changes)))

    acts: ClassVar[dict[str, Callable[[Any, str], None]]] = {
        "say": lambda self, line: self.shared.change(lambda lab: lab.send(line)),
        "typing": lambda self, line: None,
        "undo": lambda self, _: self.shared.change(lambda lab: lab.undo()),
        "anew": lambda self, _: self._anew(),
        "era": lambda self, name: self._anew(era=name),
        "host": lambda self, name: self._anew(policy=name),
    }

    def still(self) -> Iterable[str]:
        """See `Face.still`."""
        return ("here", "figure", "list")

    def words(self) -> str:
        """See `Face.words`."""
        return "\n".join((*self._standing(), "", *self._arrows()))


def sayable(lab: Lab) -> Iterator[Simplest]:
    """The simplest line for each verb that the server lets come now, or what leads out of content or an exchange."""
    server, policy = lab.bench.server, lab.bench.here.policy
    position, dialect = server.position, server.dialect
    framing = dialect.framing(position.state)
    if framing in LEAVING:
        yield Simplest(LEAVING[framing], True)
    offered = tuple(offer.split()[0] for offer in dialect.offers(policy, position))
    names = Names(mailboxes=tuple(f"{name}@{policy.domain}" for name in policy.mailboxes or ("ada",)))
    for each in suggest("", position, dialect, offered, names):
        if not each.reason:
            yield simplest(each.text.strip(), position, dialect, offered, names)
