"""The rule book: its files are good, its sections exist, its witnesses play, every line is spoken of."""

import os
from pathlib import Path

import pytest

from esmtp_lab.bench import Bench
from esmtp_lab.commands.witness import lab_of
from esmtp_lab.errors import DataError
from esmtp_lab.extensions import SHIPPED
from esmtp_lab.lab import Lab, client_dialect
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.event import Event, lines
from esmtp_lab.readers.reading import read_transcript
from esmtp_lab.rules.annotator import Annotator, annotator
from esmtp_lab.rules.book import Book, book, read_rules
from esmtp_lab.rules.rule import Rule
from esmtp_lab.rules.texts import sections
from esmtp_lab.tutor.play import play
from esmtp_lab.tutor.witness import Witness, play_witness
from esmtp_lab.wire.transcript import read

SHARED = Path(__file__).resolve().parents[3] / "shared" / "rfc"
RULES = book().rules


def entries(text: str):
    return read(line.encode() for line in text.strip("\n").split("\n") if line)


def witness(rule: Rule, *, breaks: bool) -> tuple[list[Event], list[str]]:
    """The annotated events of a witness, without those that lead to its start, and what came out otherwise."""
    played = Witness(rule, breaks)
    lab = lab_of(played)
    crossings, wrong = play_witness(played, lab.bench)
    return [lab.annotate(event) for crossing in crossings for event in lines(crossing.event)], wrong


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.keeps], ids=lambda rule: rule.id)
def test_the_witness_that_keeps_a_rule(rule):
    seen, wrong = witness(rule, breaks=False)
    assert wrong == []
    cited = [citation for event in seen for citation in event.citations if citation.rule is rule]
    assert cited, f"{rule.id} is not cited in its own witness"
    assert any(not citation.broken for citation in cited)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.breaks], ids=lambda rule: rule.id)
def test_the_witness_that_breaks_a_rule(rule):
    seen, wrong = witness(rule, breaks=True)
    assert wrong == []
    broken = [c for event in seen for c in event.citations if c.rule is rule and c.broken]
    assert broken, f"{rule.id} is not seen broken in its own witness"


def test_a_rule_that_a_dialogue_shows_has_a_witness():
    assert [rule.id for rule in RULES if rule.visible == "dialogue" and not rule.keeps] == []
    assert [rule.id for rule in RULES if rule.broken and not rule.breaks] == []
    assert [rule.id for rule in RULES if rule.breaks and not rule.broken] == []


@pytest.mark.parametrize("era", ERAS.values(), ids=lambda era: era.name)
def test_every_row_stands_on_a_rule_of_its_era(era):
    lineages = {row.lineage for row in Dialect(era, SHIPPED).rows} | {"bad-sequence", "closing-421", "command-unknown"}
    assert [lineage for lineage in sorted(lineages) if book().find(lineage, era) is None] == []


def folded(document: int) -> dict[str, str]:
    """The text of each numbered section of an RFC, page breaks taken out and white space folded."""
    text = (SHARED / f"rfc{document}.txt").read_text("utf-8-sig")
    return {each.number: " ".join(each.text.split()) for each in sections(text)}


@pytest.mark.parametrize("document", sorted({rule.rfc for rule in RULES}))
def test_every_section_exists_and_holds_the_terms(document):
    if not SHARED.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"the RFC texts are not at {SHARED}")
        pytest.skip("NOT CHECKED: the RFC texts are not here")
    texts = folded(document)
    wrong = []
    for rule in (each for each in RULES if each.rfc == document):
        # A section holds its subsections as well.
        inside = [
            body for number, body in texts.items() if number == rule.section or number.startswith(f"{rule.section}.")
        ]
        if not inside:
            wrong.append(f"{rule.id}: no such section")
        missing = [
            term for term in rule.terms if not any(" ".join(term.split()).lower() in body.lower() for body in inside)
        ]
        wrong += [f"{rule.id}: {term!r} is not in the section" for term in missing]
        if not rule.terms:
            wrong.append(f"{rule.id}: names no term")
    assert wrong == []


ORDINARY = """
C: {hello} me.example
C: NOOP
C: mail from:<me@me.example>
C: RCPT TO:<ada@lab.example>
C: RCPT TO:<dora@lab.example>
C: DATA
C: From: me@me.example
C: Subject: a letter
C:
C: ..a line with a dot
C: plain text
C: .
C: RSET
C: VRFY ada
C: EXPN friends
C: HELP
C: QUIT
"""
REFUSALS = """
C: XYZZY
C: TURN
C: {hello}
C: {hello} me.example
C: MAIL FROM: <a@b>
C: MAIL FROM:a@b
C: RCPT TO:<ada@lab.example>
C: DATA
C: MAIL FROM:<>
C: MAIL FROM:<a@b>
C: RCPT TO:<nobody@lab.example>
C: RCPT TO:<a@elsewhere.example>
C: RCPT TO:<carol@lab.example>
C: RCPT TO:<fred@lab.example>
C: RCPT TO:<erin@lab.example>
C: VRFY jones
C: VRFY nobody
C: EXPN nobody
C: HELP XYZZY
C: DATA now
C\\: NOOP\\nNOOP\\r\\n
C\\: NOOP \\xff\\r\\n
"""


def unspoken(lab: Lab, text: str) -> list[bytes]:
    """The lines on which no rule is at work but those that are at work everywhere."""
    for _ in play(lab.bench, entries(text)):
        pass
    annotated = [lab.annotate(event) for crossing in lab.bench.log for event in lines(crossing.event)]
    return [e.octets for e in annotated if all(each.rule.general and not each.broken for each in e.citations)]


@pytest.mark.parametrize("era", list(ERAS))
@pytest.mark.parametrize("text", [ORDINARY, REFUSALS], ids=["ordinary", "refusals"])
def test_every_line_has_a_rule(era, text):
    hello = "HELO" if era == "rfc821" else "EHLO"
    assert unspoken(Lab(era, client_era=era), text.format(hello=hello)) == []


def test_every_line_of_the_way_on_with_helo_has_a_rule():
    assert unspoken(Lab("rfc821"), "C: EHLO me.example\nC: HELO me.example\nC: QUIT") == []


def test_every_line_of_the_local_extension_has_a_rule():
    text = "C: EHLO a\nC: XPING\nC: MAIL FROM:<a@b> XTRACE=1\n"
    assert unspoken(Lab(policy="partner"), text) == []
    assert unspoken(Lab(), text) == []


def test_size_too_large_has_a_rule():
    assert unspoken(Lab(), "C: EHLO a\nC: MAIL FROM:<a@b> SIZE=99999999999\nC: MAIL FROM:<a@b> NOSUCH=1\n") == []


def test_citations_are_joined_to_spans_and_the_telling_ones_come_first():
    lab = Lab()
    crossing = lab.send("MAIL FROM: <a@b>")[0]
    first = lab.explain(crossing).citations[0]
    assert first.broken
    assert crossing.event.octets[slice(*first.span)] in (b"<a@b>", b" <a@b>", b"MAIL") or first.rule.lineage
    for event in (lab.explain(each) for each in lab.bench.log):
        for citation in event.citations:
            start, end = citation.span or (0, 0)
            assert 0 <= start <= end <= len(event.octets)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rfc = 821", "has no version"),
        ('version = 1\nrfc = 821\n["rfc821:1/x"]\nlevel = "SHALL"', "level is one of"),
        ('version = 1\nrfc = 821\n["rfc822:1/x"]\nlevel = "MUST"', "no rule id of this file"),
        ('version = 1\nrfc = 821\n["rfc821:1/x"]\nnonsense = "MUST"', "knows no key 'nonsense'"),
        ('version = 1\nrfc = 821\n["rfc821:1/x"]\nlevel = "MUST"\nactor = "client"', "has no says"),
        ("version = [", "is not TOML"),
        (
            'version = 1\nrfc = 821\n["rfc821:1/x"]\nlevel = "MUST"\nactor = "client"\nsays = "a"\nwhy = "b"\n'
            'lineage = "x"\nwhen = { colour = "red" }',
            "knows no condition 'colour'",
        ),
        (
            'version = 1\nrfc = 821\n["rfc821:1/x"]\nlevel = "MUST"\nactor = "client"\nsays = "a"\nwhy = "b"\n'
            'lineage = "x"\nmark = "red"',
            "no part of a line",
        ),
    ],
)
def test_a_rule_file_that_is_wrong_says_what_to_mend(text, message):
    with pytest.raises(DataError, match=message):
        list(read_rules(text, "x.toml"))


def test_where_no_rule_is_known_none_is_claimed():
    lab = Lab()
    empty = Annotator(Book(()), ERAS["rfc2821"])
    assert empty(lab.bench.log[0].event).citations == ()


def test_a_bench_is_annotated_by_its_own_era():
    for era, document in (("rfc821", 821), ("rfc2821", 2821)):
        lab = Lab(era, client_era=era)
        assert isinstance(lab.bench, Bench)
        greeting = lab.explain(lab.bench.log[0])
        assert document in {citation.rule.rfc for citation in greeting.citations}


def test_a_parameter_rule_points_at_its_parameter():
    lab = Lab()
    lab.send("EHLO a")
    line = "MAIL FROM:<a@b> BODY=7BIT SIZE=10"
    found = lab.explain(lab.send(line)[0]).citations
    (size,) = [each for each in found if each.rule.lineage == "size-declared"]
    assert line[slice(*size.span)] == "SIZE=10"


def test_citations_come_broken_first_then_the_most_specific_and_the_general_last():
    from esmtp_lab.rules.annotator import _specificity

    lab = Lab()
    for line in ("EHLO a", "MAIL FROM: <a@b>", "mail from:<a@b> SIZE=1", "RCPT TO:<x@lab.example>", "HELP"):
        for crossing in lab.send(line):
            found = lab.explain(crossing).citations
            order = [(not each.broken, each.rule.general, -_specificity(each.rule)) for each in found]
            assert order == sorted(order)
            assert len({each[2] for each in order}) > 1


# Parameters: the one that is wrong is named, and nobody is accused of another's fault ---------------


def heard(era: str, text: str) -> list[Event]:
    """The annotated events of a dialogue that others had."""
    read = read_transcript((line.encode() + b"\n" for line in text.strip().splitlines()), client_dialect(era))
    annotate = annotator(era)
    return [annotate(each.event) for each in read]


def broken_in(events: list[Event], rule: str) -> list[str]:
    """The octets in which a rule is broken."""
    found = [(event, each) for event in events for each in event.citations if each.broken and each.rule.id == rule]
    return [event.octets[slice(*each.span)].decode() if each.span else "" for event, each in found]


@pytest.mark.parametrize(
    ("mail", "wrong"),
    [
        ("ENVID=a NOTIFY=NEVER", "NOTIFY=NEVER"),
        ("NOTIFY=NEVER ENVID=a", "NOTIFY=NEVER"),
        ("SIZE 100", "100"),
        ("SIZE=5 NOSUCH BODY=7BIT OTHER", "NOSUCH"),
    ],
)
def test_of_several_parameters_the_one_that_nobody_offered_is_named(mail, wrong):
    lab = Lab(policy="reports")
    lab.send("EHLO me.example")
    events = [lab.annotate(each.event) for each in lab.send(f"MAIL FROM:<ada@client.example> {mail}")]
    for rule in ("rfc2821:4.1.1.2/parameter-not-offered", "rfc2821:4.1.1.3/parameter-not-offered"):
        assert broken_in(events, rule) == [wrong]


DSN_SAID = """
S: 220 lab.example ESMTP
C: EHLO me.example
S: 250-lab.example
S: 250-SIZE
S: 250-AUTH PLAIN
S: 250 DSN
C: MAIL FROM:<ada@client.example> {}
S: {} no
"""


@pytest.mark.parametrize(
    ("mail", "rule", "broken"),
    [
        ("ENVID=a", "rfc3461:5.1/dsn-mail-same", True),
        ("ENVID=a RET=HDRS", "rfc3461:5.1/dsn-mail-same", True),
        ("ENVID=a NOTIFY=NEVER", "rfc3461:5.1/dsn-mail-same", False),
        ("SIZE=5", "rfc1870:4/size-accepted", True),
        ("SIZE=5 NOSUCH=1", "rfc1870:4/size-accepted", False),
        ("AUTH=<>", "rfc4954:5/auth-parameter-taken", True),
        ("AUTH=<> NOSUCH=1", "rfc4954:5/auth-parameter-taken", False),
    ],
)
def test_a_server_is_not_accused_where_another_parameter_may_be_meant(mail, rule, broken):
    assert bool(broken_in(heard("rfc5321", DSN_SAID.format(mail, 555)), rule)) is broken


def test_501_is_put_down_to_a_parameter_only_where_there_is_no_other():
    for mail, cited in (("ENVID=a", True), ("ENVID=a NOTIFY=NEVER", False)):
        events = heard("rfc5321", DSN_SAID.format(mail, 501))
        assert ("rfc3461:5.1/dsn-mail-501" in {each.rule.id for e in events for each in e.citations}) is cited


# What is not registered, and what was not announced -------------------------------------------------

_LISTED = """
S: 220 lab.example ESMTP
C: EHLO me.example
S: 250-lab.example
S: 250 {}
"""


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("WHENEVER", ["WHENEVER"]),
        ("whenever 5", ["whenever"]),
        ("SIZE 100", []),
        ("size", []),
        ("BURL imap", []),
        ("XWHENEVER", []),
        ("VRFY", []),
        ("AUTH=LOGIN", []),
    ],
)
def test_a_keyword_is_registered_or_begins_with_x(line, wrong):
    assert broken_in(heard("rfc1869", _LISTED.format(line)), "rfc1869:4.3/keyword-registered") == wrong
    assert broken_in(heard("rfc2821", _LISTED.format(line)), "rfc2821:2.2.2/keyword-registered") == wrong


def _eight_bit(mail: str, host: str = "lab", hello: str = "EHLO me.example") -> list[Event]:
    lab = Lab(policy=host, era="rfc5321")
    for line in (hello, f"MAIL FROM:<ada@client.example>{mail}", "RCPT TO:<ada@lab.example>", "DATA"):
        said = lab.send(line)
    assert said[-1].event.code == 354
    crossings = lab.raw(b"Subject: tea\r\n\r\nth\xc3\xa9\r\n.\r\n")
    return [lab.annotate(event) for crossing in crossings for event in lines(crossing.event)]


@pytest.mark.parametrize(
    ("mail", "hello", "wrong"),
    [
        ("", "EHLO me.example", ["rfc6152:3/body-needed"]),
        (" SIZE=30", "EHLO me.example", ["rfc6152:3/body-needed"]),
        (" BODY=8BITMIME", "EHLO me.example", []),
        # nothing could have announced it: what is broken is that it was sent at all
        ("", "HELO me.example", ["rfc6152:3/eight-bit-needs-8bitmime"]),
    ],
)
def test_content_above_127_is_announced(mail, hello, wrong):
    events = _eight_bit(mail, hello=hello)
    rules = ("rfc6152:3/body-needed", "rfc6152:3/eight-bit-needs-8bitmime")
    assert [rule for rule in rules if broken_in(events, rule)] == wrong
