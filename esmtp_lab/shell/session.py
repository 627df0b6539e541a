"""The session of a learner: takes a typed line, plays it, and says what changed. It knows no terminal."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from esmtp_lab.bench import Crossing
from esmtp_lab.errors import EsmtpLabError
from esmtp_lab.export.facts import Facts, client_facts, server_facts
from esmtp_lab.export.notes import Note, noted, notes
from esmtp_lab.lab import Lab
from esmtp_lab.protocol.event import Event, text_events
from esmtp_lab.shell import group, predict
from esmtp_lab.shell.commands import run
from esmtp_lab.shell.config import Config
from esmtp_lab.shell.hearing import Hearing
from esmtp_lab.shell.keys import ON_EMPTY
from esmtp_lab.shell.lesson import lines_of
from esmtp_lab.shell.letters import carried, fates, unended
from esmtp_lab.shell.live import PATIENCE, Live
from esmtp_lab.shell.past import Past
from esmtp_lab.shell.record import Change, Page, Record, safe
from esmtp_lab.shell.repair import repair
from esmtp_lab.shell.settings import defaults
from esmtp_lab.shell.signs import UNICODE
from esmtp_lab.shell.steps import Put, Step, Swap
from esmtp_lab.tutor.letter import ready_letter
from esmtp_lab.wire.visible import visible

if TYPE_CHECKING:
    from esmtp_lab.rules.detector import Told
    from esmtp_lab.tutor.attempt import Attempt

_CLOSED = "/restart opens a new session, /undo goes back, /quit leaves"
_UNENDED = "the content is not ended, and the letter would be lost: {} it; leave once more to go anyway"


class Session:
    """One sitting at the lab: the lab, the record of what was shown, and how it is to be shown.

    `settings` are the reader's wishes, `config` the file that keeps them, `view` and `signs` what comes of them here.
    `past` holds what was typed, `last` the places of the last exchange, `correction` a line to offer after a refused
    one; `typed` says whether anything was played yet, `moves` how often anything may have been, `finished` whether the
    learner has left. `rules_ready` turns true when the rule book may be read: never before the first prompt. `aside` is
    the lab of a task while its learner plays freely, and `keep` is told of progress. `group` holds the lines that are
    collected to leave together; it is None where no group was begun.
    """

    def __init__(self, lab: Lab, *, view: str = "stream", attempt: "Attempt | None" = None) -> None:
        self.lab = lab
        self.view = view
        self.attempt = attempt
        self.settings = defaults()
        self.config: Config | None = None
        self.signs = replace(UNICODE)
        self.past = Past()
        self.draft = ""
        self.record = Record()
        self.page: Page | None = None
        self.last: tuple[int, ...] = ()
        self.cursor: tuple[int, int] | None = None
        self.correction = ""
        self.finished = False
        self.rules_ready = False
        self._rules_broken = False
        self.typed = False
        self.moves = 0
        self._warned = False
        self._annotated: dict[int, Event] = {}
        self._hearing = Hearing(self.record)
        self._spoken_of: set[int] = set()
        self._new: list[int] = []
        self._went: tuple[int, ...] = ()
        self._came: tuple[int, ...] = ()
        self.aside: Lab | None = None
        self.labs: list[Lab] = []
        self.game = predict.Game()
        self.live: Live | None = None
        self.allow_remote = False
        self.patience = PATIENCE
        self.keep: Callable[[Attempt], object] = lambda attempt: None
        self.begin()
        if attempt is not None:
            self.show(attempt.title, lines_of(attempt.text))

    # Beginning -----------------------------------------------------------------------------------

    def begin(self) -> None:
        """Show how the session of this lab began."""
        lab, live = self.lab, self.live
        self.labs += [lab] if all(each is not lab for each in self.labs) else []
        predict.drop(self)
        if live is not None and live is not lab:
            live.close()
        self.live = live = lab if isinstance(lab, Live) else None
        if live is not None:
            live.patience = self.patience
        side = "" if lab.role == "client" else ", and you are the server: type 220 and a greeting"
        self._steps: list[Step] = []
        self._undone: list[Step] = []
        self._content = Put()
        self.group: tuple[str, ...] | None = None
        opening = live.opening if live else f"connected to {lab.policy.domain} (era {lab.era}){side}"
        self._new.append(self.record.remark(opening))
        if live is None and lab.role == "server" and lab.bench.delivery is None:
            lab.deliver(ready_letter(lab.policy))
        first = self.put(lab.bench.log)
        self.record.struck.update(place for at, place in enumerate(first) if at in lab.bench.struck)
        self.first = self.last = tuple(first[-1:])
        self.before = self.facts()

    def restart(self, *, era: str = "", policy: str = "", role: str = "") -> None:
        """A new session; letters stay where they are. Raises DataError."""
        own = self.attempt.task.setting.hosts.get(policy) if self.attempt and policy else None
        self.lab = self.lab.anew(era=era, policy=own or policy, role=role)
        if self.attempt is not None and self.aside is None:
            self.attempt.scene.enter(self.lab)
        self.begin()

    def plug(self, name: str) -> None:
        """A new session of a pair that knows an extension more. Letters stay, and undo goes back to the session before.

        Raises DataError, and nothing is changed, where the extension cannot be used.
        """
        self.move(self.lab.anew(plug=name))

    def move(self, lab: Lab, play: Callable[[], object] = lambda: None) -> None:
        """Go to a new session and play something there, so that one undo comes back to the session before."""
        old, steps, first, content = self.lab, self._steps, self.first, self._content
        self.lab = lab
        self.begin()
        play()
        self._steps = [*steps, Step(tuple(self._new), content, Put(), Swap(old, first), Swap(self.lab, self.first))]

    # Real channels -------------------------------------------------------------------------------

    def visit(self, live: Live) -> None:
        """Go to a lab one of whose ends is a program of others; the task of a lesson stays as it is."""
        if self.attempt is not None and self.aside is None:
            self.aside = self.lab
        self.lab = live
        self.begin()

    def come_home(self) -> None:
        """Come back to the embedded pair."""
        assert self.live is not None
        if self.aside is not None:
            self.come_back()
        else:
            self.lab = self.live.home.anew()
            self.begin()

    def overhear(self, seconds: float = 0.0) -> bool:
        """Show what has come on a real channel, waited for while the other end is to speak; whether anything did."""
        if self.live is None:
            return False
        self._new, before, was = [], self.facts(), self.lab.bench.client.position.state
        self.moves += 1
        try:
            judged = predict.judged(self.live)
            heard = self.live.hear(seconds)
            self._tell_all(self.live.remarks())
            places = self.put(heard)
            if places:
                self.before, self.last, self.cursor, self.typed = before, tuple(places), None, True
            self._said_of_live(was)
            predict.judge(self, self.live, judged)
        except Exception as error:
            self.tell(f"that went wrong inside the lab ({type(error).__name__}: {error}); the session goes on")
        return bool(self._new)

    def _tell_all(self, texts: Iterable[str]) -> None:
        for text in texts:
            self.tell(text)

    def _said_of_live(self, was: str) -> None:
        """What there is to say of a real channel, and that it is over."""
        assert self.live is not None
        self._tell_all(self.live.remarks())
        if self.lab.bench.client.position.state == "closed" != was:
            self.tell(f"closed; {self.live.ended}")

    # Lessons -------------------------------------------------------------------------------------

    def go_to(self, lab: Lab) -> None:
        """Go to the lab of another task."""
        self.lab, self.aside = lab, None
        self.begin()
        self._spoken_of.clear()

    def put_aside(self) -> None:
        """Leave the task as it is and play freely."""
        if self.aside is None:
            self.aside = self.lab
            self.lab = self.lab.apart()
            self.begin()
        self.tell("you play freely, and nothing counts; /play off comes back to the task as you left it")

    def come_back(self) -> None:
        """Come back to the task as it was left."""
        assert self.aside is not None
        self.lab, self.aside = self.aside, None
        self.begin()

    def speak(self) -> None:
        """Let the lesson say its word to what has happened."""
        if self.attempt is None or self.aside is not None:
            return
        for text in self.attempt.step():
            self.tell(text)
        self.note_progress()

    def note_progress(self) -> None:
        """Keep what was reached."""
        if self.attempt is not None:
            self.keep(self.attempt)

    # Typing --------------------------------------------------------------------------------------

    def type(self, line: str, *, ask: bool = True) -> Change:
        """Play one typed line: a lab command at the command prompt, else a line for the wire.

        Without `ask` nobody is asked what it will be answered.
        """
        self.game.hushed = not ask
        return self._guard(lambda: self._play(line))

    def _guard(self, action: Callable[[], None]) -> Change:
        """Let nothing that goes wrong end the session; say it in one line."""
        self.typed = True
        self.moves += 1
        self.rules_ready = not self._rules_broken
        self._clear()
        try:
            action()
        except EsmtpLabError as error:
            self.tell(str(error))
        except Exception as error:
            self.tell(f"that went wrong inside the lab ({type(error).__name__}: {error}); the session goes on")
        return Change(tuple(self._new), self._went, self._came, self.page)

    def _play(self, line: str) -> None:
        kind = self.prompt_kind
        if (kind in ("command", "prediction") and line.startswith("/")) or (kind == "command" and line in ON_EMPTY):
            run(self, line)
        elif kind == "prediction":
            predict.take(self, line)
        elif kind != "command":
            self.send(line)
        elif self.group is not None:
            group.collect(self, line)
        elif line or self.lab.role == "client":
            self.send(line)

    def send(self, line: str, *, ask: bool = True) -> None:
        """Play a line for the wire; where the game is on, only once the learner has said what it will be answered."""
        if not (ask and predict.hold(self, line)):
            self._wire(line)

    def send_octets(self, octets: bytes) -> None:
        """Say octets as they stand, whichever side the learner plays."""
        lab = self.lab
        self._exchange("", lambda: lab.raw(octets) if lab.role == "client" else lab.utter(octets))

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self._exchange("", lambda: self.lab.bench.pass_time(seconds))

    def _wire(self, line: str) -> None:
        lab = self.lab
        stuffed = self.settings["stuffing"] == "on" and self.prompt_kind == "content" and not self.chunk
        if stuffed and line.startswith(".") and line != ".":
            line = f".{line}"  # RFC 2821 section 4.5.2
        self._exchange(line, lambda: lab.send(line) if lab.role == "client" else lab.say(line))

    def _exchange(self, line: str, act: Callable[[], list[Crossing]]) -> None:
        runs = len(self.lab.runs)
        self.before, content = self.facts(), self._content
        self.cursor = None
        lab = self.lab
        was = lab.bench.client.position.state
        judged = predict.judged(lab)
        crossings = act()
        self.last = tuple(self.put(crossings)) or self.last
        self._warned = False
        self._after(line, crossings, was)
        predict.judge(self, lab, judged)
        for text in carried(lab.runs[runs:]):
            self.tell(text)
        told = len(self._new)
        self.speak()
        if self.attempt and (len(self._new) > told or self.attempt.speaks_of(self.attempt.fresh)):
            self._spoken_of |= set(self.last)
        self._steps.append(Step(tuple(self._new), content, self._content))
        self._undone.clear()

    def put(self, crossings: Iterable[Crossing]) -> list[int]:
        """Put down what crossed; content as its lines, those that were shown as they were typed once only."""
        places: list[int] = []
        for crossing in crossings:
            event = crossing.event
            if event.kind == "content":
                # a chunk has no line besides its own
                wire = event.content.wire if event.content else b""
                places += self._lines(event, wire)
                self._content = Put()
            if event.kind == "moment":
                self._new.append(self.record.remark(visible(event.octets)))
            elif event.octets:
                places.append(self.record.wire(event, self.lab, lost=crossing.lost))
        client = self.lab.bench.client
        if client.in_content and client.content_so_far:
            places += self._lines(unended(self.lab), client.content_so_far)
        self._new += places
        return places

    def _lines(self, event: Event, wire: bytes) -> list[int]:
        """Put down the lines of content that are not shown yet."""
        start, last = self._content
        before = self.record.items[last].event if last >= 0 else None
        header = before is None or before.to == "header"
        fresh = [self.record.wire(each, self.lab) for each in text_events(event, wire[start:], header)]
        self._content = Put(len(wire), fresh[-1] if fresh else last)
        return fresh

    def _after(self, line: str, crossings: list[Crossing], was: str) -> None:
        """Remarks that follow a line: a correction, the end of the channel, what became of a delivery."""
        state = self.lab.bench.client.position.state
        secret = any(crossing.event.secret is not None for crossing in crossings)
        if self.lab.role == "client" and not secret and any(crossing.event.negative for crossing in crossings):
            server = self.lab.bench.server
            self.correction = repair(line, server.dialect, server.grammar)
            if self.correction:
                self.tell(f"perhaps you meant: {self.correction}")
        if self.live is not None:
            self._said_of_live(was)
        elif state == "closed" and was != "closed":
            self.tell(f"closed; {_CLOSED}")
            for text in fates(self.lab.bench.delivery):
                self.tell(text)
        elif state == "closed":
            self.tell("nobody hears that: the channel is closed; /restart opens a new session")

        waits = len(self.lab.bench.server.pending)
        if waits and self.lab.role == "client" and state != "closed" and self.prompt_kind == "command":
            self.tell(f"that is no line yet: {waits} octet{'s' * (waits != 1)} wait for the CRLF that ends one")

    # Undo ----------------------------------------------------------------------------------------

    def undo(self) -> None:
        """Take the last typed line back on both sides; its lines stay in the record, struck."""
        if predict.drop(self):
            return
        if self.group is not None:
            group.drop(self)
            return
        step = self._step(lambda step: self._swap(step.gone) or self.lab.undo(), self._steps, self._undone)
        if step is not None:
            self._content, self._went = step.before, step.places
            self.record.struck.update(step.places)

    def redo(self) -> None:
        """Play the line again that was undone last."""
        step = self._step(lambda step: self._swap(step.come) or self.lab.redo(), self._undone, self._steps)
        if step is not None:
            self._content, self._came = step.after, step.places
            self.record.struck.difference_update(step.places)

    def _swap(self, other: Swap | None) -> bool:
        """Go to the lab of a swap, where there is one."""
        if other is None:
            return False
        self.lab, self.first = other
        return True

    def _step(self, act: Callable[[Step], object], source: list[Step], target: list[Step]) -> Step | None:
        if not source:
            self.tell("there is nothing to undo" if source is self._steps else "there is nothing to redo")
            return None
        self.before, self.cursor = self.facts(), None
        act(source[-1])
        if self.attempt is not None:
            self.attempt.step()
        target.append(source.pop())
        places = self._steps[-1].places if self._steps else self.first
        self.last = tuple(place for place in places if self.record.items[place].event)
        return target[-1]

    def command(self, line: str) -> Change:
        """Run a lab command that a key stands for, whatever is being typed."""
        return self._guard(lambda: run(self, line))

    # Saying --------------------------------------------------------------------------------------

    def tell(self, text: str) -> None:
        """A remark of the lab, in one line; names in it may have come over the wire."""
        self._new.append(self.record.remark(visible(text.encode("utf-8", "surrogateescape"))))

    def show(self, title: str, lines: Iterable[str], row: int | None = None) -> None:
        """A page of the lab, with the `row` that its reader has chosen, where there is a choice."""
        self.page = Page(title, tuple(map(safe, lines)), row)

    def _clear(self) -> None:
        self._new = []
        self._went = self._came = ()
        self.page = None
        self.correction = ""

    # Leaving -------------------------------------------------------------------------------------

    def leave(self) -> None:
        """End as QUIT does; where a letter would be lost, warn once."""
        client = self.lab.bench.client
        if client.in_content and not self._warned and self.lab.role == "client":
            self._warned = True
            self.tell(_UNENDED.format(f"{self.chunk} octets more end" if self.chunk else "a lone dot ends"))
            return
        may = (
            not client.in_content
            and not client.position.closed
            and self.lab.bench.server.dialect.may(client.position, "QUIT")
        )
        if self.lab.role == "client" and may:
            self.put(self.lab.send("QUIT"))
        if self.live is not None:
            self.live.close()
        self.finished = True

    # Looking -------------------------------------------------------------------------------------

    def facts(self) -> tuple[Facts, Facts]:
        """What each side holds now."""
        bench = self.lab.bench
        return client_facts(bench.client, self.group or ()), server_facts(bench.server, self.lab.counts)

    @property
    def prompt_kind(self) -> str:
        """What a typed line is: "command", "content", a "line" of an exchange, or a "prediction"."""
        if self.game.held is not None:
            return "prediction"
        if self.lab.role != "client":
            return "command"
        client = self.lab.bench.client
        return "content" if self.chunk else client.dialect.framing(client.position.state)

    @property
    def chunk(self) -> int:
        """How many octets of a chunk are still to be typed."""
        return self.lab.bench.client.left

    @property
    def prompt(self) -> str:
        """Who speaks: ``C:``, ``S:``, ``/:`` where nobody here does, ``D:`` with the octets of content so far or those
        of a chunk that are still to come, ``A:`` in an exchange, ``C+:`` while a group is collected, ``?:`` where the
        learner is to say what will be answered."""
        if self.game.held is not None:
            return "?: "
        if self.lab.role != "client":
            return "S: " if self.lab.role == "server" else "/: "
        if self.chunk:
            return f"D: [{self.chunk} left] "
        if self.prompt_kind == "content":
            return f"D: [{len(self.lab.bench.client.content_so_far)}] "
        if self.group is not None:
            return "C+: "
        return "A: " if self.prompt_kind == "line" else "C: "

    def annotated(self, place: int) -> Event | None:
        """The event at a place of the record with its citations, or without them as long as no rules are read."""
        item = self.record.items[place]
        if item.event is None or item.lab is None or not self.rules_ready:
            return item.event
        if place not in self._annotated:
            self._annotated[place] = self.explained(item.event, item.lab)
        return self._annotated[place]

    def explained(self, event: Event, lab: Lab) -> Event:
        """An event with its citations; where the rules cannot be read, say so once and go on without."""
        if not self.rules_ready:
            return event
        try:
            return lab.annotate(event)
        except EsmtpLabError as error:
            self.rules_ready, self._rules_broken = False, True
            self.tell(f"the rules cannot be read: {error}")
            return event

    def notes(self, place: int, depth: str = "") -> list[Note]:
        """The notes on a line of the record; a line of a long reply does not say again what one before it said."""
        event = self.annotated(place)
        if event is None or not self.rules_ready:
            return []
        said: set[str] = set()
        for earlier in self._lines_before(place):
            said.update(note.rule for note in notes(earlier, depth or self.settings["depth"], said))
        found = notes(event, depth or self.settings["depth"], said)
        broken = sum(1 for note in found if note.broken)
        return [*found[:broken], *noted(self.told(place), depth or self.settings["depth"]), *found[broken:]]

    def told(self, place: int) -> "tuple[Told, ...]":
        """The misconceptions that a line of the record shows after those that stood before it in its session.

        A lesson's own word on a line goes first, and what its task asks for is no slip.
        """
        if not self.rules_ready or self.settings["misconceptions"] == "off" or place in self._spoken_of:
            return ()
        try:
            return self._hearing.told(place)
        except EsmtpLabError as error:
            self.settings["misconceptions"] = "off"
            self.tell(f"the misconceptions cannot be read: {error}")
            return ()

    def _lines_before(self, place: int) -> list[Event]:
        """The earlier lines of the reply that this line belongs to."""
        found: list[Event] = []
        event = self.annotated(place)
        while event is not None and event.line in ("middle", "last") and place > 0:
            place -= 1
            event = self.annotated(place)
            if event is not None:
                found.insert(0, event)
        return found
