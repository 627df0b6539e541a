"""Eras: the same line can be right in 1982 and wrong in 2001.

An era belongs to a server, and a client has its own. Every explanation is made from an era and
names it.

Choices where the texts disagree or are silent:

* Where 500 ends and 502 begins RFC 821 does not say; RFC 2821 section 4.2.4 does, and every era follows it: 502 is for
  the verbs of its standard.
* Required are the verbs of RFC 821 section 4.5.1, with VRFY since RFC 1123 section 5.2.3 and RFC 1869 section 5, and
  with EHLO since RFC 2821 section 4.5.1. The era of 1982 has VRFY all the same, as RFC 821 allows.
* RFC 2821 obsoletes RFC 1869 by its first page, which its abstract forgets. Where it has no rule of its own, that of
  RFC 1869 is cited, as a rule of RFC 2821 is where RFC 5321 left it as it was.
* SEND, SOML and SAML are no services any more (RFC 2821 and RFC 5321 appendix F.6), but servers may have them; so their
  verbs are known to every era.
"""

from dataclasses import dataclass

from esmtp_lab.errors import DataError
from esmtp_lab.protocol.trace import OF_1982, OF_1989, OF_2001, TraceForm
from esmtp_lab.wire.grammar import RFC821, RFC2821, RFC5321, Grammar


@dataclass(frozen=True, slots=True)
class Era:
    """What a standard says beside its table: whom to cite, which verbs there are, how long is too long.

    `documents` are RFC numbers, the one to cite first in front; `verbs` are those that the standard knows,
    so that one not implemented gets 502 and not 500; `trace` is how trace lines are written; lengths are in octets,
    CRLF included.
    """

    name: str
    year: int
    title: str
    documents: tuple[int, ...]
    grammar: Grammar
    verbs: frozenset[str]
    required: frozenset[str]
    speaks_ehlo: bool
    trace: TraceForm
    command_line: int = 512
    reply_line: int = 512
    text_line: int = 1000
    recipients: int = 100


def _verbs(words: str) -> frozenset[str]:
    return frozenset(words.split())


_OF_1982 = _verbs("HELO MAIL RCPT DATA RSET SEND SOML SAML VRFY EXPN HELP NOOP QUIT TURN")
_EXTENSIONS = (1870, 6152, 2920, 2034, 3207, 4954, 8689, 3030, 1985, 6710, 6531, 3461, 3464, 2852)

ERAS: dict[str, Era] = {
    era.name: era
    for era in (
        Era(
            name="rfc821",
            year=1982,
            title="Simple Mail Transfer Protocol",
            documents=(821, 1123),
            grammar=RFC821,
            verbs=_OF_1982,
            required=_verbs("HELO MAIL RCPT DATA RSET NOOP QUIT"),
            speaks_ehlo=False,
            trace=OF_1982,
        ),
        # RFC 821 as RFC 1123 and RFC 1869 changed it
        Era(
            name="rfc1869",
            year=1995,
            title="SMTP Service Extensions",
            documents=(1869, *_EXTENSIONS, 1123, 821),
            grammar=RFC821,
            verbs=_OF_1982 | {"EHLO"},
            required=_verbs("HELO MAIL RCPT DATA RSET VRFY NOOP QUIT"),
            speaks_ehlo=True,
            trace=OF_1989,
        ),
        Era(
            name="rfc2821",
            year=2001,
            title="Simple Mail Transfer Protocol, with extensions",
            documents=(2821, 1869, *_EXTENSIONS, 1123),
            grammar=RFC2821,
            verbs=_OF_1982 | {"EHLO"},
            required=_verbs("EHLO HELO MAIL RCPT DATA RSET NOOP QUIT VRFY"),
            speaks_ehlo=True,
            trace=OF_2001,
        ),
        # RFC 2821 as RFC 5321 and RFC 7504 changed it
        Era(
            name="rfc5321",
            year=2008,
            title="Simple Mail Transfer Protocol, revised",
            documents=(5321, 7504, 2821, 1869, *_EXTENSIONS, 1123),
            grammar=RFC5321,
            verbs=_OF_1982 | {"EHLO"},
            required=_verbs("EHLO HELO MAIL RCPT DATA RSET NOOP QUIT VRFY"),
            speaks_ehlo=True,
            trace=OF_2001,
        ),
    )
}
"""The eras by name, oldest first."""

DEFAULT_ERA = "rfc2821"


def find_era(name: str) -> Era:
    """The era of that name. Raises DataError, which lists those there are."""
    try:
        return ERAS[name]
    except KeyError:
        raise DataError(f"era {name!r}", f"there is no such era; use {' or '.join(ERAS)}") from None
