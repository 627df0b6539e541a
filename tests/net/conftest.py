"""What the network tests share: servers in threads, raw sockets, and programs that others wrote.

Everything is on loopback and on ports that the system picks. Nothing sleeps: a test waits for octets or for an end.
"""

import asyncio
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from ssl import SSLContext
from typing import Any

import pytest
import uvloop

from esmtp_lab.lab import server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.net.server import Server, serve
from esmtp_lab.net.service import Limits, Mailboxes
from esmtp_lab.net.tls import Made, made_for
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.policy import Policy, find_policy

SECONDS = 20.0
"""No test waits longer than this; one that does has failed."""


LETTER = (
    b"From: <me@me.example>\r\nSubject: dots and eight bits\r\n\r\n"
    b".one\r\n..two\r\n.\r\n...\r\n a . in between\r\n\r\nGr\xc3\xbc\xc3\x9fe \xff\xfe\x80\r\nend\r\n"
)
"""Content with everything that a journey could spoil: dots at the start of lines, octets above 127."""


class Running:
    """A server on a loop of its own, in a thread, so that any program can talk to it.

    `events` holds what its sessions saw, `errors` what reached the loop's exception handler.
    """

    def __init__(
        self, policy: Policy, era: str, mailboxes: Mailboxes | None, limits: Limits, tls: SSLContext | None, fast: bool
    ) -> None:
        self.policy = policy
        self._tls = tls
        self.memory = MemoryMailboxes(policy.domain)
        self.mailboxes = mailboxes or self.memory
        self.events: list[tuple[int, Event]] = []
        self.errors: list[dict[str, Any]] = []
        self._era = era
        self._limits = limits
        self._stop: Callable[[], object] = lambda: None
        self._opened: Future[int] = Future()
        run = uvloop.run if fast else asyncio.run
        self._thread = threading.Thread(target=lambda: run(self._main()))
        self._thread.start()
        self.port = self._opened.result(SECONDS)

    async def _main(self) -> None:
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        loop.set_exception_handler(lambda _, context: self.errors.append(context))
        self._stop = lambda: loop.call_soon_threadsafe(stopped.set)
        async with await self._serve() as server:
            self._opened.set_result(server.port)
            await stopped.wait()

    async def _serve(self) -> Server:
        dialect = server_dialect(self.policy, self._era)
        return await serve(
            self.policy,
            dialect,
            self.mailboxes,
            port=0,
            limits=self._limits,
            on_event=lambda number, event: self.events.append((number, event)),
            tls=self._tls,
        )

    def shut(self) -> None:
        """Tell the server to close, and do not wait for it."""
        if self._thread.is_alive():
            self._stop()

    def stop(self) -> None:
        """Close the server; every session is over when this returns."""
        self.shut()
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()

    def contents(self, name: str) -> list[bytes]:
        """The content of each letter in a mailbox in memory."""
        return [letter.content for letter in self.memory.letters.get(name, ())]

    def said(self, speaker: str) -> list[bytes]:
        """The lines that a side said, in all sessions."""
        return [event.octets for _, event in self.events if event.speaker == speaker]


class Wire:
    """A client made of nothing but a socket."""

    def __init__(self, port: int, window: int = 0) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(SECONDS)
        if window:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self.socket.connect(("127.0.0.1", port))
        self._file = self.socket.makefile("rb")

    def send(self, octets: bytes) -> None:
        """Send octets as they stand."""
        self.socket.sendall(octets)

    def reply(self) -> bytes:
        """All lines of one reply, or as much as came before the channel was closed."""
        lines = b""
        while line := self._file.readline():
            lines += line
            if line[3:4] != b"-":
                break
        return lines

    def ask(self, line: bytes) -> bytes:
        """Send a line, and wait for its reply."""
        self.send(line + b"\r\n")
        return self.reply()

    def rest(self) -> bytes:
        """Everything until the server closes."""
        return self._file.read()

    def reset(self) -> None:
        """Cut the channel off with a TCP reset, as a crash does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self._file.close()
        self.socket.close()


Serving = Callable[..., Running]


@pytest.fixture
def serving() -> Iterator[Serving]:
    """Starts servers: ``serving(policy, era=…, mailboxes=…, limits=…, tls=…)``; at the end none may have failed inside.

    One that is `fast` runs on uvloop.
    """
    started: list[Running] = []

    def start(
        policy: str | Policy = "lab",
        *,
        era: str = "rfc2821",
        mailboxes: Mailboxes | None = None,
        limits: Limits | None = None,
        tls: SSLContext | None = None,
        fast: bool = False,
    ) -> Running:
        chosen = find_policy(policy) if isinstance(policy, str) else policy
        started.append(Running(chosen, era, mailboxes, limits or Limits(linger=1.0), tls, fast))
        return started[-1]

    yield start
    for running in started:
        running.stop()
        assert running.errors == []


@pytest.fixture(scope="session")
def made() -> Made:
    """A certificate of the lab for loopback."""
    return made_for(["localhost", "127.0.0.1", "::1", "lab.example"])


@pytest.fixture(scope="session")
def authority(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of who vouches for that certificate."""
    file = tmp_path_factory.mktemp("tls") / "ca.pem"
    file.write_bytes(made.authority)
    return file


@pytest.fixture
def letter_file(tmp_path: Path) -> Path:
    """LETTER in a file, without its last CRLF, so that programs which end the last line themselves end it once."""
    file = tmp_path / "letter.eml"
    file.write_bytes(LETTER.removesuffix(b"\r\n"))
    return file


@pytest.fixture
def letter() -> bytes:
    """The content that travels in these tests."""
    return LETTER


@pytest.fixture
def wire() -> Iterator[Callable[..., Wire]]:
    """Opens raw channels to a port, with a window of some octets where asked for; they are closed at the end."""
    opened: list[Wire] = []

    def connect(port: int, window: int = 0) -> Wire:
        opened.append(Wire(port, window))
        return opened[-1]

    yield connect
    for each in opened:
        each.close()


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Runs a program that others wrote, with nobody's settings: ``program("swaks", …)``."""

    def run(name: str, *args: str) -> subprocess.CompletedProcess[bytes]:
        found = shutil.which(name)
        if found is None:
            missing = f"{name} IS NOT INSTALLED: nothing here was tested against it"
            if os.environ.get("CI"):
                pytest.fail(missing)
            pytest.skip(missing)
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C"}
        return subprocess.run(
            [found, *args], env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
        )

    return run
