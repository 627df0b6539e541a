"""DSN: which outcomes are to be reported to the sender, and how much of the letter comes back with that (RFC 3461).

Here are the parameters. What is reported, when and how stands in `protocol.report` and `protocol.queue`. Choices where
the text is open or silent:

* Values longer than those that section 5.4 has everybody accept are answered 501; it counts the keyword with them.
* An octet that ENVID or ORCPT hides behind a plus and that is neither graphic US-ASCII nor white space is answered 501
  (sections 4.2, 4.4 and 5.1): no line of a report can be forged with it.
* Any atom is taken for an address type, as whoever registers the next one does not tell us (section 4.2).
* RFC 822 lets a list have empty elements; NOTIFY may have none here. One may stand twice, for nothing forbids it.
* To a server that does not offer it a client sends the letter without the parameters (section 5.2.2 (a)).
* A relay adds no ORCPT of its own (section 5.2.1 (d), a MAY).
"""

from esmtp_lab.protocol.extension import Extension, ParameterForm
from esmtp_lab.protocol.notify import KEYWORD

_ELEMENT = "(?:SUCCESS|FAILURE|DELAY)"
_NOTIFY = f"(?i:NEVER|{_ELEMENT}(?:,{_ELEMENT})*)"
# xtext for white space and graphic characters alone
_XTEXT = r"(?:[!-*,-<>-~]|\+(?:09|[2-6][0-9A-F]|7[0-9A-E]))"
_ATOM = r"[!#-'*+\-/0-9?A-Z^-~]+"


def _within(octets: int, value: str) -> str:
    """A pattern for a value of at most so many octets."""
    return rf"(?=.{{1,{octets}}}\Z){value}"


DSN = Extension(
    name="Delivery Status Notification",
    ehlo_keyword=KEYWORD,
    defined_in="RFC 3461",
    meaning="the client says which outcomes it wants to be told of, and how much of the letter is to come back",
    mail_parameters=(
        ParameterForm(
            "RET",
            "(?i:FULL|HDRS)",
            "RET=FULL or RET=HDRS",
            "whether a report of failure returns the letter or its header section",
            onward=True,
        ),
        ParameterForm(
            "ENVID",
            _within(100 - len("ENVID="), f"{_XTEXT}+"),
            "ENVID=xtext",
            "a name for this sending, which reports repeat",
            onward=True,
        ),
    ),
    rcpt_parameters=(
        ParameterForm(
            "NOTIFY",
            _NOTIFY,
            "NOTIFY=NEVER, or of SUCCESS,FAILURE,DELAY those wanted",
            "which outcomes are to be reported",
            onward=True,
        ),
        ParameterForm(
            "ORCPT",
            _within(500 - len("ORCPT="), f"{_ATOM};{_XTEXT}*"),
            "ORCPT=address-type;xtext",
            "the recipient as the sender wrote it, whatever becomes of the address",
            onward=True,
        ),
    ),
    # section 5.4: SP ENVID (100) SP RET (8), SP ORCPT (500) SP NOTIFY (28)
    line_growth={"MAIL": 110, "RCPT": 530},
)
