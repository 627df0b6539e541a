"""REQUIRETLS: this letter travels under TLS all the way, or not at all (RFC 8689)."""

from esmtp_lab.protocol.extension import Context, Extension, ParameterForm
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.protocol.session import Position
from esmtp_lab.wire.command import Command
from esmtp_lab.wire.international import a_labels
from esmtp_lab.wire.path import Path

_KEYWORD = "REQUIRETLS"


def _checks(context: Context, command: Command) -> Answer | None:
    """A host that knows the next one to lack REQUIRETLS need not take a letter that it could only return."""
    path = command.path or Path()
    tagged = any(parameter.keyword == _KEYWORD for parameter in context.envelope.parameters)
    if tagged and a_labels(path.domain.decode("utf-8", "replace")) in context.policy.no_requiretls:
        return Answer("requiretls-needed", {"path": path.render().decode("utf-8", "replace")})
    return None


def _missed(reverse_path: Path, position: Position) -> str:
    """Why the letter cannot be sent to a server that does not offer this; a notice can (RFC 8689 section 5)."""
    if reverse_path.null:
        return ""
    if not position.protected:
        return "5.7.10 Encryption needed: the letter requires TLS, and it has not come about"
    return "5.7.30 REQUIRETLS support required: the server does not offer it"


REQUIRETLS = Extension(
    name="Require TLS",
    ehlo_keyword=_KEYWORD,
    defined_in="RFC 8689",
    meaning="a letter can be made to travel under TLS alone, all the way to its mailboxes",
    needs=("STARTTLS",),
    # RFC 8689 section 2: advertised following the negotiation of STARTTLS
    offered_when=lambda policy, position: position.protected,
    mail_parameters=(
        # RFC 8689 section 4.1: the letter is tagged, and whoever sends it on says the same
        ParameterForm(_KEYWORD, "", "REQUIRETLS", "the letter is never to travel without TLS", onward=True),
    ),
    line_growth={"MAIL": 11},
    checks={"RCPT": _checks},
    missed=_missed,
)
