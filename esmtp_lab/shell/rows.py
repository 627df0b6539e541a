"""The record as rows of styled text: marks, numbers, coloured spans, notes. Every view but the plain one uses them."""

from collections.abc import Iterable, Iterator

from pygments.token import Token, _TokenType

from esmtp_lab.export.notes import Note, stops
from esmtp_lab.export.transcript import mask
from esmtp_lab.highlight.tokens import token_of
from esmtp_lab.protocol.event import Event
from esmtp_lab.shell.hits import marked
from esmtp_lab.shell.layout import Row
from esmtp_lab.shell.look import class_of
from esmtp_lab.shell.record import Item
from esmtp_lab.shell.session import Session
from esmtp_lab.shell.signs import Signs
from esmtp_lab.wire.span import Span, leaves
from esmtp_lab.wire.visible import visible

LAB, SENT, TOGETHER, RECEIVED, REFUSED, LOST = "===", " ->", "+->", "<- ", "<**", " x-"
BROKEN, SEEMS = " !!", " ??"
UNDER_TLS = {SENT: " ~>", TOGETHER: "+~>", RECEIVED: "<~ ", REFUSED: "<~*"}
"""Marks of one width, so that the text starts in one column and colour is never the only sign."""
UNDONE, NEVER = " (undone)", " (never arrived)"


def mark(event: Event) -> str:
    """The mark of a line of the wire; a plus stands before what left while an answer was still to come."""
    sent = TOGETHER if event.in_flight else SENT
    sign = sent if event.speaker == "client" else REFUSED if event.negative else RECEIVED
    return UNDER_TLS[sign] if event.before.protected else sign


def style_of(token: _TokenType) -> str:
    """The style of a token."""
    return f"class:{class_of(token)}"


def coloured(octets: bytes, spans: Iterable[Span], selected: tuple[int, int] | None = None) -> Row:
    """The text of a line, safe to show, each span in its style; the selected one stands out."""
    row: Row = []
    for span in leaves(spans):
        if span.part != "crlf":
            style = style_of(token_of(span, octets))
            text = visible(octets[span.start : span.end])
            row.append((f"{style} class:selected" if span[:2] == selected else style, text))
    return row


def wire_row(event: Event, selected: tuple[int, int] | None = None) -> Row:
    """The text of an event, without its mark; what may be a password is masked."""
    if event.secret is not None:
        return [(style_of(Token.Generic.Output), visible(mask(event).removesuffix(b"\r\n")))]
    row = coloured(event.octets, event.spans, selected)
    if event.length > len(event.octets):
        row.append(("class:lab", f" ({event.length} octets in all)"))
    return row


class Rows:
    """Makes the rows of a record; `numbered` puts the number of each line in front."""

    def __init__(self, session: Session, signs: Signs, *, numbered: bool) -> None:
        self.session = session
        self.signs = signs
        self.numbered = numbered

    @property
    def indent(self) -> int:
        """The column in which the text starts."""
        return 8 if self.numbered else 5

    def item(self, place: int) -> Row:
        """One line of the record."""
        session, item = self.session, self.session.record.items[place]
        undone = place in session.record.struck
        if item.event is None:
            row: Row = [("class:lab", self._front(item, LAB)), ("class:lab", self.signs.text(item.text))]
        else:
            cursor = session.cursor
            selected = stops(item.event)[cursor[1]] if cursor and cursor[0] == place else None
            sign = LOST if item.lost else mark(item.event)
            row = [("class:mark", self._front(item, sign)), *wire_row(item.event, selected)]
            row = marked(row, place, item.event) if self.numbered else row
            if item.lost:
                row.append(("class:lab", NEVER))
            if selected:
                row.append(("class:title", self.signs.text(" ◂")))
        if undone:
            row = [row[0], *((f"{style} class:undone", text) for style, text in row[1:]), ("", UNDONE)]
        return row

    def _front(self, item: Item, sign: str) -> str:
        number = f"{item.number or '':>3}" if self.numbered else ""
        return f"{number} {sign} " if self.numbered else f"{sign}  "

    def broken(self, place: int) -> Iterator[Row]:
        """What a line breaks, in a row of its own each."""
        event = self.session.annotated(place)
        for citation in event.citations if event else ():
            if citation.broken:
                rule = citation.rule
                text = f"the {citation.side(event.speaker if event else '')} broke this: {rule.says} ({rule.citation})"
                yield self.amiss(text)

    def amiss(self, text: str) -> Row:
        """A row that says what is broken."""
        return [("class:broken", self._front(Item(), BROKEN)), ("class:broken", self.signs.text(text))]

    def note(self, note: Note) -> Row:
        """A note under its line."""
        front = BROKEN if note.broken else SEEMS if note.seems else " " * len(BROKEN)
        return [("class:broken" if note.broken else "class:note", f"  {front}   {self.signs.text(note.text)}")]
