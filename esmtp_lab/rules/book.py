"""The rule book: loads the rule files, checks them, and gives an era its rules."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from esmtp_lab.errors import DataError
from esmtp_lab.protocol.era import Era
from esmtp_lab.rules.conditions import KEYS, OCTETS
from esmtp_lab.rules.rule import ACTORS, LEVELS, VISIBLE, Condition, Rule
from esmtp_lab.wire.span import PARTS

_ID = re.compile(r"rfc(\d+):([0-9A-Z][0-9A-Za-z.]*)/([a-z0-9-]+)")
_FILE = re.compile(r"rfc\d+.*\.toml")
_KEYS = frozenset(Rule.__dataclass_fields__) - {"id", "rfc", "section"}
_CLOSED = {"level": LEVELS, "actor": ACTORS, "visible": VISIBLE, "played": ("client", "server")}


class Book:
    """All rules, by id and by lineage."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        self.by_id = {rule.id: rule for rule in rules}
        self.by_lineage: dict[str, tuple[Rule, ...]] = {}
        for rule in rules:
            self.by_lineage[rule.lineage] = (*self.by_lineage.get(rule.lineage, ()), rule)

    def in_era(self, era: Era) -> tuple[Rule, ...]:
        """The rules to cite in an era: of each lineage those of the first document that has it."""
        return tuple(rule for rule in self.rules if self.cites(rule, era))

    def cites(self, rule: Rule, era: Era) -> bool:
        """Whether a rule is one of those to cite in an era."""
        if rule.rfc not in era.documents or (rule.era and era.name not in rule.era.split()):
            return False
        kin = {each.rfc for each in self.by_lineage[rule.lineage]}
        return rule.rfc == next(document for document in era.documents if document in kin)

    def find(self, lineage: str, era: Era) -> Rule | None:
        """The rule of a lineage that an era cites."""
        return next((rule for rule in self.by_lineage.get(lineage, ()) if self.cites(rule, era)), None)


@cache
def book() -> Book:
    """The book that ships with the lab, read at first use. Raises DataError where a file is not good."""
    folder = Path(__file__).parent
    names = sorted(entry.name for entry in folder.iterdir() if _FILE.fullmatch(entry.name))
    rules = [rule for name in names for rule in read_rules((folder / name).read_text("utf-8"), name)]
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise DataError(rule.id, "stands twice in the rule book")
        seen.add(rule.id)
    return Book(tuple(rules))


def read_rules(text: str, where: str) -> Iterator[Rule]:
    """The rules of one file, checked. Raises DataError, which says what to mend."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(where, f"is not TOML: {error}") from None
    if data.pop("version", None) != 1:
        raise DataError(where, "has no version. Add version = 1 at its top")
    document = data.pop("rfc", None)
    for name, table in data.items():
        yield _rule(name, table, f"{where}: {name}", document)


def _rule(name: str, table: Mapping[str, Any], where: str, document: object) -> Rule:
    match = _ID.fullmatch(name)
    if match is None or int(match[1]) != document:
        raise DataError(where, f'is no rule id of this file. Write "rfc{document}:SECTION/slug"')
    for key, value in table.items():
        if key not in _KEYS:
            raise DataError(where, f"knows no key {key!r}; there are {', '.join(sorted(_KEYS))}")
        if key in _CLOSED and value not in _CLOSED[key]:
            raise DataError(where, f"{key} is one of {', '.join(_CLOSED[key])}, not {value!r}")
    for key in ("level", "actor", "says", "why", "lineage"):
        if not table.get(key):
            raise DataError(where, f'has no {key}. Add {key} = "…"')
    mark = table.get("mark", "")
    if mark and mark not in PARTS:
        raise DataError(where, f"marks {mark!r}, which is no part of a line")
    if table.get("visible", "dialogue") in ("dialogue", "letter") and not table.get("when"):
        raise DataError(where, "does not say where it is at work. Add when = { … }")
    values = dict(table)
    values["terms"] = tuple(table.get("terms", ()))
    for key in ("when", "broken"):
        values[key] = _condition(table.get(key, {}), f"{where}: {key}")
    return Rule(id=name, rfc=int(match[1]), section=match[2], **values)


def _condition(table: Mapping[str, Any], where: str) -> Condition:
    for key in table:
        if key not in KEYS and key not in OCTETS:
            raise DataError(where, f"knows no condition {key!r}; there are {', '.join(sorted(KEYS))}")
    return {
        key: frozenset(map(str, value)) if isinstance(value, list) else frozenset({str(value)})
        for key, value in table.items()
    }
