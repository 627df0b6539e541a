"""The examples of the standards, played by both ends: RFC 821 F, RFC 1869 sections 4 and 8, RFC 2821 appendix D.

Codes are the standard's, texts are ours; what the envelope holds on the way and what is stored in the end is checked.
What cannot be played as it is printed, and why:

* RFC 821 scenario 7, steps 1 and 2: the lists have members on other hosts and behind source routes. A list here names
  mailboxes of its own host, so as many people of that host answer instead.
* RFC 821 scenario 7, step 3: RCPT is printed on two lines, for the width of the page, and one mailbox is spelt
  otherwise than in step 1.
* RFC 821 scenario 9, step 2: the reply to RCPT has no code; 250 is meant.
* RFC 821 scenario 10: 552 comes after one recipient, against the 100 of section 4.5.3, as the note below it says. It is
  played in an era that allows one.
* RFC 1869 section 8, example 2: XONE and XVRB are local to that host; XPONG stands for them.
* RFC 2821 D.1 to D.4: SIZE has no number. D.4 lists VRFY where D.1 to D.3 do not, and uses SEND without listing it,
  against appendix F.6; the host here lists SEND and not VRFY.
"""

from dataclasses import replace

import pytest

from esmtp_lab.bench import Bench, Host
from esmtp_lab.lab import Lab, client_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.policy import Policy, terminal
from esmtp_lab.tutor.play import play
from esmtp_lab.wire.path import Path
from esmtp_lab.wire.transcript import read

BLAH = "C: Blah blah blah...\nC: ...etc. etc. etc.\nC: .\nS: 250"
STUFFED = b"Blah blah blah...\r\n..etc. etc. etc.\r\n"
"""The second line begins with a dot, which the scenarios send as it stands: transparency takes the first one away."""


def path(text: str) -> Path:
    """A path from a mailbox."""
    local, _, domain = text.partition("@")
    return Path(local.encode(), domain.encode())


def letters(lab: Lab) -> dict[str, list[tuple[str, str]]]:
    """Where letters went: the reverse-path and the client's name of each."""
    return {
        box: [(letter.envelope.reverse_path.render().decode(), letter.client) for letter in found]
        for box, found in lab.mailboxes.letters.items()
    }


# RFC 821 appendix F ------------------------------------------------------------------------------

BBN = Policy(domain="BBN-UNIX.ARPA", mailboxes={"Jones": "Jones", "Brown": "Brown"})
MULTICS = Policy(domain="MIT-Multics.ARPA", mailboxes={"Jones": "Jones"})
ISIE = Policy(domain="USC-ISIE.ARPA", relays_for=("MIT-AI.ARPA", "SU-SCORE.ARPA"))
VAX = Policy(domain="BBN-VAX.ARPA", mailboxes={"Jones": "Jones"})
SCORE = Policy(
    domain="SU-SCORE.ARPA",
    mailboxes={"Admin.MRC": "Mark Crispin"},
    extensions=("SEND", "SOML", "SAML"),
)
ISIF = Policy(domain="USC-ISIF.ARPA", forwards={"fred": "Jones@USC-ISI.ARPA"})
ISI = Policy(domain="USC-ISI.ARPA", mailboxes={"Jones": "Jones"})
BERKELEY = Policy(domain="BERKELEY.ARPA", mailboxes={"fabry": "Fabry", "eric": "Eric"})


def test_scenario_1_a_typical_transaction(plays):
    lab = plays(
        f"""
S: 220 BBN-UNIX.ARPA Simple Mail Transfer Service Ready
C: HELO USC-ISIF.ARPA
S: 250 BBN-UNIX.ARPA
C: MAIL FROM:<Smith@USC-ISIF.ARPA>
S: 250 OK
> reverse-path=<Smith@USC-ISIF.ARPA>
C: RCPT TO:<Jones@BBN-UNIX.ARPA>
S: 250 OK
C: RCPT TO:<Green@BBN-UNIX.ARPA>
S: 550
C: RCPT TO:<Brown@BBN-UNIX.ARPA>
S: 250 OK
> recipients=2
C: DATA
S: 354 Start mail input; end with <CRLF>.<CRLF>
{BLAH}
> recipients=0
C: QUIT
S: 221 BBN-UNIX.ARPA Service closing transmission channel
> client=closed
""",
        era="rfc821",
        policy=BBN,
    )
    smith = [("<Smith@USC-ISIF.ARPA>", "USC-ISIF.ARPA")]
    assert letters(lab) == {"Jones": smith, "Brown": smith}
    assert {letter.content for (letter,) in lab.mailboxes.letters.values()} == {STUFFED}


def test_scenario_2_an_aborted_transaction(plays):
    lab = plays(
        """
S: 220 MIT-Multics.ARPA Simple Mail Transfer Service Ready
C: HELO ISI-VAXA.ARPA
S: 250 MIT-Multics.ARPA
C: MAIL FROM:<Smith@ISI-VAXA.ARPA>
S: 250 OK
C: RCPT TO:<Jones@MIT-Multics.ARPA>
S: 250 OK
C: RCPT TO:<Green@MIT-Multics.ARPA>
S: 550
> recipients=1
C: RSET
S: 250 OK
> recipients=0
> reverse-path=
C: QUIT
S: 221 MIT-Multics.ARPA Service closing transmission channel
""",
        era="rfc821",
        policy=MULTICS,
    )
    assert lab.mailboxes.letters == {}


MEETING = """\
C: Date: 2 Nov 81 22:33:44
C: From: John Q. Public <JQP@MIT-AI.ARPA>
C: Subject:  The Next Meeting of the Board
C: To: Jones@BBN-Vax.ARPA
C:
C: Bill:
C: The next meeting of the board of directors will be
C: on Tuesday.
C:                                              John.
C: .
S: 250"""
RECEIVED = "C: Received: from MIT-AI.ARPA by USC-ISIE.ARPA ;\nC:    2 Nov 81 22:40:10 UT\n"


def content_of(transcript: str) -> bytes:
    """The content in a transcript, dots unstuffed."""
    lines = [line.removeprefix("C:").removeprefix(" ") for line in transcript.split("\n") if line.startswith("C:")]
    return "".join(f"{line}\r\n" for line in lines[:-1]).encode()


def test_scenario_3_relayed_mail(plays):
    relay = plays(
        f"""
S: 220 USC-ISIE.ARPA Simple Mail Transfer Service Ready
C: HELO MIT-AI.ARPA
S: 250 USC-ISIE.ARPA
C: MAIL FROM:<JQP@MIT-AI.ARPA>
S: 250 OK
C: RCPT TO:<@USC-ISIE.ARPA:Jones@BBN-VAX.ARPA>
S: 250
> recipients=1
C: DATA
S: 354
{MEETING}
C: QUIT
S: 221
""",
        era="rfc821",
        policy=ISIE,
    )
    assert letters(relay) == {"Jones@BBN-VAX.ARPA": [("<JQP@MIT-AI.ARPA>", "MIT-AI.ARPA")]}
    end = plays(
        f"""
S: 220 BBN-VAX.ARPA Simple Mail Transfer Service Ready
C: HELO USC-ISIE.ARPA
S: 250 BBN-VAX.ARPA
C: MAIL FROM:<@USC-ISIE.ARPA:JQP@MIT-AI.ARPA>
S: 250 OK
> reverse-path=<@USC-ISIE.ARPA:JQP@MIT-AI.ARPA>
C: RCPT TO:<Jones@BBN-VAX.ARPA>
S: 250 OK
C: DATA
S: 354
{RECEIVED}{MEETING}
C: QUIT
S: 221
""",
        era="rfc821",
        policy=VAX,
    )
    assert letters(end) == {"Jones": [("<@USC-ISIE.ARPA:JQP@MIT-AI.ARPA>", "USC-ISIE.ARPA")]}
    (sent,), (arrived,) = relay.mailboxes.letters["Jones@BBN-VAX.ARPA"], end.mailboxes.letters["Jones"]
    assert sent.content == content_of(MEETING)
    assert arrived.content == content_of(RECEIVED + MEETING)


VERIFIED = """
S: 220 SU-SCORE.ARPA Simple Mail Transfer Service Ready
C: HELO MIT-MC.ARPA
S: 250 SU-SCORE.ARPA
C: VRFY Crispin
S: 250 Mark Crispin <Admin.MRC@SU-SCORE.ARPA>
"""
EAK = [("<EAK@MIT-MC.ARPA>", "MIT-MC.ARPA")]


def test_scenario_4_verifying_and_sending(plays):
    lab = plays(
        f"""{VERIFIED}
C: SEND FROM:<EAK@MIT-MC.ARPA>
S: 250 OK
C: RCPT TO:<Admin.MRC@SU-SCORE.ARPA>
S: 250 OK
C: DATA
S: 354
{BLAH}
C: QUIT
S: 221 SU-SCORE.ARPA Service closing transmission channel
""",
        era="rfc821",
        policy=replace(SCORE, terminals={"Admin.MRC": "on"}),
    )
    assert letters(lab) == {terminal("Admin.MRC"): EAK}


@pytest.mark.parametrize("presence", ["off", "refusing"])
def test_scenario_5_sending_and_then_mailing(plays, presence):
    lab = plays(
        f"""{VERIFIED}
C: SEND FROM:<EAK@MIT-MC.ARPA>
S: 250 OK
C: RCPT TO:<Admin.MRC@SU-SCORE.ARPA>
S: 450
> recipients=0
C: RSET
S: 250 OK
C: MAIL FROM:<EAK@MIT-MC.ARPA>
S: 250 OK
C: RCPT TO:<Admin.MRC@SU-SCORE.ARPA>
S: 250 OK
C: DATA
S: 354
{BLAH}
C: QUIT
S: 221
""",
        era="rfc821",
        policy=replace(SCORE, terminals={"Admin.MRC": presence}),
    )
    assert letters(lab) == {"Admin.MRC": EAK}


@pytest.mark.parametrize(("presence", "place"), [("off", "Admin.MRC"), ("on", terminal("Admin.MRC"))])
def test_scenario_6_the_same_more_efficiently(plays, presence, place):
    lab = plays(
        f"""{VERIFIED}
C: SOML FROM:<EAK@MIT-MC.ARPA>
S: 250 OK
C: RCPT TO:<Admin.MRC@SU-SCORE.ARPA>
S: 250
C: DATA
S: 354
{BLAH}
C: QUIT
S: 221
""",
        era="rfc821",
        policy=replace(SCORE, terminals={"Admin.MRC": presence}),
    )
    assert letters(lab) == {place: EAK}


@pytest.mark.parametrize(
    ("host", "name", "people"),
    [
        ("MIT-AI.ARPA", "Example-People", ["Fred Fonebone", "Xenon Y. Zither", "Quincy Smith", "A", "B", "C"]),
        ("MIT-MC.ARPA", "Interested-Parties", ["Al Calico", "Quincy Smith", "A", "B", "C"]),
    ],
)
def test_scenario_7_expanding_the_lists(plays, host, name, people):
    boxes = {f"box{number}": person for number, person in enumerate(people)}
    lines = [f"250-{person} <{box}@{host}>" for box, person in boxes.items()]
    lines[-1] = lines[-1].replace("250-", "250 ")
    plays(
        f"S: 220\nC: HELO SU-SCORE.ARPA\nS: 250\nC: EXPN {name}\n"
        + "".join(f"S: {line}\n" for line in lines)
        + f"C: QUIT\nS: 221 {host} Service closing transmission channel",
        era="rfc821",
        policy=Policy(domain=host, mailboxes=boxes, lists={name: tuple(boxes)}, extensions=("EXPN",)),
    )


def test_scenario_7_mailing_to_all_by_a_relay(plays):
    everyone = [
        "@USC-ISIE.ARPA:ABC@MIT-MC.ARPA",
        "@USC-ISIE.ARPA:Fonebone@USC-ISIQA.ARPA",
        "@USC-ISIE.ARPA:XYZ@MIT-AI.ARPA",
        "@USC-ISIE.ARPA,@USC-ISIF.ARPA:Q-Smith@ISI-VAXA.ARPA",
        "@USC-ISIE.ARPA:joe@FOO-UNIX.ARPA",
        "@USC-ISIE.ARPA:xyz@BAR-UNIX.ARPA",
        "@USC-ISIE.ARPA:fred@BBN-UNIX.ARPA",
    ]
    lab = plays(
        "C: HELO SU-SCORE.ARPA\nS: 250\nC: MAIL FROM:<Account.Person@SU-SCORE.ARPA>\nS: 250\n"
        + "".join(f"C: RCPT TO:<{each}>\nS: 250\n" for each in everyone)
        + f"> recipients=7\nC: DATA\nS: 354\n{BLAH}\nC: QUIT\nS: 221",
        era="rfc821",
        policy=ISIE,
    )
    account = [("<Account.Person@SU-SCORE.ARPA>", "SU-SCORE.ARPA")]
    assert letters(lab) == {each.rpartition(":")[2]: account for each in everyone}
    (letter,) = lab.mailboxes.letters["Q-Smith@ISI-VAXA.ARPA"]
    assert [each.route for each in letter.envelope.forward_paths[3:4]] == [(b"USC-ISIE.ARPA", b"USC-ISIF.ARPA")]


TRIED = """
S: 220 USC-ISIF.ARPA Simple Mail Transfer Service Ready
C: HELO LBL-UNIX.ARPA
S: 250 USC-ISIF.ARPA
C: MAIL FROM:<mo@LBL-UNIX.ARPA>
S: 250 OK
C: RCPT TO:<fred@USC-ISIF.ARPA>
S: 251 User not local; will forward to <Jones@USC-ISI.ARPA>
> recipients=1
"""
MO = [("<mo@LBL-UNIX.ARPA>", "LBL-UNIX.ARPA")]


def test_scenario_8_forwarding(plays):
    lab = plays(f"{TRIED}\nC: DATA\nS: 354\n{BLAH}\nC: QUIT\nS: 221", era="rfc821", policy=ISIF)
    assert letters(lab) == {"Jones@USC-ISI.ARPA": MO}


def test_scenario_9_delivering_at_the_second_host(plays):
    first = plays(f"{TRIED}\nC: RSET\nS: 250 OK\n> recipients=0\nC: QUIT\nS: 221", era="rfc821", policy=ISIF)
    assert letters(first) == {}
    second = plays(
        f"""
S: 220 USC-ISI.ARPA Simple Mail Transfer Service Ready
C: HELO LBL-UNIX.ARPA
S: 250 USC-ISI.ARPA
C: MAIL FROM:<mo@LBL-UNIX.ARPA>
S: 250 OK
C: RCPT TO:<Jones@USC-ISI.ARPA>
S: 250 OK
C: DATA
S: 354
{BLAH}
C: QUIT
S: 221 USC-ISI.ARPA Service closing transmission channel
""",
        era="rfc821",
        policy=ISI,
    )
    assert letters(second) == {"Jones": MO}


def test_scenario_10_too_many_recipients():
    """In an era that allows one recipient, so that the second is one too many."""
    host = Host(BERKELEY, Dialect(replace(ERAS["rfc821"], recipients=1)), MemoryMailboxes(BERKELEY.domain))
    bench = Bench(host, client_dialect("rfc821"))
    bench.start()
    transcript = f"""
C: HELO USC-ISIF.ARPA
S: 250 BERKELEY.ARPA
C: MAIL FROM:<Postel@USC-ISIF.ARPA>
S: 250 OK
C: RCPT TO:<fabry@BERKELEY.ARPA>
S: 250 OK
C: RCPT TO:<eric@BERKELEY.ARPA>
S: 552
> recipients=1
C: DATA
S: 354
{BLAH}
C: MAIL FROM:<Postel@USC-ISIF.ARPA>
S: 250 OK
C: RCPT TO:<eric@BERKELEY.ARPA>
S: 250 OK
C: DATA
S: 354
{BLAH}
C: QUIT
S: 221 BERKELEY.ARPA Service closing transmission channel
"""
    entries = read(line.encode() for line in transcript.strip().split("\n"))
    assert [played.mismatch for played in play(bench, entries) if played.mismatch] == []
    assert {box: len(found) for box, found in host.mailboxes.letters.items()} == {"fabry": 1, "eric": 1}


# RFC 1869 ----------------------------------------------------------------------------------------

DBC = Policy(domain="dbc.mtview.ca.us", mailboxes={"mrose": "Marshall Rose"})
LETTER = Delivery(path("ned@ymir.claremont.edu"), (path("mrose@dbc.mtview.ca.us"),), b"x\r\n", "ymir.claremont.edu")


def delivered(policy: Policy, era: str = "rfc1869", letter: Delivery = LETTER) -> tuple[Lab, list[str]]:
    """What our client says by itself to such a server, QUIT left out, and the lab that they said it in."""
    lab = Lab(era, client_era="rfc1869", policy=policy, clock=lambda: 0.0)
    lab.deliver(letter)
    said = [each.client for each in lab.bench.log if each.client and each.speaker == "client"]
    return lab, [event.to for event in said if event.kind == "command" and event.to != "QUIT"]


def test_usage_1_only_what_is_mandatory(plays):
    plays(
        "S: 220\nC: EHLO ymir.claremont.edu\nS: 250 dbc.mtview.ca.us greets ymir.claremont.edu\n> offered=\n"
        "C: VRFY mrose\nS: 250\nC: EXPN mrose\nS: 502\nC: HELP\nS: 502",
        era="rfc1869",
        policy=DBC,
    )


def test_usage_2_what_else_there_is(plays):
    policy = replace(DBC, extensions=("EXPN", "HELP", "8BITMIME", "XPONG"))
    plays(
        """
S: 220
C: EHLO ymir.claremont.edu
S: 250-dbc.mtview.ca.us greets ymir.claremont.edu
S: 250-EXPN
S: 250-HELP
S: 250-8BITMIME
S: 250 XPONG
> offered=EXPN,HELP,8BITMIME,XPONG
C: HELP
S: 214
C: XPING hello
S: 250
C: MAIL FROM:<ned@ymir.claremont.edu> BODY=8BITMIME XTRACE=1
S: 250
> reverse-path=<ned@ymir.claremont.edu>
""",
        era="rfc1869",
        policy=policy,
    )


def test_usage_3_a_server_without_extensions(plays):
    plays(
        "S: 220\nC: EHLO ymir.claremont.edu\nS: 500\n> server=initial\n> offered=\nC: HELO ymir.claremont.edu\nS: 250",
        era="rfc821",
        policy=DBC,
    )
    lab, said = delivered(DBC, "rfc821")
    assert said == ["EHLO", "HELO", "MAIL", "RCPT", "DATA"]
    assert letters(lab) == {"mrose": [("<ned@ymir.claremont.edu>", "ymir.claremont.edu")]}


@pytest.mark.parametrize(
    ("section", "situation", "code"),
    [
        ("4.2", "ehlo-refused", 550),
        ("4.2", "ehlo-parameter", 504),
        ("4.4", "ehlo-failed", 554),
        ("4.5", "argument-syntax", 501),
        ("4.5", "command-not-implemented", 502),
        ("4.6", "command-unknown", 500),
    ],
)
def test_after_a_failure_the_client_says_helo(plays, section, situation, code):
    policy = replace(DBC, answers={"EHLO": situation})
    plays(
        f"C: EHLO ymir.claremont.edu\nS: {code}\n> server=initial\n> client=initial\n> offered=\n"
        "C: HELO ymir.claremont.edu\nS: 250\n> server=ready",
        era="rfc1869",
        policy=policy,
    )
    plays(f"C: EHLO ymir.claremont.edu\nS: {code}\nC: QUIT\nS: 221", era="rfc1869", policy=policy)
    lab, said = delivered(policy)
    assert said == ["EHLO", "HELO", "MAIL", "RCPT", "DATA"]
    assert list(lab.mailboxes.letters) == ["mrose"]


def test_4_2_a_second_ehlo_or_helo_is_out_of_sequence(plays):
    plays(
        "C: EHLO ymir.claremont.edu\nS: 250\nC: EHLO ymir.claremont.edu\nS: 503\n"
        "C: HELO ymir.claremont.edu\nS: 503\n> server=ready",
        era="rfc1869",
        policy=DBC,
    )


def test_4_5_the_service_is_no_longer_available(plays):
    policy = replace(DBC, answers={"EHLO": "shutting-down"})
    plays("C: EHLO ymir.claremont.edu\nS: 421\n> server=closed\n> client=closed", era="rfc1869", policy=policy)
    lab, said = delivered(policy)
    assert said == ["EHLO"]
    assert [outcome.temporary for outcome in lab.bench.delivery.outcomes] == [True]


def test_4_7_a_server_that_disconnects_at_once():
    """The client opens a new channel and uses HELO, as the operation needs no extension."""
    lab, said = delivered(replace(DBC, answers={"EHLO": "hang-up"}))
    assert said == ["EHLO", "HELO", "MAIL", "RCPT", "DATA"]
    assert list(lab.mailboxes.letters) == ["mrose"]


def test_4_7_but_not_where_the_letter_cannot_do_without_extensions():
    lab, said = delivered(replace(DBC, answers={"EHLO": "hang-up"}), letter=replace(LETTER, content=b"caf\xe9\r\n"))
    assert said == ["EHLO", "HELO"]
    assert lab.mailboxes.letters == {}
    (outcome,) = lab.bench.delivery.outcomes
    assert not outcome.accepted
    assert not outcome.temporary


def test_4_7_a_reset_helps_or_is_refused_and_can_be_ignored(plays):
    refusing = replace(DBC, answers={"EHLO": "command-unknown", "RSET": "bad-sequence"})
    for policy, code in ((replace(DBC, answers={"EHLO": "command-unknown"}), 250), (refusing, 503)):
        plays(f"C: EHLO a\nS: 500\nC: RSET\nS: {code}\nC: HELO a\nS: 250\n> server=ready", era="rfc1869", policy=policy)


def test_6_1_a_parameter_that_is_not_recognized(plays):
    plays("C: EHLO a\nS: 250\nC: MAIL FROM:<a@b> NOSUCH=1\nS: 555\n> server=ready", era="rfc1869", policy=DBC)


# RFC 2821 appendix D -----------------------------------------------------------------------------

FOO = Policy(
    domain="foo.com",
    mailboxes={"Jones": "Jones", "Brown": "Brown", "Admin.MRC": "Mark Crispin"},
    extensions=("8BITMIME", "SIZE", "DSN", "SEND", "HELP"),
    terminals={"Admin.MRC": "on"},
    relays_for=("bar.com",),
)
HELLO = """
S: 220
C: EHLO bar.com
S: 250-foo.com greets bar.com
S: 250-8BITMIME
S: 250-SIZE 10485760
S: 250-DSN
S: 250-SEND
S: 250 HELP
> offered=8BITMIME,SIZE,DSN,SEND,HELP
"""
LATER = pytest.mark.parametrize("era", ["rfc2821", "rfc5321"])


@LATER
def test_d1_a_typical_transaction(plays, era):
    lab = plays(
        f"""{HELLO}
C: MAIL FROM:<Smith@bar.com>
S: 250
C: RCPT TO:<Jones@foo.com>
S: 250
C: RCPT TO:<Green@foo.com>
S: 550
C: RCPT TO:<Brown@foo.com>
S: 250
> reverse-path=<Smith@bar.com>
> recipients=2
C: DATA
S: 354 Start mail input; end with <CRLF>.<CRLF>
{BLAH}
C: QUIT
S: 221 foo.com Service closing transmission channel
""",
        era=era,
        policy=FOO,
    )
    assert letters(lab) == {box: [("<Smith@bar.com>", "bar.com")] for box in ("Jones", "Brown")}
    assert {letter.content for (letter,) in lab.mailboxes.letters.values()} == {STUFFED}


@LATER
def test_d2_an_aborted_transaction(plays, era):
    lab = plays(
        f"""{HELLO}
C: MAIL FROM:<Smith@bar.com>
S: 250
C: RCPT TO:<Jones@foo.com>
S: 250
C: RCPT TO:<Green@foo.com>
S: 550
C: RSET
S: 250
> recipients=0
> reverse-path=
C: QUIT
S: 221
""",
        era=era,
        policy=FOO,
    )
    assert lab.mailboxes.letters == {}


BOARD = """\
C: Date: Thu, 21 May 1998 05:33:29 -0700
C: From: John Q. Public <JQP@bar.com>
C: Subject:  The Next Meeting of the Board
C: To: Jones@xyz.com
C:
C: Bill:
C: The next meeting of the board of directors will be
C: on Tuesday.
C:                         John.
C: .
S: 250"""
STAMP = "C: Received: from bar.com by foo.com ; Thu, 21 May 1998\nC:     05:33:29 -0700\n"


@LATER
def test_d3_relayed_mail(plays, era):
    relay = plays(
        f"{HELLO}\nC: MAIL FROM:<JQP@bar.com>\nS: 250\nC: RCPT TO:<@foo.com:Jones@XYZ.COM>\nS: 250\n"
        f"C: DATA\nS: 354\n{BOARD}\nC: QUIT\nS: 221",
        era=era,
        policy=FOO,
    )
    assert letters(relay) == {"Jones@XYZ.COM": [("<JQP@bar.com>", "bar.com")]}
    end = plays(
        "S: 220\nC: EHLO foo.com\nS: 250 xyz.com greets foo.com\n> offered=\n"
        "C: MAIL FROM:<@foo.com:JQP@bar.com>\nS: 250\nC: RCPT TO:<Jones@XYZ.COM>\nS: 250\n"
        f"C: DATA\nS: 354\n{STAMP}{BOARD}\nC: QUIT\nS: 221",
        era=era,
        policy=Policy(domain="xyz.com", mailboxes={"Jones": "Jones"}),
    )
    assert letters(end) == {"Jones": [("<@foo.com:JQP@bar.com>", "foo.com")]}
    assert end.mailboxes.letters["Jones"][0].content == content_of(STAMP + BOARD)
    assert end.mailboxes.octets("Jones")[0].startswith(b"Return-Path: <JQP@bar.com>\r\n")


@LATER
def test_d4_verifying_and_sending(plays, era):
    lab = plays(
        f"""{HELLO}
C: VRFY Crispin
S: 250 Mark Crispin <Admin.MRC@foo.com>
C: SEND FROM:<EAK@bar.com>
S: 250
C: RCPT TO:<Admin.MRC@foo.com>
S: 250
C: DATA
S: 354
{BLAH}
C: QUIT
S: 221
""",
        era=era,
        policy=FOO,
    )
    assert letters(lab) == {terminal("Admin.MRC"): [("<EAK@bar.com>", "bar.com")]}
