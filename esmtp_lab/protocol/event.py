"""The one event: what one side saw, once.

Everything that a person sees is a view of a list of these. There is one event for each line on
the wire, for each content that was sent, and for each moment of the channel.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from esmtp_lab.protocol.session import CONTINUATION, GREETING, Position
from esmtp_lab.protocol.transaction import Content
from esmtp_lab.wire import content as wire_content
from esmtp_lab.wire.command import Command, Outline, line_end
from esmtp_lab.wire.framing import Deviation, deviations
from esmtp_lab.wire.reply import ReplyLine, parse_reply_line
from esmtp_lab.wire.scan import unparsed
from esmtp_lab.wire.span import Span, find

if TYPE_CHECKING:
    from esmtp_lab.protocol.dialect import Dialect


CHUNK_TEXT = "chunk"
"""What a line of a chunk is, in which dots are as they are; what a header section is, only all chunks can tell."""
_AUTH = re.compile(rb"[ \t]*AUTH[ \t=]+[!-<>-~]*[ \t=]+(?=[^\r\n])", re.IGNORECASE)
"""A line that means to be AUTH, up to where its response would stand."""


class Event(NamedTuple):
    """What `observer` saw `speaker` say.

    `kind` is "command", "reply", "content" (all of it, with the lone dot at its end, or all of a chunk), "text" (one
    line of it, made for views) or "moment". `octets` are those of the line, CRLF included; of content they are
    those of the lone dot, and of a chunk none. `to` is the input that a reply answers, a command's own verb, or for
    text "header", "body" or "chunk". `reply` counts the replies from 1, and `line` says which line of its reply this
    is: only, first, middle, last. `length` is in octets and larger than `octets` where a line was too long to keep.
    `offered` holds the keywords of the EHLO reply then in force, and `listed` those of the last, in force or not:
    HELO puts an end to what may be used, and the server still has it. `in_flight` are the inputs that had no reply yet
    when a command was sent. `upon` is the input that was answered last before this, and its
    code, where this is no reply itself.
    `asked` outlines the command that a reply answers. `declared` are the keywords of the parameters of the MAIL to
    which content belongs.
    `citations` are added by the annotator.
    """

    observer: str
    speaker: str
    kind: str
    octets: bytes
    time: float
    before: Position
    after: Position
    dialect: "Dialect"
    to: str = ""
    reply: int = 0
    line: str = ""
    length: int = 0
    deviations: tuple[Deviation, ...] = ()
    content: Content | None = None
    offered: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    in_flight: tuple[str, ...] = ()
    upon: tuple[str, int] = ("", 0)
    asked: Outline | None = None
    declared: tuple[str, ...] = ()
    citations: tuple[Any, ...] = ()

    @property
    def command(self) -> Command | None:
        """The command, where this is one."""
        is_command = self.kind == "command" and self.to != CONTINUATION
        return self._parsed if is_command else None

    @property
    def _parsed(self) -> Command:
        return self.dialect.parse(self.octets, self.dialect.grammar(self.offered))

    @property
    def reply_line(self) -> ReplyLine | None:
        """The line of a reply, where this is one."""
        return parse_reply_line(self.octets, self._form) if self.kind == "reply" else None

    @property
    def _form(self) -> str:
        if not self.octets.startswith(b"2"):
            return "text"
        if self.to == GREETING:
            return "greeting" if self.line in ("only", "first") else "text"
        if self.to in ("EHLO", "HELO"):
            return "ehlo" if self.line in ("only", "first") else "ehlo-line"
        return "text"

    @property
    def code(self) -> int:
        """The reply code, or 0."""
        line = self.reply_line
        return line.code if line else 0

    @property
    def last(self) -> bool:
        """Whether this line completes what its speaker had to say."""
        return self.line in ("", "only", "last")

    @property
    def negative(self) -> bool:
        """Whether this is a reply that refuses: 4yz or 5yz."""
        return self.kind == "reply" and self.octets[:1] in (b"4", b"5")

    @property
    def spans(self) -> tuple[Span, ...]:
        """Which octets are what: they tile the line."""
        match self.kind:
            case "command" if self.to == CONTINUATION:
                return _plain(self.octets)
            case "command":
                return self._parsed.spans
            case "reply":
                return parse_reply_line(self.octets, self._form).spans
            case "text" | "content":
                return wire_content.content_spans(self.octets, self.to == "header", self.to != CHUNK_TEXT)
            case _:
                return ()

    @property
    def secret(self) -> int | None:
        """The octet from which on this line may hold a password, however badly written; None where it holds none."""
        if self.kind != "command":
            return None
        command, written = self.command, _AUTH.match(self.octets)
        span = find(self.spans, "secret") if command is None or "secret" in command.values else None
        found = [span.start] if span else []
        return min([*found, written.end()] if written else found, default=None)


Sight = tuple[Any, ...]
"""All of an event that makes a difference to what it means: not who saw it when, and not what content held."""

_NO_DIFFERENCE = {"observer": "", "time": 0.0, "reply": 0, "content": None, "citations": ()}
sight: Callable[[Event], Sight] = itemgetter(
    *(place for place, name in enumerate(Event._fields) if name not in _NO_DIFFERENCE)
)
"""The sight of an event; events of equal sights mean the same."""


def seen_by_nobody(seen: Sight) -> Event:
    """An event of that sight."""
    values = iter(seen)
    return Event._make(_NO_DIFFERENCE[name] if name in _NO_DIFFERENCE else next(values) for name in Event._fields)


@lru_cache(maxsize=256)
def _plain(octets: bytes) -> tuple[Span, ...]:
    end = line_end(octets)
    return (*unparsed(octets, 0, end, "secret"), Span(end, len(octets), "crlf"))


def text_events(event: Event, wire: bytes | None = None, header: bool = True) -> Iterator[Event]:
    """The lines of a content event, or of a part of it that begins in the `header` section or behind it, as events."""
    if wire is None:
        wire = event.content.wire if event.content else b""
    for octets in wire_content.lines(wire):
        header = header and octets != b"\r\n" and wire_content.still_header(octets)
        part = ("header" if header else "body") if event.octets else CHUNK_TEXT
        yield event._replace(
            kind="text",
            octets=octets,
            length=len(octets),
            to=part,
            after=event.before,
            content=None,
            deviations=text_deviations(octets, event.dialect.era.text_line, part),
        )


def text_deviations(octets: bytes, longest: int, part: str) -> tuple[Deviation, ...]:
    """What a line of content holds that text may not; a stuffed dot does not count towards its length."""
    length = len(octets) - (octets.startswith(b".") and part != CHUNK_TEXT)
    return deviations(octets) + ((Deviation(longest, "overlong", length),) if length > longest else ())


def lines(event: Event) -> Iterator[Event]:
    """An event as its views show it: content as its lines and the dot, a chunk as its lines, all else as itself."""
    if event.kind == "content":
        yield from text_events(event)
    if event.kind != "content" or event.octets:
        yield event
