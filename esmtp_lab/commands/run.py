"""`esmtp-lab run`, and the lab with lines piped in: a script played, its annotated transcript written."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from esmtp_lab.bench import Crossing
from esmtp_lab.export.jsonl import record
from esmtp_lab.export.transcript import annotated
from esmtp_lab.lab import Lab
from esmtp_lab.tutor.play import Played, play
from esmtp_lab.wire.transcript import Entry, read


class Said(NamedTuple):
    """One line of output, and whether what it tells came out as the script says."""

    text: str
    right: bool = True


def play_script(lab: Lab, lines: Iterable[bytes], form: str = "text") -> Iterator[Said]:
    """Play a script on a fresh lab and write what happens, as "text" or as "json"."""
    writer = _Text(lab) if form == "text" else _Json(lab)
    yield from writer.opening()
    for crossing in lab.bench.log:
        yield from writer.crossing(crossing, None)
    for played in play(lab.bench, read(lines)):
        yield from writer.played(played)
    yield from writer.closing()


class _Text:
    """The annotated transcript, which reads back."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def opening(self) -> Iterator[Said]:
        lab = self.lab
        eras = f"era {lab.era}" + (f", client era {lab.client_era}" if lab.client_era != lab.era else "")
        yield Said(f"=== connected to {lab.policy.domain} ({eras})")

    def crossing(self, crossing: Crossing, entry: Entry | None) -> Iterator[Said]:
        yield from map(Said, annotated([crossing], self.lab.lines))

    def played(self, played: Played) -> Iterator[Said]:
        if played.entry.kind == "direction":
            yield Said(f"#! {played.entry.text}")
        if played.mismatch:
            yield Said(f"# MISMATCH in line {played.entry.number}: {played.mismatch}", right=False)
        for crossing in played.crossings:
            yield from self.crossing(crossing, played.entry)

    def closing(self) -> Iterator[Said]:
        bench = self.lab.bench
        if bench.client.content_so_far:
            yield Said(f"# the content is not ended: {len(bench.client.content_so_far)} octets wait for a lone dot")
        for name, letters in self.lab.mailboxes.letters.items():
            yield Said(f"# mailbox {name}: {len(letters)} letter{'s' * (len(letters) != 1)}")
        if bench.server.position.state == "closed" and bench.log[-1].event.kind != "moment":
            yield Said("=== closed")


class _Json:
    """One object for each line of protocol."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def opening(self) -> Iterator[Said]:
        return iter(())

    def crossing(self, crossing: Crossing, entry: Entry | None) -> Iterator[Said]:
        number = entry.number if entry is not None and crossing.speaker == "client" else None
        client = (crossing.client or crossing.event).after.state
        server = (crossing.server or crossing.event).after.state
        for event in self.lab.lines(crossing) if crossing.event.kind != "moment" else ():
            yield Said(record(event, number, client, server))

    def played(self, played: Played) -> Iterator[Said]:
        if played.mismatch:
            yield Said("", right=False)
        for crossing in played.crossings:
            yield from self.crossing(crossing, played.entry)

    def closing(self) -> Iterator[Said]:
        return iter(())
