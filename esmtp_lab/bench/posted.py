"""The mailboxes of the host that a learner talks to, where it has neighbours: what is for them goes on at once.

One moment holds them all, so that undo takes back what was carried on as well.
"""

from collections.abc import Mapping
from typing import Any

from esmtp_lab.bench.hosts import Hosts, Run
from esmtp_lab.protocol.transaction import Letter


class Posted:
    """Mailboxes of one among several hosts, as a bench wants them."""

    def __init__(self, hosts: Hosts, domain: str) -> None:
        self._hosts = hosts
        self._domain = domain

    @property
    def letters(self) -> dict[str, tuple[Letter, ...]]:
        """The letters that stay on this host, by mailbox."""
        return self._hosts.hosts[self._domain].mailboxes.letters

    @property
    def queued(self) -> Mapping[str, int]:
        """How many letters wait in the queue of each host, by its domain."""
        return {domain: len(queue) for domain, queue in self._hosts.queues.items()}

    @property
    def runs(self) -> tuple[Run, ...]:
        """The sessions in which letters went on, so far."""
        return tuple(self._hosts.runs)

    def deliver(self, names: tuple[str, ...], letter: Letter) -> None:
        """Keep a letter for the mailboxes here, and carry on what is for elsewhere."""
        self._hosts.hosts[self._domain].mailboxes.deliver(names, letter)
        self._hosts.run()

    def save(self) -> Any:
        """A value that `load` comes back to."""
        return self._hosts.save()

    def load(self, saved: Any) -> None:
        """Come back to a saved moment."""
        self._hosts.load(saved)

    def fork(self) -> "Posted":
        """A copy of all of them."""
        return Posted(self._hosts.fork(), self._domain)
