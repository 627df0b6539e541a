"""Eras: the documents that each rests on, when they came, and which verbs they know."""

import os
import re
from pathlib import Path

import pytest

from esmtp_lab.errors import DataError
from esmtp_lab.protocol.era import DEFAULT_ERA, ERAS, find_era

SHARED = Path(__file__).resolve().parents[3] / "shared" / "rfc"
OF_1982 = "HELO MAIL RCPT DATA RSET SEND SOML SAML VRFY EXPN HELP NOOP QUIT TURN"
EXTENSIONS = {1870, 6152, 2920, 2034, 3207, 4954, 8689, 3030}
"""Where SIZE, 8BITMIME, PIPELINING, ENHANCEDSTATUSCODES, STARTTLS, AUTH, REQUIRETLS, CHUNKING and BINARYMIME are
defined, in their latest form."""
RESTS_ON = {
    "rfc821": {821, 1123},
    "rfc1869": {1869, 1123, 821, *EXTENSIONS},
    "rfc2821": {2821, 1869, 1123, *EXTENSIONS},
    "rfc5321": {5321, 7504, 2821, 1869, 1123, *EXTENSIONS},
}
"""RFC 1123 amends RFC 821, RFC 1869 adds to both, RFC 7504 to RFC 5321; what they say of MX and hosts still holds."""


def document(number: int) -> str:
    """The text of an RFC."""
    if not SHARED.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"the RFC texts are not at {SHARED}")
        pytest.skip("NOT CHECKED: the RFC texts are not here")
    return (SHARED / f"rfc{number}.txt").read_text("utf-8-sig")


@pytest.mark.parametrize("name", ERAS)
def test_an_era_is_named_for_the_document_that_it_cites_first(name: str) -> None:
    era = ERAS[name]
    assert (era.name, name) == (name, f"rfc{era.documents[0]}")
    dated = re.search(r"(?:April|August|October|November) +(\d{4})", document(era.documents[0]))
    assert dated is not None
    assert era.year == int(dated[1])


@pytest.mark.parametrize("name", ERAS)
def test_what_an_era_rests_on(name: str) -> None:
    assert RESTS_ON[name] <= set(ERAS[name].documents)
    assert len(set(ERAS[name].documents)) == len(ERAS[name].documents)
    for number in ERAS[name].documents:
        assert document(number)


@pytest.mark.parametrize("name", ERAS)
def test_what_an_era_knows(name: str) -> None:
    """RFC 821 section 4.1.1; EHLO came with RFC 1869. What later standards dropped is still known."""
    era = ERAS[name]
    assert era.verbs == set(OF_1982.split()) | ({"EHLO"} if name != "rfc821" else set())
    assert era.speaks_ehlo == (name != "rfc821")
    assert era.required <= era.verbs


@pytest.mark.parametrize("name", ERAS)
def test_how_long_is_too_long(name: str) -> None:
    """RFC 821 section 4.5.3, RFC 2821 and RFC 5321 section 4.5.3.1."""
    era = ERAS[name]
    assert (era.command_line, era.reply_line, era.text_line, era.recipients) == (512, 512, 1000, 100)


def test_whose_grammar_an_era_has() -> None:
    """RFC 1869 left that of RFC 821 as it was."""
    names = [era.grammar.name for era in ERAS.values()]
    assert names == ["rfc821", "rfc821", "rfc2821", "rfc5321"]


def test_eras_come_in_their_order() -> None:
    assert list(ERAS) == sorted(ERAS, key=lambda name: ERAS[name].year)
    assert find_era(DEFAULT_ERA) is ERAS["rfc2821"]
    with pytest.raises(DataError, match="rfc821 or rfc1869 or rfc2821 or rfc5321"):
        find_era("rfc822")
