"""A side that only listens: follows a transcript of any software, line by line.

Content is not kept, so a reader needs no more memory for a long session than for a short one.
"""

from dataclasses import replace

from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.event import Event, text_deviations
from esmtp_lab.protocol.session import END_OF_DATA, GREETING, Position
from esmtp_lab.protocol.side import Awaited, Side
from esmtp_lab.protocol.transaction import NOTHING
from esmtp_lab.wire.content import still_header
from esmtp_lab.wire.transparency import END_OF_DATA as LONE_DOT


class Reader(Side):
    """Recovers both sides' place from the lines alone."""

    observer = "reader"

    def __init__(self, dialect: Dialect) -> None:
        super().__init__(dialect)
        self._header = True

    def hear(self, speaker: str, octets: bytes, now: float = 0.0) -> list[Event]:
        """What one written line shows; nothing where its octets form no line yet."""
        if speaker == "server":
            return self.hear_server(octets, now)
        if self.waiting == (Awaited(GREETING),) and not self._assembler.lines:
            # The transcript begins after the greeting: take it as given.
            self.waiting, self.position = (), Position("initial")
        if self.in_content:
            return [self._content_line(octets, now)]
        self._header = True
        return self.hear_client(octets, now)

    def _content_line(self, octets: bytes, now: float) -> Event:
        if octets == LONE_DOT:
            self.waiting += (Awaited(END_OF_DATA),)
            self._header = True
            return replace(
                self._event("client", "content", octets, now, self.position, to=END_OF_DATA), content=NOTHING
            )
        self._header = self._header and octets != b"\r\n" and still_header(octets)
        part, found = "header" if self._header else "body", text_deviations(octets, self.dialect.era.text_line)
        return self._event("client", "text", octets, now, self.position, to=part, deviations=found)
