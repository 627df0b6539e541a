"""XPONG: a local extension by bilateral agreement (RFC 1869 section 4.3, RFC 2821 sections 2.2.2 and 4.1.5).

Only a host that agreed offers it. The keyword, the verb and the parameter differ in name on purpose: they
need not be the same.
"""

from esmtp_lab.protocol.extension import Context, Extension, ParameterForm
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.protocol.session import Form, row
from esmtp_lab.wire.command import Command


def _xping(context: Context, command: Command) -> Answer:
    return Answer("local-ok", {"text": f"PONG {command.text('string')}".rstrip()})


XPONG = Extension(
    name="Ping, by agreement with partner.example",
    ehlo_keyword="XPONG",
    defined_in="a local agreement",
    meaning="the server answers XPING, and takes XTRACE on MAIL",
    forms=(
        Form("XPING", "[SP string]", "ask the partner for an echo", "x-verb-local", failure=(501,), ends_group=True),
    ),
    rows=(row("ready mail rcpt", "XPING", "2", "", "x-verb-local", needs="extended"),),
    mail_parameters=(
        ParameterForm("XTRACE", "[A-Za-z0-9]{1,32}", "XTRACE=letters-and-digits", "a mark that both hosts write down"),
    ),
    # SP "XTRACE=" and 32 characters
    line_growth={"MAIL": 40},
    answers={"XPING": _xping},
)
