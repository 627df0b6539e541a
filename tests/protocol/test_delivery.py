"""A client that delivers by itself: what it says upon each reply, as scripts, and when it tries again."""

from dataclasses import replace

import pytest

from esmtp_lab.errors import LocalProtocolError
from esmtp_lab.lab import client_dialect
from esmtp_lab.protocol.client import ClientSession
from esmtp_lab.protocol.delivery import Delivery, Outcome
from esmtp_lab.protocol.side import NOTHING_YET
from esmtp_lab.wire.path import Path
from esmtp_lab.wire.reply import Reply

ME, ADA, BOB = Path(b"me", b"me.example"), Path(b"ada", b"lab.example"), Path(b"bob", b"lab.example")
LETTER = Delivery(ME, (ADA, BOB), b"hi\r\n")


def script(delivery: Delivery, *replies: str, era: str = "rfc2821") -> tuple[list[str], ClientSession, Delivery]:
    """What the client says after each of these replies, and both as they are then; in replies ; ends a line."""
    client, said = ClientSession(client_dialect(era)), []
    for reply in replies:
        client.receive("".join(f"{line}\r\n" for line in reply.split(";")).encode())
        octets, delivery = delivery.next(client)
        client.send(octets)
        said.append(octets.decode().removesuffix("\r\n"))
    return said, client, delivery


HELLO = ("220 a", "250-a;250 TURN")
OPEN = (*HELLO, "250 ok")


@pytest.mark.parametrize(
    ("delivery", "replies", "said"),
    [
        (
            LETTER,
            ("220 a", "250 a", "250 ok", "250 ok", "550 no", "354 go", "250 ok", "221 bye"),
            [
                "EHLO me.example",
                "MAIL FROM:<me@me.example>",
                "RCPT TO:<ada@lab.example>",
                "RCPT TO:<bob@lab.example>",
                "DATA",
                "hi\r\n.",
                "QUIT",
                "",
            ],
        ),
        (LETTER, ("554 no", "221 bye"), ["QUIT", ""]),
        (LETTER, ("421 no",), [""]),
        (LETTER, ("220 a", "500 no", "250 a"), ["EHLO me.example", "HELO me.example", "MAIL FROM:<me@me.example>"]),
        (LETTER, ("220 a", "500 no", "500 no", "221 bye"), ["EHLO me.example", "HELO me.example", "QUIT", ""]),
        (LETTER, ("220 a", "421 bye"), ["EHLO me.example", ""]),
        (LETTER, (*HELLO, "450 no", "221 bye"), ["EHLO me.example", "MAIL FROM:<me@me.example>", "QUIT", ""]),
        (
            LETTER,
            ("220 a", "250-a;250 SIZE", "250 ok", "550 no", "450 busy", "221 bye"),
            [
                "EHLO me.example",
                "MAIL FROM:<me@me.example> SIZE=4",
                "RCPT TO:<ada@lab.example>",
                "RCPT TO:<bob@lab.example>",
                "QUIT",
                "",
            ],
        ),
        # QUIT is never said twice, whatever is answered
        (LETTER, ("554 no", "500 what"), ["QUIT", ""]),
        (LETTER, ("554 no", "250 well"), ["QUIT", ""]),
        (LETTER, ("554 no", "354 go"), ["QUIT", ""]),
    ],
)
def test_what_the_client_says_upon_each_reply(delivery: Delivery, replies: tuple[str, ...], said: list[str]) -> None:
    """RFC 2821 sections 3.2 to 3.3 and 4.2.1: the first digit decides."""
    assert script(delivery, *replies)[0] == said


@pytest.mark.parametrize(
    ("turns", "era", "hello", "last"),
    [
        (True, "rfc2821", "250-a;250 TURN", "TURN"),
        (True, "rfc2821", "250 a", "QUIT"),
        (True, "rfc821", "250 a", "TURN"),
        (False, "rfc2821", "250-a;250 TURN", "QUIT"),
        (False, "rfc821", "250 a", "QUIT"),
    ],
)
def test_a_client_asks_to_change_roles_where_it_may(turns: bool, era: str, hello: str, last: str) -> None:
    """RFC 821 section 3.8; where anything is offered, TURN must be (RFC 1869 section 5)."""
    nothing = Delivery(ME, (), b"", turns=turns)
    said, client, delivery = script(nothing, "220 a", hello, era=era)
    assert said[-1] == last
    client.receive(b"250 ok\r\n")
    assert client.position.turned == (last == "TURN")
    assert delivery.next(client)[0] == b""


def test_a_reply_is_acted_upon_once() -> None:
    said, client, delivery = script(LETTER, "220 a")
    assert said == ["EHLO me.example"]
    assert delivery.next(client) == (b"", delivery)
    assert LETTER.next(ClientSession(client_dialect())) == (b"", LETTER)


def test_each_recipient_has_an_outcome_of_their_own() -> None:
    _, _, delivery = script(LETTER, *OPEN, "250 ok", "450 busy", "354 go", "250 ok")
    assert [(outcome.path, outcome.accepted, outcome.temporary) for outcome in delivery.outcomes] == [
        (ADA, True, False),
        (BOB, False, True),
    ]


@pytest.mark.parametrize(
    ("reply", "accepted", "temporary"),
    [
        (200, True, False),
        (250, True, False),
        (354, False, True),
        (450, False, True),
        (550, False, False),
        (None, False, True),
    ],
)
def test_what_a_reply_decides(reply: int | None, accepted: bool, temporary: bool) -> None:
    """RFC 2821 section 4.2.1."""
    outcome = Outcome(ADA, None if reply is None else Reply(reply))
    assert (outcome.accepted, outcome.temporary) == (accepted, temporary)
    assert not Outcome(ADA, None, "no such host").temporary


# Chunks ----------------------------------------------------------------------------------------------

BOTH, CHUNKING = "250-a;250-CHUNKING;250 BINARYMIME", "250-a;250 CHUNKING"


@pytest.mark.parametrize(
    ("content", "size", "said"),
    [
        (b"hello\r\n", 100, ["BDAT 7 LAST\r\nhello"]),
        (b"hello\r\n", 7, ["BDAT 7 LAST\r\nhello"]),
        (b"hello\r\n", 6, ["BDAT 6\r\nhello\r", "BDAT 1 LAST\r\n\n"]),
        (b".one\r\n.", 3, ["BDAT 3\r\n.on", "BDAT 3\r\ne", "BDAT 1 LAST\r\n."]),
        (b"", 100, ["BDAT 0 LAST"]),
        # without a size it goes by DATA, as ever
        (b".one", 0, ["DATA"]),
    ],
)
def test_a_letter_goes_in_chunks_where_it_is_asked_to(content: bytes, size: int, said: list[str]) -> None:
    """Octet for octet: no dot is doubled, no line is ended (RFC 3030 section 2)."""
    delivery = Delivery(ME, (ADA,), content, chunk=size)
    replies = ["250 ok"] * (len(said) - 1)
    lines, client, after = script(delivery, "220 a", CHUNKING, "250 ok", "250 ok", *replies, "250 stored", "221 bye")
    assert lines[3:-2] == said if size else lines[3] == "DATA"
    if size:
        assert lines[-2:] == ["QUIT", ""]
        assert [outcome.accepted for outcome in after.outcomes] == [True]
        assert client.left == 0


@pytest.mark.parametrize("hello", ["250 a", "250-a;250 BINARYMIME", "250-a;250-8BITMIME;250 SIZE 1000"])
def test_text_goes_by_data_where_chunks_are_not_offered(hello: str) -> None:
    said, _, _ = script(replace(LETTER, chunk=3), "220 a", hello, "250 ok", "250 ok", "250 ok")
    assert said[-1] == "DATA"


@pytest.mark.parametrize("content", [b"one\ntwo\r\n", b"one\rtwo", b"one\r\n\n", b"\0", b"\xff\r\n\n", b"\n" * 5])
@pytest.mark.parametrize(
    ("hello", "size", "why"),
    [
        (BOTH, 4, ""),
        (f"250-8BITMIME;{BOTH}", 4, ""),
        (BOTH, 0, "does not go in chunks"),
        (CHUNKING, 4, "the server does not take that"),
        ("250-a;250 BINARYMIME", 4, "does not go in chunks"),
        ("250-a;250-8BITMIME;250 CHUNKING", 4, "the server does not take that"),
        ("250 a", 4, "does not go in chunks"),
    ],
)
def test_binary_content_goes_only_where_both_are_offered(content: bytes, hello: str, size: int, why: str) -> None:
    """RFC 3030 section 3; whoever may not send it begins no transaction."""
    said, _, delivery = script(Delivery(ME, (ADA,), content, chunk=size), "220 a", hello)
    (outcome,) = delivery.outcomes
    if why:
        assert said[-1] == "QUIT"
        assert why in outcome.remark
        assert not outcome.temporary
    else:
        assert said[-1] == "MAIL FROM:<me@me.example> BODY=BINARYMIME"
        assert outcome.remark == ""


def test_what_is_merely_eight_bit_stays_so() -> None:
    said, _, _ = script(
        Delivery(ME, (ADA,), b"\xff\r\n", chunk=4), "220 a", f"{BOTH.replace('250 B', '250-B')};250 8BITMIME"
    )
    assert said[-1] == "MAIL FROM:<me@me.example> BODY=8BITMIME"


@pytest.mark.parametrize(
    ("reply", "temporary"), [("552 too large", False), ("452 no room", True), ("503 what", False), ("354 go on", True)]
)
def test_after_a_refused_chunk_no_other_is_sent(reply: str, temporary: bool) -> None:
    """RFC 3030 section 2: the transaction has failed for all of its recipients."""
    before = ("220 a", CHUNKING, "250 ok", "250 ok", "250 ok", "250 ok")
    said, client, delivery = script(replace(LETTER, content=b"0123456789", chunk=4), *before, reply, "221 bye")
    assert said[-4:] == ["BDAT 4\r\n0123", "BDAT 4\r\n4567", "QUIT", ""]
    assert [(outcome.accepted, outcome.temporary) for outcome in delivery.outcomes] == [(False, temporary)] * 2
    assert client.position.state == "closed"


# A server that hangs up ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("replies", "lost", "again"),
    [
        (("220 a",), "EHLO", True),
        (("220 a", "500 no"), "HELO", True),
        (HELLO, "MAIL", False),
        (OPEN, "RCPT", False),
    ],
)
def test_who_is_left_upon_ehlo_tries_at_once_without(replies: tuple[str, ...], lost: str, again: bool) -> None:
    """RFC 1869 section 4.7."""
    _, client, delivery = script(LETTER, *replies)
    assert delivery.again(client) is None
    client.closed("server")
    assert client.lost == lost
    plain = delivery.again(client)
    assert (plain is not None) == again
    if plain is not None:
        assert (plain.plain, plain.heard) == (True, NOTHING_YET)
        assert plain.again(client) is None
        assert script(plain, "220 a")[0] == ["HELO me.example"]


# Names -----------------------------------------------------------------------------------------------


def test_a_client_that_has_no_name_is_called_by_that_of_the_examples() -> None:
    assert script(Delivery(ME, (ADA,), b""), "220 a")[0] == ["EHLO me.example"]
    assert script(Delivery(ME, (ADA,), b"", "you.example"), "220 a")[0] == ["EHLO you.example"]


def test_a_name_that_is_no_domain_is_not_said() -> None:
    with pytest.raises(LocalProtocolError, match="EHLO"):
        script(Delivery(ME, (ADA,), b"", "caf_\N{LATIN SMALL LETTER E WITH ACUTE}."), "220 a")


def test_a_name_beyond_us_ascii_is_said_in_its_a_labels() -> None:
    """RFC 6531 section 3.7.1."""
    said, _, _ = script(Delivery(ME, (ADA,), b"", "B\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example"), "220 a")
    assert said == ["EHLO xn--bcher-kva.example"]


# Letters that no client may send ---------------------------------------------------------------------


@pytest.mark.parametrize(("content", "place"), [(b"ab\ncd\r\n", 2), (b"\rcd\r\n", 0), (b"ab\r\n\n", 4)])
def test_half_a_line_end_is_not_sent(content: bytes, place: int) -> None:
    """RFC 2821 section 2.3.7: so the client leaves, and trying again would not help."""
    said, _, delivery = script(Delivery(ME, (ADA,), content), *HELLO)
    assert said == ["EHLO me.example", "QUIT"]
    (outcome,) = delivery.outcomes
    assert f"octet {place}" in outcome.remark
    assert not outcome.temporary
