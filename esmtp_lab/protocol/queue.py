"""The queue of a client: letters that wait, when each is tried again, and the notice of those given up.

RFC 821 section 3.6, RFC 1123 section 5.3.1, RFC 2821 sections 4.5.4.1 and 6.1. Time is an argument.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from esmtp_lab.protocol.client import Delivery, Outcome
from esmtp_lab.wire.international import embedded
from esmtp_lab.wire.path import Path

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
RETRY_AFTER = (30 * MINUTE, 30 * MINUTE, 2 * HOUR, 3 * HOUR)
"""Seconds to wait after each failed try; the last is repeated. RFC 2821 section 4.5.4.1: at least 30 minutes."""
_BROKEN = str.maketrans("\0\r\n\ufffd", "????")
GIVE_UP_AFTER = 5 * DAY
"""Seconds after which a letter is given up. RFC 2821 section 4.5.4.1: at least 4 to 5 days."""


class Queued(NamedTuple):
    """One letter that waits: when it came, when it is due (both in seconds), and how often it was tried."""

    delivery: Delivery
    came: float
    due: float
    tries: int = 0


def after(queued: Queued, outcomes: tuple[Outcome, ...], now: float) -> tuple[Queued | None, tuple[Outcome, ...]]:
    """What still waits after a try, and the recipients that are given up."""
    late = now - queued.came >= GIVE_UP_AFTER
    failed = tuple(each for each in outcomes if not each.accepted and (late or not each.temporary))
    left = tuple(each.path for each in outcomes if not each.accepted and each not in failed)
    if not left:
        return None, failed
    pause = RETRY_AFTER[min(queued.tries, len(RETRY_AFTER) - 1)]
    return Queued(queued.delivery.anew(left), queued.came, now + pause, queued.tries + 1), failed


def parted(queued: Queued, wanted: Callable[[Path], object]) -> tuple[Queued | None, Queued | None]:
    """A letter that waits in two: for the recipients that are `wanted`, and for the others; None where there are none
    of them."""
    paths: tuple[list[Path], list[Path]] = [], []
    for path in queued.delivery.forward_paths:
        paths[not wanted(path)].append(path)
    one, other = (
        queued._replace(delivery=replace(queued.delivery, forward_paths=tuple(each))) if each else None
        for each in paths
    )
    return one, other


def notice(domain: str, delivery: Delivery, failed: tuple[Outcome, ...]) -> Delivery | None:
    """The notice of what could not be delivered, from the null reverse-path to the letter's own.

    None where the letter came from the null reverse-path itself: there is no notice about a notice
    (RFC 821 section 3.6, RFC 2821 section 6.1).
    """
    if delivery.reverse_path.null or not failed:
        return None
    lines = [f"From: Mail Delivery <postmaster@{domain}>", f"To: {_text(delivery.reverse_path.render())}"]
    lines += ["Subject: Your letter could not be delivered", "", f"This is {domain}. Your letter did not reach:", ""]
    for outcome in failed:
        why = (
            f"{outcome.reply.code} {embedded(_text(outcome.reply.lines[-1]))}"
            if outcome.reply
            else outcome.remark or "no answer"
        )
        lines.append(f"  {_shown(outcome.path)}: {why}")
    header = delivery.content.partition(b"\r\n\r\n")[0].split(b"\r\n")
    lines += ["", "It began:", "", *(f"  {embedded(_text(line))}" for line in header[:20])]
    content = "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n"
    paths = (delivery.reverse_path._replace(route=()),)
    # RFC 8689 section 5: a notice is protected as the letter was. RFC 6710 section 4.6: and has its priority
    return Delivery(Path(), paths, content, domain, tls=delivery.tls, parameters=delivery.parameters)


def _shown(path: Path) -> str:
    return embedded(_text(path.render()))


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "replace").translate(_BROKEN)
