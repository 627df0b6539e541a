"""EXPN: who is on this mailing list? (RFC 821 section 3.3, RFC 1869 section 5, RFC 2821 section 3.5)."""

from esmtp_lab.protocol.extension import Context, Extension
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.protocol.session import GREETED, Form, row
from esmtp_lab.wire.command import Command


def _expn(context: Context, command: Command) -> Answer:
    return context.policy.expand_list(command.text("string"))


EXPN = Extension(
    name="Expand",
    ehlo_keyword="EXPN",
    defined_in="RFC 821",
    meaning="the server can list the members of a mailing list",
    forms=(
        Form(
            "EXPN",
            "SP string",
            "ask who is on a mailing list",
            "expn-lists",
            success=(250, 252),
            failure=(550, 502, 504),
            ends_group=True,
        ),
    ),
    rows=(row(GREETED, "EXPN", "2", "", "expn-lists"),),
    answers={"EXPN": _expn},
)
