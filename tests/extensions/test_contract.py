"""Every extension is held to the form of RFC 1869 section 4 and RFC 2821 section 2.2.2."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esmtp_lab.errors import DataError
from esmtp_lab.extensions import SHIPPED
from esmtp_lab.extensions.standard import findings
from esmtp_lab.lab import Lab, server_dialect
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.extension import Extension
from esmtp_lab.protocol.policy import Policy, find_policy
from esmtp_lab.protocol.server import ServerSession
from esmtp_lab.protocol.session import FACTS, GREETED, HANDSHAKE, NOT_VERBS, WHOLE, Position
from esmtp_lab.protocol.transaction import EMPTY, accept
from esmtp_lab.suggest import Names, suggest
from esmtp_lab.wire.command import compile_syntax, every_piece, render_command
from esmtp_lab.wire.grammar import RFC2821
from esmtp_lab.wire.path import Path

from .conftest import DEFINED, FROM_WHEEL

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
    "ETRN",
    "MT-PRIORITY",
    "SMTPUTF8",
    "DSN",
    "DELIVERBY",
}
DEFINE_AGAIN = {("BINARYMIME", "BODY")}
"""RFC 3030 section 3 adds a value to a parameter that RFC 6152 defined, which keeps those that it had."""


LOCAL = {"XPONG", *DEFINED, *FROM_WHEEL}


def host_of(extension: Extension) -> Policy:
    """A host that names an extension, and what that needs."""
    keywords = dict.fromkeys((*extension.needs, extension.ehlo_keyword))
    return replace(find_policy("lab"), extensions=tuple(keywords), passwords={"zoe": "x"}, clear_text=True)


def own(extension: Extension) -> tuple[Extension, ...]:
    """What has to be plugged in for it: what is installed is found."""
    return (extension,) if extension.ehlo_keyword in DEFINED else ()


def lab_of(extension: Extension, era: str = "rfc2821", more: tuple[str, ...] = ()) -> Lab:
    """A lab whose host has an extension, and whose client has said EHLO, under TLS where it needs that."""
    policy = host_of(extension)
    policy = replace(policy, extensions=tuple(dict.fromkeys((*policy.extensions, *more))))
    lab = Lab(era, policy=policy, extensions=own(extension), agreements=frozenset())
    lab.send("EHLO me.example")
    if "STARTTLS" in extension.needs:
        lab.send("STARTTLS")
        lab.send("EHLO me.example")
    return lab


def test_an_extension_states_what_a_definition_must(extension):
    assert extension.name
    assert extension.meaning
    assert extension.defined_in.startswith("RFC ") or extension.local
    assert re.fullmatch("[A-Z0-9][A-Z0-9-]*", extension.ehlo_keyword)
    assert extension.local == (extension.ehlo_keyword in LOCAL)
    assert extension.local != (extension.ehlo_keyword in REGISTERED)
    assert findings(extension, SHIPPED) == []
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


def test_no_two_extensions_claim_the_same_name(extension):
    others = [each for each in SHIPPED if each.ehlo_keyword != extension.ehlo_keyword]
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


def test_a_host_with_this_extension_and_what_it_needs_offers_it_and_takes_mail(extension):
    policy = host_of(extension)
    keywords = policy.extensions
    tls = "require" if "STARTTLS" in keywords else "no"
    lab = Lab(policy=policy, extensions=own(extension), agreements=frozenset())
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


def test_a_verb_of_an_extension_that_is_not_offered_is_refused(extension):
    bare = replace(find_policy("lab"), extensions=())
    lab = Lab(policy=bare)
    lab.send("EHLO a")
    for form in extension.forms:
        if form.verb not in NOT_VERBS:
            assert lab.send(form.verb)[-1].event.code in (500, 502)
    lab = Lab("rfc5321", policy=bare)
    lab.send("EHLO a")
    for parameter in extension.mail_parameters:
        assert lab.send(f"MAIL FROM:<a@b> {parameter.keyword}=1")[-1].event.code == 555
    lab.send("MAIL FROM:<a@b>")
    for parameter in extension.rcpt_parameters:
        assert lab.send(f"RCPT TO:<ada@lab.example> {parameter.keyword}=1")[-1].event.code == 555


def test_what_ehlo_lists_is_what_works():
    for name in ("lab", "partner", "open"):
        policy = find_policy(name)
        dialect = server_dialect(policy, "rfc2821")
        assert tuple(each.ehlo_keyword for each in dialect.extensions) == policy.extensions


# What holds on the wire --------------------------------------------------------------------------

ANY_COMMAND = {421, 500, 501, 502, 503, 504}
"""What any command may get (RFC 2821 sections 4.2.4 and 4.3.2)."""
PATH = Path(b"ada", b"lab.example")
SAID = {
    "string": b"x",
    "word": b"y",
    "number": b"1",
    "chunk-size": b"0",
    "domain": b"me.example",
    "domain-or-literal": b"me.example",
    "node-name": b"me.example",
    "reverse-path": Path(b"a", b"b"),
    "forward-path": PATH,
}
"""Something to say for each production that a syntax may need."""


def verbs(extension: Extension):
    return [form for form in extension.forms if form.verb not in NOT_VERBS]


def test_a_verb_gets_a_legal_answer_in_every_state_and_a_refusal_changes_nothing(extension):
    dialect = server_dialect(host_of(extension), "rfc2821", (extension,) if extension.local else ())
    for form in verbs(extension):
        form = dialect.forms[form.verb]
        verb = form.verb.encode()
        lines = (render_command(form.verb, form.syntax, SAID), verb + b"\r\n", verb + b" \x01\r\n")
        for state in GREETED.split():
            for facts in (frozenset(), frozenset({"extended"}), frozenset(FACTS)):
                for line in lines:
                    server = ServerSession(dialect, host_of(extension))
                    server.start()
                    server.position = Position(state, facts)
                    server.offered = {each.ehlo_keyword: () for each in dialect.extensions}
                    begun = accept(EMPTY, "MAIL", Path(b"a", b"b"), ())
                    server.envelope = {"mail": begun, "rcpt": accept(begun, "RCPT", PATH, ())}.get(state, EMPTY)
                    envelope, before = server.envelope, server.position
                    server.receive(line)
                    code = server.reply.code
                    assert code in {*form.success, *form.intermediate, *form.failure, *ANY_COMMAND}, (line, before)
                    if code >= 400 and dialect.move(before, form.verb, code).row is None:
                        assert (server.position, server.envelope) == (before, envelope)
                    if not {"extended"} <= facts and extension.local:
                        assert code >= 500


def test_what_a_host_offers_is_spoken_of_everywhere(extension):
    lab = lab_of(extension, more=("HELP",))
    told = [each.event.octets.decode() for each in lab.bench.log]
    assert any(re.match(f"250.{extension.ehlo_keyword}( |\r)", line) for line in told)
    help_lines = b"".join(each.event.octets for each in lab.send("HELP"))
    client = lab.bench.client
    offered = tuple(client.offered)
    words = {each.text.strip(): each for each in suggest("", client.position, client.dialect, offered, Names())}
    for form in verbs(extension):
        assert form.verb.encode() in help_lines
        assert form.meaning.encode() in b"".join(each.event.octets for each in lab.send(f"HELP {form.verb}"))
        assert words[form.verb].meaning == form.meaning
        assert "was not offered" not in words[form.verb].reason
    for verb, line in (("MAIL", "MAIL FROM:<a@b> "), ("RCPT", "RCPT TO:<ada> ")):
        shown = suggest(line, client.position, client.dialect, offered, Names())
        for form in extension.parameters(verb):
            assert any(form.meaning in each.meaning and not each.reason for each in shown)


def values(form):
    """Values that fit a form, in octets that an esmtp-value may have."""
    if not form.value:
        return st.none()
    fits = st.from_regex(form.value, fullmatch=True, alphabet=st.characters(min_codepoint=33, max_codepoint=126))
    return fits.filter(lambda value: len(value) < 60 and RFC2821.esmtp_value.fullmatch(value.encode()) is not None)


@settings(max_examples=10)
@given(data=st.data())
def test_a_parameter_is_taken_once_and_well_formed_or_refused(extension, data):
    lab = lab_of(extension)
    for verb, line in (("MAIL", "MAIL FROM:<a@b>"), ("RCPT", "RCPT TO:<ada@lab.example>")):
        if verb == "RCPT":
            lab.send("MAIL FROM:<a@b>")
        for form in extension.parameters(verb):
            value = data.draw(values(form))
            whole = form.keyword if value is None else f"{form.keyword}={value}"
            state = lab.bench.server.position, lab.bench.server.envelope
            for wrong in (f"{whole} {whole}", form.keyword if form.value else f"{form.keyword}=1", f"{form.keyword}="):
                assert lab.send(f"{line} {wrong}")[-1].event.code == 501, wrong
                assert (lab.bench.server.position, lab.bench.server.envelope) == state
            before = lab.bench.state
            code = lab.send(f"{line} {whole}")[-1].event.code
            assert code in {250, *lab.bench.server.dialect.forms[verb].failure}, whole
            if code != 250:
                assert (lab.bench.server.position, lab.bench.server.envelope) == state
            lab.undo()
            assert lab.bench.state == before


def test_lines_grow_by_what_was_stated_and_no_further(extension):
    lab = lab_of(extension, more=("HELP",))
    dialect = lab.bench.server.dialect
    grown = extension.line_growth.keys() - NOT_VERBS
    for verb in {*grown, *(form.verb for form in verbs(extension) if not form.octets)}:
        form = dialect.forms[verb]
        line = render_command(verb, form.syntax, SAID).removesuffix(b"\r\n")
        limit = dialect.line_limit(verb)
        assert limit >= 512 + extension.line_growth.get(verb, 0)
        for octets, too_long in ((limit, False), (limit + 1, True)):
            before = lab.bench.state
            reply = lab.send(line.ljust(octets - len(b"\r\n")))[1].event
            assert (reply.code == 500) == too_long, (verb, octets)
            lab.undo()
            assert lab.bench.state == before


def test_a_moment_with_this_extension_can_be_saved_and_undone(extension):
    lab = lab_of(extension)
    server = lab.bench.server
    for form in verbs(extension):
        before = lab.bench.state
        lab.send(render_command(form.verb, form.syntax, SAID).removesuffix(b"\r\n"))
        after = lab.bench.state
        other = ServerSession(server.dialect, server.policy)
        other.load(lab.bench.server.save())
        assert other.save() == lab.bench.server.save()
        lab.undo()
        assert lab.bench.state == before
        lab.redo()
        assert lab.bench.state == after
        lab.undo()
