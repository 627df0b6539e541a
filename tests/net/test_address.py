"""What counts as this machine."""

import asyncio

import pytest

from esmtp_lab.errors import Unreachable
from esmtp_lab.net.address import is_loopback, literal, resolve


@pytest.mark.parametrize("address", ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"])
def test_loopback(address: str) -> None:
    assert is_loopback(address)
    assert asyncio.run(resolve(address)) == (address,)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "128.0.0.1"])
def test_anywhere_else_must_be_allowed(address: str) -> None:
    assert not is_loopback(address)
    with pytest.raises(Unreachable, match=f"{address} is not on this machine"):
        asyncio.run(resolve(address))
    assert asyncio.run(resolve(address, allow_remote=True)) == (address,)


def test_literals() -> None:
    assert [literal(each) for each in ("127.0.0.1", "::1", "fe80::1%eth0", "")] == [
        "127.0.0.1",
        "IPv6:::1",
        "IPv6:fe80::1",
        "",
    ]


def test_localhost_is_here() -> None:
    assert all(is_loopback(address) for address in asyncio.run(resolve("localhost")))


@pytest.mark.parametrize("name", ["", "two..dots", "x" * 300])
def test_no_name(name: str) -> None:
    with pytest.raises(Unreachable, match="stands for no address"):
        asyncio.run(resolve(name))
