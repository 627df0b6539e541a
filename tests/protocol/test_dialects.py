"""Dialects: what an era and some extensions make of the tables, asked for piece by piece."""

import pytest

from esmtp_lab.extensions import SHIPPED
from esmtp_lab.lab import client_dialect, server_dialect
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.extension import Extension, ParameterForm
from esmtp_lab.protocol.policy import find_policy
from esmtp_lab.protocol.session import Position
from esmtp_lab.wire.framing import Line
from esmtp_lab.wire.span import find

LAB = server_dialect(find_policy("lab"), "rfc2821")


@pytest.mark.parametrize("era", ERAS)
def test_what_can_be_offered(era: str) -> None:
    """Without EHLO nothing can; what is left are the commands that the era leaves to the host."""
    dialect = Dialect(ERAS[era], SHIPPED)
    keywords = [each.ehlo_keyword for each in dialect.extensions]
    everything = [each.ehlo_keyword for each in SHIPPED]
    optional = {"EXPN", "HELP", "SEND", "SOML", "SAML", "TURN"}
    assert keywords == [each for each in everything if era != "rfc821" or each in optional]
    assert dialect.known == SHIPPED


@pytest.mark.parametrize(
    ("line", "verb", "slug", "part"),
    [
        (b"SEND FROM:<a@b>", "SEND", "verb", "reverse-path"),
        (b"AUTH PLAIN c2VjcmV0", "AUTH", "verb", "secret"),
        (b"XPING hello", "XPING", "verb", "string"),
        (b"BDAT 86 LAST", "BDAT", "verb", "end-marker"),
        (b"XYZZY hello", "XYZZY", "verb", "unparsed"),
        (b"GREETING hello", "GREETING", "verb", "unparsed"),
        (b"MAIL FROM:<a@b> SIZE=1", "MAIL", None, "esmtp-value"),
        (b"SEND nobody", "SEND", "verb", "unparsed"),
    ],
)
def test_a_command_that_is_not_spoken_can_still_be_read(line: bytes, verb: str, slug: str | None, part: str) -> None:
    """By whom has heard of it; it stays unknown all the same."""
    command = LAB.parse(line + b"\r\n")
    assert (command.verb, command.problem and command.problem.slug) == (verb, slug)
    assert find(command.spans, part) is not None


@pytest.mark.parametrize("line", [b"MAIL", b"MAIL TO:<a@b>", b"HELO", b"HELO a b", b"VRFY", b"NOOP\xff", b"RCPT TO:<>"])
def test_a_command_that_is_spoken_is_read_as_it_is_spoken(line: bytes) -> None:
    """Whoever has heard of more reads no other way what they speak themselves."""
    plain, learned = Dialect(ERAS["rfc821"]), Dialect(ERAS["rfc821"], (), SHIPPED)
    assert plain.parse(line + b"\r\n") == learned.parse(line + b"\r\n")
    assert plain.parse(line + b"\r\n").spans == learned.parse(line + b"\r\n").spans


@pytest.mark.parametrize(
    ("verb", "entry"),
    [("NOOP", "NOOP"), ("EXPN", "EXPN"), ("TURN", "TURN"), ("XYZZY", "UNKNOWN"), ("XPING", "UNKNOWN")],
)
def test_the_input_of_a_verb(verb: str, entry: str) -> None:
    """Its own where it is spoken or where the standard knows it."""
    assert LAB.input_of(verb) == entry


def test_what_opens_an_exchange() -> None:
    dialect = client_dialect()
    inputs = [*dialect.forms, "CONTINUATION", "UNKNOWN"]
    assert dialect.exchanges.intersection(inputs) == {"AUTH", "CONTINUATION"}
    assert LAB.exchanges.isdisjoint(inputs)


@pytest.mark.parametrize(
    ("state", "framing"),
    [("connect", "command"), ("ready", "command"), ("data", "content"), ("sasl", "line"), ("rcpt", "command")],
)
def test_what_the_octets_of_a_client_are(state: str, framing: str) -> None:
    assert client_dialect().framing(state) == framing


@pytest.mark.parametrize(
    ("state", "facts", "entry", "may"),
    [
        ("initial", "", "EHLO", True),
        ("initial", "", "MAIL", False),
        ("ready", "extended", "AUTH", True),
        ("ready", "", "AUTH", False),
        ("ready", "extended authenticated", "AUTH", False),
        ("ready", "extended", "TURN", True),
        ("mail", "extended", "TURN", False),
        ("data", "", "END_OF_DATA", True),
        ("rcpt", "extended", "BDAT", True),
        ("rcpt", "", "BDAT", False),
        ("mail", "extended", "BDAT", False),
        ("chunks", "extended", "LAST_CHUNK", True),
        ("chunks", "extended", "DATA", False),
        ("failed", "extended", "BDAT", False),
        ("failed", "extended", "RSET", True),
        ("ready", "", "UNKNOWN", False),
    ],
)
def test_what_may_come(state: str, facts: str, entry: str, may: bool) -> None:
    position = Position(state, frozenset(facts.split()))
    dialect = client_dialect()
    assert dialect.may(position, entry) == may
    assert (entry in dialect.inputs(position)) == may


@pytest.mark.parametrize(
    ("state", "entry", "supposed"),
    [
        ("ready", "MAIL", "mail"),
        ("mail", "DATA", "data"),
        ("rcpt", "DATA", "data"),
        ("ready", "AUTH", "ready"),
        ("data", "END_OF_DATA", "ready"),
        ("ready", "RCPT", "ready"),
        ("ready", "UNKNOWN", "ready"),
        ("rcpt", "QUIT", "closed"),
        ("rcpt", "BDAT", "chunks"),
        ("chunks", "LAST_CHUNK", "ready"),
        ("mail", "BDAT", "failed"),
    ],
)
def test_where_an_input_leads_if_all_goes_well(state: str, entry: str, supposed: str) -> None:
    assert client_dialect().suppose(Position(state, frozenset({"extended"})), entry).state == supposed


@pytest.mark.parametrize(("length", "found"), [(512, 0), (513, 1)])
def test_a_command_line_has_512_octets_at_most(length: int, found: int) -> None:
    """RFC 821 section 4.5.3, RFC 2821 section 4.5.3.1: CRLF included."""
    heard = Dialect(ERAS["rfc2821"]).heard(Line(b"NOOP " + b"x" * (length - 7) + b"\r\n", length), False)
    assert [(each.kind, each.at, each.octets) for each in heard.deviations] == [("overlong", 512, length)] * found


def test_a_parameter_belongs_to_its_verb() -> None:
    mail, rcpt = ParameterForm("X", "", "X", "of MAIL"), ParameterForm("X", "", "X", "of RCPT")
    extension = Extension("Both", "XBOTH", "nowhere", "both", mail_parameters=(mail,), rcpt_parameters=(rcpt,))
    dialect = Dialect(ERAS["rfc2821"], (extension,))
    assert [extension.parameters(verb) for verb in ("MAIL", "RCPT", "SOML")] == [(mail,), (rcpt,), (mail,)]
    assert dialect.parameters("RCPT", "X") == ((extension, rcpt),)
    assert dialect.parameters("MAIL", "X") == ((extension, mail),)
    assert dialect.parameters("MAIL", "Y") == ()


@pytest.mark.parametrize("verb", ["SEND", "SOML", "SAML"])
def test_what_opens_a_transaction_has_the_parameters_of_mail(verb: str) -> None:
    """RFC 1869 section 6 speaks of MAIL; RFC 821 section 4.1.1 has the others open a transaction in its way."""
    dialect = server_dialect(find_policy("open"), "rfc2821")
    for keyword in ("SIZE", "BODY", "RET"):
        assert dialect.parameters(verb, keyword) == dialect.parameters("MAIL", keyword) != ()
    assert dialect.parameters("NOOP", "SIZE") == ()
