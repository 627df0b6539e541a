"""Smuggling: nothing around a dot but CRLF.CRLF ends the content, so no letter can hide a second one.

What RFC 2821 section 4.1.1.4 forbids for LF.LF is tried here for every row of CR, LF, CRLF and NUL.
"""

import re
from dataclasses import replace
from itertools import product

import pytest

from esmtp_lab.lab import client_dialect, server_dialect
from esmtp_lab.protocol.client import ClientSession
from esmtp_lab.protocol.policy import Policy, find_policy
from esmtp_lab.protocol.server import ServerSession, stored
from esmtp_lab.protocol.transaction import Letter
from esmtp_lab.wire.path import Path
from esmtp_lab.wire.transparency import travelling

ROWS = sorted({b"".join(row) for length in range(4) for row in product([b"\r", b"\n", b"\r\n", b"\0"], repeat=length)})
HELLO = b"EHLO a\r\n"
ENVELOPE = b"MAIL FROM:<honest@client.example>\r\nRCPT TO:<ada@open.example>\r\nDATA\r\n"
INJECTED = b"MAIL FROM:<forged@bank.example>\r\nRCPT TO:<bob@open.example>\r\nDATA\r\nforged\r\n"
END = b"\r\n.\r\n"
HONEST = ["MAIL", "RCPT", "DATA"]
SENDER = Path(b"honest", b"client.example")
ADA = Path(b"ada", b"open.example")
OPEN = find_policy("open")


def play(octets: list[bytes], policy: Policy = OPEN) -> tuple[list[Letter], list[str], list[str]]:
    """The letters that a server takes from a stream, the commands that it hears in it, and what it says beside."""
    server = ServerSession(server_dialect(policy, "rfc2821"), policy)
    events, letters = server.start(), []
    for piece in octets:
        events += server.receive(piece)
        while server.letter is not None:
            letters.append(server.letter)
            events += server.settle(stored(server.letter, ()))
    commands = [event.to for event in events if event.kind == "command"]
    return letters, commands, [event.octets.decode() for event in events if event.kind == "moment"]


def unstuffed(wire: bytes) -> bytes:
    """The plainest reading of RFC 821 section 4.5.2: line by line, one dot at the beginning goes."""
    return b"\r\n".join(line.removeprefix(b".") for line in wire.split(b"\r\n"))


@pytest.mark.parametrize("text", [b"text", b""], ids=["within", "at-the-beginning"])
@pytest.mark.parametrize("before", ROWS, ids=repr)
def test_no_row_around_a_dot_lets_a_second_letter_in(before, text):
    rows = [after for after in ROWS if END not in b"\r\n" + text + before + b"." + after]
    contents = [text + before + b"." + after + INJECTED for after in rows]
    letters, commands, _ = play([HELLO, *(ENVELOPE + content + b".\r\n" for content in contents)])
    assert [letter.content for letter in letters] == [unstuffed(content) for content in contents]
    assert commands == ["EHLO", *HONEST * len(rows)]
    assert {(letter.envelope.reverse_path, letter.envelope.forward_paths) for letter in letters} == {(SENDER, (ADA,))}


@pytest.mark.parametrize("before", [b"text\r\n", b"text\0\n\r\n", b""])
def test_but_crlf_dot_crlf_does(before):
    """What the client itself writes as an end is one; this is not smuggling but two letters."""
    letters, commands, _ = play([HELLO, ENVELOPE + before + b".\r\n" + INJECTED + b".\r\n"])
    assert [letter.content for letter in letters] == [before, b"forged\r\n"]
    assert commands == ["EHLO", *HONEST * 2]


@pytest.mark.parametrize("before", [row for row in ROWS if len(row) < 4], ids=repr)
def test_nor_where_the_stream_is_cut_at_every_octet(before):
    for after in (b"\r", b"\n", b"\n\r", b"\r\r\n", b"\0\r\n", b"\r\0\n"):
        stream = HELLO + ENVELOPE + b"text" + before + b"." + after + INJECTED + b".\r\n"
        letters, commands, _ = play([stream[at : at + 1] for at in range(len(stream))])
        assert (len(letters), commands) == (1, ["EHLO", *HONEST]), after


@pytest.mark.parametrize("before", ROWS, ids=repr)
def test_whatever_our_client_sends_arrives_as_one_letter(before):
    """The client doubles the dots, so that CRLF.CRLF inside a letter ends nothing either."""
    client = ClientSession(client_dialect())
    server = ServerSession(server_dialect(OPEN, "rfc2821"), OPEN)
    contents = [before + b"." + after + INJECTED for after in ROWS]
    letters, heard = [], server.start()

    def send(octets: bytes) -> None:
        client.send(octets)
        heard.extend(server.receive(client.take()))
        while server.letter is not None:
            letters.append(server.letter)
            heard.extend(server.settle(stored(server.letter, ())))
        client.receive(server.take())

    client.receive(server.take())
    send(client.line("EHLO", domain_or_literal=b"a"))
    for content in contents:
        send(client.line("MAIL", reverse_path=SENDER))
        send(client.line("RCPT", forward_path=ADA))
        send(client.line("DATA"))
        send(travelling(content))
        assert client.position == server.position
    assert [letter.content for letter in letters] == contents
    assert [event.to for event in heard if event.kind == "command"] == ["EHLO", *HONEST * len(contents)]
    assert all(letter.envelope.reverse_path == SENDER for letter in letters)


@pytest.mark.parametrize("before", [row for row in ROWS if len(row) < 4], ids=repr)
def test_a_lenient_host_says_what_it_forgives(before):
    """For contrast: it hears what a strict host would hear if every bare LF were a CRLF, and says how many it took."""
    lenient = replace(OPEN, lenient=True, extensions=("SIZE", "8BITMIME"))
    for after in (b"\n", b"\r\n", b"\n\n", b"\r\n\n", b"\0", b"\r"):
        stream = HELLO + ENVELOPE + b"text" + before + b"." + after + INJECTED + b".\r\n"
        mended, forgiven = re.subn(rb"(?<!\r)\n", b"\r\n", stream)
        letters, commands, moments = play([stream], lenient)
        assert (letters, commands, []) == play([mended])
        assert moments == (
            [f"forgiven by the server: {forgiven} bare LF taken as the end of a line"] if forgiven else []
        )
