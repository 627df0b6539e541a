"""What shown.toml names is there, and the table by keyword leaves no extension of the lab out."""

import pytest

from esmtp_lab.extensions import SHIPPED

from .table import cases, documents, names, row, rules_of, shown, table

EACH = pytest.mark.parametrize("extension", SHIPPED, ids=lambda extension: extension.ehlo_keyword)
BY_KEYWORD = {each.ehlo_keyword: each for each in SHIPPED}


@pytest.mark.parametrize("keyword", shown())
def test_every_test_that_is_named_is_there(keyword):
    named = shown()[keyword]
    assert keyword in BY_KEYWORD
    assert [test for test in (*named.examples, *named.foreign.values()) if not cases(test)] == []


@EACH
def test_every_extension_has_rules_witnesses_and_examples(extension):
    """Where this fails for a new extension, name its tests in shown.toml."""
    found = row(extension)
    assert found.sides != "-"
    assert found.rules and found.keeps and found.examples, found
    assert found.keeps <= found.rules and found.breaks <= found.rules


def test_rules_go_to_the_extension_that_they_speak_of():
    chunks, binary = (set(rules_of(BY_KEYWORD[each])) for each in ("CHUNKING", "BINARYMIME"))
    assert documents(BY_KEYWORD["CHUNKING"]) == documents(BY_KEYWORD["BINARYMIME"]) >= {3030}
    assert chunks - binary and binary - chunks
    assert names(BY_KEYWORD["SIZE"]) == {"SIZE"}
    assert documents(BY_KEYWORD["HELP"]) == documents(BY_KEYWORD["XPONG"]) == set()
    assert all(rule.rfc == 1870 or "SIZE" in str((rule.when, rule.broken)) for rule in rules_of(BY_KEYWORD["SIZE"]))


def test_the_table_has_a_line_for_each():
    lines = list(table())
    assert [line.split()[0] for line in lines] == ["keyword", *BY_KEYWORD]
