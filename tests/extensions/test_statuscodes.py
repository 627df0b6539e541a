"""The registry of enhanced status codes says what IANA's says; the words are our own."""

import re

import pytest

from esmtp_lab.errors import DataError
from esmtp_lab.extensions.known import status_in, status_of
from esmtp_lab.extensions.statuscodes import ANY, read_status_codes, status_codes
from esmtp_lab.lab import Lab
from esmtp_lab.protocol.replies import catalogue
from tests.extensions.shelf import records, rfcs, said, text

IANA = "iana-smtp-enhanced-status-codes.xml"
CODES = status_codes().codes


def by_code():
    return {said(each, "code"): each for each in records(IANA, "smtp-enhanced-status-codes-3")}


def test_classes_subjects_and_codes_are_those_of_the_registry():
    classes = [said(each, "code").partition(".")[0] for each in records(IANA, "smtp-enhanced-status-codes-1")]
    subjects = [said(each, "code").split(".")[1] for each in records(IANA, "smtp-enhanced-status-codes-2")]
    assert (list(status_codes().classes), list(status_codes().subjects)) == (classes, subjects)
    assert list(CODES) == list(by_code())


def test_the_reply_codes_that_a_code_goes_with_are_those_of_the_registry():
    for code, record in by_code().items():
        cell = said(record, "basic_code")
        wanted = set(re.findall(r"\b\d{3}\b", cell))
        wanted |= {"5yz"} if cell == "5XX" else set()
        wanted |= {"4yz", "5yz"} if "other 4XX or 5XX" in cell else set()
        wanted |= {ANY} if cell == "Any" else set()
        assert set(CODES[code].basic) == wanted, code
        assert bool(wanted) == (cell not in ("Not given", ".", "")), cell


def test_the_documents_of_a_code_are_those_of_the_registry():
    for code, record in by_code().items():
        assert list(CODES[code].rfcs) == rfcs(record, "i:reference"), code


_ONLY = (
    (r"only (?:useful )?(?:for|as) (?:a )?permanent|should be used as a permanent", "5"),
    (r"only as a persistent\s+transient|should be used as a persistent\s+transient", "4"),
    (r"both permanent and persistent transient|permanent or persistent temporary", "45"),
    (r"permanent failure or a persistent transient", "45"),
    (r"positive delivery reports", "2"),
    (r"permanent, transient persistent, or successful", "245"),
    (r"also be a permanent error if", "25"),
)


def test_the_classes_that_a_code_is_for_are_those_of_the_registry():
    for code, record in by_code().items():
        words = said(record, "description")
        wanted = next((classes for pattern, classes in _ONLY if re.search(pattern, words)), "")
        assert CODES[code].classes == wanted, code


def test_the_words_are_our_own():
    for code, record in by_code().items():
        says = CODES[code].says
        assert says.strip(".") == says and (says[0].islower() or says[:3] in ("SPF", "DKI"))
        for theirs in (said(record, "description"), said(record, "sample"), text(3463)):
            assert says.lower() not in theirs.lower() or len(says) < 30, code


def test_every_code_that_our_server_says_is_registered():
    said_by_us = {detail for entry in catalogue().entries.values() for detail in entry.details.values() if detail}
    assert said_by_us
    assert [code for code in said_by_us if status_codes().find(code) is None] == []


@pytest.mark.parametrize(
    ("code", "reply", "told"),
    [
        ("5.1.1", 550, "Failed for good: there is no such mailbox; what stands left of the @ is wrong."),
        ("4.2.2", 452, "Failed for now: the mailbox is full; its owner can make room. The registry has it beside 552."),
        ("4.1.2", 450, "The registry has it for the class 5."),
        ("4.1.1", 450, "The registry has it beside 451 and 550."),
        ("2.0.0", 250, "Done: only the class is known, and nothing more."),
        ("5.7.99", 550, "Failed for good, about security or policy; a detail that is not registered."),
        ("5.99.1", 550, "Failed for good; a detail that is not registered."),
        ("3.0.0", 0, "Class 3 is none"),
    ],
)
def test_any_code_is_explained(code, reply, told):
    status = status_of(code, reply)
    assert told in status.full


def test_a_code_stands_in_the_first_line_of_a_reply_and_nowhere_else():
    lab = Lab()
    lab.send("EHLO me.example")
    said, answered = (lab.explain(crossing) for crossing in lab.send("MAIL FROM:<me@me.example>"))
    assert status_in(said) is None
    assert status_in(answered).about == "2.1.0"
    assert status_in(answered._replace(line="last")) is None


def test_what_goes_with_what():
    assert CODES["X.0.0"].goes_with(250) and CODES["X.7.17"].goes_with(550) and CODES["X.7.15"].goes_with(421)
    assert CODES["X.7.17"].goes_with(450) is False
    assert CODES["X.1.2"].goes_with(550) is None


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ('"1.1" = { says = "x", rfcs = [] }', 'is no code. Write "X.1.1"'),
        ('"X.1.1" = { rfcs = [] }', 'has no meaning. Add says = "…"'),
        ('"X.1.1" = { says = "x" }', "does not say what defines it"),
        ('"X.1.1" = { says = "x", rfcs = 3463 }', "rfcs is a list of numbers, not 3463"),
        ('"X.1.1" = { says = 1, rfcs = [] }', "says is text in quotes, not 1"),
        ('"X.1.1" = { says = "x", rfcs = [], basic = "5xx" }', "basic lists reply codes"),
        ('"X.1.1" = { says = "x", rfcs = [], classes = "3" }', "classes is made of 2, 4 and 5"),
        ('"X.1.1" = { says = "x", rfcs = [], colour = "3" }', "knows no key 'colour'"),
        ('"X.1.1" = 1', "is no table"),
        ("[", "is not TOML"),
        ("[more]", "has the tables classes, subjects and codes"),
    ],
)
def test_a_file_that_is_not_good_says_what_to_mend(codes, message):
    with pytest.raises(DataError, match=re.escape(message)):
        read_status_codes(f"version = 1\n[classes]\n[subjects]\n[codes]\n{codes}\n", "mine.toml")
    with pytest.raises(DataError, match="Add version = 1"):
        read_status_codes("", "mine.toml")
