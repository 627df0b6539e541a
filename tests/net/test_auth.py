"""AUTH with the programs of others: our server lets them in, and a server of others lets our client in."""

import asyncio
import shutil
import smtplib
import subprocess
from functools import partial
from typing import Any

import aiosmtplib
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from esmtp_lab.lab import client_dialect
from esmtp_lab.net.client import deliver
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.extension import Credentials
from esmtp_lab.wire.path import Path

LETTER = Delivery(Path(b"zoe", b"lab.example"), (Path(b"ada", b"lab.example"),), b"Subject: hi\r\n\r\nhi\r\n")


@pytest.mark.parametrize("name", ["CRAM-MD5", "PLAIN", "LOGIN"])
@pytest.mark.parametrize(("password", "right"), [("secret", True), ("guess", False)])
def test_smtplib(name: str, password: str, right: bool, serving: Any) -> None:
    with smtplib.SMTP("127.0.0.1", serving("members").port, local_hostname="me.example", timeout=20) as client:
        client.ehlo()
        client.esmtp_features["auth"] = f" {name}"
        if right:
            assert client.login("zoe", password)[0] == 235
        else:
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login("zoe", password)


@pytest.mark.parametrize("name", ["crammd5", "plain", "login"])
def test_aiosmtplib(name: str, serving: Any) -> None:
    async def talk() -> int:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=serving("members").port, start_tls=False, timeout=20)
        async with client:
            await client.ehlo()
            reply = await getattr(client, f"auth_{name}")("zoe", "secret")
            return int(reply.code)

    assert asyncio.run(talk()) == 235


@pytest.mark.parametrize("name", ["CRAM-MD5", "PLAIN", "LOGIN"])
def test_swaks(name: str, serving: Any) -> None:
    if not shutil.which("swaks"):
        pytest.skip("NOT TESTED: swaks is not here")
    port = serving("members").port
    who = ["--auth", name, "--auth-user", "zoe", "--auth-password", "secret", "--to", "ada@lab.example"]
    done = subprocess.run(
        ["swaks", "--server", f"127.0.0.1:{port}", *who], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"AUTH {name}" in done.stdout


def _of_curl() -> list[str]:
    """The mechanisms of this curl: SCRAM only where it was built with it."""
    names = ["CRAM-MD5", "PLAIN", "LOGIN"]
    if not shutil.which("curl"):
        return names
    version = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=False).stdout
    return [*names, "SCRAM-SHA-256"] if "gsasl" in version else names


@pytest.mark.parametrize("name", _of_curl())
def test_curl(name: str, serving: Any, letter_file: Any) -> None:
    if not shutil.which("curl"):
        pytest.skip("NOT TESTED: curl is not here")
    url = f"smtp://127.0.0.1:{serving('members').port}/me.example"
    who = ["--user", "zoe:secret", "--login-options", f"AUTH={name}"]
    mail = ["--mail-from", "zoe@lab.example", "--mail-rcpt", "ada@lab.example", "--upload-file", str(letter_file)]
    done = subprocess.run(
        ["curl", "-q", "-v", url, *who, *mail], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"AUTH {name}" in done.stderr


class Members:
    """An aiosmtpd handler and authenticator that knows one member."""

    def __init__(self) -> None:
        self.arrived: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: object, envelope: Any) -> str:  # noqa: N802
        """Keep the letter."""
        self.arrived.append(envelope.original_content)
        return "250 OK"

    def __call__(self, server: SMTP, session: object, envelope: object, mechanism: str, data: Any) -> AuthResult:
        """Whether this is the member."""
        known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"zoe", b"secret")
        return AuthResult(success=known, handled=False)


@pytest.mark.parametrize(("password", "code"), [("secret", 250), ("guess", 535)])
@pytest.mark.filterwarnings("ignore:Session.login_data is deprecated")
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_our_client_and_aiosmtpd(password: str, code: int) -> None:
    async def talk() -> tuple[Delivery, list[bytes]]:
        members, loop = Members(), asyncio.get_running_loop()
        make = partial(
            SMTP,
            members,
            hostname="lab.example",
            loop=loop,
            authenticator=members,
            auth_require_tls=False,
            auth_required=True,
        )
        server = await loop.create_server(make, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            login = Credentials("zoe", password, in_clear=True)
            letter = Delivery(LETTER.reverse_path, LETTER.forward_paths, LETTER.content, login=login)
            return await deliver(letter, client_dialect(), port=port), members.arrived

    delivery, arrived = asyncio.run(talk())
    assert [each.reply and each.reply.code for each in delivery.outcomes] == [code]
    assert arrived == ([LETTER.content] if code == 250 else [])
