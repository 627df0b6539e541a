"""A bench one of whose ends only follows: a program of others stands there, at the end of a real channel."""

from collections.abc import Callable

from esmtp_lab.bench.bench import Bench
from esmtp_lab.bench.channel import Crossing


class Outside(Bench):
    """A bench to which somebody else brings what the other end said, and from which they take what is for it.

    Nothing here knows a channel. TLS is whatever `protected` is told of, and no step can be taken back.
    """

    def start(self) -> list[Crossing]:
        """Nothing is said before somebody calls."""
        return []

    def call(self) -> list[Crossing]:
        """A channel is open: both ends begin anew, and the server greets, unless it is played by hand."""
        return self._do(self.open)

    def heard(self, speaker: str, octets: bytes) -> list[Crossing]:
        """A side says octets, typed here or brought by the channel; what crossed because of that."""
        says = self.client_says if speaker == "client" else self.server_says
        return self._do(lambda: says(octets))

    def for_client(self) -> bytes:
        """What the server has said and nobody has taken to the client yet, taken out."""
        octets, self._spoken = self._spoken, b""
        return octets

    def protected(self, how: str) -> list[Crossing]:
        """The channel has shaken hands."""
        return self._do(lambda: self.protect(how))

    def lost(self, by: str, why: str) -> list[Crossing]:
        """The channel is gone."""
        return self._do(lambda: self.lose(by, why))

    def ask_to_leave(self, situation: str) -> list[Crossing]:
        """The server says 421, for a reason of the reply catalogue."""
        return self._do(lambda: self.server_leaves(situation))

    def _do(self, action: Callable[[], object]) -> list[Crossing]:
        begin = len(self.log)
        action()
        self.run()
        return self.log[begin:]

    _spoken = b""

    def _carry_to_client(self, octets: bytes) -> None:
        self._spoken += octets
        super()._carry_to_client(octets)

    def _shake_hands(self) -> bool:
        return False
