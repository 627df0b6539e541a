"""The table row by row: what empties the buffers, what ends a group, and where each row's reason stands."""

import pytest

from esmtp_lab.extensions import SHIPPED
from esmtp_lab.lab import Lab
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.session import FACTS, FORMS, NOT_VERBS, STATES, TABLE, Form, Position, Row, row
from esmtp_lab.rules.book import book


def test_every_reason_is_a_rule() -> None:
    lineages = {rule.lineage for rule in book().rules}
    rows = (*TABLE, *(row for extension in SHIPPED for row in extension.rows))
    forms = (*FORMS, *(form for extension in SHIPPED for form in extension.forms))
    assert [each for each in rows if each.lineage not in lineages] == []
    assert [each for each in forms if each.lineage not in lineages] == []


@pytest.mark.parametrize(
    ("era", "line"),
    [(era, line) for era in ERAS for line in ("HELO a", "EHLO a", "RSET") if ERAS[era].speaks_ehlo or line != "EHLO a"],
)
@pytest.mark.parametrize("recipients", [0, 1])
def test_what_empties_the_buffers(era: str, line: str, recipients: int) -> None:
    """RFC 821 section 4.1.1, RFC 2821 section 4.1.4: RSET does, and so does a client that says again who it is."""
    lab = Lab(era)
    for each in ("HELO a", "MAIL FROM:<a@b>", *["RCPT TO:<ada@lab.example>"] * recipients):
        assert lab.send(each)[-1].event.code == 250
    for end in (lab.bench.client, lab.bench.server):
        assert end.envelope.reverse_path is not None
        assert len(end.envelope.forward_paths) == recipients
    assert lab.send(line)[-1].event.code == 250
    facts = {"extended"} if line.startswith("EHLO") else set()
    for end in (lab.bench.client, lab.bench.server):
        assert end.envelope.reverse_path is None
        assert end.envelope.forward_paths == ()
        assert end.position == Position("ready", frozenset(facts))


@pytest.mark.parametrize(
    "line", ["NOOP", "VRFY ada", "EXPN friends", "HELP", "XYZZY", "TURN", "MAIL FROM:<a@b>", "DATA x", "RCPT TO:<x@y>"]
)
def test_what_leaves_the_buffers_as_they_are(line: str) -> None:
    """RFC 821 section 4.1.1, RFC 2821 section 4.1.1.9: NOOP, VRFY, EXPN, HELP; and whatever is refused."""
    lab = Lab()
    for each in ("EHLO a", "MAIL FROM:<a@b>", "RCPT TO:<ada@lab.example>"):
        lab.send(each)
    before = lab.bench.server.envelope
    lab.send(line)
    for end in (lab.bench.client, lab.bench.server):
        assert end.envelope == before
        assert end.position.state == "rcpt"


@pytest.mark.parametrize("era", [era for era in ERAS if ERAS[era].speaks_ehlo])
def test_what_ends_a_group(era: str) -> None:
    """RFC 2920 section 3.1; RFC 3207 and RFC 4954 section 4 say the same of STARTTLS and AUTH; XPING is like NOOP."""
    forms = Dialect(ERAS[era], SHIPPED).forms
    ends = {"EHLO", "DATA", "VRFY", "EXPN", "TURN", "QUIT", "NOOP"} | {"AUTH", "STARTTLS", "XPING"}
    assert {verb for verb, form in forms.items() if form.ends_group} == ends


def test_what_may_hold_beside_the_state() -> None:
    assert set(FACTS) == {"extended", "authenticated", "tls"}
    assert set(NOT_VERBS) == {"GREETING", "END_OF_DATA", "LAST_CHUNK", "CONTINUATION", "HANDSHAKE", "UNKNOWN"}


def test_what_a_row_and_a_form_do_not_say() -> None:
    """A row clears nothing, a form has 250 and no other code, and both are for every era."""
    assert row("a b", "C", "2", "", "d") == Row(frozenset("ab"), frozenset("C"), "2", "", "d")
    assert Row(frozenset(), frozenset(), "2", "", "d").clears == ""
    assert row("a", "C", "2", "", "d", clears="transaction").clears == "transaction"
    form = Form("VERB", "", "meaning", "lineage")
    assert (form.success, form.failure, form.intermediate) == ((250,), (), ())
    assert (form.ends_group, form.eras) == (False, frozenset())
    assert (form.octets, form.last) == ("", "")


def test_rows_are_written_in_the_words_that_exist() -> None:
    """States, facts and what is forgotten; a word with a slip in it would mean nothing and change nothing."""
    rows = (*TABLE, *(row for extension in SHIPPED for row in extension.rows))
    assert {each.clears for each in rows} == {"", "transaction", "session"}
    assert {each.clears for each in TABLE} == {"", "transaction"}
    assert {state for each in rows for state in (*each.states, each.to)} <= {*STATES, ""}
    assert {fact for each in rows for facts in each[5:9] for fact in facts} <= set(FACTS)
    assert {era for each in rows for era in each.eras} <= set(ERAS)
