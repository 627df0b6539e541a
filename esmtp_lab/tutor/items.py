"""Items: what crossed the wire as goals look at it. A reply is one item however many lines it has.

Each knows the session, the transaction and the group that it belongs to, and a command knows what it was answered.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from esmtp_lab.bench import Bench, Crossing
from esmtp_lab.protocol.event import Event, lines
from esmtp_lab.protocol.policy import Policy
from esmtp_lab.protocol.session import GREETING
from esmtp_lab.rules.annotator import annotator
from esmtp_lab.rules.rule import Citation

OPENS = frozenset({"MAIL", "SEND", "SOML", "SAML"})
"""Verbs that open a transaction."""
IN_TRANSACTION = frozenset({"mail", "rcpt", "data", "chunks", "failed"})
"""States in which a transaction is open."""


class Item(NamedTuple):
    """A command, a reply, a content or a moment. `event` is a reply's last line, `lines` are all of them.

    `session`, `transaction` and `group` count from 1; 0 is none. `answered` is the code of the reply, or 0.
    """

    event: Event
    lines: tuple[Event, ...]
    session: int
    transaction: int
    group: int
    ends_group: bool
    answered: int
    host: str
    domain: str
    era: str

    @property
    def kind(self) -> str:
        """Command, reply, content or moment."""
        return self.event.kind

    @property
    def octets(self) -> bytes:
        """All octets of it; of content those of the content, dots still stuffed."""
        if self.event.content is not None:
            return self.event.content.wire
        return b"".join(each.octets for each in self.lines)

    def broken(self) -> Iterator[tuple[Citation, str]]:
        """The rules that it breaks, each with the side that broke it."""
        for line in self.lines:
            for event in lines(line):
                for each in annotator(self.era)(event).citations:
                    if each.broken:
                        yield each, each.side(event.speaker)


@dataclass(slots=True)
class _Draft:
    """An item while what belongs to it still comes: the lines of a reply, the answer to a command."""

    lines: list[Event]
    session: int
    transaction: int
    group: int = 0
    answered: int = 0
    ends_group: bool = False
    asked: "_Draft | None" = None

    @property
    def event(self) -> Event:
        return self.lines[-1]


class _Joiner:
    """Joins lines to items, of one bench after the other: what answers what, and what belongs together.

    `greeted` says that the first session had begun before the first line that counts.
    """

    def __init__(self, *, greeted: bool = False) -> None:
        self.drafts: list[_Draft] = []
        self._session = int(greeted)
        self._transactions = self._group = self._open = 0
        self._waiting: list[_Draft] = []
        self._reply: _Draft | None = None
        self._last: _Draft | None = None

    def take(self, event: Event) -> None:
        """Join the next line."""
        if event.kind == "reply":
            self._take_reply(event)
        else:
            self._reply = None
            self._take_other(event)

    def end(self) -> None:
        """Nothing more comes of this bench."""
        self._reply, self._waiting, self._open = None, [], 0
        self._end_group()

    def _take_reply(self, event: Event) -> None:
        if event.to == GREETING and event.line in ("only", "first"):
            self._session += 1
            self._open = 0
            self._waiting = []
        if self._reply is None:
            asked = next((each for each in self._waiting if each.event.to == event.to), None)
            transaction, group = (asked.transaction, asked.group) if asked else (self._open, 0)
            self._reply = _Draft([event], max(self._session, 1), transaction, group, asked=asked)
            if asked is not None:
                self._waiting.remove(asked)
            self.drafts.append(self._reply)
        else:
            self._reply.lines.append(event)
        if event.last:
            self._answer(self._reply)
            self._reply = None

    def _answer(self, reply: _Draft) -> None:
        """A reply is whole."""
        if reply.asked is not None:
            reply.asked.answered = reply.event.code
        if reply.transaction == self._open and reply.event.after.state not in IN_TRANSACTION:
            self._open = 0

    def _take_other(self, event: Event) -> None:
        if event.kind == "command":
            if not event.in_flight:
                self._end_group()
                self._group += 1
            if event.to in OPENS and event.before.state not in IN_TRANSACTION:
                self._transactions += 1
                self._open = self._transactions
        group = 0 if event.kind == "moment" else self._group
        draft = _Draft([event], max(self._session, 1), self._open, group)
        self.drafts.append(draft)
        if event.kind == "command":
            self._last = draft
        if event.kind != "moment":
            self._waiting.append(draft)

    def _end_group(self) -> None:
        if self._last is not None:
            self._last.ends_group = True


def items(benches: Iterable[tuple[Bench, Policy, str]], given: int = 0) -> tuple[Item, ...]:
    """The items of several benches, one after the other; the first `given` lines of the first bench do not count."""
    benches = tuple(benches)
    before = benches[0][0].log[:given] if benches else []
    joiner = _Joiner(greeted=any(each.event.kind == "reply" and each.event.to == GREETING for each in before))
    found: list[Item] = []
    for bench, policy, era in benches:
        begin = len(joiner.drafts)
        for place in range(given, len(bench.log)):
            event = _heard(bench.log[place]) if place not in bench.struck else None
            if event is not None:
                joiner.take(event)
        joiner.end()
        given = 0
        found += (_item(each, policy, era) for each in joiner.drafts[begin:])
    return tuple(found)


def _item(draft: _Draft, policy: Policy, era: str) -> Item:
    return Item(
        draft.event,
        tuple(draft.lines),
        draft.session,
        draft.transaction,
        draft.group,
        draft.ends_group,
        draft.answered,
        policy.name,
        policy.domain,
        era,
    )


def _heard(crossing: Crossing) -> Event | None:
    """A crossing as it counts: a reply that did not come across was for nobody."""
    return None if crossing.lost else crossing.event
