"""Addresses and header fields in UTF-8, between programs (RFC 6531)."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from esmtp_lab.lab import client_dialect
from esmtp_lab.net.client import deliver
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.event import Event

from .cases import DOMAIN, HEADER, UTF8, Case
from .clients import CLIENTS
from .inside import OurServer
from .servers import ForeignServer
from .test_matrix import _compare, _path

each_case = pytest.mark.parametrize("case", [UTF8], ids=["UTF-8"])


@each_case
@pytest.mark.parametrize("program", ["curl", "smtplib", "aiosmtplib", "nodemailer"])
def test_their_client_and_our_server(program: str, case: Case, our_server: OurServer, tmp_path: Path) -> None:
    told = CLIENTS[program](our_server.port, case, tmp_path)
    our_server.stop()
    _compare(our_server.arrived(case), our_server.events, case)
    assert told.delivered, told.words


@each_case
@pytest.mark.parametrize("program", ["swaks", "msmtp"])
def test_a_client_that_does_not_know_the_parameter(
    program: str, case: Case, our_server: OurServer, tmp_path: Path
) -> None:
    """It sends the address all the same, and hears that the parameter is missing."""
    told = CLIENTS[program](our_server.port, case, tmp_path)
    our_server.stop()
    assert not told.delivered
    assert our_server.arrived(case) == {}
    refusals = [(event.to, event.octets[:9]) for event in our_server.events if event.negative]
    # msmtp does not wait for the answer to MAIL, so that others follow
    assert refusals[0] == ("MAIL", b"550 5.6.7")


def _delivered(server: ForeignServer, case: Case, chunk: int) -> tuple[Delivery, list[Event]]:
    server.forget()
    events: list[Event] = []
    paths = tuple(_path(f"{name}@{DOMAIN}") for name in case.recipients)
    delivery = Delivery(_path(case.sender), paths, case.content, chunk=chunk)
    sending = deliver(delivery, client_dialect(), port=server.modern, patience=0.1, on_event=events.append)
    return asyncio.run(sending), events


@each_case
@pytest.mark.parametrize("chunk", [0, 100])
@pytest.mark.parametrize("program", ["Postfix", "Exim", "aiosmtpd"])
def test_our_client_and_their_server(
    program: str, case: Case, chunk: int, their_server: Callable[[str], ForeignServer]
) -> None:
    """Octet for octet; a recipient beyond US-ASCII is asked for, and is nobody there."""
    server = their_server(program)
    done, events = _delivered(server, case, chunk)
    want = case._replace(recipients=("ada",), reached=("ada",), refusals=(("RCPT", 550),))
    _compare(server.arrived(want), events, want)
    assert [outcome.accepted for outcome in done.outcomes] == [True, False]


@each_case
def test_our_client_and_a_server_that_does_not_offer_it(
    case: Case, their_server: Callable[[str], ForeignServer]
) -> None:
    """Nothing is sent to OpenSMTPD but what goes without: RFC 6531 section 3.2."""
    server = their_server("OpenSMTPD")
    done, events = _delivered(server, case, 0)
    assert [event.octets for event in events if event.kind == "command"] == [b"EHLO me.example\r\n", b"QUIT\r\n"]
    assert {outcome.remark[:5] for outcome in done.outcomes} == {"5.6.9"}
    plain = case._replace(content=HEADER + b"\r\nAt five.\r\n", sender="me@me.example", reached=("ada",))
    done, events = _delivered(server, plain, 0)
    want = plain._replace(recipients=("ada",), says=b"MAIL FROM:<me@me.example>")
    _compare(server.arrived(want), events, want)
    assert [(outcome.accepted, outcome.remark[:5]) for outcome in done.outcomes] == [(True, ""), (False, "5.6.7")]
