"""The queue of a client: letters that wait, when each is tried again, and what is to be reported of them.

RFC 821 section 3.6, RFC 1123 section 5.3.1, RFC 2821 sections 4.5.4.1 and 6.1; RFC 3461 section 5.2 and RFC 2852
section 4.1 on reports. Time is an argument. Choices where the texts are open:

* A delay is reported once, of those who asked for it, at the first try that fails DELAYED_AFTER (RFC 3461 section
  5.2.5, a MAY). That a by-time is over is reported when it is, by the host that has the letter then and by no later
  one (RFC 2852 section 4.1.3).
* Recipients with NOTIFY=NEVER go to a server without DSN under the same reverse-path as the others (RFC 3461 section
  5.2.2 (d), a MAY).
* A host that sends a letter to itself is no relay: it reports nothing as relayed for RFC 2852 section 4.1.4.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from esmtp_lab.protocol import notify as asked
from esmtp_lab.protocol.deadline import KEYWORD as DELIVERBY
from esmtp_lab.protocol.deadline import By, by_of, later
from esmtp_lab.protocol.delivery import Delivery, Outcome
from esmtp_lab.protocol.report import Fate, Matter, reports
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.path import Path

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
RETRY_AFTER = (30 * MINUTE, 30 * MINUTE, 2 * HOUR, 3 * HOUR)
"""Seconds to wait after each failed try; the last is repeated. RFC 2821 section 4.5.4.1: at least 30 minutes."""
GIVE_UP_AFTER = 5 * DAY
"""Seconds after which a letter is given up. RFC 2821 section 4.5.4.1: at least 4 to 5 days."""
DELAYED_AFTER = 4 * HOUR
"""Seconds after which a letter that waits is delayed."""
LOST, RETURNED, OVERDUE = "4.4.2", "5.4.7", "4.4.7"
"""Status codes: the channel was lost (RFC 3463 section 3.5); the time to deliver is over, for good or not (RFC 2852
section 4.1.3)."""


class Queued(NamedTuple):
    """One letter that waits: when it came, when it is due (both in seconds), and how often it was tried.

    `source` is the client that it came from, and `taken_as` the paths that it was taken for where these are not those
    that it goes to. `told` holds the recipients whose delay was reported; `overdue` says that its by-time is over.
    """

    delivery: Delivery
    came: float
    due: float
    tries: int = 0
    source: str = ""
    taken_as: Mapping[Path, Path] = {}
    told: frozenset[Path] = frozenset()
    overdue: bool = False

    @property
    def by(self) -> By | None:
        """The by-time with which it came, if that is still to be waited for here."""
        by = by_of(self.delivery.parameters)
        return None if by is None or by.seconds <= 0 or self.overdue else by

    @property
    def wakes(self) -> float:
        """When there is something to do: when it is due, or when its by-time is over."""
        return self.due if self.by is None else min(self.due, self.came + self.by.seconds)

    @property
    def matter(self) -> Matter:
        """The letter as a matter to report on."""
        sent, by = self.delivery, by_of(self.delivery.parameters)
        taken = {self.taken_as.get(path, path): said for path, said in sent.rcpt_parameters.items()}
        until = None if by is None else self.came + by.seconds
        return Matter(sent.reverse_path, sent.content, sent.parameters, taken, self.came, self.source, until)

    def at(self, now: float) -> Delivery:
        """The delivery for a try at this time: it says what is left of the by-time (RFC 2852 section 4.1.4)."""
        return replace(self.delivery, parameters=later(self.delivery.parameters, now - self.came))

    def said(self, path: Path) -> tuple[Parameter, ...]:
        """The parameters of RCPT for a recipient."""
        return self.delivery.rcpt_parameters.get(path, ())

    def in_time(self, now: float) -> bool:
        """Whether a by-time is waited for and not over."""
        return self.by is not None and self.by.after(now - self.came).seconds > 0


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one session: the outcomes, the server by its name or nothing where none was there, and the keywords
    that it offered. It is not `relayed` where a host called itself."""

    outcomes: tuple[Outcome, ...]
    remote: str = ""
    offered: frozenset[str] = frozenset()
    relayed: bool = True


def after(queued: Queued, outcomes: tuple[Outcome, ...], now: float) -> tuple[Queued | None, tuple[Outcome, ...]]:
    """What still waits after a try, and the recipients that are given up."""
    late = now - queued.came >= GIVE_UP_AFTER
    failed = tuple(each for each in outcomes if not each.accepted and (late or not each.temporary))
    left = tuple(each.path for each in outcomes if not each.accepted and each not in failed)
    if not left:
        return None, failed
    pause = RETRY_AFTER[min(queued.tries, len(RETRY_AFTER) - 1)]
    waits = queued._replace(delivery=queued.delivery.anew(left), due=now + pause, tries=queued.tries + 1)
    return waits, failed


def parted(queued: Queued, wanted: Callable[[Path], object]) -> tuple[Queued | None, Queued | None]:
    """A letter that waits in two: for the recipients that are `wanted`, and for the others; None where there are none
    of them."""
    paths: tuple[list[Path], list[Path]] = [], []
    for path in queued.delivery.forward_paths:
        paths[not wanted(path)].append(path)
    one, other = (
        queued._replace(delivery=replace(queued.delivery, forward_paths=tuple(each))) if each else None
        for each in paths
    )
    return one, other


def expire(queued: Queued, now: float) -> tuple[Queued | None, tuple[Fate, ...]]:
    """What still waits when it is time to look at a letter, and what is to be reported because its by-time is over: one
    that is to be returned is given up, and of any other a delay is told (RFC 2852 section 4.1.3)."""
    by = queued.by
    if by is None or queued.in_time(now):
        return queued, ()
    if by.returns:
        return None, tuple(_overdue(queued, asked.FAILED, RETURNED, None))
    told = tuple(_overdue(queued, asked.DELAYED, OVERDUE, queued.came + GIVE_UP_AFTER))
    return queued._replace(overdue=True), told


def _overdue(queued: Queued, action: str, status: str, until: float | None) -> Iterator[Fate]:
    for path in queued.delivery.forward_paths:
        if asked.notify(queued.said(path)) is None or asked.wants(action, queued.said(path)):
            yield _fate(queued, path, action)._replace(status=status, remark="delivery time expired", until=until)


def fates(queued: Queued, tried: Tried, failed: tuple[Outcome, ...], now: float) -> Iterator[Fate]:
    """What is to be reported after a session, of the letter as it was before it."""
    until = queued.came + GIVE_UP_AFTER
    for each in tried.outcomes:
        said = queued.said(each.path)
        fate = _fate(queued, each.path, asked.FAILED)._replace(
            status="" if each.reply is not None or each.remark else LOST,
            reply=each.reply,
            remark=each.remark,
            remote=tried.remote,
        )
        if each.accepted:
            if _passed_on(queued, tried, said, now):
                yield fate._replace(action=asked.RELAYED)
        elif each in failed:
            if asked.wants(asked.FAILED, said):
                yield fate
        elif _delayed(queued, each.path, now):
            yield fate._replace(action=asked.DELAYED, until=until)


def _delayed(queued: Queued, path: Path, now: float) -> bool:
    late = now - queued.came >= DELAYED_AFTER
    return late and path not in queued.told and asked.wants(asked.DELAYED, queued.said(path))


def _passed_on(queued: Queued, tried: Tried, said: tuple[Parameter, ...], now: float) -> bool:
    """Whether it is to be reported that a recipient's letter was passed on.

    RFC 3461 section 5.2.2 (b): where success is asked for and the next host does not know DSN. RFC 2852 section 4.1.4:
    where a trace is asked for, and, in time, to a host that does not know DELIVERBY (section 4.1.4.2).
    """
    if asked.KEYWORD not in tried.offered and asked.wants(asked.RELAYED, said):
        return True
    by = by_of(queued.delivery.parameters)
    if by is None or not tried.relayed or asked.never(said):
        return False
    return by.trace or (DELIVERBY not in tried.offered and queued.in_time(now))


def _fate(queued: Queued, path: Path, action: str) -> Fate:
    taken = queued.taken_as.get(path, path)
    return Fate(taken, action, sent_to=path if taken != path else None)


def told(queued: Queued, found: tuple[Fate, ...]) -> Queued:
    """What waits, knowing of whom a delay was reported."""
    paths = frozenset(each.sent_to or each.path for each in found if each.action == asked.DELAYED)
    return queued._replace(told=queued.told | paths) if paths else queued


def to_send(domain: str, queued: Queued, found: tuple[Fate, ...], now: float) -> tuple[Delivery, ...]:
    """The reports of a host `domain` on a letter in its queue, as deliveries from the null reverse-path."""
    tls = queued.delivery.tls
    return tuple(
        Delivery(Path(), (each.to,), each.content, domain, tls=tls, parameters=each.parameters)
        for each in reports(domain, queued.matter, found, now)
    )
