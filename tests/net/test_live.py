"""The shell on real channels: it calls servers, some of them hostile, and listens for clients that others wrote."""

import smtplib
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from esmtp_lab.lab import Lab
from esmtp_lab.net.tls import Made
from esmtp_lab.shell.live import Live
from esmtp_lab.shell.memory import remember
from esmtp_lab.shell.past import Past
from esmtp_lab.shell.session import Session

LETTER = ("EHLO me.example", "MAIL FROM:<me@me.example>", "RCPT TO:<ada@lab.example>", "DATA", "hi", ".")


def shown(session: Session) -> str:
    return "\n".join(item.text or repr(item.event.octets) for item in session.record.items if item.text or item.event)


def calling(port: int, *lines: str) -> Session:
    session = Session(Lab())
    for line in (f"/connect 127.0.0.1:{port}", *lines):
        session.type(line)
        if line.startswith("/connect"):
            session.overhear(5.0)
    return session


def watched(session: Session, client: Callable[[int], Any]) -> None:
    """Let a client call, and look on until it has gone."""
    live: Any = session.live
    caller = threading.Thread(target=client, args=(live.number,))
    caller.start()
    for _ in range(200):
        if not live.due:
            break
        session.overhear(0.1)
    caller.join(20)
    assert not caller.is_alive() and not live.due


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A server that says what it is told to, and closes, or stays silent."""
    monkeypatch.setattr("esmtp_lab.shell.session.PATIENCE", 0.5)
    opened: list[socket.socket] = []

    def start(octets: bytes, *, closes: bool = True) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        opened.append(listener)

        def serve() -> None:
            there, _ = listener.accept()
            opened.append(there)
            try:
                there.sendall(octets)
                if closes:
                    there.shutdown(socket.SHUT_RDWR)
            except OSError:
                """The client has left."""

        threading.Thread(target=serve, daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for each in opened:
        each.close()


def test_a_letter_to_our_own_server(serving: Any) -> None:
    server = serving()
    session = calling(server.port, *LETTER)
    assert server.contents("ada") == [b"hi\r\n"]
    assert session.prompt == "C: " and session.lab.bench.client.position.state == "ready"
    assert "SIZE" in session.lab.bench.client.offered
    session.type("/undo")
    assert "cannot be taken back" in shown(session)
    session.type("QUIT")
    assert "closed; /restart calls again" in shown(session)
    session.type("NOOP")
    assert "no channel is open" in shown(session)
    session.type("/connect off")
    assert session.live is None and session.lab.policy.name == "lab"


def test_a_letter_to_aiosmtpd() -> None:
    controller = Controller(Sink(), hostname="127.0.0.1", port=0, ready_timeout=20)
    with socket.create_server(("127.0.0.1", 0)) as free:
        controller.port = free.getsockname()[1]
    controller.start()
    try:
        session = calling(controller.port, *LETTER)
        assert "250 OK" in shown(session)
        session.type("/connect off")
    finally:
        controller.stop()


def test_tls_is_real(serving: Any, made: Made) -> None:
    session = calling(serving("secure", tls=made.context).port, "EHLO me.example", "STARTTLS", "EHLO me.example")
    assert "tls with TLSv1" in shown(session) and "certificate was not verified" in shown(session)
    assert session.lab.bench.client.position.protected and "AUTH" in session.lab.bench.client.offered
    session.type("/connect off")


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        (b"", "closed by the server"),
        (b"220 \x1b]0;x\x07 \xe2\x80\xae\r\n", r"220 \x1b]0;x\x07"),
        (b"220 no end\n", "octets came that end no line"),
        (b"220 " + b"x" * 1_000_000 + b"\r\n", "more than 65536 octets"),
        (b"SSH-2.0-OpenSSH_9\r\n", "no reply: it has no code of three digits"),
        (b"220-x\r\n" * 20_000, "more than 65536 octets"),
    ],
)
def test_hostile_servers(hostile: Any, octets: bytes, told: str) -> None:
    session = calling(hostile(octets))
    assert told in shown(session).replace("\\\\", "\\")
    assert "inside the lab" not in shown(session)
    session.type("/connect off")


def test_a_silent_server_gives_the_prompt_back(hostile: Any) -> None:
    session = calling(hostile(b"220 x\r\n", closes=False), "NOOP")
    assert "no reply yet" in shown(session)
    session.type("/connect off")


@pytest.mark.parametrize(
    ("place", "told"),
    [("192.0.2.1:25", "--allow-remote"), ("nowhere", "write HOST:PORT"), ("127.0.0.1:1", "no channel to 127.0.0.1")],
)
def test_where_nobody_is_called(place: str, told: str) -> None:
    session = Session(Lab())
    session.type(f"/connect {place}")
    assert told in shown(session) and session.live is None


def test_smtplib_calls() -> None:
    session = Session(Lab())
    session.type("/listen")

    def client(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="me.example", timeout=20) as there:
            there.sendmail("me@me.example", ["ada@lab.example"], b"hi\r\n")

    watched(session, client)
    session.type("/listen off")
    assert session.lab.octets("ada")[0].endswith(b"hi\r\n") and session.prompt == "C: "


@pytest.mark.parametrize(("host", "options"), [("lab", ()), ("secure", ("--tls",))])
def test_swaks_calls(program: Any, host: str, options: tuple[str, ...]) -> None:
    session = Session(Lab(policy=host))
    session.type("/listen")
    done: list[Any] = []
    where = ("--helo", "me.example", "--from", "me@me.example", "--to", "ada@lab.example")
    watched(session, lambda port: done.append(program("swaks", "--server", f"127.0.0.1:{port}", *where, *options)))
    assert done[0].returncode == 0, done[0].stdout
    session.type("/listen off")


def test_the_learner_answers(wire: Any) -> None:
    session = Session(Lab())
    session.type("/listen")
    session.type("/role server")
    live = session.live
    assert isinstance(live, Live) and session.prompt == "S: "
    session.type("220 hi")
    assert "no client is there" in shown(session)
    port: int = live.port.number  # type: ignore[attr-defined]
    client = wire(port)
    session.overhear(2.0)
    session.type("220 hi")
    assert client.reply() == b"220 hi\r\n"
    client.send(b"EHLO me.example\r\n")
    session.overhear(2.0)
    assert "EHLO me.example" in shown(session)
    other = wire(port)
    session.overhear(0.0)
    assert other.reply().startswith(b"421")
    session.type("/listen off")
    assert client.rest() == b""


# What is typed at a real server, and kept ------------------------------------------------------------

_USER, _WORD = "em9l", "b3BlbiBzZXNhbWU="


def _typed(session: Session, *lines: str) -> None:
    for line in lines:
        kind = session.prompt_kind
        session.type(line)
        remember(session, line, kind)


@pytest.mark.parametrize("era", ["rfc821", "rfc2821"])
@pytest.mark.parametrize("word", [_WORD, f"NOOP {_WORD}", "*"])
def test_a_password_typed_at_a_real_server_is_not_kept(serving: Any, tmp_path: Path, era: str, word: str) -> None:
    session = Session(Lab(era))
    session.past = Past(tmp_path / "history")
    session.type(f"/connect 127.0.0.1:{serving('members').port}")
    session.overhear(5.0)
    _typed(session, "HELO me.example", "EHLO me.example", "AUTH LOGIN", _USER, word, "NOOP", "QUIT")
    session.lab.close()
    kept = (tmp_path / "history").read_text("utf-8")
    assert "HELO me.example" in kept and "QUIT" in kept
    for text in (kept, "\n".join(session.past.lines)):
        assert _USER not in text and _WORD not in text and "AUTH" not in text


@pytest.mark.parametrize("word", [_USER, f"NOOP {_WORD}", f"VRFY {_WORD}"])
def test_nor_is_one_that_a_slow_server_has_not_asked_for_yet(hostile: Any, tmp_path: Path, word: str) -> None:
    session = calling(hostile(b"220 x\r\n", closes=False))
    session.past, session.lab.patience = Past(tmp_path / "history"), 0.0
    _typed(session, "NOOP", "AUTH LOGIN", word)
    session.lab.close()
    assert (tmp_path / "history").read_text("utf-8") == "NOOP\n"
    assert word not in session.past.lines
