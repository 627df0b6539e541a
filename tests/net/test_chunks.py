"""Chunks on real channels: octet for octet to the disk, in flat memory, bounded in time, and over both carriers."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from esmtp_lab.lab import client_dialect
from esmtp_lab.mailbox.maildir import Maildir
from esmtp_lab.net.client import deliver, send
from esmtp_lab.net.service import Limits
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.policy import find_policy
from esmtp_lab.protocol.transaction import Envelope, Letter
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.path import Path as MailPath

from .test_storing import child

__all__ = ["child"]

ME, ADA = MailPath(b"me", b"me.example"), MailPath(b"ada", b"open.example")
BEGUN = b"EHLO me.example\r\nMAIL FROM:<me@me.example>%b\r\nRCPT TO:<ada@open.example>\r\n"
BINARY = b"Content-Transfer-Encoding: binary\r\n\r\n" + bytes(range(256)) * 700 + b"\n.\r\n.\r\n\r\r\n\n\r"
MEGABYTE = 1_000_000


def _on_loop(delivery: Delivery, port: int) -> Delivery:
    return asyncio.run(deliver(delivery, client_dialect(), port=port))


def _on_socket(delivery: Delivery, port: int) -> Delivery:
    return send(delivery, client_dialect(), port=port)


carriers = pytest.mark.parametrize("carry", [_on_loop, _on_socket], ids=["streams", "socket"])


@carriers
@pytest.mark.parametrize("size", [1000, 65_536, 10_000_000])
def test_a_binary_letter_arrives_octet_for_octet(
    serving: Any, tmp_path: Path, size: int, carry: Callable[[Delivery, int], Delivery]
) -> None:
    """In a Maildir as in memory: what need not have lines keeps every CR and LF (RFC 3030 section 3)."""
    for mailboxes in (None, Maildir(tmp_path, "open.example")):
        server = serving("open", mailboxes=mailboxes)
        done = carry(Delivery(ME, (ADA,), BINARY, chunk=size), server.port)
        assert [outcome.accepted for outcome in done.outcomes] == [True]
        assert server.contents("ada") == ([BINARY] if mailboxes is None else [])
        assert (b"BDAT %d\r\n" % size in server.said("client")) == (size < len(BINARY))
    (file,) = tmp_path.glob("ada/new/*")
    trace, content = file.read_bytes()[: -len(BINARY)], file.read_bytes()[-len(BINARY) :]
    assert content == BINARY
    assert trace.startswith(b"Return-Path: <me@me.example>\r\nReceived: from me.example")


@carriers
def test_text_in_chunks_is_stored_as_text(
    serving: Any, tmp_path: Path, letter: bytes, carry: Callable[[Delivery, int], Delivery]
) -> None:
    """Wherever chunks are cut, between CR and LF as well, the lines are those of DATA."""
    server = serving("open", mailboxes=Maildir(tmp_path, "open.example"))
    for size in (0, 1, 2, 7):
        assert carry(Delivery(ME, (ADA,), letter, chunk=size), server.port).outcomes[0].accepted
    stored = [file.read_bytes().partition(b"\n\n") for file in tmp_path.glob("ada/new/*")]
    assert len(stored) == 4
    assert {body for _, _, body in stored} == {letter.partition(b"\r\n\r\n")[2].replace(b"\r\n", b"\n")}


@pytest.mark.parametrize("binary", [True, False])
def test_blocks_of_a_maildir_may_be_cut_anywhere(tmp_path: Path, binary: bool) -> None:
    parameters = (Parameter("BODY", b"BinaryMIME"),) if binary else ()
    letter = Letter(Envelope(ME, (ADA,), parameters), mailboxes=("ada",))
    content = b"\r\r\n\n\r\nx\r\n\r"
    for size in range(1, len(content) + 1):
        draft = Maildir(tmp_path / str(size), "open.example").draft(letter)
        for at in range(0, len(content), size):
            draft = draft.write(content[at : at + size])
        draft.commit(letter)
        (file,) = tmp_path.glob(f"{size}/ada/new/*")
        assert file.read_bytes().endswith(content if binary else b"\n\r\n\n\nx\n\r")


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("chunk", [1000, MEGABYTE, 100 * MEGABYTE])
def test_100_megabytes_in_chunks_take_no_memory(child: Any, wire: Any, tmp_path: Path, kept: bool, chunk: int) -> None:
    server = child(str(tmp_path) if kept else "discard")
    channel = wire(server.port)
    channel.send(BEGUN % b" BODY=BINARYMIME")
    assert [channel.reply()[:3] for _ in range(4)] == [b"220", b"250", b"250", b"250"]
    before, block, total = server.memory(), os.urandom(min(chunk, MEGABYTE)), 0
    many = 20 if chunk == 1000 else 1
    """Chunks that are sent before the replies to them are heard."""
    while total < 100 * MEGABYTE // (20 if chunk == 1000 else 1):
        for _ in range(many):
            channel.send(b"BDAT %d\r\n" % chunk)
            for _ in range(chunk // len(block)):
                channel.send(block)
        assert {channel.reply()[:3] for _ in range(many)} == {b"250"}
        total += many * chunk
    assert channel.ask(b"BDAT 0 LAST") == f"250 2.0.0 OK, {total} octets taken for ada\r\n".encode()
    assert server.memory() - before < 4 * MEGABYTE
    if kept:
        [file] = tmp_path.glob("ada/new/*")
        assert total < file.stat().st_size < total + 1000


def test_a_chunk_that_does_not_come_times_out(serving: Any, wire: Any, tmp_path: Path) -> None:
    """RFC 2821 section 4.5.3.2, as for content; nothing of it is left."""
    server = serving("open", mailboxes=Maildir(tmp_path, "open.example"), limits=Limits(idle=0.3, linger=0.2))
    channel = wire(server.port)
    channel.send(BEGUN % b"" + b"BDAT 5\r\nhelloBDAT 100 LAST\r\nQUIT\r\n")
    assert [line[:3] for line in channel.rest().splitlines() if line[3:4] == b" "] == [
        *(b"220 250 250 250 250".split()),
        b"421",
    ]
    server.stop()
    assert [*tmp_path.glob("ada/*/*")] == []


@pytest.mark.parametrize("end", ["close", "reset"])
def test_a_channel_that_is_lost_in_a_chunk_leaves_nothing(serving: Any, wire: Any, tmp_path: Path, end: str) -> None:
    server = serving("open", mailboxes=Maildir(tmp_path, "open.example"))
    channel = wire(server.port)
    channel.send(BEGUN % b"" + b"BDAT 5\r\nhelloBDAT 100 LAST\r\nQUIT\r\n")
    assert [channel.reply()[:3] for _ in range(5)] == [b"220", *[b"250"] * 4]
    getattr(channel, end)()
    server.stop()
    assert [*tmp_path.glob("ada/*/*")] == []


def test_beyond_the_limit_nothing_more_is_stored(serving: Any, wire: Any, tmp_path: Path) -> None:
    """The chunk is let by, and what looks like commands in it as well."""
    policy = replace(find_policy("open"), max_size=1000)
    channel = wire(serving(policy, mailboxes=Maildir(tmp_path, "open.example")).port)
    channel.send(BEGUN % b"" + b"BDAT 600\r\n" + b"x" * 600 + b"BDAT 600\r\n" + b"QUIT\r\n" * 100)
    assert [channel.reply()[:3] for _ in range(6)] == [b"220", *[b"250"] * 4, b"552"]
    assert [*tmp_path.glob("ada/*/*")] == []
    assert channel.ask(b"BDAT 0 LAST").startswith(b"503 ")
    assert channel.ask(b"RSET").startswith(b"250 ")


def test_octets_without_an_end_are_not_waited_for(serving: Any, wire: Any) -> None:
    channel = wire(serving("open").port)
    channel.send(BEGUN % b"" + b"BDAT 99999999999999999999 LAST\r\nQUIT\r\n")
    assert channel.rest().splitlines()[-1].startswith(b"421 ")


def test_chunks_behind_a_refused_one_are_no_errors(serving: Any, wire: Any) -> None:
    """RFC 3030 section 2: a client that pipelines may have sent many before it hears of the first."""
    channel = wire(serving("open", limits=Limits(errors=5, linger=0.5)).port)
    channel.send(BEGUN.partition(b"RCPT")[0] % b"" + b"BDAT 6\r\nQUIT\r\n" * 100)
    assert [channel.reply()[:3] for _ in range(103)] == [b"220", b"250", b"250", *[b"503"] * 100]
    channel.send(b"BDAT x\r\n" * 5)
    assert [channel.reply()[:3] for _ in range(5)] == [*[b"503"] * 4, b"421"]
