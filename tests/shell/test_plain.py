"""The plain view: append only, a word in front of every line, nothing that moves a cursor."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
WORDS = ("client", "server", "server error", "note", "rules", "state", "lab", "lesson")
CODE = (
    "from esmtp_lab.lab import Lab; from esmtp_lab.shell import shell; "
    "raise SystemExit(shell(Lab(clock=lambda: 1e9), plain={plain}, ascii={ascii}))"
)


def piped(typed: str, *, plain: bool = True, ascii_only: bool = False, **env: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", CODE.format(plain=plain, ascii=ascii_only)],
        input=typed.encode(),
        capture_output=True,
        cwd=ROOT,
        env={"PYTHONUTF8": "1", **env},
        timeout=20,
        check=True,
    )
    assert run.stderr == b""
    return run.stdout.decode()


def begins_with_a_word(output: str) -> bool:
    return all(re.match(rf"(?:{'|'.join(WORDS)})\b", line) for line in output.splitlines())


def test_a_whole_session(letter: tuple[str, ...]) -> None:
    lines = [
        *letter,
        "/mail ada",
        "/undo",
        ".",
        "MAIL FROM: x@y.example",
        "?",
        "]",
        "/bytes",
        "/help",
        "/words",
        "QUIT",
    ]
    output = piped("\n".join(lines) + "\n")
    assert begins_with_a_word(output)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", output)
    assert not re.search("[\u2500-\u257f]", output)
    assert "server 250 HELP" in output
    assert "server error 501" in output
    assert "lab undone: client ." in output
    assert "lab perhaps you meant: MAIL FROM:<x@y.example>" in output


def test_terminals_that_are_dumb_get_it_too() -> None:
    output = piped("NOOP\n", plain=False, TERM="dumb")
    assert "client NOOP" in output and begins_with_a_word(output)


def test_ascii_alone() -> None:
    assert piped("EHLO me.example\n?\n/bytes\n", ascii_only=True).isascii()


def test_input_that_ends_in_content_ends(letter: tuple[str, ...]) -> None:
    assert "would be lost" in piped("\n".join(letter[:5]))


def test_hostile_octets_are_shown_as_text() -> None:
    output = piped("NOOP \x1b]0;x\x07 \u202e\n")
    assert r"client NOOP \x1b]0;x\x07 \u202e" in output
    assert "\x1b" not in output and "\u202e" not in output


def test_the_server_by_hand() -> None:
    output = piped("/role server\n220 hi\n250 hello\n550 no\n221 bye\n/quit\n")
    assert "client EHLO me.example" in output and "server error 550 no" in output
    assert begins_with_a_word(output)


def test_on_a_terminal_nothing_is_said_twice(terminal: Callable[..., Any]) -> None:
    term = terminal(100, 40, "plain=True")
    term.until("client: ")
    text = term.type("NOOP", lambda text: text.rstrip().endswith("client:") and "server 250" in text)
    assert text.count("NOOP") == 1 + text.count("NOOP:") + len(re.findall("note.*NOOP", text))
    term.child.sendline("/quit")
    assert term.ends() == 0
    assert b"\x1b" not in term.raw


def test_the_octets_of_a_chunk_are_counted_down() -> None:
    lines = ["/host open", "EHLO a", "MAIL FROM:<a@b>", "RCPT TO:<ada@open.example>", "BDAT 7 LAST", "hello", "QUIT"]
    output = piped("\n".join(lines) + "\n")
    assert begins_with_a_word(output)
    assert "client chunk, 7 octets left: " in output
    assert "server 250 2.0.0 OK, 7 octets taken for ada" in output


def test_a_group_is_collected_and_sent() -> None:
    output = piped("EHLO me.example\n/group\nMAIL FROM:<>\nRSET\n/send\n/quit\n")
    assert begins_with_a_word(output)
    assert output.index("client group: ") < output.index("lab one write: 2 lines") < output.index("client MAIL FROM")
    assert output.index("client RSET") < output.index("server 250 2.1.0")
