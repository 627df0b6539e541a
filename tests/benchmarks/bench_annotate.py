"""What it costs to annotate a transcript of others: lines in a second, and memory, as it streams.

The transcript is made of the recorded sessions of tests/foreign, again and again with other names each time, so that
it is about 25,000 lines and a megabyte. Beside the whole, reading alone is measured in the same run. Rounds alternate
and the best counts. Ends with 1 where a target is missed.

    python tests/benchmarks/bench_annotate.py [--rounds N] [--margin FACTOR]
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

from esmtp_lab.commands.annotate import annotate_lines  # noqa: E402
from esmtp_lab.lab import client_dialect  # noqa: E402
from esmtp_lab.readers.reading import read_transcript  # noqa: E402

SESSIONS = sorted((HERE.parent / "foreign" / "sessions").glob("*.txt"))
LINES = 25_000
LEAST = 20_000
"""Lines in a second that annotation has to reach."""
MOST_GROWTH = 8 << 20
"""Octets that memory may grow by while ten times as many lines pass."""


def transcript(lines: int) -> Iterator[bytes]:
    """So many lines of sessions, each time with other names in their paths and texts."""
    texts = [file.read_bytes() for file in SESSIONS]
    count = number = 0
    while True:
        for text in texts:
            number += 1
            new = text.replace(b"me@me", b"me%d@me" % number).replace(b"ada@", b"ada%d@" % number)
            new = new.replace(b"hello", b"hello %d" % number).replace(b"queued as ", b"queued as %d" % number)
            for line in new.splitlines(keepends=True):
                yield line
                count += 1
                if count == lines:
                    return


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of a piece of work."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def drain(things: Iterator[object]) -> None:
    """Let all of it pass."""
    for _ in things:
        pass


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="rounds (3)")
    parser.add_argument("--margin", type=float, default=1.0, help="how much slower is still good (1.0)")
    wanted = parser.parse_args()
    lines = list(transcript(LINES))
    drain(annotate_lines(lines[:2000], "rfc2821"))  # the rule book is read once
    reads, whole = [], []
    for _ in range(wanted.rounds):
        reads.append(seconds(lambda: drain(read_transcript(iter(lines), client_dialect()))))
        whole.append(seconds(lambda: drain(annotate_lines(iter(lines), "rfc2821"))))
    reading, annotating = (LINES / min(each) for each in (reads, whole))
    size = sum(map(len, lines)) / 1e6
    print(f"{LINES} lines, {size:.2f} MB: read {reading:,.0f} lines/s, annotated {annotating:,.0f} lines/s")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    drain(annotate_lines(transcript(10 * LINES), "rfc2821"))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * (1 if sys.platform == "darwin" else 1024)
    fast, flat = annotating * wanted.margin >= LEAST, grown <= MOST_GROWTH
    print(f"{'met   ' if annotating >= LEAST else 'close ' if fast else 'MISSED'} at least {LEAST:,} lines/s")
    print(f"{'met   ' if flat else 'MISSED'} memory: {grown / 1024:,.0f} KiB more for ten times as many lines")
    return 0 if fast and flat else 1


if __name__ == "__main__":
    sys.exit(main())
