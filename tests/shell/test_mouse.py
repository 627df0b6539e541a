"""The mouse on the bench: what was clicked on is explained."""

from collections.abc import Callable
from typing import Any

import pytest

from esmtp_lab.export.notes import stops
from esmtp_lab.shell.hits import hit, marked, unmarked
from esmtp_lab.shell.panes import Panes
from esmtp_lab.shell.rows import Rows
from esmtp_lab.shell.session import Session
from esmtp_lab.shell.signs import UNICODE

Open = Callable[..., Any]
Types = Callable[..., Session]
ENOUGH = 60
"""Rows for all that is said here."""


@pytest.mark.parametrize("columns", [132, 100, 80, 60, 40])
def test_every_column_of_a_part_leads_to_it(types: Types, columns: int) -> None:
    session = types("EHLO me.example", "MAIL FROM:<me@me.example> SIZE=100", "/set view bench")
    rows = Panes(session, UNICODE).draw(columns, ENOUGH)
    found: dict[tuple[int, int], str] = {}
    for row in rows:
        text = "".join(piece for _, piece in row)
        spots = [spot for column in range(len(text)) if (spot := hit(row, column))]
        assert spots == sorted(spots), "what is no part belongs to the part before"
        for column in range(len(text)):
            spot = hit(row, column)
            if spot is not None:
                found[spot] = found.get(spot, "") + text[column]
    for place in session.record.places():
        event = session.record.items[place].event
        assert event is not None
        for number, (start, end) in enumerate(stops(event)):
            part = event.octets[start:end].decode()
            assert "".join(part.split()) in "".join(found[place, number].split()), (columns, part)


def test_borders_remarks_and_the_panes_beside_lead_nowhere(types: Types) -> None:
    session = types("EHLO me.example")
    for row in Panes(session, UNICODE).draw(132, 40):
        text = "".join(piece for _, piece in row)
        if "connected" in text:
            assert {hit(row, column) for column in range(132)} == {None}
        assert hit(row, 0) is None and hit(row, 10) is None and hit(row, 120) is None and hit(row, 500) is None


def test_what_is_shown_has_the_styles_of_the_theme_alone(types: Types) -> None:
    session = types("EHLO me.example", "MAIL FROM:<me@me.example>", "/undo")
    rows = Panes(session, UNICODE).draw(132, 40)
    shown = [unmarked(row) for row in rows]
    styles = {style for row in shown for style, _ in row}
    assert not [style for style in styles if "class:hit" in style], "each new style costs time"
    assert any(style.startswith("class:pygments") and style.endswith("class:undone") for style in styles)
    assert ["".join(text for _, text in row) for row in shown] == ["".join(text for _, text in row) for row in rows]


def test_a_line_that_may_hold_a_password_has_no_parts(types: Types) -> None:
    session = types("EHLO me.example", "AUTH PLAIN AHpvZQBzZWNyZXQ=", policy="members")
    place = session.last[0]
    event = session.record.items[place].event
    assert event is not None and event.secret is not None
    row = Rows(session, UNICODE, numbered=True).item(place)
    assert {hit(row, column) for column in range(40)} == {None} and marked(row, place, event) == row


def test_the_stream_has_no_marks_for_the_mouse(types: Types) -> None:
    session = types("NOOP")
    assert "hit-" not in str(Rows(session, UNICODE, numbered=False).item(session.last[0]))


def clicked(term: Any, text: str, right: int = 0) -> str:
    """The octets of a click on the first place where a text stands on the screen."""
    row = next(at for at, line in enumerate(term.display.display) if text in line)
    column = term.display.display[row].index(text) + right
    return f"\x1b[<0;{column + 1};{row + 1}M\x1b[<0;{column + 1};{row + 1}m"


@pytest.mark.parametrize("columns", [132, 80])
def test_a_click_explains_and_another_opens_all(terminal: Open, columns: int) -> None:
    term = terminal(columns, 40)
    term.until("C:")
    term.type("EHLO me.example", "250 HELP")
    term.press(clicked(term, "250-PIPELINING", 5), lambda text: "line 6" in text and "◂" in text)
    assert "PIPELINING ◂" in term.text
    term.press(clicked(term, "-> EHLO", 4), "line 2")
    term.press(clicked(term, "-> EHLO", 4), "why, by the rules of rfc2821")
    term.press(clicked(term, "250-SIZE", 5), lambda text: "why, by" not in text and "line 4" in text)
    term.press(clicked(term, "connected to"), "line 4")
    term.type("NOOP", lambda text: "line 4" not in text)


def test_a_word_of_the_menu_can_be_clicked(terminal: Open) -> None:
    term = terminal(100, 30)
    term.until("C:")
    term.press("\t", "needs MAIL first: 503")
    term.press(clicked(term, " HELO "), "C: HELO")


def test_without_the_mouse_the_terminal_has_it(terminal: Open) -> None:
    term = terminal(100, 30)
    term.until("C:")
    assert b"\x1b[?1000h" in term.raw
    term.type("/set mouse off", "mouse: off")
    term.until(lambda text: b"\x1b[?1000l" in term.raw)
    term = terminal(60, 30)
    term.until("C:")
    assert b"\x1b[?1000h" not in term.raw
