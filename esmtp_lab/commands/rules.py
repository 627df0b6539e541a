"""`esmtp-lab rules`: the rule book to look into: found, listed, counted, shown with kin and witnesses."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from esmtp_lab.commands.run import Said
from esmtp_lab.commands.witness import heading, watch
from esmtp_lab.errors import DataError
from esmtp_lab.protocol.era import DEFAULT_ERA, ERAS
from esmtp_lab.rules.book import book
from esmtp_lab.rules.rule import Condition, Rule
from esmtp_lab.rules.sections import section_order, section_title
from esmtp_lab.rules.texts import WHERE, find_section
from esmtp_lab.tutor.witness import witnesses

RFC_DIR = "ESMTP_LAB_RFC_DIR"
"""The environment variable that names a folder of RFC texts."""
_MOST_NAMED = 8
_SEEN = {
    "dialogue": "seen in a dialogue",
    "letter": "seen in a letter as it is stored",
    "time": "seen over time only",
    "no": "seen in no dialogue",
}


class Wanted(NamedTuple):
    """Which rules are looked for; what is empty does not matter."""

    rfcs: tuple[int, ...] = ()
    section: str = ""
    level: str = ""
    actor: str = ""
    words: tuple[str, ...] = ()

    def has(self, rule: Rule) -> bool:
        """Whether a rule is one of them; a section holds its subsections, and all words must occur."""
        return (
            (not self.rfcs or rule.rfc in self.rfcs)
            and (not self.section or f"{rule.section}.".startswith(f"{self.section.strip('§. ')}."))
            and (not self.level or rule.level == self.level)
            and (not self.actor or rule.actor == self.actor)
            and all(word.lower() in _searched(rule) for word in self.words)
        )


def _searched(rule: Rule) -> str:
    parts = (rule.id, rule.citation, rule.lineage, section_title(rule.rfc, rule.section), rule.says, rule.why)
    return " ".join((*parts, *rule.terms)).lower()


def choose(wanted: Wanted) -> list[Rule]:
    """The rules that are wanted, in the order of the documents."""
    found = [rule for rule in book().rules if wanted.has(rule)]
    return sorted(found, key=lambda rule: (rule.rfc, section_order(rule.section)))


def look(
    name: str | None,
    wanted: Wanted,
    *,
    form: str = "text",
    stats: bool = False,
    play: bool = False,
    text: bool = False,
    rfc_dir: str | None = None,
) -> Iterator[Said]:
    """What the command writes; nothing where no rule is wanted. Raises DataError."""
    if text and not name:
        if len(wanted.rfcs) != 1 or not wanted.section:
            raise DataError("--text", "needs the ID of a rule, or one --rfc and a --section")
        yield from map(Said, text_of(wanted.rfcs[0], wanted.section.strip("§. "), rfc_dir))
        return
    chosen = choose(wanted)
    if name:
        chosen = [find_rule(name, chosen)]
    if stats:
        yield from map(Said, counted(chosen, form) if chosen else ())
        return
    for place, rule in enumerate(chosen):
        if form == "json":
            yield Said(as_json(rule))
        elif name or play:
            yield from (Said(""),) if place else ()
            yield from _in_full(rule, play, text, rfc_dir)
        else:
            yield Said(line(rule))


def _in_full(rule: Rule, play: bool, text: bool, rfc_dir: str | None) -> Iterator[Said]:
    yield Said(rule.id)
    yield from map(Said, page(rule, with_witnesses=not play))
    yield from (Said(""), *watch(rule)) if play else ()
    yield from (Said(""), *map(Said, text_of(rule.rfc, rule.section, rfc_dir))) if text else ()


# One rule ----------------------------------------------------------------------------------------


def find_rule(name: str, among: Iterable[Rule] | None = None, era: str = DEFAULT_ERA) -> Rule:
    """The rule of an id, or of a part of one that leaves no doubt. Raises DataError, which names near ones.

    Of rules of one lineage it is the one that the era cites, or else that of the latest document.
    """
    rules = list(book().rules if among is None else among)
    asked = name.strip().lower()
    for fits in _ways(asked):
        found = [rule for rule in rules if asked and fits(rule)]
        if len({rule.lineage for rule in found}) == 1:
            cited = book().find(found[0].lineage, ERAS[era])
            return cited if cited in found else max(found, key=lambda rule: rule.rfc)
        if found:
            raise DataError(f"rule {name!r}", f"may be {_named(rule.id for rule in found)}")
    near = _near(asked, rules)
    raise DataError(f"rule {name!r}", f"there is none; perhaps {_named(near)}" if near else "there is none")


def _ways(asked: str) -> tuple[Callable[[Rule], bool], ...]:
    """How a rule can be named, the surest first."""
    return (
        lambda rule: rule.id.lower() == asked,
        lambda rule: _slug(rule) == asked,
        lambda rule: rule.lineage == asked,
        lambda rule: rule.id.lower().endswith(asked) and not asked.isalnum(),
        lambda rule: asked in rule.id.lower(),
    )


def _slug(rule: Rule) -> str:
    return rule.id.rpartition("/")[2]


def _near(asked: str, rules: list[Rule]) -> list[str]:
    """Ids that look like what was asked for, by the whole or by the slug alone, or that stand in its section."""
    by_slug: dict[str, list[str]] = {}
    for rule in rules:
        by_slug.setdefault(_slug(rule), []).append(rule.id)
    slugs = get_close_matches(asked.rpartition("/")[2], by_slug, n=4, cutoff=0.6)
    whole = get_close_matches(asked, [rule.id for rule in rules], n=4, cutoff=0.7)
    section = asked.rpartition("/")[0]
    beside = [rule.id for rule in rules if section and rule.id.lower().startswith(f"{section}/")]
    return list(dict.fromkeys([*whole, *(each for slug in slugs for each in by_slug[slug]), *beside]))


def _named(ids: Iterable[str]) -> str:
    names = list(ids)
    more = f" and {len(names) - _MOST_NAMED} others" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def page(rule: Rule, *, with_witnesses: bool = True) -> Iterator[str]:
    """One rule: what it says and why, its line through the documents, and its witnesses."""
    title = section_title(rule.rfc, rule.section)
    yield f"{rule.citation}{f', {title}' if title else ''}"
    actor = "both sides" if rule.actor == "both" else f"the {rule.actor}"
    eras = f", in {' and '.join(rule.era.split())} only" if rule.era else ""
    yield f"{rule.level}, kept by {actor}, {_SEEN[rule.visible]}{eras}"
    yield ""
    yield rule.says
    yield f"Why: {rule.why}"
    yield ""
    kin = sorted(book().by_lineage[rule.lineage], key=lambda each: each.rfc)
    yield f"Lineage {rule.lineage}:"
    for each in kin:
        mark = "*" if each is rule else " "
        yield f"{mark} {each.citation:<20}{each.level:<12}{each.says}"
    for witness in witnesses(rule) if with_witnesses else ():
        yield ""
        yield f"A dialogue that {heading(witness)}:"
        yield from (f"    {line}" for line in witness.text.strip().splitlines())


def text_of(document: int, section: str, folder: str | None) -> Iterator[str]:
    """A section of an RFC from a folder of texts. Raises DataError, which says what to do where there is none."""
    if not folder:
        what = f"name a folder that holds rfc{document}.txt, with {RFC_DIR} or --rfc-dir; the RFC Editor has it at "
        raise DataError("the texts of the RFCs do not ship with the lab", what + WHERE.format(document))
    for each in find_section(Path(folder), document, section):
        yield from each.text.split("\n")
        yield ""


# Many rules --------------------------------------------------------------------------------------


def line(rule: Rule) -> str:
    """A rule in one line."""
    return f"{rule.id:<42} {rule.level:<10} {rule.actor:<6} {rule.says}"


def as_json(rule: Rule) -> str:
    """A rule as one object."""
    kin = [each.id for each in book().by_lineage[rule.lineage] if each is not rule]
    data: dict[str, Any] = {
        "id": rule.id,
        "rfc": rule.rfc,
        "section": rule.section,
        "title": section_title(rule.rfc, rule.section),
        "level": rule.level,
        "actor": rule.actor,
        "says": rule.says,
        "why": rule.why,
        "lineage": rule.lineage,
        "kin": kin,
        "visible": rule.visible,
        "general": rule.general,
        "era": rule.era,
        "eras": [era.name for era in ERAS.values() if book().cites(rule, era)],
        "terms": list(rule.terms),
        "mark": rule.mark,
        "when": _listed(rule.when),
        "broken": _listed(rule.broken),
        "start": rule.start,
        "host": rule.host,
        "keeps": rule.keeps.strip(),
        "breaks": rule.breaks.strip(),
        "played": rule.played,
    }
    return json.dumps(data)


def _listed(condition: Condition) -> dict[str, list[str]]:
    return {key: sorted(values) for key, values in condition.items()}


# Counts ------------------------------------------------------------------------------------------

_COUNTS: dict[str, Callable[[Rule], str]] = {
    "rfc": lambda rule: f"RFC {rule.rfc}",
    "level": lambda rule: rule.level,
    "actor": lambda rule: rule.actor,
    "visible": lambda rule: rule.visible,
    "witnesses": lambda rule: _witnessed(rule),
    "section": lambda rule: f"{rule.citation}  {section_title(rule.rfc, rule.section)}",
}
_TITLES = {
    "rfc": "by RFC",
    "level": "by level",
    "actor": "by who must keep them",
    "visible": "by where they can be seen",
    "witnesses": "by their witnesses",
    "section": "by section",
}


def _witnessed(rule: Rule) -> str:
    found = [name for name, text in (("kept", rule.keeps), ("broken", rule.breaks)) if text]
    return f"{' and '.join(found)} in a dialogue that plays" if found else "no dialogue"


def counts(rules: list[Rule]) -> Iterator[tuple[str, str, int]]:
    """How many rules there are by each measure: its name, the value, and the number. Documents come in their order."""
    for name, key in _COUNTS.items():
        found = Counter(map(key, rules))
        in_order = name in ("rfc", "section")
        yield from ((name, value, count) for value, count in (found.items() if in_order else found.most_common()))


def counted(rules: list[Rule], form: str) -> Iterator[str]:
    """The counts, as "text" or as "json"."""
    if form == "json":
        yield json.dumps({"by": "all", "value": "", "rules": len(rules)})
        for name, value, count in counts(rules):
            yield json.dumps({"by": name, "value": value, "rules": count})
        return
    yield f"{len(rules)} rule{'s' * (len(rules) != 1)}"
    before = ""
    for name, value, count in counts(rules):
        yield from (("", _TITLES[name]) if name != before else ())
        before = name
        yield f"{count:>6}  {value}".rstrip()
