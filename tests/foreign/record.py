"""Records the sessions anew: real clients talk to real servers, and a wire tap writes down what passes.

``python -m tests.foreign.record`` needs swaks, curl and what ``tests/interop`` needs. The names of the files say who
spoke: CLIENT-SERVER-WHAT.txt. What is said under TLS is not written down.
"""

import asyncio
import contextlib
import shutil
import smtplib
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult

from esmtp_lab.wire.framing import Framer
from esmtp_lab.wire.transcript import write_line
from tests.interop.inside import Aiosmtpd, Loop
from tests.interop.servers import SERVERS

SESSIONS = Path(__file__).parent / "sessions"
HEADER = (
    b"From: <me@me.example>\r\nTo: <ada@lab.example>\r\nDate: Tue, 24 Nov 2026 09:00:00 +0000\r\n"
    b"Message-ID: <1@me.example>\r\nSubject: a letter\r\n"
)
LETTER = HEADER + b"\r\nhello\r\n.a dot\r\n\r\n" + "Grüße\r\n".encode()
PLAIN = HEADER + b"\r\nhello\r\n"
ME, ADA, BOB, NOBODY = "me@me.example", "ada@lab.example", "bob@lab.example", "stranger@lab.example"


# The tap -------------------------------------------------------------------------------------------


class Tap:
    """Stands between a client and a server; `lines` are what passed, as lines of a transcript."""

    def __init__(self, port: int) -> None:
        self.lines: list[str] = ["=== connected"]
        self._there = port
        self._lock = threading.Lock()
        self._secret = self._asked = False
        self._framers = {"C": Framer(1 << 20), "S": Framer(1 << 20)}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        here, _ = self._listener.accept()
        there = socket.create_connection(("127.0.0.1", self._there))
        both = [threading.Thread(target=self._carry, args=each) for each in (("C", here, there), ("S", there, here))]
        for each in both:
            each.start()
        for each in both:
            each.join()
        here.close()
        there.close()
        self._listener.close()

    def _carry(self, side: str, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while octets := source.recv(65_536):
                with self._lock:
                    self._note(side, octets)
                target.sendall(octets)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def _note(self, side: str, octets: bytes) -> None:
        if self._secret:
            return
        framer = self._framers[side]
        framer.feed(octets)
        while (line := framer.line()) is not None:
            self.lines.append(write_line(side, line.octets))
            if side == "C":
                self._asked = line.octets.upper() == b"STARTTLS\r\n"
            elif self._asked and line.octets.startswith(b"220"):
                self._secret = True

    def finish(self) -> list[str]:
        """All that passed, once both ends are closed."""
        self._thread.join(60)
        return self.lines


def tapped(name: str, port: int, talk: Callable[[int], object]) -> None:
    """Have a session through a tap, and keep it."""
    tap = Tap(port)
    talk(tap.port)
    lines = tap.finish()
    (SESSIONS / f"{name}.txt").write_text("\n".join(lines) + "\n", "utf-8")
    print(f"{name}: {len(lines)} lines")


# Clients -------------------------------------------------------------------------------------------


def _run(*command: str) -> None:
    environment = {"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": "/nonexistent", "LC_ALL": "C"}
    subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)


def swaks(*options: str, letter: Path, to: str = ADA) -> Callable[[int], None]:
    """A session of swaks."""
    who = ("--helo", "me.example", "--from", ME, "--to", to, "--data", f"@{letter}")
    return lambda port: _run("swaks", "--server", f"127.0.0.1:{port}", *who, *options)


def curl(*options: str, letter: Path | None = None, to: tuple[str, ...] = (ADA,)) -> Callable[[int], None]:
    """A session of curl."""
    mail = ("--mail-from", ME, "--upload-file", str(letter)) if letter else ()
    rcpt = tuple(word for path in to for word in ("--mail-rcpt", path))
    return lambda port: _run("curl", "-q", "-k", f"smtp://127.0.0.1:{port}/me.example", *mail, *rcpt, *options)


def python(use: Callable[[smtplib.SMTP], object]) -> Callable[[int], None]:
    """A session of smtplib."""

    def talk(port: int) -> None:
        client = smtplib.SMTP(local_hostname="me.example", timeout=30)
        client._host = "lab.example"  # type: ignore[attr-defined]  # only a constructor that connects sets it
        with contextlib.suppress(smtplib.SMTPException, ssl.SSLError, OSError):
            client.connect("127.0.0.1", port)
            use(client)
        with contextlib.suppress(smtplib.SMTPException, OSError):
            client.quit()
        client.close()

    return talk


def _letter(client: smtplib.SMTP) -> None:
    client.sendmail(ME, [ADA, NOBODY], LETTER, mail_options=["BODY=8BITMIME"])


def _two_letters(client: smtplib.SMTP) -> None:
    client.sendmail(ME, [ADA, BOB], PLAIN)
    client.sendmail("", [ADA], PLAIN)


def _asks(client: smtplib.SMTP) -> None:
    client.ehlo()
    for line in (
        "VRFY ada",
        "VRFY stranger",
        "EXPN ada",
        "EXPN friends",
        "HELP",
        "HELP MAIL",
        "NOOP",
        "NOOP hello",
        "RSET",
    ):
        client.docmd(line)


def _errors(client: smtplib.SMTP) -> None:
    for line in (
        "XYZZY plugh",
        "MAIL FROM:<me@me.example>",
        "EHLO",
        "HELO",
        "EHLO me.example",
        "RCPT TO:<ada@lab.example>",
        "DATA",
        "MAIL FROM:me@me.example extra",
        "MAIL FROM: <me@me.example>",
        "MAIL FROM:<me@me.example>",
        "RSET",
        "MAIL FROM:<me@me.example> NOSUCH=1",
        "MAIL FROM:<me@me.example> SIZE=99999999999",
        "RSET",
        "MAIL FROM:<>",
        "MAIL FROM:<me@me.example>",
        "RCPT TO:<>",
        "RCPT TO:<postmaster>",
        "RCPT TO:<ada@[127.0.0.1]>",
        "RCPT TO:<@relay.example:ada@lab.example>",
        'RCPT TO:<"ada"@lab.example>',
        "RCPT TO:<ada@elsewhere.example>",
        "RCPT TO:<ada@lab.example> NOSUCH=1",
        "rcpt to:<BOB@LAB.EXAMPLE>",
        "TURN",
        "SEND FROM:<me@me.example>",
        "NOOP " + "x" * 600,
        "VRFY " + "y" * 2100,
    ):
        client.docmd(line)


def _chunks(client: smtplib.SMTP) -> None:
    client.ehlo()
    for line in (f"MAIL FROM:<{ME}>", f"RCPT TO:<{ADA}>"):
        client.docmd(line)
    first, last = PLAIN[:60].rpartition(b"\r\n")[0] + b"\r\n", b""
    last = PLAIN[len(first) :]
    for chunk, mark in ((first, ""), (last, " LAST")):
        client.send(f"BDAT {len(chunk)}{mark}\r\n".encode() + chunk)
        client.getreply()


def _group(client: smtplib.SMTP) -> None:
    """A group of commands at once, the last of them DATA (RFC 2920), with one recipient refused."""
    client.ehlo()
    client.send(f"MAIL FROM:<{ME}>\r\nRCPT TO:<{NOBODY}>\r\nRCPT TO:<{ADA}>\r\nDATA\r\n".encode())
    codes = [client.getreply()[0] for _ in range(4)]
    if codes[-1] == 354:
        client.send(PLAIN + b".\r\nNOOP\r\nQUIT\r\n")
        client.getreply()
        client.getreply()


def _helo(client: smtplib.SMTP) -> None:
    client.helo("me.example")
    client.sendmail(ME, [ADA], PLAIN)


def _logs_in(client: smtplib.SMTP) -> None:
    client.ehlo()
    client.docmd("AUTH", "NOSUCH")
    client.docmd("AUTH", "PLAIN =")
    client.docmd("AUTH", "LOGIN")
    client.docmd("*")
    client.login("zoe", "secret")
    client.docmd("AUTH", "PLAIN AHpvZQBzZWNyZXQ=")
    client.sendmail(ME, [ADA], PLAIN)


def _starts_tls(client: smtplib.SMTP) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    client.starttls(context=context)


TALKS: dict[str, Callable[[smtplib.SMTP], object]] = {
    "letter": _letter,
    "two-letters": _two_letters,
    "asks": _asks,
    "errors": _errors,
    "chunks": _chunks,
    "group": _group,
    "helo": _helo,
}


@contextmanager
def members(folder: Path, *, in_clear: bool = True) -> Iterator[int]:
    """aiosmtpd with STARTTLS and AUTH, which may be done `in_clear`."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=lab.example"]
    subprocess.run(["openssl", *request, "-keyout", key, "-out", cert], capture_output=True, check=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    loop = Loop()

    class Handler:
        async def handle_DATA(self, *_: object) -> str:  # noqa: N802
            return "250 OK"

    async def listen() -> asyncio.Server:
        make = partial(
            SMTP,
            Handler(),
            hostname="lab.example",
            loop=loop.loop,
            tls_context=context,
            authenticator=lambda *_: AuthResult(success=True),
            auth_require_tls=not in_clear,
        )
        return await loop.loop.create_server(make, "127.0.0.1", 0)

    server = loop.run(listen())
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.loop.call_soon_threadsafe(server.close)
        loop.stop()


def record(folder: Path) -> None:
    """All of it."""
    letter, plain = folder / "letter.eml", folder / "plain.eml"
    letter.write_bytes(LETTER)
    plain.write_bytes(PLAIN)
    with members(folder) as port:
        login = ("--auth-user", "zoe", "--auth-password", "secret")
        tapped("swaks-aiosmtpd-auth-plain", port, swaks("--auth", "PLAIN", *login, letter=plain))
        tapped("swaks-aiosmtpd-auth-login", port, swaks("--auth", "LOGIN", *login, letter=plain))
        tapped("swaks-aiosmtpd-tls", port, swaks("--tls", letter=plain))
        tapped("curl-aiosmtpd-auth", port, curl("--user", "zoe:secret", letter=plain))
        tapped("smtplib-aiosmtpd-auth", port, python(_logs_in))
        tapped("smtplib-aiosmtpd-tls", port, python(_starts_tls))
    for name in ("Postfix", "Exim", "OpenSMTPD", "aiosmtpd"):
        server, slug = SERVERS[name]() if name in SERVERS else Aiosmtpd(), name.lower()
        try:
            port = server.modern
            tapped(f"swaks-{slug}-letter", port, swaks(letter=letter))
            tapped(f"swaks-{slug}-pipelined", port, swaks("--pipeline", letter=letter, to=f"{ADA},{NOBODY}"))
            tapped(f"swaks-{slug}-refused", port, swaks(letter=letter, to=NOBODY))
            tapped(f"swaks-{slug}-old", server.old, swaks("--protocol", "ESMTP", letter=plain))
            tapped(f"curl-{slug}-letter", port, curl(letter=letter, to=(ADA, BOB)))
            tapped(f"curl-{slug}-vrfy", port, curl(to=("ada",)))
            tapped(f"curl-{slug}-expn", port, curl("--request", "EXPN", to=("friends",)))
            for what, talk in TALKS.items():
                tapped(f"smtplib-{slug}-{what}", port, python(talk))
        finally:
            server.stop()


if __name__ == "__main__":
    missing = [each for each in ("swaks", "curl", "openssl") if not shutil.which(each)]
    if missing:
        raise SystemExit(f"not here: {', '.join(missing)}")
    SESSIONS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        record(Path(place))
