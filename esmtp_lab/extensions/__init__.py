"""The service extensions that ship with the lab: one file each, none knows another.

They are listed here one by one, so that nothing is scanned before the first prompt. What there is to know of all
others stands beside them as data: `registry` has the keywords and `statuscodes` the enhanced status codes that IANA
registers, and `known` tells what they know of a line.
"""

from esmtp_lab.extensions.auth import AUTH
from esmtp_lab.extensions.binarymime import BINARYMIME
from esmtp_lab.extensions.chunking import CHUNKING
from esmtp_lab.extensions.deliverby import DELIVERBY
from esmtp_lab.extensions.dsn import DSN
from esmtp_lab.extensions.eightbitmime import EIGHTBITMIME
from esmtp_lab.extensions.enhancedstatuscodes import ENHANCEDSTATUSCODES
from esmtp_lab.extensions.expn import EXPN
from esmtp_lab.extensions.help import HELP
from esmtp_lab.extensions.pipelining import PIPELINING
from esmtp_lab.extensions.requiretls import REQUIRETLS
from esmtp_lab.extensions.saml import SAML
from esmtp_lab.extensions.send import SEND
from esmtp_lab.extensions.size import SIZE
from esmtp_lab.extensions.soml import SOML
from esmtp_lab.extensions.starttls import STARTTLS
from esmtp_lab.extensions.turn import TURN
from esmtp_lab.extensions.xpong import XPONG
from esmtp_lab.protocol.extension import Extension

SHIPPED: tuple[Extension, ...] = (
    SIZE,
    EIGHTBITMIME,
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
    DSN,
    DELIVERBY,
)
"""Every extension that the lab implements."""
