"""Servers that live in this process: ours, and aiosmtpd, which is a library."""

import asyncio
import ssl
import threading
from collections.abc import Coroutine
from dataclasses import replace
from functools import cache, partial
from typing import Any, NamedTuple

import trustme
from aiosmtpd.smtp import SMTP, Envelope

from esmtp_lab.lab import server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.net.server import Server, serve
from esmtp_lab.net.service import Limits
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.policy import find_policy, with_tls

from .cases import DOMAIN, MOST_OCTETS, PEOPLE, Case

SECONDS = 30.0


class Certificate(NamedTuple):
    """A certificate for loopback: what a server of Python's needs, who vouches for it, and both parts in PEM."""

    context: ssl.SSLContext
    authority: bytes
    chain: bytes
    key: bytes


@cache
def certificate() -> Certificate:
    """The certificate of every server here, ours and theirs."""
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1", DOMAIN)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    issued.configure_cert(context)
    chain = b"".join(each.bytes() for each in issued.cert_chain_pems)
    return Certificate(context, authority.cert_pem.bytes(), chain, issued.private_key_pem.bytes())


class Loop:
    """An event loop in a thread of its own, for servers that live in this process.

    `errors` is what reached its exception handler.
    """

    def __init__(self) -> None:
        self.errors: list[dict[str, Any]] = []
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda _, context: self.errors.append(context))
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()

    def run(self, what: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine in the loop, and wait for what it returns."""
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(SECONDS)

    def stop(self) -> None:
        """End the loop and its thread."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(SECONDS)
        self.loop.close()


class OurServer:
    """Our server for one letter: `port`, what its session saw, and the contents in its mailboxes."""

    def __init__(self, loop: Loop, case: Case) -> None:
        people = {name: name.capitalize() for name in (*PEOPLE, *case.reached)}
        host = with_tls(find_policy("lab")) if case.tls else find_policy("lab")
        if case.utf8:
            host = replace(host, extensions=(*host.extensions, "SMTPUTF8"))
        policy = replace(host, domain=DOMAIN, mailboxes=people, lists={}, max_size=MOST_OCTETS)
        dialect = server_dialect(policy, "rfc2821" if case.knows_ehlo else "rfc821")
        self.events: list[Event] = []
        self.mailboxes = MemoryMailboxes(DOMAIN)
        self._loop = loop
        self._server: Server = loop.run(
            serve(
                policy,
                dialect,
                self.mailboxes,
                port=0,
                limits=Limits(linger=1.0),
                on_event=lambda _, event: self.events.append(event),
                tls=certificate().context,
            )
        )
        self.port = self._server.port

    def arrived(self, case: Case) -> dict[str, list[bytes]]:
        """The contents in each mailbox that is not empty."""
        for letters in self.mailboxes.letters.values():
            for letter in letters:
                protocol = "UTF8SMTP" if case.utf8 else "ESMTP"
                assert letter.protocol == (f"{protocol}S" if case.tls else protocol if case.knows_ehlo else "SMTP")
                assert letter.envelope.reverse_path is not None
                assert letter.envelope.reverse_path.mailbox == case.sender.encode()
        return {name: [letter.content for letter in letters] for name, letters in self.mailboxes.letters.items()}

    def stop(self) -> None:
        """End every session."""
        self._loop.run(self._server.close())


class _Old(SMTP):
    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        await self.push("500 EHLO is not known here")


class Aiosmtpd:
    """aiosmtpd, in this process, as a library: it adds no trace fields, and the letters stay in memory."""

    def __init__(self) -> None:
        self._arrived: list[Envelope] = []
        self._loop = Loop()
        self._listeners: list[asyncio.Server] = []
        self.modern, self.old = (self._loop.run(self._listen(kind)) for kind in (SMTP, _Old))

    async def _listen(self, kind: type[SMTP]) -> int:
        options = {"hostname": DOMAIN, "loop": self._loop.loop, "data_size_limit": MOST_OCTETS, "enable_SMTPUTF8": True}
        make = partial(kind, self, **options, tls_context=certificate().context)
        listener = await self._loop.loop.create_server(make, "127.0.0.1", 0)
        self._listeners.append(listener)
        return listener.sockets[0].getsockname()[1]

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: object, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Known people only."""
        if address.partition("@")[0] not in PEOPLE:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: object, envelope: Envelope) -> str:  # noqa: N802
        """Keep the letter."""
        self._arrived.append(envelope)
        return "250 OK"

    def forget(self) -> None:
        """See `servers.ForeignServer`."""
        self._arrived.clear()

    def arrived(self, case: Case) -> dict[str, list[bytes]]:
        """See `servers.ForeignServer`."""
        found: dict[str, list[bytes]] = {}
        for envelope in self._arrived:
            assert envelope.mail_from == (case.sender or "<>")
            for path in envelope.rcpt_tos:
                found.setdefault(path.removesuffix(f"@{DOMAIN}"), []).append(envelope.original_content)
        return found

    def stop(self) -> None:
        """See `servers.ForeignServer`."""
        for listener in self._listeners:
            self._loop.loop.call_soon_threadsafe(listener.close)
        self._loop.stop()
        assert self._loop.errors == []
