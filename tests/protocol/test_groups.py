"""The client's groups of commands: what they hold, how replies are paired, and what each is worth (RFC 2920)."""

from dataclasses import replace

import pytest

from esmtp_lab.bench import Bench, Fault, Host
from esmtp_lab.lab import client_dialect, server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.protocol.client import ClientSession
from esmtp_lab.protocol.delivery import MOST_OF_A_GROUP, Delivery
from esmtp_lab.protocol.policy import Policy, find_policy
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.path import Path

MROSE = Path(b"mrose", b"dbc.mtview.ca.us")
NED, DAN, KVC = (Path(name, b"innosoft.com") for name in (b"ned", b"dan", b"kvc"))
NSB, GALVIN = Path(b"nsb", b"thumper.bellcore.com"), Path(b"galvin", b"tis.com")
INNOSOFT = b"220 innosoft.com SMTP service ready"
OFFERED = b"250-innosoft.com\n250 PIPELINING"


def meet(delivery: Delivery, *turns: bytes) -> tuple[list[bytes], Delivery]:
    """What the client says in each of its turns, when the server says these, lines with LF, in its own."""
    client, said = ClientSession(client_dialect()), []
    for turn in turns:
        client.receive(b"".join(line + b"\r\n" for line in turn.split(b"\n")))
        octets, delivery = delivery.next(client)
        client.send(octets)
        said.append(octets.replace(b"\r\n", b"\n").rstrip(b"\n"))
    return said, delivery


def outcomes(delivery: Delivery) -> list[int]:
    return [outcome.reply.code if outcome.reply else 0 for outcome in delivery.outcomes]


def test_the_example_in_which_all_goes_well() -> None:
    """RFC 2920 section 4: four turnarounds instead of nine."""
    said, done = meet(
        Delivery(MROSE, (NED, DAN, KVC), b"...\r\n", "dbc.mtview.ca.us"),
        INNOSOFT,
        OFFERED,
        b"250 sender <mrose@dbc.mtview.ca.us> OK\n250 recipient <ned@innosoft.com> OK\n"
        b"250 recipient <dan@innosoft.com> OK\n250 recipient <kvc@innosoft.com> OK\n"
        b'354 enter mail, end with line containing only "."',
        b"250 message sent\n221 goodbye",
    )
    assert said == [
        b"EHLO dbc.mtview.ca.us",
        b"MAIL FROM:<mrose@dbc.mtview.ca.us>\nRCPT TO:<ned@innosoft.com>\nRCPT TO:<dan@innosoft.com>\n"
        b"RCPT TO:<kvc@innosoft.com>\nDATA",
        b"....\n.\nQUIT",
        b"",
    ]
    assert outcomes(done) == [250, 250, 250]


REFUSED = (
    b"250 sender <mrose@dbc.mtview.ca.us> OK\n550 remote mail to <nsb@thumper.bellore.com> not allowed\n"
    b"550 remote mail to <galvin@tis.com> not allowed\n"
)


@pytest.mark.parametrize(
    ("data", "after"),
    [
        (b"554 no valid recipients given", [b"QUIT"]),
        (b'354 enter mail, end with line containing only "."', [b".\nQUIT", b""]),
    ],
)
def test_the_examples_in_which_all_recipients_are_refused(data: bytes, after: list[bytes]) -> None:
    """The reply to DATA is looked at all the same; a server that said 354 gets the lone dot (RFC 2920 section 4)."""
    turns = (INNOSOFT, OFFERED, REFUSED + data, b"554 no valid recipients\n221 goodbye")
    letter = Delivery(MROSE, (NSB, GALVIN), b"...\r\n", "dbc.mtview.ca.us")
    said, done = meet(letter, *turns[: 2 + len(after)])
    assert said[2:] == after
    assert outcomes(done) == [550, 550]


def test_where_nothing_is_offered_each_reply_is_waited_for() -> None:
    said, done = meet(
        Delivery(MROSE, (NED, DAN), b"x\r\n"),
        INNOSOFT,
        b"250-innosoft.com\n250 SIZE 1000",
        *([b"250 ok"] * 3),
        b"354 go",
        b"250 sent",
        b"221 bye",
    )
    commands = [turn.split(b" ")[0] for turn in said]
    assert commands == [b"EHLO", b"MAIL", b"RCPT", b"RCPT", b"DATA", b"x\n.", b"QUIT", b""]
    assert outcomes(done) == [250, 250]


@pytest.mark.parametrize(
    ("replies", "expected", "then"),
    [
        (b"250 a\n250 b\n450 c\n354 d", [250, 450], b"x\n.\nQUIT"),
        (b"250 a\n550 b\n450 c\n503 d", [550, 450], b"QUIT"),
        (b"550 a\n503 b\n503 c\n503 d", [550, 550], b"QUIT"),
        (b"451 a\n250 b\n250 c\n354 d", [451, 451], b".\nQUIT"),
        (b"250 a\n250 b\n251 c\n451 d", [451, 451], b"QUIT"),
        (b"250 a\n250-b\n250-b\n250 b\n251 c\n250 d", [0, 0], b"QUIT"),
        (b"250 a\n250 b\n421 c", [0, 421], b""),
        (b"421 a", [421, 421], b""),
    ],
)
def test_each_reply_of_a_group_counts_for_its_own_command(replies: bytes, expected: list[int], then: bytes) -> None:
    said, done = meet(Delivery(MROSE, (NED, DAN), b"x\r\n"), INNOSOFT, OFFERED, replies)
    assert said[-1] == then
    ends = {b"x\n.\nQUIT": b"250 sent\n221 bye", b".\nQUIT": b"554 nobody\n221 bye", b"QUIT": b"221 bye"}
    last = [ends[then]] if then else []
    _, done = meet(Delivery(MROSE, (NED, DAN), b"x\r\n"), INNOSOFT, OFFERED, replies, *last)
    assert outcomes(done) == expected


def test_a_group_fits_into_the_window() -> None:
    """And where it does not hold all recipients, the next begins when it is answered."""
    paths = tuple(Path(b"x" * 60 + b"%03d" % number, b"innosoft.com") for number in range(100))
    host = Host(Policy(domain="innosoft.com", accept="any", extensions=("PIPELINING",)), *_rest("innosoft.com"))
    bench = Bench(host, client_dialect())
    bench.start()
    client, letter, groups = bench.client, Delivery(MROSE, paths, b"x\r\n"), []
    while not client.position.closed:
        group, letter = letter.next(client)
        groups.append(group)
        bench.send(group)
    _, letter = letter.next(client)
    assert [len(group) <= MOST_OF_A_GROUP for group in groups] == [True] * len(groups)
    assert [group.count(b"RCPT") for group in groups] == [0, 45, 46, 9, 0]
    assert [group.count(b"DATA") for group in groups] == [0, 0, 0, 1, 0]
    assert outcomes(letter) == [250] * 100
    assert len(host.mailboxes.letters) == 100


def test_where_the_transaction_was_refused_no_further_group_follows() -> None:
    paths = tuple(Path(b"x" * 60 + b"%03d" % number, b"innosoft.com") for number in range(100))
    replies = b"550 no\n" + b"\n".join([b"503 no"] * 46)
    said, done = meet(Delivery(MROSE, paths, b"x\r\n"), INNOSOFT, OFFERED, replies)
    assert said[-1] == b"QUIT"
    assert outcomes(done) == [550] * 100


def test_bdat_waits_until_the_recipients_are_answered_for() -> None:
    letter = Delivery(MROSE, (NED, DAN), b"hello\r\n", chunk=100)
    offered = OFFERED.replace(b"250 ", b"250-") + b"\n250 CHUNKING"
    said, done = meet(letter, INNOSOFT, offered, b"250 a\n550 b\n250 c", b"250 sent", b"221 bye")
    assert [turn.split(b"\n") for turn in said[1:4]] == [
        [b"MAIL FROM:<mrose@dbc.mtview.ca.us>", b"RCPT TO:<ned@innosoft.com>", b"RCPT TO:<dan@innosoft.com>"],
        [b"BDAT 7 LAST", b"hello"],
        [b"QUIT"],
    ]
    assert outcomes(done) == [550, 250]


def test_a_client_that_would_turn_keeps_the_channel() -> None:
    letter = Delivery(MROSE, (NED,), b"x\r\n", turns=True)
    offered = OFFERED.replace(b"250 ", b"250-") + b"\n250 TURN"
    said, _ = meet(letter, INNOSOFT, offered, b"250 a\n250 b\n354 c", b"250 sent")
    assert said[-2:] == [b"x\n.", b"TURN"]


def _rest(domain: str) -> tuple:
    return server_dialect(find_policy("open"), "rfc2821"), MemoryMailboxes(domain)


def _trip(extensions: tuple[str, ...]) -> tuple[float, Bench]:
    """How long a letter to three takes on a channel whose round trip is a second."""
    policy = replace(find_policy("lab"), extensions=extensions)
    host = Host(policy, server_dialect(policy, "rfc2821"), MemoryMailboxes(policy.domain))
    bench = Bench(host, client_dialect(), latency=1.0)
    bench.start()
    begin = bench.now
    bench.deliver(Delivery(MROSE, tuple(Path(each, b"lab.example") for each in (b"ada", b"bob", b"grace")), b"x\r\n"))
    return bench.now - begin, bench


def test_groups_save_round_trips() -> None:
    """EHLO, the group, the content with QUIT; without groups every command has a trip of its own."""
    assert _trip(("PIPELINING",))[0] == 3.0
    assert _trip(("SIZE",))[0] == 8.0


def test_a_letter_that_was_taken_counts_as_taken_though_the_channel_is_lost_before_221() -> None:
    policy = find_policy("lab")
    host = Host(policy, server_dialect(policy, "rfc2821"), MemoryMailboxes(policy.domain))
    bench = Bench(host, client_dialect(), faults=(Fault("cut-before", "QUIT"),))
    bench.start()
    bench.deliver(Delivery(MROSE, (Path(b"ada", b"lab.example"),), b"x\r\n"))
    assert bench.delivery is not None
    assert [outcome.accepted for outcome in bench.delivery.outcomes] == [True]
    assert bench.client.position.closed


def test_undo_takes_a_group_back_as_one() -> None:
    _, bench = _trip(("PIPELINING",))
    after = bench.state
    bench.undo()
    bench.redo()
    assert bench.state == after


def test_a_group_may_fill_the_window_and_not_one_octet_more() -> None:
    room = MOST_OF_A_GROUP - len(b"MAIL FROM:<mrose@dbc.mtview.ca.us>\r\n") - len(b"DATA\r\n")
    each = len(b"RCPT TO:<@innosoft.com>\r\n")
    count = -(-room // (each + 60))
    for more, whole in ((0, True), (1, False)):
        octets = room - count * each + more
        lengths = [(octets + place) // count for place in range(count)]
        paths = tuple(
            Path(b"%02d" % place + b"x" * (length - 2), b"innosoft.com") for place, length in enumerate(lengths)
        )
        said, _ = meet(Delivery(MROSE, paths, b"x\r\n"), INNOSOFT, OFFERED)
        group = said[-1].replace(b"\n", b"\r\n") + b"\r\n"
        assert group.endswith(b"DATA\r\n") == whole
        assert (len(group) == MOST_OF_A_GROUP) == whole


@pytest.mark.parametrize(("by", "asked"), [(b"0;N", b""), (b"1;N", b" NOTIFY=FAILURE,DELAY"), (b"-1;N", b"")])
def test_word_of_delays_is_asked_for_while_there_is_time(by: bytes, asked: bytes) -> None:
    """RFC 2852 section 4.1.4.2, where the server knows DSN and not DELIVERBY."""
    letter = Delivery(MROSE, (NED,), b"x\r\n", parameters=(Parameter("BY", by),))
    said, _ = meet(letter, INNOSOFT, b"250-innosoft.com\n250 DSN", b"250 ok")
    assert said[-1] == b"RCPT TO:<ned@innosoft.com>" + asked


def test_a_delivery_says_nothing_while_a_reply_is_half_there() -> None:
    client, letter = ClientSession(client_dialect()), Delivery(MROSE, (NED,), b"x\r\n")
    client.receive(INNOSOFT + b"\r\n")
    octets, letter = letter.next(client)
    client.send(octets)
    client.receive(b"250-innosoft.com\r\n")
    assert letter.next(client) == (b"", letter)
    client.receive(b"250 PIPELINING\r\n")
    assert letter.next(client)[0].startswith(b"MAIL FROM:")
