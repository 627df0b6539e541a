"""Suggestions: what may come next, and why not the others."""

import pytest

from esmtp_lab.lab import Lab
from esmtp_lab.suggest import Names, suggest

NAMES = Names("me.example", "me@me.example", ("ada@lab.example", "bob@lab.example"))


def asked(line: str, *before: str, policy: str = "lab", era: str = "rfc2821"):
    lab = Lab(era, client_era=era, policy=policy)
    for each in before:
        lab.send(each)
    client = lab.bench.client
    return suggest(line, client.position, client.dialect, tuple(client.offered), NAMES)


def texts(*arguments: str, **options: str) -> list[str]:
    return [each.text for each in asked(*arguments, **options) if not each.reason]


def test_what_is_legal_comes_first_and_the_rest_says_why():
    found = asked("")
    legal = [each.text for each in found if not each.reason]
    assert legal == [each.text for each in found[: len(legal)]]
    assert {"EHLO ", "HELO ", "NOOP", "QUIT", "RSET"} <= set(legal) | {"NOOP "}
    reasons = {each.text.strip(): each.reason for each in found if each.reason}
    assert reasons["MAIL"] == "needs EHLO first: 503"
    assert reasons["RCPT"] == "needs MAIL first: 503"
    assert reasons["DATA"].startswith("needs ")


def test_verbs_are_completed_in_any_case():
    assert texts("eh") == ["EHLO "]
    assert texts("rc", "EHLO a", "MAIL FROM:<a@b>") == ["RCPT "]


@pytest.mark.parametrize(
    ("line", "before", "found"),
    [
        ("EHLO ", [], ["me.example", "[127.0.0.1]"]),
        ("HELO m", [], ["me.example"]),
        ("MAIL ", ["EHLO a"], ["FROM:<"]),
        ("mail fr", ["EHLO a"], ["FROM:<"]),
        ("MAIL FROM:", ["EHLO a"], ["<me@me.example>", "<>"]),
        ("MAIL FROM:<m", ["EHLO a"], ["<me@me.example>"]),
        ("RCPT TO:<a", ["EHLO a", "MAIL FROM:<>"], ["<ada@lab.example>"]),
        ("MAIL FROM:<a@b> ", ["EHLO a"], ["SIZE=", "BODY="]),
        ("MAIL FROM:<a@b> s", ["EHLO a"], ["SIZE="]),
        ("BDAT ", ["EHLO a"], []),
        ("BDAT 86 ", ["EHLO a"], ["LAST"]),
        ("bdat 86 la", ["EHLO a"], ["LAST"]),
        ("BDAT 86 LAST ", ["EHLO a"], []),
        ("MAIL FROM:<a@b> SIZE=1 ", ["EHLO a"], ["BODY="]),
        ("MAIL FROM:<a@b>", ["EHLO a"], []),
        ("VRFY b", ["EHLO a"], ["bob"]),
        ("HELP RC", ["EHLO a"], ["RCPT"]),
        ("XYZZY ", [], []),
        ("DATA ", ["EHLO a"], []),
    ],
)
def test_arguments(line, before, found):
    assert texts(line, *before) == found


def test_what_was_not_offered_says_so():
    (xtrace,) = [each for each in asked("MAIL FROM:<a@b> X", "EHLO a") if each.text == "XTRACE="]
    assert xtrace.reason == "XPONG was not offered here"
    assert texts("MAIL FROM:<a@b> X", "EHLO a", policy="partner") == ["XTRACE="]
    (size,) = [each for each in asked("MAIL FROM:<a@b> SI", "HELO a") if each.text == "SIZE="]
    assert size.reason == "parameters need EHLO first"
    (xping,) = asked("XP", "EHLO a")
    assert xping.reason == "XPONG was not offered here"


def test_nothing_is_suggested_inside_content():
    assert asked("", "EHLO a", "MAIL FROM:<a@b>", "RCPT TO:<ada@lab.example>", "DATA") == []


def test_the_old_era_has_no_ehlo():
    found = asked("", era="rfc821")
    assert "EHLO " not in [each.text for each in found]
    assert {each.text.strip(): each.reason for each in found}["MAIL"] == "needs HELO first: 503"


def test_chunks_come_behind_a_recipient_and_shut_data_out():
    begun = ("EHLO a", "MAIL FROM:<a@b>")
    reasons = {each.text.strip(): each.reason for each in asked("", *begun, policy="open")}
    assert reasons["BDAT"] == "needs RCPT first: 503"
    assert "BDAT " in texts("", *begun, "RCPT TO:<x@y>", policy="open")
    behind = texts("", *begun, "RCPT TO:<x@y>", "BDAT 3", "a", policy="open")
    assert "BDAT " in behind
    assert "RSET" in behind
    assert "DATA" not in behind
    assert asked("BDAT", *begun)[0].reason == "CHUNKING was not offered here"
