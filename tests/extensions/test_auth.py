"""AUTH (RFC 4954): each mechanism from both ends, the RFCs' own examples, and what goes wrong."""

import hashlib
import hmac
from base64 import b64decode, b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmtp_lab.extensions.auth import AUTH, MECHANISMS
from esmtp_lab.lab import Lab, server_dialect
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.extension import Credentials, Proof
from esmtp_lab.protocol.policy import Policy, find_policy
from esmtp_lab.protocol.server import ServerSession
from esmtp_lab.tutor.play import play
from esmtp_lab.wire.path import Path
from esmtp_lab.wire.transcript import read

ZOE = Credentials("zoe", "secret", in_clear=True)
LETTER = Delivery(Path(b"zoe", b"lab.example"), (Path(b"ada", b"lab.example"),), b"Subject: hi\r\n\r\nhi\r\n")
MEMBERS = find_policy("members")


def only(*mechanisms: str) -> Policy:
    return replace(MEMBERS, mechanisms=mechanisms, members_only=True)


def delivered(policy: Policy, login: Credentials | None) -> tuple[Delivery, list[bytes]]:
    lab = Lab(policy=policy)
    lab.deliver(replace(LETTER, login=login))
    assert lab.bench.delivery is not None
    return lab.bench.delivery, [crossing.event.octets for crossing in lab.bench.log]


def codes(lab: Lab, *lines: str) -> list[int]:
    return [lab.send(line)[-1].event.code for line in lines]


def coded(text: str | bytes) -> str:
    return b64encode(text.encode() if isinstance(text, str) else text).decode()


# Both ends -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(MECHANISMS))
def test_a_member_is_known_and_a_stranger_is_not(name: str) -> None:
    right, lines = delivered(only(name), ZOE)
    assert [each.accepted for each in right.outcomes] == [True]
    assert any(line.upper().startswith(f"AUTH {name}".encode()) for line in lines)
    for wrong in (
        ZOE._replace(password="guess"),
        ZOE._replace(user="zo"),
        ZOE._replace(user="ü"),
    ):
        refused, _ = delivered(only(name), wrong)
        assert [each.reply and each.reply.code for each in refused.outcomes] == [535]


def test_the_client_takes_the_best_that_both_have() -> None:
    for offered, taken in ((("PLAIN", "CRAM-MD5"), "CRAM-MD5"), (("LOGIN", "PLAIN"), "PLAIN"), ((), "SCRAM-SHA-256")):
        _, lines = delivered(only(*offered), ZOE)
        assert any(line.startswith(f"AUTH {taken}".encode()) for line in lines)


def test_a_client_that_may_not_send_its_password_in_clear_does_not() -> None:
    refused, lines = delivered(only("PLAIN", "LOGIN"), ZOE._replace(in_clear=False))
    assert [each.remark for each in refused.outcomes] == [
        "the server offers no AUTH mechanism that this client would use"
    ]
    assert not any(line.startswith(b"AUTH") for line in lines)


def test_a_server_that_does_not_know_the_password_is_found_out() -> None:
    """RFC 5802 section 3: the server proves itself too; the client gives up with a lone *."""
    first = AUTH.proves(ZOE, ("SCRAM-SHA-256",), False, Proof())
    assert first is not None
    nonce = f"{ZOE.nonce}more"
    challenges = tuple(coded(text).encode() for text in (f"r={nonce},s={coded('salt')},i=4096", f"v={coded('lie')}"))
    last = AUTH.proves(ZOE, ("SCRAM-SHA-256",), False, Proof("SCRAM-SHA-256", challenges))
    assert last is not None
    assert last.response == b"*"
    garbled = AUTH.proves(ZOE, (), False, Proof("SCRAM-SHA-256", (b"!!!",)))
    assert garbled is not None
    assert garbled.response == b"*"


# What is offered, and what is asked ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "clear_text", "offered"),
    [
        (set(), False, "SCRAM-SHA-256 CRAM-MD5"),
        (set(), True, "SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN"),
        ({"tls"}, False, "SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN"),
    ],
)
def test_passwords_go_in_clear_under_tls_or_where_the_host_allows_it(
    facts: set[str], clear_text: bool, offered: str
) -> None:
    policy = replace(MEMBERS, clear_text=clear_text)
    session = ServerSession(server_dialect(policy, "rfc2821"), policy)
    session.start()
    session.position = session.position._replace(facts=frozenset(facts))
    session.receive(b"EHLO me.example\r\n")
    assert f"AUTH {offered}\r\n".encode() in session.take()
    session.receive(f"AUTH PLAIN {coded(chr(0) + 'zoe' + chr(0) + 'secret')}\r\n".encode())
    assert session.take()[:3] == (b"235" if "PLAIN" in offered else b"504")


def test_where_nobody_has_a_password_auth_is_not_offered() -> None:
    lab = Lab(policy=replace(MEMBERS, passwords={}))
    assert b"AUTH" not in b"".join(crossing.event.octets for crossing in lab.send("EHLO me.example"))


def test_members_only() -> None:
    """RFC 4954 section 6: 530 to MAIL, and to nothing that leads on."""
    lab = Lab(policy="submission")
    assert codes(lab, "EHLO a", "MAIL FROM:<a@b>", "NOOP", "RSET", "VRFY ada") == [250, 530, 250, 250, 250]


# The RFCs' examples --------------------------------------------------------------------------------


def test_the_example_of_cram_md5(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 2195 section 2: its shared secret, challenge and digest."""
    challenge = b"<1896.697170952@postoffice.reston.mci.net>"
    login = Credentials("tim", "tanstaaftanstaaf")
    sent = AUTH.proves(login, ("CRAM-MD5",), False, Proof("CRAM-MD5", (b64encode(challenge),)))
    assert sent is not None and sent.response is not None
    assert b64decode(sent.response) == b"tim b913a602c7eda7a495b4e6e7334d3890"


def test_the_example_of_scram_sha_256() -> None:
    """RFC 7677 section 3, the client's half."""
    login = Credentials("user", "pencil", nonce="rOprNGfwEbeRWgbNEkqO")
    challenges: tuple[bytes, ...] = ()
    for response, challenge in (
        (
            "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        ),
        (
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ),
    ):
        proof = Proof("SCRAM-SHA-256" if challenges else "", challenges)
        proving = AUTH.proves(login, ("SCRAM-SHA-256",), False, proof)
        assert proving is not None and proving.response is not None
        assert b64decode(proving.response).decode() == response
        challenges = (*challenges, coded(challenge).encode())
    done = AUTH.proves(login, (), False, Proof("SCRAM-SHA-256", challenges))
    assert done is not None and done.response == b""


def test_the_examples_of_the_extension() -> None:
    """RFC 4954 section 4.1: PLAIN with an initial response, without one, and cancelled; with this host's user."""
    zoe = coded("\0zoe\0secret")
    for text in (
        f"C: EHLO client.example\nS: 250\nC: AUTH PLAIN {zoe}\nS: 235",
        f"C: EHLO client.example\nS: 250\nC: AUTH PLAIN\nS: 334 \nC: {zoe}\nS: 235",
        "C: EHLO client.example\nS: 250\nC: AUTH PLAIN\nS: 334\nC: *\nS: 501",
    ):
        entries = read(line.encode() for line in text.split("\n"))
        assert [each.mismatch for each in play(Lab(policy="members").bench, entries) if each.mismatch] == []


# What goes wrong -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["AUTH NOSUCH"], [504]),
        (["AUTH PLAIN !!!"], [501]),
        (["AUTH PLAIN", "!!!"], [334, 501]),
        (["AUTH PLAIN", "="], [334, 501]),
        (["AUTH PLAIN ="], [535]),
        (["AUTH PLAIN", "*", "NOOP"], [334, 501, 250]),
        (["AUTH PLAIN " + coded("zoe\0secret")], [535]),
        (["AUTH LOGIN", coded("zoe"), "*"], [334, 334, 501]),
        (["AUTH LOGIN " + coded("zoe"), coded("secret")], [334, 235]),
        (["AUTH CRAM-MD5 " + coded("zoe x")], [501]),
        (["AUTH CRAM-MD5", coded("zoe")], [334, 535]),
        (["AUTH SCRAM-SHA-256 " + coded("nonsense")], [535]),
        (["AUTH SCRAM-SHA-256", coded(b"\xff")], [334, 535]),
        (["AUTH SCRAM-SHA-256", coded("n,,n=zoe,r=abc"), coded("c=biws,r=abc,p=AAAA")], [334, 334, 535]),
        (["AUTH PLAIN " + coded("\0zoe\0secret"), "AUTH PLAIN", "MAIL FROM:<a@b>", "AUTH PLAIN"], [235, 503, 250, 503]),
        (["MAIL FROM:<a@b>", "AUTH PLAIN"], [250, 503]),
    ],
)
def test_what_goes_wrong_is_answered_and_the_session_goes_on(lines: list[str], expected: list[int]) -> None:
    lab = Lab(policy="members")
    assert codes(lab, "EHLO me.example", *lines) == [250, *expected]
    assert codes(lab, "RSET", "MAIL FROM:<a@b>") == [250, 250]


def test_auth_wants_ehlo() -> None:
    assert codes(Lab(policy="members"), "HELO me.example", "AUTH PLAIN") == [250, 503]


def test_an_exchange_is_undone_line_by_line() -> None:
    lab = Lab(policy="members")
    codes(lab, "EHLO me.example")
    challenge = lab.send("AUTH CRAM-MD5")[-1].event.octets
    answer = coded(b"zoe " + hmac.new(b"secret", b64decode(challenge[4:]), hashlib.md5).hexdigest().encode())
    assert codes(lab, coded("zoe guess")) == [535]
    lab.undo()
    assert lab.bench.server.position.state == "sasl"
    assert codes(lab, answer) == [235]


def test_each_exchange_has_a_challenge_of_its_own() -> None:
    lab = Lab(policy="members")
    codes(lab, "EHLO me.example")
    challenges = set()
    for _ in range(5):
        challenges.add(lab.send("AUTH CRAM-MD5")[-1].event.octets)
        codes(lab, "*")
    assert len(challenges) == 5


@given(
    st.sampled_from(list(MECHANISMS)),
    st.lists(st.binary(max_size=40).map(b64encode) | st.binary(max_size=20), max_size=4),
)
def test_no_response_upsets_the_server(name: str, responses: list[bytes]) -> None:
    session = ServerSession(server_dialect(MEMBERS, "rfc2821"), MEMBERS)
    session.start()
    session.receive(b"EHLO me.example\r\nAUTH " + name.encode() + b"\r\n")
    for response in responses:
        session.receive(response.replace(b"\r", b"").replace(b"\n", b"") + b"\r\n")
    session.receive(b"\r\n*\r\nRSET\r\n")
    assert session.take().rsplit(b"\r\n", 2)[-2][:3] in (b"250", b"421")
    assert "authenticated" not in session.position.facts
