"""/rule and /compare: the rule book, and the eras side by side, in the shell."""

from collections.abc import Callable
from pathlib import Path

import pytest

from esmtp_lab.commands.rules import find_rule
from esmtp_lab.shell.commands import suggestions
from esmtp_lab.shell.session import Session

Types = Callable[..., Session]
MAIL_ONCE = "rfc2821:4.1.4/mail-once"


def page(session: Session) -> str:
    assert session.page is not None
    return "\n".join((session.page.title, *session.page.lines))


def remarks(session: Session) -> list[str]:
    return [item.text for item in session.record.items if item.event is None]


def test_a_rule_with_its_lineage_and_witnesses(types: Types) -> None:
    text = page(types("/rule mail-once"))
    assert text.startswith(f"{MAIL_ONCE}\nRFC 2821 §4.1.4, Order of Commands\n")
    assert "Lineage mail-once:" in text and "RFC 821 §4.1.1" in text
    assert "A dialogue that breaks it, from the state ready" in text and "    C: MAIL FROM:<" in text


def test_of_a_lineage_the_era_of_the_session_is_meant(types: Types) -> None:
    assert page(types("/rule mail-once", era="rfc821")).startswith("rfc821:")


def test_a_witness_is_played_on_the_spot_and_the_session_stays(types: Types) -> None:
    session = types("EHLO me.example", "MAIL FROM:<me@me.example>", f"/rule {MAIL_ONCE} play")
    assert "\n# => !! the client broke this: " in page(session)
    assert session.lab.bench.client.position.state == "mail"


def test_without_an_id_the_rules_of_the_last_exchange(types: Types) -> None:
    session = types("EHLO me.example", "MAIL FROM:<me@me.example>", "/rule")
    assert MAIL_ONCE in page(session)
    assert MAIL_ONCE in [each.text for each in suggestions(session, "/rule rfc2821:4.1.4/")]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/rule mial-once", "perhaps"),
        ("/rule mail-", "may be"),
        ("/rule mail-once dance", "play or text, not 'dance'"),
        ("/rule mail-once text", "ESMTP_LAB_RFC_DIR"),
        ("/compare", "type a few lines"),
        ("/compare /nonexistent/file", "cannot be read"),
    ],
)
def test_what_cannot_be_shown_is_said(types: Types, monkeypatch: pytest.MonkeyPatch, line: str, told: str) -> None:
    monkeypatch.delenv("ESMTP_LAB_RFC_DIR", raising=False)
    session = types(line)
    assert told in remarks(session)[-1]
    assert session.page is None


def test_the_section_from_a_folder_of_texts(types: Types, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rule = next(rule for rule in map(find_rule, ["rfc2821:1/ordered-channel"]))
    (tmp_path / "rfc2821.txt").write_text("1. Introduction\n\n   Octets in order.\n")
    monkeypatch.setenv("ESMTP_LAB_RFC_DIR", str(tmp_path))
    assert page(types(f"/rule {rule.id} text")) == "RFC 2821 §1\n1. Introduction\n\n   Octets in order.\n"


def test_what_was_said_so_far_under_the_four_eras(types: Types, letter: tuple[str, ...]) -> None:
    session = types(*letter, "NOOP", "/undo", "MAIL FROM:<x@me.example>", "/compare")
    text = page(session)
    assert text.startswith("this session under the four eras\n     === connected\n")
    sent = [line[5:] for line in text.splitlines() if line[5:8] == "C: "]
    assert sent[:4] == [f"C: {line}" for line in letter[:4]]
    assert sent[-1] == "C: MAIL FROM:<x@me.example>"
    assert "C: NOOP" not in sent
    assert "!=   rfc821\n     S: 500 " in text


def test_a_script_and_another_host(types: Types, tmp_path: Path) -> None:
    script = tmp_path / "hello.esmtp"
    script.write_text("EHLO me.example\nXPING hello\n")
    text = page(types(f"/compare {script}", policy="partner"))
    assert f"{script} under the four eras" in text
    assert "XPONG" in text


def test_the_bench_has_them_side_by_side_where_there_is_room(types: Types, monkeypatch: pytest.MonkeyPatch) -> None:
    for columns, beside in (("132", True), ("90", False)):
        monkeypatch.setenv("COLUMNS", columns)
        session = types("EHLO me.example")
        session.view = "bench"
        session.type("/compare")
        lines = page(session).splitlines()
        assert any(line.startswith("!= | rfc821 ") for line in lines) == beside
        assert max(map(len, lines)) <= int(columns) - 4
