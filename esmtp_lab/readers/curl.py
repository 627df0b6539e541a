"""Reads what ``curl -v`` prints: ``> `` is sent, ``< `` received, ``* `` a remark, ``} [161 bytes data]`` content."""

import re
from collections.abc import Iterable, Iterator

from esmtp_lab.readers.shown import Format, Numbered, Shown, line_by_line, moment, said

# curl writes how far it is without an end of line, in front of what it writes next
_METER = re.compile(
    rb"(?:\r? *\d[\d.kMGTP]* +\d[\d. kMGTP]*?(?:(?:--|\d+):(?:--|\d\d):(?:--|\d\d) +){3}[\d.]+[kMGTP]?)+(?=[*<>{}] )"
)

_read = line_by_line(
    (re.compile(rb"> (.*)", re.DOTALL), said("client")),
    (re.compile(rb"< (.*)", re.DOTALL), said("server")),
    (re.compile(rb"\} \[(\d+ bytes) data\]"), moment("content", b"not shown here")),
    (re.compile(rb"\* (?:Connected|Established connection) (to \S+)"), moment("connected", b"%b")),
    (re.compile(rb"\* SSL connection using (.*?)\r?$"), moment("tls", b"with %b")),
    (re.compile(rb"\* (?:Closing|shutting down) connection"), moment("closed")),
)


def _read_curl(lines: Iterable[Numbered]) -> Iterator[Shown]:
    return _read((number, _METER.sub(b"", line, count=1)) for number, line in lines)


CURL = Format(
    "curl",
    "the output of curl -v",
    re.compile(
        rb"(?:.{60,120}\d)?\*   Trying |\* (?:Connected|Established connection) to |< [2-5]\d\d[ -]"
        rb"|> (?i:EHLO|HELO|MAIL|RCPT|DATA|VRFY|EXPN|HELP|NOOP|RSET|QUIT|STARTTLS|AUTH)\b"
    ),
    _read_curl,
)
