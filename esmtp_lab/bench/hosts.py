"""Several hosts that carry letters on to each other: queues, relaying, reports. Never outside the lab.

Each host has a queue. `run` tries what is due: letters for another host of the lab go there over a bench of
their own, those for a host that is not here are refused, and who wrote them gets a report. Those for a host that is
away wait; when it is back it may ask for them by ETRN (RFC 1985). Of those that are due, the ones of the highest
priority go first, and within a level in the order of the queue (RFC 6710 section 5.1).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import groupby
from typing import Any, NamedTuple

from esmtp_lab.bench.bench import Bench
from esmtp_lab.bench.channel import Fault
from esmtp_lab.bench.host import Host, Mailboxes
from esmtp_lab.protocol.deadline import later
from esmtp_lab.protocol.delivery import Delivery, Outcome
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.node import means
from esmtp_lab.protocol.priority import level, priority_of
from esmtp_lab.protocol.priority import parameter as priority_parameter
from esmtp_lab.protocol.queue import Queued, Tried, after, expire, fates, parted, to_send, told
from esmtp_lab.protocol.report import Fate, source_of
from esmtp_lab.protocol.transaction import Letter
from esmtp_lab.wire.international import a_labels
from esmtp_lab.wire.path import Path
from esmtp_lab.wire.reply import Reply

CHUNK = 65_536
"""Octets of the chunks in which a letter goes on that came as BODY=BINARYMIME: all of them are kept (RFC 3030 section
3). Where the next host cannot take it, that is a failure as others are."""
AWAY = "4.4.1 that host is not connected just now"
NOWHERE = "5.1.2 there is no host of that name in this lab, and nothing leaves it"


_AS_THEY_ARE: Mapping[Path, Path] = {}


class Run(NamedTuple):
    """One session between two hosts, by their domains."""

    client: str
    server: str
    bench: Bench


class Hosts:
    """Hosts by domain, their queues, and every session that they had. `faults` befall the next session to a host;
    those `away` nobody can reach."""

    def __init__(self, hosts: Iterable[Host], client_dialect: Dialect, *, now: float = 0.0) -> None:
        self.now = now
        self.client_dialect = client_dialect
        self.queues: dict[str, tuple[Queued, ...]] = {}
        self.faults: dict[str, tuple[Fault, ...]] = {}
        self.away: frozenset[str] = frozenset()
        self.runs: list[Run] = []
        self.hosts = {host.policy.domain: self._forwarding(host) for host in hosts}

    def _forwarding(self, host: Host) -> Host:
        domain = host.policy.domain
        return replace(host, mailboxes=Forwarding(self, domain, host.mailboxes), queue=Waiting(self, domain))

    def submit(
        self, domain: str, delivery: Delivery, source: str = "", taken_as: Mapping[Path, Path] = _AS_THEY_ARE
    ) -> None:
        """Put a letter into the queue of a host; `source` and `taken_as` are those of `Queued`."""
        queued = Queued(replace(delivery, helo=domain), self.now, self.now, source=source, taken_as=taken_as)
        self.queues[domain] = (*self.queues.get(domain, ()), queued)

    def run(self) -> list[Run]:
        """Try everything that is due, and what comes of it; the sessions that there were."""
        begin = len(self.runs)
        while due := [
            (domain, each) for domain, queue in self.queues.items() for each in queue if each.wakes <= self.now
        ]:
            self._try(*max(due, key=lambda waiting: self._level(*waiting)))
        return self.runs[begin:]

    def _level(self, domain: str, queued: Queued) -> int:
        """The level at which a host handles a letter of its queue."""
        return level(self.hosts[domain].policy.priorities, priority_of(queued.delivery.parameters) or 0)

    def ask(self, client: str, server: str, *nodes: str) -> tuple[Reply, ...]:
        """Have a host call another and ask for the letters that wait for these nodes; the replies to ETRN.

        What it started goes out with `run`. Raises LocalProtocolError for what is no node name.
        """
        delivery = Delivery(Path(), (), b"", client, nodes=nodes)
        done = self._session(client, server, delivery).delivery
        return done.started if done else ()

    def _try(self, domain: str, queued: Queued) -> None:
        self.queues[domain] = tuple(each for each in self.queues[domain] if each is not queued)
        waits, found = expire(queued, self.now)
        if waits is not None and waits.due <= self.now:
            waits, more = self._attempt(domain, waits)
            found += more
        if waits is not None:
            self.queues[domain] = (*self.queues[domain], told(waits, found))
        for report in to_send(domain, queued, found, self.now):
            self.submit(domain, report)

    def _attempt(self, domain: str, queued: Queued) -> tuple[Queued | None, tuple[Fate, ...]]:
        """Try a letter once at every host that it is for; what still waits, and what is to be reported."""
        delivery = queued.at(self.now)
        paths = sorted(delivery.forward_paths, key=_domain)
        tried = [
            self._deliver(domain, target, replace(delivery, forward_paths=tuple(group)))
            for target, group in groupby(paths, key=_domain)
        ]
        waits, failed = after(queued, tuple(outcome for each in tried for outcome in each.outcomes), self.now)
        return waits, tuple(fate for each in tried for fate in fates(queued, each, failed, self.now))

    def _deliver(self, domain: str, target: str, delivery: Delivery) -> Tried:
        """One session to one host; a host delivers to itself in the same way."""
        if target not in self.hosts:
            return Tried(tuple(Outcome(path, None, NOWHERE) for path in delivery.forward_paths))
        if target in self.away:
            return Tried(tuple(Outcome(path, None, AWAY, later=True) for path in delivery.forward_paths))
        bench = self._session(domain, target, delivery)
        outcomes = bench.delivery.outcomes if bench.delivery else ()
        return Tried(outcomes, target, frozenset(bench.client.offered), relayed=domain != target)

    def _session(self, domain: str, target: str, delivery: Delivery) -> Bench:
        """A session of its own for a delivery."""
        bench = Bench(self.hosts[target], self.client_dialect, now=self.now, faults=self.faults.pop(target, ()))
        self.runs.append(Run(domain, target, bench))
        bench.start()
        bench.deliver(delivery)
        return bench

    def fork(self) -> "Hosts":
        """A copy that goes its own way; the sessions so far stay here."""
        copies = (replace(host, mailboxes=host.mailboxes.fork()) for host in self.hosts.values())
        copy = Hosts(copies, self.client_dialect, now=self.now)
        copy.load(self.save())
        return copy

    def save(self) -> tuple[Any, ...]:
        """A value that `load` comes back to."""
        boxes = tuple((domain, host.mailboxes.save()) for domain, host in self.hosts.items())
        waiting = tuple(self.queues.items()), tuple(self.faults.items())
        return boxes, *waiting, self.away, self.now, len(self.runs)

    def load(self, saved: tuple[Any, ...]) -> None:
        """Come back to a saved moment."""
        boxes, queues, faults, self.away, self.now, count = saved
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
            self._send_on(away, letter)

    def _send_on(self, away: tuple[Path, ...], letter: Letter) -> None:
        host, envelope = self._hosts.hosts[self._domain], letter.envelope
        taken_as = {_path(name): path for path in envelope.forward_paths for name in host.policy.route(path).mailboxes}
        said = {path: envelope.rcpt_parameters.get(taken_as.get(path, path), ()) for path in away}
        onward = later(host.dialect.onward(envelope.parameters), self._hosts.now - envelope.opened)
        if envelope.priority is not None:  # RFC 6710 section 4.2: named even if the client named none
            onward += (priority_parameter(envelope.priority),)
        delivery = Delivery(
            envelope.reverse_path or Path(),
            away,
            letter.received(self._domain) + letter.content,
            tls="try",
            parameters=onward,
            chunk=CHUNK if envelope.binary else 0,
            rcpt_parameters={path: host.dialect.onward(each, "RCPT") for path, each in said.items() if each},
        )
        self._hosts.submit(self._domain, delivery, source_of(letter), taken_as)

    def save(self) -> Any:
        """See `Mailboxes.save`."""
        return self._local.save()

    def load(self, saved: Any) -> None:
        """See `Mailboxes.load`."""
        self._local.load(saved)

    def fork(self) -> Mailboxes:
        """A copy that forwards nothing."""
        return self._local.fork()


class Waiting:
    """The queue of a host among others, as ETRN sees it. A copy that is `idle` counts and starts nothing."""

    def __init__(self, hosts: Hosts, domain: str, *, idle: bool = False) -> None:
        self._hosts = hosts
        self._domain = domain
        self._idle = idle

    def waiting(self, node: str) -> int:
        """How many letters wait for a node name."""
        return sum(any(means(node, _domain(path)) for path in each.delivery.forward_paths) for each in self.save())

    def start(self, node: str) -> None:
        """Make what waits for a node name due now, and leave what goes elsewhere as it is."""
        queue: list[Queued] = []
        for each in self.save():
            wanted, other = parted(each, lambda path: means(node, _domain(path)))
            queue += [part for part in (wanted and wanted._replace(due=self._hosts.now), other) if part is not None]
        self.load(tuple(queue))

    def save(self) -> tuple[Queued, ...]:
        """The letters that wait, which is all that `load` needs."""
        return self._hosts.queues.get(self._domain, ())

    def load(self, saved: tuple[Queued, ...]) -> None:
        """See `Queue.load`."""
        if not self._idle:
            self._hosts.queues[self._domain] = saved

    def fork(self) -> "Waiting":
        """A copy that starts nothing."""
        return Waiting(self._hosts, self._domain, idle=True)


def _path(address: str) -> Path:
    local, _, domain = address.rpartition("@")
    return Path(local.encode("utf-8", "surrogateescape"), domain.encode("utf-8", "surrogateescape"))


def _domain(path: Path) -> str:
    """The domain by which a host is found: RFC 6531 section 3.2 looks up A-labels."""
    return a_labels(path.domain.decode("utf-8", "replace"))
