"""Delivery status notifications of others: theirs read as ours are, and ours asked for by their clients."""

import asyncio
import email
import json
import time
from collections.abc import Callable
from dataclasses import replace
from email.message import Message
from pathlib import Path
from typing import NamedTuple

import pytest

from esmtp_lab.lab import client_dialect, server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.net.client import deliver
from esmtp_lab.net.server import serve
from esmtp_lab.net.service import Limits
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.policy import find_policy
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.path import Path as MailPath
from tests.protocol.reading import read_report

from .cases import DOMAIN, HEADER
from .clients import HELO, _run
from .inside import Loop
from .obtain import nodemailer_folder
from .servers import ForeignServer

SECONDS = 30.0
ADA, BOB = MailPath(b"ada", DOMAIN.encode()), MailPath(b"bob", DOMAIN.encode())
LETTER = Delivery(
    BOB,
    (ADA,),
    HEADER + b"\r\nhello\r\n",
    parameters=(Parameter("RET", b"HDRS"), Parameter("ENVID", b"QQ+20314159")),
    rcpt_parameters={
        ADA: (Parameter("NOTIFY", b"SUCCESS,FAILURE"), Parameter("ORCPT", b"rfc822;Ada+2Bx@lab.example")),
    },
)


def _notification(server: ForeignServer) -> Message:
    """What comes to bob, once it has come."""
    end = time.monotonic() + SECONDS
    folder = server.root / "home" / "bob" / "Maildir" / "new"
    while not (files := list(folder.glob("*"))):
        assert time.monotonic() < end, server.log()
        time.sleep(0.02)
    (file,) = files
    return email.message_from_bytes(file.read_bytes())


class Form(NamedTuple):
    """What of a report is as a server's own habits have it."""

    kind: str = "multipart/report"
    envid: str | None = "QQ 314159"
    original: str | None = "rfc822;Ada+x@lab.example"


FORMS = {
    "Postfix": Form(),
    # Exim 4.96 copies both values as they came, though RFC 3461 section 6.3 has the xtext undone
    "Exim": Form(envid="QQ+20314159", original="rfc822;Ada+2Bx@lab.example"),
    # OpenSMTPD 6.8 has neither the fields that RFC 3461 section 6.3 wants nor the type of RFC 3464 section 2
    "OpenSMTPD": Form("multipart/mixed", None, None),
}


@pytest.mark.parametrize("program", FORMS)
def test_their_server_reports_what_our_client_asks_for(
    program: str, their_server: Callable[[str], ForeignServer]
) -> None:
    """The parameters as our client says them come back in the fields that RFC 3461 section 6.3 names."""
    server, form = their_server(program), FORMS[program]
    server.forget()
    events: list[Event] = []
    done = asyncio.run(deliver(LETTER, client_dialect(), port=server.modern, patience=0.1, on_event=events.append))
    assert [outcome.accepted for outcome in done.outcomes] == [True]
    said = [event.octets for event in events if event.kind == "command"]
    assert any(b" RET=HDRS ENVID=QQ+20314159" in line for line in said)
    assert any(b" NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Ada+2Bx@lab.example" in line for line in said)
    report = _notification(server)
    assert report.get_content_type() == form.kind
    words, status, returned = report.get_payload()
    kinds = ("text/plain", "message/delivery-status", "text/rfc822-headers")
    assert tuple(part.get_content_type() for part in (words, status, returned)) == kinds
    letter, recipient = status.get_payload()
    assert _bare(letter["Reporting-MTA"]) == f"dns;{DOMAIN}"
    assert letter["Original-Envelope-Id"] == form.envid
    assert _bare(recipient["Original-Recipient"]) == form.original
    assert _bare(recipient["Final-Recipient"]) == "rfc822;ada@lab.example"
    assert (recipient["Action"], recipient["Status"]) == ("delivered", "2.0.0")


def _bare(value: str | None) -> str | None:
    return None if value is None else value.replace(" ", "")


def test_to_a_server_without_it_our_client_says_nothing(their_server: Callable[[str], ForeignServer]) -> None:
    """aiosmtpd does not offer DSN, and answers 555 to what it does not know."""
    server = their_server("aiosmtpd")
    server.forget()
    done = asyncio.run(deliver(LETTER, client_dialect(), port=server.modern, patience=0.1))
    assert [outcome.accepted for outcome in done.outcomes] == [True]


def test_nodemailer_asks_our_server(tmp_path: Path) -> None:
    packages = nodemailer_folder()
    loop = Loop()
    policy = replace(find_policy("reports"), domain=DOMAIN)
    boxes = MemoryMailboxes(DOMAIN)
    try:
        dialect = server_dialect(policy, "rfc2821")
        ours = loop.run(serve(policy, dialect, boxes, port=0, limits=Limits(linger=1.0)))
        file = tmp_path / "letter.eml"
        file.write_bytes(LETTER.content)
        wishes = {
            "id": "QQ 314159+",
            "return": "full",
            "notify": ["success", "delay"],
            "recipient": "rfc822;Ada+x@a.b",
        }
        letter = {"envelope": {"from": "bob@lab.example", "to": "ada@lab.example", "dsn": wishes}}
        letter |= {"raw": {"path": str(file)}, "dsn": wishes}
        server = {"host": "localhost", "port": ours.port, "name": HELO, "ignoreTLS": True}
        script = Path(__file__).parent / "nodemailer.cjs"
        told = _run(tmp_path, ["node", str(script), json.dumps([server, letter])], NODE_PATH=str(packages))
        assert told.delivered, told.words
        loop.run(ours.close())
    finally:
        loop.stop()
    (found,) = boxes.letters["bob"]
    report = read_report(found.content)
    (fields,) = report.recipients
    assert fields["Original-Recipient"] == "rfc822; Ada+x@a.b"
    assert report.letter["Original-Envelope-Id"] == "QQ 314159+"
    assert report.action == "delivered"
