"""BINARYMIME: content that need not be made of lines (RFC 3030 section 3).

It adds a value to the parameter BODY of 8BITMIME and does not need that extension. A letter whose content turns out to
be binary although its BODY did not say so is accepted, as the section asks.
"""

from esmtp_lab.protocol.extension import Context, Extension, ParameterForm
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.protocol.transaction import BINARY, Envelope
from esmtp_lab.wire.command import Command
from esmtp_lab.wire.content import unlined
from esmtp_lab.wire.parameter import Parameter


def _adds(envelope: Envelope, content: bytes) -> tuple[Parameter, ...]:
    return () if unlined(content) is None else (Parameter("BODY", BINARY),)


def _needed_for(content: bytes) -> str:
    place = unlined(content)
    return "" if place is None else f"the letter is binary from octet {place} on, and the server does not take that"


def _data(context: Context, command: Command) -> Answer | None:
    return Answer("data-for-binary") if context.envelope.binary else None


BINARYMIME = Extension(
    name="Binary MIME",
    ehlo_keyword="BINARYMIME",
    defined_in="RFC 3030",
    meaning="the server keeps every octet of the content, whether or not they make up lines",
    needs=("CHUNKING",),
    mail_parameters=(ParameterForm("BODY", "(?i:BINARYMIME)", "BODY=BINARYMIME", "whether any octets may come"),),
    line_growth={"MAIL": 16},
    checks={"DATA": _data},
    adds=_adds,
    needed_for=_needed_for,
)
