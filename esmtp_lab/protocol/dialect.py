"""A dialect: what an era and the extensions of one host make of the tables.

Replies to EHLO, parameter checks, line limits, completions and diagrams are all computed from it.
"""

import re
from collections.abc import Container
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import NamedTuple

from esmtp_lab.errors import DataError
from esmtp_lab.protocol.era import ERAS, Era
from esmtp_lab.protocol.extension import Extension, ParameterForm
from esmtp_lab.protocol.policy import Policy
from esmtp_lab.protocol.replies import Catalogue, catalogue
from esmtp_lab.protocol.session import (
    CONTINUATION,
    END_OF_DATA,
    FORMS,
    HANDSHAKE,
    LAST_CHUNK,
    NOT_VERBS,
    TABLE,
    UNKNOWN,
    Form,
    Position,
    Row,
)
from esmtp_lab.wire.command import Command, parse_command
from esmtp_lab.wire.framing import Deviation, Line, deviations
from esmtp_lab.wire.grammar import VERB, Grammar
from esmtp_lab.wire.international import strange
from esmtp_lab.wire.parameter import Parameter


class Move(NamedTuple):
    """Where a reply leads, and the row that says so; no row where nothing moves."""

    position: Position
    row: Row | None


class Following(NamedTuple):
    """Octets that a command line counts and that belong to it: how many, the input that they end in, and the keyword
    that a server must have offered for it."""

    octets: int
    entry: str
    keyword: str


class Heard(NamedTuple):
    """A line of the client's as its hearer takes it: the input, the command, what is wrong with its octets, and what
    follows behind it.

    A line of an exchange is no command.
    """

    entry: str
    command: Command | None
    deviations: tuple[Deviation, ...]
    following: Following | None = None


MOST_FOLLOWING = (1 << 32) - 1
"""Octets that a command may announce. Nobody can mean more, and nobody can wait for more: whoever discarded them one
day would have held the channel till then, and whoever did not would take them for commands."""


class Dialect:
    """The language of one side: forms by verb, rows by state and input.

    `known` are all extensions that it was given, `extensions` those that its era can have. `heard_of` are extensions
    whose verbs this side does not speak but whose lines can still be read for their spans.
    """

    def __init__(self, era: Era, extensions: tuple[Extension, ...] = (), heard_of: tuple[Extension, ...] = ()) -> None:
        self.era = era
        self.known = extensions
        self.extensions = tuple(each for each in extensions if can_have(era, each))
        forms = (*FORMS, *(form for each in self.extensions for form in each.forms))
        self.forms: dict[str, Form] = {form.verb: form for form in forms if not form.eras or era.name in form.eras}
        for verb, codes in ((verb, codes) for each in self.extensions for verb, codes in each.codes.items()):
            if verb in self.forms:
                self.forms[verb] = self.forms[verb]._replace(
                    failure=tuple(dict.fromkeys((*self.forms[verb].failure, *codes)))
                )
        self.rows = tuple(
            each
            for each in (*TABLE, *(row for extension in self.extensions for row in extension.rows))
            if not each.eras or era.name in each.eras
        )
        self._index: dict[tuple[str, str], list[Row]] = {}
        self._letting: dict[tuple[str, str], list[Row]] = {}
        for each in self.rows:
            lets = bool({"2", "3"} & {*each.severities})
            for state in each.states:
                for entry in each.inputs:
                    self._index.setdefault((state, entry), []).append(each)
                    if lets:
                        self._letting.setdefault((state, entry), []).append(each)
        foreign = (*FORMS, *(form for each in heard_of for form in each.forms))
        self._heard_of = {form.verb: form.syntax for form in foreign if form.verb not in NOT_VERBS}
        self.framings = {state: "line" for state, entry in self._index if entry == CONTINUATION}
        self.framings |= {state: "content" for state, entry in self._index if entry == END_OF_DATA}
        self.framings |= {state: "handshake" for state, entry in self._index if entry == HANDSHAKE}
        """What octets are in a state, where they are no commands; asked for at every line."""
        self.checks = {
            verb: tuple(filter(None, (each.checks.get(verb, each.checks.get("*")) for each in self.extensions)))
            for verb in self.forms
        }
        self.revisions = {
            verb: tuple(each.revises[verb] for each in self.extensions if verb in each.revises) for verb in self.forms
        }
        self.checks_of_all = tuple(each.checks["*"] for each in self.extensions if "*" in each.checks)
        self.content_checks = tuple(each.checks_content for each in self.extensions if each.checks_content is not None)
        self._counting = {
            form.verb: (form, each.ehlo_keyword) for each in self.extensions for form in each.forms if form.octets
        }
        self._widening = tuple((each.ehlo_keyword, each.widens) for each in self.extensions if each.widens is not None)
        self._wider = {
            verb: syntax for each in self.extensions for verb, syntax in each.syntaxes.items() if verb in self.forms
        }
        self._places = {form.verb: each.places for each in self.extensions if each.places for form in each.forms}
        self.exchanges = frozenset(entry for row in self.rows for entry in row.inputs if self.framing(row.to) == "line")
        """Inputs behind which lines of an exchange may follow."""
        self.offering = frozenset(
            entry for row in self.rows for entry in row.inputs if "extended" in row.gains | row.loses
        )
        """Inputs whose reply changes what is offered."""
        grown = {verb for each in self.extensions for verb in each.line_growth}
        self._limits = {
            verb: era.command_line + sum(each.line_growth.get(verb, 0) for each in self.extensions) for verb in grown
        }
        # What a line means and where a reply leads depend on nothing else, so they are worked out once.
        self.parse = lru_cache(maxsize=512)(self._parse)
        self.heard = lru_cache(maxsize=512)(self._heard)
        self.may = lru_cache(maxsize=1024)(self._may)
        self.move = lru_cache(maxsize=4096)(self._move)
        self.suppose = lru_cache(maxsize=1024)(self._suppose)

    def __repr__(self) -> str:
        return f"Dialect({self.era.name}, {' '.join(each.ehlo_keyword for each in self.extensions) or 'plain'})"

    @cached_property
    def catalogue(self) -> Catalogue:
        """All situations that a server with these extensions can have an answer to."""
        return catalogue().plus(each.replies for each in self.extensions)

    def grammar(self, offered: Container[str]) -> Grammar:
        """The grammar of lines where the server has offered these keywords."""
        for keyword, widens in self._widening:
            if keyword in offered:
                return widens(self.era.grammar)
        return self.era.grammar

    def _parse(self, octets: bytes, grammar: Grammar | None = None) -> Command:
        """Read a command line as this side understands it, by the grammar of its era unless another is given."""
        grammar = grammar or self.era.grammar
        command = parse_command(octets, lambda verb: self.syntax(verb, grammar), grammar)
        if command.problem is not None and command.problem.slug == "verb" and command.verb in self._heard_of:
            foreign = parse_command(octets, self._heard_of.get, grammar)
            return replace(foreign, problem=command.problem)
        return command

    def _heard(self, line: Line, continues: bool, grammar: Grammar | None = None) -> Heard:
        """Take a line of the client's, which `continues` an exchange or is a command."""
        command = None if continues else self.parse(line.octets, grammar)
        entry = CONTINUATION if command is None else self.input_of(command.verb)
        found = deviations(line.octets)
        if found and grammar is not None and grammar.narrow is not None:
            found = tuple(strange(line.octets, found))
        if line.length > (limit := self.line_limit(entry)):
            found += (Deviation(limit, "overlong", line.length),)
        if command is None or command.problem is not None or found or entry not in self._counting:
            return Heard(entry, command, found)
        form, keyword = self._counting[entry]
        digits = command.values[form.octets].lstrip(b"0")
        if len(digits) > len(str(MOST_FOLLOWING)) or (count := int(digits or b"0")) > MOST_FOLLOWING:
            return Heard(entry, command, (Deviation(line.octets.index(digits), "endless", len(digits)),))
        last = form.last in command.values
        return Heard(entry, command, (), Following(count, LAST_CHUNK if last else entry, keyword))

    def syntax(self, verb: str, grammar: Grammar | None = None) -> str | None:
        """The syntax of a verb, by the grammar of the era unless a wider one is given; None where this side does not
        implement it."""
        if grammar is not None and grammar.narrow is not None and verb in self._wider:
            return self._wider[verb]
        form = self.forms.get(verb)
        return None if form is None or verb in NOT_VERBS else form.syntax

    def input_of(self, verb: str) -> str:
        """A verb that this side implements or its era knows; UNKNOWN for any other."""
        return verb if self.syntax(verb) is not None or verb in self.era.verbs else UNKNOWN

    def _may(self, position: Position, entry: str) -> bool:
        """Whether an input has a row here that lets it come; one that has none is out of order."""
        for each in self._letting.get((position.state, entry), ()):
            if each.needs <= position.facts and not each.unless & position.facts:
                return True
        return False

    def _move(self, position: Position, entry: str, code: int) -> Move:
        """Where a reply to an input leads. 421 closes in any state (RFC 821 section 4.3, RFC 2821 section 4.3.2)."""
        if code == 421:
            return Move(position._replace(state="closed"), None)
        severity = str(code // 100)
        for each in self._index.get((position.state, entry), ()):
            if severity in each.severities and each.needs <= position.facts and not each.unless & position.facts:
                facts = (position.facts - each.loses) | each.gains
                return Move(Position(each.to or position.state, facts), each)
        return Move(position, None)

    def _suppose(self, position: Position, entry: str) -> Position:
        """Where an input leads if all goes well: what a client may count on while it waits."""
        hoped = min((s for each in self._index.get((position.state, entry), ()) for s in each.severities), default="0")
        return self.move(position, entry, int(hoped) * 100).position

    def counts(self, octets: bytes) -> bool:
        """Whether octets begin with a verb that counts what follows behind its line."""
        verb = VERB.match(octets)
        return verb is not None and verb[0].decode("ascii").upper() in self._counting

    def inputs(self, position: Position) -> list[str]:
        """The verbs and other inputs that may come here, in the order of the forms."""
        return [entry for entry in (*self.forms, CONTINUATION) if self.may(position, entry)]

    def framing(self, state: str) -> str:
        """What the octets of either end are in a state: "content", a "line" of an exchange, part of a "handshake", or a
        "command"."""
        return self.framings.get(state, "command")

    def parameters(self, verb: str, keyword: str) -> tuple[tuple[Extension, ParameterForm], ...]:
        """The extensions and the forms behind a parameter of a verb: one may add values to what another defines."""
        return tuple(
            (extension, form)
            for extension in self.extensions
            for form in extension.parameters(verb)
            if form.keyword == keyword
        )

    def onward(self, parameters: tuple[Parameter, ...], verb: str = "MAIL") -> tuple[Parameter, ...]:
        """Those parameters of MAIL, or of RCPT, that go with a letter to the next host."""
        going = {form.keyword for each in self.extensions for form in each.parameters(verb) if form.onward}
        return tuple(each for each in parameters if each.keyword in going)

    def clauses(self, parameters: tuple[Parameter, ...]) -> str:
        """What the time stamp line says of the parameters of MAIL, each clause with a space before it."""
        names = {form.keyword: form.clause for each in self.extensions for form in each.mail_parameters if form.clause}
        said = ((names[each.keyword], each.value or b"") for each in parameters if each.keyword in names)
        return "".join(f" {name} {value.decode('ascii')}" for name, value in said)

    def places(self, verb: str, policy: Policy, mailbox: str) -> tuple[str, ...]:
        """Where a letter for a mailbox goes, by the verb that opened its transaction."""
        places = self._places.get(verb)
        return (mailbox,) if places is None else places(policy, mailbox)

    def extension(self, keyword: str) -> Extension | None:
        """The extension of an EHLO keyword, in any case."""
        return next((each for each in self.extensions if each.ehlo_keyword == keyword.upper()), None)

    def line_limit(self, verb: str) -> int:
        """Octets that a command line may have, CRLF included: each extension may let it grow.

        RFC 1869 section 4.1.2 asks for 512 and the sum of what all parameters may have, and so it is reckoned; RFC 2821
        section 4.5.3.1 says no more than that extensions may raise the limit.
        """
        return self._limits.get(verb, self.era.command_line)

    def offers(self, policy: Policy, position: Position) -> tuple[str, ...]:
        """The lines of the EHLO reply behind the first (RFC 1869 section 4.3)."""
        offered = (each for each in self.extensions if each.offered_when(policy, position))
        return tuple(f"{each.ehlo_keyword} {each.offered_params(policy, position)}".rstrip() for each in offered)


def can_have(era: Era, extension: Extension) -> bool:
    """Whether a server of an era can have an extension.

    Without EHLO nothing can be offered: what is left are the optional commands of the era itself.
    """
    if not era.speaks_ehlo:
        return bool(extension.forms) and era.verbs.issuperset(form.verb for form in extension.forms)
    return not extension.since or era.year >= ERAS[extension.since].year


def value_fits(form: ParameterForm, parameter: Parameter) -> bool:
    """Whether a parameter's value is what its form asks for."""
    if parameter.value is None:
        return not form.value
    return bool(form.value) and re.fullmatch(form.value.encode("ascii"), parameter.value) is not None


def choose(keywords: tuple[str, ...], known: tuple[Extension, ...], where: str) -> tuple[Extension, ...]:
    """The extensions of these keywords.

    Raises DataError for a keyword that nobody implements, and for one that needs another which is not among them.
    """
    by_keyword = {each.ehlo_keyword: each for each in known}
    for keyword in keywords:
        if keyword not in by_keyword:
            hint = "; a local one is loaded from its definition: --extension FILE" if keyword.startswith("X") else ""
            what = f"no extension {keyword!r} is implemented; there are {', '.join(by_keyword)}{hint}"
            raise DataError(where, what)
        missing = [each for each in by_keyword[keyword].needs if each not in keywords]
        if missing:
            raise DataError(where, f"{keyword} needs {missing[0]}. Add {missing[0]} to the extensions")
    return tuple(by_keyword[keyword] for keyword in keywords)


@lru_cache(maxsize=64)
def dialect_of(era: Era, extensions: tuple[Extension, ...], heard_of: tuple[Extension, ...] = ()) -> Dialect:
    """The dialect of an era and some extensions; the same one for the same arguments."""
    return Dialect(era, extensions, heard_of)
