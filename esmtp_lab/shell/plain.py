"""The plain view: every line begins with a word, nothing moves the cursor, no colours. For screen readers and pipes.

What panes, footer and Tab show elsewhere is written here: after an exchange a line "rules" with the ids that may be
given to /rule, and a line "state" for each side with what the exchange changed.
"""

import sys
from collections.abc import Iterable, Iterator
from getpass import getpass
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from esmtp_lab.export.facts import Facts, changes
from esmtp_lab.protocol.event import Event
from esmtp_lab.shell.footer import first, header
from esmtp_lab.shell.keys import ON_EMPTY
from esmtp_lab.shell.lesson import lines_of
from esmtp_lab.shell.live import TICK, Live
from esmtp_lab.shell.pages import shown
from esmtp_lab.shell.record import Change
from esmtp_lab.shell.session import Session
from esmtp_lab.shell.signs import Signs
from esmtp_lab.shell.tables import laid

if TYPE_CHECKING:
    from esmtp_lab.tutor.goal import Met

_ASK = {"command": "client: ", "group": "client group: ", "content": "client content {}: ", "line": "client secret: "}


class Plain:
    """Reads lines as `input` does and appends what happens."""

    def __init__(self, session: Session, signs: Signs) -> None:
        self.session = session
        self.signs = signs
        self._seen = 0
        self._cited = 0
        self._general: set[str] = set()
        self._facts: tuple[Facts, Facts] = ((), ())
        self._standing: tuple[Met, ...] = ()
        self._echoed = sys.stdin.isatty()

    def run(self) -> None:
        """Read and play lines until the learner leaves or the input ends."""
        session = self.session
        self._write("lab", header(session).strip())
        for line in first(session):
            self._write("lab", line)
        if session.attempt is not None:
            for line in self._laid(lines_of(session.attempt.text), "lesson "):
                self._write("lesson", line)
        self._catch_up(0)
        while not session.finished:
            session.view = "stream"
            self._turn()

    def _turn(self) -> None:
        self._wait()
        try:
            line = self._ask(self._question())
        except KeyboardInterrupt:
            self._interrupted()
            return
        if line is None:
            self._end()
            return
        kind = self.session.prompt_kind
        change = self.session.type(line)
        lab = kind == "prediction" or (kind == "command" and (line.startswith("/") or line in ON_EMPTY))
        wire = self.session.group is None and not lab
        # What holds a control is not echoed as it went.
        self._show(change, 1 if wire and self._echoed and line.isprintable() else 0)

    def _wait(self) -> None:
        """Where it is the turn of a program of others, show what comes as it comes; Ctrl-C ends the waiting."""
        session = self.session
        try:
            if session.overhear():
                self._catch_up(0)
            while isinstance(session.lab, Live) and session.lab.due and session.lab.role != "client":
                if session.overhear(TICK):
                    self._catch_up(0)
        except KeyboardInterrupt:
            self._write("lab", "not waiting any more; /listen waits again, /listen off ends it")

    def _question(self) -> str:
        if self.session.game.held is not None:
            return f"lab asks: {self.session.game.question}: "
        if self.session.lab.role == "server":
            return "server: "
        if self.session.lab.role == "watcher":
            return "lab: "
        if self.session.chunk:
            return f"client chunk, {self.session.chunk} octets left: "
        count = len(self.session.lab.bench.client.content_so_far)
        kind = "group" if self.session.group is not None else self.session.prompt_kind
        return _ASK[kind].format(count)

    def _ask(self, question: str) -> str | None:
        """One line, or None where the input ends; what may be a secret is not echoed."""
        if self._echoed and self.session.prompt_kind == "line":
            try:
                return getpass(question)
            except EOFError:
                return None
        sys.stdout.write(question)
        sys.stdout.flush()
        line = sys.stdin.readline()
        if not self._echoed or not line:
            sys.stdout.write("\n")
        return line.rstrip("\n").removesuffix("\r") if line else None

    def _interrupted(self) -> None:
        """Ctrl-C: the line is dropped; in content it asks for one lab command, for there every line is content."""
        sys.stdout.write("\n")
        if self.session.prompt_kind == "command":
            self._write("lab", "the line was dropped; /quit leaves")
            return
        if self.session.game.held is not None:
            self._show(self.session.command("/undo"))
            return
        try:
            line = self._ask("lab command, or Enter to go on: ")
        except KeyboardInterrupt:
            line = "/quit"
        if line:
            self._show(self.session.command(line))

    def _end(self) -> None:
        self._show(self.session.command("/quit"))
        if not self._echoed:
            self.session.finished = True

    # Writing -------------------------------------------------------------------------------------

    def _show(self, change: Change, echoed: int = 0) -> None:
        for places, what in ((change.undone, "undone"), (change.redone, "stands again")):
            for place in places:
                item = self.session.record.items[place]
                text = f"{_speaker(item.event)} {shown(item.event)}" if item.event else item.text
                self._write("lab", f"{what}: {text}")
        self._catch_up(echoed)
        if change.page:
            self._write("lab", f"{change.page.title}:")
            for line in self._laid(change.page.lines, "lab "):
                self._write("lab", line)
        attempt = self.session.attempt
        standing = tuple(attempt.goals) if attempt and self.session.aside is None else ()
        fresh, self._standing = standing != self._standing, standing
        for met in standing if change.new and fresh else ():
            saw = f"; seen: {met.saw}" if met.saw and not met.met else ""
            self._write("lesson", f"{met.standing}: {met.words}{saw}")

    def _laid(self, lines: Iterable[str], before: str) -> Iterable[str]:
        """Lines with their tables laid out for the terminal, where there is one."""
        return laid(lines, get_terminal_size().columns - len(before)) if self._echoed else lines

    def _catch_up(self, echoed: int) -> None:
        """What is new in the record, but not the line that the terminal has echoed already."""
        items = self.session.record.items
        for place in range(self._seen, len(items)):
            event = self.session.annotated(place)
            if event is None:
                self._write("lab", items[place].text)
                continue
            mine = event.speaker == self.session.lab.role
            if items[place].lost:
                self._write("lab", f"never arrived: {_speaker(event)} {shown(event)}")
            elif not (mine and echoed):
                size = f" ({event.length} octets in all)" if event.length > len(event.octets) else ""
                self._write(_speaker(event), f"{shown(event)}{size}")
            echoed -= 1 if mine and echoed else 0
            for note in self.session.notes(place) if place not in self.session.record.struck else ():
                self._write("note", note.text)
        self._seen = len(items)
        self._write_rules()
        self._write_state()

    def _write_rules(self) -> None:
        """The ids of the rules in the notes on what is new; with full notes, of all rules at work on it."""
        session = self.session
        if not session.rules_ready:
            return  # those of the first lines are named as soon as they are known
        places, self._cited = range(self._cited, self._seen), self._seen
        ids = dict.fromkeys(rule for place in places if place not in session.record.struck for rule in self._ids(place))
        if ids:
            self._write("rules", " ".join(ids))

    def _ids(self, place: int) -> Iterator[str]:
        session = self.session
        yield from (note.rule for note in session.notes(place) if note.rule)
        event = session.annotated(place)
        if event is None or session.settings["depth"] != "full":
            return
        for rule in (each.rule for each in event.citations):
            # What is at work on every line is named once.
            if not (rule.general and rule.id in self._general):
                yield rule.id
            self._general |= {rule.id} if rule.general else set()

    def _write_state(self) -> None:
        """What became of each side since it was written last."""
        before, self._facts = self._facts, self.session.facts()
        for side, was, now in zip(("client", "server"), before, self._facts, strict=True):
            changed = [each for each in changes(was, now) if not each.startswith("content")]  # the prompt counts those
            if changed:
                self._write("state", f"{side}: {'; '.join(changed)}")

    def _write(self, word: str, text: str) -> None:
        encoding = sys.stdout.encoding or "ascii"
        line = f"{word} {self.signs.text(text)}".rstrip()
        sys.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        sys.stdout.flush()


def _speaker(event: Event) -> str:
    return f"{event.speaker} error" if event.negative else event.speaker
