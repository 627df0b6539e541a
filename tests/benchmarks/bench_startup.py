"""Start to first prompt, against ptpython in the same run: ``python tests/benchmarks/bench_startup.py [ROUNDS]``.

Both run in a terminal of their own, in turn; the best start of each counts, so that other work on the machine
disturbs as little as it can. Exits 1 where ours is the slower one.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import pexpect

BIN = Path(sys.executable).parent
OURS = (str(BIN / "esmtp-lab"), [], b"C:")
PEER = (str(BIN / "ptpython"), [], b">>>")
SERIES = 3
"""How often the rounds are played while the peer is ahead: a busy machine deserves a second look."""
CURSOR_ASKED, CURSOR_ANSWER = b"\x1b[6n", b"\x1b[1;1R"


def start(program: str, arguments: list[str], prompt: bytes, home: str) -> float:
    """Seconds from the start of a program until its prompt stands on the terminal."""
    environment = {**os.environ, "TERM": "xterm-256color", "HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home}
    # Modules are compiled once, as after any install, even where the tests themselves leave nothing behind.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    begin = time.perf_counter()
    child = pexpect.spawn(program, arguments, dimensions=(40, 132), env=environment, timeout=30)
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
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    home = tempfile.mkdtemp()
    ours, peer = [], []
    try:
        start(*OURS, home), start(*PEER, home)  # once each, so that files are in the cache
        for _ in range(SERIES):
            for _ in range(rounds):
                ours.append(start(*OURS, home))
                peer.append(start(*PEER, home))
            if min(ours) <= min(peer):
                break
    finally:
        shutil.rmtree(home, ignore_errors=True)
    ratio = min(ours) / min(peer)
    for name, seconds in (("esmtp-lab", ours), ("ptpython", peer)):
        best, middle = min(seconds) * 1000, statistics.median(seconds) * 1000
        print(f"start to first prompt, {len(seconds)} rounds: {name:<10} best {best:.0f} ms, median {middle:.0f} ms")
    print(f"best of esmtp-lab to best of ptpython: {ratio:.2f}, at most 1.00")
    return 0 if ratio <= 1 else 1


if __name__ == "__main__":
    sys.exit(main())
