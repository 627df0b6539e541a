"""Listening for a client of others: the embedded server serves it, or the learner does; a following client looks on."""

from dataclasses import replace
from importlib.util import find_spec
from time import monotonic
from typing import TYPE_CHECKING

from esmtp_lab.bench import Crossing
from esmtp_lab.errors import EsmtpLabError
from esmtp_lab.export.exchange import Exchange
from esmtp_lab.lab import Lab
from esmtp_lab.net.line import Line, Port
from esmtp_lab.net.tls import made_for
from esmtp_lab.protocol.extension import Extension
from esmtp_lab.protocol.policy import Policy
from esmtp_lab.protocol.server import ServerSession
from esmtp_lab.shell.live import Live

if TYPE_CHECKING:
    from ssl import SSLContext

IDLE = 300.0
"""Seconds that a client may say nothing (RFC 2821 section 4.5.3.2)."""
ERRORS = 20
"""Refusals in a session without a letter between them."""
SHOWN = 65_536
"""Octets of one content that are shown."""
BLOCKS = 32
"""Blocks of octets that are taken in between two looks at the keyboard."""

_SPEAKS = "the client speaks, and the embedded server answers it; /role server lets you answer, /listen off ends"


class Listening(Live):
    """A port on loopback where one client after the other is served; `waits` is whether the next is to be watched.

    Raises Unreachable where the port cannot be had.
    """

    ended = "the client is gone; the next may call; /listen waits for it in --plain, /listen off ends"

    def __init__(self, home: Lab, port: int = 0) -> None:
        self.port = Port(port)
        can_protect = find_spec("trustme") is not None
        policy = home.policy if can_protect else replace(home.policy, not_now=(*home.policy.not_now, "STARTTLS"))
        super().__init__(home, policy, role="server" if home.bench.by_hand else "client")
        self.bench.server.most_errors = ERRORS
        self.bench.server.most_content = self.bench.client.most_content = SHOWN
        self.number = self.port.number
        you = "; S: is yours" if self.bench.by_hand else ""
        self.opening = (
            f"waiting for a client on 127.0.0.1 port {self.number}, as {policy.domain} (era {self.era}){you}; "
            "one at a time; /listen off ends"
        )
        self.waits = True
        self._heard_at = 0.0
        self._context: SSLContext | None = None

    @property
    def role(self) -> str:
        """The learner is the server where it is played by hand, and else looks on."""
        return "server" if self.bench.by_hand else "watcher"

    @property
    def due(self) -> bool:
        """Whether a client is to call, or to speak."""
        if self.line is None:
            return self.waits
        return not self.bench.by_hand or not self.bench.server.waiting

    def again(self) -> None:
        """Wait for one client more."""
        self.waits = True

    def anew(self, *, era: str = "", policy: str | Policy = "", role: str = "", plug: str | Extension = "") -> Lab:
        """Listen at the same port with another host, era or role. Raises DataError, and what opening raises."""
        home = self.home.anew(era=era, policy=policy, role="client" if role == "watcher" else role, plug=plug)
        self.close()
        return Listening(home, self.number)

    def close(self) -> None:
        """See `Live.close`; the client hears 421."""
        if self.line is not None and not self.bench.by_hand:
            self.bench.ask_to_leave("shutting-down")
            self._write()
        self.port.close()
        super().close()

    # What the learner says -----------------------------------------------------------------------

    def utter(self, octets: bytes) -> Exchange:
        """The learner answers the client."""
        if not self.bench.by_hand:
            raise EsmtpLabError(_SPEAKS)
        if self.line is None:
            raise EsmtpLabError(f"no client is there: it has to call 127.0.0.1 port {self.number}")
        self.bench.now = self._clock()
        return self.exchange(self.bench.heard("server", octets) + self._after())

    def raw(self, octets: bytes) -> Exchange:
        """Nobody here speaks for the client. Raises EsmtpLabError."""
        raise EsmtpLabError(_SPEAKS)

    # What the client says ------------------------------------------------------------------------

    def look(self, seconds: float) -> list[Crossing]:
        """See `Live.look`; who calls while another is served hears 421."""
        if self.line is None:
            caller = self.port.accept(seconds)
            return [] if caller is None else self._welcome(caller)
        more = self.port.accept()
        if more is not None:
            self._turn_away(more)
        crossings: list[Crossing] = []
        for _ in range(BLOCKS):
            octets = self.line.read(seconds)
            if octets:
                self._heard_at = monotonic()
                crossings += self.bench.heard("client", octets)
            elif not self.bench.by_hand and monotonic() - self._heard_at > IDLE:
                crossings += self.bench.ask_to_leave("timed-out")
            crossings += self._after()
            if self.line is None or not octets:
                return crossings
            seconds = 0.0
        return crossings

    def _welcome(self, caller: Line) -> list[Crossing]:
        self.line, self._heard_at = caller, monotonic()
        self.remark(f"a client has called from {caller.peer}")
        return self.bench.call() + self._after()

    def _turn_away(self, caller: Line) -> None:
        server = ServerSession(self.bench.server.dialect, self.policy)
        server.close("too-many-sessions")
        caller.write(server.take())
        caller.close()
        self.remark("another client called meanwhile, and heard 421")

    def _after(self) -> list[Crossing]:
        """Take to the client what is for it; then the handshake or the end, where it has come to that."""
        assert self.line is not None
        self._write()
        server = self.bench.server.position
        if server.shaking:
            return self._protect()
        if server.closed or server.turned:
            self.waits = False
            return self.hang_up("server", "roles do not change on a real channel here" if server.turned else "")
        if self.line.ended:
            self.waits = False
            return self.hang_up("client", "" if self.line.ended == "it closed the channel" else self.line.ended)
        return []

    def _write(self) -> None:
        octets = self.bench.for_client()
        if octets and self.line is not None:
            self.line.write(octets)

    def _protect(self) -> list[Crossing]:
        """Shake hands for real, with a certificate that the lab makes for this run."""
        assert self.line is not None
        if self._context is None:
            self._context = made_for(["localhost", "127.0.0.1", self.policy.domain]).context
        how = self.line.protect(self._context, server_side=True)
        if not how:
            self.waits = False
            return self.hang_up("server", self.line.ended)
        self.remark("the certificate is one that the lab made for this run; nobody else vouches for it")
        return self.bench.protected(how)
