"""The table: what is tried, what must come of it, and who does it otherwise and why."""

from typing import Any, NamedTuple

from esmtp_lab.protocol.session import END_OF_DATA

DOMAIN = "lab.example"
"""The domain of whoever receives, ours and theirs."""

SENDER = "me@me.example"
HUNDRED = tuple(f"r{number:03}" for number in range(100))
PEOPLE = ("ada", "bob", *HUNDRED)
"""The mailboxes of every server. Nobody is called stranger."""

MOST_OCTETS = 10_485_760
"""The largest letter that every server takes."""

HEADER = (
    b"From: <me@me.example>\r\nTo: <ada@lab.example>\r\nDate: Tue, 24 Nov 2026 09:00:00 +0000\r\n"
    b"Message-ID: <1@me.example>\r\nSubject: a line\r\n\tthat is folded\r\n"
)
"""Has all that servers like to add where it is missing."""

_DOTS = (
    b".Dot: the first octet of all\r\n"
    + HEADER
    + b"\r\n.\r\n..\r\n...\r\n.one\r\n..two\r\n a . in between .\r\n\r\n.\r\nQUIT\r\n.\r\n"
)

_ROW = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ #$%&-+=\r\n"


def _large(octets: int) -> bytes:
    rows, rest = divmod(octets - len(HEADER) - 2, len(_ROW))
    return HEADER + b"\r\n" + _ROW * (rows - 1) + b"x" * rest + _ROW


class Case(NamedTuple):
    """One letter for one server, and what must come of it.

    `reached` are the mailboxes that hold it afterwards, once each and octet for octet; `refusals` all negative replies
    of the session, each with the input that it answers; `says` what must stand in one of the client's lines, in any
    case. `knows_ehlo` is false where the server is one of 1982; with `tls` nothing may be sent without it, and with
    `utf8` the letter needs SMTPUTF8.
    """

    name: str
    content: bytes
    recipients: tuple[str, ...] = ("ada",)
    reached: tuple[str, ...] = ("ada",)
    sender: str = SENDER
    refusals: tuple[tuple[str, int], ...] = ()
    says: bytes = b""
    knows_ehlo: bool = True
    tls: bool = False
    utf8: bool = False


UTF8 = Case(
    "UTF-8",
    HEADER.replace(b"a line", "Δοκιμή, é, 試験".encode()) + "MIME-Version: 1.0\r\n\r\nκαλημέρα\r\n".encode(),
    recipients=("ada", "δοκιμή"),
    reached=("ada", "δοκιμή"),
    sender="δοκιμή@me.example",
    says=b" SMTPUTF8",
    utf8=True,
)
"""Names and a header field beyond US-ASCII; not for every program of the table."""

CASES = (
    Case(
        "ordinary",
        HEADER + b"\r\n" + b"x" * 998 + b"\r\nFrom the start\r\n\r\n trailing blanks \t \r\n\r\n\r\n",
        says=b"EHLO me.example\r\n",
    ),
    Case(
        "one of three refused",
        HEADER + b"\r\nhello\r\n",
        recipients=("ada", "stranger", "bob"),
        reached=("ada", "bob"),
        refusals=(("RCPT", 550),),
    ),
    Case("dots", _DOTS),
    Case(
        "eight bits",
        HEADER + b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
        b"\r\nGr\xc3\xbc\xc3\x9fe, and no UTF-8: \x80\x85\xa0\xad\xfe\xff\r\n",
        says=b" BODY=8BITMIME",
    ),
    Case("too large", _large(11_000_000), reached=(), refusals=(("MAIL", 552),), says=b" SIZE=11000000"),
    Case("HELO", HEADER + b"\r\nhello\r\n", refusals=(("EHLO", 500),), says=b"HELO me.example\r\n", knows_ehlo=False),
    Case("null reverse-path", HEADER + b"\r\nhello\r\n", sender="", says=b"MAIL FROM:<>"),
    Case("100 recipients", HEADER + b"\r\nhello\r\n", recipients=HUNDRED, reached=HUNDRED),
    Case("10 MB", _large(10_000_000)),
    Case("TLS", HEADER + b"\r\nhello\r\n", says=b"STARTTLS\r\n", tls=True),
)


class Differs(NamedTuple):
    """A program that does otherwise: why, and what must come out instead."""

    why: str
    changes: dict[str, Any]


_SILENT = Differs("it sends octets above 127 and never says BODY=8BITMIME", {"says": b""})
_LATE = Differs(
    "it never says SIZE, so the whole letter is sent before it is refused",
    {"says": b"", "refusals": ((END_OF_DATA, 552),)},
)

EXCEPTIONS: dict[tuple[str, str], Differs] = {
    ("swaks", "dots"): Differs(
        "it does not double a dot that is the first octet of all, and takes a lone dot in the last line for the end",
        {"content": _DOTS.removeprefix(b".").removesuffix(b".\r\n")},
    ),
    ("swaks", "eight bits"): _SILENT,
    ("swaks", "too large"): _LATE,
    ("curl", "eight bits"): _SILENT,
    ("msmtp", "one of three refused"): Differs("where one is refused it sends the letter to none", {"reached": ()}),
    ("msmtp", "eight bits"): _SILENT,
    ("msmtp", "too large"): _LATE,
    ("nodemailer", "too large"): Differs(
        "it compares the size with what SIZE offers, and does not even say MAIL", {"says": b"EHLO ", "refusals": ()}
    ),
    ("OpenSMTPD", "too large"): Differs(
        "it offers SIZE, does not look at it in MAIL, and refuses with 554 when the letter is there",
        {"refusals": ((END_OF_DATA, 554),)},
    ),
    ("OpenSMTPD", "TLS"): Differs(
        "Debian's build of it fails in the handshake, so it offers none here", {"reached": (), "says": b"QUIT\r\n"}
    ),
}
"""Nobody is left out of a case; these come out otherwise, by program and case."""


def expected(program: str, case: Case) -> Case:
    """The case as it must come out with a program."""
    differs = EXCEPTIONS.get((program, case.name))
    return case._replace(**differs.changes) if differs else case
