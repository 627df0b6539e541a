"""Enhanced status codes: the example of RFC 2034 section 6, and which replies have one, EHLO or not."""

import re
from dataclasses import replace

import pytest

from esmtp_lab.bench import Bench, Host
from esmtp_lab.extensions.enhancedstatuscodes import ENHANCEDSTATUSCODES
from esmtp_lab.lab import client_dialect, server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.extension import Context, Extension
from esmtp_lab.protocol.policy import NOT_OURS, Policy, find_policy
from esmtp_lab.protocol.replies import Answer, Entry, catalogue
from esmtp_lab.protocol.server import ServerSession
from esmtp_lab.wire.command import Command
from esmtp_lab.wire.path import Path

LAB = find_policy("lab")

# The example of RFC 2034 section 6 -------------------------------------------------------------------

EXAMPLE = """
S: 220 dbc.mtview.ca.us SMTP service ready
C: EHLO ymir.claremont.edu
S: 250-dbc.mtview.ca.us says hello
S: 250 ENHANCEDSTATUSCODES
C: MAIL FROM:<ned@ymir.claremont.edu>
S: 250 2.1.0 Originator <ned@ymir.claremont.edu> ok
C: RCPT TO:<mrose@dbc.mtview.ca.us>
S: 250 2.1.5 Recipient <mrose@dbc.mtview.ca.us> ok
C: RCPT TO:<nosuchuser@dbc.mtview.ca.us>
S: 550 5.1.1 Mailbox "nosuchuser" does not exist
C: RCPT TO:<remoteuser@isi.edu>
S: 551-5.7.1 Forwarding to remote hosts disabled
S: 551 5.7.1 Select another host to act as your forwarder
C: DATA
S: 354 Send message, ending in CRLF.CRLF.
C: .
S: 250 2.6.0 Message accepted
C: QUIT
S: 221 2.0.0 Goodbye
"""


def _worded(key: str, text: str, code: int = 0, enhanced: str = "") -> Entry:
    """A situation of the lab's in other words: its codes are the lab's own, unless others are given."""
    entry = catalogue().entries[key]
    codes = {"default": code} if code else entry.codes
    details = {"default": enhanced} if enhanced else entry.details
    return replace(entry, codes=codes, texts={"default": text}, details=details)


def _one_line_more(context: Context, command: Command, answer: Answer) -> Answer:
    more = ("Select another host to act as your forwarder",)
    return answer._replace(lines=more) if answer.key == NOT_OURS else answer


WORDS = Extension(
    "Words",
    "XWORDS",
    "this test",
    "speaks as the host of the example does",
    offered_when=lambda policy, position: False,
    revises={"RCPT": _one_line_more},
    replies={
        entry.key: entry
        for entry in (
            _worded("greeting", "{domain} SMTP service ready"),
            _worded("ehlo", "{domain} says hello"),
            _worded("sender-ok", "Originator {path} ok"),
            _worded("recipient-ok", "Recipient {path} ok"),
            _worded("mailbox-unknown", 'Mailbox "nosuchuser" does not exist'),
            _worded(NOT_OURS, "Forwarding to remote hosts disabled", code=551),
            _worded("start-content", "Send message, ending in CRLF.CRLF."),
            _worded("stored", "Message accepted", enhanced="2.6.0"),
            _worded("closing", "Goodbye"),
        )
    },
)
DBC = Policy(domain="dbc.mtview.ca.us", extensions=("ENHANCEDSTATUSCODES",), mailboxes={"mrose": "Marshall Rose"})


def test_the_example_of_the_standard() -> None:
    """Word for word, and by both ends; for its content, which the standard leaves out, stands a line.

    Three things the host of the example says otherwise than ours: its words, 551 where we have 550, and 2.6.0 behind
    the content.
    """
    host = Host(DBC, Dialect(ERAS["rfc1869"], (ENHANCEDSTATUSCODES, WORDS)), MemoryMailboxes(DBC.domain))
    bench = Bench(host, client_dialect())
    bench.start()
    to = (
        Path(b"mrose", b"dbc.mtview.ca.us"),
        Path(b"nosuchuser", b"dbc.mtview.ca.us"),
        Path(b"remoteuser", b"isi.edu"),
    )
    bench.deliver(Delivery(Path(b"ned", b"ymir.claremont.edu"), to, b"...\r\n", "ymir.claremont.edu"))
    said = [(each.event.speaker[0].upper(), each.event.octets.decode().rstrip("\r\n")) for each in bench.log]
    assert [f"{who}: {line}" for who, line in said] == EXAMPLE.strip().split("\n")
    assert [outcome.accepted for outcome in bench.delivery.outcomes] == [True, False, False]


# Which replies have one ------------------------------------------------------------------------------


_CODES = re.compile(r"^(\d{3})[ -](?:([245]\.\d+\.\d+) )?.*\r\n", re.MULTILINE)


def said(policy: Policy, *lines: str, era: str = "rfc2821") -> list[str]:
    """The codes of the greeting and of the replies to these lines."""
    server = ServerSession(server_dialect(policy, era), policy)
    server.start()
    found = [_codes(server.take().decode())]
    for line in lines:
        server.receive(line.encode("latin-1") + b"\r\n")
        found.append(_codes(server.take().decode()))
    return found


def _codes(reply: str) -> str:
    """The code of a reply and the finer one, the same on all its lines, where it has one."""
    (codes,) = {" ".join(filter(None, found)) for found in _CODES.findall(reply)}
    return codes


def test_they_are_there_before_any_ehlo() -> None:
    """RFC 2034 section 4: whether EHLO is employed or not. 503 5.5.1 is what Postfix says here too."""
    lines = ("NOOP", "MAIL FROM:<a@b>", "XYZZY", "DATA", "VRFY Jones", "HELP", "NOOP a\rb", "QUIT")
    assert said(LAB, *lines) == [
        "220",
        *("250 2.0.0", "503 5.5.1", "500 5.5.2", "503 5.5.1", "553 5.1.4", "214 2.0.0", "500 5.5.2", "221 2.0.0"),
    ]


def test_they_are_there_for_a_client_that_says_helo() -> None:
    lines = ("HELO a", "MAIL FROM:<a@b>", "RCPT TO:<ada@lab.example>", "RCPT TO:<eve@lab.example>", "DATA")
    assert said(LAB, *lines) == ["220", "250", "250 2.1.0", "250 2.1.5", "550 5.1.1", "354"]


def test_they_stay_when_helo_follows_ehlo() -> None:
    assert said(LAB, "EHLO a", "NOOP", "HELO a", "NOOP")[1:] == ["250", "250 2.0.0", "250", "250 2.0.0"]


@pytest.mark.parametrize("before", ["NOOP", "HELO a", "EHLO a"])
@pytest.mark.parametrize("line", ["HELO", "EHLO", "EHLO b_c", f"EHLO {'a' * 600}", "EHLO a\rb"])
def test_no_refusal_of_ehlo_or_helo_has_one(before: str, line: str) -> None:
    assert said(LAB, before, line)[-1] in ("500", "501")


@pytest.mark.parametrize(
    ("name", "era", "greeting"),
    [
        *(("no-mail", "rfc1869", "421"), ("no-mail", "rfc2821", "554"), ("no-mail", "rfc5321", "521")),
        *(("no-service", "rfc2821", "554"), ("busy", "rfc2821", "421"), ("lab", "rfc2821", "220")),
    ],
)
def test_no_greeting_has_one(name: str, era: str, greeting: str) -> None:
    assert said(find_policy(name), era=era) == [greeting]


@pytest.mark.parametrize("code", ["421", "500", "501", "502", "504", "550", "554"])
def test_no_ehlo_that_is_turned_down_has_one(code: str) -> None:
    assert said(find_policy(f"ehlo-{code}"), "EHLO a", era="rfc1869")[1] == code


def test_behind_a_greeting_of_554_they_are_there() -> None:
    assert said(find_policy("no-mail"), "NOOP", "EHLO a", "QUIT") == ["554", "503 5.3.2", "503", "221 2.0.0"]


def test_a_host_that_does_not_list_them_has_none() -> None:
    lines = ("NOOP", "EHLO a", "NOOP", "XYZZY", "MAIL", "HELO a", "RSET")
    assert all(" " not in each for each in said(replace(LAB, extensions=("SIZE",)), *lines))


def test_the_era_without_ehlo_has_none() -> None:
    assert all(" " not in each for each in said(LAB, "NOOP", "EHLO a", "HELO a", "MAIL", era="rfc821"))


@pytest.mark.parametrize(("heard", "code"), [(b"", "421 4.4.2"), (b"EHLO a\r\n", "421 4.4.2")])
def test_a_421_that_answers_nothing_has_one(heard: bytes, code: str) -> None:
    server = ServerSession(server_dialect(LAB, "rfc2821"), LAB)
    server.start()
    server.receive(heard)
    server.take()
    server.close("timed-out")
    assert _codes(server.take().decode()) == code


def test_a_421_for_a_greeting_and_for_ehlo_has_none() -> None:
    server = ServerSession(server_dialect(LAB, "rfc2821"), LAB, most_errors=2)
    server.close("too-many-sessions")
    assert _codes(server.take().decode()) == "421"
    server = ServerSession(server_dialect(LAB, "rfc2821"), LAB, most_errors=2)
    server.start()
    server.receive(b"EHLO\r\n")
    server.take()
    server.receive(b"EHLO\r\n")
    assert _codes(server.take().decode()) == "421"


@pytest.mark.parametrize(
    ("key", "code"),
    [("greeting", "220 2.0.0"), ("ehlo-failed", "554 5.0.0"), ("no-service", "554 5.0.0"), ("start-content", "354")],
)
def test_a_situation_that_has_none_says_its_class_and_no_more(key: str, code: str) -> None:
    """RFC 3463 section 3.1: X.0.0. 354 has none whatever it answers."""
    assert said(replace(LAB, answers={"NOOP": key}), "NOOP")[-1] == code


# What is known of a server ---------------------------------------------------------------------------


def test_what_a_server_listed_stays_known_till_it_lists_anew_or_tls_begins() -> None:
    """HELO ends what may be used, and the server has its codes still; what it has under TLS it has to say again."""
    policy = find_policy("secure")
    server = ServerSession(server_dialect(policy, "rfc2821"), policy)
    greeting = server.start()[-1]
    first = server.receive(b"EHLO a\r\n")
    refused = server.receive(b"EHLO\r\n")[-1]
    helo = server.receive(b"HELO a\r\n")[-1]
    again = server.receive(b"EHLO a\r\n")
    listed = first[-1].offered
    assert "ENHANCEDSTATUSCODES" in listed
    assert (greeting.listed, {each.listed for each in first[:-1]}, first[-1].listed) == ((), {()}, listed)
    assert (refused.listed, refused.offered) == (listed, listed)
    assert (helo.listed, helo.offered) == (listed, ())
    assert {each.listed for each in again} == {listed}
    server.receive(b"STARTTLS\r\n")
    moment = server.protect("for the test")
    assert (moment.listed, server.receive(b"NOOP\r\n")[-1].listed) == ((), ())
