"""The servers that are measured, each in a process of its own.

Those in Python are this file run as a program: ``python servers.py NAME`` prints a port and serves until it is ended.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

from tests.interop.obtain import npm_folder, postfix_tool  # noqa: E402


def verdict(ratio: float, most: float, margin: float) -> str:
    """Whether a target is met, or missed by less than the margin, or missed."""
    return "met   " if ratio <= most else "close " if ratio <= most * margin else "MISSED"


SECONDS = 20.0


class Server:
    """A server process; `port` is where it listens on 127.0.0.1. Raises Lacking where it cannot be had."""

    def __init__(self, name: str) -> None:
        command, environment, self.port = _COMMANDS.get(name, _in_python)(name)
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = self.port or int(self._process.stdout.readline())
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS).close()
                return
            except OSError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise

    @property
    def cpu(self) -> float:
        """Seconds of CPU that all its threads have used."""
        tasks = Path(f"/proc/{self._process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    @property
    def memory(self) -> int:
        """Octets of memory that are its own and no other process's."""
        lines = Path(f"/proc/{self._process.pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private"))

    def stop(self) -> None:
        """End the process."""
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()


Command = tuple[list[str], dict[str, str], int]


def _in_python(name: str) -> Command:
    return [sys.executable, __file__, name], {**os.environ, "PYTHONHASHSEED": "0"}, 0


def _smtp_server(name: str) -> Command:
    folder = npm_folder("smtp-server")
    return ["node", str(HERE / "smtp_server.cjs")], {**os.environ, "NODE_PATH": str(folder)}, 0


def _smtp_sink(name: str) -> Command:
    program, environment = postfix_tool("smtp-sink")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    return [str(program), "-u", "nobody", f"127.0.0.1:{port}", "1000"], environment, port


_COMMANDS: dict[str, Callable[[str], Command]] = {"npm smtp-server": _smtp_server, "smtp-sink": _smtp_sink}


# Those in Python -----------------------------------------------------------------------------------


async def _ours(on_event: Callable[[int, object], None] | None = None) -> int:
    from esmtp_lab.lab import server_dialect
    from esmtp_lab.mailbox.memory import Discard
    from esmtp_lab.net.server import serve
    from esmtp_lab.net.service import Limits
    from esmtp_lab.protocol.policy import find_policy

    policy, limits = find_policy("open"), Limits(sessions=1000, per_minute=100_000)
    dialect = server_dialect(policy, "rfc2821")
    server = await serve(policy, dialect, Discard(), port=0, limits=limits, on_event=on_event)
    return server.port


async def _ours_recorded() -> int:
    events: list[object] = []
    return await _ours(lambda number, event: events.append(event))


async def _aiosmtpd() -> int:
    from aiosmtpd.handlers import Sink
    from aiosmtpd.smtp import SMTP

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Sink(), hostname="open.example", loop=loop), "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    return port


_SERVERS: dict[str, Callable[[], Awaitable[int]]] = {
    "esmtp-lab": _ours,
    "esmtp-lab, uvloop": _ours,
    "esmtp-lab, recorded": _ours_recorded,
    "aiosmtpd": _aiosmtpd,
    "aiosmtpd, uvloop": _aiosmtpd,
}

NAMES = (*_SERVERS, *_COMMANDS)
"""Every server that can be measured."""


def _serve(name: str) -> None:
    async def main() -> None:
        print(await _SERVERS[name](), flush=True)
        await asyncio.Event().wait()

    if name.endswith("uvloop"):
        import uvloop

        uvloop.run(main())
    else:
        asyncio.run(main())


if __name__ == "__main__":
    _serve(sys.argv[1])
