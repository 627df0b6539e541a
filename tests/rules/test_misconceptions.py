"""Misconceptions: each is seen in its own dialogues and not in those that come close, and nowhere without a reason."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from esmtp_lab.bench import Bench
from esmtp_lab.commands.annotate import annotate_lines
from esmtp_lab.commands.run import play_script
from esmtp_lab.errors import DataError
from esmtp_lab.export.transcript import told
from esmtp_lab.lab import Lab, client_dialect
from esmtp_lab.lab.lessons import lab_in
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.event import Event
from esmtp_lab.readers.reading import read_transcript
from esmtp_lab.rules.book import book
from esmtp_lab.rules.detector import Watch
from esmtp_lab.rules.misconceptions import Misconception, misconceptions, read_misconceptions
from esmtp_lab.tutor.lesson import lessons
from esmtp_lab.tutor.play import play
from esmtp_lab.tutor.scene import Scene
from esmtp_lab.wire.transcript import read

ALL = misconceptions()
SESSIONS = Path(__file__).parents[1] / "foreign" / "sessions"
UNWRITTEN = {"lf-taken-for-crlf"}
"""What hangs on a moment that a transcript read back does not tell."""

# What is seen in the sessions of others, with the reason why it is no false alarm: how often in which session.
_PROBE = "the session probes the server with faults, and this is one of them"
_FAULTS = {
    "x-verb-not-announced": 1,  # XYZZY
    "hello-nobody": 2,  # EHLO and HELO alone
    "path-without-brackets": 1,  # MAIL FROM:me@me.example extra
    "space-before-path": 1,  # MAIL FROM: <me@me.example>
    "second-mail": 2,  # behind MAIL FROM: <…>, which the server took, and behind MAIL FROM:<>
}
EXPECTED: dict[str, tuple[dict[str, int], str]] = {
    "smtplib-aiosmtpd-errors": (_FAULTS, _PROBE),
    "smtplib-opensmtpd-errors": (_FAULTS, _PROBE),
    "smtplib-postfix-errors": (
        _FAULTS | {"ehlo-in-transaction": 1},
        f"{_PROBE}; Postfix takes a MAIL before EHLO, so the EHLO that follows comes in a transaction",
    ),
    "smtplib-exim-errors": (
        {"x-verb-not-announced": 1, "hello-nobody": 2},
        f"{_PROBE}; Exim hangs up soon after these",
    ),
    "smtplib-aiosmtpd-group": ({"group-not-offered": 4}, "the session sends groups whatever is offered"),
    "smtplib-opensmtpd-group": ({"group-not-offered": 3}, "the session sends groups whatever is offered"),
    "smtplib-postfix-group": ({"group-goes-on": 1}, "QUIT is sent behind NOOP, which ends a group"),
    "smtplib-exim-group": ({"group-goes-on": 2}, "QUIT is sent behind NOOP, and again with neither answered"),
    "curl-opensmtpd-vrfy": ({"vrfy-502": 1}, "OpenSMTPD has no VRFY: 500"),
    "smtplib-opensmtpd-asks": ({"vrfy-502": 2}, "OpenSMTPD has no VRFY: 500"),
}


def heard(events: Iterable[Event], era: str = "rfc2821") -> list[str]:
    watch = Watch(era)
    return [told.misconception.id for event in events for told in watch.hear(event)]


def read_back(text: str, era: str) -> list[str]:
    lines = (f"{line}\n".encode() for line in text.split("\n"))
    return heard((each.event for each in read_transcript(lines, client_dialect(era))), era)


def played(misconception: Misconception, text: str) -> Lab:
    role = "server" if misconception.played == "server" else "client"
    lab = Lab(misconception.era, client_era=misconception.era, policy=misconception.host, role=role)
    steps = play(lab.bench, read(line.encode() for line in text.strip("\n").split("\n")))
    assert [step.mismatch for step in steps if step.mismatch] == []
    return lab


def shown(misconception: Misconception, text: str) -> list[str]:
    """What a dialogue shows: on the bench, and the same where its transcript is read."""
    if misconception.played == "transcript":
        return read_back(text, misconception.era)
    lab = played(misconception, text)
    found = [told.misconception.id for _, told in lab.misconceptions()]
    if misconception.id not in UNWRITTEN:
        assert read_back(lab.transcript(lab.bench.log), misconception.era) == found
    return found


@pytest.mark.parametrize("misconception", ALL, ids=lambda each: each.id)
def test_it_is_seen_in_its_own_dialogues_and_nothing_else_is(misconception):
    for text in misconception.shows:
        assert set(shown(misconception, text)) == {misconception.id}


@pytest.mark.parametrize("misconception", ALL, ids=lambda each: each.id)
def test_it_is_not_seen_in_what_comes_close(misconception):
    for text in misconception.near:
        assert misconception.id not in shown(misconception, text)


@pytest.mark.parametrize("misconception", ALL, ids=lambda each: each.id)
def test_what_it_says(misconception):
    for text in (misconception.says, misconception.right):
        assert not text[0].islower() and text.endswith((".", "?")) and len(text) <= 125
    assert 1 <= misconception.lesson <= 35
    assert any(misconception.rule_in(era, book()) for era in ERAS.values())
    assert misconception.rule_in(ERAS[misconception.era], book())


def foreign(session: str) -> Iterator[Event]:
    lines = (SESSIONS / f"{session}.txt").read_bytes().splitlines(keepends=True)
    return (each.event for each in read_transcript(lines, client_dialect()))


@pytest.mark.parametrize("session", sorted(file.stem for file in SESSIONS.glob("*.txt")))
def test_sessions_of_others_show_what_is_really_there(session):
    expected, reason = EXPECTED.get(session, ({}, ""))
    assert Counter(heard(foreign(session))) == expected, reason or "not one is expected here"


ASKED_FOR: dict[tuple[str, str], set[str]] = {
    ("my-name-is", "introduce"): {"hello-nobody"},
    ("one-letter", "break"): {"space-before-path"},
    ("in-order", "three"): {"second-mail"},
    ("in-order", "finish"): {"second-mail"},
    ("in-order", "clear"): {"second-mail"},
    ("cr-and-lf", "ends"): {"lf-alone"},
    ("cr-and-lf", "accent"): {"hello-no-host"},
    ("cr-and-lf", "lenient"): {"lf-taken-for-crlf"},
    ("the-lonely-dot", "asis"): {"dot-not-doubled", "text-behind-the-dot"},
    ("the-lonely-dot", "whole"): {"dot-not-doubled"},
    ("an-old-friend", "fallback"): {"same-after-refusal"},
    ("turned-down", "repair"): {"hello-nobody", "hello-no-host"},
    ("say-it-twice", "old"): {"second-ehlo"},
    ("say-it-twice", "new"): {"ehlo-in-transaction"},
    ("say-it-twice", "tomorrow"): {"parameter-after-helo"},
    ("size", "wrong"): {"parameter-not-offered", "parameter-after-helo"},
    ("body-and-dsn", "eight"): {"parameter-not-offered"},
    ("between-us", "stranger"): {"parameter-not-offered", "x-verb-not-announced"},
    ("out-lines", "bytes"): {"lf-alone"},
}
"""Tasks of which a solution makes the slip that the task is about: what all its solutions show together."""


def test_solutions_of_lessons_show_what_their_task_asks_for():
    found: dict[tuple[str, str], set[str]] = {}
    for lesson in lessons():
        for task in lesson.tasks:
            for lines in task.solutions:
                scene = Scene(task.setting, lab_in, task.questions)
                scene.play(lines)
                seen = {told.misconception.id for lab in scene.desks for _, told in lab.misconceptions()}
                if seen:
                    found.setdefault((lesson.id, task.id), set()).update(seen)
    assert found == ASKED_FOR


# Eras, sessions, undo ------------------------------------------------------------------------------


def test_the_rule_is_that_of_the_era_and_without_one_there_is_no_misconception():
    for era, rule in (("rfc821", "rfc821:4.1.2/path-brackets"), ("rfc5321", "rfc5321:3.3/no-space-at-colon")):
        lab = Lab(era, client_era=era)
        lab.send("HELO me.example")
        lab.send("MAIL FROM: <me@me.example>")
        assert [told.rule.id for _, told in lab.misconceptions()] == [rule]
    for era, found in (("rfc1869", ["second-ehlo"]), ("rfc2821", [])):
        lab = Lab(era, client_era=era)
        lab.send("EHLO me.example")
        lab.send("EHLO me.example")
        assert [told.misconception.id for _, told in lab.misconceptions()] == found


def test_what_was_undone_is_not_remembered():
    lab = Lab()
    for line in ("EHLO me.example", "MAIL FROM: <a@b.example>"):
        lab.send(line)
    assert [told.misconception.id for _, told in lab.misconceptions()] == ["space-before-path"]
    lab.undo()
    assert list(lab.misconceptions()) == []
    lab.send("NOOP")
    lab.send("MAIL FROM: <a@b.example>")
    # the refusal that came before was undone, so the line does not come again
    assert [told.misconception.id for _, told in lab.misconceptions()] == ["space-before-path"]
    lab.send("MAIL FROM: <a@b.example>")
    assert [(told.misconception.id, told.times) for _, told in lab.misconceptions()][1:] == [
        ("space-before-path", 2),
        ("same-after-refusal", 1),
    ]
    lab.undo()
    lab.redo()
    assert len(list(lab.misconceptions())) == 3


def test_another_session_begins_without_memory():
    watch = Watch("rfc2821")
    bench = Bench(Lab().bench.host, client_dialect())
    lines = b"EHLO a.example\r\nMAIL FROM: <a@b.example>\r\n"
    for _ in range(2):
        crossings = [*bench.reconnect(), *bench.send(lines)]
        told = [each for crossing in crossings for each in watch.hear(crossing.event)]
        assert [(each.misconception.id, each.times) for each in told if each.misconception.lesson == 3] == [
            ("space-before-path", 1)
        ]


def test_a_memory_can_be_gone_back_to():
    lab = Lab()
    watch = Watch("rfc2821")
    for crossing in lab.bench.log:
        watch.hear(crossing.event)
    before = watch.memory
    (slip, *_) = lab.send("RCPT TO: <ada@lab.example>")
    assert [each.times for each in watch.hear(slip.event)] == [1]
    watch.memory = before
    assert [each.times for each in watch.hear(slip.event)] == [1]


def test_it_is_said_in_full_then_short_then_not_at_all():
    lines = ["EHLO me.example", *(3 * ["RCPT TO: <ada@lab.example>", "NOOP"])]
    text = "\n".join(said.text for said in play_script(Lab(), [line.encode() for line in lines]))
    said = [line for line in text.split("\n") if line.startswith("# ?? ")]
    assert len(said) == 2
    assert said[0].startswith("# ?? There is a space between") and said[0].endswith("(RFC 2821 §4.1.2)")
    assert said[1].startswith("# ?? once more: There is a space") and "MAIL FROM" not in said[1]
    again = list(annotate_lines([line.encode() + b"\n" for line in text.split("\n")], "rfc2821"))
    assert [line for line in again if line.startswith("# ?? ")] == said


def test_the_live_view_tells_them():
    lab, watch = Lab(), Watch("rfc2821")
    lines = ("EHLO me.example", "MAIL FROM:<me@me.example>", "RCPT TO:<ada@lab.example>", "DATA", ".hidden", ".")
    crossings = [*lab.bench.log, *(crossing for line in lines for crossing in lab.send(line))]
    text = [line for crossing in crossings for line in told(crossing.event, lab.annotate, 100, watch.hear)]
    (found,) = [line for line in text if line.startswith("# ?? ")]
    assert "begins with one dot" in found


def test_json_names_them_every_time():
    lines = b"S: 220 a\nC: HELO\nS: 501 a\nC: HELO\nS: 501 a\nC: HELO\nS: 501 a\n".splitlines(keepends=True)
    found = [line for line in annotate_lines(lines, "rfc2821", "json") if '"hello-nobody"' in line]
    assert len(found) == 3
    script = [b"HELO", b"HELO", b"NOOP"]
    found = [said.text for said in play_script(Lab(), script, "json")]
    named = [line.count('"misconceptions": ["hello-nobody"]') for line in found if '"dir": "C"' in line]
    assert named == [1, 0, 0] and sum('"misconceptions": [' in line for line in found) == len(found)


def test_a_password_is_in_no_text():
    lines = b"S: 220 a\nC: AUTH PLAIN c2VjcmV0\nS: 535 no\nC: AUTH PLAIN c2VjcmV0\nS: 535 no\n".splitlines(
        keepends=True
    )
    text = "\n".join(annotate_lines(lines, "rfc2821"))
    assert "came again" in text and "c2VjcmV0" not in text


# The file ------------------------------------------------------------------------------------------

GOOD = (
    'version = 1\n[x]\nsays = "A."\nright = "B."\nrule = "mail-once"\nlesson = 1\nwhen = { verb = "MAIL" }\n'
    'shows = "C: MAIL"\nnear = "C: NOOP"\n'
)


def test_a_good_file_is_read():
    (found,) = read_misconceptions(GOOD, "x.toml", book())
    assert (found.id, found.rules, found.when) == ("x", ("mail-once",), ({"verb": frozenset({"MAIL"})},))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("version = 1", "", "has no version"),
        ("version = 1", "version = [", "is not TOML"),
        ("[x]", 'x = "y"', "x.toml: x: is no table"),
        ('says = "A."', "", 'has no says. Add says = "…"'),
        ("lesson = 1", 'lesson = "1"', "has no lesson. Add lesson = 1"),
        ('near = "C: NOOP"', "", "has no near"),
        ('"mail-once"', '"mail-twice"', "names 'mail-twice', which is no rule of the book"),
        ("lesson", "colour = 1\nlesson", "knows no key 'colour'"),
        ("lesson", 'again = "often"\nlesson', "again is one of same, capitals, not 'often'"),
        ("lesson", 'eras = ["rfc822"]\nlesson', "eras are of rfc821"),
        ('{ verb = "MAIL" }', "[ 1 ]", "x: when: is no condition"),
        ('{ verb = "MAIL" }', '{ verb = "MAIL", colour = "red" }', "x: when: knows no condition 'colour'"),
        ('{ verb = "MAIL" }', '{ code = "250" }', "does not say what kind of line"),
    ],
)
def test_a_file_that_is_wrong_says_what_to_mend(old, new, message):
    assert old in GOOD
    with pytest.raises(DataError) as caught:
        list(read_misconceptions(GOOD.replace(old, new, 1), "x.toml", book()))
    assert message in str(caught.value)
