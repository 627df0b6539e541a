"""Letters and paths as people write them, made fit for the wire."""

import re
from copy import copy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import SMTP, SMTPUTF8
from email.utils import getaddresses

from esmtp_lab.errors import DataError
from esmtp_lab.wire.framing import deviations
from esmtp_lab.wire.grammar import RFC2821, with_utf8
from esmtp_lab.wire.path import Path, scan_path
from esmtp_lab.wire.scan import Scanner

_BARE_LF = re.compile(rb"(?<!\r)\n")
_FORBIDDEN = ("bare-cr", "nul")
_BLIND = ("Bcc", "Resent-Bcc")


def content_of(letter: str | bytes | EmailMessage) -> bytes:
    """The octets of a letter whose lines end in LF or CRLF. Raises DataError for what no letter may hold."""
    match letter:
        case EmailMessage():
            octets = _without_blind(letter).as_bytes(policy=SMTPUTF8)
        case str():
            octets = letter.encode("utf-8", "surrogateescape")
        case _:
            octets = letter
    content = _BARE_LF.sub(b"\r\n", octets)
    strange = next((each for each in deviations(content) if each.kind in _FORBIDDEN), None)
    if strange is not None:
        # RFC 2821 section 2.3.7: CR and LF travel as a pair alone; RFC 2822 section 3.5 has no NUL
        raise DataError("the letter", f"holds a {strange.kind.replace('-', ' ').upper()} at octet {strange.at}")
    return content


def _without_blind(letter: EmailMessage) -> EmailMessage:
    """The same letter without the fields that no recipient may see (RFC 2822 section 3.6.3)."""
    bare = copy(letter)
    for name in _BLIND:
        del bare[name]
    return bare


def named_in(letter: bytes, *fields: str) -> list[str]:
    """The addresses in some fields of a letter's header section, each once, in their order."""
    header = BytesHeaderParser(policy=SMTP).parsebytes(letter)
    found = getaddresses([str(value) for name in fields for value in header.get_all(name, [])])
    return list(dict.fromkeys(address for _, address in found if address))


def read_path(text: str, part: str) -> Path:
    """A path, written with or without its brackets. Raises DataError."""
    octets = text.encode("utf-8", "surrogateescape")
    if not octets.startswith(b"<"):
        octets = b"<" + octets + b">"
    scanner = Scanner(octets, len(octets))
    path = scan_path(scanner, with_utf8(RFC2821), part)
    if path is None or scanner.problem is not None or not scanner.done:
        expected = scanner.problem.expected if scanner.problem else "nothing behind it"
        raise DataError(repr(text), f"is no path: expected {expected}. Write it as ada@lab.example")
    return path
