"""Content and lines in pieces: what a cut, a stuffed dot or a NUL must not hide."""

import pytest

from esmtp_lab.wire.content import Stamps, still_header
from esmtp_lab.wire.framing import Deviation, deviations
from esmtp_lab.wire.reply import Reply
from esmtp_lab.wire.transparency import Unstuffer
from esmtp_lab.wire.visible import encode


@pytest.mark.parametrize(
    ("octets", "found"),
    [
        (b"NOOP\r\n", ()),
        (b"a\0b\r\n", (Deviation(1, "nul"),)),
        (b"\0\0", (Deviation(0, "nul", 2),)),
        (b"a\xff\r\n", (Deviation(1, "eight-bit"),)),
        (b"a\rb\n", (Deviation(1, "bare-cr"), Deviation(3, "bare-lf"))),
        (b"\n\r\n", (Deviation(0, "bare-lf"),)),
        (b"\r\r\n", (Deviation(0, "bare-cr"),)),
    ],
)
def test_what_no_line_may_hold(octets: bytes, found: tuple[Deviation, ...]) -> None:
    """RFC 821 section 2.4.1 of CR and LF, RFC 2821 section 2.3.7; text is US-ASCII."""
    assert deviations(octets) == found


@pytest.mark.parametrize("cut", range(11))
def test_the_end_of_content_is_found_wherever_it_is_cut(cut: int) -> None:
    wire = b"ab\r\n.\r\nRSET"
    unstuffer = Unstuffer()
    block, rest = unstuffer.feed(wire[:cut])
    if rest is None:
        more, rest = unstuffer.feed(wire[cut:])
        block += more
    else:
        rest += wire[cut:]
    assert (block, rest) == (b"ab\r\n", b"RSET")


@pytest.mark.parametrize(
    ("line", "belongs"),
    [
        (b"A: b\r\n", True),
        (b" folded\r\n", True),
        (b"\tfolded\r\n", True),
        (b"..A: b\r\n", True),
        (b"..: b\r\n", True),
        (b".: b\r\n", False),
        (b": b\r\n", False),
        (b"\r\n", False),
        (b"text\r\n", False),
    ],
)
def test_what_belongs_to_the_header_section(line: bytes, belongs: bool) -> None:
    """RFC 2822 section 2.2: a name of one octet at least, and a colon; the dot that begins a line was stuffed."""
    assert still_header(line) == belongs


STAMPED = [
    (b"", 0),
    (b"Received: a\r\n", 1),
    (b"Received: a\r\n\r\n", 1),
    (b"Received: a", 0),
    (b"RECEIVED \t: a\r\nX: b\r\nreceived:\r\n\r\n", 2),
    (b"Received: a\r\n folded\r\n Received: b\r\nReceived: c\r\n", 2),
    (b"Received: a\r\n\r\nReceived: b\r\n", 1),
    (b"\r\nReceived: a\r\n", 0),
    (b"X-Received: a\r\nReceiveds: b\r\nReceived\r\n", 0),
    (b"X: " + b"x" * 200 + b"\r\nReceived: " + b"y" * 200 + b"\r\nReceived: z\r\n", 2),
    (b"Received: a\nReceived: b\rReceived: c\r\n", 1),
]


@pytest.mark.parametrize(("content", "found"), STAMPED)
def test_the_stamps_of_the_header_section_are_counted(content: bytes, found: int) -> None:
    """RFC 2821 sections 4.4 and 6.2: whole lines, up to the first empty one; however the content is cut."""
    whole = Stamps().plus(content)
    assert whole.found == found
    octet_by_octet = Stamps()
    for octet in content:
        octet_by_octet = octet_by_octet.plus(bytes([octet]))
    assert octet_by_octet == whole
    for cut in range(len(content)):
        assert Stamps().plus(content[:cut]).plus(content[cut:]) == whole


@pytest.mark.parametrize(
    ("content", "tail"),
    [
        (b"", b"\r\n"),
        (b"A: b", b"\r\nA: b"),
        (b"A: b\r\n", b"\r\n"),
        (b"A: b\r\nC", b"\r\nC"),
        (b"A: b\r\n\r\nC", b""),
        (b"A" * 62, b"\r\n" + b"A" * 62),
        (b"A" * 80 + b"B", b"\r\n" + b"A" * 62 + b"B"),
    ],
)
def test_of_a_line_that_is_not_over_its_begin_is_kept_and_its_last_octet(content: bytes, tail: bytes) -> None:
    """So that it takes no room however long it grows; the last octet may be the CR of its end."""
    assert Stamps().plus(content).tail == tail


@pytest.mark.parametrize("code", [200, 211, 250, 299, 354, 400, 421, 500, 554, 599])
def test_the_first_digit_of_a_code(code: int) -> None:
    """RFC 2821 section 4.2.1: it alone tells a client what to do."""
    assert str(Reply(code).severity) == str(code)[0]


def test_a_reply_without_words_is_one_line() -> None:
    assert Reply(250) == Reply(250, (b"",))
    assert Reply(250).render() == b"250 \r\n"


def test_half_a_surrogate_pair_is_octets_as_well() -> None:
    """Text that no UTF-8 can make, as JSON may hold it, breaks nothing."""
    assert encode("a\ud800b") == b"a\xed\xa0\x80b"
