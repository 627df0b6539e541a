"""Written lines: how they are numbered, what ends them, and how they read as text."""

import pytest

from esmtp_lab.wire.transcript import Entry, as_sent, read, read_line


def test_lines_are_counted_from_one() -> None:
    assert [entry.number for entry in read([b"C: a\n", b"\n", b"S: 250\n"])] == [1, 2, 3]
    assert (read_line(b"C: a").number, as_sent(b"a").number) == (1, 1)
    assert (read_line(b"C: a", 7).number, as_sent(b"a", 7).number) == (7, 7)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
@pytest.mark.parametrize("text", [b"X", b"n", b"r", b"a\nX", b"a\rX"])
def test_lf_or_crlf_ends_a_written_line(text: bytes, end: bytes) -> None:
    (entry,) = read([b"C: " + text + end])
    assert entry.octets == text + b"\r\n"


@pytest.mark.parametrize(
    ("octets", "text"),
    [(b"NOOP\r\n", "NOOP"), (b"NOOP", "NOOP"), (b"caf\xc3\xa9\r\n", "caf\xe9"), (b"a\xffb\r\n", "a\\xffb"), (b"", "")],
)
def test_an_entry_as_text(octets: bytes, text: str) -> None:
    """What is no UTF-8 is spelt out."""
    assert Entry(1, "C", octets).text == text


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        (b"C: NOOP", Entry(1, "C", b"NOOP\r\n", True, 3, False, b"C: NOOP")),
        (b"C:NOOP", Entry(1, "C", b"NOOP\r\n", True, 2, False, b"C:NOOP")),
        (b"C:", Entry(1, "C", b"\r\n", True, 2, False, b"C:")),
        (b"S: 250", Entry(1, "S", b"250\r\n", True, 3, False, b"S: 250")),
        (b"C\\: a\\n", Entry(1, "C", b"a\n", True, 4, True, b"C\\: a\\n")),
        (b"NOOP", Entry(1, "C", b"NOOP\r\n", False, 0, False, b"NOOP")),
        (b"=== closed ", Entry(1, "moment", b"closed", True, 3, False, b"=== closed ")),
        (b"#! pause", Entry(1, "direction", b"pause", True, 2, False, b"#! pause")),
        (b"# so", Entry(1, "remark", b"so", True, 1, False, b"# so")),
        (b"> a=b", Entry(1, "holds", b"a=b", True, 1, False, b"> a=b")),
        (b" \t", Entry(1, "blank", b"", False, 0, False, b" \t")),
    ],
)
def test_what_a_written_line_is(line: bytes, entry: Entry) -> None:
    assert read_line(line) == entry


def test_what_an_entry_does_not_say() -> None:
    assert Entry(1, "C", b"") == (1, "C", b"", True, 0, False, b"")
