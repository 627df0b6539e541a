"""The lab: the one place where the parts are put together.

A `Lab` is a bench with a ready-made host, its mailboxes in memory, and the annotator in front of
whoever looks.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path as FilePath

from esmtp_lab.bench import Bench, Crossing, Fault, Host, Hosts, Posted
from esmtp_lab.bench.hosts import Run
from esmtp_lab.errors import DataError
from esmtp_lab.export.transcript import annotated, never_arrived
from esmtp_lab.extensions import beside
from esmtp_lab.extensions.hosting import check_host
from esmtp_lab.mailbox.maildir import Maildir
from esmtp_lab.mailbox.memory import Discard, MemoryMailboxes
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.dialect import Dialect, choose, dialect_of
from esmtp_lab.protocol.era import DEFAULT_ERA, find_era
from esmtp_lab.protocol.event import Event, lines
from esmtp_lab.protocol.extension import Extension
from esmtp_lab.protocol.policy import Policy, find_policy, with_extensions
from esmtp_lab.rules.annotator import annotator
from esmtp_lab.rules.detector import Told, Watch
from esmtp_lab.tutor.attempt import Attempt
from esmtp_lab.tutor.lesson import find_lesson
from esmtp_lab.tutor.letter import ready_letter
from esmtp_lab.tutor.setting import Setting


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


ME = Policy("me", "the learner's own host", "me.example", mailboxes={"me": "Me"})
"""The host at the client's end, which serves after TURN."""


class Lab:
    """One host and one client on a bench.

    `policy` names a ready-made policy or a file, `era` is the server's and `client_era` the client's; without an era it
    is that of the policy, or the default. With ``role="server"`` the server is played by hand. The clock is asked once
    for each step, and not by the engine. Both ends know the `extensions` of one's own, each a value or the name of a
    definition file; the host offers those that it has agreed on, and `agreements` are hosts with keywords: without them
    this host agrees to all.
    `faults` befall the channel, whose round trip takes `latency` seconds. With `turns` the learner serves after TURN,
    and the other end delivers `letter`. Letters for `neighbours` go on to them. `boxes` are the mailboxes of each host
    by its name, and `expected` which code was said to come next, with the count of lines before it. Raises DataError.
    """

    kind: type[Bench] = Bench

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
        faults: tuple[Fault, ...] = (),
        latency: float = 0.0,
        turns: bool = False,
        letter: Delivery | None = None,
        neighbours: tuple[Policy, ...] = (),
        boxes: dict[str, MemoryMailboxes] | None = None,
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
        self.neighbours = neighbours
        self.boxes = {} if boxes is None else boxes
        self.expected: list[tuple[int, str]] = []
        self._clock = clock
        self._letter = letter
        self._own = installed(self.policy, self.extensions)
        client = client_dialect(client_era, self._own)
        self.mailboxes = self._boxes_of(self.policy)
        host = self._host(self.policy)
        if neighbours:
            around = [host, *(self._host(each) for each in neighbours if each.domain != self.policy.domain)]
            posted = Posted(Hosts(around, client, now=clock()), self.policy.domain)
            host = Host(self.policy, host.dialect, posted)
        self.bench = self.kind(
            host,
            client,
            by_hand=role == "server",
            now=clock(),
            latency=latency,
            faults=faults,
            caller=self._host(ME) if turns or (letter is not None and letter.turns) else None,
            caller_by_hand=turns,
            awaits_turn=(letter or ready_letter(ME)) if turns else None,
        )
        self.bench.start()
        if letter is not None and role == "server":
            self.bench.deliver(letter)

    @property
    def role(self) -> str:
        """The side that the learner plays now; TURN changes it."""
        return "server" if self.bench.server.by_hand else "client"

    def _boxes_of(self, policy: Policy) -> MemoryMailboxes:
        return self.boxes.setdefault(policy.name, MemoryMailboxes(policy.domain))

    def _host(self, policy: Policy) -> Host:
        return Host(policy, server_dialect(policy, self.era, self._own), self._boxes_of(policy))

    def anew(self, *, era: str = "", policy: str | Policy = "", role: str = "", plug: str | Extension = "") -> "Lab":
        """A lab with a new session: the same but for what is said. Letters stay where they are.

        What is plugged in takes the place of what had its keyword, and the host agrees to it. Raises DataError.
        """
        host = find_policy(policy) if isinstance(policy, str) and policy else policy or self.policy
        extensions, agreements = self.extensions, self.agreements
        if plug:
            others = beside(extensions)
            more = _held(plug, others) if isinstance(plug, Extension) else _named(plug, others)
            extensions = (*(each for each in extensions if each.ehlo_keyword != more.ehlo_keyword), more)
            agreements |= {(host.name, more.ehlo_keyword)}
        role = role or ("server" if self.bench.by_hand else "client")
        return Lab(
            era or (policy and host.era) or self.era,
            client_era=self.client_era,
            policy=host,
            role=role,
            clock=self._clock,
            extensions=extensions,
            agreements=agreements,
            neighbours=self.neighbours,
            boxes=self.boxes,
            latency=self.bench.latency,
            turns=self.bench.caller_by_hand,
            letter=self._letter or (ready_letter(host) if role == "server" else None),
        )

    def apart(self) -> "Lab":
        """A lab of the same kind for free play: what happens there is known to nobody here."""
        return Lab(
            self.era,
            client_era=self.client_era,
            policy=self.policy,
            role=self.role,
            clock=self._clock,
            extensions=self.extensions,
            agreements=self.agreements,
        )

    def copy(self) -> "Lab":
        """A lab with a new session for a client, and copies of the letters; nobody here knows what comes there."""
        return Lab(
            self.era,
            client_era=self.client_era,
            policy=self.policy,
            clock=self._clock,
            extensions=self.extensions,
            agreements=self.agreements,
            neighbours=self.neighbours,
            boxes={name: box.fork() for name, box in self.boxes.items()},
            latency=self.bench.latency,
        )

    def send(self, line: str | bytes) -> list[Crossing]:
        """The client sends a line; CRLF is added. What crossed the wire because of it."""
        return self.raw(octets_of(line))

    def raw(self, octets: bytes) -> list[Crossing]:
        """The client sends octets as they stand."""
        self.bench.now = self._clock()
        return self.bench.send(octets)

    def say(self, line: str | bytes) -> list[Crossing]:
        """The server, played by hand, says a reply line; CRLF is added."""
        return self.utter(octets_of(line))

    def utter(self, octets: bytes) -> list[Crossing]:
        """The server, played by hand, says octets as they stand."""
        self.bench.now = self._clock()
        return self.bench.say(octets)

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
        return "\n".join(line for each in crossings for line in self.transcribed(each))

    def transcribed(self, crossing: Crossing) -> Iterator[str]:
        """What crossed at once, as lines of an annotated transcript; a reply that never arrived is a remark there."""
        if crossing.lost:
            return iter((never_arrived(crossing.event),))
        return annotated((crossing,), self.lines)

    def annotate(self, event: Event) -> Event:
        """An event with the rules of the server's era that are at work."""
        # The rule book is read when someone first asks, which is after the first prompt.
        return annotator(self.era)(event)

    def octets(self, mailbox: str) -> tuple[bytes, ...]:
        """The letters of a mailbox as they are stored; ``me@me.example`` is one of another host."""
        name, _, domain = mailbox.rpartition("@")
        boxes = (box for box in self.boxes.values() if name and box.domain == domain)
        return tuple(each for box in boxes for each in box.octets(name)) if name else self.mailboxes.octets(mailbox)

    @property
    def names(self) -> tuple[str, ...]:
        """The mailboxes of the host, and those in which letters are; those of other hosts with their domain."""
        here = [*self.policy.mailboxes, *self.mailboxes.letters]
        others = (box for box in self.boxes.values() if box is not self.mailboxes)
        away = (f"{name}@{box.domain}" for box in others for name, letters in box.letters.items() if letters)
        return tuple(dict.fromkeys([*here, *away]))

    @property
    def runs(self) -> tuple[Run, ...]:
        """The sessions in which letters went on to neighbours, so far."""
        mailboxes = self.bench.host.mailboxes
        return mailboxes.runs if isinstance(mailboxes, Posted) else ()

    def misconceptions(self) -> Iterator[tuple[Event, Told]]:
        """The misconceptions that this session shows so far, each with its line; what was undone shows none."""
        watch = Watch(self.era)
        for crossing in self.crossings():
            for event in lines(crossing.event) if not crossing.lost else ():
                yield from ((event, told) for told in watch.hear(event))

    def crossings(self) -> Iterator[Crossing]:
        """Every line that crossed the wire and was not undone."""
        return (crossing for crossing, undone in self.bench.crossings() if not undone)


def lab_in(setting: Setting, clock: Callable[[], float] = time.time) -> Lab:
    """A fresh lab in the setting of a task; the embedded client begins, where the learner is the server."""
    return Lab(
        setting.era,
        client_era=setting.client_era,
        policy=setting.host,
        role=setting.role,
        clock=clock,
        faults=setting.faults,
        latency=setting.latency,
        turns=setting.turns,
        letter=setting.letter or (ready_letter(setting.host) if setting.role == "server" else None),
        neighbours=setting.neighbours,
    )


def begin(name: str, folder: FilePath | None = None) -> Attempt:
    """An attempt at a lesson, by its number or name. Raises DataError."""
    return Attempt(find_lesson(name, folder), lab_in)


def lab_of(attempt: Attempt) -> Lab:
    """The lab that an attempt is at, which `lab_in` opened."""
    lab = attempt.scene.desk
    assert isinstance(lab, Lab)
    return lab


def octets_of(line: str | bytes) -> bytes:
    """A typed line as it goes onto the wire: its octets and CRLF."""
    return (line.encode("utf-8", "surrogateescape") if isinstance(line, str) else line) + b"\r\n"
