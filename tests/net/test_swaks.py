"""swaks, the Swiss Army Knife of SMTP, delivers to our server."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from esmtp_lab.protocol.policy import find_policy, with_users

Program = Callable[..., CompletedProcess[bytes]]


def _to(port: int, *recipients: str) -> list[str]:
    where = ["--server", "127.0.0.1", "--port", str(port), "--helo", "me.example", "--from", "me@me.example"]
    return [*where, "--to", ",".join(recipients)]


@pytest.mark.parametrize("era", ["rfc821", "rfc2821"])
def test_a_letter_arrives_octet_for_octet(
    serving: Any, program: Program, letter_file: Path, letter: bytes, era: str
) -> None:
    server = serving(era=era)
    done = program("swaks", *_to(server.port, "ada@lab.example"), "--data", f"@{letter_file}")
    assert done.returncode == 0, done.stdout
    assert server.contents("ada") == [letter]
    assert (b"HELO me.example\r\n" in server.said("client")) == (era == "rfc821")


def test_a_group_of_commands_in_one_go(serving: Any, program: Program, letter_file: Path, letter: bytes) -> None:
    server = serving()
    done = program(
        "swaks", *_to(server.port, "ada@lab.example", "bob@lab.example"), "--data", f"@{letter_file}", "--pipeline"
    )
    assert done.returncode == 0, done.stdout
    assert server.contents("ada") == server.contents("bob") == [letter]


def test_an_unknown_recipient_is_refused(serving: Any, program: Program) -> None:
    server = serving()
    done = program("swaks", *_to(server.port, "nobody@lab.example"))
    assert done.returncode == 24, "swaks: no recipient was accepted"
    assert b"<** 550 5.1.1 No mailbox <nobody@lab.example> here" in done.stdout
    assert server.memory.letters == {}


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("right", [True, False])
def test_auth(serving: Any, program: Program, mechanism: str, right: bool) -> None:
    server = serving(with_users(find_policy("lab"), {"zoe": "secret"}))
    password = "secret" if right else "guess"
    who = ["--auth", mechanism, "--auth-user", "zoe", "--auth-password", password]
    done = program("swaks", *_to(server.port, "zoe@lab.example"), *who)
    assert (done.returncode, len(server.contents("zoe"))) == ((0, 1) if right else (28, 0)), done.stdout
    assert (b"235 2.7.0" if right else b"535 5.7.8") in done.stdout
