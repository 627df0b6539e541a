"""Reading transcripts of others: lines are missing, sessions follow each other, extensions are strange."""

import pytest

from esmtp_lab.lab import client_dialect
from esmtp_lab.protocol.reader import Reader
from esmtp_lab.protocol.session import Position
from esmtp_lab.readers.reading import read_transcript
from esmtp_lab.rules.annotator import annotator


def states(text: str, era: str = "rfc2821") -> list[str]:
    """The state after each line."""
    found = read_transcript(text.strip("\n").encode().split(b"\n"), client_dialect(era))
    return [read.state for read in found if read.event.kind != "moment"]


def kinds(text: str, era: str = "rfc2821") -> list[str]:
    return [read.event.kind for read in read_transcript(text.strip("\n").encode().split(b"\n"), client_dialect(era))]


def broken(text: str, era: str = "rfc2821") -> list[str]:
    annotate = annotator(era)
    events = (read.event for read in read_transcript(text.strip("\n").encode().split(b"\n"), client_dialect(era)))
    return [each.rule.lineage for event in events for each in annotate(event).citations if each.broken]


ORDINARY = """
S: 220 mail.example ESMTP
C: EHLO me.example
S: 250-mail.example
S: 250 SIZE 100
C: MAIL FROM:<a@b.example>
S: 250 ok
C: RCPT TO:<c@d.example>
S: 250 ok
C: DATA
S: 354 go
C: Subject: x
C:
C: hello
C: .
S: 250 taken
C: QUIT
S: 221 bye
"""
LINES = ORDINARY.strip("\n").split("\n")


def without(*places: int) -> str:
    return "\n".join(line for place, line in enumerate(LINES) if place not in places)


def test_an_ordinary_session():
    assert states(ORDINARY) == ["initial"] * 3 + ["ready"] * 2 + ["mail"] * 2 + ["rcpt"] * 2 + ["data"] * 5 + [
        "ready"
    ] * 2 + ["closed"]
    assert broken(ORDINARY) == []


@pytest.mark.parametrize("missing", [(0,), (2, 3), (5,), (7,), (9,), (14,), (0, 1, 2, 3), (5, 7), (0, 9)])
def test_missing_lines_are_made_up_for(missing):
    """Whatever is missing, the content is known for content, the end is found, and nobody is accused of it."""
    text = without(*missing)
    assert kinds(text).count("text") == 3
    assert kinds(text).count("content") == 1
    assert states(text)[-1] == "closed"
    assert set(broken(text)) <= {
        "wait-for-reply",
        "group-last",
        "groups-when-offered",
        "mail-before-rcpt",
        "ehlo-before-mail",
        "rcpt-before-data",
    }


def test_sessions_follow_each_other():
    for between in ("", "=== connected\n"):
        twice = states(ORDINARY + between + ORDINARY)
        assert twice[len(LINES) :] == states(ORDINARY)
    assert states(ORDINARY + without(0))[len(LINES) :] == states(without(0))
    assert broken(ORDINARY + ORDINARY) == []


def test_chunks_are_content():
    text = "C: EHLO a\nS: 250-x\nS: 250 CHUNKING\nC: MAIL FROM:<a@b>\nS: 250 ok\nC: RCPT TO:<c@d>\nS: 250 ok\n"
    text += "C: BDAT 14 LAST\nC: QUIT\nC: RSET\nC:\nS: 250 ok\nC: QUIT\nS: 221 bye"
    assert kinds(text)[-6:] == ["text", "text", "text", "reply", "command", "reply"]
    assert states(text)[-1] == "closed"


@pytest.mark.parametrize("era", ["rfc821", "rfc2821"])
@pytest.mark.parametrize(
    "line",
    [
        "AUTH PLAIN c2VjcmV0",
        "AUTH  PLAIN c2VjcmV0",
        " AUTH PLAIN  c2VjcmV0",
        "auth plain=c2VjcmV0",
        "AUTH=PLAIN c2VjcmV0",
    ],
)
def test_a_password_is_known_for_one_however_it_is_written(era, line):
    from esmtp_lab.export.transcript import mask

    text = f"C: EHLO a\nS: 250 x\nC: {line}\nS: 334 go on\nC: c2VjcmV0\nS: 235 ok"
    events = [read.event for read in read_transcript(text.encode().split(b"\n"), client_dialect(era))]
    assert not any(b"c2VjcmV0" in mask(event) for event in events)


def test_a_transcript_without_the_server_is_read_all_the_same():
    found = list(read_transcript((b"C: NOOP" for _ in range(2_000)), client_dialect()))
    assert len(found) == 2_000
    assert len(found[-1].event.in_flight) <= 100
    assert found[-1].event.before == Position("initial")


def test_a_line_of_any_length_is_whole():
    line = b"S: 220 " + b"x" * 100_000
    (read,) = read_transcript([line], client_dialect())
    assert read.event.octets == line[3:] + b"\r\n"


def listening(text: str) -> Reader:
    """A reader that has heard these lines."""
    reader = Reader(client_dialect())
    for line in text.strip("\n").split("\n"):
        reader.hear("server" if line.startswith("S: ") else "client", line[3:].encode() + b"\r\n")
    return reader


def test_the_end_that_a_transcript_lacks_is_made_up_in_content_alone():
    ready = "\n".join(LINES[:4])
    reader = listening(ready)
    reader.end_content()
    assert reader.waiting == ()
    reader = listening("\n".join(LINES[:10]))
    reader.end_content()
    assert [each.entry for each in reader.waiting] == ["END_OF_DATA"]
    reader = listening("\n".join(LINES[:9]))
    reader.end_content()
    assert [each.entry for each in reader.waiting] == ["DATA"]


def test_behind_the_handshake_the_session_goes_on_without_a_greeting():
    reader = listening("\n".join(LINES[:4]))
    reader.protect("tls")
    assert reader.position.state == "initial"
    for speaker, octets in (("client", b"EHLO me.example\r\n"), ("server", b"250 mail.example\r\n")):
        reader.hear(speaker, octets)
    assert reader.position.state == "ready"


def test_a_moment_amid_the_header_section_can_be_come_back_to():
    reader = listening("\n".join([*LINES[:11]]))
    saved = reader.save()
    assert reader.hear("client", b"\r\n")[0].to == "body"
    reader.load(saved)
    assert reader.hear("client", b"To: y\r\n")[0].to == "header"


def test_a_line_behind_starttls_that_can_be_read_was_said_under_tls():
    """The transcript does not say that the handshake was done."""
    text = "\n".join([*LINES[:2], "S: 250-mail.example", "S: 250 STARTTLS", "C: STARTTLS", "S: 220 go", LINES[1]])
    reader = listening(text)
    assert reader.position.protected
    assert [each.entry for each in reader.waiting] == ["EHLO"]


def test_the_rest_of_a_chunk_that_a_transcript_lacks_has_passed_all_the_same():
    text = "\n".join([*LINES[:3], "S: 250 CHUNKING", *LINES[4:8], "C: BDAT 100 LAST", "C: hello"])
    reader = listening(text)
    assert reader.left == 93
    reader.end_content()
    assert reader.left == 0
    assert [each.entry for each in reader.waiting] == ["LAST_CHUNK"]
