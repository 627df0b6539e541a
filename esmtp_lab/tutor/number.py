"""How many: a comparison and a number, as a goal writes it."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from esmtp_lab.errors import DataError

_NUMBER = re.compile(r"(>=|<=|>|<|=)?\s*(\d+)")
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    "=": lambda a, b: a == b,
}


class Number(NamedTuple):
    """How many: a comparison and a number."""

    sign: str = ">="
    wanted: int = 1

    def fits(self, found: int) -> bool:
        """Whether so many will do."""
        return _COMPARE[self.sign](found, self.wanted)

    def past(self, found: int) -> bool:
        """Whether so many are too many, so that more cannot help."""
        return self.sign in ("=", "<=", "<") and found + (self.sign == "<") > self.wanted

    def __str__(self) -> str:
        names = {">=": "at least ", "<=": "at most ", ">": "more than ", "<": "fewer than ", "=": ""}
        return f"{names[self.sign]}{self.wanted}"


ONCE = Number()
"""At least once, which is what a clause wants that does not say how often."""


def read_number(value: Any, where: str, sign: str = "=") -> Number:
    """A number as it is written: 3, or ">=4". Raises DataError."""
    match = _NUMBER.fullmatch(str(value)) if not isinstance(value, bool) else None
    if match is None:
        raise DataError(where, f'{value!r} is no number. Write 3, or ">=4", "<=4", ">4", "<4"')
    return Number(match[1] or sign, int(match[2]))
