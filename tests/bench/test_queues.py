"""Queues among hosts: what waits is sent when ETRN asks for it (RFC 1985), and what is urgent goes first (RFC 6710)."""

from dataclasses import replace

import pytest

from esmtp_lab.bench import Bench, Fault, Host, Hosts
from esmtp_lab.lab import client_dialect, server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.policy import Policy
from esmtp_lab.protocol.priority import parameter
from esmtp_lab.protocol.queue import RETRY_AFTER, Queued, parted
from esmtp_lab.protocol.transaction import Letter
from esmtp_lab.wire.path import Path

START = 1_000_000.0
PROVIDER = Policy(
    "provider",
    domain="isp.example",
    extensions=("SIZE", "ETRN", "ENHANCEDSTATUSCODES"),
    relays_for=("a.example",),
    nodes={"branch.example": 0},
)
BRANCH = Policy("branch", domain="branch.example", mailboxes={"bea": "Bea"})
NORTH = Policy("north", domain="north.branch.example", mailboxes={"ned": "Ned"})


def path(address: str) -> Path:
    local, _, domain = address.rpartition("@")
    return Path(local.encode(), domain.encode())


def hosts(*policies: Policy) -> Hosts:
    made = [Host(each, server_dialect(each, "rfc2821"), MemoryMailboxes(each.domain)) for each in policies]
    return Hosts(made, client_dialect(), now=START)


def letter(*to: str, priority: int | None = None, sender: str = "ann@a.example") -> Delivery:
    named = () if priority is None else (parameter(priority),)
    paths = tuple(map(path, to))
    return Delivery(path(sender), paths, b"Subject: hi\r\n\r\nhello\r\n", parameters=named)


def sessions(there: Hosts) -> list[tuple[str, str]]:
    return [(run.client, run.server) for run in there.runs]


def said(there: Hosts, number: int, verb: bytes) -> list[bytes]:
    """The lines of a verb in a session."""
    return [each.event.octets for each in there.runs[number].bench.log if each.event.octets.startswith(verb)]


def letters(there: Hosts, domain: str, name: str) -> tuple[Letter, ...]:
    return there.hosts[domain].mailboxes.letters.get(name, ())


# ETRN ------------------------------------------------------------------------------------------------


def waiting() -> Hosts:
    """The provider has tried to send two letters to a host that is away, one of them for somebody else as well."""
    there = hosts(PROVIDER, BRANCH, NORTH)
    there.away = frozenset({"branch.example", "north.branch.example"})
    there.submit("isp.example", letter("bea@branch.example"))
    there.submit("isp.example", letter("bea@branch.example", "ned@north.branch.example"))
    there.run()
    assert sessions(there) == []
    assert [each.due for each in there.queues["isp.example"]] == [START + RETRY_AFTER[0]] * 2
    return there


def test_what_waits_comes_over_a_session_of_its_own() -> None:
    there = waiting()
    there.away = frozenset()
    (reply,) = there.ask("branch.example", "isp.example", "branch.example")
    assert reply.lines == (b"2.0.0 OK, 2 pending messages for node branch.example started",)
    # the answer comes at once, and the letters afterwards
    assert letters(there, "branch.example", "bea") == ()
    there.run()
    assert sessions(there) == [
        ("branch.example", "isp.example"),
        ("isp.example", "branch.example"),
        ("isp.example", "branch.example"),
    ]
    assert len(letters(there, "branch.example", "bea")) == 2
    # what goes elsewhere waits on, by its own time
    (left,) = there.queues["isp.example"]
    assert (left.delivery.forward_paths, left.due) == ((path("ned@north.branch.example"),), START + RETRY_AFTER[0])
    assert there.ask("branch.example", "isp.example", "branch.example")[0].code == 251


def test_a_host_below_is_released_by_an_option_character() -> None:
    """RFC 1985 section 5.3; a letter with recipients at both counts as one."""
    there = waiting()
    there.away = frozenset()
    replies = there.ask("branch.example", "isp.example", "@branch.example", "@example", "#uucp")
    assert [reply.code for reply in replies] == [253, 459, 459]
    assert b"2 pending messages" in replies[0].lines[0]
    there.run()
    assert len(letters(there, "branch.example", "bea")) == 2
    assert len(letters(there, "north.branch.example", "ned")) == 1
    assert there.queues["isp.example"] == ()


def test_whoever_asks_gets_nothing_by_it() -> None:
    """RFC 1985 section 3: the letters go to the host of that name, and never back on the channel of who asked."""
    there = waiting()
    there.away = frozenset()
    there.ask("thief.example", "isp.example", "branch.example")
    there.run()
    assert len(letters(there, "branch.example", "bea")) == 2
    assert all(server != "thief.example" for _, server in sessions(there))


def test_a_host_that_is_still_away_is_tried_in_vain_and_waited_for() -> None:
    there = waiting()
    there.ask("branch.example", "isp.example", "branch.example")
    there.run()
    assert letters(there, "branch.example", "bea") == ()
    assert sorted(each.tries for each in there.queues["isp.example"]) == [1, 2, 2]


def test_a_letter_that_waits_asks_again_with_its_next_try() -> None:
    busy = replace(PROVIDER, refusals={"rob": "mailbox-busy"}, mailboxes={"ann": "Ann"})
    there = hosts(busy, BRANCH)
    there.submit("branch.example", replace(letter("rob@isp.example", "ann@isp.example"), nodes=("branch.example",)))
    there.run()
    (waits,) = there.queues["branch.example"]
    assert (waits.delivery.nodes, waits.delivery.started) == (("branch.example",), ())
    assert len(said(there, 0, b"ETRN")) == 1


def test_a_letter_handed_over_in_the_same_session_counts() -> None:
    there = hosts(PROVIDER, BRANCH)
    there.away = frozenset({"branch.example"})
    bench = Bench(there.hosts["isp.example"], client_dialect(), now=START)
    bench.start()
    bench.send(b"EHLO a.example\r\n")
    assert bench.send(b"ETRN branch.example\r\n")[-1].event.code == 251
    bench.send(b"MAIL FROM:<ann@a.example>\r\nRCPT TO:<bea@branch.example>\r\nDATA\r\n")
    bench.send(b"hello\r\n.\r\n")
    assert b"253 2.0.0 OK, 1 pending" in bench.send(b"ETRN branch.example\r\n")[-1].event.octets


def test_a_started_queue_can_be_taken_back() -> None:
    there = waiting()
    bench = Bench(there.hosts["isp.example"], client_dialect(), now=START)
    bench.start()
    bench.send(b"EHLO branch.example\r\n")
    before, moment = bench.state, there.save()
    foreseen = bench.predict(b"ETRN branch.example\r\n")
    assert b"253 2.0.0 OK, 2 pending" in foreseen[-1].event.octets
    assert (bench.state, there.save()) == (before, moment)
    bench.send(b"ETRN branch.example\r\n")
    after = there.save()
    assert [each.due for each in there.queues["isp.example"]] == [START, START, START + RETRY_AFTER[0]]
    bench.undo()
    assert (bench.state, there.save()) == (before, moment)
    bench.redo()
    assert there.save() == after


def test_who_is_away_belongs_to_the_moment() -> None:
    there = waiting()
    moment = there.save()
    there.away = frozenset()
    there.load(moment)
    assert there.away == {"branch.example", "north.branch.example"}
    assert there.save() == moment


def test_a_lost_channel_starts_nothing_that_was_not_answered() -> None:
    there = waiting()
    there.away = frozenset()
    there.faults["isp.example"] = (Fault("cut-before", "EHLO"),)
    assert there.ask("branch.example", "isp.example", "branch.example") == ()
    assert {each.due for each in there.queues["isp.example"]} == {START + RETRY_AFTER[0]}


def test_a_host_with_a_queue_that_is_played_by_hand() -> None:
    there = waiting()
    bench = Bench(there.hosts["isp.example"], client_dialect(), now=START, by_hand=True)
    bench.start()
    bench.say(b"220 isp.example\r\n")
    bench.send(b"EHLO branch.example\r\n")
    bench.say(b"250-isp.example\r\n250 ETRN\r\n")
    bench.send(b"ETRN branch.example\r\n")
    bench.say(b"459 no\r\n")
    assert {each.due for each in there.queues["isp.example"]} == {START + RETRY_AFTER[0]}
    bench.send(b"ETRN branch.example\r\n")
    bench.say(b"250 well\r\n")
    assert START in {each.due for each in there.queues["isp.example"]}


def test_a_letter_in_two() -> None:
    queued = Queued(letter("a@b.example", "c@d.example", "e@b.example"), 1.0, 2.0, 3)
    one, other = parted(queued, lambda each: each.domain == b"b.example")
    assert (one.delivery.forward_paths, one[1:]) == ((path("a@b.example"), path("e@b.example")), queued[1:])
    assert other.delivery.forward_paths == (path("c@d.example"),)
    assert parted(queued, lambda each: True) == (queued, None)
    assert parted(queued, lambda each: False) == (None, queued)


# MT-PRIORITY -----------------------------------------------------------------------------------------

RELAY = Policy(
    "relay",
    domain="relay.example",
    extensions=("SIZE", "ENHANCEDSTATUSCODES", "MT-PRIORITY"),
    relays_for=("*",),
    trusted=("a.example",),
    priorities="STANAG4406",
)
END = Policy("end", domain="end.example", mailboxes={"eve": "Eve"}, extensions=("SIZE", "MT-PRIORITY"), trusted=("*",))
PLAIN = Policy("plain", domain="plain.example", mailboxes={"pat": "Pat"}, extensions=("SIZE",))
HOME = Policy("a", domain="a.example", mailboxes={"ann": "Ann"}, extensions=("MT-PRIORITY",), trusted=("*",))


def relayed(priority: int | None, sender: str = "a.example", to: str = "eve@end.example", **changes) -> Hosts:
    """One letter that goes by the relay."""
    there = hosts(replace(RELAY, **changes), END, PLAIN, HOME)
    bench = Bench(there.hosts["relay.example"], client_dialect(), now=START)
    bench.start()
    bench.deliver(replace(letter(to, priority=priority), helo=sender))
    assert [outcome.accepted for outcome in bench.delivery.outcomes] == [True]
    there.run()
    return there


@pytest.mark.parametrize(
    ("priority", "sender", "passed"),
    [
        (3, "a.example", b"3"),
        (-9, "a.example", b"-9"),
        (0, "a.example", b"0"),
        # what MAIL did not say is determined all the same, and must be named (RFC 6710 section 4.2)
        (None, "a.example", b"0"),
        # not trusted, so not raised (section 4.1)
        (3, "stranger.example", b"0"),
        (-3, "stranger.example", b"-3"),
    ],
)
def test_a_relay_names_the_priority_that_it_determined(priority: int | None, sender: str, passed: bytes) -> None:
    """And not the level to which it rounds (section 5)."""
    there = relayed(priority, sender)
    (line,) = said(there, -1, b"MAIL")
    assert line.endswith(b" MT-PRIORITY=%b\r\n" % passed)
    (arrived,) = letters(there, "end.example", "eve")
    assert arrived.envelope.priority == int(passed)


def test_the_time_stamp_lines_have_what_mail_said() -> None:
    (arrived,) = letters(relayed(3), "end.example", "eve")
    lines = arrived.delivered("end.example").split(b"\r\n")
    assert lines[1].startswith(b"Received: from relay.example by end.example with ESMTP PRIORITY 3; ")
    assert lines[2].startswith(b"Received: from a.example by relay.example with ESMTP PRIORITY 3; ")
    (arrived,) = letters(relayed(None), "end.example", "eve")
    lines = arrived.delivered("end.example").split(b"\r\n")
    assert b"PRIORITY 0" in lines[1]
    assert b"PRIORITY" not in lines[2]


def test_to_a_host_that_does_not_offer_it_the_letter_goes_without() -> None:
    """RFC 6710 section 4.3; nothing is written into the letter in its place."""
    there = relayed(3, to="pat@plain.example")
    (line,) = said(there, -1, b"MAIL")
    assert b"MT-PRIORITY" not in line
    (arrived,) = letters(there, "plain.example", "pat")
    assert arrived.envelope.priority is None
    assert b"MT-Priority" not in arrived.content


def test_a_host_without_it_passes_none_on() -> None:
    there = relayed(None, extensions=("SIZE",))
    assert b"MT-PRIORITY" not in said(there, -1, b"MAIL")[0]


def test_urgent_letters_go_first_and_equal_ones_in_their_order() -> None:
    """RFC 6710 section 5.1. Under STANAG4406, 3 and 4 are one level."""
    there = hosts(replace(RELAY, mailboxes={"rob": "Rob"}), END)
    for number, priority in enumerate((None, -4, 3, 4, 0, 9, 6, 5, -3)):
        there.submit("relay.example", letter("eve@end.example", priority=priority, sender=f"n{number}@relay.example"))
    there.run()
    order = [said(there, number, b"MAIL")[0].partition(b"@")[0][-1:] for number in range(9)]
    assert b"".join(order) == b"567230481"[:9]


def test_an_urgent_letter_that_comes_later_overtakes() -> None:
    there = hosts(RELAY, END, HOME)
    there.away = frozenset({"end.example"})
    for priority in (-4, 0):
        there.submit("relay.example", letter("eve@end.example", priority=priority))
    there.run()
    there.away = frozenset()
    there.now += RETRY_AFTER[0]
    there.submit("relay.example", letter("eve@end.example", priority=6))
    there.run()
    assert [arrived.envelope.priority for arrived in letters(there, "end.example", "eve")] == [6, 0, -4]


def test_a_notice_has_the_priority_of_its_letter() -> None:
    """RFC 6710 section 4.6."""
    there = relayed(4, to="nobody@end.example")
    (told,) = letters(there, "a.example", "ann")
    assert told.envelope.reverse_path == Path()
    assert told.envelope.priority == 4


def test_an_alias_keeps_the_priority() -> None:
    """RFC 6710 section 4.4."""
    there = hosts(replace(RELAY, forwards={"dora": "eve@end.example"}), END, HOME)
    there.submit("a.example", letter("dora@relay.example", priority=2))
    there.run()
    assert [arrived.envelope.priority for arrived in letters(there, "end.example", "eve")] == [2]
