"""A lesson in the shell: what its commands do, and what it says."""

from pathlib import Path

import pytest

from esmtp_lab.commands.author import record_lesson
from esmtp_lab.commands.lessons import lab_at_rest
from esmtp_lab.lab import Lab
from esmtp_lab.lab.lessons import lab_of
from esmtp_lab.shell.commands import TABLE, suggestions
from esmtp_lab.shell.keys import ANYWHERE
from esmtp_lab.shell.lesson import lines_of
from esmtp_lab.shell.plain import Plain
from esmtp_lab.shell.session import Session
from esmtp_lab.shell.signs import UNICODE
from esmtp_lab.tutor.attempt import Attempt
from esmtp_lab.tutor.check import check
from esmtp_lab.tutor.lesson import find_lesson, read_lesson
from esmtp_lab.tutor.scene import COMMANDS

LETTER = ("HELO me.example", "MAIL FROM:<me@me.example>", "RCPT TO:<ada@lab.example>", "DATA", "hi", ".")
RELAY = """
version = 1
id = "relay"
number = 1
title = "Relay"
minutes = 5
host = "tiny"
neighbours = ["home"]
[hosts.tiny]
like = "relay"
domain = "tiny.example"
[hosts.home]
domain = "me.example"
mailboxes = { me = "Me" }
[[task]]
id = "bounce"
all = [{ delivered = "me", at = "home", from = "<>" }]
none = [{ command = "RSET" }]
hints = ["a", "b"]
solution = [{ lines = "EHLO x" }, { lines = "EHLO me.example\\nMAIL FROM:<me@me.example>" }]
question = [{ id = "q", ask = "?", right = 1, because = "x" }]
[question]
ask = "?"
choices = { a = "1", b = "2" }
right = "b"
because = "x"
"""


def started(name: str = "3") -> Session:
    attempt = Attempt(find_lesson(name), lab_at_rest)
    return Session(lab_of(attempt), attempt=attempt)


@pytest.fixture
def relay(tmp_path: Path) -> Session:
    (tmp_path / "01-relay").mkdir()
    (tmp_path / "01-relay" / "lesson.toml").write_text(RELAY)
    (tmp_path / "01-relay" / "lesson.md").write_text("# Relay\n\n## Bounce {#bounce}\n\nDo.\n\n## End {#end}\n\nBye.\n")
    attempt = Attempt(read_lesson(tmp_path / "01-relay"), lab_at_rest)
    return Session(lab_of(attempt), attempt=attempt)


def told(session: Session, *lines: str) -> list[str]:
    """What the lab says to typed lines."""
    start = len(session.record.items)
    for line in lines:
        session.type(line)
    return [item.text for item in session.record.items[start:] if item.event is None]


def page(session: Session, line: str) -> tuple[str, ...]:
    session.type(line)
    assert session.page is not None
    return session.page.lines


def test_whatever_a_solution_may_hold_the_shell_understands() -> None:
    assert set(COMMANDS) <= {name for command in TABLE for name in command.names}
    assert set(ANYWHERE.values()) <= {command.name for command in TABLE}


def test_a_goal_is_shown_with_what_was_seen() -> None:
    session = started()
    told(session, *LETTER[:1], "MAIL FROM:a")
    lines = page(session, "/goal")
    assert "[ ] 250 to MAIL; seen: last 501 to MAIL" in lines
    assert any("`<ada@lab.example>`" in line for line in lines)


def test_hints_go_back_and_forth_and_solutions_are_several() -> None:
    session = started()
    kept = []
    session.keep = lambda attempt: kept.append((attempt.hints, attempt.solution))
    numbers = [told(session, line)[0].split(":")[0] for line in ("/hint", "/hint", "/hint back", "/hint back")]
    assert numbers == ["hint 1/3", "hint 2/3", "hint 1/3", "hint 1/3"]
    assert "HELO me.example" in page(session, "/solution")
    assert "helo me.example" in page(session, "/solution 2")
    assert "HELO me.example" in page(session, "/solution 9")
    assert kept[-1] == (2, True)


def test_skipping_says_what_it_changed() -> None:
    session = started()
    texts = told(session, "/skip")
    assert "skipped: Deliver one letter. What it changed:" in texts
    assert "letters for ada@lab.example: 0 before, 1 now" in texts
    assert any("Subject: hello" in line for line in page(session, "/mail ada"))
    session.type("/next")
    assert session.page is not None and session.page.title.endswith("2/3")


def test_reset_begins_the_task_anew_and_restart_does_not() -> None:
    session = started()
    told(session, *LETTER)
    assert session.attempt is not None and session.attempt.reached
    told(session, "/restart")
    assert session.attempt.reached
    told(session, "/reset")
    assert not session.attempt.reached and not session.lab.mailboxes.letters
    free = Session(Lab())
    free.type("EHLO me.example")
    free.type("/reset")
    assert free.lab.bench.client.position.state == "initial"


def test_free_play_costs_nothing() -> None:
    session = started()
    told(session, "HELO me.example")
    assert told(session, "/play")[-1].startswith("/play on leaves the task as it is")
    assert told(session, "/play on")[-1].startswith("you play freely")
    assert told(session, "/play on")
    told(session, *LETTER, "/restart", "/host partner")
    assert told(session, "/play")[-1].startswith("you play freely")
    assert session.attempt is not None and not session.attempt.reached
    told(session, "/play off")
    assert session.lab.policy.name == "lab" and session.lab.bench.client.position.state == "ready"
    assert told(session, *LETTER[1:])[-1] == "done; /next goes on"
    assert told(Session(Lab()), "/play on")[-1].startswith("there is no lesson")


def test_what_was_undone_is_not_done() -> None:
    session = started()
    assert "done; /next goes on" in told(session, *LETTER)
    told(session, "/undo")
    assert session.attempt is not None and not session.attempt.reached
    assert "done; /next goes on" in told(session, ".")


def test_a_letter_goes_on_and_comes_back(relay: Session) -> None:
    texts = told(relay, "EHLO me.example", "MAIL FROM:<me@me.example>", "RCPT TO:<eve@me.example>", "DATA", "hi", ".")
    assert "tiny.example carries the letter for <eve@me.example> on to me.example, which says 550" in texts
    assert "tiny.example carries the letter for <me@me.example> on to me.example, which says 250" in texts
    assert any(line.startswith("me@me.example") for line in page(relay, "/mail"))
    assert any("Your letter did not reach" in line for line in page(relay, "/mail me@me.example"))
    relay.lab.bench.predict(b"NOOP\r\n")
    told(relay, "/undo")
    assert not relay.lab.octets("me@me.example")
    relay.command("/redo")
    assert relay.lab.octets("me@me.example")
    assert told(relay, "/answer 1")[-1] == "done; /next goes on"
    assert told(relay, "RSET")[-1].startswith("never RSET: that can no longer be")
    assert any("(can no longer be met: /reset begins anew)" in line for line in page(relay, "/goal"))
    told(relay, "/host tiny")
    assert relay.lab.policy.name == "tiny"


def test_a_fault_an_expectation_raw_octets_and_time() -> None:
    session = Session(Lab())
    (wrong,) = told(session, "/fault stall")
    assert wrong.startswith("fault: stall wants the input whose reply it befalls")
    assert told(session, "/fault cut-before NOOP") == ["armed: cut-before NOOP; it comes once"]
    assert any("closed" in text for text in told(session, "NOOP"))
    assert told(session, "/expect") == ["say which code comes next, such as /expect 250 or /expect 5yz"]
    assert told(session, "/expect 250") == ["you expect 250"]
    told(session, "/restart", r"/raw NOOP\r\nNOOP\r\n")
    assert [session.lab.bench.log[place].event.to for place in (1, 2)] == ["NOOP", "NOOP"]
    told(session, "/wait 300")
    assert session.lab.bench.client.position.closed
    told(session, "/role server", r"/raw 220 lab.example\r\n")
    assert session.lab.bench.log[-1].event.octets.startswith(b"EHLO")
    told(session, "/role client", "/wait")
    assert session.lab.bench.log[-1].event.code == 421


def test_a_session_that_was_saved_becomes_a_lesson(tmp_path: Path) -> None:
    session = Session(Lab())
    told(session, "EHLO me.example", "MAIL FROM: <a@b.example>", *LETTER[1:], "NOOP", "/undo", "/restart", "NOOP")
    told(session, f"/save {tmp_path / 'saved'}")
    lines = (tmp_path / "saved").read_bytes().splitlines(keepends=True)
    record_lesson(lines, "saved", None, "rfc2821", "lab", tmp_path / "mine")
    lesson = read_lesson(tmp_path / "mine" / "01-saved")
    assert list(check(lesson, lab_at_rest)) == []
    assert lesson.tasks[0].solutions[0].count("=== connected") == 1


def test_the_plain_view_says_how_each_clause_stands(capsys: pytest.CaptureFixture[str]) -> None:
    session = started()
    view = Plain(session, UNICODE)
    view._show(session.type("HELO me.example"))
    view._show(session.type("MAIL FROM:a"))
    out = capsys.readouterr().out
    assert "lesson not yet met: 250 to MAIL; seen: last 501 to MAIL\n" in out
    view._show(session.type("/play on"))
    view._show(session.type("NOOP"))
    assert "lesson " not in capsys.readouterr().out


def test_a_later_task_still_shows_the_page_of_the_lesson() -> None:
    session = started("3")
    lesson_page = lines_of(session.attempt.lesson.page)
    assert page(session, "/lesson")[: len(lesson_page)] == tuple(lesson_page)
    assert "/lesson page" not in "".join(page(session, "/lesson"))
    told(session, "/next", "/next")
    task = page(session, "/lesson")
    assert task[-1] == "/lesson page shows the page of the lesson"
    assert page(session, "/lesson page") == tuple(lesson_page)
    assert session.attempt.place == 1
    assert page(session, "/lesson") == task
    assert "page" in [each.text for each in suggestions(session, "/lesson p")]


def test_without_a_lesson_there_is_no_page() -> None:
    session = Session(Lab())
    assert "there is no lesson" in told(session, "/lesson page")[-1]
    assert list(suggestions(session, "/lesson pa")) == []
