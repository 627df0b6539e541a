"""What a typed line does, without a terminal."""

from collections.abc import Callable
from pathlib import Path

import pytest
from prompt_toolkit.history import InMemoryHistory

from esmtp_lab.errors import DataError
from esmtp_lab.shell.commands import TABLE, find, suggestions
from esmtp_lab.shell.entry import remember
from esmtp_lab.shell.foresight import hint
from esmtp_lab.shell.rows import LAB, mark
from esmtp_lab.shell.save import transcript
from esmtp_lab.shell.session import Session
from esmtp_lab.wire.transcript import read

Types = Callable[..., Session]


def wire(session: Session) -> list[bytes]:
    return [item.event.octets for item in session.record.items if item.event]


def remarks(session: Session) -> str:
    return "\n".join(item.text for item in session.record.items if item.event is None)


def page(session: Session) -> str:
    assert session.page is not None
    return "\n".join((session.page.title, *session.page.lines))


def test_a_letter_is_delivered_and_its_lines_stand_once(types: Types, letter: tuple[str, ...]) -> None:
    session = types(*letter)
    assert [octets for octets in wire(session) if octets == b"text\r\n"] == [b"text\r\n"]
    assert wire(session).count(b".\r\n") == 1
    assert len(session.lab.mailboxes.octets("ada")) == 1
    assert [item.number for item in session.record.items if item.event] == list(range(1, len(wire(session)) + 1))


def test_the_prompt_says_who_speaks(types: Types, letter: tuple[str, ...]) -> None:
    assert types().prompt == "C: "
    assert types(*letter[:4]).prompt == "D: [0] "
    assert types(*letter[:5]).prompt == "D: [13] "
    assert types(role="server").prompt == "S: "


def test_in_content_every_line_is_content(types: Types, letter: tuple[str, ...]) -> None:
    session = types(*letter[:4], "/undo", "?", ".")
    assert b"/undo\r\n" in wire(session) and b"?\r\n" in wire(session)


def test_undo_strikes_and_redo_restores(types: Types, letter: tuple[str, ...]) -> None:
    session = types(*letter)
    change = session.type("/undo")
    assert change.undone and session.record.struck == set(change.undone)
    assert session.prompt == f"D: [{len('Subject: hi' + 'text') + 6}] "
    assert session.lab.mailboxes.octets("ada") == ()
    change = session.command("/redo")
    assert change.redone and not session.record.struck
    assert len(session.lab.mailboxes.octets("ada")) == 1


def test_content_lines_are_undone_one_by_one(types: Types, letter: tuple[str, ...]) -> None:
    session = types(*letter[:7])
    session.command("/undo")
    session.command("/undo")
    session.type("other")
    session.type(".")
    assert session.lab.mailboxes.octets("ada")[0].endswith(b"Subject: hi\r\nother\r\n")
    standing = [session.record.items[place].event for place in session.record.places()]
    assert [event.octets for event in standing if event and event.kind == "text"] == [b"Subject: hi\r\n", b"other\r\n"]


def test_undo_and_redo_end(types: Types) -> None:
    assert "nothing to undo" in remarks(types("/undo"))
    assert "nothing to redo" in remarks(types("/redo"))
    assert "nothing to undo" in remarks(types("EHLO me.example", "/restart", "/undo"))


def test_every_command_runs_with_and_without_an_argument(
    types: Types, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in TABLE:
        for argument in ("", "rfc821", "nonsense 7"):
            session = types("EHLO me.example", f"{command.name} {argument}".strip())
            assert "went wrong" not in remarks(session), command.name
            session.type("/quit")


def test_help_lists_the_table_and_explains_one(types: Types) -> None:
    listed = page(types("/help"))
    assert all(command.form in listed for command in TABLE)
    assert "take the last line back" in page(types("/help undo"))
    assert "the closest is /undo" in remarks(types("/udno"))
    assert "/help lists all" in remarks(types("/zzzz"))


def test_names_of_commands_are_unique() -> None:
    names = [name for command in TABLE for name in command.names]
    assert len(names) == len(set(names))
    assert find("/WHY") is find("explain")


def test_completion_of_commands_comes_from_the_table(session: Session) -> None:
    assert {each.text.strip() for each in suggestions(session, "/")} == {command.name for command in TABLE}
    assert [each.text for each in suggestions(session, "/era rfc2")] == ["rfc2821"]
    assert [each.text for each in suggestions(session, "/mail a")] == ["ada"]


@pytest.mark.parametrize(
    ("line", "attribute", "value"),
    [("/notes full", "depth", "full"), ("/view stream", "view", "stream"), ("/theme dark", "theme", "dark")],
)
def test_settings(session: Session, line: str, attribute: str, value: str) -> None:
    session.type(line)
    assert getattr(session, attribute) == value
    session.type(line.split()[0] + " wrong")
    assert getattr(session, attribute) == value and "wrong" in remarks(session)


def test_era_host_and_role_open_a_new_session(session: Session) -> None:
    session.type("/era rfc821")
    assert session.lab.era == "rfc821"
    session.type("EHLO me.example")
    assert wire(session)[-1].startswith(b"500 ")
    assert session.correction == "HELO me.example"
    session.type("/host partner")
    assert session.lab.policy.domain == "partner.example" and session.lab.era == "rfc821"
    session.type("/role server")
    assert session.lab.role == "server"
    session.type("/host ./none.toml")
    assert "cannot be read" in remarks(session)


def test_letters_outlive_a_restart(types: Types, letter: tuple[str, ...]) -> None:
    session = types(*letter, "/restart", "/mail ada")
    assert "hi" in page(session)
    assert "text" in page(types(*letter, "/mail ada 1"))
    assert "no mailbox zoe" in remarks(types("/mail zoe"))
    assert "no letter 4" in remarks(types("/mail ada 4"))


def test_predict_changes_nothing(session: Session) -> None:
    before = session.lab.bench.state
    session.type("/try EHLO me.example")
    assert "250-lab.example" in page(session)
    assert session.lab.bench.state == before and len(wire(session)) == 1


def test_bytes_name_the_owner_of_each_octet(types: Types) -> None:
    shown = page(types("NOOP", "/bytes"))
    assert "0000  4e 4f 4f 50" in shown and "verb" in shown
    assert "␍␊" in shown and "crlf" in shown


def test_explain_and_walk(types: Types) -> None:
    session = types("EHLO me.example", "?")
    assert "EHLO me.example" in page(session)
    session.type("]")
    assert session.cursor == (session.last[0], 0)
    session.type("]")
    session.type("?")
    assert "the name of a host" in page(session)
    session.type("[")
    assert session.cursor == (session.last[0], 0)


def test_words_tell_what_fits_and_why_not(session: Session) -> None:
    session.type("/words")
    assert "EHLO" in page(session) and "[needs MAIL first: 503]" in page(session)


def test_a_refused_line_is_offered_corrected_and_never_sent(types: Types) -> None:
    session = types("EHLO me.example", "MAIL FROM: ada@lab.example")
    assert session.correction == "MAIL FROM:<ada@lab.example>"
    assert session.lab.bench.server.position.state == "ready"
    session.type("NOOP")
    assert session.correction == ""


def test_save_reads_back_and_keeps_files(types: Types, letter: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "saved.esmtp"
    session = types(*letter, f"/save {file}")
    entries = list(read(file.read_bytes().splitlines()))
    assert [entry.octets for entry in entries if entry.kind in ("C", "S")] == wire(session)
    file.write_text("mine")
    session.type(f"/save {file}")
    assert file.read_text() == "mine" and f"/save! {file}" in remarks(session)
    session.type("NOOP")
    session.type("/undo")
    session.type(f"/save! {file}")
    assert "# (undone) C: NOOP" in file.read_text()
    assert [each.name for each in tmp_path.iterdir()] == ["saved.esmtp"]
    session.type(f"/save {tmp_path}/none/file")
    assert "cannot be written" in remarks(session)


def test_the_server_is_played_to_the_end(types: Types) -> None:
    session = types(
        "220 here.example hello",
        "250-here.example",
        "250 8BITMIME",
        "250 ok",
        "250 ok",
        "550 no such user",
        "354 go on",
        "250 taken",
        "221 bye",
        role="server",
    )
    sent = [item.event.octets for item in session.record.items if item.event and item.event.speaker == "client"]
    assert sent[0] == b"EHLO me.example\r\n" and sent[-1] == b"QUIT\r\n"
    assert b"..This line began with one dot before it travelled.\r\n" in sent
    assert "<ada@lab.example> is accepted" in remarks(session)
    assert "<bob@lab.example> is refused" in remarks(session)
    session.type("/undo")
    assert session.lab.bench.client.position.state != "closed"


def test_the_server_may_answer_anything(types: Types) -> None:
    session = types("nonsense", "", "220 hi", "500 what", "250 hello", "/try 250 ok", role="server")
    assert "RCPT TO:<ada@lab.example>" in page(session)


def test_leaving_warns_once_where_a_letter_would_be_lost(types: Types, letter: tuple[str, ...]) -> None:
    session = types(*letter[:5])
    session.command("/quit")
    assert not session.finished and "would be lost" in remarks(session)
    session.command("/quit")
    assert session.finished
    session = types("EHLO me.example", "/quit")
    assert session.finished and b"QUIT\r\n" in wire(session)


def test_a_closed_channel_says_so(types: Types) -> None:
    session = types("QUIT")
    assert "/restart opens a new session" in remarks(session)
    session.type("NOOP")
    assert "nobody hears that" in remarks(session)


def test_what_goes_wrong_inside_is_one_line(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(line: str) -> None:
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr(session.lab, "send", fails)
    session.type("NOOP")
    assert "ZeroDivisionError: by nought" in remarks(session)
    monkeypatch.undo()
    session.type("NOOP")
    assert wire(session)[-1].startswith(b"250 ")


def test_no_rule_is_read_before_the_first_line(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(event: object) -> None:
        raise AssertionError("too early")

    monkeypatch.setattr(session.lab, "annotate", fails)
    assert session.notes(1) == []


def test_rules_that_cannot_be_read_are_told_once(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(event: object) -> None:
        raise DataError("rfc821.toml", "is not TOML")

    monkeypatch.setattr(session.lab, "annotate", fails)
    for line in ("NOOP", "NOOP", "/explain"):
        session.type(line)
        assert session.notes(session.last[0]) == []
    assert hint(session, "EHLO me.example").reply == "250"
    assert remarks(session).count("rfc821.toml") == 1


def test_a_secret_is_masked(tmp_path: Path, types: Types) -> None:
    policy = tmp_path / "auth.toml"
    policy.write_text(
        'version = 1\ndomain = "auth.example"\nextensions = ["AUTH"]\nclear_text = true\n'
        '[mailboxes]\nada = "Ada"\n[passwords]\nada = "secret"\n'
    )
    session = types("EHLO me.example", "AUTH LOGIN", policy=str(policy))
    assert session.prompt == "A: "
    session.type("YWRh")
    session.type("c2VjcmV0")
    assert session.lab.bench.server.position.facts == {"extended", "authenticated"}
    session.type("/explain")
    session.type(f"/save {tmp_path / 'out'}")
    assert "c2VjcmV0" not in (tmp_path / "out").read_text()


def test_one_letter_is_shown_at_once_and_a_host_may_know_nobody(types: Types, letter: tuple[str, ...]) -> None:
    session = types(*letter, "/mail ada")
    assert session.page is not None and session.page.title == "mailbox ada, letter 1"
    session = types("/host open", "/mail")
    assert session.page is not None and session.page.lines == ("no letter yet",)
    assert "no letter came yet" in remarks(types("/host open", "/mail x"))


@pytest.mark.parametrize("line", ["AUTH PLAIN c2VjcmV0", "  auth plain c2VjcmV0"])
def test_no_secret_is_kept_for_the_up_arrow(types: Types, line: str) -> None:
    session, history = types("/host members", "EHLO me.example"), InMemoryHistory()
    for text, kind in ((line, "command"), ("c2VjcmV0", "line"), ("NOOP", "command")):
        remember(history, session, text, kind)
    assert history.get_strings() == ["NOOP"]


# TLS -----------------------------------------------------------------------------------------------


def test_tls_shows_in_the_marks(types: Types) -> None:
    session = types("EHLO me.example", policy="secure")
    session.type("/tls")
    session.type("EHLO me.example")
    session.type("MAIL")
    marks = [mark(item.event) if item.event else LAB for item in session.record.items]
    texts = [item.text for item in session.record.items if item.event is None]
    assert marks.count(" ~>") == 2
    assert (marks[-2], marks[-1]) == ("<~*", LAB) or marks[-1] == "<~*"
    assert "<~ " in marks
    assert "tls (stand-in): no octet is encrypted on this bench" in texts
    assert "=== tls (stand-in): no octet is encrypted on this bench" in transcript(session)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ((), "STARTTLS was not offered; /host secure offers it when you say EHLO"),
        (("EHLO a", "MAIL FROM:<a@b>"), "not in a mail transaction: RSET ends it"),
    ],
)
def test_tls_that_cannot_begin(types: Types, lines: tuple[str, ...], told: str) -> None:
    session = types(*lines, policy="secure")
    session.type("/tls")
    assert session.record.items[-1].text == told


def test_tls_that_holds_is_explained(types: Types) -> None:
    session = types("EHLO a", "STARTTLS", policy="secure")
    assert session.type("/tls").page.title == "under TLS"
    session = types(role="server")
    session.type("/tls")
    assert "the client begins TLS" in session.record.items[-1].text


def test_a_hint_tells_the_reply_to_starttls(types: Types) -> None:
    assert hint(types("EHLO a", policy="secure"), "STARTTLS").line.endswith("→ 220")


def test_undo_of_tls(types: Types) -> None:
    session = types("EHLO a", "STARTTLS", policy="secure")
    session.type("/undo")
    assert not session.lab.bench.client.position.protected
    session.type("/redo")
    assert session.lab.bench.client.position.protected


# Chunks ----------------------------------------------------------------------------------------------

CHUNK = ("EHLO a", "MAIL FROM:<a@b>", "RCPT TO:<ada@open.example>", "BDAT 18 LAST")


def test_typed_lines_are_the_octets_of_a_chunk_until_it_is_full(types: Types) -> None:
    """RFC 3030 section 2: CRLF counts, a lone dot ends nothing, and lab commands are octets as well."""
    session = types(*CHUNK, policy="open")
    assert (session.prompt, session.prompt_kind) == ("D: [18 left] ", "content")
    assert "18 octets are still to come" in hint(session, "").line
    session.type(".")
    session.type("/undo")
    assert session.prompt == "D: [8 left] "
    assert ("content", "10 octets of a chunk, 8 to come") in session.facts()[1]
    session.type("hello!")
    assert (session.prompt, session.prompt_kind) == ("C: ", "command")
    (letter,) = session.lab.mailboxes.letters["ada"]
    assert letter.content == b".\r\n/undo\r\nhello!\r\n"
    client = [item.event for item in session.record.items if item.event and item.event.speaker == "client"]
    assert [(event.kind, event.to, event.octets) for event in client[4:]] == [
        ("text", "chunk", b".\r\n"),
        ("text", "chunk", b"/undo\r\n"),
        ("text", "chunk", b"hello!\r\n"),
    ]
    assert all(session.notes(place) for place, item in enumerate(session.record.items) if item.event in client)


def test_what_is_more_than_the_count_is_a_command_again(types: Types) -> None:
    session = types(*CHUNK[:3], "BDAT 5", "hello", policy="open")
    assert wire(session)[-4:-2] == [b"hello", b"\r\n"]
    assert [octets[:3] for octets in wire(session)[-2:]] == [b"250", b"500"]


def test_undo_in_a_chunk(types: Types) -> None:
    session = types(*CHUNK, "one", "two", policy="open")
    session.command("/undo")
    assert session.prompt == "D: [13 left] "
    session.command("/redo")
    session.type("345678")
    (letter,) = session.lab.mailboxes.letters["ada"]
    assert letter.content == b"one\r\ntwo\r\n345678\r\n"
    assert wire(session).count(b"two\r\n") == 1


def test_to_leave_in_a_chunk_is_asked_about_once_and_says_nothing_into_it(types: Types) -> None:
    session = types(*CHUNK, policy="open")
    session.command("/quit")
    assert not session.finished
    assert "18 octets more end it" in remarks(session)
    session.command("/quit")
    assert session.finished
    assert session.lab.bench.server.left == 18


def test_leading_dots_are_doubled_on_request(types: Types, letter: tuple[str, ...]) -> None:
    for setting, stored in (("off", b"hidden\r\n"), ("on", b".hidden\r\n")):
        session = types(f"/stuffing {setting}", *letter[:-1], ".hidden", ".")
        assert session.lab.mailboxes.octets("ada")[0].endswith(b"text\r\n" + stored)
