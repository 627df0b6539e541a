"""Records the samples anew: real programs talk to real servers, and what they print is kept as it comes.

``python -m tests.readers.record`` needs swaks, curl, openssl and what ``tests/interop`` needs. The names of the files
say who spoke: CLIENT-SERVER-WHAT.txt.
"""

import contextlib
import io
import os
import re
import shutil
import smtplib
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.foreign.record import members
from tests.interop.servers import SERVERS

SAMPLES = Path(__file__).parent / "samples"
LETTER = (
    b"From: <me@me.example>\r\nTo: <ada@lab.example>\r\nDate: Tue, 24 Nov 2026 09:00:00 +0000\r\n"
    b"Message-ID: <1@me.example>\r\nSubject: a letter\r\n\r\nhello\r\n.a dot\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n"
)
WHO = ("--helo", "me.example", "--from", "me@me.example")


def keep(name: str, octets: bytes) -> None:
    """Keep what a program printed."""
    (SAMPLES / f"{name}.txt").write_bytes(octets)
    print(f"{name}: {octets.count(10)} lines")


def printed(*command: str) -> bytes:
    """All that a program prints, in the order in which it does."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C"}
    done = subprocess.run(command, env=environment, stdout=-1, stderr=subprocess.STDOUT, timeout=60, check=False)
    return done.stdout


def swaks(port: int, *options: str, letter: Path, to: str = "ada@lab.example") -> bytes:
    return printed("swaks", "--server", f"127.0.0.1:{port}", *WHO, "--to", to, "--data", f"@{letter}", *options)


def curl(port: int, *options: str, letter: Path | None, to: tuple[str, ...] = ("ada@lab.example",)) -> bytes:
    mail = ["--mail-from", "me@me.example", "--upload-file", str(letter)] if letter else []
    rcpt = [word for path in to for word in ("--mail-rcpt", path)]
    return printed("curl", "-q", "-v", "-k", f"smtp://127.0.0.1:{port}/me.example", *mail, *rcpt, *options)


def python(port: int, level: int, use: Callable[[smtplib.SMTP], object]) -> bytes:
    """What smtplib prints while it is used so."""
    heard = io.StringIO()
    with contextlib.redirect_stderr(heard):
        client = smtplib.SMTP(local_hostname="me.example", timeout=30)
        client._host = "lab.example"  # starttls asks for it, and only a constructor that connects sets it
        client.set_debuglevel(level)
        client.connect("127.0.0.1", port)
        with contextlib.suppress(smtplib.SMTPException):
            use(client)
        with contextlib.suppress(smtplib.SMTPException):
            client.quit()
    return heard.getvalue().encode()


# Servers -----------------------------------------------------------------------------------------


@contextmanager
def lab(*arguments: str) -> Iterator[int]:
    command = [sys.executable, "-m", "esmtp_lab", "serve", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=-1, text=True)
    assert process.stdout is not None
    match = re.search(r"port (\d+)", process.stdout.readline())
    threading.Thread(target=process.stdout.read, daemon=True).start()
    assert match
    try:
        yield int(match[1])
    finally:
        process.terminate()
        process.wait()


# What is said ------------------------------------------------------------------------------------


def send(client: smtplib.SMTP) -> object:
    return client.sendmail("me@me.example", ["ada@lab.example"], LETTER, mail_options=["BODY=8BITMIME"])


def ask(client: smtplib.SMTP) -> object:
    client.ehlo()
    client.verify("ada")
    client.docmd("XYZZY", "plugh")
    client.mail("me@me.example")
    client.rcpt("stranger@lab.example")
    return client.docmd("DATA")


def log_in(client: smtplib.SMTP) -> object:
    client.login("zoe", "secret")
    return send(client)


def start_tls(client: smtplib.SMTP) -> object:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    client.starttls(context=context)
    return log_in(client)


def record(folder: Path) -> None:
    """All of it."""
    letter = folder / "letter.eml"
    letter.write_bytes(LETTER)
    with lab() as port:
        keep("swaks-lab-letter", swaks(port, letter=letter))
        keep("swaks-lab-refused", swaks(port, letter=letter, to="stranger@lab.example"))
        keep("curl-lab-letter", curl(port, letter=letter, to=("ada@lab.example", "bob@lab.example")))
        keep("curl-lab-vrfy", curl(port, letter=None, to=("ada",)))
        keep("curl-lab-help", curl(port, letter=None, to=()))
        keep("smtplib-lab-letter", python(port, 1, send))
        keep("smtplib-lab-asks", python(port, 2, ask))
    with lab("--policy", "members", "--user", "zoe:secret") as port:
        auth = ["--auth-user", "zoe", "--auth-password", "secret"]
        keep("swaks-lab-auth", swaks(port, *auth, "--auth", "PLAIN", letter=letter))
        keep("curl-lab-auth", curl(port, "--user", "zoe:secret", letter=letter))
        keep("smtplib-lab-auth", python(port, 1, log_in))
    with lab("--era", "rfc821") as port:
        keep("swaks-lab821-letter", swaks(port, letter=letter))
        keep("curl-lab821-letter", curl(port, letter=letter))
        keep("smtplib-lab821-letter", python(port, 2, send))
    keep("swaks-nobody-unreachable", swaks(1, letter=letter))
    with members(folder, in_clear=False) as port:
        login = ["--auth", "LOGIN", "--auth-user", "zoe", "--auth-password", "secret"]
        keep("swaks-aiosmtpd-tls", swaks(port, "--tls", *login, letter=letter))
        keep("curl-aiosmtpd-tls", curl(port, "--ssl-reqd", "--user", "zoe:secret", letter=letter))
        keep("smtplib-aiosmtpd-tls", python(port, 1, start_tls))
    for name in ("Postfix", "Exim", "OpenSMTPD"):
        server, slug = SERVERS[name](), name.lower()
        try:
            keep(f"swaks-{slug}-pipelined", swaks(server.modern, "--pipeline", letter=letter))
            both = "ada@lab.example,stranger@lab.example"
            keep(f"swaks-{slug}-refused", swaks(server.modern, letter=letter, to=both))
            keep(f"curl-{slug}-letter", curl(server.modern, letter=letter))
            keep(f"smtplib-{slug}-letter", python(server.modern, 2, send))
            keep(f"smtplib-{slug}-asks", python(server.modern, 1, ask))
        finally:
            server.stop()


if __name__ == "__main__":
    missing = [each for each in ("swaks", "curl", "openssl") if not shutil.which(each)]
    if missing:
        raise SystemExit(f"not here: {', '.join(missing)}")
    SAMPLES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        record(Path(place))
