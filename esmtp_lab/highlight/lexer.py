"""Lexers for Pygments: a transcript is followed as a session, and coloured by the parser's own spans."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pygments.lexer import Lexer
from pygments.token import Comment, Generic, Text, Whitespace, _TokenType

from esmtp_lab.extensions import SHIPPED
from esmtp_lab.highlight.tokens import MARK, token_of
from esmtp_lab.protocol.dialect import dialect_of
from esmtp_lab.protocol.era import DEFAULT_ERA, find_era
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.reader import Reader
from esmtp_lab.wire.span import leaves
from esmtp_lab.wire.transcript import Entry, read_line

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_REPLY = re.compile(rb"[2-5][0-9][0-9](?:[ -]|$)")
_OTHER = {"remark": Comment.Single, "direction": Comment.Preproc, "moment": Generic.Heading, "holds": Generic.Output}


class EsmtpLexer(Lexer):
    """ESMTP transcripts: ``C:`` and ``S:`` lines, remarks, moments; a line with no mark is the client's."""

    name = "ESMTP transcript"
    aliases: ClassVar[list[str]] = ["esmtp"]
    filenames: ClassVar[list[str]] = ["*.esmtp", "*.smtp"]
    mimetypes: ClassVar[list[str]] = ["text/x-esmtp"]
    url = "https://www.rfc-editor.org/rfc/rfc2821"

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, _TokenType, str]]:
        """Tokens with their offsets; joined they are the text again."""
        reader = Reader(dialect_of(find_era(DEFAULT_ERA), SHIPPED))
        at = 0
        for line in _LINE.findall(text):
            body = line.removesuffix("\n").removesuffix("\r")
            for token, piece in self._line(body, reader):
                yield at, token, piece
                at += len(piece)
            if len(line) > len(body):
                yield at, Whitespace, line[len(body) :]
                at += len(line) - len(body)

    def entry(self, line: bytes) -> Entry:
        """How this lexer reads one written line."""
        return read_line(line)

    def _line(self, line: str, reader: Reader) -> Iterator[tuple[_TokenType, str]]:
        octets = line.encode("utf-8", "surrogatepass")
        entry = self.entry(octets)
        if entry.kind not in ("C", "S"):
            if line:
                yield _OTHER.get(entry.kind, Text), line
            return
        events = reader.hear("client" if entry.kind == "C" else "server", entry.octets)
        head = octets[: entry.start]
        if head:
            yield MARK, head.decode("ascii")
        if entry.escaped or not events or events[0].octets != entry.octets:
            if len(octets) > len(head):
                yield Text, octets[len(head) :].decode("utf-8", "surrogatepass")
            return
        yield from _coloured(events[0])


class EsmtpWireLexer(EsmtpLexer):
    """ESMTP as it crosses the wire, without marks: a line that begins with a reply code is the server's."""

    name = "ESMTP on the wire"
    aliases: ClassVar[list[str]] = ["esmtp-wire"]
    filenames: ClassVar[list[str]] = []
    mimetypes: ClassVar[list[str]] = []

    def entry(self, line: bytes) -> Entry:
        """Without a mark, three digits tell the server's lines."""
        entry = read_line(line)
        return entry._replace(kind="S") if not entry.marked and _REPLY.match(line) else entry


def _coloured(event: Event) -> Iterator[tuple[_TokenType, str]]:
    """The leaves of a line as tokens; octets of one character that was cut apart stay together."""
    held, held_token = b"", None
    for span in leaves(event.spans):
        if span.part == "crlf":
            continue
        octets = held + event.octets[span.start : span.end]
        token = held_token or token_of(span, event.octets)
        try:
            yield token, octets.decode("utf-8", "surrogatepass")
            held, held_token = b"", None
        except UnicodeDecodeError:
            held, held_token = octets, token
    if held:
        yield held_token or Text, held.decode("utf-8", "replace")
