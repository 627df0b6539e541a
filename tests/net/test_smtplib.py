"""Python's own smtplib, and aiosmtplib, deliver to our server."""

import asyncio
import smtplib
from dataclasses import replace
from typing import Any

import aiosmtplib
import pytest

from esmtp_lab.protocol.policy import find_policy, with_users

EIGHT_BIT = ["BODY=8BITMIME"]


@pytest.fixture
def connect() -> Any:
    """Opens a client, to be used in a `with` block."""
    return lambda server: smtplib.SMTP("127.0.0.1", server.port, local_hostname="me.example", timeout=20)


def test_a_letter_arrives_octet_for_octet(serving: Any, connect: Any, letter: bytes) -> None:
    server = serving()
    with connect(server) as client:
        assert client.sendmail("me@me.example", ["ada@lab.example"], letter, mail_options=EIGHT_BIT) == {}
    assert server.contents("ada") == [letter]
    sent = server.memory.letters["ada"][0]
    assert (sent.client, sent.address, sent.protocol) == ("me.example", "127.0.0.1", "ESMTP")


def test_one_of_several_recipients_is_refused(serving: Any, connect: Any, letter: bytes) -> None:
    server = serving()
    everybody = ["ada@lab.example", "nobody@lab.example", "carol@lab.example", "bob@lab.example"]
    with connect(server) as client:
        refused = client.sendmail("me@me.example", everybody, letter, mail_options=EIGHT_BIT)
    assert {path: code for path, (code, _) in refused.items()} == {"nobody@lab.example": 550, "carol@lab.example": 450}
    assert server.contents("ada") == server.contents("bob") == [letter]
    assert set(server.memory.letters) == {"ada", "bob"}


def test_several_letters_in_one_session(serving: Any, connect: Any) -> None:
    server = serving()
    letters = [b"Subject: %d\r\n\r\n.\r\n" % number for number in range(20)]
    with connect(server) as client:
        for letter in letters:
            client.sendmail("me@me.example", ["ada@lab.example"], letter)
    assert server.contents("ada") == letters


def test_a_letter_too_large_is_refused_at_mail(serving: Any, connect: Any) -> None:
    server = serving(replace(find_policy("lab"), max_size=1000))
    with connect(server) as client, pytest.raises(smtplib.SMTPSenderRefused) as refusal:
        client.sendmail("me@me.example", ["ada@lab.example"], b"x" * 1001)
    assert refusal.value.smtp_code == 552
    assert not any(event.kind == "content" for _, event in server.events)


def test_a_letter_too_large_that_does_not_say_so_is_refused_at_its_end(serving: Any, connect: Any) -> None:
    server = serving(replace(find_policy("lab"), max_size=1000))
    with connect(server) as client:
        client.helo()
        with pytest.raises(smtplib.SMTPDataError) as refusal:
            client.sendmail("me@me.example", ["ada@lab.example"], b"x" * 1000)
        assert refusal.value.smtp_code == 552, "the last line is ended by CRLF, which counts"
        client.sendmail("me@me.example", ["ada@lab.example"], b"x" * 998)
    assert server.contents("ada") == [b"x" * 998 + b"\r\n"]


@pytest.mark.parametrize("era", ["rfc821", "rfc2821"])
def test_helo_alone(serving: Any, connect: Any, era: str) -> None:
    server = serving(era=era)
    with connect(server) as client:
        assert client.helo() == (250, b"lab.example")
        client.sendmail("me@me.example", ["ada@lab.example"], b"hello\r\n")
    assert server.contents("ada") == [b"hello\r\n"]
    assert server.memory.letters["ada"][0].protocol == "SMTP"


def test_a_server_of_1982_does_not_know_ehlo(serving: Any, connect: Any) -> None:
    server = serving(era="rfc821")
    with connect(server) as client:
        client.sendmail("me@me.example", ["ada@lab.example"], b"hello\r\n")
        assert client.ehlo_resp == b"Command unrecognized"
    assert server.contents("ada") == [b"hello\r\n"]
    assert server.said("client")[:2] == [b"ehlo me.example\r\n", b"helo me.example\r\n"]


def test_what_ehlo_offers(serving: Any, connect: Any) -> None:
    with connect(serving()) as client:
        assert client.ehlo()[0] == 250
        offered = client.esmtp_features
    assert offered == {
        "size": "10485760",
        "8bitmime": "",
        "pipelining": "",
        "enhancedstatuscodes": "",
        "expn": "",
        "help": "",
    }


def test_login(serving: Any, connect: Any) -> None:
    server = serving(with_users(find_policy("lab"), {"zoe": "secret"}))
    with connect(server) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("zoe", "guess")
        assert client.login("zoe", "secret")[0] == 235


def test_aiosmtplib(serving: Any, letter: bytes) -> None:
    server = serving()

    async def main() -> tuple[dict[str, Any], str]:
        async with aiosmtplib.SMTP(
            hostname="127.0.0.1", port=server.port, local_hostname="me.example", start_tls=False
        ) as client:
            return await client.sendmail(
                "me@me.example", ["ada@lab.example", "nobody@lab.example"], letter, mail_options=EIGHT_BIT
            )

    refused, _ = asyncio.run(main())
    assert {path: reply.code for path, reply in refused.items()} == {"nobody@lab.example": 550}
    assert server.contents("ada") == [letter]
