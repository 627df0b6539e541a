"""A lab one of whose ends is a program of others, at the end of a real channel; what calling and listening share."""

from time import monotonic
from typing import TYPE_CHECKING

from esmtp_lab.bench import Crossing, Outside
from esmtp_lab.errors import CannotUndo
from esmtp_lab.export.exchange import Exchange
from esmtp_lab.lab import Lab
from esmtp_lab.protocol.policy import Policy

if TYPE_CHECKING:
    from esmtp_lab.net.line import Line

PATIENCE = 5.0
"""Seconds in which the prompt waits for the other end; what comes later is shown when it comes."""
TICK = 0.1
"""Seconds between two looks at the channel, while the prompt waits for a key."""
MOST = 65_536
"""Octets that the other end may say unasked, or without an end; one that says more is left."""

_HEARD = "what a program of others has heard cannot be taken back"
REFUSES = {
    "undo": _HEARD,
    "redo": _HEARD,
    "fault": "faults are for the bench: on a real channel what goes wrong goes wrong by itself",
    "wait": "time passes by itself on a real channel",
    "latency": "a real channel has a latency of its own",
    "group": "on a real channel each line goes out as it is typed; /raw sends several: /raw NOOP\\r\\nNOOP\\r\\n",
    "try": "only the other end knows what it will say; /connect off comes back to one that can be asked",
}
"""The lab commands that have no place on a real channel, each with the reason."""


class Live(Lab):
    """A lab that follows what a real channel carries; `home` is the lab that it was opened from.

    Letters go to the mailboxes of home, unless it stands `apart`. `line` is the
    channel, where it is open. `opening` says how the session began and `ended` what may come after it.
    """

    kind = Outside
    bench: Outside
    opening = ""
    ended = ""

    def __init__(self, home: Lab, policy: Policy, *, role: str, apart: bool = False) -> None:
        super().__init__(
            home.era,
            client_era=home.client_era,
            policy=policy,
            role=role,
            clock=home._clock,
            extensions=home.extensions,
            agreements=home.agreements,
            boxes={} if apart else home.boxes,
        )
        self.home = home
        self.line: Line | None = None
        self._remarks: list[str] = []

    @property
    def due(self) -> bool:
        """Whether it is the other end's turn to speak."""
        raise NotImplementedError

    def look(self, seconds: float) -> list[Crossing]:
        """What has come on the channel, waited for no longer than so many seconds."""
        raise NotImplementedError

    def close(self) -> None:
        """End the channel, and whatever waits for one."""
        if self.line is not None:
            self.line.close()
            self.line = None
        if not self.bench.client.position.closed:
            self.bench.lost("", "")

    def hear(self, seconds: float = 0.0) -> list[Crossing]:
        """What has come on the channel; while the other end is to speak, wait for it so many seconds."""
        self.bench.now = self._clock()
        until, crossings = monotonic() + seconds, self.look(0.0)
        while self.due and (left := until - monotonic()) > 0:
            crossings += self.look(min(left, TICK))
        return crossings

    def remark(self, text: str) -> None:
        """Have something said to the learner."""
        self._remarks.append(text)

    def remarks(self) -> list[str]:
        """What is to be said to the learner, taken out."""
        said, self._remarks = self._remarks, []
        return said

    def hang_up(self, by: str, why: str) -> list[Crossing]:
        """The channel is over, and both ends of the bench find it so."""
        if self.line is not None:
            self.line.close()
            self.line = None
        return [] if self.bench.client.position.closed else self.bench.lost(by, why)

    def undo(self) -> Exchange:
        """Raises CannotUndo."""
        raise CannotUndo(_HEARD)

    redo = undo
