"""Our client delivers to aiosmtpd, to servers that misbehave, and to our own."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope

from esmtp_lab.errors import LocalProtocolError, Unreachable
from esmtp_lab.lab import client_dialect, server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.net.client import deliver, send
from esmtp_lab.net.dialogue import LONGEST_REPLY, TIMEOUTS
from esmtp_lab.net.server import serve
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.policy import find_policy
from esmtp_lab.protocol.session import END_OF_DATA, GREETING, LAST_CHUNK
from esmtp_lab.protocol.transaction import Letter
from esmtp_lab.wire.path import Path

ME = Path(b"me", b"me.example")
ADA, BOB, CAROL = (Path(name, b"other.example") for name in (b"ada", b"bob", b"carol"))
Dialogue = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(params=["streams", "socket"], autouse=True)
def carrier(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test is played twice: with `deliver` on an event loop, and with `send` on a plain socket."""
    if request.param == "socket":
        on_socket = partial(asyncio.to_thread, send)
        monkeypatch.setitem(globals(), "deliver", on_socket)


def _delivery(content: bytes = b"Subject: hello\r\n\r\nhello\r\n", *paths: Path) -> Delivery:
    return Delivery(ME, paths or (ADA,), content)


def _codes(delivery: Delivery) -> list[int]:
    return [outcome.reply.code if outcome.reply else 0 for outcome in delivery.outcomes]


# aiosmtpd ------------------------------------------------------------------------------------------


class Keeper:
    """An aiosmtpd handler that keeps what arrives, and refuses whom it is told to."""

    def __init__(self, **refusals: str) -> None:
        self.refusals = refusals
        self.arrived: list[Envelope] = []

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: object, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuse by local part, or accept."""
        refusal = self.refusals.get(address.partition("@")[0])
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(self, server: SMTP, session: object, envelope: Envelope) -> str:  # noqa: N802
        """Keep the letter."""
        self.arrived.append(envelope)
        return "250 OK"


class Old(SMTP):
    """An aiosmtpd that does not know EHLO."""

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        """Refuse EHLO as a server of 1982 does."""
        await self.push("500 Command unrecognized")


def _to_aiosmtpd(delivery: Delivery, keeper: Keeper, kind: type[SMTP] = SMTP, **options: Any) -> Delivery:
    async def main() -> Delivery:
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(
            lambda: kind(keeper, hostname="other.example", loop=loop, **options), "127.0.0.1", 0
        )
        async with listener:
            return await deliver(delivery, client_dialect(), port=listener.sockets[0].getsockname()[1])

    return asyncio.run(main())


def test_a_letter_arrives_octet_for_octet(letter: bytes) -> None:
    keeper = Keeper()
    done = _to_aiosmtpd(_delivery(letter), keeper)
    assert [outcome.accepted for outcome in done.outcomes] == [True]
    [envelope] = keeper.arrived
    assert envelope.original_content == letter
    assert (envelope.mail_from, envelope.rcpt_tos) == ("me@me.example", ["ada@other.example"])
    assert envelope.mail_options == [f"SIZE={len(letter)}", "BODY=8BITMIME"]


@pytest.mark.parametrize("content", [b"", b".", b".\r\n.\r\n", b"\r\n", b"..\r\n.x\r\n\r\n.", b"no line end"])
def test_dots_and_ends_survive(content: bytes) -> None:
    keeper = Keeper()
    _to_aiosmtpd(_delivery(content), keeper)
    whole = content if content.endswith(b"\r\n") or not content else content + b"\r\n"
    assert keeper.arrived[0].original_content == whole


def test_a_letter_of_three_megabytes() -> None:
    content = b"".join(b".%070d\r\n" % number for number in range(40_000))
    keeper = Keeper()
    assert _codes(_to_aiosmtpd(_delivery(content), keeper)) == [250]
    assert keeper.arrived[0].original_content == content


def test_one_of_several_recipients_is_refused() -> None:
    keeper = Keeper(bob="550 no such mailbox", carol="450 busy")
    done = _to_aiosmtpd(_delivery(b"hello\r\n", ADA, BOB, CAROL), keeper)
    assert _codes(done) == [250, 550, 450]
    assert [(outcome.accepted, outcome.temporary) for outcome in done.outcomes] == [
        (True, False),
        (False, False),
        (False, True),
    ]
    assert keeper.arrived[0].rcpt_tos == ["ada@other.example"]


def test_all_recipients_are_refused() -> None:
    keeper = Keeper(ada="550 no such mailbox", bob="550 no such mailbox")
    assert _codes(_to_aiosmtpd(_delivery(b"hello\r\n", ADA, BOB), keeper)) == [550, 550]
    assert keeper.arrived == []


def test_after_a_refused_ehlo_comes_helo() -> None:
    keeper = Keeper()
    assert _codes(_to_aiosmtpd(_delivery(b"hello\r\n"), keeper, Old)) == [250]
    assert keeper.arrived[0].original_content == b"hello\r\n"
    assert keeper.arrived[0].mail_options == []


def test_eight_bits_do_not_travel_where_8bitmime_is_not_offered(letter: bytes) -> None:
    keeper = Keeper()
    [outcome] = _to_aiosmtpd(_delivery(letter), keeper, Old).outcomes
    assert (outcome.reply, outcome.accepted, outcome.temporary) == (None, False, False)
    assert "8BITMIME" in outcome.remark
    assert keeper.arrived == []


def test_a_letter_too_large_is_refused_at_mail() -> None:
    keeper = Keeper()
    done = _to_aiosmtpd(_delivery(b"x" * 1001), keeper, data_size_limit=1000)
    assert _codes(done) == [552]
    assert done.taken == 0, "nobody was asked for"


# Servers that misbehave ----------------------------------------------------------------------------


def _meet(dialogue: Dialogue, delivery: Delivery | None = None, *, patience: float = 1.0) -> tuple[Delivery, list[Any]]:
    """Deliver to a server played by hand; what became of it, and what our client saw."""
    events: list[Event] = []
    over = asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(EOFError, OSError):
            await dialogue(reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        over.set()

    async def main() -> Delivery:
        async with await asyncio.start_server(play, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            try:
                return await deliver(
                    delivery or _delivery(), client_dialect(), port=port, patience=patience, on_event=events.append
                )
            finally:
                await over.wait()

    return asyncio.run(main()), events


def _script(*replies: bytes) -> Dialogue:
    """Say the first reply, and the next after each line or content that ends; then close."""

    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number, reply in enumerate(replies):
            if number:
                end = b"\r\n.\r\n" if replies[number - 1].startswith(b"354") else b"\r\n"
                await reader.readuntil(end)
            writer.write(reply)
            await writer.drain()

    return dialogue


async def _silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


READY = (b"220 other.example\r\n", b"250 other.example\r\n")
ASKED = (*READY, b"250 sender ok\r\n", b"250 recipient ok\r\n")


@pytest.mark.parametrize("so_far", range(1, 6))
def test_a_channel_that_is_lost_after_the_greeting_leaves_temporary_outcomes(so_far: int) -> None:
    done, _ = _meet(_script(*(*ASKED, b"354 go on\r\n")[:so_far]))
    assert [(outcome.reply, outcome.temporary) for outcome in done.outcomes] == [(None, True)]


def test_what_was_refused_before_the_loss_stays_refused() -> None:
    done, _ = _meet(_script(*READY, b"250 ok\r\n", b"550 no\r\n"), _delivery(b"hello\r\n", ADA, BOB))
    assert _codes(done) == [550, 0]
    assert [outcome.temporary for outcome in done.outcomes] == [False, True]


def test_a_channel_that_is_lost_after_the_last_250_has_delivered() -> None:
    done, _ = _meet(_script(*ASKED, b"354 go on\r\n", b"250 stored\r\n"))
    assert [outcome.accepted for outcome in done.outcomes] == [True]


@pytest.mark.parametrize("so_far", range(5))
def test_421_at_any_time_leaves_temporary_outcomes(so_far: int) -> None:
    done, events = _meet(_script(*ASKED[:so_far], b"421 other.example closing\r\n"))
    assert [outcome.temporary for outcome in done.outcomes] == [True]
    assert events[-1].octets == b"421 other.example closing\r\n", "nothing is sent into a closed channel"


def test_a_greeting_that_refuses() -> None:
    done, events = _meet(_script(b"554 no service\r\n", b"221 bye\r\n"))
    assert _codes(done) == [554]
    assert [event.octets for event in events if event.speaker == "client"] == [b"QUIT\r\n"]


def test_a_server_that_answers_data_with_250_has_delivered_nothing() -> None:
    done, events = _meet(_script(*ASKED, b"250 sure\r\n", b"221 bye\r\n"))
    assert [(outcome.accepted, outcome.temporary) for outcome in done.outcomes] == [(False, True)]
    assert not any(event.kind == "content" for event in events)


def test_a_reply_without_an_end() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 other.example\r\n")
        await reader.readuntil(b"\r\n")
        writer.write(b"250-X\r\n" * (LONGEST_REPLY // 7 + 1))
        await reader.read()

    done, _ = _meet(endless)
    assert [outcome.temporary for outcome in done.outcomes] == [True]


@pytest.mark.parametrize("so_far", range(1, 5))
def test_a_server_that_falls_silent_leaves_temporary_outcomes(so_far: int) -> None:
    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _script(*ASKED[:so_far])(reader, writer)
        await reader.read()

    done, _ = _meet(dialogue, patience=0.001)
    assert [outcome.temporary for outcome in done.outcomes] == [True]


def test_a_server_that_takes_no_content_is_left() -> None:
    left, over = asyncio.Event(), asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _script(*ASKED, b"354 go on\r\n")(reader, writer)
        await left.wait()
        writer.transport.abort()
        over.set()

    async def main() -> Delivery:
        async with await asyncio.start_server(play, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            done = await deliver(_delivery(b"x" * 30_000_000), client_dialect(), port=port, patience=0.001)
            left.set()
            await over.wait()
            return done

    assert [outcome.temporary for outcome in asyncio.run(main()).outcomes] == [True]


# No channel ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dialogue", "why"),
    [
        (_script(), "the channel was closed"),
        (_script(b"220-other"), "closed"),
        (_silence, "nothing within 0.09 s"),
    ],
    ids=["closed", "half a greeting", "silence"],
)
def test_without_a_greeting_the_server_is_unreachable(dialogue: Dialogue, why: str) -> None:
    with pytest.raises(Unreachable, match=f"the server did not greet: .*{why}"):
        _meet(dialogue, patience=0.0003)


def test_nobody_listens(serving: Any) -> None:
    server = serving()
    server.stop()
    with pytest.raises(Unreachable, match=f"no channel to 127.0.0.1 port {server.port}: "):
        send(_delivery(), client_dialect(), port=server.port)


def test_nothing_leaves_this_machine() -> None:
    with pytest.raises(Unreachable, match=r"192\.0\.2\.1 is not on this machine"):
        send(_delivery(), client_dialect(), "192.0.2.1")


def test_a_path_that_would_end_its_line_is_not_sent() -> None:
    evil = Delivery(Path(b"me>\r\nRCPT TO:<bob", b"x.example"), (ADA,), b"hello\r\n")
    with pytest.raises(LocalProtocolError):
        _meet(_script(*ASKED), evil)


# Our own server ------------------------------------------------------------------------------------


@pytest.mark.parametrize("era", ["rfc821", "rfc2821"])
@pytest.mark.parametrize("client_era", ["rfc821", "rfc2821"])
def test_every_client_of_ours_meets_every_server_of_ours(serving: Any, era: str, client_era: str) -> None:
    server = serving(era=era)
    paths = tuple(Path(name, b"lab.example") for name in (b"ada", b"nobody", b"bob"))
    events: list[Event] = []
    done = send(
        _delivery(b".\r\nhello\r\n", *paths), client_dialect(client_era), port=server.port, on_event=events.append
    )
    assert _codes(done) == [250, 550, 250]
    assert server.contents("ada") == server.contents("bob") == [b".\r\nhello\r\n"]
    server.stop()
    for speaker in ("client", "server"):
        heard = [event.octets for event in events if event.speaker == speaker]
        assert heard == [event.octets for _, event in server.events if event.speaker == speaker]


def test_the_times_are_those_of_the_standard() -> None:
    minutes = {entry: seconds / 60 for entry, seconds in TIMEOUTS.items()}
    assert minutes == {GREETING: 5, "MAIL": 5, "RCPT": 5, "DATA": 2, END_OF_DATA: 10, LAST_CHUNK: 10}


def test_a_server_that_hangs_up_on_ehlo_is_called_again() -> None:
    """RFC 1869 section 4.7: a new channel, and HELO."""

    async def play() -> tuple[Delivery, dict[str, tuple[Letter, ...]]]:
        policy = find_policy("ehlo-hangs-up")
        mailboxes = MemoryMailboxes(policy.domain)
        async with await serve(policy, server_dialect(policy, "rfc2821"), mailboxes, port=0) as server:
            return await deliver(
                _delivery(b"hello\r\n", Path(b"ada", b"lab.example")), client_dialect(), port=server.port
            ), mailboxes.letters

    done, letters = asyncio.run(play())
    assert _codes(done) == [250]
    assert list(letters) == ["ada"]
