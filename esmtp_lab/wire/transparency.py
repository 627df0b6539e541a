"""Transparency: how a letter may hold a line that is a lone dot.

The client doubles the dot that begins a line, the server takes it away again, and CRLF.CRLF
alone ends the content: RFC 821 section 4.5.2, RFC 2821 sections 4.5.2 and 4.1.1.4.
"""

import re

END_OF_DATA = b".\r\n"
_END = b"\r\n.\r\n"
# A pattern is three times as fast here as bytes.replace, which reads everything twice.
_DOT_LINE = re.compile(rb"\r\n\.")


def stuff(content: bytes) -> bytes:
    """Content as it travels, without the end: dots that begin a line doubled, the last line ended."""
    if not content:
        return b""
    if content.startswith(b"."):
        content = b"." + content
    content = _DOT_LINE.sub(b"\r\n..", content)
    return content if content.endswith(b"\r\n") else content + b"\r\n"


def travelling(content: bytes) -> bytes:
    """Content as it travels, stuffed, with the lone dot that ends it."""
    return stuff(content) + END_OF_DATA


class Unstuffer:
    """Takes content off the stream block by block, and finds its end however it is cut."""

    __slots__ = ("_carry", "_first", "dots")

    def __init__(self) -> None:
        # The line before the content ended in CRLF, so the first line can be a lone dot as well.
        self._carry = b"\r\n"
        self._first = True
        self.dots = 0

    def feed(self, octets: bytes) -> tuple[bytes, bytes | None]:
        """A block of content with its dots unstuffed, and what follows the end, or None before it."""
        stuffed, rest = self.cut(octets)
        return self.plain(stuffed), rest

    def cut(self, octets: bytes) -> tuple[bytes, bytes | None]:
        """A block of content for `plain`, and what follows the end, or None before it."""
        data = self._carry + octets
        end = data.find(_END)
        if end >= 0:
            return data[: end + 2], data[end + 5 :]
        keep = next(size for size in (4, 3, 2, 1, 0) if data.endswith(_END[:size]))
        self._carry = data[len(data) - keep :]
        return data[: len(data) - keep], None

    def plain(self, stuffed: bytes) -> bytes:
        """A block with its dots unstuffed; blocks come in the order in which they were cut."""
        if not stuffed:
            return b""
        # Not the pattern of `stuff`: a block that is all dots would take it many times its size in memory.
        plain = stuffed.replace(b"\r\n.", b"\r\n")
        self.dots += len(stuffed) - len(plain)
        if self._first:
            self._first = False
            return plain[2:]
        return plain

    def save(self) -> tuple[bytes, bool, int]:
        """What `load` needs to come back to this moment."""
        return self._carry, self._first, self.dots

    @classmethod
    def load(cls, saved: tuple[bytes, bool, int]) -> "Unstuffer":
        """The unstuffer of a saved moment."""
        self = cls()
        self._carry, self._first, self.dots = saved
        return self
