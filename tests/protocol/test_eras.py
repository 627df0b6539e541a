"""Where the standards disagree: each row of the comparison as sessions of each era, played by both ends."""

from dataclasses import replace

import pytest

from esmtp_lab.lab import Lab
from esmtp_lab.protocol.client import Delivery
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.policy import find_policy
from esmtp_lab.wire.path import Path

R821, R1869, R2821, R5321 = ERAS
ESMTP = (R1869, R2821, R5321)
LATER = (R2821, R5321)


def test_required_verbs():
    wanted = {
        R821: "HELO MAIL RCPT DATA RSET NOOP QUIT",
        R1869: "HELO MAIL RCPT DATA RSET VRFY NOOP QUIT",
        R2821: "EHLO HELO MAIL RCPT DATA RSET VRFY NOOP QUIT",
        R5321: "EHLO HELO MAIL RCPT DATA RSET VRFY NOOP QUIT",
    }
    for name, verbs in wanted.items():
        assert ERAS[name].required == set(verbs.split())
        assert ERAS[name].required <= Dialect(ERAS[name]).forms.keys()


@pytest.mark.parametrize("era", ESMTP)
@pytest.mark.parametrize(("host", "code"), [("ehlo-550", 550), ("ehlo-554", 554), ("ehlo-504", 504)])
def test_a_server_that_cannot_list_its_extensions(plays, era, host, code):
    plays(f"C: EHLO a\nS: {code}\n> server=initial\nC: HELO a\nS: 250", era=era, policy=host)


def test_before_1995_nobody_knows_ehlo(plays):
    plays("C: EHLO a\nS: 500\n> server=initial\nC: HELO a\nS: 250", era=R821)


@pytest.mark.parametrize(
    ("era", "again", "state"), [(R1869, 503, "mail"), (R2821, 250, "ready"), (R5321, 250, "ready")]
)
@pytest.mark.parametrize("verb", ["EHLO", "HELO"])
def test_saying_it_a_second_time(plays, era, again, state, verb):
    """RFC 1869 section 4.2 answers 503; RFC 2821 section 4.1.4 resets, and so does RFC 821 section 4.1.1 for HELO."""
    plays(f"C: EHLO a\nS: 250\nC: MAIL FROM:<a@b>\nS: 250\nC: {verb} a\nS: {again}\n> server={state}", era=era)


@pytest.mark.parametrize("era", ERAS)
def test_helo_a_second_time(plays, era):
    plays("C: HELO a\nS: 250\nC: MAIL FROM:<a@b>\nS: 250\nC: HELO a\nS: 250\n> server=ready", era=era)


@pytest.mark.parametrize(("era", "code"), [(R1869, 501), (R2821, 250), (R5321, 250)])
def test_an_address_literal_as_a_name(plays, era, code):
    plays(f"C: EHLO [IPv6:::1]\nS: {code}", era=era)


@pytest.mark.parametrize(("era", "code"), [(R821, 501), (R1869, 555), (R2821, 501), (R5321, 555)])
def test_an_unknown_parameter(plays, era, code):
    hello = "HELO" if era == R821 else "EHLO"
    plays(f"C: {hello} a\nS: 250\nC: MAIL FROM:<a@b> XYZZY=1\nS: {code}\n> server=ready", era=era)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(("host", "code", "goodbye"), [("no-service", 554, 221), ("busy", 421, None)])
def test_a_greeting_that_refuses(plays, era, host, code, goodbye):
    plays(
        f"S: {code}" + (f"\nC: HELO a\nS: 503\nC: QUIT\nS: {goodbye}" if goodbye else "\n> client=closed"),
        era=era,
        policy=host,
    )


@pytest.mark.parametrize(("era", "code"), [(R821, 552), (R1869, 552), (R2821, 452), (R5321, 452)])
def test_too_many_recipients(plays, era, code):
    many = "C: RCPT TO:<ada@lab.example>\nS: 250\n" * 100
    plays(f"C: HELO a\nS: 250\nC: MAIL FROM:<a@b>\nS: 250\n{many}C: RCPT TO:<ada@lab.example>\nS: {code}", era=era)


@pytest.mark.parametrize(("era", "longest"), [(R821, 64), (R1869, 64), (R2821, 255), (R5321, 255)])
def test_how_long_a_domain_may_be(plays, era, longest):
    plays(f"C: HELO {'a' * longest}\nS: 250", era=era)
    plays(f"C: HELO {'a' * (longest + 1)}\nS: 501", era=era)


@pytest.mark.parametrize("era", ESMTP)
def test_extensions_let_a_command_line_grow(era):
    lab = Lab(era)
    assert lab.bench.server.dialect.line_limit("MAIL") == 512 + 26
    assert lab.bench.server.dialect.line_limit("RCPT") == 512


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("end", [r"\n", r"\r", r"\n\r"])
def test_nothing_but_crlf_ends_a_line(plays, era, end):
    plays(f"C\\: NOOP{end}NOOP\\r\\n\nS: 500", era=era)


@pytest.mark.parametrize("era", ERAS)
def test_a_hidden_mailbox(plays, era):
    """RFC 1123 section 5.2.3 defined 252; RFC 2821 section 7.3 makes it a MUST for whoever hides."""
    plays("C: HELO a\nS: 250\nC: VRFY ada\nS: 252", era=era, policy="open")


@pytest.mark.parametrize(("era", "code"), [(R821, 503), (R1869, 250), (R2821, 250), (R5321, 250)])
def test_rset_before_the_client_said_who_it_is(plays, era, code):
    plays(
        f"C: RSET\nS: {code}\n> server=initial\nC: NOOP\nS: 250\nC: VRFY ada\nS: 250\n"
        "C: EXPN friends\nS: 250\nC: HELP\nS: 214",
        era=era,
    )


@pytest.mark.parametrize("era", ERAS)
def test_data_before_any_recipient(plays, era):
    plays("C: HELO a\nS: 250\nC: MAIL FROM:<a@b>\nS: 250\nC: DATA\nS: 503\n> server=mail", era=era)


@pytest.mark.parametrize("era", ERAS)
def test_source_routes_are_taken_and_not_followed(plays, era):
    plays("C: HELO a\nS: 250\nC: MAIL FROM:<@x,@y:a@b>\nS: 250\nC: RCPT TO:<@x:ada@lab.example>\nS: 250", era=era)


@pytest.mark.parametrize("era", ERAS)
def test_a_failed_letter_leaves_the_way_open_for_the_next(plays, era):
    """RFC 2821 section 4.1.1.4 clears the buffers whatever the outcome, and the next MAIL is taken."""
    small = replace(find_policy("lab"), max_size=5)
    begin = "C: HELO a\nS: 250\nC: MAIL FROM:<a@b>\nS: 250\nC: RCPT TO:<ada@lab.example>\nS: 250\nC: DATA\nS: 354\n"
    plays(
        f"{begin}C: too long\nC: .\nS: 552\n> server=ready\nC: MAIL FROM:<a@b>\nS: 250\n> recipients=0",
        era=era,
        policy=small,
    )


@pytest.mark.parametrize(("era", "code"), [(R821, 250), (R1869, 250), (R2821, 501), (R5321, 501)])
def test_several_spaces(plays, era, code):
    plays(f"C: HELO   a\nS: {code}", era=era)


HOSTS = {
    "ehlo-500": ["EHLO", "HELO", "MAIL", "RCPT", "DATA", "QUIT"],
    "ehlo-501": ["EHLO", "HELO", "MAIL", "RCPT", "DATA", "QUIT"],
    "ehlo-502": ["EHLO", "HELO", "MAIL", "RCPT", "DATA", "QUIT"],
    "ehlo-504": ["EHLO", "HELO", "MAIL", "RCPT", "DATA", "QUIT"],
    "ehlo-550": ["EHLO", "HELO", "MAIL", "RCPT", "DATA", "QUIT"],
    "ehlo-554": ["EHLO", "HELO", "MAIL", "RCPT", "DATA", "QUIT"],
    "ehlo-421": ["EHLO"],
    "ehlo-hangs-up": ["EHLO", "HELO", "MAIL", "RCPT", "DATA", "QUIT"],
    "no-service": ["QUIT"],
    "busy": [],
}


@pytest.mark.parametrize(("host", "verbs"), HOSTS.items())
def test_what_the_client_does_with_each_refusal(host, verbs):
    """RFC 1869 sections 4.4 to 4.7: after an error HELO, after 421 and a lost channel nothing more on this one."""
    lab = Lab(policy=host)
    ada = Path(b"ada", b"lab.example")
    lab.deliver(Delivery(Path(b"me", b"me.example"), (ada,), b"x\r\n"))
    said = [each.client.command.verb for each in lab.crossings() if each.client.kind == "command"]
    assert said == verbs
    (outcome,) = lab.bench.delivery.outcomes
    assert outcome.accepted == ("DATA" in verbs)
    assert outcome.temporary == (host in ("ehlo-421", "busy"))
