"""Definitions of extensions in TOML: what is to be mended is said, nothing is run, and what is well works."""

import tomllib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmtp_lab.errors import DataError
from esmtp_lab.extensions import EXAMPLE, SHIPPED, XPONG, beside, values
from esmtp_lab.extensions.definition import load_definition, read_definition
from esmtp_lab.extensions.findings import Finding
from esmtp_lab.extensions.known import LOCAL, Known, agreed_in
from esmtp_lab.extensions.loading import held, load, loaded, look_at, look_through
from esmtp_lab.extensions.specification import plain, specification
from esmtp_lab.extensions.standard import findings
from esmtp_lab.lab import Lab
from esmtp_lab.protocol.policy import find_policy
from esmtp_lab.protocol.session import row

from .conftest import DEFINITION

TEXT = EXAMPLE.read_text("utf-8")
XDELAY = loaded(DEFINITION, "xdelay.toml", SHIPPED)


def told(text: str, *others) -> list[str]:
    """The findings on a definition, in one line each."""
    return [each.text for each in look_at(text, (*SHIPPED, *others))[1]]


def changed(*pairs: tuple[str, str]) -> str:
    """The lab's own definition with some of it changed."""
    text = TEXT
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


def test_the_example_of_the_lab_is_a_definition_and_is_well():
    assert told(TEXT) == []
    assert XPONG.ehlo_keyword == "XPONG"
    (form,) = XPONG.mail_parameters
    assert (form.keyword, form.value, form.shown, form.longest) == (
        "XTRACE",
        "[A-Za-z0-9]{1,32}",
        "XTRACE=letters-and-digits",
        32,
    )
    assert XPONG.line_growth == {"MAIL": form.room}


ROWS = 'states = "ready mail rcpt"'
REPLY = 'code = 250\nenhanced = "2.0.0"\ntext = "PONG {string}"'
MARK = 'value = "letters-and-digits"\nlongest = 32'
LONG = "x" * 600


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # the form of the file
        ("version = 1", "version = 2", "version: is not 1. Add version = 1 at its top"),
        ("version = 1", "version = true", "version: is not 1"),
        ("version = 1", "", "version: is not 1"),
        ("version = 1", "version = 1\ncolour = 3", "colour: is not known here. There are version, name"),
        ("version = 1", "version = 1\nkeywords = 3", "keywords: is not known here. Perhaps keyword is meant; there ar"),
        ('keyword = "XPONG"', "", "keyword: is missing. Write a text"),
        ('keyword = "XPONG"', "keyword = 5", "keyword: is a whole number. Write a text"),
        ('keyword = "XPONG"', "keyword = 1979-05-27", "keyword: is something else. Write a text"),
        ('name = "Ping, by agreement with partner.example"', 'name = " "', "name: is empty. Write a text"),
        (TEXT, "version = 1\n[", "is not TOML: "),
        (TEXT, "version = " + "9" * 5000, "is not TOML: "),
        (TEXT, "a = " + "[" * 100_000, "is not TOML: "),
        (MARK, 'value = "words"\nlongest = 32', "mail.XTRACE.value: 'words' is no form of a value. There are digits"),
        (MARK, 'value = "digits"\nlongest = 0', "mail.XTRACE.longest: is out of range. Write a number from 1 to 1000"),
        (MARK, 'value = "digits"', "mail.XTRACE.longest: is missing. Write a whole number"),
        (MARK, 'value = ["NOW"]\nlongest = 3', "mail.XTRACE.longest: goes with a named form. Take it out"),
        (MARK, "value = []", "mail.XTRACE.value: is a list without a word. Write value"),
        (MARK, 'value = ["A", 1]', "mail.XTRACE.value: holds what does not belong there. Write a list"),
        (MARK, 'value = ["a=b"]', "mail.XTRACE.value: 'a=b' is no esmtp-value"),
        (MARK, 'value = ["ä"]', "mail.XTRACE.value: 'ä' is no esmtp-value"),
        (MARK, "value = 7", "mail.XTRACE.value: is a whole number. Write a text"),
        ('[mail.XTRACE]\n', "[mail]\nXY = 1\n[mail.XTRACE]\n", "mail.XY: is not a table. Write a table"),
        ("{ MAIL = 40 }", "40", "line_growth: is a whole number. Write a table"),
        ("{ MAIL = 40 }", '{ MAIL = "40" }', "line_growth.MAIL: is not a whole number"),
        ("# ports = [587]", "ports = [70000]", "ports: is out of range. Write a number from 1 to 65535"),
        ('# since = "rfc2821"', 'since = "rfc821"', "since: 'rfc821' is no era with EHLO. Write one of rfc1869"),
        ('# since = "rfc2821"', 'since = "now"', "since: 'now' is no era with EHLO"),
        # replies
        (REPLY, "", "verbs.XPING.replies.1.code: is missing. Write a whole number"),
        (f"[[verbs.XPING.replies]]\n{REPLY}", "", "verbs.XPING.replies: there is none, and every command gets one (RF"),
        (REPLY, f'{REPLY}\nwhen = {{ given = "string" }}', "verbs.XPING.replies: the last is sent only under a condit"),
        (
            REPLY,
            f"{REPLY}\n[[verbs.XPING.replies]]\n{REPLY}",
            "verbs.XPING.replies: 1 is always sent, and those behind it never (RFC 2821 section 4.2). Give it a `when`",
        ),
        ("PONG {string}", "PONG {number}", "text: names {number}, which this verb does not have. There are {string}, "),
        ("PONG {string}", "PONG {string.__class__}", "text: names {string.__class__}, which this verb does not have"),
        ("PONG {string}", "PONG {0[a]}", "text: names {0[a]}, which this verb"),
        ("PONG {string}", "PONG {", "text: has a brace that names nothing"),
        ("PONG {string}", "Grüße", "text: holds what is no printable US-ASCII (RFC 2821 section 2.4)"),
        ("PONG {string}", LONG, "text: has 600 octets where a reply line has room for 506 (RFC 2821 section 4.5.3.1)"),
        ("PONG {string}", "", "verbs.XPING.replies.1.text: is empty"),
        ("PONG {string}", "a\\nb", "text: holds what is no printable US-ASCII"),
        (REPLY, f'{REPLY}\nwhen = {{ colour = "red" }}', "when.colour: is not known here. There are given, missing"),
        (REPLY, f'{REPLY}\nwhen = {{ state = "mail bed" }}', "when.state: 'bed' is not known here. There are connect"),
        (REPLY, f'{REPLY}\nwhen = {{ fact = "late" }}', "when.fact: 'late' is not known here. There are extended"),
        (REPLY, f'{REPLY}\nwhen = {{ given = "word" }}', "when.given: 'word' is not known here. There are string"),
        ("code = 250", "code = 299", "299 is no registered reply code (RFC 2821 sections 4.2 and 4.2.2). Take one of "),
        ("code = 250", "code = 999", "999 is no registered reply code"),
        ("code = 250", "code = 1000", "code: is out of range. Write a number from 0 to 999"),
        ("code = 250", "code = 221", "221 announces that the channel will be closed, and answers QUIT alone"),
        ("code = 250", "code = 354", "354 asks the client for more, and nothing that goes on is defined (RFC 2821 sec"),
        ("code = 250", "code = 550", "none of them is for success (RFC 2821 section 4.3.2). Add one with a code of 2y"),
        ("failure = [501]", "failure = [421]", "421 closes the channel, and may answer any command"),
        ("failure = [501]", "failure = []", "verbs.XPING.failure: no code is for failure (RFC 2821 section 4.3.2)"),
        ('enhanced = "2.0.0"', 'enhanced = "2.0"', "enhanced: '2.0' is no status code (RFC 3463 section 2)"),
        ('enhanced = "2.0.0"', 'enhanced = "5.0.0"', "5.0.0 is of another class than 250 (RFC 2034 section 4). Begin "),
        # names
        ('keyword = "XPONG"', 'keyword = "PONG"', "PONG is not registered with IANA, and claims"),
        ('keyword = "XPONG"', 'keyword = "SIZE"', "SIZE belongs to a registered extension; the"),
        ('keyword = "XPONG"', 'keyword = "xpong"', 'written in capitals here. Write "XPONG"'),
        ('keyword = "XPONG"', 'keyword = "X PONG"', "'X PONG' is no ehlo-keyword, which begins with"),
        ('keyword = "XPONG"', f'keyword = "X{LONG}"', "the line of the EHLO reply has 607 octets, and a reply line at"),
        ("# offers = {", 'offers = { "a b" = "c" } # ', "offers.a b: is no ehlo-param: printable US-ASCII without a"),
        ("# offers = {", f'offers = {{ {LONG} = "c" }} # ', "the line of the EHLO reply has 612 octets"),
        ("verbs.XPING", "verbs.PING", "verbs.PING: is not registered, and a local verb begins with X (RFC 1869 sectio"),
        ("verbs.XPING", "verbs.NOOP", 'is a command that every server knows, and a local verb begins with X'),
        ("verbs.XPING", "verbs.xping", "verbs.xping: is no verb: capitals, digits and hyphens"),
        ("verbs.XPING", 'verbs."X PING"', "verbs.X PING: is no verb"),
        ("verbs.XPING", "verbs.XDELAY", "verbs.XDELAY: belongs to XDELAY (RFC 2821 section 2.2.2). Choose"),
        ("[mail.XTRACE]", "[mail.TRACE]", "mail.TRACE: is not registered, and the name of a local parameter begins wi"),
        ("[mail.XTRACE]", "[mail.SIZE]", "mail.SIZE: is not registered, and the name of a local"),
        ("[mail.XTRACE]", '[mail."X_TRACE"]', "mail.X_TRACE: is no esmtp-keyword"),
        ("[mail.XTRACE]", "[mail.XHOLD]", "mail.XHOLD: belongs to XDELAY (RFC 2821 section 2.2.2). Choose"),
        # words
        ("the server answers XPING", "\\u001b[2J XPING", "meaning: holds a character that cannot be printed"),
        ("a mark that both", "\\u202e both", "mail.XTRACE.meaning: holds a character that cannot be printed"),
        ("ask the partner", "\\u0007", "verbs.XPING.meaning: holds a character that cannot be printed"),
        ("# offers = {", 'offers = { A = "\\u001b" } # ', "offers.A: holds a character that cannot be printed"),
        ("A server that offers", "A \\u0000", "effect: holds a character that cannot be printed"),
        # syntax
        ("[SP string]", "[SP colour]", "verbs.XPING.syntax: no production 'colour'"),
        ("[SP string]", "[SP string", "verbs.XPING.syntax: a bracket is not closed. Write it of SP"),
        ("[SP string]", "SP reverse-path", "verbs.XPING.syntax: names reverse-path, which a defined verb cannot have"),
        ("[SP string]", "[string]", "syntax: does not begin with SP, so that verb and argument would stand close toge"),
        ("[SP string]", "string", "syntax: does not begin with SP"),
        ("[SP string]", "[SP word] string", "syntax: does not begin with SP"),
        ("[SP string]", "[SP string] [SP string]", "syntax: has string twice, and a reply could name one of them only"),
        ("[SP string]", "[SP string [ ]]", "verbs.XPING.syntax: has brackets with nothing in them"),
        ('"[SP string]"', "'SP \"É\" string'", "syntax: has the literal 'É', which is no printable US-ASCII"),
        ('"[SP string]"', "'SP \"\" string'", "syntax: has the literal '', which is no printable"),
        ('"[SP string]"', "'SP \"A B\" string'", "syntax: has the literal 'A B', which is no printable"),
        ("[SP string]", "SP string SP word", "syntax: goes on behind a string, which takes all the rest of a line"),
        ('"[SP string]"', f"'SP \"{LONG}\" string'", "syntax: has 608 octets before anything is said, and a command l"),
        # rows
        (f"[[verbs.XPING.rows]]\n{ROWS}", "", "verbs.XPING.rows: there is no state in which it may come"),
        (ROWS, 'states = "ready bed"', "verbs.XPING.rows: 'bed' is no state. There are connect"),
        (ROWS, f'{ROWS}\nto = "bed"', "verbs.XPING.rows: 'bed' is no state"),
        (ROWS, 'states = "initial"', "in state initial nothing local can be said: nothing is offered yet, or no comma"),
        (ROWS, f'{ROWS}\nto = "closed"', "leads to closed, and a server closes after QUIT alone (RFC 2821 section 3.9"),
        (ROWS, f'{ROWS}\nto = "data"', "leads to data, where a transaction or an exchange is that nobody opened"),
        (ROWS, f'{ROWS}\nto = "ready"', "a transaction that is cleared ends in ready, and one that ends is cleared"),
        (ROWS, f'{ROWS}\nclears = "transaction"', "a transaction that is cleared ends in ready"),
        (ROWS, f'{ROWS}\nclears = "everything"', "clears 'everything'. Write clears = \"transaction\", or leave it ou"),
        (ROWS, f'{ROWS}\nneeds = "sun"', "verbs.XPING.rows.1.needs: 'sun' is no fact. There are extended"),
        (ROWS, f'{ROWS}\nseverities = "6"', "verbs.XPING.rows: severities are '6'"),
        # effect, growth, needs
        ("effect = ", "# effect = ", "is not TOML"),
        ("{ MAIL = 40 }", "{ MAIL = 39 }", "line_growth.MAIL: 39 octets do not hold the longest parameters, 40 (XTRAC"),
        ("{ MAIL = 40 }", "{}", "line_growth.MAIL: 0 octets do not hold the longest parameters"),
        ("{ MAIL = 40 }", "{ MAIL = 40, DATA = 3 }", "line_growth.DATA: is a command whose lines this extension does "),
        ("{ MAIL = 40 }", "{ MAIL = 40, XPING = 0 }", "line_growth.XPING: 0 octets are none"),
        ('# needs = ["8BITMIME"]', 'needs = ["XPONG"]', "needs: names the extension itself. Take it out"),
        ('# needs = ["8BITMIME"]', 'needs = ["QUUX"]', "needs: 'QUUX' is neither registered nor known here"),
    ],
)  # fmt: skip
def test_what_is_to_be_mended_is_said(old, new, expected):
    found = told(changed((old, new)), XDELAY)
    assert any(expected in each for each in found), found
    assert all(each.endswith((".", ")")) or ". " in each for each in found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[SP string]", ""),
        ('"[SP string]"', "'SP \"NOW\" [SP number]'"),
        ("[SP string]", "[SP word] [SP number]"),
        ("# needs", 'needs = ["SIZE", "SMTPUTF8"]\n# needs'),
        ("{ MAIL = 40 }", "{ MAIL = 41, XPING = 100 }"),
        (ROWS, 'states = "rcpt"\nto = "ready"\nclears = "transaction"'),
        (ROWS, 'states = "ready"\nto = "ready"'),
        (ROWS, 'states = "failed chunks"\nneeds = "tls"\nunless = "authenticated"'),
        (MARK, 'value = ["ONCE", "NOW"]'),
        (MARK, ""),
        (MARK, 'value = "hex"\nlongest = 32\nonward = true'),
        (REPLY, f'when = {{ state = "mail" }}\ncode = 450\ntext = "not now"\n[[verbs.XPING.replies]]\n{REPLY}'),
    ],
)
def test_what_may_be_otherwise_is_taken(old, new):
    text = changed((old, new), *((("PONG {string}", "PONG"),) if "string" in old and "string" not in new else ()))
    assert told(text) == []


def test_several_faults_are_told_at_once_and_a_loader_tells_the_first():
    text = changed(("failure = [501]", "failure = []"), ("{ MAIL = 40 }", "{ MAIL = 1 }"))
    assert len(told(text)) == 2
    with pytest.raises(
        DataError, match=r"^x.toml: verbs.XPING.failure: no code .*; 1 more: esmtp-lab extensions check x.toml$"
    ):
        loaded(text, "x.toml", SHIPPED)
    with pytest.raises(DataError, match=r"^x.toml: version: is not 1. Add version = 1 at its top$"):
        load_definition(changed(("version = 1", "version = 3")), "x.toml")
    with pytest.raises(DataError, match=r"^x.toml: is not TOML"):
        load_definition("[", "x.toml")


def test_a_file_is_read_or_why_it_cannot_be(tmp_path):
    good, bad = tmp_path / "x.toml", tmp_path / "bad.toml"
    good.write_text(TEXT, "utf-8")
    assert load(str(good), SHIPPED).ehlo_keyword == "XPONG"
    assert look_through(str(good))[1] == []
    bad.write_bytes(b"\xff\x00")
    for name in (str(bad), str(tmp_path), str(tmp_path / "none"), "\x00", "~nobody-here/x"):
        with pytest.raises(DataError, match="cannot be read"):
            load(name)
    bad.write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(DataError, match="is no definition: it has more than 1048576 octets"):
        load(str(bad))


def test_a_local_extension_takes_the_place_of_one_with_its_keyword():
    mine = loaded(TEXT, "mine.toml", SHIPPED)
    assert mine in beside((mine,)) and XPONG not in beside((mine,))
    assert len(beside((mine,))) == len(SHIPPED)


def test_one_in_python_is_held_to_the_same():
    assert held(XPONG) is XPONG
    assert [each.key for each in findings(replace(XPONG, name="", meaning="a\nb", effect=" "))] == [
        "name",
        "meaning",
        "effect",
    ]
    (form,) = XPONG.forms
    odd = replace(
        XPONG,
        since="yesterday",
        forms=(form._replace(meaning="", syntax="[SP"),),
        mail_parameters=(replace(XPONG.mail_parameters[0], meaning=" ", longest=0),),
    )
    assert [each.key for each in findings(odd)] == [
        "verbs.XPING.meaning",
        "verbs.XPING.syntax",
        "mail.XTRACE.meaning",
        "mail.XTRACE.longest",
        "since",
    ]
    with pytest.raises(DataError, match="extension XPONG: name: is missing"):
        held(replace(XPONG, name=""))
    with pytest.raises(DataError, match="line_growth"):
        Lab(extensions=[replace(XPONG, line_growth={})])
    assert [each.key for each in findings(replace(XPONG, ehlo_keyword="PONG"))] == ["keyword"]
    assert findings(replace(XPONG, rows=(row("", "XPING", "2", "", "x"),)))[0].key == "verbs.XPING.rows"


# Whatever stands in a file -----------------------------------------------------------------------

TREE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


def toml(value) -> str:
    """A value as TOML has it."""
    match value:
        case None:
            return "1979-05-27"
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case float():
            return "1.5"
        case str():
            return '"' + "".join(f"\\U{ord(char):08x}" for char in value if not "\ud800" <= char <= "\udfff") + '"'
        case list():
            return "[" + ", ".join(map(toml, value)) + "]"
        case _:
            return "{" + ", ".join(f"{toml(key)} = {toml(each)}" for key, each in value.items()) + "}"


KEYS = [line.partition(" = ")[0] for line in DEFINITION.splitlines() if " = " in line]


@given(st.text() | st.binary().map(lambda octets: octets.decode("latin-1")))
def test_no_text_brings_it_down(text):
    _, found = look_at(text, SHIPPED)
    assert found
    assert all(isinstance(each, Finding) and each.text for each in found)


@given(st.integers(0, len(DEFINITION.splitlines()) - 1), TREE)
def test_no_value_brings_it_down(number, value):
    lines = DEFINITION.splitlines()
    lines[number] = f"{lines[number].partition(' = ')[0]} = {toml(value)}"
    extension, found = look_at("\n".join(lines), SHIPPED)
    if not found:
        assert list(specification(extension))
        play(extension)


@given(st.data())
def test_no_damage_brings_it_down(data):
    at = data.draw(st.integers(0, len(DEFINITION)))
    end = data.draw(st.integers(at, min(at + 40, len(DEFINITION))))
    text = DEFINITION[:at] + data.draw(st.text(max_size=10)) + DEFINITION[end:]
    extension, found = look_at(text, SHIPPED)
    if not found:
        assert "\n".join(specification(extension))
        play(extension)


TOKENS = st.sampled_from(["SP", "[", "]", "string", "word", "number", '"NOW"', '""', '"É\r"', "domain", "-", " "])


@given(st.lists(TOKENS, max_size=9).map(" ".join))
def test_no_syntax_brings_it_down(syntax):
    written = toml(syntax)
    extension, found = look_at(changed(('"[SP string]"', written), ("PONG {string}", "PONG")), SHIPPED)
    if not found:
        play(extension)


def play(extension) -> None:
    """A session with what was found well, which must go on to its end."""
    lab = Lab(extensions=[extension])
    lab.send("EHLO me.example")
    for form in extension.forms:
        for argument in ("", " ", " x", " x 1", " 1", " 1 x", " now", "NOW x", " NEVER 2", " \x01", "  x", " é"):
            assert lab.send(f"{form.verb}{argument}")[-1].event.code
    lab.send("MAIL FROM:<a@b>")
    assert lab.send("QUIT")[-1].event.code == 221


# On the wire -------------------------------------------------------------------------------------


def test_replies_are_chosen_by_what_was_said_and_where(plays):
    plays(
        """
C: EHLO me.example
S: 250
C: XDELAY never 3
S: 550 5.0.0 never is not possible, me.example
C: XDELAY
S: 250 2.0.0 XDELAY
C: XDELAY word 17
S: 252 2.0.0 lab.example waits 17 minutes in state ready
C: XDELAY word
S: 250 2.0.0 XDELAY word
C: XDELAY word 17x
S: 501
C: XDROP
S: 503
C: MAIL FROM:<me@me.example> XHOLD=later
S: 250
C: RCPT TO:<ada@lab.example> XFLAG XHOLD=a+2Bb
S: 250
C: XDELAY
S: 450 4.3.0 Ask again behind the transaction, in which 1 are named
> server=rcpt
C: XDROP
S: 250 2.0.0 Dropped
> server=ready
> client=ready
C: RCPT TO:<ada@lab.example>
S: 503
""",
        extensions=[XDELAY],
    )


def test_under_tls_it_may_answer_otherwise(plays):
    lab = Lab(policy="secure", extensions=[XDELAY])
    for line in ("EHLO a", "STARTTLS", "EHLO a"):
        lab.send(line)
    assert lab.send("XDELAY x 1")[-1].event.octets == b"250 2.0.0 In secret\r\n"
    assert lab.send("MAIL FROM:<a@b>")[-1].event.code == 250
    assert lab.send("XDROP")[-1].event.code == 503


def test_a_host_that_did_not_agree_refuses_as_the_standards_have_it():
    for era, parameter in (("rfc1869", 555), ("rfc2821", 501), ("rfc5321", 555)):
        lab = Lab(era, extensions=[XDELAY], agreements=frozenset())
        lab.send("EHLO me.example")
        assert "XDELAY" not in lab.bench.client.offered
        assert lab.send("XDELAY")[-1].event.code == 500
        assert lab.send("MAIL FROM:<a@b> XHOLD=NOW")[-1].event.code == parameter
    lab = Lab("rfc821", extensions=[XDELAY])
    lab.send("HELO me.example")
    assert lab.send("XDELAY")[-1].event.code == 500


def test_its_own_words_stand_in_the_ehlo_reply():
    lab = Lab(extensions=[XDELAY])
    assert lab.send("EHLO a")[-1].event.octets == b"250 XDELAY 60 SOON\r\n"


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        ("digits", ["1", "12345"], ["", "123456", "a"]),
        ("letters", ["aZ"], ["a1", "abcdef"]),
        ("letters-and-digits", ["a1"], ["a-1"]),
        ("hex", ["aF09"], ["g"]),
        ("text", ["!~+/-"], ["a=b", "a b", "ä"]),
        ("xtext", ["a+2B", "+3D+3"[:3]], ["+", "+2b", "a=b", "+2B+2B", "abcdef"]),
    ],
)
def test_forms_of_values(form, good, bad):
    import re

    pattern = re.compile(values.pattern(form, 5))
    assert all(pattern.fullmatch(each) for each in good)
    assert not any(pattern.fullmatch(each) for each in bad)


@pytest.mark.parametrize("form", values.FORMS)
def test_no_form_of_a_value_takes_long(form):
    import re
    import time

    pattern = re.compile(values.pattern(form, 1000))
    start = time.perf_counter()
    for hostile in ("+2B" * 400, "a" * 999 + "=", "+" * 1000, "+2B" * 333 + "\x00"):
        pattern.fullmatch(hostile)
    assert time.perf_counter() - start < 1


# The page ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("extension", [*SHIPPED, XDELAY], ids=lambda each: each.ehlo_keyword)
def test_the_page_has_the_seven_points(extension):
    page = "\n".join(specification(extension))
    heads = [line for line in page.splitlines() if line.startswith("## ")]
    assert [line[3] for line in heads[:7]] == list("1234567")
    for word in (
        extension.ehlo_keyword,
        *extension.offers,
        *extension.needs,
        *map(str, extension.line_growth.values()),
    ):
        assert word in page
    for verb in ("MAIL", "RCPT"):
        assert all(form.shown.replace("`", "'") in page for form in extension.parameters(verb))


def test_words_of_others_do_nothing_on_a_page():
    text = changed(("Ping, by agreement with partner.example", "<script>alert(1)</script> `*_[x](y)"))
    page = "\n".join(specification(loaded(text, "x", SHIPPED)))
    assert "<script" not in page.replace("\\<", "")
    assert "<script>alert(1)</script> `*_[x](y)" in "\n".join(plain(page.splitlines()))


def test_the_page_of_a_definition_says_all_of_it():
    text = DEFINITION.replace('since = "rfc1869"', 'since = "rfc2821"\nports = [587, 25]\nneeds = ["SIZE"]')
    page = list(plain(specification(loaded(text, "x", SHIPPED))))
    for line in (
        "XDELAY: A letter with a delay",
        "* SOON: short delays are best",
        "* XDELAY [SP word [SP number]]: ask how long letters are kept back",
        "    * success: 252, 250",
        "    * failure: 550, 450, 501",
        "    * 550 5.0.0 {word} is not possible, {client}",
        "    * in mail, rcpt, where extended holds, unless tls holds: success leads to ready and "
        "clears the transaction",
        "    * nothing is sent behind it before its reply has come",
        "* MAIL: XHOLD=NOW|LATER, 1 to 5 octets, goes with a letter that is relayed: whether it is kept back",
        "* RCPT: XFLAG: something with no value",
        "* 26 octets on RCPT",
        "* Needs: SIZE",
        "* Since era: rfc2821",
        "* Ports: 587, 25",
    ):
        assert line in page, (line, page)


def test_the_data_of_the_page_is_toml_still():
    assert tomllib.loads(TEXT)["version"] == 1
    assert read_definition(TEXT).findings == ()
    assert find_policy("partner").extensions[-1] == "XPONG"


def test_the_agreement_says_what_its_words_mean():
    lab = Lab(extensions=[XPONG])
    (form,), (parameter,) = XPONG.forms, XPONG.mail_parameters
    lines = ("EHLO me.example", form.verb, f"MAIL FROM:<me@me.example> {parameter.keyword}=1")
    said = {event.to: event for event in (lab.explain(lab.send(line)[0]) for line in lines)}
    verb = agreed_in(said[form.verb], "verb", form.verb.lower())
    assert verb == Known(
        form.verb.lower(), LOCAL, f"Of XPONG, a local extension by agreement: {form.meaning}.", "", XPONG.defined_in
    )
    keyword = agreed_in(said["MAIL"], "esmtp-keyword", parameter.keyword)
    assert keyword is not None
    assert parameter.meaning in keyword.says
    assert agreed_in(said["MAIL"], "verb", "MAIL") is None
    assert agreed_in(said["MAIL"], "esmtp-keyword", "SIZE") is None
    assert agreed_in(said["MAIL"], "esmtp-value", parameter.keyword) is None
