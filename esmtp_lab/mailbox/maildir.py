"""Maildir: one folder for each mailbox, one file for each letter, and no letter half written.

A letter is written to tmp as it comes. Once it is whole it is flushed to the disk, moved into new, and the folder
flushed as well, all before the server says 250 (RFC 2821 section 6.1). Lines end in LF, as files of this system do; a
letter that came as BODY=BINARYMIME need not have lines, and is stored octet for octet (RFC 3030 section 3).
"""

import hashlib
import os
import re
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

from esmtp_lab.protocol.transaction import Letter

_PARTS = ("tmp", "new", "cur")
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_SAFE = re.compile(r"[^A-Za-z0-9@._+-]")
_LONGEST, _KEPT = 250, 180
"""Characters of a folder name; file systems take 255 octets, and an octet of UTF-8 is spelt with three characters."""


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
        return MaildirDraft(boxes, unique, letter.trace(self.domain), binary=letter.envelope.binary)

    @staticmethod
    def folder_name(name: str) -> str:
        """A folder name for a mailbox: what a file system could trip over is spelt ``%NN``. What it could find too long
        is cut, with a mark and a digest of the whole."""
        safe = _SAFE.sub(lambda match: "".join(f"%{octet:02X}" for octet in match[0].encode()), name)
        if len(safe) > _LONGEST:
            safe = f"{safe[:_KEPT]}~{hashlib.sha256(name.encode()).hexdigest()}"
        return f"%2E{safe[1:]}" if safe.startswith(".") else safe or "%"


class MaildirDraft:
    """A letter on its way: one file in tmp of its first mailbox, which the others will share.

    Octets are kept as they are but for the line ends, and where the letter is `binary` those as well.
    """

    content = b""

    def __init__(self, boxes: tuple[Path, ...], unique: str, trace: bytes, *, binary: bool = False) -> None:
        self._boxes = boxes
        self._binary = binary
        self._carry = b""
        self._unique = unique
        self._waiting = boxes[0] / "tmp" / unique
        self._file: int | None = None
        self._failure: OSError | None = None
        try:
            for box in boxes:
                _make(box)
            self._file = os.open(self._waiting, _NEW_FILE, 0o600)
        except OSError as error:
            self._failure = error
        self.write(trace)

    def write(self, block: bytes) -> "MaildirDraft":
        """Write a block. A CR at its end waits for what comes: a chunk may end between CR and LF."""
        if self._binary:
            self._put(block)
            return self
        octets = self._carry + block
        self._carry = b"\r" if octets.endswith(b"\r") else b""
        self._put((octets[:-1] if self._carry else octets).replace(b"\r\n", b"\n"))
        return self

    def _put(self, octets: bytes) -> None:
        if self._file is not None:
            try:
                _write_all(self._file, octets)
            except OSError as error:
                self._failure = error
                self.abort()

    def commit(self, letter: Letter) -> None:
        """Flush the file, move it into place, flush the folders. Raises OSError, and then no mailbox has the letter."""
        try:
            self._flush()
            self._place()
        except OSError:
            self._withdraw()
            raise

    def _flush(self) -> None:
        self._put(self._carry)
        if self._file is None:
            raise self._failure or OSError("the draft was thrown away")
        os.fsync(self._file)
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
        """Throw away what was written; what cannot be removed stays in tmp, where nobody looks for letters."""
        with suppress(OSError):
            self._close()
        with suppress(OSError):
            os.unlink(self._waiting)

    def _withdraw(self) -> None:
        self.abort()
        for box in self._boxes:
            with suppress(OSError):
                os.unlink(box / "new" / self._unique)

    def _close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)


def _make(box: Path) -> None:
    """The folders of a mailbox, safely on the disk: a letter is no safer than the folder that it is in."""
    if all((box / part).is_dir() for part in _PARTS):
        return
    for part in _PARTS:
        (box / part).mkdir(parents=True, exist_ok=True)
    _flush_folder(box)
    _flush_folder(box.parent)


def _write_all(file: int, octets: bytes) -> None:
    """Write all octets to a file, which may take only some at a time."""
    while octets:
        octets = octets[os.write(file, octets) :]


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
