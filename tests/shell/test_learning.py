"""The lessons as a whole, seen from the shell: which there are, how they stand, and beginning one."""

from pathlib import Path

import pytest

from esmtp_lab.commands.lessons import lab_at_rest
from esmtp_lab.lab import Lab
from esmtp_lab.lab.lessons import lab_of
from esmtp_lab.shell.commands import suggestions
from esmtp_lab.shell.session import Session
from esmtp_lab.tutor.attempt import Attempt
from esmtp_lab.tutor.lesson import lessons, read_lesson
from esmtp_lab.tutor.progress import VARIABLE
from tests.shell.test_lessons import LETTER, RELAY


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "progress.json"))
    return tmp_path / "progress.json"


def told(session: Session, *lines: str) -> str:
    for line in lines:
        session.type(line)
    return [item.text for item in session.record.items if item.event is None][-1]


def page(session: Session, line: str) -> tuple[str, list[str]]:
    session.type(line)
    assert session.page is not None
    return session.page.title, list(session.page.lines)


def test_the_lessons_are_listed() -> None:
    title, lines = page(Session(Lab()), "/lessons")
    assert title == "lessons; /lesson NUMBER begins one" and len(lines) == len(lessons()) + 1
    assert any(line.split()[:3] == ["3", "One", "letter"] for line in lines)


def test_a_lesson_begins_in_the_running_shell_and_its_progress_is_kept(file: Path) -> None:
    session = Session(Lab())
    assert told(session, "/lesson").startswith("there is no lesson: this is free play; /lessons")
    title, lines = page(session, "/lesson 3")
    assert title == "3 One letter 1/3" and any("`<ada@lab.example>`" in line for line in lines)
    assert session.attempt is not None and session.lab.era == session.attempt.lesson.era
    assert told(session, *LETTER) == "done; /next goes on" and file.exists()
    title, lines = page(session, "/progress")
    assert title.startswith("progress: 0 of 23 lessons, 1 of ")
    (row,) = (line for line in lines if "One letter" in line)
    assert "1 of 3" in row and session.attempt.lesson.tasks[1].title in row
    assert session.attempt.lesson.tasks[0].title not in row
    assert lines[-2:] == ["in this sitting: 0 of 0 foretold", f"kept in {file}"]
    assert page(session, "/lesson case")[0].startswith("9 ")


def test_a_test_out_gives_no_hint() -> None:
    assert told(Session(Lab()), "/lesson out-lines", "/hint").startswith("a test-out gives no hints; lessons 8 to 12")


def test_one_that_is_not_there_changes_nothing() -> None:
    session = Session(Lab())
    assert "there is no such lesson" in told(session, "/lesson 999")
    assert session.attempt is None


def test_a_lesson_of_ones_own_stands_among_them(tmp_path: Path) -> None:
    (tmp_path / "01-relay").mkdir()
    (tmp_path / "01-relay" / "lesson.toml").write_text(RELAY)
    (tmp_path / "01-relay" / "lesson.md").write_text("# Relay\n\n## Bounce {#bounce}\n\nDo.\n\n## End {#end}\n\nBye.\n")
    attempt = Attempt(read_lesson(tmp_path / "01-relay"), lab_at_rest)
    session = Session(lab_of(attempt), attempt=attempt)
    session.keep = kept = lambda attempt: None  # type: ignore[method-assign]
    assert page(session, "/progress")[1][1].split()[:2] == ["1", "Relay"]
    session.type("/lesson 3")
    assert session.keep is kept


def test_a_file_of_progress_that_cannot_be_read_is_one_clear_line(file: Path) -> None:
    file.write_text("nonsense")
    assert "Move it away to begin anew" in told(Session(Lab()), "/progress")


def test_ids_are_completed() -> None:
    assert "one-letter" in [each.text for each in suggestions(Session(Lab()), "/lesson one")]
