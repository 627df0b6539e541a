"""What a letter costs a client: ours beside smtplib, in the same run.

Letters go to our server, which throws them away, in one session, or in a session each; all share one core. The figure
is the CPU time of the client's process for 1,000 letters. Rounds alternate, and the best of each client counts. Ends
with 1 where a target is missed; the targets are those for one session.

    python tests/benchmarks/bench_client.py [--letters N] [--rounds N] [--margin FACTOR]
"""

import argparse
import os
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable

from servers import SECONDS, Server, verdict

LINE = b"0123456789abcdef" * 4 + b".....\r\n"
SIZES = {1024: 2.0, 102_400: 0.7}
"""Octets of content, and how many times smtplib's CPU time ours may be."""


def content(size: int) -> bytes:
    """A letter of about `size` octets; one line in fifty begins with a dot."""
    lines = b"." + LINE + LINE * 49
    return (b"Subject: load\r\n\r\n" + lines * (size // len(lines) + 1))[: size - 2] + b"\r\n"


def _ours(port: int, octets: bytes, letters: int) -> None:
    """One session of our engine on a plain socket."""
    from esmtp_lab.lab import client_dialect
    from esmtp_lab.protocol.client import ClientSession
    from esmtp_lab.wire.parameter import Parameter
    from esmtp_lab.wire.path import Path
    from esmtp_lab.wire.transparency import travelling

    session = ClientSession(client_dialect(), watched=False)
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as channel:

        def say(line: bytes = b"") -> None:
            if line:
                session.send(line)
                channel.sendall(session.take())
            while session.waiting:
                session.receive(channel.recv(65_536))
            if session.reply is None or session.reply.severity > 3:
                raise SystemExit(f"refused: {line[:60]!r}: {session.reply}")

        say()
        say(session.line("EHLO", domain_or_literal=b"me.example"))
        size = (Parameter("SIZE", str(len(octets)).encode()),)
        for _ in range(letters):
            say(session.line("MAIL", reverse_path=Path(b"me", b"me.example"), parameters=size))
            say(session.line("RCPT", forward_path=Path(b"ada", b"open.example")))
            say(session.line("DATA"))
            say(travelling(octets))


def _ours_each(port: int, octets: bytes, letters: int) -> None:
    """Our client, with a session for each letter."""
    from esmtp_lab.lab import client_dialect
    from esmtp_lab.net.client import send
    from esmtp_lab.protocol.delivery import Delivery
    from esmtp_lab.wire.path import Path

    delivery = Delivery(Path(b"me", b"me.example"), (Path(b"ada", b"open.example"),), octets)
    dialect = client_dialect()
    for _ in range(letters):
        after = send(delivery, dialect, port=port)
        if not all(outcome.accepted for outcome in after.outcomes):
            raise SystemExit(f"not delivered: {after.outcomes}")


def _smtplib(port: int, octets: bytes, letters: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="me.example", timeout=SECONDS) as client:
        for _ in range(letters):
            client.sendmail("me@me.example", ["ada@open.example"], octets)


def _smtplib_each(port: int, octets: bytes, letters: int) -> None:
    for _ in range(letters):
        _smtplib(port, octets, 1)


CLIENTS: dict[str, Callable[[int, bytes, int], None]] = {
    "esmtp-lab": _ours,
    "smtplib": _smtplib,
    "esmtp-lab, a session each": _ours_each,
    "smtplib, a session each": _smtplib_each,
}


def _send(name: str, port: int, size: int, letters: int) -> None:
    """Send letters; print the CPU seconds for all but the first tenth, which is for warming up."""
    octets = content(size)
    CLIENTS[name](port, octets, max(1, letters // 10))
    before = time.process_time()
    CLIENTS[name](port, octets, letters)
    print(time.process_time() - before)


def cpu(name: str, port: int, size: int, letters: int) -> float:
    """CPU seconds of a client for 1,000 letters."""
    command = [sys.executable, __file__, "--send", name, str(port), str(size), str(letters)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=600)
    return float(done.stdout) / letters * 1000


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--letters", type=int, default=300, help="letters in each round (300)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each client (3)")
    parser.add_argument("--margin", type=float, default=1.0, help="what a target is multiplied with (1.0)")
    parser.add_argument("--send", nargs=4, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.send:
        name, port, size, letters = wanted.send
        _send(name, int(port), int(size), int(letters))
        return 0
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    server, met = Server("esmtp-lab"), True
    try:
        print(f"CPU of the client for 1,000 letters; best of {wanted.rounds} rounds")
        for size, most in SIZES.items():
            rounds = [
                {name: cpu(name, server.port, size, wanted.letters) for name in CLIENTS} for _ in range(wanted.rounds)
            ]
            best = {name: min(each[name] for each in rounds) for name in CLIENTS}
            for name, seconds in best.items():
                print(f"  {size // 1024:>3} KB  {name:<26} {seconds:.3f} s")
            ratio = best["esmtp-lab"] / best["smtplib"]
            good = ratio <= most * wanted.margin
            print(
                f"{verdict(ratio, most, wanted.margin)} {size // 1024} KB: {ratio:.2f} of smtplib, at most {most:.2f}"
            )
            met = met and good
    finally:
        server.stop()
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
