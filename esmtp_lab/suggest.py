"""Suggestions: from a position and half a line, what may come next, and why not the others.

What is legal now comes first. What is known but out of order or not offered stays, with the
reason: the wrong choices teach as well.
"""

from collections.abc import Iterator
from typing import NamedTuple

from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.extension import Extension
from esmtp_lab.protocol.session import GREETING, NOT_VERBS, Position
from esmtp_lab.wire.command import compile_syntax, every_piece


class Suggestion(NamedTuple):
    """One word that may stand next.

    `text` replaces what is typed from character `start` on; `meaning` is in plain words; `lineage` names its rule;
    `reason` says why it would be refused now, and is empty where it would not.
    """

    text: str
    start: int
    meaning: str
    lineage: str = ""
    reason: str = ""


class Names(NamedTuple):
    """Names that can be offered: the client's own, its user's mailbox, and the mailboxes of the host."""

    client: str = "me.example"
    sender: str = "me@me.example"
    mailboxes: tuple[str, ...] = ()


def suggest(
    line: str, position: Position, dialect: Dialect, offered: tuple[str, ...], names: Names
) -> list[Suggestion]:
    """What may stand at the end of a half-typed `line`, best first; nothing inside content or an exchange."""
    if dialect.framing(position.state) != "command":
        return []
    head, space, rest = line.partition(" ")
    if not space:
        found = list(_verbs(line, position, dialect, offered))
    else:
        found = list(_arguments(head.upper(), rest, len(head) + 1, position, dialect, offered, names))
    return sorted(found, key=lambda each: bool(each.reason))


class Simplest(NamedTuple):
    """The simplest line for a verb; not `whole` where something must be said that cannot be suggested."""

    line: str
    whole: bool


def simplest(verb: str, position: Position, dialect: Dialect, offered: tuple[str, ...], names: Names) -> Simplest:
    """A verb with the first of whatever must follow it, and nothing that may be left out."""
    line, grammar = verb, dialect.grammar(offered)
    while dialect.parse(line.encode() + b"\r\n", grammar).problem is not None:
        found = suggest(line, position, dialect, offered, names)
        longer = next((line[: each.start] + each.text for each in found if not each.reason), line)
        if longer == line:
            return Simplest(line, False)
        line = longer
    return Simplest(line, True)


def _verbs(line: str, position: Position, dialect: Dialect, offered: tuple[str, ...]) -> Iterator[Suggestion]:
    for verb, form in dialect.forms.items():
        if verb not in NOT_VERBS and verb.startswith(line.upper()):
            reason = _why_not(verb, position, dialect, offered)
            argument = _wants_argument(form.syntax)
            yield Suggestion(f"{verb} " if argument else verb, 0, form.meaning, form.lineage, reason)


def _wants_argument(syntax: str) -> bool:
    return any(piece.kind == "SP" for piece in compile_syntax(syntax))


def _why_not(verb: str, position: Position, dialect: Dialect, offered: tuple[str, ...]) -> str:
    extension = _owner(verb, dialect)
    if extension is not None and "extended" in position.facts and extension.ehlo_keyword not in offered:
        return f"{extension.ehlo_keyword} was not offered here"
    if dialect.may(position, verb):
        return ""
    return f"needs {first} first: 503" if (first := needed_before(verb, dialect)) else "not now: 503"


def _owner(verb: str, dialect: Dialect) -> Extension | None:
    return next((each for each in dialect.extensions if any(form.verb == verb for form in each.forms)), None)


def needed_before(verb: str, dialect: Dialect) -> str:
    """The verb that leads to where `verb` may come, or nothing where there is none."""
    letting = (each for each in dialect.rows if verb in each.inputs and {"2", "3"} & {*each.severities})
    states = {state for each in letting for state in each.states}
    for each in dialect.rows:
        if each.to in states and "2" in each.severities and verb not in each.inputs and GREETING not in each.inputs:
            others = sorted(each.inputs - NOT_VERBS, key=list(dialect.forms).index)
            if others:
                return "EHLO" if dialect.era.speaks_ehlo and "HELO" in others else others[0]
    return ""


def _arguments(
    verb: str,
    rest: str,
    start: int,
    position: Position,
    dialect: Dialect,
    offered: tuple[str, ...],
    names: Names,
) -> Iterator[Suggestion]:
    syntax = dialect.syntax(verb, dialect.grammar(offered))
    if syntax is None:
        return
    pieces = [piece for piece in every_piece(compile_syntax(syntax)) if piece.kind in ("literal", "production")]
    literal = next((piece.text for piece in pieces if piece.kind == "literal"), "")
    if len(rest) < len(literal) and literal.startswith(rest.upper()):
        kind = next((piece.text for piece in pieces if piece.kind == "production"), "")
        yield Suggestion(f"{literal}<", start, f"the {kind} follows, with no space between", "path-brackets")
        return
    typed, start = rest[len(literal) :], start + len(literal)
    productions = [piece.text for piece in pieces if piece.kind == "production"]
    if not productions:
        return
    if productions[0] in ("reverse-path", "forward-path"):
        if ">" in typed:
            path = typed.partition(">")[0] + ">"
            tail = typed.removeprefix(path)
            yield from _parameters(verb, tail, start + len(path), position, dialect, offered)
            return
    elif " " in typed and len(productions) > 1:
        first, _, typed = typed.partition(" ")
        start += len(first) + 1
        del productions[0]
        if productions[0] == "parameters":
            yield from _parameters(verb, f" {typed}", start - 1, position, dialect, offered)
            return
    for text, meaning in _values(productions[0], names, verb, dialect):
        if text.lower().startswith(typed.lower()):
            yield Suggestion(text, start, meaning)


def _values(production: str, names: Names, verb: str, dialect: Dialect) -> Iterator[tuple[str, str]]:
    match production:
        case "domain" | "domain-or-literal":
            yield names.client, "the name of this client"
            if production == "domain-or-literal":
                yield "[127.0.0.1]", "an address literal, where there is no name"
        case "reverse-path":
            yield f"<{names.sender}>", "you: notices about the letter come here"
            yield "<>", "nobody: the reverse-path of notices themselves"
        case "forward-path":
            for mailbox in names.mailboxes:
                yield f"<{mailbox}>", "a name that this host knows"
        case "node-name":
            yield names.client, "this client: what waits for it is sent to it, in a session of its own"
        case "end-marker":
            yield "LAST", "no chunk follows this one: the letter is whole"
        case "string" if verb == "HELP":
            for each, form in dialect.forms.items():
                if each not in NOT_VERBS:
                    yield each, form.meaning
        case "string" if verb in ("VRFY", "EXPN"):
            for mailbox in names.mailboxes:
                yield mailbox.partition("@")[0], "a name that this host knows"


def _parameters(
    verb: str, tail: str, start: int, position: Position, dialect: Dialect, offered: tuple[str, ...]
) -> Iterator[Suggestion]:
    if not tail.startswith(" "):
        return
    word = tail.rpartition(" ")[2]
    start += len(tail) - len(word)
    present = {each.partition("=")[0].upper() for each in tail.split()}
    for extension in dialect.extensions:
        for form in extension.parameters(verb):
            text = f"{form.keyword}=" if form.value else form.keyword
            if form.keyword in present - {word.upper()} or not text.startswith(word.upper()):
                continue
            reason = ""
            if "extended" not in position.facts:
                reason = "parameters need EHLO first"
            elif extension.ehlo_keyword not in offered:
                reason = f"{extension.ehlo_keyword} was not offered here"
            meaning = f"{form.shown}: {form.meaning} ({extension.defined_in})"
            yield Suggestion(text, start, meaning, "parameters-need-ehlo", reason)
