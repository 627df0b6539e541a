"""Several hosts: relaying, forwarding, queues with their times, notices, and never a way out of the lab."""

from dataclasses import replace

import pytest

from esmtp_lab.bench import Fault, Host, Hosts
from esmtp_lab.lab import client_dialect, server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.protocol.delivery import Delivery, Outcome
from esmtp_lab.protocol.policy import Policy, find_policy
from esmtp_lab.protocol.queue import GIVE_UP_AFTER, HOUR, MINUTE, RETRY_AFTER, Queued, after
from esmtp_lab.wire.path import Path
from esmtp_lab.wire.reply import Reply


def path(address: str) -> Path:
    local, _, domain = address.rpartition("@")
    return Path(local.encode(), domain.encode())


def hosts(**changes: Policy) -> Hosts:
    a = Policy("a", domain="a.example", mailboxes={"ann": "Ann"}, relays_for=("a.example",))
    relay = Policy("relay", domain="relay.example", mailboxes={"rob": "Rob"}, relays_for=("a.example", "relay.example"))
    chosen = {"a": a, "relay": relay, "lab": find_policy("lab"), **changes}
    return Hosts(
        [Host(each, server_dialect(each, "rfc2821"), MemoryMailboxes(each.domain)) for each in chosen.values()],
        client_dialect(),
        now=1_000_000.0,
    )


def letter(*to: str, sender: str = "ann@a.example") -> Delivery:
    return Delivery(path(sender) if sender else Path(), tuple(map(path, to)), b"Subject: hi\r\n\r\nhello\r\n")


def boxes(there: Hosts) -> dict[str, list[str]]:
    return {domain: list(host.mailboxes.letters) for domain, host in there.hosts.items()}


def sessions(there: Hosts) -> list[tuple[str, str]]:
    return [(run.client, run.server) for run in there.runs]


def test_a_letter_crosses_from_host_to_host():
    there = hosts()
    there.submit("a.example", letter("ada@lab.example", "rob@relay.example"))
    there.run()
    assert sessions(there) == [("a.example", "lab.example"), ("a.example", "relay.example")]
    assert boxes(there) == {"a.example": [], "relay.example": ["rob"], "lab.example": ["ada"]}
    assert not any(there.queues.values())


def test_a_forwarded_letter_goes_on_with_one_more_stamp():
    """lab.example forwards dora to new.example, as RFC 821 section 3.2 has it; the next host sees both stamps."""
    there = hosts(new=Policy("new", domain="new.example", mailboxes={"dora": "Dora"}))
    there.submit("a.example", letter("dora@lab.example"))
    there.run()
    assert sessions(there) == [("a.example", "lab.example"), ("lab.example", "new.example")]
    stored = MemoryMailboxes("new.example")
    stored.load(there.hosts["new.example"].mailboxes.save())
    lines = stored.octets("dora")[0].split(b"\r\n")
    assert lines[0] == b"Return-Path: <ann@a.example>"
    assert lines[1].startswith(b"Received: from lab.example by new.example with ESMTP")
    assert lines[2].startswith(b"Received: from a.example by lab.example with ESMTP")


def test_what_is_refused_comes_back_as_a_notice_from_nobody():
    there = hosts()
    there.submit("a.example", letter("nobody@lab.example"))
    there.run()
    assert sessions(there) == [("a.example", "lab.example"), ("a.example", "a.example")]
    (told,) = there.hosts["a.example"].mailboxes.letters["ann"]
    assert told.envelope.reverse_path == Path()
    assert b"<nobody@lab.example>: 550 5.1.1 No mailbox" in told.content
    assert b"Subject: hi" in told.content


def test_there_is_no_notice_about_a_notice():
    there = hosts()
    there.submit("a.example", letter("nobody@lab.example", sender=""))
    there.submit("a.example", letter("nobody@lab.example", sender="gone@a.example"))
    there.run()
    assert boxes(there)["a.example"] == []
    assert not any(there.queues.values())


def test_nothing_leaves_the_lab():
    there = hosts()
    there.submit("a.example", letter("someone@outside.example"))
    there.run()
    assert sessions(there) == [("a.example", "a.example")]
    assert b"nothing leaves it" in there.hosts["a.example"].mailboxes.letters["ann"][0].content


def test_a_relay_carries_for_those_it_knows_and_for_nobody_else():
    there = hosts()
    relay = there.hosts["relay.example"]
    from esmtp_lab.bench import Bench

    for name, code in (("a.example", 250), ("stranger.example", 550)):
        bench = Bench(relay, client_dialect(), now=there.now)
        bench.start()
        for line in (f"HELO {name}", "MAIL FROM:<ann@a.example>", "RCPT TO:<ada@lab.example>"):
            said = bench.send(line.encode() + b"\r\n")[-1]
        assert said.event.code == code
        if code == 250:
            bench.send(b"DATA\r\n")
            bench.send(b"hello\r\n.\r\n")
    there.run()
    assert sessions(there) == [("relay.example", "lab.example")]
    assert boxes(there)["lab.example"] == ["ada"]


def test_a_busy_mailbox_is_tried_again_and_at_last_given_up():
    there = hosts()
    there.submit("a.example", letter("carol@lab.example"))
    there.run()
    times = []
    while any(there.queues.values()):
        (queued,) = there.queues["a.example"]
        times.append(queued.due - there.now)
        there.now = queued.due
        there.run()
    assert times[:5] == [30 * MINUTE, 30 * MINUTE, 2 * HOUR, 3 * HOUR, 3 * HOUR]
    assert min(times) >= 30 * MINUTE
    assert there.now - 1_000_000.0 >= GIVE_UP_AFTER
    assert b"<carol@lab.example>: 450" in there.hosts["a.example"].mailboxes.letters["ann"][0].content


def test_a_lost_channel_can_make_two_of_one():
    """RFC 821 section 3.6: the client that did not hear the 250 sends again."""
    there = hosts()
    there.faults["lab.example"] = (Fault("cut-before", "END_OF_DATA"),)
    there.submit("a.example", letter("ada@lab.example"))
    there.run()
    there.now += RETRY_AFTER[0]
    there.run()
    assert len(there.hosts["lab.example"].mailboxes.letters["ada"]) == 2


def test_a_moment_of_all_hosts_can_be_taken_back():
    there = hosts()
    there.submit("a.example", letter("ada@lab.example"))
    before = there.save()
    there.run()
    there.load(before)
    assert there.save() == before
    assert boxes(there)["lab.example"] == []


def test_only_what_failed_waits():
    ok, later, no = (Outcome(path(f"{name}@b"), Reply(code)) for name, code in (("a", 250), ("b", 450), ("c", 550)))
    queued = Queued(letter("a@b", "b@b", "c@b"), 0.0, 0.0)
    waits, failed = after(queued, (ok, later, no), 0.0)
    assert waits.delivery.forward_paths == (later.path,)
    assert failed == (no,)
    assert after(queued, (later,), GIVE_UP_AFTER) == (None, (later,))
    assert after(queued, (ok,), 0.0) == (None, ())


# Binary letters --------------------------------------------------------------------------------------

BINARY = b"Content-Transfer-Encoding: binary\r\n\r\n" + bytes(range(256)) * 600 + b"\r.\r\n.\n\n\r"
"""More than two chunks of the relay, with everything that lines would spoil, and no line at its end."""


def with_binary(*extensions: str) -> Hosts:
    """Hosts of which lab.example forwards dora to new.example, which offers these."""
    lab = replace(find_policy("lab"), extensions=("CHUNKING", "BINARYMIME"))
    new = Policy("new", domain="new.example", mailboxes={"dora": "Dora"}, extensions=extensions)
    return hosts(lab=lab, new=new)


def test_a_binary_letter_goes_on_octet_for_octet():
    """RFC 3030 section 3."""
    there = with_binary("CHUNKING", "BINARYMIME")
    there.submit("a.example", replace(letter("dora@lab.example"), content=BINARY, chunk=1000))
    there.run()
    (arrived,) = there.hosts["new.example"].mailboxes.letters["dora"]
    stamp, _, content = arrived.content.partition(b"\r\n")
    assert stamp.startswith(b"Received: from a.example by lab.example")
    assert content == BINARY
    assert arrived.envelope.binary
    assert arrived.octets == len(arrived.content)


@pytest.mark.parametrize("extensions", [(), ("CHUNKING",), ("8BITMIME",)])
def test_where_a_binary_letter_cannot_go_on_its_sender_is_told(extensions):
    """RFC 3030 section 3, the third of the ways there are; nothing of the octets is in the notice."""
    there = with_binary(*extensions)
    there.submit("a.example", replace(letter("dora@lab.example"), content=b"\0: x\r\n" + BINARY, chunk=1000))
    there.run()
    assert "dora" not in there.hosts["new.example"].mailboxes.letters
    (told,) = there.hosts["a.example"].mailboxes.letters["ann"]
    assert b"does not take that" in told.content or b"does not go in chunks" in told.content
    assert b"\0" not in told.content


def test_a_letter_that_waits_begins_with_its_first_chunk_again():
    there = with_binary("CHUNKING", "BINARYMIME")
    there.faults["lab.example"] = (Fault("cut", octets=2000),)
    there.submit("a.example", replace(letter("dora@lab.example"), content=BINARY, chunk=500))
    there.run()
    (waiting,) = there.queues["a.example"]
    assert waiting.delivery.sent == 0
    there.now = waiting.due
    there.run()
    (arrived,) = there.hosts["new.example"].mailboxes.letters["dora"]
    assert arrived.content.endswith(BINARY)
