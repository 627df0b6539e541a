"""SEND: a letter straight to the terminal.

RFC 821 section 3.4, RFC 1869 section 5, RFC 2821 appendix F.6: where it is, EHLO lists it, although example D.4 of RFC
2821 says SEND to a server that does not.
"""

from esmtp_lab.protocol.extension import Context, Extension, sender_ok
from esmtp_lab.protocol.policy import Policy, terminal
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.protocol.session import Form, row
from esmtp_lab.wire.command import Command


def _places(policy: Policy, mailbox: str) -> tuple[str, ...]:
    return (terminal(mailbox),)


def _checks(context: Context, command: Command) -> Answer | None:
    """RFC 821 section 3.4: a user who is away, or takes no messages there, is answered 450."""
    if context.envelope.verb != "SEND" or command.path is None:
        return None
    boxes = context.policy.route(command.path).mailboxes
    absent = [box for box in boxes if not context.policy.at_terminal(box)]
    return Answer("terminal-absent", {"path": ", ".join(absent)}) if absent else None


SEND = Extension(
    name="Send",
    ehlo_keyword="SEND",
    defined_in="RFC 821",
    meaning="the server can put a letter on the recipient's terminal, and nowhere else",
    forms=(
        Form(
            "SEND",
            'SP "FROM:"reverse-path',
            "open a transaction for a letter to a terminal",
            "send-to-terminal",
            failure=(552, 451, 452, 502),
        ),
    ),
    rows=(row("ready", "SEND", "2", "mail", "send-to-terminal"),),
    answers={"SEND": sender_ok},
    checks={"RCPT": _checks},
    places=_places,
)
