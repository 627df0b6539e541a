"""Trace lines: each era's form, held to the grammar of its document."""

import re

import pytest

from esmtp_lab.lab import Lab
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.trace import OF_1982

NAME = r"[a-z][a-z0-9.-]*"
MONTH = "(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"
STAMP_OF_1982 = re.compile(
    rf"Received: FROM {NAME} BY {NAME} (?:WITH [a-z]+ )?; \d\d? {MONTH} \d\d \d\d:\d\d:\d\d UT\r\n", re.IGNORECASE
)
"""RFC 821 section 4.1.2: <time-stamp-line>."""
STAMP_OF_2001 = re.compile(
    rf"Received: FROM {NAME}(?: \(\[[0-9.]+\]\))? BY {NAME} WITH E?SMTP; "
    rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d? {MONTH} \d{{4}} \d\d:\d\d:\d\d \+0000\r\n",
    re.IGNORECASE,
)
"""RFC 2821 section 4.4 and RFC 2822 section 3.3: Time-stamp-line."""


def stored(era: str) -> bytes:
    """A letter with a source route, as it is stored."""
    lab = Lab(era, client_era=era, clock=lambda: 1_000_000_000.0)
    hello = "HELO" if era == "rfc821" else "EHLO"
    for line in (f"{hello} me.example", "MAIL FROM:<@relay.example:me@me.example>", "RCPT TO:<ada@lab.example>"):
        assert not lab.send(line)[-1].event.negative
    for line in ("DATA", "Subject: hi", "", "hello", "."):
        lab.send(line)
    (octets,) = lab.bench.host.mailboxes.octets("ada")
    return octets


@pytest.mark.parametrize("era", list(ERAS))
def test_a_letter_is_stored_with_the_trace_lines_of_its_era(era: str) -> None:
    path, stamp, rest = stored(era).decode().split("\r\n", 2)
    form = STAMP_OF_1982 if era == "rfc821" else STAMP_OF_2001
    assert form.fullmatch(stamp + "\r\n"), stamp
    kept = era in ("rfc821", "rfc1869")
    assert path == f"Return-Path: <{'@relay.example:' if kept else ''}me@me.example>"
    assert rest == "Subject: hi\r\n\r\nhello\r\n"


def test_the_year_of_1982_has_two_digits() -> None:
    assert OF_1982.date_time(1_167_609_599) == "31 Dec 06 23:59:59 UT"


def test_a_name_with_braces_is_a_name() -> None:
    assert b"from {date} by" in OF_1982.received("{date}", "", "lab.example", "SMTP", 0.0)
