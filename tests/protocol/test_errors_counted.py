"""Refusals that are counted: after so many without a letter between them, a server ends the session with 421."""

import pytest

from esmtp_lab.lab import server_dialect
from esmtp_lab.protocol.policy import Policy
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.protocol.server import ServerSession, stored

HOST = Policy(mailboxes={"ada": "Ada"}, refusals={"carol": "mailbox-busy"})
LETTER = ["MAIL FROM:<a@b>", "RCPT TO:<ada@lab.example>", "DATA", "."]


def codes(lines: list[str], policy: Policy, most: int, answer: Answer | None = None) -> list[int]:
    """The codes that a server gives to a client that says HELO and then these lines."""
    server = ServerSession(server_dialect(policy, "rfc2821"), policy, most_errors=most)
    server.start()
    for line in ("HELO a", *lines):
        server.receive(line.encode() + b"\r\n")
        if server.letter is not None:
            server.settle(answer or stored(server.letter, ("ada",)))
    return [int(reply[:3]) for reply in server.take().splitlines()[2:]]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["X", "X", "X"], [500, 500, 421]),
        (["X", "NOOP", "X", "NOOP", "X"], [500, 250, 500, 250, 421]),
        (["MAIL", "DATA", "VRFY nobody"], [501, 503, 421]),
        (["MAIL FROM:<a@b>", *["RCPT TO:<carol@lab.example>"] * 3], [250, 450, 450, 421]),
        (["MAIL FROM:<a@b>", "RCPT TO:<carol@lab.example>", "X", "RCPT TO:<carol@lab.example>"], [250, 450, 500, 421]),
        (["X", "X", *LETTER, "X", "X", "X"], [500, 500, 250, 250, 354, 250, 500, 500, 421]),
        (["X", "X", *LETTER, "NOOP", "X", "QUIT"], [500, 500, 250, 250, 354, 250, 250, 500, 221]),
        (["X", "X", *LETTER[:3]], [500, 500, 250, 250, 354]),
    ],
)
def test_the_third_refusal_without_a_letter_is_the_last(lines: list[str], expected: list[int]) -> None:
    assert codes(lines, HOST, 3) == expected


def test_a_letter_that_could_not_be_stored_forgives_nothing() -> None:
    assert codes(["X", *LETTER], HOST, 2, Answer("not-stored")) == [500, 250, 250, 354, 421]
    assert codes(["X", *LETTER, "X"], HOST, 3, Answer("not-stored")) == [500, 250, 250, 354, 451, 421]


def test_a_server_that_shuts_down_counts_nothing() -> None:
    policy = Policy(answers={"NOOP": "shutting-down"})
    server = ServerSession(server_dialect(policy, "rfc2821"), policy, most_errors=1)
    server.start()
    server.take()
    server.receive(b"NOOP\r\n")
    assert server.take() == b"421 lab.example Service not available, closing transmission channel\r\n"


def test_the_client_is_told_why() -> None:
    policy = Policy()
    server = ServerSession(server_dialect(policy, "rfc2821"), policy, most_errors=1)
    server.start()
    server.take()
    server.receive(b"X\r\n")
    assert server.take() == b"421 lab.example Too many errors, closing transmission channel\r\n"
    assert server.position.closed
