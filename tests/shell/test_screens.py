"""The two views in a terminal: what is seen, and what the keys do."""

import re
from collections.abc import Callable
from typing import Any

import pytest

Open = Callable[..., Any]
EHLO_REPLY = (
    "250-lab.example greets me.example",
    "250-SIZE 10485760",
    "250-8BITMIME",
    "250-PIPELINING",
    "250-ENHANCEDSTATUSCODES",
    "250-EXPN",
    "250 HELP",
)


def tight(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize(("columns", "rows"), [(132, 40), (100, 30), (80, 40)])
def test_the_bench_shows_replies_whole(terminal: Open, columns: int, rows: int) -> None:
    term = terminal(columns, rows)
    term.until("220 lab.example ESMTP ready")
    term.type("EHLO me.example", "250 HELP")
    for line in EHLO_REPLY:
        assert tight(line) in term.tight
    term.type("XPING one", "500 5.5.2")
    for mark in ("client (you)", "server lab.example", "wire", "<**"):
        assert mark in term.text


def test_the_stream_shows_replies_whole(terminal: Open) -> None:
    term = terminal(60, 60)
    term.until("C:")
    term.type("EHLO me.example", "250 HELP")
    term.type("MAIL FROM: ada@lab.example", "perhaps you meant")
    for line in (
        *EHLO_REPLY,
        '501 5.5.4 Syntax error in parameters or arguments: expected "<" with no space before it',
    ):
        assert tight(line) in term.tight
    assert b"\x1b[?1049h" not in term.raw


@pytest.mark.parametrize("columns", [132, 60])
def test_hostile_octets_are_text(terminal: Open, columns: int) -> None:
    hostile = r"lab.send(b'NOOP \x1b]0;x\x07 \xe2\x80\xae')"
    term = terminal(columns, 30, before=hostile)
    term.until("C:")
    assert r"NOOP \x1b]0;x\x07 \u202e" in term.text
    assert b"\x1b]0;x" not in term.raw and "\u202e" not in term.raw.decode("utf-8", "replace")


def test_no_color_holds(terminal: Open) -> None:
    for columns in (100, 60):
        term = terminal(columns, 30, NO_COLOR="1")
        term.until("C:")
        term.type("EHLO me.example", "250 HELP")
        coloured = re.findall(rb"\x1b\[[0-9;]*m", term.raw)
        assert not [each for each in coloured if re.search(rb"[\[;](3[0-7]|38|9[0-7]|4[0-7]|48)[;m]", each)]


def test_keys_of_the_bench(terminal: Open) -> None:
    term = terminal(132, 40)
    term.until("C:")
    term.type("EHLO me.example", "250 HELP")
    term.press("?", "why, by the rules of rfc2821")
    term.press("\r", lambda text: "why, by" not in text)
    term.press("]", "line 2")
    term.press("]", "the name of a host")
    term.press("[", "the command's name")
    term.press("\x1bu", "EHLO me.example (undone)")
    term.press("\x1br", lambda text: "(undone)" not in text)
    term.press("MA\t", "C: MAIL")
    term.press("\x03", lambda text: "C: MAIL" not in text)
    term.type("MAIL FROM: ada@lab.example", "the Up arrow brings")
    term.press("\x1b[A", "C: MAIL FROM:<ada@lab.example>")
    term.press("\r", "250 2.1.0 Sender <ada@lab.example> ok")


def test_completion_says_why_not(terminal: Open) -> None:
    term = terminal(100, 30)
    term.until("C:")
    term.press("\t", "needs MAIL first: 503")
    assert "say who you are, and ask what the server can do" in term.text


def test_the_wire_scrolls_by_key_and_wheel(terminal: Open) -> None:
    term = terminal(100, 24, before="[lab.send('NOOP') for _ in range(30)]")
    term.until(" 61 <-")
    term.press("\x1b[5~", lambda text: " 61 <-" not in text)
    term.press("\x1b[6~", " 61 <-")
    term.press("\x1b[<64;50;8M", lambda text: " 61 <-" not in text)
    term.press("\x1b[<65;50;8M", " 61 <-")


def test_the_view_changes_without_losing_anything(terminal: Open) -> None:
    term = terminal(100, 30)
    term.until("C:")
    term.type("EHLO me.example", "250 HELP")
    stream = ("250 HELP", "C: MAIL FR")
    term.press("MAIL FR\x1bOQ", lambda text: "client (you)" not in text and all(part in text for part in stream))
    term.press("OM:<>\r", "250 2.1.0 Sender <> ok")
    term.press("\x1bv", lambda text: "client (you)" in text and "-> MAIL FROM:<>" in text)


def test_content_reaches_the_lab_by_keys_alone(terminal: Open, letter: tuple[str, ...]) -> None:
    term = terminal(100, 30)
    term.until("C:")
    for line in letter[:3]:
        term.type(line, "C:")
    term.type("DATA", "D: [0]")
    term.press("?\r", "D: [3]")
    term.press("\x1bu", "D: [0]")
    term.press("\x04", "would be lost")
    term.press(".\r", "C: ")
    term.child.send("\x04")
    assert term.ends() == 0


def test_playing_the_server(terminal: Open) -> None:
    term = terminal(100, 30)
    term.until("C:")
    term.type("/role server", "S:")
    term.press("\t", "ready for you")
    term.press("\x03", lambda text: "ready for you" not in text)
    term.type("220 hi", "EHLO me.example")
    term.press("2", "three digits")
    term.press("50 ok\r", "MAIL FROM:<me@me.example>")


def test_ctrl_d_leaves_the_stream(terminal: Open) -> None:
    term = terminal(60, 20)
    term.until("C:")
    term.child.send("\x04")
    assert term.ends() == 0
    assert b"221" in term.raw


def test_pasted_lines_are_sent_one_by_one(terminal: Open, letter: tuple[str, ...]) -> None:
    for columns in (100, 60):
        term = terminal(columns, 40)
        term.until("C:")
        pasted = "\r".join(letter)
        term.press(f"\x1b[200~{pasted}\x1b[201~\r", "21 octets taken")
        term.until(lambda text: text.rstrip().splitlines()[-1].lstrip().startswith("ready"))


LESSON = """\
from esmtp_lab.lab.lessons import lab_in, lab_of
from esmtp_lab.tutor.attempt import Attempt
from esmtp_lab.tutor.lesson import find_lesson
attempt = Attempt(find_lesson("3"), lab_in)
lab = lab_of(attempt)"""


def test_a_lesson_is_shown_and_its_goals_are_ticked(terminal: Open) -> None:
    before = f"exec({LESSON!r})"
    for columns in (100, 60):
        term = terminal(columns, 40, "attempt=attempt", before)
        term.until("3 One letter 1/3")
        term.until("[ ] 250 to MAIL")
        term.type("HELO me.example", "250 lab.example")
        term.type("MAIL FROM:<me@me.example>", "[x] 250 to MAIL")
        term.press("\x1bh", "hint 1/3:")


def test_a_whole_lesson_is_done_by_keys_alone(terminal: Open) -> None:
    for columns in (100, 60):
        term = terminal(columns, 40, "attempt=attempt", f"exec({LESSON!r})")
        term.until("3 One letter 1/3")
        term.press("\x1bn", "not done yet: /skip does it for you")
        term.type("HELO me.example", "250 lab.example")
        term.type("MAIL FROM:<me@me.example>", "[x] 250 to MAIL")
        term.type("RCPT TO:<ada@lab.example>", "[x] 250 to RCPT")
        term.type("DATA", "[x] 354 to DATA")
        term.type("hello", "hello")
        term.type(".", "done; /next goes on")
        term.press("\x1bn", "Break it, and mend it")
        term.press("\x1bg", "[ ] 501 to it")
        term.press("\x1b", lambda text: True)
        term.type("HELO me.example", "250 lab.example")
        term.type("MAIL FROM: <me@me.example>", "[x] 501 to MAIL")
        term.type("MAIL FROM:<me@me.example>", "done; /next goes on")
        term.press("\x1bn", "One question")
        term.type("/answer b", "lesson 3 is done")
        term.press("\x1bn", "A letter is one transaction")
        term.until(lambda text: "C:" in text.partition("or play on")[2])
        term.press("\x1b", lambda text: True)
        term.child.send("\x04")
        assert term.ends() == 0


def test_what_is_typed_right_behind_esc_is_text(terminal: Open) -> None:
    for columns in (100, 60):
        term = terminal(columns, 30)
        term.until("C:")
        term.type("/help", "lab commands and keys")
        term.press("\x1b/raw NO", "C: /raw NO")
        assert columns == 60 or "lab commands and keys" not in term.text
        term.type(r"OP\r\n", "250")
    term = terminal(100, 30)
    term.until("C:")
    term.type("/help", "lab commands and keys")
    term.press("\x1b", lambda text: "lab commands and keys" not in text)
    term.type("ehlo me.example", "250 HELP")


def test_themes(terminal: Open) -> None:
    term = terminal(100, 30)
    term.until("C:")
    for theme in ("dark", "light", "terminal"):
        term.type(f"/theme {theme}", f"theme: {theme}")


def test_output_that_is_no_terminal_is_plain(terminal: Open) -> None:
    term = terminal(100, 30, before="import sys; sys.stdout.isatty = lambda: False")
    term.until("client:")
    term.child.sendline("/quit")
    assert term.ends() == 0
    assert b"\x1b" not in term.raw
