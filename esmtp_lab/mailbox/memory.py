"""Mailboxes in memory: what a lesson looks into, and what undo can take back."""

from esmtp_lab.protocol.transaction import Letter


class MemoryMailboxes:
    """Letters by mailbox name, in the order in which they came; `domain` is the host's own."""

    blocks = False

    def __init__(self, domain: str) -> None:
        self.domain = domain
        self.letters: dict[str, tuple[Letter, ...]] = {}

    def deliver(self, names: tuple[str, ...], letter: Letter) -> None:
        """Put a letter into each of the mailboxes."""
        for name in names:
            self.letters[name] = (*self.letters.get(name, ()), letter)

    def octets(self, name: str) -> tuple[bytes, ...]:
        """The letters of a mailbox as they are stored: return path, time stamp, content (RFC 2821 section 4.4)."""
        return tuple(letter.delivered(self.domain) for letter in self.letters.get(name, ()))

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


class Discard:
    """Takes every letter and keeps none."""

    blocks = False

    def deliver(self, names: tuple[str, ...], letter: Letter) -> None:
        """Throw the letter away."""
