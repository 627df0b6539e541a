"""`esmtp-lab extensions`: the registry of service extensions to look into, today's and that of 1998."""

import json
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from itertools import zip_longest
from typing import Any, NamedTuple

from esmtp_lab.commands.columns import wrapped
from esmtp_lab.errors import DataError
from esmtp_lab.extensions import SHIPPED
from esmtp_lab.extensions.registry import NOW, REGISTRIES, Entry, Parameter, Registry, registries
from esmtp_lab.protocol.extension import Extension
from esmtp_lab.protocol.session import FORMS, NOT_VERBS

_BY_KEYWORD = {extension.ehlo_keyword: extension for extension in SHIPPED}
_AGREEMENT = "in no registry"
_GAP = "  "
_LABEL = 16
_NARROW = 100
"""Columns below which what an extension says stands below its other cells, and not beside them."""


class Implemented(NamedTuple):
    """Which sides of the lab implement an extension."""

    server: bool = False
    client: bool = False

    @property
    def words(self) -> str:
        """The sides in a word."""
        return {(True, True): "both", (True, False): "server", (False, True): "client"}.get(self, "-")


def implemented(keyword: str) -> Implemented:
    """The sides that implement a keyword: our client where it says a verb of it, or a parameter, by its own rules or
    because the letter has it with it."""
    extension = _BY_KEYWORD.get(keyword)
    if extension is None:
        return Implemented()
    return Implemented(True, bool(extension.forms or extension.adds or extension.mail_parameters))


def look(
    keyword: str | None = None, registry: str = NOW, form: str = "text", columns: int | None = None
) -> Iterator[str]:
    """The registry, or one keyword of it, as "text" or as "json"; without `columns` nothing is wrapped.

    Raises DataError for a keyword that is not there; it names near ones.
    """
    chosen = registries()[registry]
    if form == "json":
        entries = [find_entry(keyword, chosen)] if keyword else chosen.entries.values()
        yield from (as_json(entry, chosen) for entry in entries)
    elif keyword:
        yield from (
            line for text, indent in page(find_entry(keyword, chosen)) for line in wrapped(text, columns, indent)
        )
    else:
        yield from table(chosen, columns)


# One keyword -------------------------------------------------------------------------------------


def find_entry(keyword: str, registry: Registry) -> Entry:
    """The entry of a keyword in any case, or of a local extension of the lab. Raises DataError; it names near ones."""
    name = keyword.strip().upper()
    entry = registry.entries.get(name)
    if entry is None and name in _BY_KEYWORD and _BY_KEYWORD[name].local:
        entry = _agreed(_BY_KEYWORD[name])
    if entry is None:
        raise DataError(f"keyword {keyword!r}", _instead(name, registry))
    return entry


def _agreed(extension: Extension) -> Entry:
    """A local extension in the form of the registry."""
    return Entry(
        keyword=extension.ehlo_keyword,
        title=extension.name,
        status=_AGREEMENT,
        basis="agreement",
        says=f"{extension.meaning[0].upper()}{extension.meaning[1:]}.",
        contact=extension.defined_in,
        verbs={form.verb: f"{form.verb} {form.syntax}".rstrip() for form in extension.forms},
        parameters=tuple(
            Parameter(verb, each.shown, each.meaning)
            for verb in ("MAIL", "RCPT")
            for each in extension.parameters(verb)
        ),
        growth=extension.line_growth,
        registry="",
    )


def _instead(name: str, registry: Registry) -> str:
    """What to say of a keyword that a registry does not have."""
    others = [each for each in REGISTRIES if name in registries()[each].entries]
    if others:
        return f"the registry of 1998 does not have it yet: --registry {others[0]} does"
    if any(form.verb == name for form in FORMS if name not in NOT_VERBS):
        return "is no extension: every server knows that command"
    owners = [each.keyword for each in registry.entries.values() if name in _names(each)]
    if owners:
        return f"is no keyword, but belongs to {' and '.join(owners)}"
    if name.startswith("X"):
        local = ", ".join(each.ehlo_keyword for each in SHIPPED if each.local)
        return f"is local by its X, so that no registry has it; the lab itself speaks {local}"
    near = get_close_matches(name, registry.entries, n=3, cutoff=0.6)
    inside = [each for each in registry.entries if len(name) > 2 and (name in each or each in name)]
    found = list(dict.fromkeys([*near, *inside]))
    return f"there is none; perhaps {', '.join(found)}" if found else "there is none; without a keyword all are listed"


def _names(entry: Entry) -> set[str]:
    return {*entry.verbs, *(each.keyword for each in entry.parameters), *entry.words}


def page(entry: Entry) -> Iterator[tuple[str, int]]:
    """Everything that is known of one keyword: lines, each with how far it is indented where it is wrapped."""
    chosen = registries().get(entry.registry)
    yield f"{entry.keyword}: {entry.title}", 2
    where = f", in the registry of {entry.registry}" if chosen and entry.registry != NOW else ""
    yield f"{entry.source}, {entry.status}{where}", 2
    yield "", 0
    yield f"{entry.says} {entry.teaches}".rstrip(), 0
    yield "", 0
    for label, texts in _facts(entry, chosen):
        for number, text in enumerate(texts):
            yield f"{label if number == 0 else '':<{_LABEL}}{text}", _LABEL + 2


def _facts(entry: Entry, registry: Registry | None) -> Iterator[tuple[str, Sequence[str]]]:
    """What there is to say of a keyword, by its label; what there is not, is left out."""
    words = [f"{word}: {says}" for word, says in entry.words.items()]
    reply = f"{entry.keyword} {entry.offers}".rstrip() + (f": {entry.offers_says}" if entry.offers_says else "")
    yield "In EHLO's reply", (reply, *words)
    verbs = [syntax or f"{verb} (syntax not known here)" for verb, syntax in entry.verbs.items()]
    none = "none" if entry.checked else "none known"
    yield "Verbs", verbs or [none]
    yield "Parameters", [f"{each.verb} {each.form}: {each.says}" for each in entry.parameters] or [none]
    yield "Longer lines", [_growth(entry)]
    yield from _kin(entry, registry)
    if entry.submission:
        yield "Submission", [entry.submission]
    ports = [f"made for port {_listed(entry.ports)}"] * bool(entry.ports)
    ports += [f"not for port {_listed(entry.barred)}"] * bool(entry.barred)
    if ports:
        yield "Ports", [", ".join(ports)]
    if entry.obsoleted:
        yield "Before it", [_listed(entry.obsoleted, "RFC ")]
    if entry.also:
        yield "See also", [_listed(entry.also, "RFC ")]
    then = registries()["1998"].entries.get(entry.keyword)
    if then is not None and entry.registry == NOW:
        yield "In 1998", [f"{then.title}: {then.source}, {then.status}"]
    yield "In the lab", [_sides(implemented(entry.keyword))]
    if not entry.checked:
        text = f"the text of {entry.source} was not read" if entry.rfc else "there is no text to check against"
        yield "Not checked", [f"{text}; keyword, name and source are IANA's, all else is unchecked"]


def _kin(entry: Entry, registry: Registry | None) -> Iterator[tuple[str, Sequence[str]]]:
    """The extensions that one has to do with."""
    if entry.needs:
        yield "Needs", [f"{keyword} ({place})" for keyword, place in entry.needs.items()]
    if registry is not None and (needed := registry.needed_by(entry.keyword)):
        yield "Needed by", [", ".join(needed)]
    if entry.replaced_by:
        yield "Replaced by", [", ".join(entry.replaced_by)]
    if registry is not None and (replaces := registry.replaces(entry.keyword)):
        yield "Replaces", [", ".join(replaces)]


def _growth(entry: Entry) -> str:
    grown = [f"{octets} octets on {verb}" for verb, octets in entry.growth.items()]
    text = ", ".join(grown) or ("none" if entry.checked else "not known")
    return f"{text}; {entry.growth_says}" if entry.growth_says else text


def _sides(sides: Implemented) -> str:
    return {"both": "server and client", "server": "the server", "client": "the client"}.get(sides.words, "not yet")


def _listed(numbers: Iterable[int], word: str = "") -> str:
    return ", ".join(f"{word}{number}" for number in numbers)


# All of them -------------------------------------------------------------------------------------


def table(registry: Registry, columns: int | None) -> Iterator[str]:
    """The registry as a table, an entry a line where there is room or no `columns` to fit it into."""
    head = ("keyword", "RFC", "lab", "adds", "what it means")
    rows = [_cells(entry) for entry in registry.entries.values()]
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(4)]
    if columns is not None and columns >= _NARROW:
        room = columns - sum(widths[:3]) - len(_GAP) * 4
        widths[3] = min(widths[3], max(14, room // 4))
    for row in (head, *rows):
        yield from _row(row, widths, columns)
    yield ""
    sides = [implemented(keyword) for keyword in registry.entries]
    count = f"{len(rows)} keywords in the registry of {'today' if registry.name == NOW else registry.name}"
    spoken = f"{sum(each.server for each in sides)} of them spoken by the server, {sum(each.client for each in sides)}"
    yield from wrapped(f"{count}; {spoken} by the client of this lab.", columns)
    if not all(entry.checked for entry in registry.entries.values()):
        yield from wrapped("?  was not checked against the text that defines it, which was not read.", columns, 3)


def _cells(entry: Entry) -> tuple[str, ...]:
    return (
        entry.keyword,
        f"{entry.rfc or '-'}{'' if entry.checked else ' ?'}",
        implemented(entry.keyword).words,
        adds(entry),
        entry.says,
    )


def adds(entry: Entry) -> str:
    """The verbs and parameters of an extension in short: ``AUTH, MAIL AUTH=``."""
    by_verb: dict[str, list[str]] = {}
    for each in entry.parameters:
        by_verb.setdefault(each.verb, []).append(each.keyword + "=" * ("=" in each.form))
    return ", ".join([*entry.verbs, *(f"{verb} {' '.join(names)}" for verb, names in by_verb.items())]) or "-"


def _row(row: Sequence[str], widths: Sequence[int], columns: int | None) -> Iterator[str]:
    """One row; on a narrow terminal its last cell stands below the others."""
    lead = sum(widths) + len(_GAP) * len(widths)
    if columns is None:
        yield _GAP.join([*(f"{cell:<{room}}" for cell, room in zip(row, widths, strict=False)), row[-1]])
    elif columns < _NARROW:
        cells = _GAP.join(f"{cell:<{room}}" for cell, room in zip(row, widths, strict=False))
        yield from wrapped(cells.rstrip(), columns, 4)
        yield from (f"  {line}" for line in wrapped(row[-1], columns - 2))
    else:
        stacks = [list(wrapped(cell, room)) for cell, room in zip(row, (*widths, columns - lead), strict=True)]
        for parts in zip_longest(*stacks, fillvalue=""):
            yield _GAP.join(f"{part:<{room}}" for part, room in zip(parts, (*widths, 0), strict=True)).rstrip()


def as_json(entry: Entry, registry: Registry) -> str:
    """An entry as one object; what is not known, because no text was read, is null."""
    sides = implemented(entry.keyword)
    data: dict[str, Any] = {
        "keyword": entry.keyword,
        "registry": entry.registry or None,
        "title": entry.title,
        "rfc": entry.rfc,
        "contact": entry.contact or None,
        "obsoleted": list(entry.obsoleted),
        "also": list(entry.also),
        "status": entry.status,
        "server": sides.server,
        "client": sides.client,
        "ehlo_params": entry.offers,
        "words": dict(entry.words),
        "verbs": list(entry.verbs),
        "syntax": {verb: syntax or None for verb, syntax in entry.verbs.items()},
        "parameters": [
            {"verb": each.verb, "keyword": each.keyword, "form": each.form, "says": each.says}
            for each in entry.parameters
        ],
        "line_growth": dict(entry.growth) if entry.checked else None,
        "needs": list(entry.needs),
        "needed_by": list(registry.needed_by(entry.keyword)),
        "replaced_by": list(entry.replaced_by),
        "replaces": list(registry.replaces(entry.keyword)),
        "submission": entry.submission or None,
        "ports": list(entry.ports),
        "barred_ports": list(entry.barred),
        "basis": entry.basis,
        "says": entry.says,
        "teaches": entry.teaches,
    }
    return json.dumps(data)
