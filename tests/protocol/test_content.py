"""What is known of content: the same however its octets are cut, and bounded however long it is."""

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmtp_lab.lab import Lab, server_dialect
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.policy import find_policy
from esmtp_lab.protocol.server import ServerSession
from esmtp_lab.protocol.transaction import MOST_DEVIATIONS, Content, Kept, Letter
from esmtp_lab.wire.framing import deviations
from esmtp_lab.wire.path import Path
from esmtp_lab.wire.transparency import travelling

OPEN = b"EHLO me.example\r\nMAIL FROM:<me@me.example>\r\nRCPT TO:<ada@open.example>\r\nDATA\r\n"
CONTENT = st.lists(
    st.sampled_from([b".", b"..", b"\r\n", b"\r", b"\n", b"a", b"\0", b"\0\0", b"\xff", b"\xff\xfe", b"text"]),
    max_size=30,
).map(b"".join)


def _session(most: int | None = None) -> ServerSession:
    policy = find_policy("open")
    session = ServerSession(server_dialect(policy, "rfc2821"), policy, most_content=most)
    session.start()
    session.receive(OPEN)
    return session


def _content(events: list[Event]) -> Content:
    [content] = [event.content for event in events if event.content is not None]
    return content


@given(CONTENT, st.lists(st.integers(0, 90), max_size=8), st.none() | st.integers(0, 20))
def test_content_is_known_alike_however_it_is_cut(octets: bytes, cuts: list[int], most: int | None) -> None:
    whole, cut, wire = _session(most), _session(most), travelling(octets)
    edges = [0, *sorted(cuts), len(wire)]
    expected = whole.receive(wire)
    found = [event for start, end in pairwise(edges) for event in cut.receive(wire[start:end])]
    assert found == expected
    assert cut.letter == whole.letter
    letter, content = whole.letter, _content(found)
    assert letter is not None
    assert letter.content == (octets if not octets or octets.endswith(b"\r\n") else octets + b"\r\n")
    assert content.digest == hashlib.sha256(letter.content).hexdigest() == _content(expected).digest
    assert (content.length, content.eight_bit) == (len(letter.content), not letter.content.isascii())
    assert content.deviations == deviations(letter.content)
    assert content.wire == wire[:-3][: len(wire) if most is None else most]
    assert content.length + content.dots == len(wire) - 3


def test_deviations_are_bounded() -> None:
    session = _session()
    events = [event for _ in range(MOST_DEVIATIONS) for event in session.receive(b"a\nb\r")]
    content = _content(events + session.receive(b"\r\n.\r\n"))
    assert len(content.deviations) == MOST_DEVIATIONS
    assert content.deviations == deviations(b"a\nb\r" * MOST_DEVIATIONS)[:MOST_DEVIATIONS]


def test_who_is_not_watched_makes_no_events_and_stores_the_same() -> None:
    policy = find_policy("open")
    session = ServerSession(server_dialect(policy, "rfc2821"), policy, watched=False)
    assert session.start() == []
    assert session.receive(OPEN + b"..dot\r\n\xff\r\n.\r\n") == []
    assert session.letter is not None
    assert (session.letter.content, session.letter.octets) == (b".dot\r\n\xff\r\n", 9)
    assert session.take().endswith(b"354 Start mail input; end with <CRLF>.<CRLF>\r\n")


def test_a_moment_in_the_midst_of_content_can_be_come_back_to() -> None:
    session = _session()
    session.receive(b"one\r\n")
    moment = session.save()
    session.receive(b"two\r\n.\r\n")
    session.load(moment)
    assert session.save() == moment
    session.receive(b"three\r\n.\r\n")
    assert session.letter is not None
    assert session.letter.content == b"one\r\nthree\r\n"


class Noted(Kept):
    """A draft in memory that says when it is thrown away."""

    def __init__(self, log: list[str]) -> None:
        super().__init__()
        object.__setattr__(self, "log", log)

    def write(self, block: bytes) -> "Noted":
        """Note how much has come."""
        self.log.append(f"write {len(block)}")
        return self

    def abort(self) -> None:
        """Note that it ends here."""
        self.log.append("abort")


def test_a_draft_is_begun_once_and_thrown_away_where_the_letter_is_refused() -> None:
    policy, log = find_policy("open"), []

    def begin(letter: Letter) -> Noted:
        log.append(f"begin {' '.join(letter.mailboxes)}")
        return Noted(log)

    session = ServerSession(server_dialect(policy, "rfc2821"), policy, drafts=begin)
    session.start()
    session.receive(OPEN.replace(b"me.example>", b"me.example> BODY=7BIT"))
    for block in (b"seven\r\n", b"eight \xff\r\n", b".\r\n"):
        session.receive(block)
    assert log == ["begin ada", "write 5", "write 9", "write 2", "abort"]
    session.receive(OPEN.partition(b"\r\n")[2] + b"half")
    session.abandon()
    session.abandon()
    assert log[5:] == ["begin ada", "write 4", "abort"]


@pytest.mark.parametrize("content", [b"one\ntwo\r\n", b"one\rtwo\r\n", b"one\r\n.\n\r\n", b"one\r"])
def test_a_client_sends_no_content_with_half_a_line_end(content: bytes) -> None:
    """RFC 2821 section 2.3.7, whatever it was asked to deliver; nothing of the transaction is begun."""
    lab = Lab(policy="open")
    lab.deliver(Delivery(Path(b"me", b"me.example"), (Path(b"ada", b"open.example"),), content))
    said = [crossing.event.octets for crossing in lab.bench.log if crossing.event.speaker == "client"]
    assert [octets[:4] for octets in said] == [b"EHLO", b"QUIT"]
    assert lab.bench.delivery is not None
    (outcome,) = lab.bench.delivery.outcomes
    assert not outcome.accepted and not outcome.temporary

    assert "by itself" in outcome.remark
