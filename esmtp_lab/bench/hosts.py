"""Several hosts that carry letters on to each other: queues, relaying, notices. Never outside the lab.

Each host has a queue. `run` tries what is due: letters for another host of the lab go there over a bench of
their own, those for a host that is not here are refused, and who wrote them gets a notice.
"""

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from typing import Any, NamedTuple

from esmtp_lab.bench.bench import Bench
from esmtp_lab.bench.channel import Fault
from esmtp_lab.bench.host import Host, Mailboxes
from esmtp_lab.protocol.client import Delivery, Outcome
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.queue import Queued, after, notice
from esmtp_lab.protocol.transaction import Letter
from esmtp_lab.wire.path import Path

CHUNK = 65_536
"""Octets of the chunks in which a letter goes on that came as BODY=BINARYMIME: all of them are kept (RFC 3030 section
3). Where the next host cannot take it, that is a failure as others are."""
NOWHERE = "there is no host of that name in this lab, and nothing leaves it"


class Run(NamedTuple):
    """One session between two hosts, by their domains."""

    client: str
    server: str
    bench: Bench


class Hosts:
    """Hosts by domain, their queues, and every session that they had. `faults` befall the next session to a host."""

    def __init__(self, hosts: Iterable[Host], client_dialect: Dialect, *, now: float = 0.0) -> None:
        self.now = now
        self.client_dialect = client_dialect
        self.queues: dict[str, tuple[Queued, ...]] = {}
        self.faults: dict[str, tuple[Fault, ...]] = {}
        self.runs: list[Run] = []
        self.hosts = {host.policy.domain: self._forwarding(host) for host in hosts}

    def _forwarding(self, host: Host) -> Host:
        return replace(host, mailboxes=Forwarding(self, host.policy.domain, host.mailboxes))

    def submit(self, domain: str, delivery: Delivery) -> None:
        """Put a letter into the queue of a host."""
        queued = Queued(replace(delivery, helo=domain), self.now, self.now)
        self.queues[domain] = (*self.queues.get(domain, ()), queued)

    def run(self) -> list[Run]:
        """Try everything that is due, and what comes of it; the sessions that there were."""
        begin = len(self.runs)
        while due := [
            (domain, each) for domain, queue in self.queues.items() for each in queue if each.due <= self.now
        ]:
            for domain, queued in due:
                self._try(domain, queued)
        return self.runs[begin:]

    def _try(self, domain: str, queued: Queued) -> None:
        self.queues[domain] = tuple(each for each in self.queues[domain] if each is not queued)
        paths = sorted(queued.delivery.forward_paths, key=_domain)
        outcomes: list[Outcome] = []
        for target, group in groupby(paths, key=_domain):
            outcomes += self._deliver(domain, target, replace(queued.delivery, forward_paths=tuple(group)))
        waits, failed = after(queued, tuple(outcomes), self.now)
        if waits is not None:
            self.queues[domain] = (*self.queues[domain], waits)
        told = notice(domain, queued.delivery, failed)
        if told is not None:
            self.submit(domain, told)

    def _deliver(self, domain: str, target: str, delivery: Delivery) -> tuple[Outcome, ...]:
        """One session to one host; a host delivers to itself in the same way."""
        host = self.hosts.get(target)
        if host is None:
            return tuple(Outcome(path, None, NOWHERE) for path in delivery.forward_paths)
        bench = Bench(host, self.client_dialect, now=self.now, faults=self.faults.pop(target, ()))
        self.runs.append(Run(domain, target, bench))
        bench.start()
        bench.deliver(delivery)
        return bench.delivery.outcomes if bench.delivery else ()

    def fork(self) -> "Hosts":
        """A copy that goes its own way; the sessions so far stay here."""
        copies = (replace(host, mailboxes=host.mailboxes.fork()) for host in self.hosts.values())
        copy = Hosts(copies, self.client_dialect, now=self.now)
        copy.load(self.save())
        return copy

    def save(self) -> tuple[Any, ...]:
        """A value that `load` comes back to."""
        boxes = tuple((domain, host.mailboxes.save()) for domain, host in self.hosts.items())
        return boxes, tuple(self.queues.items()), tuple(self.faults.items()), self.now, len(self.runs)

    def load(self, saved: tuple[Any, ...]) -> None:
        """Come back to a saved moment."""
        boxes, queues, faults, self.now, count = saved
        for domain, box in boxes:
            self.hosts[domain].mailboxes.load(box)
        self.queues, self.faults = dict(queues), dict(faults)
        del self.runs[count:]


class Forwarding:
    """The mailboxes of a host among others: what is for another host goes into the queue, with a time stamp in front.

    A letter for somebody elsewhere is named by a whole address (RFC 2821 section 3.7).
    """

    def __init__(self, hosts: Hosts, domain: str, local: Mailboxes) -> None:
        self._hosts = hosts
        self._domain = domain
        self._local = local

    @property
    def letters(self) -> dict[str, tuple[Letter, ...]]:
        """The letters that stay on this host, by mailbox."""
        return self._local.letters

    def deliver(self, names: tuple[str, ...], letter: Letter) -> None:
        """Keep a letter for the mailboxes here, and queue it for those elsewhere."""
        here = tuple(name for name in names if "@" not in name)
        if here:
            self._local.deliver(here, letter)
        away = tuple(_path(name) for name in names if "@" in name)
        if away:
            content = letter.received(self._domain) + letter.content
            onward = self._hosts.hosts[self._domain].dialect.onward(letter.envelope.parameters)
            reverse_path, chunk = letter.envelope.reverse_path or Path(), CHUNK if letter.envelope.binary else 0
            delivery = Delivery(reverse_path, away, content, tls="try", parameters=onward, chunk=chunk)
            self._hosts.submit(self._domain, delivery)

    def save(self) -> Any:
        """See `Mailboxes.save`."""
        return self._local.save()

    def load(self, saved: Any) -> None:
        """See `Mailboxes.load`."""
        self._local.load(saved)

    def fork(self) -> Mailboxes:
        """A copy that forwards nothing."""
        return self._local.fork()


def _path(address: str) -> Path:
    local, _, domain = address.rpartition("@")
    return Path(local.encode("utf-8", "surrogateescape"), domain.encode("ascii", "replace"))


def _domain(path: Path) -> str:
    return path.domain.decode("ascii", "replace").lower()
