"""ENHANCEDSTATUSCODES: class.subject.detail in front of the text of replies (RFC 2034, RFC 3463).

No other extension acts before it is asked for; this one does. RFC 2034 section 4 binds a server that has it in every
session, whether the client uses EHLO or not, and names what goes without a code: the greeting, whatever HELO and EHLO
are answered, and 3yz. The list is whole, so a server here begins with its codes behind the greeting: a 503 to MAIL
before any EHLO has 5.5.1, and so have the replies after HELO, and those behind a handshake of TLS. A refusal of EHLO
has none, even of the second; one of an overlong EHLO line, and a 421 in place of its answer, are answers to EHLO too. A
421 that answers nothing has one. Section 5 says why: clear reasons are of use to every client, and one that knows
nothing of them takes them for text. It forbids later extensions to do likewise.

Where a situation has no code of its own, as when a policy names that of a greeting for NOOP, it is X.0.0, which says no
more than the class (RFC 3463 section 3.1).
"""

from esmtp_lab.protocol.extension import Extension
from esmtp_lab.protocol.replies import Composed
from esmtp_lab.protocol.session import GREETING

_WITHOUT = frozenset({GREETING, "HELO", "EHLO"})
_OUTCOMES = frozenset({2, 4, 5})


def _rewrites(composed: Composed, entry: str) -> Composed:
    """RFC 2034 section 4: every line of a 2yz, 4yz or 5yz reply, with the class of its first digit."""
    severity = composed.code // 100
    if entry in _WITHOUT or severity not in _OUTCOMES:
        return composed
    code = f"{severity}{composed.enhanced[1:] or '.0.0'}"
    return composed._replace(lines=tuple(f"{code} {line}" for line in composed.lines), enhanced="")


ENHANCEDSTATUSCODES = Extension(
    name="Returning Enhanced Error Codes",
    ehlo_keyword="ENHANCEDSTATUSCODES",
    defined_in="RFC 2034",
    meaning="replies carry a second, finer code in front of their text",
    rewrites=_rewrites,
    unasked=True,
)
