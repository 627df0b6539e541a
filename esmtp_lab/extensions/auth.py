"""AUTH: who is there? PLAIN and LOGIN, CRAM-MD5, SCRAM-SHA-256 (RFC 4954; RFC 4616, RFC 2195, RFC 7677).

Mechanisms that send the password in clear are offered under TLS, or where the host's policy allows them without. Each
side of a mechanism is a function of what was said so far, so that an exchange can be undone line by line.

Hexadecimal digits in AUTH= of MAIL may be small letters. RFC 4954 section 5 refers to the xtext of RFC 3461 section 4,
with capitals alone, as RFC 2554 had them; the grammar in its own section 8 has HEXDIG, and minds the case of no letter.
A server here takes both; ENVID and ORCPT, which are RFC 3461's own, stay with capitals.
"""

import binascii
import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from esmtp_lab.protocol.extension import Context, Credentials, Extension, ParameterForm, Proof, Proving
from esmtp_lab.protocol.policy import Policy
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.protocol.session import CONTINUATION, Form, Position, row
from esmtp_lab.wire.command import Command

if TYPE_CHECKING:
    from scramp import ScramMechanism
    from scramp.core import ScramServer

Said = tuple[bytes, ...]
"""What one side has said in an exchange, decoded."""

ROUNDS = 4096
"""Iterations of SCRAM-SHA-256, the least that RFC 7677 section 4 allows."""

_XTEXT = r"<>|(?:[!-*,-<>-~]|\+[0-9A-Fa-f]{2})+"
_LINEAGE = "auth-exchange"
_OK, _FAILED, _MALFORMED = Answer("auth-ok"), Answer("auth-failed"), Answer("auth-malformed")


class Mechanism(NamedTuple):
    """One way to prove who one is.

    `answers` is the server's: the answer to the client's responses so far. `responds` is the client's: its next
    response to the challenges so far. `clear` tells that the password itself crosses the channel, `opens` that the
    client speaks first, and `initial` that its first response may stand on the AUTH line.
    """

    name: str
    clear: bool
    opens: bool
    initial: bool
    answers: Callable[[Context, Said], Answer]
    responds: Callable[[Credentials, Said], bytes]


def _challenge(octets: bytes) -> Answer:
    return Answer("auth-challenge", {"challenge": b64encode(octets).decode()})


def _right(policy: Policy, user: bytes, password: bytes) -> bool:
    known = policy.passwords.get(user.decode("utf-8", "replace"))
    return hmac.compare_digest((known or "").encode(), password) and known is not None


# PLAIN (RFC 4616) and LOGIN (never a standard, spoken by nearly all) ---------------------------------


def _plain(context: Context, said: Said) -> Answer:
    if not said:
        return _challenge(b"")
    parts = said[0].split(b"\0")
    return _OK if len(parts) == 3 and _right(context.policy, *parts[1:]) else _FAILED


def _login(context: Context, said: Said) -> Answer:
    if len(said) < 2:
        return _challenge((b"Username:", b"Password:")[len(said)])
    return _OK if _right(context.policy, *said[:2]) else _FAILED


def _sends_plain(login: Credentials, challenges: Said) -> bytes:
    return b"\0" + login.user.encode() + b"\0" + login.password.encode()


def _sends_login(login: Credentials, challenges: Said) -> bytes:
    return (login.user if len(challenges) == 1 else login.password).encode()


# CRAM-MD5 (RFC 2195) -------------------------------------------------------------------------------


def _digest(password: str, challenge: bytes) -> bytes:
    return hmac.new(password.encode(), challenge, hashlib.md5).hexdigest().encode()


def _cram(context: Context, said: Said) -> Answer:
    challenge = f"<{context.nonce}@{context.policy.domain}>".encode()
    if not said:
        return _challenge(challenge)
    user, _, digest = said[0].rpartition(b" ")
    known = context.policy.passwords.get(user.decode("utf-8", "replace"))
    right = hmac.compare_digest(_digest(known or context.nonce, challenge), digest)
    return _OK if right and known is not None else _FAILED


def _sends_cram(login: Credentials, challenges: Said) -> bytes:
    return login.user.encode() + b" " + _digest(login.password, challenges[-1])


# SCRAM-SHA-256 (RFC 5802, RFC 7677), by a library ----------------------------------------------------


def _scram(context: Context, said: Said) -> Answer:
    from scramp import ScramException

    if not said:
        return _challenge(b"")
    try:
        server = _scram_server(context)
        server.set_client_first(said[0].decode("utf-8"))
        first = server.get_server_first()
        if len(said) == 1:
            return _challenge(first.encode())
        server.set_client_final(said[1].decode("utf-8"))
        final = server.get_server_final()
    except (UnicodeDecodeError, ScramException):
        return _FAILED
    if len(said) == 2:
        return _challenge(final.encode())
    return _OK if said[2] == b"" else _FAILED


def _scram_server(context: Context) -> "ScramServer":
    mechanism = _scram_mechanism()

    def about(user: str) -> tuple[bytes, bytes, bytes, int]:
        # Whoever is not known is told so no earlier than whoever has a wrong password.
        password = context.policy.passwords.get(user, context.nonce)
        salt = hashlib.sha256(f"{context.policy.domain} {user}".encode()).digest()[:16]
        info: tuple[bytes, bytes, bytes, int] = mechanism.make_auth_info(password, iteration_count=ROUNDS, salt=salt)
        return info

    return mechanism.make_server(about, s_nonce=context.nonce)


def _scram_mechanism() -> "ScramMechanism":
    from scramp import ScramMechanism

    return ScramMechanism("SCRAM-SHA-256")


def _sends_scram(login: Credentials, challenges: Said) -> bytes:
    """Raises ValueError for a name without letters, and where the server does not prove that it knows the password."""
    from scramp import ScramClient, ScramException

    try:
        client = ScramClient(["SCRAM-SHA-256"], login.user, login.password, c_nonce=login.nonce)
        said: str = client.get_client_first()
        if challenges:
            client.set_server_first(challenges[0].decode("utf-8"))
            said = client.get_client_final()
        if len(challenges) > 1:
            client.set_server_final(challenges[1].decode("utf-8"))
            said = ""
    except ScramException as error:
        raise ValueError(str(error)) from None
    return said.encode()


MECHANISMS = {
    each.name: each
    for each in (
        Mechanism("SCRAM-SHA-256", clear=False, opens=True, initial=True, answers=_scram, responds=_sends_scram),
        Mechanism("CRAM-MD5", clear=False, opens=False, initial=False, answers=_cram, responds=_sends_cram),
        Mechanism("PLAIN", clear=True, opens=True, initial=True, answers=_plain, responds=_sends_plain),
        Mechanism("LOGIN", clear=True, opens=False, initial=True, answers=_login, responds=_sends_login),
    )
}
"""By name, the best first: a client takes the first that both have."""


# The exchange --------------------------------------------------------------------------------------


def offered(policy: Policy, position: Position) -> Iterator[str]:
    """The names of the mechanisms that a host offers just now (RFC 4954 section 4)."""
    protected = "tls" in position.facts or policy.clear_text
    for each in MECHANISMS.values():
        allowed = not policy.mechanisms or each.name in policy.mechanisms
        if allowed and policy.passwords and (protected or not each.clear):
            yield each.name


def _auth(context: Context, command: Command) -> Answer:
    """The answer to AUTH, or to a line of the exchange that it began."""
    name, responses = _said(context.exchange)
    if name not in offered(context.policy, context.position):
        return Answer("auth-mechanism", {"mechanism": name})
    mechanism = MECHANISMS[name]
    initial = len(context.exchange[0].split()) > 2
    if b"*" in responses[initial:]:
        return Answer("auth-cancelled")
    if initial and not mechanism.initial:
        return _MALFORMED
    try:
        said = tuple(_decoded(responses, initial))
    except binascii.Error:
        return _MALFORMED
    return mechanism.answers(context, said)


def _said(exchange: tuple[bytes, ...]) -> tuple[str, list[bytes]]:
    """The mechanism, and the responses so far: the initial one stands on the AUTH line itself."""
    words = exchange[0].split()[1:] if exchange else []
    name = words[0].decode("ascii", "replace").upper() if words else ""
    return name, [*words[1:2], *(line.removesuffix(b"\r\n") for line in exchange[1:])]


def _decoded(responses: Iterable[bytes], initial: bool) -> Iterator[bytes]:
    """The responses without base64. A lone = is an initial response of no octets (RFC 4954 section 4), and no other."""
    for number, text in enumerate(responses):
        yield b"" if text == b"=" and initial and number == 0 else b64decode(text, validate=True)


def _proves(login: Credentials, words: tuple[str, ...], protected: bool, proof: Proof) -> Proving | None:
    """What the client says next; None where no mechanism of the server's will do. A lone * gives up."""
    name = proof.mechanism or next((name for name in MECHANISMS if name in words and _will(name, login, protected)), "")
    if not name:
        return None
    mechanism = MECHANISMS[name]
    begins = not proof.mechanism
    if begins and not mechanism.opens:
        return Proving(name)
    try:
        response = mechanism.responds(login, tuple(b64decode(text, validate=True) for text in proof.challenges))
    except ValueError:
        return None if begins else Proving(name, b"*")
    return Proving(name, b64encode(response) or (b"=" if begins else b""))


def _will(name: str, login: Credentials, protected: bool) -> bool:
    return protected or login.in_clear or not MECHANISMS[name].clear


def _wanted(context: Context, command: Command) -> Answer | None:
    """RFC 4954 section 6: a host for members takes no letter from anybody else."""
    if not context.policy.members_only or "authenticated" in context.position.facts:
        return None
    return Answer("auth-required")


AUTH = Extension(
    name="Authentication",
    ehlo_keyword="AUTH",
    defined_in="RFC 4954",
    meaning="the client can prove who it is, by one of the mechanisms listed",
    offered_params=lambda policy, position: " ".join(offered(policy, position)),
    offered_when=lambda policy, position: any(offered(policy, position)),
    # RFC 4954 section 5: a server that lists AUTH takes this parameter, whether or not the client proved who it is
    mail_parameters=(
        ParameterForm("AUTH", _XTEXT, "AUTH=<> or AUTH=mailbox in xtext", "who first submitted the letter"),
    ),
    forms=(
        Form(
            "AUTH",
            "SP word [SP secret]",
            "prove who you are, by a mechanism that the server offers",
            _LINEAGE,
            success=(235,),
            intermediate=(334,),
            failure=(432, 454, 503, 504, 530, 534, 535, 538),
            ends_group=True,
        ),
        Form(CONTINUATION, "", "one line of an authentication exchange", _LINEAGE, (235,), (501, 535), (334,)),
    ),
    rows=(
        row(
            "ready",
            "AUTH",
            "2",
            "ready",
            _LINEAGE,
            gains="authenticated",
            needs="extended",
            unless="authenticated",
        ),
        row("ready", "AUTH", "3", "sasl", _LINEAGE, needs="extended", unless="authenticated"),
        row("sasl", CONTINUATION, "3", "sasl", _LINEAGE),
        row("sasl", CONTINUATION, "2", "ready", _LINEAGE, gains="authenticated"),
        row("sasl", CONTINUATION, "45", "ready", _LINEAGE),
    ),
    # RFC 4954 section 4: responses may be long, but an initial one has to fit into a command line.
    line_growth={"MAIL": 500, CONTINUATION: 12288 - 512},
    answers={"AUTH": _auth, CONTINUATION: _auth},
    checks={"MAIL": _wanted},
    proves=_proves,
    codes={"MAIL": (530,)},
)
