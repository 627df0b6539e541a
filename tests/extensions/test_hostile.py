"""What is meant to do harm: each gets the right code, and leaves the state as it was (Hypothesis picks the octets).

Where a kind of attack has tests of its own they are named in front of ours.
"""

import string
from base64 import b64encode
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmtp_lab.extensions.auth import MECHANISMS
from esmtp_lab.lab import Lab, client_dialect, server_dialect
from esmtp_lab.protocol.client import ClientSession
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.extension import Credentials
from esmtp_lab.protocol.policy import Policy, find_policy
from esmtp_lab.protocol.server import ServerSession
from esmtp_lab.protocol.transaction import EMPTY
from esmtp_lab.wire.path import Path

ME, ADA = Path(b"me", b"me.example"), Path(b"ada", b"lab.example")
SECURE = find_policy("secure")
ALL = replace(
    find_policy("lab"),
    extensions=(
        *("SIZE", "8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES", "AUTH", "CHUNKING", "BINARYMIME"),
        *("MT-PRIORITY", "DSN", "DELIVERBY"),
    ),
    passwords={"zoe": "secret"},
    clear_text=True,
)
"""A host with whatever has a parameter of MAIL or RCPT and goes without TLS."""

OCTETS = st.binary(max_size=200)
COMMANDS = st.sampled_from(
    [b"MAIL FROM:<eve@evil.example>", b"RCPT TO:<ada@lab.example>", b"DATA", b".", b"RSET", b"QUIT", b"BDAT 1 LAST"]
)
EVIL = st.lists(COMMANDS | OCTETS, min_size=1, max_size=8).map(lambda lines: b"".join(line + b"\r\n" for line in lines))
"""Octets that look like commands, and others between them."""


def session(policy: Policy = ALL, *said: bytes) -> ServerSession:
    """A session in which these lines were said behind EHLO."""
    made = ServerSession(server_dialect(policy, "rfc5321"), policy)
    made.start()
    made.receive(b"EHLO me.example\r\n" + b"".join(line + b"\r\n" for line in said))
    made.take()
    return made


def codes(server: ServerSession, octets: bytes) -> list[int]:
    """The codes of the answers to octets."""
    server.receive(octets)
    return [int(line[:3]) for line in server.take().splitlines() if line[3:4] == b" "]


def state(server: ServerSession) -> tuple[Any, ...]:
    """What no refusal may change."""
    return server.position, server.envelope, server.offered


def pieces(octets: bytes, cuts: list[int]) -> list[bytes]:
    """Octets, cut up at these places."""
    places = sorted({0, len(octets), *(cut % (len(octets) + 1) for cut in cuts)})
    return [octets[begin:end] for begin, end in pairwise(places)]


CUTS = st.lists(st.integers(0, 10_000), max_size=6)

# STARTTLS: injection (tests/protocol/test_starttls.py, tests/net/test_tls.py) ---------------------------


@given(EVIL, CUTS)
def test_nothing_behind_starttls_is_heard_by_the_server(evil: bytes, cuts: list[int]) -> None:
    server = session(SECURE)
    octets = b"STARTTLS\r\n" + evil
    for piece in pieces(octets, cuts):
        server.receive(piece)
    assert server.take() == b"220 2.0.0 Ready to start TLS\r\n"
    server.protect("x")
    assert (server.pending, server.envelope, server.offered) == (b"", EMPTY, {})
    assert codes(server, b"MAIL FROM:<a@b>\r\n") == [503]
    assert codes(server, b"EHLO me.example\r\nMAIL FROM:<a@b>\r\n") == [250, 250]


@given(OCTETS, CUTS)
def test_nothing_behind_220_is_heard_by_the_client(evil: bytes, cuts: list[int]) -> None:
    client = ClientSession(client_dialect())
    client.receive(b"220 a\r\n")
    client.send(b"EHLO me\r\n")
    client.receive(b"250-a\r\n250 STARTTLS\r\n")
    client.send(b"STARTTLS\r\n")
    for piece in pieces(b"220 go\r\n" + b"250-a\r\n250 XEVIL\r\n" + evil, cuts):
        client.receive(piece)
    client.protect("x")
    assert (client.offered, client.waiting) == ({}, ())
    client.send(b"EHLO me\r\n")
    client.receive(b"250-a\r\n250 SIZE 10\r\n")
    assert client.offered == {"SIZE": ("10",)}


# AUTH: downgrade, and garbage for base64 (tests/extensions/test_auth.py) --------------------------------

NEVER_IN_CLEAR = ["PLAIN", "LOGIN"]
INVENTED = ["XPLAIN", "SCRAM-SHA-256-PLUS", "DIGEST-MD5", "plain-x", "="]


def talk(login: Credentials, *turns: bytes) -> bytes:
    """All that our client says to a server that says these."""
    client, said = ClientSession(client_dialect()), b""
    letter = Delivery(ME, (ADA,), b"x\r\n", login=login)
    for turn in turns:
        client.receive(turn)
        octets, letter = letter.next(client)
        client.send(octets)
        said += octets
    return said


@given(st.lists(st.sampled_from(NEVER_IN_CLEAR + INVENTED), max_size=5), st.integers(200, 599))
def test_a_list_that_somebody_shortened_gets_no_password(offered: list[str], code: int) -> None:
    """RFC 4954 section 9: a mechanism that was taken off the list is no reason to use a weaker one in clear."""
    line = b"250 AUTH " + " ".join(offered).encode()
    said = talk(Credentials("zoe", "secret"), b"220 a\r\n", b"250-a\r\n" + line + b"\r\n", b"%d x\r\n" % code)
    assert b64encode(b"secret") not in said and b"secret" not in said
    assert b"AUTH" not in said and b"MAIL" not in said


@given(st.binary(max_size=60).filter(lambda octets: b"\r" not in octets and b"\n" not in octets))
def test_a_challenge_of_garbage_gets_no_password(challenge: bytes) -> None:
    """And it is answered by `*` or by what only who knows the password can make use of (RFC 4954 section 4)."""
    offer = b"250-a\r\n250 AUTH SCRAM-SHA-256 CRAM-MD5\r\n"
    said = talk(Credentials("zoe", "secret"), b"220 a\r\n", offer, b"334 " + challenge + b"\r\n")
    assert b"AUTH PLAIN" not in said and b"secret" not in said and b64encode(b"secret") not in said
    assert b"MAIL" not in said


NOT_BASE64 = st.text("!#$%&'()*,-.:;<>?@[]^_`{|}~", min_size=2, max_size=60)


@given(st.sampled_from(list(MECHANISMS)), NOT_BASE64)
def test_garbage_for_base64_is_501_and_the_session_as_it_was(name: str, garbage: str) -> None:
    """RFC 4954 section 4; in the middle of an exchange as well."""
    server = session()
    before = state(server)
    assert codes(server, f"AUTH {name}\r\n".encode()) == [334]
    assert codes(server, garbage.encode() + b"\r\n") == [501]
    assert state(server) == before
    assert codes(server, b"MAIL FROM:<a@b>\r\n") == [250]


# BDAT: counts that lie, and refused chunks that look like commands (tests/protocol/test_chunking.py) -----

BEGUN = (b"MAIL FROM:<me@me.example>", b"RCPT TO:<ada@lab.example>")


@given(EVIL, CUTS, st.sampled_from([b"", b" LAST"]), st.sampled_from(["no MAIL", "no RCPT", "too large"]))
def test_a_refused_chunk_is_discarded_to_its_last_octet(evil: bytes, cuts: list[int], last: bytes, why: str) -> None:
    """RFC 3030 section 2: whatever stands in it, one reply, no letter, and what follows is the next command."""
    policy = replace(ALL, max_size=1) if why == "too large" else ALL
    server = session(policy, *{"no MAIL": (), "no RCPT": BEGUN[:1], "too large": BEGUN}[why])
    before = state(server)
    for piece in pieces(b"BDAT %d%b\r\n%b" % (len(evil), last, evil), cuts):
        server.receive(piece)
    assert codes(server, b"") == [552 if why == "too large" else 503]
    assert why != "no MAIL" or state(server) == before
    assert (server.left, server.draft) == (0, None)
    # a transaction that has lost a chunk only RSET ends
    assert server.position.state == ("ready" if why == "no MAIL" else "failed")
    assert codes(server, b"NOOP\r\nRSET\r\n") == [250, 250]
    assert (server.position.state, server.envelope) == ("ready", EMPTY)


@given(st.binary(min_size=1, max_size=60), st.integers(0, 59))
def test_a_count_that_is_too_small_stores_what_was_counted(content: bytes, short: int) -> None:
    """What is left is read as a command line, and can only be refused or be a command: never content."""
    lab = Lab("rfc5321", policy=replace(ALL, extensions=("CHUNKING", "BINARYMIME")))
    for line in ("EHLO a", "MAIL FROM:<a@b> BODY=BINARYMIME", "RCPT TO:<ada@lab.example>"):
        lab.send(line)
    counted = max(0, len(content) - 1 - short % len(content))
    lab.raw(b"BDAT %d LAST\r\n%b\r\n" % (counted, content))
    (letter,) = lab.mailboxes.letters["ada"]
    assert letter.content == content[:counted]


@given(st.integers(1, 100), st.lists(COMMANDS, min_size=1, max_size=5))
def test_a_count_that_is_too_large_swallows_commands_and_answers_none(more: int, lines: list[bytes]) -> None:
    commands = b"".join(line + b"\r\n" for line in lines)
    server = session(ALL, *BEGUN)
    assert codes(server, b"BDAT %d LAST\r\n%b" % (len(commands) + more, commands)) == []
    assert server.left == more
    assert server.envelope.forward_paths == (ADA,)


@given(st.text(string.printable.replace("\r", "").replace("\n", ""), max_size=30))
def test_a_count_that_is_none_begins_no_chunk(count: str) -> None:
    server = session(ALL, *BEGUN)
    (code,) = codes(server, f"BDAT x{count}\r\n".encode())
    assert code in (500, 501)
    assert (server.left, server.framing, server.position.state) == (0, "command", "failed")
    assert codes(server, b"BDAT 1 LAST\r\nxRSET\r\n") == [503, 250]


# Parameters: garbage for xtext, floods, edges of lines (tests/protocol/test_dsn.py, test_priority.py) ----

NO_XTEXT = ["+", "+4", "+4g", "+zz", "+2b", "a=b", "+0a", "x+", "+ 41", "\x7f", "+00", "+0D+0A"]
XTEXTS = [("MAIL", "ENVID="), ("RCPT", "ORCPT=rfc822;")]


@given(st.sampled_from(XTEXTS), st.text(string.ascii_letters, max_size=20), st.sampled_from(NO_XTEXT))
def test_garbage_for_xtext_is_a_syntax_error(where: tuple[str, str], begin: str, wrong: str) -> None:
    """RFC 3461 section 4: two upper-case hexadecimal digits behind each +, and only what can be printed."""
    verb, parameter = where
    server = session(ALL, *(BEGUN[:1] if verb == "RCPT" else ()))
    before = state(server)
    line = BEGUN[verb == "RCPT"].decode() + f" {parameter}{begin}{wrong}\r\n"
    (code,) = codes(server, line.encode())
    assert code in (500, 501, 555), line
    assert state(server) == before


WORDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9-]{0,12}(=[!-<>-~]{1,12})?", fullmatch=True)


@given(st.sampled_from(["MAIL", "RCPT"]), st.lists(WORDS, min_size=1, max_size=40))
def test_a_flood_of_parameters_is_taken_or_refused_as_a_whole(verb: str, words: list[str]) -> None:
    """RFC 5321 section 4.1.1.11: 555 for one that is not known, 501 for one that is not well formed or stands twice."""
    server = session(ALL, *(BEGUN[:1] if verb == "RCPT" else ()))
    before = state(server)
    line = BEGUN[verb == "RCPT"] + b" " + " ".join(words).encode() + b"\r\n"
    (code,) = codes(server, line)
    if len(line) > server.dialect.line_limit(verb):
        assert code == 500
    assert code in {250, 500, 501, 504, 530, 550, 552, 555}, line
    if code != 250:
        assert state(server) == before
    else:
        known = {form.keyword for each in server.dialect.extensions for form in each.parameters(verb)}
        assert {word.partition("=")[0].upper() for word in words} <= known


@given(st.sampled_from(["SIZE=1", "BODY=7BIT", "SMTPUTF8", "MT-PRIORITY=0", "RET=FULL", "ENVID=x", "BY=120;R"]))
def test_a_flood_of_one_parameter_is_a_syntax_error(parameter: str) -> None:
    server = session()
    before = state(server)
    limit = server.dialect.line_limit("MAIL")
    flood = BEGUN[0]
    while len(flood) + len(parameter) + 3 <= limit:
        flood += b" " + parameter.encode()
    assert codes(server, flood + b"\r\n") == [501]
    assert state(server) == before


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "NOOP"])
@given(over=st.integers(-3, 3), cuts=CUTS)
def test_a_line_may_grow_by_all_that_was_offered_and_no_octet_further(verb: str, over: int, cuts: list[int]) -> None:
    """RFC 1869 section 4.1.2 adds up what each extension needs; only a line beyond the sum is 500."""
    server = session(ALL, *(BEGUN[:1] if verb == "RCPT" else ()))
    grown = sum(each.line_growth.get(verb, 0) for each in server.dialect.extensions)
    assert server.dialect.line_limit(verb) == 512 + grown
    before = state(server)
    begin = {"MAIL": BEGUN[0] + b" XFILL=", "RCPT": BEGUN[1] + b" XFILL=", "NOOP": b"NOOP "}[verb]
    line = begin.ljust(512 + grown + over - 2, b"x") + b"\r\n"
    assert len(line) == 512 + grown + over
    for piece in pieces(line, cuts):
        server.receive(piece)
    expected = 500 if over > 0 else 250 if verb == "NOOP" else 555
    assert codes(server, b"") == [expected]
    assert state(server) == before
    assert codes(server, b"NOOP\r\n") == [250]


def test_what_grows_in_clear_does_not_grow_where_nothing_was_offered() -> None:
    """Behind HELO no parameter may come, so it is out of place and no longer a question of octets."""
    server = session()
    server.receive(b"HELO me.example\r\n")
    server.take()
    assert codes(server, BEGUN[0] + b" SIZE=1\r\n") == [555]
    assert (server.position.state, server.envelope) == ("ready", EMPTY)
