"""Chunks where TLS is wanted or comes between, and where a client proves first who it is."""

from dataclasses import replace

import pytest

from esmtp_lab.bench import Host, Hosts
from esmtp_lab.lab import Lab, client_dialect, server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.extension import Credentials
from esmtp_lab.protocol.policy import find_policy
from esmtp_lab.protocol.reader import Reader
from esmtp_lab.protocol.transaction import NOTHING
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.path import Path

SECURE = find_policy("secure")
BOTH = replace(SECURE, extensions=(*SECURE.extensions, "CHUNKING", "BINARYMIME"))
ADA = Path(b"ada", b"lab.example")
BINARY = b"A: b\r\n\r\n\0\n.\r\n\xff" * 100
REQUIRETLS = (Parameter("REQUIRETLS", None),)


@pytest.mark.parametrize("line", ["BDAT 5", "BDAT 5 LAST", "BDAT 0 LAST", "BDAT x"])
def test_a_host_that_serves_nobody_in_clear_takes_no_chunk_either(line: str) -> None:
    """RFC 3207 section 4; the octets are discarded all the same (RFC 3030 section 2)."""
    lab = Lab(policy=replace(BOTH, tls_only=True))
    lab.send("EHLO a")
    lab.raw(line.encode() + b"\r\n" + (b"NOOP\n" if "5" in line else b""))
    assert lab.bench.log[-1].event.octets == b"530 5.7.0 Must issue a STARTTLS command first\r\n"
    assert lab.send("NOOP")[-1].event.code == 250


@pytest.mark.parametrize("login", [None, Credentials("zoe", "secret")])
def test_a_binary_letter_that_requires_tls(login: Credentials | None) -> None:
    """Nobody offers STARTTLS under TLS, and what needs it is used all the same."""
    lab = Lab(policy=BOTH)
    letter = Delivery(Path(b"a", b"b"), (ADA,), BINARY, tls="require", parameters=REQUIRETLS, chunk=100, login=login)
    lab.deliver(letter)
    assert [outcome.accepted for outcome in lab.bench.delivery.outcomes] == [True]
    (arrived,) = lab.mailboxes.letters["ada"]
    assert arrived.content == BINARY
    assert arrived.protocol == ("ESMTPS" if login is None else "ESMTPSA")
    assert {each.keyword: each.value for each in arrived.envelope.parameters} == {
        "SIZE": b"%d" % len(BINARY),
        "BODY": b"BINARYMIME",
        "REQUIRETLS": None,
    }


def test_a_relay_sends_on_in_chunks_and_under_tls() -> None:
    home = replace(BOTH, name="home", domain="home.example", mailboxes={"me": "Me"}, relays_for=("*",))
    made = [Host(each, server_dialect(each, "rfc2821"), MemoryMailboxes(each.domain)) for each in (home, BOTH)]
    hosts = Hosts(made, client_dialect())
    letter = Delivery(Path(b"me", b"home.example"), (ADA,), BINARY, tls="try", parameters=REQUIRETLS, chunk=1000)
    hosts.submit("home.example", letter)
    hosts.run()
    (arrived,) = hosts.hosts["lab.example"].mailboxes.letters["ada"]
    assert arrived.content.endswith(BINARY)
    assert arrived.protocol == "ESMTPS"


def test_a_chunk_in_clear_is_forgotten_with_all_else_that_came_so() -> None:
    """RFC 3207 section 4.2."""
    lab = Lab(policy=BOTH, role="server")
    server = lab.bench.server
    lab.say("220 a")
    server.receive(b"EHLO a\r\n")
    server.say(b"250-a\r\n")
    server.say(b"250-CHUNKING\r\n")
    server.say(b"250 STARTTLS\r\n")
    server.receive(b"STARTTLS\r\nBDAT 10\r\n12345")
    assert server.left == 5
    server.say(b"220 go\r\n")
    assert server.framing == "handshake"
    server.receive(b"6789")
    server.protect("")
    assert (server.left, server.content_so_far, server.draft) == (0, b"", None)
    assert (server.framing, server._gathered) == ("command", NOTHING)


def test_so_does_a_reader() -> None:
    reader = Reader(client_dialect())
    for speaker, line in (
        ("server", b"220 a\r\n"),
        ("client", b"EHLO a\r\n"),
        ("server", b"250 CHUNKING\r\n"),
        ("client", b"BDAT 20\r\n"),
        ("client", b"12345\r\n"),
    ):
        reader.hear(speaker, line)
    assert reader.left == 13
    reader.protect("")
    assert reader.left == 0
    assert [event.to for event in reader.hear("client", b"EHLO a\r\n")] == ["EHLO"]
