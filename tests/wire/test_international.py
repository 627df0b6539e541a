"""Characters beyond US-ASCII on the wire: what is UTF-8, what a domain is called, how text is shown in US-ASCII."""

import encodings.idna

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmtp_lab.extensions import SHIPPED
from esmtp_lab.protocol.dialect import dialect_of
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.wire.content import international
from esmtp_lab.wire.framing import Deviation, Line, deviations
from esmtp_lab.wire.grammar import RFC821, RFC2821, RFC5321, with_utf8
from esmtp_lab.wire.international import a_labels, embedded, strange, u_labels
from esmtp_lab.wire.path import Path, quote
from esmtp_lab.wire.span import leaves, tiles
from esmtp_lab.wire.visible import columns, decode, visible

OFFERED = ("8BITMIME", "SMTPUTF8")
NOT_UTF8 = {
    "overlong": b"\xc0\xaf",
    "overlong of three": b"\xe0\x9f\xbf",
    "overlong of four": b"\xf0\x8f\xbf\xbf",
    "surrogate": b"\xed\xa0\x80",
    "beyond Unicode": b"\xf4\x90\x80\x80",
    "truncated": b"\xce",
    "truncated of four": b"\xf0\x9f\x98",
    "tail alone": b"\x80",
    "never": b"\xff",
    "Latin-1": "é".encode("latin-1"),
}


def parsed(line: bytes, era: str = "rfc2821", offered: tuple[str, ...] = OFFERED):
    dialect = dialect_of(ERAS[era], SHIPPED)
    return dialect.parse(line + b"\r\n", dialect.grammar(offered))


@pytest.mark.parametrize("octets", NOT_UTF8.values(), ids=NOT_UTF8)
@pytest.mark.parametrize("place", ["<%b@a>", "<a%b@a>", '<"%b"@a>', "<a@%b>", "<a@b%b.c>"])
def test_what_is_no_utf_8_is_taken_nowhere(place: str, octets: bytes) -> None:
    line = b"MAIL FROM:" + place.encode().replace(b"%b", octets) + b" SMTPUTF8"
    for era in ("rfc1869", "rfc2821", "rfc5321"):
        assert parsed(line, era).problem is not None
    dialect = dialect_of(ERAS["rfc2821"], SHIPPED)
    heard = dialect.heard(Line(line, len(line)), False, dialect.grammar(OFFERED))
    assert [each.kind for each in heard.deviations] == ["not-utf-8"]
    assert heard.deviations[0].at == line.index(octets)


@given(st.binary(max_size=12))
def test_octets_are_strange_where_python_cannot_decode_them(octets: bytes) -> None:
    found = [each for each in strange(octets, deviations(octets)) if each.kind == "not-utf-8"]
    shown = octets.decode("utf-8", "surrogateescape")
    lost = next((place for place, char in enumerate(shown) if "\udc80" <= char <= "\udcff"), None)
    wanted = [] if lost is None else [len(shown[:lost].encode())]
    assert [each.at for each in found][:1] == wanted
    assert [each for each in strange(octets, deviations(octets)) if each.kind != "not-utf-8"] == [
        each for each in deviations(octets) if each.kind != "eight-bit"
    ]


@given(st.text(st.characters(min_codepoint=0x80, exclude_categories=["Cs"]), min_size=1, max_size=15))
@pytest.mark.parametrize("era", ["rfc1869", "rfc2821", "rfc5321"])
def test_any_character_may_stand_in_atoms_quotes_and_labels(era: str, text: str) -> None:
    for path in (f"<{text}@{text}.example>", f'<"{text} {text}"@a>', f"<a.{text}@a-{text}>", f"<@{text}:a@b>"):
        command = parsed(b"RCPT TO:" + path.encode(), era)
        assert (command.problem is None) == (len(path.split("@")[0].encode()) <= 65), path
        assert parsed(b"RCPT TO:" + path.encode(), era, ("8BITMIME",)).problem is not None


@pytest.mark.parametrize(
    "path", ["é..a@b", ".é@b", "é é@b", 'é"é@b', "a@-é", "a@é-", "a@é..b", "a@é_", "a@[é]", '"\\é"@b']
)
def test_the_delimiters_are_those_of_the_base(path: str) -> None:
    """RFC 6531 section 3.2: parsing and delimiters are unchanged."""
    assert parsed(f"MAIL FROM:<{path}>".encode(), "rfc5321").problem is not None


def test_lengths_are_counted_in_octets() -> None:
    for local, domain, right in (("é" * 32, "b", True), ("é" * 32 + "a", "b", False), ("a", "é" * 120, True)):
        assert (parsed(f"MAIL FROM:<{local}@{domain}>".encode()).problem is None) == right
    assert parsed(f"MAIL FROM:<a@{'é' * 128}>".encode()).problem.slug == "domain-too-long"
    assert parsed(f"MAIL FROM:<{'é' * 32}@{'é' * 95}.a>".encode()).problem.slug == "path-too-long"


@pytest.mark.parametrize(
    ("line", "string", "parameters"),
    [
        ("VRFY δ", "δ", []),
        ("VRFY δ SMTPUTF8", "δ", ["SMTPUTF8"]),
        ("vrfy Δ δ  smtputf8 ", "Δ δ", None),
        ("VRFY a b smtputf8 \t", "a b", ["SMTPUTF8"]),
        ("EXPN SMTPUTF8", "SMTPUTF8", []),
        ("EXPN SMTPUTF8 SMTPUTF8", "SMTPUTF8", ["SMTPUTF8"]),
        ("EXPN a SMTPUTF8=1", "a", ["SMTPUTF8"]),
        ("EXPN a SMTPUTF8=", "a", None),
        ("EXPN aSMTPUTF8", "aSMTPUTF8", []),
        ("EXPN a SMTPUTF8 b", "a SMTPUTF8 b", []),
        ("VRFY a BODY=7BIT", "a BODY=7BIT", []),
        ("NOOP δ SMTPUTF8", "δ SMTPUTF8", []),
        ("HELP δ", "δ", []),
    ],
)
def test_the_argument_of_vrfy_and_what_may_stand_behind_it(
    line: str, string: str, parameters: list[str] | None
) -> None:
    command = parsed(line.encode())
    assert command.text("string") == string
    assert (command.problem is None) == (parameters is not None)
    if parameters is not None:
        assert [each.keyword for each in command.parameters] == parameters
    assert tiles(command.spans, 0, len(line.encode()) + 2)


def test_where_it_is_not_offered_the_line_is_what_it_was() -> None:
    assert parsed(b"VRFY ada SMTPUTF8", offered=()).text("string") == "ada SMTPUTF8"
    assert parsed(b"VRFY ada SMTPUTF8", offered=()).parameters == ()
    dialect = dialect_of(ERAS["rfc821"], SHIPPED)
    assert dialect.grammar(OFFERED) is RFC821


@pytest.mark.parametrize("line", ["EHLO bücher.example", "HELO é", "EHLO é"])
def test_whoever_says_who_it_is_keeps_to_us_ascii(line: str) -> None:
    """RFC 6531 section 3.7.1."""
    assert parsed(line.encode()).problem.slug == "domain"
    assert parsed(b"EHLO xn--bcher-kva.example").problem is None


def test_a_wider_grammar_is_made_once_and_knows_the_one_without() -> None:
    for grammar in (RFC821, RFC2821, RFC5321):
        wide = with_utf8(grammar)
        assert wide is with_utf8(grammar)
        assert wide.narrow is grammar
        assert (wide.name, wide.longest_domain) == (grammar.name, grammar.longest_domain)


def test_a_value_may_hold_utf_8() -> None:
    """RFC 6531 section 3.3: esmtp-value."""
    assert parsed("MAIL FROM:<> X=é".encode()).parameters[0].value == "é".encode()
    assert parsed("MAIL FROM:<> X=é".encode(), offered=()).problem is not None
    assert parsed("MAIL FROM:<> é=X".encode()).problem is not None


# Spans -----------------------------------------------------------------------------------------------


@given(
    st.text(
        st.characters(min_codepoint=0x21, exclude_characters='<>@"\\,:;()[].\x7f', exclude_categories=["Cs"]),
        min_size=1,
        max_size=12,
    )
)
def test_spans_count_octets_and_columns_characters(text: str) -> None:
    line = f"MAIL FROM:<{text}@b> SMTPUTF8".encode()
    command = parsed(line)
    assert command.problem is None
    (span,) = [each for each in leaves(command.spans) if each.part == "local-part"]
    assert line[span.start : span.end] == text.encode()
    places = columns(line, escaped=False)
    assert decode(line)[places[span.start] : places[span.end]] == text
    places = columns(line)
    assert visible(line)[places[span.start] : places[span.end]] == visible(text.encode())


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\u200f", "\u061c", "\x85", "\u2028", "\ufeff", "\u200b"])
def test_an_address_cannot_turn_what_is_shown_around(mark: str) -> None:
    line = f"MAIL FROM:<a{mark}b@c> SMTPUTF8".encode()
    assert parsed(line).problem is None
    assert mark not in visible(line)
    assert "a\\" in visible(line)


# Domains ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("u", "a"),
    [
        ("bücher.example", "xn--bcher-kva.example"),
        ("παράδειγμα.example", "xn--hxajbheg2az3al.example"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("faß.example", "xn--fa-hia.example"),
        ("lab.example", "lab.example"),
    ],
)
def test_a_domain_in_both_its_forms(u: str, a: str) -> None:
    """RFC 5890 section 2.3.2.1; IDNA2008 keeps the ß that IDNA2003 lost."""
    assert (a_labels(u), u_labels(a)) == (a, u)
    assert a_labels(a.upper()) == a
    assert u_labels(a.upper()).lower() == u


def test_what_can_be_written_in_two_ways_is_one_domain() -> None:
    assert a_labels("Bu\u0308CHER.example") == a_labels("bücher.example") == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    "label",
    ["xn--", "xn--a", "xn--a-", "xn--99999999", "xn---", "xn--\u00e9", "xn--ab\u00e9-kva", "xn--i-7iq", "xn--l8h"],
)
def test_what_stands_for_no_u_label_stays(label: str) -> None:
    """I have an emoji, a false prefix, and no Punycode at all."""
    assert u_labels(f"{label}.example") == f"{label}.example"


@given(
    st.text(st.characters(categories=["Ll", "Lo"], min_codepoint=0xE0, max_codepoint=0x4FFF), min_size=1, max_size=8)
)
def test_a_labels_are_those_of_the_codec_of_python(text: str) -> None:
    """Where IDNA2003 maps nothing, both give the same label."""
    try:
        wanted = encodings.idna.ToASCII(text).decode()
    except UnicodeError:
        return
    if encodings.idna.nameprep(text) == text:
        assert a_labels(text) == wanted


@given(st.text(max_size=20), st.from_regex(r"(xn--)?[a-z0-9-]{0,12}", fullmatch=True))
def test_domains_never_raise_and_shown_ones_come_back(text: str, label: str) -> None:
    assert isinstance(a_labels(text), str)
    assert a_labels(u_labels(label)) == a_labels(label)
    assert isinstance(u_labels(f"{text}.{label}"), str)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("ada", "ada"), ("δ\r\n\x00x", "\\x{3B4}???x"), ("\U0001f600", "\\x{1F600}"), ("\x85", "\\x{85}")],
)
def test_text_in_us_ascii(text: str, shown: str) -> None:
    assert embedded(text) == shown


def test_a_local_part_is_quoted_where_it_must_be() -> None:
    assert quote("δοκ.ιμή".encode()) == "δοκ.ιμή".encode()
    assert quote("δ ο".encode()) == '"δ ο"'.encode()
    assert quote(b"\xff") == b'"\xff"'
    assert Path(b"a", b"b").plain
    assert not Path("δ".encode(), b"b").plain
    assert not Path(b"a", "δ".encode()).plain


# Header sections -------------------------------------------------------------------------------------

NESTED = "Content-Type: {kind}\r\n\r\nx\r\n--b c\r\n{inner}\r\n\r\nκ\r\n--b c--\r\n"


@pytest.mark.parametrize(
    ("content", "needed"),
    [
        ("Subject: tea\r\n\r\nAt five.\r\n", False),
        ("Subject: tea\r\n\r\nκαλημέρα\r\n", False),
        ("Subject: Δ\r\n\r\n", True),
        ("Subject: x\r\n Δ\r\n\r\n", True),
        ("κ\r\nSubject: Δ\r\n", False),
        ("Subject: Δ", True),
        (NESTED.format(kind='multipart/mixed;\r\n boundary="b c"', inner="Content-Description: Δ"), True),
        (NESTED.format(kind='multipart/mixed;\r\n boundary="b c"', inner="Content-Description: x"), False),
        (NESTED.format(kind='multipart/mixed; boundary="other"', inner="Content-Description: Δ"), False),
        (NESTED.format(kind="multipart/mixed; boundary=b", inner="Content-Description: Δ"), False),
        (
            NESTED.format(kind='multipart/x; BOUNDARY = "b c"', inner="Content-Type:\r\n message/rfc822\r\n\r\nA: Δ"),
            True,
        ),
        ("Content-Type: message/global\r\n\r\nSubject: Δ\r\n\r\n", True),
        ("Content-Type: message/delivery-status\r\n\r\nSubject: Δ\r\n\r\n", False),
        (
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b \t\r\n"
            'Content-Type: multipart/alternative; boundary="c"'
            "\r\n\r\n--c\r\n\r\nκ\r\n--c\r\nX: Δ\r\n\r\n--c--\r\n--b--\r\n",
            True,
        ),
    ],
)
def test_which_letters_need_it_for_their_header(content: str, needed: bool) -> None:
    """RFC 6531 section 3.2: at any level within the MIME structure."""
    assert international(content.encode()) == needed


def test_octets_that_are_no_characters_make_no_header_international() -> None:
    assert not international(b"Subject: caf\xe9\r\n\r\n")
    assert not international(b"\xff")


@given(st.binary(max_size=200))
def test_any_octets_have_an_answer(octets: bytes) -> None:
    assert international(octets) in (True, False)


def test_deviations_of_other_kinds_stay() -> None:
    octets = "é\0\n".encode() + b"\xffx\xc3\xa9\xff\xc3\xa9"
    assert [*strange(octets, deviations(octets))] == [
        Deviation(2, "nul"),
        Deviation(3, "bare-lf"),
        Deviation(4, "not-utf-8", 1),
        Deviation(8, "not-utf-8", 3),
    ]


def test_a_label_with_a_hyphen_comes_back() -> None:
    assert u_labels(a_labels("δ-x.example")) == "δ-x.example"
