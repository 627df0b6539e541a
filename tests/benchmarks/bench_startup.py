"""Start to first prompt, against ptpython in the same run: ``python tests/benchmarks/bench_startup.py [ROUNDS]``.

Both run in a terminal of their own, in turn; the median of the ratios is the figure. Exits 1
where it is above 1, so that a slow start is noticed.
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
CURSOR_ASKED, CURSOR_ANSWER = b"\x1b[6n", b"\x1b[1;1R"


def start(program: str, arguments: list[str], prompt: bytes, home: str) -> float:
    """Seconds from the start of a program until its prompt stands on the terminal."""
    environment = {**os.environ, "TERM": "xterm-256color", "HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home}
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
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    home = tempfile.mkdtemp()
    ours, peer = [], []
    try:
        start(*OURS, home), start(*PEER, home)  # once each, so that files are in the cache
        for _ in range(rounds):
            ours.append(start(*OURS, home))
            peer.append(start(*PEER, home))
    finally:
        shutil.rmtree(home, ignore_errors=True)
    ratio = statistics.median(a / b for a, b in zip(ours, peer, strict=True))
    print(f"start to first prompt, median of {rounds}: esmtp-lab {statistics.median(ours) * 1000:.0f} ms, ", end="")
    print(f"ptpython {statistics.median(peer) * 1000:.0f} ms, ratio {ratio:.2f}")
    return 0 if ratio <= 1 else 1


if __name__ == "__main__":
    sys.exit(main())
