"""Parameters of MAIL and RCPT: ``esmtp-keyword[=esmtp-value]``, and xtext for values.

RFC 1869 section 6, RFC 2821 section 4.1.2, RFC 3461 section 4.
"""

import re
from typing import NamedTuple

from esmtp_lab.wire.grammar import ESMTP_KEYWORD, RFC2821, Grammar
from esmtp_lab.wire.scan import Scanner

_EQUALS = re.compile(rb"=")
_SPACE = re.compile(rb" ")
_NOT_XCHAR = re.compile(rb"[^!-*,-<>-~]")
_HEXCHAR = re.compile(rb"\+([0-9A-F]{2})")
_XTEXT = re.compile(rb"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")


class Parameter(NamedTuple):
    """One parameter: its keyword in capitals, and its value in octets or None where none was given."""

    keyword: str
    value: bytes | None = None

    def render(self) -> bytes:
        """The octets of the parameter."""
        return self.keyword.encode("ascii") + (b"" if self.value is None else b"=" + self.value)


def scan_parameters(scanner: Scanner, grammar: Grammar = RFC2821) -> tuple[Parameter, ...]:
    """Take parameters joined by single spaces."""
    taken: list[Parameter] = []
    while True:
        with scanner.group("parameter"):
            keyword = scanner.take(ESMTP_KEYWORD, "esmtp-keyword")
            if keyword is None:
                scanner.fail("a parameter: KEYWORD or KEYWORD=value", "parameter")
                return tuple(taken)
            value = None
            if scanner.take(_EQUALS, "equals"):
                value = scanner.take(grammar.esmtp_value, "esmtp-value")
                if value is None:
                    scanner.fail("a value after the equals sign", "parameter-value")
                    return tuple(taken)
        taken.append(Parameter(keyword.decode("ascii").upper(), value))
        if not re.match(rb" [!-~]", scanner.octets[scanner.at : scanner.end]):
            return tuple(taken)
        scanner.take(_SPACE, "space")


def to_xtext(octets: bytes) -> bytes:
    """Octets in xtext: what may not stand in a value becomes ``+`` and two hex digits in capitals."""
    return _NOT_XCHAR.sub(lambda match: b"+%02X" % match[0][0], octets)


def from_xtext(text: bytes) -> bytes:
    """The octets that xtext stands for. Raises ValueError where it is not xtext."""
    if not _XTEXT.fullmatch(text):
        raise ValueError("not xtext: ‘+’ is followed by two hex digits in capitals, ‘=’ is written +3D")
    return _HEXCHAR.sub(lambda match: bytes([int(match[1], 16)]), text)
