"""The page of settings on the bench, walked by keys: up and down choose one, the others change it."""

from collections.abc import Callable

from prompt_toolkit.application import get_app
from prompt_toolkit.filters import Condition, is_searching
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from esmtp_lab.shell.changing import FIRST_ROW, show
from esmtp_lab.shell.session import Session
from esmtp_lab.shell.settings import SETTINGS

_WALKS = {"up": -1, "down": 1}
_TURNS = {"enter": 1, " ": 1, "right": 1, "left": -1}


def pick_keys(session: Session, drawn_anew: Callable[[], None]) -> KeyBindings:
    """The keys of the page, which are others while something is typed; what a setting changes is `drawn_anew`."""
    keys = KeyBindings()

    @Condition
    def open_and_idle() -> bool:
        page = session.page
        return page is not None and page.row is not None and not get_app().current_buffer.text

    def does(act: Callable[[Session, int], None], step: int) -> Callable[[KeyPressEvent], None]:
        def press(event: KeyPressEvent) -> None:
            act(session, step)
            drawn_anew()

        return press

    for table, act in ((_WALKS, _walk), (_TURNS, _turn)):
        for key, step in table.items():
            keys.add(key, filter=open_and_idle & ~is_searching)(does(act, step))
    return keys


def _chosen(session: Session) -> int:
    assert session.page is not None and session.page.row is not None
    return session.page.row - FIRST_ROW


def _walk(session: Session, step: int) -> None:
    show(session, (_chosen(session) + step) % len(SETTINGS))


def _turn(session: Session, step: int) -> None:
    """Give the chosen setting its next value, or the one before."""
    at = _chosen(session)
    each = SETTINGS[at]
    values = list(each.values())
    now = session.settings[each.name]
    beside = (values.index(now) + step) % len(values) if now in values else 0
    session.command(f"/set {each.name} {values[beside]}")
    show(session, at)
