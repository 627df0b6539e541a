"""`esmtp-lab run`, and the lab with lines piped in: a script played, its annotated transcript written."""

import json
from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from typing import NamedTuple

from esmtp_lab.bench import Crossing
from esmtp_lab.export.jsonl import record
from esmtp_lab.export.transcript import never_arrived, notes, protocol_line, remarks
from esmtp_lab.lab import Lab
from esmtp_lab.protocol.side import Side
from esmtp_lab.rules.detector import Watch
from esmtp_lab.tutor.foretelling import PASSED, foretold
from esmtp_lab.tutor.play import Played
from esmtp_lab.tutor.scene import Scene
from esmtp_lab.tutor.setting import Setting
from esmtp_lab.wire.content import lines
from esmtp_lab.wire.transcript import Entry, read, write_line


class Said(NamedTuple):
    """One line of output, and whether what it tells came out as the script says."""

    text: str
    right: bool = True


def play_script(lab: Lab, lines: Iterable[bytes], form: str = "text") -> Iterator[Said]:
    """Play a script on a fresh lab and write what happens, as "text" or as "json".

    A line without a mark that begins with a slash is a lab command, where no content is typed. Raises DataError for one
    that a script may not hold.
    """
    writer = _Text(lab) if form == "text" else _Json(lab)
    scene = Scene(Setting(lab.policy, era=lab.era, client_era=lab.client_era, role=lab.role), lambda setting: lab)
    yield from writer.opening()
    for crossing in lab.bench.log:
        yield from writer.crossing(crossing, None)
    for played in scene.playing(read(lines)):
        assert isinstance(scene.desk, Lab)
        moved = scene.desk is not writer.lab
        writer.lab = scene.desk
        if played.for_the_lab:
            yield from writer.command(played.entry, moved)
        yield from writer.played(played)
    yield from writer.closing()


class _Text:
    """The annotated transcript, which reads back."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._watch = Watch(lab.era)
        self._foretold = 0

    def opening(self) -> Iterator[Said]:
        lab = self.lab
        eras = f"era {lab.era}" + (f", client era {lab.client_era}" if lab.client_era != lab.era else "")
        yield Said(f"=== connected to {lab.policy.domain} ({eras})")

    def crossing(self, crossing: Crossing, entry: Entry | None) -> Iterator[Said]:
        if crossing.lost:
            yield Said(never_arrived(crossing.event))
            return
        for event in self.lab.lines(crossing):
            yield Said(protocol_line(event))
            yield from map(Said, (*notes(event), *remarks(self._watch.hear(event))))

    def command(self, entry: Entry, moved: bool) -> Iterator[Said]:
        """A lab command as it is written, so that it reads back; octets that it sends do so by themselves."""
        yield Said(f"{'# ' if entry.text.startswith('/raw') else ''}{entry.text}")
        if moved:
            self._watch = Watch(self.lab.era)
            self._foretold = 0
            yield from self.opening()

    def played(self, played: Played) -> Iterator[Said]:
        if played.entry.kind == "moment" and played.crossings:
            yield from self.opening()
        if played.entry.kind == "direction":
            yield Said(f"#! {played.entry.text}")
        if played.mismatch:
            yield Said(f"# MISMATCH in line {played.entry.number}: {played.mismatch}", right=False)
        for crossing in played.crossings:
            yield from self.crossing(crossing, played.entry)
        if played.crossings:
            came = [each for each in foretold(self.lab) if each.said != PASSED]
            yield from (Said(f"# {each.words}") for each in came[self._foretold :])
            self._foretold = len(came)

    def closing(self) -> Iterator[Said]:
        bench = self.lab.bench
        yield from (Said(line) for line in unended(bench.client))
        for name, letters in self.lab.mailboxes.letters.items():
            yield Said(f"# mailbox {name}: {len(letters)} letter{'s' * (len(letters) != 1)}")
        if bench.server.position.closed and bench.log[-1].event.kind != "moment":
            yield Said("=== closed")


class _Json:
    """One object for each line of protocol, with the number of the script's line that it stands in."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._watch = Watch(lab.era)
        self._content: list[int] = []

    def opening(self) -> Iterator[Said]:
        return iter(())

    def command(self, entry: Entry, moved: bool) -> Iterator[Said]:
        yield Said(json.dumps({"line": entry.number, "lab": entry.text}, ensure_ascii=False))

    def crossing(self, crossing: Crossing, entry: Entry | None) -> Iterator[Said]:
        if crossing.event.kind == "moment":
            self._watch.hear(crossing.event)
            return
        numbers = self._numbers(crossing, entry)
        client = (crossing.client or crossing.event).after.state
        server = (crossing.server or crossing.event).after.state
        for event in self.lab.lines(crossing):
            shown = (each.misconception.id for each in self._watch.hear(event))
            yield Said(record(event, next(numbers), client, server, shown))

    def _numbers(self, crossing: Crossing, entry: Entry | None) -> Iterator[int | None]:
        if entry is None or crossing.speaker == "server":
            return repeat(None)
        numbers, self._content = self._content, []
        return chain(numbers, repeat(entry.number))

    def played(self, played: Played) -> Iterator[Said]:
        entry = played.entry
        if played.mismatch:
            yield Said(json.dumps({"line": entry.number, "mismatch": played.mismatch}), right=False)
        if entry.kind == "C" and not played.crossings:
            self._content.append(entry.number)
        for crossing in played.crossings:
            yield from self.crossing(crossing, entry)

    def closing(self) -> Iterator[Said]:
        return iter(())


def unended(client: Side) -> Iterator[str]:
    """What the client began to say and did not end, as lines that can be played again."""
    if client.content_so_far:
        yield from (write_line("C", line) for line in lines(client.content_so_far))
    if client.left:
        yield f"# the chunk is not ended: {client.left} octets are still to come"
    elif client.content_so_far:
        yield "# the content is not ended: a lone dot does that"
    if client.pending:
        yield write_line("C", client.pending)
        yield "# that is no line yet: CRLF ends one"
