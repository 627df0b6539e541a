"""The bench as rows of text: exact in size, with nothing of the protocol cut."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmtp_lab.lab import Lab
from esmtp_lab.lab.lessons import lab_in, lab_of
from esmtp_lab.shell.layout import border, padded, width, wrap
from esmtp_lab.shell.panes import Panes
from esmtp_lab.shell.rows import Rows
from esmtp_lab.shell.session import Session
from esmtp_lab.shell.signs import ASCII, UNICODE
from esmtp_lab.tutor.attempt import Attempt
from esmtp_lab.tutor.lesson import find_lesson

Types = Callable[..., Session]


def drawn(session: Session, columns: int, height: int, back: int = 0) -> str:
    panes = Panes(session, UNICODE)
    panes.back = back
    return "\n".join("".join(text for _, text in row) for row in panes.draw(columns, height))


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30)), st.integers(4, 60)
)
def test_wrapping_loses_nothing(texts: list[str], columns: int) -> None:
    rows = wrap([("", text) for text in texts], columns)
    assert "".join(text for row in rows for _, text in row) == "".join(texts)
    assert all(width(row) <= max(columns, 2) for row in rows)


@pytest.mark.parametrize("columns", [40, 60, 80, 99, 100, 132])
@pytest.mark.parametrize("height", [7, 11, 15, 20, 37])
def test_the_board_fits_every_size(types: Types, letter: tuple[str, ...], columns: int, height: int) -> None:
    for session in (types(*letter), types("EHLO me.example", "/help"), types("]"), types()):
        rows = Panes(session, UNICODE).draw(columns, height)
        assert len(rows) == height
        assert all(width(padded(row, columns)) == columns and width(row) <= columns for row in rows)


@pytest.mark.parametrize("columns", [40, 80, 132])
def test_every_line_of_the_wire_can_be_read_whole(types: Types, letter: tuple[str, ...], columns: int) -> None:
    session = types(*letter, "RCPT TO:<" + "x" * 200 + "@lab.example>")
    # Scrolled through from the newest line to the first, a row at a time.
    seen: list[str] = []
    for back in range(400):
        rows = Panes(session, UNICODE)._wire(columns - 4, 5) if not back else _scrolled(session, columns - 4, back)
        seen.append("".join("".join(text for _, text in row).strip() for row in rows))
    everything = " ".join(re.sub(r"\s", "", text) for text in seen)
    for item in session.record.items:
        if item.event and len(item.event.octets) < 100:
            assert re.sub(r"\s", "", item.event.octets.decode()) in everything


def _scrolled(session: Session, columns: int, back: int) -> list[list[tuple[str, str]]]:
    panes = Panes(session, UNICODE)
    panes.back = back
    return panes._wire(columns, 5)


def test_the_newest_line_is_visible_until_scrolled(types: Types) -> None:
    session = types(*["NOOP"] * 50)
    assert "101 <-  250" in drawn(session, 132, 30)
    assert "101 <-  250" not in drawn(session, 132, 30, back=30)
    assert "  1 <-  220" in drawn(session, 132, 30, back=10_000)


def test_broken_rules_do_not_push_the_line_away() -> None:
    session = Session(Lab(role="server"))
    session.type("\x80 is no greeting at all")
    low, high = drawn(session, 80, 20), drawn(session, 80, 60)
    assert (
        "no greeting at all" in low and "broken here: ? tells" in low and "broke this" not in low.split("rules of")[0]
    )
    assert "the server broke this" in high.split("rules of")[0] and "broken here" not in high


def test_a_leaf_passes_over_no_row(types: Types) -> None:
    panes = Panes(types(*["NOOP"] * 40), UNICODE)
    for columns, height in ((80, 20), (132, 36), (60, 9)):
        panes.back = 0
        before = panes.draw(columns, height)
        panes.scroll(-panes.leaf)
        after = panes.draw(columns, height)
        numbers = [[int(each) for each in re.findall(r" (\d+) (?:<-| ->)", _plain(rows))] for rows in (before, after)]
        assert numbers[1][-1] == numbers[0][0]


def _plain(rows: list[list[tuple[str, str]]]) -> str:
    return "\n".join("".join(text for _, text in row) for row in rows)


def test_what_does_not_fit_beside_the_wire_is_told_by_a_command(types: Types) -> None:
    session = types("EHLO me.example")
    for columns in (80, 100):
        assert "more: /state" in drawn(session, columns, 20)
    session.type("/state")
    assert session.page is not None
    for text in ("offered  8BITMIME", "state    ready", "letters  ada 0"):
        assert any(text in line for line in session.page.lines)


def test_changed_fields_have_a_star(types: Types) -> None:
    text = drawn(types("EHLO me.example"), 132, 36)
    assert "ready *" in text and "me.example *" in text and "SIZE 10485760 *" in text
    assert "ready *" not in drawn(types("EHLO me.example", "NOOP"), 132, 36)


def test_marks_tell_without_colour(types: Types) -> None:
    text = drawn(types("EHLO me.example", "NOOP", "/undo", "XYZ", "/nonsense"), 132, 36)
    assert " -> EHLO" in text and "<-  250 " in text and "<** 500" in text and "=== there is no" in text
    assert "-> NOOP (undone)" in text


def test_hostile_octets_are_spelt_out(session: Session) -> None:
    session.type("NOOP \x1b]0;x\x07 \u202eabc\u2066")
    text = drawn(session, 132, 36)
    assert r"NOOP \x1b]0;x\x07 \u202eabc\u2066" in text
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2066]", text)


def test_ascii_alone(types: Types, letter: tuple[str, ...]) -> None:
    for lines in ((*letter, "/bytes"), ("EHLO me.example", "?"), ()):
        panes = Panes(types(*lines), ASCII)
        assert all(text.isascii() for row in panes.draw(132, 36) for _, text in row)


def test_the_selected_span_is_marked(types: Types) -> None:
    session = types("EHLO me.example", "]")
    row = Rows(session, UNICODE, numbered=True).item(session.last[0])
    assert any("selected" in style and text == "EHLO" for style, text in row)
    assert "◂" in drawn(session, 132, 36)


def test_a_lesson_from_begin_to_end() -> None:
    attempt = Attempt(find_lesson("3"), lab_in)
    session = Session(lab_of(attempt), attempt=attempt)

    def told() -> list[str]:
        return [item.text for item in session.record.items if item.event is None]

    assert "3 One letter 1/3" in drawn(session, 132, 30)
    assert "[ ] 250 to MAIL" in drawn(session, 132, 30)
    for line in ("/hint", "/hint", "HELO me.example", "MAIL FROM: <me@me.example>"):
        session.type(line)
    assert any(text.startswith("hint 2/3: ") for text in told())
    assert any(text.startswith("There is a space after the colon.") for text in told())
    for line in ("MAIL FROM:<me@me.example>", "RCPT TO:<ada@lab.example>", "DATA", ".", "NOOP"):
        session.type(line)
    assert told().count("done; /next goes on") == 1
    session.type("/answer b")
    assert told()[-1] == "nothing is asked here; /lesson says what is to be done"
    session.type("/next")
    assert session.page is not None
    assert session.page.title == "3 One letter 2/3"
    session.type("/goal")
    assert "[ ] 501 to it" in session.page.lines
    session.type("/next")
    assert told()[-1].startswith("not done yet: /skip does it for you")
    session.type("/solution")
    assert "MAIL FROM: <me@me.example>" in session.page.lines
    session.type("/next")
    assert session.page.title == "3 One letter 3/3"
    session.type("/answer a")
    assert told()[-1].startswith("That is 4.")
    session.type("/answer b")
    assert told()[-2].startswith("right: ")
    assert attempt.finished
    session.type("/next")
    assert session.page.title == "3 One letter: the end"
    assert any(line.startswith("not done: Break it") for line in session.page.lines)


@pytest.mark.parametrize("line", ["/lesson", "/goal", "/hint", "/solution", "/next", "/answer a", "/skip"])
def test_without_a_lesson_its_commands_say_so(line: str) -> None:
    session = Session(Lab())
    session.type(line)
    assert session.record.items[-1].text.startswith("there is no lesson")


@pytest.mark.parametrize(
    ("title", "room", "drawn"),
    [("wire", 9, "─ wire ──"), ("wire", 6, "─ wire"), ("server", 6, "─ ser…"), ("", 3, "───")],
)
def test_a_title_that_is_cut_says_so(title, room, drawn):
    row = border([title], [room], UNICODE, "top")
    assert "".join(text for _, text in row)[1:-1] == drawn
