"""Groups: lines that are collected and leave in one write."""

from collections.abc import Callable
from typing import Any

import pytest

from esmtp_lab.shell.foresight import fitting, hint
from esmtp_lab.shell.rows import mark
from esmtp_lab.shell.session import Session

GROUP = ("EHLO me.example", "/group", "MAIL FROM:<me@me.example>", "RCPT TO:<ada@lab.example>", "DATA")


def remarks(session: Session) -> str:
    return "\n".join(item.text for item in session.record.items if item.event is None)


def said(session: Session) -> list[str]:
    events = [session.record.items[place].event for place in session.record.places()]
    return [f"{mark(event)} {event.octets.split()[0].decode()}" for event in events if event][-6:]


def test_a_group_leaves_in_one_write_and_is_seen_in_flight(types: Callable[..., Session]) -> None:
    session = types(*GROUP)
    assert session.prompt == "C+: "
    assert len(session.lab.bench.client.waiting) == 0
    assert ("group", "3 not sent") in session.facts()[0]
    session.type("/send")
    assert said(session) == [" -> MAIL", "+-> RCPT", "+-> DATA", "<-  250", "<-  250", "<-  354"]
    assert "one write: 3 lines, 60 octets" in remarks(session)
    assert session.prompt == "D: [0] "


def test_undo_takes_a_sent_group_back_at_once(types: Callable[..., Session]) -> None:
    session = types(*GROUP, "/send")
    session.command("/undo")
    assert session.lab.bench.client.position.state == "ready"
    assert session.lab.bench.server.envelope.reverse_path is None
    session.command("/redo")
    assert session.prompt == "D: [0] "


def test_while_a_group_is_collected_undo_takes_its_last_line_out(types: Callable[..., Session]) -> None:
    session = types(*GROUP, "/undo")
    assert session.group == GROUP[2:4]
    for _ in range(3):
        session.command("/undo")
    assert session.group is None and session.lab.bench.client.position.state == "ready"


def test_a_group_is_given_up(types: Callable[..., Session]) -> None:
    session = types(*GROUP, "/group off")
    assert session.prompt == "C: " and "given up: 3 lines not sent" in remarks(session)
    assert "no group is collected" in remarks(types("/send"))
    assert "nothing was sent" in remarks(types("/group", "/send"))
    assert "only the client" in remarks(types("/group", role="server"))
    assert types(*GROUP, "/restart").group is None


def test_what_comes_next_follows_the_group(types: Callable[..., Session]) -> None:
    session = types(*GROUP[:3])
    assert not next(each for each in fitting(session, "RCPT") if each.text.startswith("RCPT")).reason
    assert hint(session, "RCPT TO:<ada@lab.example>").reply == "250"
    assert session.lab.bench.client.position.state == "ready"


def test_a_password_in_a_group_is_not_shown(types: Callable[..., Session]) -> None:
    session = types("/host members", "EHLO me.example", "/group", "AUTH PLAIN AHpvZQBzZWNyZXQ=", "hush")
    session.type("/group")
    assert session.page is not None
    assert "hush" not in remarks(session) + str(session.page) and "AHpv" not in remarks(session) + str(session.page)


@pytest.mark.parametrize("columns", [100, 60])
def test_keys(terminal: Callable[..., Any], columns: int) -> None:
    term = terminal(columns, 40)
    term.until("C:")
    term.type("EHLO me.example", "250 HELP")
    term.type("/group", "C+:")
    term.type("MAIL FROM:<>", "yet, 1: MAIL")
    term.press("\x1b", "given up")
    term.type("/group", "C+:")
    term.type("MAIL FROM:<>", "1: MAIL")
    term.type("NOOP", "2: NOOP")
    term.type("/send", lambda text: "+->" in text and "250 2.0.0 OK" in text)
