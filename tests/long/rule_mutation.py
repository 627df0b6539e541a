"""Mutation testing of the rule book: is there a check that fails when a rule is wrong?

    python tests/long/rule_mutation.py [--sample N] [--match WORD] [RULE...]

Each mutant is a rule with one small fault: another value in a condition, one less, a condition taken away or turned
round; another section, level, actor, mark or lineage; another code in a witness. It is killed when a test of
tests/rules sees it: its witnesses, the sections and terms, the inventory, or what it does over the corpus. One that
survives is a gap in the corpus or says that the rule asks for too much, unless rule_mutation.toml beside this file says
why it is as good as the right rule; any other survivor makes this program end with 1.

The checks are made here without pytest and for the rule alone: for each condition the set of the lines of the corpus on
which it holds is kept, so that a changed rule is a few operations on sets. That these sets say what the annotator
says is checked first. With --sample the same N mutants are taken each time, spread over all of them.
"""

import argparse
import sys
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from esmtp_lab.commands.witness import lab_of  # noqa: E402
from esmtp_lab.errors import DataError  # noqa: E402
from esmtp_lab.protocol.era import ERAS, Era  # noqa: E402
from esmtp_lab.protocol.event import Event, lines  # noqa: E402
from esmtp_lab.rules.annotator import ANY, _places, _places_of, _spoken_of  # noqa: E402
from esmtp_lab.rules.book import book  # noqa: E402
from esmtp_lab.rules.conditions import KEYS, OCTETS, Seen, Values, see, spellings, spelt  # noqa: E402
from esmtp_lab.rules.rule import ACTORS, LEVELS, Citation, Condition, Rule  # noqa: E402
from esmtp_lab.rules.sections import section_titles  # noqa: E402
from esmtp_lab.rules.texts import sections  # noqa: E402
from esmtp_lab.tutor.witness import Witness, play_witness, witnesses  # noqa: E402
from esmtp_lab.wire.span import PARTS, anatomy  # noqa: E402
from tests.rules.cited import FILE, HOW, Count, pinned, row, weight  # noqa: E402
from tests.rules.corpus import alike, corpus  # noqa: E402
from tests.rules.stock import DOCUMENTS, SHARED, inventory  # noqa: E402

SHOWN = ("dialogue", "letter")
RANK = 4
"""The column of `cited.txt` that says how specific a rule is."""
NOT = "not "
"""Before the name of a condition: it is turned round."""


# Faults --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mutant:
    """A rule with one fault, by a name that says what the fault is."""

    name: str
    right: Rule
    wrong: Rule


def mutants_of(rule: Rule) -> Iterator[Mutant]:
    """Every mutant of a rule."""
    for fault, wrong in chain(_words(rule), _section(rule), _lineage(rule), _conditions(rule), _codes(rule)):
        yield Mutant(f"{rule.id} {fault}", rule, wrong)


Fault = tuple[str, Rule]


def _words(rule: Rule) -> Iterator[Fault]:
    level, actor = _next(LEVELS, rule.level), _next(ACTORS, rule.actor)
    yield f"level: {level}", replace(rule, level=level)
    yield f"actor: {actor}", replace(rule, actor=actor)
    if rule.visible in SHOWN:
        mark = _next(tuple(PARTS), rule.mark) if rule.mark else "crlf"
        yield f"mark: {mark}", replace(rule, mark=mark)
        if rule.mark:
            yield "mark: none", replace(rule, mark="")


def _section(rule: Rule) -> Iterator[Fault]:
    there = _next(tuple(section_titles()[rule.rfc]), rule.section)
    for section in (there, "9.9.9"):
        yield (
            f"section: {section}",
            replace(rule, section=section, id=rule.id.replace(f":{rule.section}/", f":{section}/")),
        )


def _lineage(rule: Rule) -> Iterator[Fault]:
    if len(book().by_lineage[rule.lineage]) > 1:
        yield "lineage: its own", replace(rule, lineage=f"{rule.lineage}-alone")
    near = book().rules.index(rule)
    others = (book().rules[(near + step) % len(book().rules)] for step in range(1, len(book().rules)))
    other = next(each.lineage for each in others if each.rfc != rule.rfc and each.lineage != rule.lineage)
    yield f"lineage: {other}", replace(rule, lineage=other)


def _conditions(rule: Rule) -> Iterator[Fault]:
    for part in ("when", "broken") if rule.visible in SHOWN else ():
        condition: Condition = getattr(rule, part)
        for fault, wrong in _condition(condition):
            changed = _with(rule, part, wrong)
            # A kind of line that the index of the annotator takes from the other conditions may be said or not.
            if fault != "kind: gone" or _places(changed) != _places(rule):
                yield f"{part}.{fault}", changed


def _condition(condition: Condition) -> Iterator[tuple[str, Condition]]:
    for key, values in condition.items():
        rest = {each: of for each, of in condition.items() if each != key}
        yield f"{key}: gone", rest
        yield f"{key}: turned round", {**rest, NOT + key: values}
        for value in sorted(values):
            if len(values) > 1:
                yield f"{key}: without {value!r}", {**rest, key: values - {value}}
            other = _next(_vocabulary()[key], value, values)
            yield f"{key}: {other!r} for {value!r}", {**rest, key: values - {value} | {other}}


def _codes(rule: Rule) -> Iterator[Fault]:
    for part in ("keeps", "breaks"):
        written = getattr(rule, part).split("\n")
        for place, line in enumerate(written):
            code = line.removeprefix("S: ")[:3] if line.startswith("S: ") else ""
            if code in _code_words():
                alike = [each for each in _code_words() if each[0] == code[0]]
                other = _next(_code_words(), code, alike)
                text = "\n".join([*written[:place], line.replace(code, other, 1), *written[place + 1 :]])
                yield f"{part}, line {place + 1}: {other} for {code}", _with(rule, part, text)


def _with(rule: Rule, part: str, value: Any) -> Rule:
    return replace(rule, **{part: value})


def _next(values: tuple[str, ...], value: str, but: Iterable[str] = ()) -> str:
    """The value behind one in the order of all, that is none of some others; "?" if there is no other."""
    place = values.index(value)
    return next((each for each in values[place + 1 :] + values[:place] if each not in but), "?")


@cache
def _vocabulary() -> dict[str, tuple[str, ...]]:
    """The values that the book has for each condition."""
    found: dict[str, set[str]] = defaultdict(set)
    for rule in book().rules:
        for key, values in chain(rule.when.items(), rule.broken.items()):
            found[key].update(values)
    return {key: tuple(sorted(values)) for key, values in found.items()}


@cache
def _code_words() -> tuple[str, ...]:
    return tuple(each for each in _vocabulary()["code"] if each.isdecimal())


# The corpus as sets --------------------------------------------------------------------------------

Lines = int
"""A set of lines of the corpus: bit n is the line n."""


class Ground:
    """The corpus of an era, and on which of its lines what holds."""

    def __init__(self, era: Era) -> None:
        self.era = era
        self.events = corpus(era.name)
        self.parts = [anatomy(event.spans) for event in self.events]
        self.number = {event: number for number, event in enumerate(self.events)}
        self.alike: dict[Seen, Lines] = {}
        self.marked: dict[str, dict[int, Lines]] = {}
        self.whole: Lines = (1 << len(self.events)) - 1
        self.about: dict[tuple[str, str], Lines] = {(ANY, ANY): self.whole}
        self._holds: dict[tuple[str, Values], Lines] = {}
        self._weights = [weight(event) for event in self.events]
        for number, (event, parts) in enumerate(zip(self.events, self.parts, strict=True)):
            seen, line = see(event, parts), 1 << number
            self.alike[seen] = self.alike.get(seen, 0) | line
            for place in {(seen.kind, seen.subject), (seen.kind, ANY)}:
                self.about[place] = self.about.get(place, 0) | line
            for name, (start, end) in _places_of(event, parts).items():
                lengths = self.marked.setdefault(name, {})
                lengths[end - start] = lengths.get(end - start, 0) | line

    def where(self, condition: Condition, among: Lines) -> Lines:
        """Those of some lines on which a condition holds."""
        slow = [(key, values) for key, values in condition.items() if key.removeprefix(NOT) in OCTETS]
        for key, values in condition.items():
            if (name := key.removeprefix(NOT)) in KEYS:
                found = self._where(name, values)
                among &= ~found if name != key else found
        for key, values in slow:
            name = key.removeprefix(NOT)
            found = self._spelt(name, values, among)
            among &= ~found if name != key else found
        return among

    def _where(self, key: str, values: Values) -> Lines:
        found = self._holds.get((key, values))
        if found is None:
            found = 0
            for seen, each in self.alike.items():
                if KEYS[key](seen, values):
                    found |= each
            self._holds[key, values] = found
        return found

    def _spelt(self, key: str, values: Values, among: Lines) -> Lines:
        asked, found = spellings({key: values}), 0
        for number in numbers(among):
            if spelt(asked, self.events[number].octets, self.parts[number])[0]:
                found |= 1 << number
        return found

    def cited(self, rule: Rule) -> tuple[Lines, Lines]:
        """On which lines a rule is cited, and on which of these it is broken."""
        places = 0
        for place in _places(rule):
            places |= self.about.get(place, 0)
        cited = self.where(rule.when, places)
        return cited, self.where(rule.broken, cited) if rule.broken else 0

    def count(self, rule: Rule) -> Count:
        """What `cited.txt` has of a rule in this era."""
        if rule.visible not in SHOWN:
            return Count()
        cited, broken = self.cited(rule)
        total = sum(self._weights[number] for lines in (cited, broken) for number in numbers(lines))
        return Count(cited.bit_count(), broken.bit_count(), self._octets(rule, cited, broken), total)

    def _octets(self, rule: Rule, cited: Lines, broken: Lines) -> int:
        octets = 0
        for is_broken, rest in ((True, broken), (False, cited & ~broken)):
            for name in _spoken_of(Citation(rule, None, is_broken)):
                for length, each in self.marked.get(name, {}).items():
                    octets += length * (each & rest).bit_count()
                    rest &= ~each
        return octets


def numbers(found: Lines) -> Iterator[int]:
    """The numbers of some lines."""
    while found:
        lowest = found & -found
        yield lowest.bit_length() - 1
        found ^= lowest


@cache
def ground(era: str) -> Ground:
    return Ground(ERAS[era])


# Checks --------------------------------------------------------------------------------------------


def killed_by(mutant: Mutant) -> str:
    """The check that sees a fault, or nothing."""
    right, wrong = mutant.right, mutant.wrong
    if wrong.id != right.id and (wrong.section not in section_titles()[wrong.rfc] or not _terms_stand(wrong)):
        return "sections and terms"
    if wrong.id != right.id and wrong.rfc in DOCUMENTS and wrong.id not in _listed(wrong.rfc):
        return "inventory"
    if (wrong.keeps, wrong.breaks) != (right.keeps, right.breaks):
        return "" if _plays(right, wrong) else "witnesses play"
    changed = wrong.when is not right.when or wrong.broken is not right.broken
    if changed and not all(_shows(wrong, each) for each in witnesses(right)):
        return "witnesses show it"
    rows = [(_pinned(each.id).split("  "), _row(each, mutant).split("  ")) for each in _touched(mutant)]
    differ = {place for old, new in rows for place, (one, other) in enumerate(zip_longest(old, new)) if one != other}
    if not differ and _says_kind_twice(wrong, right):
        return "nothing: the kind was said twice"
    return "the rank alone" if differ == {RANK} else "corpus" if differ else ""


def _says_kind_twice(wrong: Rule, right: Rule) -> bool:
    """Whether another condition of a rule has all by itself no line of another kind: the kind is there for readers."""
    kinds = right.when.get("kind", frozenset())
    if not kinds or "kind" in wrong.when or NOT + "kind" in wrong.when:
        return False
    here = ground(_era_of(right))
    named = {"kind": kinds}
    return any(
        here.where({key: of}, here.whole) == here.where({key: of, **named}, here.whole)
        for key, of in wrong.when.items()
    )


def _era_of(rule: Rule) -> str:
    return next(name for name, era in ERAS.items() if book().cites(rule, era))


@cache
def _texts(document: int) -> dict[str, str]:
    file = SHARED / f"rfc{document}.txt"
    text = file.read_text("utf-8-sig") if file.exists() else ""
    return {each.number: " ".join(each.text.split()).lower() for each in sections(text)}


def _terms_stand(rule: Rule) -> bool:
    """Whether all terms stand in the section of a rule, as far as its text is here."""
    texts = _texts(rule.rfc)
    within = [text for number, text in texts.items() if f"{number}.".startswith(f"{rule.section}.")]
    return not texts or all(any(" ".join(term.split()).lower() in each for each in within) for term in rule.terms)


@cache
def _listed(document: int) -> frozenset[str]:
    return frozenset(entry.rule for entry in inventory(document))


def _plays(right: Rule, wrong: Rule) -> bool:
    """Whether a changed witness comes out as written, and shows the same as before."""
    breaks = wrong.keeps == right.keeps
    lab = lab_of(Witness(right, breaks))
    try:
        crossings, mismatches = play_witness(Witness(replace(wrong, era=right.era), breaks), lab.bench)
    except DataError:
        return False
    events = [lab.annotate(event) for crossing in crossings for event in lines(crossing.event)]
    return not mismatches and _citations(events) == _citations_of(Witness(right, breaks))


@cache
def _citations_of(witness: Witness) -> Counter[tuple[str, bool]]:
    lab = lab_of(witness)
    crossings, _ = play_witness(witness, lab.bench)
    return _citations(lab.annotate(event) for crossing in crossings for event in lines(crossing.event))


def _citations(events: Iterable[Event]) -> Counter[tuple[str, bool]]:
    return Counter((each.rule.id, each.broken) for event in events for each in event.citations)


@cache
def _lines_of(witness: Witness) -> tuple[str, Lines]:
    """The lines of a witness in the corpus of its own era."""
    crossings, _ = play_witness(witness, lab_of(witness).bench)
    number = ground(witness.era).number
    found = 0
    for crossing in crossings:
        for event in lines(crossing.event):
            found |= 1 << number[alike(event)]
    return witness.era, found


def _shows(rule: Rule, witness: Witness) -> bool:
    """Whether a witness shows a rule kept, or broken, as it should."""
    era, own = _lines_of(witness)
    cited, broken = ground(era).cited(rule)
    return bool(own & broken) if witness.breaks else bool(own & cited & ~broken)


def _touched(mutant: Mutant) -> list[Rule]:
    """The rules on which a fault can tell: that rule, and all of its lineage where that is the fault."""
    right, wrong = mutant.right, mutant.wrong
    if right.lineage == wrong.lineage:
        return [right]
    return [*book().by_lineage[right.lineage], *book().by_lineage.get(wrong.lineage, ())]


def _row(rule: Rule, mutant: Mutant) -> str:
    """The row that `cited.txt` has of a rule if the fault is there."""
    wrong = mutant.wrong if rule is mutant.right else rule
    kin = {each.rfc for each in book().by_lineage.get(wrong.lineage, ()) if each is not mutant.right}
    kin |= {mutant.wrong.rfc} if mutant.wrong.lineage == wrong.lineage else set()
    cites = [era for era in ERAS.values() if _cites(wrong, era, kin)]
    return row(wrong, [(era.name, ground(era.name).count(wrong)) for era in cites])


def _cites(rule: Rule, era: Era, kin: set[int]) -> bool:
    """What `Book.cites` says, were the documents of its lineage these."""
    if rule.rfc not in era.documents or (rule.era and era.name not in rule.era.split()):
        return False
    return rule.rfc == next(document for document in era.documents if document in kin)


@cache
def _rows() -> dict[str, str]:
    return pinned()


def _pinned(name: str) -> str:
    return _rows().get(name, "")


# The whole -----------------------------------------------------------------------------------------


def explained() -> dict[str, str]:
    """The mutants that are as good as the right rule, with the reason."""
    data = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    return {mutant: group["why"] for group in data.get("explained", ()) for mutant in group["mutants"]}


def spread(mutants: list[Mutant], most: int) -> list[Mutant]:
    """`most` of the mutants, evenly spread."""
    return [mutants[place * len(mutants) // most] for place in range(most)] if most < len(mutants) else mutants


def main() -> int:
    """Try mutants, and say which survive."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules", nargs="*", help="only rules in whose id one of these stands")
    parser.add_argument("--sample", type=int, default=0, help="try so many, always the same")
    parser.add_argument("--among", type=Path, help="only mutants that this file names, one a line")
    parser.add_argument("--match", default="", help="only mutants in whose name this stands")
    options = parser.parse_args()
    begin = time.monotonic()
    known = explained()
    everything = [mutant for rule in book().rules for mutant in mutants_of(rule)]
    names = {mutant.name for mutant in everything}
    mutants = [each for each in everything if each.name not in known and options.match in each.name]
    if options.rules:
        mutants = [each for each in mutants if any(name in each.right.id for name in options.rules)]
    if options.among:
        among = {line.removeprefix("survives: ") for line in options.among.read_text("utf-8").splitlines()}
        mutants = [each for each in mutants if each.name in among]
    chosen = spread(mutants, options.sample) if options.sample else mutants
    checked = {each.right.id: each.right for each in chosen}.values()
    print(f"{len(everything)} mutants of {len(book().rules)} rules, {len(names & set(known))} explained", flush=True)
    wrong = [rule.id for rule in checked if _row(rule, Mutant("", rule, rule)) != _pinned(rule.id)]
    if wrong:
        print(f"{FILE.name} is not what the rules are: {', '.join(wrong[:9])}. Read what changed, and run {HOW}")
        return 1
    kills: Counter[str] = Counter()
    for mutant in chosen:
        by = killed_by(mutant)
        kills[by] += 1
        if not by:
            print(f"survives: {mutant.name}", flush=True)
    for name in known.keys() - names:
        print(f"explained, but no longer there: {name}")
    survived = kills.pop("", 0)
    told = ", ".join(f"{number} by {by}" for by, number in kills.most_common())
    print(f"{len(chosen)} tried, {kills.total()} killed ({told}), {survived} survive; {time.monotonic() - begin:.0f} s")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
