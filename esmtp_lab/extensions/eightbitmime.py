"""8BITMIME: content may hold octets above 127 where the client says so (RFC 6152)."""

from esmtp_lab.protocol.extension import Context, Extension, ParameterForm
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.protocol.transaction import Content, Envelope
from esmtp_lab.wire.content import unlined
from esmtp_lab.wire.parameter import Parameter


def _adds(envelope: Envelope, content: bytes) -> tuple[Parameter, ...]:
    return () if content.isascii() else (Parameter("BODY", b"8BITMIME"),)


def _needed_for(content: bytes) -> str:
    """RFC 6152 section 3 is about text; what is not made of lines needs more than this extension, and not this one."""
    if content.isascii() or unlined(content) is not None:
        return ""
    return "the letter holds octets above 127 and the server does not offer 8BITMIME"


def _checks_content(context: Context, content: Content) -> Answer | None:
    """RFC 6152 section 3: without BODY=8BITMIME the client promised seven bits."""
    if content.eight_bit and Parameter("BODY", b"7BIT") in context.envelope.parameters:
        return Answer("eight-bit-refused")
    return None


EIGHTBITMIME = Extension(
    name="8bit-MIMEtransport",
    ehlo_keyword="8BITMIME",
    defined_in="RFC 6152",
    meaning="the server keeps the high bit of every octet of the content",
    mail_parameters=(
        ParameterForm("BODY", "(?i:7BIT|8BITMIME)", "BODY=7BIT or BODY=8BITMIME", "whether octets above 127 will come"),
    ),
    # RFC 6152 section 2 names no growth; SP "BODY=8BITMIME" fits into what a path leaves of a command line.
    adds=_adds,
    needed_for=_needed_for,
    checks_content=_checks_content,
)
