"""The bench: a client and a server side by side, joined by function calls, with undo.

Nothing here waits, sleeps or opens anything: octets go from one side to the other when a method is
called. Either side can be played by hand. Every step can be taken back, and half a command can be
tried on a copy.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

from esmtp_lab.errors import CannotUndo
from esmtp_lab.protocol.client import ClientSession, Delivery
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.policy import Policy
from esmtp_lab.protocol.server import ServerSession, stored
from esmtp_lab.protocol.transaction import Letter


class Mailboxes(Protocol):
    """What a host needs of its mailboxes, so that the bench can take a delivery back."""

    letters: dict[str, tuple[Letter, ...]]

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


class Crossing(NamedTuple):
    """One line that crossed the wire, as each side saw it; None where a side has not seen it (yet)."""

    client: Event | None
    server: Event | None

    @property
    def event(self) -> Event:
        """The event of the side that heard the line, for whoever needs one of the two."""
        first, second = (self.server, self.client) if self.speaker == "client" else (self.client, self.server)
        chosen = first or second
        assert chosen is not None
        return chosen

    @property
    def speaker(self) -> str:
        """The side that said it: client or server."""
        either = self.client or self.server
        return either.speaker if either else ""


class _Moment(NamedTuple):
    """A point that undo can come back to: the state of everything, and how long the log was."""

    client: tuple[Any, ...]
    server: tuple[Any, ...]
    mailboxes: Any
    delivery: Delivery | None
    length: int


class Bench:
    """One host with a client beside it.

    `log` only grows; `struck` holds the places in it that were undone. With `by_hand` the learner speaks for the
    server, and `delivery` says what the client does by itself.
    """

    def __init__(self, host: Host, client_dialect: Dialect, *, by_hand: bool = False, now: float = 0.0) -> None:
        self.host = host
        self.now = now
        self.client = ClientSession(client_dialect)
        self.server = ServerSession(host.dialect, host.policy, by_hand=by_hand)
        self.log: list[Crossing] = []
        self.struck: set[int] = set()
        self.delivery: Delivery | None = None
        self._past: list[_Moment] = []
        self._future: list[tuple[_Moment, _Moment, list[int]]] = []
        self._to_server: list[Event] = []
        self._to_client: list[Event] = []

    # Playing -------------------------------------------------------------------------------------

    def start(self) -> list[Crossing]:
        """Open the channel: the server greets, unless it is played by hand."""
        begin = len(self.log)
        self._to_client += self.server.start(self.now)
        self._run()
        return self.log[begin:]

    def send(self, octets: bytes) -> list[Crossing]:
        """The client sends octets as they stand; what crossed the wire because of that."""
        return self._act(lambda: self._client_says(octets))

    def say(self, octets: bytes) -> list[Crossing]:
        """The server, played by hand, says octets as they stand."""
        return self._act(lambda: self._server_says(octets))

    def deliver(self, delivery: Delivery) -> list[Crossing]:
        """Let the client deliver a letter by itself, as far as the server's replies let it come.

        Where the server hangs up on EHLO the client opens a new channel and goes on with HELO.
        """
        return self._act(lambda: self._begin(delivery))

    def reconnect(self) -> list[Crossing]:
        """Open a new channel to the same host: both sides begin anew."""
        return self._act(self._open)

    def _open(self) -> None:
        fresh = Bench(self.host, self.client.dialect, by_hand=self.server.by_hand)
        self.client.load(fresh.client.save())
        self.server.load(fresh.server.save())
        self._to_client += self.server.start(self.now)

    def _act(self, action: Any) -> list[Crossing]:
        begin = len(self.log)
        self._past.append(self._moment())
        self._future.clear()
        action()
        self._run()
        return self.log[begin:]

    def _begin(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self._go_on()

    def _client_says(self, octets: bytes) -> None:
        self._to_server += self.client.send(octets, self.now)

    def _server_says(self, octets: bytes) -> None:
        self._to_client += self.server.say(octets, self.now)
        letter = self.server.hand_over() if self.server.by_hand else None
        if letter is not None:
            self.host.mailboxes.deliver(self.server.mailboxes_of(letter), letter)

    def _run(self) -> None:
        """Carry octets across until both sides wait."""
        while True:
            to_server, to_client = self.client.take(), self.server.take()
            if not to_server and not to_client:
                self._hang_up()
                if not self._go_on():
                    break
                continue
            if to_server:
                self._receive(to_server)
            if to_client:
                heard = self.client.receive(to_client, self.now)
                self._pair(self._to_client, heard)
        # What nobody heard was said into a closed channel.
        self.log += [Crossing(event, None) for event in self._to_server]
        self.log += [Crossing(None, event) for event in self._to_client]
        self._to_server.clear()
        self._to_client.clear()

    def _hang_up(self) -> None:
        """Where the server has closed the channel without a word, the client finds it closed."""
        if self._to_client and self._to_client[0].kind == "moment":
            self.log.append(Crossing(self.client.closed("server", self.now), self._to_client.pop(0)))

    def _receive(self, octets: bytes) -> None:
        events = self.server.receive(octets, self.now)
        while self.server.letter is not None:
            letter = self.server.letter
            names = self.server.mailboxes_of(letter)
            self.host.mailboxes.deliver(names, letter)
            events += self.server.settle(stored(letter, names), self.now)
        self._pair(self._to_server, [event for event in events if event.speaker == "client"], heard_by_server=True)
        self._to_client += [event for event in events if event.speaker == "server"]

    def _pair(self, sent: list[Event], heard: list[Event], *, heard_by_server: bool = False) -> None:
        """Both sides frame the same octets, so the n-th line heard is the n-th line sent."""
        for event in heard:
            other = sent.pop(0)
            if other.in_flight:  # only who said it knows what was still unanswered
                event = replace(event, in_flight=other.in_flight)
            self.log.append(Crossing(other, event) if heard_by_server else Crossing(event, other))

    def _go_on(self) -> bool:
        """Let the client's own plan say what it sends next; whether it sent anything."""
        if self.delivery is None or self.client.waiting:
            return False
        again = self.delivery.again(self.client)
        if again is not None:
            self.delivery = again
            self._open()
            return True
        octets, after = self.delivery.next(self.client)
        self.delivery = after
        if octets:
            self._client_says(octets)
        return bool(octets)

    # Looking -------------------------------------------------------------------------------------

    def crossings(self) -> Iterator[tuple[Crossing, bool]]:
        """Every line of the log, with whether it was undone."""
        for place, crossing in enumerate(self.log):
            yield crossing, place in self.struck

    def predict(self, octets: bytes) -> list[Crossing]:
        """What would cross the wire if the client sent this now; nothing changes."""
        return self.fork().send(octets)

    def fork(self) -> "Bench":
        """A copy that goes its own way."""
        host = replace(self.host, mailboxes=self.host.mailboxes.fork())
        copy = Bench(host, self.client.dialect, now=self.now)
        copy._restore(self._moment())
        copy.log, copy.struck = list(self.log), set(self.struck)
        return copy

    @property
    def state(self) -> tuple[Any, ...]:
        """Everything that undo restores, as one value."""
        return self._moment()[:4]

    # Undo ----------------------------------------------------------------------------------------

    def _moment(self) -> _Moment:
        mailboxes = self.host.mailboxes.save()
        return _Moment(self.client.save(), self.server.save(), mailboxes, self.delivery, len(self.log))

    def _restore(self, moment: _Moment) -> None:
        self.client.load(moment.client)
        self.server.load(moment.server)
        self.host.mailboxes.load(moment.mailboxes)
        self.delivery = moment.delivery
        self._to_server.clear()
        self._to_client.clear()

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._past)

    def undo(self) -> list[Crossing]:
        """Take the last step back on both sides; the lines that are undone. Raises CannotUndo."""
        if not self._past:
            raise CannotUndo("there is nothing to undo")
        moment, end = self._past.pop(), self._moment()
        self._restore(moment)
        places = [place for place in range(moment.length, end.length) if place not in self.struck]
        self._future.append((moment, end, places))
        self.struck.update(places)
        return [self.log[place] for place in places]

    def redo(self) -> list[Crossing]:
        """Take an undone step again; the lines that stand again. Raises CannotUndo."""
        if not self._future:
            raise CannotUndo("there is nothing to redo")
        moment, end, places = self._future.pop()
        self._past.append(moment)
        self._restore(end)
        self.struck.difference_update(places)
        return [self.log[place] for place in places]
