"""ETRN: send now what waits at the server for this host, over a session that the server opens (RFC 1985).

Who asks is handed nothing: the server calls the host of that name, so nobody has to prove who they are. Choices where
the text is open or silent:

* It lets the command come "once a session is established". Here that is after EHLO, which alone can offer it, and
  outside a transaction; anywhere else it is answered 503, which is not among the codes of section 5.1.
* The example in section 7 has 500 for ETRN by itself and 501 for a name without a dot; so it is here. Any domain may
  stand behind ``@``: whether ``@com`` is too much the policy says, with 459 (section 8).
* What 458 is for and what 459 the text tells by the example alone: 459 here for a node that the host keeps no letters
  for, 458 for one that it cannot serve just now.
* Section 5.2 calls the codes after which no more is asked "550 or 551"; those of section 5.1 are 500 and 501. Our
  client stops at any 5yz.
* A server decides how much it tells: 250 says nothing of what waits, 251 that nothing does, 252 that something does and
  253 how much. Where many letters wait, 251 to 253 let a client see when the last has gone (section 5.1).
"""

from esmtp_lab.protocol.extension import Context, Extension
from esmtp_lab.protocol.node import allowed
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.protocol.session import Form, row
from esmtp_lab.wire.command import Command

_KEYWORD = "ETRN"
_PENDING = {"count": "etrn-counted", "presence": "etrn-pending"}


def _etrn(context: Context, command: Command) -> Answer:
    policy, node = context.policy, command.text("node-name")
    fields = {"node": node}
    if not {_KEYWORD, node.lower().removeprefix("@")}.isdisjoint(policy.not_now):
        return Answer("etrn-unable", fields)
    if not allowed(node, policy.nodes):
        return Answer("etrn-refused", {**fields, "reason": "no letters are kept for it here"})
    if policy.tells_waiting == "nothing":
        return Answer("etrn-started", fields)
    count = policy.waiting(node) if context.waiting is None else context.waiting(node)
    return Answer(_PENDING[policy.tells_waiting] if count else "etrn-empty", {**fields, "count": str(count)})


ETRN = Extension(
    name="Remote Queue Processing Declaration",
    ehlo_keyword=_KEYWORD,
    defined_in="RFC 1985",
    meaning="the server can be asked to send what waits for a host, in a session that it opens itself",
    forms=(
        Form(
            _KEYWORD,
            "SP node-name",
            "start the queue for a host; @ before it for all below it too, # for a queue",
            "etrn-starts",
            success=(250, 251, 252, 253),
            failure=(458, 459, 503),
            # RFC 2920 section 3.1: so it is for every verb whose extension does not say otherwise
            ends_group=True,
            bare="argument-missing",
        ),
    ),
    rows=(row("ready", _KEYWORD, "2", "", "etrn-starts", needs="extended"),),
    answers={_KEYWORD: _etrn},
)
