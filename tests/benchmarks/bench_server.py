"""What a letter costs a server: ours beside those of others, in the same run.

Postfix's smtp-source sends letters over one session; the servers throw them away, and nobody looks on but where the
name says so. Load and server share one core where the system lets us say so, and the figure is the CPU time of the
server's process for 1,000 letters. Rounds alternate, and the best of each server counts, so that other work on the
machine disturbs as little as it can. Ends with 1 where a target is missed.

    python tests/benchmarks/bench_server.py [--letters N] [--rounds N] [--margin FACTOR]
"""

import argparse
import os
import socket
import subprocess
import sys
from typing import NamedTuple

from servers import NAMES, SECONDS, Server, verdict

from tests.interop.obtain import Lacking, postfix_tool

SMALL, LARGE = 1024, 102_400
SESSIONS = 200


class Target(NamedTuple):
    """What one server may cost at most, as a multiple of what another does; by size of letter, or 0 for memory."""

    name: str
    size: int
    most: float
    peer: str = "aiosmtpd"


TARGETS = (
    Target("esmtp-lab", SMALL, 0.5),
    Target("esmtp-lab, uvloop", SMALL, 0.35),
    Target("esmtp-lab, recorded", SMALL, 1.0),
    Target("esmtp-lab", LARGE, 0.25),
    Target("esmtp-lab, recorded", LARGE, 1.0),
    Target("esmtp-lab", 0, 1.0),
)

Figures = dict[tuple[str, int], float]


def cpu(name: str, size: int, letters: int) -> float:
    """CPU seconds of a server for 1,000 letters; the first tenth is for warming up and is not counted."""
    server = Server(name)
    try:
        _load(server.port, size, max(1, letters // 10))
        before = server.cpu
        _load(server.port, size, letters)
        return (server.cpu - before) / letters * 1000
    finally:
        server.stop()


def _load(port: int, size: int, letters: int) -> None:
    program, environment = postfix_tool("smtp-source")
    options = ["-d", "-s", "1", "-m", str(letters), "-l", str(size), "-M", "me.example"]
    paths = ["-f", "me@me.example", "-t", "ada@open.example"]
    command = [str(program), *options, *paths, f"127.0.0.1:{port}"]
    subprocess.run(command, env=environment, check=True, timeout=600)


def memory(name: str) -> float:
    """KiB of memory that a server needs for each session that said EHLO and then nothing."""
    server, channels = Server(name), []
    try:
        for number in range(SESSIONS + 20):
            if number == 20:  # what the first ones need is needed once
                before = server.memory
            channels.append(_open(server.port))
        return (server.memory - before) / SESSIONS / 1024
    finally:
        for channel in channels:
            channel.close()
        server.stop()


def _open(port: int) -> socket.socket:
    channel = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
    for line in (b"", b"EHLO me.example\r\n"):
        channel.sendall(line)
        reply = channel.recv(4096)
        while not reply.endswith(b"\r\n") or reply.rsplit(b"\r\n", 2)[-2][3:4] == b"-":
            reply += channel.recv(4096)
    return channel


def measure(letters: int, rounds: int) -> Figures:
    """The best figure of each server. What cannot be had is left out, and said so."""
    best: Figures = {}
    absent: set[str] = set()
    for _ in range(rounds):
        for name in NAMES:
            try:
                found = {
                    SMALL: cpu(name, SMALL, letters),
                    LARGE: cpu(name, LARGE, max(10, letters // 5)),
                    0: memory(name),
                }
            except (Lacking, OSError, ValueError) as why:
                if name not in absent:
                    print(f"NOT MEASURED: {name}: {why}", flush=True)
                absent.add(name)
                continue
            best |= {(name, size): min(value, best.get((name, size), value)) for size, value in found.items()}
    return best


def show(best: Figures) -> None:
    """Print the figures as a table."""
    print(f"{'':<22} {'1 KB letter':>12} {'100 KB letter':>14} {'idle session':>13}")
    for name in dict.fromkeys(name for name, _ in best):
        small, large, idle = best[name, SMALL], best[name, LARGE], best[name, 0]
        print(f"{name:<22} {small:>10.3f} s {large:>12.3f} s {idle:>9.1f} KiB")


def judge(best: Figures, margin: float) -> bool:
    """Print what became of each target; whether all are met."""
    met = True
    for name, size, most, peer in TARGETS:
        if (name, size) not in best or (peer, size) not in best:
            continue
        ratio = best[name, size] / best[peer, size]
        what = f"{size // 1024} KB" if size else "idle"
        good = ratio <= most * margin
        print(f"{verdict(ratio, most, margin)} {name}, {what}: {ratio:.2f} of {peer}, at most {most:.2f}")
        met = met and good
    return met


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--letters", type=int, default=1000, help="letters in each round (1000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each server (3)")
    parser.add_argument("--margin", type=float, default=1.0, help="what a target is multiplied with (1.0)")
    wanted = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    try:
        postfix_tool("smtp-source")
    except Lacking as why:
        print(f"NOT MEASURED: the load comes from smtp-source, and {why}")
        return 1 if os.environ.get("CI") else 0
    print(f"CPU of the server for 1,000 letters, memory for a session; best of {wanted.rounds} rounds")
    best = measure(wanted.letters, wanted.rounds)
    show(best)
    return 0 if judge(best, wanted.margin) else 1


if __name__ == "__main__":
    sys.exit(main())
