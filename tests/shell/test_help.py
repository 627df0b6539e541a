"""What is said while a line is typed, what is offered after a refused one, and what stands under a line."""

from collections.abc import Callable

import pytest

from esmtp_lab.export.notes import UNKNOWN, at_span, notes, stops
from esmtp_lab.rules.rule import Citation, Rule
from esmtp_lab.shell.foresight import fitting, hint
from esmtp_lab.shell.repair import repair
from esmtp_lab.shell.session import Session

Types = Callable[..., Session]


@pytest.mark.parametrize(
    ("line", "corrected"),
    [
        ("MAIL FROM: ada@x.example", "MAIL FROM:<ada@x.example>"),
        ("MAIL FROM ada@x.example", "MAIL FROM:<ada@x.example>"),
        ("mail from:<ada@x.example", "MAIL FROM:<ada@x.example>"),
        ("RCPT <ada@x.example>", "RCPT TO:<ada@x.example>"),
        ("RCPT TO: <ada@x.example> SIZE=1", "RCPT TO:<ada@x.example> SIZE=1"),
        ("EHLO", "EHLO me.example"),
        ("EHLLO me.example", "EHLO me.example"),
        ("DATA now", "DATA"),
        ("  NOOP", "NOOP"),
        ("MAIL FROM:<ada@x.example>", ""),
        ("complete nonsense", ""),
        ("", ""),
    ],
)
def test_repair(session: Session, line: str, corrected: str) -> None:
    assert repair(line, session.lab.bench.server.dialect) == corrected


@pytest.mark.parametrize(
    ("typed", "line", "told"),
    [
        ((), "EH", ""),
        ((), "EHLO me.example", "→ 250"),
        ((), "XYZ", "XYZ is no command   → 500 5.5.2 Command unrecognized"),
        ((), "MAIL FROM:<a@b.example>", "→ 503"),
        (("EHLO me.example",), "MAIL FROM: a", "octet 10:"),
        (("EHLO me.example",), "MAIL FROM:<a", '"@" and a domain'),
        (("EHLO me.example",), "MAIL FROM:<a@b.example> SI", "SIZE="),
        (("EHLO me.example",), "MAIL FROM:<a@b.example>", "→ 250"),
        (("EHLO me.example", "MAIL FROM:<>"), "RCPT TO:<zoe@lab.example>", "→ 550 5.1.1 No mailbox"),
        (("EHLO me.example", "MAIL FROM:<>", "RCPT TO:<ada@lab.example>", "DATA"), "", "a lone dot ends it"),
        (("EHLO me.example", "MAIL FROM: a@b.example"), "", "the Up arrow brings MAIL FROM:<a@b.example>"),
        ((), "/era", ""),
    ],
)
def test_hint(types: Types, typed: tuple[str, ...], line: str, told: str) -> None:
    found = hint(types(*typed), line).line
    assert told in found if told else found == ""


def test_hint_for_the_one_who_plays_the_server(types: Types) -> None:
    session = types(role="server")
    assert "your greeting" in hint(session, "").line
    assert "three digits" in hint(session, "2").line
    assert "the client says EHLO me.example" in hint(session, "220 hi").line
    assert "more lines follow" in hint(session, "220-hi").line
    assert hint(session, "999 x").refused
    session.type("220 hi")
    assert "reply to EHLO" in hint(session, "").line


def test_fitting_codes_come_with_their_meaning(types: Types) -> None:
    session = types("220 hi", role="server")
    offered = {each.text.strip(): each for each in fitting(session, "")}
    assert offered["250"].meaning == "done as you asked" and not offered["250"].reason
    assert offered["503"].reason
    assert [each.text for each in fitting(session, "25")] == ["250 "]
    assert fitting(session, "250 ok") == []


def test_nothing_is_offered_inside_content(types: Types, letter: tuple[str, ...]) -> None:
    assert fitting(types(*letter[:4]), "") == []


def _rule(slug: str, **more: object) -> Rule:
    return Rule(f"rfc1:1/{slug}", 1, "1", "MUST", "client", f"says {slug}.", f"why {slug}.", slug, **more)  # type: ignore[arg-type]


def test_notes_by_depth(types: Types) -> None:
    session = types("NOOP")
    event = session.record.items[session.last[0]].event
    assert event is not None
    plain = [Citation(_rule(f"r{number}"), (0, 4)) for number in range(4)]
    broken = Citation(_rule("broken"), None, True)
    event = _with(event, (broken, *plain, Citation(_rule("general", general=True), None)))
    assert notes(event, "off") == []
    short = notes(event, "short")
    assert [note.says for note in short] == ["says broken.", "says r0.", "says r1."]
    assert short[0].text == "the client broke this: says broken. (MUST, RFC 1 §1)"
    assert short[1].text == "NOOP: says r0. (MUST, RFC 1 §1)"
    full = notes(event, "full")
    assert len(full) == 5 and full[1].text.endswith("Why: why r0.")
    assert notes(_with(event, ()), "short")[0].says == UNKNOWN


def _with(event: object, citations: tuple[Citation, ...]) -> object:

    return event._replace(citations=citations)


def test_a_long_reply_gets_at_most_one_note_a_line_and_none_twice(types: Types) -> None:
    session = types("EHLO me.example")
    told = [note for place in session.last[1:] for note in session.notes(place)]
    assert all(len(session.notes(place)) <= 1 for place in session.last[1:])
    assert len({note.rule for note in told if note.rule}) == len([note for note in told if note.rule])


def _told(session: Session, word: str, depth: str = "") -> list[str]:
    """The notes on the line of the last exchange that holds a word."""
    places = [place for place in session.last if word.encode() in session.record.items[place].event.octets]  # type: ignore[union-attr]
    return [note.text for note in session.notes(places[-1], depth)]


def test_each_offer_is_explained_by_the_registry(types: Types) -> None:
    session = types("EHLO me.example", policy="partner")
    (short,) = _told(session, "SIZE")
    assert short.startswith("SIZE: The server tells how large") and short.endswith("(registered, RFC 1870)")
    full = _told(session, "SIZE", "full")[0]
    assert "Behind it: the largest letter" in full and "a full disk" in full
    assert _told(session, "XPONG")[0].endswith("takes XTRACE on MAIL. (local, a local agreement)")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("CHUNKING", "(registered, RFC 3030)"),
        ("XCLIENT NAME", "By its X a local extension: what it means, only those know who agreed on it. (local, RFC"),
        ("PRDR", "(unknown, not in IANA's registry)"),
    ],
)
def test_who_plays_the_server_may_offer_anything(types: Types, line: str, told: str) -> None:
    session = types("220 hi", "250-lab.example", f"250 {line}", role="server")
    assert told in _told(session, line)[0]


def test_the_enhanced_code_of_a_reply_is_explained(types: Types) -> None:
    session = types("EHLO me.example", "MAIL FROM:<me@me.example>")
    says = "Done: only the class is known, and nothing more."
    assert not [note for note in _told(session, "250 2.") if "registry" in note or says in note]
    assert any(
        note.startswith("2.") and note.endswith("(registered, RFC 3463)") for note in _told(session, "250 2.", "full")
    )
    session.type("RCPT TO:<nobody@lab.example>")
    short = _told(session, "5.1.1")
    assert (
        "5.1.1: Failed for good: there is no such mailbox; what stands left of the @ is wrong. (registered, RFC 3463)"
        in short
    )
    assert len(short) <= 2


def test_the_parts_of_a_line_are_explained_by_the_registries(types: Types) -> None:
    session = types("EHLO me.example")
    offer = session.annotated(session.last[-1])
    assert offer is not None
    span = next(stop for stop in stops(offer) if offer.octets[slice(*stop)] == b"HELP")
    assert any(note.citation == "registered, RFC 821" for note in at_span(offer, span))
    session.type("QUIT")
    reply = session.annotated(session.last[-1])
    assert reply is not None
    span = next(stop for stop in stops(reply) if reply.octets[slice(*stop)] == b"2.0.0")
    assert any(note.says.startswith("Done: ") for note in at_span(reply, span))
