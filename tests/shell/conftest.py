"""A session to type into, and a terminal to look at one through."""

import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pyte
import pytest

from esmtp_lab.lab import Lab
from esmtp_lab.shell.session import Session

ROOT = Path(__file__).parents[2]
LETTER = (
    "EHLO me.example",
    "MAIL FROM:<me@me.example>",
    "RCPT TO:<ada@lab.example>",
    "DATA",
    "Subject: hi",
    "",
    "text",
    ".",
)


def fixed_lab(**options: str) -> Lab:
    return Lab(clock=lambda: 1_000_000_000.0, **options)


@pytest.fixture
def session() -> Session:
    return Session(fixed_lab())


@pytest.fixture
def types() -> Callable[..., Session]:
    """A session in which these lines were typed."""

    def run(*lines: str, **options: str) -> Session:
        session = Session(fixed_lab(**options))
        for line in lines:
            session.type(line)
        return session

    return run


@pytest.fixture
def letter() -> tuple[str, ...]:
    """The lines that deliver one letter to ada."""
    return LETTER


class Terminal:
    """The shell in a terminal of a given size, seen through pyte."""

    def __init__(self, columns: int, rows: int, options: str, before: str, env: dict[str, str]) -> None:
        code = (
            "from esmtp_lab.lab import Lab; from esmtp_lab.shell import shell; "
            f"lab = Lab(clock=lambda: 1e9); {before}; raise SystemExit(shell(lab, {options}))"
        )
        clean = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
        clean |= {"TERM": "xterm-256color", "PYTHONUTF8": "1", **env}
        self.raw = b""
        self.display = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.display)
        self.child = pexpect.spawn(
            sys.executable, ["-c", code], dimensions=(rows, columns), env=clean, cwd=str(ROOT), timeout=10
        )
        self.child.delaybeforesend = None

    @property
    def text(self) -> str:
        return "\n".join(self.display.display)

    @property
    def tight(self) -> str:
        """The screen with all spaces and borders left out, so that wrapped lines are whole again."""
        return re.sub(r"[\s│|]", "", self.text)

    def until(self, ready: str | Callable[[str], bool]) -> str:
        """Read until the screen holds a text, or a condition is true of it."""
        holds = ready if callable(ready) else lambda text: ready in text
        while not holds(self.text):
            try:
                octets = self.child.read_nonblocking(65536, timeout=10)
            except (pexpect.TIMEOUT, pexpect.EOF):
                pytest.fail(f"waited in vain, with this on the screen:\n{self.text}")
            self.raw += octets
            self.stream.feed(octets)
            if b"\x1b[6n" in octets:
                self.child.send(f"\x1b[{self.display.cursor.y + 1};{self.display.cursor.x + 1}R")
        return self.text

    def press(self, keys: str, ready: str | Callable[[str], bool]) -> str:
        self.child.send(keys)
        return self.until(ready)

    def type(self, line: str, ready: str | Callable[[str], bool]) -> str:
        return self.press(line + "\r", ready)

    def ends(self) -> int:
        self.raw += self.child.read()
        self.child.close()
        return int(self.child.exitstatus if self.child.exitstatus is not None else -1)


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def start(columns: int, rows: int, options: str = "", before: str = "pass", **env: str) -> Terminal:
        opened.append(Terminal(columns, rows, options, before, env))
        return opened[-1]

    yield start
    for each in opened:
        each.child.close(force=True)
