"""What a server answers to the verbs that every server knows: pure functions from a context and a command.

RFC 821 section 4.1.1, RFC 2821 section 4.1.1. Those of the extensions stand with them.
"""

from esmtp_lab.protocol.extension import Answering, Context, sender_ok
from esmtp_lab.protocol.policy import NOT_OURS
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.wire.command import Command
from esmtp_lab.wire.path import Path


def _helo(context: Context, command: Command) -> Answer:
    return Answer("helo", {"domain": context.policy.domain})


def _mail(context: Context, command: Command) -> Answer:
    for parameter in command.parameters:
        if parameter.keyword in context.policy.not_now:
            return Answer("parameter-for-now", {"keyword": parameter.keyword})
    return sender_ok(context, command)


def _rcpt(context: Context, command: Command) -> Answer:
    path = command.path or Path()
    verdict = context.policy.route(path)
    if verdict.answer.key == NOT_OURS and context.policy.relays(context.client, context.position.facts):
        return Answer(context.policy.onward(path.domain), verdict.answer.fields)
    return verdict.answer


def _data(context: Context, command: Command) -> Answer:
    if context.envelope.forward_paths:
        return Answer("start-content")
    return Answer(context.policy.data_without_recipients, {"verb": command.verb})


def _rset(context: Context, command: Command) -> Answer:
    return Answer("reset")


def _noop(context: Context, command: Command) -> Answer:
    return Answer("nothing")


def _vrfy(context: Context, command: Command) -> Answer:
    return context.policy.verify_name(command.text("string"))


def _quit(context: Context, command: Command) -> Answer:
    return Answer("closing", {"domain": context.policy.domain})


ANSWERS: dict[str, Answering] = {
    "HELO": _helo,
    "MAIL": _mail,
    "RCPT": _rcpt,
    "DATA": _data,
    "RSET": _rset,
    "NOOP": _noop,
    "VRFY": _vrfy,
    "QUIT": _quit,
}
"""By verb; that to EHLO needs the dialect, and stands with the session."""
