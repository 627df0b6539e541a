"""What a bench needs of a host: its choices, its language, and where its letters go."""

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Host:
    """One host: its choices, the language it speaks, and where its letters go."""

    policy: Policy
    dialect: Dialect
    mailboxes: Mailboxes
