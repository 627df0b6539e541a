"""Transparency, visible text and the transcript format."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmtp_lab.wire.transcript import read, read_line, write_line
from esmtp_lab.wire.transparency import Unstuffer, travelling
from esmtp_lab.wire.visible import columns, decode, spell, unspell, visible

CONTENT = st.lists(st.sampled_from([b".", b"..", b"\r\n", b"\r", b"\n", b"a", b"\0", b"\xff", b""]), max_size=20).map(
    b"".join
)


@given(CONTENT, st.lists(st.integers(0, 60), max_size=6), st.binary(max_size=10))
def test_content_arrives_as_it_was_however_it_is_cut(content, cuts, behind):
    wire = travelling(content) + behind
    unstuffer, blocks, start = Unstuffer(), [], 0
    rest = None
    for end in [*sorted(cuts), len(wire)]:
        if rest is not None:
            rest += wire[start:end]
        else:
            block, rest = unstuffer.feed(wire[start:end])
            blocks.append(block)
        start = max(start, end)
    assert rest == behind
    ended = not content or content.endswith(b"\r\n")
    assert b"".join(blocks) == (content if ended else content + b"\r\n")


@pytest.mark.parametrize(
    "end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\n.\r", b"\r.\r\n", b"\r\n.\0\r\n"]
)
def test_nothing_else_ends_the_content(end):
    assert Unstuffer().feed(b"text" + end + b"more\r\n")[1] is None


@given(st.binary(max_size=60))
def test_nothing_that_acts_on_a_terminal_is_visible_raw(octets):
    text = visible(octets)
    assert not [char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs")]


def test_visible_spells_what_hides():
    assert visible(b"\x1b]0;x\x07") == r"\x1b]0;x\x07"
    assert visible("a\u202eb\u200bé".encode()) == r"a\u202eb\u200bé"
    assert visible(b"\xc3(") == r"\xc3("
    assert decode(b"caf\xc3\xa9 \xff") == r"café \xff"


@given(st.binary(max_size=40))
def test_columns_count_the_characters_before_each_octet(octets):
    for escaped, show in ((True, visible), (False, decode)):
        places = columns(octets, escaped=escaped)
        assert len(places) == len(octets) + 1
        assert places[-1] == len(show(octets))
        assert places == sorted(places)


@given(st.binary(max_size=60))
def test_spelling_is_inverse(octets):
    assert unspell(spell(octets).encode()) == octets


@given(st.binary(max_size=40), st.sampled_from("CS"))
def test_what_a_transcript_writes_it_reads(octets, side):
    line = write_line(side, octets)
    assert line.isascii()
    assert line.isprintable()
    entry = read_line(line.encode())
    assert (entry.kind, entry.octets) == (side, octets)


def test_every_kind_of_transcript_line():
    text = b"=== connected\nC: EHLO a\nS:250\nC\\: NOOP\\n\n> server=ready\n# remark\n#! pause\n\nNOOP\r\n"
    assert [(entry.kind, entry.octets) for entry in read(text.splitlines(keepends=True))] == [
        ("moment", b"connected"),
        ("C", b"EHLO a\r\n"),
        ("S", b"250\r\n"),
        ("C", b"NOOP\n"),
        ("holds", b"server=ready"),
        ("remark", b"remark"),
        ("direction", b"pause"),
        ("blank", b""),
        ("C", b"NOOP\r\n"),
    ]


HIDDEN = [0x00, 0x1F, 0x7F, 0x9F, 0xAD, 0x34F, 0x61C, 0x115F, 0x180E, 0x200B, 0x200F, 0x2028, 0x202E, 0x2060, 0x206F]
HIDDEN += [0x3164, 0xFE00, 0xFE0F, 0xFEFF, 0xFFA0, 0xFFF9, 0xE0001, 0xE0FFF]


@pytest.mark.parametrize("code", HIDDEN)
def test_every_kind_of_hidden_character_is_spelt_out(code):
    assert visible(f"a{chr(code)}b".encode()).isascii()
