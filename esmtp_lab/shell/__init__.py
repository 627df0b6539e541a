"""The guided shell: the only place that knows prompt_toolkit.

session     one sitting: a typed line in, what changed out; record is what was shown, facts what each side holds
commands    the table of lab commands, of which help, completion and running are made; pages and save run them
settings    the table of settings; changing is /set, config the file that keeps them, opening what they say at the start
keys        the keys as data, for the bindings, the footer and /help
predict     the game of saying what comes next; learning: lessons and progress; load: files that are played
tables      the tables of a page, laid out for a width
foresight   what may come next, and what would be answered; notes, hearing, repair and codes say why and what instead
live        what calling a server of others and listening for a client share; overhear looks while a key is awaited
panes       the bench as rows of text, below its hint; rows, layout, look and signs are what the views draw with
bench, stream, plain   the three views; entry is the line in which the learner types in the first two
past        the typed lines of this sitting and of earlier ones; memory says which are kept
"""

import gc
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from esmtp_lab.lab import Lab
from esmtp_lab.shell.changing import begin
from esmtp_lab.shell.config import Config
from esmtp_lab.shell.past import Past, history_file
from esmtp_lab.shell.session import Session
from esmtp_lab.shell.settings import fitting_view

if TYPE_CHECKING:
    from esmtp_lab.tutor.attempt import Attempt

__all__ = ["shell"]


def shell(
    lab: Lab,
    *,
    view: str | None = None,
    plain: bool = False,
    ascii: bool = False,  # noqa: A002
    attempt: "Attempt | None" = None,
    keep: "Callable[[Attempt], object] | None" = None,
    allow_remote: bool = False,
    config: Config | None = None,
) -> int:
    """Let a learner work at the lab until they leave; the exit status.

    `view` is "bench", "stream", or None for what fits the terminal; `plain` appends only, without colours or
    boxes; `ascii` draws with US-ASCII alone. With an `attempt` the lab stands in a lesson, and
    `keep` is told of its progress. Without `allow_remote` nothing is called but this machine. Settings are those of
    `config`, which keeps what is changed, and typed lines are kept; without it nothing is read or written.
    """
    session = Session(lab, view=view or fitting_view(), attempt=attempt)
    session.keep = keep or session.keep
    session.allow_remote = allow_remote
    if config is not None:
        session.config = config
        session.settings |= config.values
        session.past = Past(history_file())
    session.settings |= {"ascii": "on"} if ascii else {}
    begin(session, lesson=attempt is not None)
    session.view = view or session.view
    for complaint in config.complaints if config is not None else ():
        session.tell(complaint)
    if plain or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty():
        from esmtp_lab.shell.plain import Plain

        session.view = "stream"
        gc.enable()
        Plain(session, session.signs).run()
    else:
        from esmtp_lab.shell.screens import run_screens

        gc.freeze()  # whoever started this may have held the collector back: see esmtp_lab.cli
        gc.enable()
        run_screens(session, session.signs)
    return 0
