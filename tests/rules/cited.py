"""What each rule does over the corpus, in a form that people can review: ``python -m tests.rules.cited`` writes it.

`cited.txt` has a line for each rule: what it is, and for each era that cites it on how many lines of the corpus it is
cited, on how many of these it is broken, how many octets it marks, and a sum that tells which lines they are.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.event import Event
from esmtp_lab.rules.annotator import _specificity, annotator
from esmtp_lab.rules.book import book
from esmtp_lab.rules.rule import Rule
from tests.rules.corpus import corpus

FILE = Path(__file__).with_name("cited.txt")
HOW = "python -m tests.rules.cited"
_HEAD = f"""\
# What each rule is and does: the pinned sum of every condition, for people to review when it changes.
#
#     RULE  LEVEL  ACTOR  VISIBLE  RANK  MARK  LINEAGE  ERA=CITED/BROKEN/OCTETS:LINES ...
#
# For each era that cites the rule: on how many lines of the corpus of tests/rules/corpus.py it is cited, on how many of
# these it is broken, how many octets it marks on them, and a sum over the lines, which is another for other lines. An
# era alone has a rule that no line of a session shows. Rules of a higher rank are cited first. A lineage that is the
# rule's own slug is "=". Made by {HOW}; a change that is meant is made anew, and read.
"""


class Count(NamedTuple):
    """On how many lines a rule is cited, on how many it is broken, how many octets it marks; a sum over these lines."""

    cited: int = 0
    broken: int = 0
    octets: int = 0
    lines: int = 0

    def __str__(self) -> str:
        return f"{self.cited}/{self.broken}/{self.octets}:{self.lines % 0x10000:04x}"


def weight(event: Event) -> int:
    """What a line adds to the sum over its rule's lines, once more where the rule is broken."""
    command = event.asked and sorted(event.asked.parts)
    what = (event.kind, event.speaker, event.octets, event.to, event.line, event.offered, event.in_flight, event.upon)
    where = (*(f"{each.state} {sorted(each.facts)}" for each in (event.before, event.after)), command)
    return crc32(repr((what, where)).encode())


def counts(era: str) -> dict[str, Count]:
    """The counts of an era by rule, without those of rules that are on no line."""
    annotate = annotator(era)
    cited: Counter[str] = Counter()
    broken: Counter[str] = Counter()
    octets: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    for event in corpus(era):
        weighs = weight(event)
        for citation in annotate(event).citations:
            name = citation.rule.id
            sums[name] += weighs << citation.broken
            cited[name] += 1
            broken[name] += citation.broken
            start, end = citation.span or (0, 0)
            octets[name] += end - start
    return {name: Count(number, broken[name], octets[name], sums[name]) for name, number in cited.items()}


def row(rule: Rule, found: Iterable[tuple[str, Count]]) -> str:
    """The line of a rule, with its counts in the eras that cite it."""
    lineage = "=" if rule.lineage == rule.id.rpartition("/")[2] else rule.lineage
    shown = rule.visible in ("dialogue", "letter")
    eras = [f"{era}={count}" if shown else era for era, count in found]
    level = rule.level.replace(" ", "-") + ("+general" if rule.general else "")
    return "  ".join(
        [rule.id, level, rule.actor, rule.visible, str(_specificity(rule)), rule.mark or "-", lineage, *eras]
    )


def table() -> Iterator[str]:
    """The rows of all rules, in the order of the book."""
    found = {era: counts(era) for era in ERAS}
    for rule in book().rules:
        eras = [name for name, era in ERAS.items() if book().cites(rule, era)]
        yield row(rule, [(name, found[name].get(rule.id, Count())) for name in eras])


def pinned() -> dict[str, str]:
    """The rows that were reviewed, by rule."""
    lines = FILE.read_text("utf-8").splitlines()
    return {line.partition("  ")[0]: line for line in lines if not line.startswith("#")}


if __name__ == "__main__":
    FILE.write_text(_HEAD + "".join(f"{each}\n" for each in table()), "utf-8")
