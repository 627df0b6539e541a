"""Address literals: which are addresses, and what is near one and none."""

import pytest

from esmtp_lab.wire.grammar import RFC821, RFC2821, RFC5321, Grammar

RIGHT = """
192.0.2.1  0.0.0.0  255.255.255.255  001.02.3.4
IPv6:::  IPv6:::1  IPv6:1::  IPv6:1::2  ipv6:::1
IPv6:1:2:3:4:5:6:7:8  IPv6:abcd:EF01:2345:6789:abcd:ef01:2345:6789
IPv6:1:2:3:4:5:6::  IPv6:::1:2:3:4:5:6  IPv6:1:2:3::4:5:6  IPv6:1::2:3:4:5:6  IPv6:1:2:3:4:5::6
IPv6:1:2:3:4:5:6:192.0.2.1  IPv6:::192.0.2.1  IPv6:1:2:3:4::192.0.2.1  IPv6:::1:2:3:4:192.0.2.1  IPv6:1:2::3:4:192.0.2.1
X400:anything!  tag-2:~  -x:y
"""
WRONG = """
192.0.2  192.0.2.1.1  192.0.2.256  192.0.2.300  192.0.2.  .192.0.2.1  192.0.2.0001
IPv6:  IPv6:1  IPv6:1:2:3:4:5:6:7  IPv6:1:2:3:4:5:6:7:8:9  IPv6:12345::  IPv6:g::
IPv6:1:2:3:4:5:6:7::  IPv6:::1:2:3:4:5:6:7  IPv6:1:2:3:4::5:6:7  IPv6:1::2::3  IPv6::1  IPv6:1:  IPv6::::
IPv6:1:2:3:4:5:192.0.2.1  IPv6:1:2:3:4:5:6:7:192.0.2.1  IPv6:1:2:3:4:5::192.0.2.1  IPv6:::1:2:3:4:5:192.0.2.1
IPv6:1:2:3::4:5:192.0.2.1  IPv6:192.0.2.1  IPv6:::192.0.2.1:1
X400  X400:  :x  x-:y  x:[y  x:\\y  x:]
"""


def taken(grammar: Grammar, texts: str) -> list[str]:
    """Those of some texts that are an address literal in brackets."""
    return [text for text in texts.split() if grammar.address_literal.fullmatch(f"[{text}]".encode())]


@pytest.mark.parametrize("grammar", [RFC2821, RFC5321], ids=lambda grammar: grammar.name)
def test_what_is_an_address_literal(grammar: Grammar) -> None:
    """RFC 2821 section 4.1.3: "::" stands for two groups at least, so at most six are beside it, or four and an IPv4
    address; another tag may have any content."""
    assert taken(grammar, WRONG) == []
    assert taken(grammar, RIGHT) == RIGHT.split()


def test_what_was_one_in_1982() -> None:
    """RFC 821 section 4.1.2: four numbers."""
    assert taken(RFC821, WRONG) == []
    assert taken(RFC821, RIGHT) == RIGHT.split()[:4]
