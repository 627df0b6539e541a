"""Storing: content moves as blocks, and a letter is safe before the 250, whatever happens (RFC 2821 section 6.1)."""

import errno
import os
import smtplib
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import pytest

from esmtp_lab.mailbox.maildir import Maildir
from esmtp_lab.protocol.policy import find_policy
from esmtp_lab.protocol.transaction import Envelope, Letter

MEGABYTE = 1_000_000
CHILD = Path(__file__).parent / "child.py"


class Child:
    """A server in a process of its own."""

    def __init__(self, where: str, step: int = 0) -> None:
        command = [sys.executable, str(CHILD), where, str(step)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._pipe(self._process.stdout).readline())

    def _pipe(self, pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe

    def memory(self) -> int:
        """The most octets of memory that it has had."""
        asks = self._pipe(self._process.stdin)
        asks.write("\n")
        asks.flush()
        return int(self._pipe(self._process.stdout).readline()) * 1024

    def stop(self) -> int:
        """Close it, unless it is dead; its exit code."""
        self._process.communicate(timeout=20)
        return self._process.returncode


@pytest.fixture
def child() -> Iterator[Callable[..., Child]]:
    started: list[Child] = []

    def start(where: str, step: int = 0) -> Child:
        started.append(Child(where, step))
        return started[-1]

    yield start
    for each in started:
        each.stop()


def _files(folder: Path, part: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.glob(f"*/{part}/*"))]


# Blocks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [True, False])
def test_a_letter_of_100_megabytes_takes_no_memory(child: Any, wire: Any, tmp_path: Path, kept: bool) -> None:
    server = child(str(tmp_path) if kept else "discard")
    channel = wire(server.port)
    block = (b"0123456789" * 7 + b"\r\n.." + b"x" * 70 + b"\r\n") * 700
    count = 100 * MEGABYTE // len(block) + 1
    channel.send(b"EHLO me.example\r\nMAIL FROM:<me@me.example>\r\nRCPT TO:<ada@open.example>\r\nDATA\r\n")
    assert [channel.reply()[:3] for _ in range(5)] == [b"220", b"250", b"250", b"250", b"354"]
    before = server.memory()
    for _ in range(count):
        channel.send(block)
    stored = len(block) * count - 700 * count
    assert channel.ask(b".") == f"250 2.0.0 OK, {stored} octets taken for ada\r\n".encode()
    assert server.memory() - before < 4 * MEGABYTE
    if kept:
        [letter] = tmp_path.glob("ada/new/*")
        lines = stored - 1400 * count
        assert lines < letter.stat().st_size < lines + 1000


# Durable before the 250 ----------------------------------------------------------------------------


class Journal(list[Any]):
    """Calls to the system, and what the server said, in their order."""

    def record(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        """Write down each call of an ``os`` function, by the folder it was about, and make it."""
        call = getattr(os, name)

        def run(*args: Any, **options: Any) -> Any:
            self.append(f"{name} {self._about(args[-1] if name in ('rename', 'link') else args[0])}")
            return call(*args, **options)

        monkeypatch.setattr(os, name, run)

    def _about(self, target: Any) -> str:
        path = Path(os.readlink(f"/proc/self/fd/{target}") if isinstance(target, int) else target)
        return f"{path.parent.parent.name}/{path.parent.name}" if path.name.isdigit() or "." in path.name else path.name


@pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="this system does not say which file a number stands for"
)
@pytest.mark.parametrize("names", [["ada"], ["ada", "bob", "eve"]])
def test_the_order_of_calls_before_the_250(
    serving: Any, wire: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str]
) -> None:
    server = serving("open", mailboxes=Maildir(tmp_path, "open.example"))
    channel = wire(server.port)
    for _ in range(2):  # the second time, the folders are there
        server.events = journal = Journal()
        with monkeypatch.context() as patch:
            for name in ("write", "fsync", "rename", "link"):
                journal.record(patch, name)
            channel.send(b"HELO me.example\r\nMAIL FROM:<me@me.example>\r\n")
            channel.send(b"".join(b"RCPT TO:<%b@open.example>\r\n" % name.encode() for name in names))
            channel.send(b"DATA\r\nhello\r\n.\r\nNOOP\r\n")
            while not channel.reply().startswith(b"250 2.0.0 OK\r\n"):
                pass
    calls = [each if isinstance(each, str) else each[1].octets[:13].decode() for each in journal]
    own = [
        each for each in calls if each.startswith(("write ada", "fsync", "rename", "link")) or each == "250 2.0.0 OK,"
    ]
    assert own == [
        "write ada/tmp",
        "write ada/tmp",
        "fsync ada/tmp",
        *(f"link {name}/new" for name in names[1:]),
        "rename ada/new",
        *["fsync new"] * len(names),
        "250 2.0.0 OK,",
    ]


def test_a_new_mailbox_is_flushed_with_the_folder_that_it_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    flush = os.fsync

    def record(handle: int) -> None:
        flushed.append(os.fstat(handle).st_ino)
        flush(handle)

    monkeypatch.setattr(os, "fsync", record)
    Maildir(tmp_path, "lab.example").draft(Letter(Envelope(), mailboxes=("ada",))).abort()
    assert flushed == [(tmp_path / "ada").stat().st_ino, tmp_path.stat().st_ino]


# Killed at every step ------------------------------------------------------------------------------


def _letters(names: str) -> list[bytes]:
    return [b"Subject: %d\r\n\r\n" % number + b"for %b\r\n" % names.encode() * 5000 for number in (1, 2)]


@pytest.mark.parametrize("names", ["ada", "ada bob"])
def test_killed_at_any_step_it_loses_nothing_that_it_acknowledged(child: Any, tmp_path: Path, names: str) -> None:
    letters, step, survived = _letters(names), 0, False
    while not survived:
        step += 1
        folder = tmp_path / str(step)
        folder.mkdir()
        server = child(str(folder), step)
        acknowledged = _deliver(server.port, names.split(), letters)
        survived = server.stop() == 0
        assert len(acknowledged) < 2 or survived
        for name in names.split():
            found = {_content(path) for path in folder.glob(f"{name}/new/*")}
            assert found <= set(letters), f"half a letter, killed at step {step}"
            assert set(acknowledged) <= found, f"a letter lost, killed at step {step}"
    assert step > 20, "the steps were not taken one by one"
    assert _files(folder, "tmp") == []


def _content(file: Path) -> bytes:
    """The content of a stored letter as it was sent, without what was put in front of it."""
    octets = file.read_bytes().replace(b"\n", b"\r\n")
    return octets[octets.find(b"Subject: ") :]


def _deliver(port: int, names: list[str], letters: list[bytes]) -> list[bytes]:
    """Send letters one after the other; those that the server took over."""
    acknowledged = []
    try:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="me.example", timeout=20) as client:
            for letter in letters:
                client.sendmail("me@me.example", [f"{name}@open.example" for name in names], letter)
                acknowledged.append(letter)
    except (smtplib.SMTPServerDisconnected, OSError):
        pass
    return acknowledged


# What can fail -------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["open", "write", "fsync", "link", "rename"])
@pytest.mark.parametrize(("error", "code"), [(errno.ENOSPC, b"452"), (errno.EIO, b"451")])
def test_whatever_call_fails_no_mailbox_has_the_letter(
    serving: Any, wire: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, error: int, code: bytes
) -> None:
    channel = wire(serving("open", mailboxes=Maildir(tmp_path, "open.example")).port)
    envelope = b"MAIL FROM:<me@me.example>\r\nRCPT TO:<ada@open.example>\r\nRCPT TO:<bob@open.example>\r\nDATA\r\n"
    channel.send(b"HELO me.example\r\n" + envelope + b"first\r\n.\r\n")
    assert [channel.reply()[:3] for _ in range(7)] == [b"220", b"250", b"250", b"250", b"250", b"354", b"250"]
    genuine = getattr(os, call)

    def fail(target: Any, *args: Any, **options: Any) -> Any:
        path = os.readlink(f"/proc/self/fd/{target}") if isinstance(target, int) else str(target)
        if str(tmp_path) in path:
            raise OSError(error, os.strerror(error))
        return genuine(target, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        channel.send(envelope + b"second\r\n.\r\n")
        assert [channel.reply()[:3] for _ in range(5)] == [b"250", b"250", b"250", b"354", code]
    assert len(_files(tmp_path, "new")) == 2
    assert _files(tmp_path, "tmp") == []
    channel.send(envelope + b"third\r\n.\r\n")
    assert [channel.reply()[:3] for _ in range(5)] == [b"250", b"250", b"250", b"354", b"250"]
    assert len(_files(tmp_path, "new")) == 4


def test_a_channel_that_is_lost_leaves_nothing_in_tmp(serving: Any, wire: Any, tmp_path: Path) -> None:
    server = serving("open", mailboxes=Maildir(tmp_path, "open.example"))
    channel = wire(server.port)
    channel.send(b"HELO me.example\r\nMAIL FROM:<me@me.example>\r\nRCPT TO:<ada@open.example>\r\nDATA\r\nhalf")
    assert [channel.reply()[:3] for _ in range(5)] == [b"220", b"250", b"250", b"250", b"354"]
    channel.close()
    server.stop()
    assert list((tmp_path / "ada" / "tmp").iterdir()) == []


def test_beyond_the_limit_nothing_more_is_stored(serving: Any, wire: Any, tmp_path: Path) -> None:
    policy = replace(find_policy("open"), max_size=1000)
    channel = wire(serving(policy, mailboxes=Maildir(tmp_path, "open.example")).port)
    channel.send(b"HELO me.example\r\nMAIL FROM:<me@me.example>\r\nRCPT TO:<ada@open.example>\r\nDATA\r\n")
    assert [channel.reply()[:3] for _ in range(5)] == [b"220", b"250", b"250", b"250", b"354"]
    channel.send(b"x" * 1100)
    channel.send(b"\r\nmore\r\n")
    assert channel.ask(b".").startswith(b"552 ")
    assert _files(tmp_path, "*") == []
