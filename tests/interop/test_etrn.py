"""ETRN between programs (RFC 1985): our client asks servers of others, and smtplib asks ours."""

import asyncio
import smtplib
from collections.abc import Callable
from typing import Any

import pytest

from esmtp_lab.lab import client_dialect, server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.net.client import deliver
from esmtp_lab.net.server import serve
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.policy import Policy
from esmtp_lab.wire.path import Path

from .inside import Loop
from .servers import ForeignServer, until

ASKED = ("branch.example", "@branch.example", "stranger.example", "@com")
ANSWERS = {"Postfix": (250, 250, 459, 459), "Exim": (250, 250, 458, 458)}
"""Neither tells how much waits. For a name that it keeps no letters for Exim has 458, Postfix and we have 459."""


@pytest.mark.parametrize("name", ANSWERS)
def test_our_client_asks_their_server(name: str, their_server: Callable[[str], ForeignServer]) -> None:
    server = their_server(name)
    delivery = Delivery(Path(), (), b"", "me.example", nodes=ASKED)
    done = asyncio.run(deliver(delivery, client_dialect(), port=server.modern, patience=0.1))
    assert tuple(reply.code for reply in done.started) == ANSWERS[name]


def test_postfix_sends_what_waits_to_our_server(their_server: Callable[[str], Any], loop: Loop) -> None:
    """A letter for a host that is away waits at Postfix, and comes in a session of its own when that host asks."""
    postfix = their_server("Postfix")
    policy = Policy(domain="branch.example", mailboxes={"bea": "Bea"}, extensions=("SIZE",))
    mailboxes = MemoryMailboxes(policy.domain)
    bea = (Path(b"bea", policy.domain.encode()),)
    waits = Delivery(Path(b"me", b"me.example"), bea, b"Subject: it waits\r\n\r\nhello\r\n", "me.example")
    asks = Delivery(Path(), (), b"", policy.domain, nodes=(policy.domain,))

    async def call(delivery: Delivery) -> Delivery:
        return await deliver(delivery, client_dialect(), port=postfix.modern, patience=0.1)

    server = loop.run(serve(policy, server_dialect(policy, "rfc2821"), mailboxes, port=postfix.node))
    try:
        assert [outcome.accepted for outcome in asyncio.run(call(waits)).outcomes] == [True]
        deferred = postfix.root / "var/spool/postfix/deferred"
        assert until(lambda: any(file.is_file() for file in deferred.rglob("*"))), postfix.log()
        assert mailboxes.letters == {}
        assert [reply.code for reply in asyncio.run(call(asks)).started] == [250]
        assert until(lambda: "bea" in mailboxes.letters), postfix.log()
    finally:
        loop.run(server.close())
    (letter,) = mailboxes.letters["bea"]
    assert (letter.client, letter.envelope.reverse_path) == ("lab.example", Path(b"me", b"me.example"))
    assert letter.content.endswith(b"Subject: it waits\r\n\r\nhello\r\n")


ASKED_BY_HAND = {
    # what is asked: what Postfix and we answer
    "branch.example": (250, 250),
    "#branch.example": (250, 459),  # a queue of that name is no host here
    "": (500, 500),
    "localname": (459, 501),  # it takes a name without a dot, which is not fully qualified
    "a b": (500, 501),
    "stranger.example": (459, 459),
    "[127.0.0.1]": (459, 501),
    "bad_name.example": (459, 501),
}


def _asks(port: int) -> list[int]:
    """What smtplib hears to each, and within a transaction."""
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.ehlo("me.example")
        assert client.has_extn("etrn")
        said = [client.docmd("ETRN", each)[0] for each in ASKED_BY_HAND]
        client.docmd("MAIL", "FROM:<me@me.example>")
        return [*said, client.docmd("ETRN", "branch.example")[0]]


def test_smtplib_asks_postfix(their_server: Callable[[str], ForeignServer]) -> None:
    assert _asks(their_server("Postfix").modern) == [*(theirs for theirs, _ in ASKED_BY_HAND.values()), 503]


def test_smtplib_asks_ours(loop: Loop) -> None:
    policy = Policy(extensions=("ETRN",), nodes={"branch.example": 0}, tells_waiting="nothing")
    server = loop.run(serve(policy, server_dialect(policy, "rfc2821"), MemoryMailboxes("lab.example"), port=0))
    try:
        assert _asks(server.port) == [*(ours for _, ours in ASKED_BY_HAND.values()), 503]
    finally:
        loop.run(server.close())
