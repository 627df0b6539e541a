"""What the standards ask of the definition of an extension, whoever wrote it and in whatever form.

RFC 1869 sections 4 and 6, RFC 2821 sections 2.2.2, 4.1.5, 4.2 and 4.5.3.1. A local extension has to keep to more: it is
registered nowhere, so it must be told from those that are, and it may not touch what every server has.

Choices where the texts are silent:

* Which reply codes a local verb may get is not said. Those of RFC 2821 section 4.2.2 are taken that are not bound to
  another command or to the channel, with the 454 and 530 that RFC 3207 and RFC 4954 have for what the channel or the
  client lacks.
* A local verb neither opens nor fills a transaction. It may end one, which leads to "ready".
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from esmtp_lab.errors import DataError
from esmtp_lab.extensions.findings import Finding
from esmtp_lab.extensions.registry import NOW, registries
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.extension import Extension
from esmtp_lab.protocol.policy import Policy
from esmtp_lab.protocol.session import FORMS, NOT_VERBS, STATES, TOLD, Form, Position, Row
from esmtp_lab.wire import grammar as g
from esmtp_lab.wire.command import Syntax, compile_syntax, every_piece

LOCAL_CODES = frozenset(
    {211, 214, 250, 251, 252, 450, 451, 452, 454, 500, 501, 502, 503, 504, 530, 550, 551, 552, 553, 554}
)
"""The codes that a local verb may get."""
_BOUND: dict[int, str] = {
    220: "greets, and begins TLS",
    221: "announces that the channel will be closed, and answers QUIT alone",
    235: "tells that a client has proved who it is",
    334: "is the challenge of AUTH",
    354: "asks for the content of a letter",
    421: "closes the channel, and may answer any command without being listed",
    455: "is about parameters of MAIL and RCPT",
    521: "tells that a host takes no mail at all",
    534: "is about mechanisms of AUTH",
    535: "is about credentials of AUTH",
    538: "is about mechanisms of AUTH",
    555: "is about parameters of MAIL and RCPT",
    556: "is about the domain of a recipient",
}
"""Registered codes that mean something else than an answer to a local verb, and what."""
_SECTION_4 = "RFC 1869 section 4.3"
_NAMES = "RFC 2821 section 2.2.2"
_PRIVATE = "RFC 2821 section 4.1.5"
_REPLIES = "RFC 2821 section 4.2"
_SIZES = "RFC 2821 section 4.5.3.1"
_STANDARD = frozenset(form.verb for form in FORMS) - NOT_VERBS
_LINE = 512
_LITERAL = re.compile(rb"[!-~]+")


class _Asked(NamedTuple):
    """The definition that is looked at, the other extensions of the lab, and whether it has to be a local one."""

    extension: Extension
    others: tuple[Extension, ...]
    local: bool


def findings(extension: Extension, others: Iterable[Extension] = (), *, local: bool = False) -> list[Finding]:
    """All that has to be mended in a definition, in the order of the seven points. One of `others` that has the same
    keyword is the one that this one replaces. Where it has to be `local`, no registered keyword will do."""
    rest = tuple(each for each in others if each.ehlo_keyword.upper() != extension.ehlo_keyword.upper())
    return [found for look in _LOOKS for found in look(_Asked(extension, rest, local or extension.local))]


# (1) to (3): name, keyword, what follows it --------------------------------------------------------


def _words(asked: _Asked) -> Iterator[Finding]:
    extension = asked.extension
    for key, text in (("name", extension.name), ("meaning", extension.meaning)):
        if not text.strip():
            yield Finding(key, "is missing", "Write what others are to know it by", _SECTION_4)
        elif "\n" in text:
            yield Finding(key, "has more than one line", "Write one line; the rest belongs into the effect")
    for key, text in _for_people(extension):
        # a page or a note may stand on a terminal, where controls and marks of direction would act
        if not text.replace("\n", " ").isprintable():
            yield Finding(key, "holds a character that cannot be printed", "Write plain text")


def _for_people(extension: Extension) -> Iterator[tuple[str, str]]:
    """All texts of a definition that people read, with their keys."""
    for key in ("name", "meaning", "defined_in", "effect"):
        yield key, getattr(extension, key)
    yield from ((f"offers.{word}", says) for word, says in extension.offers.items())
    yield from ((f"verbs.{form.verb}.meaning", form.meaning) for form in extension.forms)
    for verb in ("MAIL", "RCPT"):
        for form in extension.parameters(verb):
            yield from ((f"{verb.lower()}.{form.keyword}.meaning", text) for text in (form.meaning, form.shown))


def _keyword(asked: _Asked) -> Iterator[Finding]:
    keyword = asked.extension.ehlo_keyword
    if not _fits(g.EHLO_KEYWORD, keyword):
        wrong = (
            f"{keyword!r} is no ehlo-keyword, which begins with a letter or digit and goes on with those and hyphens"
        )
        yield Finding("keyword", wrong, 'Write one like "XPONG"', "RFC 1869 section 4.2, RFC 2821 section 4.1.1.1")
        return
    if keyword != keyword.upper():
        yield Finding("keyword", "is the same in any case and written in capitals here", f'Write "{keyword.upper()}"')
    if not asked.extension.local and (asked.local or keyword.upper() not in registries()[NOW].entries):
        known = keyword.upper() in registries()[NOW].entries
        wrong = "belongs to a registered extension" if known else "is not registered with IANA, and claims to be"
        wrong = f"{keyword} {wrong}; the keyword of a local one begins with X"
        yield Finding("keyword", wrong, f'Write "X{keyword.upper()}"', f"{_SECTION_4}, {_NAMES}")


def _offers(asked: _Asked) -> Iterator[Finding]:
    extension = asked.extension
    for word in extension.offers:
        if not _fits(g.EHLO_PARAM, word):
            wrong = "is no ehlo-param: printable US-ASCII without a space"
            yield Finding(f"offers.{word}", wrong, "Write two words as two", "RFC 1869 section 4.3")
    if extension.offers:
        said = f"250-{extension.ehlo_keyword} {extension.offered_params(Policy(), Position())}\r\n"
    else:
        said = f"250-{extension.ehlo_keyword}\r\n"
    if len(said) > _LINE:
        wrong = f"the line of the EHLO reply has {len(said)} octets, and a reply line at most {_LINE}"
        yield Finding("keyword", wrong, "Shorten the keyword or what follows it", _SIZES)


# (4) verbs -----------------------------------------------------------------------------------------


def _verbs(asked: _Asked) -> Iterator[Finding]:
    extension = asked.extension
    taken = {form.verb: each.ehlo_keyword for each in asked.others for form in each.forms}
    for form in extension.forms:
        if form.verb in NOT_VERBS:
            continue
        key = f"verbs.{form.verb}"
        if not _fits(g.VERB, form.verb) or form.verb != form.verb.upper():
            wrong = "is no verb: capitals, digits and hyphens"
            yield Finding(key, wrong, 'Write one like "XPING"', "RFC 2821 section 4.1.1")
        if asked.local and not form.verb.upper().startswith("X"):
            every = "is a command that every server knows" if form.verb in _STANDARD else "is not registered"
            wrong = f"{every}, and a local verb begins with X"
            yield Finding(key, wrong, f'Write "X{form.verb}"', f"{_SECTION_4}, {_PRIVATE}")
        if form.verb in taken:
            wrong = f"belongs to {taken[form.verb]}"
            yield Finding(key, wrong, "Choose another; it need not be the same as the keyword", _NAMES)
        if not form.meaning.strip():
            yield Finding(f"{key}.meaning", "is missing", "Write what a client says it for; HELP tells that")
        if asked.local:
            yield from _syntax(key, form, _LINE + extension.line_growth.get(form.verb, 0))
            yield from _codes(key, form)


def _syntax(key: str, form: Form, limit: int) -> Iterator[Finding]:
    try:
        syntax = compile_syntax(form.syntax)
    except DataError as error:
        yield Finding(f"{key}.syntax", error.what, "See xpong.toml for its form")
        return
    section = "RFC 2821 section 4.1.1"
    if not _spaced(syntax):
        wrong = "does not begin with SP, so that verb and argument would stand close together"
        yield Finding(f"{key}.syntax", wrong, 'Write "SP string", or "[SP string]" where it may be left out', section)
    pieces = list(every_piece(syntax))
    for piece in pieces:
        if piece.kind == "optional" and not piece.inner:
            yield Finding(f"{key}.syntax", "has brackets with nothing in them", 'Take them out, or write "[SP word]"')
        elif piece.kind == "literal" and not _fits(_LITERAL, piece.text):
            wrong = f"has the literal {piece.text!r}, which is no printable US-ASCII without a space"
            yield Finding(f"{key}.syntax", wrong, 'Write one like "NOW"', "RFC 2821 section 2.4")
    named = [piece.text for piece in pieces if piece.kind == "production"]
    for name in sorted({name for name in named if named.count(name) > 1}):
        wrong = f"has {name} twice, and a reply could name one of them only"
        yield Finding(f"{key}.syntax", wrong, "Take another production for one of them")
    if "string" in named[:-1]:
        wrong = "goes on behind a string, which takes all the rest of a line"
        yield Finding(f"{key}.syntax", wrong, 'Write "SP word" in place of that string')
    least = len(form.verb) + sum(len(piece.text) + 1 for piece in pieces if piece.kind == "literal") + len("\r\n")
    if least > limit:
        wrong = f"has {least} octets before anything is said, and a command line at most {limit}"
        yield Finding(f"{key}.syntax", wrong, "Shorten it", _SIZES)


def _spaced(syntax: Syntax) -> bool:
    """Whether what follows a verb stands behind a space."""
    if not syntax:
        return True
    first = syntax[0]
    return first.kind == "SP" or (first.kind == "optional" and _spaced(first.inner) and _spaced(syntax[1:]))


def _codes(key: str, form: Form) -> Iterator[Finding]:
    if form.intermediate:
        wrong = f"{form.intermediate[0]} asks the client for more, and nothing that goes on is defined"
        yield Finding(f"{key}.replies", wrong, "Answer with 2yz, 4yz or 5yz", "RFC 2821 section 4.2.1")
    elif not form.success:
        wrong = "none of them is for success"
        yield Finding(f"{key}.replies", wrong, "Add one with a code of 2yz, as 250", "RFC 2821 section 4.3.2")
    if not form.failure:
        wrong = "no code is for failure"
        yield Finding(f"{key}.failure", wrong, "Write failure = [501]", "RFC 2821 section 4.3.2")
    for code in (*form.success, *form.failure):
        if code in LOCAL_CODES:
            continue
        told = f"{code} {_BOUND[code]}" if code in _BOUND else f"{code} is no registered reply code"
        near = ", ".join(str(each) for each in sorted(LOCAL_CODES) if each // 100 == code // 100) or "250, 450, 550"
        yield Finding(f"{key}.replies", told, f"Take one of {near}", "RFC 2821 sections 4.2 and 4.2.2")


def _texts(asked: _Asked) -> Iterator[Finding]:
    """The replies that an extension brings with it."""
    for name, entry in asked.extension.replies.items():
        code, enhanced = entry.code(""), entry.enhanced("")
        verb, _, number = name.rpartition(" ")
        key = f"verbs.{verb}.replies.{number}"
        if enhanced and not _fits(g.ENHANCED_STATUS_CODE, enhanced):
            yield Finding(
                f"{key}.enhanced", f"{enhanced!r} is no status code", 'Write one like "2.0.0"', "RFC 3463 section 2"
            )
        elif enhanced and enhanced[0] != str(code)[0]:
            wrong = f"{enhanced} is of another class than {code}"
            yield Finding(f"{key}.enhanced", wrong, f"Begin it with {str(code)[0]}", "RFC 2034 section 4")


def _rows(asked: _Asked) -> Iterator[Finding]:
    extension = asked.extension
    letting = {verb for row in extension.rows if row.states and {*"23"} & {*row.severities} for verb in row.inputs}
    for form in extension.forms:
        if form.verb not in letting:
            wrong = "there is no state in which it may come"
            yield Finding(f"verbs.{form.verb}.rows", wrong, 'Add rows = [{ states = "ready mail rcpt" }]', _REPLIES)
    for row in extension.rows:
        key = f"verbs.{' '.join(sorted(row.inputs))}.rows"
        for state in sorted((row.states | {row.to}) - {""} - STATES.keys()):
            yield Finding(key, f"{state!r} is no state", f"There are {', '.join(STATES)}")
        if not {*row.severities} <= set("2345") or not row.severities:
            yield Finding(
                key, f"severities are {row.severities!r}", 'Write first digits of replies, as "2" or "45"', _REPLIES
            )
        if row.states and asked.local:
            yield from _leads(key, row)


def _leads(key: str, row: Row) -> Iterator[Finding]:
    """Where a local verb may come, and where it may lead."""
    section = "RFC 2821 section 4.1.4"
    for state in sorted(row.states & STATES.keys() - {*TOLD.split()}):
        wrong = f"in state {state} nothing local can be said: nothing is offered yet, or no command can come"
        yield Finding(key, wrong, f"There are {TOLD.replace(' ', ', ')}", section)
    if row.to == "closed":
        wrong = "leads to closed, and a server closes after QUIT alone"
        yield Finding(key, wrong, "Leave `to` out", "RFC 2821 section 3.9")
    elif row.to in STATES and row.to != "ready":
        wrong = f"leads to {row.to}, where a transaction or an exchange is that nobody opened"
        yield Finding(key, wrong, "Leave `to` out, or write ready", section)
    ends = row.clears == "transaction"
    if row.clears and not ends:
        yield Finding(key, f"clears {row.clears!r}", 'Write clears = "transaction", or leave it out')
    elif ends != (row.to == "ready") and (ends or row.states != {"ready"}):
        wrong = "a transaction that is cleared ends in ready, and one that ends is cleared"
        yield Finding(key, wrong, 'Write to = "ready" and clears = "transaction" together', section)


# (5) parameters, (6) effect, (7) line growth -------------------------------------------------------


def _parameters(asked: _Asked) -> Iterator[Finding]:
    extension = asked.extension
    for verb in ("MAIL", "RCPT"):
        taken = {form.keyword: each.ehlo_keyword for each in asked.others for form in each.parameters(verb)}
        for form in extension.parameters(verb):
            key = f"{verb.lower()}.{form.keyword}"
            if not _fits(g.ESMTP_KEYWORD, form.keyword) or form.keyword != form.keyword.upper():
                wrong = "is no esmtp-keyword: capitals, digits and hyphens"
                yield Finding(key, wrong, 'Write one like "XTRACE"', "RFC 1869 section 6, RFC 2821 section 4.1.2")
            elif asked.local and not form.keyword.startswith("X"):
                wrong = "is not registered, and the name of a local parameter begins with X"
                yield Finding(key, wrong, f'Write "X{form.keyword}"', f"RFC 1869 section 6, {_NAMES}")
            if form.keyword in taken and asked.local:
                yield Finding(key, f"belongs to {taken[form.keyword]}", "Choose another name", _NAMES)
            if not form.meaning.strip():
                yield Finding(f"{key}.meaning", "is missing", "Write what it tells the server")
            if asked.local and form.value and not form.longest:
                wrong = "how long its value may be is not said"
                yield Finding(f"{key}.longest", wrong, "Write the most octets that it has", "RFC 1869 section 4.1.2")


def _effect(asked: _Asked) -> Iterator[Finding]:
    extension = asked.extension
    section = f"{_SECTION_4} point 6, {_NAMES}"
    if asked.local and not extension.effect.strip():
        wrong = "what it changes for a server and a client is not said"
        yield Finding("effect", wrong, 'Write effect = """…""", in whole sentences', section)
    for need in extension.needs:
        known = {*registries()[NOW].entries, *(each.ehlo_keyword for each in asked.others)}
        if need == extension.ehlo_keyword:
            yield Finding("needs", "names the extension itself", "Take it out")
        elif need not in known:
            yield Finding(
                "needs", f"{need!r} is neither registered nor known here", "Name an EHLO keyword, in capitals"
            )
    if extension.since and extension.since not in ERAS:
        yield Finding("since", f"{extension.since!r} is no era", f"There are {', '.join(ERAS)}")


def _growth(asked: _Asked) -> Iterator[Finding]:
    extension = asked.extension
    section = f"{_SECTION_4} point 7, RFC 1869 section 4.1.2"
    own = {form.verb for form in extension.forms}
    for verb, octets in extension.line_growth.items():
        key = f"line_growth.{verb}"
        if asked.local and verb not in {"MAIL", "RCPT", *own}:
            wrong = "is a command whose lines this extension does not make longer"
            yield Finding(key, wrong, "Name MAIL, RCPT or a verb of its own", section)
        if octets < 1:
            yield Finding(key, f"{octets} octets are none", "Take it out, or write how many", section)
    for verb in ("MAIL", "RCPT"):
        forms = extension.parameters(verb)
        grown, wanted = extension.line_growth.get(verb, 0), sum(form.room for form in forms)
        if asked.local and grown < wanted:
            parts = " + ".join(f"{form.room} ({form.keyword})" for form in forms)
            wrong = f"{grown} octets do not hold the longest parameters, {parts}"
            yield Finding(f"line_growth.{verb}", wrong, f"Write {wanted}", section)


def _fits(pattern: re.Pattern[bytes], text: str) -> bool:
    return text.isascii() and pattern.fullmatch(text.encode("ascii")) is not None


_LOOKS: tuple[Callable[[_Asked], Iterator[Finding]], ...] = (
    _words,
    _keyword,
    _offers,
    _verbs,
    _texts,
    _rows,
    _parameters,
    _effect,
    _growth,
)
