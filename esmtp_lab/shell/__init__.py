"""The guided shell: the only place that knows prompt_toolkit.

session     a learner's sitting: a typed line in, what changed out; it knows no terminal
commands    the table of lab commands, of which help, completion and running are made
foresight   what may come next, and what would be answered
panes       the bench as rows of text; rows, layout, look and signs are what it draws with
bench, stream, plain   the three views; entry is the line in which both coloured ones are typed
"""

import os
import shutil
import sys

from esmtp_lab.lab import Lab
from esmtp_lab.shell.lesson import Goal, Lesson
from esmtp_lab.shell.session import Session
from esmtp_lab.shell.signs import ASCII, UNICODE

__all__ = ["Goal", "Lesson", "shell"]

NARROW = 80
"""Columns below which the lab begins with the stream view."""


def shell(
    lab: Lab,
    *,
    view: str | None = None,
    plain: bool = False,
    ascii: bool = False,  # noqa: A002
    lesson: Lesson | None = None,
) -> int:
    """Let a learner work at the lab until they leave; the exit status.

    `view` is "bench", "stream", or None for what fits the terminal; `plain` appends only, without colours or
    boxes; `ascii` draws with US-ASCII alone.
    """
    chosen = view or ("bench" if shutil.get_terminal_size().columns >= NARROW else "stream")
    session = Session(lab, view=chosen, lesson=lesson)
    signs = ASCII if ascii or not _holds_unicode() else UNICODE
    if plain or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty():
        from esmtp_lab.shell.plain import Plain

        session.view = "stream"
        Plain(session, signs).run()
    else:
        from esmtp_lab.shell.screens import run_screens

        run_screens(session, signs)
    return 0


def _holds_unicode() -> bool:
    return (sys.stdout.encoding or "ascii").lower().replace("-", "").startswith("utf")
