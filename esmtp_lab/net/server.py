"""The server on a real channel: carries octets between sockets and server sessions.

Deciding is left to `ServerSession`. Here stand storing before the 250 (RFC 2821 section 6.1), time-outs (section
4.5.3.2), closing (sections 3.9 and 4.1.1.10), and the bounds that keep one client from taking the whole host.
"""

import asyncio
import errno
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from secrets import token_hex
from ssl import SSLContext
from time import time
from typing import Any, NamedTuple, Protocol, cast

from esmtp_lab.errors import Unreachable
from esmtp_lab.net.address import literal, resolve
from esmtp_lab.net.dialogue import Dialogue, carry
from esmtp_lab.net.streams import Secured, Streams, streams
from esmtp_lab.net.tls import reason, told
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.policy import Policy
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.protocol.report import on_delivery
from esmtp_lab.protocol.server import ServerSession, stored
from esmtp_lab.protocol.transaction import Draft, Letter
from esmtp_lab.wire.path import Path

OnEvent = Callable[[int, Event], None]
"""Gets the number of a session, counted from 1, and what that session saw."""

BLOCK, CONTENT_BLOCK = 4096, 65_536
"""Octets of commands, and of content, that one session takes in before the others have their turn."""

SHOWN = 65_536
"""Octets of one content that are kept for whoever looks on."""

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


_LIMITS = Limits()


async def serve(
    policy: Policy,
    dialect: Dialect,
    mailboxes: Mailboxes,
    *,
    address: str = "127.0.0.1",
    port: int = 2525,
    allow_remote: bool = False,
    limits: Limits = _LIMITS,
    on_event: OnEvent | None = None,
    waiting: Waiting | None = None,
    tls: SSLContext | None = None,
) -> "Server":
    """Listen, and serve every client that comes; port 0 takes any that is free. What is `waiting` goes out after TURN.

    Without `tls` STARTTLS is answered 454, where the policy offers it.
    RFC 2821 names no port; RFC 821 appendix A and RFC 5321 section 4.5.4.2 name 25, which takes rights of its own.
    Raises Unreachable where the address is not loopback, unless `allow_remote`, or cannot be listened on.
    """
    addresses = await resolve(address, allow_remote=allow_remote)
    server = Server(policy, dialect, mailboxes, limits, on_event, waiting, tls)
    # A free port is found for one address; the others of the same name might not have it free.
    await server.listen(addresses if port else addresses[:1], port)
    return server


class Server:
    """Listens until `close`; as a context manager it closes at the end of its block. `port` is where it listens.

    One that never listens can still serve a channel that somebody else has opened, with `adopt`.
    """

    def __init__(
        self,
        policy: Policy,
        dialect: Dialect,
        mailboxes: Mailboxes,
        limits: Limits = _LIMITS,
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
        self.port = 0
        self.channels: set[Channel] = set()
        self.opened = 0
        self.closing = False
        # What a channel reads is taken out at once, so all of them read into the same room.
        self.room = memoryview(bytearray(CONTENT_BLOCK))
        self.small_room = self.room[:BLOCK]
        self._recent: dict[str, int] = {}
        self._minute = 0
        self._listener: asyncio.Server | None = None

    async def listen(self, addresses: tuple[str, ...], port: int) -> None:
        """Open the port on numeric addresses. Raises Unreachable."""
        loop = asyncio.get_running_loop()
        try:
            self._listener = await loop.create_server(lambda: Channel(self), addresses, port)
        except OSError as error:
            raise Unreachable(f"cannot listen on {', '.join(addresses)} port {port}: {error.strerror}") from None
        self.port = self._listener.sockets[0].getsockname()[1]

    async def adopt(self, transport: asyncio.BaseTransport) -> None:
        """Serve at this end of an open channel, until it is closed."""
        channel = Channel(self)
        transport.set_protocol(channel)
        channel.connection_made(transport)
        await channel.gone.wait()

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

    async def close(self) -> None:
        """Listen no more, finish the letters that are being stored, and tell every client 421.

        Returns when all channels are closed: at the latest, `linger` seconds after the last letter is stored.
        """
        self.closing = True
        if self._listener is not None:
            self._listener.close()
        channels = tuple(self.channels)
        for channel in channels:
            channel.dismiss()
        await asyncio.gather(*(channel.gone.wait() for channel in channels))

    async def __aenter__(self) -> "Server":
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()


class Channel(asyncio.BufferedProtocol):
    """One client's channel and its session.

    No octets, and no defect of ours that they find, reach beyond it: an exception ends this one session with 421 and
    goes to the loop's exception handler.
    """

    _transport: asyncio.Transport
    _session: ServerSession
    _call: "asyncio.Task[Any] | None"

    def __init__(self, server: Server) -> None:
        self.gone = asyncio.Event()
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._number = 0
        self._heard_at = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._storing = False
        self._full = False
        self._dismissed = False
        self._finished = False
        self._lost = False
        self._call = None

    # What the transport says ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The channel is open: greet, or say 421 where there are sessions enough."""
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername") or ("",)
        server = self._server
        refusal = server.admits(peer[0], self._heard_at)
        server.channels.add(self)
        server.opened += 1
        self._number = server.opened
        self._session = ServerSession(
            server.dialect,
            server.policy,
            address=literal(peer[0]),
            drafts=server.mailboxes.draft,
            most_content=SHOWN,
            most_errors=server.limits.errors,
            nonces=_nonce,
            watched=server.on_event is not None,
        )
        if transport.get_extra_info("sslcontext") is not None:
            self._session.begin_protected()
        if refusal:
            self._step(self._session.close, refusal)
            self._transport.close()
            return
        self._timer = self._loop.call_later(server.limits.idle, self._watch)
        self._step(self._session.start)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next octets are put: a large room as soon as content has begun to come."""
        return self._server.small_room if self._session.draft is None else self._server.room

    def buffer_updated(self, nbytes: int) -> None:
        """Octets have come. After the server's last word they are let go by."""
        self._heard_at = self._loop.time()
        if not self._finished:
            self._step(self._session.receive, self._server.room[:nbytes].tobytes())

    def eof_received(self) -> bool:
        """The client will say no more. All that came whole is answered, so close once that is sent."""
        self._last()
        return False

    def pause_writing(self) -> None:
        """The client does not read our replies, so we read no more of its commands."""
        self._full = True
        self._pace()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._full = False
        self._pace()

    def connection_lost(self, exc: Exception | None) -> None:
        """The channel is gone, and with it what was not stored yet (RFC 821 section 4.1.1, QUIT)."""
        self._lost = self._finished = True
        if self._timer is not None:
            self._timer.cancel()
        self._session.abandon()
        self._leave()

    # What the server says ------------------------------------------------------------------------

    def dismiss(self) -> None:
        """Say 421 and close; where a letter is being stored, after the answer to it."""
        self._dismissed = True
        if self._call is not None:
            self._call.cancel()
        elif not (self._storing or self._finished):
            self._step(self._session.close, "shutting-down")

    # One step ------------------------------------------------------------------------------------

    def _step(self, move: Callable[..., list[Event]], *args: object) -> None:
        """Move the session on, show and send what came of it, and store the letter that came whole."""
        try:
            self._pass_on(move(*args, time()))
            while self._session.letter is not None and not self._storing:
                self._store(self._session.letter)
            end = _ENDS.get(self._session.position.state)
            if end is not None:
                end(self)
        except Exception as error:
            self._fail(error)

    def _pass_on(self, events: list[Event]) -> None:
        if self._server.on_event is not None:
            for event in events:
                self._server.on_event(self._number, event)
        octets = self._session.take()
        if octets and not self._lost:
            self._transport.write(octets)

    def _store(self, letter: Letter) -> None:
        """Store a letter and answer for it, at once or when a thread has done it."""
        draft = self._session.draft
        assert draft is not None
        if not self._server.mailboxes.blocks:
            self._pass_on(self._session.settle(self._server.commit(draft, letter), time()))
            return
        storing = self._loop.run_in_executor(None, self._server.commit, draft, letter)
        storing.add_done_callback(self._stored)
        self._storing = True
        self._pace()

    def _stored(self, storing: "asyncio.Future[Answer]") -> None:
        """The thread is done: answer, go on with what the client sent behind the letter, read again."""
        self._storing = False
        self._heard_at = self._loop.time()
        if self._lost:
            self._leave()
            return
        self._step(lambda now: self._session.settle(storing.result(), now))
        if self._dismissed:
            self.dismiss()
        self._pace()

    def _pace(self) -> None:
        """Read only while the client reads and no letter is being stored."""
        if self._storing or self._full:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _watch(self) -> None:
        """Say 421 to a client that has said nothing for too long."""
        idle = self._server.limits.idle
        due = idle if self._storing else self._heard_at + idle - self._loop.time()
        if due > 0:
            self._timer = self._loop.call_later(due, self._watch)
        else:
            self._step(self._session.close, "timed-out")

    # TLS -----------------------------------------------------------------------------------------

    def _shake_hands(self) -> None:
        """Both have agreed on TLS: what comes now is part of its handshake, and none of it reaches the session."""
        if self._call is not None:
            return
        self._transport.pause_reading()
        if self._timer is not None:
            self._timer.cancel()
        threshold = _Threshold()
        call = self._loop.create_task(self._protect(threshold))
        call.add_done_callback(lambda call: self._shaken(call, threshold))
        self._call = call

    async def _protect(self, threshold: "_Threshold") -> asyncio.Transport:
        limits = self._server.limits
        assert self._server.tls is not None
        transport = await self._loop.start_tls(
            self._transport,
            threshold,
            self._server.tls,
            server_side=True,
            ssl_handshake_timeout=limits.handshake,
            ssl_shutdown_timeout=limits.linger,
        )
        return cast(asyncio.Transport, transport)

    def _shaken(self, call: "asyncio.Task[asyncio.Transport]", threshold: "_Threshold") -> None:
        """The handshake is done, and both begin anew; or it failed, and the channel is closed."""
        self._call = None
        error = asyncio.CancelledError("the server closes") if call.cancelled() else call.exception()
        if error is not None and not isinstance(error, OSError | asyncio.CancelledError):
            about = {"message": "a handshake failed inside", "exception": error, "protocol": self}
            self._loop.call_exception_handler(about)
        if error is not None or threshold.lost:
            why = reason(error or ConnectionResetError())
            self._pass_on([self._session.closed("server", time(), f"no TLS: {why}")])
            self._transport.abort()
            self.connection_lost(None)
            return
        self._transport = call.result()
        self._transport.set_protocol(self)
        self._heard_at = self._loop.time()
        self._timer = self._loop.call_later(self._server.limits.idle, self._watch)
        how = told(self._transport.get_extra_info("ssl_object"))
        self._step(lambda now: [self._session.protect(how, now)])
        if threshold.octets:
            self._step(self._session.receive, threshold.octets)
        if threshold.ended:
            self.eof_received()

    # Changed roles -------------------------------------------------------------------------------

    def _turn(self) -> None:
        """The client's end of this channel serves now, and we are the client (RFC 821 section 3.8)."""
        if self._call is not None:
            return
        self._finished = True
        if self._timer is not None:
            self._timer.cancel()
        self._call = self._loop.create_task(self._deliver())
        self._call.add_done_callback(self._called)

    async def _deliver(self) -> None:
        server, number, show = self._server, self._number, self._server.on_event
        waiting = server.waiting.next(self._session.client_name) if server.waiting else None
        delivery = waiting or Delivery(Path(), (), b"")
        observe = (lambda event: show(number, event)) if show is not None else None
        dialogue = Dialogue(replace(delivery, helo=server.policy.domain), server.dialect, on_event=observe)
        reader = asyncio.StreamReader()
        pair = streams(self._transport, reader, asyncio.StreamReaderProtocol(reader))
        try:
            await carry(dialogue, Streams(pair, Secured(None, self._session.client_name)))
        except Unreachable:
            """The other end does not greet: nothing has become of the letter."""
        finally:
            self._transport.abort()
            if waiting is not None and server.waiting is not None:
                server.waiting.back(dialogue.outcome[0])

    def _called(self, call: "asyncio.Task[None]") -> None:
        """All is said."""
        if not call.cancelled() and (error := call.exception()) is not None:
            about = {"message": "a call failed after TURN", "exception": error, "protocol": self}
            self._loop.call_exception_handler(about)
        self._lost = True
        self._leave()

    # The end -------------------------------------------------------------------------------------

    def _finish(self) -> None:
        """Send what is left and say no more.

        Closing at once while octets of the client's are unread would reset the channel, and the last reply could be
        lost on its way. So the server ends its own half, lets go by what still comes, and waits a while.
        """
        if self._finished:
            return
        self._last()
        if not self._transport.can_write_eof():
            self._transport.close()  # TLS has a goodbye of its own, and waits for the other's
            return
        try:
            self._transport.write_eof()
        except OSError:
            # The client has closed already, and the transport does not know it yet.
            self._transport.abort()

    def _last(self) -> None:
        """Nothing more will be said, and the channel ends even if the client neither reads nor closes."""
        self._finished = True
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(self._server.limits.linger, self._transport.abort)

    def _fail(self, error: Exception) -> None:
        about = {"message": "a session failed and was closed", "exception": error, "protocol": self}
        self._loop.call_exception_handler(about)
        if self._finished:
            return
        try:
            self._session.close("shutting-down", time())
            self._transport.write(self._session.take())
            self._finish()
        except Exception:
            self._transport.abort()

    def _leave(self) -> None:
        """This channel is over when it is closed and no letter of it is on its way to the disk."""
        if self._lost and not self._storing:
            self._server.channels.discard(self)
            self.gone.set()


class _Threshold(asyncio.Protocol):
    """Keeps what comes under TLS before its channel goes on."""

    def __init__(self) -> None:
        self.octets = b""
        self.ended = self.lost = False

    def data_received(self, data: bytes) -> None:
        """The client was quick."""
        self.octets += data

    def eof_received(self) -> None:
        """It has nothing more to say."""
        self.ended = True

    def connection_lost(self, exc: Exception | None) -> None:
        """It has left."""
        self.lost = True


_ENDS = {"closed": Channel._finish, "turned": Channel._turn, "handshake": Channel._shake_hands}
"""What the octets of this channel can do no more for a session, by the state that it has come to."""


def _nonce() -> str:
    return token_hex(16)
