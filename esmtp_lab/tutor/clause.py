"""Clauses: one thing that a goal looks for. What each key means stands in `goal`."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from esmtp_lab.errors import DataError
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.transaction import Letter
from esmtp_lab.tutor.items import Item
from esmtp_lab.tutor.question import Question
from esmtp_lab.tutor.scene import Scene
from esmtp_lab.tutor.tables import Table, flag, known, text
from esmtp_lab.wire.command import line_end
from esmtp_lab.wire.visible import unspell, visible

_NUMBER = re.compile(r"(>=|<=|>|<|=)?\s*(\d+)")
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    "=": lambda a, b: a == b,
}


class Number(NamedTuple):
    """How many: a comparison and a number."""

    sign: str = ">="
    wanted: int = 1

    def fits(self, found: int) -> bool:
        """Whether so many will do."""
        return _COMPARE[self.sign](found, self.wanted)

    def past(self, found: int) -> bool:
        """Whether so many are too many, so that more cannot help."""
        return not self.fits(found) and self.sign in ("=", "<=", "<")

    def __str__(self) -> str:
        names = {">=": "at least ", "<=": "at most ", ">": "more than ", "<": "fewer than ", "=": ""}
        return f"{names[self.sign]}{self.wanted}"


def read_number(value: Any, where: str, sign: str = "=") -> Number:
    """A number as it is written: 3, or ">=4". Raises DataError."""
    match = _NUMBER.fullmatch(str(value)) if not isinstance(value, bool) else None
    if match is None:
        raise DataError(where, f'{value!r} is no number. Write 3, or ">=4", "<=4", ">4", "<4"')
    return Number(match[1] or sign, int(match[2]))


Values = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: its subject, the values of each key (any of them will do), how often it is wanted."""

    subject: str
    values: Mapping[str, Values]
    count: Number = field(default_factory=Number)
    distinct: str = ""
    next: bool = False
    say: str = ""
    question: Question | None = None

    @property
    def lasting(self) -> bool:
        """Whether it looks at what was said, which stays as it is."""
        return self.subject in LINES

    def matches(self, item: Item) -> bool:
        """Whether one item is what this speaks of."""
        return all(_TESTS[key](item, values) for key, values in self.values.items())

    def about(self, item: Item) -> bool:
        """Whether an item is of the same subject, whatever else is asked for."""
        return all(_TESTS[key](item, values) for key, values in self.values.items() if key in LINES)

    def about_kind(self, item: Item) -> bool:
        """Whether an item is of the same kind: a command, a reply, a content, a moment."""
        kinds = {"command": "command", "reply_to": "reply", "content": "content", "moment": "moment"}
        return kinds.get(self.subject, item.kind) == item.kind

    def found(self, scene: Scene, items: tuple[Item, ...]) -> int:
        """How often it is met."""
        if self.subject in LINES:
            matching = [item for item in items if self.matches(item)]
            return len({_distinct(item, self.distinct) for item in matching}) if self.distinct else len(matching)
        return _COUNTED[self.subject](self, scene)

    def holds(self, scene: Scene, items: tuple[Item, ...]) -> bool:
        """Whether it is met as often as is wanted."""
        return self.count.fits(self.found(scene, items))

    def saw(self, scene: Scene, items: tuple[Item, ...]) -> str:
        """What was seen instead; nothing where there is nothing to say."""
        if self.subject in LINES:
            about = [item for item in items if self.about(item)]
            often = f"{self.found(scene, items)} of them; " if self.count != Number() else ""
            return f"{often}last {described(about[-1])}" if about else often.removesuffix("; ")
        return _SAW[self.subject](self, scene)

    @property
    def words(self) -> str:
        """It in words, for the list of what is still to do."""
        if self.say:
            return self.say
        often = "" if self.count == Number() else f", {self.count}" + (" times" if self.count.wanted != 1 else " time")
        different = f", each with another {self.distinct.replace('_', ' ')}" if self.distinct else ""
        return f"{_WORDS[self.subject](self)}{''.join(self._attributes())}{often}{different}"

    def _attributes(self) -> Iterator[str]:
        for key, values in self.values.items():
            if key in _PHRASES:
                yield f" {_PHRASES[key].format(_or(values))}"

    def named(self, key: str) -> str:
        """The values of a key in words."""
        return _or(self.values[key])


def _or(values: Values) -> str:
    return " or ".join(visible(each) if isinstance(each, bytes) else str(each) for each in values)


def described(item: Item) -> str:
    """An item in a few words: ``501 to MAIL``, or the line itself."""
    event = item.event
    if event.kind == "reply":
        return f"{event.code} to {MOMENTS.get(event.to, event.to)}"
    if event.kind == "content":
        return f"{event.content.length if event.content else 0} octets of content"
    secret = event.secret
    shown = visible((event.octets if secret is None else event.octets[:secret]).removesuffix(b"\r\n"))
    return shown if len(shown) <= 60 else f"{shown[:59]}…"


# Of lines ----------------------------------------------------------------------------------------

MOMENTS = {
    "GREETING": "the opened channel",
    "END_OF_DATA": "the lone dot",
    "LAST_CHUNK": "the last chunk",
    "CONTINUATION": "a line of the exchange",
    "UNKNOWN": "an unknown verb",
    "*": "anything",
}
_ENDS = {b"\r\n": "CRLF", b"\n": "LF", b"\r": "CR", b"": "none"}


def _code(code: int, values: Values) -> bool:
    names = (f"{code:03d}", f"{code // 100}yz", f"x{code // 10 % 10}z")
    return any(each in names for each in values)


def _command(item: Item, values: Values) -> bool:
    event = item.event
    if event.kind != "command":
        return False
    command = event.command
    return "*" in values or event.to in values or (command is not None and command.verb in values)


def _reply_to(item: Item, values: Values) -> bool:
    return item.kind == "reply" and ("*" in values or item.event.to in values)


def _moment(item: Item, values: Values) -> bool:
    return item.kind == "moment" and any(item.octets.decode("utf-8", "replace").startswith(each) for each in values)


def _violation(item: Item, values: Values) -> bool:
    if item.kind == "moment":
        return False
    broken = list(item.broken())
    return any("*" in values or not {each.rule.id, each.rule.lineage}.isdisjoint(values) for each, _ in broken)


def _by(item: Item, values: Values) -> bool:
    if item.kind == "moment":
        return item.octets.decode("utf-8", "replace").partition("closed by the ")[2].split(":")[0] in values
    return any(side in values for _, side in item.broken())


def _problem(item: Item, values: Values) -> bool:
    command = item.event.command
    if command is None:
        return False
    return "-" in values if command.problem is None else command.problem.slug in values or "*" in values


def _parameter(item: Item, values: Values) -> bool:
    found = item.event.command.parameters if item.event.command else ()
    written = {each.keyword for each in found} | {each.render().decode("utf-8", "replace") for each in found}
    return ("-" in values and not found) or any(each in written or ("*" in values and found) for each in values)


def _argument(item: Item, values: Values) -> bool:
    line = item.event.octets[: line_end(item.event.octets)]
    return any(line.partition(b" ")[2] == each for each in values)


def _path(item: Item, values: Values) -> bool:
    command = item.event.command
    path = command.path.render() if command and command.path is not None else None
    return path in values


def _verb_octets(item: Item) -> bytes:
    return item.event.octets[: line_end(item.event.octets)].partition(b" ")[0]


def _casing(item: Item, values: Values) -> bool:
    verb = _verb_octets(item).decode("ascii", "replace")
    casing = "upper" if verb.isupper() else "lower" if verb.islower() else "mixed"
    return casing in values


def _deviation(item: Item, values: Values) -> bool:
    kinds = {each.kind for each in item.event.deviations}
    return ("-" in values and not kinds) or ("*" in values and bool(kinds)) or not kinds.isdisjoint(values)


def _ends(item: Item, values: Values) -> bool:
    octets = item.event.octets
    return _ENDS.get(octets[line_end(octets) :], "other") in values


def _length(item: Item, values: Values) -> bool:
    content = item.event.content
    length = content.length if content is not None else sum(each.length for each in item.lines)
    return any(each.fits(length) for each in values)


def _enhanced(item: Item, values: Values) -> bool:
    line = item.event.octets[4:].split(b" ", 1)[0].decode("ascii", "replace")
    found = re.fullmatch(r"[245]\.\d{1,3}\.\d{1,3}", line)
    return ("-" in values and found is None) or (found is not None and ("*" in values or line in values))


def _dots(item: Item, values: Values) -> bool:
    return item.event.content is not None and any(each.fits(item.event.content.dots) for each in values)


def _equals(item: Item, values: Values) -> bool:
    content = item.event.content
    plain = re.sub(rb"(?m)^\.(?=\.)", b".", item.octets) if content and content.dots else item.octets
    return plain in values


_TESTS: Mapping[str, Callable[[Item, Values], bool]] = {
    "command": _command,
    "reply_to": _reply_to,
    "content": lambda item, values: item.kind == "content",
    "moment": _moment,
    "violation": _violation,
    "by": _by,
    "at": lambda item, values: item.host in values or item.domain in values,
    "in": lambda item, values: item.event.before.state in values,
    "fact": lambda item, values: any(each in item.event.before.facts for each in values),
    "has": lambda item, values: any(each in item.octets for each in values),
    "octets": _length,
    "deviation": _deviation,
    "ends": _ends,
    "problem": _problem,
    "parameter": _parameter,
    "argument": _argument,
    "path": _path,
    "spelled": lambda item, values: _verb_octets(item) in values,
    "casing": _casing,
    "answered": lambda item, values: _code(item.answered, values) if item.answered else "-" in values,
    "pipelined": lambda item, values: bool(item.event.in_flight) is values[0],
    "ends_group": lambda item, values: item.ends_group is values[0],
    "offered": lambda item, values: any(each in item.event.offered for each in values),
    "not_offered": lambda item, values: any(each not in item.event.offered for each in values),
    "code": lambda item, values: _code(item.event.code, values),
    "lines": lambda item, values: any(each.fits(len(item.lines)) for each in values),
    "enhanced": _enhanced,
    "unchanged": lambda item, values: (item.lines[0].before == item.event.after) is values[0],
    "dots": _dots,
    "eight_bit": lambda item, values: bool(item.event.content and item.event.content.eight_bit) is values[0],
    "equals": _equals,
}


def _distinct(item: Item, what: str) -> Any:
    event = item.event
    match what:
        case "verb":
            return event.command.verb if event.command else event.to
        case "to":
            return event.to
        case "code":
            return item.answered if event.kind == "command" else event.code
        case "spelled":
            return _verb_octets(item)
        case "session":
            return item.session
        case "first_digit":
            return (item.answered if event.kind == "command" else event.code) // 100
    return event.octets


CASES = ("upper", "lower", "mixed")
DISTINCT = ("verb", "to", "code", "first_digit", "spelled", "session", "line")

# Of what is there now ----------------------------------------------------------------------------


def _letters(clause: Clause, scene: Scene) -> Iterator[tuple[str, Letter]]:
    """The letters that a clause speaks of, each with its mailbox."""
    wanted = clause.values["delivered"]
    for at in clause.values.get("at", ("",)):
        for box in scene.boxes(at):
            for name, letters in box.letters.items():
                if "*" in wanted or name in wanted:
                    yield from ((f"{name}@{box.domain}", each) for each in letters)


def _letter_fits(clause: Clause, mailbox: str, letter: Letter) -> bool:
    return all(_LETTER[key](letter, values, mailbox) for key, values in clause.values.items() if key in _LETTER)


def _header(letter: Letter) -> bytes:
    return letter.content.partition(b"\r\n\r\n")[0]


def _header_has(letter: Letter, values: Values) -> bool:
    """Whether a field is there: by its name, or with some words in it."""
    fields = re.sub(rb"\r\n[ \t]+", b" ", _header(letter)).split(b"\r\n")
    for each in fields:
        name, _, rest = each.partition(b":")
        for value in values:
            wanted, _, words = value.partition(b":")
            if name.strip().lower() == wanted.strip().lower() and words.strip().lower() in rest.lower():
                return True
    return False


_LETTER: Mapping[str, Callable[[Letter, Values, str], bool]] = {
    "from": lambda letter, values, mailbox: (
        letter.envelope.reverse_path is not None and letter.envelope.reverse_path.render() in values
    ),
    "to": lambda letter, values, mailbox: (
        sorted(path.render() for path in letter.envelope.forward_paths) == sorted(values)
    ),
    "header": lambda letter, values, mailbox: _header_has(letter, values),
    "no_header": lambda letter, values, mailbox: not _header_has(letter, values),
    "hidden": lambda letter, values, mailbox: (mailbox.lower().encode() not in _header(letter).lower()) is values[0],
    "has": lambda letter, values, mailbox: any(each in letter.delivered("") for each in values),
    "equals": lambda letter, values, mailbox: letter.content in values,
    "octets": lambda letter, values, mailbox: any(each.fits(letter.octets or len(letter.content)) for each in values),
    "parameter": lambda letter, values, mailbox: any(
        each.keyword in values or each.render().decode("utf-8", "replace") in values
        for each in letter.envelope.parameters
    ),
    "protocol": lambda letter, values, mailbox: letter.protocol in values,
    "verb": lambda letter, values, mailbox: letter.envelope.verb in values,
}


def _delivered(clause: Clause, scene: Scene) -> int:
    return sum(1 for mailbox, letter in _letters(clause, scene) if _letter_fits(clause, mailbox, letter))


def _delivered_saw(clause: Clause, scene: Scene) -> str:
    found = list(_letters(clause, scene))
    if not found:
        return "no letter there"
    mailbox, letter = found[-1]
    path = letter.envelope.reverse_path
    shown = visible(path.render()) if path else "<>"
    many = f"{len(found)} letters" if len(found) > 1 else "a letter"
    return f"{many} for {mailbox}, the last from {shown}, {len(letter.content)} octets"


def _state(clause: Clause, scene: Scene) -> int:
    values = clause.values
    desks = [each for each in scene.desks if {each.policy.name, each.policy.domain} & set(values.get("at", ()))]
    if "at" not in values:
        desks = scene.desks[-1:]
    if not desks:
        return 0
    bench = desks[-1].bench
    side = bench.client if "client" in values.get("side", ()) else bench.server
    path = side.envelope.reverse_path
    found: dict[str, bool] = {
        "state": "*" in values["state"] or side.position.state in values["state"],
        "fact": any(each in side.position.facts for each in values.get("fact", ())),
        "no_fact": all(each not in side.position.facts for each in values.get("no_fact", ())),
        "offered": all(each in bench.client.offered for each in values.get("offered", ())),
        "not_offered": all(each not in bench.client.offered for each in values.get("not_offered", ())),
        "client_name": side.client_name in values.get("client_name", ()),
        "recipients": any(each.fits(len(side.envelope.forward_paths)) for each in values.get("recipients", ())),
        "reverse_path": (path.render() if path is not None else b"") in values.get("reverse_path", ()),
        "role": ("server" if bench.server.by_hand else "client") in values.get("role", ()),
        "turned": bench.turned in values.get("turned", ()),
    }
    return int(all(found[key] for key in values if key in found))


def _state_saw(clause: Clause, scene: Scene) -> str:
    bench = scene.bench
    side = bench.client if "client" in clause.values.get("side", ()) else bench.server
    facts = ", ".join(sorted(side.position.facts))
    return f"{side.position.state}" + (f" ({facts})" if facts else "")


def _expectations(scene: Scene) -> Iterator[tuple[Event, str]]:
    """What was expected, each with the reply that came."""
    for desk in scene.desks:
        for at, code in desk.expected:
            log = enumerate(desk.bench.log[at:], start=at)
            came = (each.event for place, each in log if place not in desk.bench.struck)
            reply = next((each for each in came if each.kind == "reply" and each.last), None)
            if reply is not None:
                yield reply, code


def _expected(clause: Clause, scene: Scene) -> int:
    wanted, codes = clause.values["expected"], clause.values.get("code", ())
    return sum(
        1
        for reply, code in _expectations(scene)
        if ("*" in wanted or reply.to in wanted)
        and _code(reply.code, (code,))
        and (not codes or _code(reply.code, codes))
    )


def _expected_saw(clause: Clause, scene: Scene) -> str:
    found = list(_expectations(scene))
    return f"{found[-1][1]} was expected, and {found[-1][0].code} came" if found else ""


def _outcome(clause: Clause, scene: Scene) -> int:
    wanted, paths = clause.values["outcome"], clause.values.get("path")
    return sum(
        1
        for desk in scene.desks
        for each in (desk.bench.delivery.outcomes if desk.bench.delivery else ())
        if ("accepted" if each.accepted else "later" if each.temporary else "refused") in wanted
        and (each.reply is not None or bool(each.remark) or desk.bench.client.position.closed)
        and (paths is None or each.path.render() in paths)
    )


def _queued(clause: Clause, scene: Scene) -> int:
    queues = getattr(scene.bench.host.mailboxes, "queued", {})
    return sum(queues.get(domain, 0) for domain in clause.values["queued"])


def _answer(clause: Clause, scene: Scene) -> int:
    return int(clause.question is not None and scene.right(clause.question))


def _answer_saw(clause: Clause, scene: Scene) -> str:
    said = scene.answers.get(clause.question.key) if clause.question else None
    return f"answered {visible(said.encode('utf-8', 'surrogateescape'))}" if said is not None else "not answered"


_COUNTED: Mapping[str, Callable[[Clause, Scene], int]] = {
    "delivered": _delivered,
    "state": _state,
    "expected": _expected,
    "outcome": _outcome,
    "queued": _queued,
    "answer": _answer,
}
_SAW: Mapping[str, Callable[[Clause, Scene], str]] = {
    "delivered": _delivered_saw,
    "state": _state_saw,
    "expected": _expected_saw,
    "outcome": lambda clause, scene: f"{_outcome(clause, scene)} of them",
    "queued": lambda clause, scene: f"{_queued(clause, scene)} in the queue",
    "answer": _answer_saw,
}

# The words of the vocabulary ---------------------------------------------------------------------

LINES = ("command", "reply_to", "content", "moment", "violation")
NOW = tuple(_COUNTED)
SUBJECTS = (*LINES, *NOW)
_ANY_LINE = ("at", "in", "fact", "has", "octets", "deviation", "offered", "not_offered")
ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "command": (
        *_ANY_LINE, "ends", "problem", "parameter", "argument", "path", "spelled", "casing", "answered", "pipelined",
        "ends_group",
    ),
    "reply_to": (*_ANY_LINE, "code", "lines", "enhanced", "unchanged"),
    "content": (*_ANY_LINE, "answered", "dots", "eight_bit", "equals"),
    "moment": ("at", "in", "fact", "has", "by"),
    "violation": ("at", "in", "by"),
    "delivered": ("at", *_LETTER),
    "state": (
        "at", "side", "fact", "no_fact", "offered", "not_offered", "client_name", "recipients", "reverse_path", "role",
        "turned",
    ),
    "expected": ("code",),
    "outcome": ("path",),
    "queued": (),
    "answer": (),
}  # fmt: skip
"""What may stand beside each subject; besides these `count` and `say`, and for lines `distinct` and `next`."""
_NUMBERS = frozenset({"octets", "lines", "dots", "recipients"})
_FLAGS = frozenset({"content", "pipelined", "ends_group", "unchanged", "eight_bit", "hidden", "turned"})
_OCTETS = frozenset(
    {"has", "argument", "spelled", "equals", "path", "from", "to", "header", "no_header", "reverse_path"}
)
_WORDS: Mapping[str, Callable[[Clause], str]] = {
    "command": lambda clause: "any command" if "*" in clause.values["command"] else clause.named("command"),
    "reply_to": lambda clause: (
        f"{clause.named('code') if 'code' in clause.values else 'a reply'} to "
        + _or(tuple(MOMENTS.get(each, each) for each in clause.values["reply_to"]))
    ),
    "content": lambda clause: "content",
    "moment": lambda clause: f"the moment: {clause.named('moment')}",
    "violation": lambda clause: (
        "any broken rule" if "*" in clause.values["violation"] else f"a broken rule: {clause.named('violation')}"
    ),
    "delivered": lambda clause: (
        "a letter" if "*" in clause.values["delivered"] else f"a letter for {clause.named('delivered')}"
    ),
    "state": lambda clause: "" if "*" in clause.values["state"] else f"state {clause.named('state')}",
    "expected": lambda clause: (
        f"you said before what comes for {_or(tuple(MOMENTS.get(each, each) for each in clause.values['expected']))}"
    ),
    "outcome": lambda clause: f"a recipient that is {clause.named('outcome')}",
    "queued": lambda clause: f"a letter that waits at {clause.named('queued')}",
    "answer": lambda clause: (
        "the question is answered" if clause.question is None else f"answered: {clause.question.id}"
    ),
}
_PHRASES = {
    "at": "at {}", "in": "in state {}", "fact": "with {}", "no_fact": "without {}", "has": "with {!r} in it",
    "octets": "of {} octets", "deviation": "with a deviation: {}", "offered": "where {} was offered",
    "not_offered": "where {} was not offered", "ends": "ended by {}", "problem": "that is wrong: {}",
    "parameter": "with {}", "argument": "{}", "path": "{}", "spelled": "spelled {}", "casing": "in {} case",
    "answered": "answered {}", "pipelined": "in a group", "ends_group": "at the end of its group", "lines": "in {} lines",
    "enhanced": "with the enhanced code {}", "unchanged": "that changes nothing", "dots": "with {} stuffed dots",
    "eight_bit": "with octets above 127", "equals": "as it stands in the task", "by": "by the {}", "from": "from {}",
    "to": "with the recipients {}", "header": "with the field {}", "no_header": "without the field {}",
    "hidden": "who is named in no field", "protocol": "that came with {}", "verb": "by {}", "side": "at the {}",
    "client_name": "for the client {}", "recipients": "with {} recipients", "reverse_path": "with the reverse-path {}",
    "role": "where you are the {}", "turned": "after TURN",
}  # fmt: skip
_OF_CLAUSE = ("count", "say", "distinct", "next")


def read_clause(table: Table, where: str, questions: Mapping[str, Question]) -> Clause:
    """One clause, its keys and values checked. Raises DataError."""
    subjects = [each for each in SUBJECTS if each in table]
    # a verb may stand beside "delivered", a path beside "command": the first subject is the one
    if not subjects:
        raise DataError(where, f"asks for nothing. Add one of {', '.join(SUBJECTS)}")
    if len(subjects) > 1:
        raise DataError(where, f"asks for {' and '.join(subjects)} at once. Make a clause of each")
    subject = subjects[0]
    lasting = subject in LINES
    known(table, (subject, *ATTRIBUTES[subject], *(_OF_CLAUSE if lasting else _OF_CLAUSE[:2])), f"{where}: {subject}")
    values = {key: _values(key, value, where) for key, value in table.items() if key not in _OF_CLAUSE}
    distinct = text(table, "distinct", where, "")
    if distinct and distinct not in DISTINCT:
        raise DataError(where, f"distinct is one of {', '.join(DISTINCT)}, not {distinct!r}")
    question = None
    if subject == "answer":
        question = questions.get(values["answer"][0])
        if question is None:
            raise DataError(
                where,
                f"asks for an answer to {values['answer'][0]!r}; there are {', '.join(questions) or 'no questions'}",
            )
    count = read_number(table["count"], f"{where}: count", ">=" if lasting else "=") if "count" in table else Number()
    return Clause(subject, values, count, distinct, flag(table, "next", where), text(table, "say", where, ""), question)


def _values(key: str, value: Any, where: str) -> Values:
    """The values of a key as they are compared. Raises DataError."""
    each = value if isinstance(value, list) else [value]
    where = f"{where}: {key}"
    if not each:
        raise DataError(where, "is an empty list")
    if key in _FLAGS:
        if not isinstance(value, bool):
            raise DataError(where, f"is true or false, not {value!r}")
        return (value,)
    if key in _NUMBERS:
        return tuple(read_number(one, where) for one in each)
    if not all(isinstance(one, (str, int)) and not isinstance(one, bool) for one in each):
        raise DataError(where, f"is a text or a list of texts, not {value!r}")
    if key in _OCTETS:
        return tuple(unspell(str(one).encode().replace(b"\n", b"\r\n")) for one in each)
    if key == "casing" and not set(each) <= set(CASES):
        raise DataError(where, f"is one of {', '.join(CASES)}, not {value!r}")
    return tuple(str(one) for one in each)
