"""Skeletons of lessons: a commented one to fill in, and one that is made of a recorded session."""

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from esmtp_lab.errors import DataError
from esmtp_lab.protocol.session import GREETING, UNKNOWN
from esmtp_lab.tutor.lesson import entries
from esmtp_lab.tutor.scene import COMMANDS, Opens, Scene
from esmtp_lab.tutor.setting import Setting

PROSE = """\
# {title}

What the lesson is about, in a few short sentences: one idea. This page comes first.

## {heading} {{#{task}}}

What the learner is to do, and what to look at.

## What to take away {{#end}}

The one sentence to keep, and the section of the RFC that it stands in.
"""
_HEAD = """\
# A lesson. Its prose stands in lesson.md beside it. `esmtp-lab lessons check` proves it.
# All that a goal can look at: the docstring of esmtp_lab/tutor/goal.py.
version = 1
id = {id}
number = {number}
title = {title}
minutes = 8
era = {era}                  # rfc821, rfc1869, rfc2821 or rfc5321
host = {host}                     # a ready-made host; a task may name another
rules = []                       # ids from the rule book, such as "rfc2821:4.1.4/mail-once"
"""
_QUESTION = """\
[question]
ask = "A question that somebody answers rightly who understood it, and wrongly who did not?"
choices = { a = "What many believe.", b = "What is right.", c = "Something else." }
right = "b"
wrong = { a = "Why many believe it, and why it is not so." }
because = "Why it is so."
"""
NEW = (
    _HEAD
    + """
[[task]]
id = "greet"                     # lesson.md has a section {#greet}
# What must hold in the end: all, any, none, in_order, within.
in_order = [ { reply_to = "EHLO", code = 250 }, { reply_to = "QUIT", code = 221 } ]
# At least two, each stronger than the one before. One with `when` goes first after what it names.
hints = [
    { when = { reply_to = "EHLO", code = 501 }, say = "EHLO wants a name behind it." },
    "The client says who it is.",
    "EHLO me.example, and then QUIT.",
]

# At least two ways to do it; lines that begin with a slash are for the lab: /restart, /host NAME, /raw OCTETS, …
[[task.solution]]
lines = \"\"\"
EHLO me.example
QUIT
\"\"\"

[[task.solution]]
lines = \"\"\"
HELO me.example
EHLO me.example
NOOP
QUIT
\"\"\"

# At least three near misses: what learners really do instead, how it is seen, and what to tell them.
[[task.near]]
when = { command = "EHLO", problem = "*" }
say = "EHLO wants the name of your host behind it."
lines = \"\"\"
EHLO
\"\"\"

[[task.near]]
when = { reply_to = "QUIT", in = "initial" }
say = "That was polite, but nobody knows who was there. Say EHLO first."
lines = \"\"\"
QUIT
\"\"\"

[[task.near]]
when = { command = "UNKNOWN" }
say = "That is no command. A verb comes first: EHLO."
lines = \"\"\"
HELLO me.example
\"\"\"

"""
    + _QUESTION
)
"""The commented skeleton."""


class Skeleton(NamedTuple):
    """The two files of a lesson."""

    toml: str
    markdown: str


def new(lesson_id: str, number: int) -> Skeleton:
    """A commented lesson that passes the check and only waits for its words."""
    title = lesson_id.replace("-", " ").capitalize()
    head = NEW
    for key, value in _fields(lesson_id, number, title, "rfc2821", "lab").items():
        head = head.replace("{" + key + "}", value)
    walks = 'walks = "Whoever greets and leaves has done it."\n'
    return Skeleton(
        head.replace("hints = [", walks + "hints = [", 1),
        PROSE.format(title=title, heading="Say who you are, and leave", task="greet"),
    )


def _fields(lesson_id: str, number: int, title: str, era: str, host: str) -> dict[str, str]:
    return {
        "id": json.dumps(lesson_id),
        "number": str(number),
        "title": json.dumps(title),
        "era": json.dumps(era),
        "host": json.dumps(host),
    }


def record(lines: Iterable[bytes], lesson_id: str, number: int, setting: Setting, opens: Opens) -> Skeleton:
    """A lesson whose solution is what was sent, and whose goal is what was answered. Raises DataError where nothing
    was."""
    script = list(_script(lines))
    scene = Scene(setting, opens)
    scene.play("\n".join(script))
    replies = [each for each in scene.items if each.kind == "reply" and each.event.to not in (GREETING, "")]
    commands = [each for each in scene.items if each.kind == "command"]
    if not replies:
        raise DataError("the session", "holds no line that was answered, so there is nothing to ask for")
    goal = [f"    {{ reply_to = {json.dumps(each.event.to)}, code = {each.event.code} }}," for each in replies]
    title = lesson_id.replace("-", " ").capitalize()
    head = _HEAD.format(**_fields(lesson_id, number, title, setting.era, setting.host.name))
    verbs = list(dict.fromkeys(each.event.to for each in commands if each.event.to != UNKNOWN))
    body = [
        head,
        "[[task]]",
        'id = "recorded"',
        "# What was answered, in this order. Take out what the lesson is not about.",
        "in_order = [",
        *goal,
        "]",
        *(f"all = [ {{ delivered = {json.dumps(name)} }} ]" for name in _mailboxes(scene)[:1]),
        "hints = [",
        f'    "These are needed, in this order: {", ".join(verbs) or "see the page"}.",',
        '    "/solution shows a way to do it.",',
        "]",
        "",
        *_lines("solution", script),
        *_lines("solution", [*script[:1], "NOOP", *script[1:]]),
    ]
    for say, near in _misses(script):
        when, found = near
        body += [f"[[task.near]]\nwhen = {when}\nsay = {json.dumps(say, ensure_ascii=False)}", *_block(found)]
    return Skeleton("\n".join((*body, _QUESTION)), PROSE.format(title=title, heading="Do it yourself", task="recorded"))


def _script(lines: Iterable[bytes]) -> Iterator[str]:
    """What the learner said, as an attempt has it; what was answered and every remark left out."""
    text = b"\n".join(line.rstrip(b"\r\n") for line in lines).decode("utf-8", "backslashreplace")
    begun = False
    for entry in entries(text):
        if entry.kind == "C":
            name = entry.text.removeprefix("/").split(" ")[0]
            if entry.marked or not entry.text.startswith("/") or name in COMMANDS:
                begun = True
                yield entry.written.decode("utf-8", "backslashreplace")
        elif entry.kind == "moment" and entry.octets.startswith(b"connected") and begun:
            yield "=== connected"


def _mailboxes(scene: Scene) -> list[str]:
    return [name for box in scene.boxes() for name, letters in box.letters.items() if letters]


def _misses(script: list[str]) -> Iterator[tuple[str, tuple[str, list[str]]]]:
    """Three things that go wrong in any lesson."""
    yield (
        "That is no command. /lesson says what is wanted.",
        ('{ command = "UNKNOWN", has = "HELLO" }', ["HELLO me.example"]),
    )
    yield (
        "QUIT came before anything was done. /restart begins again.",
        ('{ command = "QUIT", in = "initial" }', ["QUIT"]),
    )
    yield (
        "MAIL came before you said who you are.",
        ('{ command = "MAIL", in = "initial" }', ["MAIL FROM:<me@me.example>"]),
    )


def _lines(what: str, script: list[str]) -> list[str]:
    return [f"[[task.{what}]]", *_block(script)]


def _block(script: list[str]) -> list[str]:
    return [f"lines = {_literal(script)}", ""]


def _literal(script: list[str]) -> str:
    """Lines as TOML writes them: as they stand where that can be."""
    text = "\n".join(script)
    if "'''" not in text and all(line.isprintable() for line in script):
        return f"'''\n{text}\n'''"
    return json.dumps(f"\n{text}\n", ensure_ascii=True)
