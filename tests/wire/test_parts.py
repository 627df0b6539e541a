"""Parts: which there are, and the spans of a line by part."""

import pytest

from esmtp_lab.wire.command import parse_command
from esmtp_lab.wire.content import content_spans
from esmtp_lab.wire.grammar import RFC2821
from esmtp_lab.wire.reply import parse_reply_line
from esmtp_lab.wire.span import PARTS, Span, anatomy, walk
from esmtp_lab.wire.visible import decode, encode, spell, unspell

SYNTAXES = {
    "HELO": "SP domain-or-literal",
    "MAIL": 'SP "FROM:"reverse-path [SP parameters]',
    "RCPT": 'SP "TO:"forward-path',
    "VRFY": "SP string",
    "AUTH": "SP word SP secret",
    "BDAT": "SP chunk-size [SP end-marker]",
    "ETRN": "SP node-name",
}


def spans() -> list[Span]:
    """The spans of lines of every kind."""
    found: list[Span] = []
    for line in (
        b"HELO [192.0.2.1]",
        b"MAIL FROM:<@c:a@b> SIZE=1",
        b"RCPT TO:<a@b>",
        b"VRFY ada",
        b"AUTH X c2VjcmV0",
        b"BDAT 5 LAST",
        b"ETRN @a.b",
        b"XYZZY \xff\0\r\n!",
    ):
        found += parse_command(line + b"\r\n", SYNTAXES.get, RFC2821).spans
    for line, form in ((b"250-2.0.0 ok", "text"), (b"250 SIZE 1", "ehlo-line")):
        found += parse_reply_line(line + b"\r\n", form).spans
    for line in (b".\r\n", b"..x\r\n", b"A: b\r\n", b"\n\r!"):
        found += content_spans(line, line.startswith(b"A"))
    return found


def test_every_part_occurs_and_no_other() -> None:
    assert {span.part for span in walk(spans())} == set(PARTS)


def test_the_spans_of_a_line_by_part() -> None:
    """The outer before the inner, and each in the order of the line."""
    inner = (Span(0, 1, "angle"), Span(1, 2, "angle"))
    path, space = Span(0, 2, "reverse-path", inner), Span(2, 3, "space")
    assert anatomy((path, space)) == {"reverse-path": [path], "angle": [*inner], "space": [space]}
    assert anatomy(()) == {}


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"a", "a"),
        (b"caf\xc3\xa9", "caf\xe9"),
        (b"a\xffb\x80", "a\\xffb\\x80"),
        (b"\xfe", "\\xfe"),
        (b"\\x41", "\\x41"),
    ],
)
def test_text_comes_back_as_the_octets_that_it_was(octets: bytes, text: str) -> None:
    """What is no UTF-8 is spelt out; an escape of US-ASCII was written as it stands."""
    assert decode(octets) == text
    assert encode(text) == octets


@pytest.mark.parametrize(
    ("written", "octets"),
    [
        (b"\\r\\n", b"\r\n"),
        (b"\\t\\0\\\\", b"\t\0\\"),
        (b"\\x41\\xfF", b"A\xff"),
        (b"\\q\\x4\\", b"\\q\\x4\\"),
        (b"\\\\n", b"\\n"),
    ],
)
def test_what_escapes_stand_for(written: bytes, octets: bytes) -> None:
    """A backslash before anything else is one."""
    assert unspell(written) == octets
    assert unspell(spell(octets).encode()) == octets
