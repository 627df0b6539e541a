"""STARTTLS: from here on the channel is protected, and both begin anew (RFC 3207)."""

from esmtp_lab.protocol.extension import Context, Extension
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.protocol.session import HANDSHAKE, Form, row
from esmtp_lab.wire.command import Command

_KEYWORD = "STARTTLS"
_IN_CLEAR = frozenset({"NOOP", "EHLO", "STARTTLS", "QUIT"})


def _starttls(context: Context, command: Command) -> Answer:
    return Answer("tls-not-now" if _KEYWORD in context.policy.not_now else "tls-ready")


def _protected_only(context: Context, command: Command) -> Answer | None:
    """RFC 3207 section 4: a server that serves nobody in clear says so to every command but four."""
    if context.policy.tls_only and not context.position.protected and command.verb not in _IN_CLEAR:
        return Answer("tls-needed")
    return None


STARTTLS = Extension(
    name="STARTTLS",
    ehlo_keyword=_KEYWORD,
    defined_in="RFC 3207",
    meaning="the channel can be protected by TLS before anything else is said",
    # RFC 3207 section 4.2: the server MUST NOT return the STARTTLS extension after a TLS handshake has completed
    offered_when=lambda policy, position: not position.protected,
    forms=(
        # RFC 3207 section 4: no parameters
        Form(
            _KEYWORD,
            "",
            "protect the channel with TLS, and begin anew",
            "starttls-220",
            success=(220,),
            failure=(454,),
            ends_group=True,
        ),
        Form(HANDSHAKE, "", "the handshake of TLS, by which both ends begin anew", "tls-reset", success=()),
    ),
    rows=(
        row("ready", _KEYWORD, "2", "handshake", "starttls-220", unless="tls"),
        row(
            "handshake",
            HANDSHAKE,
            "2",
            "initial",
            "tls-reset",
            gains="tls",
            loses="extended authenticated",
            clears="session",
        ),
    ),
    answers={_KEYWORD: _starttls},
    checks={"*": _protected_only},
)
