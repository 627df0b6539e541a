"""ENHANCEDSTATUSCODES: class.subject.detail in front of the text of replies (RFC 2034, RFC 3463).

RFC 2034 section 4 wants the codes in the replies to every client, whether or not it said EHLO, and section 5 calls that
a very special case. A server here deviates, for the sake of the lesson: it has the codes only once it has listed the
keyword, as with every other extension, and a client that said HELO sees the replies of RFC 821.
"""

from esmtp_lab.protocol.extension import Extension
from esmtp_lab.protocol.replies import Composed


def _rewrites(composed: Composed, entry: str) -> Composed:
    """RFC 2034 section 4: every line of a 2yz, 4yz or 5yz reply, with the class of its first digit."""
    if not composed.enhanced:
        return composed
    code = f"{composed.code // 100}{composed.enhanced[1:]}"
    return composed._replace(lines=tuple(f"{code} {line}" for line in composed.lines), enhanced="")


ENHANCEDSTATUSCODES = Extension(
    name="Returning Enhanced Error Codes",
    ehlo_keyword="ENHANCEDSTATUSCODES",
    defined_in="RFC 2034",
    meaning="replies carry a second, finer code in front of their text",
    rewrites=_rewrites,
)
