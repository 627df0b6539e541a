"""Tables on pages: aligned where there is room, wrapped in their columns, and a list where it is narrow."""

from collections.abc import Callable
from typing import Any

import pytest

from esmtp_lab.commands.columns import width
from esmtp_lab.lab import Lab
from esmtp_lab.shell.panes import Panes
from esmtp_lab.shell.session import Session
from esmtp_lab.shell.signs import UNICODE
from esmtp_lab.shell.tables import laid
from esmtp_lab.tutor.grid import grid
from esmtp_lab.tutor.prose import plain

MARKDOWN = """Before it.

| word | what it is for | where |
| --- | --- | --- |
| `SIZE` | how large a letter will be, said before an octet of it is sent | RFC 1870 |
| `8BITMIME` | octets above 127 | RFC 6152 |

Behind it.
"""


def test_a_table_that_fits_stands_in_columns() -> None:
    lines = list(laid(plain(MARKDOWN), 100))
    assert lines == [
        "Before it.",
        "",
        "word        what it is for                                                  where",
        "`SIZE`      how large a letter will be, said before an octet of it is sent  RFC 1870",
        "`8BITMIME`  octets above 127                                                RFC 6152",
        "",
        "Behind it.",
    ]


def test_a_wide_column_is_wrapped_within_itself() -> None:
    lines = list(laid(plain(MARKDOWN), 60))
    assert lines[3:5] == [
        "`SIZE`      how large a letter will be, said        RFC 1870",
        "              before an octet of it is sent",
    ]
    assert all(width(line) <= 60 for line in lines)


def test_where_it_is_narrow_a_table_is_a_list() -> None:
    lines = list(laid(plain(MARKDOWN), 36))
    assert lines[2:5] == [
        "`SIZE`",
        "    what it is for: how large a letter will be, said before an octet of it is sent",
        "    where: RFC 1870",
    ]
    assert "word" not in lines
    assert list(laid(grid([("/a LONG FORM OF A COMMAND", "what it does for you"), ("/b", "")]), 30)) == [
        "/a LONG FORM OF A COMMAND",
        "    what it does for you",
        "/b",
    ]


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 132])
def test_rows_with_fewer_cells_and_wide_letters(columns: int) -> None:
    rows = grid([("邮件服务器的扩展" * 3, "b" * 50, "c"), ("a",)])
    lines = list(laid(rows, columns))
    assert lines[-1] == "a"
    assert columns < 60 or all(width(line) <= columns for line in lines)


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 132])
@pytest.mark.parametrize("command", ["/help", "/words"])
def test_pages_are_wide_enough_and_lose_nothing(session: Session, columns: int, command: str) -> None:
    session.type(command)
    page = session.page
    assert page is not None
    rows = Panes(session, UNICODE)._page(columns, 1000)
    shown = " ".join("".join(text for _, text in row) for row in rows)
    assert all(width("".join(text for _, text in row)) <= columns for row in rows)
    assert [word for line in page.lines for word in line.split() if len(word) < 18 and word not in shown] == []


def test_what_came_over_the_wire_is_safe_in_a_table(session: Session) -> None:
    session.show("t", grid([("\x1b[1m", "x")]))
    assert session.page is not None
    (row,) = session.page.lines
    assert list(laid([row], 4)) == [r"\x1b[1m", "    x"]


@pytest.mark.parametrize("columns", [40, 80])
def test_help_on_a_terminal(terminal: Callable[..., Any], columns: int) -> None:
    term = terminal(columns, 50, "view='stream'")
    term.until("C: ")
    text = term.type("/help", "begins a lab command")
    lines = [line.strip() for line in text.splitlines()]
    assert ("begins a lab command" in lines) is (columns == 40)


def test_the_plain_view_lays_tables_out_for_its_terminal(terminal: Callable[..., Any]) -> None:
    term = terminal(40, 60, "plain=True")
    term.until("client: ")
    text = term.type("/help", lambda text: "lab /\n" in "\n".join(line.rstrip() for line in text.splitlines()))
    assert "lab     begins a lab command" in text


def test_the_mailboxes_stand_in_columns_however_long_their_names_are() -> None:
    session = Session(Lab("rfc821", policy="classic"))
    for line in ("HELO me.example", "SEND FROM:<me@me.example>", "RCPT TO:<ada@lab.example>", "DATA", "hi", "."):
        session.type(line)
    session.type("/mail")
    assert session.page is not None
    lines = [line for line in session.page.lines if line]
    assert "ada (terminal)" in "".join(lines)
    assert len(lines) > 1 and len({len(line) for line in lines}) == 1
    session.type("/mail ada (terminal)")
    assert session.page is not None and session.page.title == "mailbox ada (terminal), letter 1"
