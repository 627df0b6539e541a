"""Reports between hosts: the example of RFC 3461 section 10, played line by line and by the hosts themselves."""

from dataclasses import replace

import pytest

from esmtp_lab.bench import Bench, Fault, Host, Hosts
from esmtp_lab.lab import client_dialect, server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.policy import Policy
from esmtp_lab.protocol.queue import DELAYED_AFTER, GIVE_UP_AFTER, to_send
from esmtp_lab.protocol.report import Fate
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.path import Path
from tests.protocol.reading import Read, read_report

NOW = 1_000_000_000.0
LETTER = b"Subject: hi\r\n\r\nhello\r\n"


def path(address: str) -> Path:
    local, _, domain = address.rpartition("@")
    return Path(local.encode(), domain.encode())


def hosts(*policies: Policy) -> Hosts:
    each = [Host(policy, server_dialect(policy, "rfc2821"), MemoryMailboxes(policy.domain)) for policy in policies]
    return Hosts(each, client_dialect(), now=NOW)


def reports(there: Hosts, domain: str, name: str) -> list[Read]:
    letters = there.hosts[domain].mailboxes.letters.get(name, ())
    return [read_report(letter.content) for letter in letters if b"delivery-status" in letter.content]


def brief(told: list[Read]) -> list[tuple[str, str, list[str], str]]:
    """Who reports what of whom, and with which status."""
    return [
        (
            each.letter["Reporting-MTA"].removeprefix("dns; "),
            each.action,
            [one["Final-Recipient"].removeprefix("rfc822; ") for one in each.recipients],
            " ".join(one["Status"] for one in each.recipients),
        )
        for each in told
    ]


def said(there: Hosts, domain: str, number: int = 0) -> list[str]:
    """What the client said in a session with a host, without its letter and the good-bye."""
    bench = [run.bench for run in there.runs if run.server == domain][number]
    events = [crossing.event for crossing in bench.log if crossing.speaker == "client"]
    return [event.octets.decode().rstrip() for event in events if event.kind == "command"][:-1]


# RFC 3461 section 10 -----------------------------------------------------------------------------------

DSN = {"extensions": ("DSN",)}
ORG = Policy("org", domain="example.org", mailboxes={"Alice": "Alice"}, relays_for=("Example.ORG", "example.org"))
ORG = replace(ORG, extensions=("DSN", "EXPN", "SIZE"))
COM = Policy("com", domain="example.com", mailboxes={"Bob": "Bob"}, **DSN)
IVORY = Policy("ivory", domain="ivory.edu", mailboxes={"Dana": "Dana"}, **DSN)
BOMBS = Policy(
    "bombs",
    domain="bombs.af.mil",
    mailboxes={"Eric": "Eric", "Fred": "Fred"},
    banner=("Electronic mail is to be used for official business only.",),
    answers={"EHLO": "command-not-implemented"},
)
TAX = Policy("tax", domain="tax-me.gov", forwards={"George": "Sam@Boondoggle.GOV"}, **DSN)
BOONDOGGLE = Policy("boondoggle", domain="boondoggle.gov", refusals={"Sam": "mailbox-busy"}, **DSN)

SUBMITTED = """
S: 220
C: EHLO Example.ORG
S: 250-{domain} greets Example.ORG
S: 250-DSN
S: 250-EXPN
S: 250 SIZE 10485760
C: MAIL FROM:<Alice@Example.ORG> RET=HDRS ENVID=QQ314159
S: 250
C: RCPT TO:<Bob@Example.COM> NOTIFY=SUCCESS ORCPT=rfc822;Bob@Example.COM
S: 250
C: RCPT TO:<Carol@Ivory.EDU> NOTIFY=FAILURE ORCPT=rfc822;Carol@Ivory.EDU
S: 250
C: RCPT TO:<Dana@Ivory.EDU> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Dana@Ivory.EDU
S: 250
C: RCPT TO:<Eric@Bombs.AF.MIL> NOTIFY=FAILURE ORCPT=rfc822;Eric@Bombs.AF.MIL
S: 250
C: RCPT TO:<Fred@Bombs.AF.MIL> NOTIFY=NEVER
S: 250
C: RCPT TO:<George@Tax-ME.GOV> NOTIFY=FAILURE ORCPT=rfc822;George@Tax-ME.GOV
S: 250
> recipients=6
C: DATA
S: 354
C: (message goes here)
C: .
S: 250
C: QUIT
S: 221
"""
TO_COM = """
S: 220
C: EHLO Example.ORG
S: 250-{domain} greets Example.ORG
S: 250 DSN
C: MAIL FROM:<Alice@Example.ORG> RET=HDRS ENVID=QQ314159
S: 250
C: RCPT TO:<Bob@Example.COM> NOTIFY=SUCCESS ORCPT=rfc822;Bob@Example.COM
S: 250
C: DATA
S: 354
C: (message goes here)
C: .
S: 250
C: QUIT
S: 221
"""
TO_IVORY = """
S: 220
C: EHLO Example.ORG
S: 250-{domain} greets Example.ORG
S: 250 DSN
C: MAIL FROM:<Alice@Example.ORG> RET=HDRS ENVID=QQ314159
S: 250
C: RCPT TO:<Carol@Ivory.EDU> NOTIFY=FAILURE ORCPT=rfc822;Carol@Ivory.EDU
S: 550
C: RCPT TO:<Dana@Ivory.EDU> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Dana@Ivory.EDU
S: 250
C: DATA
S: 354
C: (message goes here)
C: .
S: 250
C: QUIT
S: 221
"""
TO_BOMBS = """
S: 220
C: EHLO Example.ORG
S: 502
C: RSET
S: 250
C: HELO Example.ORG
S: 250
C: MAIL FROM:<Alice@Example.ORG>
S: 250
C: RCPT TO:<Eric@Bombs.AF.MIL>
S: 250
C: DATA
S: 354
C: (message goes here)
C: .
S: 250
C: MAIL FROM:<>
S: 250
C: RCPT TO:<Fred@Bombs.AF.MIL>
S: 250
C: DATA
S: 354
C: (message goes here)
C: .
S: 250
C: QUIT
S: 221
"""
TO_BOONDOGGLE = """
S: 220
C: EHLO Example.ORG
S: 250-{domain} greets Example.ORG
S: 250 DSN
C: MAIL FROM:<Alice@Example.ORG> RET=HDRS ENVID=QQ314159
S: 250
C: RCPT TO:<Sam@Boondoggle.GOV> NOTIFY=SUCCESS ORCPT=rfc822;George@Tax-ME.GOV
S: 250
C: DATA
S: 354
C: (message goes here)
C: .
S: 250
C: QUIT
S: 221
"""


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        pytest.param(SUBMITTED, ORG, id="10.1"),
        pytest.param(TO_COM, COM, id="10.2"),
        pytest.param(TO_IVORY, IVORY, id="10.3"),
        pytest.param(TO_BOMBS, BOMBS, id="10.4"),
        # printed with NOTIFY=SUCCESS, though section 10.1 said FAILURE for George
        pytest.param(TO_BOONDOGGLE, replace(BOONDOGGLE, refusals={}, mailboxes={"Sam": "Sam"}), id="10.5"),
    ],
)
def test_the_dialogues_of_the_standard(plays, text: str, policy: Policy) -> None:
    """Sections 10.1 to 10.5. SIZE has no number there, and mail.Example.COM goes by the name of its domain here."""
    plays(text.replace("{domain}", policy.domain), policy=policy)


def played() -> Hosts:
    there = hosts(ORG, COM, IVORY, BOMBS, TAX, BOONDOGGLE)
    bench = Bench(there.hosts["example.org"], client_dialect(), now=NOW)
    bench.start()
    for line in (line for line in SUBMITTED.split("\n") if line.startswith("C: ")):
        bench.send(line.removeprefix("C: ").encode() + b"\r\n")
    there.run()
    return there


def test_the_example_as_the_hosts_play_it() -> None:
    """What is relayed is said as sections 10.2, 10.3 and 10.5 have it, but for the case of Example.ORG's name."""
    there = played()
    assert said(there, "example.com") == [
        "EHLO example.org",
        "MAIL FROM:<Alice@Example.ORG> RET=HDRS ENVID=QQ314159",
        "RCPT TO:<Bob@Example.COM> NOTIFY=SUCCESS ORCPT=rfc822;Bob@Example.COM",
        "DATA",
    ]
    assert said(there, "ivory.edu") == [
        "EHLO example.org",
        "MAIL FROM:<Alice@Example.ORG> RET=HDRS ENVID=QQ314159",
        "RCPT TO:<Carol@Ivory.EDU> NOTIFY=FAILURE ORCPT=rfc822;Carol@Ivory.EDU",
        "RCPT TO:<Dana@Ivory.EDU> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Dana@Ivory.EDU",
        "DATA",
    ]
    assert said(there, "bombs.af.mil") == [
        *("EHLO example.org", "HELO example.org", "MAIL FROM:<Alice@Example.ORG>"),
        *("RCPT TO:<Eric@Bombs.AF.MIL>", "RCPT TO:<Fred@Bombs.AF.MIL>", "DATA"),
    ]
    assert said(there, "boondoggle.gov")[2] == (
        "RCPT TO:<Sam@Boondoggle.GOV> NOTIFY=FAILURE ORCPT=rfc822;George@Tax-ME.GOV"
    )
    assert sorted(brief(reports(there, "example.org", "Alice"))) == [
        ("example.com", "delivered", ["Bob@Example.COM"], "2.0.0"),
        ("example.org", "failed", ["Carol@Ivory.EDU"], "5.0.0"),
        ("ivory.edu", "delivered", ["Dana@Ivory.EDU"], "2.0.0"),
    ]
    assert "Eric" in there.hosts["bombs.af.mil"].mailboxes.letters
    there.now += GIVE_UP_AFTER
    there.run()
    assert brief(reports(there, "example.org", "Alice"))[3:] == [
        ("tax-me.gov", "failed", ["George@Tax-ME.GOV"], "4.0.0"),
    ]


def test_the_reports_of_the_example() -> None:
    """Sections 10.6 to 10.9, field by field; Ivory.EDU is no gateway here, and Tax-ME.GOV gives up for Boondoggle.GOV,
    which takes nothing that it cannot deliver."""
    there = played()
    there.now += GIVE_UP_AFTER
    there.run()
    found = {
        each.recipients[0]["Final-Recipient"]: {**each.letter, **each.recipients[0]}
        for each in reports(there, "example.org", "Alice")
    }
    for fields in found.values():
        assert fields["Original-Envelope-Id"] == "QQ314159"
    bob = found["rfc822; Bob@Example.COM"]
    assert (bob["Original-Recipient"], bob["Action"], bob["Status"]) == (
        "rfc822; Bob@Example.COM",
        "delivered",
        "2.0.0",
    )
    carol = found["rfc822; Carol@Ivory.EDU"]
    assert (carol["Reporting-MTA"], carol["Remote-MTA"]) == ("dns; example.org", "dns; ivory.edu")
    assert carol["Diagnostic-Code"].startswith("smtp; 550 ")
    george = found["rfc822; George@Tax-ME.GOV"]
    assert (george["Original-Recipient"], george["SMTP-Remote-Recipient"]) == (
        "rfc822; George@Tax-ME.GOV",
        "Sam@Boondoggle.GOV",
    )


# What section 5.2 wants of a relay ---------------------------------------------------------------------

SENDER = Policy("a", domain="a.example", mailboxes={"ann": "Ann"}, relays_for=("a.example",), **DSN)
FAR = Policy("far", domain="far.example", mailboxes={"ada": "Ada"}, refusals={"carol": "mailbox-busy"})


def wish(*values: str) -> tuple[Parameter, ...]:
    return tuple(Parameter(key, value.encode()) for key, _, value in (each.partition("=") for each in values))


def letter(to: str, *values: str, sender: str = "ann@a.example", mail: tuple[str, ...] = ()) -> Delivery:
    recipient = path(to)
    said = {recipient: wish(*values)} if values else {}
    reverse_path = path(sender) if sender else Path()
    return Delivery(reverse_path, (recipient,), LETTER, parameters=wish(*mail), rcpt_parameters=said)


def told_of(far: Policy, *letters: Delivery) -> list[tuple[str, str, list[str], str]]:
    there = hosts(SENDER, far)
    for each in letters:
        there.submit("a.example", each)
    there.run()
    return brief(reports(there, "a.example", "ann"))


@pytest.mark.parametrize(
    ("notify", "with_dsn", "without"),
    [
        (None, [], []),
        ("NEVER", [], []),
        ("SUCCESS", ["far.example delivered"], ["a.example relayed"]),
        ("FAILURE", [], []),
        ("DELAY", [], []),
        ("SUCCESS,FAILURE,DELAY", ["far.example delivered"], ["a.example relayed"]),
    ],
)
def test_a_letter_that_arrives(notify: str | None, with_dsn: list[str], without: list[str]) -> None:
    """RFC 3461 sections 5.2.1, 5.2.2 (b) and (e), and 5.2.3."""
    sent = letter("ada@far.example", *([f"NOTIFY={notify}"] if notify else []))
    assert [" ".join(each[:2]) for each in told_of(replace(FAR, **DSN), sent)] == with_dsn
    assert [" ".join(each[:2]) for each in told_of(FAR, sent)] == without


@pytest.mark.parametrize(
    ("notify", "told"),
    [(None, True), ("NEVER", False), ("SUCCESS", False), ("DELAY", False), ("SUCCESS,FAILURE", True)],
)
@pytest.mark.parametrize("extensions", [(), ("DSN",)])
def test_a_letter_that_is_refused(notify: str | None, told: bool, extensions: tuple[str, ...]) -> None:
    """RFC 3461 sections 5.2.2 (c), (d) and (f), and 5.2.6."""
    sent = letter("nobody@far.example", *([f"NOTIFY={notify}"] if notify else []))
    found = told_of(replace(FAR, extensions=extensions), sent)
    assert found == ([("a.example", "failed", ["nobody@far.example"], "5.0.0")] if told else [])


def test_a_relayed_report_says_what_was_answered() -> None:
    """RFC 3461 section 6.3 (h) and (i)."""
    there = hosts(SENDER, replace(FAR, extensions=("ENHANCEDSTATUSCODES",)))
    there.submit("a.example", letter("ada@far.example", "NOTIFY=SUCCESS"))
    there.run()
    (report,) = reports(there, "a.example", "ann")
    (fields,) = report.recipients
    assert (fields["Remote-MTA"], fields["Status"]) == ("dns; far.example", "2.0.0")
    assert fields["Diagnostic-Code"].startswith("smtp; 250 2.0.0 OK")
    assert "passed on to far.example" in report.words


def test_a_host_that_is_not_there() -> None:
    """Nothing leaves the lab."""
    assert told_of(FAR, letter("who@outside.example")) == [("a.example", "failed", ["who@outside.example"], "5.1.2")]


def test_there_is_no_report_to_nobody_and_none_of_a_report() -> None:
    there = hosts(SENDER, FAR)
    there.submit("a.example", letter("nobody@far.example", "NOTIFY=FAILURE", sender=""))
    there.submit("a.example", letter("nobody@far.example", "NOTIFY=FAILURE", sender="gone@a.example"))
    there.run()
    assert there.hosts["a.example"].mailboxes.letters == {}
    assert not any(there.queues.values())


@pytest.mark.parametrize("notify", [None, "FAILURE", "DELAY", "DELAY,FAILURE"])
def test_a_letter_that_waits(notify: str | None) -> None:
    """RFC 3461 section 5.2.5: of who asked for it, once."""
    there = hosts(SENDER, FAR)
    there.submit("a.example", letter("carol@far.example", *([f"NOTIFY={notify}"] if notify else [])))
    there.run()
    seen: list[tuple[float, str]] = []
    while waiting := there.queues["a.example"]:
        before = len(reports(there, "a.example", "ann"))
        there.now = waiting[0].due
        there.run()
        seen += [(there.now - NOW, each.action) for each in reports(there, "a.example", "ann")[before:]]
    wanted = ["delayed"] if notify and "DELAY" in notify else []
    wanted += [] if notify == "DELAY" else ["failed"]
    assert [action for _, action in seen] == wanted
    assert all(time >= {"delayed": DELAYED_AFTER, "failed": GIVE_UP_AFTER}[action] for time, action in seen)
    if "delayed" in wanted:
        (delay, *_) = reports(there, "a.example", "ann")
        assert seen[0][0] < DELAYED_AFTER + 3 * 3600
        assert delay.recipients[0]["Will-Retry-Until"] == "Fri, 14 Sep 2001 01:46:40 +0000"
        assert delay.recipients[0]["Status"] == "4.0.0"


def test_a_channel_that_is_always_lost() -> None:
    there = hosts(SENDER, FAR)
    there.submit("a.example", letter("ada@far.example"))
    there.now += GIVE_UP_AFTER
    there.faults["far.example"] = (Fault("cut-before", "END_OF_DATA"),)
    there.run()
    assert brief(reports(there, "a.example", "ann")) == [("a.example", "failed", ["ada@far.example"], "4.4.2")]


def test_what_comes_back_is_what_ret_asks_for() -> None:
    for ret, kind in (("FULL", "message/rfc822"), ("HDRS", "text/rfc822-headers")):
        there = hosts(SENDER, FAR)
        there.submit("a.example", letter("nobody@far.example", mail=(f"RET={ret}",)))
        there.run()
        (report,) = reports(there, "a.example", "ann")
        assert report.kind == kind


def test_a_relay_reports_where_the_letter_came_from() -> None:
    relay = Policy("relay", domain="relay.example", relays_for=("a.example",), forwards={"ada": "x@far.example"}, **DSN)
    there = hosts(SENDER, relay, FAR)
    there.submit("a.example", letter("ada@relay.example", "NOTIFY=FAILURE", mail=("ENVID=7",)))
    there.run()
    (report,) = reports(there, "a.example", "ann")
    assert report.letter["Reporting-MTA"] == "dns; relay.example"
    assert report.letter["Received-From-MTA"] == "dns; a.example"
    assert report.letter["Original-Envelope-Id"] == "7"
    assert report.recipients[0]["Final-Recipient"] == "rfc822; ada@relay.example"
    assert report.recipients[0]["SMTP-Remote-Recipient"] == "x@far.example"
    assert "Original-Recipient" not in report.recipients[0]
    # the report itself came by one channel, and has one stamp
    (arrived,) = there.hosts["a.example"].mailboxes.letters["ann"]
    assert not arrived.content.startswith(b"Received")
    assert arrived.envelope.parameters == ()


def test_a_moment_with_reports_can_be_taken_back() -> None:
    there = hosts(SENDER, FAR)
    there.submit("a.example", letter("carol@far.example", "NOTIFY=DELAY,FAILURE"))
    there.run()
    before = there.save()
    there.now += DELAYED_AFTER
    there.run()
    after = there.save()
    assert [each.action for each in reports(there, "a.example", "ann")] == ["delayed"]
    there.load(before)
    assert there.save() == before
    there.now += DELAYED_AFTER
    there.run()
    assert there.save() == after


def test_a_report_is_protected_as_its_letter_was() -> None:
    """RFC 8689 section 5; RFC 3461 section 6.1 wants nothing of the letter's own wishes with it."""
    sent = replace(letter("nobody@far.example", "NOTIFY=FAILURE", mail=("RET=FULL", "ENVID=1")), tls="require")
    there = hosts(SENDER, FAR)
    there.submit("a.example", sent)
    (queued,) = there.queues["a.example"]
    (report,) = to_send("a.example", queued, (Fate(path("nobody@far.example"), "failed"),), NOW)
    assert (report.tls, report.parameters, report.rcpt_parameters) == ("require", (), {})
    assert (report.reverse_path, report.forward_paths, report.helo) == (Path(), (path("ann@a.example"),), "a.example")
