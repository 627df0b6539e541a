"""SOML: a letter to the terminal, or to the mailbox of who is away.

RFC 821 section 3.4, RFC 1869 section 5, RFC 2821 appendix F.6.
"""

from esmtp_lab.protocol.extension import Extension, sender_ok
from esmtp_lab.protocol.policy import Policy, terminal
from esmtp_lab.protocol.session import Form, row


def _places(policy: Policy, mailbox: str) -> tuple[str, ...]:
    return (terminal(mailbox),) if policy.at_terminal(mailbox) else (mailbox,)


SOML = Extension(
    name="Send or Mail",
    ehlo_keyword="SOML",
    defined_in="RFC 821",
    meaning="the server can put a letter on the terminal, or else in the mailbox",
    forms=(
        Form(
            "SOML",
            'SP "FROM:"reverse-path',
            "open a transaction for a terminal, or else a mailbox",
            "soml-or-mail",
            failure=(552, 451, 452, 502),
        ),
    ),
    rows=(row("ready", "SOML", "2", "mail", "soml-or-mail"),),
    answers={"SOML": sender_ok},
    places=_places,
)
