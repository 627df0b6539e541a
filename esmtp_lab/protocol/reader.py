"""A side that only listens: follows a transcript of any software, line by line.

Transcripts miss lines, hold several sessions, and speak extensions that nobody here knows. A reader takes a
reply that cannot answer what waits first as the answer to what waits behind it, a greeting on a closed channel as
a new session, and lines behind an unanswered DATA as content. Content is not kept, so a reader needs no more
memory for a long session than for a short one.
"""

from esmtp_lab.protocol.dialect import Dialect, Following
from esmtp_lab.protocol.event import CHUNK_TEXT, Event, text_deviations
from esmtp_lab.protocol.session import END_OF_DATA, GREETING, STATES, Position
from esmtp_lab.protocol.side import Side
from esmtp_lab.protocol.transaction import NOTHING
from esmtp_lab.wire.content import still_header
from esmtp_lab.wire.framing import Framer
from esmtp_lab.wire.reply import parse_reply_line
from esmtp_lab.wire.transparency import END_OF_DATA as LONE_DOT

_LONGEST_LINE = 1 << 24
_MOST_WAITING = 100
"""Inputs without a reply that a reader remembers; a transcript that has more lacks the server's lines."""
_ALWAYS = frozenset({"421", "500", "501", "502", "503", "504", "554", "530", "550"})


class Reader(Side):
    """Recovers both sides' place from the lines alone."""

    observer = "reader"
    __slots__ = ("_header",)
    SAVED = (*Side.SAVED, *__slots__)

    def __init__(self, dialect: Dialect) -> None:
        super().__init__(dialect)
        self._commands = Framer(_LONGEST_LINE)
        self._lines = Framer(_LONGEST_LINE)
        self._header = True

    def restart(self) -> None:
        """Another session begins: nothing of the one before holds any more."""
        fresh = Reader(self.dialect)
        fresh._replies = self._replies
        self.load(fresh.save())

    def protect(self, how: str, now: float = 0.0) -> Event:
        """See `Side.protect`; before the greeting this is a channel that was protected from the start."""
        greeted = self.position.state != "connect"
        moment = super().protect(how, now)
        self.begin_protected()
        if greeted:
            self.waiting, self.position = (), self.position._replace(state="initial")
        return moment._replace(after=self.position)

    def hear(self, speaker: str, octets: bytes, now: float = 0.0) -> list[Event]:
        """What one written line shows; nothing where its octets form no line yet."""
        if self.position.shaking:
            self.protect("")  # a line that can be read was said behind it
        if speaker == "server":
            if self._chunk is not None:
                self._end_chunk([], now)
            self._catch_up(octets)
            return self.hear_server(octets, now)
        if self._chunk is not None:
            return [self._chunk_line(octets, now)]
        self._expect_client(octets)
        if self.in_content:
            return [self._content_line(octets, now)]
        self._header = True
        return self.hear_client(octets, now)

    @property
    def framing(self) -> str:
        """See `Side.framing`; a 334 asks for a line of an exchange, even where the AUTH before was not understood."""
        if self.reply is not None and self.reply.code == 334 and not self.waiting:
            return "line"
        return super().framing

    def _undecided(self) -> bool:
        return False

    # Catching up ---------------------------------------------------------------------------------

    def _expect_client(self, octets: bytes) -> None:
        """Before a line of the client's: what must have happened that the transcript does not show."""
        if len(self.waiting) == 1 and self.waiting[0].entry == GREETING and not self._assembler.lines:
            self.waiting, self.position = (), self.position._replace(state="initial")
        if self.position.closed and self._known(octets):
            self.restart()
            self.waiting, self.position = (), Position("initial")
        if self.waiting and super()._undecided() and not self._known(octets):
            self._suppose(len(self.waiting))
        if len(self.waiting) > _MOST_WAITING:
            self._suppose(len(self.waiting) // 2)

    def _known(self, octets: bytes) -> bool:
        """Whether a line is a command of this dialect."""
        return self.dialect.syntax(self.dialect.parse(octets, self.grammar).verb) is not None

    def _catch_up(self, octets: bytes) -> None:
        """Before a line of the server's: drop what it cannot answer, where something behind that fits."""
        line = parse_reply_line(octets)
        if self._assembler.lines or not line.code:
            return
        if self.position.closed and line.code == 220:
            self.restart()
            return
        if self.waiting and not self._fits(line.code, self.waiting[0].entry):
            fitting = (place for place, each in enumerate(self.waiting) if self._fits(line.code, each.entry))
            self._suppose(next(fitting, 0))
        if line.code // 100 in (2, 3) and self.waiting:
            self._place(self.waiting[0].entry)

    def _fits(self, code: int, entry: str) -> bool:
        form = self.dialect.forms.get(entry)
        listed = form is None or code in (*form.success, *form.intermediate, *form.failure)
        return listed or str(code) in _ALWAYS

    def _place(self, entry: str) -> None:
        """The server took an input: where it may not come here, the transcript lacks what led to where it may."""
        if not self.dialect.may(self.position, entry):
            places = (self.position._replace(state=state) for state in STATES)
            self.position = next((each for each in places if self.dialect.may(each, entry)), self.position)

    def _suppose(self, count: int) -> None:
        """Take it that the first `count` inputs were accepted without the transcript's saying so."""
        for awaited in self.waiting[:count]:
            self.position = self.dialect.suppose(self.position, awaited.entry)
        self.waiting = self.waiting[count:]

    # Content -------------------------------------------------------------------------------------

    def end_content(self) -> None:
        """What the transcript does not hold has passed all the same: the rest of a chunk, or content and its end."""
        if self._chunk is not None:
            self._end_chunk([], 0.0)
        elif self.in_content and not self.waiting:
            self._content_line(LONE_DOT, 0.0)

    def _follows(self, following: Following) -> bool:
        """Whoever says BDAT sends its octets, whatever they were offered."""
        return True

    def _chunk_line(self, octets: bytes, now: float) -> Event:
        """One line of a chunk. The last need not have a CRLF of its own, though it is written as a line."""
        assert self._chunk is not None
        event = self._text(octets, CHUNK_TEXT, now)
        self._chunk = self._chunk._replace(left=self._chunk.left - len(octets))
        if self._chunk.left <= 0:
            self._end_chunk([], now)
        return event

    def _end_chunk(self, events: list[Event], now: float) -> None:
        """Its lines are events already."""
        super()._end_chunk([], now)

    def _content_line(self, octets: bytes, now: float) -> Event:
        if octets == LONE_DOT:
            self._await(END_OF_DATA)
            return self._event("client", "content", octets, now, self.position, to=END_OF_DATA, content=NOTHING)
        self._header = self._header and octets != b"\r\n" and still_header(octets)
        return self._text(octets, "header" if self._header else "body", now)

    def _text(self, octets: bytes, part: str, now: float) -> Event:
        found = text_deviations(octets, self.dialect.era.text_line, part)
        return self._event("client", "text", octets, now, self.position, to=part, deviations=found)
