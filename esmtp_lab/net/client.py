"""The client on a real channel: one delivery through one session, one command at a time.

What to send next is left to `Delivery`. Here stand opening the channel, the time-outs of RFC 2821 section 4.5.3.2,
and what a lost channel means.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from time import time
from typing import NoReturn

from esmtp_lab.errors import Unreachable
from esmtp_lab.net.address import resolve
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
    while True:
        reader, writer = await _open(addresses, port, OTHER_TIMEOUT * patience)
        channel = _Channel(reader, writer, dialect, patience, on_event)
        try:
            delivery = await channel.drive(delivery)
        finally:
            # Nothing is left to say, or nobody to say it to: what could still wait to be sent is given up.
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()
        again = delivery.again(channel.session)
        if again is None:
            return delivery
        delivery = again


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
    """`deliver` for callers without an event loop. Raises what `deliver` raises."""
    return asyncio.run(
        deliver(delivery, dialect, address, port, allow_remote=allow_remote, patience=patience, on_event=on_event)
    )


async def _open(
    addresses: tuple[str, ...], port: int, seconds: float
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A channel to the first address that answers. Raises Unreachable."""
    why = ""
    for address in addresses:
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.open_connection(address, port)
        except TimeoutError:
            why = f"no answer within {seconds:g} seconds"
        except OSError as error:
            why = error.strerror or str(error)
    raise Unreachable(f"no channel to {', '.join(addresses)} port {port}: {why}")


class _Lost(Exception):
    """The channel cannot be used any more; says why."""


class _Channel:
    """An open channel with the session of its client."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        dialect: Dialect,
        patience: float,
        on_event: OnEvent | None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._patience = patience
        self._on_event = on_event
        self.session = ClientSession(dialect)

    async def drive(self, delivery: Delivery) -> Delivery:
        """Hear and say, turn by turn, until nothing is left to say. Raises Unreachable before a greeting."""
        try:
            while True:
                await self._hear()
                octets, delivery = delivery.next(self.session)
                if not octets:
                    return delivery
                await self._say(octets)
        except _Lost as why:
            if self.session.reply is None:
                raise Unreachable(f"the server did not greet: {why}") from None
            self._show([self.session.closed("server", time())])
            return delivery

    async def _hear(self) -> None:
        """Wait for the whole reply to what was sent. Raises _Lost."""
        heard = 0
        while self.session.waiting and not self.session.position.closed:
            entry = self.session.waiting[0].entry
            octets = await self._read(TIMEOUTS.get(entry, OTHER_TIMEOUT) * self._patience)
            heard += len(octets)
            if heard > LONGEST_REPLY:
                raise _Lost(f"a reply of more than {LONGEST_REPLY} octets")
            events = self.session.receive(octets, time())
            self._show(events)
            if any(event.kind == "reply" and not event.code for event in events):
                raise _Lost("what the server said is no reply: it has no code of three digits")

    async def _read(self, seconds: float) -> bytes:
        try:
            async with asyncio.timeout(seconds):
                octets = await self._reader.read(BLOCK)
        except (OSError, TimeoutError) as error:
            _lose(error, seconds)
        if not octets:
            raise _Lost("the channel was closed")
        return octets

    async def _say(self, octets: bytes) -> None:
        """Send octets block by block. Raises _Lost."""
        self._show(self.session.send(octets, time()))
        octets = self.session.take()
        seconds = BLOCK_TIMEOUT * self._patience
        try:
            for start in range(0, len(octets), BLOCK):
                async with asyncio.timeout(seconds):
                    self._writer.write(octets[start : start + BLOCK])
                    await self._writer.drain()
        except (OSError, TimeoutError) as error:
            _lose(error, seconds)

    def _show(self, events: list[Event]) -> None:
        if self._on_event is not None:
            for event in events:
                self._on_event(event)


def _lose(error: Exception, seconds: float) -> NoReturn:
    """What went wrong, in words. A TimeoutError is an OSError, and the system has time-outs of its own."""
    raise _Lost(str(error) or f"nothing within {seconds:g} seconds") from None
