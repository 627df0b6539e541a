r"""Reads what Python's smtplib prints when it is debugged: ``send: 'ehlo me.example\r\n'``, ``reply: b'250 ok\r\n'``.

From debug level 2 on a time stands in front. Literals are decoded by their escapes alone, and never run.
"""

import re
from collections.abc import Iterable, Iterator

from esmtp_lab.readers.shown import Format, Numbered, Shown
from esmtp_lab.wire.content import lines as lines_of

_TIME = rb"(?:\d\d:\d\d:\d\d(?:\.\d+)? )?"
_LITERAL = re.compile(rb"b?(['\"])(.*)\1\s*", re.DOTALL)
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\\'\"abfnrtv0]))")
_SIMPLE = dict(zip(b"\\'\"abfnrtv0", b"\\'\"\a\b\f\n\r\t\v\0", strict=True))
_LINE = re.compile(
    _TIME + rb"(?:(send|reply): (?=b?['\"])|reply: retcode \((\d{3})\); Msg: |(connect): (?:to )?\()(.*)", re.DOTALL
)


def literal(text: bytes) -> bytes | None:
    """The octets that a literal of Python stands for, or None where the text is none."""
    match = _LITERAL.fullmatch(text)
    return _ESCAPE.sub(_octets, match[2]) if match else None


def _octets(match: re.Match[bytes]) -> bytes:
    octet, *wide, simple = match.groups()
    if octet:
        return bytes([int(octet, 16)])
    if simple:
        return bytes([_SIMPLE[simple[0]]])
    code = int(wide[0] or wide[1], 16)
    return chr(code).encode("utf-8", "surrogatepass") if code <= 0x10FFFF else match[0]


def _read(lines: Iterable[Numbered]) -> Iterator[Shown]:
    replied = False
    for number, line in lines:
        match = _LINE.match(line)
        if match is None:
            continue
        direction, code, connects, rest = match.groups()
        if connects:
            yield Shown(number, "connected", b"to " + rest.partition(b")")[0].replace(b"'", b""))
        elif code:
            # its lines have been told one by one, unless somebody took them out
            yield from () if replied else _whole(number, code, rest)
            replied = False
        else:
            replied = direction == b"reply"
            speaker = "server" if replied else "client"
            yield from (Shown(number, speaker, octets) for octets in lines_of(literal(rest) or b""))


def _whole(number: int, code: bytes, text: bytes) -> Iterator[Shown]:
    """The lines of a reply that is told only as a whole."""
    found = literal(text)
    *before, last = (text if found is None else found).split(b"\n")
    yield from (Shown(number, "server", code + b"-" + each + b"\r\n") for each in before)
    yield Shown(number, "server", code + b" " + last.removesuffix(b"\r") + b"\r\n")


SMTPLIB = Format(
    "smtplib",
    "the debug output of Python's smtplib",
    re.compile(_TIME + rb"(?:(?:send|reply): b?['\"]|reply: retcode \(|connect: (?:to )?\()"),
    _read,
)
