"""Paths: ``<ada@lab.example>``, with or without a source route, and the null path ``<>``.

RFC 821 section 4.1.2, RFC 2821 section 4.1.2 and appendix C. Source routes are read and not followed, and never copied
into a reverse-path: of what RFC 2821 says of them in section 4.1.1.3 and in appendix C and F.2, section 4.1.1.3 counts;
so do notices go to the last hop, as section 6.1 asks. RFC 5321 appendix C came to the same.
A path may have 256 octets (RFC 2821 section 4.5.3.1), which is less than its longest parts together.
"""

import re
from typing import NamedTuple

from esmtp_lab.wire.grammar import DOT_STRING, WORD, Grammar
from esmtp_lab.wire.scan import Scanner

_OPEN = re.compile(rb"<")
_CLOSE = re.compile(rb">")
_AT = re.compile(rb"@")
_OPTION = re.compile(rb"[@#]")
_COMMA = re.compile(rb",")
_COLON = re.compile(rb":")
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


class Path(NamedTuple):
    """A path: local part and domain as they stand on the wire, in octets; a route if there is one."""

    local_part: bytes = b""
    domain: bytes = b""
    route: tuple[bytes, ...] = ()

    @property
    def null(self) -> bool:
        """Whether this is ``<>``, the reverse-path of notices (RFC 821 section 3.6, RFC 2821 section 6.1)."""
        return not self.local_part

    @property
    def mailbox(self) -> bytes:
        """The path without brackets and route: ``ada@lab.example``."""
        return self.local_part + (b"@" + self.domain if self.domain else b"")

    @property
    def plain(self) -> bool:
        """Whether this is an address of US-ASCII alone."""
        return self.local_part.isascii() and self.domain.isascii()

    @property
    def name(self) -> bytes:
        """The local part with its quoting undone: all quoted forms of one name are equal
        (RFC 2821 section 4.1.2)."""
        bare = self.local_part
        if bare.startswith(b'"'):
            bare = bare[1:-1]
        return _ESCAPED.sub(rb"\1", bare)

    def render(self) -> bytes:
        """The octets of the path, brackets included."""
        route = b",".join([b"@" + host for host in self.route]) + b":" if self.route else b""
        return b"<" + route + self.mailbox + b">"


def quote(name: bytes) -> bytes:
    """A local part that stands for `name`, with as little quoting as can be (RFC 2821 section 4.1.2)."""
    if DOT_STRING.fullmatch(name):
        return name
    return b'"' + re.sub(rb'(["\\])', rb"\\\1", name) + b'"'


def scan_path(scanner: Scanner, grammar: Grammar, part: str) -> Path | None:
    """Take a path as a `part`; None with a problem recorded where there is none."""
    start = scanner.at
    with scanner.group(part):
        path = _path(scanner, grammar, part)
    # RFC 821 section 4.5.3 and RFC 2821 section 4.5.3.1 count the punctuation, and so the brackets
    if path is not None and scanner.at - start > grammar.longest_path:
        scanner.fail(f"a path of at most {grammar.longest_path} octets", "path-too-long", start)
    return path


def _path(scanner: Scanner, grammar: Grammar, part: str) -> Path | None:
    if scanner.take(_OPEN, "angle") is None:
        slug = "space-after-colon" if scanner.peek(b" ") else "path-brackets"
        scanner.fail('"<" with no space before it', slug)
        return None
    if part == "reverse-path" and scanner.take(_CLOSE, "angle") is not None:
        return Path()
    route = _route(scanner, grammar) if scanner.peek(b"@") else ()
    at = scanner.at
    local_part = scanner.take(grammar.local_part, "local-part")
    if local_part is None:
        if scanner.peek(b'"'):
            scanner.fail("a local part that is well quoted", "quoted-string")
        scanner.fail("a local part", "local-part")
        return None
    if len(local_part) > grammar.longest_local_part:
        scanner.fail(f"a local part of at most {grammar.longest_local_part} octets", "local-part-too-long", at)
    domain: bytes | None = b""
    # RFC 2821 section 4.1.1.3 and 4.5.1: "<postmaster>" needs no domain
    bare = part == "forward-path" and local_part.lower() == b"postmaster" and scanner.peek(b">")
    if route or not bare:
        if scanner.take(_AT, "at") is None:
            scanner.fail('"@" and a domain', "path-domain")
            return None
        domain = scan_domain(scanner, grammar)
    if domain is None:
        return None
    if scanner.take(_CLOSE, "angle") is None:
        scanner.fail('">"', "path-brackets")
        return None
    return Path(local_part, domain, route)


def _route(scanner: Scanner, grammar: Grammar) -> tuple[bytes, ...]:
    hosts: list[bytes] = []
    with scanner.group("source-route"):
        while True:
            if scanner.take(_AT, "at") is None:
                scanner.fail('"@" and a domain', "source-route")
                return ()
            host = scan_domain(scanner, grammar, literal=grammar.literal_in_route)
            if host is None:
                return ()
            hosts.append(host)
            if scanner.take(_COMMA, "literal") is None:
                break
        if scanner.take(_COLON, "literal") is None:
            scanner.fail('":" after the source route', "source-route")
    return tuple(hosts)


def scan_domain(scanner: Scanner, grammar: Grammar, *, literal: bool = True) -> bytes | None:
    """Take a domain, or with `literal` an address literal; None with a problem where there is neither."""
    at = scanner.at
    domain = scanner.take(grammar.address_literal, "address-literal") if literal else None
    if domain is None:
        domain = scanner.take(grammar.domain, "domain")
    if domain is None:
        scanner.fail("a domain such as me.example", "domain")
    elif not scanner.done and scanner.octets[scanner.at] not in b" \t>,:":
        scanner.fail("a letter, a digit, a hyphen or a dot", "domain")
        return None
    elif len(domain) > grammar.longest_domain:
        scanner.fail(f"a domain of at most {grammar.longest_domain} octets", "domain-too-long", at)
    return domain


def scan_node(scanner: Scanner, grammar: Grammar) -> bytes | None:
    """Take a node name of ETRN, with its option character; None where there is none (RFC 1985 section 5).

    A host has a fully qualified name, which has a dot; behind @ may stand any domain, behind # the word for a queue.
    """
    start = scanner.at
    with scanner.group("node-name"):
        option = scanner.take(_OPTION, "option-character")
        if option == b"#":
            if scanner.take(WORD, "string") is None:
                scanner.fail("the name of a queue", "node-name")
        elif (domain := scan_domain(scanner, grammar, literal=False)) and not option and b"." not in domain:
            scanner.fail("a fully qualified domain name such as me.example", "node-name", start)
    return None if scanner.problem else scanner.octets[start : scanner.at]
