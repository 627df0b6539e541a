"""The server on a real channel: cuts, ends, limits, storing, and whatever octets may come."""

import asyncio
import errno
import random
import socket
import threading
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from esmtp_lab.errors import Unreachable
from esmtp_lab.lab import server_dialect
from esmtp_lab.mailbox.maildir import Maildir
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.net.server import serve
from esmtp_lab.net.service import Limits
from esmtp_lab.protocol.policy import find_policy
from esmtp_lab.protocol.transaction import Kept, Letter

DIALOGUE = (
    b"EHLO me.example\r\nNOOP\r\nMAIL FROM:<me@me.example> BODY=8BITMIME\r\nRCPT TO:<nobody@lab.example>\r\n"
    b"RCPT TO:<ada@lab.example>\r\nDATA\r\n..dot\r\n\xff\r\n.\r\nbare\nLF\r\nXYZZY\r\nVRFY bob\r\nQUIT\r\nNOOP\r\n"
)
OPEN = b"EHLO me.example\r\nMAIL FROM:<me@me.example>\r\nRCPT TO:<ada@lab.example>\r\nDATA\r\n"
MEGABYTE = 1_000_000
QUICK = Limits(linger=0.05)


def _open_content(channel: Any) -> None:
    """Go as far as the 354."""
    channel.send(OPEN)
    assert [channel.reply()[:3] for _ in range(5)] == [b"220", b"250", b"250", b"250", b"354"]


# Octets --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("era", ["rfc821", "rfc2821"])
def test_replies_are_the_same_however_the_octets_are_cut(serving: Any, wire: Any, era: str) -> None:
    whole, cut = serving(era=era), serving(era=era)
    one, other = wire(whole.port), wire(cut.port)
    other.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    one.send(DIALOGUE)
    for at in range(len(DIALOGUE)):
        other.send(DIALOGUE[at : at + 1])
    said = one.rest()
    assert said == other.rest()
    assert said.endswith(b"Service closing transmission channel\r\n")
    assert whole.contents("ada") == cut.contents("ada") == ([b".dot\r\n\xff\r\n"] if era == "rfc2821" else [])


@pytest.mark.parametrize("seed", range(8))
def test_octets_of_any_kind_never_break_the_server(serving: Any, wire: Any, seed: int) -> None:
    server, chance = serving(limits=Limits(errors=10_000, linger=1.0)), random.Random(seed)
    words = [b"EHLO ", b"MAIL FROM:", b"RCPT TO:<ada@lab.example>", b"DATA", b"AUTH PLAIN", b"\r\n", b"\r", b"\n", b"."]
    channel = wire(server.port)
    channel.send(OPEN if seed % 2 else b"EHLO me.example\r\n")
    for _ in range(50):
        noise = chance.randbytes(chance.randrange(300)), chance.choice(words), chance.choice([b"\r\n", b""])
        channel.send(b"".join(noise))
    channel.send(b"\r\n.\r\nRSET\r\nQUIT\r\n")
    assert b"\r\n221 " in channel.rest()
    assert wire(server.port).reply().startswith(b"220 ")


def test_a_line_of_five_megabytes_takes_no_memory(serving: Any, wire: Any) -> None:
    channel, piece = wire(serving().port), b"A" * 50_000
    channel.reply()
    tracemalloc.start()
    try:
        for _ in range(100):
            channel.send(piece)
        assert channel.ask(b"") == b"500 5.5.2 Line too long: 5000002 octets where 512 are allowed\r\n"
        assert tracemalloc.get_traced_memory()[1] < MEGABYTE
    finally:
        tracemalloc.stop()
    assert channel.ask(b"NOOP").startswith(b"250")


@pytest.mark.parametrize("line", [b"a\r\n", b"\n", b"..\r\n", b"\xff\0\r"], ids=["text", "bare LF", "dot", "binary"])
def test_content_beyond_the_limit_takes_no_memory(serving: Any, wire: Any, line: bytes) -> None:
    channel = wire(serving(replace(find_policy("lab"), max_size=10_000)).port)
    _open_content(channel)
    piece = b"." + line * (50_000 // len(line))
    tracemalloc.start()
    try:
        for _ in range(60):
            channel.send(b"\r\n" + piece)
        assert channel.ask(b"\r\n.").startswith(b"552 5.3.4")
        assert tracemalloc.get_traced_memory()[1] < MEGABYTE
    finally:
        tracemalloc.stop()


def test_a_client_that_does_not_read_is_not_read_from(serving: Any, wire: Any) -> None:
    server = serving()
    channel = wire(server.port, window=4096)
    ehlo = b"EHLO me.example\r\n"
    channel.socket.settimeout(0.5)
    sent = _send_until_stuck(channel, ehlo * 1000)
    answered = server.said("client").count(ehlo)
    assert answered < sent // len(ehlo)
    channel.socket.settimeout(20)
    for _ in range(answered + 1000):
        assert channel.reply().startswith(b"2")


def _send_until_stuck(channel: Any, octets: bytes) -> int:
    """Send the same octets again and again until nobody takes them; how many were taken."""
    sent = 0
    while sent < 100 * MEGABYTE:
        try:
            sent += channel.socket.send(octets)
        except TimeoutError:
            return sent
    raise AssertionError("the server takes in everything, and its answers must be piling up")


# The end of a session ------------------------------------------------------------------------------


def test_nothing_is_said_after_221(serving: Any, wire: Any) -> None:
    server = serving()
    channel = wire(server.port)
    channel.send(b"QUIT\r\nNOOP\r\nEHLO me.example\r\n")
    assert channel.rest().count(b"\r\n") == 2
    channel.close()
    server.stop()
    assert server.said("client") == [b"QUIT\r\n"]


def test_a_server_that_closes_says_421(serving: Any, wire: Any) -> None:
    server = serving()
    greeted, writing = wire(server.port), wire(server.port)
    greeted.reply()
    _open_content(writing)
    writing.send(b"half of a letter\r\n")
    server.shut()
    closing = b"421 4.3.2 lab.example Service not available, closing transmission channel\r\n"
    assert greeted.rest() == closing
    assert writing.rest() == closing
    greeted.close()
    writing.close()
    server.stop()
    assert server.memory.letters == {}
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))


def test_a_server_that_closes_does_not_wait_for_ever(serving: Any, wire: Any) -> None:
    server = serving(limits=QUICK)
    silent = wire(server.port)
    silent.reply()
    server.stop()
    assert silent.rest().startswith(b"421 ")


@pytest.mark.parametrize("said", [b"", OPEN, OPEN + b"half of a letter\r\n."], ids=["nothing", "commands", "content"])
def test_a_client_that_is_silent_too_long_gets_421(serving: Any, wire: Any, said: bytes) -> None:
    server = serving(limits=Limits(idle=0.05))
    channel = wire(server.port)
    channel.send(said)
    assert b"Nothing heard for too long" in channel.rest()
    assert server.memory.letters == {}


@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.parametrize("last", [b"", b"QUIT\r\n"])
def test_a_client_that_ends_its_half_is_answered(
    serving: Any, wire: Any, tmp_path: Path, blocks: bool, last: bytes
) -> None:
    server = serving(mailboxes=Maildir(tmp_path, "lab.example") if blocks else None)
    channel = wire(server.port)
    channel.send(OPEN + b"hello\r\n.\r\nNOOP\r\n" + last)
    channel.socket.shutdown(socket.SHUT_WR)
    codes = [line[:3] for line in channel.rest().splitlines() if line[3:4] == b" "]
    assert codes == [b"220", b"250", b"250", b"250", b"354", b"250", b"250"] + [b"221"] * bool(last)


@pytest.mark.parametrize("end", [b"", b"\r", b"\r\n", b"\r\n.", b"\r\n.\r"])
@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_channel_lost_in_content_delivers_nothing(serving: Any, wire: Any, end: bytes, how: str) -> None:
    server = serving()
    channel = wire(server.port)
    _open_content(channel)
    channel.send(b"half of a letter" + end)
    getattr(channel, how)()
    server.stop()
    assert server.memory.letters == {}


# Limits --------------------------------------------------------------------------------------------


def test_one_session_too_many_gets_421(serving: Any, wire: Any) -> None:
    server = serving(limits=Limits(sessions=2))
    first, second = wire(server.port), wire(server.port)
    assert [each.reply()[:3] for each in (first, second)] == [b"220", b"220"]
    assert wire(server.port).rest() == b"421 lab.example Service not available, closing transmission channel\r\n"
    assert second.ask(b"NOOP").startswith(b"250")
    assert first.ask(b"QUIT").startswith(b"221")
    first.close()
    # The server hears of the close a moment later; until then it may say 421 again.
    assert any(wire(server.port).reply().startswith(b"220") for _ in range(1000))


def test_one_address_may_open_so_many_sessions_in_a_minute(serving: Any, wire: Any) -> None:
    server = serving(limits=Limits(per_minute=5))
    said = [_reply_and_leave(wire(server.port)) for _ in range(13)]
    # The test may begin at the end of a minute.
    assert 5 <= said.count(b"220") <= 10
    assert said.count(b"421") == 13 - said.count(b"220")
    said_why = b"421 lab.example Too many sessions from your address, closing transmission channel\r\n"
    assert said_why in server.said("server")


def _reply_and_leave(channel: Any) -> bytes:
    code = channel.reply()[:3]
    channel.close()
    return bytes(code)


def test_too_many_errors_end_the_session(serving: Any, wire: Any) -> None:
    channel = wire(serving(limits=Limits(errors=3)).port)
    channel.reply()
    assert [channel.ask(line)[:3] for line in (b"XYZZY", b"NOOP", b"DATA")] == [b"500", b"250", b"503"]
    assert channel.ask(b"MAIL").startswith(b"421 ")
    assert channel.rest() == b""


def test_a_letter_makes_up_for_errors(serving: Any, wire: Any) -> None:
    channel = wire(serving(limits=Limits(errors=3)).port)
    channel.send(b"XYZZY\r\n" * 2 + OPEN + b".\r\n" + b"XYZZY\r\n" * 3)
    codes = [line[:3] for line in channel.rest().splitlines() if line[3:4] == b" "]
    assert codes == [b"220", b"500", b"500", b"250", b"250", b"250", b"354", b"250", b"500", b"500", b"421"]


def test_errors_sent_in_one_go_are_not_all_answered(serving: Any, wire: Any) -> None:
    channel = wire(serving().port)
    channel.send(b"XYZZY\r\n" * 500)
    assert channel.rest().count(b"\r\n") == 1 + Limits().errors


def test_sessions_are_counted_from_one(serving: Any, wire: Any) -> None:
    server = serving()
    for _ in range(3):
        channel = wire(server.port)
        channel.ask(b"QUIT")
        channel.close()
    server.stop()
    assert [number for number, event in server.events if event.octets == b"QUIT\r\n"] == [1, 2, 3]


def test_it_listens_on_loopback_alone() -> None:
    policy = find_policy("lab")

    async def listen(address: str) -> None:
        await serve(policy, server_dialect(policy, "rfc2821"), MemoryMailboxes(policy.domain), address=address, port=0)

    for address in ("0.0.0.0", "::", "192.0.2.1"):
        with pytest.raises(Unreachable, match="is not on this machine"):
            asyncio.run(listen(address))


def test_a_port_in_use(serving: Any) -> None:
    port, policy = serving().port, find_policy("lab")

    async def listen() -> None:
        await serve(policy, server_dialect(policy, "rfc2821"), MemoryMailboxes(policy.domain), port=port)

    with pytest.raises(Unreachable, match=f"cannot listen on 127.0.0.1 port {port}"):
        asyncio.run(listen())


def test_a_client_that_comes_by_ipv6_has_an_address_literal_of_its_own() -> None:
    policy = find_policy("lab")
    mailboxes = MemoryMailboxes(policy.domain)

    async def main() -> bytes:
        dialect = server_dialect(policy, "rfc2821")
        async with await serve(policy, dialect, mailboxes, address="::1", port=0, limits=QUICK) as server:
            reader, writer = await asyncio.open_connection("::1", server.port)
            writer.write(OPEN + b".\r\nQUIT\r\n")
            said = await reader.read()
            writer.close()
            await writer.wait_closed()
        return said

    try:
        assert b"\r\n221 " in asyncio.run(main())
    except Unreachable:
        pytest.skip("this machine has no IPv6 loopback")
    assert b"Received: from me.example ([IPv6:::1]) by lab.example " in mailboxes.octets("ada")[0]


# Storing -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Committing(Kept):
    """A draft in memory with something to do when it is committed."""

    then: Callable[[Letter], None]

    def commit(self, letter: Letter) -> None:
        """Do it."""
        self.then(letter)


class FullDisk:
    """Mailboxes on a disk that is full until someone makes room."""

    def __init__(self, *, blocks: bool, error: int) -> None:
        self.blocks = blocks
        self.error = error
        self.room = False
        self.letters: list[bytes] = []

    def draft(self, letter: Letter) -> Committing:
        """A draft in memory."""
        return Committing(then=self._store)

    def _store(self, letter: Letter) -> None:
        if not self.room:
            raise OSError(self.error, "No space left on device, or worse")
        self.letters.append(letter.content)


@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (errno.EIO, b"451 4.3.0 The letter could not be stored; nothing was kept\r\n"),
        (errno.ENOSPC, b"452 4.3.1 There is no room to store the letter; nothing was kept\r\n"),
        (errno.EDQUOT, b"452 4.3.1 There is no room to store the letter; nothing was kept\r\n"),
    ],
)
def test_a_letter_that_cannot_be_stored_gets_451_or_452(
    serving: Any, wire: Any, blocks: bool, error: int, answer: bytes
) -> None:
    mailboxes = FullDisk(blocks=blocks, error=error)
    channel = wire(serving(mailboxes=mailboxes).port)
    _open_content(channel)
    assert channel.ask(b"hello\r\n.") == answer
    mailboxes.room = True
    assert [channel.ask(line)[:3] for line in OPEN.splitlines()] == [b"250", b"250", b"250", b"354"]
    assert channel.ask(b"again\r\n.").startswith(b"250 ")
    assert mailboxes.letters == [b"again\r\n"]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_maildir_keeps_a_letter_in_all_mailboxes_or_in_none(serving: Any, wire: Any, tmp_path: Path) -> None:
    obstacle = tmp_path / "bob"
    obstacle.write_bytes(b"a file where a folder should be")
    channel = wire(serving(mailboxes=Maildir(tmp_path, "lab.example")).port)
    _open_content(channel)
    channel.ask(b".")
    before = _files(tmp_path)
    channel.send(OPEN.replace(b"DATA", b"RCPT TO:<bob@lab.example>\r\nDATA"))
    assert [channel.reply()[:3] for _ in range(5)] == [b"250", b"250", b"250", b"250", b"354"]
    assert channel.ask(b"hello\r\n.").startswith(b"451 4.3.0")
    assert _files(tmp_path) == before


class Watched:
    """A Maildir that, once a letter is stored, waits until it is let go, and tells what lies on the disk by then."""

    blocks = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.maildir = Maildir(folder, "lab.example")
        self.stored, self.go = threading.Event(), threading.Event()
        self.found: list[bytes] = []

    def draft(self, letter: Letter) -> Committing:
        """A draft in memory that is stored all at once."""
        return Committing(then=self._store)

    def _store(self, letter: Letter) -> None:
        """Store, look, wait."""
        self.maildir.draft(letter).write(letter.content).commit(letter)
        self.found = [file.read_bytes() for file in _files(self.folder)]
        self.stored.set()
        assert self.go.wait(20)


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_the_letter_is_on_the_disk_before_the_250(serving: Any, wire: Any, watched: Watched) -> None:
    server = serving(mailboxes=watched)
    channel = wire(server.port)
    _open_content(channel)
    channel.send(b".dot\r\n..\r\n.\r\nNOOP\r\n")
    assert watched.stored.wait(20)
    [found] = watched.found
    assert found.startswith(b"Return-Path: <me@me.example>\nReceived: from me.example ([127.0.0.1]) by lab.example ")
    assert found.endswith(b"\ndot\n.\n")
    # Meanwhile the server serves others, and says nothing to the one who waits.
    assert wire(server.port).reply().startswith(b"220 ")
    assert server.said("server").count(b"250 2.0.0 OK\r\n") == 0
    channel.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        channel.socket.recv(1)
    channel.socket.setblocking(True)
    watched.go.set()
    assert channel.reply() == b"250 2.0.0 OK, 8 octets taken for ada\r\n"
    assert channel.reply() == b"250 2.0.0 OK\r\n"


def test_a_server_that_closes_finishes_the_letter(serving: Any, wire: Any, watched: Watched) -> None:
    server = serving(mailboxes=watched)
    channel = wire(server.port)
    _open_content(channel)
    channel.send(b"hello\r\n.\r\n")
    assert watched.stored.wait(20)
    server.shut()
    watched.go.set()
    assert [line[:9] for line in channel.rest().splitlines()] == [b"250 2.0.0", b"421 4.3.2"]


def test_a_client_that_is_gone_when_its_letter_is_stored(serving: Any, wire: Any, watched: Watched) -> None:
    server = serving(mailboxes=watched)
    channel = wire(server.port)
    _open_content(channel)
    channel.send(b"hello\r\n.\r\n")
    assert watched.stored.wait(20)
    channel.reset()
    watched.go.set()
    server.stop()
    assert len(_files(watched.folder)) == 1


def test_idle_time_does_not_run_while_a_letter_is_stored(serving: Any, wire: Any, watched: Watched) -> None:
    server = serving(mailboxes=watched, limits=Limits(idle=0.3))
    channel = wire(server.port)
    _open_content(channel)
    channel.send(b"hello\r\n.\r\n")
    assert watched.stored.wait(20)
    other = wire(server.port)
    assert b"421 " in other.rest(), "so much time has passed"
    watched.go.set()
    assert channel.rest().startswith(b"250 2.0.0 OK, 7 octets")


# Defects -------------------------------------------------------------------------------------------


class Defective:
    """Mailboxes with a defect: what goes wrong is no matter of a disk."""

    def __init__(self, *, blocks: bool) -> None:
        self.blocks = blocks

    def draft(self, letter: Letter) -> Committing:
        """A draft in memory with a defect."""
        return Committing(then=self._store)

    def _store(self, letter: Letter) -> None:
        raise ZeroDivisionError("a defect")


@pytest.mark.parametrize("blocks", [False, True])
def test_a_defect_ends_one_session_alone(serving: Any, wire: Any, blocks: bool) -> None:
    server = serving(mailboxes=Defective(blocks=blocks))
    channel, other = wire(server.port), wire(server.port)
    other.reply()
    _open_content(channel)
    channel.send(b"hello\r\n.\r\nNOOP\r\n")
    assert channel.rest() == b"421 4.3.2 lab.example Service not available, closing transmission channel\r\n"
    assert other.ask(b"NOOP").startswith(b"250 ")
    [error] = server.errors
    assert isinstance(error["exception"], ZeroDivisionError)
    server.errors.clear()


def test_a_defect_of_whoever_looks_on_ends_one_session_alone(wire: Callable[[int], Any]) -> None:
    policy, errors, numbers = find_policy("lab"), [], []

    def look(number: int, event: object) -> None:
        numbers.append(number)
        if number == 1:
            raise ZeroDivisionError("a defect")

    async def main() -> tuple[bytes, bytes]:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context["exception"]))
        dialect, mailboxes = server_dialect(policy, "rfc2821"), MemoryMailboxes(policy.domain)
        async with await serve(policy, dialect, mailboxes, port=0, limits=QUICK, on_event=look) as server:
            first = await asyncio.to_thread(wire(server.port).rest)
            second = await asyncio.to_thread(wire(server.port).ask, b"QUIT")
        return first, second

    first, second = asyncio.run(main())
    assert first.splitlines()[-1].startswith(b"421 ")
    assert second.startswith(b"220 ")
    assert [type(error) for error in errors] == [ZeroDivisionError]
