"""Replies: three digits and a text, on one line or on several.

RFC 821 section 4.2 and appendix E, RFC 2821 sections 4.2 and 4.2.1. Replies of several lines have a grammar in RFC 5321
section 4.2 only; in RFC 2821 section 4.2.1 they are described.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from esmtp_lab.wire import grammar as g
from esmtp_lab.wire.command import line_end
from esmtp_lab.wire.scan import Problem, Scanner, unparsed
from esmtp_lab.wire.span import Span

_HYPHEN = re.compile(rb"-")
_SPACE = re.compile(rb" ")
_DIGITS = re.compile(rb"[0-9]{3}")


@dataclass(frozen=True, slots=True)
class ReplyLine:
    """One line of a reply.

    `code` is 0 where there are no three digits; `last` is False where a hyphen says that more
    follow; `text` is in octets, without the space and the CRLF.
    """

    code: int
    last: bool
    text: bytes
    spans: tuple[Span, ...] = field(default=(), compare=False, repr=False)
    problem: Problem | None = field(default=None, compare=False)


@lru_cache(maxsize=4096)
def parse_reply_line(octets: bytes, form: str = "text") -> ReplyLine:
    """Read one line of a reply, with or without its CRLF. Never raises, whatever the octets.

    `form` says what the text is made of: "text"; "greeting" and "ehlo", which begin with a domain;
    "ehlo-line", a keyword with its parameters (RFC 1869 section 4.3).
    """
    end = line_end(octets)
    scanner = Scanner(octets, end)
    digits = scanner.take(_DIGITS, "reply-code")
    if digits is None:
        scanner.fail("a reply code of three digits", "reply-code")
    elif g.REPLY_CODE.fullmatch(digits) is None:
        scanner.fail("a reply code whose first digit is 2 to 5 and whose second is 0 to 5", "reply-code-digits", 0)
    last = digits is None or scanner.take(_HYPHEN, "hyphen") is None
    if digits is not None and last and not scanner.done and scanner.take(_SPACE, "space") is None:
        scanner.fail("a space or a hyphen after the code", "reply-separator")
    text = octets[scanner.at : end]
    _text(scanner, form)
    if end < len(octets):
        scanner.spans.append(Span(end, len(octets), "crlf"))
    return ReplyLine(int(digits) if digits else 0, last, text, tuple(scanner.spans), scanner.problem)


def _text(scanner: Scanner, form: str) -> None:
    match form:
        case "greeting" | "ehlo":
            if scanner.take(g.RFC2821.domain, "domain") is None:
                scanner.take(g.RFC2821.address_literal, "address-literal")
        case "ehlo-line":
            part = "ehlo-keyword"
            while scanner.take(g.EHLO_KEYWORD if part == "ehlo-keyword" else g.EHLO_PARAM, part):
                part = "ehlo-param"
                if scanner.take(_SPACE, "space") is None:
                    break
        case _:
            if scanner.take(g.ENHANCED_STATUS_CODE, "enhanced-status-code"):
                scanner.take(_SPACE, "space")
    scanner.spans += unparsed(scanner.octets, scanner.at, scanner.end, "reply-text")
    scanner.at = scanner.end


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply: its code, and the text of each line in octets."""

    code: int
    lines: tuple[bytes, ...] = (b"",)

    @property
    def severity(self) -> int:
        """The first digit, which alone tells a client what to do (RFC 2821 section 4.2.1)."""
        return self.code // 100

    def render(self) -> bytes:
        """The octets of the reply: a hyphen on every line but the last."""
        return b"".join(self.each())

    def each(self) -> Iterator[bytes]:
        """The octets of each line."""
        for number, text in enumerate(self.lines, start=1):
            mark = b" " if number == len(self.lines) else b"-"
            yield b"%03d%b%b\r\n" % (self.code, mark, text)


class ReplyAssembler:
    """Gathers lines into replies (RFC 2821 section 4.2.1)."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        self.lines: tuple[ReplyLine, ...] = ()

    def add(self, line: ReplyLine) -> Reply | None:
        """The whole reply when `line` was its last; its code is that of the last line."""
        self.lines = (*self.lines, line)
        if not line.last:
            return None
        lines, self.lines = self.lines, ()
        return Reply(line.code, tuple(each.text for each in lines))
