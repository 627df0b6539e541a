"""Commands as values: what each production of a syntax gives, also where the line goes wrong behind it."""

from typing import Any

import pytest

from esmtp_lab.wire.command import PRODUCTIONS, Command, Outline, Piece, compile_syntax, outline, parse_command
from esmtp_lab.wire.grammar import RFC821, RFC2821, RFC5321, Grammar
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.path import Path

GRAMMARS = (RFC821, RFC2821, RFC5321)
ADA = Path(b"ada", b"b.example")


def read(syntax: str, argument: bytes, grammar: Grammar = RFC2821) -> Command:
    return parse_command(b"VERB" + argument + b"\r\n", {"VERB": syntax}.get, grammar)


@pytest.mark.parametrize(
    ("production", "text", "value"),
    [
        ("domain", b"b.example", b"b.example"),
        ("domain-or-literal", b"b.example", b"b.example"),
        ("domain-or-literal", b"[192.0.2.1]", b"[192.0.2.1]"),
        ("reverse-path", b"<ada@b.example>", ADA),
        ("reverse-path", b"<>", Path()),
        ("reverse-path", b"<@c,@d:ada@b.example>", Path(b"ada", b"b.example", (b"c", b"d"))),
        ("forward-path", b"<ada@b.example>", ADA),
        ("forward-path", b"<Postmaster>", Path(b"Postmaster")),
        ("parameters", b"SIZE=1 x", (Parameter("SIZE", b"1"), Parameter("X"))),
        ("string", b"Ada Lovelace", b"Ada Lovelace"),
        ("string", b"x", b"x"),
        ("word", b"ada", b"ada"),
        ("secret", b"c2VjcmV0", b"c2VjcmV0"),
        ("number", b"12345678901234567890", b"12345678901234567890"),
    ],
)
@pytest.mark.parametrize("grammar", GRAMMARS, ids=lambda grammar: grammar.name)
def test_what_a_production_gives(grammar: Grammar, production: str, text: bytes, value: Any) -> None:
    """A path, parameters, or the octets as they stand."""
    command = read(f"SP {production}", b" " + text, grammar)
    assert (command.verb, command.values, command.problem) == ("VERB", {production: value}, None)
    assert command.path == (value if production.endswith("path") else None)
    assert command.parameters == (value if production == "parameters" else ())
    assert command.host == (text.decode() if production.startswith("domain") else "")
    assert command.text(production) == (text.decode() if isinstance(value, bytes) else "")


@pytest.mark.parametrize("production", PRODUCTIONS)
def test_what_is_not_there_gives_nothing(production: str) -> None:
    command = read(f"SP {production}", b"")
    assert (command.values, command.path, command.parameters, command.host) == ({}, None, (), "")
    assert command.problem is not None
    assert (command.problem.slug, command.problem.at) == ("argument-missing", 4)


@pytest.mark.parametrize(
    ("production", "text", "slug"),
    [
        ("string", b"\xff", "string"),
        ("word", b"\xff", "string"),
        ("secret", b"\xff", "string"),
        ("number", b"x", "number"),
        ("domain", b"[192.0.2.1]", "domain"),
        ("reverse-path", b"<Postmaster>", "path-domain"),
        ("forward-path", b"<>", "local-part"),
        ("parameters", b"=x", "parameter"),
    ],
)
def test_what_a_production_does_not_take(production: str, text: bytes, slug: str) -> None:
    command = read(f"SP {production}", b" " + text)
    assert command.problem is not None
    assert (command.problem.slug, command.problem.at >= 5) == (slug, True)
    assert command.values.get(production, ()) == ()


@pytest.mark.parametrize(
    ("text", "taken"), [(b"SIZE=1 =x", 1), (b"SIZE=1 BODY=", 1), (b"SIZE=1 X BODY= Y", 2), (b"=x", 0), (b"BODY=", 0)]
)
def test_parameters_before_one_that_is_wrong(text: bytes, taken: int) -> None:
    """What could be read was read."""
    command = read("SP parameters", b" " + text)
    assert command.problem is not None
    assert command.parameters == (Parameter("SIZE", b"1"), Parameter("X"))[:taken]


@pytest.mark.parametrize(
    ("text", "path"), [(b"<@c,ada@b.example>", ADA), (b"<@c?ada@b.example>", Path(b"?ada", b"b.example"))]
)
def test_a_route_that_is_wrong_is_none(text: bytes, path: Path) -> None:
    """The path behind it can be read all the same."""
    command = read("SP reverse-path", b" " + text)
    assert command.problem is not None
    assert command.path == path


@pytest.mark.parametrize(
    ("syntax", "pieces"),
    [
        ("", ()),
        ("SP word", (Piece("SP"), Piece("production", "word"))),
        ('"TO:"word', (Piece("literal", "TO:"), Piece("production", "word"))),
        ("[SP word]", (Piece("optional", inner=(Piece("SP"), Piece("production", "word"))),)),
        (
            "[word [word]]",
            (
                Piece(
                    "optional",
                    inner=(Piece("production", "word"), Piece("optional", inner=(Piece("production", "word"),))),
                ),
            ),
        ),
    ],
)
def test_the_pieces_of_a_syntax(syntax: str, pieces: tuple[Piece, ...]) -> None:
    assert compile_syntax(syntax) == pieces


def test_a_piece_that_says_no_more() -> None:
    assert Piece("SP") == ("SP", "", ())


@pytest.mark.parametrize(
    ("line", "verb", "slug", "parts"),
    [
        (b"NOOP", "NOOP", None, "verb crlf"),
        (b"noop", "NOOP", None, "verb crlf"),
        (b"NOOP \t", "NOOP", None, "verb space crlf"),
        (b"NOOP\t", "NOOP", None, "verb space crlf"),
        (b"NOOP\tx", "NOOP", "too-much", "verb space unparsed crlf"),
        (b"VRFY\tada", "VRFY", "argument-missing", "verb unparsed crlf"),
        (b"XYZZY x", "XYZZY", "verb", "verb unparsed crlf"),
        (b"X x", "X", "verb", "verb unparsed crlf"),
        (b"NOOP=x", "", "verb", "unparsed crlf"),
        (b"NOOP\xff", "", "verb", "unparsed eight-bit crlf"),
        (b"NOOP\0", "", "verb", "unparsed nul crlf"),
        (b" NOOP", "", "verb", "unparsed crlf"),
        (b"-NOOP", "", "verb", "unparsed crlf"),
        (b"", "", "verb", "crlf"),
    ],
)
def test_where_a_verb_ends(line: bytes, verb: str, slug: str | None, parts: str) -> None:
    """RFC 821 section 4.1.2, RFC 2821 section 4.1.1: at a space or the end of the line. What is behind a tab is no
    argument, but a verb that is known is known for it; a word that goes on otherwise is no verb at all."""
    command = parse_command(line + b"\r\n", {"NOOP": "", "VRFY": "SP string"}.get)
    assert (command.verb, command.problem and command.problem.slug) == (verb, slug)
    assert " ".join(span.part for span in command.spans) == parts


@pytest.mark.parametrize(
    ("argument", "values", "slug"),
    [
        (b"", {}, None),
        (b" ", {}, None),
        (b"\t \t", {}, None),
        (b" X", {"word": b"X"}, None),
        (b" X ", {"word": b"X"}, None),
        (b" X X", {"word": b"X"}, "too-much"),
        (b"\ty", {}, "argument-missing"),
        (b" \tX", {}, "string"),
    ],
)
def test_what_is_optional_is_read_where_something_stands(
    argument: bytes, values: dict[str, bytes], slug: str | None
) -> None:
    """Behind a space; what stands behind a tab was meant for it, and is wrong."""
    command = read("[SP word]", argument)
    assert (command.values, command.problem and command.problem.slug) == (values, slug)


@pytest.mark.parametrize(
    ("production", "text", "part"),
    [
        ("domain", b"b.example", "domain"),
        ("domain-or-literal", b"[192.0.2.1]", "address-literal"),
        ("reverse-path", b"<>", "reverse-path"),
        ("forward-path", b"<a@b>", "forward-path"),
        ("parameters", b"SIZE=1", "parameter"),
        ("string", b"Ada Lovelace", "string"),
        ("word", b"ada", "string"),
        ("secret", b"c2VjcmV0", "secret"),
        ("number", b"7", "string"),
    ],
)
def test_what_part_of_a_line_a_production_is(production: str, text: bytes, part: str) -> None:
    assert [span.part for span in read(f"SP {production}", b" " + text).spans] == ["verb", "space", part, "crlf"]


def test_the_outline_of_a_line() -> None:
    """What it has in common with lines whose values differ."""
    syntax = 'SP "FROM:"reverse-path [SP parameters]'
    right = read(syntax, b" FROM:<a@b> SIZE=1 body=7BIT")
    assert outline(right) == outline(read(syntax, b" from:<cd@ef> SIZE=99 BODY=8"))
    path = {"reverse-path", "angle", "local-part", "at", "domain"}
    parameters = {"parameter", "esmtp-keyword", "equals", "esmtp-value"}
    parts = {"verb", "space", "literal", "crlf"} | path | parameters
    assert outline(right) == Outline("-", frozenset(parts), frozenset({"SIZE", "BODY"}))
    wrong = read(syntax, b" FROM:<a@b")
    assert outline(wrong) == Outline(
        "path-brackets", frozenset({"verb", "space", "literal", "crlf"} | path), frozenset()
    )
