"""The channel: faults, time and TURN, as values; what both sides then believe."""

from dataclasses import replace

import pytest

from esmtp_lab.bench import Bench, Fault, Host
from esmtp_lab.bench.channel import FAULTS
from esmtp_lab.lab import client_dialect, server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.policy import Policy, find_policy
from esmtp_lab.wire.path import Path

ME, ADA = Path(b"me", b"me.example"), Path(b"ada", b"lab.example")


def host(policy: str | Policy = "lab", era: str = "rfc2821") -> Host:
    chosen = find_policy(policy) if isinstance(policy, str) else policy
    return Host(chosen, server_dialect(chosen, era), MemoryMailboxes(chosen.domain))


def bench(*faults: Fault, policy: str | Policy = "lab", **options) -> Bench:
    made = Bench(host(policy), client_dialect(), faults=faults, **options)
    made.start()
    return made


def delivered(made: Bench, content: bytes = b"hello\r\n") -> tuple[bool, bool, int]:
    """Whether the client thinks its letter accepted, whether it may try again, and how many the server has."""
    made.deliver(Delivery(ME, (ADA,), content))
    (outcome,) = made.delivery.outcomes
    return outcome.accepted, outcome.temporary, len(made.host.mailboxes.letters.get("ada", ()))


@pytest.mark.parametrize("to", ["EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("kind", ["cut-before", "cut-after"])
def test_a_channel_lost_on_the_way_is_a_temporary_failure(kind, to):
    made = bench(Fault(kind, to))
    expected = (True, False, 1) if to == "EHLO" and kind == "cut-before" else (False, True, 0)
    assert delivered(made) == expected  # upon EHLO the client calls again and says HELO
    assert made.client.position.state == "closed"
    assert not made.faults


def test_who_has_the_letter_now():
    """RFC 2821 section 6.1: with the 250 behind the lone dot the server has it, whether or not the client hears."""
    assert delivered(bench(Fault("cut-before", "END_OF_DATA"))) == (False, True, 1)
    assert delivered(bench(Fault("cut-after", "END_OF_DATA"))) == (True, False, 1)


@pytest.mark.parametrize("octets", range(0, 140, 7))
def test_a_cut_anywhere_delivers_nothing_that_was_not_whole(octets):
    made = bench(Fault("cut", octets=octets))
    accepted, temporary, letters = delivered(made, b"x" * 200)
    assert (accepted, letters) == (False, 0) or made.delivery.plain
    assert temporary or made.delivery.plain


def test_a_reply_that_never_comes():
    made = bench(Fault("stall", "RCPT"))
    assert delivered(made) == (False, True, 0)
    assert made.client.position.state == "mail"
    assert made.server.position.state == "data"
    assert [each.entry for each in made.client.waiting] == ["RCPT", "DATA"]
    assert made.log[-1].client is None


@pytest.mark.parametrize(
    ("say", "expected"),
    [
        (b"450 not now\r\n", (False, True, 0)),
        (b"599-odd\r\n599 but final\r\n", (False, False, 0)),
        (b"421 bye\r\n", (False, True, 0)),
        (b"299 fine\r\n", (True, False, 1)),
    ],
)
def test_another_reply_than_the_server_gave(say, expected):
    alone = replace(find_policy("lab"), extensions=("SIZE",))
    assert delivered(bench(Fault("say", "RCPT", say=say), policy=alone)) == expected


@pytest.mark.parametrize("say", [b"450 not now\r\n", b"550 no\r\n"])
def test_a_forged_refusal_within_a_group_leads_to_an_empty_letter(say):
    """The server took the recipient and said 354, so the lone dot that ends nothing makes a letter of nothing."""
    made = bench(Fault("say", "RCPT", say=say))
    assert delivered(made) == (False, say.startswith(b"4"), 1)
    assert [letter.content for letter in made.host.mailboxes.letters["ada"]] == [b""]


def test_a_fault_comes_once_and_undo_brings_it_back():
    made = bench(Fault("say", "NOOP", say=b"500 what?\r\n"))
    assert made.send(b"NOOP\r\n")[-1].client.code == 500
    assert made.send(b"NOOP\r\n")[-1].client.code == 250
    made.undo()
    made.undo()
    assert made.send(b"NOOP\r\n")[-1].client.code == 500


def test_in_a_group_only_the_one_reply_is_struck():
    made = bench(Fault("say", "VRFY", say=b"252-who\r\n252 knows\r\n"))
    made.send(b"EHLO a\r\n")
    crossings = made.send(b"NOOP\r\nVRFY jones\r\nNOOP\r\n")
    assert [each.client.code for each in crossings if each.client and each.client.kind == "reply"] == [
        250,
        252,
        252,
        250,
    ]


def test_time_passes_on_the_way():
    made = bench(latency=0.5)
    assert made.now == 0.25
    (said, heard) = made.send(b"NOOP\r\n")
    assert (said.client.time, said.server.time, heard.server.time, heard.client.time) == (0.25, 0.5, 0.5, 0.75)


def test_pipelining_saves_round_trips():
    one, group = bench(latency=1.0), bench(latency=1.0)
    lines = [b"EHLO a\r\n", b"MAIL FROM:<a@b>\r\n", b"RCPT TO:<ada@lab.example>\r\n", b"DATA\r\n", b".\r\n"]
    for line in lines:
        one.send(line)
    for part in (lines[0], b"".join(lines[1:4]), lines[4]):
        group.send(part)
    assert (one.now, group.now) == (5.5, 3.5)
    assert one.client.position == group.client.position


def test_a_client_that_says_nothing_is_told_421():
    made = bench()
    assert made.pass_time(299) == []
    (crossing,) = made.pass_time(300)
    assert crossing.client.code == 421
    assert made.client.position.state == "closed"


def test_every_fault_is_explained():
    assert {"cut", "cut-before", "cut-after", "stall", "say", "handshake"} == FAULTS.keys()


# TURN ----------------------------------------------------------------------------------------------


def turning(*, by_hand: bool = False) -> Bench:
    mine = Policy(name="mine", domain="me.example", mailboxes={"me": "Me"}, extensions=("TURN",))
    back = Delivery(Path(b"bob", b"lab.example"), (ME,), b"for you\r\n", "lab.example")
    made = Bench(host("classic"), client_dialect(), caller=host(mine), awaits_turn=back, caller_by_hand=by_hand)
    made.start()
    return made


def test_turn_lets_mail_flow_the_other_way():
    made = turning()
    for line in (b"HELO me.example\r\n", b"TURN\r\n"):
        made.send(line)
    assert made.turned
    assert made.client.position.state == "closed"
    assert [letter.content for letter in made.caller.mailboxes.letters["me"]] == [b"for you\r\n"]
    said = [each.client.command.verb for each in made.log if each.client and each.client.kind == "command"]
    assert said == ["HELO", "TURN", "EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


def test_after_turn_the_learner_is_the_server():
    made = turning(by_hand=True)
    for line in (b"HELO me.example\r\n", b"TURN\r\n"):
        made.send(line)
    for line in ("220 me.example", "250 me.example", "250 ok", "250 ok", "354 go", "250 taken", "221 bye"):
        made.say(line.encode() + b"\r\n")
    assert made.client.position.state == "closed"
    assert list(made.caller.mailboxes.letters) == ["me"]
    assert made.delivery.outcomes[0].accepted


def test_turn_can_be_taken_back():
    made = turning()
    made.send(b"HELO me.example\r\n")
    before = made.state
    made.send(b"TURN\r\n")
    made.undo()
    assert made.state == before
    assert not made.turned
    assert made.caller.mailboxes.letters == {}


def test_turn_can_be_refused_and_only_comes_between_transactions(plays):
    plays("C: HELO a\nS: 250\nC: TURN\nS: 502\nC: NOOP\nS: 250")
    plays("C: HELO a\nS: 250\nC: MAIL FROM:<a@b>\nS: 250\nC: TURN\nS: 503", policy="classic")
    plays("C: TURN\nS: 503", policy="classic")


# A server that forgives too much ---------------------------------------------------------------------

SMUGGLED = b"hello\n.\r\nMAIL FROM:<boss@lab.example>\r\nRCPT TO:<bob@lab.example>\r\nDATA\r\nforged\r\n.\r\n"


def test_a_lenient_server_takes_two_letters_where_the_client_sent_one():
    """RFC 2821 sections 2.3.7 and 4.1.1.4: LF, a dot and LF do not end the content."""
    found = {}
    for policy in ("lab", "lenient"):
        made = bench(policy=policy)
        for line in (b"EHLO a\r\n", b"MAIL FROM:<me@a>\r\n", b"RCPT TO:<ada@lab.example>\r\n", b"DATA\r\n"):
            made.send(line)
        crossings = made.send(SMUGGLED)
        found[policy] = sorted(made.host.mailboxes.letters)
        told = [each.server.octets for each in crossings if each.server and each.server.kind == "moment"]
        assert told == (
            [b"forgiven by the server: 1 bare LF taken as the end of a line"] if policy == "lenient" else []
        )
    assert found == {"lab": ["ada"], "lenient": ["ada", "bob"]}


@pytest.mark.parametrize("cut", range(len(b"NOOP\r\nNOOP\nNOOP\r\n")))
def test_forgiving_does_not_depend_on_how_octets_are_cut(cut):
    octets = b"NOOP\r\nNOOP\nNOOP\r\n"
    made = bench(policy="lenient")
    made.client_says(octets[:cut])
    made.run()
    made.client_says(octets[cut:])
    made.run()
    heard = [each.server.octets for each in made.log if each.server and each.server.kind == "command"]
    assert heard == [b"NOOP\r\n"] * 3


def test_a_server_that_hangs_up_behind_an_answer():
    made = bench(policy="ehlo-hangs-up")
    crossings = made.send(b"NOOP\r\nEHLO a\r\n")
    assert [each.event.kind for each in crossings] == ["command", "command", "reply", "moment"]
    assert made.client.position.closed
    assert made.client.lost == "EHLO"


def test_step_by_step():
    made = bench()
    before = made.state
    assert made.put(b"NOOP\r\n") == []
    said = made.state
    assert [each.speaker for each in made.step()] == ["client"]
    assert [each.speaker for each in made.step()] == ["server"]
    assert made.step() == []
    for _ in range(3):
        made.undo()
    assert made.state == said
    made.redo()
    assert [each.event.code for each in made.step()] == [250]
    for _ in range(3):
        made.undo()
    assert made.state == before
