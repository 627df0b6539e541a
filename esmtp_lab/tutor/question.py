"""Questions: what is asked, what is right, and what to say to an answer.

What is `right` tells what kind of answer is wanted: the letter of a choice, a list of letters or of words in any order,
a number, a list of numbers in order, or a table of what goes with what. `wrong` says of choices, and of numbers that
tempt, why they are wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from esmtp_lab.errors import DataError
from esmtp_lab.tutor.tables import Table, known, one_table, text, texts

KEYS = ("id", "ask", "choices", "right", "accepts", "because", "wrong", "hints", "title")
FORMS = {
    "choice": "a letter, such as b",
    "choices": "letters, such as a c",
    "words": "words, in any order",
    "number": "a number",
    "numbers": "numbers in order, such as 17 42",
    "pairs": "what goes with what, such as 450=later 550=never",
    "text": "a word",
}
"""Every kind of answer, with how it is written."""


class Verdict(NamedTuple):
    """Whether an answer is right, and what to say to it."""

    right: bool
    say: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `key` names it among those of all lessons; `wrong` says why a wrong choice, or number, is wrong."""

    id: str
    key: str
    ask: str
    right: Any
    choices: Mapping[str, str]
    because: str
    accepts: tuple[str, ...] = ()
    wrong: Mapping[str, str] | None = None

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def kind(self) -> str:
        """One of FORMS."""
        match self.right:
            case list() if self.choices:
                return "choices"
            case list() if all(isinstance(each, int) for each in self.right):
                return "numbers"
            case list():
                return "words"
            case dict():
                return "pairs"
            case int():
                return "number"
        return "choice" if self.choices else "text"

    @property
    def solution(self) -> str:
        """The right answer as it is typed."""
        match self.right:
            case list():
                return " ".join(map(str, self.right))
            case dict():
                return " ".join(f"{key}={value}" for key, value in self.right.items())
        return str(self.right)

    @property
    def lines(self) -> list[str]:
        """The question with its choices, and how it is answered."""
        choices = [f"{key}  {choice}" for key, choice in self.choices.items()]
        return [*self.ask.splitlines(), "", *choices, *([""] if choices else []), f"/answer and {FORMS[self.kind]}"]

    def judge(self, answer: str) -> Verdict:
        """Whether an answer is right, and what to say to it; never what would have been."""
        said, wanted = self._parts(answer), self._parts(self.solution)
        if self._right(said):
            return Verdict(True, self.because)
        why = next((say for key, say in (self.wrong or {}).items() if self._tells(said, key)), "")
        if why:
            return Verdict(False, why)
        if self.kind == "choice":
            known_choice = " ".join(said) in self.choices
            return Verdict(
                False, "not that one; try again" if known_choice else f"answer with one of {', '.join(self.choices)}"
            )
        if self.kind in ("number", "numbers") and not all(each.isdecimal() for each in said):
            return Verdict(False, f"answer with {FORMS[self.kind]}")
        if self.kind in ("number", "text"):
            return Verdict(False, "not that; try again")
        if sorted(said) == sorted(wanted):
            return Verdict(False, "the right numbers, but in another order; try again")
        right = len([each for each in said if each in wanted])
        return Verdict(False, f"{right} of {len(wanted)} right, and {len(said) - right} not; try again")

    def may_be_wrong(self, answer: str) -> bool:
        """Whether an answer is of the kind for which it can be said why it is wrong, and is not right."""
        said = self._parts(answer)
        if self.choices:
            return answer in self.choices and not self._right(said) and answer not in self.solution.split()
        numbers = bool(said) and all(each.isdecimal() for each in said)
        many = self.kind == "numbers" or (self.kind == "number" and len(said) == 1)
        return numbers and many and not self._right(said)

    def _tells(self, said: list[str], wrong: str) -> bool:
        """Whether a wrong answer was given; of several letters one that is wrong will do."""
        return wrong in said if self.kind == "choices" else self._parts(wrong) == said

    def _right(self, said: list[str]) -> bool:
        return any(said == self._parts(each) for each in (self.solution, *self.accepts))

    def _parts(self, answer: str) -> list[str]:
        """An answer in its parts, put so that equal answers are equal."""
        parts = answer.casefold().replace(",", " ").split()
        if self.kind in ("choices", "words", "pairs"):
            return sorted(set(parts))
        return [str(int(each)) if each.isdecimal() else each for each in parts]


def read_question(table: Table, owner: str, where: str) -> Question:
    """A question from its table; `owner` names the task that it belongs to. Raises DataError."""
    name = text(table, "id", where, "question")
    where = f"{where}: question {name!r}"
    known(table, KEYS, where)
    choices = {str(key): str(value) for key, value in one_table(table, "choices", where).items()}
    right = _right(table.get("right"), where)
    named = list(right) if isinstance(right, (list, dict)) else [right]
    if choices and not all(each in choices for each in named):
        raise DataError(where, f"calls {right!r} right, which is none of its choices")
    wrong = {str(key): str(value) for key, value in one_table(table, "wrong", where).items()}
    asks, because = text(table, "ask", where).strip(), text(table, "because", where).strip()
    question = Question(name, f"{owner}/{name}", asks, right, choices, because, texts(table, "accepts", where), wrong)
    for key in wrong:
        if not question.may_be_wrong(key):
            raise DataError(where, f"says in wrong why {key!r} is wrong, which is no wrong choice, and no wrong number")
    parts = question.solution.split()
    if question.kind in ("words", "pairs", "text") and len(parts) != (
        1 if isinstance(right, (str, int)) else len(right)
    ):
        raise DataError(where, "a part of the right answer holds a space. Use single words, such as not-now")
    return question


def _right(value: Any, where: str) -> Any:
    """What is right, as it is compared. Raises DataError."""
    match value:
        case dict() if value and all(isinstance(each, (str, int)) for each in value.values()):
            return {str(key): str(each) for key, each in value.items()}
        case list() if value and all(type(each) is int for each in value):
            return value
        case list() if value and all(isinstance(each, str) for each in value):
            return value
        case str() if value.strip():
            return value
        case int() if not isinstance(value, bool):
            return value
    raise DataError(where, 'has no right. Add right = "b", a number, a list, or a table of what goes with what')
