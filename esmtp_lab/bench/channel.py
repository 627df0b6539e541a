"""A channel: a client side and a server side, and what is on its way between them.

Octets are carried across when `run` is called. On their way they take time and may meet a fault,
both given as values; after TURN the two ends change roles. TLS is a stand-in here: both ends do as after a handshake,
and no octet is encrypted.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from esmtp_lab.bench.host import Host
from esmtp_lab.protocol.client import ClientSession
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.report import on_delivery
from esmtp_lab.protocol.server import ServerSession, stored
from esmtp_lab.protocol.transaction import Letter

FAULTS = {
    "cut": "the channel is lost once so many octets of the client's have crossed",
    "cut-before": "the channel is lost before the reply to an input comes across",
    "cut-after": "the channel is lost after the reply to an input",
    "stall": "the reply to an input never comes across, and the channel stays open",
    "say": "something else comes across instead of the reply to an input",
    "handshake": "the handshake of TLS fails",
}
"""Every kind of fault, in words."""


class Fault(NamedTuple):
    """Something that goes wrong on the channel, once.

    `to` is the input whose reply it befalls (a verb, GREETING, END_OF_DATA, LAST_CHUNK), `octets` where a "cut" comes,
    `say` what is heard instead, in octets with their CRLF.
    """

    kind: str
    to: str = ""
    octets: int = 0
    say: bytes = b""


class Crossing(NamedTuple):
    """One line that crossed the wire, as each side saw it; None where a side has not seen it."""

    client: Event | None
    server: Event | None

    @property
    def event(self) -> Event:
        """The event of the side that heard the line, or else of the one that said it."""
        first, second = (self.server, self.client) if self.speaker == "client" else (self.client, self.server)
        chosen = first or second
        assert chosen is not None
        return chosen

    @property
    def lost(self) -> bool:
        """Whether this is a reply that the server gave and that never came across."""
        return self.client is None and self.server is not None and self.server.kind == "reply"

    @property
    def speaker(self) -> str:
        """The side that said it: client or server."""
        either = self.client or self.server
        return either.speaker if either else ""


class Ends(NamedTuple):
    """The two sides of a channel."""

    client: ClientSession
    server: ServerSession


class Channel:
    """Two ends and the wire between them. `log` only grows.

    `latency` is a round trip in seconds. `caller` is the host at the client's end, which serves after TURN;
    `awaits_turn` is what the other end delivers then. Either server can be played by hand.
    """

    def __init__(
        self,
        host: Host,
        client_dialect: Dialect,
        *,
        by_hand: bool = False,
        now: float = 0.0,
        latency: float = 0.0,
        faults: tuple[Fault, ...] = (),
        caller: Host | None = None,
        caller_by_hand: bool = False,
        awaits_turn: Delivery | None = None,
    ) -> None:
        self.host = host
        self.client_dialect = client_dialect
        self.now = now
        self.latency = latency
        self.faults = faults
        self.caller = caller
        self.awaits_turn = awaits_turn
        self.by_hand = by_hand
        self.caller_by_hand = caller_by_hand
        self.delivery: Delivery | None = None
        self.turned = False
        self.carried = 0
        self.log: list[Crossing] = []
        there = Ends(ClientSession(client_dialect), _serving(host, by_hand))
        self._ends = [there]
        if caller is not None:
            self._ends.append(Ends(ClientSession(client_dialect), _serving(caller, caller_by_hand)))
        # On their way: lines that the client said, that the server heard, and that the server said.
        self._to_server: list[Event] = []
        self._heard: list[Event] = []
        self._to_client: list[Event] = []

    @property
    def client(self) -> ClientSession:
        """The client's end, whichever that is now."""
        return self._ends[self.turned].client

    @property
    def server(self) -> ServerSession:
        """The server's end, whichever that is now."""
        return self._ends[self.turned].server

    @property
    def here(self) -> Host:
        """The host that serves now."""
        return self.caller if self.turned and self.caller is not None else self.host

    # Moments -------------------------------------------------------------------------------------

    def save(self) -> tuple[Any, ...]:
        """A value that `load` comes back to; equal values are equal moments."""
        ends = tuple((end.client.save(), end.server.save()) for end in self._ends)
        hosts = (self.host.save(), self.caller.save() if self.caller else None)
        under_way = (tuple(self._to_server), tuple(self._heard), tuple(self._to_client))
        return ends, hosts, under_way, self.delivery, self.awaits_turn, self.turned, self.faults, self.carried

    def load(self, saved: tuple[Any, ...]) -> None:
        """Come back to a saved moment."""
        ends, hosts, under_way, self.delivery, self.awaits_turn, self.turned, self.faults, self.carried = saved
        for end, (client, server) in zip(self._ends, ends, strict=True):
            end.client.load(client)
            end.server.load(server)
        self.host.load(hosts[0])
        if self.caller is not None:
            self.caller.load(hosts[1])
        self._to_server, self._heard, self._to_client = map(list, under_way)

    # Saying --------------------------------------------------------------------------------------

    def open(self) -> None:
        """Begin anew: both ends as they are before a word was said, and the server greets."""
        self.turned, self.carried = False, 0
        fresh = Channel(
            self.host,
            self.client_dialect,
            by_hand=self.by_hand,
            caller=self.caller,
            caller_by_hand=self.caller_by_hand,
        )
        for end, new in zip(self._ends, fresh._ends, strict=True):
            end.client.load(new.client.save())
            end.server.load(new.server.save())
        self._to_client += self.server.start(self.now)

    def client_says(self, octets: bytes) -> None:
        """The client's end says octets as they stand."""
        self._to_server += self.client.send(octets, self.now)

    def server_says(self, octets: bytes) -> None:
        """The server's end, played by hand, says octets as they stand."""
        self._to_client += self.server.say(octets, self.now)
        letter = self.server.hand_over() if self.server.by_hand else None
        if letter is not None:
            self._keep(letter)
        self._receive(b"")

    def wait(self, seconds: float, idle: float = 300.0) -> None:
        """Let time pass; a server that heard nothing for `idle` seconds says 421 (RFC 2821 section 4.5.3.2)."""
        self.now += seconds
        if seconds >= idle and not self.server.by_hand and not self.server.position.closed:
            self.server_leaves("timed-out")

    def server_leaves(self, situation: str) -> None:
        """The server says 421, for a reason of the reply catalogue."""
        self._to_client += self.server.close(situation, self.now)

    # Carrying ------------------------------------------------------------------------------------

    def carry(self) -> bool:
        """Carry what is on its way across, each way once, or let the client go on; whether there was anything."""
        to_server, to_client = self.client.take(), self.server.take()
        if to_server:
            self.now += self.latency / 2
            self._carry_to_server(to_server)
        if to_client:
            self.now += self.latency / 2
            self._carry_to_client(to_client)
        if to_server or to_client:
            return True
        self._hang_up()
        return self._shake_hands() or self._turn() or self._go_on()

    def run(self) -> None:
        """Carry octets across until both ends wait."""
        while self.carry():
            pass
        self._leave_unheard()

    def _leave_unheard(self) -> None:
        """What nobody heard was said into a closed channel, or forged into one."""
        self.log += [Crossing(event, None) for event in self._to_server]
        self.log += [Crossing(None, event) for event in self._heard + self._to_client]
        for waiting in (self._to_server, self._heard, self._to_client):
            waiting.clear()

    def _carry_to_server(self, octets: bytes) -> None:
        cut = next((fault for fault in self.faults if fault.kind == "cut"), None)
        left = cut.octets - self.carried if cut is not None else len(octets)
        self.carried += len(octets)
        self._receive(octets[:left])
        if cut is not None and left <= len(octets):
            self._strike(cut)
            self.lose()

    def _receive(self, octets: bytes) -> None:
        events = self.server.receive(octets, self.now)
        while self.server.letter is not None and not self.server.by_hand:
            letter = self.server.letter
            events += self.server.settle(stored(letter, self._keep(letter)), self.now)
        for node in self.server.take_started():
            if self.here.queue is not None:
                self.here.queue.start(node)
        for event in events:
            if event.kind == "moment" and not self.server.position.closed:
                self.log.append(Crossing(None, event))
            elif event.speaker == "server":
                self._to_client.append(event)
            else:
                self._heard.append(event)
        self._pair()

    def _keep(self, letter: Letter) -> tuple[str, ...]:
        """Put a letter where it goes, and the reports on that where those go; the names of its mailboxes."""
        names = self.server.mailboxes_of(letter)
        self.here.mailboxes.deliver(names, letter)
        for report in on_delivery(self.here.policy, letter, self.now):
            self.here.mailboxes.deliver(report.mailboxes, report)
        return names

    def _pair(self) -> None:
        """Join what the client said to what the server heard of it: the n-th line is the n-th line.

        What was said behind DATA is known for content only when the reply has come across, so either may wait for the
        other. A lenient server hears lines that no client said.
        """
        while self._to_server and self._heard:
            said, heard = self._to_server.pop(0), self._heard.pop(0)
            if said.in_flight:  # only who said it knows what was still unanswered
                heard = heard._replace(in_flight=said.in_flight)
            self.log.append(Crossing(said, heard))

    def _carry_to_client(self, octets: bytes) -> None:
        befallen = (fault for fault in self.faults if any(self._befalls(fault, each) for each in self._to_client))
        struck = next(befallen, None)
        waiting, self._to_client = self._to_client, []
        if struck is not None:
            self._strike(struck)
            while not self._befalls(struck, waiting[0]):
                self._cross(waiting.pop(0))
            _BEFALL[struck.kind](self, struck, waiting)
            self.log += [Crossing(None, event) for event in waiting]
            return
        whole = sum(len(event.octets) for event in waiting)
        for event in waiting:
            self._cross(event)
        # What a person says need not end with a line.
        self.client.receive(octets[whole:], self.now)

    def _befalls(self, fault: Fault, event: Event) -> bool:
        return fault.to != "" and event.kind == "reply" and event.to == fault.to

    def _cross(self, event: Event) -> None:
        """One line of the server's, or a moment, comes across; it may tell what the client's octets behind it are."""
        if event.kind == "moment":
            self._to_client.append(event)
            return
        if not self.client.waiting:
            # lines that a lenient server made, of which the client knows nothing
            self.log += [Crossing(None, heard) for heard in self._heard]
            self._heard.clear()
        for heard in self.client.receive(event.octets, self.now):
            if self.server.policy.lenient:  # it answers lines as it took them
                heard = heard._replace(to=event.to, asked=event.asked)
            self.log.append(Crossing(heard, event))
        self._to_server += self.client.hear_client(b"", self.now)
        self._pair()

    def _cut_after(self, fault: Fault, waiting: list[Event]) -> None:
        while waiting and self._befalls(fault, waiting[0]):
            self._cross(waiting.pop(0))
        self.lose()

    def _cut_before(self, fault: Fault, waiting: list[Event]) -> None:
        self.lose()

    def _stall(self, fault: Fault, waiting: list[Event]) -> None:
        """Nothing more comes across of this; whoever listens waits."""

    def _say_instead(self, fault: Fault, waiting: list[Event]) -> None:
        for heard in self.client.receive(fault.say, self.now):
            said = waiting.pop(0) if waiting and self._befalls(fault, waiting[0]) else None
            self.log.append(Crossing(heard, said))
        while waiting and self._befalls(fault, waiting[0]):
            self.log.append(Crossing(None, waiting.pop(0)))
        while waiting:
            self._cross(waiting.pop(0))

    def _strike(self, fault: Fault) -> None:
        """A fault comes once."""
        faults = list(self.faults)
        faults.remove(fault)
        self.faults = tuple(faults)

    def lose(self, by: str = "", why: str = "") -> None:
        """The channel is lost, and both ends find it so."""
        self.log.append(Crossing(self.client.closed(by, self.now, why), self.server.closed(by, self.now, why)))

    def _hang_up(self) -> None:
        """Where the server has closed the channel without a word, the client finds it closed."""
        if self._to_client and self._to_client[0].kind == "moment":
            self.log.append(Crossing(self.client.closed("server", self.now), self._to_client.pop(0)))

    # Going on ------------------------------------------------------------------------------------

    def _shake_hands(self) -> bool:
        """Where both ends agreed on TLS, do as after its handshake; where one has not, or by a fault, it fails."""
        client, server = self.client, self.server
        if not (client.position.shaking or (server.position.shaking and server.pending)):
            return False
        fault = next((fault for fault in self.faults if fault.kind == "handshake"), None)
        self._leave_unheard()
        if fault is None and client.position.shaking and server.position.shaking:
            self.now += self.latency  # RFC 8446 section 2: one round trip
            self.protect(_STAND_IN)
            return True
        if fault is not None:
            self._strike(fault)
        if self.delivery is not None:
            self.delivery = self.delivery.unprotected(_FAILED)
        self.lose("client" if client.position.shaking else "server", f"no TLS: {_FAILED}")
        return True

    def protect(self, how: str) -> None:
        """Both ends have shaken hands, and each says what it throws away."""
        here, there = self.client.protect(how, self.now), self.server.protect(how, self.now)
        told = here.octets + there.octets.removeprefix(f"tls {how}".rstrip().encode())
        self.log.append(Crossing(here._replace(octets=told), there._replace(octets=told)))

    def _turn(self) -> bool:
        """Where both ends agreed on TURN, change roles; the new server greets (RFC 821 section 3.8)."""
        agreed = self.client.position.turned and self.server.position.turned
        if self.turned or not agreed or self.caller is None:
            return False
        protected, self.turned, self.delivery = self.client.position.protected, True, self.awaits_turn
        if protected:
            self.client.begin_protected()
            self.server.begin_protected()
        self._to_client += self.server.start(self.now)
        return True

    def _go_on(self) -> bool:
        """Let the client's own plan say what it sends next; whether it said anything."""
        if self.delivery is None or self.client.waiting:
            return False
        again = self.delivery.again(self.client)
        if again is not None:
            self.delivery = again
            self.open()
            return True
        octets, self.delivery = self.delivery.next(self.client)
        if octets:
            self.client_says(octets)
        return bool(octets)

    def begin(self, delivery: Delivery) -> None:
        """Give the client's end a letter to deliver by itself."""
        self.delivery = delivery
        self._go_on()


def _serving(host: Host, by_hand: bool) -> ServerSession:
    """The server's end of a channel to a host."""
    waiting = None if host.queue is None else host.queue.waiting
    return ServerSession(host.dialect, host.policy, by_hand=by_hand, waiting=waiting)


_STAND_IN = "(stand-in): no octet is encrypted on this bench"
_FAILED = "the handshake failed"
_BEFALL: dict[str, Callable[[Channel, Fault, list[Event]], None]] = {
    "cut-before": Channel._cut_before,
    "cut-after": Channel._cut_after,
    "stall": Channel._stall,
    "say": Channel._say_instead,
}
