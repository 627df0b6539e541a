"""`/extensions` in the shell: the pair's own listed, one plugged in, and undo behind it."""

from pathlib import Path

import pytest

from esmtp_lab.commands.define import write_definition
from esmtp_lab.export.notes import at_span, stops
from esmtp_lab.shell.commands import suggestions
from esmtp_lab.shell.foresight import fitting
from esmtp_lab.shell.session import Session


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A definition that was just begun."""
    return write_definition("XDELAY", str(tmp_path / "xdelay.toml"), force=False)


def page(session: Session) -> list[str]:
    assert session.page is not None
    return list(session.page.lines)


def told(session: Session) -> str:
    return session.record.items[-1].text


def test_the_extensions_of_both_ends_are_listed(types, file):
    listed = page(types("/extensions", policy="partner"))
    assert any(line.startswith("XPONG  ") and "local, this host has it" in line for line in listed)
    assert any(line.startswith("CHUNKING  ") and "not with this host" in line for line in listed)
    listed = page(types(f"/extensions load {file}", "/extensions"))
    assert any(line.startswith("XDELAY  ") and "yours, this host has it" in line for line in listed)


def test_what_is_loaded_works_and_is_explained_everywhere(types, file):
    session = types(f"/extensions load {file}")
    assert "lab.example has agreed to XDELAY: EHLO offers it. A new session began" in told(session)
    session.type("EHLO me.example")
    offer = session.notes(session.last[-1])[0].text
    assert offer == "XDELAY: The server answers XDELAY, and takes XDELAY-MARK on MAIL. (local, a local agreement)"
    (word,) = [each for each in fitting(session, "XDEL") if not each.reason]
    assert (word.text, word.meaning) == ("XDELAY", "ask the partner for an echo")
    (parameter,) = fitting(session, "MAIL FROM:<a@b> XDEL")
    assert parameter.meaning.endswith("a mark that both hosts write down (a local agreement)")
    session.type("HELP XDELAY")
    assert b"ask the partner for an echo" in session.record.items[session.last[-1]].event.octets
    session.type("XDELAY hi")
    assert session.record.items[session.last[-1]].event.octets == b"250 2.0.0 PONG hi\r\n"
    assert "Of XDELAY, a local extension by agreement: ask the partner for an echo." in hovered(session, b"XDELAY")
    session.type("MAIL FROM:<me@me.example> XDELAY-MARK=7")
    assert "by agreement: a mark that both hosts write down. (local, a local agreement)" in hovered(
        session, b"XDELAY-MARK"
    )
    session.type("MAIL FROM:<me@me.example> SIZE=7")
    assert "by agreement" not in hovered(session, b"SIZE")


def hovered(session: Session, word: bytes) -> str:
    """The notes on a word of the last command."""
    event = session.annotated(session.last[0])
    (span,) = [each for each in stops(event) if event.octets[slice(*each)] == word]
    return "\n".join(note.text for note in at_span(event, span))


def test_one_keyword_is_shown(types, file):
    session = types(f"/extensions load {file}", "/extensions xdelay")
    assert session.page.title == "XDELAY, by agreement"
    assert "7. Growth of command lines" in page(session)
    session.type("/extensions size")
    assert page(session)[0] == "SIZE: Message size declaration"
    session.type("/extensions nosuch")
    assert "there is none" in told(session)


def test_undo_goes_back_to_the_session_before_and_redo_comes_again(types, file, letter):
    session = types(*letter, "MAIL FROM:<me@me.example>")
    before, lab = session.lab.bench.state, session.lab
    session.type(f"/extensions load {file}")
    assert session.lab is not lab and len(session.lab.mailboxes.octets("ada")) == 1
    first = session.first
    for line in ("EHLO a", "XDELAY"):
        session.type(line)
    after = session.lab.bench.state
    session.type("/undo")
    session.type("/undo")
    change = session.type("/undo")
    assert session.lab is lab and lab.bench.state == before
    assert set(first) <= set(change.undone)
    session.type("/undo")
    assert session.lab.bench.client.position.state == "ready"
    for _ in range(4):
        session.type("/redo")
    assert session.lab is not lab and session.lab.bench.state == after
    assert session.first == first
    assert not session.record.struck


def test_it_stays_with_the_client_and_with_the_host_that_agreed(types, file):
    session = types(f"/extensions load {file}", "/host open", "EHLO a")
    assert "XDELAY" not in session.lab.bench.client.offered
    (word,) = fitting(session, "XDEL")
    assert word.reason == "XDELAY was not offered here"
    session.type("XDELAY")
    assert session.record.items[session.last[-1]].event.code == 500
    for lines in (("/host lab",), ("/restart",), ("/era rfc5321",)):
        for line in (*lines, "EHLO a"):
            session.type(line)
        assert "XDELAY" in session.lab.bench.client.offered
    session.type("/era rfc821")
    session.type(f"/extensions load {file}")
    assert "and a server of era rfc821 cannot offer it" in told(session)


def test_loaded_again_it_is_what_the_file_says_now(types, file):
    session = types(f"/extensions load {file}")
    Path(file).write_text(Path(file).read_text("utf-8").replace("PONG {string}", "CHANGED"), "utf-8")
    for line in (f"/extensions load {file}", "EHLO a", "XDELAY"):
        session.type(line)
    assert session.record.items[session.last[-1]].event.octets == b"250 2.0.0 CHANGED\r\n"
    assert len(session.lab.extensions) == 1


def test_what_cannot_be_loaded_changes_nothing(types, tmp_path):
    bad = tmp_path / "bad.toml"
    bad.write_text("version = 1", "utf-8")
    session = types("EHLO a")
    before, lab = session.lab.bench.state, session.lab
    for line in (
        "/extensions load",
        f"/extensions load {bad}",
        "/extensions load nothing",
        "/extensions load none.toml",
    ):
        session.type(line)
        assert session.lab is lab and lab.bench.state == before
        assert session.lab.extensions == ()
    assert "cannot be read" in told(session)


def test_the_definitions_of_the_folder_are_offered(types, file, monkeypatch, tmp_path):
    session = types()
    monkeypatch.chdir(tmp_path)
    offered = [each.text for each in suggestions(session, "/extensions ")]
    assert offered[0] == "load xdelay.toml" and "SIZE" in offered
    monkeypatch.chdir(tmp_path.parent)
    assert [each.text for each in suggestions(session, "/extensions l")] == ["load "]


def test_who_plays_the_server_can_load_one_too(types, file):
    session = types(f"/extensions load {file}", role="server")
    assert session.lab.role == "server"
    session.type("220 lab.example")
    assert session.record.items[session.last[-1]].event.octets.startswith(b"EHLO")
