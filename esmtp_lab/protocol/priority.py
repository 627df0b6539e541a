"""Priorities of letters: the Priority Assignment Policies that are registered, and the levels that each has.

RFC 6710 section 5 and appendices A to C. A priority is a whole number from -9 to 9, and 0 where nobody says another.
"""

from collections.abc import Iterable, Mapping

from esmtp_lab.wire.parameter import Parameter

KEYWORD = "MT-PRIORITY"
LOWEST, HIGHEST = -9, 9

LEVELS: Mapping[str, tuple[int, ...]] = {
    "MIXER": (-4, 0, 4),
    "STANAG4406": (-4, -2, 0, 2, 4, 6),
    "NSEP": (-2, 0, 2, 4, 6),
}
"""The levels of each policy, lowest first."""
UNNAMED = "MIXER"
"""The policy of a host that does not name its own (RFC 6710 section 9.2)."""


def level(policy: str, priority: int) -> int:
    """The level at which a letter is handled under a policy: the next that is not lower, or else the highest
    (RFC 6710 section 5)."""
    levels = LEVELS[policy or UNNAMED]
    return next((each for each in levels if each >= priority), levels[-1])


def priority_of(parameters: Iterable[Parameter]) -> int | None:
    """The priority that the parameters of MAIL name, or None where they name none."""
    for each in parameters:
        if each.keyword == KEYWORD:
            return int(each.value or b"0")
    return None


def parameter(priority: int) -> Parameter:
    """The parameter of MAIL that names a priority."""
    return Parameter(KEYWORD, b"%d" % priority)
