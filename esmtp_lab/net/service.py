"""What all channels of one server share: the host's choices, where letters go, and what one client may take.

The limits keep one client from taking the whole host.
"""

import asyncio
import errno
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from ssl import SSLContext
from time import time
from typing import NamedTuple, Protocol

from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.policy import Policy
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.protocol.report import on_delivery
from esmtp_lab.protocol.server import stored
from esmtp_lab.protocol.transaction import Draft, Letter

OnEvent = Callable[[int, Event], None]
"""Gets the number of a session, counted from 1, and what that session saw."""

BLOCK, CONTENT_BLOCK = 4096, 65_536
"""Octets of commands, and of content, that one session takes in before the others have their turn."""

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


class Mailboxes(Protocol):
    """Where letters go."""

    @property
    def blocks(self) -> bool:
        """Whether to commit a draft may take as long as a disk, so that it wants a thread of its own."""

    def draft(self, letter: Letter) -> Draft:
        """Begin a letter whose content is still to come."""


class Waiting(Protocol):
    """Letters for hosts that call and say TURN."""

    def next(self, client: str) -> Delivery | None:
        """Take out a letter for the host that calls itself so, or None where there is none."""

    def back(self, delivery: Delivery) -> None:
        """What became of it."""


class Limits(NamedTuple):
    """What one client, and all of them together, may take; times in seconds.

    `sessions` is the most at once, `per_minute` the most that one address may open in a minute, `errors` the most
    refusals in a session without a letter between them. `idle` is how long a client may say nothing (RFC 2821 section
    4.5.3.2: at least 5 minutes), `handshake` how long that of TLS may take, `linger` how long the server waits, after
    its last word, for the client to hear it and to close.
    """

    sessions: int = 100
    per_minute: int = 1000
    errors: int = 20
    idle: float = 300.0
    linger: float = 2.0
    handshake: float = 60.0


LIMITS = Limits()


class Open(Protocol):
    """A channel that is open, until it is `gone`."""

    gone: asyncio.Event

    def dismiss(self) -> None:
        """Say 421 and close; where a letter is being stored, after the answer to it."""


class Service:
    """What a server does for whoever calls: `channels` are those that are open, `opened` counts all there were, and
    while it is `closing` nobody else comes in."""

    def __init__(
        self,
        policy: Policy,
        dialect: Dialect,
        mailboxes: Mailboxes,
        limits: Limits = LIMITS,
        on_event: OnEvent | None = None,
        waiting: Waiting | None = None,
        tls: SSLContext | None = None,
    ) -> None:
        # RFC 3207 section 4: what cannot be had just now is answered 454
        self.policy = policy if tls is not None else replace(policy, not_now=(*policy.not_now, "STARTTLS"))
        self.tls = tls
        self.dialect = dialect
        self.mailboxes = mailboxes
        self.limits = limits
        self.on_event = on_event
        self.waiting = waiting
        self.channels: set[Open] = set()
        self.opened = 0
        self.closing = False
        # What a channel reads is taken out at once, so all of them read into the same room.
        self.room = memoryview(bytearray(CONTENT_BLOCK))
        self.small_room = self.room[:BLOCK]
        self._recent: dict[str, int] = {}
        self._minute = 0

    def admits(self, address: str, now: float) -> str:
        """Which situation of the reply catalogue keeps a client out, or nothing where it may come in."""
        if now // 60 != self._minute:
            self._minute = int(now // 60)
            self._recent.clear()
        self._recent[address] = self._recent.get(address, 0) + 1
        if self.closing or len(self.channels) >= self.limits.sessions:
            return "shutting-down"
        return "too-many-sessions" if self._recent[address] > self.limits.per_minute else ""

    def commit(self, draft: Draft, letter: Letter) -> Answer:
        """Store a letter, and the reports on that beside it; the answer says 452 where there is no room for the letter,
        451 where anything else went wrong.

        This host has no queue: a report for another host stays here, in a mailbox named by the whole address, and one
        that cannot be stored is lost, for the letter itself is safe.
        """
        try:
            draft.commit(letter)
        except OSError as error:
            return Answer("no-room" if error.errno in _NO_ROOM else "not-stored")
        for report in on_delivery(self.policy, letter, time()):
            with suppress(OSError):
                self.mailboxes.draft(report).write(report.content).commit(report)
        return stored(letter, letter.mailboxes)
