"""The annotator: cites, for every line that either side sends, the rules at work there.

Most specific first. It claims only what it knows: a line on which no rule is at work gets none.
"""

from dataclasses import replace
from functools import lru_cache

from esmtp_lab.protocol.era import ERAS, Era
from esmtp_lab.protocol.event import Event
from esmtp_lab.rules.book import Book, book
from esmtp_lab.rules.conditions import Seen, holds
from esmtp_lab.rules.rule import Citation, Rule
from esmtp_lab.wire.span import Span, find, walk

_REPLY_KEYS = frozenset({"to", "code", "not_code", "line", "keyword"})
_COMMAND_KEYS = frozenset({"verb", "parameter", "verb_case"})
ANY = ""


class Annotator:
    """A stage, event → event, for one era."""

    def __init__(self, rules: Book, era: Era) -> None:
        self.era = era
        self._index: dict[tuple[str, str], list[Rule]] = {}
        for rule in rules.in_era(era):
            for key in _places(rule) if rule.visible in ("dialogue", "letter") else ():
                self._index.setdefault(key, []).append(rule)

    def __call__(self, event: Event) -> Event:
        """The event with its citations."""
        seen = Seen(event)
        keys = [(seen.kind, seen.subject), (ANY, ANY)]
        keys += [(seen.kind, ANY)] if seen.subject else []
        found = [
            _cite(rule, event, bool(rule.broken) and holds(rule.broken, seen))
            for key in keys
            for rule in self._index.get(key, ())
            if holds(rule.when, seen)
        ]
        found.sort(key=lambda each: (not each.broken, each.rule.general, -_specificity(each.rule)))
        return replace(event, citations=tuple(found))


@lru_cache(maxsize=8)
def annotator(era: str) -> Annotator:
    """The annotator of an era, on the book that ships with the lab."""
    return Annotator(book(), ERAS[era])


def _specificity(rule: Rule) -> int:
    """The more a rule asks of a line, the more it has to say about it."""
    named = sum(1 for key in ("code", "keyword", "parameter", "problem", "deviation", "has") if key in rule.when)
    return len(rule.when) + named + (1 if rule.mark else 0)


def _places(rule: Rule) -> list[tuple[str, str]]:
    """Where the index keeps a rule: by kind of line and what the line is about, as far as the rule says."""
    kinds = rule.when.get("kind", frozenset())
    if not kinds:
        if _REPLY_KEYS & rule.when.keys():
            kinds = frozenset({"reply"})
        elif _COMMAND_KEYS & rule.when.keys():
            kinds = frozenset({"command"})
        else:
            return [(ANY, ANY)]
    subjects = {"command": "verb", "reply": "to", "text": "to", "content": "to"}
    return [(kind, name) for kind in kinds for name in rule.when.get(subjects.get(kind, ""), frozenset({ANY}))]


def _cite(rule: Rule, event: Event, broken: bool) -> Citation:
    """A rule at work on a line, joined to the octets that it speaks of."""
    problem = event.command.problem if event.command else None
    if problem is not None and (("problem" in rule.broken and broken) or "problem" in rule.when):
        end = len(event.octets.removesuffix(b"\r\n"))
        return Citation(rule, (min(problem.at, end), end), broken)
    span = _parameter(rule, event) if rule.mark == "parameter" else find(event.spans, rule.mark)
    return Citation(rule, (span.start, span.end) if span else None, broken)


def _parameter(rule: Rule, event: Event) -> Span | None:
    """The first parameter on the line that is one of those that a rule names."""
    wanted = rule.when.get("parameter", frozenset({"?"}))
    for span in walk(event.spans):
        keyword = event.octets[span.start : span.end].partition(b"=")[0].decode("ascii", "replace").upper()
        if span.part == "parameter" and ("?" in wanted or keyword in wanted):
            return span
    return None
