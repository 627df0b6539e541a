"""What other software writes down, read as events: the samples are what swaks, curl and smtplib really print."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esmtp_lab.commands.annotate import annotate_lines
from esmtp_lab.commands.run import play_script
from esmtp_lab.export.jsonl import record
from esmtp_lab.export.transcript import mask, protocol_line
from esmtp_lab.lab import Lab, client_dialect
from esmtp_lab.protocol.event import Event
from esmtp_lab.readers.reading import FORMATS, read_transcript, recognise
from esmtp_lab.readers.smtplib import literal
from esmtp_lab.wire.visible import decode, encode

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.txt"))
NAMES = [sample.stem for sample in SAMPLES]


def events(lines: bytes | list[bytes], era: str = "rfc2821") -> list[Event]:
    split = lines.split(b"\n") if isinstance(lines, bytes) else lines
    return [read.event for read in read_transcript(split, client_dialect(era))]


def told(lines: bytes) -> str:
    """The dialogue in the transcript format."""
    return "\n".join(protocol_line(event) for event in events(lines))


def sample(name: str) -> bytes:
    return (Path(__file__).parent / "samples" / f"{name}.txt").read_bytes()


# The samples -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SAMPLES, ids=NAMES)
def test_a_sample_is_known_for_what_it_is(path):
    lines = [(number, line) for number, line in enumerate(path.read_bytes().split(b"\n"), 1)]
    found, rest = recognise(lines)
    assert found is not None
    assert found.name == path.stem.partition("-")[0]
    first = next(rest)[1]
    assert [each.name for each in FORMATS if each.sign.match(first)] == [found.name]
    others = {each.name for _, line in lines for each in FORMATS if each.sign.match(line)} - {found.name}
    assert others == set()


@pytest.mark.parametrize("path", SAMPLES, ids=NAMES)
def test_a_sample_is_a_dialogue(path):
    found = events(path.read_bytes())
    if path.stem == "swaks-nobody-unreachable":
        assert found == []
        return
    lines = [event for event in found if event.kind != "moment"]
    assert lines[0].octets.startswith(b"220 ")
    assert lines[1].octets.lower() == b"ehlo me.example\r\n"
    # every reply answers something, and nothing that is content was read as a command
    assert [event.octets for event in lines if event.kind == "reply" and not event.to] == []
    assert not [event for event in lines if event.kind == "command" and b"hello" in event.octets]
    assert lines[-1].after.state == ("ready" if path.stem.startswith("curl") else "closed")


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith(("swaks", "smtplib")) and "letter" in name])
def test_the_letter_is_content(name):
    content = [event for event in events(sample(name)) if event.kind in ("text", "content")]
    assert [event.octets for event in content][:2] == [b"From: <me@me.example>\r\n", b"To: <ada@lab.example>\r\n"]
    assert [event.octets for event in content if event.to == "body"][:3] == [b"\r\n", b"hello\r\n", b"..a dot\r\n"]
    assert "Grüße\r\n".encode() in [event.octets for event in content]
    assert content[-1].octets == b".\r\n"
    assert content[-1].kind == "content"


@pytest.mark.parametrize("name", [name for name in NAMES if "auth" in name or "tls" in name])
def test_no_password_is_shown(name):
    shown = b"".join(mask(event) for event in events(sample(name)))
    assert b"****" in shown
    for secret in (b"c2VjcmV0", b"em9l", b"AHpvZQBzZWNyZXQ="):
        assert secret in sample(name) or secret not in shown
        assert secret not in shown


@pytest.mark.parametrize("name", ["swaks-aiosmtpd-tls", "curl-aiosmtpd-tls"])
def test_tls_begins_the_session_anew(name):
    (moment,) = [event for event in events(sample(name)) if event.octets.startswith(b"tls")]
    assert moment.octets.startswith(b"tls with TLSv1.3")
    assert moment.after.state == "initial"
    assert moment.after.facts == {"tls"}


def test_what_swaks_pipelined_was_in_flight():
    found = {event.to: event for event in events(sample("swaks-postfix-pipelined")) if event.kind == "command"}
    assert found["DATA"].in_flight == ("MAIL", "RCPT")


def test_a_dialogue_of_swaks():
    assert told(sample("swaks-lab-refused")) == (
        "=== connected to 127.0.0.1\n"
        "S: 220 lab.example ESMTP ready\n"
        "C: EHLO me.example\n"
        "S: 250-lab.example greets me.example\n"
        "S: 250-SIZE 10485760\n"
        "S: 250-8BITMIME\n"
        "S: 250-PIPELINING\n"
        "S: 250-ENHANCEDSTATUSCODES\n"
        "S: 250-EXPN\n"
        "S: 250 HELP\n"
        "C: MAIL FROM:<me@me.example>\n"
        "S: 250 2.1.0 Sender <me@me.example> ok\n"
        "C: RCPT TO:<stranger@lab.example>\n"
        "S: 550 5.1.1 No mailbox <stranger@lab.example> here\n"
        "C: QUIT\n"
        "S: 221 2.0.0 lab.example Service closing transmission channel\n"
        "=== closed"
    )


def test_a_dialogue_of_curl():
    assert told(sample("curl-lab821-letter")) == (
        "=== connected to 127.0.0.1\n"
        "S: 220 lab.example Simple Mail Transfer Service Ready\n"
        "C: EHLO me.example\n"
        "S: 500 Command unrecognized\n"
        "C: HELO me.example\n"
        "S: 250 lab.example\n"
        "C: MAIL FROM:<me@me.example>\n"
        "S: 250 OK\n"
        "C: RCPT TO:<ada@lab.example>\n"
        "S: 250 OK\n"
        "C: DATA\n"
        "S: 354 Start mail input; end with <CRLF>.<CRLF>\n"
        "=== content not shown here\n"
        "S: 250 OK, 160 octets taken for ada"
    )


def test_a_dialogue_of_smtplib():
    text = told(sample("smtplib-lab-asks"))
    assert text.endswith(
        "C: vrfy ada\n"
        "S: 250 2.1.5 Ada Lovelace <ada@lab.example>\n"
        "C: XYZZY plugh\n"
        "S: 500 5.5.2 Command unrecognized\n"
        "C: mail FROM:<me@me.example>\n"
        "S: 250 2.1.0 Sender <me@me.example> ok\n"
        "C: rcpt TO:<stranger@lab.example>\n"
        "S: 550 5.1.1 No mailbox <stranger@lab.example> here\n"
        "C: DATA\n"
        "S: 503 5.5.1 Bad sequence of commands: DATA cannot come now\n"
        "C: quit\n"
        "S: 221 2.0.0 lab.example Service closing transmission channel"
    )


# Our own formats ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SAMPLES, ids=NAMES)
@pytest.mark.parametrize("era", ["rfc821", "rfc2821"])
def test_json_lines_read_back_are_the_same_lines(path, era):
    first = [json.loads(line) for line in annotate_lines(path.read_bytes().split(b"\n"), era, "json")]
    written = [json.dumps(each).encode() for each in first]
    again = [json.loads(line) for line in annotate_lines(written, era, "json")]
    for each in first + again:
        each.pop("line")
    # what is masked is read back masked, and no rule can look at it
    assert [each for each in again if "****" not in each["text"]] == [
        each for each in first if "****" not in each["text"]
    ]
    assert [(each["text"], each["state"]) for each in again] == [(each["text"], each["state"]) for each in first]


@pytest.mark.parametrize("path", SAMPLES, ids=NAMES)
def test_an_annotated_transcript_reads_back_as_itself(path):
    first = list(annotate_lines(path.read_bytes().split(b"\n"), "rfc2821"))
    assert list(annotate_lines([line.encode() for line in first], "rfc2821")) == first


STRANGE = [
    b"S: 220 x",
    b"C: EHLO a",
    b"S: 250 x",
    rb"C: NOOP \xff",
    rb"C\: NOOP \xff\r\n",
    rb"C\: NOOP a\nb\r\n",
    rb"C\: NOOP \x00\r\r\n",
    rb"C\: NOOP \\\r\n",
    "C: NOOP Grüße \U0001f4e7 \\".encode(),
    b"S: 250 ok",
]


def test_json_lines_hold_every_octet():
    written = [line.encode() for line in annotate_lines(STRANGE, "rfc2821", "json")]
    assert [event.octets for event in events(written)] == [event.octets for event in events(STRANGE)]
    assert events(written) == events(STRANGE)
    # the one text that would be read otherwise has its octets beside it
    assert [json.loads(line)["text"] for line in written if "octets" in json.loads(line)] == [r"NOOP \xff"]


@given(st.binary(max_size=30))
def test_encode_undoes_decode_but_for_what_looks_like_an_escape(octets):
    if not re.search(rb"\\x[89a-f][0-9a-f]", octets):
        assert encode(decode(octets)) == octets


def test_another_session_in_json_lines_is_one():
    one = [b"S: 220 x", b"C: EHLO a", b"S: 250 x"]
    written = [line.encode() for line in annotate_lines([*one, b"=== connected", *one], "rfc2821", "json")]
    assert [event.octets for event in events(written) if event.kind == "moment"] == [b"connected"]
    assert [event.after.state for event in events(written)][-3:] == ["initial", "initial", "ready"]


# What none of the samples shows ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        (b"'ehlo me.example\\r\\n'", b"ehlo me.example\r\n"),
        (b"b'caf\\xc3\\xa9\\t\\x00'", b"caf\xc3\xa9\t\0"),
        (b'"it\'s"', b"it's"),
        (b"'it\\'s \\\\n'", b"it's \\n"),
        (b"'\\u20ac\\U0001f4e7'", "€\U0001f4e7".encode()),
        (b"'\\q \\x4'", b"\\q \\x4"),
        (b"'\\U99999999'", b"\\U99999999"),
        (b"__import__('os')", None),
        (b"'open", None),
        (b"", None),
    ],
)
def test_literals_are_decoded_and_never_run(text, octets):
    assert literal(text) == octets


def test_smtplib_of_python_2_and_replies_without_their_lines():
    text = (
        b"connect: ('localhost', 25)\n"
        b"reply: '220 mail.example ESMTP\\r\\n'\n"
        b"reply: retcode (220); Msg: mail.example ESMTP\n"
        b"send: 'ehlo me.example\\r\\n'\n"
        b"reply: retcode (250); Msg: b'mail.example\\nSIZE 1000\\nHELP'\n"
        b"reply: retcode (-1); Msg: b''\n"
        b"send: 'quit\\r\\n'\n"
        b"reply: retcode (221); Msg: bye\n"
    )
    assert told(text) == (
        "=== connected to localhost, 25\nS: 220 mail.example ESMTP\nC: ehlo me.example\n"
        "S: 250-mail.example\nS: 250-SIZE 1000\nS: 250 HELP\nC: quit\nS: 221 bye"
    )


def test_swaks_that_only_counts_the_content():
    text = sample("swaks-lab-letter").split(b"\n")
    begin = next(number for number, line in enumerate(text) if line.startswith(b" -> From:"))
    end = text.index(b" -> .")
    found = events([*text[:begin], b" -> 12 lines sent", *text[end + 1 :]])
    assert [event.octets for event in found if event.kind == "moment"][1] == b"content not shown here: 12 lines"
    assert found[-2].after.state == "closed"


def test_curl_with_its_meter_between_the_lines():
    meter = b"\r100  160    0     0  100   161      0  12605 --:--:-- --:--:-- --:--:-- 13416"
    lines = sample("curl-lab-letter").replace(b"\n< 250 2.0.0", b"\n" + meter * 2 + b"< 250 2.0.0")
    assert told(lines) == told(sample("curl-lab-letter"))


def test_a_transcript_that_leaves_content_out():
    text = b"C: EHLO a\nS: 250 x\nC: MAIL FROM:<a@b>\nS: 250 ok\nC: RCPT TO:<c@d>\nS: 250 ok\nC: DATA\nS: 354 go\n"
    last = events(text + b"S: 250 ok")[-1]
    assert (last.to, last.after.state) == ("END_OF_DATA", "ready")


def test_what_comes_before_the_first_sign_is_passed_over():
    assert told(b"\xef\xbb\xbfC: NOOP\nS: 250 ok").startswith("C: NOOP")
    assert told(b"Dear colleague,\n\n> look at this:\n* one\n\nS: 220 x\nC: NOOP").startswith("S: 220 x")
    assert told(b"nothing\nof\nthe kind") == ""


@pytest.mark.parametrize(
    "lines", [[b'{"dir": "C"}', b'{"dir": "C", "text": 1}', b'{"dir": ["C"], "text": "x"}', b'{"dir": "C", "text": "a']]
)
def test_json_lines_that_are_none_are_passed_over(lines):
    assert events(lines) == []
    assert events([*lines, b'{"dir": "C", "text": "\\ud800", "state": 7}'])[0].octets == b"\xed\xa0\x80\r\n"
    assert events([*lines, b"[" * 100_000]) == []


@pytest.mark.parametrize("path", SAMPLES, ids=NAMES)
def test_a_file_is_read_as_it_comes(path):
    lines = [line + b"\n" for line in path.read_bytes().split(b"\n")]
    seen = 0

    def source():
        nonlocal seen
        for line in lines:
            seen += 1
            yield line

    for read in read_transcript(source(), client_dialect("rfc2821")):
        assert read.number == seen


BEGINNINGS = [b"C: EHLO a", b"=== Trying x...", b"send: 'EHLO a\\r\\n'", b"< 220 x", b'{"dir": "C", "text": "EHLO a"}']
MARKS = [
    b"C: ",
    b"S: ",
    b"C\\: ",
    b" -> ",
    b"<- ",
    b"<** ",
    b"=== ",
    b"send: '",
    b"reply: b'",
    b"> ",
    b"< ",
    b"* ",
    b"{",
]


@settings(max_examples=100)
@given(
    st.sampled_from(BEGINNINGS),
    st.lists(st.tuples(st.sampled_from([*MARKS, b""]), st.binary(max_size=40), st.sampled_from([b"", b"'", b"}"]))),
)
def test_nothing_that_is_written_makes_it_fail(beginning, rest):
    lines = [beginning, *(b"".join(parts).replace(b"\n", b" ") for parts in rest)]
    for form in ("text", "json"):
        for line in annotate_lines(lines, "rfc2821", form):
            assert isinstance(line, str)


def test_what_run_writes_as_json_is_read():
    script = ["EHLO me.example", "MAIL FROM:<me@me.example>", "RCPT TO:<ada@lab.example>", "DATA", "a", "..b", "."]
    script += ["AUTH PLAIN AHpvZQBzZWNyZXQ=", "=== connected", "HELO me.example", "XYZZY", "S: 250", "QUIT"]
    said = list(play_script(Lab(), [line.encode() for line in script], "json"))
    written = [json.loads(line.text) for line in said]
    again = [json.loads(line) for line in annotate_lines([line.text.encode() for line in said], "rfc2821", "json")]
    lines = [each for each in written if "mismatch" not in each]
    assert len(written) == len(lines) + 1
    assert [(each["dir"], each["text"]) for each in again] == [(each["dir"], each["text"]) for each in lines]
    assert [each["state"]["server"] for each in again if each["dir"] == "S"] == [
        each["state"]["server"] for each in lines if each["dir"] == "S"
    ]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b" -> NOOP", "C: NOOP"),
        (b" ~> NOOP", "C: NOOP"),
        (b"**> NOOP", "C: NOOP"),
        (b"*~> NOOP", "C: NOOP"),
        (b" ->", "C:"),
        (b"<-  250 ok", "S: 250 ok"),
        (b"<~  250 ok", "S: 250 ok"),
        (b"<** 550 no", "S: 550 no"),
        (b"<~* 550 no", "S: 550 no"),
        (b"*** Error connecting", ""),
        (b"??? what", ""),
        (b"=== TLS started with cipher X:Y:256", "=== tls with X:Y:256"),
        (b"=== Connection closed with remote host.", "=== closed"),
    ],
)
def test_the_marks_of_swaks(line, shown):
    assert told(b"<-  220 x\n" + line).removeprefix("S: 220 x").strip() == shown


# TLS -------------------------------------------------------------------------------------------------

CLEAR = "S: 220 a\nC: EHLO b\nS: 250-a\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\n"


@pytest.mark.parametrize("moment", ["=== tls with TLSv1.3\n", "=== tls\n", ""])
def test_tls_is_known_with_its_moment_and_without(moment):
    """What can be read behind the 220 was said under TLS, whether or not the transcript has the moment."""
    found = events((CLEAR + moment + "C: EHLO b\nS: 250 a\nC: MAIL FROM:<a@b>").encode())
    assert [event.before.protected for event in found if event.octets == b"EHLO b\r\n"] == [False, True]
    assert found[-1].before.facts == {"tls", "extended"}
    assert [event.octets for event in found if event.kind == "moment"] == ([moment[4:-1].encode()] if moment else [])


def test_what_stands_between_starttls_and_its_reply_was_said_in_clear():
    found = events((CLEAR.replace("S: 220 go\n", "C: NOOP\nS: 220 go\n") + "C: EHLO b").encode())
    (noop,) = [event for event in found if event.octets == b"NOOP\r\n"]
    assert noop.in_flight == ("STARTTLS",)
    assert not noop.before.protected
    assert found[-1].before.protected


def test_json_says_what_was_under_tls(plays):
    lab = plays("C: EHLO a\nC: STARTTLS\nC: EHLO a\nC: QUIT", policy="secure")
    protected = [event for crossing in lab.bench.log for event in lab.lines(crossing) if event.kind != "moment"]
    lines = [record(event, None, event.after.state, event.after.state) for event in protected]
    assert ['"tls": true' in line for line in lines] == [event.before.protected for event in protected]
    back = events("\n".join(lines).encode())
    assert [event.before.protected for event in back if event.kind != "moment"] == ['"tls"' in line for line in lines]
    assert [event.octets for event in back if event.kind == "moment"] == [b"tls"]
