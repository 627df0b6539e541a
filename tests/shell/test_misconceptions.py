"""Misconceptions in the shell: a note under the line, short the second time, and never about what a task asks for."""

from collections.abc import Callable
from pathlib import Path

import pytest

from esmtp_lab.errors import DataError
from esmtp_lab.export.notes import Note
from esmtp_lab.lab import Lab
from esmtp_lab.lab.lessons import lab_in, lab_of
from esmtp_lab.rules import detector
from esmtp_lab.shell.hearing import Hearing
from esmtp_lab.shell.rows import Rows
from esmtp_lab.shell.session import Session
from esmtp_lab.shell.signs import UNICODE
from esmtp_lab.tutor.attempt import Attempt
from esmtp_lab.tutor.lesson import lessons

Types = Callable[..., Session]
SLIP = "RCPT TO: <ada@lab.example>"


def seems(session: Session, change_of: str) -> list[Note]:
    """What a line brings that seems to be a misconception."""
    change = session.type(change_of)
    return [note for place in change.new for note in session.notes(place) if note.seems]


def test_it_is_told_under_the_line_and_again_in_short_and_then_no_more(types: Types) -> None:
    session = types("EHLO me.example")
    (first,) = seems(session, SLIP)
    assert first.text.startswith("There is a space") and "follows the colon at once" in first.text
    assert first.citation == "RFC 2821 §4.1.2"
    session.type("NOOP")
    (second,) = seems(session, SLIP)
    assert second.text.startswith("once more: There is a space") and "follows" not in second.text
    session.type("NOOP")
    assert seems(session, SLIP) == []
    session.type("/restart")
    session.type("EHLO me.example")
    assert seems(session, SLIP) == [first]


def test_what_was_undone_does_not_count(types: Types) -> None:
    session = types("EHLO me.example", SLIP)
    session.type("/undo")
    (again,) = seems(session, SLIP)
    assert again.text.startswith("There is")
    session.type("/undo")
    session.type("/redo")
    session.type("NOOP")
    (third,) = seems(session, SLIP)
    assert third.text.startswith("once more")


def test_it_can_be_switched_off(types: Types) -> None:
    session = types("EHLO me.example", "/misconceptions off")
    assert seems(session, SLIP) == []
    session.type("/misconceptions on")
    assert len(seems(session, SLIP)) == 2, "the space, and that the line came again"
    session.type("/notes off")
    assert seems(session, "HELO") == []


def test_it_is_seen_in_content_as_it_is_typed(types: Types, letter: tuple[str, ...]) -> None:
    session = types(*letter[:6])
    (note,) = seems(session, ".hidden")
    assert "begins with one dot" in note.text
    assert seems(session, ".") == []


def test_who_plays_the_server_and_refuses_well_is_not_told(types: Types) -> None:
    session = types("220 lab.example", "250 lab.example", role="server")
    asked = session.lab.bench.server.waiting[0].entry
    assert asked == "MAIL"
    assert seems(session, "550 no") == []


def test_every_view_marks_it_and_the_saved_transcript_holds_it(types: Types, tmp_path: Path) -> None:
    session = types("EHLO me.example", SLIP)
    place = session.last[0]
    note = next(each for each in session.notes(place) if each.seems)
    assert Rows(session, UNICODE, numbered=False).note(note)[0][1].startswith("   ??   There is")
    session.type("/explain")
    assert session.page is not None
    assert any(line.startswith("    ?? There is a space") and "Why: " in line for line in session.page.lines)
    session.type(f"/save {tmp_path / 'saved.esmtp'}")
    assert "\n# ?? There is a space" in (tmp_path / "saved.esmtp").read_text("utf-8")


def test_what_a_task_asks_for_is_no_slip() -> None:
    (lesson,) = [each for each in lessons() if each.id == "one-letter"]
    attempt = Attempt(lesson, lab_in)
    session = Session(lab_of(attempt), attempt=attempt)
    session.type("HELO me.example")
    assert seems(session, "MAIL FROM: <me@me.example>") == [], "the near miss of the task has its own word on it"
    assert any("space after the colon" in item.text for item in session.record.items)
    attempt.next()
    session.go_to(lab_of(attempt))
    session.type("HELO me.example")
    assert seems(session, "MAIL FROM: <me@me.example>") == [], "this task asks for it"
    session.type("MAIL FROM:<me@me.example>")
    assert [note.text[:14] for note in seems(session, "RCPT TO:ada@lab.example")] == ["The address be"]


def test_a_file_that_cannot_be_read_is_said_once(types: Types, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(hearing: Hearing, place: int) -> tuple[detector.Told, ...]:
        raise DataError("misconceptions.toml", "is not TOML")

    session = types("EHLO me.example")
    monkeypatch.setattr(Hearing, "told", broken)
    assert seems(session, SLIP) == seems(session, "NOOP") == []
    said = [item.text for item in session.record.items if "cannot be read" in item.text]
    assert said == ["the misconceptions cannot be read: misconceptions.toml: is not TOML"]
    assert session.settings["misconceptions"] == "off"


def test_a_fresh_lab_shows_none() -> None:
    assert list(Lab().misconceptions()) == []
