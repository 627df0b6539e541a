r"""Goals: what a task asks for, in a closed vocabulary over what crossed the wire. Never an expression.

The end is judged, not the way: any right route counts. A goal is a table that combines clauses:

    all      every one of these holds
    any      at least one of these holds
    none     none of these holds
    in_order these were seen one after the other, with anything between them
    within   "session", "transaction" or "group": all of the above in one and the same; `count` says in how many of them
    after    only what came after the first line that is as this clause says
    before   only what came before it; where there is none, everything so far
    say      the goal in the writer's own words, for the list of what is to do

In place of a clause such a table may stand again. A clause has one subject:

    command    a verb that the client sent, "UNKNOWN" or "*" for any; "CONTINUATION" for a line of an exchange
    reply_to   a whole reply, by what it answers: a verb, GREETING, END_OF_DATA, LAST_CHUNK, CONTINUATION, UNKNOWN, "*"
    content    true: content behind DATA, or a chunk
    moment     what the channel did, by how it begins: "closed", "tls", "forgiven" (a bare LF, by a lenient host)
    violation  a rule that was broken, by lineage or id, or "*"
    delivered  a letter in that mailbox, "*" for any; a terminal is "ada (terminal)"
    state      the state now, or "*"
    expected   a reply to this whose code was said before with /expect
    outcome    what became of a recipient of the embedded client: "accepted", "refused", "later"
    queued     a letter that waits in the queue of the host of that domain
    answer     a question of this task, by its id, answered rightly

Beside a line of any kind (command, reply_to, content) may stand

    at           the host that was talked to, by its name or domain
    in           the state in which it was said
    fact         what held then: extended, authenticated, tls
    has          octets that are in it
    octets       its length in octets, CRLF included; of content without stuffed dots and without the lone dot
    deviation    what no line may hold: bare-cr, bare-lf, nul, eight-bit, overlong, code-changes; "*" any, "-" none
    offered      an EHLO keyword that was offered then; not_offered one that was not

Beside command:

    problem      why it cannot be parsed: space-after-colon, path-brackets, … ; "*" any, "-" none
    parameter    a parameter by its keyword, or whole: "SIZE", "SIZE=1000"; "*" any, "-" none
    argument     all that stands behind the verb and one space
    path         its path, with the brackets
    spelled      the verb as it was typed; casing: upper, lower, mixed
    answered     the code that it got, as with `code`; "-" for none yet
    pipelined    true: sent before an earlier one was answered
    ends_group   true: the last of its group

Beside reply_to: `code` (250, "5yz", "x5z"), `lines` (how many), `enhanced` ("5.1.1", "*" any, "-" none) and `unchanged`
(true: the state is as before). Beside content: `answered`, `dots` (that were stuffed), `eight_bit`, `equals` (the
content, dots taken off). Beside moment and violation: `at`, `in`, `by` (client, server).

Beside delivered, which looks at letters as they are stored:

    at           the host, by name or domain
    from         the reverse-path, "<>" or "<me@me.example>"
    to           all recipients of the envelope, no more and no fewer
    header       a field: its name, or "To: carol@"; no_header: none such
    hidden       true: the mailbox is named in no field
    has          octets in what is stored, the time stamp line included
    equals       the content, octet by octet
    octets       how long the content is
    parameter    a parameter of MAIL; protocol: SMTP, ESMTP, …; verb: the verb that opened the transaction

Beside state, of which `side` is "server" unless told:

    at           at the last session with that host
    fact, no_fact, offered, not_offered
    client_name  who the client said it is
    recipients   how many, and reverse_path, of the open transaction
    role         the side that the learner plays; turned: true after TURN
    pending      octets that the server has got and that form no line yet

Beside expected a `code`, beside outcome a `path`. Everywhere a list of values is met by any of them. `count` says how
often (3, ">=4", "<=2", "=0"; a bare number is "at least" for lines and "exactly" for all else, and without it once will
do), `distinct` counts only what differs in its verb, to, code, first_digit, spelled, session or line, and `next` in
`in_order` wants the very next line of that kind. Texts take the escapes \r \n \xNN, and each \n of `equals` is CRLF.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from esmtp_lab.errors import DataError
from esmtp_lab.tutor.clause import Clause, read_clause
from esmtp_lab.tutor.items import Item
from esmtp_lab.tutor.number import ONCE, Number, read_number
from esmtp_lab.tutor.question import Question
from esmtp_lab.tutor.scene import Scene
from esmtp_lab.tutor.tables import Table, known, tables, text

COMBINED = ("all", "any", "none", "in_order")
WITHIN = ("session", "transaction", "group")
_OF_GROUP = ("within", "after", "before", "say", "count")
KEYS = (*COMBINED, *_OF_GROUP)
"""The keys of a goal."""
_NO_QUESTIONS: Mapping[str, Question] = {}


class Met(NamedTuple):
    """How one clause stands: what it asks for, whether it is met or can no longer be, and what was seen instead."""

    words: str
    met: bool
    lost: bool = False
    saw: str = ""

    @property
    def standing(self) -> str:
        """Met, not yet, or lost, in words."""
        return "met" if self.met else "can no longer be met" if self.lost else "not yet met"

    @property
    def mark(self) -> str:
        """The sign for a list: ``[x]``, ``[ ]`` or ``[-]``."""
        return f"[{'x' if self.met else '-' if self.lost else ' '}]"


@dataclass(frozen=True, slots=True)
class Goal:
    """Clauses that must hold together; inside a goal, one of its clauses."""

    all: "tuple[Node, ...]" = ()
    any: "tuple[Node, ...]" = ()
    none: "tuple[Node, ...]" = ()
    in_order: tuple[Clause, ...] = ()
    within: str = ""
    after: Clause | None = None
    before: Clause | None = None
    say: str = ""
    count: Number = ONCE

    def reached(self, scene: Scene) -> bool:
        """Whether every clause is met."""
        return self.holds(scene, scene.items)

    def judge(self, scene: Scene) -> list[Met]:
        """How each clause stands now; of several sessions or transactions in that which has come farthest."""
        items = scene.items
        if self.say or self.count != ONCE:
            return [Met(self.words, self.holds(scene, items), self._lost(scene, items))]
        scopes = [self._judge(scene, scope) for scope in self._scopes(items)] or [self._judge(scene, ())]
        return max(reversed(scopes), key=lambda found: sum(each.met for each in found))

    def _judge(self, scene: Scene, items: tuple[Item, ...]) -> list[Met]:
        past = _in_order(self.in_order, items)
        found = [_met(each, scene, items, place < past) for place, each in enumerate(self.in_order)]
        found += [_met(each, scene, items, each.holds(scene, items)) for each in self.all]
        if self.any:
            words = " or ".join(each.words for each in self.any)
            found.append(Met(words, any(each.holds(scene, items) for each in self.any)))
        for each in self.none:
            broken = each.holds(scene, items)
            found.append(Met(f"never {each.words}" if not each.say else each.say, not broken, broken and each.lasting))
        return found

    @property
    def words(self) -> str:
        """It in words."""
        parts = [" then ".join(each.words for each in self.in_order)] if self.in_order else []
        parts += [each.words for each in self.all]
        parts += [" or ".join(each.words for each in self.any)] if self.any else []
        parts += [f"never {each.words}" for each in self.none]
        within = f"in one {self.within}: " if self.within else ""
        return self.say or within + " and ".join(parts)

    @property
    def lasting(self) -> bool:
        """Whether it looks at nothing but what was said."""
        return all(each.lasting for each in (*self.in_order, *self.all, *self.any, *self.none))

    def clauses(self) -> Iterator[Clause]:
        """Every clause in it that is wanted, however deep."""
        for each in (*self.in_order, *self.all, *self.any):
            if isinstance(each, Goal):
                yield from each.clauses()
            else:
                yield each

    def holds(self, scene: Scene, items: tuple[Item, ...]) -> bool:
        """Whether it is met as often as is wanted."""
        if self.within:
            return self.count.fits(sum(1 for scope in self._scopes(items) if self._holds(scene, scope)))
        return all(self._holds(scene, scope) for scope in self._scopes(items))

    def saw(self, scene: Scene, items: tuple[Item, ...]) -> str:
        """What was seen instead: nothing in short."""
        return ""

    def _holds(self, scene: Scene, items: tuple[Item, ...]) -> bool:
        return (
            all(each.holds(scene, items) for each in self.all)
            and (not self.in_order or _in_order(self.in_order, items) == len(self.in_order))
            and (not self.any or any(each.holds(scene, items) for each in self.any))
            and not any(each.holds(scene, items) for each in self.none)
        )

    def _lost(self, scene: Scene, items: tuple[Item, ...]) -> bool:
        return not self.within and any(each.lasting and each.holds(scene, items) for each in self.none)

    def _scopes(self, items: tuple[Item, ...]) -> list[tuple[Item, ...]]:
        """The stretches of the session in which it has to hold."""
        if self.after is not None:
            first = next((place for place, each in enumerate(items) if self.after.matches(each)), len(items))
            items = items[first + 1 :]
        if self.before is not None:
            items = items[: next((place for place, each in enumerate(items) if self.before.matches(each)), len(items))]
        if not self.within:
            return [items]
        numbers = sorted({number for each in items if (number := getattr(each, self.within))})
        return [tuple(each for each in items if getattr(each, self.within) == number) for number in numbers]


Node = Goal | Clause


def newly(node: Node, scene: Scene, fresh: tuple[Item, ...], held: bool) -> bool:
    """Whether what just happened is what a clause speaks of; `held` says whether it held before."""
    if isinstance(node, Clause) and node.instant:
        return any(node.matches(each) for each in fresh)
    return not held and node.holds(scene, scene.items)


def _met(node: Node, scene: Scene, items: tuple[Item, ...], met: bool) -> Met:
    if met:
        return Met(node.words, True)
    stays = isinstance(node, Clause) and (node.lasting or node.subject == "delivered")
    lost = stays and isinstance(node, Clause) and node.count.past(node.found(scene, items))
    return Met(node.words, False, lost, node.saw(scene, items))


def _in_order(clauses: tuple[Clause, ...], items: tuple[Item, ...]) -> int:
    """How many of the clauses were seen one after the other."""
    known_so_far: dict[tuple[int, int], int] = {}

    def most(number: int, start: int) -> int:
        if number == len(clauses):
            return 0
        if (number, start) not in known_so_far:
            clause, best = clauses[number], 0
            followed = number + 1 < len(clauses) and clauses[number + 1].next
            for place in range(start, len(items)):
                if clause.matches(items[place]):
                    best = max(best, 1 + most(number + 1, place + 1))
                    if not followed or number + best == len(clauses):
                        break
                if clause.next and clause.about_kind(items[place]):
                    break
            known_so_far[number, start] = best
        return known_so_far[number, start]

    return most(0, 0)


def read_goal(table: Table, where: str, questions: Mapping[str, Question] = _NO_QUESTIONS) -> Goal:
    """The goal in a table. Raises DataError."""
    known(table, KEYS, where)
    parts: dict[str, Any] = {
        key: tuple(read_node(each, f"{where}: {key}", questions) for each in tables(table, key, where))
        for key in COMBINED
    }
    if not any(parts.values()):
        raise DataError(where, f"has no goal. Add one of {', '.join(COMBINED)}, such as all = [ {{ … }} ]")
    if not all(isinstance(each, Clause) and each.lasting for each in parts["in_order"]):
        raise DataError(where, "in_order holds what is no line. Only command, reply_to, content, moment and violation")
    within = text(table, "within", where, "")
    if within and within not in WITHIN:
        raise DataError(where, f"within is one of {', '.join(WITHIN)}, not {within!r}")
    if "count" in table and not within:
        raise DataError(where, "has a count, which goes with within, or into a clause")
    for key in ("after", "before"):
        if key in table:
            parts[key] = _line(table[key], f"{where}: {key}")
    count = read_number(table["count"], f"{where}: count", ">=") if "count" in table else ONCE
    return Goal(**parts, within=within, say=text(table, "say", where, ""), count=count)


def read_node(table: Any, where: str, questions: Mapping[str, Question] = _NO_QUESTIONS) -> Node:
    """A clause, or a goal in a goal. Raises DataError."""
    if not isinstance(table, dict):
        raise DataError(where, f'is no table, but {table!r}. Write {{ command = "MAIL" }}')
    combines = any(key in table for key in COMBINED)
    return read_goal(table, where, questions) if combines else read_clause(table, where, questions)


def _line(table: Any, where: str) -> Clause:
    node = read_node(table, where)
    if not isinstance(node, Clause) or not node.lasting:
        raise DataError(where, "is no line. Only command, reply_to, content, moment and violation")
    return node
