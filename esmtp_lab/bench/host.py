"""What a bench needs of a host: its choices, its language, and where its letters go."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.policy import Policy
from esmtp_lab.protocol.transaction import Letter


class Mailboxes(Protocol):
    """What a host needs of its mailboxes, so that the bench can take a delivery back."""

    @property
    def letters(self) -> dict[str, tuple[Letter, ...]]: ...
    def deliver(self, names: tuple[str, ...], letter: Letter) -> None: ...
    def save(self) -> Any: ...
    def load(self, saved: Any) -> None: ...
    def fork(self) -> "Mailboxes": ...


class Queue(Protocol):
    """What waits at a host for others, of which ETRN may ask (RFC 1985)."""

    def waiting(self, node: str) -> int:
        """How many letters wait for a node name."""

    def start(self, node: str) -> None:
        """Make what waits for a node name due at once."""

    def save(self) -> Any: ...
    def load(self, saved: Any) -> None: ...
    def fork(self) -> "Queue": ...


@dataclass(frozen=True, slots=True)
class Host:
    """One host: its choices, the language it speaks, where its letters go, and what waits for others, if that is
    real."""

    policy: Policy
    dialect: Dialect
    mailboxes: Mailboxes
    queue: Queue | None = None

    def save(self) -> tuple[Any, ...]:
        """A value that `load` comes back to: what changes on a host while it serves."""
        return self.mailboxes.save(), self.queue.save() if self.queue is not None else None

    def load(self, saved: tuple[Any, ...]) -> None:
        """Come back to a saved moment."""
        mailboxes, queue = saved
        self.mailboxes.load(mailboxes)
        if self.queue is not None:
            self.queue.load(queue)

    def fork(self) -> "Host":
        """A copy that goes its own way; its queue counts, and starts nothing."""
        queue = self.queue.fork() if self.queue is not None else None
        return replace(self, mailboxes=self.mailboxes.fork(), queue=queue)
