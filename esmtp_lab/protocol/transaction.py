"""Mail transactions: an envelope, the content, and the letter that they make.

RFC 821 section 3.1, RFC 2821 sections 2.3.1 and 3.3.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

from esmtp_lab.protocol.trace import OF_2001, TraceForm
from esmtp_lab.wire.content import Stamps
from esmtp_lab.wire.framing import Deviation, deviations
from esmtp_lab.wire.international import u_labels
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.path import Path

MOST_DEVIATIONS = 100
_NO_STAMPS = Stamps()


class Envelope(NamedTuple):
    """The buffers of RFC 821 section 4.1.1: one reverse-path, and the forward-paths that were accepted.

    `verb` is the command that opened the transaction: MAIL, or one of its kin; `parameters` are its own, and `opened`
    the time at which it was answered, in seconds since 1970. `rcpt_parameters` are those of RCPT, for each forward-path
    that has any; where one is named twice, the last word holds. `priority` is what a server
    that has MT-PRIORITY determined, whether or not MAIL named one (RFC 6710 section 4.1); None where nobody did.
    """

    reverse_path: Path | None = None
    forward_paths: tuple[Path, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    verb: str = ""
    rcpt_parameters: Mapping[Path, tuple[Parameter, ...]] = {}
    opened: float = 0.0
    priority: int | None = None

    @property
    def declared(self) -> tuple[str, ...]:
        """The keywords of the parameters of the command that opened it."""
        return tuple(each.keyword for each in self.parameters)

    @property
    def binary(self) -> bool:
        """Whether the content need not be made of lines (RFC 3030 section 3)."""
        for each in self.parameters:
            if each.keyword == "BODY" and each.value is not None:
                return each.value.upper() == BINARY
        return False

    @property
    def international(self) -> bool:
        """Whether addresses and header fields may hold UTF-8 (RFC 6531 section 3.1)."""
        return SMTPUTF8 in [each.keyword for each in self.parameters]


SMTPUTF8 = "SMTPUTF8"
"""The parameter of MAIL by which a letter is international."""
BINARY = b"BINARYMIME"
"""The value of BODY for content that need not be made of lines."""
EMPTY = Envelope()


@dataclass(frozen=True, slots=True)
class Notes:
    """What is noted of content for whoever looks on.

    `pieces` are the first octets as they travelled, `kept` of them, at most as many as the side keeps, and `deviations`
    at most MOST_DEVIATIONS places, counted without stuffed dots.
    """

    pieces: tuple[bytes, ...] = ()
    kept: int = 0
    deviations: tuple[Deviation, ...] = ()
    _digest: Any = field(default_factory=hashlib.sha256, compare=False, repr=False)

    def plus(self, arrived: bytes, block: bytes, at: int, most: int | None) -> "Notes":
        """The notes with what stands in the next block, which begins `at` an octet of the content, and with what
        `arrived` so that `most` octets are kept."""
        digest = self._digest.copy()
        digest.update(block)
        piece = arrived if most is None else arrived[: max(0, most - self.kept)]
        pieces = (*self.pieces, piece) if piece else self.pieces
        return Notes(pieces, self.kept + len(piece), self._deviations(block, at), digest)

    def _deviations(self, block: bytes, at: int) -> tuple[Deviation, ...]:
        """Those of the block behind those so far; a run that goes on over the cut is one deviation."""
        before = self.deviations
        found = [each._replace(at=each.at + at) for each in deviations(block, MOST_DEVIATIONS + 1)]
        if before and found and found[0].kind == before[-1].kind and _goes_on(before[-1], found[0]):
            found[0] = before[-1]._replace(octets=before[-1].octets + found[0].octets)
            before = before[:-1]
        return (*before, *found)[:MOST_DEVIATIONS]

    def whole(self, wire: bytes) -> "Notes":
        """The notes with one piece that is all the octets that were kept."""
        return Notes((wire,), len(wire), self.deviations, self._digest)

    @property
    def digest(self) -> str:
        """SHA-256 of the content as it is stored, in hexadecimal digits."""
        digits: str = self._digest.hexdigest()
        return digits


_NO_NOTES = Notes()


class Content(NamedTuple):
    """What is known of content or of a chunk, as far as it has come; the octets themselves go into a `Draft`.

    `length` counts its octets without the `dots` that were stuffed, `eight_bit` says whether one is above 127, and
    `stamps` counts the hosts that it has passed. `notes` are empty where nobody looks on.
    """

    length: int = 0
    dots: int = 0
    eight_bit: bool = False
    stamps: Stamps = _NO_STAMPS
    notes: Notes = _NO_NOTES

    def plus(self, block: bytes, dots: int) -> "Content":
        """The content with one unstuffed block more, and with so many dots in all."""
        eight_bit = self.eight_bit or not block.isascii()
        return Content(self.length + len(block), dots, eight_bit, self.stamps.plus(block), self.notes)

    def noted(self, arrived: bytes, block: bytes, most: int | None) -> "Content":
        """The content with what there is to note of the next block, see `Notes.plus`; `plus` comes behind."""
        return self._replace(notes=self.notes.plus(arrived, block, self.length, most))

    def whole(self) -> "Content":
        """The content when its end has come: however it was cut, what was kept is one piece."""
        return self._replace(notes=self.notes.whole(self.wire))

    @property
    def wire(self) -> bytes:
        """The octets that were kept, dots still stuffed, without the lone dot at the end."""
        return b"".join(self.notes.pieces)[: self.length + self.dots]

    @property
    def dropped(self) -> int:
        """Octets that travelled and were not kept."""
        return self.length + self.dots - len(self.wire)

    @property
    def deviations(self) -> tuple[Deviation, ...]:
        """Octets that no content may hold, as far as they were noted."""
        return self.notes.deviations

    @property
    def digest(self) -> str:
        """See `Notes.digest`."""
        return self.notes.digest


NOTHING = Content()
"""No content has come yet."""
NO_CHUNK = Content(stamps=Stamps(tail=b""))
"""Nothing of a chunk has come yet. It is the letter that has a header section, not each chunk."""


def _goes_on(before: Deviation, after: Deviation) -> bool:
    return before.at + before.octets == after.at and before.kind in ("nul", "eight-bit")


class Draft(Protocol):
    """A letter while its content comes in, block by block. It exists for nobody until it is committed.

    A draft that can fail notes that it did, and says so when it is committed.
    """

    @property
    def content(self) -> bytes:
        """The content, where it is kept in memory; else nothing."""

    def write(self, block: bytes) -> "Draft":
        """Take one unstuffed block more; the draft to go on with."""

    def commit(self, letter: "Letter") -> None:
        """Put the letter into each of its mailboxes, safely. Raises OSError, and then none of them has it."""

    def abort(self) -> None:
        """Throw away what has come."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft in memory. It is a value, so that a moment in the midst of content can be come back to."""

    blocks: tuple[bytes, ...] = ()

    @property
    def content(self) -> bytes:
        """All that has come."""
        return b"".join(self.blocks)

    def write(self, block: bytes) -> "Kept":
        """The draft with one block more."""
        return replace(self, blocks=(*self.blocks, block))

    def commit(self, letter: "Letter") -> None:
        """The letter is in memory already, and whoever has it puts it where it belongs."""

    def abort(self) -> None:
        """Nothing outside remembers it."""


class Nowhere:
    """A draft of a letter that nobody will keep."""

    content = b""

    def write(self, block: bytes) -> "Nowhere":
        """Drop the block."""
        return self

    def commit(self, letter: "Letter") -> None:
        """There is nothing to store."""

    def abort(self) -> None:
        """There is nothing to throw away."""


NOWHERE = Nowhere()


HEAD = 65_536
"""Octets of a letter that are kept for a report where the letter itself is stored elsewhere."""


class Letter(NamedTuple):
    """A letter as a server holds it: the envelope, the content in octets, and how it came.

    `client` is the name that HELO or EHLO gave, `address` where it came from, `protocol` SMTP, ESMTP, UTF8SMTP or one
    of their kin (RFC 3848, RFC 6531 section 4.3), or nothing where the letter was written here and came by none; `time`
    seconds since 1970. `octets` counts the content, which is empty here where a draft stores it elsewhere; then `head`
    holds its first octets, at most HEAD, if a report may be asked for. `mailboxes` are the names of those that it goes
    to, each once; `form` is that of the lines put in front, and `clauses` stand in the time stamp line besides.
    """

    envelope: Envelope
    content: bytes = b""
    client: str = ""
    address: str = ""
    protocol: str = "SMTP"
    time: float = 0.0
    octets: int = 0
    mailboxes: tuple[str, ...] = ()
    form: TraceForm = OF_2001
    clauses: str = ""
    head: bytes = b""

    def received(self, domain: str) -> bytes:
        """The time stamp line that a server of this domain puts in front (RFC 2821 section 4.4); none where the letter
        came by no channel. That of an international letter has domains with U-labels (RFC 6531 section 3.7.3)."""
        if not self.protocol:
            return b""
        how = (self.protocol, self.time, self.clauses)
        if not self.envelope.international:
            return self.form.received(self.client, self.address, domain, *how)
        return self.form.received(u_labels(self.client), self.address, u_labels(domain), *how, "utf-8")

    def trace(self, domain: str) -> bytes:
        """What final delivery puts in front of the content: return path line and time stamp line."""
        return self.form.return_path(self.envelope.reverse_path or Path()) + self.received(domain)

    def delivered(self, domain: str) -> bytes:
        """The octets of final delivery: return path line, time stamp line, content (RFC 2821 section 4.4)."""
        return self.trace(domain) + self.content


def accept(envelope: Envelope, verb: str, path: Path, parameters: tuple[Parameter, ...], now: float = 0.0) -> Envelope:
    """The envelope after a path was accepted: MAIL and its kin set the one, RCPT adds to the other."""
    if verb != "RCPT":
        return Envelope(path, (), parameters, verb, {}, now)
    asked = envelope.rcpt_parameters
    if parameters or path in asked:
        asked = {**asked, path: parameters}
    paths, opened = (*envelope.forward_paths, path), envelope.opened
    return Envelope(envelope.reverse_path, paths, envelope.parameters, envelope.verb, asked, opened, envelope.priority)
