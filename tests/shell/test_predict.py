"""The game of foretelling: what is asked, what is not, and how the score is kept."""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from esmtp_lab.shell.footer import footer
from esmtp_lab.shell.foresight import fitting, hint
from esmtp_lab.shell.memory import remember
from esmtp_lab.shell.session import Session
from esmtp_lab.tutor.foretelling import code_of, score

Types = Callable[..., Session]


def sent(session: Session) -> list[str]:
    """What the client has said."""
    events = [crossing.event for crossing in session.lab.bench.log if crossing.speaker == "client"]
    return [event.octets.decode().strip() for event in events]


def told(session: Session) -> list[str]:
    return [item.text for item in session.record.items if item.event is None]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("250", "250"),
        (" 5yz ", "5yz"),
        ("5YZ", "5yz"),
        ("5xx", "5yz"),
        ("5", "5yz"),
        ("x5z", "x5z"),
        ("", ""),
        ("?", ""),
        ("25", None),
        ("9", None),
        ("NOOP", None),
    ],
)
def test_what_an_answer_says(answer: str, code: str | None) -> None:
    assert code_of(answer) == code


def test_a_line_waits_until_it_was_said_what_it_will_be_answered(types: Types) -> None:
    session = types("/predict on", "NOOP")
    assert sent(session) == [] and session.prompt == "?: " and session.prompt_kind == "prediction"
    assert "NOOP: what will be answered?" in hint(session, "").line
    assert "→" not in hint(session, "25").line and fitting(session, "") == []
    session.type("25 0")
    assert sent(session) == [] and told(session)[-1].startswith("'25 0' is no code of a reply: say a code such as 250")
    session.type("250")
    assert sent(session) == ["NOOP"] and session.prompt == "C: "
    assert told(session)[-1] == "you expected 250, and so it is: 1 of 1 foretold"


def test_nothing_gives_the_answer_away_while_the_line_is_typed(types: Types) -> None:
    session = types("EHLO me.example")
    assert "250" in hint(session, "MAIL FROM:<>").line and hint(session, "DATA").refused
    session.type("/predict on")
    assert [hint(session, line).line for line in ("MAIL FROM:<>", "DATA", "NONSENSE")] == ["", "", ""]
    assert not hint(session, "DATA").refused
    session.type("/predict off")
    assert "250" in hint(session, "MAIL FROM:<>").line


def test_every_verdict_is_counted_and_what_was_missed_is_shown(types: Types) -> None:
    session = types("/predict on", "EHLO me.example", "250", "DATA", "5", "RCPT TO:<a@b.example>", "550")
    assert told(session)[-1] == "you expected 550, and 503 came, which is of that class: 3 of 3 foretold"
    for line in ("MAIL FROM:<>", "5yz", "DATA", "", "DATA", "?", "RCPT TO:<zoe@lab.example>", "250"):
        session.type(line)
    assert "you expected 5yz, and 250 came: 3 of 4 foretold" in told(session)
    assert told(session)[-1] == "you expected 250, and 550 came: 3 of 5 foretold"
    session.type("/predict")
    assert session.page is not None and session.page.title == "predict is on: 3 of 5 foretold"
    rows = [line.split() for line in session.page.lines]
    assert [row[-1] for row in rows[:4]] == ["1", "2", "2", "2"]
    assert rows[6][:3] == ["503", "2", "times"] and [row[0] for row in rows[7:]] == ["250", "550"]
    assert "3 of 5 foretold" in footer(session, 80)
    session.type("/predict off")
    assert told(session)[-1] == "nothing is asked any more: 3 of 5 foretold" and "foretold" not in footer(session, 80)
    session.type("/predict")
    assert session.page is not None and session.page.title == "predict is off: 3 of 5 foretold"


def test_the_score_goes_over_all_sessions_and_is_one_with_expect(types: Types) -> None:
    session = types("/expect 250", "NOOP", "/predict on", "NOOP", "5", "/restart", "NOOP", "2")
    assert told(session)[-1].endswith(": 2 of 3 foretold")
    assert score(session.labs).missed == ((250, 1),)


def test_undo_takes_the_line_back_that_is_asked_about_and_what_was_foretold(types: Types) -> None:
    session = types("/predict on", "NOOP", "/undo")
    assert sent(session) == [] and session.prompt == "C: " and told(session)[-1] == "taken back, and not sent: NOOP"
    for line in ("NOOP", "500"):
        session.type(line)
    assert score(session.labs).line == "0 of 1 foretold"
    session.type("/undo")
    assert score(session.labs).line == "0 of 0 foretold"
    session.type("/redo")
    assert score(session.labs).line == "0 of 1 foretold"
    for line in ("/undo", "NOOP", "250"):
        session.type(line)
    assert score(session.labs).line == "1 of 1 foretold"


def test_of_content_only_the_end_is_asked(types: Types, letter: tuple[str, ...]) -> None:
    session = types(*letter[:3], "/predict on", "DATA", "354", "Subject: hi", "", "..", "/predict off")
    assert session.prompt_kind == "content"
    session.type(".")
    assert session.prompt == "?: "
    session.type("250")
    assert told(session)[-1] == "you expected 250, and so it is: 2 of 2 foretold"
    assert session.lab.octets("ada")[0].endswith(b"/predict off\r\n")


def test_of_a_chunk_only_the_end_is_asked(types: Types) -> None:
    session = types("EHLO a", "MAIL FROM:<a@b>", "RCPT TO:<ada@open.example>", "/predict on", policy="open")
    for line in ("BDAT 10 LAST", "hey"):
        session.type(line)
        assert session.prompt_kind == "content"
    session.type("you")
    assert session.prompt == "?: "


def test_what_is_no_single_line_of_a_client_is_not_asked(types: Types) -> None:
    session = types("/predict on", r"/raw NOOP\r\n", "/group", "NOOP", "RSET", "/send")
    assert sent(session) == ["NOOP", "NOOP", "RSET"]
    session.type("NOOP", ask=False)
    assert sent(session)[-1] == "NOOP" and len(sent(session)) == 4
    for line in ("QUIT", "2", "NOOP"):
        session.type(line)
    assert session.prompt == "C: "  # nobody answers any more


def test_who_plays_the_server_is_not_asked(types: Types) -> None:
    session = types("/predict on", "220 hi", role="server")
    assert told(session)[-2 if "connected" in told(session)[-1] else -1].startswith("you are the server")
    assert session.prompt == "S: "


def test_an_exchange_is_not_asked_and_its_secret_not_shown(types: Types) -> None:
    session = types("EHLO me.example", "/predict on", "AUTH PLAIN AHpvZQBzZWNyZXQ=", policy="members")
    assert "AHpv" not in hint(session, "").line and hint(session, "").line.startswith("AUTH: what")
    session.type("/undo")
    assert "AHpv" not in told(session)[-1]
    for line in ("AUTH PLAIN", "334"):
        session.type(line)
    assert session.prompt == "A: "
    session.type("AHpvZQBzZWNyZXQ=")
    assert session.prompt == "C: " and b"235" in session.record.items[session.last[-1]].event.octets  # type: ignore[union-attr]


def test_lab_commands_work_while_it_is_asked(types: Types) -> None:
    session = types("/predict on", "NOOP", "/help predict")
    assert session.page is not None and session.prompt == "?: "
    session.type("/restart")
    assert session.prompt == "C: " and "taken back, and not sent: NOOP" in told(session)
    session.type("NOOP")
    session.type("/predict off")
    assert sent(session) == ["NOOP"] and session.prompt == "C: "
    session.type("/predict NOOP")
    assert told(session)[-1] == "/predict is on or off; /try NOOP shows what would be answered, and changes nothing"


def test_leaving_sends_nothing_that_was_held(types: Types) -> None:
    session = types("/predict on", "NOOP")
    session.command("/quit")
    assert session.finished and sent(session) == ["QUIT"]


def test_what_is_foretold_is_no_line_to_bring_back(types: Types) -> None:
    session = types("/predict on", "NOOP")
    remember(session, "250", session.prompt_kind)
    assert session.past.lines == []


def test_in_the_plain_view_the_next_line_is_what_is_foretold() -> None:
    code = "from esmtp_lab.lab import Lab; from esmtp_lab.shell import shell; shell(Lab(), plain=True)"
    typed = b"/predict on\nNOOP\n250\n"
    done = subprocess.run([sys.executable, "-c", code], input=typed, capture_output=True, check=True, timeout=20)
    assert b"lab asks: NOOP: what will be answered?" in done.stdout
    assert b"client NOOP" in done.stdout and b"lab you expected 250, and so it is: 1 of 1 foretold" in done.stdout


@pytest.mark.parametrize(("columns", "view"), [(60, "stream"), (80, "bench"), (132, "bench")])
def test_the_question_stands_on_the_screen(terminal: Callable[..., Any], columns: int, view: str) -> None:
    term = terminal(columns, 24, f"view={view!r}")
    term.until("C: ")
    term.type("/predict on", "foretold")
    term.type("NOOP", lambda text: "?: " in text and "NOOP: what will be answered?" in text)
    term.press("25", "?: 25")
    term.press("0\r", lambda text: "1 of 1 foretold" in text and "C: " in text)
    term.type("NOOP", "NOOP: what will be answered?")
    term.press("\x1bu", "taken back, and not sent: NOOP")
    term.press("\x1b[200~RSET\nRSET\x1b[201~\r", lambda text: text.count("RSET") > 1 and "C: " in text)
    assert "RSET: what" not in term.text


def test_on_a_terminal_in_the_plain_view_the_line_is_shown_once_more(terminal: Callable[..., Any]) -> None:
    term = terminal(100, 40, "plain=True")
    term.until("client: ")
    term.type("/predict on", lambda text: text.rstrip().endswith("client:") and "pass" in text)
    term.type("NOOP", "lab asks: NOOP")
    term.press("\x03", "taken back, and not sent: NOOP")
    term.type("NOOP", lambda text: text.count("lab asks: NOOP") == 2)
    assert "client NOOP" in term.type("250", "1 of 1 foretold")


def test_a_real_server_that_answers_late_is_foretold_as_well(terminal: Callable[..., Any]) -> None:
    listener, now = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def serve() -> None:
        there, _ = listener.accept()
        with there, listener:
            there.sendall(b"220 slow.example\r\n")
            there.recv(1000)
            now.wait(30)
            there.sendall(b"250 at last\r\n")
            there.recv(1000)

    threading.Thread(target=serve, daemon=True).start()
    term = terminal(100, 30)
    term.until("C: ")
    term.type(f"/connect 127.0.0.1:{listener.getsockname()[1]}", "220 slow.example")
    term.type("/predict on", "0 of 0 foretold")
    term.type("NOOP", "NOOP: what will be answered?")
    term.type("2", "no reply yet")
    now.set()
    term.until(lambda text: "at last" in text and "1 of 1 foretold" in text)
