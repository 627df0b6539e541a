"""Lessons: all of them are proved, and a lesson that is wrong is found out."""

import shutil

import pytest

from esmtp_lab.commands.lessons import bench_of, check_lessons
from esmtp_lab.errors import DataError
from esmtp_lab.tutor.attempt import Attempt
from esmtp_lab.tutor.check import check_folder
from esmtp_lab.tutor.lesson import entries, find_lesson, lesson_folder, lessons
from esmtp_lab.tutor.play import play


def test_every_lesson_is_proved():
    assert [said.text for said in check_lessons() if not said.right] == []
    assert [lesson.number for lesson in lessons()] == sorted({lesson.number for lesson in lessons()})


@pytest.fixture
def copy(tmp_path):
    """A lesson that may be broken, and what the check then says."""
    folder = tmp_path / "03-one-letter"
    shutil.copytree(lesson_folder() / "03-one-letter", folder)

    def mend(old: str, new: str) -> list[str]:
        file = folder / "lesson.toml"
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), "utf-8")
        return list(check_folder(folder, bench_of))

    return mend


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("DATA\nSubject", "DATO\nSubject", "solution 1 does not reach: 354 to DATA"),
        ('MAIL FROM: <me@me.example>\n"""', 'NOOP\n"""', "near miss 1 is not recognised"),
        ('all = [{ delivered = "ada" }]', "", None),
        ("HELO me.example\nRCPT TO:<ada@lab.example>", "HELO a\nMAIL FROM:a\nRCPT TO:<ada@lab.example>", "earlier one"),
        ('rules = ["rfc821:3.1/', 'rules = ["rfc821:9.9/', "not in the rule book"),
    ],
)
def test_a_lesson_that_is_wrong_is_found_out(copy, old, new, found):
    problems = copy(old, new)
    assert (problems == []) if found is None else any(found in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("version = 1", "", "has no version"),
        ("hints = [", "hunts = [", "knows no key 'hunts'"),
        ("minutes = 8", "", "has no minutes"),
        ('delivered = "ada"', 'delivers = "ada"', "knows no key 'delivers'"),
        ('{ delivered = "ada" }', "{ code = 250 }", "asks for nothing"),
        ('right = "b"', 'right = "z"', "none of its choices"),
        ("[[task]]", "[[task", "cannot be read"),
    ],
)
def test_a_lesson_that_cannot_be_read_says_what_to_mend(copy, old, new, message):
    with pytest.raises(DataError, match=message):
        copy(old, new)


def test_a_stray_file_is_named(copy, tmp_path):
    (tmp_path / "03-one-letter" / "notes.txt").write_text("x")
    assert "notes.txt: no file of a lesson" in copy("minutes = 8", "minutes = 9")[0]


def test_an_attempt_from_begin_to_end():
    lesson = find_lesson("3")
    attempt = Attempt(lesson)
    assert attempt.title == "3 One letter 1/2"
    assert lesson.page in attempt.text
    assert [attempt.hint()[0] for _ in range(4)] == [1, 2, 3, 3]
    for task in lesson.tasks:
        for near in task.near:
            bench = bench_of(lesson)
            for played in play(bench, entries(near.lines)):
                told = attempt.near_misses(played.crossings)
            assert told == [near.say]
            assert not attempt.reached(bench)
        bench = bench_of(lesson)
        for _ in play(bench, entries(task.solutions[0])):
            pass
        assert attempt.reached(bench)
        attempt.next()
    assert attempt.task is None
    assert lesson.question.ask in attempt.text
    assert not attempt.finished
    attempt.answer = lesson.question.right
    assert attempt.finished


def test_a_lesson_that_is_not_there():
    with pytest.raises(DataError, match="there is no such lesson"):
        find_lesson("99")
