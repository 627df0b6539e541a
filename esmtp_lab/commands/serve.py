"""`esmtp-lab serve`: the reference server on loopback, every line explained as it crosses."""

import asyncio
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress

from esmtp_lab.export.transcript import told
from esmtp_lab.lab import mailboxes_at, server_dialect
from esmtp_lab.net.loop import run
from esmtp_lab.net.server import serve
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.policy import find_policy, with_users
from esmtp_lab.rules.annotator import annotator
from esmtp_lab.rules.detector import Watch

Write = Callable[[str], None]
MOST_LINES = 100
"""Lines of one content that the live view shows."""


def serve_forever(
    announce: Write,
    write: Write | None,
    *,
    address: str,
    port: int,
    era: str,
    policy: str,
    users: Mapping[str, str],
    mailbox: str,
    allow_remote: bool,
) -> None:
    """Serve until interrupted. `announce` gets where, `write` the live view, or is None for none.

    Raises DataError for a policy or an era that is not there, Unreachable where it cannot listen.
    """
    chosen = with_users(find_policy(policy), users)
    dialect = server_dialect(chosen, era)
    mailboxes = mailboxes_at(mailbox, chosen.domain)

    async def main() -> None:
        stop = asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):  # an event loop that has no signals
                asyncio.get_running_loop().add_signal_handler(name, stop.set)
        on_event = None if write is None else _view(write, era)
        async with await serve(
            chosen, dialect, mailboxes, address=address, port=port, allow_remote=allow_remote, on_event=on_event
        ) as server:
            announce(f"=== {chosen.domain} listens on {address} port {server.port} (era {era}); Ctrl-C stops it")
            await stop.wait()
        announce("=== stopped")

    with suppress(KeyboardInterrupt):
        run(main())


def _view(write: Write, era: str) -> Callable[[int, Event], None]:
    annotate = annotator(era)
    watches: dict[int, Watch] = {}

    def show(session: int, event: Event) -> None:
        watch = watches.setdefault(session, Watch(era))
        for line in told(event, annotate, MOST_LINES, watch.hear):
            write(f"{session} {line}")
        if event.after.closed:
            del watches[session]

    return show
