"""The verdict on a transcript: which of the binding rules were broken, how often, and where."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from esmtp_lab.protocol.event import Event
from esmtp_lab.rules.rule import Rule

BINDING: dict[str, tuple[str, ...]] = {"": (), "must": ("MUST", "MUST NOT")}
BINDING["should"] = (*BINDING["must"], "SHOULD", "SHOULD NOT")
"""The levels that count, by how strict one is; the grammar always counts where any does."""

_GRAMMAR = frozenset({"problem", "has", "not_has", "deviation"})
"""Conditions that look at the form of one line, and not at what came before it."""
_MOST_PLACES = 5


def is_grammar(rule: Rule) -> bool:
    """Whether to break a rule is to write a line that the grammar does not have."""
    return rule.level == "states" and not _GRAMMAR.isdisjoint(rule.broken)


@dataclass
class _Broken:
    """How often one side broke a rule, and the first lines in which it did."""

    times: int = 0
    places: list[int] = field(default_factory=list)


class Verdict:
    """Hears annotated events, and remembers of each rule that was broken no more than a few places."""

    def __init__(self, strict: str = "") -> None:
        self._levels = BINDING[strict]
        self._broken: dict[tuple[Rule, str], _Broken] = {}
        self.lines = 0

    @property
    def good(self) -> bool:
        """Whether nothing that counts was broken."""
        return not self._broken

    def hear(self, number: int, event: Event) -> None:
        """Take in one line of protocol."""
        self.lines += 1
        for citation in event.citations if self._levels else ():
            if citation.broken and (citation.rule.level in self._levels or is_grammar(citation.rule)):
                found = self._broken.setdefault((citation.rule, citation.side(event.speaker)), _Broken())
                found.times += 1
                if len(found.places) < _MOST_PLACES and number not in found.places:
                    found.places.append(number)

    def summary(self) -> Iterator[str]:
        """What was broken, one rule a line; those that came first stand first."""
        if self._broken:
            count, lines = len(self._broken), self.lines
            yield f"{count} rule{'s were' * (count > 1) or ' was'} broken in {lines} line{'s' * (lines > 1)}:"
        for (rule, side), found in self._broken.items():
            level = "grammar" if rule.level == "states" else rule.level
            more = ", …" if found.times > len(found.places) else ""
            where = f"line{'s' * (len(found.places) > 1)} {', '.join(map(str, found.places))}{more}"
            yield f"  {found.times} × by the {side}, {where}: {rule.says} ({level}, {rule.citation}, {rule.id})"
