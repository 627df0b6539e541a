"""The reply catalogue: how a situation becomes a code and lines, and what no line may be or hold."""

import pytest

from esmtp_lab.protocol.replies import LONGEST_TEXT, Answer, Composed, catalogue
from esmtp_lab.wire.reply import Reply


def test_a_line_has_512_octets_at_most() -> None:
    """RFC 821 section 4.5.3, RFC 2821 section 4.5.3.1: with code and CRLF."""
    full = Composed(250, ("x" * LONGEST_TEXT,)).reply()
    assert len(full.render()) == 512
    assert full == Reply(250, (b"x" * LONGEST_TEXT,))


@pytest.mark.parametrize("more", [1, 2, 1000])
def test_what_is_longer_ends_in_dots(more: int) -> None:
    cut = Composed(250, ("x" * (LONGEST_TEXT + more),)).reply()
    assert len(cut.render()) == 512
    assert cut.lines == (b"x" * (LONGEST_TEXT - 4) + b" ...",)


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("a\tb", b"a?b"),
        ("a\r\nb", b"a??b"),
        ("a\0b\x7f", b"a?b?"),
        ("caf\xe9", b"caf\\x{E9}"),
        (" ~", b" ~"),
        ("", b""),
    ],
)
def test_a_line_is_printable_ascii(text: str, octets: bytes) -> None:
    assert Composed(250, (text, text)).reply() == Reply(250, (octets, octets))


@pytest.mark.parametrize(
    ("answer", "era", "composed"),
    [
        (Answer("helo", {"domain": "a"}), "rfc2821", Composed(250, ("a",))),
        (Answer("helo", {"domain": "a", "more": "b"}, ("x", "y")), "rfc2821", Composed(250, ("a", "x", "y"))),
        (Answer("help", {}, ("x",)), "rfc2821", Composed(214, ("x",), "2.0.0")),
        (Answer("help"), "rfc2821", Composed(214, ("",), "2.0.0")),
        (Answer("reset"), "rfc2821", Composed(250, ("Flushed",), "2.0.0")),
        (Answer("reset"), "rfc821", Composed(250, ("OK",), "2.0.0")),
        (Answer("auth-ok"), "rfc2821", Composed(235, ("Authentication successful",), "2.7.0")),
        (Answer("start-content"), "rfc821", Composed(354, ("Start mail input; end with <CRLF>.<CRLF>",))),
        (Answer("mailbox-full"), "rfc2821", Composed(452, ("Mailbox ? is full",), "4.2.2")),
        (
            Answer("greeting", {"domain": "a"}, ("b",)),
            "rfc821",
            Composed(220, ("a Simple Mail Transfer Service Ready", "b")),
        ),
    ],
)
def test_a_situation_becomes_a_code_and_lines(answer: Answer, era: str, composed: Composed) -> None:
    """A field that is not there is left out of the text; an era may word it otherwise."""
    assert catalogue().compose(answer, era) == composed


@pytest.mark.parametrize(
    ("key", "codes"),
    [
        ("no-service", (421, 421, 554, 554)),
        ("no-mail", (421, 421, 554, 521)),
        ("domain-no-mail", (550, 550, 550, 556)),
        ("too-many-recipients", (552, 552, 452, 452)),
        ("parameter-for-now", (501, 455, 451, 455)),
        ("parameter-unknown", (501, 555, 501, 555)),
    ],
)
def test_where_the_eras_have_different_codes(key: str, codes: tuple[int, ...]) -> None:
    """RFC 821 section 4.3, RFC 1869 section 6.1, RFC 2821 sections 3.1 and 4.5.3.1, RFC 7504 sections 3 and 4."""
    entry = catalogue().entries[key]
    assert tuple(entry.code(era) for era in ("rfc821", "rfc1869", "rfc2821", "rfc5321")) == codes
