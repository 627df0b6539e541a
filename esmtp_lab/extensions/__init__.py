"""The service extensions that ship with the lab: one file each, none knows another.

They are listed here one by one, so that nothing is scanned before the first prompt. What there is to know of all
others stands beside them as data: `registry` has the keywords and `statuscodes` the enhanced status codes that IANA
registers, and `known` tells what they know of a line.

One's own is a `definition` in TOML, as xpong.toml is one, held to the `standard` and loaded by `loading`; those of
third parties are `installed`. `hosting` checks what a host offers, `specification` makes the page of an extension.
"""

from collections.abc import Iterable
from pathlib import Path

from esmtp_lab.extensions.auth import AUTH
from esmtp_lab.extensions.binarymime import BINARYMIME
from esmtp_lab.extensions.chunking import CHUNKING
from esmtp_lab.extensions.definition import load_definition
from esmtp_lab.extensions.deliverby import DELIVERBY
from esmtp_lab.extensions.dsn import DSN
from esmtp_lab.extensions.eightbitmime import EIGHTBITMIME
from esmtp_lab.extensions.enhancedstatuscodes import ENHANCEDSTATUSCODES
from esmtp_lab.extensions.etrn import ETRN
from esmtp_lab.extensions.expn import EXPN
from esmtp_lab.extensions.help import HELP
from esmtp_lab.extensions.mtpriority import MT_PRIORITY
from esmtp_lab.extensions.pipelining import PIPELINING
from esmtp_lab.extensions.requiretls import REQUIRETLS
from esmtp_lab.extensions.saml import SAML
from esmtp_lab.extensions.send import SEND
from esmtp_lab.extensions.size import SIZE
from esmtp_lab.extensions.smtputf8 import SMTPUTF8
from esmtp_lab.extensions.soml import SOML
from esmtp_lab.extensions.starttls import STARTTLS
from esmtp_lab.extensions.turn import TURN
from esmtp_lab.protocol.extension import Extension

EXAMPLE = Path(__file__).with_name("xpong.toml")
XPONG = load_definition(EXAMPLE.read_text("utf-8"), EXAMPLE.name)
"""The local extension that host `partner` agreed on, defined as everybody may define one."""

SHIPPED: tuple[Extension, ...] = (
    SIZE,
    EIGHTBITMIME,
    SMTPUTF8,
    PIPELINING,
    ENHANCEDSTATUSCODES,
    EXPN,
    HELP,
    STARTTLS,
    AUTH,
    REQUIRETLS,
    XPONG,
    SEND,
    SOML,
    SAML,
    TURN,
    CHUNKING,
    BINARYMIME,
    ETRN,
    MT_PRIORITY,
    DSN,
    DELIVERBY,
)
"""Every extension that the lab implements."""


def beside(own: Iterable[Extension]) -> tuple[Extension, ...]:
    """What the lab ships with others beside it; of two with one keyword the later counts."""
    return tuple({each.ehlo_keyword: each for each in (*SHIPPED, *own)}.values())
