"""curl uploads mail to our server."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

Program = Callable[..., CompletedProcess[bytes]]


def _upload(port: int, file: Path, *recipients: str) -> list[str]:
    rcpt = [word for recipient in recipients for word in ("--mail-rcpt", recipient)]
    where = ["-q", "-sS", "-v", f"smtp://127.0.0.1:{port}/me.example", "--mail-from", "me@me.example"]
    return [*where, *rcpt, "--upload-file", str(file)]


def test_a_letter_arrives_octet_for_octet(serving: Any, program: Program, letter_file: Path, letter: bytes) -> None:
    server = serving()
    done = program("curl", *_upload(server.port, letter_file, "ada@lab.example", "bob@lab.example"))
    assert done.returncode == 0, done.stderr
    assert server.contents("ada") == server.contents("bob") == [letter]
    assert b"QUIT\r\n" in server.said("client")


def test_an_unknown_recipient_is_refused(serving: Any, program: Program, letter_file: Path) -> None:
    server = serving()
    done = program("curl", *_upload(server.port, letter_file, "nobody@lab.example"))
    assert done.returncode == 55, "curl: failed sending"
    assert b"550 5.1.1" in done.stderr
    assert server.memory.letters == {}


def test_vrfy_is_answered(serving: Any, program: Program) -> None:
    server = serving()
    done = program("curl", "-q", "-sS", f"smtp://127.0.0.1:{server.port}/me.example", "--mail-rcpt", "ada")
    assert (done.returncode, done.stdout) == (0, b"250 2.1.5 Ada Lovelace <ada@lab.example>\r\n")
