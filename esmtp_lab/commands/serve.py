"""`esmtp-lab serve`: the reference server on loopback, every line explained as it crosses."""

import asyncio
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from ssl import SSLContext
from tempfile import TemporaryDirectory
from typing import NamedTuple

from esmtp_lab.export.transcript import told
from esmtp_lab.lab import installed, mailboxes_at, plugged, server_dialect
from esmtp_lab.net.loop import run
from esmtp_lab.net.server import serve
from esmtp_lab.net.tls import made_for, server_context
from esmtp_lab.protocol.era import DEFAULT_ERA
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.policy import Policy, find_policy, with_extensions, with_tls, with_users
from esmtp_lab.rules.annotator import annotator
from esmtp_lab.rules.detector import Watch

Write = Callable[[str], None]
MOST_LINES = 100
"""Lines of one content that the live view shows."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Certificate(NamedTuple):
    """What the server proves its name with: two files in PEM, or one that is made for this run where they are not
    named."""

    file: str = ""
    key: str = ""


def serve_forever(
    announce: Write,
    write: Write | None,
    *,
    address: str,
    port: int,
    era: str | None,
    policy: str,
    users: Mapping[str, str],
    mailbox: str,
    allow_remote: bool,
    certificate: Certificate | None = None,
    extensions: Iterable[str] = (),
) -> None:
    """Serve until interrupted. `announce` gets where, `write` the live view, or is None for none.

    The host offers `extensions`, by the names of their definitions, besides its own. With a certificate the host offers
    STARTTLS; one that offers it anyway gets a certificate that is made for it.

    Raises DataError for a policy, an era, an extension or a certificate that is not there, Unreachable where it cannot
    listen.
    """
    chosen = find_policy(policy)
    if certificate is None and "STARTTLS" in chosen.extensions:
        certificate = Certificate()
    chosen = with_users(with_tls(chosen) if certificate is not None else chosen, users)
    own = plugged(extensions)
    chosen = with_extensions(chosen, (each.ehlo_keyword for each in own))
    era = era or chosen.era or DEFAULT_ERA
    dialect = server_dialect(chosen, era, installed(chosen, own))
    mailboxes = mailboxes_at(mailbox, chosen.domain)

    async def main(tls: SSLContext | None, told: str) -> None:
        stop = asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):  # an event loop that has no signals
                asyncio.get_running_loop().add_signal_handler(name, stop.set)
        on_event = None if write is None else _view(write, era)
        async with await serve(
            chosen,
            dialect,
            mailboxes,
            address=address,
            port=port,
            allow_remote=allow_remote,
            on_event=on_event,
            tls=tls,
        ) as server:
            announce(f"=== {chosen.domain} listens on {address} port {server.port} (era {era}); Ctrl-C stops it")
            if told:
                announce(f"=== {told}")
            await stop.wait()
        announce("=== stopped")

    with _prepared(certificate, chosen, address) as (tls, told), suppress(KeyboardInterrupt):
        run(main(tls, told))


@contextmanager
def _prepared(certificate: Certificate | None, policy: Policy, address: str) -> Iterator[tuple[SSLContext | None, str]]:
    """What TLS needs, and what to say about it. Raises DataError."""
    if certificate is None:
        yield None, ""
    elif certificate.file:
        yield server_context(certificate.file, certificate.key or certificate.file), ""
    else:
        made = made_for(dict.fromkeys((*_LOOPBACK, address, policy.domain)))
        with TemporaryDirectory(prefix="esmtp-lab-") as folder:
            file = Path(folder) / "ca.pem"
            file.write_bytes(made.authority)
            yield made.context, f"STARTTLS with a certificate made for this run: a client verifies it by {file}"


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
