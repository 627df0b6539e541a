"""Section numbers and titles ship with the lab and the texts do not; where these are, both are compared."""

import os
import re
from pathlib import Path

import pytest

from esmtp_lab.errors import DataError
from esmtp_lab.rules.book import book
from esmtp_lab.rules.sections import section_order, section_title, section_titles
from esmtp_lab.rules.texts import find_section, sections, without_furniture
from tests.rules.make_sections import DATA, DOCUMENTS, titles, written

SHARED = Path(__file__).resolve().parents[3] / "shared" / "rfc"

UNNUMBERED = {3030: {"8", "9"}}
"""Sections that have a number in the table of contents alone."""


@pytest.fixture
def texts() -> Path:
    if not SHARED.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"the RFC texts are not at {SHARED}")
        pytest.skip("NOT CHECKED: the RFC texts are not here")
    return SHARED


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_titles_are_those_of_the_text(texts, document):
    assert titles(texts, document) == dict(section_titles()[document])


def test_the_data_file_is_as_it_is_made(texts):
    assert DATA.read_text("utf-8") == written(texts)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_entry_of_a_table_of_contents_is_found(texts, document):
    text = (texts / f"rfc{document}.txt").read_text("utf-8-sig")
    listed = set(re.findall(r"^ {0,9}([0-9]+(?:\.[0-9]+)*)\.? .*(?:\.{3}|\. \.|\.{2})[ .]*\d+$", text, re.MULTILINE))
    assert listed - {each.number for each in sections(text)} == UNNUMBERED.get(document, set())


def test_every_rule_stands_in_a_section_that_is_known():
    assert [rule.id for rule in book().rules if not section_title(rule.rfc, rule.section)] == []


def test_the_section_of_every_rule_can_be_shown(texts):
    places = {(rule.rfc, rule.section) for rule in book().rules}
    assert all(find_section(texts, document, section)[0].text for document, section in places)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_head_or_foot_of_a_page_is_left(texts, document):
    text = without_furniture((texts / f"rfc{document}.txt").read_text("utf-8-sig"))
    assert "[Page" not in text
    assert "\f" not in text
    left = [line for line in text.split("\n") if re.match(rf"RFC ?{document}\b.* (?:19|20)\d\d$", line)]
    assert len(left) <= 1, "the cover of RFC 821 has such a line itself"


def test_a_paragraph_over_a_page_break_is_one_again(texts):
    (section,) = find_section(texts, 2821, "4.1.4")
    assert section.title == "Order of Commands"
    assert section.text.startswith("4.1.4 Order of Commands\n\n   There are restrictions")
    assert section.text.endswith("even when no\n   session opening command was sent and accepted.")
    assert "\n\n\n" not in section.text
    assert [each.number for each in find_section(texts, 821, "4.2")] == ["4.2", "4.2.1", "4.2.2"]


PAGES = """\
1. First

   A sentence that
   goes


Somebody                    Standards Track                     [Page 1]
\f
RFC 1                          Things                        April 2001


   on, and ends.

   1. an item, and no section

2.  A title that needs
    two lines

   Text. 1. is no heading.

2.1 Inside

A. Appendix
"""


def test_sections_of_a_small_document():
    found = list(sections(PAGES))
    assert [(each.number, each.title) for each in found] == [
        ("1", "First"),
        ("2", "A title that needs two lines"),
        ("2.1", "Inside"),
        ("A", "Appendix"),
    ]
    assert "   A sentence that\n   goes\n   on, and ends.\n" in found[0].text


def test_a_text_that_is_not_there_says_where_it_is(tmp_path):
    with pytest.raises(DataError, match=r"rfc-editor\.org/rfc/rfc2821\.txt"):
        find_section(tmp_path, 2821, "1")
    (tmp_path / "rfc2821.txt").write_text("1. One\n\n   text\n")
    with pytest.raises(DataError, match=r"has no section 4\.1"):
        find_section(tmp_path, 2821, "4.1")
    assert find_section(tmp_path, 2821, "1")[0].text == "1. One\n\n   text"


def test_sections_sort_as_the_documents_do():
    assert sorted(["A", "4.10", "F.2", "4.2", "F", "4"], key=section_order) == ["4", "4.2", "4.10", "A", "F", "F.2"]
