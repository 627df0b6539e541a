"""SAML: a letter to the mailbox, and to the terminal of who is there.

RFC 821 section 3.4, RFC 1869 section 5, RFC 2821 appendix F.6.
"""

from esmtp_lab.protocol.extension import Extension, sender_ok
from esmtp_lab.protocol.policy import Policy, terminal
from esmtp_lab.protocol.session import Form, row


def _places(policy: Policy, mailbox: str) -> tuple[str, ...]:
    return (mailbox, terminal(mailbox)) if policy.at_terminal(mailbox) else (mailbox,)


SAML = Extension(
    name="Send and Mail",
    ehlo_keyword="SAML",
    defined_in="RFC 821",
    meaning="the server can put a letter in the mailbox and on the terminal as well",
    forms=(
        Form(
            "SAML",
            'SP "FROM:"reverse-path',
            "open a transaction for a mailbox and a terminal",
            "saml-and-mail",
            failure=(552, 451, 452, 502),
        ),
    ),
    rows=(row("ready", "SAML", "2", "mail", "saml-and-mail"),),
    answers={"SAML": sender_ok},
    places=_places,
)
