"""One side of a dialogue: hears what the client says and what the server says, and keeps its place.

A side decides nothing. The server and the client are sides that also speak, and a reader
of foreign transcripts is a side that only listens.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.session import CONTINUATION, END_OF_DATA, GREETING, Position
from esmtp_lab.protocol.transaction import EMPTY, Content, Envelope, accept
from esmtp_lab.wire.command import Command
from esmtp_lab.wire.framing import Deviation, Framer, Line
from esmtp_lab.wire.reply import Reply, ReplyAssembler, parse_reply_line
from esmtp_lab.wire.transparency import END_OF_DATA as LONE_DOT
from esmtp_lab.wire.transparency import Unstuffer


class Awaited(NamedTuple):
    """An input that has no reply yet, with the command that it came in."""

    entry: str
    command: Command | None = None


class Side:
    """Keeps position, envelope and offers from what both sides say; `observer` names it in its events."""

    observer = "reader"
    most_content: int | None = None
    """Octets of one content, as it travels, that are kept; None keeps all. The rest is counted."""

    def __init__(self, dialect: Dialect, *, started: bool = True) -> None:
        self.dialect = dialect
        self.position = Position()
        self.envelope: Envelope = EMPTY
        self.client_name = ""
        self.offered: dict[str, tuple[str, ...]] = {}
        self.waiting: tuple[Awaited, ...] = (Awaited(GREETING),) if started else ()
        self.exchange: tuple[bytes, ...] = ()
        self.answered = self.lost = ""
        self.reply: Reply | None = None
        self._replies = 0
        self._commands = Framer()
        self._lines = Framer()
        self._assembler = ReplyAssembler()
        self._unstuffer: Unstuffer | None = None
        self._wire: tuple[bytes, ...] = ()
        self._dropped = 0

    # What is known -------------------------------------------------------------------------------

    @property
    def supposed(self) -> Position:
        """The position if everything that is still unanswered is accepted."""
        position = self.position
        for awaited in self.waiting:
            position = self.dialect.suppose(position, awaited.entry)
        return position

    @property
    def in_content(self) -> bool:
        """Whether what the client sends now is content."""
        return self.framing == "content"

    @property
    def framing(self) -> str:
        """What the client's next octets are; behind the lone dot come commands, answered or not."""
        ended = any(awaited.entry == END_OF_DATA for awaited in self.waiting)
        return self.dialect.framing((self.supposed if ended else self.position).state)

    @property
    def content_so_far(self) -> bytes:
        """The octets of unfinished content, as they travelled."""
        return b"".join(self._wire)

    @property
    def replies(self) -> int:
        """How many replies there were so far, begun ones among them."""
        return self._replies

    @property
    def pending(self) -> bytes:
        """What the client has sent that does not form a line yet."""
        return self._commands.buffer

    SAVED: tuple[str, ...] = (
        "position",
        "envelope",
        "client_name",
        "offered",
        "waiting",
        "exchange",
        "answered",
        "lost",
        "reply",
        "_replies",
        "_wire",
        "_dropped",
    )
    """The attributes that make a moment; each is replaced when it changes, and never changed in place."""

    def save(self) -> tuple[Any, ...]:
        """A value that `load` comes back to; equal values are equal moments."""
        unstuffer = self._unstuffer.save() if self._unstuffer else None
        framed = (self._commands.save(), self._lines.save(), self._assembler.lines, unstuffer)
        return (framed, *(getattr(self, name) for name in self.SAVED))

    def load(self, saved: tuple[Any, ...]) -> None:
        """Come back to a saved moment."""
        (commands, lines, self._assembler.lines, unstuffer), *values = saved
        for name, value in zip(self.SAVED, values, strict=True):
            setattr(self, name, value)
        self._commands.load(commands)
        self._lines.load(lines)
        self._unstuffer = Unstuffer.load(unstuffer) if unstuffer else None

    # What the client says ------------------------------------------------------------------------

    def hear_client(self, octets: bytes, now: float = 0.0) -> list[Event]:
        """Take in what the client sends; the events of what became whole."""
        self._commands.feed(octets)
        return list(self._heard(now))

    def _heard(self, now: float) -> Iterable[Event]:
        while (event := self._next(now)) is not None:
            yield event

    def _next(self, now: float) -> Event | None:
        """The next whole thing of the client's, or None until more octets come."""
        framing = self.framing
        if framing == "content":
            return self._content(now)
        line = self._commands.line()
        if line is None:
            return None
        return self._command(line, framing == "line", now)

    def _command(self, line: Line, continues: bool, now: float) -> Event:
        command = None if continues else self.dialect.parse(line.octets)
        entry = CONTINUATION if command is None else self.dialect.input_of(command.verb)
        before, in_flight = self.supposed, tuple(awaited.entry for awaited in self.waiting)
        self.waiting += (Awaited(entry, command),)
        if self.dialect.opens_exchange(entry):
            self.exchange += (line.octets,)
        deviations = line.deviations
        if line.length > self.dialect.line_limit(entry):
            deviations += (Deviation(self.dialect.line_limit(entry), "overlong", line.length),)
        event = self._event("client", "command", line.octets, now, before, to=entry, deviations=deviations)
        if in_flight or line.length != event.length:
            return replace(event, length=line.length, in_flight=in_flight)
        return event

    def _content(self, now: float) -> Event | None:
        octets = self._commands.rest()
        if self._unstuffer is None:
            self._unstuffer = Unstuffer()
        if not octets:
            return None
        _, rest = self._unstuffer.feed(octets)
        if rest is None:
            self._keep(octets)
            return None
        self._keep(octets[: len(octets) - len(rest)])
        wire = b"".join(self._wire)
        length = len(wire) + self._dropped - len(LONE_DOT)
        wire = wire[:length]
        content = Content(wire, self._unstuffer.dots, length - len(wire))
        self._unstuffer, self._wire, self._dropped = None, (), 0
        self._commands.feed(rest)
        self.waiting += (Awaited(END_OF_DATA),)
        return self._event(
            "client",
            "content",
            LONE_DOT,
            now,
            self.position,
            to=END_OF_DATA,
            content=content,
            deviations=content.deviations,
        )

    def _keep(self, octets: bytes) -> None:
        kept = octets
        if self.most_content is not None:
            kept = octets[: max(0, self.most_content - sum(map(len, self._wire)))]
            self._dropped += len(octets) - len(kept)
        if kept:
            self._wire += (kept,)

    # What the server says ------------------------------------------------------------------------

    def hear_server(self, octets: bytes, now: float = 0.0) -> list[Event]:
        """Take in what the server sends; the events of the lines that became whole."""
        self._lines.feed(octets)
        events = []
        while (line := self._lines.line()) is not None:
            events.append(self._reply_line(line, now))
        return events

    def _reply_line(self, line: Line, now: float) -> Event:
        awaited = self.waiting[0] if self.waiting else Awaited("")
        before, gathered = self.position, self._assembler.lines
        parsed = parse_reply_line(line.octets)
        deviations = line.deviations
        if gathered and parsed.code != gathered[0].code:
            deviations += (Deviation(0, "code-changes", parsed.code),)
        if line.length > self.dialect.era.reply_line:
            deviations += (Deviation(self.dialect.era.reply_line, "overlong", line.length),)
        place = ("last" if gathered else "only") if parsed.last else ("middle" if gathered else "first")
        if not gathered:
            self._replies += 1
        if parsed.code:
            reply = self._assembler.add(parsed)
            if reply is not None:
                self._answer(awaited, reply)
        return self._event(
            "server", "reply", line.octets, now, before, to=awaited.entry, line=place, deviations=deviations
        )

    def _say(self, reply: Reply, now: float) -> list[Event]:
        """Hear a reply of one's own making, which needs no parsing."""
        entry = self.waiting[0].entry if self.waiting else ""
        before, offered, last = self.position, tuple(self.offered), len(reply.lines) - 1
        self._replies += 1
        self._answer(self.waiting[0] if self.waiting else Awaited(""), reply)
        events = []
        for number, octets in enumerate(reply.each()):
            place = "only" if last == 0 else "first" if number == 0 else "last" if number == last else "middle"
            event = self._event("server", "reply", octets, now, before, to=entry, line=place)
            events.append(event if number == last else replace(event, after=before, offered=offered))
        return events

    def _answer(self, awaited: Awaited, reply: Reply) -> None:
        """A reply is whole: move as the table says."""
        self.waiting = self.waiting[1:]
        self.answered, self.reply = awaited.entry, reply
        self.position, row = self.dialect.move(self.position, awaited.entry, reply.code)
        if row is not None and row.clears:
            self.envelope = EMPTY
        if self.dialect.framing(self.position.state) != "line":
            self.exchange = ()
        if reply.severity == 2 and awaited.command is not None:
            self._agree(awaited.command, row is not None and "extended" in row.gains, reply)

    def _agree(self, command: Command, lists: bool, reply: Reply) -> None:
        """The server took a command: what it named now holds.

        The offers are those of the last EHLO and of no other: RFC 1869 section 4.2 forbids to remember them, while RFC
        2821 section 4.5.4.1 only urges care. An answer of one line offers nothing beyond the minimum (RFC 1869 section 8).
        """
        if command.path is not None:
            self.envelope = accept(self.envelope, command.verb, command.path, command.parameters)
        elif command.host:
            self.client_name = command.host
            self.offered = read_offers(reply) if lists else {}

    def closed(self, by: str, now: float = 0.0) -> Event:
        """The channel is gone and no reply said so; `lost` is then the input that it was lost upon.

        What was not acknowledged did not happen (RFC 821 section 4.1.1, QUIT).
        """
        before, self.lost = self.position, self.waiting[0].entry if self.waiting else ""
        self.position = before._replace(state="closed")
        self.waiting, self.envelope, self.exchange = (), EMPTY, ()
        return replace(
            self._event(by, "moment", f"closed by the {by}".encode(), now, before, to=""), after=self.position
        )

    def _event(
        self,
        speaker: str,
        kind: str,
        octets: bytes,
        now: float,
        before: Position,
        *,
        to: str,
        line: str = "",
        deviations: tuple[Deviation, ...] = (),
        content: Content | None = None,
    ) -> Event:
        return Event(
            self.observer,
            speaker,
            kind,
            octets,
            now,
            before,
            self.position if kind == "reply" else before,
            self.dialect,
            to,
            self._replies if kind == "reply" else 0,
            line,
            len(octets),
            deviations,
            content,
            tuple(self.offered),
        )


def read_offers(reply: Reply) -> dict[str, tuple[str, ...]]:
    """The keywords of an EHLO reply with their parameters, keywords in capitals (RFC 1869 section 4.3)."""
    offers = {}
    for line in reply.lines[1:]:
        keyword, *params = line.decode("ascii", "replace").split()[:100] or [""]
        if keyword:
            offers[keyword.upper()] = tuple(params)
    return offers
