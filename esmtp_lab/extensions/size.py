"""SIZE: how large a letter may be, said before an octet of it is sent (RFC 1870)."""

from esmtp_lab.protocol.extension import Context, Extension, ParameterForm
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.wire.command import Command
from esmtp_lab.wire.parameter import Parameter


def _checks(context: Context, command: Command) -> Answer | None:
    """RFC 1870 section 6.1: a letter that is declared too large is refused at MAIL."""
    limit = context.policy.max_size
    for parameter in command.parameters:
        if parameter.keyword == "SIZE" and int(parameter.value or b"0") > limit:
            return Answer("too-large", {"limit": str(limit)})
    return None


SIZE = Extension(
    name="Message Size Declaration",
    ehlo_keyword="SIZE",
    defined_in="RFC 1870",
    meaning="the server says the most octets it takes, the client how many it will send",
    mail_parameters=(ParameterForm("SIZE", "[0-9]{1,20}", "SIZE=digits", "how large the letter will be, in octets"),),
    line_growth={"MAIL": 26},
    offered_params=lambda policy, position: str(policy.max_size),
    checks={"MAIL": _checks},
    adds=lambda envelope, content: (Parameter("SIZE", str(len(content)).encode()),),
)
