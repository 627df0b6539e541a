"""Highlighting: the lexers lose nothing, colour by the parser's spans, and are found by Pygments."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.lexers import get_lexer_by_name
from pygments.token import Error, Keyword, Name, Number

from esmtp_lab.highlight.lexer import EsmtpLexer, EsmtpWireLexer
from esmtp_lab.highlight.tokens import NEGATIVE, TOKENS
from esmtp_lab.wire.span import PARTS

TRANSCRIPT = """=== connected
S: 220 lab.example ready
C: EHLO me.example
S: 250-lab.example
S: 250 SIZE 100
# remark
C: MAIL FROM:<ada@me.example> SIZE=1
S: 552 too large
C\\: NOOP\\n
C: \x0bcaf\xe9 \u2028 x
"""
LINES = st.lists(
    st.sampled_from(
        [*TRANSCRIPT.splitlines(), "DATA", "S: 354 go", "C: .", ".", "S: 250", "", "C:", "\x0c", "é", "C: \ud7ff"]
    )
    | st.text(max_size=20),
    max_size=12,
).map("\n".join)


@pytest.mark.parametrize("lexer", [EsmtpLexer, EsmtpWireLexer])
@given(LINES)
def test_joined_tokens_are_the_text(lexer, text):
    pieces = list(lexer().get_tokens_unprocessed(text))
    assert "".join(piece for _, _, piece in pieces) == text
    assert [at for at, _, _ in pieces] == [sum(len(p) for _, _, p in pieces[:n]) for n in range(len(pieces))]


def test_colours_come_from_the_grammar():
    tokens = {piece: token for _, token, piece in EsmtpLexer().get_tokens_unprocessed(TRANSCRIPT)}
    assert tokens["EHLO"] is Keyword
    assert tokens["SIZE"] is Name.Attribute
    assert tokens["552"] is NEGATIVE
    assert tokens["250"] is Number.Integer
    assert tokens["ada"] is Name.Variable
    wire = {
        piece: token for _, token, piece in EsmtpWireLexer().get_tokens_unprocessed("220 a\nMAIL FROM: <x>\n501 no\n")
    }
    assert wire["220"] is Number.Integer
    assert wire[" <x>"] is Error


def test_every_part_has_a_token():
    assert TOKENS.keys() == PARTS.keys()


def test_pygments_finds_lexers():
    assert isinstance(get_lexer_by_name("esmtp"), EsmtpLexer)
    assert isinstance(get_lexer_by_name("esmtp-wire"), EsmtpWireLexer)


def test_pygmentize_colours_a_transcript():
    command = [sys.executable, "-m", "pygments", "-l", "esmtp", "-f", "html"]
    done = subprocess.run(command, input=TRANSCRIPT.encode(), capture_output=True, check=True)
    assert b'<span class="k">EHLO</span>' in done.stdout
