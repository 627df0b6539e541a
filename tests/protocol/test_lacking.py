"""What one side lacks: an extension that the other has, or a verb that an extension speaks of."""

import pytest

from esmtp_lab.bench import Bench, Host
from esmtp_lab.extensions.chunking import CHUNKING
from esmtp_lab.extensions.size import SIZE
from esmtp_lab.lab import client_dialect, server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.protocol.client import Delivery
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.extension import Credentials, Extension
from esmtp_lab.protocol.policy import find_policy
from esmtp_lab.protocol.reader import Reader
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.protocol.server import ServerSession
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
