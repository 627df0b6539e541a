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
from esmtp_lab.extensions import beside
from esmtp_lab.extensions.hosting import check_host
from esmtp_lab.mailbox.maildir import Maildir
from esmtp_lab.mailbox.memory import Discard, MemoryMailboxes
from esmtp_lab.protocol.client import Delivery
from esmtp_lab.protocol.dialect import Dialect, choose, dialect_of
from esmtp_lab.protocol.era import DEFAULT_ERA, find_era
from esmtp_lab.protocol.event import Event, lines
from esmtp_lab.protocol.extension import Extension
from esmtp_lab.protocol.policy import Policy, find_policy, with_extensions
from esmtp_lab.rules.annotator import annotator
from esmtp_lab.rules.detector import Told, Watch


def server_dialect(policy: Policy, era: str, own: Iterable[Extension] = ()) -> Dialect:
    """What a host with this policy speaks in an era; it may offer extensions of one's `own`. Raises DataError."""
    known = beside(own)
    extensions = choose(policy.extensions, known, policy.name)
    check_host(policy, extensions)
    counting = [each.ehlo_keyword for each in extensions for form in each.forms if form.octets]
    if policy.lenient and counting:
        what = f"mends line ends and so cannot count octets. Take {' and '.join(counting)} out, or lenient"
        raise DataError(policy.name, what)
    return dialect_of(find_era(era), extensions, known)


def client_dialect(era: str = DEFAULT_ERA, own: Iterable[Extension] = ()) -> Dialect:
    """What our client speaks: everything that the lab implements, and extensions of one's `own`. Raises DataError."""
    return dialect_of(find_era(era), beside(own))


def plugged(extensions: Iterable[Extension | str | FilePath]) -> tuple[Extension, ...]:
    """Extensions of one's own, each as it is, or by the name of its definition file or of one that is installed.

    Raises DataError for one that cannot be used.
    """
    found: tuple[Extension, ...] = ()
    for each in extensions:
        others = beside(found)
        found += (_held(each, others) if isinstance(each, Extension) else _named(str(each), others),)
    return found


def installed(policy: Policy, own: tuple[Extension, ...] = ()) -> tuple[Extension, ...]:
    """One's own extensions, and those that a host names and third parties have. Raises DataError."""
    there = {each.ehlo_keyword for each in beside(own)}
    return (*own, *(found for keyword in policy.extensions if keyword not in there for found in _sought(keyword)))


# Distributions, and the registry against which the standards' form is held, are looked into where an extension of one's
# own is wanted, and never before the first prompt of a lab without one.


def _held(extension: Extension, others: tuple[Extension, ...]) -> Extension:
    from esmtp_lab.extensions.loading import held

    return held(extension, others)


def _named(name: str, others: tuple[Extension, ...]) -> Extension:
    from esmtp_lab.extensions.installed import named

    return named(name, others)


def _sought(keyword: str) -> Iterator[Extension]:
    from esmtp_lab.extensions.installed import find

    found = find(keyword)
    if found is not None:
        yield found


def mailboxes_at(where: str, domain: str) -> MemoryMailboxes | Discard | Maildir:
    """Mailboxes by the word that names them: "memory", "discard", or a folder for Maildir."""
    if where == "memory":
        return MemoryMailboxes(domain)
    return Discard() if where == "discard" else Maildir(FilePath(where), domain)


class Lab:
    """One host and one client on a bench.

    `policy` names a ready-made policy or a file, `era` is the server's and `client_era` the client's; without an era it
    is that of the policy, or the default. With ``role="server"`` the server is played by hand. The clock is asked once
    for each step, and not by the engine. Both ends know the `extensions` of one's own, each a value or the name of a
    definition file; the host offers those that it has agreed on, and `agreements` are hosts with keywords: without them
    this host agrees to all. Raises DataError.
    """

    def __init__(
        self,
        era: str | None = None,
        *,
        client_era: str = DEFAULT_ERA,
        policy: str | Policy = "lab",
        role: str = "client",
        clock: Callable[[], float] = time.time,
        extensions: Iterable[Extension | str | FilePath] = (),
        agreements: frozenset[tuple[str, str]] | None = None,
    ) -> None:
        host_policy = find_policy(policy) if isinstance(policy, str) else policy
        self.extensions = plugged(extensions)
        if agreements is None:
            agreements = frozenset((host_policy.name, each.ehlo_keyword) for each in self.extensions)
        self.agreements = agreements
        agreed = (each.ehlo_keyword for each in self.extensions if (host_policy.name, each.ehlo_keyword) in agreements)
        self.policy = with_extensions(host_policy, agreed)
        self.era = era or self.policy.era or DEFAULT_ERA
        self.client_era = client_era
        self.role = role
        self._clock = clock
        self.mailboxes = MemoryMailboxes(self.policy.domain)
        own = installed(self.policy, self.extensions)
        host = Host(self.policy, server_dialect(self.policy, self.era, own), self.mailboxes)
        self.bench = Bench(host, client_dialect(client_era, own), by_hand=role == "server", now=clock())
        self.bench.start()

    def anew(self, *, era: str = "", policy: str = "", role: str = "", plug: str | Extension = "") -> "Lab":
        """Another session of the pair, with some of it changed; it has the letters where the host is the same.

        What is plugged in takes the place of what had its keyword, and the host agrees to it. Raises DataError.
        """
        host = find_policy(policy) if policy else self.policy
        extensions, agreements = self.extensions, self.agreements
        if plug:
            others = beside(extensions)
            more = _held(plug, others) if isinstance(plug, Extension) else _named(plug, others)
            extensions = (*(each for each in extensions if each.ehlo_keyword != more.ehlo_keyword), more)
            agreements |= {(host.name, more.ehlo_keyword)}
        lab = Lab(
            era or (policy and host.era) or self.era,
            client_era=self.client_era,
            policy=host,
            role=role or self.role,
            clock=self._clock,
            extensions=extensions,
            agreements=agreements,
        )
        if lab.policy == self.policy or plug:
            lab.mailboxes.load(self.mailboxes.save())
        return lab

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
