"""The client on a real channel: opens one to a server, has a delivery's dialogue on it, and closes it.

After TURN it stays open, and is served from this end (RFC 821 section 3.8).
"""

import asyncio
import socket
from contextlib import suppress
from ssl import SSLContext, SSLSocket

from esmtp_lab.errors import Unreachable
from esmtp_lab.net.address import resolve, resolve_now
from esmtp_lab.net.dialogue import BLOCK, Dialogue, OnEvent, Wanted, carry, go_on, lost
from esmtp_lab.net.line import connect, no_answer
from esmtp_lab.net.server import Server
from esmtp_lab.net.streams import GOODBYE, Secured, Streams
from esmtp_lab.net.tls import told
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.dialect import Dialect


async def deliver(
    delivery: Delivery,
    dialect: Dialect,
    address: str = "127.0.0.1",
    port: int = 2525,
    *,
    allow_remote: bool = False,
    patience: float = 1.0,
    on_event: OnEvent | None = None,
    host: Server | None = None,
    tls: SSLContext | None = None,
) -> Delivery:
    """Deliver a letter; the `outcomes` of what comes back tell what became of each recipient.

    `patience` multiplies the standard's times. Raises Unreachable where the address is not loopback, unless
    `allow_remote`, and where no server has greeted; a channel that is lost later leaves temporary outcomes. A server
    that hangs up on EHLO is called again and greeted with HELO (RFC 1869 section 4.7). Where it agrees to TURN, `host`
    serves it until the channel is closed. Where the delivery begins TLS, the server has to prove that it is `address`,
    to this machine's satisfaction or to that of another `tls`; after a handshake that fails nothing is sent.
    Raises LocalProtocolError where a path or a name would break its command line.
    """
    addresses, secured = await resolve(address, allow_remote=allow_remote), Secured(tls, address)
    letter: Delivery | None = delivery
    while letter is not None:
        dialogue = Dialogue(letter, dialect, patience, on_event)
        delivery, letter = await _on_streams(dialogue, addresses, port, secured, host)
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
    tls: SSLContext | None = None,
) -> Delivery:
    """`deliver` for callers without an event loop, on a plain socket. Raises what `deliver` raises."""
    addresses, secured = resolve_now(address, allow_remote=allow_remote), Secured(tls, address)
    letter: Delivery | None = delivery
    while letter is not None:
        delivery, letter = _on_socket(Dialogue(letter, dialect, patience, on_event), addresses, port, secured)
    return delivery


# What carries it -----------------------------------------------------------------------------------


async def _on_streams(
    dialogue: Dialogue, addresses: tuple[str, ...], port: int, secured: Secured, host: Server | None
) -> tuple[Delivery, Delivery | None]:
    streams = Streams(await _open(addresses, port, dialogue.opening), secured)
    turned = False
    try:
        await carry(dialogue, streams)
        turned = host is not None and dialogue.turned
    finally:
        if not turned:
            await streams.close()
    if host is not None and turned:
        await host.adopt(streams.writer.transport)
    return dialogue.outcome


def _on_socket(
    dialogue: Dialogue, addresses: tuple[str, ...], port: int, secured: Secured
) -> tuple[Delivery, Delivery | None]:
    channel = _Channel(connect(addresses, port, dialogue.opening), secured)
    try:
        course = dialogue.course()
        wanted = next(course, None)
        while wanted is not None:
            try:
                came = channel.fulfil(wanted)
            except OSError as error:
                wanted = go_on(course, lost(error, wanted.seconds))
            else:
                wanted = go_on(course, came)
    finally:
        channel.close()
    return dialogue.outcome


class _Channel:
    """A plain socket, which can be protected on the way."""

    def __init__(self, opened: socket.socket, secured: Secured) -> None:
        self._socket = opened
        self._secured = secured

    def fulfil(self, wanted: Wanted) -> bytes:
        """Do what a dialogue wants. Raises OSError."""
        self._socket.settimeout(wanted.seconds)
        if wanted.handshake:
            return self._protect().encode()
        if not wanted.octets:
            return self._socket.recv(BLOCK)
        self._socket.sendall(wanted.octets)
        return b""

    def _protect(self) -> str:
        protected = self._secured.chosen().wrap_socket(self._socket, server_hostname=self._secured.name)
        self._socket = protected
        return told(protected)

    def close(self) -> None:
        """Nothing is left to say, or nobody to say it to."""
        if isinstance(self._socket, SSLSocket):
            with suppress(OSError, ValueError):  # without a goodbye the other end would take the channel for cut off
                self._socket.settimeout(GOODBYE)
                self._socket.unwrap()
        self._socket.close()


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
            why = no_answer(error, seconds)
    raise Unreachable(f"no channel to {', '.join(addresses)} port {port}: {why}")
