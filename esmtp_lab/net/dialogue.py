"""What a client says on a real channel, whatever carries it: one delivery through one session, wish by wish.

What to send next is left to `Delivery`. Here stand the time-outs of RFC 2821 section 4.5.3.2, and what a lost channel
means.
"""

import asyncio
from collections.abc import Callable, Generator
from time import time
from typing import NamedTuple

from esmtp_lab.errors import Unreachable
from esmtp_lab.net.streams import Streams
from esmtp_lab.net.tls import reason
from esmtp_lab.protocol.client import ClientSession
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.session import END_OF_DATA, GREETING, LAST_CHUNK

OnEvent = Callable[[Event], None]
"""Gets what the client saw."""

TIMEOUTS = {GREETING: 300.0, "MAIL": 300.0, "RCPT": 300.0, "DATA": 120.0, END_OF_DATA: 600.0, LAST_CHUNK: 600.0}
"""Seconds to wait for the reply to each input: RFC 2821 section 4.5.3.2, RFC 5321 section 4.5.3.2 alike. RFC 3030 has
none; its last chunk is answered when the letter is stored, as the lone dot is."""

OTHER_TIMEOUT = 300.0
"""Seconds to wait for replies that the section does not name, and for the channel to open."""

HANDSHAKE_TIMEOUT = 60.0
"""Seconds for the handshake of TLS, of which the RFCs say nothing."""

BLOCK_TIMEOUT = 180.0
"""Seconds for one block to leave (RFC 2821 section 4.5.3.2, "Data Block")."""

BLOCK = 65_536
LONGEST_REPLY = 65_536
"""Octets of one reply, all lines together; a server that says more without an end is left."""


class Wanted(NamedTuple):
    """What a dialogue wants of its channel: that octets leave, or else that some come, or that it is protected; and how
    long that may take."""

    octets: bytes
    seconds: float
    handshake: bool = False


class Lost(Exception):
    """The channel cannot be used any more; says why."""


class Dialogue:
    """One delivery through one session, whatever carries its octets: a generator of what it wants."""

    def __init__(
        self, delivery: Delivery, dialect: Dialect, patience: float = 1.0, on_event: OnEvent | None = None
    ) -> None:
        self._delivery = delivery
        self._patience = patience
        self._on_event = on_event
        self._session = ClientSession(dialect, watched=on_event is not None)
        self.opening = OTHER_TIMEOUT * patience

    def course(self) -> Generator[Wanted, bytes, None]:
        """Hear and say until nothing is left to say; where octets are to come, those that came are sent in.

        Where the channel is to be protected, words that say how are sent in. The carrier throws Lost in where the
        channel is lost. Raises Unreachable before a greeting.
        """
        try:
            while True:
                yield from self._hear()
                if self._session.position.shaking:
                    yield from self._shake_hands()
                octets, self._delivery = self._delivery.next(self._session)
                if not octets:
                    return
                self._show(self._session.send(octets, time()))
                octets = self._session.take()
                for start in range(0, len(octets), BLOCK):
                    yield Wanted(octets[start : start + BLOCK], BLOCK_TIMEOUT * self._patience)
        except Lost as why:
            if self._session.reply is None:
                raise Unreachable(f"the server did not greet: {why}") from None
            if not self._session.position.closed:
                self._show([self._session.closed("server", time())])
            # what was answered before counts: a letter that was taken is not sent again
            _, self._delivery = self._delivery.next(self._session)

    @property
    def turned(self) -> bool:
        """Whether the server agreed to change roles."""
        return self._session.position.turned

    @property
    def outcome(self) -> tuple[Delivery, Delivery | None]:
        """The delivery as it stands, and what is to be tried at once on another channel, if anything."""
        return self._delivery, self._delivery.again(self._session)

    def _shake_hands(self) -> Generator[Wanted, bytes, None]:
        """Protect the channel, and know nothing of what came in clear. Raises Lost."""
        try:
            how = yield Wanted(b"", HANDSHAKE_TIMEOUT * self._patience, handshake=True)
        except Lost as why:
            self._delivery = self._delivery.unprotected(str(why))
            self._show([self._session.closed("client", time(), f"no TLS: {why}")])
            raise
        self._show([self._session.protect(how.decode("ascii", "replace"), time())])

    def _hear(self) -> Generator[Wanted, bytes, None]:
        """Wait for the whole reply to what was sent. Raises Lost."""
        heard = 0
        while self._session.waiting and not self._session.position.closed:
            entry = self._session.waiting[0].entry
            octets = yield Wanted(b"", TIMEOUTS.get(entry, OTHER_TIMEOUT) * self._patience)
            if not octets:
                raise Lost("the channel was closed")
            heard += len(octets)
            if heard > LONGEST_REPLY:
                raise Lost(f"a reply of more than {LONGEST_REPLY} octets")
            self._show(self._session.receive(octets, time()))
            if self._session.nonsense:
                raise Lost("what the server said is no reply: it has no code of three digits")

    def _show(self, events: list[Event]) -> None:
        if self._on_event is not None:
            for event in events:
                self._on_event(event)


async def carry(dialogue: Dialogue, streams: Streams) -> None:
    """Have a dialogue on the streams of an open channel, to its end. Raises Unreachable where nobody greets."""
    course = dialogue.course()
    wanted = next(course, None)
    while wanted is not None:
        try:
            async with asyncio.timeout(wanted.seconds):
                came = await _fulfil(wanted, streams)
        except (OSError, TimeoutError) as error:
            wanted = go_on(course, lost(error, wanted.seconds))
        else:
            wanted = go_on(course, came)


async def _fulfil(wanted: Wanted, streams: Streams) -> bytes:
    if wanted.handshake:
        return (await streams.protect(wanted.seconds)).encode()
    if not wanted.octets:
        return await streams.reader.read(BLOCK)
    streams.writer.write(wanted.octets)
    await streams.writer.drain()
    return b""


def go_on(course: Generator[Wanted, bytes, None], came: bytes | Lost) -> Wanted | None:
    """What is wanted next, or None where all is said."""
    try:
        return course.throw(came) if isinstance(came, Lost) else course.send(came)
    except StopIteration:
        return None


def lost(error: Exception, seconds: float) -> Lost:
    """What went wrong, in words. A TimeoutError is an OSError, and the system has time-outs of its own."""
    late = isinstance(error, TimeoutError) and error.errno is None
    return Lost(f"nothing within {seconds:g} seconds" if late else reason(error))
