"""What was typed: the Up arrow and the search bring it back, in later sittings too, and never a password."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmtp_lab.lab import Lab
from esmtp_lab.shell import past as past_module
from esmtp_lab.shell.memory import remember
from esmtp_lab.shell.past import MOST, Past, history_file
from esmtp_lab.shell.session import Session

Open = Callable[..., Any]


@pytest.fixture
def kept(session: Session, tmp_path: Path) -> Session:
    """A session whose lines are kept in a file."""
    session.past = Past(tmp_path / "lab" / "history")
    return session


def types(session: Session, *lines: str) -> None:
    for line in lines:
        kind = session.prompt_kind
        session.type(line)
        remember(session, line, kind)


def file_of(session: Session) -> str:
    file = session.past.file
    return file.read_text("utf-8") if file is not None and file.exists() else ""


# What is kept -----------------------------------------------------------------------------------------


def test_lines_and_lab_commands_are_kept_and_content_is_not(kept: Session, letter: tuple[str, ...]) -> None:
    types(
        kept,
        *letter[:5],
        "HELP is a word of the letter",
        *letter[5:],
        "/mail ada",
        "/mail ada",
        "/nothing",
        r"/raw NOOP\r\n",
        "XYZZY one",
        "noop",
    )
    assert file_of(kept).splitlines() == [*letter[:4], "/mail ada", "noop"]
    assert kept.past.file is not None and kept.past.file.stat().st_mode & 0o777 == 0o600
    assert Past(kept.past.file).lines == [*letter[:4], "/mail ada", "noop"]
    assert "Subject: hi" in kept.past.lines


def test_who_plays_the_server_keeps_replies(kept: Session) -> None:
    types(kept, "/role server", "220 hi", "334 VXNlcm5hbWU6", "250-lab.example", "250 SIZE", "two hundred", "/undo")
    kept_lines = ["/role server", "220 hi", "334 VXNlcm5hbWU6", "250-lab.example", "250 SIZE", "/undo"]
    assert file_of(kept).splitlines() == kept_lines


def test_the_correction_is_for_this_sitting(kept: Session) -> None:
    types(kept, "EHLO me.example", "MAIL FROM: a@b.example")
    assert kept.past.lines[-2:] == ["MAIL FROM: a@b.example", "MAIL FROM:<a@b.example>"]
    assert file_of(kept).splitlines()[-1] == "MAIL FROM: a@b.example"


SECRET = "open sesame"
CODED = base64.b64encode(f"\0zoe\0{SECRET}".encode()).decode()
WORD = base64.b64encode(SECRET.encode()).decode()


@pytest.mark.parametrize(
    "lines",
    [
        (f"AUTH PLAIN {CODED}",),
        (f"  auth plain {CODED}",),
        (f"AUTH\tPLAIN\t{CODED}",),
        ("AUTH PLAIN", CODED),
        ("AUTH LOGIN", "em9l", WORD),
        ("AUTH LOGIN em9l", WORD),
        ("AUTH NOSUCH", CODED, f"/{WORD}", WORD),
        (f"MAIL FROM:<a@b.example> AUTH={WORD}",),
        (f"/words AUTH PLAIN {CODED}",),
        (f"/predict auth plain {CODED}",),
        (rf"/raw NOOP {WORD}\r\n",),
        (f"/raw {WORD}",),
        ("/group", "NOOP", f"AUTH PLAIN {CODED}", WORD, "/send"),
        ("/group", "AUTH PLAIN", CODED, f"NOOP {CODED}", "/send"),
        ("MAIL FROM:<a@b.example>", "RCPT TO:<ada@members.example>", "DATA", SECRET, CODED, WORD, "."),
    ],
)
def test_no_secret_is_in_the_file(tmp_path: Path, lines: tuple[str, ...]) -> None:
    session = Session(Lab(policy="members"))
    session.past = Past(tmp_path / "history")
    types(session, "EHLO me.example", *lines, "RSET")
    text = file_of(session)
    assert "EHLO me.example" in text and SECRET not in text and CODED not in text and WORD not in text


@given(secret=st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=12, max_size=40))
def test_no_answer_in_an_exchange_is_remembered_at_all(secret: str) -> None:
    session = Session(Lab(policy="members"))
    types(session, "EHLO me.example", "AUTH LOGIN", "em9l", secret)
    assert session.past.lines == ["EHLO me.example"]


@pytest.mark.parametrize("lines", [("AUTH LOGIN", "vrfy  sesame"), ("AUTH  PLAIN  sesame",)])
def test_what_may_be_a_password_is_not_mended(lines: tuple[str, ...]) -> None:
    session = Session(Lab(policy="members"))
    types(session, "EHLO me.example", *lines)
    assert session.lab.bench.log[-1].event.negative
    assert "sesame" not in "".join([*session.past.lines, *(item.text for item in session.record.items)])


def test_the_file_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past_module, "MOST", 5)
    past = Past(tmp_path / "history")
    for number in range(23):
        past.keep(f"NOOP {number}")
    lines = (tmp_path / "history").read_text().splitlines()
    assert 5 <= len(lines) <= 10 and lines[-1] == "NOOP 22" and MOST == 1000
    assert Past(tmp_path / "history").lines == [f"NOOP {number}" for number in range(18, 23)]
    assert (tmp_path / "history").stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["history"]


# Keeping and forgetting -------------------------------------------------------------------------------


def test_off_forgets_nothing_and_keeps_no_more(kept: Session) -> None:
    types(kept, "NOOP one", "/set history off", "NOOP two")
    assert file_of(kept).splitlines() == ["NOOP one"]
    assert kept.past.lines[-1] == "NOOP two"
    types(kept, "/history")
    assert kept.page is not None and "NOOP one" in kept.page.lines
    assert "no longer kept (/set history on)" in kept.page.lines[-1]


def test_wiped_lines_are_gone(kept: Session) -> None:
    types(kept, "NOOP one", "NOOP two", "/history two")
    assert kept.page is not None and kept.page.lines[:2] == ("NOOP two", "")
    types(kept, "/history wipe")
    assert kept.past.lines == ["/history wipe"] and kept.past.file is not None and not kept.past.file.exists()
    types(kept, "/history")
    assert kept.page is not None and kept.page.lines[0] == "none"


def test_without_a_file_lines_are_kept_for_this_sitting(session: Session) -> None:
    types(session, "NOOP one", "/history")
    assert session.past.lines == ["NOOP one", "/history"]
    assert session.page is not None and session.page.lines[-1] == "lines are kept for this sitting alone"


def test_a_file_that_cannot_be_written_is_said_once(kept: Session, tmp_path: Path) -> None:
    (tmp_path / "lab").write_text("a file where a folder should be")
    types(kept, "NOOP one", "NOOP two")
    told = [item.text for item in kept.record.items if "keeps no lines" in item.text]
    assert len(told) == 1 and str(kept.past.file) in told[0]
    assert kept.past.lines == ["NOOP one", "NOOP two"]


def test_a_file_that_cannot_be_removed_is_said(kept: Session) -> None:
    assert kept.past.file is not None
    kept.past.file.mkdir(parents=True)
    types(kept, "/history wipe")
    assert "cannot be removed" in kept.record.items[-1].text


def test_where_the_file_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ESMTP_LAB_HISTORY", str(tmp_path / "mine"))
    assert history_file() == tmp_path / "mine"
    monkeypatch.delenv("ESMTP_LAB_HISTORY")
    assert history_file().parts[-2:] == ("esmtp-lab", "history")


# Finding ----------------------------------------------------------------------------------------------


def test_find_looks_for_a_text_in_the_transcript(session: Session) -> None:
    types(session, "EHLO me.example", "NOOP one", "/undo", "/find ONE")
    assert session.page is not None
    assert [line.split() for line in session.page.lines] == [["10", "client", "NOOP", "one", "(undone)"]]
    types(session, "/find connected")
    assert session.page.lines[0].split()[:2] == ["lab", "connected"]
    types(session, "/find nowhere at all")
    assert session.page.lines == ("none; capitals make no difference",)
    types(session, "/find")
    assert session.record.items[-1].text.startswith("/find TEXT")


def test_find_does_not_find_a_password() -> None:
    session = Session(Lab(policy="members"))
    types(session, "EHLO me.example", f"AUTH PLAIN {CODED}", f"/find {CODED}")
    assert session.page is not None and session.page.lines == ("none; capitals make no difference",)


# In a terminal ----------------------------------------------------------------------------------------


def starts(tmp_path: Path) -> dict[str, str]:
    code = "from pathlib import Path; from esmtp_lab.shell.config import Config"
    options = f"config=Config(Path({str(tmp_path / 'settings.toml')!r}))"
    return {"options": options, "before": code, "ESMTP_LAB_HISTORY": str(tmp_path / "history")}


def idle(text: str) -> bool:
    """Whether the prompt is there again, with the footer below it."""
    return text.rstrip().splitlines()[-1].lstrip().startswith("initial")


@pytest.mark.parametrize("columns", [100, 60])
def test_earlier_sittings_come_back_and_are_searched(terminal: Open, tmp_path: Path, columns: int) -> None:
    term = terminal(columns, 30, **starts(tmp_path))
    term.until("C:")
    term.type("NOOP first", "250 ")
    term.type("VRFY ada", "ada@lab.example")
    term.until(idle)
    term.child.send("\x04")
    assert term.ends() == 0
    term = terminal(columns, 30, **starts(tmp_path))
    term.until("C:")
    term.press("\x1b[A", "C: VRFY ada")
    term.press("\x1b[A", "C: NOOP first")
    term.press("\x03", lambda text: "C: NOOP" not in text)
    term.press("\x12", "-search")
    term.press("noop", "NOOP first")
    term.press("?", "noop?")
    term.press("\x07", lambda text: "-search" not in text and "NOOP first" not in text)
    term.press("\x12", "-search")
    term.press("vrf", "VRFY ada")
    term.press("\r", lambda text: "-search" not in text and "C: VRFY ada" in text)
    term.press("\r", "ada@lab.example")
    term.until(idle)
    term.press("\x12", "-search")
    term.press("vrf\x03", lambda text: "-search" not in text)
    term.press("\x1bs", "C: /find ")
    term.press("greets\r", "lines with greets")
