"""Trace lines: what a server writes in front of a letter, in the form of its era.

RFC 821 section 4.1.2 has two digits for the year, no weekday and UT; RFC 1123 section 5.2.14 wants four, and section
5.2.8 the client's address beside its name; RFC 2821 section 4.4 takes its date-time from RFC 2822 section 3.3. A return
path line keeps the source route in RFC 821 section 4.1.1 (DATA); RFC 2821 appendix C would have routes gone.
"""

import time
from typing import NamedTuple

from esmtp_lab.wire.path import Path

_DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


class TraceForm(NamedTuple):
    """How a time stamp line and its date are written, with {names} for what is to be filled in, and whether the return
    path line keeps the source route."""

    stamp: str
    date: str
    keeps_route: bool

    def received(
        self,
        client: str,
        address: str,
        domain: str,
        protocol: str,
        seconds: float,
        clauses: str = "",
        encoding: str = "ascii",
    ) -> bytes:
        """The time stamp line of the host `domain`, CRLF included, for a letter at `seconds` since 1970.

        Additional `clauses` stand last before the date, as in RFC 5321 section 4.4, each with a space before it.
        It has no clause for, which could tell one recipient of another (RFC 2821 section 7.2, RFC 5321 section 4.4),
        and no id, whose production in RFC 2821 section 4.4 lacks its grouping.
        """
        source = f"{client} ([{address}])" if address else client
        date = self.date_time(seconds)
        how = f"{protocol}{clauses}"
        stamp = self.stamp.format(client=client, source=source, domain=domain, protocol=how, date=date)
        return f"Received: {stamp}\r\n".encode(encoding, "replace")

    def date_time(self, seconds: float) -> str:
        """The date and time in universal time, for seconds since 1970.

        RFC 5321 section 4.4 would rather see local time where that is feasible; here no place is known.
        """
        moment = time.gmtime(max(0.0, seconds))
        return self.date.format(
            weekday=_DAYS[moment.tm_wday],
            day=moment.tm_mday,
            month=_MONTHS[moment.tm_mon - 1],
            year=moment.tm_year,
            yy=moment.tm_year % 100,
            time=time.strftime("%H:%M:%S", moment),
        )

    def return_path(self, reverse_path: Path) -> bytes:
        """The return path line, CRLF included.

        The null reverse-path is written <>, which the `Return-path-line` of RFC 2821 section 4.4 cannot derive and that
        of RFC 5321 section 4.4 can.
        """
        path = reverse_path if self.keeps_route else reverse_path._replace(route=())
        return b"Return-Path: " + path.render() + b"\r\n"


OF_1982 = TraceForm(
    stamp="from {client} by {domain} with {protocol} ; {date}",
    date="{day} {month} {yy:02} {time} UT",
    keeps_route=True,
)
OF_1989 = TraceForm(
    stamp="from {source} by {domain} with {protocol}; {date}",
    date="{weekday}, {day} {month} {year} {time} +0000",
    keeps_route=True,
)
OF_2001 = OF_1989._replace(keeps_route=False)
