"""A lab: a bench with a ready-made host, its mailboxes in memory, and the annotator in front of whoever looks."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from esmtp_lab.bench import Bench, Crossing, Fault, Host, Hosts, Posted
from esmtp_lab.bench.hosts import Run
from esmtp_lab.export.exchange import Exchange
from esmtp_lab.extensions import beside
from esmtp_lab.lab.parts import client_dialect, installed, plugged, server_dialect, usable
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.era import DEFAULT_ERA
from esmtp_lab.protocol.event import Event, lines
from esmtp_lab.protocol.extension import Extension
from esmtp_lab.protocol.policy import Policy, find_policy, with_extensions
from esmtp_lab.tutor.letter import ready_letter

if TYPE_CHECKING:
    from esmtp_lab.lab.client import Client
    from esmtp_lab.rules.detector import Told


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
    by its name, and `expected` which code was said to come next, with the count of lines before it. `watchers` are told
    of each change, and `guard` is held while one is made, for who has threads. Raises DataError.
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
        self.watchers: list[Callable[[], object]] = []
        self.guard: AbstractContextManager[object] = nullcontext()
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
            more = usable(plug, beside(extensions))
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

    @property
    def client(self) -> "Client":
        """The client's end, which can deliver a letter by itself."""
        from esmtp_lab.lab.client import Client  # it reads letters, and before the first prompt there is none

        return Client(self)

    def send(self, line: str | bytes) -> Exchange:
        """The client sends a line; CRLF is added. What crossed the wire because of it."""
        return self.raw(octets_of(line))

    def raw(self, octets: bytes) -> Exchange:
        """The client sends octets as they stand."""
        return self._change(lambda: self.bench.send(octets))

    def say(self, line: str | bytes) -> Exchange:
        """The server, played by hand, says a reply line; CRLF is added."""
        return self.utter(octets_of(line))

    def utter(self, octets: bytes) -> Exchange:
        """The server, played by hand, says octets as they stand."""
        return self._change(lambda: self.bench.say(octets))

    def deliver(self, delivery: Delivery) -> Exchange:
        """Let the client deliver a letter by itself."""
        return self._change(lambda: self.bench.deliver(delivery))

    def predict(self, line: str | bytes) -> list[Crossing]:
        """What sending a line would bring; nothing changes."""
        return self.bench.predict(octets_of(line))

    def undo(self) -> Exchange:
        """Take the last step back. Raises CannotUndo."""
        return self._change(lambda: self.bench.undo())

    def redo(self) -> Exchange:
        """Take the step again. Raises CannotUndo."""
        return self._change(lambda: self.bench.redo())

    def _change(self, act: Callable[[], list[Crossing]]) -> Exchange:
        """Do something on the bench, one thing at a time, and tell who watches."""
        with self.guard:
            self.bench.now = self._clock()
            crossings = act()
        for told in tuple(self.watchers):
            told()
        return self.exchange(crossings)

    def exchange(self, crossings: Iterable[Crossing]) -> Exchange:
        """Crossings in a form to be read: a transcript where it is printed, a page in a notebook."""
        return Exchange(crossings, self.annotate)

    def explain(self, crossing: Crossing) -> Event:
        """What crossed, as its hearer saw it, with the rules of the server's era that are at work."""
        return self.annotate(crossing.event)

    def lines(self, crossing: Crossing) -> Iterator[Event]:
        """A crossing as annotated events: content line by line and its lone dot, everything else as itself."""
        return map(self.annotate, lines(crossing.event))

    def transcript(self, crossings: Iterable[Crossing]) -> str:
        """What crossed, as an annotated transcript."""
        return str(self.exchange(crossings))

    def annotate(self, event: Event) -> Event:
        """An event with the rules of the server's era that are at work."""
        # The rules are loaded, and the rule book read, when someone first asks, which is after the first prompt.
        from esmtp_lab.rules.annotator import annotator

        return annotator(self.era)(event)

    def octets(self, mailbox: str) -> tuple[bytes, ...]:
        """The letters of a mailbox as they are stored; ``me@me.example`` is one of another host."""
        name, _, domain = mailbox.rpartition("@")
        boxes = (box for box in self.boxes.values() if name and box.domain == domain)
        return tuple(each for box in boxes for each in box.octets(name)) if name else self.mailboxes.octets(mailbox)

    @property
    def counts(self) -> dict[str, int]:
        """How many letters each mailbox of the host has."""
        letters = self.mailboxes.letters
        return {name: len(letters.get(name, ())) for name in (*self.policy.mailboxes, *letters)}

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

    def misconceptions(self) -> "Iterator[tuple[Event, Told]]":
        """The misconceptions that this session shows so far, each with its line; what was undone shows none."""
        from esmtp_lab.rules.detector import Watch

        watch = Watch(self.era)
        for crossing in self.crossings():
            for event in lines(crossing.event) if not crossing.lost else ():
                yield from ((event, told) for told in watch.hear(event))

    def crossings(self) -> Exchange:
        """Every line that crossed the wire and was not undone."""
        return self.exchange(crossing for crossing, undone in self.bench.crossings() if not undone)

    def __repr__(self) -> str:
        client, server = self.bench.client.position.state, self.bench.server.position.state
        return f"<Lab at {self.policy.domain}, era {self.era}: client {client}, server {server}>"

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        """The forms that a notebook chooses from: what each side holds, and the last lines that crossed."""
        from esmtp_lab.export.page import lab_page  # with the highlighter: never before the first prompt

        return {"text/plain": repr(self), "text/html": lab_page(self.bench, self.counts, self.annotate)}


def octets_of(line: str | bytes) -> bytes:
    """A typed line as it goes onto the wire: its octets and CRLF."""
    return (line.encode("utf-8", "surrogateescape") if isinstance(line, str) else line) + b"\r\n"
