"""What became of the letter that the embedded client delivers when the learner plays the server."""

from collections.abc import Iterable, Iterator

from esmtp_lab.bench.hosts import Run
from esmtp_lab.protocol.delivery import Delivery
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
