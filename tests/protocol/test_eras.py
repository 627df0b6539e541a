"""Where the standards disagree: each row of the comparison as sessions of each era, played by both ends."""

from dataclasses import replace

import pytest

from esmtp_lab.lab import Lab
from esmtp_lab.protocol.delivery import Delivery
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


@pytest.mark.parametrize(("era", "code"), [(R1869, 455), (R2821, 451), (R5321, 455)])
def test_a_parameter_that_cannot_be_had_just_now(plays, era, code):
    """RFC 1869 section 6.1 and RFC 5321 section 4.1.1.11; RFC 2821 has no such code."""
    plays(
        f"C: EHLO a\nS: 250\nC: MAIL FROM:<a@b> BODY=8BITMIME\nS: {code}\n> server=ready\nC: MAIL FROM:<a@b>\nS: 250",
        era=era,
        policy="strained",
    )


@pytest.mark.parametrize("era", ERAS)
def test_a_greeting_for_now(plays, era):
    plays("S: 421\n> client=closed", era=era, policy="busy")


@pytest.mark.parametrize("era", [R821, R1869])
@pytest.mark.parametrize("host", ["no-service", "no-mail", "no-mail-closes"])
def test_before_2001_a_greeting_that_refuses_closes(plays, era, host):
    """RFC 821 section 4.3 has 421 alone."""
    plays("S: 421\n> server=closed\n> client=closed", era=era, policy=host)


@pytest.mark.parametrize("era", LATER)
def test_a_greeting_that_refuses_waits_for_quit(plays, era):
    """RFC 2821 section 3.1."""
    plays("S: 554\n> client=refused\nC: EHLO a\nS: 503\nC: QUIT\nS: 221\n> client=closed", era=era, policy="no-service")


@pytest.mark.parametrize(("era", "first", "again"), [(R2821, 554, 503), (R5321, 521, 521)])
def test_a_host_that_never_takes_mail(plays, era, first, again):
    """RFC 7504 section 3: 521 in the greeting, and again to whatever comes but QUIT."""
    lines = ["EHLO a", "HELO a", "MAIL FROM:<a@b>", "RCPT TO:<ada@lab.example>", "DATA", "RSET", "NOOP", "HELP"]
    lines += ["VRFY ada", "EXPN friends", "SEND FROM:<a@b>", "TURN", "XYZZY", "EHLO", "AUTH PLAIN", "STARTTLS"]
    said = "\n".join(f"C: {line}\nS: {again}\n> server=refused\n> client=refused" for line in lines)
    plays(f"S: {first}\n{said}\nC: QUIT\nS: 221\n> server=closed", era=era, policy="no-mail")


@pytest.mark.parametrize("line", ["EHLO a", "HELO a", "MAIL FROM:<a@b>", "NOOP", "XYZZY", "RSET"])
def test_a_host_that_never_takes_mail_may_close(plays, line):
    """RFC 7504 section 3: or simply close; QUIT is answered all the same."""
    plays(f"S: 521\nC: {line}\n> server=closed\n> client=closed", era=R5321, policy="no-mail-closes")
    plays("S: 521\nC: QUIT\nS: 221\n> server=closed", era=R5321, policy="no-mail-closes")


RELAYED = "C: {hello} {name}\nS: 250\nC: MAIL FROM:<a@b>\nS: 250\nC: RCPT TO:<a@{domain}>\nS: {code}\n> server={state}"


@pytest.mark.parametrize(("era", "code"), [(R821, 550), (R1869, 550), (R2821, 550), (R5321, 556)])
def test_a_domain_that_is_known_to_take_no_mail(plays, era, code):
    """RFC 7504 section 4: the host that would relay says so itself, to those for whom it would."""
    hello = "HELO" if era == R821 else "EHLO"

    def asks(name: str, domain: str, code: int) -> None:
        state = "rcpt" if code == 250 else "mail"
        script = RELAYED.format(hello=hello, name=name, domain=domain, code=code, state=state)
        plays(script, era=era, policy="relay")

    asks("me.example", "NoMail.example", code)
    asks("me.example", "elsewhere.example", 250)
    asks("other.example", "nomail.example", 550)


@pytest.mark.parametrize(("era", "detail"), [(R2821, b"550 5.1.2 "), (R5321, b"556 5.1.10 ")])
def test_the_detail_of_a_domain_without_mail(era, detail):
    lab = Lab(era, policy="relay")
    for line in ("EHLO me.example", "MAIL FROM:<a@b>"):
        lab.send(line)
    assert lab.send("RCPT TO:<a@nomail.example>")[-1].event.octets.startswith(detail)


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


@pytest.mark.parametrize(("era", "code"), [(R821, 250), (R1869, 250), (R2821, 250), (R5321, 501)])
def test_an_address_literal_in_a_source_route(plays, era, code):
    """RFC 5321 section 4.1.2 takes literals out of `Domain`, and so out of the hosts of a route."""
    plays(f"C: HELO a\nS: 250\nC: MAIL FROM:<@[1.2.3.4]:a@b>\nS: {code}", era=era)


@pytest.mark.parametrize(("era", "code"), [(R821, 250), (R1869, 250), (R2821, 250), (R5321, 501)])
def test_a_control_character_in_quotes(plays, era, code):
    """RFC 5321 section 4.1.2: qtextSMTP and quoted-pairSMTP are printable."""
    plays(f'C: HELO a\nS: 250\nC\\: MAIL FROM:<"a\\x09b"@c>\\r\\n\nS: {code}', era=era)


@pytest.mark.parametrize("era", ERAS)
def test_what_wrote_to_terminals_is_there_where_it_is_listed(plays, era):
    """Optional in RFC 821 section 3.4, to be listed since RFC 1869 section 5, and still in RFC 5321 appendix F.6."""
    lab = plays("C: HELO a\nS: 250\nC: SEND FROM:<a@b>\nS: 250\n> server=mail", era=era, policy="classic")
    for verb in ("SEND", "SOML", "SAML", "TURN"):
        plays(f"C: HELO a\nS: 250\nC: {verb} FROM:<a@b>\nS: 502", era=era)
    lab.send("RSET")
    lab.send("EHLO a")
    listed = {"SEND", "SOML", "SAML", "TURN"} if era != R821 else set()
    assert {verb for verb in lab.bench.client.offered if verb in ("SEND", "SOML", "SAML", "TURN")} == listed


@pytest.mark.parametrize("era", ERAS)
def test_nothing_closes_but_quit_and_421(plays, era):
    """RFC 821 section 4.1.1, RFC 2821 section 3.9."""
    plays(
        "C: XYZZY\nS: 500\nC: VRFY\nS: 501\nC: DATA\nS: 503\n> server=initial\nC: QUIT\nS: 221\n> server=closed",
        era=era,
    )


CODES = {
    ("GREETING", R821): "220 421",
    ("GREETING", R1869): "220 421",
    ("GREETING", R2821): "220 554",
    ("GREETING", R5321): "220 521 554",
    ("MAIL", R821): "250 451 452 503 552",
    ("MAIL", R1869): "250 451 452 455 503 552 555",
    ("MAIL", R2821): "250 451 452 503 550 552 553",
    ("MAIL", R5321): "250 451 452 455 503 550 552 553 555",
    ("RCPT", R821): "250 251 450 451 452 503 550 551 552 553",
    ("RCPT", R1869): "250 251 450 451 452 455 503 550 551 552 553 555",
    ("RCPT", R2821): "250 251 450 451 452 503 550 551 552 553",
    ("RCPT", R5321): "250 251 450 451 452 455 503 550 551 552 553 555 556",
    ("DATA", R821): "354 451 503 554",
    ("DATA", R1869): "354 451 503 554",
    ("DATA", R2821): "354 451 503 554",
    ("DATA", R5321): "354 503 554",
    ("END_OF_DATA", R821): "250 451 452 552 554",
    ("END_OF_DATA", R1869): "250 451 452 552 554",
    ("END_OF_DATA", R2821): "250 451 452 552 554",
    ("END_OF_DATA", R5321): "250 450 451 452 550 552 554",
}
"""RFC 821 section 4.3, RFC 1869 section 6.1, RFC 2821 and RFC 5321 section 4.3.2, RFC 7504 section 5.1."""


@pytest.mark.parametrize(("entry", "era"), CODES)
def test_the_codes_that_a_command_may_get(entry, era):
    form = Dialect(ERAS[era]).forms[entry]
    assert " ".join(map(str, sorted({*form.success, *form.intermediate, *form.failure}))) == CODES[entry, era]


def test_documents_are_cited_newest_first():
    for era in ERAS.values():
        assert era.documents[0] == int(era.name.removeprefix("rfc"))
    assert ERAS[R5321].documents[:3] == (5321, 7504, 2821)


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
    "no-mail": ["QUIT"],
    "no-mail-closes": ["QUIT"],
    "busy": [],
}


@pytest.mark.parametrize("era", LATER)
@pytest.mark.parametrize(("host", "verbs"), HOSTS.items())
def test_what_the_client_does_with_each_refusal(era, host, verbs):
    """RFC 1869 sections 4.4 to 4.7: after an error HELO, after 421 and a lost channel nothing more on this one."""
    lab = Lab(era, policy=host)
    ada = Path(b"ada", b"lab.example")
    lab.deliver(Delivery(Path(b"me", b"me.example"), (ada,), b"x\r\n"))
    said = [each.client.command.verb for each in lab.crossings() if each.client.kind == "command"]
    assert said == verbs
    (outcome,) = lab.bench.delivery.outcomes
    assert outcome.accepted == ("DATA" in verbs)
    assert outcome.temporary == (host in ("ehlo-421", "busy"))
