"""The two views on a screen, one after the other, over one session and one history."""

from collections.abc import Callable
from typing import Protocol

from prompt_toolkit.history import History

from esmtp_lab.shell.bench import Bench
from esmtp_lab.shell.live import BRIEFLY
from esmtp_lab.shell.memory import Memory
from esmtp_lab.shell.session import Session
from esmtp_lab.shell.signs import Signs
from esmtp_lab.shell.stream import Stream


class View(Protocol):
    """What takes the terminal until the learner leaves or wants another view."""

    def run(self) -> None: ...


VIEWS: dict[str, Callable[[Session, Signs, History], View]] = {"bench": Bench, "stream": Stream}


def run_screens(session: Session, signs: Signs) -> None:
    """Show the view that the learner wants until they leave; each is made when it is first wanted."""
    history = Memory(session.past)
    session.patience = BRIEFLY
    views: dict[str, View] = {}
    while not session.finished:
        name = session.view
        if name not in views:
            views[name] = VIEWS[name](session, signs, history)
        views[name].run()
