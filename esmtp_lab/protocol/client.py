"""The client's side: sends what it is told, and knows how to deliver a letter by itself.

RFC 821 section 3.1, RFC 1869 sections 4.4 to 4.7, RFC 2821 sections 3.2 and 4.5.4.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from esmtp_lab.errors import LocalProtocolError
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.session import END_OF_DATA, GREETING, LAST_CHUNK
from esmtp_lab.protocol.side import Side
from esmtp_lab.wire.command import render_command
from esmtp_lab.wire.content import unlined
from esmtp_lab.wire.path import Path
from esmtp_lab.wire.reply import Reply
from esmtp_lab.wire.transparency import travelling


class ClientSession(Side):
    """The client's end of one session: `send` octets as they are, or a `command` that cannot break its line."""

    observer = "client"
    SAVED = (*Side.SAVED, "_out")

    def __init__(self, dialect: Dialect, *, watched: bool = True) -> None:
        super().__init__(dialect, watched=watched)
        self._out = b""

    def take(self) -> bytes:
        """The octets that wait to be sent, taken out."""
        out, self._out = self._out, b""
        return out

    def send(self, octets: bytes, now: float = 0.0) -> list[Event]:
        """Send octets as they stand, whatever they are."""
        self._out += octets
        return self.hear_client(octets, now)

    def receive(self, octets: bytes, now: float = 0.0) -> list[Event]:
        """Take in what the server sent."""
        return self.hear_server(octets, now)

    def line(self, verb: str, **values: Any) -> bytes:
        """The line of a command, its values named by production with ``_`` for ``-``.

        Raises LocalProtocolError where the verb is not known here or a value would break the line.
        """
        syntax = self.dialect.syntax(verb)
        if syntax is None:
            raise LocalProtocolError(f"{verb} is not a command of this client", rule="command-unknown")
        try:
            line = render_command(verb, syntax, {key.replace("_", "-"): value for key, value in values.items()})
        except ValueError as error:
            raise LocalProtocolError(f"{verb}: {error}", rule="crlf-ends-line") from None
        problem = self.dialect.parse(line).problem
        if problem is not None:
            text = f"{verb}: {problem.expected} is wanted at octet {problem.at}"
            raise LocalProtocolError(text, rule="argument-syntax")
        return line


class Outcome(NamedTuple):
    """What became of one recipient: the reply that decided, and a remark where there was none."""

    path: Path
    reply: Reply | None = None
    remark: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the server took responsibility for this recipient."""
        return self.reply is not None and self.reply.severity == 2

    @property
    def temporary(self) -> bool:
        """Whether trying again later may help: no 5yz reply, or none because the channel was lost."""
        return self.reply.severity not in (2, 5) if self.reply is not None else not self.remark


@dataclass(frozen=True, slots=True)
class Delivery:
    """One letter on its way through one session: a value, and the rule for what to send next.

    `content` is in octets, as it is to arrive; `decided` holds the outcomes so far; `taken` counts the recipients that
    were asked for. A `plain` delivery does not try EHLO; one that `turns` asks to change roles where it would leave and
    may (RFC 821 section 3.8). Where a server offers it, content goes in chunks of `chunk` octets, unless that is 0
    (RFC 3030); `sent` counts the octets that did. Content that is not made of lines can go in no other way. `heard`
    counts the replies that were acted upon, each once.
    """

    reverse_path: Path
    forward_paths: tuple[Path, ...]
    content: bytes
    helo: str = "me.example"
    taken: int = 0
    decided: tuple[Outcome, ...] = ()
    hopes: tuple[Path, ...] = ()
    plain: bool = False
    turns: bool = False
    heard: int = 0
    chunk: int = 0
    sent: int = 0

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """One outcome for each recipient; those that nobody decided are temporary (RFC 821 section 4.1.1, QUIT)."""
        by_path = {outcome.path: outcome for outcome in self.decided}
        return tuple(by_path.get(path, Outcome(path)) for path in self.forward_paths)

    def next(self, client: ClientSession) -> tuple[bytes, "Delivery"]:
        """The octets to send after the reply that `client` heard last; none where nothing is left to do."""
        reply, answered = client.reply, client.answered
        if reply is None or client.replies == self.heard:
            return b"", self
        step = _STEPS.get((answered, reply.severity)) or _STEPS.get((answered, 0), Delivery._leave)
        octets, after = step(self, client, reply)
        return b"" if client.position.closed else octets, replace(after, heard=client.replies)

    def again(self, client: ClientSession) -> "Delivery | None":
        """The delivery to try at once on a new channel, without EHLO, where the server hung up on that
        (RFC 1869 section 4.7); None where it did not."""
        hung_up = client.position.closed and client.lost in ("EHLO", "HELO")
        return replace(self, plain=True, heard=0) if hung_up and not self.plain else None

    def _greet(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        if self.plain or not client.dialect.era.speaks_ehlo:
            return self._fall_back(client, reply)
        return client.line("EHLO", **self._name()), self

    def _fall_back(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        """After any error to EHLO the client goes on with HELO (RFC 1869 sections 4.5 and 4.6)."""
        return client.line("HELO", **self._name()), self

    def _name(self) -> dict[str, bytes]:
        name = self.helo.encode("ascii", "replace")
        return {"domain": name, "domain_or_literal": name}

    def _mail(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        if not self.forward_paths:
            return self._part(client), self
        if not self._chunks(client) and (why := _unfit(self.content)):
            return self._part(client), self._all(None, why)
        parameters = {}
        for extension in client.dialect.known:
            if not extension.usable(client.offered):
                why = extension.needed_for(self.content)
                if why:
                    return self._part(client), self._all(None, why)
            elif extension.adds is not None and (parameter := extension.adds(self.content)):
                parameters[parameter.keyword] = parameter
        values = {"reverse_path": self.reverse_path, "parameters": tuple(parameters.values())}
        return client.line("MAIL", **values), self

    def _rcpt(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        after = self
        if client.answered == "RCPT":
            path = self.forward_paths[self.taken - 1]
            if reply.severity == 2:
                after = replace(self, hopes=(*self.hopes, path))
            else:
                after = replace(self, decided=(*self.decided, Outcome(path, reply)))
        if after.taken < len(after.forward_paths):
            path = after.forward_paths[after.taken]
            return client.line("RCPT", forward_path=path), replace(after, taken=after.taken + 1)
        if not after.hopes:
            return client.line("QUIT"), after
        return after._next_chunk(client, reply) if self._chunks(client) else (client.line("DATA"), after)

    def _content(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        return travelling(self.content), self

    def _chunks(self, client: ClientSession) -> bool:
        """Whether the content goes in chunks."""
        return self.chunk > 0 and "CHUNKING" in client.offered

    def _next_chunk(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        """One more chunk, octet for octet: its command with the octets close behind (RFC 3030 section 2)."""
        octets = self.content[self.sent : self.sent + self.chunk]
        sent = self.sent + len(octets)
        last = b"LAST" if sent == len(self.content) else None
        line = client.line("BDAT", chunk_size=b"%d" % len(octets), end_marker=last)
        return line + octets, replace(self, sent=sent)

    def _end(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        return self._part(client), self._all(reply)

    def _part(self, client: ClientSession) -> bytes:
        """The line that ends what this client has to say. TURN must be offered, where anything is."""
        offered = "TURN" in client.offered or not client.dialect.era.speaks_ehlo
        return client.line("TURN" if self.turns and offered and client.dialect.may(client.position, "TURN") else "QUIT")

    def _give_up(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        """The server takes no content and does not refuse it either: nobody may count as served."""
        return client.line("QUIT"), self

    def _leave(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        """A reply to something that this delivery did not say."""
        return client.line("QUIT"), self

    def _stop(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        return b"", self

    def _all(self, reply: Reply | None, remark: str = "") -> "Delivery":
        """The same outcome for every recipient that is not decided."""
        known = {outcome.path for outcome in self.decided}
        rest = (Outcome(path, reply, remark) for path in self.forward_paths if path not in known)
        return replace(self, decided=(*self.decided, *rest))


def _unfit(content: bytes) -> str:
    """Why content cannot go with DATA: CR and LF stand together or not at all (RFC 2821 section 2.3.7), and there is no
    NUL (RFC 2045 section 2.8)."""
    place = unlined(content)
    if place is None:
        return ""
    return f"the letter holds a NUL, or a CR or LF by itself, at octet {place}, and does not go in chunks"


# A client acts upon the first digit alone (RFC 2821 section 4.2). It falls back to HELO after any error to EHLO, as
# RFC 1869 section 4.5 has it: RFC 2821 section 3.2 does so only where EHLO was not recognized, which leaves a client
# stuck with an old server that says 502. RFC 2821 section 4.2.5 speaks twice of 5yz after the content; the first
# passage fits 4yz, and is taken so.
_STEPS = {
    (GREETING, 2): Delivery._greet,
    (GREETING, 0): Delivery._end,
    ("EHLO", 2): Delivery._mail,
    ("EHLO", 0): Delivery._fall_back,
    ("HELO", 2): Delivery._mail,
    ("HELO", 0): Delivery._end,
    ("MAIL", 2): Delivery._rcpt,
    ("MAIL", 0): Delivery._end,
    ("RCPT", 0): Delivery._rcpt,
    ("DATA", 3): Delivery._content,
    ("DATA", 2): Delivery._give_up,
    ("DATA", 0): Delivery._end,
    (END_OF_DATA, 0): Delivery._end,
    # a refused chunk ends the transaction (RFC 3030 section 2); QUIT clears it as RSET would
    ("BDAT", 2): Delivery._next_chunk,
    ("BDAT", 0): Delivery._end,
    (LAST_CHUNK, 0): Delivery._end,
    ("TURN", 2): Delivery._stop,
    ("QUIT", 0): Delivery._stop,
}
"""What a client does next, by what was answered and the first digit of the reply; 0 stands for any other."""
