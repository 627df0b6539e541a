"""The inventory is whole: every normative line of the three standards has a rule, or a reason for having none."""

import re

import pytest

from esmtp_lab.rules.book import book
from tests.rules.stock import DOCUMENTS, inventory, normative, passage, text

HEADINGS = {
    821: re.compile(r" *(?:APPENDIX ([A-Z])|([0-9](?:\.[0-9])*)\.  [A-Z -]+)"),
    1869: re.compile(r"([0-9]+(?:\.[0-9])*)\.  [A-Z].*"),
    2821: re.compile(r"([0-9]{1,2}(?:\.[0-9]+)*|[A-Z](?:\.[0-9])?)\.? +[A-Z#\"'].*"),
}


def folded(words: str) -> str:
    return re.sub(r"\s+|(?<=-) ", " ", words).lower()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_normative_line_is_in_the_inventory(document):
    covered = {number for entry in inventory(document) for number in entry.lines}
    missing = [f"{number}: {text(document)[number].strip()}" for number in normative(document) if number not in covered]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_entries_name_lines_that_are_there(document):
    size = len(text(document))
    assert [entry for entry in inventory(document) if not 0 < entry.lines.start < entry.lines.stop <= size] == []
    assert [entry for entry in inventory(document) if not passage(document, entry.lines)] == []
    assert [entry for entry in inventory(document) if len(entry.lines) > 40] == [], "longer than any one statement"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_entries_and_rules_name_each_other(document):
    rules = {rule.id: rule for rule in book().rules if rule.rfc == document}
    sources = {entry.rule for entry in inventory(document) if entry.rule and not entry.again}
    assert sorted(sources - set(rules)) == [], "entries whose rule is not in the book"
    assert sorted(set(rules) - sources) == [], "rules that stand on no line"
    again = {entry.rule for entry in inventory(document) if entry.again}
    assert sorted(again - set(book().by_id)) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_terms_of_a_rule_stand_in_its_lines(document):
    wrong = []
    for rule in (rule for rule in book().rules if rule.rfc == document):
        passages = [folded(passage(document, each.lines)) for each in inventory(document) if each.rule == rule.id]
        wrong += [f"{rule.id}: {term!r}" for term in rule.terms if not any(folded(term) in each for each in passages)]
    assert wrong == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_lines_of_a_rule_stand_in_its_section(document):
    section, number_of = "", {}
    for number, line in enumerate(text(document)):
        if match := HEADINGS[document].fullmatch(line.rstrip()):
            section = next(filter(None, match.groups()))
        number_of[number] = section
    wrong = []
    for entry in inventory(document):
        rule = book().by_id.get(entry.rule)
        if rule is not None and not entry.again and rule.rfc == document:
            found = number_of[entry.lines.start]
            if found != rule.section and not found.startswith(f"{rule.section}."):
                wrong.append(f"{rule.id} stands in {found}: lines {entry.lines.start}-{entry.lines.stop - 1}")
    assert wrong == []
