"""Following what others wrote down: what each line of a transcript is, and what a reader makes of lines that lack."""

import pytest

from esmtp_lab.lab import client_dialect
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.reader import Reader

READY = "S: 220 a\nC: EHLO b\nS: 250 a\n"
RCPT = READY + "C: MAIL FROM:<a@b>\nS: 250 ok\nC: RCPT TO:<c@d>\nS: 250 ok\n"
DATA = RCPT + "C: DATA\nS: 354 go\n"


def follow(text: str, reader: Reader | None = None, era: str = "rfc2821") -> list[Event]:
    """The events of a transcript; the last CR and LF of each line are added."""
    reader = reader or Reader(client_dialect(era))
    events = []
    for line in text.strip("\n").split("\n"):
        speaker = {"C": "client", "S": "server"}[line[0]]
        events += reader.hear(speaker, line[3:].encode() + b"\r\n")
    return events


def last(text: str) -> Event:
    return follow(text)[-1]


def row(event: Event) -> tuple[str, str, str, str]:
    """Who spoke, what it was, to what, and where that led."""
    return event.speaker, event.kind, event.to, event.after.state


# Content ---------------------------------------------------------------------------------------------


def test_content_has_a_header_and_a_body() -> None:
    text = DATA + "C: A: b\nC:  c\nC: \nC: D: e\nC: .\nS: 250 ok\n"
    events = follow(text + text[len(READY) :])
    seen = [row(event) for event in events if event.kind in ("text", "content")]
    assert seen == 2 * [
        ("client", "text", "header", "data"),
        ("client", "text", "header", "data"),
        ("client", "text", "body", "data"),
        ("client", "text", "body", "data"),
        ("client", "content", "END_OF_DATA", "data"),
    ]
    assert {event.observer for event in events} == {"reader"}


def test_a_letter_without_a_header_is_all_body() -> None:
    assert [event.to for event in follow(DATA + "C: hello\nC: A: b\n")[-2:]] == ["body", "body"]


@pytest.mark.parametrize(("line", "found"), [("x" * 998, 0), ("." + "x" * 998, 0), ("x" * 999, 1)])
def test_a_line_of_content_has_1000_octets_at_most(line: str, found: int) -> None:
    """RFC 821 section 4.5.3, RFC 2821 section 4.5.3.1."""
    assert len(last(DATA + f"C: {line}\n").deviations) == found


# Chunks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "kinds"),
    [
        (["BDAT 6 LAST", "QUIT"], ["command", "text"]),
        (["BDAT 6 LAST", "QUIT", "RSET"], ["command", "text", "command"]),
        (["BDAT 7 LAST", "QUIT", "RSET", "NOOP"], ["command", "text", "text", "command"]),
        (["BDAT 12", "QUIT", "RSET", "NOOP"], ["command", "text", "text", "command"]),
        (["BDAT 1", "x", "NOOP"], ["command", "text", "command"]),
        (["BDAT 0 LAST", "NOOP"], ["command", "command"]),
        (["bdat 006", "QUIT"], ["command", "text"]),
        (["BDAT  6", "QUIT"], ["command", "command"]),
        (["BDAT 6 FIRST", "QUIT"], ["command", "command"]),
        (["BDAT 4294967296", "QUIT"], ["command", "command"]),
        (["BDAT6", "QUIT"], ["command", "command"]),
        (["BDAT x", "QUIT"], ["command", "command"]),
        (["BDAT 6x", "QUIT"], ["command", "command"]),
    ],
)
def test_a_chunk_is_as_long_as_it_says(lines: list[str], kinds: list[str]) -> None:
    """RFC 3030 section 2: so many octets follow, and then the next command."""
    events = follow(RCPT + "\n".join(f"C: {line}" for line in lines))[-len(lines) :]
    assert [event.kind for event in events] == kinds
    assert {event.to for event in events if event.kind == "text"} <= {"chunk"}


def test_the_server_ends_a_chunk() -> None:
    assert last(RCPT + "C: BDAT 100\nC: x\nS: 250 ok\nC: NOOP").kind == "command"


def test_another_session_ends_a_chunk() -> None:
    reader = Reader(client_dialect())
    follow(RCPT + "C: BDAT 100\nC: x", reader)
    reader.restart()
    (event,) = follow("C: EHLO a", reader)
    assert (event.kind, event.to, event.before.state) == ("command", "EHLO", "initial")


# Commands behind DATA --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "kind"),
    [("QUIT", "command"), ("RSET", "command"), ("Subject: x", "text"), ("XYZZY", "text"), (".", "content")],
)
def test_what_stands_behind_a_data_that_nobody_answered(line: str, kind: str) -> None:
    """A command that is known is one; anything else is content."""
    event = last(RCPT + f"C: DATA\nC: {line}")
    assert event.kind == kind
    assert event.in_flight == (("DATA",) if kind == "command" else ())


def test_an_unknown_command_answers_nothing_for_those_before_it() -> None:
    assert last(READY + "C: MAIL FROM:<a@b>\nC: XYZZY").in_flight == ("MAIL",)


def test_so_many_inputs_without_a_reply_are_remembered() -> None:
    """A hundred at most; when there are more, half of them are taken for answered."""
    events = follow("\n".join(["S: 220 a", *["C: NOOP"] * 201]))[1:]
    assert [len(event.in_flight) for event in events] == [*range(101), *range(51, 101), *range(51, 101)]


# Replies ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [421, 500, 501, 502, 503, 504, 530, 550, 554])
def test_codes_that_any_command_may_get_answer_the_first(code: int) -> None:
    """RFC 2821 section 4.3.2 names some, servers say others; here none of them stands in the form of NOOP."""
    assert last(READY + f"C: NOOP\nC: XYZZY\nS: {code} no").to == "NOOP"


@pytest.mark.parametrize("code", [251, 354, 450, 552])
def test_a_code_that_does_not_fit_the_first_answers_what_it_fits(code: int) -> None:
    assert last(READY + f"C: NOOP\nC: XYZZY\nS: {code} ok").to == "UNKNOWN"


def test_a_code_that_fits_nothing_answers_the_first() -> None:
    assert last(READY + "C: MAIL FROM:<a@b>\nC: NOOP\nS: 214 what").to == "MAIL"


def test_a_reply_that_nothing_waits_for() -> None:
    event = last(READY + "S: 250 well\n")
    assert row(event) == ("server", "reply", "", "ready")


def test_only_the_first_line_of_a_reply_is_matched() -> None:
    """Whatever code stands in the others, they belong to it."""
    events = follow(READY + "C: NOOP\nC: DATA\nS: 250-a\nS: 354-b\nS: 250 c\n")[-3:]
    assert [(event.to, event.line) for event in events] == [("NOOP", "first"), ("NOOP", "middle"), ("NOOP", "last")]


def test_a_line_without_a_code_answers_nothing() -> None:
    events = follow(READY + "C: NOOP\nC: XYZZY\nS: what?\nS: 250 ok\nS: 500 no")[-3:]
    assert [event.to for event in events] == ["NOOP", "NOOP", "UNKNOWN"]


@pytest.mark.parametrize("code", [200, 250, 299, 300, 354, 399])
def test_what_was_taken_tells_where_the_session_is(code: int) -> None:
    """RFC 2821 section 4.2.1: the first digit counts. A server that takes DATA has taken a recipient before."""
    events = follow(f"S: 220 a\nC: DATA\nS: {code} go\n")
    assert events[-1].before.state == "mail"


@pytest.mark.parametrize("code", [400, 451, 503, 599])
def test_what_was_refused_tells_nothing(code: int) -> None:
    assert row(last(f"S: 220 a\nC: DATA\nS: {code} no\n")) == ("server", "reply", "DATA", "initial")


def test_content_is_known_where_all_before_it_lacks() -> None:
    events = follow("C: DATA\nS: 354 go\nC: A: b\nC: .\nS: 250 ok")
    assert [row(event) for event in events] == [
        ("client", "command", "DATA", "initial"),
        ("server", "reply", "DATA", "data"),
        ("client", "text", "header", "data"),
        ("client", "content", "END_OF_DATA", "data"),
        ("server", "reply", "END_OF_DATA", "ready"),
    ]


# Sessions that follow each other ---------------------------------------------------------------------


@pytest.mark.parametrize("greeting", ["S: 220 a\n", ""])
def test_another_session_knows_nothing_of_the_one_before(greeting: str) -> None:
    text = "S: 220 a\nC: EHLO b\nS: 250-a\nS: 250 SIZE\nC: QUIT\nS: 221 bye\n"
    event = last(text + greeting + "C: EHLO c\n")
    assert (event.before.state, event.offered) == ("initial", ())
    assert event.upon == (("GREETING", 220) if greeting else ("", 0))
    assert last(text + greeting + "C: EHLO c\nS: 250 a").reply == (5 if greeting else 4)


def test_220_is_a_greeting_on_a_closed_channel_alone() -> None:
    """Other commands are answered 220 as well (RFC 3207 section 4)."""
    assert row(last(READY + "C: STARTTLS\nS: 220 go on")) == ("server", "reply", "STARTTLS", "handshake")
    assert row(last(READY + "C: QUIT\nS: 221 bye\nS: 220 a")) == ("server", "reply", "GREETING", "initial")
    assert row(last(READY + "C: QUIT\nS: 221 bye\nS: 250 a")) == ("server", "reply", "", "closed")


def test_what_nobody_knows_begins_no_session() -> None:
    assert last(READY + "C: QUIT\nS: 221 bye\nC: what?").before.state == "closed"


def test_a_greeting_of_several_lines_is_waited_for() -> None:
    events = follow("S: 220-a\nC: EHLO b\nS: 220 c\nS: 250 a")
    assert [(event.to, event.in_flight) for event in events] == [
        ("GREETING", ()),
        ("EHLO", ("GREETING",)),
        ("GREETING", ()),
        ("EHLO", ()),
    ]


@pytest.mark.parametrize("code", [220, 421, 521, 554])
def test_whatever_comes_first_is_the_greeting(code: int) -> None:
    assert last(f"S: {code} a").to == "GREETING"


def test_a_client_that_speaks_first_was_greeted_before() -> None:
    """A transcript may begin behind the greeting."""
    events = follow("C: EHLO a\nC: NOOP\nS: 250 a")
    assert [(event.before.state, event.in_flight) for event in events[:2]] == [("initial", ()), ("ready", ("EHLO",))]
    assert events[2].to == "EHLO"


def test_a_334_asks_for_one_line() -> None:
    """Even where the AUTH before it was not understood."""
    events = follow("S: 220 a\nC: AUTH=PLAIN x\nS: 334 go on\nC: secret\nS: 235 ok\nC: NOOP")
    assert [(event.kind, event.to) for event in events[-3:]] == [
        ("command", "CONTINUATION"),
        ("reply", "CONTINUATION"),
        ("command", "NOOP"),
    ]
