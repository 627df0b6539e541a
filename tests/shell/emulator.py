"""A terminal that is no screen: a program runs in it, keys go in, and what it shows can be read."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pexpect
import pyte
import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "esmtp_lab")
Ready = str | Callable[[str], bool]
_MANY = 4000
"""Lines that the scrollback keeps."""


def clean_environment(**more: str) -> dict[str, str]:
    """The environment of a person who has set nothing, and what is to be set besides."""
    clean = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "TMUX", "COLUMNS", "LINES")}
    return clean | {"TERM": "xterm-256color", "PYTHONUTF8": "1", **more}


class Terminal:
    """A program in a terminal of a given size, seen through pyte; with `scrollback`, what left the top is kept."""

    def __init__(
        self, columns: int, rows: int, command: Sequence[str], env: dict[str, str], *, scrollback: bool = False
    ) -> None:
        self.raw = b""
        self.display = pyte.HistoryScreen(columns, rows, _MANY) if scrollback else pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.display)
        self.child = pexpect.spawn(
            command[0],
            list(command[1:]),
            dimensions=(rows, columns),
            env=clean_environment(**env),
            cwd=str(ROOT),
            timeout=10,
        )
        self.child.delaybeforesend = None

    @property
    def text(self) -> str:
        return "\n".join(self.display.display)

    @property
    def tight(self) -> str:
        """The screen with all spaces and borders left out, so that wrapped lines are whole again."""
        return re.sub(r"[\s│|]", "", self.text)

    @property
    def everything(self) -> str:
        """The scrollback and the screen."""
        above = ("".join(row[at].data for at in range(self.display.columns)) for row in self.display.history.top)
        return "\n".join((*above, *self.display.display))

    def until(self, ready: Ready) -> str:
        """Read until the screen holds a text, or a condition is true of it, and it is drawn: the cursor is back."""
        holds = ready if callable(ready) else lambda text: ready in text
        while self.display.cursor.hidden or not holds(self.text):
            try:
                octets = self.child.read_nonblocking(65536, timeout=10)
            except (pexpect.TIMEOUT, pexpect.EOF):
                pytest.fail(f"waited in vain, with this on the screen:\n{self.text}")
            self.raw += octets
            self.stream.feed(octets)
            if b"\x1b[6n" in octets:
                self.child.send(f"\x1b[{self.display.cursor.y + 1};{self.display.cursor.x + 1}R")
        return self.text

    def press(self, keys: str, ready: Ready) -> str:
        self.child.send(keys)
        return self.until(ready)

    def type(self, line: str, ready: Ready) -> str:
        return self.press(line + "\r", ready)

    def ends(self) -> int:
        self.raw += self.child.read()
        self.child.close()
        return int(self.child.exitstatus if self.child.exitstatus is not None else -1)

    def close(self) -> None:
        self.child.close(force=True)


class Tmux:
    """The same through tmux, which is a terminal of its own with an alternate screen and a scrollback."""

    def __init__(self, columns: int, rows: int, command: Sequence[str], env: dict[str, str]) -> None:
        self._folder = tempfile.mkdtemp(prefix="lab")
        self._tmux = ["tmux", "-S", f"{self._folder}/socket", "-f", "/dev/null"]
        given = clean_environment(**{key: value for key, value in env.items() if key != "TERM"})
        inner = [f"TERM={env['TERM']}"] if "TERM" in env else []
        size = ["-x", str(columns), "-y", str(rows)]
        self._call("new-session", "-d", *size, "env", *inner, *command, env=given)

    def _call(self, *arguments: str, env: dict[str, str] | None = None) -> str:
        done = subprocess.run([*self._tmux, *arguments], capture_output=True, env=env, cwd=ROOT, timeout=10, check=True)
        return done.stdout.decode()

    @property
    def text(self) -> str:
        return self._call("capture-pane", "-p")

    @property
    def everything(self) -> str:
        return self._call("capture-pane", "-p", "-S", "-")

    @property
    def attributes(self) -> str:
        """The screen with the sequences that would paint it so."""
        return self._call("capture-pane", "-p", "-e", "-S", "-")

    def until(self, ready: Ready) -> str:
        holds = ready if callable(ready) else lambda text: ready in text
        text, end = "", time.monotonic() + 10
        while self._call("display-message", "-p", "#{cursor_flag}") == "0\n" or not holds(text := self.text):
            if time.monotonic() > end:
                pytest.fail(f"waited in vain, with this on the screen:\n{text}")
            time.sleep(0.02)
        return text

    def press(self, keys: str, ready: Ready) -> str:
        self._call("send-keys", "-l", keys)
        return self.until(ready)

    def type(self, line: str, ready: Ready) -> str:
        return self.press(line + "\r", ready)

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, check=False)
        shutil.rmtree(self._folder, ignore_errors=True)
