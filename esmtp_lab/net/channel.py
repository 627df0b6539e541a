"""One client's channel to a server: carries octets between a socket and a session.

Deciding is left to `ServerSession`. Here stand storing before the 250 (RFC 2821 section 6.1), time-outs (section
4.5.3.2) and closing (sections 3.9 and 4.1.1.10).
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from secrets import token_hex
from time import time
from typing import Any, cast

from esmtp_lab.errors import Unreachable
from esmtp_lab.net.address import literal
from esmtp_lab.net.dialogue import Dialogue, carry
from esmtp_lab.net.service import Service
from esmtp_lab.net.streams import Secured, Streams, streams
from esmtp_lab.net.tls import Threshold, reason, told
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.protocol.server import ServerSession
from esmtp_lab.protocol.transaction import Letter
from esmtp_lab.wire.path import Path

SHOWN = 65_536
"""Octets of one content that are kept for whoever looks on."""


class Channel(asyncio.BufferedProtocol):
    """One client's channel and its session.

    No octets, and no defect of ours that they find, reach beyond it: an exception ends this one session with 421 and
    goes to the loop's exception handler.
    """

    _transport: asyncio.Transport
    _session: ServerSession
    _call: "asyncio.Task[Any] | None"

    def __init__(self, service: Service) -> None:
        self.gone = asyncio.Event()
        self._service = service
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
        service = self._service
        refusal = service.admits(peer[0], self._heard_at)
        service.channels.add(self)
        service.opened += 1
        self._number = service.opened
        self._session = ServerSession(
            service.dialect,
            service.policy,
            address=literal(peer[0]),
            drafts=service.mailboxes.draft,
            most_content=SHOWN,
            most_errors=service.limits.errors,
            nonces=_nonce,
            watched=service.on_event is not None,
        )
        if transport.get_extra_info("sslcontext") is not None:
            self._session.begin_protected()
        if refusal:
            self._step(self._session.close, refusal)
            self._transport.close()
            return
        self._timer = self._loop.call_later(service.limits.idle, self._watch)
        self._step(self._session.start)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next octets are put: a large room as soon as content has begun to come."""
        return self._service.small_room if self._session.draft is None else self._service.room

    def buffer_updated(self, nbytes: int) -> None:
        """Octets have come. After the server's last word they are let go by."""
        self._heard_at = self._loop.time()
        if not self._finished:
            self._step(self._session.receive, self._service.room[:nbytes].tobytes())

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
        if self._service.on_event is not None:
            for event in events:
                self._service.on_event(self._number, event)
        octets = self._session.take()
        if octets and not self._lost:
            self._transport.write(octets)

    def _store(self, letter: Letter) -> None:
        """Store a letter and answer for it, at once or when a thread has done it."""
        draft = self._session.draft
        assert draft is not None
        if not self._service.mailboxes.blocks:
            self._pass_on(self._session.settle(self._service.commit(draft, letter), time()))
            return
        storing = self._loop.run_in_executor(None, self._service.commit, draft, letter)
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
        idle = self._service.limits.idle
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
        threshold = Threshold()
        call = self._loop.create_task(self._protect(threshold))
        call.add_done_callback(lambda call: self._shaken(call, threshold))
        self._call = call

    async def _protect(self, threshold: Threshold) -> asyncio.Transport:
        limits = self._service.limits
        assert self._service.tls is not None
        transport = await self._loop.start_tls(
            self._transport,
            threshold,
            self._service.tls,
            server_side=True,
            ssl_handshake_timeout=limits.handshake,
            ssl_shutdown_timeout=limits.linger,
        )
        return cast(asyncio.Transport, transport)

    def _shaken(self, call: "asyncio.Task[asyncio.Transport]", threshold: Threshold) -> None:
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
        self._timer = self._loop.call_later(self._service.limits.idle, self._watch)
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
        service, number, show = self._service, self._number, self._service.on_event
        waiting = service.waiting.next(self._session.client_name) if service.waiting else None
        delivery = waiting or Delivery(Path(), (), b"")
        observe = (lambda event: show(number, event)) if show is not None else None
        dialogue = Dialogue(replace(delivery, helo=service.policy.domain), service.dialect, on_event=observe)
        reader = asyncio.StreamReader()
        pair = streams(self._transport, reader, asyncio.StreamReaderProtocol(reader))
        try:
            await carry(dialogue, Streams(pair, Secured(None, self._session.client_name)))
        except Unreachable:
            """The other end does not greet: nothing has become of the letter."""
        finally:
            self._transport.abort()
            if waiting is not None and service.waiting is not None:
                service.waiting.back(dialogue.outcome[0])

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
        self._timer = self._loop.call_later(self._service.limits.linger, self._transport.abort)

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
            self._service.channels.discard(self)
            self.gone.set()


_ENDS = {"closed": Channel._finish, "turned": Channel._turn, "handshake": Channel._shake_hands}
"""What the octets of this channel can do no more for a session, by the state that it has come to."""


def _nonce() -> str:
    return token_hex(16)
