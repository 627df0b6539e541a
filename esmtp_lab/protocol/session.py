"""The session as a table: what may happen when, for the server, the client and everyone who asks.

RFC 821 sections 4.1.1 and 4.4 speak of state diagrams and RFC 2821 section 4.1.4 of an order of
commands; here both are rows. A row says: in one of these states, when this input gets a reply of this
severity, the session moves there. An input without a row in a state is out of order (503), and so is one whose rows
are all for 4yz and 5yz: those say where the refusal leads. A reply without a row changes nothing, and 421 closes in
any state.
"""

from typing import NamedTuple

GREETING = "GREETING"
END_OF_DATA = "END_OF_DATA"
LAST_CHUNK = "LAST_CHUNK"
CONTINUATION = "CONTINUATION"
HANDSHAKE = "HANDSHAKE"
UNKNOWN = "UNKNOWN"
"""Inputs that are not verbs: the opened channel, the lone dot, the last octet of the last chunk, a line of an exchange,
the handshake of TLS, a verb nobody knows. A chunk that others follow is the input of its verb."""
NOT_VERBS = frozenset({GREETING, END_OF_DATA, LAST_CHUNK, CONTINUATION, HANDSHAKE, UNKNOWN})
WHOLE = frozenset({END_OF_DATA, LAST_CHUNK})
"""Inputs with which a letter has come whole."""

STATES: dict[str, str] = {
    "connect": "the channel is open and the greeting is awaited",
    "initial": "the server has greeted; the client has not said who it is",
    "ready": "both know each other; no mail transaction is open",
    "mail": "a transaction is open: it has a reverse-path and no recipient",
    "rcpt": "a transaction is open and has at least one recipient",
    "data": "content is on its way until a lone dot",
    "chunks": "a transaction is open whose content comes in chunks, and the last has not come",
    "failed": "a chunk was refused and the transaction with it; RSET leads on",
    "sasl": "an authentication exchange is under way",
    "handshake": "client and server have agreed on TLS: nothing more is heard in clear",
    "turned": "client and server have agreed to change roles",
    "refused": "the server has no service here and waits for QUIT",
    "closed": "the channel is closed",
}
"""Every state with its meaning."""

FACTS: dict[str, str] = {
    "extended": "EHLO was accepted, so extensions may be used",
    "authenticated": "the client has proved who it is",
    "tls": "the channel is protected",
}
"""What may hold beside the state."""


class Position(NamedTuple):
    """Where a session is: one state, and the facts that hold beside it."""

    state: str = "connect"
    facts: frozenset[str] = frozenset()

    @property
    def closed(self) -> bool:
        """Whether nothing can be said any more."""
        return self.state == "closed"

    @property
    def turned(self) -> bool:
        """Whether the two ends have agreed to change roles."""
        return self.state == "turned"

    @property
    def shaking(self) -> bool:
        """Whether the two ends have agreed on TLS and its handshake comes next."""
        return self.state == "handshake"

    @property
    def protected(self) -> bool:
        """Whether what is said here is under TLS."""
        return "tls" in self.facts


class Row(NamedTuple):
    """One row of the table; `to` is empty where the state stays, `eras` where the row is for all.

    `clears` says what is forgotten on the way: nothing, the "transaction", or all of the "session".
    """

    states: frozenset[str]
    inputs: frozenset[str]
    severities: str
    to: str
    lineage: str
    gains: frozenset[str] = frozenset()
    loses: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    unless: frozenset[str] = frozenset()
    clears: str = ""
    eras: frozenset[str] = frozenset()


def row(
    states: str,
    inputs: str,
    severities: str,
    to: str,
    lineage: str,
    *,
    gains: str = "",
    loses: str = "",
    needs: str = "",
    unless: str = "",
    clears: str = "",
    eras: str = "",
) -> Row:
    """A row, its sets written as words with spaces."""
    return Row(
        frozenset(states.split()),
        frozenset(inputs.split()),
        severities,
        to,
        lineage,
        gains=frozenset(gains.split()),
        loses=frozenset(loses.split()),
        needs=frozenset(needs.split()),
        unless=frozenset(unless.split()),
        clears=clears,
        eras=frozenset(eras.split()),
    )


TOLD = "ready mail rcpt chunks failed"
GREETED = f"initial {TOLD}"
ESMTP = "rfc1869 rfc2821 rfc5321"
LATER = "rfc2821 rfc5321"
"""States and eras that rows share."""

# Choices where the texts disagree with each other or with themselves:
# * RFC 2821 section 4.1.4 wants a mail session to begin with EHLO, sections 3.2 and 4.1.1.1 allow HELO: both open one.
# * QUIT may come at any time (RFC 2821 section 4.1.1.10) and not only as the last command (section 4.1.4), since
#   it makes itself the last. Nothing but QUIT and 421 leads to the end of a session (RFC 821 section 4.1.1, RFC 2821
#   section 3.9); RFC 5321 section 3.8 adds the time-out, which is answered 421.
# * An EHLO that is refused moves nothing, whatever the code (RFC 1869 section 4.6, RFC 2821 section 4.1.4, although RFC
#   1869 points for it to RFC 821 section 4.1.1, which says so of 501 and 503 only). RFC 5321 section 4.1.4 says as well
#   that a later EHLO resets only where it is accepted.
# * A failed letter clears the buffers (RFC 2821 section 4.1.1.4), so the next MAIL is taken, although section 4.1.4
#   asks for a successful DATA or RSET before it.
TABLE: tuple[Row, ...] = (
    row("connect", GREETING, "2", "initial", "greeting-220"),
    row("connect", GREETING, "5", "refused", "greeting-refuses"),
    row("initial", "HELO", "2", "ready", "helo-opens"),
    row("initial", "EHLO", "2", "ready", "ehlo-opens", gains="extended", eras=ESMTP),
    # RFC 821 section 4.1.1 and RFC 2821 section 4.1.4 let the client say who it is again, which resets as RSET does;
    # RFC 1869 section 4.2 answers 503 once EHLO was accepted
    row(TOLD, "HELO", "2", "ready", "helo-opens", loses="extended", clears="transaction", eras=f"rfc821 {LATER}"),
    row(TOLD, "EHLO", "2", "ready", "ehlo-opens", gains="extended", clears="transaction", eras=LATER),
    row(TOLD, "HELO", "2", "ready", "helo-opens", unless="extended", clears="transaction", eras="rfc1869"),
    row(
        TOLD,
        "EHLO",
        "2",
        "ready",
        "ehlo-opens",
        unless="extended",
        gains="extended",
        clears="transaction",
        eras="rfc1869",
    ),
    row("ready", "MAIL", "2", "mail", "mail-opens"),
    row("mail rcpt", "RCPT", "2", "rcpt", "rcpt-adds"),
    row("rcpt", "DATA", "3", "data", "data-354"),
    # RFC 2821 section 3.3: 503 or 554, section 4.1.4: 503; RFC 2920 section 3.1: 354 and then 554. The policy picks.
    row("mail", "DATA", "5", "mail", "data-without-rcpt"),
    row("mail", "DATA", "3", "data", "data-without-rcpt"),
    # RFC 2821 section 4.1.1.4 clears the buffers whatever the outcome
    row("data", END_OF_DATA, "245", "ready", "data-ends", clears="transaction"),
    row(TOLD, "RSET", "2", "ready", "rset-clears", clears="transaction"),
    # RFC 821 section 4.1.1 does not name RSET among what may come before HELO; RFC 2821 section 4.1.4 does,
    # and RFC 1869 section 4.7 has clients try it
    row("initial", "RSET", "2", "initial", "rset-clears", eras=ESMTP),
    row(GREETED, "NOOP", "2", "", "noop-nothing"),
    row(GREETED, "VRFY", "2", "", "vrfy-asks"),
    row(GREETED + " refused", "QUIT", "2", "closed", "quit-closes"),
)
"""The rows of the protocol without extensions."""


class Form(NamedTuple):
    """What does not depend on the state: a verb's syntax, its possible codes, and what surrounds it; also for moments
    that are answered like a verb.

    `success` and `failure` list the reply codes of RFC 821 section 4.3 or RFC 2821 section 4.3.2, `intermediate`
    those that ask for more; `ends_group` says that RFC 2920 section 3.1 lets nothing be pipelined behind it.
    `octets` names the production that counts octets behind the line, which belong to the command and come before its
    reply; `last` the production by which these are the last. `bare` is the situation of the verb by itself where an
    argument must follow.
    """

    verb: str
    syntax: str
    meaning: str
    lineage: str
    success: tuple[int, ...] = (250,)
    failure: tuple[int, ...] = ()
    intermediate: tuple[int, ...] = ()
    ends_group: bool = False
    eras: frozenset[str] = frozenset()
    octets: str = ""
    last: str = ""
    bare: str = "argument-syntax"


_OLD = frozenset({"rfc821"})
_BEFORE = frozenset({"rfc821", "rfc1869"})
_OF_1995 = frozenset({"rfc1869"})
_NEW = frozenset(LATER.split())
_OF_2001 = frozenset({"rfc2821"})
_OF_2008 = frozenset({"rfc5321"})
_GREETING = "the server opens the session"
_HELO = "say who you are, without extensions"
_EHLO = "say who you are, and ask what the server can do"
_MAIL = "open a transaction: the reverse-path, where notices go"
_RCPT = "name one recipient"
_DATA = "send the content; a lone dot ends it"
_DOT = "the lone dot that ends the content"

# Choices, again:
# * A greeting that refuses has 421 in RFC 821 section 4.3, 554 in RFC 2821 section 4.3.2, and in RFC 5321 besides that
#   the 521 of RFC 7504 section 5.1. 421 may answer anything (RFC 2821 section 4.3.2) and is in no later row.
# * EHLO may fail with 550 (RFC 1869 section 4.2, RFC 2821 section 4.3.2) or 554 (RFC 1869 section 4.4), and with 502
#   (RFC 1869 section 4.5, RFC 2821 section 4.1.4), which the table of RFC 2821 forgets. RFC 5321 section 4.3.2 has 502,
#   504 and 550; 554 stays there as well, since servers that are older send it.
# * 500 is in no form, though RFC 2821 section 4.1.4 has it for an EHLO that is not acceptable: every server has EHLO
#   (sections 2.2.1 and 4.5.1, against RFC 1869, which leaves it the choice), and section 4.3.2 calls 500 to it a fault.
#   A server of 1982 answers 500 since it does not know the verb; hosts that do so later are ready-made ones.
# * MAIL has 503 here in every era that has it in its text (RFC 821 section 4.1.1), though not in its table.
# * RSET has no 504, which the table of RFC 821 section 4.3 gives a command without a parameter; QUIT and NOOP have 501
#   like any other, though that table leaves it out.
# * 455 and 555 are for parameters in RFC 1869 section 6.1 and RFC 5321 section 4.1.1.11. RFC 2821 has neither, and asks
#   in section 4.2 for listed codes only: 501 is left, which any command may get, while its 504 stands in neither row.
# * 550 stands twice in the RCPT row of RFC 2821 section 4.3.2 and is one code all the same.
# * VRFY is a command of the minimum and no extension, as RFC 1869 section 5 counts it, so EHLO does not list it;
#   RFC 2821 section 3.5.2 would list it, and its own examples D.1 to D.3 do not. RFC 5321 section 3.5.2 leaves it open.
# * A `string` takes what RFC 2821 section 3.5.1 wants accepted, ``smith@foo.com``, which the grammars of RFC 821, RFC
#   2821 and RFC 5321 leave out (section 4.1.2 of each).
FORMS: tuple[Form, ...] = (
    Form(GREETING, "", _GREETING, "greeting-220", success=(220,), failure=(421,), eras=_BEFORE),
    Form(GREETING, "", _GREETING, "greeting-220", success=(220,), failure=(554,), eras=_OF_2001),
    Form(GREETING, "", _GREETING, "greeting-220", success=(220,), failure=(521, 554), eras=_OF_2008),
    # RFC 2821 section 4.1.2 counts an address literal among its domains, RFC 5321 section 4.1.1.1 does so for EHLO only
    Form("HELO", "SP domain-or-literal", _HELO, "helo-opens", failure=(504, 550), eras=_OF_2001),
    Form("HELO", "SP domain", _HELO, "helo-opens", failure=(504, 550), eras=_OF_2008),
    Form("HELO", "SP domain", "say who you are", "helo-opens", failure=(504,), eras=_BEFORE),
    Form("EHLO", "SP domain", _EHLO, "ehlo-opens", failure=(502, 504, 550, 554), ends_group=True, eras=_OF_1995),
    Form("EHLO", "SP domain-or-literal", _EHLO, "ehlo-opens", failure=(502, 504, 550, 554), ends_group=True, eras=_NEW),
    Form("MAIL", 'SP "FROM:"reverse-path', _MAIL, "mail-opens", failure=(552, 451, 452, 503), eras=_OLD),
    Form(
        "MAIL",
        'SP "FROM:"reverse-path [SP parameters]',
        _MAIL,
        "mail-opens",
        failure=(552, 451, 452, 503, 455, 555),
        eras=_OF_1995,
    ),
    Form(
        "MAIL",
        'SP "FROM:"reverse-path [SP parameters]',
        _MAIL,
        "mail-opens",
        failure=(552, 451, 452, 550, 553, 503),
        eras=_OF_2001,
    ),
    Form(
        "MAIL",
        'SP "FROM:"reverse-path [SP parameters]',
        _MAIL,
        "mail-opens",
        failure=(552, 451, 452, 550, 553, 503, 455, 555),
        eras=_OF_2008,
    ),
    Form(
        "RCPT",
        'SP "TO:"forward-path',
        _RCPT,
        "rcpt-adds",
        success=(250, 251),
        failure=(550, 551, 552, 553, 450, 451, 452, 503),
        eras=_OLD,
    ),
    Form(
        "RCPT",
        'SP "TO:"forward-path [SP parameters]',
        _RCPT,
        "rcpt-adds",
        success=(250, 251),
        failure=(550, 551, 552, 553, 450, 451, 452, 503, 455, 555),
        eras=_OF_1995,
    ),
    Form(
        "RCPT",
        'SP "TO:"forward-path [SP parameters]',
        _RCPT,
        "rcpt-adds",
        success=(250, 251),
        failure=(550, 551, 552, 553, 450, 451, 452, 503),
        eras=_OF_2001,
    ),
    # RFC 7504 section 5.1 adds 556
    Form(
        "RCPT",
        'SP "TO:"forward-path [SP parameters]',
        _RCPT,
        "rcpt-adds",
        success=(250, 251),
        failure=(550, 551, 552, 553, 450, 451, 452, 503, 455, 555, 556),
        eras=_OF_2008,
    ),
    Form(
        "DATA",
        "",
        _DATA,
        "data-354",
        success=(),
        intermediate=(354,),
        failure=(451, 554, 503),
        ends_group=True,
        eras=_BEFORE | _OF_2001,
    ),
    Form(
        "DATA",
        "",
        _DATA,
        "data-354",
        success=(),
        intermediate=(354,),
        failure=(503, 554),
        ends_group=True,
        eras=_OF_2008,
    ),
    Form(END_OF_DATA, "", _DOT, "data-ends", failure=(552, 554, 451, 452), eras=_BEFORE | _OF_2001),
    # RFC 5321 section 4.3.2 lists refusals by policy, which a server decides on when it has seen the letter
    Form(END_OF_DATA, "", _DOT, "data-ends", failure=(552, 554, 451, 452, 450, 550), eras=_OF_2008),
    Form("RSET", "", "give up the transaction, keep the session", "rset-clears"),
    Form(
        "VRFY",
        "SP string",
        "ask whether a mailbox exists",
        "vrfy-asks",
        success=(250, 251, 252),
        failure=(550, 551, 553, 502, 504),
        ends_group=True,
    ),
    Form("NOOP", "", "do nothing; the answer is 250", "noop-nothing", ends_group=True, eras=_BEFORE),
    Form("NOOP", "[SP string]", "do nothing; the answer is 250", "noop-nothing", ends_group=True, eras=_NEW),
    Form("QUIT", "", "say goodbye; the server closes", "quit-closes", success=(221,), ends_group=True),
)
"""The forms of the protocol without extensions."""
