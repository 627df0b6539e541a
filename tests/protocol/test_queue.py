"""The queue of a client: when a letter is tried again, and what it is then."""

from dataclasses import replace

import pytest

from esmtp_lab.protocol.delivery import Delivery, Outcome
from esmtp_lab.protocol.queue import DAY, GIVE_UP_AFTER, HOUR, MINUTE, RETRY_AFTER, Queued, after
from esmtp_lab.wire.path import Path
from esmtp_lab.wire.reply import Reply

ME, ADA, BOB = Path(b"me", b"me.example"), Path(b"ada", b"lab.example"), Path(b"bob", b"lab.example")
LETTER = Delivery(ME, (ADA, BOB), b"Subject: x\r\n\r\nhi\r\n")
BUSY = Outcome(ADA, Reply(450))


def test_when_a_letter_is_tried_again() -> None:
    """RFC 2821 section 4.5.4.1: not before 30 minutes; twice in the first hour, then every two or three hours."""
    assert (MINUTE, HOUR, DAY) == (60, 60 * 60, 24 * 60 * 60)
    assert RETRY_AFTER == (30 * 60, 30 * 60, 2 * 60 * 60, 3 * 60 * 60)
    assert GIVE_UP_AFTER == 5 * 24 * 60 * 60


def test_a_letter_as_it_is_tried_again() -> None:
    """Whoever was served is no recipient any more; of the session before, nothing is left."""
    tried = replace(LETTER, taken=2, decided=(BUSY, Outcome(BOB, Reply(250))), hopes=(BOB,), plain=True, heard=7)
    waits, failed = after(Queued(tried, 1000.0, 1000.0), (BUSY, Outcome(BOB, Reply(250))), 1500.0)
    assert failed == ()
    assert waits == Queued(Delivery(ME, (ADA,), LETTER.content), 1000.0, 1500.0 + 30 * MINUTE, 1)


@pytest.mark.parametrize(
    ("tries", "pause"), [(0, 0.5 * HOUR), (1, 0.5 * HOUR), (2, 2 * HOUR), (3, 3 * HOUR), (4, 3 * HOUR), (99, 3 * HOUR)]
)
def test_letters_wait_longer_with_each_try(tries: int, pause: float) -> None:
    waits, _ = after(Queued(LETTER, 0.0, 0.0, tries), (BUSY,), 100.0)
    assert waits is not None
    assert (waits.due, waits.tries) == (100.0 + pause, tries + 1)


def test_who_was_never_tried_has_no_tries() -> None:
    assert Queued(LETTER, 0.0, 0.0).tries == 0


@pytest.mark.parametrize(("age", "given_up"), [(0.0, False), (GIVE_UP_AFTER - 1, False), (GIVE_UP_AFTER, True)])
@pytest.mark.parametrize("came", [0.0, 1_000_000_000.0])
def test_a_letter_is_given_up_when_it_has_waited_so_long(came: float, age: float, given_up: bool) -> None:
    """RFC 2821 section 4.5.4.1: at least 4 to 5 days, wherever the clock stands."""
    waits, failed = after(Queued(LETTER, came, came), (BUSY,), came + age)
    assert (waits is None, failed) == (given_up, (BUSY,) if given_up else ())
