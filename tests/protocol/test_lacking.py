"""What one side lacks: an extension that the other has, or a verb that an extension speaks of."""

from base64 import b64decode
from dataclasses import replace

import pytest

from esmtp_lab.bench import Bench, Host
from esmtp_lab.extensions.chunking import CHUNKING
from esmtp_lab.extensions.size import SIZE
from esmtp_lab.lab import client_dialect, server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.extension import Credentials, Extension
from esmtp_lab.protocol.policy import find_policy, with_users
from esmtp_lab.protocol.reader import Reader
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.protocol.server import ServerSession
from esmtp_lab.protocol.transaction import Envelope
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.path import Path


def test_a_client_that_cannot_prove_who_it_is_says_so_and_leaves() -> None:
    policy = find_policy("members")
    host = Host(policy, server_dialect(policy, "rfc2821"), MemoryMailboxes(policy.domain))
    bench = Bench(host, Dialect(ERAS["rfc2821"], (SIZE,)))
    bench.start()
    path = Path(b"ada", b"lab.example")
    bench.deliver(Delivery(path, (path,), b"hi\r\n", login=Credentials("zoe", "secret", in_clear=True)))
    assert bench.delivery is not None
    assert [each.remark for each in bench.delivery.outcomes] == ["this client cannot prove who it is"]
    said = [crossing.event.octets[:4] for crossing in bench.log if crossing.event.speaker == "client"]
    assert said == [b"EHLO", b"QUIT"]


def test_codes_for_a_verb_that_nobody_speaks_belong_to_nothing() -> None:
    strange = Extension("Strange", "XSTRANGE", "nowhere", "strange", codes={"XNONE": (530,), "NOOP": (530,)})
    forms = Dialect(ERAS["rfc2821"], (strange,)).forms
    assert "XNONE" not in forms
    assert forms["NOOP"].failure[-1] == 530
    assert 530 not in Dialect(ERAS["rfc2821"]).forms["NOOP"].failure


def test_a_channel_can_be_protected_before_anybody_has_said_a_word() -> None:
    """As on the port for TLS from the start; the greeting is still to come, and the offers are not forgotten for it."""
    reader = Reader(client_dialect())
    moment = reader.protect("tls")
    assert (moment.after.state, moment.after.facts) == ("connect", frozenset({"tls"}))
    (greeting,) = reader.hear("server", b"220 lab.example ESMTP\r\n")
    assert greeting.to == "GREETING"
    assert reader.position.state == "initial"


@pytest.mark.parametrize("last", ["", " LAST"])
def test_a_chunk_may_be_refused_for_what_its_command_asks(last: str) -> None:
    """By an extension of somebody else's, which checks a verb that is not its own."""
    checks = {"BDAT": lambda context, command: Answer("too-large", {"limit": "1"})}
    strange = Extension("Strange", "XSTRANGE", "nowhere", "strange", checks=checks)
    session = ServerSession(Dialect(ERAS["rfc2821"], (CHUNKING, strange)), find_policy("open"))
    session.start()
    session.receive(b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<ada@open.example>\r\n")
    session.take()
    session.receive(f"BDAT 3{last}\r\nabcNOOP\r\n".encode())
    assert [line[:3] for line in session.take().splitlines()] == [b"552", b"250"]
    assert session.letter is None


@pytest.mark.parametrize("said", [b"", b"ab", b"abc"])
def test_a_host_that_closes_in_the_midst_of_chunks_keeps_nothing(said: bytes) -> None:
    policy = find_policy("open")
    session = ServerSession(server_dialect(policy, "rfc2821"), policy)
    session.start()
    session.receive(b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<ada@open.example>\r\nBDAT 3\r\n" + said)
    session.close("shutting-down")
    assert session.position.closed
    assert session.letter is None
    assert session.draft is None


def test_an_answer_that_comes_late_forgets_the_chunks_of_its_letter_and_not_the_one_on_its_way() -> None:
    """A person answers for the server; the client has pipelined RSET, and the next letter behind it."""
    policy = find_policy("open")
    session = ServerSession(server_dialect(policy, "rfc2821"), policy, by_hand=True)
    said = [b"220 open.example\r\n", b"250-open.example\r\n250 CHUNKING\r\n", b"250 OK\r\n", b"250 OK\r\n"]
    heard = [b"", b"EHLO a\r\n", b"MAIL FROM:<a@b>\r\n", b"RCPT TO:<ada@open.example>\r\n"]
    for octets, reply in zip(heard, said, strict=True):
        session.receive(octets)
        session.say(reply)
    session.receive(b"BDAT 3\r\nabcRSET\r\nMAIL FROM:<a@b>\r\nRCPT TO:<ada@open.example>\r\nBDAT 5 LAST\r\nde")
    for _ in range(4):
        session.say(b"250 OK\r\n")
    assert session.left == 3
    session.receive(b"fgh")
    session.say(b"250 OK\r\n")
    letter = session.hand_over()
    assert letter is not None
    assert letter.content.endswith(b"defgh")


def test_a_chunk_that_nobody_wants_is_given_up_when_the_server_closes() -> None:
    """421 to a BDAT outside any transaction, of which some octets have come."""
    policy = find_policy("open")
    session = ServerSession(server_dialect(policy, "rfc2821"), policy)
    session.start()
    session.receive(b"EHLO a\r\nBDAT 10\r\nabc")
    assert session.framing == "chunk"
    session.close("shutting-down")
    assert session.framing == "command"


def test_one_octet_is_a_chunk() -> None:
    policy = find_policy("open")
    host = Host(policy, server_dialect(policy, "rfc2821"), MemoryMailboxes(policy.domain))
    bench = Bench(host, client_dialect())
    bench.start()
    path = Path(b"ada", b"open.example")
    bench.deliver(Delivery(path, (path,), b"hi\r\n", chunk=1))
    said = [crossing.event.octets for crossing in bench.log if crossing.event.kind == "command"]
    assert said[-5:] == [b"BDAT 1\r\n"] * 3 + [b"BDAT 1 LAST\r\n", b"QUIT\r\n"]
    assert [each.content for each in host.mailboxes.letters["ada"]] == [b"hi\r\n"]


def test_a_bdat_that_was_not_offered_is_named_where_it_is_refused() -> None:
    policy = find_policy("open")
    session = ServerSession(server_dialect(policy, "rfc2821"), policy)
    session.start()
    session.receive(b"HELO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<ada@open.example>\r\nBDAT 3\r\n")
    assert session.take().splitlines()[-1] == b"503 5.5.1 Bad sequence of commands: BDAT cannot come now"


def test_a_bdat_behind_an_ehlo_that_listed_nothing_is_named_too() -> None:
    policy = replace(find_policy("open"), answers={"EHLO": "helo"})
    session = ServerSession(server_dialect(policy, "rfc2821"), policy)
    session.start()
    session.receive(b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<ada@open.example>\r\nBDAT 3\r\n")
    assert session.take().splitlines()[-1] == b"503 5.5.1 Bad sequence of commands: BDAT cannot come now"


def test_a_chunk_that_cannot_come_is_named_where_it_is_thrown_away() -> None:
    policy = find_policy("open")
    session = ServerSession(server_dialect(policy, "rfc2821"), policy)
    session.start()
    session.receive(b"EHLO a\r\nBDAT 3\r\nabc")
    assert b"BDAT cannot come now, and its octets were thrown away" in session.take()


def test_a_body_is_binary_by_its_own_parameter_alone() -> None:
    other = Envelope(parameters=(Parameter("XTRACE", b"BINARYMIME"),))
    assert not other.binary
    assert Envelope(parameters=(Parameter("BODY", b"binarymime"),)).binary


def test_chunks_have_no_stuffed_dots() -> None:
    policy = find_policy("open")
    session = ServerSession(server_dialect(policy, "rfc2821"), policy, by_hand=True)
    session.start()
    for reply in (b"220 a\r\n", b"250-a\r\n250 CHUNKING\r\n", b"250 ok\r\n", b"250 ok\r\n"):
        session.say(reply)
        session.receive({b"220 a\r\n": b"EHLO a\r\n"}.get(reply, b""))
        if reply.startswith(b"250-"):
            session.receive(b"MAIL FROM:<a@b>\r\n")
        elif reply == b"250 ok\r\n" and not session.envelope.forward_paths:
            session.receive(b"RCPT TO:<c@d>\r\n")
    session.receive(b"BDAT 4\r\n.\r\n.")
    assert session.waiting[-1].content.length == 4
    assert session.waiting[-1].content.dots == 0


def test_a_bdat_that_this_ehlo_did_not_offer_is_named_as_well() -> None:
    """The host answers EHLO in one line, whatever it could do."""
    policy = replace(find_policy("open"), answers={"EHLO": "helo"})
    session = ServerSession(server_dialect(policy, "rfc2821"), policy)
    session.start()
    session.receive(b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<ada@open.example>\r\nBDAT 3\r\nNOOP\r\n")
    assert [line[:3] for line in session.take().splitlines()] == [b"220", b"250", b"250", b"250", b"503", b"250"]
    session.receive(b"BDAT 3\r\n")
    assert session.take() == b"503 5.5.1 Bad sequence of commands: BDAT cannot come now\r\n"


def test_a_delivery_begins_no_tls_unless_it_is_told_to() -> None:
    policy = find_policy("secure")
    host = Host(policy, server_dialect(policy, "rfc2821"), MemoryMailboxes(policy.domain))
    bench = Bench(host, client_dialect())
    bench.start()
    path = Path(b"ada", b"lab.example")
    bench.deliver(Delivery(path, (path,), b"hi\r\n"))
    assert [each.protocol for each in host.mailboxes.letters["ada"]] == ["ESMTP"]


def test_a_challenge_holds_the_text_that_nobody_can_guess() -> None:
    policy = with_users(find_policy("open"), {"zoe": "secret"})
    session = ServerSession(server_dialect(policy, "rfc2821"), policy, nonces=lambda: "unguessable")
    session.start()
    session.receive(b"EHLO a\r\nAUTH CRAM-MD5\r\n")
    assert b"unguessable" in b64decode(session.take().splitlines()[-1][4:])


def test_a_password_does_not_go_in_clear_unless_that_is_said() -> None:
    policy = with_users(find_policy("open"), {"zoe": "secret"})
    path = Path(b"ada", b"open.example")
    for said, expected in (({}, False), ({"in_clear": True}, True)):
        one = replace(policy, mechanisms=("PLAIN",))
        bench = Bench(Host(one, server_dialect(one, "rfc2821"), MemoryMailboxes(one.domain)), client_dialect())
        bench.start()
        bench.deliver(Delivery(path, (path,), b"hi\r\n", login=Credentials("zoe", "secret", **said)))
        assert any(crossing.event.to == "AUTH" for crossing in bench.log) == expected
