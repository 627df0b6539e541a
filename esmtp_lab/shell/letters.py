"""What became of the letter that the embedded client delivers when the learner plays the server."""

from collections.abc import Iterator

from esmtp_lab.protocol.client import Delivery
from esmtp_lab.wire.visible import visible


def fates(delivery: Delivery | None) -> Iterator[str]:
    """What became of each recipient, as the client sees it."""
    for outcome in delivery.outcomes if delivery else ():
        fate = "accepted" if outcome.accepted else "to be tried again" if outcome.temporary else "refused"
        yield f"for the client, {visible(outcome.path.render())} is {fate}"
