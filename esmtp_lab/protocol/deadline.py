"""The time by which a letter is to be delivered: the BY parameter of RFC 2852, and what is left of it.

By-time counts seconds from the MAIL that said it, so whoever sends a letter on says what is left (section 4.1.4).
A part of a second that has gone by counts as a whole one: no host may have more time than the sender gave.
"""

import math
import re
from typing import NamedTuple

from esmtp_lab.wire.parameter import Parameter

KEYWORD, PARAMETER = "DELIVERBY", "BY"
_BY = re.compile(rb"([+-]?[0-9]{1,9});([NR])(T?)", re.IGNORECASE)
_LONGEST = 999_999_999


class By(NamedTuple):
    """The seconds that are left, "N" to notify or "R" to return the letter when they are over, and whether each relay
    is to be traced."""

    seconds: int
    mode: str
    trace: bool

    @property
    def returns(self) -> bool:
        """Whether a letter that is late is given up and returned."""
        return self.mode == "R"

    def after(self, elapsed: float) -> "By":
        """What is left after so many seconds; at least -999,999,999 (section 4)."""
        return self._replace(seconds=max(-_LONGEST, self.seconds - math.ceil(elapsed)))

    def parameter(self) -> Parameter:
        """The parameter of MAIL that says this."""
        return Parameter(PARAMETER, f"{self.seconds};{self.mode}{'T' * self.trace}".encode())


def by_of(parameters: tuple[Parameter, ...]) -> By | None:
    """What the parameters of MAIL say, or None where they say nothing of it, or nothing that can be read."""
    for each in parameters:
        if each.keyword == PARAMETER and (match := _BY.fullmatch(each.value or b"")):
            return By(int(match[1]), match[2].decode().upper(), bool(match[3]))
    return None


def later(parameters: tuple[Parameter, ...], elapsed: float) -> tuple[Parameter, ...]:
    """The parameters of MAIL as they are after so many seconds."""
    by = by_of(parameters)
    if by is None:
        return parameters
    return tuple(by.after(elapsed).parameter() if each.keyword == PARAMETER else each for each in parameters)
