"""The lab: the one place where the parts are put together.

A `Lab` is a bench with a ready-made host, its mailboxes in memory, and the annotator in front of
whoever looks.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path as FilePath

from esmtp_lab.bench import Bench, Crossing, Host
from esmtp_lab.errors import DataError
from esmtp_lab.export.transcript import annotated
from esmtp_lab.extensions import SHIPPED
from esmtp_lab.mailbox.maildir import Maildir
from esmtp_lab.mailbox.memory import Discard, MemoryMailboxes
from esmtp_lab.protocol.client import Delivery
from esmtp_lab.protocol.dialect import Dialect, choose, dialect_of
from esmtp_lab.protocol.era import DEFAULT_ERA, find_era
from esmtp_lab.protocol.event import Event, lines
from esmtp_lab.protocol.policy import Policy, find_policy
from esmtp_lab.rules.annotator import annotator
from esmtp_lab.rules.detector import Told, Watch


def server_dialect(policy: Policy, era: str) -> Dialect:
    """What a host with this policy speaks in an era. Raises DataError."""
    extensions = choose(policy.extensions, SHIPPED, policy.name)
    counting = [each.ehlo_keyword for each in extensions for form in each.forms if form.octets]
    if policy.lenient and counting:
        what = f"mends line ends and so cannot count octets. Take {' and '.join(counting)} out, or lenient"
        raise DataError(policy.name, what)
    return dialect_of(find_era(era), extensions, SHIPPED)


def client_dialect(era: str = DEFAULT_ERA) -> Dialect:
    """What our client speaks: everything that the lab implements. Raises DataError."""
    return dialect_of(find_era(era), SHIPPED)


def mailboxes_at(where: str, domain: str) -> MemoryMailboxes | Discard | Maildir:
    """Mailboxes by the word that names them: "memory", "discard", or a folder for Maildir."""
    if where == "memory":
        return MemoryMailboxes(domain)
    return Discard() if where == "discard" else Maildir(FilePath(where), domain)


class Lab:
    """One host and one client on a bench.

    `policy` names a ready-made policy or a file, `era` is the server's and `client_era` the client's. With
    ``role="server"`` the server is played by hand. The clock is asked once for each step, and not by the engine.
    """

    def __init__(
        self,
        era: str = DEFAULT_ERA,
        *,
        client_era: str = DEFAULT_ERA,
        policy: str | Policy = "lab",
        role: str = "client",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.policy = find_policy(policy) if isinstance(policy, str) else policy
        self.era = era
        self.client_era = client_era
        self.role = role
        self._clock = clock
        self.mailboxes = MemoryMailboxes(self.policy.domain)
        host = Host(self.policy, server_dialect(self.policy, era), self.mailboxes)
        self.bench = Bench(host, client_dialect(client_era), by_hand=role == "server", now=clock())
        self.bench.start()

    def send(self, line: str | bytes) -> list[Crossing]:
        """The client sends a line; CRLF is added. What crossed the wire because of it."""
        return self.raw(octets_of(line))

    def raw(self, octets: bytes) -> list[Crossing]:
        """The client sends octets as they stand."""
        self.bench.now = self._clock()
        return self.bench.send(octets)

    def say(self, line: str | bytes) -> list[Crossing]:
        """The server, played by hand, says a reply line; CRLF is added."""
        self.bench.now = self._clock()
        return self.bench.say(octets_of(line))

    def deliver(self, delivery: Delivery) -> list[Crossing]:
        """Let the client deliver a letter by itself."""
        self.bench.now = self._clock()
        return self.bench.deliver(delivery)

    def predict(self, line: str | bytes) -> list[Crossing]:
        """What sending a line would bring; nothing changes."""
        return self.bench.predict(octets_of(line))

    def undo(self) -> list[Crossing]:
        """Take the last step back. Raises CannotUndo."""
        return self.bench.undo()

    def redo(self) -> list[Crossing]:
        """Take the step again. Raises CannotUndo."""
        return self.bench.redo()

    def explain(self, crossing: Crossing) -> Event:
        """What crossed, as its hearer saw it, with the rules of the server's era that are at work."""
        return self.annotate(crossing.event)

    def lines(self, crossing: Crossing) -> Iterator[Event]:
        """A crossing as annotated events: content line by line and its lone dot, everything else as itself."""
        return map(self.annotate, lines(crossing.event))

    def transcript(self, crossings: Iterable[Crossing]) -> str:
        """What crossed, as an annotated transcript."""
        return "\n".join(annotated(crossings, self.lines))

    def annotate(self, event: Event) -> Event:
        """An event with the rules of the server's era that are at work."""
        # The rule book is read when someone first asks, which is after the first prompt.
        return annotator(self.era)(event)

    def misconceptions(self) -> Iterator[tuple[Event, Told]]:
        """The misconceptions that this session shows so far, each with its line; what was undone shows none."""
        watch = Watch(self.era)
        for crossing in self.crossings():
            for event in lines(crossing.event):
                yield from ((event, told) for told in watch.hear(event))

    def crossings(self) -> Iterator[Crossing]:
        """Every line that crossed the wire and was not undone."""
        return (crossing for crossing, undone in self.bench.crossings() if not undone)


def octets_of(line: str | bytes) -> bytes:
    """A typed line as it goes onto the wire: its octets and CRLF."""
    return (line.encode("utf-8", "surrogateescape") if isinstance(line, str) else line) + b"\r\n"
