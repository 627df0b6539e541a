"""Streams: an open channel as a client reads and writes it, which can be protected on the way."""

import asyncio
from contextlib import suppress
from ssl import SSLContext
from typing import NamedTuple, cast

from esmtp_lab.net.tls import client_context, told

GOODBYE = 2.0
"""Seconds that the other end has for its goodbye, where TLS ends."""

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Secured(NamedTuple):
    """How a client protects a channel: what its TLS needs, or None where the usual will do, and the name that the
    server has to prove."""

    context: SSLContext | None
    name: str

    def chosen(self) -> SSLContext:
        """What its TLS needs. Raises DataError where the usual cannot be had."""
        return self.context if self.context is not None else client_context()


class Streams:
    """The octets of an open channel: `reader` and `writer`, others once it is protected."""

    def __init__(self, pair: Pair, secured: Secured) -> None:
        self.reader, self.writer = pair
        self._secured = secured
        self._clear: asyncio.StreamWriter | None = None
        self._failed = False

    async def protect(self, seconds: float) -> str:
        """Shake hands, and say how the channel is protected now. Raises OSError where that fails.

        What has come in clear and nobody has read stays behind in the old reader: it may be anybody's.
        """
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        self._failed = True
        transport = await loop.start_tls(
            self.writer.transport,
            protocol,
            self._secured.chosen(),
            server_hostname=self._secured.name,
            ssl_handshake_timeout=seconds,
            ssl_shutdown_timeout=GOODBYE,
        )
        self._failed = False
        self._clear = self.writer  # a writer that nobody keeps closes the channel
        self.reader, self.writer = streams(cast(asyncio.Transport, transport), reader, protocol)
        return told(self.writer.get_extra_info("ssl_object"))

    async def close(self) -> None:
        """Nothing is left to say, or nobody to say it to: what could still wait to be sent is given up."""
        if self._clear is not None:
            self.writer.close()  # without a goodbye the other end would take the channel for cut off
        else:
            self.writer.transport.abort()
        if not self._failed:  # where the handshake failed nobody tells the old protocol of the end
            with suppress(OSError):
                await self.writer.wait_closed()


def streams(transport: asyncio.Transport, reader: asyncio.StreamReader, protocol: asyncio.StreamReaderProtocol) -> Pair:
    """An open channel as streams, which from now on hear what comes."""
    transport.set_protocol(protocol)
    protocol.connection_made(transport)
    return reader, asyncio.StreamWriter(transport, protocol, reader, asyncio.get_running_loop())
