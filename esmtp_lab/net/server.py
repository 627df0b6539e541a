"""The server on a port: listens, and gives each client that comes a channel."""

import asyncio
from ssl import SSLContext

from esmtp_lab.errors import Unreachable
from esmtp_lab.net.address import resolve
from esmtp_lab.net.channel import Channel
from esmtp_lab.net.service import LIMITS, Limits, Mailboxes, OnEvent, Service, Waiting
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.policy import Policy


async def serve(
    policy: Policy,
    dialect: Dialect,
    mailboxes: Mailboxes,
    *,
    address: str = "127.0.0.1",
    port: int = 2525,
    allow_remote: bool = False,
    limits: Limits = LIMITS,
    on_event: OnEvent | None = None,
    waiting: Waiting | None = None,
    tls: SSLContext | None = None,
) -> "Server":
    """Listen, and serve every client that comes; port 0 takes any that is free. What is `waiting` goes out after TURN.

    Without `tls` STARTTLS is answered 454, where the policy offers it.
    RFC 2821 names no port; RFC 821 appendix A and RFC 5321 section 4.5.4.2 name 25, which takes rights of its own.
    Raises Unreachable where the address is not loopback, unless `allow_remote`, or cannot be listened on.
    """
    addresses = await resolve(address, allow_remote=allow_remote)
    server = Server(policy, dialect, mailboxes, limits, on_event, waiting, tls)
    # A free port is found for one address; the others of the same name might not have it free.
    await server.listen(addresses if port else addresses[:1], port)
    return server


class Server(Service):
    """Listens until `close`; as a context manager it closes at the end of its block. `port` is where it listens, 0
    until it does.

    One that never listens can still serve a channel that somebody else has opened, with `adopt`.
    """

    port: int = 0
    _listener: asyncio.Server | None = None

    async def listen(self, addresses: tuple[str, ...], port: int) -> None:
        """Open the port on numeric addresses. Raises Unreachable."""
        loop = asyncio.get_running_loop()
        try:
            self._listener = await loop.create_server(lambda: Channel(self), addresses, port)
        except OSError as error:
            raise Unreachable(f"cannot listen on {', '.join(addresses)} port {port}: {error.strerror}") from None
        self.port = self._listener.sockets[0].getsockname()[1]

    async def adopt(self, transport: asyncio.BaseTransport) -> None:
        """Serve at this end of an open channel, until it is closed."""
        channel = Channel(self)
        transport.set_protocol(channel)
        channel.connection_made(transport)
        await channel.gone.wait()

    async def close(self) -> None:
        """Listen no more, finish the letters that are being stored, and tell every client 421.

        Returns when all channels are closed: at the latest, `linger` seconds after the last letter is stored.
        """
        self.closing = True
        if self._listener is not None:
            self._listener.close()
        channels = tuple(self.channels)
        for channel in channels:
            channel.dismiss()
        await asyncio.gather(*(channel.gone.wait() for channel in channels))

    async def __aenter__(self) -> "Server":
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()
