"""Items: what crossed the wire as goals look at it. A reply is one item however many lines it has.

Each knows the session, the transaction and the group that it belongs to, and a command knows what it was answered.
"""

from collections.abc import Iterable, Iterator
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


class _Draft:
    """An item while what belongs to it still comes."""

    def __init__(self, event: Event, session: int, transaction: int, group: int) -> None:
        self.lines = [event]
        self.session, self.transaction, self.group = session, transaction, group
        self.answered = 0
        self.answers: _Draft | None = None

    @property
    def event(self) -> Event:
        return self.lines[-1]


def items(benches: Iterable[tuple[Bench, Policy, str]], given: int = 0) -> tuple[Item, ...]:
    """The items of several benches, one after the other; the first `given` lines of the first bench do not count."""
    found: list[Item] = []
    counts = _Counts()
    for bench, policy, era in benches:
        places = (place for place in range(given, len(bench.log)) if place not in bench.struck)
        log = [event for place in places if (event := _heard(bench.log[place])) is not None]
        given = 0
        drafts = list(_drafts(log, counts))
        for place, each in enumerate(drafts):
            speaks = each.event.kind == "command"
            later = (other for other in drafts[place + 1 :] if other.event.kind == "command")
            after = next(later, None) if speaks else None
            ends = speaks and (after is None or after.group != each.group)
            found.append(
                Item(
                    each.event,
                    tuple(each.lines),
                    each.session,
                    each.transaction,
                    each.group,
                    ends,
                    each.answered,
                    policy.name,
                    policy.domain,
                    era,
                )
            )
    return tuple(found)


def _heard(crossing: Crossing) -> Event | None:
    """A crossing as it counts: a reply that did not come across was for nobody.

    What a lenient server answers is for a line that its client knows nothing of.
    """
    client, server = crossing
    if crossing.event.kind != "reply":
        return crossing.event
    if client is not None and not client.to and server is not None:
        return client._replace(to=server.to)
    return client


class _Counts:
    """How many sessions, transactions and groups there were."""

    def __init__(self) -> None:
        self.session = self.transaction = self.group = 0


def _drafts(log: Iterable[Event], counts: _Counts) -> Iterator[_Draft]:
    waiting: list[_Draft] = []
    early: list[_Draft] = []  # replies to lines that a lenient server made, and that are known only after it
    reply: _Draft | None = None
    current = 0
    for event in log:
        if event.kind == "reply":
            if event.to == GREETING and event.line in ("only", "first"):
                counts.session += 1
                waiting, early, current = [], [], 0
            if reply is None:
                asked = next((each for each in waiting if each.event.to == event.to), None)
                if asked is not None:
                    waiting.remove(asked)
                reply = _Draft(
                    event, counts.session, asked.transaction if asked else current, asked.group if asked else 0
                )
                reply.answers = asked
                if asked is None:
                    early.append(reply)
                yield reply
            else:
                reply.lines.append(event)
            if event.last:
                if reply.answers is not None:
                    reply.answers.answered = event.code
                if reply.transaction == current and event.after.state not in IN_TRANSACTION | {"sasl"}:
                    current = 0
                reply = None
            continue
        reply = None
        if event.kind == "command":
            if not event.in_flight:
                counts.group += 1
            if event.to in OPENS and event.before.state not in IN_TRANSACTION:
                counts.transaction += 1
                current = counts.transaction
        draft = _Draft(event, max(counts.session, 1), current, counts.group if event.kind != "moment" else 0)
        if event.kind in ("command", "content"):
            answer = next((each for each in early if each.event.to == event.to), None)
            if answer is not None:
                early.remove(answer)
                draft.answered = answer.event.code
            else:
                waiting.append(draft)
        yield draft
