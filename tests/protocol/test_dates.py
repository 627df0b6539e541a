"""Dates of trace lines: weekday, month and year as the library's own mail package has them."""

from email.utils import formatdate

import pytest

from esmtp_lab.protocol.era import ERAS

SECONDS = [day * 24 * 60 * 60 + day for day in range(0, 366 * 2, 13)]


@pytest.mark.parametrize("seconds", SECONDS)
def test_a_date_is_that_of_the_calendar(seconds: int) -> None:
    """RFC 2822 section 3.3, in universal time; RFC 821 section 4.1.2 has no weekday, and two digits for the year."""
    weekday, day, month, year, clock, _ = formatdate(seconds).split()
    modern = f"{weekday} {int(day)} {month} {year} {clock} +0000"
    assert ERAS["rfc2821"].trace.date_time(seconds) == modern
    assert ERAS["rfc821"].trace.date_time(seconds) == f"{int(day)} {month} {year[2:]} {clock} UT"
