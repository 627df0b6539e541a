"""The annotator: cites, for every line that either side sends, the rules at work there.

Most specific first. It claims only what it knows: a line on which no rule is at work gets none. Lines that are alike
exercise the same rules, so those are looked for once for each kind of line.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from esmtp_lab.protocol.era import ERAS, Era
from esmtp_lab.protocol.event import Event, Sight, seen_by_nobody, sight
from esmtp_lab.rules.book import Book, book
from esmtp_lab.rules.conditions import Seen, Spelling, holds, see, spellings, spelt, strangers
from esmtp_lab.rules.rule import Citation, Rule
from esmtp_lab.wire.span import Anatomy, anatomy

_REPLY_KEYS = frozenset({"to", "code", "not_code", "line", "keyword"})
_COMMAND_KEYS = frozenset({"verb", "parameter", "verb_case"})
ANY = ""
_ALIKE, _LINES = 4096, 2048
"""Kinds of lines whose rules are remembered, and lines whose citations are."""


class AtWork(NamedTuple):
    """A rule at work on a line, cited for all of it, and the names of the places that it rather speaks of."""

    citation: Citation
    places: tuple[str, ...]


class Candidate(NamedTuple):
    """A rule that is at work if the line is spelt as `when` asks, and broken if it is spelt as `broken` asks too.

    Where `broken` is None it is kept in any case.
    """

    rule: Rule
    when: tuple[Spelling, ...]
    broken: tuple[Spelling, ...] | None


class Alike:
    """The rules of lines that are alike, but perhaps for their spelling."""

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self._candidates = tuple(candidates)
        self._spellings = tuple(
            dict.fromkeys(each for rule, when, broken in self._candidates for each in (*when, *(broken or ())))
        )
        self._chosen: dict[tuple[bool, ...], tuple[AtWork, ...]] = {}

    def rules(self, octets: bytes, parts: Anatomy) -> tuple[AtWork, ...]:
        """The rules at work on one of these lines, in order."""
        answers = spelt(self._spellings, octets, parts) if self._spellings else ()
        chosen = self._chosen.get(answers)
        if chosen is None:
            chosen = self._chosen[answers] = self._choose(dict(zip(self._spellings, answers, strict=True)))
        return chosen

    def _choose(self, true: dict[Spelling, bool]) -> tuple[AtWork, ...]:
        found = [
            Citation(rule, None, broken is not None and all(map(true.__getitem__, broken)))
            for rule, when, broken in self._candidates
            if all(map(true.__getitem__, when))
        ]
        found.sort(key=lambda each: (not each.broken, each.rule.general, -_specificity(each.rule)))
        return tuple(AtWork(each, _spoken_of(each)) for each in found)


class Annotator:
    """A stage, event → event, for one era."""

    def __init__(self, rules: Book, era: Era) -> None:
        self.era = era
        self._index: dict[tuple[str, str], list[Rule]] = {}
        for rule in rules.in_era(era):
            for key in _places(rule) if rule.visible in ("dialogue", "letter") else ():
                self._index.setdefault(key, []).append(rule)
        self._alike = lru_cache(maxsize=_ALIKE)(self._find)
        self._of_line = lru_cache(maxsize=_LINES)(self._cited)

    def __call__(self, event: Event) -> Event:
        """The event with its citations."""
        return event._replace(citations=self._of_line(sight(event)))

    def _cited(self, seen: Sight) -> tuple[Citation, ...]:
        event = seen_by_nobody(seen)
        parts = anatomy(event.spans)
        found = self._alike(see(event, parts)).rules(event.octets, parts)
        places = _places_of(event, parts)
        cited = []
        for citation, names in found:
            for name in names:
                if name in places:
                    cited.append(Citation(citation.rule, places[name], citation.broken))
                    break
            else:
                cited.append(citation)
        return tuple(cited)

    def _find(self, seen: Seen) -> Alike:
        """The rules of lines that are alike."""
        keys = [(seen.kind, seen.subject), (ANY, ANY)]
        keys += [(seen.kind, ANY)] if seen.subject else []
        return Alike(
            Candidate(rule, spellings(rule.when), spellings(rule.broken) if _can_break(rule, seen) else None)
            for key in keys
            for rule in self._index.get(key, ())
            if holds(rule.when, seen)
        )


@lru_cache(maxsize=8)
def annotator(era: str) -> Annotator:
    """The annotator of an era, on the book that ships with the lab."""
    return Annotator(book(), ERAS[era])


def _can_break(rule: Rule, seen: Seen) -> bool:
    return bool(rule.broken) and holds(rule.broken, seen)


_WEIGHTS = {
    "problem": 4,
    "deviation": 4,
    "verb": 3,
    "to": 3,
    "code": 3,
    "keyword": 3,
    "parameter": 3,
    "asked_problem": 2,
    "state": 1,
    "upon": 1,
    "line": 1,
    "has": 3,
    "spelt": 1,
    "in_flight": 1,
}
"""How much more a rule has to say about a line for each thing that it asks of it; a thing that is not here counts
nothing, since it narrows down where the rule is at work and not what it is about."""

_CLASS = 2
"""How much less a class of codes says than a code."""


def _specificity(rule: Rule) -> int:
    """The more a rule asks of a line, the more it has to say about it."""
    weight = sum(_WEIGHTS.get(key, 0) for key in rule.when) + (1 if rule.mark else 0)
    codes = rule.when.get("code", frozenset())
    return weight - _CLASS if codes and all(code.endswith("z") for code in codes) else weight


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


# Joining rules to octets ---------------------------------------------------------------------------

_PROBLEM = "problem"
_STRANGER = "stranger"


def _spoken_of(citation: Citation) -> tuple[str, ...]:
    """The names of the places that a rule speaks of; the first that a line has counts."""
    rule = citation.rule
    named: tuple[str, ...] = ()
    if _PROBLEM in rule.when or (_PROBLEM in rule.broken and citation.broken):
        named = (_PROBLEM,)
    elif citation.broken and "?" in rule.broken.get("not_offered", ()):
        named = (_STRANGER,)
    if rule.mark != "parameter":
        return (*named, rule.mark) if rule.mark else named
    keywords = rule.when.get("parameter", frozenset({"?"}))
    return (*named, "parameter") if "?" in keywords else (*named, *(f"parameter {each}" for each in sorted(keywords)))


def _places_of(event: Event, parts: Anatomy) -> dict[str, tuple[int, int]]:
    """The octets where the first of each part stands, each parameter by its keyword, the first one that was not
    offered, and where a command breaks off."""
    places = {part: (spans[0].start, spans[0].end) for part, spans in parts.items()}
    named = {
        event.octets[span.start : span.end].partition(b"=")[0].decode("ascii", "replace").upper(): span
        for span in reversed(parts.get("parameter", []))
    }
    for keyword, span in named.items():
        places[f"parameter {keyword}"] = (span.start, span.end)
    if named and event.kind == "command" and (strange := strangers(event, event.to, frozenset(named))):
        places[_STRANGER] = min(places[f"parameter {keyword}"] for keyword in strange)
    problem = event.command.problem if event.kind == "command" and event.command else None
    if problem is not None:
        end = len(event.octets.removesuffix(b"\r\n"))
        places[_PROBLEM] = (min(problem.at, end), end)
    return places
