"""Commands as values: what each production of a syntax gives, also where the line goes wrong behind it."""

from typing import Any

import pytest

from esmtp_lab.wire.command import PRODUCTIONS, Command, Piece, compile_syntax, parse_command
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
