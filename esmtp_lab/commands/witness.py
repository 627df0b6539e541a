"""Witnesses played on the reference pair, and shown with the rule that they are for."""

from collections.abc import Iterator

from esmtp_lab.commands.run import Said
from esmtp_lab.export.transcript import note, notes, protocol_line
from esmtp_lab.lab import Lab
from esmtp_lab.protocol.event import Event
from esmtp_lab.rules.rule import Rule
from esmtp_lab.tutor.witness import Witness, play_witness, witnesses


def lab_of(witness: Witness) -> Lab:
    """A fresh lab as a witness wants it."""
    era = witness.era
    role = "server" if witness.by_hand else "client"
    return Lab(era, client_era=era, policy=witness.rule.host, role=role)


def heading(witness: Witness) -> str:
    """What a witness shows, and how it is played."""
    verb = "breaks" if witness.breaks else "keeps"
    hand = "; the server is played by hand" if witness.by_hand else ""
    host = f", host {witness.rule.host}" if witness.rule.host != "lab" else ""
    return f"{verb} it, from the state {witness.rule.start} (era {witness.era}{host}{hand})"


def watch(rule: Rule) -> Iterator[Said]:
    """The witnesses of a rule as annotated transcripts, with ``=>`` before the notes that are about this rule."""
    for witness in witnesses(rule):
        lab = lab_of(witness)
        crossings, wrong = play_witness(witness, lab.bench)
        yield Said(f"=== a dialogue that {heading(witness)}")
        for event in (event for crossing in crossings for event in lab.lines(crossing)):
            yield Said(protocol_line(event))
            yield from map(Said, _told(event, rule))
        yield from (Said(f"# MISMATCH: {each}", right=False) for each in wrong)


def _told(event: Event, rule: Rule) -> Iterator[str]:
    own = [each for each in event.citations if each.rule is rule]
    yield from (f"# => {note(event, each)}" for each in own[:1])
    others = tuple(each for each in event.citations if each.rule is not rule)
    if any(each.broken or not each.rule.general for each in others):
        yield from notes(event._replace(citations=others), most=1)
