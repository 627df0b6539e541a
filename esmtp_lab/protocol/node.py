"""Node names of ETRN: which hosts or which queue they mean (RFC 1985 sections 5 and 5.3).

A name by itself is one host, behind ``@`` it is that host and all below it, behind ``#`` it is a queue.
"""

from collections.abc import Iterable

ANY = "*"
"""What a host that keeps letters for everybody has in the place of names."""


def within(domain: str, suffix: str) -> bool:
    """Whether a domain is `suffix` or stands below it, in any case."""
    return f".{domain}".lower().endswith(f".{suffix}".lower())


def means(node: str, name: str) -> bool:
    """Whether a node name means the host or the queue (with its ``#``) of this name."""
    return within(name, node[1:]) if node.startswith("@") else name.lower() == node.lower()


def allowed(node: str, names: Iterable[str]) -> bool:
    """Whether a host that keeps letters for these names, and for the hosts below them, starts the queue of a node.

    What is asked for must lie within one of them, so that nobody releases ``@com`` (RFC 1985 section 8).
    """
    asked = node.removeprefix("@")
    return any(name == ANY or within(asked, name) for name in names)
