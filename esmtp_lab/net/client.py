"""The client on a real channel: one delivery through one session, one command at a time.

What to send next is left to `Delivery`. Here stand opening the channel, the time-outs of RFC 2821 section 4.5.3.2,
and what a lost channel means.
"""

import asyncio
import socket
from collections.abc import Callable, Generator
from contextlib import suppress
from time import time
from typing import NamedTuple

from esmtp_lab.errors import Unreachable
from esmtp_lab.net.address import resolve, resolve_now
from esmtp_lab.protocol.client import ClientSession, Delivery
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.session import END_OF_DATA, GREETING

OnEvent = Callable[[Event], None]
"""Gets what the client saw."""

TIMEOUTS = {GREETING: 300.0, "MAIL": 300.0, "RCPT": 300.0, "DATA": 120.0, END_OF_DATA: 600.0}
"""Seconds to wait for the reply to each input: RFC 2821 section 4.5.3.2, RFC 5321 section 4.5.3.2 alike."""

OTHER_TIMEOUT = 300.0
"""Seconds to wait for replies that the section does not name, and for the channel to open."""

BLOCK_TIMEOUT = 180.0
"""Seconds for one block to leave (RFC 2821 section 4.5.3.2, "Data Block")."""

BLOCK = 65_536
LONGEST_REPLY = 65_536
"""Octets of one reply, all lines together; a server that says more without an end is left."""


async def deliver(
    delivery: Delivery,
    dialect: Dialect,
    address: str = "127.0.0.1",
    port: int = 2525,
    *,
    allow_remote: bool = False,
    patience: float = 1.0,
    on_event: OnEvent | None = None,
) -> Delivery:
    """Deliver a letter; the `outcomes` of what comes back tell what became of each recipient.

    `patience` multiplies the standard's times. Raises Unreachable where the address is not loopback, unless
    `allow_remote`, and where no server has greeted; a channel that is lost later leaves temporary outcomes. A server
    that hangs up on EHLO is called again and greeted with HELO (RFC 1869 section 4.7).
    Raises LocalProtocolError where a path or a name would break its command line.
    """
    addresses = await resolve(address, allow_remote=allow_remote)
    letter: Delivery | None = delivery
    while letter is not None:
        delivery, letter = await _on_streams(_Dialogue(letter, dialect, patience, on_event), addresses, port)
    return delivery


def send(
    delivery: Delivery,
    dialect: Dialect,
    address: str = "127.0.0.1",
    port: int = 2525,
    *,
    allow_remote: bool = False,
    patience: float = 1.0,
    on_event: OnEvent | None = None,
) -> Delivery:
    """`deliver` for callers without an event loop, on a plain socket. Raises what `deliver` raises."""
    addresses = resolve_now(address, allow_remote=allow_remote)
    letter: Delivery | None = delivery
    while letter is not None:
        delivery, letter = _on_socket(_Dialogue(letter, dialect, patience, on_event), addresses, port)
    return delivery


# What is said --------------------------------------------------------------------------------------


class _Turn(NamedTuple):
    """What the channel is to do next: send octets, or else wait for some; and how long that may take."""

    octets: bytes
    seconds: float


class _Lost(Exception):
    """The channel cannot be used any more; says why."""


class _Dialogue:
    """One delivery through one session, whatever carries its octets: a generator of turns."""

    def __init__(self, delivery: Delivery, dialect: Dialect, patience: float, on_event: OnEvent | None) -> None:
        self._delivery = delivery
        self._patience = patience
        self._on_event = on_event
        self._session = ClientSession(dialect, watched=on_event is not None)
        self.opening = OTHER_TIMEOUT * patience

    def turns(self) -> Generator[_Turn, bytes, None]:
        """Hear and say, turn by turn, until nothing is left to say; a turn that waits is given the octets that came.

        The carrier throws _Lost in where the channel is lost. Raises Unreachable before a greeting.
        """
        try:
            while True:
                yield from self._hear()
                octets, self._delivery = self._delivery.next(self._session)
                if not octets:
                    return
                self._show(self._session.send(octets, time()))
                octets = self._session.take()
                for start in range(0, len(octets), BLOCK):
                    yield _Turn(octets[start : start + BLOCK], BLOCK_TIMEOUT * self._patience)
        except _Lost as why:
            if self._session.reply is None:
                raise Unreachable(f"the server did not greet: {why}") from None
            self._show([self._session.closed("server", time())])

    @property
    def outcome(self) -> tuple[Delivery, Delivery | None]:
        """The delivery as it stands, and what is to be tried at once on another channel, if anything."""
        return self._delivery, self._delivery.again(self._session)

    def _hear(self) -> Generator[_Turn, bytes, None]:
        """Wait for the whole reply to what was sent. Raises _Lost."""
        heard = 0
        while self._session.waiting and not self._session.position.closed:
            entry = self._session.waiting[0].entry
            octets = yield _Turn(b"", TIMEOUTS.get(entry, OTHER_TIMEOUT) * self._patience)
            if not octets:
                raise _Lost("the channel was closed")
            heard += len(octets)
            if heard > LONGEST_REPLY:
                raise _Lost(f"a reply of more than {LONGEST_REPLY} octets")
            self._show(self._session.receive(octets, time()))
            if self._session.nonsense:
                raise _Lost("what the server said is no reply: it has no code of three digits")

    def _show(self, events: list[Event]) -> None:
        if self._on_event is not None:
            for event in events:
                self._on_event(event)


# What carries it -----------------------------------------------------------------------------------


async def _on_streams(dialogue: _Dialogue, addresses: tuple[str, ...], port: int) -> tuple[Delivery, Delivery | None]:
    reader, writer = await _open(addresses, port, dialogue.opening)
    try:
        turns = dialogue.turns()
        turn = next(turns, None)
        while turn is not None:
            try:
                async with asyncio.timeout(turn.seconds):
                    if turn.octets:
                        writer.write(turn.octets)
                        await writer.drain()
                    came = b"" if turn.octets else await reader.read(BLOCK)
            except (OSError, TimeoutError) as error:
                turn = _go_on(turns, _lost(error, turn.seconds))
            else:
                turn = _go_on(turns, came)
    finally:
        # Nothing is left to say, or nobody to say it to: what could still wait to be sent is given up.
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()
    return dialogue.outcome


def _on_socket(dialogue: _Dialogue, addresses: tuple[str, ...], port: int) -> tuple[Delivery, Delivery | None]:
    with _connect(addresses, port, dialogue.opening) as channel:
        turns = dialogue.turns()
        turn = next(turns, None)
        while turn is not None:
            try:
                channel.settimeout(turn.seconds)
                if turn.octets:
                    channel.sendall(turn.octets)
                came = b"" if turn.octets else channel.recv(BLOCK)
            except OSError as error:
                turn = _go_on(turns, _lost(error, turn.seconds))
            else:
                turn = _go_on(turns, came)
    return dialogue.outcome


def _go_on(turns: Generator[_Turn, bytes, None], came: bytes | _Lost) -> _Turn | None:
    """The next turn, or None where all is said."""
    try:
        return turns.throw(came) if isinstance(came, _Lost) else turns.send(came)
    except StopIteration:
        return None


def _lost(error: Exception, seconds: float) -> _Lost:
    """What went wrong, in words. A TimeoutError is an OSError, and the system has time-outs of its own."""
    why = "" if isinstance(error, TimeoutError) and error.errno is None else str(error)
    return _Lost(why or f"nothing within {seconds:g} seconds")


async def _open(
    addresses: tuple[str, ...], port: int, seconds: float
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A channel to the first address that answers. Raises Unreachable."""
    why = ""
    for address in addresses:
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.open_connection(address, port)
        except OSError as error:
            why = _no_answer(error, seconds)
    raise Unreachable(f"no channel to {', '.join(addresses)} port {port}: {why}")


def _connect(addresses: tuple[str, ...], port: int, seconds: float) -> socket.socket:
    """A channel to the first address that answers. Raises Unreachable."""
    why = ""
    for address in addresses:
        try:
            return socket.create_connection((address, port), seconds)
        except OSError as error:
            why = _no_answer(error, seconds)
    raise Unreachable(f"no channel to {', '.join(addresses)} port {port}: {why}")


def _no_answer(error: OSError, seconds: float) -> str:
    if isinstance(error, TimeoutError) and error.errno is None:
        return f"no answer within {seconds:g} seconds"
    return error.strerror or str(error)
