"""How much CPU a server needs for 1,000 letters: ours beside aiosmtpd, in the same run.

Letters of 1 KB go through one session, one command at a time; the server throws them away and nobody looks on. The
load comes from this process and the server has one of its own, whose CPU time alone is counted. Rounds alternate, and
the best of each server is what is shown, so that other work on the machine disturbs as little as it can.

    python tests/benchmarks/bench_server.py [--letters N] [--rounds N]
"""

import argparse
import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import IO

LETTER = b"From: <me@me.example>\r\nTo: <ada@open.example>\r\nSubject: load\r\n\r\n" + b"0123456789abcdef" * 4 * 15
CONTENT = b"\r\n".join(LETTER[at : at + 70] for at in range(0, len(LETTER), 70)) + b"\r\n"
GREETED = (b"", b"EHLO me.example\r\n")
ONE_LETTER = (
    b"MAIL FROM:<me@me.example>\r\n",
    b"RCPT TO:<ada@open.example>\r\n",
    b"DATA\r\n",
    CONTENT + b".\r\n",
)


async def _ours() -> int:
    from esmtp_lab.lab import server_dialect
    from esmtp_lab.mailbox.memory import Discard
    from esmtp_lab.net.server import serve
    from esmtp_lab.protocol.policy import find_policy

    policy = find_policy("open")
    server = await serve(policy, server_dialect(policy, "rfc2821"), Discard(), port=0)
    return server.port


async def _aiosmtpd() -> int:
    from aiosmtpd.handlers import Sink
    from aiosmtpd.smtp import SMTP

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Sink(), hostname="open.example", loop=loop), "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    return port


SERVERS: dict[str, Callable[[], Awaitable[int]]] = {"esmtp_lab": _ours, "aiosmtpd": _aiosmtpd}


def _be_server(name: str) -> None:
    """Serve; print the port, and the CPU seconds used so far whenever a line comes in."""

    async def main() -> None:
        print(await SERVERS[name](), flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            print(time.process_time(), flush=True)

    asyncio.run(main())


def _measure(name: str, letters: int) -> float:
    """CPU seconds of a server for 1,000 letters; the first tenth is for warming up and is not counted."""
    command = [sys.executable, __file__, "--serve", name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        asks, answers = server.stdin, server.stdout
        assert asks is not None
        assert answers is not None
        with socket.create_connection(("127.0.0.1", int(answers.readline())), timeout=20) as channel:
            for line in GREETED:
                _ask(channel, line)
            _load(channel, letters // 10)
            before = _used(asks, answers)
            _load(channel, letters)
            seconds = _used(asks, answers) - before
        asks.close()
    return seconds / letters * 1000


def _used(asks: IO[str], answers: IO[str]) -> float:
    asks.write("\n")
    asks.flush()
    return float(answers.readline())


def _load(channel: socket.socket, letters: int) -> None:
    for _ in range(letters):
        for line in ONE_LETTER:
            _ask(channel, line)


def _ask(channel: socket.socket, octets: bytes) -> None:
    """Send what stands there, and wait for a positive reply to it."""
    channel.sendall(octets)
    reply = channel.recv(4096)
    while not reply.endswith(b"\r\n") or reply.rsplit(b"\r\n", 2)[-2][3:4] == b"-":
        reply += channel.recv(4096)
    if reply[:1] not in b"23":
        raise SystemExit(f"the server refused {octets[:30]!r}: {reply!r}")


def main() -> None:
    """Measure both, and print them with their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--letters", type=int, default=1000, help="letters in each round (1000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each server (3)")
    parser.add_argument("--serve", choices=list(SERVERS), help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.serve:
        _be_server(wanted.serve)
        return
    rounds = [{name: _measure(name, wanted.letters) for name in SERVERS} for _ in range(wanted.rounds)]
    best = {name: min(each[name] for each in rounds) for name in SERVERS}
    print(f"server CPU for 1,000 letters of {len(CONTENT)} octets, best of {wanted.rounds} rounds of {wanted.letters}")
    for name, seconds in best.items():
        print(f"  {name:<10} {seconds:.3f} s")
    print(f"  {'ratio':<10} {best['aiosmtpd'] / best['esmtp_lab']:.2f} times less than aiosmtpd")


if __name__ == "__main__":
    main()
