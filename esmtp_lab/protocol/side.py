"""One side of a dialogue: hears what the client says and what the server says, and keeps its place.

A side decides nothing. The server and the client are sides that also speak, and a reader
of foreign transcripts is a side that only listens.
"""

from typing import Any, NamedTuple

from esmtp_lab.protocol.dialect import Dialect, Following
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.session import END_OF_DATA, GREETING, HANDSHAKE, Position
from esmtp_lab.protocol.transaction import EMPTY, NO_CHUNK, NOTHING, Content, Envelope, accept
from esmtp_lab.wire.command import Command, Outline, outline
from esmtp_lab.wire.framing import Deviation, Framer, Line
from esmtp_lab.wire.framing import deviations as deviations_of
from esmtp_lab.wire.grammar import Grammar
from esmtp_lab.wire.reply import Reply, ReplyAssembler, parse_reply_line
from esmtp_lab.wire.transparency import END_OF_DATA as LONE_DOT
from esmtp_lab.wire.transparency import Unstuffer

NOTHING_YET = ("", 0)
"""What was answered before the first reply."""


class Awaited(NamedTuple):
    """An input that has no reply yet: the command or the content that it came in, what was wrong with that, and where
    it leads if all goes well; for whoever looks on, an outline of the command."""

    entry: str
    command: Command | None = None
    deviations: tuple[Deviation, ...] = ()
    content: Content = NOTHING
    supposed: Position = Position()
    asked: Outline | None = None


class Chunk(NamedTuple):
    """Octets that a command counted, while they come: how many are `left`, and whether they are part of a letter or
    will be refused."""

    command: Command
    following: Following
    left: int
    wanted: bool


class Side:
    """Keeps position, envelope and offers from what both sides say; `observer` names it in its events.

    `nonsense` tells that the server said a line without a reply code. A side that is not `watched` makes no events.
    `most_content` are the octets of one content, as it travels, that are kept to be looked at, or None for all; the
    rest is counted.
    """

    observer = "reader"
    stores = False
    """Whether letters are this side's business, watched or not."""

    SAVED: tuple[str, ...] = (
        "position",
        "envelope",
        "client_name",
        "offered",
        "listed",
        "waiting",
        "exchange",
        "answered",
        "lost",
        "nonsense",
        "reply",
        "_replies",
        "_came",
        "_chunk",
        "_gathered",
    )
    """The attributes that make a moment; each is replaced when it changes, and never changed in place."""
    # Named, since CPython looks up attributes more slowly in an object that has more than thirty of them in a dict.
    __slots__ = (*SAVED, "_assembler", "_commands", "_lines", "_unstuffer", "dialect", "most_content", "watched")

    def __init__(self, dialect: Dialect, *, watched: bool = True) -> None:
        self.dialect = dialect
        self.watched = watched
        self.most_content: int | None = None
        self.position = Position()
        self.envelope: Envelope = EMPTY
        self.client_name = ""
        self.offered: dict[str, tuple[str, ...]] = {}
        self.listed: tuple[str, ...] = ()
        self.waiting: tuple[Awaited, ...] = ()
        self._await(GREETING)
        self.exchange: tuple[bytes, ...] = ()
        self.answered = self.lost = ""
        self.nonsense = False
        self.reply: Reply | None = None
        self._replies = 0
        self._commands = Framer()
        self._lines = Framer()
        self._assembler = ReplyAssembler()
        self._unstuffer: Unstuffer | None = None
        self._came = NOTHING
        self._chunk: Chunk | None = None
        self._gathered = NOTHING

    # What is known -------------------------------------------------------------------------------

    @property
    def supposed(self) -> Position:
        """The position if everything that is still unanswered is accepted."""
        return self.waiting[-1].supposed if self.waiting else self.position

    @property
    def in_content(self) -> bool:
        """Whether what the client sends now is content."""
        return self.framing in ("content", "chunk")

    @property
    def grammar(self) -> Grammar:
        """The grammar of the client's lines: what EHLO was answered may have widened it."""
        return self.dialect.grammar(self.offered)

    @property
    def left(self) -> int:
        """How many octets of a chunk are still to come."""
        return 0 if self._chunk is None else self._chunk.left

    @property
    def framing(self) -> str:
        """What the client's next octets are: those of a "chunk", or what `Dialect.framing` says; behind the lone dot
        come commands, answered or not."""
        if self._chunk is not None and not self.position.shaking:
            return "chunk"
        position = self.position
        if self.waiting and any(awaited.entry == END_OF_DATA for awaited in self.waiting):
            position = self.supposed
        return self.dialect.framings.get(position.state, "command")

    @property
    def content_so_far(self) -> bytes:
        """The octets of unfinished content, or of an unfinished chunk, as they travelled."""
        return b"".join(self._came.notes.pieces)

    @property
    def replies(self) -> int:
        """How many replies there were so far, begun ones among them."""
        return self._replies

    @property
    def pending(self) -> bytes:
        """What the client has sent that does not form a line yet."""
        return self._commands.buffer

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
        events: list[Event] = []
        while self._commands.buffer and self._next(events, now):
            pass
        return events

    def _next(self, events: list[Event], now: float) -> bool:
        """Take the next whole thing of the client's into `waiting`; False, and nothing done, until more octets come."""
        framing = self.framing
        if framing == "content":
            return self._content(events, now)
        if framing == "chunk":
            return self._counted(events, now)
        if framing == "handshake" or (self.waiting and self._undecided()):
            return False
        line = self._commands.line()
        if line is None:
            return False
        self._command(line, framing == "line", events, now)
        return self._chunk is None or self._counted(events, now)

    def _undecided(self) -> bool:
        """Whether it hangs on a reply that is still to come what the client's next octets are: content, or commands;
        or what those behind the next line are, which one that was offered may count."""
        last = self.waiting[-1]
        if last.entry != GREETING and self.dialect.framing(last.supposed.state) == "content":
            return True
        offering = any(awaited.entry in self.dialect.offering for awaited in self.waiting)
        return offering and self.dialect.counts(self._commands.buffer)

    def _await(
        self,
        entry: str,
        command: Command | None = None,
        deviations: tuple[Deviation, ...] = (),
        content: Content = NOTHING,
    ) -> None:
        supposed = self.dialect.suppose(self.supposed, entry)
        asked = outline(command) if self.watched and command is not None else None
        self.waiting += (Awaited(entry, command, deviations, content, supposed, asked),)

    def _command(self, line: Line, continues: bool, events: list[Event], now: float) -> None:
        entry, command, deviations, following = self.dialect.heard(line, continues, self.dialect.grammar(self.offered))
        if self.watched:
            event = self._event("client", "command", line.octets, now, self.supposed, to=entry, deviations=deviations)
            if self.waiting or line.length != event.length:
                in_flight = tuple(awaited.entry for awaited in self.waiting)
                event = event._replace(length=line.length, in_flight=in_flight)
            events.append(event)
        if following is not None and command is not None and self._follows(following):
            wanted = self.dialect.may(self.supposed, following.entry)
            self._chunk, self._came = Chunk(command, following, following.octets, wanted), NO_CHUNK
            return
        self._await(entry, command, deviations)
        if entry in self.dialect.exchanges:
            self.exchange += (line.octets,)

    def _content(self, events: list[Event], now: float) -> bool:
        octets = self._commands.rest()
        if self._unstuffer is None:
            self._unstuffer = Unstuffer()
        stuffed, rest = self._unstuffer.cut(octets)
        # Content that nobody looks at and nobody stores need not be unstuffed.
        block = self._unstuffer.plain(stuffed) if self.watched or self.stores else b""
        if self.watched:
            arrived = octets if rest is None else octets[: len(octets) - len(rest)]
            self._came = self._came.noted(arrived, block, self.most_content)
        self._came = self._came.plus(block, self._unstuffer.dots)
        self._take_in(block, self._came, now)
        if rest is None:
            return False
        content, self._came, self._unstuffer = self._came, NOTHING, None
        self._commands.feed(rest)
        self._await(END_OF_DATA, content=content)
        if self.watched:
            events.append(
                self._event(
                    "client",
                    "content",
                    LONE_DOT,
                    now,
                    self.position,
                    to=END_OF_DATA,
                    content=content.whole(),
                    deviations=content.deviations,
                )
            )
        return True

    def _follows(self, following: Following) -> bool:
        """Whether the octets that a command counts are no commands: not for a server that did not offer to take them
        (RFC 3030 section 2)."""
        return following.keyword in self.offered

    def _counted(self, events: list[Event], now: float) -> bool:
        """Take octets of a chunk; whether it is whole. A chunk that will be refused passes in the same way, so that its
        octets are never read as commands (RFC 3030 section 2)."""
        chunk = self._chunk
        assert chunk is not None
        block = self._commands.counted(chunk.left)
        left = chunk.left - len(block)
        if self.watched:
            self._came = self._came.noted(block, block, self.most_content).plus(block, 0)
        if chunk.wanted:
            self._gathered = self._gathered.plus(block, 0)
            self._take_in(block, self._gathered, now)
        self._chunk = chunk._replace(left=left)
        if left == 0:
            self._end_chunk(events, now)
        return left == 0

    def _end_chunk(self, events: list[Event], now: float) -> None:
        """A chunk is whole: now its command is answered."""
        assert self._chunk is not None
        command, (_, entry, _), _, wanted = self._chunk
        content, self._came, self._chunk = self._came, NOTHING, None
        if self.watched:
            events.append(
                self._event(
                    "client",
                    "content",
                    b"",
                    now,
                    self.supposed,
                    to=entry,
                    content=content.whole(),
                    deviations=content.deviations,
                )
            )
        self._await(entry, command, content=self._gathered if wanted else NO_CHUNK)

    def _take_in(self, block: bytes, so_far: Content, now: float) -> None:
        """What a side does with a block of content as it is to be stored, the last of what came `so_far` of a letter:
        nothing, unless letters are its business."""

    # TLS -----------------------------------------------------------------------------------------

    def begin_protected(self) -> None:
        """The channel is protected before a word was said on it."""
        self.position, self.waiting = Position(facts=frozenset({"tls"})), ()
        self._await(GREETING)

    def protect(self, how: str, now: float = 0.0) -> Event:
        """The handshake of TLS is done: begin anew, and know nothing that came in clear (RFC 3207 section 4.2).

        Octets that came behind STARTTLS or behind the reply to it may be anybody's, and are thrown away. The moment
        says `how` the channel is protected.
        """
        before, unheard = self.position, len(self._commands.buffer) + len(self._lines.buffer)
        self.position = self.dialect.move(before, HANDSHAKE, 200).position
        self.waiting, self.exchange, self.envelope = (), (), EMPTY
        self._gathered, self._chunk, self._came = NOTHING, None, NOTHING
        self.client_name, self.offered, self.listed = "", {}, ()
        self.answered = HANDSHAKE
        self._commands.load((b"", 0))
        self._lines.load((b"", 0))
        self._assembler = ReplyAssembler()
        told = f"tls {how}".rstrip()
        if unheard:
            told += f"; the {self.observer} throws away {unheard} octets that came in clear"
        moment = self._event("server", "moment", told.encode(), now, before, to=HANDSHAKE)
        return moment._replace(after=self.position)

    # What the server says ------------------------------------------------------------------------

    def hear_server(self, octets: bytes, now: float = 0.0) -> list[Event]:
        """Take in what the server sends; the events of the lines that became whole."""
        self._lines.feed(octets)
        events: list[Event] = []
        while not self.position.shaking and (line := self._lines.line()) is not None:
            self._reply_line(line, events, now)
        return events

    def _reply_line(self, line: Line, events: list[Event], now: float) -> None:
        awaited = self.waiting[0] if self.waiting else Awaited("")
        before, gathered = self.position, self._assembler.lines
        parsed = parse_reply_line(line.octets)
        deviations = deviations_of(line.octets)
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
                self._answer(awaited, reply, now)
        else:
            self.nonsense = True
        if self.watched:
            event = self._event("server", "reply", line.octets, now, before, to=awaited.entry, line=place)
            events.append(event._replace(deviations=deviations, asked=awaited.asked))

    def _say(self, reply: Reply, now: float) -> list[Event]:
        """Hear a reply of one's own making, which needs no parsing."""
        awaited = self.waiting[0] if self.waiting else Awaited("")
        if not self.watched:
            self._answer(awaited, reply, now)
            return []
        before, offered, listed, last = self.position, tuple(self.offered), self.listed, len(reply.lines) - 1
        self._replies += 1
        self._answer(awaited, reply, now)
        entry, asked, events = awaited.entry, awaited.asked, []
        for number, octets in enumerate(reply.each()):
            place = "only" if last == 0 else "first" if number == 0 else "last" if number == last else "middle"
            event = self._event("server", "reply", octets, now, before, to=entry, line=place)
            event = event if number == last else event._replace(after=before, offered=offered, listed=listed)
            events.append(event if asked is None else event._replace(asked=asked))
        return events

    def _answer(self, awaited: Awaited, reply: Reply, now: float) -> None:
        """A reply is whole: move as the table says."""
        self.waiting = self.waiting[1:]
        self.answered, self.reply = awaited.entry, reply
        self.position, row = self.dialect.move(self.position, awaited.entry, reply.code)
        if self.waiting and self.position != awaited.supposed:
            waiting, self.waiting = self.waiting, ()
            for each in waiting:
                self._await(each.entry, each.command, each.deviations, each.content)
        if self.position.closed or (row is not None and row.clears):
            self.envelope = EMPTY
            if self._gathered is not NOTHING or self._chunk is not None:
                self._forget_chunks()
        if self.exchange and self.dialect.framing(self.position.state) != "line":
            self.exchange = ()
        if reply.severity == 2 and awaited.command is not None:
            self._agree(awaited.command, row is not None and "extended" in row.gains, reply, now)

    def _forget_chunks(self) -> None:
        """The transaction is over, and with it the chunks that came (RFC 3030 section 2, RSET)."""
        self._gathered = NOTHING
        if self.position.closed:
            self._chunk, self._came = None, NOTHING

    def _agree(self, command: Command, lists: bool, reply: Reply, now: float) -> None:
        """The server took a command: what it named now holds.

        The offers are those of the last EHLO and of no other: RFC 1869 section 4.2 forbids to remember them, while RFC
        2821 section 4.5.4.1 only urges care. An answer of one line offers nothing but the minimum (RFC 1869 section 8).
        """
        if command.path is not None:
            self.envelope = accept(self.envelope, command.verb, command.path, command.parameters, now)
        elif command.host:
            self.client_name = command.host
            self.offered = read_offers(reply) if lists else {}
            self.listed = tuple(self.offered) if lists else self.listed

    def closed(self, by: str, now: float = 0.0, why: str = "") -> Event:
        """The channel is gone and no reply said so; `lost` is then the input that it was lost upon.

        `by` is the side that closed it, or nothing where the network lost it.

        What was not acknowledged did not happen. RFC 2821 section 4.1.1.5 treats a lost channel as QUIT, section
        4.1.1.10 cancels the transaction as for 4yz, and section 3.9 has the client suppose 451; RFC 821 section 4.1.1
        has the server act as on RSET. All come to this.
        """
        before, self.lost = self.position, self.waiting[0].entry if self.waiting else ""
        self.position = before._replace(state="closed")
        self.waiting, self.envelope, self.exchange = (), EMPTY, ()
        self._forget_chunks()
        told = (f"closed by the {by}" if by else "closed: the channel was lost") + (f": {why}" if why else "")
        moment = self._event(by, "moment", told.encode("utf-8", "replace"), now, before, to="")
        return moment._replace(after=self.position)

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
            self.listed,
            (),
            (self.answered, self.reply.code) if self.reply and kind != "reply" else NOTHING_YET,
            None,
            self.envelope.declared if kind == "content" else (),
        )


def read_offers(reply: Reply) -> dict[str, tuple[str, ...]]:
    """The keywords of an EHLO reply with their parameters, keywords in capitals (RFC 1869 section 4.3).

    RFC 2821 section 4.2 lets a client act on the code alone and does not except this text, which it has to read.
    """
    offers = {}
    for line in reply.lines[1:]:
        keyword, *params = line.decode("ascii", "replace").split()[:100] or [""]
        if keyword:
            offers[keyword.upper()] = tuple(params)
    return offers
