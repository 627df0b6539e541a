"""TURN: client and server change roles on the open channel.

RFC 821 section 3.8, RFC 1869 section 5; RFC 2821 appendix F.1 says why nobody should: who asks need not be who
they say.
"""

from esmtp_lab.protocol.extension import Context, Extension
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.protocol.session import Form, row
from esmtp_lab.wire.command import Command


def _turn(context: Context, command: Command) -> Answer:
    return Answer("turning")


TURN = Extension(
    name="Turn",
    ehlo_keyword="TURN",
    defined_in="RFC 821",
    meaning="client and server can change roles, so that mail flows the other way",
    forms=(
        Form(
            "TURN", "", "change roles: the server becomes the client", "turn-swaps", failure=(502, 503), ends_group=True
        ),
    ),
    rows=(row("ready", "TURN", "2", "turned", "turn-swaps"),),
    answers={"TURN": _turn},
)
