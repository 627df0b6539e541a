"""Scenes in which lines were played, and lessons made of a few lines."""

import tomllib
from collections.abc import Callable

import pytest

from esmtp_lab.commands.lessons import lab_at_rest
from esmtp_lab.tutor.goal import Goal, read_goal
from esmtp_lab.tutor.lesson import Lesson, lesson_of
from esmtp_lab.tutor.question import read_question
from esmtp_lab.tutor.scene import Scene
from esmtp_lab.tutor.setting import own_hosts, read_setting

MINIMAL = """
version = 1
id = "small"
number = 1
title = "Small"
minutes = 5
{more}
[[task]]
id = "do"
{task}
hints = ["one", "two"]

[question]
ask = "Which?"
choices = {{ a = "this", b = "that" }}
right = "b"
wrong = {{ a = "no, for a reason" }}
because = "so it is"
"""
PROSE = "# Small\n\nThe page.\n\n## Do it {#do}\n\nDo it.\n\n## The end {#end}\n\nDone.\n"

Plays = Callable[..., Scene]


@pytest.fixture
def scene() -> Plays:
    """A scene with a setting, in which lines were played."""

    def make(lines: str = "", setting: str = "", questions: str = "") -> Scene:
        table = tomllib.loads(setting)
        hosts = own_hosts(table.pop("hosts", {}), "test")
        asked = [read_question(each, "small/do", "test") for each in tomllib.loads(questions).get("question", ())]
        found = Scene(read_setting(table, hosts, "test"), lab_at_rest, asked)
        if lines:
            found.play(lines)
        return found

    return make


def goal(text: str, scene: Scene | None = None) -> Goal:
    """The goal that a table of TOML says."""
    questions = {each.id: each for each in scene.questions} if scene else {}
    return read_goal(tomllib.loads(text), "test", questions)


@pytest.fixture
def lesson() -> Callable[..., Lesson]:
    """A small lesson, with more in its table or in its task."""

    def make(task: str = 'all = [{ reply_to = "EHLO", code = 250 }]', more: str = "", prose: str = PROSE) -> Lesson:
        return lesson_of(tomllib.loads(MINIMAL.format(task=task, more=more)), prose, "01-small")

    return make
