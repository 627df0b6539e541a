"""The guided shell: the only place that knows prompt_toolkit.

session     one sitting: a typed line in, what changed out; record is what was shown, facts what each side holds
commands    the table of lab commands, of which help, completion and running are made; pages and save run them
keys        the keys as data, for the bindings, the footer and /help
foresight   what may come next, and what would be answered; notes, hearing, repair and codes say why and what instead
live        what calling a server of others and listening for a client share; overhear looks while a key is awaited
panes       the bench as rows of text; rows, layout, look and signs are what the views draw with
bench, stream, plain   the three views; entry is the line in which the learner types in the first two
"""

import gc
import os
import shutil
import sys
from collections.abc import Callable

from esmtp_lab.lab import Lab
from esmtp_lab.shell.session import Session
from esmtp_lab.shell.signs import ASCII, UNICODE
from esmtp_lab.tutor.attempt import Attempt

__all__ = ["shell"]

NARROW = 80
"""Columns below which the lab begins with the stream view."""


def shell(
    lab: Lab,
    *,
    view: str | None = None,
    plain: bool = False,
    ascii: bool = False,  # noqa: A002
    attempt: Attempt | None = None,
    keep: Callable[[Attempt], object] | None = None,
    allow_remote: bool = False,
) -> int:
    """Let a learner work at the lab until they leave; the exit status.

    `view` is "bench", "stream", or None for what fits the terminal; `plain` appends only, without colours or
    boxes; `ascii` draws with US-ASCII alone. With an `attempt` the lab stands in a lesson, and
    `keep` is told of its progress. Without `allow_remote` nothing is called but this machine.
    """
    chosen = view or ("bench" if shutil.get_terminal_size().columns >= NARROW else "stream")
    session = Session(lab, view=chosen, attempt=attempt)
    session.keep = keep or session.keep
    session.allow_remote = allow_remote
    signs = ASCII if ascii or not _holds_unicode() else UNICODE
    session.ascii_only = signs.ascii_only
    if plain or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty():
        from esmtp_lab.shell.plain import Plain

        session.view = "stream"
        gc.enable()
        Plain(session, signs).run()
    else:
        from esmtp_lab.shell.screens import run_screens

        gc.freeze()  # whoever started this may have held the collector back: see esmtp_lab.cli
        gc.enable()
        run_screens(session, signs)
    return 0


def _holds_unicode() -> bool:
    return (sys.stdout.encoding or "ascii").lower().replace("-", "").startswith("utf")
