"""The client's side: sends what it is told, octets or commands, and hears the replies.

RFC 821 section 3.1, RFC 2821 section 3. What a client that delivers a letter says next stands in `delivery`.
"""

from typing import Any

from esmtp_lab.errors import LocalProtocolError
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.side import Awaited, Side
from esmtp_lab.wire.command import render_command
from esmtp_lab.wire.reply import Reply


class ClientSession(Side):
    """The client's end of one session: `send` octets as they are, or a `command` that cannot break its line.

    `answers` are the replies to the last group: to all that was sent since nothing was waited for, each with the input
    that it answers. They are told apart by counting alone (RFC 2920 section 3.1).
    """

    observer = "client"
    __slots__ = ("_out", "answers")
    SAVED = (*Side.SAVED, *__slots__)

    def __init__(self, dialect: Dialect, *, watched: bool = True) -> None:
        super().__init__(dialect, watched=watched)
        self._out = b""
        self.answers: tuple[tuple[str, Reply], ...] = ()

    def take(self) -> bytes:
        """The octets that wait to be sent, taken out."""
        out, self._out = self._out, b""
        return out

    def send(self, octets: bytes, now: float = 0.0) -> list[Event]:
        """Send octets as they stand, whatever they are."""
        if not self.waiting:
            self.answers = ()
        self._out += octets
        return self.hear_client(octets, now)

    def _answer(self, awaited: Awaited, reply: Reply, now: float) -> None:
        super()._answer(awaited, reply, now)
        self.answers += ((awaited.entry, reply),)

    def receive(self, octets: bytes, now: float = 0.0) -> list[Event]:
        """Take in what the server sent."""
        return self.hear_server(octets, now)

    def line(self, verb: str, **values: Any) -> bytes:
        """The line of a command, its values named by production with ``_`` for ``-``.

        Raises LocalProtocolError where the verb is not known here or a value would break the line.
        """
        grammar = self.grammar
        syntax = self.dialect.syntax(verb, grammar)
        if syntax is None:
            raise LocalProtocolError(f"{verb} is not a command of this client", rule="command-unknown")
        try:
            line = render_command(verb, syntax, {key.replace("_", "-"): value for key, value in values.items()})
        except ValueError as error:
            raise LocalProtocolError(f"{verb}: {error}", rule="crlf-ends-line") from None
        problem = self.dialect.parse(line, grammar).problem
        if problem is not None:
            text = f"{verb}: {problem.expected} is wanted at octet {problem.at}"
            raise LocalProtocolError(text, rule="argument-syntax")
        return line
