"""A bench: a channel with a history. Every step can be taken back, and half a command tried on a copy."""

from collections.abc import Callable, Iterator
from typing import Any

from esmtp_lab.bench.channel import Channel, Crossing
from esmtp_lab.errors import CannotUndo
from esmtp_lab.protocol.delivery import Delivery


class Bench(Channel):
    """One host with a client beside it; takes what `Channel` takes.

    `struck` holds the places in the log that were undone. With `by_hand` the learner speaks for the server, and
    `delivery` says what the client does by itself.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.struck: set[int] = set()
        self._past: list[tuple[Any, int]] = []
        self._future: list[tuple[tuple[Any, int], tuple[Any, int], list[int]]] = []

    # Playing -------------------------------------------------------------------------------------

    def start(self) -> list[Crossing]:
        """Open the channel: the server greets, unless it is played by hand."""
        begin = len(self.log)
        self.open()
        self.run()
        return self.log[begin:]

    def send(self, octets: bytes) -> list[Crossing]:
        """The client sends octets as they stand; what crossed the wire because of that."""
        return self._act(lambda: self.client_says(octets))

    def put(self, octets: bytes) -> list[Crossing]:
        """The client says octets, and nothing crosses before `step`; `send` does all at once."""
        return self._act(lambda: self.client_says(octets), run=False)

    def step(self) -> list[Crossing]:
        """Let what is on its way cross, each way once, and nothing more; empty where nothing was."""
        return self._act(self.carry, run=False)

    def say(self, octets: bytes) -> list[Crossing]:
        """The server, played by hand, says octets as they stand."""
        return self._act(lambda: self.server_says(octets))

    def deliver(self, delivery: Delivery) -> list[Crossing]:
        """Let the client deliver a letter by itself, as far as the server's replies let it come.

        Where the server hangs up on EHLO the client opens a new channel and goes on with HELO.
        """
        return self._act(lambda: self.begin(delivery))

    def reconnect(self) -> list[Crossing]:
        """Open a new channel to the same host: both sides begin anew."""
        return self._act(self.open)

    def pass_time(self, seconds: float) -> list[Crossing]:
        """Let time pass; a server that hears nothing for too long says 421."""
        return self._act(lambda: self.wait(seconds))

    def _act(self, action: Callable[[], object], *, run: bool = True) -> list[Crossing]:
        begin = len(self.log)
        self._past.append((self.save(), begin))
        self._future.clear()
        action()
        if run:
            self.run()
        return self.log[begin:]

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
        copy = Bench(
            self.host.fork(),
            self.client_dialect,
            by_hand=self.by_hand,
            now=self.now,
            latency=self.latency,
            caller=self.caller and self.caller.fork(),
            caller_by_hand=self.caller_by_hand,
        )
        copy.load(self.save())
        copy.log, copy.struck = list(self.log), set(self.struck)
        return copy

    @property
    def state(self) -> tuple[Any, ...]:
        """Everything that undo restores, as one value."""
        return self.save()

    # Undo ----------------------------------------------------------------------------------------

    def undo(self) -> list[Crossing]:
        """Take the last step back on both sides; the lines that are undone. Raises CannotUndo."""
        if not self._past:
            raise CannotUndo("there is nothing to undo")
        moment, end = self._past.pop(), (self.save(), len(self.log))
        self.load(moment[0])
        places = [place for place in range(moment[1], end[1]) if place not in self.struck]
        self._future.append((moment, end, places))
        self.struck.update(places)
        return [self.log[place] for place in places]

    def redo(self) -> list[Crossing]:
        """Take an undone step again; the lines that stand again. Raises CannotUndo."""
        if not self._future:
            raise CannotUndo("there is nothing to redo")
        moment, end, places = self._future.pop()
        self._past.append(moment)
        self.load(end[0])
        self.struck.difference_update(places)
        return [self.log[place] for place in places]
