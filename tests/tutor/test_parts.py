"""The parts of lessons: questions, prose as lines, skeletons, recorded sessions, progress."""

import json

import pytest

from esmtp_lab.commands.author import new_lesson, record_lesson
from esmtp_lab.commands.lessons import check_lessons, play_lesson
from esmtp_lab.commands.progress import change_progress, keeper, show_progress, write_report
from esmtp_lab.errors import DataError
from esmtp_lab.lab.lessons import begin
from esmtp_lab.tutor.progress import (
    VARIABLE,
    keep,
    merged,
    progress_file,
    read_progress,
    resume,
    standing,
    write_progress,
)
from esmtp_lab.tutor.prose import plain
from esmtp_lab.tutor.question import read_question


def question(right, **more):
    return read_question({"ask": "?", "because": "so it is", "right": right, **more}, "x", "test")


CHOICES = {"a": "this", "b": "that", "c": "more"}


@pytest.mark.parametrize(
    ("right", "more", "kind", "good", "bad", "say"),
    [
        ("b", {"choices": CHOICES}, "choice", "B", "c", "not that one; try again"),
        ("b", {"choices": CHOICES, "wrong": {"c": "why not"}}, "choice", "b", "c", "why not"),
        ("b", {"choices": CHOICES}, "choice", "b", "x", "answer with one of a, b, c"),
        (["a", "c"], {"choices": CHOICES}, "choices", "c, a", "a b", "1 of 2 right, and 1 not; try again"),
        (["EXPN", "SIZE"], {}, "words", "size expn size", "size", "1 of 2 right, and 0 not; try again"),
        (42, {}, "number", "042", "43", "not that; try again"),
        ([17, 42], {}, "numbers", "17 42", "42 17", "the right numbers, but in another order; try again"),
        ([17, 42], {}, "numbers", "17, 042", "17 4", "1 of 2 right, and 1 not; try again"),
        ([17, 42], {"wrong": {"17 4": "four"}}, "numbers", "17 42", "17,04", "four"),
        ([17, 42], {"wrong": {"17": "one more"}}, "numbers", "17 42", "17", "one more"),
        ([17, 42], {}, "numbers", "17 42", "seventeen", "answer with numbers in order, such as 17 42"),
        (5, {"wrong": {4: "count again"}}, "number", "05", "4", "count again"),
        (5, {"wrong": {4: "count again"}}, "number", "5", "3", "not that; try again"),
        (5, {}, "number", "5", "five", "answer with a number"),
        (["b"], {"choices": CHOICES, "wrong": {"c": "why not"}}, "choices", "B", "c b", "why not"),
        ({450: "a", 550: "b"}, {}, "pairs", "550=B 450=a", "450=b", "0 of 2 right, and 1 not; try again"),
        ("zoe", {"accepts": ["Zoë"]}, "text", "ZOË", "ada", "not that; try again"),
    ],
)  # fmt: skip
def test_answers(right, more, kind, good, bad, say):
    asked = question(right, **more)
    assert asked.kind == kind
    assert asked.judge(good) == (True, "so it is")
    assert asked.judge(asked.solution).right
    assert asked.judge(bad) == (False, say)
    assert asked.lines[-1].startswith("/answer and ")


@pytest.mark.parametrize("right", [None, "", [], {}, 1.5, True, [1, "a"], {"a": []}, "two words", ["two words", "b"]])
def test_what_is_right_must_be_told_so_that_it_can_be_compared(right):
    with pytest.raises(DataError, match=r"Add right|Use single words"):
        question(right)


def test_an_answer_goes_to_the_question_that_it_names(scene):
    two = """
    question = [
        { id = "one", ask = "?", right = 1, because = "x" },
        { id = "two", ask = "?", right = 2, because = "x" },
    ]"""
    here = scene("/answer two 2\n/answer 1", questions=two)
    assert all(here.right(each) for each in here.questions)
    here = scene("/answer 2\n/answer 1", questions=two)
    assert [here.right(each) for each in here.questions] == [True, False]
    with pytest.raises(DataError, match="nothing was asked"):
        scene("/answer b")


def test_prose_as_lines():
    text = "# Head\n\nSome **bold** *words* and `code`\nin two lines.  \nBroken.\n\n"
    text += "* one\n  1. inner\n  2. more\n* two\n\n```\nC: EHLO x\n\nS: 250\n```\n\n"
    text += "| a | b |\n| - | - |\n| `1` | 2 |\n\n---\n\n1. first\n\n   again\n2. second\n\n<b>x</b>\n"
    assert plain(text) == [
        "Head", "", "Some bold words and `code` in two lines.", "Broken.", "",
        "* one", "  1. inner", "  2. more", "* two", "",
        "  C: EHLO x", "", "  S: 250", "",
        "a    b", "`1`  2", "", "---", "",
        "1. first", "  again", "2. second", "",
        "<b>x</b>",
    ]  # fmt: skip
    assert plain("") == []


# Skeletons ---------------------------------------------------------------------------------------


def test_a_new_lesson_passes_the_check_and_the_next_has_the_next_number(tmp_path):
    assert str(tmp_path / "01-two-readers") in new_lesson("two-readers", None, tmp_path)
    new_lesson("more", None, tmp_path)
    new_lesson("far", 40, tmp_path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["01-two-readers", "02-more", "40-far"]
    wrong = [said.text for said in check_lessons(tmp_path, seeds=1) if not said.right]
    assert wrong and all(" reaches " in text for text in wrong), "they are alike, and else good"
    for lesson_id, number, message in (("Two", None, "is no name of a lesson"), ("far", 40, "is there already")):
        with pytest.raises(DataError, match=message):
            new_lesson(lesson_id, number, tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"is no folder|cannot be written"):
        new_lesson("x", 1, tmp_path / "file")


SESSIONS = [
    ["EHLO me.example", "MAIL FROM:<me@me.example>", "RCPT TO:<ada@lab.example>", "DATA", "'''", "/x", ".", "QUIT"],
    ["=== connected to lab.example (era rfc2821)", "S: 220 lab.example", "C: HELO a", "# a note", "S: 250", "C: XYZ"],
    [r"/raw EHLO x\r\nNOOP\r\n", "/hint", "/restart", "=== connected", "NOOP caf\u00e9"],
]


@pytest.mark.parametrize("lines", SESSIONS)
def test_a_recorded_session_is_a_lesson_that_passes_the_check(tmp_path, lines):
    record_lesson([f"{line}\n".encode() for line in lines], "mine", None, "rfc2821", "lab", tmp_path)
    said = list(check_lessons(tmp_path, seeds=0))
    assert [each.text for each in said if not each.right] == []


def test_a_session_in_which_nothing_was_said_is_no_lesson(tmp_path):
    with pytest.raises(DataError, match="holds no line that was answered"):
        record_lesson([b"# nothing\n"], "mine", None, "rfc2821", "lab", tmp_path)
    with pytest.raises(DataError, match="no ready-made host 'x'"):
        record_lesson([b"NOOP\n"], "mine", None, "rfc2821", "x", tmp_path)


# Piped lines -------------------------------------------------------------------------------------

DELIVER = "HELO a\nMAIL FROM:<a@b.example>\nRCPT TO:<ada@lab.example>\nDATA\n.\n"
BREAK = "HELO a\nMAIL FROM: <a@b.example>\nMAIL FROM:<a@b.example>\n"


@pytest.mark.parametrize(
    ("lines", "task", "done", "last"),
    [
        (DELIVER, "deliver", True, "every goal is met"),
        (BREAK, "deliver", False, "not every goal is met: deliver"),
        ("/answer b", "question", True, "every goal is met"),
        ("/answer a", "question", False, "not every goal is met: question"),
        (f"{DELIVER}/next\n{BREAK}/next\n/answer b", "", True, "every goal is met"),
        (f"{DELIVER}/next\n{BREAK}/next\n/answer b\n/next\n", "", True, "every goal is met"),
        (f"{DELIVER}/next\n{BREAK}", "", False, "not every goal is met: question"),
        (DELIVER, "", False, "not every goal is met: break"),
        (f"{BREAK}RCPT TO:<ada@lab.example>\nDATA\n.\n", "", True, "every goal is met"),
        (f"{BREAK}RCPT TO:<ada@lab.example>\nDATA\n.\n/answer a\n", "", False, "not every goal is met: question"),
    ],
)
def test_lines_piped_into_a_lesson_are_judged(lines, task, done, last):
    said = list(play_lesson(begin("3"), [f"{line}\n".encode() for line in lines.splitlines()], task))
    assert (said[-1].text, said[-1].right) == (f"# lesson 3: {last}", done)


def test_what_is_said_to_piped_lines():
    lines = ["HELO a", "S: 500", "MAIL FROM:a", "DATA", "/expect 250"]
    said = [each.text for each in play_lesson(begin("3"), [f"{line}\n".encode() for line in lines], "deliver")]
    assert "# MISMATCH in line 2: expected '500', got '250 lab.example'" in said
    assert any(text.startswith("# The brackets are part") for text in said)
    assert "# [ ] 250 to MAIL: not yet met (seen: last 501 to MAIL)" in said
    assert "# /expect 250" in said


# Progress ----------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "deep" / "progress.json"))
    return progress_file()


def test_progress_is_kept_and_told(place):
    note = keeper()
    attempt = begin("3")
    note(attempt)
    assert not place.exists()
    attempt.hint()
    attempt.hint()
    attempt.solution = True
    note(attempt)
    attempt.scene.play(attempt.ways[0])
    attempt.step()
    note(attempt)
    written = place.read_text("utf-8")
    note(attempt)
    assert place.read_text("utf-8") == written
    attempt.next()
    attempt.skip()
    note(attempt)
    kept = read_progress(place)["one-letter"]
    assert kept["deliver"]["done"].endswith("Z") and kept["deliver"]["hints"] == 2 and kept["deliver"]["solution"]
    assert kept["break"] == {"skipped": True}
    assert " 3  One letter: 1 of 3" in show_progress("text")
    assert list(show_progress("text"))[-1] == f"kept in {place}"
    (told,) = [each for each in map(json.loads, show_progress("json")) if each["id"] == "one-letter"]
    assert [each["standing"] for each in told["tasks"]] == ["done", "skipped", "not begun"]
    report = list(write_report("Zoe", "text"))
    assert report[0].startswith("report of Zoe: 1 of ") and report[0].endswith(" tasks done")
    here = report.index(" 3  One letter: 1 of 3")
    assert report[here + 1].startswith("    deliver: done 20")
    assert report[here + 1].endswith(", 2 hints, solution looked at")
    assert report[here + 2] == "    break: skipped"
    assert json.loads(next(write_report("Zoe", "json")))["name"] == "Zoe"


def test_a_lesson_goes_on_at_its_first_task_that_is_not_done():
    done = {"done": "2026-01-01T00:00:00Z"}
    for known, at in (
        ({}, "deliver"),
        ({"deliver": done}, "break"),
        ({"deliver": done, "question": done, "break": {"skipped": True}}, "break"),
        ({"break": done, "gone": done}, "deliver"),
        ({"deliver": done, "break": done, "question": done}, "deliver"),
    ):
        attempt = begin("3")
        resume(attempt, {"one-letter": known})
        assert attempt.task.id == at
        assert attempt.done == {task for task, facts in known.items() if facts == done and task != "gone"}


def test_progress_is_exported_imported_and_wiped(place, tmp_path):
    keep_one = begin("3")
    keep_one.hint()
    keep(keep_one, place, 0.0)
    other = tmp_path / "other.json"
    assert change_progress(None, None, False) == ""
    assert change_progress(other, None, False) == f"written to {other}"
    assert change_progress(None, None, True) == f"{place} is gone"
    assert read_progress(place) == {}
    assert change_progress(None, other, False) == f"added to {place}"
    assert read_progress(place) == {"one-letter": {"deliver": {"hints": 1}}}
    with pytest.raises(DataError, match="is not there"):
        change_progress(None, tmp_path / "none", False)


def test_what_was_done_in_either_is_done_since_when_it_was_first():
    one = {"x": {"a": {"done": "2026-02"}, "b": {"skipped": True}, "c": {"hints": 1}}}
    other = {"x": {"a": {"done": "2026-01", "hints": 3}, "b": {"done": "2026-03"}, "c": {"solution": True}}, "y": {}}
    both = merged(one, other)
    assert both["x"] == {
        "a": {"done": "2026-01", "hints": 3},
        "b": {"done": "2026-03"},
        "c": {"hints": 1, "solution": True},
    }
    assert merged(one, {"x": {"a": {"skipped": True}}})["x"]["a"] == {"done": "2026-02"}
    assert [standing(each) for each in ({}, {"hints": 1}, {"skipped": True}, {"done": "x"})] == [
        "not begun",
        "begun",
        "skipped",
        "done",
    ]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"version": 2, "lessons": {}}', '{"version": 1, "lessons": []}',
     '{"version": 1, "lessons": {"a": 3}}',
     '{"version": 1, "lessons": {"a": {"b": {"hints": "x"}}}}', '{"version": 1, "lessons": {"a": {"b": 3}}}'],
)  # fmt: skip
def test_a_file_that_is_no_progress_is_kept_and_named(place, text):
    place.parent.mkdir()
    place.write_text(text)
    with pytest.raises(DataError, match=str(place)):
        read_progress(place)
    attempt = begin("3")
    attempt.hint()
    keeper()(attempt)
    assert place.read_text() == text


def test_progress_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(DataError, match="cannot be written"):
        write_progress(tmp_path / "taken", {})
    assert sorted(each.name for each in tmp_path.iterdir()) == ["taken"]
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        write_progress(tmp_path / "file" / "x", {})


def test_the_place_of_progress_is_that_of_the_platform(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert progress_file().name == "progress.json" and progress_file().parent.name == "esmtp-lab"
