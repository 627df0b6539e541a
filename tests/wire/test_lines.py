"""Lines: framing, spans and the two parsers, for the lines that people write and for any octets."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmtp_lab.errors import DataError
from esmtp_lab.extensions import SHIPPED
from esmtp_lab.protocol.dialect import dialect_of
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.wire import framing
from esmtp_lab.wire.command import compile_syntax, parse_command, render_command
from esmtp_lab.wire.content import content_spans, lines
from esmtp_lab.wire.framing import Framer
from esmtp_lab.wire.grammar import RFC821, RFC2821
from esmtp_lab.wire.parameter import Parameter, from_xtext, to_xtext
from esmtp_lab.wire.path import Path, quote
from esmtp_lab.wire.reply import Reply, ReplyAssembler, parse_reply_line
from esmtp_lab.wire.span import PARTS, leaves, tiles, walk

DIALECTS = {name: dialect_of(era, SHIPPED) for name, era in ERAS.items()}
NEWEST, NEW, OLD = DIALECTS["rfc5321"], DIALECTS["rfc2821"], DIALECTS["rfc821"]

WORDS = 'MAIL RCPT EHLO NOOP FROM: TO: < > @ a.b SIZE=1 = [127.0.0.1] [IPv6: :: 250 250- X . \\ " é'.encode().split()
FRAGMENTS = st.sampled_from([*WORDS, b" ", b"\r", b"\n", b"\r\n", b"\0", b"\xff"])
OCTETS = st.one_of(st.binary(max_size=80), st.lists(FRAGMENTS, max_size=12).map(b"".join))


def shape(octets: bytes, spans) -> str:
    """The leaves of a line as part:text, for a test that reads like the line."""
    return " ".join(f"{span.part}:{octets[span.start : span.end].decode()}" for span in leaves(spans))


def test_a_mail_command_in_spans():
    line = b"Mail From:<@a,@b:ada@client.example> SIZE=10 BODY=8BITMIME\r\n"
    assert shape(line[:-2], NEW.parse(line[:-2]).spans) == (
        "verb:Mail space:  literal:From: angle:< at:@ domain:a literal:, at:@ domain:b literal:: local-part:ada at:@ "
        "domain:client.example angle:> space:  esmtp-keyword:SIZE equals:= esmtp-value:10 space:  "
        "esmtp-keyword:BODY equals:= esmtp-value:8BITMIME"
    )
    command = NEW.parse(line)
    assert command.path == Path(b"ada", b"client.example", (b"a", b"b"))
    assert command.parameters == (Parameter("SIZE", b"10"), Parameter("BODY", b"8BITMIME"))
    assert command.problem is None


@pytest.mark.parametrize(
    ("line", "slug", "at"),
    [
        (b"MAIL FROM: <a@b>", "space-after-colon", 10),
        (b"MAIL FROM:a@b", "path-brackets", 10),
        (b"MAIL FROM:<a@b", "path-brackets", 14),
        (b"MAIL FROM:<a>", "path-domain", 12),
        (b"MAIL FROM:<@b>", "source-route", 13),
        (b"MAIL FROM:<a@>", "domain", 13),
        (b"MAIL FROM:<a@b_c>", "domain", 14),
        (b"MAIL TO:<a@b>", "literal", 5),
        (b"MAIL", "argument-missing", 4),
        (b"MAIL FROM:<a@b> SIZE=", "parameter-value", 21),
        (b"MAIL FROM:<a@b> =1", "parameter", 16),
        (b"RCPT TO:<>", "local-part", 9),
        (b"HELO", "argument-missing", 4),
        (b"EHLO a b", "too-much", 7),
        (b"DATA now", "too-much", 5),
        (b"QUIT x", "too-much", 5),
        (b"MAILFROM:<a@b>", "verb", 0),
        (b"", "verb", 0),
        (b"XYZZY", "verb", 0),
        (b"EHLO  a.b", "domain", 5),
        (b"HELO [127.0.0.1", "domain", 5),
        (b"MAIL FROM:<" + b"a" * 65 + b"@b>", "local-part-too-long", 11),
        (b"EHLO " + b"a" * 256, "domain-too-long", 5),
    ],
)
def test_where_a_line_stops_to_be_derivable(line, slug, at):
    problem = NEW.parse(line + b"\r\n").problem
    assert (problem.slug, problem.at) == (slug, at)


@pytest.mark.parametrize(
    "line",
    [
        b"EHLO a",
        b"EHLO [127.0.0.1]",
        b"EHLO [IPv6:::1]",
        b"EHLO [IPv6:2001:db8::1]",
        b"EHLO [IPv6:1:2:3:4:5:6:7:8]",
        b"EHLO [IPv6:::ffff:127.0.0.1]",
        b"EHLO [x-tag:anything]",
        b'MAIL FROM:<"a b"@c>',
        b'MAIL FROM:<"a\\"b"@c>',
        b"MAIL FROM:<>",
        b"MAIL FROM:<> ",
        b"RCPT TO:<Postmaster>",
        b"NOOP",
        b"NOOP whatever you like",
        b"VRFY smith@foo.example",
        b"data",
        b"dAtA \t",
    ],
)
def test_lines_that_are_right(line):
    assert NEW.parse(line + b"\r\n").problem is None


@pytest.mark.parametrize(
    "line", [b"EHLO [256.1.1.1]", b"EHLO [IPv6:1::2::3]", b"EHLO [IPv6:1:2:3]", b"EHLO -a", b"EHLO a..b", b"EHLO a_b"]
)
def test_names_that_are_wrong(line):
    assert NEW.parse(line).problem.slug in ("domain", "too-much")


def test_the_old_grammar_is_its_own():
    assert OLD.parse(b"MAIL   FROM:<a@#123.[1.2.3.4]>").problem is None
    assert OLD.parse(b"MAIL FROM:<a@[1.2.3.4].#5.b>").problem is None
    assert OLD.parse(b"MAIL FROM:<a\\@b@c>").problem is None
    assert OLD.parse(b"MAIL FROM:<a@b> SIZE=1").problem.slug == "too-much"
    assert NEW.parse(b"MAIL   FROM:<a@b>").problem is not None
    assert OLD.parse(b"EHLO a.b").problem.slug == "verb"
    assert RFC821.longest_domain == 64
    assert RFC2821.longest_domain == 255


@pytest.mark.parametrize(
    ("line", "slug", "at"),
    [
        (b'MAIL FROM:<"a\tb"@c>', "quoted-string", 11),
        (b'MAIL FROM:<"a\\\x7f"@c>', "quoted-string", 11),
        (b'RCPT TO:<"a@b>', "quoted-string", 9),
        (b"RCPT TO:<@[1.2.3.4]:a@b>", "domain", 10),
        (b"HELO [1.2.3.4]", "domain", 5),
    ],
)
def test_the_newest_grammar_is_its_own(line, slug, at):
    problem = NEWEST.parse(line + b"\r\n").problem
    assert (problem.slug, problem.at) == (slug, at)
    if not line.endswith(b"a@b>"):
        assert NEW.parse(line + b"\r\n").problem is None


@pytest.mark.parametrize(
    "line", [b'RCPT TO:<"a b\\""@c>', b"RCPT TO:<@a,@b:a@[1.2.3.4]>", b"EHLO [1.2.3.4]", b"MAIL FROM:<a@b> X=a+20b"]
)
def test_lines_that_the_newest_grammar_takes(line):
    assert NEWEST.parse(line + b"\r\n").problem is None


@given(OCTETS)
def test_no_octets_raise_and_spans_cover_every_line(octets):
    for spans in (
        *(dialect.parse(octets).spans for dialect in DIALECTS.values()),
        *(parse_reply_line(octets, form).spans for form in ("text", "greeting", "ehlo", "ehlo-line")),
        content_spans(octets, header=True),
        content_spans(octets, header=False),
    ):
        assert tiles(spans, 0, len(octets))
        assert {span.part for span in walk(spans)} <= PARTS.keys()


LABEL = st.from_regex(re.compile(rb"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", re.ASCII), fullmatch=True)
DOMAIN = st.lists(LABEL, min_size=1, max_size=4).map(b".".join)
LOCAL = st.one_of(
    st.from_regex(re.compile(rb"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}", re.ASCII), fullmatch=True),
    st.binary(min_size=1, max_size=20)
    .map(lambda name: quote(bytes(octet & 0x7F or 1 for octet in name)))
    .filter(lambda name: not re.search(rb"[\r\n]", name)),
)
PATH = st.builds(Path, LOCAL, DOMAIN, st.lists(DOMAIN, max_size=2).map(tuple))
PARAMETER = st.builds(
    Parameter,
    st.from_regex(re.compile("[A-Z0-9][A-Z0-9-]{0,9}", re.ASCII), fullmatch=True),
    st.none() | st.from_regex(re.compile(rb"[!-<>-~]{1,12}", re.ASCII), fullmatch=True),
)


@given(PATH, st.lists(PARAMETER, max_size=3).map(tuple), st.sampled_from(["MAIL", "RCPT"]))
def test_parse_and_render_of_commands_are_inverse(path, parameters, verb):
    key = "reverse-path" if verb == "MAIL" else "forward-path"
    values = {key: path, **({"parameters": parameters} if parameters else {})}
    line = render_command(verb, NEW.forms[verb].syntax, values)
    command = NEW.parse(line)
    assert command.problem is None
    assert command.values == values
    assert render_command(command.verb, NEW.forms[verb].syntax, command.values) == line


@given(
    st.integers(200, 559), st.lists(st.from_regex(re.compile(rb"[ -~]{0,30}", re.ASCII), fullmatch=True), min_size=1)
)
def test_parse_and_render_of_replies_are_inverse(code, texts):
    reply, assembler = Reply(code, tuple(texts)), ReplyAssembler()
    lines = reply.render().split(b"\r\n")[:-1]
    found = [assembler.add(parse_reply_line(line)) for line in lines]
    assert found == [None] * (len(texts) - 1) + [reply]


@pytest.mark.parametrize("value", [b"a\r\nRCPT TO:<x@y>", b"a\nb", b"a\0b"])
def test_no_argument_breaks_its_line(value):
    with pytest.raises(ValueError, match="would end or break"):
        render_command("HELO", "SP domain", {"domain": value})


def test_render_says_what_is_missing():
    with pytest.raises(ValueError, match="no value for domain"):
        render_command("HELO", "SP domain", {})


@pytest.mark.parametrize("syntax", ["SP nonsense", "[SP domain", "SP domain]", "SP %"])
def test_a_syntax_that_cannot_be_read_is_refused(syntax):
    with pytest.raises(DataError):
        compile_syntax(syntax)


@given(st.lists(FRAGMENTS, max_size=30).map(b"".join), st.lists(st.integers(0, 200), max_size=8))
def test_cuts_are_invisible_to_framing(octets, cuts):
    whole, cut = Framer(), Framer()
    whole.feed(octets)
    expected = list(iter(whole.line, None))
    found, start = [], 0
    for end in [*sorted(cuts), len(octets)]:
        cut.feed(octets[start:end])
        start = max(start, end)
        found += iter(cut.line, None)
    assert found == expected
    assert cut.save() == whole.save()


def test_a_line_without_end_does_not_fill_the_memory():
    framer = Framer()
    for _ in range(100):
        framer.feed(b"x" * framing.LINE_BOUND)
        assert framer.line() is None
        assert len(framer.buffer) <= 2 * framing.LINE_BOUND
    framer.feed(b"\r\nNOOP\r\n")
    line = framer.line()
    assert (len(line.octets), line.length) == (framing.LINE_BOUND + 2, 100 * framing.LINE_BOUND + 2)
    assert framer.line().octets == b"NOOP\r\n"


def test_deviations_have_their_place():
    assert [(each.kind, each.at, each.octets) for each in framing.deviations(b"a\nb\rc\0\0\xc3\xa9\r\n")] == [
        ("bare-lf", 1, 1),
        ("bare-cr", 3, 1),
        ("nul", 5, 2),
        ("eight-bit", 7, 2),
    ]
    assert framing.deviations(b"plain\r\n") == ()


@given(st.binary(max_size=60))
def test_xtext_is_inverse(octets):
    assert from_xtext(to_xtext(octets)) == octets


@pytest.mark.parametrize("text", [b"+3d", b"+", b"a=b", b"a b", b"\xff"])
def test_what_is_not_xtext_is_refused(text):
    with pytest.raises(ValueError, match="not xtext"):
        from_xtext(text)


@given(OCTETS)
def test_content_lines_join_to_the_content(octets):
    assert b"".join(lines(octets)) == octets


@given(st.binary(min_size=1, max_size=30))
def test_quoting_is_undone(name):
    name = bytes(octet & 0x7F or 1 for octet in name)
    assert Path(quote(name), b"a").name == name


def test_parse_command_alone_knows_nothing():
    assert parse_command(b"NOOP\r\n", {}.get).problem.slug == "verb"
