"""DELIVERBY: a letter is to arrive within a time, or be reported late (N), or come back (R) (RFC 2852).

Here are the parameter and what is refused. What happens when the time is over stands in `protocol.queue`. Choices where
the text is open:

* An R with no time left is the syntax error that section 4 calls it, and one with less than the least that this host
  takes is answered 555.
* A letter whose time is over before its content has come is refused then, if it is to come back (section 3); one that
  is late otherwise is delivered, and nobody is told of a delay that has ended.
* A client gives a letter with R to no server that does not offer this, or that wants more time than is left: that is
  for good (section 4.1.4.1), as there is no other host to try.
* The options that may stand behind the least time in the reply to EHLO are passed over; none is defined.
"""

from esmtp_lab.protocol.deadline import KEYWORD, PARAMETER, by_of
from esmtp_lab.protocol.extension import Context, Extension, ParameterForm
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.wire.command import Command
from esmtp_lab.wire.parameter import Parameter

_TO_NOTIFY = r"[+-]?[0-9]{1,9};[Nn][Tt]?"
_TO_RETURN = r"\+?(?=[0-9]{1,9};)0*[1-9][0-9]*;[Rr][Tt]?"


def _checks(context: Context, command: Command) -> Answer | None:
    """Section 3: the least time of this host binds a letter that is to be returned."""
    by, least = by_of(command.parameters), context.policy.min_by_time
    return Answer("by-time-short", {"least": str(least)}) if by and by.returns and by.seconds < least else None


def _bars(parameters: tuple[Parameter, ...], offered: tuple[str, ...] | None) -> str:
    by = by_of(parameters)
    if by is None or not by.returns:
        return ""
    if offered is None:
        return "5.3.3 the letter is to be returned when late, and the server does not offer DELIVERBY"
    if by.seconds < (least := _least(offered)):
        return f"5.3.3 the server wants {least} seconds, and {by.seconds} are left"
    return ""


def _least(offered: tuple[str, ...]) -> int:
    """The fewest seconds that a server takes, by what stands behind the keyword; 0 where it does not say so."""
    digits = "".join(offered[:1]).partition(",")[0]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else 0


DELIVERBY = Extension(
    name="Deliver By",
    ehlo_keyword=KEYWORD,
    defined_in="RFC 2852",
    meaning="the client says within how many seconds a letter is to arrive, and what is to be done when it has not",
    mail_parameters=(
        ParameterForm(
            PARAMETER,
            f"{_TO_NOTIFY}|{_TO_RETURN}",
            "BY=seconds;N or BY=seconds;R, then a T to trace; for R at least one second",
            "within how many seconds the letter is to arrive, and whether it is then reported late or returned",
            onward=True,
        ),
    ),
    line_growth={"MAIL": 17},
    offered_params=lambda policy, position: str(policy.min_by_time) if policy.min_by_time else "",
    checks={"MAIL": _checks},
    bars=_bars,
    # section 4: a time that cannot be had, now or ever
    codes={"MAIL": (455, 555)},
)
