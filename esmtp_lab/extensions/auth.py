"""AUTH: who is there? PLAIN and LOGIN (RFC 4954, RFC 4616).

Offered by a host that has passwords, on an unprotected channel only where its policy allows that.
"""

import binascii
from base64 import b64decode, b64encode

from esmtp_lab.protocol.extension import Context, Extension, ParameterForm
from esmtp_lab.protocol.policy import Policy
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.protocol.session import CONTINUATION, Form, row
from esmtp_lab.wire.command import Command

_MECHANISMS = ("PLAIN", "LOGIN")
_XTEXT = r"<>|(?:[!-*,-<>-~]|\+[0-9A-F]{2})+"
_LINEAGE = "auth-exchange"
_PROMPTS = (b"Username:", b"Password:")


def _auth(context: Context, command: Command) -> Answer:
    """The answer to AUTH, or to a line of the exchange that it began."""
    mechanism, responses = _said(context.exchange)
    if mechanism not in _MECHANISMS or not _allowed(context.policy, context.position.protected):
        return Answer("auth-mechanism", {"mechanism": mechanism})
    if b"*" in responses:
        return Answer("auth-cancelled")
    try:
        spoken = [b"" if text == b"=" else b64decode(text, validate=True) for text in responses]
    except binascii.Error:
        return Answer("auth-malformed")
    wanted = 1 if mechanism == "PLAIN" else 2
    if len(spoken) < wanted:
        prompt = b"" if mechanism == "PLAIN" else _PROMPTS[len(spoken)]
        return Answer("auth-challenge", {"challenge": b64encode(prompt).decode()})
    if mechanism == "PLAIN":
        _, _, rest = spoken[0].partition(b"\0")
        user, _, password = rest.partition(b"\0")
    else:
        user, password = spoken[:2]
    right = context.policy.passwords.get(user.decode("utf-8", "replace"))
    return Answer("auth-ok" if right is not None and right.encode() == password else "auth-failed")


def _said(exchange: tuple[bytes, ...]) -> tuple[str, list[bytes]]:
    """The mechanism, and the responses so far: the initial one stands on the AUTH line itself."""
    words = exchange[0].split()[1:] if exchange else []
    mechanism = words[0].decode("ascii", "replace").upper() if words else ""
    return mechanism, [*words[1:2], *(line.removesuffix(b"\r\n") for line in exchange[1:])]


def _allowed(policy: Policy, protected: bool) -> bool:
    """RFC 4954 section 4: a password in clear wants TLS, unless the host allows otherwise."""
    return bool(policy.passwords) and (protected or policy.clear_text)


AUTH = Extension(
    name="Authentication",
    ehlo_keyword="AUTH",
    defined_in="RFC 4954",
    meaning="the client can prove who it is, by one of the mechanisms listed",
    offered_params=lambda policy: " ".join(_MECHANISMS),
    # RFC 4954 section 4: what is not permitted without TLS is not advertised without it
    offered_when=lambda policy, position: _allowed(policy, position.protected),
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
    line_growth={"MAIL": 500, "AUTH": 12288 - 512, CONTINUATION: 12288 - 512},
    answers={"AUTH": _auth, CONTINUATION: _auth},
)
