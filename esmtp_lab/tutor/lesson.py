"""Lessons: data in lesson.toml, prose in lesson.md beside it; the same for the shell and for notebooks.

The prose begins with the page of the lesson. Each task has a section of its own, whose heading names it:
``## Deliver a letter {#deliver}``; what stands under ``{#end}`` is for those who are through.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from esmtp_lab.errors import DataError
from esmtp_lab.protocol.policy import Policy
from esmtp_lab.tutor import setting
from esmtp_lab.tutor.clause import Clause
from esmtp_lab.tutor.goal import COMBINED, Goal, Node, read_goal, read_node
from esmtp_lab.tutor.question import Question, read_question
from esmtp_lab.tutor.setting import Setting, own_hosts, read_setting
from esmtp_lab.tutor.tables import Table, known, number, one_table, tables, text, texts
from esmtp_lab.wire.transcript import Entry, read

_HEADING = re.compile(r"^#{1,6} +(.*?) *\{#([\w-]+)\} *$")
_FENCE = re.compile(r"^ {0,3}(```|~~~)")
END = "end"
FEWEST_HINTS = 2
QUESTION = "question"
"""The id of the last task of every lesson: its question."""
_ENOUGH = ("Read the page once more: /lesson.", "A wrong answer costs nothing, and says what it says.")


class Hint(NamedTuple):
    """One hint; with `when` it goes first once the learner has done that."""

    say: str
    when: Node | None = None


@dataclass(frozen=True, slots=True)
class NearMiss:
    """What learners really do instead: how to see it, what to tell them, and lines that do it."""

    when: Node
    say: str
    lines: str


class Crossed(NamedTuple):
    """Tasks whose solutions reach this goal as well, and why that is right."""

    by: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do: what to say about it, where, its goal, hints of growing strength, solutions, near misses.

    `crossed` names tasks whose solutions reach this goal too, `walks` says why a random walk does, `forbids` why an
    unusual variant of a solution does not.
    """

    id: str
    title: str
    say: str
    setting: Setting
    goal: Goal
    hints: tuple[Hint, ...]
    solutions: tuple[str, ...]
    near: tuple[NearMiss, ...]
    questions: tuple[Question, ...] = ()
    crossed: tuple[Crossed, ...] = ()
    walks: str = ""
    forbids: Mapping[str, str] | None = None

    @property
    def quiz(self) -> bool:
        """Whether nothing but answers are wanted."""
        return bool(self.questions) and all(each.subject == "answer" for each in self.goal.clauses())


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson. `rules` are those that it exercises, `minutes` what it takes, `page` and `end` are Markdown.

    The last of its tasks is its question. A test-out `covers` the lessons of these numbers: it says what is to be done,
    and neither teaches nor helps.
    """

    id: str
    number: int
    title: str
    minutes: int
    page: str
    end: str
    tasks: tuple[Task, ...]
    setting: Setting
    rules: tuple[str, ...] = ()
    covers: tuple[int, ...] = ()

    @property
    def order(self) -> tuple[int, int]:
        """Where it stands among others: by its number, and a test-out behind the lessons that it covers."""
        return (max(self.covers), 1) if self.covers else (self.number, 0)

    @property
    def era(self) -> str:
        """The standard that its server follows, unless a task says otherwise."""
        return self.setting.era

    @property
    def client_era(self) -> str:
        """The standard that its client follows, unless a task says otherwise."""
        return self.setting.client_era

    @property
    def question(self) -> Question:
        """The question at its end."""
        return self.tasks[-1].questions[0]


_GOAL_KEYS = (*COMBINED, "within", "after", "before", "count")
_TASK_KEYS = ("id", "hints", "solution", "near", "question", "crossed", "walks", "forbids", *_GOAL_KEYS, *setting.KEYS)
_LESSON_KEYS = (
    "version",
    "id",
    "number",
    "title",
    "minutes",
    "rules",
    "covers",
    "hosts",
    "task",
    "question",
    *setting.KEYS,
)
FILES = frozenset({"lesson.toml", "lesson.md"})
"""What the folder of a lesson holds, and nothing else."""


def solutions(task: Task) -> tuple[str, ...]:
    """The solutions of a task; of one that only asks the right answers."""
    if task.solutions or not task.quiz:
        return task.solutions
    return ("\n".join(f"/answer {each.id} {each.solution}" for each in task.questions),)


def entries(lines: str) -> Iterator[Entry]:
    """The entries of a solution or a near miss."""
    return read(line.encode("utf-8") for line in lines.strip("\n").split("\n"))


def lesson_folder() -> Path:
    """Where the lessons are: inside the installed package, or beside it in a source tree."""
    package = Path(__file__).parents[1]
    inside = package / "lessons"
    return inside if inside.is_dir() else package.parent / "lessons"


def lesson_folders(folder: Path | None = None) -> list[Path]:
    """The folder of each lesson, in the order of their names. Raises DataError."""
    place = lesson_folder() if folder is None else folder
    if not place.is_dir():
        raise DataError(str(place), "is no folder of lessons")
    return sorted(each for each in place.iterdir() if (each / "lesson.toml").exists())


def lessons(folder: Path | None = None) -> list[Lesson]:
    """All lessons of a folder, in the order of their numbers. Raises DataError."""
    return sorted(map(read_lesson, lesson_folders(folder)), key=lambda each: each.order)


def find_lesson(name: str, folder: Path | None = None) -> Lesson:
    """The lesson of that number or id. Raises DataError, which lists those there are."""
    found = lessons(folder)
    for lesson in found:
        if name in (lesson.id, str(lesson.number), f"{lesson.number:02d}-{lesson.id}"):
            return lesson
    there = ", ".join(f"{lesson.number} ({lesson.id})" for lesson in found)
    raise DataError(f"lesson {name!r}", f"there is no such lesson; there is {there or 'none at all'}")


def read_lesson(folder: Path) -> Lesson:
    """Read one lesson. Raises DataError, which says where and what to mend."""
    toml, markdown = _read(folder, "lesson.toml"), _read(folder, "lesson.md")
    try:
        data = tomllib.loads(toml)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise DataError(f"{folder.name}/lesson.toml", f"cannot be read: {error}") from None
    return lesson_of(data, markdown, folder.name)


def _read(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{folder.name}/{name}", f"cannot be read: {error}") from None


def lesson_of(data: Table, markdown: str, name: str) -> Lesson:
    """The lesson in a table and the prose to it; `name` is that of its folder. Raises DataError."""
    where = f"{name}/lesson.toml"
    known(data, _LESSON_KEYS, where)
    if data.get("version") != 1:
        raise DataError(where, "has no version. Add version = 1 at its top")
    lesson_id = text(data, "id", where)
    page, sections = prose(markdown)
    hosts = own_hosts(one_table(data, "hosts", where), where)
    common = {key: data[key] for key in setting.KEYS if key in data}
    covers = _covers(data, where)
    reader = _Reader(lesson_id, common, hosts, sections, name, bool(covers))
    tasks = [reader.task(each, f"{where}: task {each.get('id', '?')!r}") for each in tables(data, "task", where)]
    for task in tasks:
        if [each.id for each in tasks].count(task.id) > 1 or task.id == QUESTION:
            raise DataError(where, f"has more than one task {task.id!r}; the last, {QUESTION!r}, is made of [question]")
    for section in sections:
        if section not in (END, QUESTION, *(task.id for task in tasks)):
            raise DataError(f"{name}/lesson.md", f"has a section {{#{section}}}, and there is no such task")
    if "question" not in data:
        raise DataError(where, "has no question. Add [question] with ask, choices, right, because")
    return Lesson(
        id=lesson_id,
        number=number(data, "number", where),
        title=text(data, "title", where),
        minutes=number(data, "minutes", where),
        page=page,
        end=sections.get(END, ("", ""))[1],
        tasks=(*tasks, reader.question(one_table(data, "question", where), where)),
        setting=read_setting(common, hosts, where),
        rules=texts(data, "rules", where),
        covers=covers,
    )


def _covers(table: Table, where: str) -> tuple[int, ...]:
    value = table.get("covers", [])
    if not isinstance(value, list) or not all(type(each) is int for each in value):
        raise DataError(where, "covers is no list of the numbers of lessons. Write covers = [1, 2]")
    return tuple(value)


def prose(markdown: str) -> tuple[str, dict[str, tuple[str, str]]]:
    """Markdown in parts: what stands before the first named section, and each such section: its title and its text."""
    sections: dict[str, tuple[str, list[str]]] = {}
    page: list[str] = []
    into, fenced = page, False
    for line in markdown.splitlines():
        fenced = fenced != bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.match(line)
        if heading:
            into = sections.setdefault(heading[2], (heading[1], []))[1]
        else:
            into.append(line)
    return "\n".join(page).strip(), {key: (title, "\n".join(each).strip()) for key, (title, each) in sections.items()}


class _Reader(NamedTuple):
    """What the tasks of one lesson share while they are read."""

    lesson: str
    common: Table
    hosts: Mapping[str, Policy]
    sections: Mapping[str, tuple[str, str]]
    folder: str
    tests_out: bool = False

    def task(self, table: Table, where: str) -> Task:
        known(table, _TASK_KEYS, where)
        task_id = text(table, "id", where)
        if task_id not in self.sections or not self.sections[task_id][1]:
            raise DataError(
                f"{self.folder}/lesson.md",
                f"has no text for task {task_id!r}. Add ## Its title {{#{task_id}}} and a text",
            )
        title, say = self.sections[task_id]
        owner = f"{self.lesson}/{task_id}"
        questions = {
            each.id: each for each in (read_question(q, owner, where) for q in tables(table, "question", where))
        }
        return Task(
            id=task_id,
            title=title,
            say=say,
            setting=read_setting(
                {**self.common, **{k: table[k] for k in setting.KEYS if k in table}}, self.hosts, where
            ),
            goal=_goal(table, questions, where),
            hints=_hints(table, where, questions, 0 if self.tests_out else FEWEST_HINTS),
            solutions=tuple(_lines(each, f"{where}: solution") for each in tables(table, "solution", where)),
            near=tuple(_near(each, f"{where}: near", questions) for each in tables(table, "near", where)),
            questions=tuple(questions.values()),
            crossed=tuple(_crossed(each, f"{where}: crossed") for each in tables(table, "crossed", where)),
            walks=text(table, "walks", where, ""),
            forbids={str(k): str(v) for k, v in one_table(table, "forbids", where).items()},
        )

    def question(self, table: Table, where: str) -> Task:
        """The last task of a lesson: its question."""
        title, say = self.sections.get(QUESTION, (str(table.get("title", "One question")), ""))
        asked = read_question(table, self.lesson, where)
        return Task(
            id=QUESTION,
            title=title,
            say=say,
            setting=read_setting(self.common, self.hosts, where),
            goal=Goal(all=(_answered(asked),)),
            hints=tuple(map(Hint, texts(table, "hints", where) or ([] if self.tests_out else _ENOUGH))),
            solutions=(f"/answer {asked.solution}",),
            near=(),
            questions=(asked,),
        )


def _answered(question: Question) -> Clause:
    return Clause("answer", {"answer": (question,)})


def _goal(table: Table, questions: Mapping[str, Question], where: str) -> Goal:
    """What a task asks for: its clauses, and an answer to each question that they do not speak of."""
    parts = {key: table[key] for key in _GOAL_KEYS if key in table}
    goal = read_goal(parts, where, questions) if parts or not questions else Goal()
    asked = {question.key for clause in goal.clauses() for question in clause.questions}
    rest = tuple(_answered(each) for each in questions.values() if each.key not in asked)
    if not rest:
        return goal
    return Goal(all=(goal, *rest)) if goal.within or goal.after or goal.before else _with(goal, rest)


def _with(goal: Goal, rest: tuple[Clause, ...]) -> Goal:
    return Goal((*goal.all, *rest), goal.any, goal.none, goal.in_order)


def _hints(table: Table, where: str, questions: Mapping[str, Question], fewest: int) -> tuple[Hint, ...]:
    value = table.get("hints", [])
    if not isinstance(value, list):
        raise DataError(where, 'hints is no list. Write hints = ["…", "…"]')
    hints = []
    for each in value:
        if isinstance(each, dict):
            known(each, ("when", "say"), f"{where}: hints")
            when = read_node(each.get("when"), f"{where}: hints: when", questions)
            hints.append(Hint(text(each, "say", f"{where}: hints"), when))
        else:
            hints.append(Hint(text({"hint": each}, "hint", f"{where}: hints")))
    plain = sum(1 for each in hints if each.when is None)
    if plain < fewest:
        raise DataError(where, f'has {plain or "no"} hint{"s" * (plain != 1)}. Add hints = ["…", "…"]')
    return tuple(hints)


def _lines(table: Table, where: str) -> str:
    known(table, ("lines",), where)
    return text(table, "lines", where)


def _near(table: Table, where: str, questions: Mapping[str, Question]) -> NearMiss:
    known(table, ("when", "say", "lines"), where)
    when = read_node(table.get("when"), f"{where}: when", questions)
    return NearMiss(when, text(table, "say", where).strip(), text(table, "lines", where))


def _crossed(table: Table, where: str) -> Crossed:
    known(table, ("by", "why"), where)
    return Crossed(texts(table, "by", where), text(table, "why", where))
