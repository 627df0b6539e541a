"""Mailboxes in memory: what a lesson looks into, and what undo can take back."""

from dataclasses import dataclass

from esmtp_lab.protocol.transaction import NOWHERE, Draft, Kept, Letter
from esmtp_lab.wire.visible import visible


class MemoryMailboxes:
    """Letters by mailbox name, in the order in which they came; `domain` is the host's own."""

    blocks = False

    def __init__(self, domain: str) -> None:
        self.domain = domain
        self.letters: dict[str, tuple[Letter, ...]] = {}

    def draft(self, letter: Letter) -> Draft:
        """Begin a letter whose content is still to come."""
        return _KeptFor(mailboxes=self)

    def deliver(self, names: tuple[str, ...], letter: Letter) -> None:
        """Put a letter into each of the mailboxes."""
        for name in names:
            self.letters[name] = (*self.letters.get(name, ()), letter)

    def octets(self, name: str) -> tuple[bytes, ...]:
        """The letters of a mailbox as they are stored: return path, time stamp, content (RFC 2821 section 4.4)."""
        return tuple(letter.delivered(self.domain) for letter in self.letters.get(name, ()))

    def _repr_html_(self) -> str:
        """The letters of each mailbox, each to be opened."""
        rows = (
            f"<details><summary>{_safe(name.encode())}: letter {number}</summary><pre>{_lines(octets)}</pre></details>"
            for name in self.letters
            for number, octets in enumerate(self.octets(name), 1)
        )
        return "".join(rows) or "<p>no letters yet</p>"

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {len(letters)}" for name, letters in self.letters.items())
        return f"<mailboxes of {self.domain}: {counts or 'no letters yet'}>"

    def save(self) -> tuple[tuple[str, tuple[Letter, ...]], ...]:
        """A value that `load` comes back to."""
        return tuple(self.letters.items())

    def load(self, saved: tuple[tuple[str, tuple[Letter, ...]], ...]) -> None:
        """Come back to a saved moment."""
        self.letters = dict(saved)

    def fork(self) -> "MemoryMailboxes":
        """A copy: letters put there reach nobody here."""
        copy = MemoryMailboxes(self.domain)
        copy.load(self.save())
        return copy


@dataclass(frozen=True, slots=True, kw_only=True)
class _KeptFor(Kept):
    """A draft in memory that mailboxes wait for."""

    mailboxes: MemoryMailboxes

    def commit(self, letter: Letter) -> None:
        """Put the letter, which holds its content, into each of its mailboxes."""
        self.mailboxes.deliver(letter.mailboxes, letter)


class Discard:
    """Takes every letter and keeps none."""

    blocks = False

    def draft(self, letter: Letter) -> Draft:
        """Begin a letter that nobody will keep."""
        return NOWHERE


def _lines(octets: bytes) -> str:
    return "\n".join(map(_safe, octets.split(b"\r\n")))


def _safe(octets: bytes) -> str:
    from html import escape

    return escape(visible(octets))
