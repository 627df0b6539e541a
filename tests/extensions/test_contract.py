"""Every extension is held to the form of RFC 1869 section 4 and RFC 2821 section 2.2.2."""

import re
from dataclasses import replace

import pytest

from esmtp_lab.errors import DataError
from esmtp_lab.extensions import SHIPPED
from esmtp_lab.lab import Lab, server_dialect
from esmtp_lab.protocol.client import Delivery
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.policy import find_policy
from esmtp_lab.protocol.session import HANDSHAKE, NOT_VERBS, WHOLE
from esmtp_lab.wire.command import Syntax, compile_syntax
from esmtp_lab.wire.path import Path

REGISTERED = {
    "SIZE",
    "8BITMIME",
    "PIPELINING",
    "ENHANCEDSTATUSCODES",
    "EXPN",
    "HELP",
    "AUTH",
    "STARTTLS",
    "REQUIRETLS",
    "SEND",
    "SOML",
    "SAML",
    "TURN",
    "CHUNKING",
    "BINARYMIME",
    "DSN",
    "DELIVERBY",
}
DEFINE_AGAIN = {("BINARYMIME", "BODY")}
"""RFC 3030 section 3 adds a value to a parameter that RFC 6152 defined, which keeps those that it had."""


def every_piece(syntax: Syntax):
    """The pieces of a syntax, those in brackets as well."""
    for piece in syntax:
        yield piece
        yield from every_piece(piece.inner)


@pytest.mark.parametrize("extension", SHIPPED, ids=lambda extension: extension.ehlo_keyword)
def test_an_extension_states_what_a_definition_must(extension):
    assert extension.name
    assert extension.meaning
    assert extension.defined_in.startswith("RFC ") or extension.local
    assert re.fullmatch("[A-Z0-9][A-Z0-9-]*", extension.ehlo_keyword)
    assert extension.local != (extension.ehlo_keyword in REGISTERED)
    for form in extension.forms:
        compile_syntax(form.syntax)
        assert form.meaning
        assert form.lineage
        assert form.verb in NOT_VERBS or not extension.local or form.verb.startswith("X")
        assert any(form.verb in row.inputs for row in extension.rows)
    own = {form.verb for form in extension.forms}
    assert {verb for row in extension.rows for verb in row.inputs if {"2", "3"} & {*row.severities}} == own
    # a letter that has come whole is answered by whoever stores it, and a handshake by no line
    assert extension.answers.keys() == own - WHOLE - {HANDSHAKE}
    for form in extension.forms:
        named = {piece.text for piece in every_piece(compile_syntax(form.syntax))}
        assert {form.octets, form.last} - {""} <= named
    for parameter in (*extension.mail_parameters, *extension.rcpt_parameters):
        re.compile(parameter.value)
        assert parameter.meaning
        assert not extension.local or parameter.keyword.startswith("X")
    for verb, octets in extension.line_growth.items():
        assert octets > 0
        assert Dialect(ERAS["rfc2821"], (extension,)).line_limit(verb) == 512 + octets


@pytest.mark.parametrize("extension", SHIPPED, ids=lambda extension: extension.ehlo_keyword)
def test_no_two_extensions_claim_the_same_name(extension):
    others = [each for each in SHIPPED if each is not extension]
    assert extension.ehlo_keyword not in {each.ehlo_keyword for each in others}
    for verb in ("MAIL", "RCPT"):
        mine = {form.keyword for form in extension.parameters(verb)}
        again = {keyword for name, keyword in DEFINE_AGAIN if name == extension.ehlo_keyword}
        theirs = {
            form.keyword
            for each in others
            for form in each.parameters(verb)
            if (each.ehlo_keyword, form.keyword) not in DEFINE_AGAIN
        }
        assert mine & theirs == again & mine
    assert not {form.verb for form in extension.forms} & {form.verb for each in others for form in each.forms}


@pytest.mark.parametrize("extension", SHIPPED, ids=lambda extension: extension.ehlo_keyword)
def test_a_host_with_this_extension_and_what_it_needs_offers_it_and_takes_mail(extension):
    keywords = (*extension.needs, extension.ehlo_keyword)
    policy = replace(find_policy("lab"), extensions=keywords, passwords={"zoe": "x"}, clear_text=True)
    tls = "require" if "STARTTLS" in keywords else "no"
    lab = Lab(policy=policy)
    lab.deliver(Delivery(Path(b"a", b"b"), (Path(b"ada", b"lab.example"),), b"x\r\n", tls=tls))
    assert [outcome.accepted for outcome in lab.bench.delivery.outcomes] == [True]
    offered = [event.offered for event in (crossing.event for crossing in lab.bench.log) if event.to == "EHLO"]
    assert {keyword for each in offered for keyword in each} == set(keywords)
    assert offered[-1] == tuple(lab.bench.client.offered) == tuple(each for each in keywords if each != "STARTTLS")


@pytest.mark.parametrize("extension", [each for each in SHIPPED if each.needs], ids=lambda each: each.ehlo_keyword)
def test_no_host_has_an_extension_without_those_that_it_needs(extension):
    assert {*extension.needs} <= {each.ehlo_keyword for each in SHIPPED}
    policy = replace(find_policy("lab"), extensions=(extension.ehlo_keyword,))
    with pytest.raises(DataError, match=f"{extension.ehlo_keyword} needs {extension.needs[0]}. Add"):
        Lab(policy=policy)
    assert not extension.usable({extension.ehlo_keyword})
    assert extension.usable({extension.ehlo_keyword, *extension.needs})


@pytest.mark.parametrize("extension", SHIPPED, ids=lambda extension: extension.ehlo_keyword)
def test_a_verb_of_an_extension_that_is_not_offered_is_refused(extension):
    bare = replace(find_policy("lab"), extensions=())
    lab = Lab(policy=bare)
    lab.send("EHLO a")
    for form in extension.forms:
        if form.verb not in NOT_VERBS:
            assert lab.send(form.verb)[-1].event.code in (500, 502)
    for parameter in extension.mail_parameters:
        assert lab.send(f"MAIL FROM:<a@b> {parameter.keyword}=1")[-1].event.code == 501


def test_what_ehlo_lists_is_what_works():
    for name in ("lab", "partner", "open"):
        policy = find_policy(name)
        dialect = server_dialect(policy, "rfc2821")
        assert tuple(each.ehlo_keyword for each in dialect.extensions) == policy.extensions
