"""MT-PRIORITY (RFC 6710): what may be asked for, what is granted, and how a change or a refusal is told."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmtp_lab.bench import Bench, Host
from esmtp_lab.errors import DataError
from esmtp_lab.lab import Lab, client_dialect, server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.event import lines
from esmtp_lab.protocol.extension import Credentials
from esmtp_lab.protocol.policy import Policy, find_policy
from esmtp_lab.protocol.priority import LEVELS, level, parameter, priority_of
from esmtp_lab.protocol.server import ServerSession, stored
from esmtp_lab.protocol.trace import OF_1982, OF_2001
from esmtp_lab.tutor.play import play
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.path import Path
from esmtp_lab.wire.transcript import read

URGENT = find_policy("urgent")
HELLO = b"EHLO mua.example\r\n"
LOGIN = b"AUTH PLAIN AHpvZQBzZWNyZXQ=\r\n"
RCPT = b"RCPT TO:<ada@lab.example>\r\n"


def session(policy: Policy = URGENT, before: bytes = HELLO, era: str = "rfc2821") -> ServerSession:
    made = ServerSession(server_dialect(policy, era), policy)
    made.start()
    made.receive(before)
    made.take()
    return made


def mail(parameters: str, policy: Policy = URGENT, before: bytes = HELLO, era: str = "rfc2821") -> tuple[str, object]:
    """What MAIL with parameters is answered, and the priority that the letter has."""
    server = session(policy, before, era)
    server.receive(f"MAIL FROM:<me@me.example>{parameters}\r\n".encode())
    return server.take().decode().removesuffix("\r\n"), server.envelope.priority


# The examples of RFC 6710 section 8 ------------------------------------------------------------------

SUBMISSION = """
S: 220
C: EHLO mua.example.com
S: 250-example.com greets mua.example.com
S: 250-AUTH SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN
S: 250-ENHANCEDSTATUSCODES
S: 250 MT-PRIORITY{policy}
C: AUTH PLAIN AHpvZQBzZWNyZXQ=
S: 235 2.7.0 Authentication successful
C: MAIL FROM:<eljefe@example.com>{parameter}
S: 250 {answer}
C: RCPT TO:<topbanana@example.net>
S: 250 2.1.5 Recipient <topbanana@example.net> ok
C: RCPT TO:<Dana@Ivory.example.net>
S: 250 2.1.5 Recipient <Dana@Ivory.example.net> ok
C: DATA
S: 354
C: (message goes here)
C: .
S: 250
C: QUIT
S: 221
"""
NAMED = {"policy": " MIXER", "parameter": " MT-PRIORITY=3", "answer": "2.1.0 Sender <eljefe@example.com> ok"}
GIVEN = {"policy": "", "parameter": "", "answer": "2.3.6 3 is the new priority assigned to the letter"}
MSA = Policy(
    domain="example.com",
    extensions=("AUTH", "ENHANCEDSTATUSCODES", "MT-PRIORITY"),
    accept="any",
    passwords={"zoe": "secret"},
    clear_text=True,
)


@pytest.mark.parametrize(
    ("changes", "filled"), [({"priorities": "MIXER"}, NAMED), ({"usual_priority": 3}, GIVEN)], ids=["named", "given"]
)
def test_a_submission_of_the_standard(changes: dict, filled: dict) -> None:
    """With PLAIN for SCRAM-SHA-1, and without what DSN and DELIVERBY add to the lines. Where the server gives the
    priority, the standard has the new number behind the content, and we have it behind MAIL."""
    lab = Lab(policy=replace(MSA, **changes))
    entries = read(line.encode() for line in SUBMISSION.format(**filled).strip().split("\n"))
    assert [played.mismatch for played in play(lab.bench, entries) if played.mismatch] == []
    (letter,) = lab.mailboxes.letters["topbanana@example.net"]
    assert letter.envelope.priority == 3
    assert (b" with ESMTPA PRIORITY 3; " in letter.received("example.com")) == (filled is NAMED)


def test_the_client_says_what_the_standard_has() -> None:
    policy = replace(MSA, priorities="MIXER")
    bench = Bench(Host(policy, server_dialect(policy, "rfc2821"), MemoryMailboxes(policy.domain)), client_dialect())
    bench.start()
    to = (Path(b"topbanana", b"example.net"), Path(b"Dana", b"Ivory.example.net"))
    bench.deliver(
        Delivery(
            Path(b"eljefe", b"example.com"),
            to,
            b"(message goes here)\r\n",
            "mua.example.com",
            login=Credentials("zoe", "secret"),
            parameters=(parameter(3),),
        )
    )
    assert all(outcome.accepted for outcome in bench.delivery.outcomes)
    said = [each.event.octets for each in bench.log if each.event.octets.startswith(b"MAIL")]
    assert said == [b"MAIL FROM:<eljefe@example.com> MT-PRIORITY=3\r\n"]


def test_the_relay_of_the_standard() -> None:
    """The server offers STANAG4406, takes 3 as it stands, and handles it as 4."""
    policy = Policy(
        domain="example.net", extensions=("MT-PRIORITY",), priorities="STANAG4406", trusted=("example.com",)
    )
    server = session(policy, b"EHLO example.com\r\n")
    server.receive(b"MAIL FROM:<eljefe@example.com> MT-PRIORITY=3\r\n")
    assert server.take() == b"250 Sender <eljefe@example.com> ok\r\n"
    assert (server.envelope.priority, level(policy.priorities, 3)) == (3, 4)


# Values ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(-9, 10))
def test_each_of_the_nineteen_is_taken(number: int) -> None:
    said, priority = mail(f" MT-PRIORITY={number}", replace(URGENT, lowest_priority=-9), HELLO + LOGIN)
    assert (said[:9], priority) == ("250 2.1.0", number)
    assert mail(f" mt-priority={number}", replace(URGENT, lowest_priority=-9), HELLO + LOGIN)[1] == number


@pytest.mark.parametrize(
    "value",
    [
        *("10", "-10", "+3", "-0", "00", "03", "-03", "3.0", "1e1", "--3", "-", "3-", "0x3", "high", "3,4", "999"),
        *("9" * 400, "\u0663"),
    ],
)
def test_what_is_no_priority_is_refused(value: str) -> None:
    said, priority = mail(f" MT-PRIORITY={value}")
    assert said[:4] in ("501 ", "500 ")
    assert priority is None


@pytest.mark.parametrize(
    "parameters", [" MT-PRIORITY", " MT-PRIORITY=", " MT-PRIORITY=1 MT-PRIORITY=1", " MT-PRIORITY=1 mt-priority=2"]
)
def test_what_is_written_wrongly_is_refused(parameters: str) -> None:
    """RFC 6710 section 4.1: 501, and no transaction."""
    server = session()
    before = server.position
    server.receive(f"MAIL FROM:<me@me.example>{parameters}\r\n".encode())
    assert server.take().startswith(b"501 5.5.4")
    assert server.position == before


@pytest.mark.parametrize(
    ("before", "era", "code"),
    [
        (b"HELO me.example\r\n", "rfc1869", 555),
        (b"HELO me.example\r\n", "rfc2821", 501),
        (b"HELO me.example\r\n", "rfc5321", 555),
    ],
)
def test_what_was_not_offered_is_refused(before: bytes, era: str, code: int) -> None:
    assert mail(" MT-PRIORITY=-1", before=before, era=era)[0].startswith(str(code))
    assert mail(" MT-PRIORITY=-1", find_policy("lab"), HELLO, era)[0].startswith(str(code))


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="="), max_size=20))
def test_any_value_is_taken_or_refused_and_never_guessed(value: str) -> None:
    said, priority = mail(f" MT-PRIORITY={value}", replace(URGENT, lowest_priority=-9), HELLO + LOGIN)
    if re.fullmatch("-?[1-9]|0", value):
        assert (said[:4], priority) == ("250 ", int(value))
    else:
        assert (said[:4], priority) == ("501 ", None)


# What is granted -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "changes", "before", "answer", "priority"),
    [
        # nobody raises a priority but whom the host trusts
        (" MT-PRIORITY=3", {}, HELLO, "250 2.3.6 0 is the new priority assigned to the letter", 0),
        (" MT-PRIORITY=1", {}, HELLO, "250 2.3.6 0 is the new priority assigned to the letter", 0),
        (" MT-PRIORITY=3", {}, HELLO + LOGIN, "250 2.1.0 Sender <me@me.example> ok", 3),
        (" MT-PRIORITY=3", {"trusted": ("mua.example",)}, HELLO, "250 2.1.0 Sender <me@me.example> ok", 3),
        (" MT-PRIORITY=3", {"trusted": ("*",)}, HELLO, "250 2.1.0 Sender <me@me.example> ok", 3),
        (" MT-PRIORITY=3", {"trusted": ("else.example",)}, HELLO, "250 2.3.6 0 is the new", 0),
        # anybody lowers their own
        (" MT-PRIORITY=-3", {}, HELLO, "250 2.1.0 Sender <me@me.example> ok", -3),
        (" MT-PRIORITY=0", {}, HELLO, "250 2.1.0 Sender <me@me.example> ok", 0),
        ("", {}, HELLO, "250 2.1.0 Sender <me@me.example> ok", 0),
        # the host's own policy
        ("", {"usual_priority": 3}, HELLO, "250 2.3.6 3 is the new", 3),
        ("", {"usual_priority": -2}, HELLO, "250 2.3.6 -2 is the new", -2),
        (" MT-PRIORITY=0", {"usual_priority": 3}, HELLO, "250 2.1.0 Sender", 0),
        (" MT-PRIORITY=9", {"usual_priority": 3}, HELLO, "250 2.3.6 3 is the new", 3),
        (" MT-PRIORITY=3", {"usual_priority": 3}, HELLO, "250 2.1.0 Sender", 3),
        (" MT-PRIORITY=9", {"highest_priority": 5}, HELLO + LOGIN, "250 2.3.6 5 is the new", 5),
        ("", {"usual_priority": 3, "highest_priority": -1}, HELLO, "250 2.3.6 -1 is the new", -1),
        # too low
        (
            " MT-PRIORITY=-5",
            {},
            HELLO,
            "550 5.7.15 Priority -5 is too low: letters are taken from priority -4 up",
            None,
        ),
        (
            " MT-PRIORITY=-5",
            {"below_lowest": "priority-low-now"},
            HELLO,
            "450 4.7.15 Priority -5 is too low just",
            None,
        ),
        ("", {"lowest_priority": 1}, HELLO, "550 5.7.15 Priority 0 is too low", None),
        (" MT-PRIORITY=9", {"lowest_priority": 1}, HELLO, "550 5.7.15 Priority 0 is too low", None),
        (" MT-PRIORITY=9", {"lowest_priority": 1}, HELLO + LOGIN, "250 2.1.0 Sender", 9),
        # too large for its priority; 5 and 6 are one level of STANAG4406
        (" SIZE=4097 MT-PRIORITY=6", {}, HELLO + LOGIN, "552 5.7.16 The letter is larger than the 4096 octets", None),
        (" MT-PRIORITY=5 SIZE=4097", {}, HELLO + LOGIN, "552 5.7.16 The letter", None),
        (" MT-PRIORITY=9 SIZE=4097", {}, HELLO + LOGIN, "552 5.7.16 The letter", None),
        (" SIZE=4096 MT-PRIORITY=6", {}, HELLO + LOGIN, "250 2.1.0", 6),
        (" SIZE=4097 MT-PRIORITY=4", {}, HELLO + LOGIN, "250 2.1.0", 4),
        (" SIZE=4097 MT-PRIORITY=6", {}, HELLO, "250 2.3.6 0 is the new", 0),
        # a parameter that cannot be had just now
        (" MT-PRIORITY=3", {"not_now": ("MT-PRIORITY",)}, HELLO, "451 4.5.4", None),
    ],
)
def test_what_priority_a_letter_has(
    parameters: str, changes: dict, before: bytes, answer: str, priority: int | None
) -> None:
    said, found = mail(parameters, replace(URGENT, **changes), before)
    assert said.startswith(answer)
    assert found == priority


def test_a_letter_that_turns_out_too_large_for_its_priority() -> None:
    server = session(before=HELLO + LOGIN + b"MAIL FROM:<me@me.example> MT-PRIORITY=6\r\n" + RCPT + b"DATA\r\n")
    server.receive(b"x" * 4095 + b"\r\n.\r\n")
    assert server.take().startswith(b"552 5.7.16 The letter is larger than the 4096 octets that one of priority 6")
    assert server.letter is None
    server.receive(b"MAIL FROM:<me@me.example> MT-PRIORITY=4\r\n" + RCPT + b"DATA\r\n" + b"x" * 4095 + b"\r\n.\r\n")
    assert server.letter is not None


def test_a_priority_is_not_remembered() -> None:
    server = session(before=HELLO + LOGIN + b"MAIL FROM:<me@me.example> MT-PRIORITY=3\r\n")
    moment = server.save()
    server.receive(RCPT)
    assert server.envelope.priority == 3
    server.receive(b"RSET\r\nMAIL FROM:<me@me.example>\r\n")
    assert server.envelope.priority == 0
    server.load(moment)
    assert (server.save(), server.envelope.priority) == (moment, 3)


def test_without_enhanced_codes_the_words_tell_it_all_the_same() -> None:
    bare = replace(URGENT, extensions=("AUTH", "MT-PRIORITY"))
    assert mail(" MT-PRIORITY=3", bare)[0] == "250 0 is the new priority assigned to the letter"


def test_a_host_without_it_determines_nothing() -> None:
    assert mail("", find_policy("lab"))[1] is None


def test_the_line_of_mail_may_be_longer_by_15_octets() -> None:
    """RFC 6710 section 3."""
    bare = replace(URGENT, extensions=("MT-PRIORITY",), accept="any")
    for octets, code in ((527, b"250"), (528, b"500")):
        server = session(bare)
        line = b"MAIL FROM:<me@me.example> MT-PRIORITY=-4"
        server.receive(line + b" " * (octets - len(line) - 2) + b"\r\n")
        assert server.take()[:3] == code


# Levels ----------------------------------------------------------------------------------------------


def test_the_levels_are_those_of_the_appendices() -> None:
    assert LEVELS == {"STANAG4406": (-4, -2, 0, 2, 4, 6), "MIXER": (-4, 0, 4), "NSEP": (-2, 0, 2, 4, 6)}
    assert [level("STANAG4406", each) for each in (-9, -4, -3, -1, 0, 1, 5, 6, 7, 9)] == [
        *(-4, -4, -2, 0, 0, 2, 6, 6, 6, 6),
    ]
    # a host that names no policy has MIXER (RFC 6710 section 9.2)
    assert [level("", each) for each in range(-9, 10)] == [level("MIXER", each) for each in range(-9, 10)]


@given(st.sampled_from(sorted(LEVELS)), st.integers(-9, 9), st.integers(-9, 9))
def test_rounding_keeps_the_order(policy: str, one: int, other: int) -> None:
    assert (level(policy, one) <= level(policy, other)) or one > other
    assert level(policy, one) in LEVELS[policy]
    assert level(policy, one) >= min(one, LEVELS[policy][-1])


def test_the_parameter_both_ways() -> None:
    assert [priority_of([Parameter("SIZE", b"1"), parameter(each)]) for each in range(-9, 10)] == [*range(-9, 10)]
    assert priority_of([Parameter("SIZE", b"1")]) is None
    assert parameter(-9).render() == b"MT-PRIORITY=-9"


# The time stamp line ---------------------------------------------------------------------------------


def test_the_clause_stands_last_before_the_date() -> None:
    """RFC 6710 section 7, RFC 5321 section 4.4: behind `with`, and a space before it."""
    for form, separator in ((OF_2001, b"; "), (OF_1982, b" ; ")):
        line = form.received("a", "", "b", "ESMTP", 0.0, " PRIORITY -3")
        assert b" with ESMTP PRIORITY -3" + separator in line


def test_the_clause_is_in_the_letter_that_is_stored() -> None:
    lab = Lab(policy="urgent")
    lab.deliver(
        Delivery(Path(b"me", b"me.example"), (Path(b"ada", b"lab.example"),), b"x\r\n", parameters=(parameter(5),))
    )
    (letter,) = lab.mailboxes.letters["ada"]
    assert letter.envelope.priority == 0
    assert b" PRIORITY 5; " in letter.delivered("lab.example")
    answered = stored(letter, ("ada",))
    assert answered.key == "stored"
    shown = [lab.annotate(event) for each in lab.bench.log for event in lines(each.event)]
    assert any(citation.rule.id == "rfc6710:4.1/priority-not-raised" for each in shown for citation in each.citations)


# Policies --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('priorities = "HIGH"', "priorities is one of MIXER, STANAG4406, NSEP, not 'HIGH'"),
        ("usual_priority = 10", "usual_priority is from -9 to 9"),
        ("lowest_priority = -10", "lowest_priority is from -9 to 9"),
        ('below_lowest = "ok"', "below_lowest is one of priority-too-low, priority-low-now, not 'ok'"),
        ("priority_sizes = { 6 = -1 }", "priority_sizes has a number for '6', not -1"),
        ("priority_sizes = { 5 = 100 }", "priority_sizes has no level 5 under MIXER; there are -4, 0, 4"),
        ('priorities = "NSEP"\npriority_sizes = { -4 = 100 }', "has no level -4 under NSEP; there are -2, 0, 2, 4, 6"),
    ],
)
def test_a_policy_that_cannot_be(tmp_path, text: str, why: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f"version = 1\n{text}\n")
    with pytest.raises(DataError, match=re.escape(why)):
        find_policy(str(file))
