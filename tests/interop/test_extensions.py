"""Extensions that the matrix does not show, between programs: groups of commands, enhanced codes, AUTH, DSN, UTF-8."""

import asyncio
import json
import re
import smtplib
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from esmtp_lab.lab import client_dialect, server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.net.server import serve
from esmtp_lab.net.service import Limits
from esmtp_lab.protocol.client import ClientSession
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.policy import Policy, find_policy
from tests.protocol.reading import read_report

from .cases import DOMAIN, HEADER
from .clients import HELO, Told, _run
from .inside import Loop
from .obtain import nodemailer_folder
from .servers import ForeignServer
from .test_matrix import _path

LETTER = HEADER + b"\r\nhello\r\n"


# Our client, servers of others -----------------------------------------------------------------------


async def _writes(delivery: Delivery, port: int) -> tuple[list[bytes], Delivery]:
    """Our client's octets, one piece for each time that it writes before it reads again, and what came of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    client, pieces = ClientSession(client_dialect()), []
    while not client.position.closed and (octets := await asyncio.wait_for(reader.read(65_536), 30)):
        client.receive(octets)
        said, delivery = delivery.next(client)
        if said:
            client.send(said)
            pieces.append(said)
            writer.write(said)
            await writer.drain()
    writer.close()
    return pieces, delivery


@pytest.mark.parametrize("program", ["Postfix", "Exim"])
def test_a_group_goes_in_one_piece_and_each_command_is_answered(
    program: str, their_server: Callable[[str], ForeignServer]
) -> None:
    """RFC 2920 section 3.1: one write from MAIL to DATA, one more with the content and QUIT."""
    server = their_server(program)
    server.forget()
    names = ("ada", "stranger", "bob")
    delivery = Delivery(_path("me@me.example"), tuple(_path(f"{name}@{DOMAIN}") for name in names), LETTER)
    pieces, done = asyncio.run(_writes(delivery, server.modern))
    assert [re.findall(rb"^(EHLO|MAIL|RCPT|DATA|QUIT)\b", piece, re.MULTILINE) for piece in pieces] == [
        [b"EHLO"],
        [b"MAIL", b"RCPT", b"RCPT", b"RCPT", b"DATA"],
        [b"QUIT"],
    ]
    assert [outcome.accepted for outcome in done.outcomes] == [True, False, True]


@pytest.mark.parametrize("program", ["OpenSMTPD", "aiosmtpd"])
def test_where_no_groups_are_offered_each_reply_is_waited_for(
    program: str, their_server: Callable[[str], ForeignServer]
) -> None:
    server = their_server(program)
    server.forget()
    pieces, done = asyncio.run(
        _writes(Delivery(_path("me@me.example"), (_path(f"ada@{DOMAIN}"),), LETTER), server.modern)
    )
    assert [piece.split()[0] for piece in pieces] == [b"EHLO", b"MAIL", b"RCPT", b"DATA", b"From:", b"QUIT"]
    assert [outcome.accepted for outcome in done.outcomes] == [True]


WITHOUT = {"Postfix": {"GREETING", "EHLO", "DATA"}, "OpenSMTPD": {"GREETING", "EHLO", "DATA", "RCPT"}}
"""What is answered without a finer code; OpenSMTPD 6.8 has none where it refuses a recipient."""


@pytest.mark.parametrize("program", WITHOUT)
def test_the_finer_codes_of_others_are_read(program: str, their_server: Callable[[str], ForeignServer]) -> None:
    """RFC 2034 section 4: the class agrees with the reply, and only 3yz, the greeting and EHLO's reply have none."""
    server = their_server(program)
    server.forget()
    client, seen = ClientSession(client_dialect()), []

    async def talk() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.modern)
        delivery = Delivery(
            _path("me@me.example"), tuple(_path(f"{name}@{DOMAIN}") for name in ("ada", "stranger")), LETTER
        )
        while not client.position.closed and (octets := await asyncio.wait_for(reader.read(65_536), 30)):
            seen.extend(client.receive(octets))
            said, delivery = delivery.next(client)
            seen.extend(client.send(said) if said else ())
            writer.write(said)
        writer.close()

    asyncio.run(talk())
    finer = [(event.to, event.code, re.match(rb"\d{3}[ -](\d)\.\d+\.\d+ ", event.octets)) for event in _replies(seen)]
    with_it = [(to, code, int(found[1])) for to, code, found in finer if found]
    assert all(code // 100 == first for _, code, first in with_it)
    assert {to for to, _, _ in with_it} >= {"MAIL", "RCPT", "END_OF_DATA", "QUIT"}
    assert {to for to, _, found in finer if not found} == WITHOUT[program]


def _replies(events: list[Event]) -> Iterator[Event]:
    return (event for event in events if event.kind == "reply")


# Clients of others, our server -----------------------------------------------------------------------


class Ours:
    """Our server, with any policy; `events` is what its sessions saw."""

    def __init__(self, loop: Loop, policy: Policy) -> None:
        self.mailboxes, self.events = MemoryMailboxes(policy.domain), list[Event]()
        dialect, watch = server_dialect(policy, "rfc5321"), lambda _, event: self.events.append(event)
        self._loop = loop
        limits = Limits(linger=1.0)
        self._server = loop.run(serve(policy, dialect, self.mailboxes, port=0, limits=limits, on_event=watch))
        self.port = self._server.port

    def said(self) -> list[bytes]:
        """The commands that came; what proves who a client is, is not among the octets."""
        return [event.octets for event in self.events if event.kind == "command"]

    def stop(self) -> None:
        """End every session."""
        self._loop.run(self._server.close())


@pytest.fixture
def ours(loop: Loop) -> Iterator[Callable[[Policy], Ours]]:
    """Starts our server with a policy."""
    started: list[Ours] = []

    def start(policy: Policy) -> Ours:
        started.append(Ours(loop, policy))
        return started[-1]

    yield start
    for each in started:
        each.stop()
    assert loop.errors == []


def _nodemailer(port: int, folder: Path, server: dict[str, Any], letter: dict[str, Any]) -> Told:
    where = {"host": "localhost", "port": port, "name": HELO, "ignoreTLS": True, **server}
    script = Path(__file__).parent / "nodemailer.cjs"
    command = ["node", str(script), json.dumps([where, letter])]
    return _run(folder, command, NODE_PATH=str(nodemailer_folder()))


def _msmtp(port: int, folder: Path, *options: str, to: tuple[str, ...] = ("ada@lab.example",)) -> Told:
    where = ["--host=localhost", f"--port={port}", f"--domain={HELO}", "--tls=off", "--from=me@me.example"]
    return _run(folder, ["msmtp", *where, *options, "--", *to], letter=LETTER.replace(b"\r\n", b"\n"))


def _swaks(port: int, folder: Path, to: tuple[str, ...]) -> Told:
    where = ["--server", "127.0.0.1", "--port", str(port), "--helo", HELO, "--from", "me@me.example"]
    return _run(folder, ["swaks", *where, "--to", ",".join(to), "--pipeline"])


MEMBERS = replace(find_policy("members"), clear_text=True)


@pytest.mark.parametrize("name", ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"])
@pytest.mark.parametrize(("password", "right"), [("secret", True), ("guess", False)])
def test_msmtp_proves_who_it_is(
    name: str, password: str, right: bool, ours: Callable[[Policy], Ours], tmp_path: Path
) -> None:
    server = ours(MEMBERS)
    who = [f"--auth={name.lower()}", "--user=zoe", f"--passwordeval=echo {password}"]
    told = _msmtp(server.port, tmp_path, *who)
    assert told.delivered == right, told.words
    server.stop()
    assert any(line.upper().startswith(b"AUTH " + name.encode()) for line in server.said())
    assert [letter.protocol for letter in server.mailboxes.letters.get("ada", ())] == (["ESMTPA"] if right else [])


@pytest.mark.parametrize("name", ["PLAIN", "LOGIN", "CRAM-MD5"])
@pytest.mark.parametrize(("password", "right"), [("secret", True), ("guess", False)])
def test_nodemailer_proves_who_it_is(
    name: str, password: str, right: bool, ours: Callable[[Policy], Ours], tmp_path: Path
) -> None:
    server = ours(MEMBERS)
    letter = {"envelope": {"from": "zoe@lab.example", "to": "ada@lab.example"}, "raw": LETTER.decode()}
    login = {"authMethod": name, "auth": {"user": "zoe", "pass": password}}
    told = _nodemailer(server.port, tmp_path, login, letter)
    assert told.delivered == right, told.words
    server.stop()
    assert any(line.upper().startswith(b"AUTH " + name.encode()) for line in server.said())
    assert [letter.protocol for letter in server.mailboxes.letters.get("ada", ())] == (["ESMTPA"] if right else [])


async def _holds(port: int, groups: list[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Stands in front of our server, and keeps what begins with MAIL back until DATA has come too."""
    inner, outer = await asyncio.open_connection("127.0.0.1", port)

    async def back() -> None:
        while octets := await inner.read(65_536):
            writer.write(octets)
        writer.close()

    replies, held = asyncio.create_task(back()), b""
    while octets := await reader.read(65_536):
        held += octets
        if held.startswith(b"MAIL"):
            if not held.endswith(b"DATA\r\n"):
                continue
            groups.append(held)
        outer.write(held)
        held = b""
    await replies
    outer.close()


@pytest.mark.parametrize("program", ["swaks", "msmtp"])
def test_a_group_comes_before_any_reply_to_it(
    program: str, ours: Callable[[Policy], Ours], loop: Loop, tmp_path: Path
) -> None:
    """RFC 2920 section 3.2: a client that waited for the reply to MAIL would wait for ever."""
    server, groups, to = ours(find_policy("lab")), list[bytes](), ("ada@lab.example", "bob@lab.example")
    between = loop.run(asyncio.start_server(partial(_holds, server.port, groups), "127.0.0.1", 0))
    port = between.sockets[0].getsockname()[1]
    told = _msmtp(port, tmp_path, "--auth=off", to=to) if program == "msmtp" else _swaks(port, tmp_path, to)
    assert told.delivered, told.words
    loop.loop.call_soon_threadsafe(between.close)
    server.stop()
    (group,) = groups
    assert [line[:4] for line in group.splitlines()] == [b"MAIL", b"RCPT", b"RCPT", b"DATA"]
    assert {name: len(letters) for name, letters in server.mailboxes.letters.items()} == {"ada": 1, "bob": 1}


def test_msmtp_asks_for_reports(ours: Callable[[Policy], Ours], tmp_path: Path) -> None:
    server = ours(find_policy("reports"))
    told = _msmtp(server.port, tmp_path, "--auth=off", "--dsn-notify=success,failure", "--dsn-return=headers")
    assert told.delivered, told.words
    server.stop()
    assert any(b"RET=HDRS" in line for line in server.said())
    assert any(b"NOTIFY=SUCCESS,FAILURE" in line.upper() for line in server.said())
    report = read_report(server.mailboxes.letters["me@me.example"][0].content)
    assert report.action == "delivered"


def test_smtplib_sends_a_message_in_utf_8(ours: Callable[[Policy], Ours]) -> None:
    """send_message finds by itself that SMTPUTF8 is needed (RFC 6531 section 3.4)."""
    server = ours(find_policy("international"))
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "με@me.example", "ada@" + _ascii(server), "Δοκιμή"
    message.set_content("καλημέρα")
    with smtplib.SMTP("127.0.0.1", server.port, local_hostname=HELO, timeout=20) as client:
        assert client.send_message(message) == {}
    server.stop()
    (mail,) = (line for line in server.said() if line.upper().startswith(b"MAIL"))
    assert "με@me.example".encode() in mail and b"SMTPUTF8" in mail.upper()
    (letter,) = server.mailboxes.letters["ada"]
    assert (letter.protocol, letter.envelope.reverse_path) == ("UTF8SMTP", _path("με@me.example"))
    assert "Subject: Δοκιμή".encode() in letter.content


def _ascii(server: Ours) -> str:
    return server.mailboxes.domain.encode("idna").decode()
