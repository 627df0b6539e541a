"""Maildir: one folder for each mailbox, one file for each letter, and no letter half written.

A letter is written to tmp, flushed to the disk, moved into new, and the folder flushed as well, all
before the server says 250 (RFC 2821 section 6.1). Lines end in LF, as files of this system do.
"""

import os
import re
import time
from itertools import count
from pathlib import Path

from esmtp_lab.protocol.transaction import Letter

_SAFE = re.compile(r"[^A-Za-z0-9@._+-]")


class Maildir:
    """Mailboxes below one folder; `domain` is the host's own name. A delivery waits for the disk, so it `blocks`."""

    blocks = True

    def __init__(self, folder: Path, domain: str) -> None:
        self.folder = folder
        self.domain = domain
        self._numbers = count(1)

    def deliver(self, names: tuple[str, ...], letter: Letter) -> None:
        """Store a letter in each of the mailboxes. Raises OSError where that fails; then none has it.

        Octets are kept as they are but for the line ends.
        """
        octets = letter.delivered(self.domain).replace(b"\r\n", b"\n")
        written: list[tuple[Path, Path]] = []
        try:
            written.extend(self._write(name, octets) for name in names)
            for waiting, final in written:
                os.rename(waiting, final)
                _flush_folder(final.parent)
        except OSError:
            for waiting, final in written:
                waiting.unlink(missing_ok=True)
                final.unlink(missing_ok=True)
            raise

    def _write(self, name: str, octets: bytes) -> tuple[Path, Path]:
        box = self.folder / self.folder_name(name)
        for part in ("tmp", "new", "cur"):
            (box / part).mkdir(parents=True, exist_ok=True)
        unique = f"{time.time_ns()}.{os.getpid()}_{next(self._numbers)}.{_SAFE.sub('_', self.domain)}"
        waiting = box / "tmp" / unique
        try:
            with open(waiting, "xb") as file:
                file.write(octets)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            waiting.unlink(missing_ok=True)
            raise
        return waiting, box / "new" / unique

    @staticmethod
    def folder_name(name: str) -> str:
        """A folder name for a mailbox: what a file system could trip over is spelt ``%NN``."""
        safe = _SAFE.sub(lambda match: "".join(f"%{octet:02X}" for octet in match[0].encode()), name)
        return f"%2E{safe[1:]}" if safe.startswith(".") else safe or "%"


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
