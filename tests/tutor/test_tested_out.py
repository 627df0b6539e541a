"""Test-outs: a goal with no help, after which the lessons that it covers may be passed over."""

import json
import tomllib
from pathlib import Path

import pytest

from esmtp_lab.commands.lessons import check_lessons, lab_at_rest
from esmtp_lab.commands.progress import show_progress
from esmtp_lab.errors import DataError
from esmtp_lab.tutor.attempt import Attempt, spelled
from esmtp_lab.tutor.check import check, cross_hits
from esmtp_lab.tutor.lesson import Lesson, find_lesson, lesson_of, lessons, solutions
from esmtp_lab.tutor.progress import VARIABLE, facts_of, merged, report, write_progress
from tests.tutor.conftest import MINIMAL, PROSE

TASK = 'all = [{ command = "NOOP" }]\nsolution = [{ lines = "NOOP" }, { lines = "noop" }]'


def small(covers: str) -> Lesson:
    text = MINIMAL.format(task=TASK, more="")
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("hints"))
    return lesson_of(tomllib.loads(f"covers = {covers}\n{kept}"), PROSE, "01-small")


def test_each_covers_what_stands_before_it() -> None:
    found = lessons()
    outs = [each for each in found if each.covers]
    assert [max(each.covers) for each in outs] == [7, 12, 23]
    assert [number for each in outs for number in each.covers] == [each.number for each in found if not each.covers]
    assert [found[found.index(each) - 1].number for each in outs] == [7, 12, 23]
    assert all(not task.hints and not task.near for each in outs for task in each.tasks)


def test_it_needs_neither_hints_nor_near_misses() -> None:
    problems = list(check(small("[1]"), lab_at_rest))
    assert problems == [], problems
    with pytest.raises(DataError, match="has no hints"):
        small("[]")
    for wrong in ("1", '["1"]', "[true]"):
        with pytest.raises(DataError, match="covers is no list of the numbers of lessons"):
            small(wrong)


def test_what_it_covers_must_be_there(tmp_path: Path) -> None:
    folder = tmp_path / "01-small"
    folder.mkdir()
    text = "covers = [7]\n" + MINIMAL.format(task=TASK, more="")
    (folder / "lesson.toml").write_text(text)
    (folder / "lesson.md").write_text(PROSE)
    said = [each.text for each in check_lessons(tmp_path, seeds=0) if not each.right]
    assert said == ["small covers lesson 7, and there is no such lesson"]


def test_what_it_does_is_no_reason_to_doubt_the_lessons() -> None:
    out, taught = find_lesson("112"), find_lesson("9")
    assert not [hit for hit in cross_hits([taught, out], lab_at_rest) if hit.by.startswith("out-")]


def test_it_helps_with_nothing_but_what_teaches_it() -> None:
    given = Attempt(find_lesson("107"), lab_at_rest).hint()
    assert given.say == "a test-out gives no hints; lessons 1 to 7 teach what it asks for" and given.of == 0
    assert [spelled(each) for each in ((3,), (3, 4), (5, 3), (1, 2, 3), (1, 2, 4))] == [
        "3", "3 and 4", "5 and 3", "1 to 3", "1 and 2 and 4",
    ]  # fmt: skip


def test_one_that_is_done_is_told_of_each_lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt, progress = Attempt(find_lesson("107"), lab_at_rest), {}
    for task in attempt.lesson.tasks:
        before = [each["number"] for each in report(progress, lessons()) if each["tested_out"]]
        assert before == []
        attempt.scene.play(solutions(task)[0])
        attempt.step()
        progress = merged(progress, facts_of(attempt, 0.0))
        attempt.next()
    assert [each["number"] for each in report(progress, lessons()) if each["tested_out"]] == [1, 2, 3, 4, 5, 6, 7]
    monkeypatch.setenv(VARIABLE, str(tmp_path / "progress.json"))
    write_progress(tmp_path / "progress.json", progress)
    shown = list(show_progress("text"))
    assert " 3  One letter: 0 of 3, tested out" in shown and not any("tested out" in line for line in shown[8:])
    assert json.loads(next(show_progress("json")))["tested_out"] is True
