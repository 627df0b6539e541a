"""What was said to come next, and what came: the expectations at a lab, judged and counted."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from esmtp_lab.protocol.event import Event
from esmtp_lab.tutor.said import CODE, fits_code

if TYPE_CHECKING:
    from esmtp_lab.tutor.scene import Desk

PASSED = ""
"""What stands for a code where the learner would not say one."""
CODE_RIGHT, CLASS_RIGHT, WRONG, PASS = "right by code", "right by class", "wrong", "passed"


class Foretold(NamedTuple):
    """The reply that came, and the code that was said before."""

    reply: Event
    said: str

    @property
    def verdict(self) -> str:
        """How right it was; a wrong code of the right class counts as the class."""
        if self.said == PASSED:
            return PASS
        if fits_code(self.reply.code, (self.said,)):
            return CODE_RIGHT if self.said.isdecimal() else CLASS_RIGHT
        return CLASS_RIGHT if self.said.isdecimal() and self.said[0] == f"{self.reply.code:03d}"[0] else WRONG

    @property
    def words(self) -> str:
        """What was said and what came, in words."""
        code, verdict = self.reply.code, self.verdict
        exact = self.said.isdecimal()
        came = f"and {code} came, which is of that class" if verdict == CLASS_RIGHT and exact else "and so it is"
        return f"you expected {self.said}, {f'and {code} came' if verdict == WRONG else came}"


def foretold(desk: "Desk") -> Iterator[Foretold]:
    """What was expected at a lab, each with the reply that came; what was undone, or never came across, is nothing."""
    for at, code in desk.expected:
        log = enumerate(desk.bench.log[at:], start=at)
        replies = ((place, each) for place, each in log if each.event.kind == "reply" and each.event.last)
        place, came = next(replies, (0, None))
        if came is not None and not came.lost and place not in desk.bench.struck:
            yield Foretold(came.event, code)


def code_of(answer: str) -> str | None:
    """The code or class that an answer says, ``5`` for ``5yz``; PASSED for none, and None for what is neither."""
    said = answer.strip().lower()
    if said in ("", "?"):
        return PASSED
    if re.fullmatch(r"[1-5](?:xx)?", said):
        return f"{said[0]}yz"
    return said if CODE.fullmatch(said) else None


class Score(NamedTuple):
    """How often each verdict was given, and which codes were wrongly foretold, or not at all, the most often first."""

    verdicts: dict[str, int]
    missed: tuple[tuple[int, int], ...]

    @property
    def line(self) -> str:
        """How many were right of those that were said."""
        right = self.verdicts[CODE_RIGHT] + self.verdicts[CLASS_RIGHT]
        return f"{right} of {right + self.verdicts[WRONG]} foretold"


def score(desks: "Iterable[Desk]") -> Score:
    """What was foretold at some labs, counted."""
    every = [each for desk in desks for each in foretold(desk)]
    given = Counter(each.verdict for each in every)
    missed = Counter(each.reply.code for each in every if each.verdict in (WRONG, PASS))
    return Score({each: given[each] for each in (CODE_RIGHT, CLASS_RIGHT, WRONG, PASS)}, tuple(missed.most_common()))
