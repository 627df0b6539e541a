"""STARTTLS on real channels: our two ends with each other, with those of others, and with those who mean harm."""

import asyncio
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import aiosmtplib
import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from esmtp_lab.errors import DataError
from esmtp_lab.lab import client_dialect, server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.net.client import deliver, send
from esmtp_lab.net.server import Server, serve
from esmtp_lab.net.service import Limits
from esmtp_lab.net.tls import Made, client_context, made_for, server_context
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.policy import Policy, find_policy
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.path import Path as MailPath

Program = Callable[..., CompletedProcess[bytes]]
ADA = MailPath(b"ada", b"lab.example")
LETTER = Delivery(MailPath(b"me", b"me.example"), (ADA,), b"Subject: hi\r\n\r\nhello\r\n", tls="require")
REQUIRETLS = (Parameter("REQUIRETLS", None),)


def _awaited(*args: Any, **options: Any) -> Delivery:
    return asyncio.run(deliver(*args, **options))


def _awaited_fast(*args: Any, **options: Any) -> Delivery:
    return uvloop.run(deliver(*args, **options))


OURS = {"async": _awaited, "uvloop": _awaited_fast, "socket": send}


@pytest.fixture(params=OURS)
def sends(request: pytest.FixtureRequest) -> Callable[..., Delivery]:
    """Our client, in each of its forms."""
    found: Callable[..., Delivery] = OURS[request.param]
    return found


def moments(server: Any) -> list[bytes]:
    return [event.octets for _, event in server.events if event.kind == "moment"]


# Our two ends ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fast", [False, True])
def test_a_letter_under_tls(serving: Any, sends: Any, made: Made, fast: bool) -> None:
    server, seen = serving("secure", tls=made.context, fast=fast), []
    context = client_context(made.authority)
    content = b"Subject: large\r\n\r\n" + b".x\r\n" * 100_000
    letter = replace(LETTER, content=content, parameters=REQUIRETLS)
    sent = sends(letter, client_dialect(), port=server.port, tls=context, on_event=seen.append)
    assert [each.accepted for each in sent.outcomes] == [True]
    assert server.contents("ada") == [content]
    (stored,) = server.memory.letters["ada"]
    assert (stored.protocol, stored.envelope.parameters[-1:]) == ("ESMTPS", REQUIRETLS)
    server.stop()
    (moment,) = moments(server)
    assert moment.startswith(b"tls with TLSv1.")
    assert moment in [event.octets for event in seen], "both ends say the same of it"
    under = [event.before.protected for event in seen if event.kind in ("command", "reply")]
    assert under == sorted(under)
    assert under.count(True) > 10


def test_a_certificate_that_does_not_verify(serving: Any, sends: Any, made: Made) -> None:
    server, seen = serving("secure", tls=made.context), []
    sent = sends(LETTER, client_dialect(), port=server.port, on_event=seen.append)
    (outcome,) = sent.outcomes
    assert outcome.remark.startswith("no TLS: the certificate does not verify: unable to get local issuer")
    assert (outcome.accepted, outcome.temporary) == (False, True)
    assert seen[-1].octets.startswith(b"closed by the client: no TLS: the certificate does not verify")
    assert b"MAIL" not in b"".join(server.said("client"))
    server.stop()
    assert moments(server)[0].startswith(b"closed by the server: no TLS: ")
    assert server.memory.letters == {}


def test_a_certificate_for_somebody_else(serving: Any, sends: Any) -> None:
    other = made_for(["other.example"])
    server = serving("secure", tls=other.context)
    context = client_context(other.authority)
    (outcome,) = sends(LETTER, client_dialect(), port=server.port, tls=context).outcomes
    assert "not valid for '127.0.0.1'" in outcome.remark
    careless = client_context(verify=False)
    (outcome,) = sends(LETTER, client_dialect(), port=server.port, tls=careless).outcomes
    assert outcome.accepted


def test_a_name_of_loopback_verifies(serving: Any, sends: Any, made: Made) -> None:
    server = serving("secure", tls=made.context)
    context = client_context(made.authority)
    (outcome,) = sends(LETTER, client_dialect(), "localhost", port=server.port, tls=context).outcomes
    assert outcome.accepted


def test_a_server_that_was_given_no_certificate_says_454(serving: Any, sends: Any) -> None:
    server = serving("secure")
    (outcome,) = sends(LETTER, client_dialect(), port=server.port).outcomes
    assert outcome.reply is not None
    assert (outcome.reply.code, outcome.temporary) == (454, True)
    (outcome,) = sends(replace(LETTER, tls="try"), client_dialect(), port=server.port).outcomes
    assert outcome.accepted


def test_a_server_that_does_not_offer_it(serving: Any, sends: Any) -> None:
    server = serving()
    (outcome,) = sends(LETTER, client_dialect(), port=server.port).outcomes
    assert (outcome.accepted, outcome.temporary) == (False, True)
    assert outcome.remark == "no TLS: it is not offered, and nothing is sent in clear"
    (outcome,) = sends(replace(LETTER, parameters=REQUIRETLS), client_dialect(), port=server.port).outcomes
    assert server.said("client")[-1] == b"QUIT\r\n"
    assert server.memory.letters == {}


def test_files_that_are_no_certificates(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("no certificate")
    for authority in (str(tmp_path / "x.pem"), str(tmp_path / "none.pem"), b"x"):
        with pytest.raises(DataError, match="is no certificate in PEM"):
            client_context(authority)
    with pytest.raises(DataError, match="are no certificate and its key"):
        server_context(str(tmp_path / "x.pem"), str(tmp_path / "x.pem"))


# Those who mean harm ---------------------------------------------------------------------------------

EVIL = b"MAIL FROM:<eve@evil.example>\r\nRCPT TO:<ada@lab.example>\r\nDATA\r\nbuy\r\n.\r\n"


@pytest.mark.parametrize("fast", [False, True])
def test_commands_behind_starttls_are_never_heard(serving: Any, wire: Any, made: Made, fast: bool) -> None:
    """CVE-2011-0411: somebody puts commands behind STARTTLS, and they are to be heard under TLS."""
    server = serving("secure", tls=made.context, fast=fast)
    channel = wire(server.port)
    channel.reply()
    channel.ask(b"EHLO me.example")
    channel.send(b"STARTTLS\r\n" + EVIL)
    assert channel.reply().startswith(b"220 ")
    with client_context(made.authority).wrap_socket(channel.socket, server_hostname="localhost") as protected:
        protected.sendall(b"NOOP\r\n")
        assert protected.recv(1000) == b"250 2.0.0 OK\r\n", "nothing else is answered"
        protected.sendall(b"EHLO me.example\r\n")
        assert protected.recv(1000).startswith(b"250-lab.example greets me.example\r\n")
    server.stop()
    assert server.said("client") == [b"EHLO me.example\r\n", b"STARTTLS\r\n", b"NOOP\r\n", b"EHLO me.example\r\n"]
    assert moments(server)[0].endswith(b"; the server throws away %d octets that came in clear" % len(EVIL))
    assert server.memory.letters == {}


class _Evil:
    """A server with somebody in between, who puts replies `behind` the 220, or takes STARTTLS off the list."""

    def __init__(self, made: Made, *, behind: bytes = b"", at_once: bool = True, stripped: bool = False) -> None:
        self.heard: list[bytes] = []
        self._made = made
        self._offers = b"250-evil\r\n250 SIZE\r\n" if stripped else b"250-evil\r\n250 STARTTLS\r\n"
        self._pieces = [b"220 go\r\n" + behind] if at_once else [b"220 go\r\n", behind]
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        channel, _ = self._listener.accept()
        channel.settimeout(20)
        channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError):
            channel.sendall(b"220 evil.example\r\n")
            while octets := channel.recv(1000):
                self.heard.append(octets)
                if octets.startswith(b"STARTTLS"):
                    for piece in self._pieces:
                        channel.sendall(piece)
                    channel = self._made.context.wrap_socket(channel, server_side=True)
                else:
                    protected = isinstance(channel, ssl.SSLSocket)
                    replies = {b"EHLO": b"250 evil\r\n" if protected else self._offers, b"QUIT": b"221 bye\r\n"}
                    channel.sendall(replies.get(octets[:4], b"554 no\r\n"))
        channel.close()

    def __enter__(self) -> "_Evil":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._thread.join(20)
        self._listener.close()


@pytest.mark.parametrize("at_once", [True, False])
def test_replies_behind_220_are_never_heard(sends: Any, made: Made, at_once: bool) -> None:
    """The same the other way round. In one piece with the 220 they are thrown away; behind it TLS finds them."""
    context, seen = client_context(made.authority), []
    behind = b"250-evil\r\n250 AUTH PLAIN\r\n250 fine\r\n"
    with _Evil(made, behind=behind, at_once=at_once) as evil:
        sent = sends(LETTER, client_dialect(), port=evil.port, tls=context, on_event=seen.append)
    assert not sent.outcomes[0].accepted
    assert not any("AUTH" in event.offered for event in seen)
    told = [event.octets for event in seen if event.kind == "moment"]
    if at_once:
        assert told[0].endswith(b"; the client throws away %d octets that came in clear" % len(behind))
        assert any(octets.startswith(b"EHLO") for octets in evil.heard[2:])


def test_a_list_without_starttls_delivers_nothing(sends: Any, made: Made) -> None:
    """RFC 3207 section 6: the line is taken off the list."""
    with _Evil(made, stripped=True) as evil:
        (outcome,) = sends(LETTER, client_dialect(), port=evil.port).outcomes
    assert (outcome.accepted, outcome.temporary) == (False, True)
    assert [octets[:4] for octets in evil.heard] == [b"EHLO", b"QUIT"]


GARBAGE = {
    "a command": b"MAIL FROM:<a@b>\r\n",
    "HTTP": b"GET / HTTP/1.0\r\n\r\n",
    "nothing": b"",
    "a record that never ends": b"\x16\x03\x01\x40\x00\x01\x00",
    "an alert": b"\x15\x03\x01\x00\x02\x02\x28",
    "NUL": b"\0" * 5000,
}


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("octets", GARBAGE.values(), ids=GARBAGE)
def test_garbage_in_place_of_a_handshake(serving: Any, wire: Any, made: Made, octets: bytes, fast: bool) -> None:
    server = serving("secure", tls=made.context, fast=fast, limits=Limits(linger=1.0, handshake=0.5))
    channel = wire(server.port)
    channel.reply()
    channel.ask(b"EHLO a")
    channel.ask(b"STARTTLS")
    channel.send(octets)
    with suppress(ConnectionResetError):
        assert b"250" not in channel.rest()
    assert wire(server.port).reply().startswith(b"220 "), "the others are served"
    server.stop()
    assert moments(server)[0].startswith(b"closed by the server: no TLS: ")


@settings(max_examples=60, deadline=None)
@given(octets=st.binary(max_size=200), cut=st.integers(0, 200))
def test_anything_in_place_of_a_handshake(octets: bytes, cut: int) -> None:
    """Whatever comes, only this one channel is closed, and nobody finds out but by the moment."""

    async def meet() -> None:
        errors: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
        events: list[Event] = []
        async with await _server(events) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"EHLO a\r\nSTARTTLS\r\n")
            while b"220 2.0.0" not in await reader.readline():
                pass
            for piece in (octets[:cut], octets[cut:]):
                writer.write(piece)
                await asyncio.sleep(0)
            writer.write_eof()
            with suppress(ConnectionError):
                while await reader.read(1000):
                    pass
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
        assert errors == []
        assert [event.octets[:27] for event in events if event.kind == "moment"] == [b"closed by the server: no TL"]

    asyncio.run(meet())


_MADE: list[Made] = []


async def _server(events: list[Event], policy: Policy | None = None) -> Server:
    if not _MADE:
        _MADE.append(made_for(["127.0.0.1"]))
    policy = policy or find_policy("secure")
    limits = Limits(linger=0.5, handshake=2.0)
    boxes = MemoryMailboxes(policy.domain)
    return await serve(
        policy,
        server_dialect(policy, "rfc2821"),
        boxes,
        port=0,
        limits=limits,
        on_event=lambda _, event: events.append(event),
        tls=_MADE[0].context,
    )


def test_a_server_that_closes_does_not_wait_for_a_handshake() -> None:
    async def meet() -> None:
        events: list[Event] = []
        server = await _server(events)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"EHLO a\r\nSTARTTLS\r\n")
        while b"220 2.0.0" not in await reader.readline():
            pass
        async with asyncio.timeout(1):
            await server.close()
        assert not server.channels
        assert events[-1].octets == b"closed by the server: no TLS: the server closes"
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    asyncio.run(meet())


def test_idle_under_tls_is_told_421(serving: Any, wire: Any, made: Made) -> None:
    server = serving("secure", tls=made.context, limits=Limits(linger=0.5, idle=0.5))
    channel = wire(server.port)
    channel.reply()
    channel.ask(b"EHLO a")
    channel.ask(b"STARTTLS")
    with client_context(made.authority).wrap_socket(channel.socket, server_hostname="localhost") as protected:
        assert protected.recv(1000).startswith(b"421 ")
        assert protected.recv(1000) == b""


def test_turn_under_tls(made: Made) -> None:
    """The channel stays protected when roles are changed, and nobody offers STARTTLS on it again."""
    policy = Policy("there", domain="there.example", mailboxes={"ada": "Ada"}, extensions=("STARTTLS", "TURN"))
    home = replace(policy, name="home", domain="me.example", mailboxes={"ann": "Ann"})
    back = Delivery(MailPath(), (MailPath(b"ann", b"me.example"),), b"for you\r\n")

    class Shelf:
        def next(self, client: str) -> Delivery | None:
            return back

        def back(self, delivery: Delivery) -> None:
            assert delivery.outcomes[0].accepted

    async def meet() -> None:
        boxes, dialect = MemoryMailboxes(home.domain), server_dialect(policy, "rfc2821")
        serving = Server(home, server_dialect(home, "rfc2821"), boxes)
        letter = replace(LETTER, forward_paths=(MailPath(b"ada", b"there.example"),), turns=True)
        theirs = MemoryMailboxes(policy.domain)
        async with await serve(policy, dialect, theirs, port=0, tls=made.context, waiting=Shelf()) as there:
            context = client_context(made.authority)
            done = await deliver(letter, client_dialect(), port=there.port, host=serving, tls=context)
            assert done.outcomes[0].accepted
        assert [each.protocol for each in (*theirs.letters["ada"], *boxes.letters["ann"])] == ["ESMTPS", "ESMTPS"]

    for run in (asyncio.run, uvloop.run):
        run(meet())


# Clients of others -----------------------------------------------------------------------------------


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def secure(request: pytest.FixtureRequest, serving: Any, made: Made) -> Any:
    """Our server, with a certificate for loopback."""
    return serving("secure", tls=made.context, fast=request.param)


def _came_protected(server: Any, content: bytes) -> None:
    assert server.contents("ada") == [content]
    assert server.memory.letters["ada"][0].protocol in ("ESMTPS", "ESMTPSA")


def test_smtplib(secure: Any, made: Made, letter: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", secure.port, local_hostname="me.example", timeout=20) as client:
        assert "auth" not in client.esmtp_features
        assert client.starttls(context=client_context(made.authority))[0] == 220
        client.login("zoe", "secret")
        client.sendmail("me@me.example", ["ada@lab.example"], letter, mail_options=["BODY=8BITMIME", "REQUIRETLS"])
        with pytest.raises(smtplib.SMTPNotSupportedError):
            client.starttls()
    _came_protected(secure, letter)
    assert secure.memory.letters["ada"][0].protocol == "ESMTPSA"


def test_aiosmtplib(secure: Any, made: Made, letter: bytes) -> None:
    async def send_it() -> None:
        where = {"hostname": "127.0.0.1", "port": secure.port, "local_hostname": "me.example", "timeout": 20}
        context = client_context(made.authority)
        async with aiosmtplib.SMTP(**where, start_tls=True, tls_context=context) as client:
            await client.login("zoe", "secret")
            await client.sendmail("me@me.example", ["ada@lab.example"], letter, mail_options=["BODY=8BITMIME"])
            opened = client.transport.get_extra_info("socket")
        while opened.fileno() >= 0:  # it does not wait for the goodbye of TLS
            await asyncio.sleep(0.01)

    asyncio.run(send_it())
    _came_protected(secure, letter)


def test_swaks(secure: Any, program: Program, letter_file: Path, letter: bytes, authority: Path) -> None:
    where = ["--server", "127.0.0.1", "--port", str(secure.port), "--helo", "me.example", "--from", "me@me.example"]
    tls = ["--tls", "--tls-verify", "--tls-ca-path", str(authority)]
    who = ["--to", "ada@lab.example", "--auth", "PLAIN", "--auth-user", "zoe", "--auth-password", "secret"]
    done = program("swaks", *where, *who, *tls, "--data", f"@{letter_file}")
    assert done.returncode == 0, done.stdout
    assert b" ~> EHLO me.example" in done.stdout
    _came_protected(secure, letter)


def test_curl(secure: Any, program: Program, letter_file: Path, letter: bytes, authority: Path) -> None:
    where = ["-q", "-sS", "-v", f"smtp://127.0.0.1:{secure.port}/me.example", "--ssl-reqd", "--cacert", str(authority)]
    who = ["--mail-from", "me@me.example", "--mail-rcpt", "ada@lab.example", "--user", "zoe:secret"]
    done = program("curl", *where, *who, "--upload-file", str(letter_file))
    assert done.returncode == 0, done.stderr
    _came_protected(secure, letter)


def test_curl_sends_nothing_where_tls_cannot_be_had(serving: Any, program: Program, letter_file: Path) -> None:
    server = serving()
    where = ["-q", "-sS", f"smtp://127.0.0.1:{server.port}/me.example", "--ssl-reqd"]
    who = ["--mail-from", "me@me.example", "--mail-rcpt", "ada@lab.example"]
    assert program("curl", *where, *who, "--upload-file", str(letter_file)).returncode == 64, "curl: TLS is required"
    assert server.memory.letters == {}


def test_msmtp(secure: Any, program: Program, tmp_path: Path, authority: Path) -> None:
    settings_file = tmp_path / ".msmtprc"
    settings_file.write_text(
        f"account default\nhost localhost\nport {secure.port}\ndomain me.example\nfrom me@me.example\ntls on\n"
        f"tls_starttls on\ntls_trust_file {authority}\nauth plain\nuser zoe\npassword secret\n"
    )
    settings_file.chmod(0o600)
    done = program("msmtp", "--serverinfo", "-a", "default")
    assert done.returncode == 0, done.stderr
    assert b"TLS session parameters" in done.stdout
    done = program("msmtp", "--set-date-header=off", "--set-msgid-header=off", "ada@lab.example")
    assert done.returncode == 0, done.stderr
    assert secure.memory.letters["ada"][0].protocol == "ESMTPSA"


def test_openssl_looks_at_the_certificate(secure: Any, program: Program, authority: Path) -> None:
    where = ["-connect", f"127.0.0.1:{secure.port}", "-starttls", "smtp", "-CAfile", str(authority)]
    done = program("openssl", "s_client", *where, "-verify_ip", "127.0.0.1", "-verify_return_error")
    assert done.returncode == 0, done.stderr
    assert b"Verify return code: 0 (ok)" in done.stdout
    assert ssl.OPENSSL_VERSION_NUMBER >= 0x30000000
