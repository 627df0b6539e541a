"""What a sender wants to be told of a letter: the parameters of RFC 3461 read, and what follows from them.

An absent NOTIFY may be read as FAILURE or as FAILURE,DELAY (section 4.1); here it is FAILURE.
"""

from collections.abc import Collection, Iterable

from esmtp_lab.wire.parameter import Parameter, from_xtext

KEYWORD = "DSN"
NEVER, SUCCESS, FAILURE, DELAY = b"NEVER", b"SUCCESS", b"FAILURE", b"DELAY"
"""The values of NOTIFY, in capitals (section 4.1)."""
FAILED, DELAYED, DELIVERED, RELAYED, EXPANDED = "failed", "delayed", "delivered", "relayed", "expanded"
"""The values of Action (RFC 3464 section 2.3.3)."""
_ASKED_BY = {FAILED: FAILURE, DELAYED: DELAY, DELIVERED: SUCCESS, RELAYED: SUCCESS, EXPANDED: SUCCESS}
_UNSAID = frozenset({FAILURE})


def value_of(parameters: Iterable[Parameter], keyword: str) -> bytes | None:
    """The value of a parameter, or None where it is not there or has none."""
    return next((each.value for each in parameters if each.keyword == keyword), None)


def notify(parameters: Iterable[Parameter]) -> frozenset[bytes] | None:
    """The values of NOTIFY among the parameters of RCPT, in capitals; None where nothing was said."""
    value = value_of(parameters, "NOTIFY")
    return None if value is None else frozenset(value.upper().split(b","))


def wants(action: str, parameters: Iterable[Parameter]) -> bool:
    """Whether a recipient with these parameters of RCPT is to be reported with this action (sections 5.2.2 to 5.2.6).

    None but "failed" is ever reported where nothing was said.
    """
    said = notify(parameters)
    return _ASKED_BY[action] in (_UNSAID if said is None else said)


def never(parameters: Iterable[Parameter]) -> bool:
    """Whether nothing at all is to be reported of a recipient."""
    return NEVER in (notify(parameters) or ())


def with_values(parameters: tuple[Parameter, ...], change: Collection[bytes]) -> tuple[Parameter, ...]:
    """The parameters of RCPT with these values of NOTIFY, in the order of the standard's."""
    value = b",".join(each for each in (NEVER, SUCCESS, FAILURE, DELAY) if each in change)
    others = tuple(each for each in parameters if each.keyword != "NOTIFY")
    return (Parameter("NOTIFY", value), *others)


def decoded(value: bytes | None) -> str | None:
    """The text that xtext stands for, or None for none; what is no printable US-ASCII becomes a question mark.

    Raises ValueError where it is not xtext.
    """
    return None if value is None else printable(from_xtext(value))


def printable(octets: bytes) -> str:
    """Octets as one line of graphic US-ASCII and white space: everything else becomes a question mark."""
    return "".join(chr(each) if 32 <= each < 127 or each == 9 else "?" for each in octets)


def unbroken(octets: bytes) -> bytes:
    """Octets as one line: controls become question marks."""
    return bytes(each if each >= 32 and each != 127 else 63 for each in octets)
