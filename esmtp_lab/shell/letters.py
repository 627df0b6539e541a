"""Letters on their way: what is typed of one and not ended, and what became of those that went on."""

from collections.abc import Iterable, Iterator

from esmtp_lab.bench.hosts import Run
from esmtp_lab.lab import Lab
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.event import Event
from esmtp_lab.wire.transparency import END_OF_DATA as LONE_DOT
from esmtp_lab.wire.visible import visible


def carried(runs: Iterable[Run]) -> Iterator[str]:
    """What became of letters that went on to other hosts, in a sentence for each session."""
    for run in runs:
        for outcome in run.bench.delivery.outcomes if run.bench.delivery else ():
            answer = f"{outcome.reply.code}" if outcome.reply else "no answer"
            path = visible(outcome.path.render())
            yield f"{run.client} carries the letter for {path} on to {run.server}, which says {answer}"


def fates(delivery: Delivery | None) -> Iterator[str]:
    """What became of each recipient, as the client sees it."""
    for outcome in delivery.outcomes if delivery else ():
        fate = "accepted" if outcome.accepted else "to be tried again" if outcome.temporary else "refused"
        yield f"for the client, {visible(outcome.path.render())} is {fate}"


def unended(lab: Lab) -> Event:
    """An event to make content lines from while the content event itself is still to come."""
    client = lab.bench.client
    here = client.position
    return lab.bench.log[-1].event._replace(
        speaker="client",
        kind="content",
        octets=b"" if client.left else LONE_DOT,
        before=here,
        after=here,
        line="",
        offered=tuple(client.offered),
        declared=client.envelope.declared,
    )
