"""The game: with it on the learner says what the server will answer, before it does, and the score is kept.

What was said goes where `/expect` puts it, so that undo, lessons and the score know of both.
"""

from typing import TYPE_CHECKING

from esmtp_lab.lab import Lab
from esmtp_lab.shell.codes import MEANINGS
from esmtp_lab.shell.foresight import predicted
from esmtp_lab.shell.group import authenticates
from esmtp_lab.tutor.foretelling import CLASS_RIGHT, PASS, WRONG, code_of, foretold, score
from esmtp_lab.tutor.grid import grid
from esmtp_lab.wire.visible import visible

if TYPE_CHECKING:
    from esmtp_lab.shell.session import Session

_MOST_MISSED = 5
_ROLE = "you are the server, so there is nothing to foretell; it begins when you are the client"
_HOW = "a code such as 250, a class such as 5yz or 5, or Enter alone to pass"


class Game:
    """Whether it is `on`, the line that is `held` until the learner has said what it will be answered, and whether
    nothing is asked just now, for lines that come several at once."""

    def __init__(self) -> None:
        self.on = False
        self.held: str | None = None
        self.hushed = False

    @property
    def question(self) -> str:
        """What is asked about the line that is held; never with what may be a password."""
        line = self.held or ""
        shown = "AUTH" if authenticates(line) else visible(line.encode("utf-8", "surrogateescape")) or "an empty line"
        return f"{shown}: what will be answered? a code, a class (5yz or 5), Enter to pass"


def predict(session: "Session", argument: str) -> None:
    """Begin the game, end it, or show the score."""
    game = session.game
    if argument == "on":
        game.on = True
        session.tell(f"before each reply you say what it will be: {_HOW}")
        if session.lab.role == "server":
            session.tell(_ROLE)
    elif argument == "off":
        game.on = False
        session.tell(f"nothing is asked any more: {scored(session)}")
        _let_go(session)
    elif argument:
        session.tell(f"/predict is on or off; /try {argument} shows what would be answered, and changes nothing")
    else:
        session.show(f"predict is {'on' if game.on else 'off'}: {scored(session)}", _page(session))


def _page(session: "Session") -> list[str]:
    """Each verdict with its count, and what was missed most."""
    verdicts, missed = score(session.labs)
    rows = grid((verdict, str(count)) for verdict, count in verdicts.items())
    most = grid((str(code), f"{count} time{'s' * (count != 1)}", MEANINGS.get(code, "")) for code, count in missed)
    return [*rows, *(("", "missed most:") if most else ()), *most[:_MOST_MISSED]]


def hold(session: "Session", line: str) -> bool:
    """Keep a line back until the learner has said what it will be answered; False where there is nothing to ask."""
    game = session.game
    if not game.on or game.hushed or game.held is not None or not _answered(session, line):
        return False
    game.held = line
    return True


def _answered(session: "Session", line: str) -> bool:
    """Whether a reply will come to a line: none comes within content, and one who logs in has other cares."""
    if session.lab.role != "client" or session.prompt_kind == "line":
        return False
    if session.live is not None:
        return session.prompt_kind == "command" or (line == "." and not session.chunk)
    return any(each.kind == "reply" for each in predicted(session, line))


def take(session: "Session", answer: str) -> None:
    """Take what the learner foretells, and send the line that was held."""
    said = code_of(answer)
    if said is None:
        session.tell(f"{answer.strip()!r} is no code of a reply: say {_HOW}; /undo takes your line back")
        return
    session.lab.expected.append((len(session.lab.bench.log), said))
    _let_go(session)


def _let_go(session: "Session") -> None:
    line, session.game.held = session.game.held, None
    if line is not None:
        session.send(line, ask=False)


def drop(session: "Session") -> bool:
    """Take a line back that is held; whether there was one."""
    line, session.game.held = session.game.held, None
    if line is None:
        return False
    session.tell(f"taken back, and not sent{'' if authenticates(line) else f': {line}'}")
    return True


def scored(session: "Session") -> str:
    """The score of this sitting."""
    return score(session.labs).line


def mark(session: "Session") -> str:
    """The running score for the footer, while the game is on."""
    return scored(session) if session.game.on else ""


def judge(session: "Session", lab: Lab, before: int) -> None:
    """Say whether what was foretold came, and how often it did in this sitting; `before` so many had come already."""
    for each in [*foretold(lab)][before:]:
        code = each.reply.code
        came = {WRONG: f"and {code} came", CLASS_RIGHT: f"and {code} came, which is of that class"}
        if each.verdict != PASS:
            told = came.get(each.verdict, "and so it is")
            session.tell(f"you expected {each.said}, {told}: {scored(session)}")


def judged(lab: Lab) -> int:
    """How much of what was foretold has come."""
    return sum(1 for _ in foretold(lab))
