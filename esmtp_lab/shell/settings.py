"""The settings, as data: /set, its page, completion, the short commands and the file are made from this table."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from esmtp_lab.errors import DataError
from esmtp_lab.highlight.themes import THEMES
from esmtp_lab.protocol.era import DEFAULT_ERA, ERAS
from esmtp_lab.protocol.policy import find_policy, policies
from esmtp_lab.shell.signs import ASCII, UNICODE, holds_unicode

if TYPE_CHECKING:
    from esmtp_lab.shell.session import Session

VIEWS = ("bench", "stream")
NARROW = 80
"""Columns below which the lab begins with the stream view."""
LONGEST_TRIP = 3600.0
"""The most seconds that a round trip may take."""
SECONDS = "SECONDS"
"""The form of a number of seconds."""


class Setting(NamedTuple):
    """One setting: its `values`, each with its meaning, the `default`, what it is for, and how it takes effect.

    Where `takes` stands, other values will do as well: `form` shows how they are typed, `takes` says what is wrong with
    one, or nothing, and `tidy` how it is kept. `short` are lab commands of its own. One that is `of_session` belongs to
    the session that is opened: lessons open theirs, and do not ask for it; `hence` says since when it holds. Without
    `apply`, whoever needs the value looks it up in the session's `settings`.
    """

    name: str
    default: str
    meaning: str
    values: Callable[[], dict[str, str]]
    apply: "Callable[[Session, str], None]" = lambda session, value: None
    form: str = ""
    takes: Callable[[str], str] | None = None
    tidy: Callable[[str], str] = str
    short: tuple[str, ...] = ()
    of_session: bool = False
    hence: str = ""

    def wrong(self, value: str) -> str:
        """What is wrong with a value; nothing where it will do."""
        if value in self.values():
            return ""
        if self.takes is None or not value:
            return f"{self.name} is not {value!r}"
        return self.takes(value)


def _switch(on: str, off: str) -> Callable[[], dict[str, str]]:
    return lambda: {"on": on, "off": off}


def fitting_view() -> str:
    """The view that fits the terminal."""
    return "bench" if shutil.get_terminal_size().columns >= NARROW else "stream"


def _view(session: "Session", value: str) -> None:
    session.view = value if value in VIEWS else fitting_view()


def _ascii(session: "Session", value: str) -> None:
    session.signs.become(ASCII if value == "on" or not holds_unicode() else UNICODE)


def _latency(session: "Session", value: str) -> None:
    if session.live is None:
        session.lab.bench.latency = float(value)


def _seconds(value: str) -> str:
    try:
        fits = 0 <= float(value) <= LONGEST_TRIP
    except ValueError:
        fits = False
    return "" if fits else f"latency is not {value!r}: it is a number of seconds, from 0 to {LONGEST_TRIP:.0f}"


def _host(value: str) -> str:
    try:
        find_policy(value)
    except DataError as error:
        return str(error)
    return ""


def _anywhere(value: str) -> str:
    """The name of a host, or of a file in such a way that it is found from any folder."""
    return value if value in policies() else str(Path(value).absolute())


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "view",
        "auto",
        "how the dialogue is shown; F2 changes it for a while",
        lambda: {
            "auto": f"bench from {NARROW} columns, else stream",
            "bench": "client and server side by side, and the wire between them",
            "stream": "one transcript that scrolls by, with the notes below its lines",
        },
        _view,
        short=("view",),
    ),
    Setting(
        "depth",
        "short",
        "how much is said about each line",
        lambda: {
            "off": "nothing",
            "short": "what rule is at work, and where it stands",
            "full": "the rule, its reason, and all that is known",
        },
        short=("notes",),
    ),
    Setting(
        "theme",
        "terminal",
        "the colours; the variable NO_COLOR goes before every theme",
        lambda: {name: theme.meaning for name, theme in THEMES.items()},
        short=("theme",),
    ),
    Setting(
        "ascii",
        "off",
        "what the lab draws with",
        _switch("US-ASCII alone", "lines and signs of Unicode, where the terminal has them"),
        _ascii,
    ),
    Setting(
        "mouse",
        "on",
        "the mouse in the bench view; the stream leaves it to the terminal",
        _switch(
            "a click on a line explains it, the wheel scrolls; hold Shift to mark text",
            "marking text needs no Shift",
        ),
    ),
    Setting(
        "history",
        "on",
        "whether lines are kept for the Up arrow of later sittings; never content, raw octets or a password",
        _switch("kept on this machine; /history shows them", "no more are kept; /history wipe forgets those there are"),
    ),
    Setting(
        "misconceptions",
        "on",
        "whether near misses that many make are pointed out (??)",
        _switch("they are", "they are not"),
        short=("misconceptions",),
    ),
    Setting(
        "stuffing",
        "off",
        "whether the dot that begins a line of content is doubled for you; a lone dot ends the content",
        _switch("the lab doubles it, as a mail client does", "you double it yourself"),
        short=("stuffing",),
    ),
    Setting(
        "era",
        DEFAULT_ERA,
        "the standard that the server follows when the lab is opened; a host made for an era has its own",
        lambda: {era.name: f"{era.title}, {era.year}" for era in ERAS.values()},
        of_session=True,
        hence="when the lab is opened next; /era {} opens such a session now",
    ),
    Setting(
        "host",
        "lab",
        "the host that you meet when the lab is opened",
        lambda: {policy.name: policy.about for policy in policies().values()},
        form="FILE",
        takes=_host,
        tidy=_anywhere,
        of_session=True,
        hence="when the lab is opened next; /host {} opens such a session now",
    ),
    Setting(
        "latency",
        "0",
        "how many seconds a round trip takes on the lab's clock; /latency changes it for this session alone",
        lambda: {"0": "no time at all", "0.05": "to the next country", "0.3": "to the other side of the earth"},
        _latency,
        form=SECONDS,
        takes=_seconds,
        of_session=True,
    ),
)
"""Every setting. To add one, add a row, and look its value up in `Session.settings`."""

_BY_NAME = {each.name: each for each in SETTINGS}


def setting(name: str) -> Setting | None:
    """The setting of that name."""
    return _BY_NAME.get(name.lower())


def setting_names() -> tuple[str, ...]:
    """The names of all settings."""
    return tuple(_BY_NAME)


def defaults() -> dict[str, str]:
    """Every setting as it is where nobody has changed it."""
    return {each.name: each.default for each in SETTINGS}
