"""The form of reports: RFC 3464, RFC 3462, RFC 3461 section 6."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmtp_lab.protocol import notify
from esmtp_lab.protocol.policy import find_policy
from esmtp_lab.protocol.report import MOST_RETURNED, Fate, Matter, matter_of, on_delivery, reports
from esmtp_lab.protocol.transaction import HEAD, Envelope, Letter
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.path import Path
from esmtp_lab.wire.reply import Reply
from tests.protocol.reading import Read, read_report

ME, ADA, BOB = Path(b"me", b"me.example"), Path(b"ada", b"lab.example"), Path(b"bob", b"lab.example")
LETTER = b"Subject: x\r\nTo: y\r\n\r\nbody\r\n"
FULL, HDRS = Parameter("RET", b"FULL"), Parameter("RET", b"hdrs")
NO = Fate(ADA, "failed", reply=Reply(550, (b"5.1.1 no such mailbox",)), remote="far.example")
NOW = 1_000_000_000.0


def matter(content: bytes = LETTER, *parameters: Parameter, **more) -> Matter:
    return Matter(ME, content, parameters, came=NOW - 60, **more)


def one(about: Matter, *fates: Fate) -> Read:
    (report,) = reports("lab.example", about, fates or (NO,), NOW)
    assert report.to == ME
    return read_report(report.content)


def test_a_failure_in_full() -> None:
    """The fields of RFC 3461 section 6.3 in the order of RFC 3464 section 2."""
    asked = {ADA: (Parameter("NOTIFY", b"FAILURE"), Parameter("ORCPT", b"rfc822;Ada@lab.example"))}
    about = matter(
        LETTER, FULL, Parameter("ENVID", b"QQ+2B1"), rcpt_parameters=asked, source="me.example ([127.0.0.1])"
    )
    found = one(about, NO._replace(sent_to=BOB))
    assert list(found.letter.items()) == [
        ("Original-Envelope-Id", "QQ+1"),
        ("Reporting-MTA", "dns; lab.example"),
        ("Received-From-MTA", "dns; me.example ([127.0.0.1])"),
        ("Arrival-Date", "Sun, 9 Sep 2001 01:45:40 +0000"),
    ]
    assert [list(each.items()) for each in found.recipients] == [
        [
            ("Original-Recipient", "rfc822; Ada@lab.example"),
            ("Final-Recipient", "rfc822; ada@lab.example"),
            ("Action", "failed"),
            ("Status", "5.1.1"),
            ("Remote-MTA", "dns; far.example"),
            ("Diagnostic-Code", "smtp; 550 5.1.1 no such mailbox"),
            ("Last-Attempt-Date", "Sun, 9 Sep 2001 01:46:40 +0000"),
            ("SMTP-Remote-Recipient", "bob@lab.example"),
        ]
    ]
    assert (found.kind, found.returned) == ("message/rfc822", LETTER)
    assert "  <ada@lab.example>: 550 5.1.1 no such mailbox" in found.words
    assert found.whole["Message-ID"].endswith("@lab.example>")


def test_a_field_that_nothing_is_known_of_is_left_out() -> None:
    found = one(matter(), Fate(ADA, "failed"))
    assert list(found.letter) == ["Reporting-MTA", "Arrival-Date"]
    assert list(found.recipients[0]) == ["Final-Recipient", "Action", "Status", "Last-Attempt-Date"]
    assert "  <ada@lab.example>: no answer" in found.words


@pytest.mark.parametrize(
    ("fate", "status"),
    [
        (NO, "5.1.1"),
        (NO._replace(status="5.4.7"), "5.4.7"),
        (NO._replace(reply=Reply(550, (b"no",))), "5.0.0"),
        (NO._replace(reply=Reply(450, (b"4.2.1 busy",))), "4.2.1"),
        (NO._replace(reply=Reply(450, (b"5.2.1 of another class",))), "4.0.0"),
        (NO._replace(reply=Reply(550, (b"5.01.1 with a zero in front",))), "5.0.0"),
        (NO._replace(reply=Reply(550, (b"5.1.1234 with too many digits",))), "5.0.0"),
        (NO._replace(reply=Reply(550, (b"5.1.1",))), "5.1.1"),
        (NO._replace(reply=Reply(550, (b"5.1.1. is no code",))), "5.0.0"),
        (NO._replace(reply=Reply(354, (b"what is this",))), "5.0.0"),
        (Fate(ADA, "failed", remark="5.7.30 REQUIRETLS support required"), "5.7.30"),
        (Fate(ADA, "failed", remark="gone"), "5.0.0"),
        (Fate(ADA, "delayed"), "4.0.0"),
        (Fate(ADA, "delayed", reply=Reply(451, (b"4.3.0 x",))), "4.3.0"),
        (Fate(ADA, "relayed", reply=Reply(250, (b"2.6.0 ok",))), "2.6.0"),
        (Fate(ADA, "relayed", reply=Reply(250, (b"ok",))), "2.0.0"),
        (Fate(ADA, "delivered"), "2.0.0"),
        (Fate(ADA, "expanded"), "2.0.0"),
    ],
)
def test_where_the_status_comes_from(fate: Fate, status: str) -> None:
    """RFC 3461 section 6.3 (g)."""
    assert one(matter(), fate).recipients[0]["Status"] == status


def test_a_reply_of_many_lines_is_transcribed() -> None:
    """RFC 3461 section 9.2: its own example."""
    reply = Reply(550, (b"mailbox unavailable", b"user has moved with no forwarding address"))
    found = one(matter(), NO._replace(reply=reply))
    code = "smtp; 550-mailbox unavailable\r\n 550 user has moved with no forwarding address"
    assert found.recipients[0]["Diagnostic-Code"] == code


def test_what_no_server_said_is_of_a_type_of_our_own() -> None:
    found = one(matter(), Fate(ADA, "failed", remark="the lett\u00ebr\r\nX: y"))
    assert found.recipients[0]["Diagnostic-Code"] == "x-esmtp-lab; the lett?r??X: y"


def test_a_delay_says_how_long_it_will_be_tried() -> None:
    """RFC 3464 section 2.3.9."""
    found = one(matter(), Fate(ADA, "delayed", until=NOW + 86400))
    assert found.recipients[0]["Will-Retry-Until"] == "Mon, 10 Sep 2001 01:46:40 +0000"


def test_when_it_was_to_arrive() -> None:
    """RFC 2852 section 5."""
    assert one(matter(deliver_by=NOW)).letter["Deliver-By-Date"] == "Sun, 9 Sep 2001 01:46:40 +0000"


def test_one_report_for_each_action() -> None:
    fates = (NO, Fate(BOB, "delivered"), Fate(BOB, "failed"))
    told = [read_report(each.content) for each in reports("lab.example", matter(), fates, NOW)]
    assert [(each.action, len(each.recipients)) for each in told] == [("failed", 2), ("delivered", 1)]


def test_no_report_about_a_letter_from_nobody_and_none_about_nothing() -> None:
    assert reports("lab.example", replace(matter(), reverse_path=Path()), (NO,), NOW) == ()
    assert reports("lab.example", matter(), (), NOW) == ()


def test_it_goes_to_the_reverse_path_without_its_route() -> None:
    """RFC 2821 section 6.1."""
    (report,) = reports("lab.example", replace(matter(), reverse_path=ME._replace(route=(b"a.example",))), (NO,), NOW)
    assert report.to == ME


def test_what_protects_the_letter_protects_the_report() -> None:
    """RFC 8689 section 5; RFC 3461 section 6.1 wants no RET with it."""
    own = (FULL, Parameter("ENVID", b"1"), Parameter("BY", b"1;N"), Parameter("REQUIRETLS", None))
    (report,) = reports("lab.example", matter(LETTER, *own), (NO,), NOW)
    assert report.parameters == (Parameter("REQUIRETLS", None),)


@pytest.mark.parametrize(
    ("content", "parameters", "kind", "returned"),
    [
        (LETTER, (FULL,), "message/rfc822", LETTER),
        (LETTER, (Parameter("RET", b"full"),), "message/rfc822", LETTER),
        (LETTER, (HDRS,), "text/rfc822-headers", b"Subject: x\r\nTo: y\r\n"),
        (LETTER, (), "text/rfc822-headers", b"Subject: x\r\nTo: y\r\n"),
        (b"From: a\r\n\r\nFrom the start\r\n.dot\r\n", (FULL,), "message/rfc822", None),
        (b"Subject: \xc3\xbc\r\n\r\nx\r\n", (FULL,), "text/rfc822-headers", b"Subject: ??\r\n"),
        (b"Subject: x\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n", (FULL,), "text/rfc822-headers", b"Subject: x\r\n"),
        (b"Subject: x\ry\n\0\r\n\r\nx", (FULL,), "text/rfc822-headers", b"Subject: x?y??\r\n"),
        (b"a: b\r\n\r\n" + b"x" * (MOST_RETURNED - 8), (FULL,), "message/rfc822", None),
        (b"a: b\r\n\r\n" + b"x" * (MOST_RETURNED - 7), (FULL,), "text/rfc822-headers", b"a: b\r\n"),
        (b"a: b\r\n" * 20_000, (HDRS,), "text/rfc822-headers", (b"a: b\r\n" * 20_000)[:MOST_RETURNED] + b"\r\n"),
        (b"a: b\r\n\r\n" + b"y" * 998 + b"\r\n", (FULL,), "message/rfc822", None),
        (b"a: b\r\n\r\n" + b"y" * 999 + b"\r\n", (FULL,), "text/rfc822-headers", b"a: b\r\n"),
        (b"a: " + b"y" * 1000 + b"\r\nb: c\r\n\r\n", (), "text/rfc822-headers", b"a: " + b"y" * 995 + b"\r\nb: c\r\n"),
    ],
)
def test_how_much_of_the_letter_comes_back(
    content: bytes, parameters: tuple[Parameter, ...], kind: str, returned: bytes | None
) -> None:
    content = content if b"xxx" not in content else content.replace(b"x" * 78, b"x" * 76 + b"\r\n")
    found = one(matter(content, *parameters))
    assert found.kind == kind
    assert found.returned == (content if returned is None else returned)


def test_a_letter_that_is_not_all_at_hand_is_not_returned_whole() -> None:
    found = one(replace(matter(LETTER, FULL), whole=False))
    assert found.kind == "text/rfc822-headers"


def test_only_failures_return_the_letter() -> None:
    """RFC 3461 sections 4.3 and 6.2."""
    for action in ("delayed", "delivered", "relayed", "expanded"):
        assert one(matter(LETTER, FULL), Fate(ADA, action)).kind == "text/rfc822-headers"


def test_a_letter_as_a_matter() -> None:
    envelope = Envelope(ME, (ADA,), (Parameter("BY", b"120;N"),), "MAIL", {ADA: (FULL,)}, NOW)
    kept = Letter(envelope, LETTER, "me.example", "127.0.0.1", "ESMTP", NOW + 5, len(LETTER))
    assert matter_of(kept) == Matter(
        ME,
        LETTER,
        envelope.parameters,
        {ADA: (FULL,)},
        NOW + 5,
        "me.example ([127.0.0.1])",
        NOW + 120,
    )
    elsewhere = kept._replace(content=b"", head=LETTER[:10], address="")
    assert (matter_of(elsewhere).content, matter_of(elsewhere).whole) == (LETTER[:10], False)
    assert matter_of(elsewhere).source == "me.example"
    assert HEAD >= 65_536


def test_the_same_is_the_same_and_other_letters_have_other_boundaries() -> None:
    (first,), (again,) = (reports("lab.example", matter(), (NO,), NOW) for _ in range(2))
    (other,) = reports("lab.example", matter(LETTER + b"x\r\n"), (NO,), NOW)
    assert first == again
    assert first.content.split(b"boundary=")[1][:30] != other.content.split(b"boundary=")[1][:30]


@given(st.binary(max_size=300), st.binary(max_size=60), st.binary(max_size=300), st.text(max_size=40))
def test_whatever_a_letter_and_a_server_say_the_report_is_in_form(
    content: bytes, local: bytes, said: bytes, client: str
) -> None:
    line = said.replace(b"\r", b"").replace(b"\n", b"")
    fates = (Fate(Path(local, b"x"), "failed", reply=Reply(550, (line, line))), Fate(ADA, "failed", remark=client))
    found = one(replace(matter(content, FULL), source=client), *fates)
    assert len(found.recipients) == 2


def test_long_values_are_cut_and_never_folded() -> None:
    """RFC 2822 section 2.1.1."""
    envid = Parameter("ENVID", b"x" * 94)
    orcpt = {ADA: (Parameter("ORCPT", b"rfc822;" + b"y" * 487),)}
    reply = Reply(550, (b"word " * 400,))
    found = one(matter(LETTER, envid, rcpt_parameters=orcpt), NO._replace(reply=reply))
    assert found.letter["Original-Envelope-Id"] == "x" * 94
    assert found.recipients[0]["Original-Recipient"] == "rfc822; " + "y" * 487
    assert len(found.recipients[0]["Diagnostic-Code"]) == 900


def test_what_a_reader_of_mail_sees_of_it() -> None:
    (report,) = reports("lab.example", matter(), (NO,), NOW)
    whole = one(matter()).whole
    assert whole["Subject"] == "Your letter could not be delivered"
    assert report.content.endswith(b"--\r\n")
    assert not report.content.endswith(b"\r\n\r\n")
    assert report.content.count(b"MIME-Version") == 1
    passed_on = Fate(ADA, "relayed", remote="far.example")
    assert "<ada@lab.example>: passed on to far.example" in one(matter(), passed_on).words


def test_a_line_that_begins_with_from_comes_back_as_it_was() -> None:
    letter = b"Subject: x\r\n\r\nFrom here on\r\n"
    assert one(matter(letter, FULL)).returned == letter


def test_the_last_letter_of_a_reply_is_kept() -> None:
    found = one(matter(), NO._replace(reply=Reply(550, (b"5.1.1 ask X",))))
    assert found.recipients[0]["Diagnostic-Code"] == "smtp; 550 5.1.1 ask X"


def test_an_address_beyond_us_ascii_is_of_a_type_of_its_own() -> None:
    """RFC 6533 section 3."""
    found = one(matter(), NO._replace(path=Path("δ".encode(), b"lab.example")))
    assert found.recipients[0]["Final-Recipient"] == "utf-8; \\x{3B4}@lab.example"


def test_a_reply_without_a_code_of_its_own_lends_its_first_digit() -> None:
    assert Fate(ADA, "delayed", reply=Reply(550, (b"no",))).code == "5.0.0"
    assert Fate(ADA, "delayed", reply=Reply(650, (b"no",))).code == "4.0.0"


def test_a_report_to_somebody_here_opens_with_mail() -> None:
    asked = {ADA: (Parameter("NOTIFY", b"SUCCESS"),)}
    envelope = Envelope(BOB, (ADA,), verb="MAIL", rcpt_parameters=asked)
    (letter,) = on_delivery(find_policy("lab"), Letter(envelope, LETTER, octets=len(LETTER)), NOW)
    assert letter.envelope.verb == "MAIL"
    assert letter.mailboxes == ("bob",)


def test_what_is_no_text_is_not_printed() -> None:
    assert notify.printable(b"a\x7f\x1f ~\t\xe9") == "a?? ~\t?"
    assert notify.unbroken(b"a\x7f\x1f\r\n ~\xe9") == b"a???? ~\xe9"
