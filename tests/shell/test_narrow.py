"""Where there is little room: nothing of a goal and nothing of the protocol is left out without a sign of it."""

import pytest

from esmtp_lab.commands.lessons import lab_at_rest
from esmtp_lab.lab import Lab
from esmtp_lab.lab.lessons import lab_of
from esmtp_lab.shell.below import hint_rows
from esmtp_lab.shell.footer import footer, header
from esmtp_lab.shell.foresight import Hint
from esmtp_lab.shell.layout import Row, cut, width
from esmtp_lab.shell.lesson import goal_marks
from esmtp_lab.shell.panes import Panes
from esmtp_lab.shell.session import Session
from esmtp_lab.shell.signs import ASCII, UNICODE
from esmtp_lab.tutor.attempt import Attempt
from esmtp_lab.tutor.lesson import lessons


def text_of(row: Row) -> str:
    return "".join(text for _, text in row)


def begun(number: int = 3) -> Session:
    attempt = Attempt(next(each for each in lessons() if each.number == number), lab_at_rest)
    return Session(lab_of(attempt), attempt=attempt)


# Keys -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [40, 60, 80, 132])
def test_in_a_lesson_the_footer_names_its_keys(columns: int) -> None:
    session = begun()
    for line in ("", "HELO me.example", "MAIL FROM:<me@me.example>", "RCPT TO:<ada@lab.example>", "DATA"):
        session.type(line)
        shown = footer(session, columns)
        assert "M-h hint" in shown and len(shown) < columns
        assert "M-n next" in shown or columns < 60


def test_without_a_lesson_it_does_not() -> None:
    assert "M-h" not in footer(Session(Lab()), 132)
    assert footer(Session(Lab()), 80).split("   ")[1] == "? explain"


# The head ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("height", [10, 15, 21])
@pytest.mark.parametrize("columns", [40, 80, 132])
def test_a_goal_that_is_not_shown_leaves_a_sign(columns: int, height: int) -> None:
    for lesson in lessons():
        attempt = Attempt(lesson, lab_at_rest)
        session = Session(lab_of(attempt), attempt=attempt)
        rows = Panes(session, UNICODE).draw(columns, height)
        head = "".join(text_of(row) for row in rows[: next(at for at, row in enumerate(rows) if "┌" in text_of(row))])
        whole = header(session).replace(" ", "") == head.replace(" ", "")
        assert whole is ("M-g: goals" not in head), (lesson.id, head)
        assert all(width(row) <= columns for row in rows) and len(rows) == height


def test_goals_of_common_length_stand_whole_on_80_columns() -> None:
    session = begun()
    rows = Panes(session, UNICODE).draw(80, 21)
    assert goal_marks(session.attempt).replace(" ", "") in "".join(map(text_of, rows)).replace(" ", "")


def test_a_head_without_a_lesson_says_where_the_rest_is() -> None:
    session = Session(Lab(client_era="rfc821"))
    assert text_of(Panes(session, ASCII).draw(30, 10)[0]).endswith(" ... /state")


def test_only_what_is_too_much_is_cut() -> None:
    rows: list[Row] = [[("", "one")], [("", "two")], [("", "three")]]
    assert cut(rows, 3, 10, ("", "...")) == rows
    assert [text_of(row) for row in cut(rows, 2, 10, ("", "..."))] == ["one", "two    ..."]


# The hint ---------------------------------------------------------------------------------------------

LONG = Hint("a rule that says much, and more than there is room for", "501 5.5.4 Syntax error in parameters", True)


@pytest.mark.parametrize("signs", [UNICODE, ASCII])
@pytest.mark.parametrize("most", [1, 2, 3])
@pytest.mark.parametrize("columns", [20, 40, 60, 80, 132])
def test_the_reply_is_the_last_thing_that_is_left_out(columns: int, most: int, signs: object) -> None:
    rows = hint_rows(LONG, columns, most, signs, 3)  # type: ignore[arg-type]
    shown = " ".join("".join(map(text_of, rows)).split())
    assert len(rows) <= most and all(width(row) <= columns for row in rows) and shown.startswith("!! ")
    if columns * most >= 60:
        assert shown.endswith("501 5.5.4 Syntax error in parameters")
    else:
        assert "/try" in shown or shown.endswith("501 5.5.4 Syntax error in parameters")
    if columns == 132:
        assert shown.startswith("!! a rule that says much, and more than there is room for ")


def test_words_alone_are_cut_with_a_sign() -> None:
    assert [text_of(row) for row in hint_rows(Hint("x" * 30), 10, 1, UNICODE)] == ["xxxxxxxxx…"]
    assert hint_rows(Hint("x"), 1, 0, UNICODE) == []


@pytest.mark.parametrize("columns", [40, 60])
def test_what_a_narrow_terminal_predicts_is_whole(columns: int) -> None:
    from esmtp_lab.shell.foresight import hint

    session = Session(Lab())
    for line in ("RCPT TO:<ada@lab.example>", "MAIL FROM:<me@me.example>", "XPING", "EHLO me.example"):
        told = hint(session, line)
        shown = "".join(text_of(row) for row in hint_rows(told, columns, 2, UNICODE, 3))
        assert told.reply and " ".join(shown.split()).endswith(" ".join(told.reply.split())), shown
