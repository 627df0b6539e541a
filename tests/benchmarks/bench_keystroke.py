"""From a key to the screen drawn anew, beside a bare prompt_toolkit application: ``python bench_keystroke.py [ROUNDS]``.

Both run at 132 x 50 in a terminal of their own, at the same time, and get the same keys in turn: lines are typed,
words are asked for, the line is cleared. What counts is the time in which a program was at work, so that other work on
the machine does not; the time that passed is told beside it. Exits 1 where ours takes more than 1.5 times as long at
the 99th percentile, or where a step takes 50 ms or more in a session of ten thousand lines.
"""

import os
import statistics
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pexpect
from keystroke_app import SIZE

APP = Path(__file__).with_name("keystroke_app.py")
MOST = 1.5
SERIES = 3
"""How often the rounds are played while ours takes longer: a busy machine deserves a second look."""
QUIET = 0.012
"""Seconds without output after which a key is done with."""
TYPED = (
    "EHLO me.example",
    "MAIL FROM:<me@me.example> SIZE=20 BODY=8BITMIME",
    "RCPT TO:<bob@lab.example> NOTIFY=SUCCESS,FAILURE",
    "DATA",
    "XYZZY",
    "\t\t\t\t",
    "R\t\t",
)
KEYS = tuple(key for line in TYPED for key in (*line, "\x03"))


class Watched:
    """A program with a stopwatch, in a terminal of its own."""

    def __init__(self, name: str, folder: str) -> None:
        self.file = Path(folder, name)
        environment = {**os.environ, "TERM": "xterm-256color"}
        command = [str(APP), name, str(self.file), str(Path(folder, "board"))]
        size = (SIZE[1], SIZE[0])
        self.child = pexpect.spawn(sys.executable, command, dimensions=size, env=environment, timeout=60)
        self.child.delaybeforesend = None
        self.child.expect(r"C:")
        self.settle(2)

    def settle(self, quiet: float = QUIET) -> None:
        """Read until nothing comes any more."""
        try:
            while True:
                self.child.read_nonblocking(65536, timeout=quiet)
        except pexpect.TIMEOUT:
            return

    def press(self, key: str) -> None:
        """Press a key, and wait until its work is done."""
        before = self.file.stat().st_size
        self.child.send(key)
        self.child.read_nonblocking(1, timeout=30)
        self.settle()
        assert self.file.stat().st_size >= before

    def measured(self) -> list[tuple[float, ...]]:
        """For each key the seconds that passed, and those of work."""
        return [tuple(map(float, line.split())) for line in self.file.read_text().splitlines()]


def percentile(seconds: Iterable[float], share: int) -> float:
    """The value below which so many of a hundred lie."""
    return statistics.quantiles(seconds, n=100, method="inclusive")[share - 1]


def keys(rounds: int) -> bool:
    """Measure keys, print, judge."""
    with tempfile.TemporaryDirectory() as folder:
        programs = {name: Watched(name, folder) for name in ("ours", "bare")}
        try:
            return any(series(programs, rounds) <= MOST for _ in range(SERIES))
        finally:
            for each in programs.values():
                each.child.close(force=True)


def series(programs: dict[str, Watched], rounds: int) -> float:
    """Press all keys so often, print; the ratio that is judged."""
    start = {name: len(each.measured()) for name, each in programs.items()}
    for key in KEYS * rounds:
        for each in programs.values():
            each.press(key)
    tails: dict[str, tuple[float, float]] = {}
    for name, each in programs.items():
        passed, work = ([*column] for column in zip(*each.measured()[start[name] :], strict=True))
        tails[name] = percentile(work, 99), percentile(passed, 99)
        figures = (percentile(column, share) * 1000 for column in (work, passed) for share in (50, 99))
        print(
            f"key to screen, {len(work)} keys: {name} "
            "work p50 {:.1f} ms, p99 {:.1f} ms; passed p50 {:.1f} ms, p99 {:.1f} ms".format(*figures)
        )
    work, passed = (ours / bare for ours, bare in zip(tails["ours"], tails["bare"], strict=True))
    print(f"p99 of ours to p99 of bare: work {work:.2f}, at most {MOST:.2f}; passed {passed:.2f}", flush=True)
    return work


def main() -> int:
    """Measure, print, judge."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    return 0 if keys(rounds) else 1


if __name__ == "__main__":
    sys.exit(main())
