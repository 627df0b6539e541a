"""`esmtp-lab compare`: one client script under every era, and where the servers answer otherwise, and why."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from esmtp_lab.bench import Crossing
from esmtp_lab.commands.columns import beside, wrapped
from esmtp_lab.export.transcript import mask
from esmtp_lab.lab import Lab
from esmtp_lab.protocol.era import DEFAULT_ERA, ERAS
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.policy import Policy
from esmtp_lab.rules.rule import Citation
from esmtp_lab.tutor.play import typed
from esmtp_lab.wire.transcript import Entry, read
from esmtp_lab.wire.visible import visible

SIDE_BY_SIDE = 100
"""Columns from which on the eras stand side by side."""
_MOST_RULES = 2
_MOST_CONTENT = 3
_MARK = {"": "  ", "text": " ~", "code": "!="}
"""How differing replies are marked: by other words, or by another code."""


class Answer(NamedTuple):
    """What one era made of a line: its replies, line by line; the rules at work on the line and on its replies.

    A line is not `sent` where this server had not asked for content, or for a step of an exchange.
    """

    replies: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()
    citations: tuple[Citation, ...] = ()
    sent: bool = True

    @property
    def lines(self) -> tuple[str, ...]:
        """The answer in words."""
        return self.replies or (("(no reply)",) if self.sent else ("(not sent: this server did not ask for it)",))


class Group(NamedTuple):
    """Eras that answer alike, and the rules by which they do so."""

    eras: tuple[str, ...]
    answer: Answer
    rules: tuple[Citation, ...] = ()


@dataclass(frozen=True)
class Step:
    """One line of the client's under every era; `number` is that of its line in the script, or 0 for the greeting."""

    number: int
    text: str
    answers: dict[str, Answer]
    content: bool = False

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The eras by how they answer, the oldest first."""
        return tuple(_groups(self.answers))

    @property
    def differs(self) -> str:
        """ "code" or "text" where the answers are not the same in every era, else nothing; content has none."""
        if self.content or len(self.groups) == 1:
            return ""
        kinds = {(group.answer.codes, group.answer.sent) for group in self.groups}
        return "code" if len(kinds) > 1 else "text"


def _groups(answers: dict[str, Answer]) -> Iterator[Group]:
    alike: dict[tuple[tuple[str, ...], bool], list[str]] = {}
    for era, answer in answers.items():
        alike.setdefault((answer.replies, answer.sent), []).append(era)
    for eras in alike.values():
        others = [answers[each] for each in answers if each not in eras]
        answer = answers[DEFAULT_ERA if DEFAULT_ERA in eras else eras[0]]
        yield Group(tuple(eras), answer, _telling(answer, others) if others else ())


def _telling(answer: Answer, others: list[Answer]) -> tuple[Citation, ...]:
    """The rules that tell an answer from others: those at work here and not there, or else the most specific ones."""
    there = {citation.rule.lineage for other in others for citation in other.citations}
    special = list({each.rule.id: each for each in answer.citations if each.broken or not each.rule.general}.values())
    own = [each for each in special if each.rule.lineage not in there]
    return tuple((own or special)[:_MOST_RULES])


# Playing -----------------------------------------------------------------------------------------


def steps(lines: Iterable[bytes], policy: str | Policy) -> Iterator[Step]:
    """Play the client's lines of a script to a server of each era, and what came of each. Raises DataError.

    A line that only some servers asked for, such as content, is sent to those alone.
    """
    labs = {era: Lab(era, policy=policy) for era in ERAS}
    yield _greeting(labs, {era: lab.bench.log for era, lab in labs.items()})
    began = False
    for entry in typed(read(lines), lambda: any(lab.bench.client.in_content for lab in labs.values())):
        if entry.kind == "moment" and entry.octets.startswith(b"connected") and began:
            began = False
            yield _greeting(labs, {era: lab.bench.reconnect() for era, lab in labs.items()})
        elif entry.kind == "C":
            began = True
            yield _step(labs, entry)


def _greeting(labs: dict[str, Lab], crossings: dict[str, list[Crossing]]) -> Step:
    return Step(0, "=== connected", {era: _answer(lab, crossings[era])[0] for era, lab in labs.items()})


def _step(labs: dict[str, Lab], entry: Entry) -> Step:
    asked = {era for era, lab in labs.items() if lab.bench.client.framing != "command"} or set(labs)
    content = any(lab.bench.client.in_content for lab in labs.values())
    answers, shown = {}, visible(entry.octets.removesuffix(b"\r\n"))
    for era, lab in labs.items():
        answers[era] = Answer(sent=False)
        if era in asked:
            answers[era], masked = _answer(lab, lab.raw(entry.octets))
            shown = masked or shown
    quiet = all(not answer.replies for answer in answers.values())
    return Step(entry.number, f"C: {shown}", answers, content and quiet)


def _answer(lab: Lab, crossings: list[Crossing]) -> tuple[Answer, str]:
    """What a server said, and the client's line where it may hold a password."""
    events = [event for crossing in crossings for event in lab.lines(crossing) if event.kind != "text"]
    replies = [event for event in events if event.speaker == "server" and event.kind != "moment"]
    # why a reply is as it is stands first in its own rules, and then in those of the line before it
    citations = tuple(citation for event in (*replies, *_commands(events)) for citation in event.citations)
    masked = next((visible(mask(each).removesuffix(b"\r\n")) for each in events if each.secret is not None), "")
    lines = tuple(visible(event.octets.removesuffix(b"\r\n")) for event in replies)
    codes = tuple(event.code for event in replies if event.last)
    return Answer(lines, codes, _broken_first(citations)), masked


def _commands(events: list[Event]) -> list[Event]:
    return [event for event in events if event.kind == "command"]


def _broken_first(citations: tuple[Citation, ...]) -> tuple[Citation, ...]:
    return tuple(sorted(citations, key=lambda each: not each.broken))


# Writing -----------------------------------------------------------------------------------------


def compare_script(
    lines: Iterable[bytes], policy: str | Policy = "lab", form: str = "text", columns: int | None = None
) -> Iterator[str]:
    """The comparison as "text" or as "json"; without `columns` no line of text is wrapped. Raises DataError."""
    played = steps(lines, policy)
    if form == "json":
        return map(as_json, played)
    return text(played, columns)


def as_json(step: Step) -> str:
    """A step as one object."""
    groups = [
        {
            "eras": group.eras,
            "sent": group.answer.sent,
            "codes": group.answer.codes,
            "reply": group.answer.replies,
            "rules": [_cited(each) for each in group.rules],
        }
        for group in step.groups
    ]
    data = {"line": step.number} if step.number else {}
    return json.dumps({**data, "text": step.text, "differs": step.differs, "answers": groups})


def _cited(citation: Citation) -> dict[str, object]:
    rule = citation.rule
    return {"id": rule.id, "rfc": rule.rfc, "section": rule.section, "level": rule.level, "says": rule.says}


def text(played: Iterable[Step], columns: int | None) -> Iterator[str]:
    """Steps for a reader: what differs side by side where there is room, else one below the other."""
    differing = 0
    for content, group in groupby(played, key=lambda step: step.content):
        if content:
            yield from _content(list(group), columns)
            continue
        for step in group:
            differing += bool(step.differs)
            yield from _shown(step, columns)
    count = f"{differing} line{'s' * (differing != 1)}"
    yield from wrapped(f"{count} answered otherwise (!= by the code, ~ by the words alone)", columns)


def _content(played: list[Step], columns: int | None) -> Iterator[str]:
    """Lines that nobody answers: the first of them."""
    for step in played[:_MOST_CONTENT]:
        yield from _line(step, columns)
    if len(played) > _MOST_CONTENT:
        more = len(played) - _MOST_CONTENT
        yield f"     and {more} line{'s' * (more > 1)} more"


def _line(step: Step, columns: int | None) -> Iterator[str]:
    number = f"{step.number:>3}" if step.number else "   "
    yield from wrapped(f"{number}  {step.text}", columns, 8)


def _shown(step: Step, columns: int | None) -> Iterator[str]:
    yield from _line(step, columns)
    mark = _MARK[step.differs]
    if not step.differs:
        yield from _replies(step.groups[0].answer, columns)
    elif columns is not None and columns >= SIDE_BY_SIDE:
        yield from beside(mark, [[era, *answer.lines] for era, answer in step.answers.items()], columns)
        for group in step.groups:
            yield from _rules(group, columns, f"{', '.join(group.eras)}: ")
    else:
        for group in step.groups:
            yield from wrapped(f"{mark}   {', '.join(group.eras)}", columns, 5)
            yield from _replies(group.answer, columns)
            yield from _rules(group, columns, "")


def _replies(answer: Answer, columns: int | None) -> Iterator[str]:
    for line in answer.lines:
        yield from wrapped(f"     S: {line}" if answer.replies else f"     {line}", columns, 12)


def _rules(group: Group, columns: int | None, about: str) -> Iterator[str]:
    for citation in group.rules:
        rule = citation.rule
        level = f"{rule.level}, " if rule.level != "states" else ""
        yield from wrapped(f"     # {about}{rule.says} ({level}{rule.citation})", columns, 7)
