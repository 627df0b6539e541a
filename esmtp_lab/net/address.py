"""Addresses: which ones a host name stands for, and whether they keep mail on this machine."""

import asyncio
import socket
from ipaddress import IPv6Address, ip_address

from esmtp_lab.errors import OffLimits, Unreachable


async def resolve(host: str, *, allow_remote: bool = False) -> tuple[str, ...]:
    """The numeric addresses of a host, each once.

    Raises Unreachable where there are none, OffLimits where one of them is not loopback unless `allow_remote`.
    """
    return _check(host, (host,) if _numeric(host) else await _look_up(host), allow_remote)


def resolve_now(host: str, *, allow_remote: bool = False) -> tuple[str, ...]:
    """`resolve` for callers that cannot await. Raises what `resolve` raises."""
    return _check(host, (host,) if _numeric(host) else _looked_up(host), allow_remote)


def _check(host: str, found: tuple[str, ...], allow_remote: bool) -> tuple[str, ...]:
    strange = next((each for each in found if not is_loopback(each)), None)
    if strange is not None and not allow_remote:
        where = host if host == strange else f"{host!r} ({strange})"
        raise OffLimits(f"{where} is not on this machine. If you mean it, say so with --allow-remote")
    return found


def is_loopback(address: str) -> bool:
    """Whether a numeric address never leaves this machine: 127.0.0.0/8 and ::1 (RFC 1122 section 3.2.1.3)."""
    number = ip_address(address)
    mapped = number.ipv4_mapped if isinstance(number, IPv6Address) else None
    return (mapped or number).is_loopback


def literal(address: str) -> str:
    """A numeric address as it stands in the brackets of an address literal (RFC 2821 section 4.1.3)."""
    return f"IPv6:{address.partition('%')[0]}" if ":" in address else address


def _numeric(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


async def _look_up(host: str) -> tuple[str, ...]:
    return await asyncio.get_running_loop().run_in_executor(None, _looked_up, host)


def _looked_up(host: str) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host!r} stands for no address: {error}") from None
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
