"""Octets made visible: what came over the wire may be shown only in this form.

Controls, terminal escapes and the marks that turn or hide text become escapes, so that
nothing from the wire reaches a terminal or a page raw.
"""

import re

_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e0fff\ud800-\udfff]"
)
_LOST = re.compile(rb"\\x([89a-f][0-9a-f])")
_ESCAPE = re.compile(rb"\\(?:(x)([0-9A-Fa-f]{2})|([rnt0\\]))")
_SIMPLE = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\x00", b"\\": b"\\"}


def decode(octets: bytes) -> str:
    r"""UTF-8 text; each octet that is not UTF-8 as ``\xNN``."""
    return octets.decode("utf-8", "backslashreplace")


def encode(text: str) -> bytes:
    r"""The octets that `decode` made a text of; a ``\xNN`` that was written all along is taken for that octet too."""
    return _LOST.sub(lambda match: bytes([int(match[1], 16)]), text.encode("utf-8", "surrogatepass"))


def visible(octets: bytes) -> str:
    """Text that is safe on any terminal or page; what could act on it is spelt out."""
    text = octets.decode("utf-8", "surrogateescape")
    return text if text.isascii() and text.isprintable() else _HIDDEN.sub(_spelt, text)


def _spelt(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # an octet that is not UTF-8, as surrogateescape carries it
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def columns(octets: bytes, *, escaped: bool = True) -> list[int]:
    """For each octet, and for the end, how many characters stand before it.

    Counted in `visible(octets)`, or with ``escaped=False`` in `decode(octets)`. The octets of one
    character share its place.
    """
    places, column = [], 0
    for char in octets.decode("utf-8", "surrogateescape"):
        places += [column] * len(char.encode("utf-8", "surrogateescape"))
        lost = "\udc80" <= char <= "\udcff"
        column += len(_HIDDEN.sub(_spelt, char)) if escaped or lost else 1
    return [*places, column]


def spell(octets: bytes) -> str:
    r"""Octets in the transcript's escapes (``\r \n \xNN \\``), all of it printable US-ASCII."""
    out = []
    for octet in octets:
        char = chr(octet)
        match char:
            case "\r":
                out.append("\\r")
            case "\n":
                out.append("\\n")
            case "\\":
                out.append("\\\\")
            case _ if 32 <= octet < 127:
                out.append(char)
            case _:
                out.append(f"\\x{octet:02x}")
    return "".join(out)


def unspell(text: bytes) -> bytes:
    r"""The octets that ``\r \n \t \0 \\ \xNN`` stand for; other backslashes stay as they are."""

    def octet(match: re.Match[bytes]) -> bytes:
        return bytes([int(match[2], 16)]) if match[1] else _SIMPLE[match[3]]

    return _ESCAPE.sub(octet, text)
