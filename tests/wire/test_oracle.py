"""The grammar that RFC 5321 prints, run by the `abnf` package, as oracle for command lines and paths.

`Printed` is that grammar by the letter. `Read` is the same with our readings of it, each with its reason and with
lines on which the two differ; for those alone may our parser and the standard's letter come to different verdicts.
`International` is what RFC 6531 section 3.3 makes of the grammar as we read it.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path as FilePath
from typing import NamedTuple

import pytest
from abnf import ParseError, Rule
from abnf.grammars import rfc5322
from hypothesis import example, given, settings
from hypothesis import strategies as st

from esmtp_lab.extensions import SHIPPED
from esmtp_lab.protocol.dialect import dialect_of
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.wire.grammar import Grammar, with_utf8
from esmtp_lab.wire.parameter import scan_parameters
from esmtp_lab.wire.path import scan_domain, scan_path
from esmtp_lab.wire.scan import Scanner

DIALECT = dialect_of(ERAS["rfc5321"], SHIPPED)
GRAMMAR = DIALECT.era.grammar
PRINTED = (FilePath(__file__).parent / "rfc5321.abnf").read_text()
COMMANDS = ["ehlo", "helo", "mail", "rcpt", "data", "rset", "vrfy", "expn", "help", "noop", "quit"]


class Reading(NamedTuple):
    """Where we do not take the letter: why, the rules as we read them, and lines that show the difference."""

    why: str
    rules: str
    taken: tuple[bytes, ...] = ()
    refused: tuple[bytes, ...] = ()


READINGS = (
    Reading(
        "A line may end in white space: section 4.1.1 asks receivers to tolerate it.",
        "",  # in Read every CRLF of a command becomes *WSP CRLF
        taken=(b"DATA ", b"DATA\t", b"QUIT \t", b"MAIL FROM:<> ", b"RCPT TO:<a@b> X=1\t", b"EHLO a.example ", b"NOOP "),
    ),
    Reading(
        "The argument of VRFY, EXPN, HELP and NOOP is any text: String leaves out the at-sign of the standard's own "
        "VRFY examples (section 3.5.1), and the space of a person's name.",
        "String = *%d32-126 %d33-126",
        taken=(b"VRFY smith@foo.example", b"VRFY John Smith", b"EXPN <a list>", b"NOOP  two spaces", b'HELP "'),
    ),
    Reading(
        "The tag IPv6 is that of IPv6 addresses (section 4.1.3): General-address-literal would let anything behind it.",
        'ipv6-tag = "IPv6"',  # which Standardized-tag then excludes
        refused=(b"EHLO [IPv6:1::2::3]", b"EHLO [ipv6:1:2:3]", b"RCPT TO:<a@[IPv6:nonsense]>", b"EHLO [IPv6:::g]"),
    ),
    Reading(
        "Snum is a number from 0 through 255, as its comment says.",
        'Snum = "25" %x30-35 / "2" %x30-34 DIGIT / [%x30-31] 1*2DIGIT',
        refused=(b"EHLO [256.1.1.1]", b"MAIL FROM:<a@[1.2.3.999]>", b"EHLO [300.0.0.1]"),
    ),
    Reading(
        "Section 4.5.3.1 gives a Local-part 64 octets, a domain 255 and a path 256 with its punctuation; the grammar "
        "does not count.",
        "",  # LONGEST, below
        refused=(
            b"MAIL FROM:<" + b"a" * 65 + b"@b>",
            b"RCPT TO:<" + b'"' + b"a" * 63 + b'"' + b"@b>",
            b"EHLO " + b"a" * 256,
            b"RCPT TO:<a@" + b"b" * 253 + b">",
            b"RCPT TO:<@" + b"c" * 250 + b":a@b>",
        ),
    ),
    Reading(
        '"::" stands for at least two groups: at most 6 stand beside it, 4 beside an IPv4 address (section 4.1.3).',
        """
h = IPv6-hex
IPv6-comp = "::" [h *5(":" h)] / h "::" [h *4(":" h)] / h ":" h "::" [h *3(":" h)] / h 2(":" h) "::" [h *2(":" h)]
IPv6-comp =/ h 3(":" h) "::" [h *1(":" h)] / h 4(":" h) "::" [h] / h 5(":" h) "::"
four = IPv4-address-literal
IPv6v4-comp = "::" [h *3(":" h) ":"] four / h "::" [h *2(":" h) ":"] four / h ":" h "::" [h *1(":" h) ":"] four
IPv6v4-comp =/ h 2(":" h) "::" [h ":"] four / h 3(":" h) "::" four
""",
        refused=(b"EHLO [IPv6:1:2:3:4::5:6:7]", b"EHLO [IPv6:1:2:3::4:5:127.0.0.1]"),
    ),
)

LONGEST = {
    "Local-part": GRAMMAR.longest_local_part,
    "Domain": GRAMMAR.longest_domain,
    "address-literal": GRAMMAR.longest_domain,
    "Path": GRAMMAR.longest_path,
}


class Printed(Rule):
    """RFC 5321 by the letter."""


class Read(Rule):
    """RFC 5321 as we read it."""


def _load(rules: type[Rule], text: str) -> None:
    rules.load_grammar(text)
    rules("atext", rfc5322.Rule("atext").definition)
    rules.create("command = " + " / ".join(COMMANDS))


_READ = "".join(reading.rules + "\n" for reading in READINGS if reading.rules).lstrip()
_NEW = set(re.findall(r"^(\S+) = ", _READ, re.MULTILINE))
_KEPT = "\n".join(line for line in PRINTED.splitlines() if line.split(" = ")[0] not in _NEW)
# The two alternatives of <Postmaster@domain> are one language; the second has nodes whose length can be measured.
_KEPT = _KEPT.replace(" CRLF\n", " *WSP CRLF\n").replace('"<Postmaster@" Domain ">" / ', "")
_load(Printed, PRINTED)
_load(Read, f"{_KEPT}\n{_READ}")
Read("Standardized-tag").exclude_rule(Read("ipv6-tag"))


INTERNATIONAL = """
UTF8-tail = %x80-BF
UTF8-2 = %xC2-DF UTF8-tail
UTF8-3 = %xE0 %xA0-BF UTF8-tail / %xE1-EC 2( UTF8-tail ) / %xED %x80-9F UTF8-tail / %xEE-EF 2( UTF8-tail )
UTF8-4 = %xF0 %x90-BF 2( UTF8-tail ) / %xF1-F3 3( UTF8-tail ) / %xF4 %x80-8F 2( UTF8-tail )
UTF8-non-ascii = UTF8-2 / UTF8-3 / UTF8-4
u-char = Let-dig / UTF8-non-ascii
U-label = u-char [*(u-char / "-") u-char]
sub-domain =/ U-label
qtextSMTP =/ UTF8-non-ascii
esmtp-value =/ 1*(%d33-60 / %d62-126 / UTF8-non-ascii)
"""
"""RFC 6531 section 3.3, with RFC 3629 section 4. RFC 5890 section 2.3.2.1 has no production for `U-label`: here it is
what grammar can say of one. `esmtp-value` is extended as if by the letter it were of one character alone."""


class International(Rule):
    """RFC 5321 as we read it, with the extended productions of RFC 6531."""


def _load_international() -> None:
    _load(International, f"{_KEPT}\n{_READ}")
    International("Standardized-tag").exclude_rule(International("ipv6-tag"))
    International.load_grammar(INTERNATIONAL.lstrip())
    International.create("wide-atext = plain-atext / UTF8-non-ascii")
    International("plain-atext", International("atext").definition)
    International("atext", International("wide-atext").definition)


_load_international()


def derivable(rules: type[Rule], name: str, octets: bytes) -> bool:
    """The oracle's verdict; under `Read` with the lengths of section 4.5.3.1."""
    try:
        tree = rules(name).parse_all(octets.decode("latin-1"))
    except ParseError:
        return False
    return rules is Printed or all(len(node.value) <= LONGEST.get(node.name, 10_000) for node in _nodes(tree))


def _nodes(node) -> Iterator:
    yield node
    for child in node.children:
        yield from _nodes(child)


def line_is_right(line: bytes) -> bool:
    """Our verdict on a command line that RFC 5321 has."""
    command = DIALECT.parse(line + b"\r\n")
    return command.problem is None and command.verb.lower() in COMMANDS


def _whole(octets: bytes, scan) -> bool:
    scanner = Scanner(octets, len(octets))
    return scan(scanner) is not None and scanner.problem is None and scanner.done


@cache
def ours(name: str, octets: bytes, grammar: Grammar = GRAMMAR) -> bool:
    """Our verdict on the octets as one production."""
    match name:
        case "Domain":
            return _whole(octets, lambda scanner: scan_domain(scanner, grammar, literal=False))
        case "address-literal":
            return octets.startswith(b"[") and _whole(octets, lambda scanner: scan_domain(scanner, grammar))
        case "Path":
            return _whole(octets, lambda scanner: scan_path(scanner, grammar, "path"))
        case "Reverse-path":
            return _whole(octets, lambda scanner: scan_path(scanner, grammar, "reverse-path"))
        case "Mailbox":  # a path without its brackets; a route is none of it
            return not octets.startswith(b"@") and ours("Path", b"<" + octets + b">", grammar)
        case _:
            return b" " not in octets and _whole(octets, lambda scanner: scan_parameters(scanner, grammar) or None)


GOOD = tuple(
    b"""\
EHLO a
ehlo client.example
EHLO 3com.example
EHLO a-b.c--d.e
EHLO [127.0.0.1]
EHLO [IPv6:::1]
EHLO [ipv6:2001:db8::1]
EHLO [IPv6:1:2:3:4:5:6:7:8]
EHLO [IPv6:1:2:3:4::5:6]
EHLO [IPv6:1:2:3:4:5:6::]
EHLO [IPv6:::]
EHLO [IPv6:::ffff:127.0.0.1]
EHLO [IPv6:1:2:3:4:5:6:1.2.3.4]
EHLO [IPv6:1:2::3:4:1.2.3.4]
EHLO [x:y]
EHLO [x-tag:any!thing;?but-brackets]
HELO client.example
MAIL FROM:<>
MAIL FROM:<ada@client.example>
mail from:<ada@client.example>
MAIL FROM:<@a,@b.c:ada@client.example>
MAIL FROM:<a.b.c@client.example>
MAIL FROM:<!#$%&'*+-/=?^_`{|}~@client.example>
MAIL FROM:<""@a>
MAIL FROM:<"a b"@c>
MAIL FROM:<"a\\"b\\\\c"@d>
MAIL FROM:<ada@[127.0.0.1]>
MAIL FROM:<ada@[IPv6:::1]> SIZE=10 BODY=8BITMIME X
MAIL FROM:<ada@a> a=<>@,:
RCPT TO:<Postmaster>
RCPT TO:<POSTMASTER>
RCPT TO:<postmaster@lab.example>
RCPT TO:<@a:postmaster@lab.example> NOTIFY=NEVER
RCPT TO:<ada@lab.example>
DATA
data
RSET
VRFY ada
VRFY "ada lovelace"
EXPN friends
HELP
HELP MAIL
NOOP
NOOP ignored
QUIT""".split(b"\n")
)
BAD = tuple(
    rb"""
EHLO
EHLO
HELO [127.0.0.1]
EHLO a_b
EHLO -a
EHLO a-
EHLO .a
EHLO a..b
EHLO a.
EHLO a b
EHLO  a
EHLO [127.0.0]
EHLO [127.0.0.1.1]
EHLO [127.0.0.1
EHLO []
EHLO [:x]
EHLO [x-:y]
EHLO [x:]
EHLO [x:a\b]
EHLO [x:a]b]
EHLO 127.0.0.1]
MAIL
MAIL FROM
MAIL FROM:
MAIL  FROM:<a@b>
MAIL FROM :<a@b>
MAIL FROM: <a@b>
MAIL FROM:a@b
MAIL FROM:<a@b
MAIL FROM:a@b>
MAIL FROM:<<a@b>>
MAIL FROM:<a>
MAIL FROM:<@b>
MAIL FROM:<a@>
MAIL FROM:<a@b@c>
MAIL FROM:<.a@b>
MAIL FROM:<a.@b>
MAIL FROM:<a..b@c>
MAIL FROM:<a b@c>
MAIL FROM:<"a@b>
MAIL FROM:<a"b"@c>
MAIL FROM:<"a"b@c>
MAIL FROM:<"a\">
MAIL FROM:<a\@b@c>
MAIL FROM:<@a,b:c@d>
MAIL FROM:<@a,:c@d>
MAIL FROM:<@a:>
MAIL FROM:<@a c@d>
MAIL FROM:<a@b>X=1
MAIL FROM:<a@b>  X=1
MAIL FROM:<a@b> =1
MAIL FROM:<a@b> X=
MAIL FROM:<a@b> X=1=2
MAIL FROM:<a@b> -X
MAIL FROM:<a@b> X,Y
MAIL FROM:<Postmaster>
MAIL TO:<a@b>
RCPT TO:<>
RCPT FROM:<a@b>
RCPT TO:<@a:Postmaster>
RCPT TO:<"Postmaster">
RCPT TO:<postmaste>
DATA now
DATAX
RSET x
QUIT x
VRFY
EXPN
NOOPx
XYZZY
MAILFROM:<a@b>""".split(b"\n")
)
OCTETS = (
    b"MAIL FROM:<a@b>\x00",
    b"MAIL\tFROM:<a@b>",
    b"MAIL FROM:<\xe9@b>",
    b"NOOP \xff",
    b"RCPT TO:<a@b\n>",
    b"QUIT\r",
)
OLDER = (
    b'MAIL FROM:<"a\tb"@c>',
    b'RCPT TO:<"\x01"@c>',
    b'RCPT TO:<"\\\x7f"@c>',
    b"MAIL FROM:<@[1.2.3.4]:a@b>",
    b"RCPT TO:<@a,@[IPv6:::1]:a@b>",
    b"RCPT TO:<@[x:y],@a:a@b>",
)
"""Controls in quotes, and address literals in a source route."""

PATHS = (
    "<>",
    "<a@b>",
    "<@a:b@c>",
    "<@a,@b:c@d>",
    "<@a:@b:c@d>",
    '<"a"@b>',
    "<postmaster>",
    "<a@[1.2.3.4]>",
    "<a>",
    "",
    "<",
    "<a@b>x",
)


@pytest.mark.parametrize("line", GOOD)
def test_lines_that_both_take(line):
    assert derivable(Printed, "command", line + b"\r\n")
    assert line_is_right(line)


@pytest.mark.parametrize("line", [*BAD, *OCTETS, *OLDER])
def test_lines_that_both_refuse(line):
    assert not derivable(Printed, "command", line + b"\r\n")
    assert not line_is_right(line)


@pytest.mark.parametrize("line", OLDER)
def test_lines_that_the_standard_before_took(line):
    """RFC 2821 section 4.1.2: `qcontent` holds controls, and the `Domain` of an `At-domain` is a literal as well."""
    assert dialect_of(ERAS["rfc2821"], SHIPPED).parse(line + b"\r\n").problem is None


@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: reading.why.split(":")[0])
def test_each_reading_is_shown_by_lines_on_which_it_differs_from_the_letter(reading):
    for line in reading.taken + reading.refused:
        assert line_is_right(line) == (line in reading.taken), line
        assert derivable(Read, "command", line + b"\r\n") == (line in reading.taken), line
        assert derivable(Printed, "command", line + b"\r\n") == (line in reading.refused), line


# Near the grammar: good lines, changed a little; and pieces of the grammar in any order.
EDGES = [bytes([octet]) for octet in b'<>@:,.-=[]"\\ \t\r\n\x00\x01\x7f\xff_aZ0+!']
WORDS = b'"" :: [IPv6: [x: 127.0.0.1 255 256 ffff 1:2:3 FROM: TO: Postmaster a.b @a: SIZE=1 VRFY'.split()
PIECES = st.sampled_from([*EDGES, *WORDS])


@st.composite
def near(draw, good: tuple[bytes, ...]) -> bytes:
    """One of the good lines after up to three changes, or the head of one with the tail of another."""
    line = draw(st.sampled_from(good))
    for _ in range(draw(st.integers(0, 3))):
        at, behind = sorted(draw(st.tuples(st.integers(0, len(line)), st.integers(0, len(line)))))
        match draw(st.sampled_from(["insert", "replace", "delete", "repeat", "join", "case"])):
            case "insert":
                line = line[:at] + draw(PIECES) + line[at:]
            case "replace":
                line = line[:at] + draw(PIECES) + line[at + 1 :]
            case "delete":
                line = line[:at] + line[min(behind, at + 3) :]
            case "repeat":
                line = line[:behind] + line[at:behind] * draw(st.sampled_from([1, 1, 2, 30])) + line[behind:]
            case "join":
                other = draw(st.sampled_from(good))
                line = line[:at] + other[draw(st.integers(0, len(other))) :]
            case _:
                line = line[:at] + line[at:behind].swapcase() + line[behind:]
    return line


def joined(words: str) -> st.SearchStrategy[bytes]:
    return st.lists(st.sampled_from(words.encode().split()), max_size=14).map(b"".join)


LITERALS = tuple(line[5:] for line in GOOD if line.startswith(b"EHLO ["))
GOOD_PATHS = tuple(
    sorted({line[line.index(b"<") :].split(b"> ")[0].rstrip(b">") + b">" for line in GOOD if b":<" in line})
)
MAILBOXES = tuple(path[1:-1].rpartition(b":")[2] for path in GOOD_PATHS if b"@" in path and b"[" not in path)
NAMES = {
    "Domain": st.one_of(joined("a b1 - -- . .. _ [ 127 é"), near((b"a", b"client.example", b"a-b.3.c--d"))),
    "address-literal": st.one_of(
        near(LITERALS),
        joined(": :: : 1 ffff 1:2 127.0.0.1").map(lambda text: b"[IPv6:" + text + b"]"),
        joined("0 1 25 255 256 2 . . . 09 00").map(lambda text: b"[" + text + b"]"),
    ),
    "Mailbox": near(MAILBOXES),
    "Path": near(GOOD_PATHS),
    "Reverse-path": near(GOOD_PATHS),
    "esmtp-param": st.one_of(joined("a X - = == 1 ! < > é + \x7f"), near((b"SIZE=10", b"BODY=8BITMIME", b"X-Y"))),
}


@settings(max_examples=600)
@given(near(GOOD))
@example(b"RCPT TO:<@a:postmaster>")
def test_lines_near_the_grammar_get_the_same_verdict(line):
    if not re.search(rb"\r\n", line):
        assert line_is_right(line) == derivable(Read, "command", line + b"\r\n")


@settings(max_examples=600)
@given(st.data(), st.sampled_from(sorted(NAMES)))
def test_productions_get_the_same_verdict(data, name):
    octets = data.draw(NAMES[name])
    assert ours(name, octets) == derivable(Read, name, octets)


WIDE = with_utf8(GRAMMAR)
SCRIPTS = ["é", "ß", "δοκιμή", "例え", "\u202e", "\x80", "߿", "ࠀ", "\ud7ff", "\ue000", "\uffff", "𐀀", "\U0010ffff"]
SHREDS = [
    *(text.encode() for text in SCRIPTS),
    b"\xc3",
    b"\xa9",
    b"\xc0\xaf",
    b"\xe0\x80\x80",
    b"\xed\xa0\x80",
    b"\xf5",
]
"""Characters from every range of RFC 3629 section 4, and octets that are none."""


@settings(max_examples=800)
@given(st.data(), st.sampled_from(["Domain", "Mailbox", "Path", "Reverse-path", "esmtp-param"]))
def test_extended_productions_get_the_same_verdict(data, name):
    """RFC 6531 section 3.3; without the extension nothing of it is taken."""
    octets = data.draw(NAMES[name])
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(octets)))
        octets = octets[:at] + data.draw(st.sampled_from(SHREDS)) + octets[at:]
    assert ours(name, octets, WIDE) == derivable(International, name, octets)
    if not octets.isascii():
        assert not ours(name, octets)


@pytest.mark.parametrize("text", ["<δ@b>", "<a@bücher.example>", '<"δ ο"@例え>', "<@é:δ.ο@b>", "<a\u202eb@c>"])
def test_international_paths_that_both_take(text):
    assert ours("Path", text.encode(), WIDE)
    assert derivable(International, "Path", text.encode())
    assert not derivable(Read, "Path", text.encode())


@pytest.mark.parametrize("text", ["<é..a@b>", "<é é@b>", "<a@é->", '<"\\é"@b>', "<a@é_b>", "<é>", "<a@[é]>", "<a@é"])
def test_international_paths_that_both_refuse(text):
    assert not ours("Path", text.encode(), WIDE)
    assert not derivable(International, "Path", text.encode())


@pytest.mark.parametrize("name", ["Path", "Reverse-path"])
@pytest.mark.parametrize("text", PATHS)
def test_paths_by_the_letter(name, text):
    assert ours(name, text.encode()) == derivable(Printed, name, text.encode())
