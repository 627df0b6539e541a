"""The file of settings: commented, for its reader to change; the lab changes a value and leaves all else as it is."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from esmtp_lab.errors import DataError
from esmtp_lab.shell.settings import SECONDS, SETTINGS, Setting, defaults, setting

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

VARIABLE = "ESMTP_LAB_CONFIG"
"""The variable that names another file."""
_HEAD = """\
# The settings of esmtp-lab's guided shell. In the shell, /set shows and changes them; what you write here is kept.
# Options of the command line go before this file.
"""
_MEND = "Mend it, or move it away to begin anew"


def settings_file() -> Path:
    """Where the settings are kept."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    from platformdirs import user_config_path

    return user_config_path("esmtp-lab", appauthor=False) / "settings.toml"


class Config:
    """What the file says: the `values` of all settings, and `complaints` about what in it is of no use."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.values = defaults()
        self.complaints: list[str] = []
        try:
            found = _read(file)
        except DataError as error:
            self.complaints.append(f"{error}. The defaults hold")
            found = {}
        for name, value in found.items():
            self._take(name, value)

    def _take(self, name: str, value: object) -> None:
        known, text = setting(name), _word(value)
        if known is None:
            self.complaints.append(f"{self.file}: there is no setting {name}; /set lists all. It is left as it is")
        elif wrong := known.wrong(text):
            self.complaints.append(f"{self.file}: {wrong}; {name} is {known.default} now, and /set {name} says more")
        else:
            self.values[name] = text

    def change(self, changes: Mapping[str, str]) -> None:
        """Write changed settings; comments, order and all else stay. Raises DataError, and the file is as it was."""
        from esmtp_lab.tutor.progress import write_whole

        _read(self.file)  # a file that cannot be read is not written over
        text = _with(_text(self.file), changes)
        write_whole(Path(os.path.realpath(self.file)), text)
        self.values.update(changes)


def _text(file: Path) -> str:
    return file.read_text("utf-8") if file.exists() else ""


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(file))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(str(file), f"cannot be read: {error}. {_MEND}") from None


def _word(value: object) -> str:
    """A value of the file as it is typed behind /set."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _with(text: str, changes: Mapping[str, str]) -> str:
    """The text of a file with changed values; settings that it lacks are added, with their comments."""
    import tomlkit

    document = tomlkit.parse(text or _HEAD)
    for each in SETTINGS:
        value = changes.get(each.name, each.default)
        if each.name not in document:
            _add(document, each, value)
        elif each.name in changes:
            document[each.name] = _written(each, value)
    return tomlkit.dumps(document)


def _add(document: "TOMLDocument", each: Setting, value: str) -> None:
    import tomlkit

    document.add(tomlkit.nl())
    for line in comment(each):
        document.add(tomlkit.comment(line))
    document.add(each.name, tomlkit.item(_written(each, value)))


def _written(each: Setting, value: str) -> str | float | int:
    """A value as it stands in the file: a number where it is one."""
    if each.form != SECONDS:
        return value
    number = float(value)
    return int(number) if number.is_integer() else number


def comment(each: Setting) -> list[str]:
    """What stands above a setting in the file."""
    values = each.values()
    width = max(map(len, values))
    rows = [f"{each.name}: {each.meaning}", *(f"  {value:<{width}}  {says}".rstrip() for value, says in values.items())]
    return [*rows, f"  or {each.form}"] if each.form else rows
