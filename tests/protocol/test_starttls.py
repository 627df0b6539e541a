"""STARTTLS and REQUIRETLS: both ends begin anew, and what came in clear counts for nothing (RFC 3207, RFC 8689)."""

from dataclasses import replace

import pytest

from esmtp_lab.bench import Bench, Fault, Host, Hosts
from esmtp_lab.errors import DataError
from esmtp_lab.lab import Lab, client_dialect, server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.protocol.client import ClientSession
from esmtp_lab.protocol.delivery import TLS, Delivery
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.policy import Policy, find_policy, policies, with_tls, with_users
from esmtp_lab.protocol.server import ServerSession
from esmtp_lab.protocol.session import Position
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.path import Path

ME, ADA = Path(b"me", b"me.example"), Path(b"ada", b"lab.example")
LETTER = Delivery(ME, (ADA,), b"Subject: hi\r\n\r\nhello\r\n")
REQUIRETLS = (Parameter("REQUIRETLS", None),)
IMC = Policy(domain="mail.imc.org", extensions=("8BITMIME", "STARTTLS"), mailboxes={"ada": "Ada"})
PROTECTED = Position("initial", frozenset({"tls"}))


def test_the_example_of_rfc_3207(plays) -> None:
    """Section 5. DSN, which it offers as well, is no extension of ours, and the words of the server are not ours."""
    lab = plays(
        """
S: 220 mail.imc.org ESMTP ready
C: EHLO mail.example.com
S: 250-mail.imc.org greets mail.example.com
S: 250-8BITMIME
S: 250 STARTTLS
C: STARTTLS
S: 220 Ready to start TLS
=== tls
> client=initial
> server=initial
> facts=tls
> client-name=
> offered=
C: EHLO mail.example.com
S: 250-mail.imc.org greets mail.example.com
S: 250 8BITMIME
> facts=extended,tls
> offered=8BITMIME
""",
        policy=IMC,
    )
    assert [crossing.event.octets for crossing in lab.bench.log if crossing.event.kind == "moment"] == [
        b"tls (stand-in): no octet is encrypted on this bench"
    ]


def test_the_example_of_rfc_8689(plays) -> None:
    """Appendix A.1. It prints no code before "TLS go ahead", and a second greeting, which RFC 3207 does not have."""
    lab = plays(
        """
C: EHLO mail.example.org
S: 250
> offered=SIZE,8BITMIME,PIPELINING,ENHANCEDSTATUSCODES,EXPN,HELP,STARTTLS
C: STARTTLS
S: 220
C: EHLO mail.example.org
S: 250
> offered=SIZE,8BITMIME,PIPELINING,ENHANCEDSTATUSCODES,EXPN,HELP,AUTH,REQUIRETLS
C: MAIL FROM:<roger@example.org> REQUIRETLS
S: 250
C: RCPT TO:<ada@lab.example>
S: 250
C: DATA
S: 354
C: hello
C: .
S: 250
C: QUIT
S: 221
""",
        policy="secure",
    )
    (letter,) = lab.mailboxes.letters["ada"]
    assert letter.envelope.parameters == REQUIRETLS, "the letter is tagged (section 4.1)"
    assert letter.protocol == "ESMTPS"
    assert b" with ESMTPS; " in lab.mailboxes.octets("ada")[0]


@pytest.mark.parametrize("era", [era for era in ERAS if ERAS[era].speaks_ehlo])
def test_what_starttls_may_be_answered(plays, era: str) -> None:
    plays(
        """
C: STARTTLS
S: 503
C: EHLO a
S: 250
C: STARTTLS now
S: 501
> server=ready
C: MAIL FROM:<a@b>
S: 250
C: STARTTLS
S: 503
> server=mail
C: RSET
S: 250
C: starttls
S: 220
> facts=tls
C: STARTTLS
S: 503
C: EHLO a
S: 250
C: STARTTLS
S: 503
C: STARTTLS now
S: 503
""",
        policy="secure",
        era=era,
    )


def test_a_server_of_1982_knows_nothing_of_it(plays) -> None:
    plays("C: HELO a\nS: 250\nC: STARTTLS\nS: 500", policy="secure", era="rfc821")


def test_tls_that_cannot_be_had_just_now(plays) -> None:
    text = "C: EHLO a\nS: 250\nC: STARTTLS\nS: 454 4.7.0 TLS not available due to temporary reason\n"
    plays(text + "> server=ready\n> facts=extended\nC: MAIL FROM:<a@b>\nS: 250", policy="tls-later")


def test_without_a_new_ehlo_nothing_goes_on(plays) -> None:
    plays(
        """
C: EHLO a
S: 250
C: AUTH PLAIN
S: 504
C: STARTTLS
S: 220
C: MAIL FROM:<a@b>
S: 503
C: RCPT TO:<ada@lab.example>
S: 503
C: NOOP
S: 250
C: HELO a
S: 250
C: MAIL FROM:<a@b> REQUIRETLS
S: 501
C: MAIL FROM:<a@b>
S: 250
C: EHLO a
S: 250
C: AUTH PLAIN AHpvZQBzZWNyZXQ=
S: 235
> facts=authenticated,extended,tls
""",
        policy="secure",
    )


def test_authentication_in_clear_is_lost(plays) -> None:
    policy = replace(find_policy("secure"), clear_text=True)
    text = "C: EHLO a\nS: 250\nC: AUTH PLAIN AHpvZQBzZWNyZXQ=\nS: 235\n> facts=authenticated,extended\n"
    plays(text + "C: STARTTLS\nS: 220\n> facts=tls", policy=policy)


@pytest.mark.parametrize(
    "line", ["HELO a", "MAIL FROM:<a@b>", "RSET", "VRFY ada", "EXPN friends", "HELP", "AUTH PLAIN"]
)
def test_a_host_that_serves_nobody_in_clear(line: str) -> None:
    """RFC 3207 section 4: 530 to every command other than NOOP, EHLO, STARTTLS, or QUIT."""
    lab = Lab(policy="tls-only")
    enhanced = "" if line == "HELO a" else "5.7.0 "
    refused = f"530 {enhanced}Must issue a STARTTLS command first\r\n".encode()
    assert lab.send(line)[-1].event.octets == refused
    assert lab.send("STARTTLS")[-1].event.code == 503
    assert lab.send("EHLO a")[-1].event.code == 250
    assert lab.send(line)[-1].event.octets == refused
    assert lab.send(f"{line.split()[0]} \\<")[-1].event.code == 530
    assert lab.send("NOOP")[-1].event.code == 250
    lab.send("STARTTLS")
    lab.send("EHLO a")
    assert lab.send(line)[-1].event.code < 400
    assert lab.send("QUIT")[-1].event.code in (221, 535)


# Injection -------------------------------------------------------------------------------------------

BEHIND = b"MAIL FROM:<eve@evil.example>\r\nRCPT TO:<ada@lab.example>\r\n"


@pytest.mark.parametrize("cut", range(len(b"STARTTLS\r\n" + BEHIND) + 1))
def test_commands_behind_starttls_are_never_heard(cut: int) -> None:
    """CVE-2011-0411, however the octets are cut up."""
    policy = find_policy("secure")
    server = ServerSession(server_dialect(policy, "rfc2821"), policy)
    server.start()
    server.receive(b"EHLO a\r\n")
    server.take()
    octets = b"STARTTLS\r\n" + BEHIND
    server.receive(octets[:cut])
    events = server.receive(octets[cut:]) + server.receive(BEHIND)
    assert server.take() == b"220 2.0.0 Ready to start TLS\r\n"
    assert {event.to for event in events if event.kind == "command"} <= {"STARTTLS"}
    moment = server.protect("for the test")
    assert moment.octets.endswith(b"; the server throws away %d octets that came in clear" % (2 * len(BEHIND)))
    assert server.pending == b""
    assert server.position == PROTECTED
    assert server.receive(b"NOOP\r\n")[-1].code == 250
    assert server.take() == b"250 2.0.0 OK\r\n"


@pytest.mark.parametrize("cut", range(0, 60, 3))
def test_replies_behind_220_are_never_heard(cut: int) -> None:
    """The same the other way round: replies that somebody put behind the server's."""
    client = ClientSession(client_dialect())
    client.receive(b"220 a\r\n")
    client.send(b"EHLO me\r\n")
    client.receive(b"250-a\r\n250 STARTTLS\r\n")
    client.send(b"STARTTLS\r\n")
    client.take()
    octets = b"220 go\r\n250-a\r\n250-AUTH PLAIN\r\n250 XEVIL\r\n250-half"
    client.receive(octets[:cut])
    client.receive(octets[cut:])
    assert client.position.shaking
    moment = client.protect("for the test")
    assert moment.octets == b"tls for the test; the client throws away %d octets that came in clear" % (len(octets) - 8)
    assert (client.position, client.offered, client.waiting) == (PROTECTED, {}, ())
    client.send(b"EHLO me\r\n")
    client.receive(b"250-a\r\n250 SIZE 10\r\n")
    assert client.offered == {"SIZE": ("10",)}


def test_injection_on_the_bench_shows() -> None:
    lab = Lab(policy="secure")
    lab.send("EHLO a")
    crossings = lab.raw(b"STARTTLS\r\n" + BEHIND)
    heard = [(crossing.event.octets[:4], crossing.server is not None) for crossing in crossings]
    assert heard == [(b"STAR", True), (b"220 ", True), (b"MAIL", False), (b"RCPT", False), (b"tls ", True)]
    assert b"the server throws away" in crossings[-1].event.octets
    assert lab.bench.server.position == lab.bench.client.position == PROTECTED
    broken = {
        citation.rule.lineage for each in crossings for citation in lab.explain(each).citations if citation.broken
    }
    assert broken == {"tls-first"}


def test_a_reply_injected_on_the_bench_shows() -> None:
    lab = Lab(policy="secure")
    lab.send("EHLO a")
    lab.bench.faults = (Fault("say", "STARTTLS", say=b"220 go\r\n250-x\r\n250 AUTH PLAIN\r\n"),)
    moment = lab.send("STARTTLS")[-1].event
    assert moment.octets.endswith(b"the client throws away 23 octets that came in clear")
    assert lab.bench.client.offered == {}


# A client that delivers by itself --------------------------------------------------------------------


def delivered(policy: str | Policy, *faults: Fault, letter: Delivery = LETTER, **wishes: object) -> Lab:
    lab = Lab(policy=policy)
    lab.bench.faults = faults
    lab.deliver(replace(letter, **wishes))
    return lab


def fate(lab: Lab) -> tuple[bool, bool, int]:
    """Accepted, temporary, letters there."""
    (outcome,) = lab.bench.delivery.outcomes
    return outcome.accepted, outcome.temporary, len(lab.mailboxes.letters.get("ada", ()))


def said(lab: Lab) -> list[str]:
    return [each.event.octets.decode().split()[0] for each in lab.bench.log if each.speaker == "client"]


@pytest.mark.parametrize(
    ("host", "tls", "expected"),
    [
        ("lab", "no", (True, False, 1)),
        ("lab", "try", (True, False, 1)),
        ("lab", "require", (False, True, 0)),
        ("secure", "no", (True, False, 1)),
        ("secure", "try", (True, False, 1)),
        ("secure", "require", (True, False, 1)),
        ("tls-only", "no", (False, False, 0)),
        ("tls-only", "try", (True, False, 1)),
        ("tls-later", "try", (True, False, 1)),
        ("tls-later", "require", (False, True, 0)),
        ("ehlo-502", "require", (False, True, 0)),
    ],
)
def test_what_a_client_does_about_tls(host: str, tls: str, expected: tuple[bool, bool, int]) -> None:
    assert tls in TLS
    lab = delivered(host, tls=tls)
    assert fate(lab) == expected
    protected = expected[0] and tls != "no" and host not in ("lab", "tls-later")
    assert ("STARTTLS" in said(lab)) == (tls != "no" and host not in ("lab", "ehlo-502"))
    assert said(lab)[-1] == "QUIT"
    if expected[0]:
        assert lab.mailboxes.letters["ada"][0].protocol == ("ESMTPS" if protected else "ESMTP")


def test_a_downgrade_delivers_nothing() -> None:
    """RFC 3207 section 6: somebody in between takes STARTTLS off the list, or answers in the server's place."""
    stripped = Fault("say", "EHLO", say=b"250-lab.example\r\n250 SIZE 1000\r\n")
    lab = delivered("secure", stripped, tls="require")
    assert fate(lab) == (False, True, 0)
    assert "MAIL" not in said(lab)
    assert lab.bench.delivery.outcomes[0].remark == "no TLS: it is not offered, and nothing is sent in clear"
    forged = Fault("say", "STARTTLS", say=b"500 what?\r\n")
    lab = delivered("secure", forged, tls="require")
    assert fate(lab) == (False, True, 0)
    assert "MAIL" not in said(lab)
    assert lab.bench.delivery.outcomes[0].reply.lines == (b"what?",), "the refusal decided, and is what is told"
    assert fate(delivered("secure", stripped, tls="try")) == (True, False, 1), "who only tries goes on in clear"


@pytest.mark.parametrize("tls", ["try", "require"])
def test_a_handshake_that_fails_closes_the_channel(tls: str) -> None:
    lab = delivered("secure", Fault("handshake"), tls=tls)
    assert fate(lab) == (False, True, 0)
    assert (lab.bench.client.position.state, lab.bench.server.position.state) == ("closed", "closed")
    assert lab.bench.log[-1].event.octets == b"closed by the client: no TLS: the handshake failed"
    assert lab.bench.delivery.outcomes[0].remark == "no TLS: the handshake failed"
    assert lab.bench.faults == ()


def test_what_is_lost_under_tls_is_not_tried_in_clear() -> None:
    """Upon EHLO in clear the client calls again and says HELO (RFC 1869 section 4.7)."""
    crossed = b"EHLO me.example\r\nSTARTTLS\r\nEHLO me.example\r\n"
    lab = delivered("secure", Fault("cut", octets=len(crossed)), tls="try")
    assert lab.bench.client.lost == "EHLO"
    assert said(lab) == ["EHLO", "STARTTLS", "EHLO"]
    assert fate(lab) == (False, True, 0)


def test_the_handshake_is_the_servers_moment() -> None:
    """It stands behind the server's 220, and both ends have it."""
    lab = delivered("secure", tls="require")
    moments = [each.event for each in lab.bench.log if each.event.to == "HANDSHAKE" and each.event.kind == "moment"]
    assert {moment.speaker for moment in moments} == {"server"}


def test_a_220_that_the_server_did_not_say_leads_nowhere() -> None:
    lab = delivered("tls-later", Fault("say", "STARTTLS", say=b"220 go\r\n"), tls="try")
    assert fate(lab) == (False, True, 0)
    assert lab.bench.server.position.state == "closed"


def test_a_454_that_the_server_did_not_say_leads_nowhere_either() -> None:
    """The server waits for a handshake and gets commands."""
    lab = delivered("secure", Fault("say", "STARTTLS", say=b"454 not now\r\n"), tls="try")
    assert fate(lab) == (False, True, 0)
    assert lab.bench.log[-1].event.octets == b"closed by the server: no TLS: the handshake failed"
    assert delivered("secure", Fault("stall", "STARTTLS"), tls="try").bench.client.waiting[0].entry == "STARTTLS"


# REQUIRETLS ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "remark"),
    [
        ("secure", ""),
        ("tls-only", ""),
        ("lab", "5.7.10 Encryption needed: the letter requires TLS, and it has not come about"),
        ("tls-later", "5.7.10 Encryption needed: the letter requires TLS, and it has not come about"),
        (IMC, "5.7.30 REQUIRETLS support required: the server does not offer it"),
    ],
)
def test_a_letter_that_requires_tls(host: str | Policy, remark: str) -> None:
    letter = replace(LETTER, forward_paths=(Path(b"ada", IMC.domain.encode()),)) if host is IMC else LETTER
    lab = delivered(host, letter=letter, parameters=REQUIRETLS)
    assert fate(lab) == ((False, False, 0) if remark else (True, False, 1))
    assert lab.bench.delivery.outcomes[0].remark == remark
    assert ("MAIL" in said(lab)) == (not remark)
    if not remark:
        assert lab.mailboxes.letters["ada"][0].envelope.parameters[-1:] == REQUIRETLS


@pytest.mark.parametrize("host", ["lab", "secure"])
def test_a_notice_is_not_held_up(host: str) -> None:
    """RFC 8689 section 5: it says REQUIRETLS where it can, and goes on without where it cannot."""
    lab = delivered(host, reverse_path=Path(), parameters=REQUIRETLS)
    assert fate(lab) == (True, False, 1)
    line = next(each.event.octets for each in lab.bench.log if each.event.to == "MAIL")
    assert (b" REQUIRETLS" in line) == (host == "secure")


@pytest.mark.parametrize("value", ["REQUIRETLS=", "REQUIRETLS=1", "REQUIRETLS REQUIRETLS"])
def test_requiretls_stands_alone_and_once(value: str) -> None:
    lab = Lab(policy="secure")
    for line in ("EHLO a", "STARTTLS", "EHLO a"):
        lab.send(line)
    assert lab.send(f"MAIL FROM:<a@b> {value}")[-1].event.code == 501
    assert lab.bench.server.position.state == "ready"


def test_what_lets_a_line_grow() -> None:
    """RFC 8689 section 2: 11 octets."""
    policy = replace(find_policy("lab"), extensions=("STARTTLS", "REQUIRETLS"))
    assert server_dialect(policy, "rfc2821").line_limit("MAIL") == 512 + 11


def test_a_host_that_knows_the_next_one_to_lack_it_says_so(plays) -> None:
    text = "C: EHLO me.example\nS: 250\nC: STARTTLS\nS: 220\nC: EHLO me.example\nS: 250\n"
    text += "C: MAIL FROM:<a@b>{}\nS: 250\nC: RCPT TO:<x@old.example>\nS: {}\n"
    plays(text.format(" REQUIRETLS", 550), policy="secure")
    plays(text.format("", 250), policy="secure")


def relaying(*policies: Policy) -> Hosts:
    hosts = [Host(each, server_dialect(each, "rfc2821"), MemoryMailboxes(each.domain)) for each in policies]
    return Hosts(hosts, client_dialect())


def test_the_tag_goes_with_the_letter_and_with_the_notice() -> None:
    """RFC 8689 sections 4.1, 4.2.1 and 5."""
    secure = find_policy("secure")
    home = replace(secure, name="home", domain="home.example", mailboxes={"me": "Me"}, relays_for=("*",))
    for last, arrives in ((secure, True), (find_policy("lab"), False)):
        hosts = relaying(home, last)
        letter = Delivery(Path(b"me", b"home.example"), (ADA,), b"x\r\n", parameters=REQUIRETLS, tls="try")
        hosts.submit("home.example", letter)
        runs = hosts.run()
        lines = [each.event.octets for run in runs for each in run.bench.log if each.event.to == "MAIL"]
        mails = [line for line in lines if line.startswith(b"MAIL")]
        assert all(b" REQUIRETLS" in line for line in mails)
        boxes = {name: host.mailboxes.letters for name, host in hosts.hosts.items()}
        assert ("ada" in boxes["lab.example"]) == arrives
        assert ("me" in boxes["home.example"]) == (not arrives)
        if not arrives:
            assert b"5.7.10 Encryption needed" in boxes["home.example"]["me"][0].content


# Undo, and other ways ----------------------------------------------------------------------------------


def test_what_a_letter_has_with_it_goes_to_the_next_host_if_that_is_asked() -> None:
    """The tag does, and the size is told anew (RFC 1870 section 6)."""
    secure = find_policy("secure")
    home = replace(secure, name="home", domain="home.example", relays_for=("*",))
    hosts = relaying(home, secure)
    bench = Bench(hosts.hosts["home.example"], client_dialect())
    bench.start()
    bench.deliver(replace(LETTER, parameters=REQUIRETLS, tls="try"))
    (run,) = hosts.run()
    (mail,) = (each.event for each in run.bench.log if each.event.to == "MAIL" and each.speaker == "client")
    (arrived,) = hosts.hosts["lab.example"].mailboxes.letters["ada"]
    assert [each.render() for each in mail.command.parameters] == [b"SIZE=%d" % arrived.octets, b"REQUIRETLS"]


def test_undo_takes_the_handshake_back() -> None:
    lab = Lab(policy="secure")
    lab.send("EHLO me.example")
    before = lab.bench.state
    offered = lab.bench.client.offered
    lab.send("STARTTLS")
    after = lab.bench.state
    assert lab.bench.server.position == PROTECTED
    lab.undo()
    assert lab.bench.state == before
    assert lab.bench.client.offered == offered
    lab.redo()
    assert lab.bench.state == after
    lab.undo()
    assert lab.predict("STARTTLS")[-1].event.kind == "moment"
    assert lab.bench.state == before


def test_tls_can_be_undone_with_its_fault() -> None:
    lab = Lab(policy="secure")
    lab.send("EHLO a")
    lab.bench.faults = (Fault("handshake"),)
    for _ in range(2):
        assert lab.send("STARTTLS")[-1].event.octets.startswith(b"closed by")
        lab.undo()


def test_a_server_played_by_hand_agrees_as_well() -> None:
    lab = Lab(policy="secure", role="server")
    lab.say("220 a")
    lab.deliver(replace(LETTER, tls="try"))
    lab.say("250-a")
    lab.say("250 STARTTLS")
    crossings = lab.say("220 go")
    assert [each.event.kind for each in crossings] == ["reply", "moment", "command"]
    assert crossings[-1].event.octets == b"EHLO me.example\r\n"
    assert lab.bench.server.position == PROTECTED


def test_tls_holds_when_roles_are_changed() -> None:
    here = Policy("here", domain="here.example", extensions=("STARTTLS", "TURN"), mailboxes={"me": "Me"})
    ends = [Host(each, server_dialect(each, "rfc2821"), MemoryMailboxes(each.domain)) for each in (here, here)]
    bench = Bench(ends[0], client_dialect(), caller=ends[1])
    bench.start()
    for line in (b"EHLO a\r\n", b"STARTTLS\r\n", b"EHLO a\r\n", b"TURN\r\n", b"EHLO b\r\n"):
        crossings = bench.send(line)
    assert list(bench.client.offered) == ["TURN"], "under TLS, STARTTLS is offered by nobody"
    assert crossings[-1].event.before.protected


def test_hosts_that_can_protect_their_channels() -> None:
    assert with_tls(find_policy("lab")).extensions == (*find_policy("lab").extensions, "STARTTLS")
    assert with_tls(find_policy("secure")) is find_policy("secure")
    assert not with_users(find_policy("secure"), {"ann": "x"}).clear_text
    assert with_users(find_policy("lab"), {"ann": "x"}).clear_text
    for policy in policies().values():
        server_dialect(policy, "rfc2821")
    with pytest.raises(DataError, match="REQUIRETLS needs STARTTLS"):
        server_dialect(replace(find_policy("lab"), extensions=("REQUIRETLS",)), "rfc2821")
