"""A definition of an extension in TOML, read into an `Extension`: data alone, from which nothing is ever run.

xpong.toml shows every key. This module knows the form of the file; what the standards ask stands in `standard`. All
that a verb does is to answer: the first reply whose `when` holds, its text with what was said put in.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from esmtp_lab.errors import DataError
from esmtp_lab.extensions import values
from esmtp_lab.extensions.findings import Finding
from esmtp_lab.extensions.table import Table
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.extension import Answering, Context, Extension, ParameterForm
from esmtp_lab.protocol.replies import LONGEST_TEXT, Answer, Entry
from esmtp_lab.protocol.session import FACTS, STATES, Form, Row, row
from esmtp_lab.wire.command import Command, compile_syntax, every_piece
from esmtp_lab.wire.grammar import RFC2821

PRODUCTIONS = ("string", "word", "number")
"""What the syntax of a defined verb may name. The others would open transactions or name the client anew."""
NAMES = ("host", "client", "verb", "state", "recipients")
"""What else the text of a reply may name."""
LINEAGE = "x-verb-local"
_KEYS = (
    "version",
    "name",
    "defined_in",
    "meaning",
    "keyword",
    "offers",
    "effect",
    "line_growth",
    "needs",
    "since",
    "ports",
    "verbs",
    "mail",
    "rcpt",
)
_VERB = ("syntax", "meaning", "failure", "ends_group", "replies", "rows")
_REPLY = ("code", "enhanced", "text", "when")
_ROW = ("states", "severities", "to", "needs", "unless", "clears")
_PARAMETER = ("value", "longest", "meaning", "onward")
_PLACE = re.compile(r"\{([^{}]*)\}")
_WHEN = ("given", "missing", "state", "fact", "without")


class Read(NamedTuple):
    """What was read: the extension as far as it goes, or None, and what is wrong with the form of the file."""

    extension: Extension | None
    findings: tuple[Finding, ...]


class Said(NamedTuple):
    """One reply of a verb: the situation it is, what its text names, and when it is sent."""

    key: str
    places: tuple[str, ...]
    when: Mapping[str, Any]


def read_definition(text: str) -> Read:
    """Read a definition. Never raises, whatever the text."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        return Read(None, (Finding("", f"is not TOML: {error or 'nested too deep'}", "See toml.io for its form"),))
    top = Table(data, "", _KEYS)
    if data.get("version") != 1 or data.get("version") is True:
        top.find("version", "is not 1", "Add version = 1 at its top")
    extension = _extension(top)
    found = tuple(top.findings)
    return Read(extension, found)


def load_definition(text: str, where: str) -> Extension:
    """The extension that a text defines; its form is checked, and not what the standards ask. Raises DataError."""
    extension, findings = read_definition(text)
    if findings or extension is None:
        raise DataError(where, findings[0].text)
    return extension


# Reading -----------------------------------------------------------------------------------------


def _extension(top: Table) -> Extension:
    verbs = [_Verb(name, table) for name, table in top.tables("verbs", _VERB)]
    needs, ports = top.texts("needs"), top.numbers("ports", 1, 65_535)
    offers = top.by_name("offers", str)
    since = top.text("since", "")
    if since and (since not in ERAS or not ERAS[since].speaks_ehlo):
        eras = ", ".join(name for name, era in ERAS.items() if era.speaks_ehlo)
        top.find("since", f"{since!r} is no era with EHLO", f"Write one of {eras}")
    return Extension(
        name=top.text("name"),
        ehlo_keyword=top.text("keyword"),
        defined_in=top.text("defined_in", "a local agreement"),
        meaning=top.text("meaning"),
        effect=" ".join(top.text("effect").split()),
        offers=offers,
        needs=needs,
        since=since if since in ERAS else "",
        ports=ports,
        forms=tuple(each.form for each in verbs),
        rows=tuple(row for each in verbs for row in each.rows),
        mail_parameters=tuple(_parameter(name, each) for name, each in top.tables("mail", _PARAMETER)),
        rcpt_parameters=tuple(_parameter(name, each) for name, each in top.tables("rcpt", _PARAMETER)),
        line_growth=top.by_name("line_growth", int),
        offered_params=lambda policy, position: " ".join(offers),
        answers={each.form.verb: each.answering for each in verbs},
        replies={key: entry for each in verbs for key, entry in each.situations.items()},
    )


class _Verb:
    """One verb as it is read: its form, its rows, its replies and how it answers."""

    def __init__(self, name: str, table: Table) -> None:
        syntax = table.text("syntax", "")
        productions = _productions(table, syntax)
        self.situations: dict[str, Entry] = {}
        said = [self._reply(name, number, each, productions) for number, each in table.listed("replies", _REPLY)]
        _in_order(table, said)
        codes = [entry.code("") for entry in self.situations.values()]
        self.form = Form(
            name,
            syntax,
            table.text("meaning"),
            LINEAGE,
            success=_distinct(code for code in codes if code // 100 == 2),
            intermediate=_distinct(code for code in codes if code // 100 == 3),
            failure=_distinct([*(code for code in codes if code // 100 > 3), *table.numbers("failure", 0, 999)]),
            ends_group=table.flag("ends_group"),
        )
        self.rows = [_row(name, each) for _, each in table.listed("rows", _ROW)]
        self.answering = _answering(tuple(said))

    def _reply(self, name: str, number: int, table: Table, productions: Sequence[str]) -> Said:
        key = f"{name} {number}"
        code, enhanced = table.number("code"), table.text("enhanced", "")
        text = table.text("text")
        places = tuple(match[1] for match in _PLACE.finditer(text))
        for place in places:
            if place not in (*productions, *NAMES):
                there = ", ".join(f"{{{each}}}" for each in (*productions, *NAMES))
                table.find("text", f"names {{{place}}}, which this verb does not have", f"There are {there}")
        if re.search("[{}]", _PLACE.sub("", text)):
            table.find("text", "has a brace that names nothing", "Braces stand around a name only, as in {host}")
        _printable(table, text)
        self.situations[key] = Entry(key, {"default": code}, {"default": text}, {"default": enhanced or _plain(code)})
        return Said(key, places, _when(table.sub("when", (*_WHEN, *productions)), productions))


def _printable(table: Table, text: str) -> None:
    """The text of a reply goes onto the wire, and has to fit there."""
    if re.fullmatch("[ -~]*", text) is None:
        wrong = "holds what is no printable US-ASCII"
        table.find("text", wrong, "Write it with letters, digits and signs of US-ASCII", "RFC 2821 section 2.4")
    elif len(text) > LONGEST_TEXT:
        wrong = f"has {len(text)} octets where a reply line has room for {LONGEST_TEXT}"
        table.find("text", wrong, "Shorten it", "RFC 2821 section 4.5.3.1")


def _plain(code: int) -> str:
    """The enhanced status code that says no more than the class (RFC 3463 section 3.1)."""
    return f"{code // 100}.0.0"


def _productions(table: Table, syntax: str) -> list[str]:
    """The productions that a syntax names."""
    try:
        pieces = compile_syntax(syntax)
    except DataError as error:
        table.find(
            "syntax", error.what.partition(";")[0], f'Write it of SP, "literals", [ ] and {", ".join(PRODUCTIONS)}'
        )
        return []
    named = [piece.text for piece in every_piece(pieces) if piece.kind == "production"]
    for name in named:
        if name not in PRODUCTIONS:
            table.find("syntax", f"names {name}, which a defined verb cannot have", f"Take {' or '.join(PRODUCTIONS)}")
    return [name for name in named if name in PRODUCTIONS]


def _in_order(table: Table, said: Sequence[Said]) -> None:
    """RFC 2821 section 4.2: every command gets exactly one reply."""
    section = "RFC 2821 section 4.2"
    if not said:
        table.find("replies", "there is none, and every command gets one", "Add a reply with code and text", section)
    elif said[-1].when:
        wrong = "the last is sent only under a condition, so that some command would get none"
        table.find("replies", wrong, "Take its `when` out, or add a reply behind it that has none", section)
    for each in said[:-1]:
        if not each.when:
            wrong = f"{each.key.rpartition(' ')[2]} is always sent, and those behind it never"
            table.find("replies", wrong, "Give it a `when`, or put it last", section)


def _when(table: Table, productions: Sequence[str]) -> Mapping[str, Any]:
    """When a reply is sent; all of it must hold."""
    conditions: dict[str, Any] = {}
    for key in table.data:
        if key in productions:
            conditions[key] = tuple(each.upper() for each in table.texts(key))
            continue
        if key not in _WHEN:
            continue
        word = table.text(key)
        known = {"given": productions, "missing": productions, "state": STATES}.get(key, FACTS)
        words = word.split() if key == "state" else [word]
        for each in words:
            if each not in known:
                table.find(key, f"{each!r} is not known here", f"There are {', '.join(known) or 'none'}")
        conditions[key] = frozenset(words) if key == "state" else word
    return conditions


def _row(verb: str, table: Table) -> Row:
    facts = {key: table.text(key, "") for key in ("needs", "unless")}
    for key, words in facts.items():
        for word in words.split():
            if word not in FACTS:
                table.find(key, f"{word!r} is no fact", f"There are {', '.join(FACTS)}")
    return row(
        table.text("states"),
        verb,
        table.text("severities", "2"),
        table.text("to", ""),
        LINEAGE,
        # whatever was not offered is not used (RFC 1869 section 4.3)
        needs=f"extended {facts['needs']}",
        unless=facts["unless"],
        clears=table.text("clears", ""),
    )


def _parameter(keyword: str, table: Table) -> ParameterForm:
    value, longest = table.data.get("value"), 0
    if isinstance(value, list):
        words = table.texts("value")
        pattern, shown = values.one_of(words) if words else "", f"{keyword}={'|'.join(words)}"
        longest = max(map(len, words), default=0)
        for word in words:
            if RFC2821.esmtp_value.fullmatch(word.encode("utf-8", "replace")) is None:
                wrong = f"{word!r} is no esmtp-value: printable US-ASCII without a space or an equals sign"
                table.find("value", wrong, "Write another word", "RFC 1869 section 6, RFC 2821 section 4.1.2")
        if not words:
            table.find("value", "is a list without a word", 'Write value = ["NOW", "LATER"], or leave it out')
        if "longest" in table.data:
            table.find("longest", "goes with a named form", "Take it out: the words say how long they are")
    elif value is None:
        pattern, shown = "", keyword
    else:
        form, longest = table.text("value"), table.number("longest", 1, 1000)
        if form not in values.FORMS:
            table.find("value", f"{form!r} is no form of a value", f"There are {', '.join(values.FORMS)}")
        pattern, shown = values.pattern(form, longest) if form in values.FORMS else "", f"{keyword}={form}"
    return ParameterForm(keyword, pattern, shown, table.text("meaning"), table.flag("onward"), longest=longest)


def _distinct(codes: Iterable[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(codes))


# Answering ---------------------------------------------------------------------------------------


def _answering(replies: tuple[Said, ...]) -> Answering:
    def answer(context: Context, command: Command) -> Answer:
        said = next(each for each in replies if _holds(each.when, context, command))
        return Answer(said.key, {place: _named(place, context, command) for place in said.places})

    return answer


def _holds(when: Mapping[str, Any], context: Context, command: Command) -> bool:
    """Whether all conditions hold."""
    return all(_condition(key, wanted, context, command) for key, wanted in when.items())


def _condition(key: str, wanted: Any, context: Context, command: Command) -> bool:
    match key:
        case "given":
            return bool(command.text(wanted))
        case "missing":
            return not command.text(wanted)
        case "state":
            return context.position.state in wanted
        case "fact":
            return wanted in context.position.facts
        case "without":
            return wanted not in context.position.facts
        case production:
            return command.text(production).upper() in wanted


def _named(place: str, context: Context, command: Command) -> str:
    """What a text names; what was not said is nothing."""
    match place:
        case "host":
            return context.policy.domain
        case "client":
            return context.client
        case "verb":
            return command.verb
        case "state":
            return context.position.state
        case "recipients":
            return str(len(context.envelope.forward_paths))
        case production:
            return command.text(production)
