"""From a key to the screen drawn anew, beside a bare prompt_toolkit application.

    python tests/benchmarks/bench_keystroke.py [--rounds N] [--margin FACTOR]

Both run at 132 x 50 in a terminal of their own, at the same time, and get the same keys in turn: lines are typed,
words are asked for, the line is cleared. What counts is the time in which a program was at work, so that other work on
the machine does not; the time that passed is told beside it. Exits 1 where ours takes more than 1.5 times as long at
the 99th percentile, or where any key of a step in a session of ten thousand lines takes 50 ms or more: each step is
taken several times over, and what counts of a key is the middle of its times.
"""

import argparse
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
UP, DOWN, UNDO, REDO, BACK, ON = "\x1b[5~", "\x1b[6~", "\x1bu", "\x1br", "[", "]"
CTRL_R, CTRL_G, ESC = "\x12", "\x07", "\x1b"
STEPS = {
    "scroll": (UP,) * 150 + (DOWN,) * 150,
    "undo, redo": (UNDO,) * 20 + (REDO,) * 20,
    "walk": (BACK,) * 10 + (ON,) * 10,
    "type": tuple("NOOP\r"),
    "search the transcript": (*"/find 252\r", DOWN, DOWN, DOWN, UP, ESC),
    "search what was typed": (CTRL_R, *"RCPT", CTRL_G),
}
"""What is done in the session of ten thousand lines, with its keys; they leave the screen as it was."""
TIMES = 3
LONGEST = 0.05
KEYS = tuple(key for line in TYPED for key in (*line, "\x03"))


class Watched:
    """A program with a stopwatch, in a terminal of its own."""

    def __init__(self, name: str, folder: str) -> None:
        self.file, board = Path(folder, name), Path(folder, "board")
        environment = {**os.environ, "TERM": "xterm-256color"}
        command = [str(APP), name, str(self.file), str(board)]
        size = (SIZE[1], SIZE[0])
        self.child = pexpect.spawn(sys.executable, command, dimensions=size, env=environment, timeout=60)
        self.child.delaybeforesend = None
        self.child.expect(r"C:")
        while not board.exists():
            self.settle(0.1)
        self.settle(1)

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


def keys(rounds: int, margin: float) -> bool:
    """Measure keys, print, judge."""
    with tempfile.TemporaryDirectory() as folder:
        programs = {name: Watched(name, folder) for name in ("ours", "bare")}
        try:
            return any(series(programs, rounds) <= MOST * margin for _ in range(SERIES))
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


def steps(margin: float) -> bool:
    """Measure steps in a long session, print, judge."""
    with tempfile.TemporaryDirectory() as folder:
        program = Watched("long", folder)
        try:
            return any(sum(step(program, name) >= LONGEST * margin for name in STEPS) == 0 for _ in range(SERIES))
        finally:
            program.child.close(force=True)


def step(program: Watched, name: str) -> float:
    """Press the keys of a step, print; the time of work of the slowest key."""
    start = len(program.measured())
    keys = STEPS[name]
    for key in (*keys * TIMES, CTRL_G):  # the time of a key is told when the next one comes
        program.press(key)
    work = [work for _, work in program.measured()[start:]][-len(keys) * TIMES :]
    middle = [statistics.median(work[at :: len(keys)]) for at in range(len(keys))]
    slowest = max(middle)
    print(
        f"10000 lines, {name}: {len(keys)} keys, {TIMES} times: slowest key {slowest * 1000:.1f} ms "
        f"({keys[middle.index(slowest)]!r}), at most {LONGEST * 1000:.0f} ms; longest time {max(work) * 1000:.1f} ms",
        flush=True,
    )
    return slowest


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=4, help="how often all keys are pressed (4)")
    parser.add_argument("--margin", type=float, default=1.0, help="how much more is still good (1.0)")
    wanted = parser.parse_args()
    return 0 if all([keys(wanted.rounds, wanted.margin), steps(wanted.margin)]) else 1


if __name__ == "__main__":
    sys.exit(main())
