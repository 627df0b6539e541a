"""One rule of the book, and what it means that it is cited."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

LEVELS = ("MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY", "states")
ACTORS = ("client", "server", "both")
VISIBLE = ("dialogue", "letter", "time", "no")

Condition = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule, under the id ``rfc2821:4.1.4/mail-once``.

    `level` is the standard's own word, or "states" for a plain normative sentence. Rules of one `lineage` are
    the same rule in several documents. `when` says where it is at work, `broken` what must hold
    besides for its actor to have broken it; `mark` is the part of the line that it speaks of. `keeps` and `breaks`
    are witnesses in the transcript format, which begin in the state `start`; ``played="server"`` has the server's
    lines of `breaks` typed by hand, and `host` is the ready-made host that they are played on. A `general` rule is at
    work on every line. `terms` stand in the text of the section.
    """

    id: str
    rfc: int
    section: str
    level: str
    actor: str
    says: str
    why: str
    lineage: str
    visible: str = "dialogue"
    terms: tuple[str, ...] = ()
    when: Condition = field(default_factory=dict)
    broken: Condition = field(default_factory=dict)
    mark: str = ""
    general: bool = False
    era: str = ""
    start: str = "ready"
    keeps: str = ""
    breaks: str = ""
    played: str = "client"
    host: str = "lab"

    @property
    def citation(self) -> str:
        """Where the rule stands: ``RFC 2821 §4.1.4``."""
        return f"RFC {self.rfc} §{self.section}"


class Citation(NamedTuple):
    """A rule at work on a line: the octets that it speaks of, or None for all, and whether it is broken."""

    rule: Rule
    span: tuple[int, int] | None
    broken: bool = False

    def side(self, speaker: str) -> str:
        """Who must keep the rule: its actor, or the speaker of the line where it binds both."""
        return speaker if self.rule.actor == "both" else self.rule.actor
