"""/load: what was written down is played in a new session, and one undo comes back to the session before."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from esmtp_lab.lab import Lab
from esmtp_lab.shell.load import MOST
from esmtp_lab.shell.session import Session

SCRIPT = """# a letter
EHLO me.example
S: 250
MAIL FROM:<me@me.example>
RCPT TO:<ada@lab.example>
S: 550
DATA
Subject: hi

/not a command
C: no mark in content
.
> mailbox.ada=1
C: /slash
QUIT
"""
SWAKS = """=== Trying 127.0.0.1:2525...
=== Connected to 127.0.0.1.
<-  220 mail.other.example ESMTP
 -> EHLO me.example
<-  250-mail.other.example
<-  250 SIZE 100
 -> MAIL FROM:<me@me.example>
<-  250 whatever
 -> RCPT TO:<zoe@lab.example>
<-  250 fine
 -> QUIT
<-  221 bye
=== Connection closed with remote host.
"""
JSON = """{"line": 1, "dir": "S", "text": "220 x", "state": {"client": "initial", "server": "initial"}}
{"line": 2, "dir": "C", "text": "NOOP", "state": {"client": "initial", "server": "initial"}}
{"line": 3, "dir": "S", "text": "250 other words", "state": {"client": "initial", "server": "initial"}}
"""
ROOT = Path(__file__).parents[2]


@pytest.fixture
def loads(tmp_path: Path, types: Callable[..., Session]) -> Callable[..., tuple[Session, list[str]]]:
    """What a session says to a loaded file with that text."""

    def load(text: str, *before: str, **options: str) -> tuple[Session, list[str]]:
        (tmp_path / "file").write_text(text)
        session = types(*before, **options)
        start = len(session.record.items)
        session.type(f"/load {tmp_path / 'file'}")
        return session, told(session)[len([i for i in session.record.items[:start] if i.event is None]) :]

    return load


def told(session: Session) -> list[str]:
    return [item.text.replace(str(Path("/")), "/") for item in session.record.items if item.event is None]


def said(session: Session) -> list[str]:
    return [each.event.octets.decode().strip() for each in session.lab.bench.log if each.speaker == "client"]


def test_a_script_is_played_and_what_comes_otherwise_is_told(loads: Any) -> None:
    session, texts = loads(SCRIPT)
    assert [line for line in said(session) if line not in ("", ".")][-2:] == ["/slash", "QUIT"]
    assert len(texts) == 3 and texts[0].startswith("connected to lab.example")
    assert "line 6 of " in texts[1] and "expected '550', got '250" in texts[1]
    assert texts[2].endswith("11 lines of the client, 1 answer came otherwise than there; /undo comes back")
    assert session.lab.octets("ada")[0].endswith(b"\r\n/not a command\r\nC: no mark in content\r\n")
    shown = [item.event.octets for item in session.record.items if item.event]
    assert shown.index(b"Subject: hi\r\n") < shown.index(b".\r\n") < shown.index(b"QUIT\r\n")


def test_one_undo_comes_back_and_redo_goes_there_again(loads: Any) -> None:
    session, _ = loads(SCRIPT, "HELO me.example", "MAIL FROM:<>")
    session.type("/undo")
    assert said(session) == ["HELO me.example", "MAIL FROM:<>"] and not session.lab.octets("ada")
    assert session.lab.bench.client.position.state == "mail"
    session.type("/redo")
    assert said(session)[-1] == "QUIT" and len(session.lab.octets("ada")) == 1
    session.type("/undo")
    session.type("/undo")
    assert session.lab.bench.client.position.state == "ready"


def test_what_was_loaded_is_explained_and_gone_on_with(loads: Any) -> None:
    session, texts = loads("EHLO me.example\nMAIL FROM:<me@me.example>\n")
    assert texts[-1].endswith("2 lines of the client, every answer as there; /undo comes back")
    session.type("?")
    assert session.page is not None and any("MAIL FROM" in line for line in session.page.lines)
    session.type("RCPT TO:<ada@lab.example>")
    assert session.lab.bench.client.position.state == "rcpt"
    session.type("/undo")
    assert session.lab.bench.client.position.state == "mail"


def test_what_was_saved_is_loaded_again(loads: Any, letter: tuple[str, ...], types: Any, tmp_path: Path) -> None:
    first = types(*letter, "/restart", "NOOP", "/undo", "NOOP")
    first.type(f"/save {tmp_path / 'saved'}")
    _, texts = loads((tmp_path / "saved").read_text())
    assert "connected to lab.example once more" in texts
    assert texts[-1].endswith("9 lines of the client, every answer as there; /undo comes back")


def test_content_that_is_not_ended_can_be_gone_on_with(loads: Any, letter: tuple[str, ...]) -> None:
    session, _ = loads("\n".join(letter[:5]))
    assert session.prompt_kind == "content"
    session.type(".")
    assert len(session.lab.octets("ada")) == 1


def test_of_other_software_the_codes_count(loads: Any) -> None:
    _, texts = loads(SWAKS)
    assert [text for text in texts if "expected" in text] == [texts[1]]
    assert "expected '250', got '550 5.1.1 No mailbox <zoe@lab.example> here'" in texts[1]
    _, texts = loads(JSON)
    assert texts[-1].endswith("1 line of the client, every answer as there; /undo comes back")


def test_a_letter_that_is_not_in_the_file_is_an_empty_one(loads: Any) -> None:
    data = "} [10 bytes data]\n"
    begin = "< 220 x\n> EHLO a\n< 250 x\n> MAIL FROM:<a@b.example>\n< 250 ok\n> RCPT TO:<ada@lab.example>\n< 250 ok\n"
    session, texts = loads(f"{begin}{data}> DATA\n< 354 go\n{data}{data}< 250 ok\n> QUIT\n< 221 bye\n")
    assert said(session)[-1] == "QUIT"
    assert len(session.lab.octets("ada")) == 1
    assert texts[-1].endswith("every answer as there; /undo comes back")


def test_what_a_recorded_session_said_is_played(types: Any) -> None:
    session = types(f"/load {ROOT / 'tests/foreign/sessions/curl-exim-letter.txt'}")
    assert said(session)[-1] == "QUIT" and told(session)[-1].startswith("loaded ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Dear Bob,\nC: hello\n", "no line of a dialogue was found"),
        ("", "no line of a dialogue was found"),
        ("# only a remark\n", "no line of a dialogue was found"),
        ("S: 220\n", "holds no line of a client"),
        ("NOOP\n/undo\n", "/undo: is a lab command, and /load plays none"),
        ("NOOP\n> colour=red\n", "asks for none of"),
        ("NOOP\n" * (MOST + 1), f"has more than {MOST} lines"),
    ],
)
def test_what_cannot_be_played_is_one_clear_line_and_changes_nothing(loads: Any, text: str, message: str) -> None:
    session, texts = loads(text, "HELO me.example")
    assert len(texts) == 1 and message in texts[0]
    assert said(session) == ["HELO me.example"]


def test_files_that_are_none(types: Any, tmp_path: Path) -> None:
    session = types("/load", "/load /nonexistent", f"/load {tmp_path}")
    assert told(session)[-3].startswith("name a file: /load FILE")
    assert told(session)[-2].endswith("cannot be read: No such file or directory")
    assert told(session)[-1].endswith("cannot be read: Is a directory")
    (tmp_path / "binary").write_bytes(bytes(range(256)) * 9)
    session.type(f"/load {tmp_path / 'binary'}")
    assert "no line of a dialogue was found" in told(session)[-1]


def test_who_plays_the_server_loads_as_a_client(loads: Any) -> None:
    session, _ = loads("NOOP\n", "220 hi", role="server")
    assert session.lab.role == "client" and said(session) == ["NOOP"]
    session.type("/undo")
    assert session.lab.role == "server"


def test_a_task_of_a_lesson_is_not_done_by_a_file(tmp_path: Path) -> None:
    from tests.shell.test_lessons import started

    (tmp_path / "file").write_text(SCRIPT.replace("EHLO", "HELO").replace("/not", "not"))
    session = started()
    session.type(f"/load {tmp_path / 'file'}")
    assert told(session)[-1].startswith("the task would take what is loaded for yours")
    session.type("/play on")
    session.type(f"/load {tmp_path / 'file'}")
    assert told(session)[-1].startswith("loaded ")
    session.type("/play off")
    assert session.attempt is not None and not session.attempt.reached


def test_letters_of_before_stay(letter: tuple[str, ...], loads: Any) -> None:
    session, _ = loads(SCRIPT, *letter)
    assert len(session.lab.octets("ada")) == 2
    session.type("/undo")
    assert len(session.lab.octets("ada")) == 1
    assert isinstance(session.lab, Lab)
