"""Edges: lengths at their bound, places just beside the one that is meant, and what seldom comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmtp_lab.errors import DataError
from esmtp_lab.extensions import SHIPPED
from esmtp_lab.protocol.dialect import dialect_of
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.wire import span
from esmtp_lab.wire.command import compile_syntax, parse_command, render_command
from esmtp_lab.wire.content import content_spans, lines, still_header
from esmtp_lab.wire.framing import LINE_BOUND, Deviation, Framer, Line, deviations
from esmtp_lab.wire.path import Path
from esmtp_lab.wire.reply import Reply, ReplyAssembler, parse_reply_line
from esmtp_lab.wire.scan import Scanner
from esmtp_lab.wire.span import Span, tiles
from esmtp_lab.wire.transcript import read_line, write_line
from esmtp_lab.wire.transparency import Unstuffer
from esmtp_lab.wire.visible import columns, visible

DIALECT = dialect_of(ERAS["rfc2821"], SHIPPED)
OLD = dialect_of(ERAS["rfc821"], SHIPPED)

# Framing -----------------------------------------------------------------------------------------


def framed(stream: bytes, bound: int) -> list[Line]:
    """What a framer makes of a stream that comes octet by octet."""
    framer, found = Framer(bound), []
    for octet in stream:
        framer.feed(bytes([octet]))
        found += iter(framer.line, None)
    return found


@given(st.lists(st.sampled_from([b"x", b"y", b"\r", b"\n", b"\r\n", b"\r\n"]), max_size=24).map(b"".join), st.data())
def test_long_lines_are_cut_short_and_counted_in_full(stream, data):
    """Against the plainest reading: split at CRLF, keep the first octets of each, count all."""
    wanted = [(text[:4] + b"\r\n", len(text) + 2) for text in stream.split(b"\r\n")[:-1]]
    assert [line[:2] for line in framed(stream, 4)] == wanted
    framer, found, start = Framer(4), [], 0
    for end in [*sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=3))), len(stream)]:
        framer.feed(stream[start:end])
        found += iter(framer.line, None)
        start = end
    assert [line[:2] for line in found] == wanted


def test_a_cr_and_an_lf_far_apart_are_no_line_end():
    """The CR is the last octet that is kept, the LF the last that came; what stood between is only counted."""
    framer = Framer()
    framer.feed(b"x" * (LINE_BOUND - 1) + b"\r" + b"MAIL FROM:<a@b>\n")
    assert framer.line() is None
    framer.feed(b"RCPT TO:<a@b>\n")
    assert framer.line() is None
    framer.feed(b"\r\n")
    assert framer.line().length == LINE_BOUND + len(b"MAIL FROM:<a@b>\nRCPT TO:<a@b>\n\r\n")


@pytest.mark.parametrize("over", [-2, -1, 0, 1, 2])
def test_the_bound_itself(over):
    text = b"x" * (LINE_BOUND + over - 1) + b"y"
    (line,) = framed(text + b"\r\n", LINE_BOUND)
    assert line == Line(text[:LINE_BOUND] + b"\r\n", len(text) + 2)


def test_no_more_deviations_than_are_asked_for():
    assert deviations(b"\n\n\n", 2) == (Deviation(0, "bare-lf"), Deviation(1, "bare-lf"))
    assert deviations(b"\r\n\r\n") == ()
    assert deviations(b"\r") == (Deviation(0, "bare-cr"),)
    assert deviations(b"\n") == (Deviation(0, "bare-lf"),)
    assert deviations(b"\r\n\n\r") == (Deviation(2, "bare-lf"), Deviation(3, "bare-cr"))
    assert deviations(b"\n\r") == (Deviation(0, "bare-lf"), Deviation(1, "bare-cr"))


def test_a_framer_comes_back_to_a_saved_moment():
    framer = Framer(4)
    framer.feed(b"overlong")
    assert framer.line() is None
    saved = framer.save()
    framer.feed(b"\r\nrest")
    assert (framer.line().length, framer.rest(), framer.buffer) == (10, b"rest", b"")
    framer.load(saved)
    framer.feed(b"\r\n")
    assert framer.line() == Line(b"over\r\n", 10)


# Transparency ------------------------------------------------------------------------------------


def test_an_unstuffer_comes_back_to_a_saved_moment():
    unstuffer = Unstuffer()
    assert unstuffer.feed(b"..a\r\n.") == (b".a", None)
    saved = unstuffer.save()
    assert unstuffer.feed(b"\r\nrest") == (b"\r\n", b"rest")
    again = Unstuffer.load(saved)
    assert again.feed(b".b\r\n.\r\n") == (b"\r\n.b\r\n", b"")
    assert (again.dots, Unstuffer.load(saved).dots) == (2, 1)


# Commands ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("syntax", "expected"),
    [
        ("SP domain", "a space and a domain"),
        ('SP "FROM:"reverse-path', 'a space and "FROM:"'),
        ("SP", "a space"),
        ("SP [domain]", "a space"),
    ],
)
def test_what_is_wanted_behind_a_verb(syntax, expected):
    problem = parse_command(b"XYZZY\r\n", {"XYZZY": syntax}.get).problem
    assert problem == (5, expected, "argument-missing")


@pytest.mark.parametrize(
    ("path", "right"),
    [
        (b'"a"@c', True),
        (b'""@c', False),
        (b'"a\\\0b"@c', True),
        (b'"a\0b"@c', True),
        (b"a\\@b@c", True),
        (b"a\\ b.c@d", True),
        (b"a b@c", False),
        (b"a..b@c", False),
        (b"a@#12.[1.2.3.4].c", True),
        (b"a@#", False),
        (b"a@[1.2.3]", False),
        (b"a@[IPv6:::1]", False),
    ],
)
def test_paths_of_1982(path, right):
    """RFC 821 section 4.1.2: a backslash lets any character stand for itself, and quotes hold at least one."""
    assert (OLD.parse(b"MAIL FROM:<" + path + b">\r\n").problem is None) == right


@pytest.mark.parametrize(
    ("production", "slug"),
    [
        ("string", "string"),
        ("word", "string"),
        ("secret", "string"),
        ("number", "number"),
        ("domain", "domain"),
        ("domain-or-literal", "domain"),
        ("parameters", "parameter"),
        ("reverse-path", "path-brackets"),
        ("forward-path", "path-brackets"),
    ],
)
def test_what_is_missing_has_a_name(production, slug):
    problem = parse_command(b"XYZZY \x01\r\n", {"XYZZY": f"SP {production}"}.get).problem
    assert (problem.slug, problem.at) == (slug, 6)


def test_what_is_in_brackets_may_be_left_out():
    syntax = 'SP "FROM:"reverse-path [SP parameters]'
    assert render_command("MAIL", syntax, {"reverse-path": Path()}) == b"MAIL FROM:<>\r\n"
    assert render_command("MAIL", syntax, {"reverse-path": Path(), "parameters": ()}) == b"MAIL FROM:<>\r\n"
    with pytest.raises(ValueError, match="no value for reverse-path"):
        render_command("MAIL", syntax, {"parameters": ()})


def test_a_syntax_says_where_it_cannot_be_read():
    with pytest.raises(DataError, match="'%'"):
        compile_syntax("SP %")
    with pytest.raises(DataError, match="a bracket closes that was not opened"):
        compile_syntax("SP] domain")
    with pytest.raises(DataError, match="a bracket is not closed"):
        compile_syntax("[SP domain")
    with pytest.raises(DataError, match="no production 'nonsense'"):
        compile_syntax("SP nonsense")


def test_a_command_that_could_not_be_read_has_no_values():
    command = parse_command(b"HELO", {"HELO": "SP domain"}.get)
    assert (command.path, command.parameters, command.host, command.text("string")) == (None, (), "", "")
    assert parse_command(b"HELO a", {"HELO": "SP domain"}.get).host == "a"
    assert parse_command(b"EHLO [1.2.3.4]", {"EHLO": "SP domain-or-literal"}.get).host == "[1.2.3.4]"


def test_the_first_thing_that_is_wrong_counts():
    scanner = Scanner(b"abc", 3)
    scanner.fail("this", "first")
    scanner.fail("that", "second", 2)
    assert scanner.problem == (0, "this", "first")


# Paths -------------------------------------------------------------------------------------------


def test_a_path_in_parts():
    assert Path().null
    assert not Path(b"a", b"b").null
    assert Path().render() == b"<>"
    assert Path(b"postmaster").mailbox == b"postmaster"
    assert Path(b"a", b"b", (b"c", b"d")).render() == b"<@c,@d:a@b>"
    assert Path(b"a", b"b", (b"c", b"d")).mailbox == b"a@b"
    assert [Path(local).name for local in (b'"a b"', b"a\\ b", b'"a\\"b"', b"ab")] == [b"a b", b"a b", b'a"b', b"ab"]


# Replies -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "code", "last", "text", "slug"),
    [
        (b"250\r\n", 250, True, b"", None),
        (b"250 \r\n", 250, True, b"", None),
        (b"250-\r\n", 250, False, b"", None),
        (b"250-a", 250, False, b"a", None),
        (b"250  a", 250, True, b" a", None),
        (b"2509\r\n", 250, True, b"9", "reply-separator"),
        (b"250\ta\r\n", 250, True, b"\ta", "reply-separator"),
        (b"25", 0, True, b"25", "reply-code"),
        (b"-250", 0, True, b"-250", "reply-code"),
        (b"199 a", 199, True, b"a", "reply-code-digits"),
        (b"600 a", 600, True, b"a", "reply-code-digits"),
        (b"260 a", 260, True, b"a", "reply-code-digits"),
        (b"", 0, True, b"", "reply-code"),
    ],
)
def test_reply_lines_that_seldom_come(line, code, last, text, slug):
    parsed = parse_reply_line(line)
    assert (parsed.code, parsed.last, parsed.text) == (code, last, text)
    assert (parsed.problem and parsed.problem.slug) == slug
    assert parsed.problem is None or parsed.problem.at == (3 if slug == "reply-separator" else 0)


def leaves(octets: bytes, spans: tuple[Span, ...]) -> list[tuple[str, bytes]]:
    return [(each.part, octets[each.start : each.end]) for each in span.leaves(spans)]


@pytest.mark.parametrize(
    ("form", "line", "parts"),
    [
        ("greeting", b"220 a.b hi", ["reply-code", "space", "domain", "reply-text"]),
        ("greeting", b"220 [1.2.3.4] hi", ["reply-code", "space", "address-literal", "reply-text"]),
        ("ehlo", b"250-a.b\r\n", ["reply-code", "hyphen", "domain", "crlf"]),
        (
            "ehlo-line",
            b"250 SIZE 10  x",
            ["reply-code", "space", "ehlo-keyword", "space", "ehlo-param", "space", "reply-text"],
        ),
        ("ehlo-line", b"250 A", ["reply-code", "space", "ehlo-keyword"]),
        ("ehlo-line", b"250 A.B", ["reply-code", "space", "ehlo-keyword", "reply-text"]),
        ("text", b"250 2.1.0 ok", ["reply-code", "space", "enhanced-status-code", "space", "reply-text"]),
        ("text", b"250 2.1.0", ["reply-code", "space", "enhanced-status-code"]),
        ("text", b"250 2.1.0.1", ["reply-code", "space", "reply-text"]),
        ("text", b"250 3.1.0 x", ["reply-code", "space", "reply-text"]),
        ("text", b"250 a\xe9\0\r", ["reply-code", "space", "reply-text", "eight-bit", "nul", "bare-cr"]),
    ],
)
def test_the_parts_of_a_reply_line(form, line, parts):
    assert [part for part, _ in leaves(line, parse_reply_line(line, form).spans)] == parts


def test_the_last_line_gives_a_reply_its_code():
    assembler = ReplyAssembler()
    assert assembler.add(parse_reply_line(b"250-a")) is None
    assert assembler.add(parse_reply_line(b"550 b")) == Reply(550, (b"a", b"b"))
    assert assembler.lines == ()
    assert Reply(250, (b"a", b"", b"c")).render() == b"250-a\r\n250-\r\n250 c\r\n"


# Spans -------------------------------------------------------------------------------------------


def test_the_spans_that_hold_an_octet():
    spans = (Span(0, 4, "verb"), Span(4, 9, "parameter", (Span(4, 6, "esmtp-keyword"), Span(6, 9, "esmtp-value"))))
    assert [each.part for each in span.at(spans, 0)] == ["verb"]
    assert [each.part for each in span.at(spans, 3)] == ["verb"]
    assert [each.part for each in span.at(spans, 4)] == ["parameter", "esmtp-keyword"]
    assert [each.part for each in span.at(spans, 8)] == ["parameter", "esmtp-value"]
    assert span.at(spans, 9) == ()
    assert span.find(spans, "esmtp-value") == Span(6, 9, "esmtp-value")
    assert span.find(spans, "domain") is None


@pytest.mark.parametrize(
    "spans",
    [
        (Span(0, 3, "verb"),),
        (Span(1, 4, "verb"),),
        (Span(0, 2, "verb"), Span(3, 4, "space")),
        (Span(0, 3, "verb"), Span(2, 4, "space")),
        (Span(0, 4, "verb", (Span(0, 3, "literal"),)),),
        (Span(0, 4, "verb"), Span(4, 3, "space"), Span(3, 4, "space")),
        (),
    ],
)
def test_spans_that_do_not_tile(spans):
    assert not tiles(spans, 0, 4)


def test_spans_that_tile():
    assert tiles((Span(0, 2, "verb"), Span(2, 4, "space")), 0, 4)
    assert tiles((), 3, 3)
    assert tiles((Span(0, 0, "local-part"), Span(0, 4, "verb")), 0, 4)


# Content and text ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "belongs"),
    [
        (b"Subject: x\r\n", True),
        (b" folded\r\n", True),
        (b"\tfolded\r\n", True),
        (b".Dotted: x\r\n", True),
        (b"no field\r\n", False),
        (b"No Field: x\r\n", False),
        (b": x\r\n", False),
        (b"\r\n", False),
    ],
)
def test_lines_of_the_header_section(line, belongs):
    assert still_header(line) == belongs


@pytest.mark.parametrize(
    ("line", "header", "parts"),
    [
        (b".\r\n", False, ["end-of-data", "crlf"]),
        (b"..\r\n", False, ["stuffed-dot", "content-text", "crlf"]),
        (b".", False, ["stuffed-dot"]),
        (b"A: b\r\n", True, ["field-name", "colon", "field-body", "crlf"]),
        (b"A: b\r\n", False, ["content-text", "crlf"]),
        (b".A: b\r\n", True, ["stuffed-dot", "field-name", "colon", "field-body", "crlf"]),
        (b" folded\r\n", True, ["content-text", "crlf"]),
        (b"a\nb\xe9", False, ["content-text", "bare-lf", "content-text", "eight-bit"]),
    ],
)
def test_the_parts_of_a_content_line(line, header, parts):
    assert [part for part, _ in leaves(line, content_spans(line, header))] == parts


@pytest.mark.parametrize(
    ("octets", "written"),
    [
        (b"\r\n", "C:"),
        (b"a\r\n", "C: a"),
        (b"a", "C\\: a"),
        (b"\xc3\xa9\r\n", "C\\: \\xc3\\xa9\\r\\n"),
        (b"\x7f\r\n", "C\\: \\x7f\\r\\n"),
        (b"\t\r\n", "C\\: \\x09\\r\\n"),
        (b"", "C\\: "),
        (b"a\\ \n", "C\\: a\\\\ \\n"),
    ],
)
def test_a_line_written_as_a_transcript(octets, written):
    assert write_line("C", octets) == written
    assert read_line(written.encode()).octets == octets


def test_where_the_text_of_a_written_line_begins():
    """The place counts octets of the written line, so that an error can point at it."""
    written = (b"C: NOOP", b"C:NOOP", b"S\\: 250\\r\\n", b"> a=b", b"#! pause", b"# x", b"=== tls", b"NOOP", b"")
    assert [read_line(line).start for line in written] == [3, 2, 4, 1, 2, 1, 3, 0, 0]
    assert [read_line(line).marked for line in written] == [True] * 7 + [False] * 2
    assert [read_line(line).escaped for line in written] == [False, False, True] + [False] * 6
    assert [read_line(line).text for line in written] == ["NOOP", "NOOP", "250", "a=b", "pause", "x", "tls", "NOOP", ""]
    assert all(read_line(line, 7).number == 7 and read_line(line, 7).written == line for line in written)


def test_how_hidden_characters_are_spelt():
    assert visible(b"\x00\x1f\x7f\xc2\x80\xc2\xad") == r"\x00\x1f\x7f\x80\xad"
    assert visible("\u200b\U000e0001".encode()) == r"\u200b\U000e0001"
    assert visible(b"\xff ~") == r"\xff ~"


def test_only_crlf_ends_a_content_line():
    assert list(lines(b"\r\na\nb\r\n\r\nc")) == [b"\r\n", b"a\nb\r\n", b"\r\n", b"c"]
    assert list(lines(b"")) == []


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        (b"DATA \t\r\n", "verb space crlf"),
        (b"MAIL FROM:<> A=1 B\r\n", "verb space literal reverse-path space parameter space parameter crlf"),
        (b"RCPT TO:<@a:b@c>", "verb space literal forward-path"),
        (b"EHLO [1.2.3.4]\r\n", "verb space address-literal crlf"),
        (b"HELO a\r\n", "verb space domain crlf"),
        (b"NOOP a b\r\n", "verb space string crlf"),
        (b"AUTH PLAIN AAAA\r\n", "verb space string space secret crlf"),
        (b"MAIL FROM:<a@b> A=\r\n", "verb space literal reverse-path space parameter crlf"),
        (b"DATA x\0\xe9\n\r\r\n", "verb space unparsed nul eight-bit bare-lf bare-cr crlf"),
        (b"XYZZY a\r\n", "verb unparsed crlf"),
        (b"@\r\n", "unparsed crlf"),
        (b"MAIL FROM:a\r\n", "verb space literal unparsed crlf"),
        (b"DATA \x80", "verb space eight-bit"),
        (b"DATA \x7f", "verb space unparsed"),
    ],
)
def test_the_parts_of_a_command_line(line, parts):
    spans = DIALECT.parse(line).spans
    assert " ".join(each.part for each in spans) == parts
    assert {each.part for each in span.walk(spans)} <= span.PARTS.keys()


def test_the_parts_of_a_path():
    spans = DIALECT.parse(b"MAIL FROM:<@a,@b:c@[1.2.3.4]>\r\n").spans
    path = span.find(spans, "reverse-path")
    assert [each.part for each in path.inner] == [
        "angle",
        "source-route",
        "local-part",
        "at",
        "address-literal",
        "angle",
    ]
    route = span.find(spans, "source-route")
    assert [each.part for each in route.inner] == ["at", "domain", "literal", "at", "domain", "literal"]
    (parameter,) = [each for each in DIALECT.parse(b"MAIL FROM:<> A=1").spans if each.part == "parameter"]
    assert [each.part for each in parameter.inner] == ["esmtp-keyword", "equals", "esmtp-value"]
    assert span.find(OLD.parse(b"MAIL FROM:<a@[1.2.3.4]>").spans, "address-literal") is not None
    (null,) = [each for each in DIALECT.parse(b"MAIL FROM:<>").spans if each.part == "reverse-path"]
    assert [each.part for each in null.inner] == ["angle", "angle"]


@pytest.mark.parametrize(
    ("line", "slug", "at"),
    [
        (b"MAIL FROM:<@a,b:c@d>", "source-route", 14),
        (b"MAIL FROM:<@a,:c@d>", "source-route", 14),
        (b"MAIL FROM:<@a c@d>", "source-route", 13),
        (b"RCPT TO:<@a:Postmaster>", "path-domain", 22),
        (b"RCPT TO:<Postmaster@>", "domain", 20),
        (b"EHLO [1.2.3.4]X", "domain", 14),
        (b"MAIL FROM:<a@b>X", "too-much", 15),
        (b"MAIL FROM:<a@b> X=1=", "too-much", 19),
        (b"MAIL FROM:<a@" + b"b" * 252 + b">", None, 0),
        (b"MAIL FROM:<a@" + b"b" * 253 + b">", "path-too-long", 10),
        (b"MAIL FROM:<" + b"a" * 64 + b"@b>", None, 0),
        (b"EHLO " + b"a" * 255, None, 0),
    ],
)
def test_where_a_path_goes_wrong(line, slug, at):
    problem = DIALECT.parse(line).problem
    assert (problem and problem[2:], problem.at if problem else 0) == (slug and (slug,), at)


@pytest.mark.parametrize("octet", [0x80, 0x81, 0xFE, 0xFF])
def test_octets_that_are_no_text_are_spelt_and_take_their_room(octet):
    assert visible(bytes([octet])) == f"\\x{octet:02x}"
    assert columns(bytes([octet]) + b"a") == [0, 4, 5]
    assert columns(bytes([octet]) + b"a", escaped=False) == [0, 4, 5]
    assert columns(b"\x00\xc3\xa9", escaped=False) == [0, 1, 1, 2]
    assert columns(b"\x00\xc3\xa9") == [0, 4, 4, 5]


def test_of_counted_octets_a_cr_at_the_end_waits_and_nothing_else():
    framer = Framer()
    framer.feed(b"ab\r")
    assert framer.counted(10) == b"ab"
    assert framer.buffer == b"\r"
    assert framer.counted(1) == b"\r"
