"""Refusals name what was wrong and where: the code of each, and the words that must stand in its text."""

from dataclasses import replace

import pytest

from esmtp_lab.extensions import SHIPPED
from esmtp_lab.lab import server_dialect
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.extension import Extension
from esmtp_lab.protocol.policy import Policy, find_policy
from esmtp_lab.protocol.replies import Composed
from esmtp_lab.protocol.server import ServerSession

LAB = find_policy("lab")


def replies(policy: Policy, *lines: str, dialect: Dialect | None = None) -> list[str]:
    """The last line of the reply to each of these lines."""
    server = ServerSession(dialect or server_dialect(policy, "rfc2821"), policy)
    server.start()
    said = []
    for line in lines:
        server.take()
        server.receive(line.encode("latin-1") + b"\r\n")
        said.append(server.take().decode().splitlines()[-1])
    return said


@pytest.mark.parametrize(
    ("before", "line", "code", "words"),
    [
        ("", "NOOP " + "x" * 600, "500", ["607 octets", "512"]),
        ("", "NOOP a\rb", "500", ["bare CR", "octet 6"]),
        ("", "NOOP a\nb", "500", ["bare LF", "octet 6"]),
        ("", "NOOP a\0b", "500", ["NUL", "octet 6"]),
        ("", "NOOP a\xffb", "500", ["octet above 127", "octet 6"]),
        ("", "TURN", "502", ["TURN"]),
        ("", "DATA", "503", ["DATA"]),
        ("", "RCPT TO:<ada@lab.example>", "503", ["RCPT"]),
        ("MAIL FROM:<a@b>", "DATA", "503", ["DATA"]),
        ("MAIL FROM:<a@b>", "MAIL FROM:<a@b>", "503", ["MAIL"]),
        ("", "MAIL", "501", ['"FROM:"', "octet 4"]),
        ("", "MAIL FROM: <a@b>", "501", ['"<"', "octet 10"]),
        ("", "MAIL FROM:<a@b> XYZZY=1", "501", ["XYZZY"]),
        ("", "MAIL FROM:<a@b> SIZE=x", "501", ["SIZE", "expected SIZE=digits"]),
        ("", "MAIL FROM:<a@b> SIZE=1 SIZE=2", "501", ["SIZE", "twice"]),
        ("", "MAIL FROM:<a@b> SIZE=99999999", "552", ["10485760"]),
        ("", "VRFY nobody", "550", ["nobody"]),
        ("", "VRFY erin", "551", ["<erin@new.example>"]),
        ("", "EXPN nobody", "550", ["nobody"]),
        ("", "HELP NOSUCH", "504", ["NOSUCH"]),
        ("MAIL FROM:<a@b>", "RCPT TO:<nobody@lab.example>", "550", ["<nobody@lab.example>"]),
        ("MAIL FROM:<a@b>", "RCPT TO:<a@b>", "550", ["<a@b>"]),
        ("MAIL FROM:<a@b>", "RCPT TO:<erin@lab.example>", "551", ["<erin@new.example>"]),
        ("MAIL FROM:<a@b>", "RCPT TO:<carol@lab.example>", "450", ["<carol@lab.example>"]),
    ],
)
def test_what_a_refusal_says(before: str, line: str, code: str, words: list[str]) -> None:
    reply = replies(LAB, "EHLO a", before or "NOOP", line)[-1]
    assert reply[:4] == f"{code} "
    assert [word for word in words if word not in reply] == []


def test_a_parameter_that_cannot_be_had_just_now_is_named() -> None:
    assert "BODY" in replies(find_policy("strained"), "EHLO a", "MAIL FROM:<a@b> BODY=8BITMIME")[-1]


def test_a_host_that_does_not_speak_to_somebody_names_them() -> None:
    """By the name in this command, or that which they gave before; where there is neither, as whoever listens."""
    policy = replace(LAB, answers={"EHLO": "ehlo-refused"})
    assert replies(policy, "EHLO", "EHLO x.example", "HELO me.example", "EHLO") == [
        "550 lab.example does not speak to you",
        "550 lab.example does not speak to x.example",
        "250 lab.example",
        "550 lab.example does not speak to me.example",
    ]


def test_what_a_host_answers_whatever_happens_names_the_command() -> None:
    policy = replace(LAB, answers={"NOOP": "command-not-implemented"})
    assert "NOOP" in replies(policy, "NOOP")[-1]


def test_a_field_that_nobody_filled_is_left_out() -> None:
    """A policy may name any situation for any input: what its text wants to say is then not there."""
    policy = replace(LAB, answers={"NOOP": "mailbox-busy"})
    assert replies(policy, "NOOP") == ["450 4.2.1 Mailbox ? is busy; try again later"]
    policy = replace(LAB, answers={"NOOP": "argument-syntax", "EHLO": "argument-syntax", "MAIL": "mailbox-busy"})
    assert replies(policy, "NOOP", "EHLO x", "MAIL FROM:<a@b.example>") == [
        "501 5.5.4 Syntax error in parameters or arguments",
        "501 Syntax error in parameters or arguments",
        "450 4.2.1 Mailbox <a@b.example> is busy; try again later",
    ]


@pytest.mark.parametrize(
    ("size", "code"), [(10, "250"), (11, "552")], ids=["as many octets as may come", "one octet more"]
)
def test_a_letter_may_have_so_many_octets(size: int, code: str) -> None:
    policy = replace(LAB, max_size=10)
    content = "x" * (size - 2)
    server = ServerSession(server_dialect(policy, "rfc2821"), policy)
    server.start()
    server.receive(b"HELO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<ada@lab.example>\r\nDATA\r\n")
    server.take()
    server.receive(f"{content}\r\n.\r\n".encode())
    if code == "250":
        assert server.letter is not None
        assert server.letter.content == f"{content}\r\n".encode()
    else:
        assert server.letter is None
        assert server.take() == b"552 5.3.4 The letter is larger than 10 octets\r\n"


# Replies that extensions have a hand in --------------------------------------------------------------


def _marked(composed: Composed, entry: str) -> Composed:
    return composed._replace(lines=tuple(f"({entry}) {line}" for line in composed.lines))


MARKS = Extension("Marks", "XMARK", "nowhere", "marks each reply", rewrites=_marked)
LATE = Extension("Late", "XLATE", "nowhere", "late", offered_when=lambda policy, position: "extended" in position.facts)
NEVER = Extension("Never", "XNEVER", "nowhere", "never", offered_when=lambda policy, position: "tls" in position.facts)


def test_an_extension_changes_replies_where_ehlo_was_said() -> None:
    dialect = Dialect(ERAS["rfc2821"], (MARKS,))
    assert replies(LAB, "NOOP", "XYZZY", "EHLO a", "NOOP", "XYZZY", "DATA", dialect=dialect) == [
        "250 OK",
        "500 Command unrecognized",
        "250 XMARK",
        "250 (NOOP) OK",
        "500 (UNKNOWN) Command unrecognized",
        "503 (DATA) Bad sequence of commands: DATA cannot come now",
    ]


def test_what_nobody_asked_for_has_no_command() -> None:
    """A reply that a server gives by itself, before it closes."""
    server = ServerSession(Dialect(ERAS["rfc2821"], (MARKS,)), LAB)
    server.start()
    server.receive(b"EHLO a\r\n")
    server.take()
    events = server.close("timed-out", 5.0)
    assert server.take() == b"421 () lab.example Nothing heard for too long, closing transmission channel\r\n"
    assert [(event.to, event.line, event.code, event.time) for event in events] == [("", "only", 421, 5.0)]
    assert server.position.closed


def test_what_is_offered_is_what_holds_behind_ehlo() -> None:
    dialect = Dialect(ERAS["rfc2821"], (LATE, NEVER))
    assert replies(LAB, "EHLO a", dialect=dialect) == ["250 XLATE"]


def test_too_many_recipients_are_refused_and_the_last_that_fits_is_not() -> None:
    policy = replace(LAB, accept="any")
    dialect = Dialect(ERAS["rfc2821"], SHIPPED)
    rcpt = [f"RCPT TO:<u{number}@lab.example>" for number in range(101)]
    said = replies(policy, "HELO a", "MAIL FROM:<a@b>", *rcpt, dialect=dialect)
    assert [reply[:3] for reply in said[-2:]] == ["250", "452"]
