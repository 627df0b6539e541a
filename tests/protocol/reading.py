"""Reports read by a stranger: the email parser of the standard library, and the grammar of RFC 3464 as one pattern."""

import email
import email.policy
import re
from email.message import Message
from typing import NamedTuple

_ATOM = r"[!#-'*+\-/0-9=?A-Z^-~]+"
_TEXT = r"[\t -~]*"
_TYPED = rf"[\t ]*{_ATOM}[\t ]*;{_TEXT}"
_DATE = r" (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"
_FOLDED = rf"{_TYPED}(?:\r\n[\t ]{_TEXT})*"
_EXTENSION = rf"(?:(?!(?:Action|Status|Final-Recipient|Arrival-Date)){_ATOM}:{_TEXT}\r\n)*"
_PER_MESSAGE = (
    rf"(?:Original-Envelope-Id:{_TEXT}\r\n)?Reporting-MTA:{_TYPED}\r\n(?:Received-From-MTA:{_TYPED}\r\n)?"
    rf"(?:Arrival-Date:{_DATE}\r\n)?(?:Deliver-By-Date:{_DATE}\r\n)?{_EXTENSION}"
)
_PER_RECIPIENT = (
    rf"(?:Original-Recipient:{_TYPED}\r\n)?Final-Recipient:{_TYPED}\r\n"
    r"Action: (?:failed|delayed|delivered|relayed|expanded)\r\nStatus: [245](?:\.(?:0|[1-9]\d{0,2})){2}\r\n"
    rf"(?:Remote-MTA:{_TYPED}\r\n)?(?:Diagnostic-Code:{_FOLDED}\r\n)?(?:Last-Attempt-Date:{_DATE}\r\n)?"
    rf"(?:Final-Log-ID:{_TEXT}\r\n)?(?:Will-Retry-Until:{_DATE}\r\n)?{_EXTENSION}"
)
CONTENT = re.compile(rf"{_PER_MESSAGE}(?:\r\n{_PER_RECIPIENT})+")
"""delivery-status-content (RFC 3464 section 2.1), with the field of RFC 2852 section 5."""


class Read(NamedTuple):
    """What a program finds in a report."""

    whole: Message
    words: str
    letter: dict[str, str]
    recipients: list[dict[str, str]]
    kind: str
    returned: bytes

    @property
    def action(self) -> str:
        """The one action of the report."""
        (action,) = {each["Action"] for each in self.recipients}
        return action


def read_report(octets: bytes) -> Read:
    """Read a report, and hold its form to RFC 3464 and RFC 3462 on the way."""
    assert octets.isascii()
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    whole = email.message_from_bytes(octets, policy=email.policy.compat32)
    assert (whole.get_content_type(), whole.get_param("report-type")) == ("multipart/report", "delivery-status")
    words, status, returned = whole.get_payload()
    # what the letter itself looks like is not the report's doing
    assert not any(part.defects for part in (whole, words, status, *status.get_payload()))
    assert words.get_content_type() == "text/plain"
    assert status.get_content_type() == "message/delivery-status"
    boundary = whole.get_boundary().encode()
    assert octets.count(b"\r\n--" + boundary) == 4
    parts = [part.partition(b"\r\n\r\n")[2] for part in octets.split(b"--" + boundary)]
    assert CONTENT.fullmatch(parts[2].removesuffix(b"\r\n").decode("ascii")), parts[2]
    ours = b"".join(parts[:3]).replace(b"\r\n", b"").replace(b"\t", b"")
    assert ours.decode("ascii").isprintable()
    first, *others = status.get_payload()
    return Read(
        whole,
        words.get_payload(),
        dict(first.items()),
        [dict(each.items()) for each in others],
        returned.get_content_type(),
        parts[3].removesuffix(b"\r\n"),
    )
