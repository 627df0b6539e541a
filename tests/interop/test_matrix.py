"""Every program, every case: what arrives, what is refused and what was said are as the table has them."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from esmtp_lab.lab import client_dialect
from esmtp_lab.net.client import deliver
from esmtp_lab.net.tls import client_context
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.session import UNKNOWN
from esmtp_lab.wire.path import Path as MailPath

from .cases import CASES, DOMAIN, Case, expected
from .clients import CLIENTS
from .inside import OurServer, certificate
from .servers import SERVERS, ForeignServer

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@each_case
@pytest.mark.parametrize("program", CLIENTS)
def test_their_client_and_our_server(program: str, case: Case, our_server: OurServer, tmp_path: Path) -> None:
    want = expected(program, case)
    told = CLIENTS[program](our_server.port, case, tmp_path)
    our_server.stop()
    _compare(our_server.arrived(want), our_server.events, want)
    assert told.delivered == bool(want.reached), told.words


@each_case
@pytest.mark.parametrize("program", SERVERS)
def test_our_client_and_their_server(program: str, case: Case, their_server: Callable[[str], ForeignServer]) -> None:
    want = expected(program, case)
    server = their_server(program)
    server.forget()
    events: list[Event] = []
    paths = tuple(_path(f"{name}@{DOMAIN}") for name in case.recipients)
    delivery = Delivery(_path(case.sender), paths, case.content, tls="require" if case.tls else "no")
    port = server.modern if case.knows_ehlo else server.old
    context = client_context(certificate().authority)
    done = asyncio.run(
        deliver(delivery, client_dialect(), port=port, patience=0.1, on_event=events.append, tls=context)
    )
    _compare(server.arrived(want), events, want)
    accepted = [outcome.path.name.decode() for outcome in done.outcomes if outcome.accepted]
    assert accepted == [name for name in case.recipients if name in want.reached]


CHUNKING = ("Postfix", "Exim")
"""Servers that take chunks; the others are sent the same letters by DATA."""


@pytest.mark.parametrize("case", [case for case in CASES if case.knows_ehlo], ids=lambda case: case.name)
@pytest.mark.parametrize(
    ("program", "size"),
    [(each, size) for each in SERVERS for size in ((1, 1000, 65_536) if each in CHUNKING else (1000,))],
)
def test_our_client_and_their_server_in_chunks(
    program: str, case: Case, size: int, their_server: Callable[[str], ForeignServer]
) -> None:
    """RFC 3030; what arrives is the same as by DATA."""
    want = expected(program, case)
    size = size if len(case.content) < 100_000 else size * 1000
    server = their_server(program)
    server.forget()
    events: list[Event] = []
    to = tuple(_path(f"{name}@{DOMAIN}") for name in case.recipients)
    delivery = Delivery(_path(case.sender), to, case.content, chunk=size, tls="require" if case.tls else "no")
    context = client_context(certificate().authority)
    done = asyncio.run(
        deliver(delivery, client_dialect(), port=server.modern, patience=0.1, on_event=events.append, tls=context)
    )
    _compare(server.arrived(want), events, want)
    accepted = [outcome.path.name.decode() for outcome in done.outcomes if outcome.accepted]
    assert accepted == [name for name in case.recipients if name in want.reached]
    said = {event.octets[:4] for event in events if event.kind == "command"}
    if want.reached:
        assert (b"BDAT" in said, b"DATA" in said) == (program in CHUNKING, program not in CHUNKING)


def _path(text: str) -> MailPath:
    local_part, _, domain = text.encode().partition(b"@")
    return MailPath(local_part, domain)


def _compare(arrived: dict[str, list[bytes]], events: Iterable[Event], want: Case) -> None:
    said = [event.octets for event in events if event.kind == "command"]
    assert [line for line in said if want.says.upper() in line.upper()], said[:5]
    assert list(_refusals(events)) == list(want.refusals)
    assert sorted(arrived) == sorted(want.reached)
    for name, contents in arrived.items():
        assert len(contents) == 1, f"{name} has {len(contents)} letters"
        assert _same(contents[0], want.content), _difference(contents[0], want.content)


def _refusals(events: Iterable[Event]) -> Iterator[tuple[str, int]]:
    """Every negative reply with the input that it answers, by the verb that was sent where the server knows no such.

    What stands behind a refused MAIL in its group is out of order, and so no refusal of its own.
    """
    verb, open_to = "", True
    for event in events:
        if event.kind == "command":
            verb = event.octets.split()[0].decode("ascii", "replace").upper()
        if event.kind == "reply" and event.last and event.to == "MAIL":
            open_to = not event.negative
        if event.negative and event.last and (open_to or event.to == "MAIL"):
            yield (verb if event.to == UNKNOWN else event.to), event.code


def _same(one: bytes, other: bytes) -> bool:
    """Whether two contents are equal; pytest would take long to explain how 10 MB differ."""
    return one == other


def _difference(arrived: bytes, sent: bytes) -> str:
    at = next((at for at, (one, other) in enumerate(zip(arrived, sent, strict=False)) if one != other), None)
    at = min(len(arrived), len(sent)) if at is None else at
    around = slice(max(0, at - 20), at + 40)
    return f"{len(arrived)} octets for {len(sent)}; at {at} there is {arrived[around]!r} for {sent[around]!r}"
