"""Servers of others, each in a root directory of its own with private users, on free ports of loopback.

A server has two ports: on `modern` it knows EHLO, on `old` it refuses it. What reaches a mailbox is compared without
the trace fields that its server adds, and those must be there to the letter.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from .cases import DOMAIN, PEOPLE, Case
from .inside import Aiosmtpd, certificate
from .obtain import Lacking, unpack

SECONDS = 30.0
CONF = Path(__file__).parent / "conf"
_TICK = 0.02
_DATE = rb"\w{3}, [ \d]\d \w{3} \d{4} [\d:]{8} \+0000"

_KEEPER, _POSTFIX, _POSTDROP, _EXIM, _SMTPD, _SMTPQ = range(61_010, 61_016)
"""Numbers of users and groups that exist in the root directories only."""

_USERS = {
    "root": 0,
    "postfix": _POSTFIX,
    "Debian-exim": _EXIM,
    "opensmtpd": _SMTPD,
    "opensmtpq": _SMTPQ,
    "nobody": 65_534,
} | dict.fromkeys(PEOPLE, _KEEPER)
_GROUPS = {
    "root": 0,
    "postfix": _POSTFIX,
    "postdrop": _POSTDROP,
    "Debian-exim": _EXIM,
    "opensmtpd": _SMTPD,
    "opensmtpq": _SMTPQ,
    "nogroup": 65_534,
    "people": _KEEPER,
}

_POSTFIX_QUEUES = (
    *("active", "bounce", "corrupt", "defer", "deferred", "flush"),
    *("hold", "incoming", "private", "saved", "trace"),
)
_SMTPD_QUEUES = ("corrupt", "incoming", "purge", "queue", "temporary")


class ForeignServer(Protocol):
    """What the tests ask of a server."""

    modern: int
    old: int

    def forget(self) -> None:
        """Empty all mailboxes."""

    def arrived(self, case: Case) -> dict[str, list[bytes]]:
        """The contents in each mailbox that is not empty, once as many as the case awaits are there."""

    def stop(self) -> None:
        """End it, and all that it has started."""


class Rooted:
    """A server that runs in a root directory of its own, and puts letters into Maildir folders.

    `program` is its Debian package, `command` starts it in the foreground, `folders` are made before, each with the
    numbers of its user and group and its mode. At the port `node` it calls who has it send what waits. `files` says
    which of our configuration files goes where.
    """

    program = ""
    command: tuple[str, ...] = ()
    files: dict[str, str]
    folders: tuple[tuple[str, int, int, int], ...]
    keeper = _KEEPER

    def __init__(self) -> None:
        if os.name != "posix" or os.geteuid() != 0:
            raise Lacking(f"{self.program} needs root, to run in a root directory of its own")
        self._temporary = tempfile.TemporaryDirectory(prefix=f"{self.program}-")
        self.root = Path(self._temporary.name).resolve() / self.program
        self.modern, self.old, self.node = _free_ports(3)
        self._guard: subprocess.Popen[bytes] | None = None
        try:
            self._furnish()
            self._start()
        except BaseException:
            self.stop()
            raise

    # Its root directory --------------------------------------------------------------------------

    def _furnish(self) -> None:
        unpack(self.program, self.root)
        self._write("etc/passwd", "".join(f"{name}:x:{n}:{n}::/home/{name}:/bin/sh\n" for name, n in _USERS.items()))
        self._write("etc/group", "".join(f"{name}:x:{n}:\n" for name, n in _GROUPS.items()))
        self._write("etc/hosts", "127.0.0.1 localhost\n")
        # Nobody is asked for names: the only name server is one that is not there.
        self._write("etc/resolv.conf", "nameserver 127.0.0.1\n")
        self._write("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")
        # A plain file: device nodes can neither be made nor used in every container.
        self._write("dev/null", "")
        (self.root / "dev/null").chmod(0o666)
        for ours, theirs in self.files.items():
            text = (CONF / ours).read_text("utf-8")
            for word, port in (("@MODERN@", self.modern), ("@OLD@", self.old), ("@NODE@", self.node)):
                text = text.replace(word, str(port))
            self._write(theirs, text)
        self._write("etc/tls/chain.pem", certificate().chain.decode())
        self._write("etc/tls/key.pem", certificate().key.decode())
        homes = [(f"home/{name}", self.keeper, self.keeper, 0o755) for name in PEOPLE]
        for name, user, group, mode in [*self.folders, ("tmp", 0, 0, 0o1777), ("var/log", 0, 0, 0o1777), *homes]:
            folder = self.root / name
            folder.mkdir(parents=True, exist_ok=True)
            os.chown(folder, user, group)
            folder.chmod(mode)

    def _write(self, name: str, text: str) -> None:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    # Its processes -------------------------------------------------------------------------------

    def _start(self) -> None:
        # The guard reads until we close its input or are gone, and then ends its whole process group.
        guard = ["sh", "-c", 'trap : TERM; "$@" & cat >&2; kill -TERM 0; wait', "guard"]
        with open(self.root / "var/log/output", "wb") as output:
            self._guard = subprocess.Popen(
                [*guard, "chroot", str(self.root), *self.command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
                start_new_session=True,
            )
        for port in (self.modern, self.old):
            if not until(lambda port=port: _is_open(port)):
                raise AssertionError(f"{self.program} does not open its port\n{self.log()}")

    def stop(self) -> None:
        """End every process whose root directory is this one, and take the directory away."""
        if self._guard is not None:
            assert self._guard.stdin is not None
            self._guard.stdin.close()
            if not until(lambda: not self._processes(), 5.0):
                for process in self._processes():
                    os.kill(process, signal.SIGKILL)
            self._guard.wait(SECONDS)
        self._temporary.cleanup()

    def _processes(self) -> list[int]:
        found = []
        for each in Path("/proc").glob("[0-9]*"):
            try:
                # OpenSMTPD's own go on into a directory inside.
                if Path(os.readlink(each / "root")).is_relative_to(self.root):
                    found.append(int(each.name))
            except OSError:  # it has ended meanwhile
                continue
        return found

    def log(self) -> str:
        """The last lines of its logs."""
        logs = [file.read_text("utf-8", "replace")[-3000:] for file in (self.root / "var/log").glob("*")]
        return "\n".join(logs)

    # Its mailboxes -------------------------------------------------------------------------------

    def forget(self) -> None:
        """Empty all mailboxes."""
        for name in PEOPLE:
            shutil.rmtree(self.root / "home" / name / "Maildir", ignore_errors=True)

    def arrived(self, case: Case) -> dict[str, list[bytes]]:
        """See `ForeignServer`. These servers deliver after their 250, so it waits, but not for ever."""
        if not until(lambda: all(self._letters(name) for name in case.reached)):
            raise AssertionError(f"{self.program} accepted what it did not deliver\n{self.log()}")
        arrived = {name: [self._content(file, name, case) for file in self._letters(name)] for name in PEOPLE}
        return {name: contents for name, contents in arrived.items() if contents}

    def _letters(self, name: str) -> list[Path]:
        return list((self.root / "home" / name / "Maildir" / "new").glob("*"))

    def _content(self, file: Path, name: str, case: Case) -> bytes:
        letter = file.read_bytes()
        trace = re.compile(self.trace(f"{name}@{DOMAIN}".encode(), case))
        match = trace.match(letter)
        assert match is not None, f"trace fields of {self.program}: {letter[:500]!r}"
        content = letter[match.end() :]
        assert b"\r" not in content
        return content.replace(b"\n", b"\r\n")

    def trace(self, path: bytes, case: Case) -> bytes:
        """The pattern of what this server puts in front of a letter for a path."""
        raise NotImplementedError


class Postfix(Rooted):
    """Postfix: its master, a receiving and a delivering process."""

    program = "postfix"
    command = ("/usr/lib/postfix/sbin/master", "-d", "-c", "/etc/postfix")
    files = {name: f"etc/postfix/{name}" for name in ("main.cf", "master.cf", "no-ehlo")}  # noqa: RUF012
    folders = (
        *((f"var/spool/postfix/{name}", _POSTFIX, 0, 0o700) for name in _POSTFIX_QUEUES),
        ("var/spool/postfix/maildrop", _POSTFIX, _POSTDROP, 0o730),
        ("var/spool/postfix/public", _POSTFIX, _POSTDROP, 0o710),
        ("var/spool/postfix/pid", 0, 0, 0o755),
        ("var/lib/postfix", _POSTFIX, 0, 0o700),
    )

    def trace(self, path: bytes, case: Case) -> bytes:
        """See `Rooted.trace`."""
        path = re.escape(path)
        how = b"ESMTPS" if case.tls else b"ESMTP" if case.knows_ehlo else b"SMTP"
        how = b"UTF8SMTP" if case.utf8 else how
        whom = rb"\n\tfor <%b>" % path if len(case.recipients) == 1 else b""
        return (
            rb"Return-Path: <%b>\nX-Original-To: %b\nDelivered-To: %b\n"
            rb"Received: from me\.example \(unknown \[127\.0\.0\.1\]\)\n"
            rb"\tby lab\.example \(Postfix\) with %b id \w+%b;(?:\n\t| )%b \(UTC\)\n"
        ) % (re.escape(case.sender.encode()), path, path, how, whom, _DATE)


class Exim(Rooted):
    """Exim: one daemon, which does without root where it delivers."""

    program = "exim4-daemon-light"
    command = ("/usr/sbin/exim4", "-bdf")
    files = {"exim4.conf": "etc/exim4/exim4.conf"}  # noqa: RUF012
    folders = (("var/spool/exim4", _EXIM, _EXIM, 0o750),)
    keeper = _EXIM

    def trace(self, path: bytes, case: Case) -> bytes:
        """See `Rooted.trace`."""
        path, sender = re.escape(path), re.escape(case.sender.encode())
        how = rb"esmtps  \(TLS1[.\d]*\) tls \w+\n\t" if case.tls else b"esmtp" if case.knows_ehlo else b"smtp"
        how = b"utf8esmtp" if case.utf8 else how
        whom = rb"\n\tfor %b" % path if len(case.recipients) == 1 else b""
        source = rb"\t\(envelope-from <%b>\)\n" % sender if sender else b""
        return (
            rb"Return-path: <%b>\nEnvelope-to: %b\n"
            rb"Received: from \[127\.0\.0\.1\] \(helo=me\.example\)\n\tby lab\.example with %b ?\(Exim [\d.]+\)\n"
            rb"%b\tid [\w-]+%b;\n\t%b\n"
        ) % (sender, path, how, source, whom, _DATE)


class OpenSmtpd(Rooted):
    """OpenSMTPD: six processes that guard each other."""

    program = "opensmtpd"
    command = ("/usr/sbin/smtpd", "-d")
    files = {"smtpd.conf": "etc/smtpd.conf"}  # noqa: RUF012
    folders = (
        ("var/run", 0, 0, 0o755),
        ("var/lib/opensmtpd/empty", 0, 0, 0o755),
        ("var/spool/smtpd", 0, 0, 0o711),
        ("var/spool/smtpd/offline", 0, _SMTPQ, 0o770),
        *((f"var/spool/smtpd/{name}", _SMTPQ, 0, 0o700) for name in _SMTPD_QUEUES),
    )

    def trace(self, path: bytes, case: Case) -> bytes:
        """See `Rooted.trace`."""
        path = re.escape(path)
        how = b"ESMTP" if case.knows_ehlo else b"SMTP"
        whom = rb"\n\tfor <%b>" % path if len(case.recipients) == 1 else b""
        # It writes no return path line for the null reverse-path.
        source = rb"Return-Path: <%b>\n" % re.escape(case.sender.encode()) if case.sender else b""
        return (
            rb"%bDelivered-To: %b\n"
            rb"Received: from me\.example \(localhost \[127\.0\.0\.1\]\)\n"
            rb"\tby lab\.example \(OpenSMTPD\) with %b id \w+%b;\n\t%b \(UTC\)\n"
        ) % (source, path, how, whom, _DATE)


SERVERS: dict[str, Callable[[], ForeignServer]] = {
    "Postfix": Postfix,
    "Exim": Exim,
    "OpenSMTPD": OpenSmtpd,
    "aiosmtpd": Aiosmtpd,
}


def until(holds: Callable[[], bool], seconds: float = SECONDS) -> bool:
    """Whether something holds before the time is over."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(_TICK)
    return True


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_ports(count: int) -> list[int]:
    """So many ports that are free now; all are held until all are found."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
