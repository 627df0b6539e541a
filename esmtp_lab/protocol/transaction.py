"""Mail transactions: an envelope, the content, and the letter that they make.

RFC 821 section 3.1, RFC 2821 sections 2.3.1 and 3.3.
"""

import time
from dataclasses import dataclass, replace

from esmtp_lab.wire.framing import Deviation, deviations
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.path import Path
from esmtp_lab.wire.transparency import END_OF_DATA, Unstuffer

MOST_DEVIATIONS = 100
_DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True, slots=True)
class Envelope:
    """The buffers of RFC 821 section 4.1.1: one reverse-path, and the forward-paths that were accepted.

    `verb` is the command that opened the transaction: MAIL, or one of its kin.
    """

    reverse_path: Path | None = None
    forward_paths: tuple[Path, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    verb: str = ""


EMPTY = Envelope()


@dataclass(frozen=True, slots=True)
class Content:
    """Content as it travelled: `wire` in octets, dots still stuffed, without the lone dot at its end.

    `dropped` counts the octets at its end that were not kept, because no letter may be so long.
    """

    wire: bytes
    dots: int = 0
    dropped: int = 0

    @property
    def length(self) -> int:
        """Octets of the whole content, dots unstuffed."""
        return len(self.wire) + self.dropped - self.dots

    @property
    def octets(self) -> bytes:
        """The content with its dots unstuffed, as it is stored."""
        return Unstuffer().feed(self.wire + END_OF_DATA)[0]

    @property
    def deviations(self) -> tuple[Deviation, ...]:
        """At most MOST_DEVIATIONS places where something stands that text may not hold."""
        return deviations(self.wire, MOST_DEVIATIONS)


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as a server holds it: the envelope, the content in octets, and how it came.

    `client` is the name that HELO or EHLO gave, `address` where it came from, `protocol` SMTP or ESMTP,
    `time` seconds since 1970.
    """

    envelope: Envelope
    content: bytes
    client: str = ""
    address: str = ""
    protocol: str = "SMTP"
    time: float = 0.0

    def received(self, domain: str) -> bytes:
        """The time stamp line that a server of this domain puts in front (RFC 2821 section 4.4)."""
        source = f"{self.client} ([{self.address}])" if self.address else self.client
        text = f"Received: from {source} by {domain} with {self.protocol}; {date_time(self.time)}\r\n"
        return text.encode("ascii", "replace")

    def delivered(self, domain: str) -> bytes:
        """The octets of final delivery: return path line, time stamp line, content (RFC 2821 section 4.4)."""
        reverse_path = self.envelope.reverse_path or Path()
        line = b"Return-Path: " + replace_route(reverse_path).render() + b"\r\n"
        return line + self.received(domain) + self.content


def replace_route(path: Path) -> Path:
    """The path without its source route."""
    return path._replace(route=())


def date_time(seconds: float) -> str:
    """A date-time of RFC 2822 section 3.3 in universal time, for seconds since 1970."""
    moment = time.gmtime(max(0.0, seconds))
    day, month = _DAYS[moment.tm_wday], _MONTHS[moment.tm_mon - 1]
    return f"{day}, {moment.tm_mday} {month} {moment.tm_year} {time.strftime('%H:%M:%S', moment)} +0000"


def accept(envelope: Envelope, verb: str, path: Path, parameters: tuple[Parameter, ...]) -> Envelope:
    """The envelope after a path was accepted: MAIL and its kin set the one, RCPT adds to the other."""
    if verb == "RCPT":
        return replace(envelope, forward_paths=(*envelope.forward_paths, path))
    return Envelope(path, (), parameters, verb)
