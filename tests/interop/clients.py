"""Client programs of others: each sends one letter to a port of loopback."""

import asyncio
import json
import os
import shutil
import smtplib
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import aiosmtplib

from esmtp_lab.net.tls import client_context

from .cases import DOMAIN, Case
from .inside import certificate
from .obtain import Lacking, nodemailer_folder

SECONDS = 60.0
HELO = "me.example"


class Told(NamedTuple):
    """What a program says that it did: whether anybody's letter was delivered, and in which words."""

    delivered: bool
    words: str


def _paths(case: Case) -> list[str]:
    return [f"{name}@{DOMAIN}" for name in case.recipients]


def _run(folder: Path, command: list[str], *, letter: bytes = b"", **environment: str) -> Told:
    """Run a program of the machine with nobody's settings."""
    found = shutil.which(command[0])
    if found is None:
        raise Lacking(f"{command[0]} is not installed")
    done = subprocess.run(
        [found, *command[1:]],
        input=letter,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C", **environment},
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    return Told(done.returncode == 0, (done.stdout[-2000:] + done.stderr[-2000:]).decode("ascii", "replace"))


def _file(folder: Path, octets: bytes) -> Path:
    file = folder / "letter.eml"
    file.write_bytes(octets)
    return file


def _authority(folder: Path) -> Path:
    file = folder / "ca.pem"
    file.write_bytes(certificate().authority)
    return file


def swaks(port: int, case: Case, folder: Path) -> Told:
    """It ends the last line itself, even where that is ended already."""
    file = _file(folder, case.content.removesuffix(b"\r\n"))
    where = ["--server", "127.0.0.1", "--port", str(port), "--helo", HELO]
    who = ["--from", case.sender or "<>", "--to", ",".join(_paths(case))]
    tls = ["--tls", "--tls-verify", "--tls-ca-path", str(_authority(folder))] if case.tls else []
    return _run(folder, ["swaks", *where, *who, *tls, "--data", f"@{file}"])


def curl(port: int, case: Case, folder: Path) -> Told:
    """A refused recipient fails everything unless it is told otherwise."""
    who = ["--mail-from", case.sender, "--mail-rcpt-allowfails"]
    for path in _paths(case):
        who += ["--mail-rcpt", path]
    who += ["--ssl-reqd", "--cacert", str(_authority(folder))] if case.tls else []
    file = _file(folder, case.content)
    return _run(folder, ["curl", "-q", "-sSv", f"smtp://127.0.0.1:{port}/{HELO}", *who, "--upload-file", str(file)])


def msmtp(port: int, case: Case, folder: Path) -> Told:
    """Reads a file of this system, with lines that end in LF; told to leave the header alone."""
    tls = ["--tls=on", f"--tls-trust-file={_authority(folder)}"] if case.tls else ["--tls=off"]
    where = ["--host=localhost", f"--port={port}", f"--domain={HELO}", *tls, "--auth=off"]
    alone = ["--set-from-header=off", "--set-date-header=off", "--set-msgid-header=off", "--remove-bcc-headers=off"]
    letter = case.content.replace(b"\r\n", b"\n")
    return _run(folder, ["msmtp", *where, *alone, f"--from={case.sender}", "--", *_paths(case)], letter=letter)


def python_smtplib(port: int, case: Case, folder: Path) -> Told:
    """Says BODY=8BITMIME and SMTPUTF8 where it is told to."""
    options = [] if case.content.isascii() else ["BODY=8BITMIME"]
    options += ["SMTPUTF8"] if case.utf8 else []
    try:
        with smtplib.SMTP("127.0.0.1", port, local_hostname=HELO, timeout=SECONDS) as client:
            if case.tls:
                client.starttls(context=client_context(certificate().authority))
            refused = client.sendmail(case.sender, _paths(case), case.content, mail_options=options)
    except smtplib.SMTPException as error:
        return Told(False, repr(error))
    return Told(True, repr(refused))


def python_aiosmtplib(port: int, case: Case, folder: Path) -> Told:
    """Says BODY=8BITMIME and SMTPUTF8 where it is told to."""
    options = [] if case.content.isascii() else ["BODY=8BITMIME"]
    options += ["SMTPUTF8"] if case.utf8 else []

    async def send() -> object:
        where = {"hostname": "127.0.0.1", "port": port, "local_hostname": HELO, "timeout": SECONDS}
        context = client_context(certificate().authority) if case.tls else None
        async with aiosmtplib.SMTP(**where, start_tls=case.tls, tls_context=context) as client:
            sent = await client.sendmail(case.sender, _paths(case), case.content, mail_options=options)
            opened = client.transport.get_extra_info("socket")
        while case.tls and opened.fileno() >= 0:  # it does not wait for the goodbye of TLS
            await asyncio.sleep(0.01)
        return sent

    try:
        return Told(True, repr(asyncio.run(send())))
    except aiosmtplib.SMTPException as error:
        return Told(False, repr(error))


def nodemailer(port: int, case: Case, folder: Path) -> Told:
    """From npm, with the few lines of JavaScript beside this file; says SIZE and BODY=8BITMIME where it is told to."""
    packages = nodemailer_folder()
    says = {"use8BitMime": not case.content.isascii(), "size": len(case.content)}
    envelope = {"from": case.sender, "to": _paths(case), **says}
    letter = {"envelope": envelope, "raw": {"path": str(_file(folder, case.content))}}
    tls = {"requireTLS": True, "tls": {"ca": certificate().authority.decode()}} if case.tls else {"ignoreTLS": True}
    server = {"host": "localhost", "port": port, "name": HELO, **tls}
    script = Path(__file__).parent / "nodemailer.cjs"
    return _run(folder, ["node", str(script), json.dumps([server, letter])], NODE_PATH=str(packages))


CLIENTS: dict[str, Callable[[int, Case, Path], Told]] = {
    "swaks": swaks,
    "curl": curl,
    "msmtp": msmtp,
    "smtplib": python_smtplib,
    "aiosmtplib": python_aiosmtplib,
    "nodemailer": nodemailer,
}
