"""Misconceptions: near misses that the lines of a session give away, as data, each with the rule that speaks to it."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from esmtp_lab.errors import DataError
from esmtp_lab.protocol.era import ERAS, Era
from esmtp_lab.rules.book import Book, book
from esmtp_lab.rules.conditions import KEYS, OCTETS, Condition
from esmtp_lab.rules.rule import Rule

FILE = "misconceptions.toml"
AGAIN = {
    "same": "the client's line before this one, octet by octet",
    "capitals": "the client's line before this one but for its case: the verb was in small letters, and now is not",
}
"""How a line can come again, once the one before it was answered."""


@dataclass(frozen=True, slots=True, eq=False)
class Misconception:
    """One near miss: what `says` what was seen and seems to have happened, what is `right` instead, and the rule.

    `rules` are lineages, of which the first that the era cites speaks to it, and ids, which do so in any era. `when`
    are conditions on a line, of which one must hold; so must, where they are given, one of `before` on the line right
    before it and one of `earlier` on any line of the session so far; and the line comes `again`. `shows` are dialogues
    in which it is seen, `near` some that come close; they are `played` by the "client" on `host` in `era`, with the
    "server" by hand as well, or only read, as a "transcript".
    """

    id: str
    says: str
    right: str
    rules: tuple[str, ...]
    lesson: int
    when: tuple[Condition, ...]
    shows: tuple[str, ...]
    near: tuple[str, ...]
    before: tuple[Condition, ...] = ()
    earlier: tuple[Condition, ...] = ()
    again: str = ""
    eras: tuple[str, ...] = ()
    era: str = "rfc2821"
    host: str = "lab"
    played: str = "client"

    def rule_in(self, era: Era, rules: Book) -> Rule | None:
        """The rule that speaks to it in an era, or None where it is no misconception there."""
        if self.eras and era.name not in self.eras:
            return None
        found = (rules.by_id.get(name) or rules.find(name, era) for name in self.rules)
        return next((rule for rule in found if rule is not None), None)


# Reading -------------------------------------------------------------------------------------------

_TEXTS = (str, list)
_WANTED: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "says": (str, '"…"'),
    "right": (str, '"…"'),
    "rule": (_TEXTS, '"…"'),
    "lesson": (int, "1"),
    "when": ((dict, list), "{ … }"),
    "shows": (_TEXTS, '"…"'),
    "near": (_TEXTS, '"…"'),
}
"""What every misconception has, the types that it may have, and an example."""
_CLOSED = {"again": tuple(AGAIN), "played": ("client", "server", "transcript"), "era": tuple(ERAS)}
_KEYS = frozenset(Misconception.__dataclass_fields__) - {"id", "rules"} | {"rule"}


@cache
def misconceptions() -> tuple[Misconception, ...]:
    """What ships with the lab, read at first use. Raises DataError where the file is not good."""
    return tuple(read_misconceptions(Path(__file__).with_name(FILE).read_text("utf-8"), FILE, book()))


def read_misconceptions(text: str, where: str, rules: Book) -> Iterator[Misconception]:
    """The misconceptions of a file, checked. Raises DataError, which says what to mend."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(where, f"is not TOML: {error}") from None
    if data.pop("version", None) != 1:
        raise DataError(where, "has no version. Add version = 1 at its top")
    for name, table in data.items():
        yield _misconception(name, table, f"{where}: {name}", rules)


def _misconception(name: str, table: Any, where: str, rules: Book) -> Misconception:
    if not isinstance(table, Mapping):
        raise DataError(where, f"is no table. Write [{name}] above it")
    for key, value in table.items():
        if key not in _KEYS:
            raise DataError(where, f"knows no key {key!r}; there are {', '.join(sorted(_KEYS))}")
        if key in _CLOSED and value not in _CLOSED[key]:
            raise DataError(where, f"{key} is one of {', '.join(_CLOSED[key])}, not {value!r}")
    for key, (form, example) in _WANTED.items():
        if not table.get(key) or not isinstance(table[key], form):
            raise DataError(where, f"has no {key}. Add {key} = {example}")
    for rule in _texts(table["rule"]):
        if rule not in rules.by_id and rule not in rules.by_lineage:
            raise DataError(where, f"names {rule!r}, which is no rule of the book. Write a lineage or an id")
    for era in _texts(table.get("eras", [])):
        if era not in ERAS:
            raise DataError(where, f"eras are of {', '.join(ERAS)}, not {era!r}")
    return Misconception(
        id=name,
        says=table["says"],
        right=table["right"],
        rules=_texts(table["rule"]),
        lesson=table["lesson"],
        when=_conditions(table, "when", where),
        shows=_texts(table["shows"]),
        near=_texts(table["near"]),
        before=_conditions(table, "before", where),
        earlier=_conditions(table, "earlier", where),
        eras=_texts(table.get("eras", [])),
        **{key: str(table[key]) for key in ("again", "era", "host", "played") if key in table},
    )


def _texts(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(map(str, value))


def _conditions(table: Mapping[str, Any], key: str, where: str) -> tuple[Condition, ...]:
    """The conditions under a key: one table, or a list of them."""
    value = table.get(key, [])
    return tuple(_condition(each, f"{where}: {key}") for each in ([value] if isinstance(value, Mapping) else value))


def _condition(table: Any, where: str) -> Condition:
    if not isinstance(table, Mapping) or not table:
        raise DataError(where, 'is no condition. Write { kind = "command" }, or a list of such tables')
    if "kind" not in table and "verb" not in table:
        raise DataError(where, 'does not say what kind of line it is about. Add kind = "reply", or a verb')
    for key in table:
        if key not in KEYS and key not in OCTETS:
            raise DataError(where, f"knows no condition {key!r}; there are {', '.join(sorted((*KEYS, *OCTETS)))}")
    return {key: frozenset(map(str, value if isinstance(value, list) else [value])) for key, value in table.items()}
