"""The page that specifies an extension, in the seven points of RFC 1869 section 4.3 and RFC 2821 section 2.2.2.

It is made from the `Extension` alone, as Markdown; `plain` takes the marks out for a terminal.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from esmtp_lab.protocol.extension import Extension, ParameterForm
from esmtp_lab.protocol.session import FACTS, NOT_VERBS, STATES, Form, Row

_NONE = "None."
_MARKS = re.compile(r"\\([\\`*_<>#|\[\]])|`")
_OUTCOMES = {"2": "success", "3": "a call for more", "4": "failure for now", "5": "failure"}


def specification(extension: Extension) -> Iterator[str]:
    """The page, line by line, as Markdown."""
    yield f"# {extension.ehlo_keyword}: {_text(extension.name)}"
    yield ""
    kind = "A local SMTP service extension, by bilateral agreement" if extension.local else "An SMTP service extension"
    yield f"{kind}. Defined in: {_text(extension.defined_in)}."
    for number, (title, lines) in enumerate(_points(extension), start=1):
        yield from ("", f"## {number}. {title}", "")
        yield from lines
    yield from ("", "## Where it can be offered", "")
    yield from _where(extension)


def plain(lines: Iterable[str]) -> Iterator[str]:
    """The lines of a page for a terminal."""
    for line in lines:
        yield _MARKS.sub(lambda mark: mark[1] or "", line.lstrip("#").lstrip() if line.startswith("#") else line)


def _points(extension: Extension) -> Iterator[tuple[str, Iterable[str]]]:
    yield "Name of the extension", (f"{_text(extension.name)}: {_text(extension.meaning)}.",)
    yield "EHLO keyword", (_code(extension.ehlo_keyword),)
    yield (
        "Parameters of the keyword",
        _listed(f"{_code(word)}: {_text(says)}" for word, says in extension.offers.items()),
    )
    yield "Additional verbs", _verbs(extension)
    yield "Parameters of MAIL and RCPT", _listed(_parameters(extension))
    yield "Effect on server and client", (_text(extension.effect or f"{_capital(extension.meaning)}."),)
    growth = (f"{octets} octets on {verb}" for verb, octets in extension.line_growth.items())
    yield "Growth of command lines", _listed(growth)


def _listed(items: Iterable[str]) -> Iterator[str]:
    found = [f"* {item}" for item in items]
    yield from found or [_NONE]


def _verbs(extension: Extension) -> Iterator[str]:
    forms = [form for form in extension.forms if form.verb not in NOT_VERBS]
    if not forms:
        yield _NONE
    for form in forms:
        yield f"* {_code(f'{form.verb} {form.syntax}'.rstrip())}: {_text(form.meaning)}"
        rows = [row for row in extension.rows if form.verb in row.inputs]
        yield from (f"    * {line}" for line in (*_replies(form), *map(_leads, rows), *_words(form, extension)))
        if form.ends_group:
            yield "    * nothing is sent behind it before its reply has come"


def _replies(form: Form) -> Iterator[str]:
    for told, codes in (("success", form.success), ("more to come", form.intermediate), ("failure", form.failure)):
        if codes:
            yield f"{told}: {', '.join(map(str, codes))}"


def _leads(row: Row) -> str:
    """A row of the session table in words."""
    outcome = " or ".join(_OUTCOMES.get(severity, severity) for severity in row.severities)
    where = f"in {_listing(row.states)}"
    needs = f", where {_listing(row.needs)} holds" if row.needs else ""
    unless = f", unless {_listing(row.unless)} holds" if row.unless else ""
    to = f"leads to {row.to}" if row.to else "changes no state"
    clears = f" and clears the {row.clears}" if row.clears else ""
    return f"{where}{needs}{unless}: {outcome} {to}{clears}"


def _listing(words: Iterable[str]) -> str:
    """States and facts, in the order of the session."""
    return ", ".join(sorted(words, key=[*STATES, *FACTS].index))


def _words(form: Form, extension: Extension) -> Iterator[str]:
    for key, entry in extension.replies.items():
        if key.rpartition(" ")[0] == form.verb:
            yield _code(f"{entry.code('')} {entry.enhanced('')} {entry.texts['default']}".strip())


def _parameters(extension: Extension) -> Iterator[str]:
    for verb in ("MAIL", "RCPT"):
        for form in extension.parameters(verb):
            yield f"{verb}: {_code(form.shown)}{_length(form)}: {_text(form.meaning)}"


def _length(form: ParameterForm) -> str:
    goes = ", goes with a letter that is relayed" if form.onward else ""
    return (f", 1 to {form.longest} octets" if form.longest else "") + goes


def _where(extension: Extension) -> Iterator[str]:
    facts: Mapping[str, str] = {
        "Needs": ", ".join(extension.needs),
        "Since era": extension.since,
        "Ports": ", ".join(map(str, extension.ports)),
    }
    said = [f"{label}: {value}" for label, value in facts.items() if value]
    yield from _listed(said or ["by every server that has EHLO" + " and agreed" * extension.local])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _code(text: str) -> str:
    return f"`{text.replace('`', chr(39))}`"


def _text(text: str) -> str:
    """Words of somebody else, none of whose marks does anything in Markdown."""
    return re.sub(r"([\\`*_<>#|\[\]])", r"\\\1", text)
