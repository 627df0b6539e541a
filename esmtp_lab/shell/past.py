"""What was typed: in this sitting, and in earlier ones, whose lines a file keeps."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from esmtp_lab.errors import DataError

if TYPE_CHECKING:
    from esmtp_lab.shell.session import Session

VARIABLE = "ESMTP_LAB_HISTORY"
"""The variable that names another file."""
MOST = 1000
"""The most lines that are kept."""
WIPE = "wipe"


def history_file() -> Path:
    """Where earlier lines are kept."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    from platformdirs import user_data_path

    return user_data_path("esmtp-lab", appauthor=False) / "history"


class Past:
    """All `lines` that the Up arrow brings, the oldest first; without a `file` there are none of earlier sittings."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self.lines = self.kept()

    def kept(self) -> list[str]:
        """The lines in the file, the oldest first."""
        if self.file is not None:
            with suppress(OSError):
                text = self.file.read_bytes().decode("utf-8", "surrogateescape")
                return [line for line in text.split("\n") if line][-MOST:]
        return []

    def keep(self, line: str) -> None:
        """Add a line to the file, unless it stands there last already. Raises DataError."""
        kept = self.kept()
        if self.file is None or kept[-1:] == [line]:
            return
        octets = f"{line}\n".encode("utf-8", "surrogateescape")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self._cut(kept)
            with open(os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as file:
                file.write(octets)
        except OSError as error:
            raise DataError(str(self.file), f"keeps no lines: {error}") from None

    def _cut(self, kept: list[str]) -> None:
        """Leave the newest lines of a file that has grown to twice as many as are kept."""
        if len(kept) < MOST or self.file is None or self.file.read_bytes().count(b"\n") < 2 * MOST:
            return
        beside = self.file.with_name(f".{self.file.name}")
        beside.touch(0o600)
        beside.write_bytes("".join(f"{line}\n" for line in kept).encode("utf-8", "surrogateescape"))
        os.replace(beside, self.file)

    def wipe(self) -> None:
        """Forget every line. Raises DataError."""
        self.lines.clear()
        try:
            if self.file is not None:
                self.file.unlink(missing_ok=True)
        except OSError as error:
            raise DataError(str(self.file), f"cannot be removed: {error}") from None


def history(session: "Session", argument: str) -> None:
    """/history: the lines that are kept, those with a text in them, or none from now on."""
    past = session.past
    if argument == WIPE:
        past.wipe()
        session.tell("the lines that you typed are forgotten, those of earlier sittings as well")
        return
    found = [line for line in past.kept() if argument.lower() in line.lower()]
    stands = "kept" if session.settings["history"] == "on" else "no longer kept (/set history on)"
    where = f"lines are {stands} in {past.file}" if past.file is not None else "lines are kept for this sitting alone"
    session.show(f"earlier lines{f' with {argument}' if argument else ''}", [*(found or ["none"]), "", where])
