"""The inventory: what became of each normative line of the standards, as data beside this file.

Each entry is a line of text: the first and last line number in the RFC's text, and either the rule that those lines
became, or a sign and a reason why they became none:

    1203-1205  rfc821:4.1.1/one-verb-a-line
    1211       = rfc821:4.1.1/one-verb-a-line     says the same again
    1214-1215  - example: the host of the scenario sends to two mailboxes
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "inventory"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "rfc"
DOCUMENTS = (821, 1869, 2821)
REASONS = {
    "example": "shows what a rule elsewhere asks for, in a scenario or a specimen",
    "definition": "says what a word means, and binds nobody by it",
    "reason": "says why a rule elsewhere is as it is, or what comes of it",
    "history": "tells how things were, or what another document says",
    "procedure": "binds those who write or register documents, or run an office, and no program",
    "outside": "binds a program that is no part of SMTP: a user agent, a resolver, a message format",
    "speech": "uses the word in its common sense",
}
"""Why lines that sound normative can have no rule."""

_ENTRY = re.compile(r"(\d+)(?:-(\d+))? +(?:(=) )?(?:(rfc\d+:[^\s/]+/[a-z0-9-]+)(?: +\S.*)?|- ([a-z]+): (\S.*))")
NORMATIVE = re.compile(
    r"\b(?:must|shall|should|may|required?s?|recommended|optional|cannot|can not|not allowed|not permitted|prohibited"
    r"|forbidden|illegal|invalid|only if|is to be|are to be|maximum|minimum|discouraged|deprecated)\b",
    re.IGNORECASE,
)
"""Words by which a binding sentence can be known; others have none of them, and are in the inventory all the same."""
_GRAMMAR = {
    821: re.compile(r"^ +<[a-z0-9 -]+> ::="),
    1869: re.compile(r"^ +[a-z-]+ +::= "),
    2821: re.compile(r"^ +[A-Za-z][A-Za-z0-9-]+ = "),
}
_BEGIN = re.compile(r"1\. +(?:INTRODUCTION|Introduction|Abstract)")
_FURNITURE = re.compile(r"\[Page \d+\]|^(?:RFC \d+ |August 1982 |Klensin |Klensin, et al )")


@dataclass(frozen=True)
class Entry:
    """Lines of an RFC's text, counted from 1; the rule that they became, or say `again`; or why they became none."""

    document: int
    lines: range
    rule: str = ""
    again: bool = False
    reason: str = ""
    note: str = ""


@cache
def inventory(document: int) -> tuple[Entry, ...]:
    """The inventory of an RFC, in the order of its lines."""
    return tuple(sorted(_read(document), key=lambda entry: (entry.lines.start, entry.lines.stop)))


def _read(document: int) -> Iterator[Entry]:
    for file in sorted(HERE.glob(f"rfc{document}*.txt")):
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            if not line or line.startswith("#"):
                continue
            match = _ENTRY.fullmatch(line)
            assert match, f"{file.name}:{number}: no entry of an inventory: {line!r}"
            first, last, again, rule, reason, note = match.groups()
            assert not reason or reason in REASONS, f"{file.name}:{number}: no such reason: {reason!r}"
            yield Entry(
                document, range(int(first), int(last or first) + 1), rule or "", bool(again), reason or "", note or ""
            )


@cache
def text(document: int) -> tuple[str, ...]:
    """The lines of an RFC; the first is number 1, so number 0 is empty."""
    if not SHARED.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"the RFC texts are not at {SHARED}")
        pytest.skip("NOT CHECKED: the RFC texts are not here")
    return ("", *(SHARED / f"rfc{document}.txt").read_text("utf-8-sig").split("\n"))


def passage(document: int, lines: range) -> str:
    """Some lines of an RFC as running text, without the head and foot of a page."""
    return " ".join(
        " ".join(each for each in text(document)[lines.start : lines.stop] if not _FURNITURE.search(each)).split()
    )


def normative(document: int) -> Iterator[int]:
    """The numbers of the lines that sound normative, or are grammar, behind the table of contents."""
    body = text(document)
    begin = next(number for number, line in enumerate(body) if _BEGIN.fullmatch(line))
    for number in range(begin, len(body)):
        line = body[number]
        if not _FURNITURE.search(line) and (NORMATIVE.search(line) or _GRAMMAR[document].match(line)):
            yield number
