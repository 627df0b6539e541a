"""Maildir: one folder for each mailbox, one file for each letter, and no letter half written.

A letter is written to tmp as it comes. Once it is whole it is flushed to the disk, moved into new, and the folder
flushed as well, all before the server says 250 (RFC 2821 section 6.1). Lines end in LF, as files of this system do.
"""

import os
import re
import time
from itertools import count
from pathlib import Path
from typing import BinaryIO

from esmtp_lab.protocol.transaction import Letter

_SAFE = re.compile(r"[^A-Za-z0-9@._+-]")


class Maildir:
    """Mailboxes below one folder; `domain` is the host's own name. Committing waits for the disk, so it `blocks`."""

    blocks = True

    def __init__(self, folder: Path, domain: str) -> None:
        self.folder = folder
        self.domain = domain
        self._numbers = count(1)

    def draft(self, letter: Letter) -> "MaildirDraft":
        """Begin a letter whose content is still to come."""
        unique = f"{time.time_ns()}.{os.getpid()}_{next(self._numbers)}.{_SAFE.sub('_', self.domain)}"
        boxes = tuple(self.folder / self.folder_name(name) for name in letter.mailboxes)
        return MaildirDraft(boxes, unique, letter.trace(self.domain))

    @staticmethod
    def folder_name(name: str) -> str:
        """A folder name for a mailbox: what a file system could trip over is spelt ``%NN``."""
        safe = _SAFE.sub(lambda match: "".join(f"%{octet:02X}" for octet in match[0].encode()), name)
        return f"%2E{safe[1:]}" if safe.startswith(".") else safe or "%"


class MaildirDraft:
    """A letter on its way: one file in tmp of its first mailbox, which the others will share.

    Octets are kept as they are but for the line ends.
    """

    content = b""

    def __init__(self, boxes: tuple[Path, ...], unique: str, trace: bytes) -> None:
        self._boxes = boxes
        self._unique = unique
        self._waiting = boxes[0] / "tmp" / unique
        self._file: BinaryIO | None = None
        self._failure: OSError | None = None
        self._begin(trace)

    def _begin(self, trace: bytes) -> None:
        try:
            for box in self._boxes:
                for part in ("tmp", "new", "cur"):
                    (box / part).mkdir(parents=True, exist_ok=True)
            self._file = open(self._waiting, "xb", buffering=0)  # noqa: SIM115 - it stays open until the letter is whole
        except OSError as error:
            self._fail(error)
        self.write(trace)

    def write(self, block: bytes) -> "MaildirDraft":
        """Write a block. No block ends between CR and LF, so that line ends can be changed in each by itself."""
        if self._file is not None:
            try:
                _write_all(self._file, block.replace(b"\r\n", b"\n"))
            except OSError as error:
                self._fail(error)
        return self

    def commit(self, letter: Letter) -> None:
        """Flush the file, move it into place, flush the folders. Raises OSError, and then no mailbox has the letter."""
        try:
            self._flush()
            self._place()
        except OSError:
            self._withdraw()
            raise

    def _flush(self) -> None:
        if self._failure is not None or self._file is None:
            raise self._failure or OSError("the draft was thrown away")
        os.fsync(self._file.fileno())
        self._close()

    def _place(self) -> None:
        """The letter appears in new of every mailbox, in the first one last: there it is moved and not linked."""
        first, *others = (box / "new" / self._unique for box in self._boxes)
        for final in others:
            os.link(self._waiting, final)
        os.rename(self._waiting, first)
        for box in self._boxes:
            _flush_folder(box / "new")

    def abort(self) -> None:
        """Throw away what was written."""
        self._close()
        self._waiting.unlink(missing_ok=True)

    def _withdraw(self) -> None:
        self.abort()
        for box in self._boxes:
            (box / "new" / self._unique).unlink(missing_ok=True)

    def _fail(self, error: OSError) -> None:
        self._failure = error
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            file.close()


def _write_all(file: BinaryIO, octets: bytes) -> None:
    """Write to an unbuffered file, which may take only some octets at a time."""
    while octets:
        octets = octets[file.write(octets) :]


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
