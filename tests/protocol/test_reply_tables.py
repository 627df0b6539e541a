"""The codes of each command, held to the tables of RFC 821 section 4.3, RFC 2821 and RFC 5321 section 4.3.2.

Where a form has another code than the table, CHOICES says why; the comments over FORMS say more.
"""

import os
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from esmtp_lab.extensions import SHIPPED
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.session import CONTINUATION, END_OF_DATA, GREETING, HANDSHAKE, LAST_CHUNK

SHARED = Path(__file__).resolve().parents[3] / "shared" / "rfc"
R821, R1869, R2821, R5321 = "rfc821", "rfc1869", "rfc2821", "rfc5321"
TABLES = {
    R821: (821, "COMMAND-REPLY SEQUENCES"),
    R1869: (821, "COMMAND-REPLY SEQUENCES"),
    R2821: (2821, "Specific sequences are:"),
    R5321: (5321, "Specific sequences are:"),
}
"""The RFC whose table counts in an era, and the words behind which it stands; RFC 1869 has none of its own."""
ANY = frozenset({421, 500, 501})
"""Codes that any command may get, which forms do not list."""


class Choice(NamedTuple):
    """Codes that stand in a form and not in the table, or in the table and not in the form."""

    eras: str
    entry: str
    added: frozenset[int] = frozenset()
    left_out: frozenset[int] = frozenset()
    why: str = ""


CHOICES = (
    Choice("rfc821 rfc1869", GREETING, added=frozenset({421}), why="the one there is, and not as at any time"),
    Choice("rfc5321", GREETING, added=frozenset({521}), why="RFC 7504 section 5.1"),
    Choice("rfc2821", "EHLO", added=frozenset({502, 554}), why="RFC 1869 sections 4.4 and 4.5"),
    Choice("rfc5321", "EHLO", added=frozenset({554}), why="RFC 1869 section 4.4"),
    Choice("rfc5321", "HELO", left_out=frozenset({502}), why="the table means EHLO by it"),
    Choice("rfc821 rfc1869", "MAIL", added=frozenset({503}), why="RFC 821 section 4.1.1"),
    Choice("rfc1869", "MAIL", added=frozenset({455, 555}), why="RFC 1869 section 6.1"),
    Choice("rfc1869", "RCPT", added=frozenset({455, 555}), why="RFC 1869 section 6.1"),
    Choice("rfc2821", "MAIL", added=frozenset({455, 555}), why="RFC 2852 section 4, where DELIVERBY is spoken"),
    Choice("rfc5321", "RCPT", added=frozenset({556}), why="RFC 7504 section 5.1"),
    Choice("rfc1869 rfc2821 rfc5321", "MAIL", added=frozenset({530}), why="RFC 4954 section 6, where AUTH is spoken"),
    Choice("rfc1869 rfc2821 rfc5321", "MAIL", added=frozenset({450}), why="RFC 6710 section 4.1, where MT-PRIORITY is"),
    Choice("rfc1869", "MAIL", added=frozenset({550}), why="RFC 6531 section 3.5 and RFC 6710 section 4.1"),
    Choice("rfc821 rfc1869", "RSET", left_out=frozenset({504}), why="it has no parameter"),
    Choice("rfc821 rfc1869", "VRFY", added=frozenset({252}), why="RFC 1123 section 5.2.3"),
    Choice("rfc821 rfc1869", "EXPN", added=frozenset({252}), why="RFC 2821 section 7.3, which no older text forbids"),
)
OTHERS = {
    (R1869, "EHLO"): ({250}, {502, 504, 550, 554}),  # RFC 1869 sections 4.2, 4.4 and 4.5; 504 as HELO has it
    ("", "SEND"): ({250}, {552, 451, 452, 502}),  # RFC 821 section 4.3
    ("", "SOML"): ({250}, {552, 451, 452, 502}),
    ("", "SAML"): ({250}, {552, 451, 452, 502}),
    ("", "TURN"): ({250}, {502, 503}),
    ("", "AUTH"): ({235, 334}, {432, 454, 503, 504, 530, 534, 535, 538}),  # RFC 4954 sections 4 and 6, RFC 2554
    ("", CONTINUATION): ({235, 334}, {501, 535}),  # RFC 4954 section 4
    ("", "STARTTLS"): ({220}, {454}),  # RFC 3207 section 4
    ("", HANDSHAKE): (set(), set()),  # no line answers it
    ("", "ETRN"): ({250, 251, 252, 253}, {458, 459, 503}),  # RFC 1985 section 5.1; a transaction is no place for it
    ("", "XPING"): ({250}, {501}),
    # RFC 3030 section 2 has 250 and 503, and else what fits; that is what the tables have for the end of data
    ("", "BDAT"): ({250}, {450, 451, 452, 503, 550, 552, 554}),
    ("", LAST_CHUNK): ({250}, {450, 451, 452, 503, 550, 552, 554}),
}
"""What stands in no table of an era: success with what asks for more, and failure."""


@cache
def table(era: str) -> dict[str, tuple[set[int], set[int]]]:
    """The table that counts in an era: by input, the codes for success or for more to come, and those for failure."""
    document, heading = TABLES[era]
    if not SHARED.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"the RFC texts are not at {SHARED}")
        pytest.skip("NOT CHECKED: the RFC texts are not here")
    _, _, text = (SHARED / f"rfc{document}.txt").read_text("utf-8-sig").partition(heading)
    text = re.split(r"\n *4\.4\.? ", text)[0]
    found: dict[str, tuple[set[int], set[int]]] = {}
    entries: list[str] = []
    behind_data = 0
    for line in re.sub(r"\([^()]*\)", "", text).splitlines():
        if match := re.fullmatch(r" +(CONNECTION ESTABLISHMENT|[A-Z]{4}(?: or [A-Z]{4})?)", line):
            entries = [GREETING] if " E" in match[1] else match[1].split(" or ")
            behind_data = 0
            found |= {entry: (set(), set()) for entry in entries}
        elif match := re.fullmatch(r"( +I: (\d+) -> data -> )S: (\d+)", line):
            behind_data = len(match[1])
            found["DATA"][0].add(int(match[2]))
            found[END_OF_DATA] = ({int(match[3])}, set())
        elif match := re.fullmatch(r"( +)([SFE]): (.*)", line):
            for entry in [END_OF_DATA] if behind_data == len(match[1]) else entries:
                found[entry][match[2] != "S"].update(map(int, re.findall(r"\d+", match[3])))
    return found


def wanted(era: str, entry: str) -> tuple[set[int], set[int]]:
    """The codes of an input in an era: those of the table with our choices, or else OTHERS."""
    other = OTHERS.get((era, entry))
    success, failure = other or table(era).get(entry) or OTHERS["", entry]
    failure = failure - ANY if entry in table(era) and not other else failure
    for choice in CHOICES:
        if choice.entry == entry and era in choice.eras.split():
            success = success | {code for code in choice.added if code < 400}
            failure = failure - choice.left_out | {code for code in choice.added if code >= 400}
    return success, failure


@pytest.mark.parametrize("era", ERAS)
def test_forms_have_the_codes_of_the_table(era: str) -> None:
    forms = Dialect(ERAS[era], SHIPPED).forms
    found = {entry: ({*form.success, *form.intermediate}, {*form.failure}) for entry, form in forms.items()}
    assert found == {entry: wanted(era, entry) for entry in forms}
    assert {code for form in forms.values() for code in form.intermediate} <= {334, 354}


@pytest.mark.parametrize("era", ERAS)
def test_every_command_of_the_table_has_a_form(era: str) -> None:
    assert table(era).keys() <= Dialect(ERAS[era], SHIPPED).forms.keys()


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: f"{choice.entry} {choice.eras}")
def test_a_choice_differs_from_the_table(choice: Choice) -> None:
    for era in choice.eras.split():
        success, failure = table(era)[choice.entry]
        assert not choice.added & (success | failure - ANY)
        assert choice.left_out <= failure


def test_the_tables_are_read_whole() -> None:
    """Some codes that every reader of the texts can look up."""
    assert [len(table(era)) for era in (R821, R2821, R5321)] == [16, 13, 13]
    assert table(R821)["SOML"] == ({250}, {552, 451, 452, 500, 501, 502, 421})
    assert table(R821)[END_OF_DATA] == table(R2821)[END_OF_DATA] == ({250}, {552, 554, 451, 452})
    assert table(R5321)[END_OF_DATA] == ({250}, {552, 554, 451, 452, 450, 550})
    assert table(R5321)["EHLO"] == ({250}, {502, 504, 550})
    assert table(R5321)["DATA"] == ({354}, {503, 554})
    assert table(R2821)["RCPT"] == ({250, 251}, {550, 551, 552, 553, 450, 451, 452, 503})
