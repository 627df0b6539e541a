"""A rule's line through the standards: each era cites the newest document that it knows, and no older one beside it."""

import pytest

from esmtp_lab.lab import Lab
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.rules.book import book

NEWER = [rule for rule in book().rules if rule.rfc in (5321, 7504)]


@pytest.mark.parametrize("rule", NEWER, ids=lambda rule: rule.id)
def test_a_rule_of_rfc_5321_replaces_those_of_its_lineage(rule):
    holding = [each for each in book().in_era(ERAS["rfc5321"]) if each.lineage == rule.lineage]
    assert rule in holding
    assert {each.rfc for each in holding} == {rule.rfc}
    assert [era.name for era in ERAS.values() if rule in book().in_era(era)] == ["rfc5321"]


@pytest.mark.parametrize("rule", NEWER, ids=lambda rule: rule.id)
def test_a_rule_of_rfc_5321_says_something_else_than_the_one_before(rule):
    before = [each for each in book().by_lineage[rule.lineage] if each.rfc == 2821]
    assert all((each.level, each.terms) != (rule.level, rule.terms) for each in before)


CITED = [
    ("EHLO a", "MAIL FROM:<a@b> NOSUCH=1", "parameter-refused", {"rfc1869": 1869, "rfc2821": 2821, "rfc5321": 5321}),
    ("HELO a", "QUIT", "quit-closes", {"rfc821": 821, "rfc2821": 2821, "rfc5321": 5321}),
    ("EHLO a", "NOOP ", "trailing-space", {"rfc2821": 2821, "rfc5321": 5321}),
    ("EHLO a", "MAIL FROM:<@c:a@b>", "source-route-ignored", {"rfc2821": 2821, "rfc5321": 2821}),
    ("EHLO a", "MAIL FROM:<@c:a@b>", "route-first-host", {"rfc2821": 2821, "rfc5321": 5321}),
]


@pytest.mark.parametrize(("hello", "line", "lineage", "documents"), CITED, ids=lambda value: str(value)[:20])
def test_one_line_in_several_eras(hello, line, lineage, documents):
    for era, document in documents.items():
        lab = Lab(era, client_era=era)
        lab.send(hello)
        found = [
            each.rule.rfc
            for crossing in lab.send(line)
            for each in lab.explain(crossing).citations
            if each.rule.lineage == lineage
        ]
        assert found, (era, lineage)
        assert set(found) == {document}, (era, lineage)
