"""From a refused line to one that the grammar takes: offered to the learner, never sent by itself."""

import re
from collections.abc import Iterator
from difflib import get_close_matches

from esmtp_lab.lab import octets_of
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.session import NOT_VERBS
from esmtp_lab.suggest import Names
from esmtp_lab.wire.command import compile_syntax
from esmtp_lab.wire.grammar import Grammar

_PATH = re.compile(r"(?i)\s*(MAIL|RCPT)\s*(?:FROM|TO)?\s*:?\s*<?\s*([^<>\s]*)\s*>?\s*(.*)")
_LITERALS = {"MAIL": "FROM:", "RCPT": "TO:"}


def repair(line: str, dialect: Dialect, grammar: Grammar | None = None) -> str:
    """The first candidate that differs from the line and has no problem left, or nothing."""
    if not _problem(line, dialect, grammar):
        return ""
    candidates = (each for each in _candidates(line, dialect) if each != line)
    return next((each for each in candidates if not _problem(each, dialect, grammar)), "")


def _problem(line: str, dialect: Dialect, grammar: Grammar | None) -> bool:
    return dialect.parse(octets_of(line), grammar).problem is not None


def _candidates(line: str, dialect: Dialect) -> Iterator[str]:
    tidy = " ".join(line.split())
    yield tidy
    yield from _path(tidy)
    verb, _, rest = tidy.partition(" ")
    yield verb
    if _takes_domain(verb.upper(), dialect):
        yield f"{verb} {rest.split()[0] if rest else Names().client}"
        yield f"{verb} {Names().client}"
    known = [each for each in dialect.forms if each not in NOT_VERBS]
    for close in get_close_matches(verb.upper(), known, n=2, cutoff=0.5):
        yield f"{close} {rest}".strip()
        yield from _path(f"{close} {rest}")


def _path(line: str) -> Iterator[str]:
    """A MAIL or RCPT line with its brackets and without the space after the colon."""
    match = _PATH.fullmatch(line)
    if match:
        verb, path, rest = match[1], match[2], match[3]
        yield f"{verb.upper()} {_LITERALS[verb.upper()]}<{path}> {rest}".rstrip()


def _takes_domain(verb: str, dialect: Dialect) -> bool:
    syntax = dialect.syntax(verb)
    return syntax is not None and any(piece.text.startswith("domain") for piece in compile_syntax(syntax))
