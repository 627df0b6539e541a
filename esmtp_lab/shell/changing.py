"""/set: shows the settings, explains them, changes them, and keeps what was changed."""

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

from esmtp_lab.shell.settings import SETTINGS, Setting, setting, setting_names
from esmtp_lab.suggest import Suggestion

if TYPE_CHECKING:
    from esmtp_lab.shell.session import Session

RESET = "reset"
FIRST_ROW = 3
"""The line of the page on which the first setting stands."""
_LISTED = 8
"""The most values that stand in a list."""


def change(session: "Session", argument: str) -> None:
    """/set: the page of settings, one of them explained, changed, or put back."""
    name, _, value = argument.partition(" ")
    value = value.strip()
    if not name:
        show(session)
    elif name == RESET:
        _reset(session, value)
    elif (found := _found(session, name)) is not None:
        if value:
            put(session, {found.name: value})
        else:
            _explain(session, found)


def short(each: Setting) -> Callable[["Session", str], None]:
    """What the lab command of a setting does: it says how the setting stands, or changes it."""

    def run(session: "Session", argument: str) -> None:
        if argument:
            put(session, {each.name: argument})
        else:
            session.tell(f"{each.name} is {session.settings[each.name]}; there are {', '.join(each.values())}")

    return run


def put(session: "Session", wishes: dict[str, str]) -> None:
    """Give settings other values, and keep them; a value that will not do changes nothing."""
    for name, value in wishes.items():
        if wrong := _setting(name).wrong(value):
            session.tell(f"{wrong}{_instead(_setting(name), value)}")
            return
    wishes = {name: _setting(name).tidy(value) for name, value in wishes.items()}
    for name, value in wishes.items():
        known = _setting(name)
        session.settings[name] = value
        known.apply(session, value)
        session.tell(f"{name}: {value}{f', {known.hence.format(value)}' if known.hence else ''}")
    if session.config is not None:
        session.config.change(wishes)


def begin(session: "Session", lesson: bool) -> None:
    """Let all settings take effect; in a lesson, the session is as the lesson has it."""
    for each in SETTINGS:
        if not (lesson and each.of_session):
            each.apply(session, session.settings[each.name])


def _instead(each: Setting, value: str) -> str:
    close = get_close_matches(value, each.values(), n=1)
    closest = f"the closest is {close[0]}; " if close else ""
    others = "" if len(each.values()) > _LISTED else f"; there are {', '.join(each.values())}"
    return f"; {closest}{each.name} stays{others}"


def _found(session: "Session", name: str) -> Setting | None:
    found = setting(name)
    if found is None:
        close = get_close_matches(name.lower(), setting_names(), n=1, cutoff=0.5)
        session.tell(f"there is no setting {name}; {f'the closest is {close[0]}' if close else '/set lists all'}")
    return found


def _setting(name: str) -> Setting:
    found = setting(name)
    assert found is not None
    return found


def _reset(session: "Session", name: str) -> None:
    found = _found(session, name) if name else None
    if found is not None:
        put(session, {found.name: found.default})
    elif not name:
        changed = {each.name: each.default for each in SETTINGS if session.settings[each.name] != each.default}
        put(session, changed)
        session.tell("every setting has its default" if changed else "every setting has its default already")


# Pages -------------------------------------------------------------------------------------------


def rows(session: "Session", front: str = "") -> list[str]:
    """A row for each setting: its name, its value, with a star where that is not the default, and what it means."""
    now = session.settings
    shown = {each.name: now[each.name] + (" *" if now[each.name] != each.default else "") for each in SETTINGS}
    width, room = max(map(len, shown)), max(map(len, shown.values()))
    fronts = {name: f"{front}{name:<{width}}  {value:<{room}}" for name, value in shown.items()}
    return [f"{fronts[each.name]}  {each.meaning} ({choice(each)})" for each in SETTINGS]


def choice(each: Setting) -> str:
    """The values of a setting in a list; of many, the first ones."""
    values = list(each.values())
    listed = values if len(values) <= _LISTED else [*values[:4], "…"]
    return ", ".join([*listed, *([each.form] if each.form else [])])


def show(session: "Session", chosen: int = 0) -> None:
    """The page of settings; on the bench, one of them is chosen."""
    picks = session.view == "bench"
    where = f"kept in {session.config.file}" if session.config is not None else "kept for this sitting"
    keys = "; here up and down choose, Enter and the arrows change" if picks else ""
    page = [
        f"/set NAME VALUE changes one, /set NAME explains it, /set reset brings the defaults back{keys}",
        f"what you change is {where}; * is not the default",
        "",
        *rows(session, "  " if picks else ""),
    ]
    if picks:
        page[FIRST_ROW + chosen] = f"> {page[FIRST_ROW + chosen][2:]}"
    session.show("settings", page, FIRST_ROW + chosen if picks else None)


def _explain(session: "Session", each: Setting) -> None:
    values = each.values()
    now, width = session.settings[each.name], max(map(len, values))
    page = [f"{'>' if value == now else ' '} {value:<{width}}  {says}" for value, says in values.items()]
    if each.form:
        page.append(f"{' ' if now in values else '>'} {each.form}{'' if now in values else f': {now}'}")
    also = "".join(f", or /{name} VALUE" for name in each.short)
    session.show(
        f"{each.name}: {each.meaning}",
        [*page, "", f"it is {now}, and {each.default} by default; /set {each.name} VALUE changes it{also}"],
    )


# Completion --------------------------------------------------------------------------------------


def words(session: "Session", line: str) -> Iterator[Suggestion]:
    """What may stand at the end of a half-typed /set."""
    command, _, typed = line.partition(" ")
    name, space, value = typed.partition(" ")
    start = len(command) + 1
    if not space:
        for each in SETTINGS:
            if each.name.startswith(name):
                now = session.settings[each.name]
                yield Suggestion(f"{each.name} ", start, f"{each.meaning}; it is {now}")
        if RESET.startswith(name):
            yield Suggestion(f"{RESET} ", start, "back to the default: one setting, or all")
    elif name == RESET:
        for each in SETTINGS:
            if each.name.startswith(value):
                yield Suggestion(each.name, start + len(name) + 1, f"back to {each.default}")
    elif (found := setting(name)) is not None:
        yield from _values(found, value, start + len(name) + 1)


def short_words(each: Setting) -> Callable[["Session", str], Iterator[Suggestion]]:
    """What may stand behind the lab command of a setting."""

    def offered(session: "Session", line: str) -> Iterator[Suggestion]:
        command, _, typed = line.partition(" ")
        yield from _values(each, typed, len(command) + 1)

    return offered


def _values(each: Setting, typed: str, start: int) -> Iterator[Suggestion]:
    for value, says in each.values().items():
        if value.startswith(typed):
            yield Suggestion(value, start, f"{says}{' (the default)' if value == each.default else ''}")
