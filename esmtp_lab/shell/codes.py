"""What a person who plays the server may answer: reply codes with their meaning in plain words."""

from collections.abc import Iterator

from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.session import GREETING
from esmtp_lab.protocol.side import Awaited
from esmtp_lab.suggest import Suggestion

MEANINGS: dict[int, str] = {
    211: "here is the state of the system",
    214: "here is help",
    220: "ready for you; the name of this host comes first",
    221: "goodbye: the channel will be closed",
    235: "you are who you say",
    250: "done as you asked",
    251: "not here, but it will be passed on",
    252: "cannot tell, but will take the letter and try",
    253: "so many letters wait, and are sent now",
    334: "go on; the text is a challenge",
    354: "send the content, and end it with a lone dot",
    421: "must stop now; the channel will be closed",
    432: "a new password is needed first",
    450: "not now: the mailbox is busy",
    451: "not now: something went wrong here",
    452: "not now: no room",
    454: "not now: cannot check who you are",
    455: "not now: these parameters cannot be had",
    458: "not now: that queue cannot be started",
    459: "not that queue; the reason follows",
    500: "that is no command",
    501: "the argument cannot be read",
    502: "known, but not done here",
    503: "not in this order",
    504: "this parameter is not done here",
    521: "no mail is ever taken here",
    530: "prove who you are first",
    534: "that mechanism is too weak",
    535: "that does not prove who you are",
    538: "not without protection of the channel",
    550: "no such mailbox, or not for you",
    551: "not here; try the path that follows",
    552: "too large, or the mailbox is full",
    553: "that name is not allowed",
    554: "failed, for good",
    555: "a parameter that is not known here",
    556: "that domain takes no mail",
}
"""The meaning of every code that the standards name (RFC 821 section 4.2, RFC 1869 section 6.1, RFC 2821 section 4.2.2,
RFC 1985, RFC 4954, RFC 7504)."""
_ANYTIME = (500, 501, 502, 503, 421)


def replies(line: str, awaited: Awaited | None, dialect: Dialect) -> Iterator[Suggestion]:
    """Codes that may answer what is awaited, fitting ones first; those that any command may get say so."""
    if awaited is None or len(line) > 3:
        return
    form = dialect.forms.get(awaited.entry)
    fitting = (*form.success, *form.intermediate, *form.failure) if form else ()
    for code in dict.fromkeys(fitting):
        if str(code).startswith(line):
            yield Suggestion(f"{code} ", 0, MEANINGS.get(code, ""))
    for code in _ANYTIME if awaited.entry != GREETING else (421,):
        if code not in fitting and str(code).startswith(line):
            yield Suggestion(f"{code} ", 0, MEANINGS[code], reason="any command may get this")
