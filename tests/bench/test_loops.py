"""Loop detection (RFC 2821 section 6.2): a letter that two hosts send to each other without end is stopped."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmtp_lab.bench import Host, Hosts
from esmtp_lab.errors import DataError
from esmtp_lab.lab import Lab, client_dialect, server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.policy import Policy, find_policy
from esmtp_lab.wire.content import Stamps
from esmtp_lab.wire.path import Path

ANN = Path(b"ann", b"a.example")
STAMP = b"Received: from a by b; Tue, 24 Nov 2026 12:00:00 +0000\r\n"


def _hosts() -> Hosts:
    """Two hosts, each of which believes that dora has gone to the other."""
    one = Policy("a", domain="a.example", mailboxes={"ann": "Ann"}, forwards={"dora": "dora@b.example"})
    other = Policy("b", domain="b.example", forwards={"dora": "dora@a.example"}, relays_for=("a.example",))
    return Hosts(
        [Host(each, server_dialect(each, "rfc2821"), MemoryMailboxes(each.domain)) for each in (one, other)],
        client_dialect(),
    )


def test_a_letter_that_goes_round_is_stopped_and_its_sender_is_told():
    there = _hosts()
    there.submit("a.example", Delivery(ANN, (Path(b"dora", b"b.example"),), b"Subject: round\r\n\r\nand round\r\n"))
    there.run()
    crossed = [run for run in there.runs if run.bench.delivery and run.bench.delivery.reverse_path == ANN]
    assert len(crossed) == 101, "a hundred times accepted, and then no more"
    last = crossed[-1].bench.delivery
    assert last is not None
    assert [outcome.reply.code for outcome in last.outcomes if outcome.reply] == [554]
    assert list(there.hosts["a.example"].mailboxes.letters) == ["ann"]
    assert not any(there.queues.values())


def _answer(stamps: int, body: bytes = b"", policy: str | Policy = "lab") -> int:
    lab = Lab(policy=policy)
    for line in ("EHLO me.example", "MAIL FROM:<me@me.example>", "RCPT TO:<ada@lab.example>", "DATA"):
        lab.send(line)
    return lab.raw(STAMP * stamps + b"Subject: hi\r\n\r\n" + body + b".\r\n")[-1].event.code


def test_a_hundred_stamps_are_too_many_and_one_less_is_not():
    assert _answer(99) == 250
    assert _answer(100) == 554


def test_only_the_header_section_counts():
    assert _answer(1, STAMP * 200) == 250


def test_a_host_chooses_when_it_gives_up(tmp_path):
    file = tmp_path / "host.toml"
    file.write_text('version = 1\ndomain = "lab.example"\nmost_hops = 3\naccept = "any"\n')
    assert [_answer(stamps, policy=find_policy(str(file))) for stamps in (2, 3)] == [250, 554]
    file.write_text("version = 1\nmost_hops = 0\n")
    with pytest.raises(DataError, match="most_hops is at least 1"):
        find_policy(str(file))


HEADER = st.lists(
    st.sampled_from(
        [b"Received: x\r\n", b"received : y\r\n", b" folded\r\n", b"Subject: Received: z\r\n", b"X\r", b"\n"]
    ),
    max_size=12,
).map(b"".join)


@given(HEADER, st.booleans(), st.lists(st.integers(0, 150), max_size=6))
def test_stamps_are_counted_alike_however_content_is_cut(header: bytes, body: bool, cuts: list[int]) -> None:
    content = header + (b"\r\n\r\nReceived: in the body\r\n" if body else b"\r\n")
    edges = [0, *sorted(cuts), len(content)]
    whole, cut = Stamps().plus(content), Stamps()
    for start, end in pairwise(edges):
        cut = cut.plus(content[start:end])
    assert cut.found == whole.found
    head = (b"\r\n" + content).split(b"\r\n\r\n")[0]
    assert whole.found == sum(
        line.lower().split(b":")[0].rstrip() == b"received" for line in head.split(b"\r\n") if b":" in line
    )


def test_a_line_without_end_takes_no_room():
    stamps = Stamps()
    for _ in range(100):
        stamps = stamps.plus(b"x" * 1000)
    assert len(stamps.tail) < 100
    assert stamps.plus(b"\r\nReceived: z\r\n").found == 1
