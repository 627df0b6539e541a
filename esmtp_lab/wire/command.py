"""Command lines: a verb and, as the verb's syntax says, an argument and parameters.

A syntax is written as the standards write it: ``SP "FROM:" reverse-path [SP parameters]``. Its
words are SP, quoted literals (any case), names of productions, and brackets around what may be
left out.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from esmtp_lab.errors import DataError
from esmtp_lab.wire import grammar as g
from esmtp_lab.wire.grammar import RFC2821, Grammar
from esmtp_lab.wire.parameter import Parameter, scan_parameters
from esmtp_lab.wire.path import Path, scan_domain, scan_node, scan_path
from esmtp_lab.wire.scan import Problem, Scanner
from esmtp_lab.wire.span import Span, walk

_TOKEN = re.compile(r'"([^"]*)"|(\[)|(\])|([A-Za-z][A-Za-z\-]*)|\s+')
_TRAILING = re.compile(rb"[ \t]+")

Production = Callable[[Scanner, Grammar], Any]


def _pattern(pattern: re.Pattern[bytes], part: str, expected: str, slug: str) -> Production:
    def scan(scanner: Scanner, grammar: Grammar) -> bytes | None:
        taken = scanner.take(pattern, part)
        if taken is None:
            scanner.fail(expected, slug)
        return taken

    return scan


def _string(scanner: Scanner, grammar: Grammar) -> bytes | None:
    taken = scanner.take(grammar.string, "string")
    if taken is None:
        scanner.fail("a name or some text", "string")
    return taken


PRODUCTIONS: dict[str, Production] = {
    # RFC 6531 section 3.7.1: whoever says who it is keeps to US-ASCII
    "domain": lambda scanner, grammar: scan_domain(scanner, grammar.narrow or grammar, literal=False),
    "domain-or-literal": lambda scanner, grammar: scan_domain(scanner, grammar.narrow or grammar),
    "reverse-path": lambda scanner, grammar: scan_path(scanner, grammar, "reverse-path"),
    "forward-path": lambda scanner, grammar: scan_path(scanner, grammar, "forward-path"),
    "parameters": scan_parameters,
    "string": _string,
    "word": _pattern(g.WORD, "string", "one word", "string"),
    "secret": _pattern(g.WORD, "secret", "a response in base64", "string"),
    # RFC 1985 section 5: [<option character>]<node name>
    "node-name": scan_node,
    "number": _pattern(re.compile(rb"[0-9]{1,20}"), "string", "a number", "number"),
    # RFC 3030 section 2: chunk-size ::= 1*DIGIT, end-marker ::= "LAST"
    "chunk-size": _pattern(re.compile(rb"[0-9]+"), "chunk-size", "how many octets will follow", "number"),
    "end-marker": _pattern(re.compile(rb"LAST\b", re.IGNORECASE), "end-marker", "LAST or nothing", "literal"),
}
"""What a syntax may name; each takes itself off the line and returns its value."""


class Piece(NamedTuple):
    """One word of a syntax: `kind` is SP, literal, production or optional; only the last has `inner`."""

    kind: str
    text: str = ""
    inner: "tuple[Piece, ...]" = ()


Syntax = tuple[Piece, ...]


@lru_cache(maxsize=256)
def compile_syntax(text: str) -> Syntax:
    """The words of a syntax, nested where brackets make a part optional. Raises DataError."""
    stack: list[list[Piece]] = [[]]
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise DataError(f"syntax {text!r}", f"cannot read {text[at:]!r}")
        at = match.end()
        literal, opens, closes, name = match.groups()
        if opens:
            stack.append([])
        elif closes:
            if len(stack) == 1:
                raise DataError(f"syntax {text!r}", "a bracket closes that was not opened")
            inner = tuple(stack.pop())
            stack[-1].append(Piece("optional", inner=inner))
        elif literal is not None:
            stack[-1].append(Piece("literal", literal))
        elif name == "SP":
            stack[-1].append(Piece("SP"))
        elif name:
            if name not in PRODUCTIONS:
                raise DataError(f"syntax {text!r}", f"no production {name!r}; there are {', '.join(PRODUCTIONS)}")
            stack[-1].append(Piece("production", name))
    if len(stack) != 1:
        raise DataError(f"syntax {text!r}", "a bracket is not closed")
    return tuple(stack[0])


def every_piece(syntax: Syntax) -> Iterator[Piece]:
    """The pieces of a syntax in their order, those in brackets as well."""
    for piece in syntax:
        yield piece
        yield from every_piece(piece.inner)


@dataclass(frozen=True, slots=True)
class Command:
    """One command line, read as far as it can be.

    `verb` is in capitals; `values` maps the names of productions to what was read; `spans` tile the
    octets; `problem` says where the line stops to be derivable, or is None. `path` is the reverse-path or forward-path,
    where the syntax has one and it could be read, and `parameters` stand in the order of the line.
    """

    verb: str
    values: Mapping[str, Any] = field(default_factory=dict)
    spans: tuple[Span, ...] = field(default=(), compare=False, repr=False)
    problem: Problem | None = field(default=None, compare=False)
    path: Path | None = field(init=False, compare=False, repr=False)
    parameters: tuple[Parameter, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        path = self.values.get("reverse-path", self.values.get("forward-path"))
        object.__setattr__(self, "path", path)
        object.__setattr__(self, "parameters", self.values.get("parameters", ()))

    @property
    def host(self) -> str:
        """The domain or address literal that a client calls itself by, or nothing."""
        return self.text("domain") or self.text("domain-or-literal")

    def text(self, production: str) -> str:
        """What was read for `production`, as text; empty where there was nothing."""
        value = self.values.get(production, b"")
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


class Outline(NamedTuple):
    """What lines can have in common however their values differ: the problem's slug or "-", the parts that occur, and
    the keywords of the parameters."""

    problem: str
    parts: frozenset[str]
    parameters: frozenset[str]


def outline(command: Command) -> Outline:
    """The outline of a command."""
    return Outline(
        command.problem.slug if command.problem else "-",
        frozenset(span.part for span in walk(command.spans)),
        frozenset(each.keyword for each in command.parameters),
    )


def line_end(octets: bytes) -> int:
    """Where the line's text ends: before its CRLF, if it has one."""
    return len(octets) - 2 if octets.endswith(b"\r\n") else len(octets)


def parse_command(octets: bytes, syntax_of: Callable[[str], str | None], grammar: Grammar = RFC2821) -> Command:
    """Read a line, with or without its CRLF. Never raises, whatever the octets.

    `syntax_of` gives the syntax of a verb in capitals, or None for a verb that is not known.
    """
    end = line_end(octets)
    scanner = Scanner(octets, end)
    verb_octets = scanner.take(g.VERB, "verb")
    verb = verb_octets.decode("ascii").upper() if verb_octets else ""
    values: dict[str, Any] = {}
    syntax = syntax_of(verb) if verb else None
    if verb_octets is None or not (scanner.done or scanner.peek(b" ") or scanner.peek(b"\t")):
        scanner.spans.clear()
        scanner.at = 0
        scanner.fail("a verb and a space", "verb", 0)
        verb, syntax = "", None
    elif syntax is None:
        scanner.fail("a verb that this side knows", "verb", 0)
    else:
        _follow(compile_syntax(syntax), scanner, grammar, values)
        if scanner.problem is None:
            scanner.take(_TRAILING, "space")
        if scanner.problem is None and not scanner.done:
            scanner.fail("the end of the line", "too-much")
    scanner.rest()
    if end < len(octets):
        scanner.spans.append(Span(end, len(octets), "crlf"))
    return Command(verb, values, tuple(scanner.spans), scanner.problem)


def _follow(syntax: Syntax, scanner: Scanner, grammar: Grammar, values: dict[str, Any]) -> None:
    for number, piece in enumerate(syntax, 1):
        if scanner.problem is not None:
            return
        match piece.kind:
            case "SP":
                if scanner.take(grammar.space, "space") is None:
                    scanner.fail(_wanted(syntax), "argument-missing")
            case "literal":
                if not scanner.word(piece.text.encode("ascii"), "literal"):
                    scanner.fail(f'"{piece.text}"', "literal")
            case "production":
                end = scanner.end
                if piece.text == "string" and number < len(syntax):
                    scanner.end = _before_parameter(scanner, grammar)
                value = PRODUCTIONS[piece.text](scanner, grammar)
                scanner.end = end
                if value is not None:
                    values[piece.text] = value
            case _:
                # What stands close behind is no beginning of an optional part, but too much of what went before it.
                spaced = piece.inner[0].kind != "SP" or scanner.peek(b" ") or scanner.peek(b"\t")
                if spaced and scanner.octets[scanner.at : scanner.end].strip(b" \t"):
                    _follow(piece.inner, scanner, grammar, values)


def _before_parameter(scanner: Scanner, grammar: Grammar) -> int:
    """Where a string ends that may hold spaces and may have a parameter behind it."""
    behind = grammar.parameter_behind
    found = behind.search(scanner.octets, scanner.at, scanner.end) if behind is not None else None
    return found.start() if found else scanner.end


def _wanted(syntax: Syntax) -> str:
    """What a syntax wants first behind its space, in words."""
    first = next((piece for piece in syntax if piece.kind in ("literal", "production")), None)
    if first is None:
        return "a space"
    return f'a space and "{first.text}"' if first.kind == "literal" else f"a space and a {first.text}"


def render_command(verb: str, syntax: str, values: Mapping[str, Any] | None = None) -> bytes:
    """The line, CRLF included, for a verb, its syntax and the values of its productions.

    Raises ValueError where a value that the syntax needs is missing, or where a value holds CR, LF
    or NUL: no argument may end its own line (RFC 2821 section 2.3.7).
    """
    line = verb.encode("ascii") + _render(compile_syntax(syntax), values or {}, optional=False)
    if re.search(rb"[\r\n\x00]", line):
        raise ValueError("an argument holds CR, LF or NUL, which would end or break the command line")
    return line + b"\r\n"


def _render(syntax: Syntax, values: Mapping[str, Any], *, optional: bool) -> bytes:
    out = b""
    for piece in syntax:
        match piece.kind:
            case "SP":
                out += b" "
            case "literal":
                out += piece.text.encode("ascii")
            case "production":
                value = values.get(piece.text)
                if value is None or value == ():
                    if optional:
                        return b""
                    raise ValueError(f"no value for {piece.text}")
                out += _octets(value)
            case _:
                out += _render(piece.inner, values, optional=True)
    return out


def _octets(value: Any) -> bytes:
    match value:
        case Path():
            return value.render()
        case bytes():
            return value
        case _:
            return b" ".join(parameter.render() for parameter in value)
