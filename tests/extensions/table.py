"""What there is of each extension that the lab implements, by keyword: ``python -m tests.extensions.table`` prints it.

All of it is computed: both sides from what the lab ships, rules and witnesses from the rule book, tests from those that
pytest collects and `shown.toml` names, and the servers of others that offer it from their recorded sessions.
"""

import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from esmtp_lab.commands.extensions import implemented
from esmtp_lab.extensions import SHIPPED
from esmtp_lab.extensions.registry import NOW, registries
from esmtp_lab.lab import client_dialect
from esmtp_lab.protocol.extension import Extension
from esmtp_lab.readers.reading import read_transcript
from esmtp_lab.rules.book import book
from esmtp_lab.rules.rule import Rule

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SESSIONS = HERE.parent / "foreign" / "sessions"
BASE = frozenset({821, 1123, 1869, 2821, 5321, 7504})
"""The documents that no extension has to itself."""


class Shown(NamedTuple):
    """The tests that are named for an extension: its examples, and by program what foreign software has agreed to."""

    examples: tuple[str, ...]
    foreign: dict[str, str]


class Row(NamedTuple):
    """One extension: both sides, its rules, their dialogues that keep and break them, tests, and foreign software."""

    keyword: str
    sides: str
    rules: int
    keeps: int
    breaks: int
    examples: int
    foreign: tuple[str, ...]
    offered_by: tuple[str, ...]


@cache
def shown() -> dict[str, Shown]:
    """What shown.toml says."""
    data: dict[str, Any] = tomllib.loads((HERE / "shown.toml").read_text("utf-8"))
    assert data.pop("version") == 1
    return {key: Shown(tuple(each["examples"]), dict(each["foreign"])) for key, each in data.items()}


# The rule book -----------------------------------------------------------------------------------


def names(extension: Extension) -> set[str]:
    """The words that are an extension's own: keyword, verbs and inputs, parameters."""
    parameters = (*extension.mail_parameters, *extension.rcpt_parameters)
    return {extension.ehlo_keyword, *(form.verb for form in extension.forms), *(form.keyword for form in parameters)}


def documents(extension: Extension) -> set[int]:
    """The RFCs that define an extension and nothing else of the protocol."""
    entry = registries()[NOW].entries.get(extension.ehlo_keyword)
    return {entry.rfc or 0, *entry.obsoleted} - BASE if entry else set()


def rules_of(extension: Extension) -> list[Rule]:
    """The rules that stand in its documents or speak of it, without those of others that share a document with it."""
    mine, own = documents(extension), names(extension)
    kin = [each for each in SHIPPED if each is not extension and documents(each) & mine]
    theirs = {name for each in kin for name in names(each)} - own
    lineages = {each.lineage for each in (*extension.forms, *extension.rows)}
    found = []
    for rule in book().rules:
        said = {word for condition in (rule.when, rule.broken) for words in condition.values() for word in words}
        speaks = bool(said & own) or (extension.local and rule.lineage in lineages)
        if speaks or (rule.rfc in mine and not said & theirs):
            found.append(rule)
    return found


# Tests -------------------------------------------------------------------------------------------


def collected(files: Iterable[str]) -> list[str]:
    """The tests of some files, as pytest names them."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *sorted(set(files))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return [line for line in done.stdout.splitlines() if "::" in line]


@cache
def tests() -> tuple[str, ...]:
    """All tests of the files that shown.toml names."""
    named = (test for each in shown().values() for test in (*each.examples, *each.foreign.values()))
    return tuple(collected(test.partition("::")[0] for test in named))


def cases(test: str) -> list[str]:
    """The collected tests that a name stands for: itself, or its cases."""
    return [each for each in tests() if each == test or each.startswith(test if "[" in test else f"{test}[")]


# Recorded sessions -------------------------------------------------------------------------------


@cache
def offers() -> dict[str, tuple[str, ...]]:
    """By keyword the servers of others that offer it, as their recorded sessions have it."""
    found: dict[str, set[str]] = {}
    for file in SESSIONS.glob("*.txt"):
        server = file.stem.split("-")[1]
        for read in read_transcript(file.read_bytes().splitlines(keepends=True), client_dialect()):
            for keyword in read.event.offered:
                found.setdefault(keyword, set()).add(server)
    return {keyword: tuple(sorted(servers)) for keyword, servers in found.items()}


# The table ---------------------------------------------------------------------------------------


def row(extension: Extension) -> Row:
    """All that there is of one extension."""
    keyword = extension.ehlo_keyword
    rules, named = rules_of(extension), shown().get(keyword, Shown((), {}))
    return Row(
        keyword,
        implemented(keyword).words,
        len(rules),
        sum(bool(rule.keeps) for rule in rules),
        sum(bool(rule.breaks) for rule in rules),
        sum(len(cases(test)) for test in named.examples),
        tuple(program for program, test in named.foreign.items() if cases(test)),
        offers().get(keyword, ()),
    )


def table() -> Iterator[str]:
    """The table, an extension a line."""
    head = ("keyword", "sides", "rules", "kept", "broken", "examples", "foreign software that agreed", "offered by")
    lines = [head, *(tuple(_cells(row(each))) for each in SHIPPED)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    for line in lines:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()


def _cells(each: Row) -> Iterator[str]:
    for cell in each:
        yield (", ".join(cell) or "-") if isinstance(cell, tuple) else str(cell)


if __name__ == "__main__":
    print("\n".join(table()))
