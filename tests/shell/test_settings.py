"""Settings: one table from which /set, its page, completion, the short commands and the file are made."""

import os
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from esmtp_lab.errors import DataError
from esmtp_lab.lab import Lab
from esmtp_lab.lab.lessons import lab_in, lab_of
from esmtp_lab.shell.changing import FIRST_ROW, begin
from esmtp_lab.shell.commands import find, suggestions
from esmtp_lab.shell.config import Config, comment, settings_file
from esmtp_lab.shell.opening import opened
from esmtp_lab.shell.panes import Panes
from esmtp_lab.shell.session import Session
from esmtp_lab.shell.settings import SETTINGS, Setting, defaults
from esmtp_lab.tutor.attempt import Attempt
from esmtp_lab.tutor.lesson import find_lesson

Types = Callable[..., Session]
Open = Callable[..., Any]
EVERY = [(each, value) for each in SETTINGS for value in each.values()]


@pytest.fixture
def kept(session: Session, tmp_path: Path) -> Session:
    """A session whose settings are kept in a file."""
    session.config = Config(tmp_path / "lab" / "settings.toml")
    return session


def last(session: Session) -> str:
    return session.record.items[-1].text


def read(session: Session) -> dict[str, Any]:
    assert session.config is not None
    return tomllib.loads(session.config.file.read_text("utf-8"))


# The table --------------------------------------------------------------------------------------------


def test_the_table_holds_together() -> None:
    names = [each.name for each in SETTINGS]
    assert len(set(names)) == len(names) and "reset" not in names
    for each in SETTINGS:
        assert not each.wrong(each.default) and each.meaning and " " not in each.name
        assert all(says for says in each.values().values()), each.name
        assert each.takes is None or each.form
        assert all((command := find(name)) and command.meaning == each.meaning for name in each.short)


@pytest.mark.parametrize(("each", "value"), EVERY, ids=[f"{each.name}={value}" for each, value in EVERY])
def test_every_value_is_taken_and_kept(kept: Session, each: Setting, value: str) -> None:
    kept.type(f"/set {each.name} {value}")
    assert kept.settings[each.name] == value
    assert last(kept).startswith(f"{each.name}: {value}")
    assert kept.config is not None and Config(kept.config.file).values == defaults() | {each.name: value}


def test_what_a_setting_does_it_does_at_once(session: Session) -> None:
    session.type("/set view bench")
    assert session.view == "bench"
    session.type("/set latency 0.5")
    assert session.lab.bench.latency == 0.5
    panes = Panes(session, session.signs)
    assert not "".join(text for row in panes.draw(80, 24) for _, text in row).isascii()
    session.type("/set ascii on")
    assert "".join(text for row in panes.draw(80, 24) for _, text in row).isascii()
    session.type("/set ascii off")
    assert not "".join(text for row in panes.draw(80, 24) for _, text in row).isascii()


def test_some_hold_from_the_next_start_on_and_say_so(session: Session) -> None:
    session.type("/set era rfc821")
    assert session.lab.era == "rfc2821"
    assert last(session) == "era: rfc821, when the lab is opened next; /era rfc821 opens such a session now"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/set theme drak", "theme is not 'drak'; the closest is dark; theme stays; there are terminal, dark, light,"),
        ("/set view sideways", "view is not 'sideways'; view stays; there are auto, bench, stream"),
        ("/set latency soon", "latency is not 'soon': it is a number of seconds, from 0 to 3600"),
        ("/set latency -1", "latency is not '-1': it is"),
        ("/set latency nan", "latency is not 'nan': it is"),
        ("/set host nowhere", "there is no such policy"),
        ("/set colour red", "there is no setting colour; /set lists all"),
        ("/set thema", "there is no setting thema; the closest is theme"),
        ("/set reset thema", "there is no setting thema; the closest is theme"),
        ("/theme drak", "theme is not 'drak'; the closest is dark"),
        ("/theme", "theme is terminal; there are terminal, dark, light, mono,"),
    ],
)
def test_what_will_not_do_changes_nothing_and_says_what_would(kept: Session, line: str, told: str) -> None:
    kept.type(line)
    assert told in last(kept)
    assert kept.settings == defaults()
    assert kept.config is not None and not kept.config.file.exists()


def test_the_default_comes_back(kept: Session) -> None:
    for line in ("/set theme dark", "/set depth full", "/set mouse off", "/set reset theme"):
        kept.type(line)
    assert kept.settings == defaults() | {"depth": "full", "mouse": "off"}
    kept.type("/set reset")
    assert kept.settings == defaults() and read(kept)["depth"] == "short"
    assert last(kept) == "every setting has its default"
    kept.type("/set reset")
    assert last(kept) == "every setting has its default already"


# Pages ------------------------------------------------------------------------------------------------


def test_the_page_lists_each_with_its_value_its_values_and_its_meaning(kept: Session) -> None:
    kept.type("/set theme dark")
    kept.type("/set")
    assert kept.page is not None and kept.page.row is None
    text = "\n".join(kept.page.lines)
    rows = kept.page.lines[FIRST_ROW:]
    assert len(rows) == len(SETTINGS)
    for each, row in zip(SETTINGS, rows, strict=True):
        assert row.split()[:2] == [each.name, kept.settings[each.name]] and each.meaning in row
        assert row.split()[2:3] == ["*"] or each.name != "theme"
    assert kept.config is not None and f"kept in {kept.config.file}" in text


def test_without_a_file_the_page_says_so(session: Session) -> None:
    session.type("/set")
    assert session.page is not None and "kept for this sitting;" in session.page.lines[1]


@pytest.mark.parametrize("each", SETTINGS, ids=lambda each: each.name)
def test_each_is_explained(session: Session, each: Setting) -> None:
    session.type(f"/set {each.name}")
    assert session.page is not None and session.page.title == f"{each.name}: {each.meaning}"
    for value, says in each.values().items():
        assert any(line[2:].startswith(value) and says in line for line in session.page.lines)
    assert f"> {each.default}" in "\n".join(session.page.lines)


def test_another_value_than_those_that_are_offered_is_marked(session: Session) -> None:
    session.type("/set latency 1.5")
    session.type("/set latency")
    assert session.page is not None and "> SECONDS: 1.5" in session.page.lines


# Completion -------------------------------------------------------------------------------------------


def offered(session: Session, line: str) -> dict[str, str]:
    return {line[: each.start] + each.text: each.meaning for each in suggestions(session, line)}


def test_names_and_values_are_completed_with_their_meanings(session: Session) -> None:
    assert [line.split()[1] for line in offered(session, "/set ")] == [*(each.name for each in SETTINGS), "reset"]
    assert offered(session, "/set th") == {
        "/set theme ": "the colours; the variable NO_COLOR goes before every theme; it is terminal"
    }
    assert offered(session, "/set theme pro") == {
        "/set theme projector-dark": "for a lecture hall that is dark: on black, 7:1 at least",
        "/set theme projector-light": "for a lecture hall that is bright: on white, 7:1 at least",
    }
    assert offered(session, "/theme da") == {"/theme dark": "light on black"}
    assert offered(session, "/set reset st") == {"/set reset stuffing": "back to off"}
    assert offered(session, "/set view b")["/set view bench"] and not offered(session, "/set nothing ")
    assert "(the default)" in offered(session, "/set depth ")["/set depth short"]


# The file ---------------------------------------------------------------------------------------------


def test_the_file_holds_every_setting_with_its_comment(kept: Session) -> None:
    kept.type("/set theme dark")
    assert kept.config is not None
    text = kept.config.file.read_text("utf-8")
    assert list(read(kept)) == [each.name for each in SETTINGS]
    assert read(kept)["latency"] == 0 and read(kept)["theme"] == "dark"
    for each in SETTINGS:
        assert "\n".join(f"# {line}".rstrip() for line in comment(each)) in text, each.name


MINE = """\
# I like it dark at night.
depth = 'full'   # all of it
colour = "red"
theme = "dark"
ascii = true
latency = 0.25
"""


def test_the_readers_own_words_and_their_order_stay(kept: Session) -> None:
    assert kept.config is not None
    kept.config.file.parent.mkdir()
    kept.config.file.write_text(MINE, "utf-8")
    kept.config = Config(kept.config.file)
    assert kept.config.values == defaults() | {"depth": "full", "theme": "dark", "ascii": "on", "latency": "0.25"}
    kept.type("/set theme light")
    text = kept.config.file.read_text("utf-8")
    assert text.startswith(MINE.replace('"dark"', '"light"'))
    kept.type("/set depth short")
    assert '# I like it dark at night.\ndepth = "short"   # all of it\n' in kept.config.file.read_text("utf-8")


def test_settings_go_before_the_tables_of_others(kept: Session) -> None:
    assert kept.config is not None
    kept.config.file.parent.mkdir()
    kept.config.file.write_text('[mine]\ncolour = "red"\n', "utf-8")
    kept.type("/set theme light")
    assert read(kept)["theme"] == "light" and read(kept)["mine"] == {"colour": "red"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('theme = "pink"', "theme is not 'pink'; theme is terminal now, and /set theme says more"),
        ("theme = 3", "theme is not '3'; theme is terminal now"),
        ('colour = "red"', "there is no setting colour; /set lists all. It is left as it is"),
        ('latency = "soon"', "latency is not 'soon': it is a number of seconds, from 0 to 3600; latency is 0 now"),
        ('host = "nowhere"', "there is no such policy"),
        ("theme = ", "cannot be read: Invalid value (at end of document). Mend it, or move it away to begin anew."),
        ("\udcff", "cannot be read: 'utf-8' codec can't decode byte 0xff"),
    ],
)
def test_what_is_of_no_use_in_the_file_is_one_line_and_the_default_holds(
    session: Session, tmp_path: Path, text: str, told: str
) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    session.config = Config(file)
    assert session.config.values == defaults()
    (complaint,) = session.config.complaints
    assert complaint.startswith(str(file)) and told in complaint
    session.type("/set depth full")
    left = file.read_bytes().decode("utf-8", "surrogateescape")
    if "cannot be read" in told:
        assert left == text and "cannot be read" in last(session)
        assert session.settings["depth"] == "full"
    else:
        assert text in left and Config(file).values == defaults() | {"depth": "full"}


def test_a_file_that_cannot_be_written_is_said_and_the_setting_holds(kept: Session, tmp_path: Path) -> None:
    (tmp_path / "lab").write_text("a file where a folder should be")
    kept.type("/set theme dark")
    assert "settings.toml" in last(kept) and kept.settings["theme"] == "dark"


def test_two_sittings_do_not_take_each_others_changes_back(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    one, other = Config(file), Config(file)
    one.change({"theme": "dark"})
    other.change({"depth": "full"})
    assert Config(file).values == defaults() | {"theme": "dark", "depth": "full"}


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "link.toml").symlink_to(tmp_path / "real.toml")
    Config(tmp_path / "link.toml").change({"theme": "dark"})
    assert (tmp_path / "link.toml").is_symlink() and Config(tmp_path / "real.toml").values["theme"] == "dark"


def test_where_the_file_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ESMTP_LAB_CONFIG", str(tmp_path / "mine.toml"))
    assert settings_file() == tmp_path / "mine.toml"
    monkeypatch.delenv("ESMTP_LAB_CONFIG")
    assert settings_file().parts[-2:] == ("esmtp-lab", "settings.toml")


# Opening ----------------------------------------------------------------------------------------------


def config_of(tmp_path: Path, text: str) -> Config:
    (tmp_path / "settings.toml").write_text(text)
    return Config(tmp_path / "settings.toml")


@pytest.mark.parametrize(
    ("text", "era", "policy", "found"),
    [
        ("", None, None, ("rfc2821", "lab")),
        ('era = "rfc821"', None, None, ("rfc821", "lab")),
        ('era = "rfc821"\nhost = "partner"', None, None, ("rfc821", "partner")),
        ('era = "rfc821"\nhost = "partner"', "rfc1869", "lab", ("rfc1869", "lab")),
        ('era = "rfc821"', None, "mine.toml", ("rfc5321", "mine")),
    ],
)
def test_the_command_line_goes_before_the_file(
    tmp_path: Path, text: str, era: str | None, policy: str | None, found: tuple[str, str]
) -> None:
    (tmp_path / "mine.toml").write_text('version = 1\nera = "rfc5321"\n')
    named = str(tmp_path / policy) if policy == "mine.toml" else policy
    lab = opened(config_of(tmp_path, text), partial(Lab, role="client"), era, named)
    assert (lab.era, lab.policy.name) == found


def test_a_host_of_the_settings_that_is_gone_is_complained_about(tmp_path: Path) -> None:
    host = tmp_path / "mine.toml"
    host.write_text("version = 1\n")
    config = config_of(tmp_path, f"host = {str(host)!r}")
    assert config.complaints == []
    host.write_text("version = 1\nextensions = ['SIZE', 'NOSUCH']\n")
    assert opened(config, Lab, None, None).policy.name == "lab"
    assert len(config.complaints) == 1 and config.complaints[0].endswith("this is the default host instead")
    with pytest.raises(DataError):
        opened(config, Lab, None, str(host))


def test_a_host_in_a_file_is_found_from_any_folder(
    kept: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text("version = 1\n")
    kept.type("/set host mine.toml")
    assert read(kept)["host"] == str(tmp_path / "mine.toml") == kept.settings["host"]
    kept.type("/set host")
    assert kept.page is not None and f"> FILE: {tmp_path / 'mine.toml'}" in kept.page.lines


def test_in_a_lesson_the_session_is_as_the_lesson_has_it() -> None:
    attempt = Attempt(find_lesson("3"), lab_in)
    session = Session(lab_of(attempt), attempt=attempt)
    session.settings |= {"latency": "2", "view": "bench"}
    begin(session, lesson=True)
    assert session.lab.bench.latency == 0 and session.view == "bench"
    begin(session, lesson=False)
    assert session.lab.bench.latency == 2


# In a terminal ----------------------------------------------------------------------------------------


def starts(tmp_path: Path, **more: str) -> dict[str, str]:
    """How `shell` is started with a file of settings."""
    file = tmp_path / "settings.toml"
    code = f"from pathlib import Path; from esmtp_lab.shell.config import Config; config = Config(Path({str(file)!r}))"
    options = ", ".join(["config=config", *(f"{name}={value}" for name, value in more.items())])
    return {"options": options, "before": code, "ESMTP_LAB_HISTORY": str(tmp_path / "history")}


def test_settings_are_remembered(terminal: Open, tmp_path: Path) -> None:
    for columns in (100, 60):
        term = terminal(columns, 30, **starts(tmp_path))
        term.until("C:")
        term.type("/set ascii on", lambda text: "ascii: on" in text)
        term.type("/set view stream", "view: stream")
        term.until(lambda text: text.rstrip().splitlines()[-1].lstrip().startswith("initial"))
        term.until("C:")
        term.child.send("/quit\r")
        assert term.ends() == 0
        term = terminal(100, 30, **starts(tmp_path))
        term.until("C:")
        assert term.text.isascii() and "client (you)" not in term.text
        term = terminal(100, 30, **starts(tmp_path, view="'bench'"))
        assert term.until("client (you)").isascii()
        (tmp_path / "settings.toml").unlink()


def test_the_option_for_ascii_is_not_kept(terminal: Open, tmp_path: Path) -> None:
    term = terminal(100, 30, **starts(tmp_path, ascii="True"))
    term.until("C:")
    term.type("/set depth full", "depth: full")
    assert term.text.isascii()
    assert Config(tmp_path / "settings.toml").values == defaults() | {"depth": "full"}


def test_a_broken_file_is_said_at_the_start(terminal: Open, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("theme = ")
    for columns in (100, 60):
        term = terminal(columns, 30, **starts(tmp_path))
        term.until("C:")
        assert "cannotberead" in term.tight
        term.type("NOOP", "250")


def test_the_page_is_walked_by_keys(terminal: Open, tmp_path: Path) -> None:
    term = terminal(100, 30, **starts(tmp_path))
    term.until("C:")
    term.type("/set", "> view")
    term.press("\x1b[B", "> depth")
    term.press("\r", "> depth           full *")
    term.press("\x1b[D", lambda text: "> depth           short " in text)
    term.press(" ", "> depth           full *")
    term.press("\x1b[A\x1b[A", "> latency")
    term.press("EHLO me.example\r", "250 HELP")
    term.type("/set", "> view")
    term.press("\x1b[C", "> view            bench *")
    term.press("\x1b[C", lambda text: "view: stream" in text and "client (you)" not in text)
    assert Config(tmp_path / "settings.toml").values == defaults() | {"depth": "full", "view": "stream"}


def test_no_colour_goes_before_every_theme(terminal: Open, tmp_path: Path) -> None:
    import re

    for columns in (100, 60):
        (tmp_path / "settings.toml").write_text('theme = "dark"')
        term = terminal(columns, 30, **starts(tmp_path), NO_COLOR="1", COLORTERM="truecolor")
        term.until("C:")
        term.type("EHLO me.example", "250 HELP")
        assert not re.findall(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|9[0-7]|4[0-8]|10[0-7])[;m]", term.raw)
        term = terminal(columns, 30, **starts(tmp_path), COLORTERM="truecolor")
        term.until("C:")
        term.type("EHLO me.example", "250 HELP")
        assert b"38;2;" in term.raw


def test_the_ground_of_a_theme_fills_the_row(terminal: Open, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('theme = "dark"')
    for columns in (100, 60):
        term = terminal(columns, 30, **starts(tmp_path))
        term.until("C:")
        term.type("EHLO me.example", "250 HELP")
        term.press("RCPT TO: <ada@lab.example>", "RCPT: name one")
        term.press("\x03", lambda text: "RCPT: name one" not in text)
        drawn = [row for row, text in enumerate(term.display.display) if "250-SIZE" in text or "ready" in text]
        assert drawn
        for row in range(30) if columns == 100 else drawn:
            assert "default" not in {term.display.buffer[row][column].bg for column in range(columns)}, row


def test_the_command_line_reads_the_file(tmp_path: Path) -> None:
    import sys

    import pexpect

    (tmp_path / "settings.toml").write_text('host = "partner"\n')
    env = os.environ | {"ESMTP_LAB_CONFIG": str(tmp_path / "settings.toml"), "TERM": "dumb"}
    for arguments, found in (([], "220 partner.example"), (["--host", "lab"], "220 lab.example")):
        child = pexpect.spawn(sys.executable, ["-m", "esmtp_lab", *arguments], env=env, timeout=20, encoding="utf-8")
        child.expect_exact(found)
        child.expect_exact("client: ")
        child.sendline("/quit")
        child.expect(pexpect.EOF)
        child.close()
