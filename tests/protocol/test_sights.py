"""What an event means, whoever saw it when: its sight, and what in it is not for everybody's eyes."""

import pytest

from esmtp_lab.lab import Lab, client_dialect
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.event import Event, seen_by_nobody, sight
from esmtp_lab.protocol.extension import Extension
from esmtp_lab.protocol.session import Form, Position
from esmtp_lab.protocol.transaction import NOTHING
from esmtp_lab.wire.command import Outline
from esmtp_lab.wire.framing import Deviation

READY = Position("ready", frozenset({"extended"}))
EVENT = Event("client", "server", "reply", b"250 OK\r\n", 1.0, READY, READY, client_dialect(), "NOOP", 3, "only", 8)
NO_DIFFERENCE = {"observer": "server", "time": 2.0, "reply": 4, "content": NOTHING, "citations": ("one",)}
DIFFERENCE = {
    "speaker": "client",
    "kind": "command",
    "octets": b"250 ok\r\n",
    "before": Position("mail"),
    "after": Position("mail"),
    "dialect": client_dialect("rfc821"),
    "to": "RSET",
    "line": "last",
    "length": 9,
    "deviations": (Deviation(0, "nul"),),
    "offered": ("SIZE",),
    "listed": ("SIZE",),
    "in_flight": ("NOOP",),
    "upon": ("EHLO", 250),
    "declared": ("BODY",),
    "asked": Outline("-", frozenset(), frozenset()),
}


def test_every_field_either_makes_a_difference_or_makes_none() -> None:
    assert NO_DIFFERENCE.keys() | DIFFERENCE.keys() == set(Event._fields)
    assert NO_DIFFERENCE.keys() & DIFFERENCE.keys() == set()


@pytest.mark.parametrize("name", NO_DIFFERENCE)
def test_who_saw_it_when_makes_no_difference(name: str) -> None:
    other = EVENT._replace(**{name: NO_DIFFERENCE[name]})
    assert other != EVENT
    assert sight(other) == sight(EVENT)


@pytest.mark.parametrize("name", DIFFERENCE)
def test_all_else_does(name: str) -> None:
    assert sight(EVENT._replace(**{name: DIFFERENCE[name]})) != sight(EVENT)


def test_an_event_of_a_sight_has_that_sight_and_nothing_else() -> None:
    full = EVENT._replace(**DIFFERENCE, **NO_DIFFERENCE)
    bare = {"observer": "", "time": 0.0, "reply": 0, "content": None, "citations": ()}
    assert seen_by_nobody(sight(full)) == full._replace(**bare)


def test_a_secret_is_a_secret_behind_any_verb() -> None:
    """An extension of somebody else's says so in its syntax."""
    form = Form("XLOGIN", "SP word SP secret", "log in", "xlogin")
    dialect = Dialect(ERAS["rfc2821"], (Extension("Login", "XLOGIN", "nowhere", "log in", forms=(form,)),))
    line = EVENT._replace(
        kind="command", speaker="client", dialect=dialect, to="XLOGIN", octets=b"XLOGIN me c2VjcmV0\r\n"
    )
    assert line.secret == len("XLOGIN me ")
    assert line._replace(octets=b"XLOGIN me\r\n").secret is None
    assert line._replace(octets=b"NOOP\r\n", to="NOOP").secret is None


def test_a_letter_that_goes_round_is_told_how_often() -> None:
    lab = Lab()
    for line in ("EHLO me.example", "MAIL FROM:<me@me.example>", "RCPT TO:<ada@lab.example>", "DATA"):
        lab.send(line)
    stamps = b"Received: from a by b; Tue, 24 Nov 2026 12:00:00 +0000\r\n" * 123
    assert b" 123 time stamps" in lab.raw(stamps + b"\r\nhi\r\n.\r\n")[-1].event.octets
