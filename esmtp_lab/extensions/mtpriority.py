"""MT-PRIORITY: which letters go first (RFC 6710).

Choices where the text is open or silent:

* Who raises a priority must be trusted (section 4.1): who has proved who they are, or a client that the host has an
  agreement with. Where anybody else asks for more than 0, the letter has the priority that it would have had without
  the parameter. Anybody may lower their own.
* A host may set a usual priority, a highest and a lowest. A change is told in the answer to MAIL, with X.3.6 and the
  new priority first, so that it is known before the content is sent; section 4.1 lets it come behind that as well.
* A priority that is too low is refused at MAIL, by 550 or, where the policy says that it may be another day, by 450. A
  letter that is too large for its priority is refused at MAIL where SIZE tells, and else when it has come.
* A value that is wrong, and a parameter that comes twice, are answered 501. The enhanced code is 5.5.4, of arguments,
  and not the 5.5.2 of the example in section 4.1.
* The PRIORITY clause of the time stamp line has what MAIL said, as the registration in section 10 has it, and so it is
  left out where MAIL said nothing.
* To a server that does not offer this a letter goes without its priority (section 4.3). The header field that would
  carry it past such a server is in another document (RFC 6758), and left to that.
"""

from esmtp_lab.protocol.extension import Context, Extension, ParameterForm
from esmtp_lab.protocol.priority import KEYWORD, level, priority_of
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.protocol.transaction import Content
from esmtp_lab.wire.command import Command
from esmtp_lab.wire.parameter import Parameter


def _determined(context: Context, parameters: tuple[Parameter, ...]) -> int:
    """The priority of a letter by what MAIL says (RFC 6710 section 4.1)."""
    policy = context.policy
    asked = priority_of(parameters)
    if asked is None or (asked > 0 and not policy.trusts(context.client, context.position.facts)):
        asked = policy.usual_priority
    return min(asked, policy.highest_priority)


def _checks(context: Context, command: Command) -> Answer | None:
    priority, lowest = _determined(context, command.parameters), context.policy.lowest_priority
    if priority < lowest:
        return Answer(context.policy.below_lowest, {"priority": str(priority), "lowest": str(lowest)})
    declared = next((each.value for each in command.parameters if each.keyword == "SIZE"), None)
    return _too_large(context, priority, int(declared or b"0"))


def _checks_content(context: Context, content: Content) -> Answer | None:
    return _too_large(context, context.envelope.priority or 0, content.length)


def _too_large(context: Context, priority: int, octets: int) -> Answer | None:
    limit = context.policy.priority_sizes.get(str(level(context.policy.priorities, priority)))
    if limit is None or octets <= limit:
        return None
    return Answer("too-large-for-priority", {"priority": str(priority), "limit": str(limit)})


def _revises(context: Context, command: Command, answer: Answer) -> Answer:
    """An accepted MAIL is told where its priority is not what it asked for, be that the 0 of asking for nothing."""
    if answer.key != "sender-ok":
        return answer
    priority = _determined(context, command.parameters)
    if priority == (priority_of(command.parameters) or 0):
        return answer
    return Answer("priority-changed", {"priority": str(priority)})


MT_PRIORITY = Extension(
    name="Priority Message Handling",
    ehlo_keyword=KEYWORD,
    defined_in="RFC 6710",
    meaning="letters of a higher priority are sent on before others",
    offered_params=lambda policy, position: policy.priorities,
    mail_parameters=(
        ParameterForm(
            KEYWORD, "-?[1-9]|0", f"{KEYWORD}=-9 to {KEYWORD}=9", "how urgent the letter is", clause="PRIORITY"
        ),
    ),
    line_growth={"MAIL": 15},
    checks={"MAIL": _checks},
    checks_content=_checks_content,
    revises={"MAIL": _revises},
    prioritizes=_determined,
    codes={"MAIL": (450, 550)},
)
