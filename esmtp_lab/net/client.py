"""The client on a real channel: opens one to a server, has a delivery's dialogue on it, and closes it.

After TURN it stays open, and is served from this end (RFC 821 section 3.8).
"""

import asyncio
import socket
from contextlib import suppress

from esmtp_lab.errors import Unreachable
from esmtp_lab.net.address import resolve, resolve_now
from esmtp_lab.net.dialogue import BLOCK, Dialogue, OnEvent, carry, go_on, lost
from esmtp_lab.net.server import Server
from esmtp_lab.protocol.client import Delivery
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
) -> Delivery:
    """Deliver a letter; the `outcomes` of what comes back tell what became of each recipient.

    `patience` multiplies the standard's times. Raises Unreachable where the address is not loopback, unless
    `allow_remote`, and where no server has greeted; a channel that is lost later leaves temporary outcomes. A server
    that hangs up on EHLO is called again and greeted with HELO (RFC 1869 section 4.7). Where it agrees to TURN, `host`
    serves it until the channel is closed.
    Raises LocalProtocolError where a path or a name would break its command line.
    """
    addresses = await resolve(address, allow_remote=allow_remote)
    letter: Delivery | None = delivery
    while letter is not None:
        delivery, letter = await _on_streams(Dialogue(letter, dialect, patience, on_event), addresses, port, host)
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
        delivery, letter = _on_socket(Dialogue(letter, dialect, patience, on_event), addresses, port)
    return delivery


# What carries it -----------------------------------------------------------------------------------


async def _on_streams(
    dialogue: Dialogue, addresses: tuple[str, ...], port: int, host: Server | None
) -> tuple[Delivery, Delivery | None]:
    reader, writer = await _open(addresses, port, dialogue.opening)
    turned = False
    try:
        await carry(dialogue, reader, writer)
        turned = host is not None and dialogue.turned
    finally:
        if not turned:
            # Nothing is left to say, or nobody to say it to: what could still wait to be sent is given up.
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()
    if host is not None and turned:
        await host.adopt(writer.transport)
    return dialogue.outcome


def _on_socket(dialogue: Dialogue, addresses: tuple[str, ...], port: int) -> tuple[Delivery, Delivery | None]:
    with _connect(addresses, port, dialogue.opening) as channel:
        course = dialogue.course()
        wanted = next(course, None)
        while wanted is not None:
            try:
                channel.settimeout(wanted.seconds)
                if wanted.octets:
                    channel.sendall(wanted.octets)
                came = b"" if wanted.octets else channel.recv(BLOCK)
            except OSError as error:
                wanted = go_on(course, lost(error, wanted.seconds))
            else:
                wanted = go_on(course, came)
    return dialogue.outcome


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
