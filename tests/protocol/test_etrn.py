"""ETRN (RFC 1985): who may ask for what, what it is answered, when, and what the client makes of it."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmtp_lab.bench import Bench, Host
from esmtp_lab.errors import DataError, LocalProtocolError
from esmtp_lab.lab import Lab, client_dialect, server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.protocol.client import ClientSession
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.node import allowed, means, within
from esmtp_lab.protocol.policy import Policy, find_policy
from esmtp_lab.protocol.server import ServerSession
from esmtp_lab.protocol.session import Position
from esmtp_lab.suggest import Names, suggest
from esmtp_lab.tutor.play import play
from esmtp_lab.wire.command import parse_command
from esmtp_lab.wire.path import Path
from esmtp_lab.wire.span import leaves
from esmtp_lab.wire.transcript import read

PROVIDER = find_policy("provider")
HELLO = b"EHLO me.example\r\n"


def session(policy: Policy = PROVIDER, era: str = "rfc2821", **options) -> ServerSession:
    made = ServerSession(server_dialect(policy, era), policy, **options)
    made.start()
    made.take()
    return made


def codes(octets: bytes, policy: Policy = PROVIDER, before: bytes = HELLO, era: str = "rfc2821") -> list[int]:
    server = session(policy, era)
    server.receive(before)
    server.take()
    server.receive(octets)
    return [int(line[:3]) for line in server.take().splitlines() if line[3:4] != b"-"]


# The example of RFC 1985 -----------------------------------------------------------------------------

SIGURD = Policy(
    domain="sigurd.innosoft.com",
    extensions=("EXPN", "HELP", "ETRN"),
    nodes={"uu.net": 1, "sigurd.innosoft.com": 0, "innosoft.com": 2, "mysoft.com": 14},
    not_now=("uu.net",),
)
BEGIN = """
S: 220 sigurd.innosoft.com ESMTP ready
C: EHLO ymir.claremont.edu
S: 250-sigurd.innosoft.com greets ymir.claremont.edu
S: 250-EXPN
S: 250-HELP
S: 250 ETRN
C: ETRN
S: 500
C: ETRN localname
S: 501
C: ETRN uu.net
S: 458 Unable to queue messages for node uu.net
"""
STARTED = """
C: ETRN sigurd.innosoft.com
S: 250 OK, queuing for node sigurd.innosoft.com started
C: ETRN innosoft.com
S: 250 OK, queuing for node innosoft.com started
"""
PRESENCE = """
C: ETRN sigurd.innosoft.com
S: 251 OK, no messages waiting for node sigurd.innosoft.com
C: ETRN innosoft.com
S: 252 OK, pending messages for node innosoft.com started
"""
COUNT = """
C: ETRN mysoft.com
S: 253 OK, 14 pending messages for node mysoft.com started
"""
END = """
C: ETRN foo.bar
S: 459 Node foo.bar not allowed: no letters are kept for it here
> server=ready
C: QUIT
S: 221
"""


@pytest.mark.parametrize(
    ("tells", "text"), [("nothing", STARTED), ("presence", PRESENCE), ("count", COUNT)], ids=["250", "251-252", "253"]
)
def test_the_example_of_the_standard(tells: str, text: str) -> None:
    """RFC 1985 section 7, to the letter of its answers; the 250 that it has for QUIT is 221 in every standard."""
    lab = Lab(policy=replace(SIGURD, tells_waiting=tells))
    entries = read(line.encode() for line in f"{BEGIN}{text}{END}".split("\n") if line)
    assert [played.mismatch for played in play(lab.bench, entries) if played.mismatch] == []


# What it is answered ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "code"),
    [
        (b" branch.example", 253),
        (b" BRANCH.Example", 253),
        (b" branch.example ", 253),
        (b" shop.example", 251),
        (b" @shop.example", 251),
        # below a host that letters are kept for, with none waiting
        (b" deep.below.branch.example", 251),
        (b" @branch.example", 253),
        (b" @north.branch.example", 253),
        (b" #uucp", 253),
        (b" #UUCP", 253),
        (b" #nosuch", 459),
        (b" full.example", 458),
        (b" Full.Example", 458),
        (b" @full.example", 458),
        (b" stranger.example", 459),
        (b" otherbranch.example", 459),
        (b" @example", 459),
        (b" @com", 459),
        (b" #branch.example", 459),
        (b" uucp", 501),
        (b"", 500),
        (b" ", 501),
        (b" localname", 501),
        (b" @", 501),
        (b" #", 501),
        (b" # uucp", 501),
        (b" @@branch.example", 501),
        (b" #@branch.example", 459),
        (b" branch.example shop.example", 501),
        (b" branch.example,shop.example", 501),
        (b"  branch.example", 501),
        (b" branch.example.", 501),
        (b" .branch.example", 501),
        (b" branch..example", 501),
        (b" -branch.example", 501),
        (b" bad_name.example", 501),
        (b" [127.0.0.1]", 501),
        (b" <branch.example>", 501),
        (b" @" + b"a" * 300, 501),
        (b" a\x00b.example", 500),
        (b" b\xc3\xbccher.example", 500),
        (b" a\nb.example", 500),
        (b" " + b"a." * 400 + b"example", 500),
    ],
)
def test_what_a_node_is_answered(argument: bytes, code: int) -> None:
    assert codes(b"ETRN" + argument + b"\r\nNOOP\r\n") == [code, 250]


@pytest.mark.parametrize(
    ("node", "shown"),
    [
        ("branch.example", "253 2.0.0 OK, 14 pending messages for node branch.example started"),
        ("@branch.example", "253 2.0.0 OK, 16 pending messages for node @branch.example started"),
        ("#uucp", "253 2.0.0 OK, 3 pending messages for node #uucp started"),
        ("shop.example", "251 2.0.0 OK, no messages waiting for node shop.example"),
        ("full.example", "458 4.3.0 Unable to queue messages for node full.example"),
        ("@com", "459 4.7.1 Node @com not allowed: no letters are kept for it here"),
    ],
)
def test_the_words_of_the_answers(node: str, shown: str) -> None:
    server = session()
    server.receive(HELLO + f"ETRN {node}\r\n".encode())
    assert server.take().decode().splitlines()[-1] == shown


def test_a_host_for_everybody_never_refuses() -> None:
    """RFC 1985 section 6, the minimal server."""
    minimal = replace(PROVIDER, nodes={"*": 0}, tells_waiting="nothing", not_now=())
    assert codes(b"ETRN a.b\r\nETRN @com\r\nETRN #x\r\nETRN x\r\n", minimal) == [250, 250, 250, 501]


def test_a_host_that_cannot_just_now_says_458_to_all() -> None:
    busy = replace(PROVIDER, not_now=("ETRN",))
    assert codes(b"ETRN branch.example\r\nETRN stranger.example\r\n", busy) == [458, 458]


# When it may come ------------------------------------------------------------------------------------

MAIL, RCPT = b"MAIL FROM:<me@me.example>\r\n", b"RCPT TO:<ada@lab.example>\r\n"


@pytest.mark.parametrize("era", ["rfc1869", "rfc2821", "rfc5321"])
@pytest.mark.parametrize(
    ("before", "said"),
    [
        (b"", [503, 250]),
        (b"HELO me.example\r\n", [503, 250]),
        (HELLO, [253, 250]),
        (HELLO + MAIL, [503, 250]),
        (HELLO + MAIL + RCPT, [503, 250]),
        (HELLO + MAIL + b"RSET\r\n", [253, 250]),
        (HELLO + MAIL + RCPT + b"DATA\r\n", []),
    ],
)
def test_when_it_may_come(era: str, before: bytes, said: list[int]) -> None:
    assert codes(b"ETRN branch.example\r\nNOOP\r\n", before=before, era=era) == said


def test_a_transaction_goes_on_behind_it() -> None:
    server = session()
    server.receive(HELLO + MAIL + RCPT)
    position, envelope = server.position, server.envelope
    server.receive(b"ETRN branch.example\r\nETRN\r\nETRN x\r\n")
    assert (server.position, server.envelope) == (position, envelope)


def test_between_chunks_it_is_out_of_order() -> None:
    policy = replace(PROVIDER, extensions=("CHUNKING", "ETRN"))
    assert codes(b"BDAT 1\r\naETRN branch.example\r\nBDAT 1 LAST\r\nb", policy, HELLO + MAIL + RCPT)[:2] == [250, 503]


def test_a_host_without_it_does_not_know_the_verb() -> None:
    assert codes(b"ETRN branch.example\r\nETRN\r\n", find_policy("lab")) == [500, 500]
    assert codes(b"ETRN branch.example\r\n", find_policy("lab"), b"", "rfc821") == [500]


# What the server remembers ---------------------------------------------------------------------------


def test_only_a_server_with_a_queue_notes_what_was_started() -> None:
    server = session(waiting=lambda node: 7)
    server.receive(HELLO + b"ETRN branch.example\r\nETRN stranger.example\r\nETRN #uucp\r\nETRN full.example\r\n")
    assert b"253 2.0.0 OK, 7 pending messages" in server.take()
    before = server.save()
    assert server.take_started() == ("branch.example", "#uucp")
    assert server.take_started() == ()
    server.load(before)
    assert server.save() == before
    assert server.started == ("branch.example", "#uucp")
    other = session()
    other.receive(HELLO + b"ETRN branch.example\r\n" * 100)
    assert other.started == ()


# The client ------------------------------------------------------------------------------------------


def asked(policy: Policy, *nodes: str, to: tuple[str, ...] = (), **options) -> tuple[list[int], list[bytes]]:
    """The codes that a client hears to ETRN, and all that it said."""
    bench = Bench(Host(policy, server_dialect(policy, "rfc2821"), MemoryMailboxes(policy.domain)), client_dialect())
    bench.start()
    paths = tuple(Path(name.encode(), b"lab.example") for name in to)
    bench.deliver(Delivery(Path(b"me", b"me.example"), paths, b"hello\r\n", nodes=nodes, **options))
    said = [each.event.octets for each in bench.log if each.speaker == "client" and each.event.kind == "command"]
    assert bench.client.position.closed
    assert [outcome.accepted for outcome in bench.delivery.outcomes] == [name == "ada" for name in to]
    return [reply.code for reply in bench.delivery.started], said


def test_a_client_asks_where_it_would_leave() -> None:
    heard, said = asked(PROVIDER, "branch.example", "@com", "shop.example")
    assert heard == [253, 459, 251]
    assert said[1:] == [b"ETRN branch.example\r\n", b"ETRN @com\r\n", b"ETRN shop.example\r\n", b"QUIT\r\n"]


def test_a_client_asks_behind_its_letter() -> None:
    heard, said = asked(PROVIDER, "branch.example", to=("ada",))
    assert heard == [253]
    assert said[-3:] == [b"DATA\r\n", b"ETRN branch.example\r\n", b"QUIT\r\n"]


def test_where_all_recipients_are_refused_the_transaction_is_open_and_nothing_is_asked() -> None:
    assert asked(PROVIDER, "branch.example", to=("nobody",))[0] == []


def test_what_is_not_offered_is_not_asked_for() -> None:
    heard, said = asked(find_policy("lab"), "branch.example", to=("ada",))
    assert heard == []
    assert not [line for line in said if line.startswith(b"ETRN")]
    assert asked(find_policy("ehlo-500"), "branch.example")[0] == []


def test_after_a_5yz_no_other_name_is_asked_for() -> None:
    """RFC 1985 section 5.2."""
    broken = replace(PROVIDER, answers={"ETRN": "command-not-implemented"})
    assert asked(broken, "branch.example", "shop.example")[0] == [502]


def test_a_client_says_no_name_that_would_break_its_line() -> None:
    client = ClientSession(client_dialect())
    assert client.line("ETRN", node_name=b"@branch.example") == b"ETRN @branch.example\r\n"
    for node in (b"branch", b"", b"a b", b"a.b\r\nQUIT", b"#", b"@"):
        with pytest.raises(LocalProtocolError):
            client.line("ETRN", node_name=node)


# Names -----------------------------------------------------------------------------------------------


def test_what_names_mean() -> None:
    """RFC 1985 section 5.3 has the first three."""
    for name in ("fred.foo.com", "a.b.c.d.e.f.g.foo.com", "foo.com", "FOO.com"):
        assert means("@foo.com", name)
        assert within(name, "foo.com")
    assert not means("@foo.com", "barfoo.com")
    assert not means("foo.com", "fred.foo.com")
    assert means("#uucp", "#UUCP")
    assert not means("#uucp", "uucp")
    assert allowed("@a.foo.com", ["foo.com"])
    assert not allowed("@com", ["foo.com"])
    assert allowed("#x", ["*"])


@given(st.binary(max_size=40).filter(lambda octets: b"\n" not in octets and b"\r" not in octets))
def test_any_argument_is_answered_and_moves_nothing(argument: bytes) -> None:
    server = session()
    server.receive(HELLO)
    server.take()
    before = server.position
    server.receive(b"ETRN " + argument + b"\r\n")
    assert re.fullmatch(rb"(250|251|253|458|459|500|501) [^\r\n]*\r\n", server.take())
    assert server.position == before


@given(st.from_regex(r"[@#]?[a-z0-9.@#-]{1,20}", fullmatch=True))
def test_what_is_read_is_what_is_said(text: str) -> None:
    command = parse_command(b"ETRN " + text.encode() + b"\r\n", {"ETRN": "SP node-name"}.get)
    if command.problem is None:
        assert command.text("node-name") == text
        assert ClientSession(client_dialect()).line("ETRN", node_name=text.encode()) == f"ETRN {text}\r\n".encode()


# Round about -----------------------------------------------------------------------------------------


def test_it_is_suggested_where_it_may_come() -> None:
    dialect = server_dialect(PROVIDER, "rfc2821")
    ready = Position("ready", frozenset({"extended"}))
    (found,) = suggest("ET", ready, dialect, ("ETRN",), Names())
    assert (found.text, found.reason) == ("ETRN ", "")
    (found,) = suggest("ET", Position("mail", frozenset({"extended"})), dialect, ("ETRN",), Names())
    assert "503" in found.reason
    (found,) = suggest("ETRN ", ready, dialect, ("ETRN",), Names())
    assert found.text == "me.example"


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ('tells_waiting = "all"', "tells_waiting is one of count, presence, nothing"),
        ('nodes = { "a.b" = -1 }', "nodes has a number for 'a.b', not -1"),
        ('nodes = { "a.b" = "many" }', "nodes has a number for 'a.b', not 'many'"),
    ],
)
def test_a_policy_that_cannot_be(tmp_path, lines: str, why: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f"version = 1\n{lines}\n")
    with pytest.raises(DataError, match=re.escape(why)):
        find_policy(str(file))


@pytest.mark.parametrize(("line", "at"), [(b"ETRN #\r\n", 6), (b"ETRN shop\r\n", 5)])
def test_what_is_no_node_name_is_called_so(line: bytes, at: int) -> None:
    problem = parse_command(line, client_dialect().syntax, client_dialect().era.grammar).problem
    assert (problem.slug, problem.at) == ("node-name", at)


def test_the_name_of_a_queue_is_a_word() -> None:
    command = parse_command(b"ETRN #uucp\r\n", client_dialect().syntax, client_dialect().era.grammar)
    assert ("string", 6, 10) in {(span.part, span.start, span.end) for span in leaves(command.spans)}
