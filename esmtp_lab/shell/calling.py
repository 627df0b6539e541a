"""Calling a server of others: the learner is the client, and a server played by nobody follows along."""

from esmtp_lab.bench import Crossing, Host
from esmtp_lab.errors import EsmtpLabError, Unreachable
from esmtp_lab.export.exchange import Exchange
from esmtp_lab.lab import Lab, client_dialect
from esmtp_lab.net.address import is_loopback, resolve_now
from esmtp_lab.net.line import Line, connect
from esmtp_lab.net.tls import client_context
from esmtp_lab.protocol.extension import Extension
from esmtp_lab.protocol.policy import Policy
from esmtp_lab.shell.live import MOST, PATIENCE, Live
from esmtp_lab.wire.framing import LINE_BOUND
from esmtp_lab.wire.visible import visible

_SHOWN = 60
_STRANGE = "what the server said is no reply: it has no code of three digits"
_NOT_VERIFIED = "the certificate was not verified: on this machine it is mostly one that nobody vouches for"
_VERIFIED = "the certificate is good: who vouches for it is trusted here, and it is for {}"
_GONE = "no channel is open; /restart calls again, /connect off comes back to the embedded server"


class Calling(Live):
    """A channel to a server. What is typed goes onto it, and what comes from it the following server is told to say.

    Raises Unreachable where nobody answers, and where the address is not loopback, unless `allow_remote`.
    """

    ended = "/restart calls again, /connect off comes back to the embedded server, /quit leaves"

    def __init__(self, home: Lab, host: str, port: int, *, allow_remote: bool = False) -> None:
        addresses = resolve_now(host, allow_remote=allow_remote)
        opened = Line(connect(addresses, port, PATIENCE))
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        super().__init__(home, Policy(host, "a server of others", where, accept="any"), role="server", apart=True)
        self.line = opened
        self.opening = (
            f"a real channel to {where} is open; C: is yours, the server is a program of others "
            f"(its rules: era {self.era}); the prompt waits a little for it, and later lines are shown when "
            "they come; /connect off ends it"
        )
        self._place = (host, port, allow_remote)
        self._pending = b""
        self._unasked = 0
        self._told: set[str] = set()

    @property
    def role(self) -> str:
        """The learner is the client, though a hand moves the server."""
        return "client"

    @property
    def due(self) -> bool:
        """Whether a reply is awaited, from somebody who talks in replies."""
        return self.line is not None and bool(self.bench.client.waiting) and not self.bench.client.nonsense

    def anew(self, *, era: str = "", policy: str | Policy = "", role: str = "", plug: str | Extension = "") -> Lab:
        """Call again; or, where anything is to be otherwise, a lab on the bench. Raises what opening raises."""
        self.close()
        if era or policy or role or plug:
            return self.home.anew(era=era, policy=policy, role=role, plug=plug)
        host, port, allow_remote = self._place
        return Calling(self.home, host, port, allow_remote=allow_remote)

    def _host(self, policy: Policy) -> Host:
        """The server that follows knows every extension that the lab does: what is offered, only the other end says."""
        return Host(policy, client_dialect(self.era, self._own), self._boxes_of(policy))

    def raw(self, octets: bytes) -> Exchange:
        """The client says octets, here and on the channel; what crossed, with what came back in time."""
        if self.line is None:
            raise EsmtpLabError(_GONE)
        self.bench.now = self._clock()
        crossings = self.bench.heard("client", octets)
        self.line.write(octets)
        self._unasked = 0
        crossings += self.hear(self.patience)
        if self.due:
            self._slow()
        return self.exchange(crossings)

    def _slow(self) -> None:
        what = "no reply yet; the prompt is yours, and the reply is shown when it comes"
        if self._pending:
            began = visible(self._pending[:_SHOWN])
            what = f"{len(self._pending)} octets came that end no line, for CRLF alone ends one: {began}"
        self.remark(what)

    def look(self, seconds: float) -> list[Crossing]:
        """See `Live.look`."""
        if self.line is None:
            return []
        octets = self.line.read(seconds)
        self._unasked += len(octets)
        self._pending += octets
        crossings = self._lines()
        if self.line is None:
            return crossings
        if self._unasked > MOST:
            return crossings + self.hang_up("client", f"the server said more than {MOST} octets unasked or without end")
        if self.line.ended:
            if self._pending:
                self._slow()
            crossings += self.hang_up("server", "" if self.line.ended == "it closed the channel" else self.line.ended)
        return crossings

    def _lines(self) -> list[Crossing]:
        """Let the following server say each line that is whole."""
        crossings: list[Crossing] = []
        client = self.bench.client
        while self.line is not None and (end := self._pending.find(b"\r\n") + 2) > 1:
            if end > LINE_BOUND:
                return crossings + self.hang_up("client", f"the server said a line of {end} octets")
            line, self._pending = self._pending[:end], self._pending[end:]
            crossings += self.bench.heard("server", line)
            if client.nonsense:
                self._once(_STRANGE)
            if client.position.shaking:
                crossings += self._protect()
            elif client.position.closed or client.position.turned:
                crossings += self.hang_up("client", "roles do not change on a real channel here")
        return crossings

    def _protect(self) -> list[Crossing]:
        """Shake hands for real; what came in clear behind the reply may be anybody's, and is thrown away."""
        assert self.line is not None
        if self._pending:
            self.remark(f"the client throws away {len(self._pending)} octets that came in clear")
            self._pending = b""
        # There is no second try on the same channel, so who is let go by unverified has to be known before.
        near = is_loopback(self.line.peer)
        how = self.line.protect(client_context(verify=not near), self._place[0])
        if not how:
            return self.hang_up("client", self.line.ended)
        self.remark(_NOT_VERIFIED if near else _VERIFIED.format(self._place[0]))
        return self.bench.protected(how)

    def _once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self.remark(text)


def place(text: str) -> tuple[str, int]:
    """A host and a port as they are typed: ``localhost:2525``, ``[::1]:2525``. Raises Unreachable."""
    host, colon, port = text.strip().rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise Unreachable(f"{text!r} is no place to call; write HOST:PORT, such as 127.0.0.1:2525")
    return host.removeprefix("[").removesuffix("]"), int(port)
