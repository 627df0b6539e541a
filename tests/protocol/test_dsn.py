"""DSN on one channel: its parameters, what a server takes and refuses, and what it reports of what it delivers."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmtp_lab.bench import Bench, Host
from esmtp_lab.extensions.dsn import DSN
from esmtp_lab.lab import Lab, client_dialect, server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.protocol import notify
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.dialect import value_fits
from esmtp_lab.protocol.policy import Policy, find_policy
from esmtp_lab.protocol.server import ServerSession
from esmtp_lab.protocol.transaction import EMPTY, HEAD, NOWHERE, Envelope, Letter, accept
from esmtp_lab.wire.parameter import Parameter, to_xtext
from esmtp_lab.wire.path import Path
from tests.protocol.reading import Read, read_report

REPORTS = find_policy("reports")
ME, ADA, BOB = Path(b"me", b"me.example"), Path(b"ada", b"lab.example"), Path(b"bob", b"lab.example")
NOW = 1_000_000_000.0
LETTER = b"Subject: hi\r\n\r\nhello\r\n"


def lab(policy: Policy = REPORTS, **options) -> Lab:
    return Lab(policy=policy, clock=lambda: NOW, **options)


def say(there: Lab, *lines: str) -> list[int]:
    """The codes of the answers to these lines behind EHLO."""
    return [there.send(line)[-1].event.code for line in ("EHLO me.example", *lines)][1:]


def send(there: Lab, mail: str, *recipients: str, content: bytes = LETTER) -> dict[str, list[Read]]:
    """The reports that come of a letter, by mailbox."""
    codes = say(there, f"MAIL FROM:{mail}", *(f"RCPT TO:{each}" for each in recipients), "DATA")
    assert {*codes} <= {250, 251, 354}
    assert there.raw(content + b".\r\n")[-1].event.code == 250
    return reports(there)


def reports(there: Lab) -> dict[str, list[Read]]:
    found: dict[str, list[Read]] = {}
    for name, letters in there.mailboxes.letters.items():
        told = [read_report(letter.content) for letter in letters if b"delivery-status" in letter.content]
        assert all(letter.envelope.reverse_path == Path() for letter in letters if b"delivery-status" in letter.content)
        if told:
            found[name] = told
    return found


# The parameters --------------------------------------------------------------------------------------

RIGHT = [
    *("RET=FULL", "RET=HDRS", "RET=hdrs", "RET=Full"),
    *("ENVID=QQ314159", "ENVID=+20", "ENVID=a+2Bb+3Dc", "ENVID=+09x", "ENVID=(not;a,comment)"),
    "ENVID=" + "x" * 94,
    "ENVID=" + "+41" * 31,
]
WRONG = [
    *("RET", "RET=", "RET=ALL", "RET=FULL,HDRS", "RET=HDR"),
    *("ENVID", "ENVID=", "ENVID=+2b", "ENVID=+4", "ENVID=+", "ENVID=a+zz", "ENVID=a=b"),
    *("ENVID=+0A", "ENVID=+0D+0ASubject:+20no", "ENVID=+00", "ENVID=+7F", "ENVID=+80", "ENVID=+FF"),
    "ENVID=" + "x" * 95,
    "ENVID=" + "+41" * 32,
]
RCPT_RIGHT = [
    *("NOTIFY=NEVER", "NOTIFY=never", "NOTIFY=SUCCESS", "NOTIFY=FAILURE", "NOTIFY=DELAY"),
    *("NOTIFY=SUCCESS,FAILURE", "NOTIFY=SUCCESS,FAILURE,DELAY", "NOTIFY=delay,Success", "NOTIFY=DELAY,DELAY"),
    *(
        "ORCPT=rfc822;ada@lab.example",
        "ORCPT=RFC822;Ada@LAB.example",
        "ORCPT=x400;/G+3DAda/+20/S+3DL/",
        "ORCPT=X-me;+2B",
    ),
    *("ORCPT=rfc822;", "ORCPT=utf-8;Ada", "ORCPT=unknown;a;b"),
    "ORCPT=rfc822;" + "x" * (500 - len("ORCPT=rfc822;")),
]
RCPT_WRONG = [
    *("NOTIFY", "NOTIFY=", "NOTIFY=ALWAYS", "NOTIFY=NEVER,SUCCESS", "NOTIFY=SUCCESS,NEVER", "NOTIFY=SUCCESS,"),
    *("NOTIFY=,SUCCESS", "NOTIFY=SUCCESS,,DELAY", "NOTIFY=SUCCESS;DELAY", "NOTIFY=NEVER,NEVER"),
    *("ORCPT", "ORCPT=", "ORCPT=ada@lab.example", "ORCPT=;ada", "ORCPT=rfc 822;ada", "ORCPT=a@b;ada", "ORCPT=a.b;ada"),
    *("ORCPT=rfc822;+0D+0AX:+20y", "ORCPT=rfc822;+1", "ORCPT=rfc822;a=b", "ORCPT=rfc822;+C3"),
    "ORCPT=rfc822;" + "x" * (501 - len("ORCPT=rfc822;")),
]


@pytest.mark.parametrize("parameter", RIGHT)
def test_a_valid_parameter_of_mail_changes_no_answer(parameter: str) -> None:
    """RFC 3461 section 5.1 (a)."""
    assert say(lab(), f"MAIL FROM:<me@me.example> {parameter}") == [250]


@pytest.mark.parametrize("parameter", WRONG)
def test_an_invalid_parameter_of_mail_is_a_syntax_error(parameter: str) -> None:
    there = lab()
    assert say(there, f"MAIL FROM:<me@me.example> {parameter}", "MAIL FROM:<me@me.example>") == [501, 250]


@pytest.mark.parametrize("parameter", RCPT_RIGHT)
@pytest.mark.parametrize(("path", "code"), [("ada", 250), ("nobody", 550), ("carol", 450), ("dora", 251)])
def test_a_valid_parameter_of_rcpt_changes_no_answer(parameter: str, path: str, code: int) -> None:
    """RFC 3461 section 5.1 (b)."""
    there = lab()
    codes = say(there, "MAIL FROM:<me@me.example>", f"RCPT TO:<{path}@lab.example> {parameter}")
    assert codes == say(lab(), "MAIL FROM:<me@me.example>", f"RCPT TO:<{path}@lab.example>") == [250, code]


@pytest.mark.parametrize("parameter", RCPT_WRONG)
def test_an_invalid_parameter_of_rcpt_is_a_syntax_error(parameter: str) -> None:
    there = lab()
    assert say(there, "MAIL FROM:<me@me.example>", f"RCPT TO:<ada@lab.example> {parameter}") == [250, 501]
    assert there.bench.server.envelope.forward_paths == ()
    assert there.bench.server.position.state == "mail"


@pytest.mark.parametrize(
    "line",
    [
        "MAIL FROM:<a@b> RET=FULL RET=FULL",
        "MAIL FROM:<a@b> ENVID=1 RET=HDRS envid=2",
        "RCPT TO:<ada@lab.example> NOTIFY=DELAY NOTIFY=DELAY",
        "RCPT TO:<ada@lab.example> ORCPT=rfc822;a ORCPT=rfc822;b",
    ],
)
def test_none_stands_twice(line: str) -> None:
    """RFC 3461 section 4.5."""
    there = lab()
    before = ["MAIL FROM:<me@me.example>"] if line.startswith("RCPT") else []
    assert say(there, *before, line)[-1] == 501


@pytest.mark.parametrize("line", ["RCPT TO:<ada@lab.example> RET=FULL", "RCPT TO:<ada@lab.example> ENVID=1"])
def test_those_of_mail_are_none_of_rcpt(line: str) -> None:
    assert say(lab(), "MAIL FROM:<me@me.example>", line) == [250, 501]
    assert say(lab(), "MAIL FROM:<me@me.example> NOTIFY=NEVER") == [501]


def test_where_dsn_is_not_offered_its_parameters_are_unknown() -> None:
    there = lab(find_policy("lab"))
    lines = ["MAIL FROM:<a@b> RET=FULL", "MAIL FROM:<a@b>", "RCPT TO:<ada@lab.example> NOTIFY=NEVER"]
    assert say(there, *lines) == [501, 250, 501]
    helo = lab()
    assert [helo.send(line)[-1].event.code for line in ("HELO a", "MAIL FROM:<a@b> RET=FULL")] == [250, 501]


def test_lines_may_be_as_long_as_the_standard_wants() -> None:
    """RFC 3461 section 5.4: "at least 1036", which is to be 512 and 530 together; those are 1042."""
    long = f"RCPT TO:<{'x' * 64}@{'lab.example'}> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;{'y' * 487}"
    assert say(lab(), "MAIL FROM:<me@me.example>", long) == [250, 550]
    dialect = server_dialect(REPORTS, "rfc2821")
    assert dialect.line_limit("RCPT") == 1042
    assert dialect.line_limit("MAIL") >= 512 + len(" RET=HDRS") + len(" ") + 100


@given(st.binary(max_size=150))
def test_no_octets_get_past_the_forms(octets: bytes) -> None:
    """Whatever stands behind the equals sign, what is taken can be decoded, and holds no line end."""
    envid, orcpt = DSN.mail_parameters[1], DSN.rcpt_parameters[1]
    if value_fits(envid, Parameter("ENVID", octets)):
        assert re.fullmatch("[\t -~]+", notify.decoded(octets))
    if value_fits(orcpt, Parameter("ORCPT", b"rfc822;" + octets)):
        assert re.fullmatch("[\t -~]*", notify.decoded(octets))


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=31))
def test_every_printable_text_comes_back(text: str) -> None:
    value = to_xtext(text.encode())
    assert value_fits(DSN.mail_parameters[1], Parameter("ENVID", value))
    assert notify.decoded(value) == text


# The envelope ----------------------------------------------------------------------------------------


def test_the_envelope_keeps_the_parameters_of_each_recipient() -> None:
    never, delay = Parameter("NOTIFY", b"NEVER"), Parameter("NOTIFY", b"DELAY")
    opened = accept(EMPTY, "MAIL", ME, (Parameter("RET", b"FULL"),), 7.0)
    assert opened == Envelope(ME, (), (Parameter("RET", b"FULL"),), "MAIL", {}, 7.0)
    both = accept(accept(opened, "RCPT", ADA, (never,), 8.0), "RCPT", BOB, (), 9.0)
    assert (both.forward_paths, both.rcpt_parameters, both.opened) == ((ADA, BOB), {ADA: (never,)}, 7.0)
    assert accept(both, "RCPT", ADA, (delay,)).rcpt_parameters == {ADA: (delay,)}
    assert accept(both, "RCPT", ADA, ()).rcpt_parameters == {ADA: ()}
    assert accept(both, "MAIL", ME, ()).rcpt_parameters == {}


def test_both_ends_know_what_was_asked_for() -> None:
    there = lab()
    say(there, "MAIL FROM:<me@me.example> ENVID=1", "RCPT TO:<ada@lab.example> NOTIFY=NEVER")
    for end in (there.bench.client, there.bench.server):
        assert end.envelope.parameters == (Parameter("ENVID", b"1"),)
        assert end.envelope.rcpt_parameters == {ADA: (Parameter("NOTIFY", b"NEVER"),)}
        assert end.envelope.opened == NOW
    there.send("RSET")
    assert there.bench.server.envelope == there.bench.client.envelope == EMPTY


# What is reported of what is delivered ---------------------------------------------------------------


def test_a_delivered_letter_is_reported_where_that_is_asked_for() -> None:
    told = send(
        lab(),
        "<me@me.example> RET=FULL ENVID=QQ+20314159",
        "<Ada@lab.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;ada+2Bx@old.example",
        "<bob@lab.example> NOTIFY=SUCCESS",
    )
    (report,) = told["me@me.example"]
    assert list(told) == ["me@me.example"]
    date = "Sun, 9 Sep 2001 01:46:40 +0000"
    assert report.letter == {
        "Original-Envelope-Id": "QQ 314159",
        "Reporting-MTA": "dns; lab.example",
        "Received-From-MTA": "dns; me.example",
        "Arrival-Date": date,
    }
    common = {"Action": "delivered", "Status": "2.0.0", "Last-Attempt-Date": date}
    assert report.recipients == [
        {
            "Original-Recipient": "rfc822; ada+x@old.example",
            "Final-Recipient": "rfc822; Ada@lab.example",
            **common,
        },
        {"Final-Recipient": "rfc822; bob@lab.example", **common},
    ]
    # RFC 3461 section 6.2: without a failure the header section alone, whatever RET says
    assert (report.kind, report.returned) == ("text/rfc822-headers", b"Subject: hi\r\n")
    assert "<Ada@lab.example>" in report.words and "QQ 314159" in report.words
    assert (report.whole["From"], report.whole["To"]) == ("Mail Delivery <postmaster@lab.example>", "<me@me.example>")
    assert (report.whole["Auto-Submitted"], report.whole["Date"]) == ("auto-replied", date)


@pytest.mark.parametrize("said", ["", " NOTIFY=FAILURE", " NOTIFY=DELAY,FAILURE", " NOTIFY=NEVER"])
def test_nothing_is_reported_where_it_is_not_asked_for(said: str) -> None:
    """RFC 3461 section 5.2.3 (b) and (c)."""
    assert send(lab(), "<me@me.example> RET=FULL ENVID=1", f"<ada@lab.example>{said}") == {}


def test_nothing_is_reported_to_nobody() -> None:
    """RFC 3461 section 5.2, the note."""
    assert send(lab(), "<>", "<ada@lab.example> NOTIFY=SUCCESS") == {}


def test_each_recipient_is_asked_for_alone() -> None:
    there = lab()
    (report,) = send(
        there,
        "<bob@lab.example>",
        *("<ada@lab.example> NOTIFY=SUCCESS", "<postmaster@lab.example>", "<bob@lab.example> NOTIFY=NEVER"),
    )["bob"]
    assert [each["Final-Recipient"] for each in report.recipients] == ["rfc822; ada@lab.example"]
    assert [len(letters) for letters in there.mailboxes.letters.values()] == [1, 1, 2]
    stored = there.mailboxes.octets("bob")[1]
    assert stored.startswith(b"Return-Path: <>\r\nContent-Type: multipart/report")  # no stamp: it came by no channel


def test_a_list_is_expanded_and_a_forwarded_name_is_not_reported() -> None:
    """RFC 3461 section 5.2.7: the lists of the lab keep the reverse-path, and so are its aliases."""
    told = send(
        lab(),
        "<me@me.example>",
        *("<friends@lab.example> NOTIFY=SUCCESS", "<ada@lab.example> NOTIFY=SUCCESS"),
        *("<dora@lab.example> NOTIFY=SUCCESS", "<everyone@lab.example> NOTIFY=FAILURE"),
    )
    first, second = told["me@me.example"]
    assert (first.action, [each["Final-Recipient"] for each in first.recipients]) == (
        "expanded",
        ["rfc822; friends@lab.example"],
    )
    assert (second.action, len(second.recipients)) == ("delivered", 1)


def test_what_a_sink_takes_is_delivered_and_what_is_relayed_is_not_yet() -> None:
    told = send(lab(find_policy("open")), "<me@me.example>", "<who@where.example> NOTIFY=SUCCESS")
    assert told["me@me.example"][0].action == "delivered"
    relay = replace(REPORTS, relays_for=("*",))
    assert send(lab(relay), "<me@me.example>", "<who@where.example> NOTIFY=SUCCESS") == {}


def test_a_report_for_nobody_here_is_dropped() -> None:
    there = lab()
    assert send(there, "<nobody@lab.example>", "<ada@lab.example> NOTIFY=SUCCESS") == {}
    assert list(there.mailboxes.letters) == ["ada"]


def test_a_person_who_plays_the_server_takes_on_the_same() -> None:
    there = lab(role="server")
    for line, reply in [
        ("", "220 x"),
        ("EHLO me.example", "250-lab.example\r\n250 DSN"),
        ("MAIL FROM:<me@me.example>", "250 ok"),
        ("RCPT TO:<ada@lab.example> NOTIFY=SUCCESS", "250 ok"),
        ("DATA", "354 go on"),
        ("Subject: hi\r\n\r\n.", "250 ok"),
    ]:
        if line:
            there.send(line)
        for each in reply.split("\r\n"):
            there.say(each)
    assert reports(there)["me@me.example"][0].action == "delivered"


def test_a_report_can_be_taken_back() -> None:
    there = lab()
    say(there, "MAIL FROM:<me@me.example>", "RCPT TO:<ada@lab.example> NOTIFY=SUCCESS", "DATA")
    before = there.bench.state
    predicted = there.bench.fork()
    predicted.send(b"x\r\n.\r\n")
    assert there.bench.state == before
    there.raw(b"x\r\n.\r\n")
    after, told = there.bench.state, reports(there)
    assert list(told) == ["me@me.example"]
    there.undo()
    assert there.bench.state == before and reports(there) == {}
    there.redo()
    assert there.bench.state == after
    assert [letter.content for letter in there.mailboxes.letters["me@me.example"]]
    assert predicted.state[0] == after[0]


def test_a_moment_in_the_midst_of_a_reported_letter_can_be_come_back_to() -> None:
    there = lab()
    say(there, "MAIL FROM:<me@me.example>", "RCPT TO:<ada@lab.example> NOTIFY=SUCCESS", "DATA")
    there.raw(b"Subject: one\r\n")
    before = there.bench.state
    there.raw(b"X: two\r\n\r\n.\r\n")
    (first,) = reports(there)["me@me.example"]
    there.undo()
    assert there.bench.state == before
    there.raw(b"X: three\r\n\r\n.\r\n")
    (second,) = reports(there)["me@me.example"]
    assert (first.returned, second.returned) == (b"Subject: one\r\nX: two\r\n", b"Subject: one\r\nX: three\r\n")


# The client ------------------------------------------------------------------------------------------

WISHES = Delivery(
    ME,
    (ADA, BOB),
    LETTER,
    parameters=(Parameter("RET", b"HDRS"), Parameter("ENVID", b"7")),
    rcpt_parameters={ADA: (Parameter("NOTIFY", b"SUCCESS"), Parameter("ORCPT", b"rfc822;ada"))},
)


def said_by(there: Bench) -> list[bytes]:
    events = [crossing.event for crossing in there.log if crossing.speaker == "client"]
    return [event.octets for event in events if event.octets[:4] in (b"MAIL", b"RCPT")]


@pytest.mark.parametrize("offered", [True, False])
def test_the_client_says_them_where_dsn_is_offered(offered: bool) -> None:
    """RFC 3461 section 5.2.2 (a)."""
    policy = replace(REPORTS, extensions=("DSN",) if offered else ())
    bench = Bench(Host(policy, server_dialect(policy, "rfc2821"), MemoryMailboxes("lab.example")), client_dialect())
    bench.start()
    bench.deliver(WISHES)
    assert [outcome.accepted for outcome in bench.delivery.outcomes] == [True, True]
    mail, rcpt = (b" RET=HDRS ENVID=7", b" NOTIFY=SUCCESS ORCPT=rfc822;ada") if offered else (b"", b"")
    assert said_by(bench) == [
        b"MAIL FROM:<me@me.example>%b\r\n" % mail,
        b"RCPT TO:<ada@lab.example>%b\r\n" % rcpt,
        b"RCPT TO:<bob@lab.example>\r\n",
    ]


def test_to_a_server_of_1982_it_says_nothing_of_it() -> None:
    bench = Bench(Host(REPORTS, server_dialect(REPORTS, "rfc821"), MemoryMailboxes("lab.example")), client_dialect())
    bench.start()
    bench.deliver(WISHES)
    assert [outcome.accepted for outcome in bench.delivery.outcomes] == [True, True]
    assert not any(b"=" in line for line in said_by(bench))


# What is asked ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (None, "failed"),
        (b"NEVER", ""),
        (b"SUCCESS", "delivered relayed expanded"),
        (b"failure", "failed"),
        (b"DELAY", "delayed"),
        (b"Success,Failure,Delay", "failed delayed delivered relayed expanded"),
    ],
)
def test_what_notify_asks_for(said: bytes | None, wanted: str) -> None:
    parameters = () if said is None else (Parameter("NOTIFY", said),)
    actions = ("failed", "delayed", "delivered", "relayed", "expanded")
    assert [each for each in actions if notify.wants(each, parameters)] == wanted.split()
    assert notify.never(parameters) == (said == b"NEVER")
    assert (notify.notify(parameters) is None) == (said is None)


def test_values_in_the_order_of_the_standards() -> None:
    orcpt = Parameter("ORCPT", b"rfc822;a")
    changed = notify.with_values((Parameter("NOTIFY", b"DELAY"), orcpt), {b"DELAY", b"SUCCESS"})
    assert changed == (Parameter("NOTIFY", b"SUCCESS,DELAY"), orcpt)


def test_what_is_not_printable_is_not_printed() -> None:
    assert notify.decoded(None) is None
    assert notify.decoded(b"a+0D+0A+FFb") == "a???b"
    with pytest.raises(ValueError, match="xtext"):
        notify.decoded(b"+z")


def test_a_letter_written_here_has_no_stamp() -> None:
    assert Letter(EMPTY, protocol="").received("lab.example") == b""


def test_what_a_report_will_return_is_part_of_the_moment() -> None:
    """Where the letter is stored elsewhere, its first octets are kept, and undone with the rest."""
    server = ServerSession(server_dialect(REPORTS, "rfc2821"), REPORTS, drafts=lambda letter: NOWHERE)
    server.start(NOW)
    server.receive(b"EHLO a\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<ada@lab.example> NOTIFY=SUCCESS\r\nDATA\r\nX: 1\r\n")
    before = server.save()
    server.receive(b"Y: 2\r\n")
    assert server.save() != before
    server.load(before)
    server.receive(b"Z: 3\r\n.\r\n")
    assert server.letter is not None
    assert (server.letter.content, server.letter.head) == (b"", b"X: 1\r\nZ: 3\r\n")


def test_of_a_long_letter_the_first_octets_are_kept_and_no_more() -> None:
    content = b"".join(b"X-%05d: %s\r\n" % (number, b"y" * 60) for number in range(2_000))
    for drafts, kept in ((lambda letter: NOWHERE, content[:HEAD]), (None, b"")):
        server = ServerSession(server_dialect(REPORTS, "rfc2821"), REPORTS, drafts=drafts)
        server.start(NOW)
        server.receive(b"EHLO a\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<ada@lab.example> NOTIFY=SUCCESS\r\nDATA\r\n")
        for start in range(0, len(content), 10_000):
            server.receive(content[start : start + 10_000])
        server.receive(b".\r\n")
        assert server.letter is not None
        assert server.letter.head == kept
        assert server.letter.octets == len(content)
