"""DELIVERBY: the parameter, what is refused, what is left of the time, and what happens when it is over (RFC 2852)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmtp_lab.bench import Bench, Host, Hosts
from esmtp_lab.errors import DataError
from esmtp_lab.extensions.deliverby import DELIVERBY
from esmtp_lab.lab import Lab, client_dialect, server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.protocol.deadline import By, by_of, later
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.dialect import value_fits
from esmtp_lab.protocol.policy import Policy, find_policy
from esmtp_lab.protocol.queue import MINUTE, RETRY_AFTER
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.path import Path
from tests.protocol.reading import Read, read_report

NOW = 1_000_000_000.0
ANN = Path(b"ann", b"a.example")
LETTER = b"Subject: hi\r\n\r\nhello\r\n"


def say(there: Lab, *lines: str) -> list[int]:
    return [there.send(line)[-1].event.code for line in ("EHLO me.example", *lines)][1:]


def lab(**changes) -> Lab:
    policy = replace(find_policy("reports"), **changes)
    return Lab(policy=policy, clock=lambda: NOW)


# The examples of section 6 -----------------------------------------------------------------------------


def test_a_letter_within_two_minutes(plays) -> None:
    there = plays(
        """
S: 220
C: EHLO bigbiz.com
S: 250-acme.net greets bigbiz.com
S: 250 DELIVERBY
C: MAIL FROM:<eljefe@bigbiz.com> BY=120;R
S: 250
C: RCPT TO:<topbanana@other.com>
S: 250
""",
        policy=Policy(domain="acme.net", extensions=("DELIVERBY",), relays_for=("bigbiz.com",)),
    )
    assert there.bench.server.envelope.parameters == (Parameter("BY", b"120;R"),)


@pytest.mark.parametrize(("least", "begins"), [(240, "5.3.3 the server wants 240 seconds, and 98 are left"), (30, "")])
def test_the_relay_that_has_98_seconds_left(least: int, begins: str) -> None:
    """22 seconds after MAIL; the first host wants 240, the second 30."""
    other = Policy("other", domain="other.com", mailboxes={"topbanana": "T"}, extensions=("DELIVERBY",))
    other = replace(other, min_by_time=least)
    acme = Policy("acme", domain="acme.net", extensions=("DELIVERBY",), relays_for=("bigbiz.com",))
    there = hosts(acme, other)
    bench = Bench(there.hosts["acme.net"], client_dialect(), now=NOW)
    bench.start()
    for line in ("EHLO bigbiz.com", "MAIL FROM:<eljefe@bigbiz.com> BY=120;R", "RCPT TO:<topbanana@other.com>", "DATA"):
        assert bench.send(line.encode() + b"\r\n")[-1].event.code in (250, 354)
    there.now = bench.now = NOW + 22
    bench.send(LETTER + b".\r\n")
    there.run()
    said = commands(there, "other.com")
    if begins:
        assert said == ["EHLO acme.net", "QUIT"]
    else:
        assert said[:3] == [
            "EHLO acme.net",
            "MAIL FROM:<eljefe@bigbiz.com> BY=98;R",
            "RCPT TO:<topbanana@other.com>",
        ]


# The parameter -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        *("120;R", "120;N", "30;RT", "1;n", "0;N", "-0;NT", "-999999999;N", "+999999999;R", "000000120;r", "120;nt"),
        *("+30;R", "0;NT"),
    ],
)
def test_what_mail_takes(value: str) -> None:
    assert say(lab(), f"MAIL FROM:<a@b.example> BY={value}") == [250]


@pytest.mark.parametrize(
    "value",
    [
        *("0;R", "-1;R", "+0;R", "000000000;RT", "-120;rt"),  # RFC 2852 section 4: a syntax error
        *("", ";N", "120", "120;", "120;X", "120;T", "120;NN", "120;TN", "120;NTT", "1200000000;N", "+-1;N", "1.5;N"),
        *("120;N;T", "120,N", "+;N", "0x10;N", "12 0;N"),
    ],
)
def test_what_is_a_syntax_error(value: str) -> None:
    there = lab()
    assert say(there, f"MAIL FROM:<a@b.example> BY={value}", "MAIL FROM:<a@b.example>")[0] == 501
    assert there.bench.server.envelope.parameters == ()


def test_a_value_must_be_there_and_once() -> None:
    assert say(lab(), "MAIL FROM:<a@b.example> BY", "MAIL FROM:<a@b.example> BY=1;N BY=1;N") == [501, 501]


def test_the_status_code_of_the_syntax_error() -> None:
    """RFC 2852 section 4: 5.5.4."""
    there = lab()
    there.send("EHLO me.example")
    assert there.send("MAIL FROM:<a@b.example> BY=0;R")[-1].event.octets.startswith(b"501 5.5.4 ")


@pytest.mark.parametrize(
    ("least", "value", "code"),
    [
        (30, "29;R", 555),
        (30, "29;RT", 555),
        (30, "30;R", 250),
        (30, "29;N", 250),
        (30, "-5;N", 250),
        (0, "1;R", 250),
        (0, "0;R", 501),
    ],
)
def test_the_least_time_binds_what_is_to_be_returned(least: int, value: str, code: int) -> None:
    """RFC 2852 sections 3 and 4."""
    assert say(lab(min_by_time=least), f"MAIL FROM:<a@b.example> BY={value}") == [code]


def test_what_cannot_be_had_just_now() -> None:
    """RFC 2852 section 4 has 455; era rfc2821 has no such code for what a host cannot take now."""
    assert say(lab(not_now=("BY",)), "MAIL FROM:<a@b.example> BY=60;N") == [451]
    later_eras = Lab("rfc5321", policy=replace(find_policy("reports"), not_now=("BY",)), clock=lambda: NOW)
    assert say(later_eras, "MAIL FROM:<a@b.example> BY=60;N") == [455]


@pytest.mark.parametrize(("least", "line"), [(0, b"250 DELIVERBY\r\n"), (30, b"250 DELIVERBY 30\r\n")])
def test_what_is_offered(least: int, line: bytes) -> None:
    assert lab(min_by_time=least).send("EHLO me.example")[-1].event.octets == line


def test_a_policy_cannot_have_less_than_no_time(tmp_path) -> None:
    file = tmp_path / "x.toml"
    file.write_text("version = 1\nmin_by_time = -1\n")
    with pytest.raises(DataError, match="min_by_time is at least 0"):
        find_policy(str(file))
    file.write_text("version = 1\nmin_by_time = 0\n")
    assert find_policy(str(file)).min_by_time == 0


def test_a_letter_that_is_late_before_it_has_come() -> None:
    """RFC 2852 section 3: the error may come as late as the answer to the dot."""
    for mode, waits, code in (("R", 60, 554), ("R", 59, 250), ("N", 3600, 250)):
        there = lab()
        assert say(there, f"MAIL FROM:<a@b.example> BY=60;{mode}", "RCPT TO:<ada@lab.example>") == [250, 250]
        there.send("DATA")
        there.bench.now = NOW + waits
        (*_, last) = there.bench.send(LETTER + b".\r\n")
        assert last.event.code == code
        assert ("ada" in there.mailboxes.letters) == (code == 250)
        assert code == 250 or last.event.octets.startswith(b"554 5.4.7 ")


# What is left ------------------------------------------------------------------------------------------


def test_what_is_left() -> None:
    by = by_of((Parameter("SIZE", b"1"), Parameter("BY", b"+0120;rT")))
    assert by == By(120, "R", True)
    assert by.parameter() == Parameter("BY", b"120;RT")
    assert (by.after(0).seconds, by.after(22).seconds, by.after(0.1).seconds) == (120, 98, 119)
    assert By(-999_999_990, "N", False).after(60).seconds == -999_999_999
    assert later((Parameter("SIZE", b"1"),), 5.0) == (Parameter("SIZE", b"1"),)
    both = (Parameter("SIZE", b"1"), Parameter("BY", b"10;N"))
    assert later(both, 15.0) == (Parameter("SIZE", b"1"), Parameter("BY", b"-5;N"))
    assert by_of((Parameter("BY", None),)) is None
    assert by_of((Parameter("BY", b"soon"),)) is None


@given(st.integers(-999_999_999, 999_999_999), st.sampled_from("NR"), st.booleans())
def test_what_we_say_is_what_we_take(seconds: int, mode: str, trace: bool) -> None:
    by = By(seconds, mode, trace)
    (form,) = DELIVERBY.mail_parameters
    assert value_fits(form, by.parameter()) == (mode == "N" or seconds > 0)
    assert by_of((by.parameter(),)) == by


@given(st.binary(max_size=16))
def test_whatever_is_taken_can_be_read(value: bytes) -> None:
    (form,) = DELIVERBY.mail_parameters
    if value_fits(form, Parameter("BY", value)):
        assert by_of((Parameter("BY", value),)) is not None


@pytest.mark.parametrize(
    ("value", "offered", "why"),
    [
        (b"60;R", None, "5.3.3 the letter is to be returned when late, and the server does not offer DELIVERBY"),
        (b"60;N", None, ""),
        (b"60;R", (), ""),
        (b"60;R", ("60",), ""),
        (b"60;R", ("61",), "5.3.3 the server wants 61 seconds, and 60 are left"),
        (b"60;N", ("61",), ""),
        (b"60;R", ("61,FUTURE=1",), "5.3.3 the server wants 61 seconds, and 60 are left"),
        (b"60;R", (",FUTURE",), ""),
        (b"60;R", ("9999999999",), ""),
        (b"60;R", ("\u0661",), ""),
    ],
)
def test_which_servers_a_letter_is_not_given_to(value: bytes, offered: tuple[str, ...] | None, why: str) -> None:
    """RFC 2852 section 4.1.4.1."""
    assert DELIVERBY.bars((Parameter("BY", value),), offered) == why
    assert DELIVERBY.bars((), offered) == ""


# Between hosts -----------------------------------------------------------------------------------------

A = Policy(
    "a", domain="a.example", mailboxes={"ann": "Ann"}, relays_for=("a.example",), extensions=("DSN", "DELIVERBY")
)
FAR = Policy("far", domain="far.example", mailboxes={"ada": "Ada"}, refusals={"carol": "mailbox-busy"})
BOTH, NONE, ONLY_DSN, ONLY_BY = ("DSN", "DELIVERBY"), (), ("DSN",), ("DELIVERBY",)


def hosts(*policies: Policy) -> Hosts:
    each = [Host(policy, server_dialect(policy, "rfc2821"), MemoryMailboxes(policy.domain)) for policy in policies]
    return Hosts(each, client_dialect(), now=NOW)


def commands(there: Hosts, domain: str) -> list[str]:
    log = [crossing.event for run in there.runs if run.server == domain for crossing in run.bench.log]
    return [event.octets.decode().rstrip() for event in log if event.kind == "command"]


def submit(there: Hosts, by: str, to: str = "carol", notify: str | None = None) -> None:
    recipient = Path(to.encode(), b"far.example")
    said = {} if notify is None else {recipient: (Parameter("NOTIFY", notify.encode()),)}
    parameters = (Parameter("BY", by.encode()),)
    there.submit("a.example", Delivery(ANN, (recipient,), LETTER, parameters=parameters, rcpt_parameters=said))
    there.run()


def told(there: Hosts) -> list[Read]:
    letters = there.hosts["a.example"].mailboxes.letters.get("ann", ())
    return [read_report(letter.content) for letter in letters]


def statuses(there: Hosts) -> list[tuple[str, str]]:
    return [(each.action, each.recipients[0]["Status"]) for each in told(there)]


@pytest.mark.parametrize(
    ("mode", "notify", "after_it"),
    [
        ("R", None, [("failed", "5.4.7")]),
        ("R", "FAILURE", [("failed", "5.4.7")]),
        ("R", "SUCCESS", []),
        ("R", "NEVER", []),
        ("N", None, [("delayed", "4.4.7")]),
        ("N", "DELAY", [("delayed", "4.4.7")]),
        ("N", "FAILURE", []),
        ("N", "NEVER", []),
    ],
)
def test_when_the_time_is_over(mode: str, notify: str | None, after_it: list[tuple[str, str]]) -> None:
    """RFC 2852 section 4.1.3, at that moment and not at the next try."""
    there = hosts(A, replace(FAR, extensions=BOTH))
    submit(there, f"600;{mode}", notify=notify)
    (queued,) = there.queues["a.example"]
    assert (queued.due, queued.wakes) == (NOW + 30 * MINUTE, NOW + 600)
    there.now = NOW + 599
    there.run()
    assert statuses(there) == []
    there.now = NOW + 600
    tried = len(commands(there, "far.example"))
    there.run()
    assert len(commands(there, "far.example")) == tried
    assert statuses(there) == after_it
    waiting = there.queues["a.example"]
    assert bool(waiting) == (mode == "N")
    if waiting:
        assert (waiting[0].due, waiting[0].wakes) == (NOW + 30 * MINUTE, NOW + 30 * MINUTE)
        there.now = NOW + 30 * MINUTE
        there.run()
        assert commands(there, "far.example")[-3] == "MAIL FROM:<ann@a.example> BY=-1200;N"
        assert statuses(there) == after_it
    if after_it:
        (report,) = told(there)
        assert report.letter["Deliver-By-Date"] == "Sun, 9 Sep 2001 01:56:40 +0000"
        assert report.letter["Arrival-Date"] == "Sun, 9 Sep 2001 01:46:40 +0000"
        assert ("Will-Retry-Until" in report.recipients[0]) == (mode == "N")


def test_a_letter_that_came_late_is_not_late_again() -> None:
    """Whoever had it when the time was over has told of it."""
    there = hosts(A, replace(FAR, extensions=BOTH))
    submit(there, "-5;N")
    assert statuses(there) == []
    assert "MAIL FROM:<ann@a.example> BY=-5;N" in commands(there, "far.example")
    (queued,) = there.queues["a.example"]
    assert queued.wakes == queued.due


def test_a_letter_is_tried_again_in_time() -> None:
    there = hosts(A, replace(FAR, extensions=BOTH))
    submit(there, "7200;R")
    there.now += RETRY_AFTER[0]
    there.run()
    assert [line for line in commands(there, "far.example") if line.startswith("MAIL")] == [
        "MAIL FROM:<ann@a.example> BY=7200;R",
        "MAIL FROM:<ann@a.example> BY=5400;R",
    ]


@pytest.mark.parametrize("extensions", [NONE, ONLY_DSN])
def test_what_is_to_be_returned_goes_to_no_host_that_does_not_know_it(extensions: tuple[str, ...]) -> None:
    """RFC 2852 section 4.1.4.1: undeliverable for permanent reasons."""
    there = hosts(A, replace(FAR, extensions=extensions))
    submit(there, "600;R", "ada")
    assert statuses(there) == [("failed", "5.3.3")]
    assert not any(line.startswith("MAIL") for line in commands(there, "far.example"))
    assert not any(there.queues.values())


@pytest.mark.parametrize(
    ("by", "extensions", "notify", "actions"),
    [
        # RFC 2852 section 4.1.4.2
        ("600;N", NONE, None, ["relayed"]),
        ("600;N", NONE, "FAILURE", ["relayed"]),
        ("600;N", NONE, "NEVER", []),
        ("600;N", ONLY_DSN, None, ["relayed"]),
        ("600;N", ONLY_DSN, "SUCCESS", ["relayed", "delivered"]),
        ("600;N", BOTH, None, []),
        ("600;N", ONLY_BY, None, []),
        ("600;N", ONLY_BY, "SUCCESS", ["relayed"]),
        ("-1;N", NONE, None, []),
        # a trace, section 4.1.4
        ("600;NT", BOTH, None, ["relayed"]),
        ("600;NT", BOTH, "DELAY", ["relayed"]),
        ("600;NT", BOTH, "NEVER", []),
        ("600;RT", BOTH, None, ["relayed"]),
        ("600;RT", BOTH, "SUCCESS", ["relayed", "delivered"]),
        ("600;R", BOTH, "SUCCESS", ["delivered"]),
    ],
)
def test_what_is_reported_of_a_letter_that_is_passed_on(
    by: str, extensions: tuple[str, ...], notify: str | None, actions: list[str]
) -> None:
    there = hosts(A, replace(FAR, extensions=extensions))
    submit(there, by, "ada", notify)
    assert sorted(each.action for each in told(there)) == sorted(actions)
    assert "ada" in there.hosts["far.example"].mailboxes.letters


@pytest.mark.parametrize(
    ("notify", "said"),
    [
        (None, " NOTIFY=FAILURE,DELAY"),
        ("FAILURE", " NOTIFY=FAILURE,DELAY"),
        ("SUCCESS", " NOTIFY=SUCCESS,DELAY"),
        ("DELAY", " NOTIFY=DELAY"),
        ("NEVER", " NOTIFY=NEVER"),
    ],
)
def test_word_of_delays_is_asked_for_where_the_time_is_not_known(notify: str | None, said: str) -> None:
    """RFC 2852 section 4.1.4.2."""
    for by, added in (("600;N", said), ("-1;N", "" if notify is None else f" NOTIFY={notify}")):
        there = hosts(A, replace(FAR, extensions=ONLY_DSN))
        submit(there, by, "ada", notify)
        assert f"RCPT TO:<ada@far.example>{added}" in commands(there, "far.example")


def test_a_host_that_calls_itself_relays_nothing() -> None:
    there = hosts(A)
    parameters = (Parameter("BY", b"600;NT"),)
    there.submit("a.example", Delivery(ANN, (ANN,), LETTER, parameters=parameters))
    there.run()
    (arrived,) = there.hosts["a.example"].mailboxes.letters["ann"]
    assert arrived.content == LETTER


def test_time_goes_by_at_a_relay() -> None:
    relay = Policy("relay", domain="relay.example", forwards={"x": "ada@far.example"}, extensions=ONLY_BY)
    there = hosts(A, relay, replace(FAR, extensions=ONLY_BY))
    there.submit(
        "a.example",
        Delivery(ANN, (Path(b"x", b"relay.example"),), LETTER, parameters=(Parameter("BY", b"90;R"),)),
    )
    there.now += 10.5
    there.run()
    assert "MAIL FROM:<ann@a.example> BY=79;R" in commands(there, "relay.example")
    assert "MAIL FROM:<ann@a.example> BY=79;R" in commands(there, "far.example")


def test_a_moment_can_be_taken_back() -> None:
    there = hosts(A, replace(FAR, extensions=BOTH))
    submit(there, "600;N")
    before = there.save()
    there.now += 600
    there.run()
    after = there.save()
    there.load(before)
    there.now += 600
    there.run()
    assert there.save() == after
