"""How long the wire takes, and the ladder that shows it."""

import shutil
from typing import TYPE_CHECKING

from esmtp_lab.shell.settings import LONGEST_TRIP

if TYPE_CHECKING:
    from esmtp_lab.shell.session import Session

_FRAME = 4
"""Columns that the bench needs beside a page."""
_INDENT = 5
"""Columns that the stream puts before a page."""


def latency(session: "Session", argument: str) -> None:
    """Show how long a round trip takes, or set it."""
    bench = session.lab.bench
    try:
        seconds = float(argument) if argument else bench.latency
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST_TRIP:
        session.tell(f"the seconds that a round trip takes, from 0 to {LONGEST_TRIP:.0f}: /latency 0.5; not {argument}")
        return
    bench.latency = seconds
    session.tell(f"a round trip takes {seconds:g} seconds on the lab's clock; you need not wait. /ladder draws it")


def draw(session: "Session", argument: str) -> None:
    """The exchange so far as a diagram."""
    from esmtp_lab.export.ladder import ladder

    columns = int(argument) if argument.isdecimal() else shutil.get_terminal_size().columns
    room = max(36, min(columns, 132) - (_FRAME if session.view == "bench" else _INDENT))
    rows = ladder(session.lab.crossings(), room, ascii_only=session.signs.ascii_only)
    session.show("the exchange so far, time going down", rows or ["nothing crossed the wire yet"])
