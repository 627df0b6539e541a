"""In the plain view, in a terminal of 40 columns, stands all that the lab's events hold.

The same lines are played a second time without a terminal; what its events, sides and lesson hold must have been
written: every line of the wire, in order, every state field, the id of every rule, every hint.
"""

import re
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from esmtp_lab.lab.lessons import lab_in, lab_of
from esmtp_lab.shell.lesson import lines_of
from esmtp_lab.shell.pages import shown
from esmtp_lab.shell.session import Session
from esmtp_lab.tutor.attempt import Attempt
from esmtp_lab.tutor.lesson import find_lesson

from .emulator import PROGRAM, Terminal

LONG = "ada-who-has-a-very-long-name-as-it-is-written-here-in-one-word"
LINES = (
    *("/notes full", "?"),
    *(
        "HELP",
        "VRFY ada",
        "EXPN friends",
        "NOOP",
        "XYZZY",
        "HELO me.example",
        "EHLO me.example",
        "MAIL FROM: x@y.example",
    ),
    *(f"MAIL FROM:<{LONG}@me.example> SIZE=20 BODY=8BITMIME", f"RCPT TO:<{LONG}@lab.example>"),
    *("RCPT TO:<ada@lab.example>", "RCPT TO:<bob@lab.example>", "RCPT TO:<bob@lab.example> X=Y", "DATA"),
    *("Subject: hi", "", "0123456789 " * 9, "..dot", "\x1b[2J \x9b1m \u202e", ".", "/undo", "/redo"),
    *("MAIL FROM:<>", "RSET", r"/raw NOOP\n", "RSET", "/group", "MAIL FROM:<>", "RCPT TO:<ada@lab.example>", "/send"),
    *("/host secure", "EHLO me.example", "STARTTLS", "EHLO me.example", "AUTH PLAIN", "AHpvZQBzZWNyZXQ=", "QUIT"),
    *("/host open", "EHLO a", "MAIL FROM:<a@b.example>", "RCPT TO:<ada@open.example>", "BDAT 7 LAST", "hello"),
    *("/host lab", "EHLO a", "/fault say NOOP 421 so long", "NOOP"),
    *("/restart", "/fault cut-before NOOP", "NOOP"),
    *("/role server", "220 hi", "250-hello", "250 SIZE 20", "250 ok", "550 no", "221 bye"),
)
PROMPT = re.compile(rb"(?:\A|\n)(?:client[^:\r\n]*|server|lab): \Z")
"""What the program waits behind."""
Open = Callable[..., Any]
Held = tuple[dict[str, str], dict[str, str]]
"""The fields of the client and of the server."""


def typed(terminal: Terminal, lines: tuple[str, ...]) -> str:
    """Type lines, each when it is asked for; all that stands in the scrollback then, without its spaces."""
    for line in lines:
        terminal.until(lambda text: bool(PROMPT.search(terminal.raw)))
        terminal.child.send(f"{line}\r")
        count = len(terminal.raw)
        terminal.until(lambda text, count=count: len(terminal.raw) > count + 1)
    terminal.until(lambda text: bool(PROMPT.search(terminal.raw)))
    assert b"\x1b" not in terminal.raw
    return tight(terminal.everything)


def tight(text: str) -> str:
    return re.sub(r"\s", "", text)


def held(session: Session) -> Held:
    """The fields of both sides, without those that hold nothing; the prompt counts the octets of content."""
    client, server = (
        {
            name: ", ".join(value for _, value in rows)
            for name, rows in ((name, [*rows]) for name, rows in groupby(facts, lambda row: row[0]))
            if name != "content" and rows[0][1] != "–"
        }
        for facts in session.facts()
    )
    return client, server


def written(raw: str) -> Iterator[Held]:
    """The fields of both sides, as the lines "state" say that they changed, one after the other."""
    sides: dict[str, dict[str, str]] = {"client": {}, "server": {}}
    for line in raw.splitlines():
        match = re.fullmatch(r"state (client|server): (.*)", line)
        for field in match[2].split("; ") if match else ():
            # the names of fields are those that the lab has: one or two words
            name, value = re.fullmatch(r"(I am|\w+) (.*)", field).groups()
            sides[match[1]].pop(name, None)
            sides[match[1]].update({name: value} if value != "none" else {})
        if match:
            yield dict(sides["client"]), dict(sides["server"])


def test_every_line_field_and_rule_is_written(terminal: Open, session: Session) -> None:
    term = terminal(40, 24, "plain=True", scrollback=True)
    everything = typed(term, LINES)
    states = [held(session)]
    for line in LINES:
        session.type(line)
        states.append(held(session))

    place = 0
    events = [(at, session.annotated(at)) for at in range(len(session.record.items))]
    for _, event in events:
        if event is not None and event.octets.strip():
            found = everything.find(tight(shown(event)), place)
            assert found >= 0, f"missing or cut: {shown(event)}"
            place = found
    rules = {each.rule.id for _, event in events if event for each in event.citations}
    assert len(rules) > 200
    assert [each for each in rules if each not in everything] == []
    notes = {note.text for at, _ in events for note in session.notes(at)}
    assert [each for each in notes if tight(each) not in everything] == []

    said = [*written(term.raw.decode())]
    for state in states:
        assert state in said, f"never written: {state}"
    assert said[-1] == states[-1]


def test_what_the_notes_name_is_named_by_its_id_at_the_usual_depth(terminal: Open, session: Session) -> None:
    lines = ("EHLO me.example", "MAIL FROM: x@y.example", "RCPT TO:<ada@lab.example>")
    everything = typed(terminal(40, 24, "plain=True", scrollback=True), lines)
    for line in lines:
        session.type(line)
    ids = {note.rule for at in range(len(session.record.items)) for note in session.notes(at) if note.rule}
    assert ids and all(each in everything for each in ids)


def test_every_hint_and_goal_of_a_lesson_is_written(terminal: Open) -> None:
    attempt = Attempt(find_lesson("3"), lab_in)
    session = Session(lab_of(attempt), attempt=attempt)
    lines = ("/hint", "/hint", "/hint", "HELO a", "MAIL FROM: <a@b.example>", "MAIL FROM:<a@b.example>", "/goal")
    everything = typed(terminal(40, 24, command=[*PROGRAM, "lessons", "run", "3", "--plain"], scrollback=True), lines)
    for line in lines:
        session.type(line)
    told = [item.text for item in session.record.items if item.event is None]
    assert [text.split(":")[0] for text in told if text.startswith("hint ")] == ["hint 1/3", "hint 2/3", "hint 3/3"]
    texts = [*told, *lines_of(attempt.text), *(met.words for met in attempt.goals)]
    assert [each for each in texts if tight(each) not in everything] == []
