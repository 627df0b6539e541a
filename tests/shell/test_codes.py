"""The codes that a person who plays the server is offered: those of the era, each with a meaning."""

import pytest

from esmtp_lab.extensions import SHIPPED
from esmtp_lab.protocol.dialect import dialect_of
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.session import GREETING
from esmtp_lab.protocol.side import Awaited
from esmtp_lab.shell.codes import MEANINGS, replies


@pytest.mark.parametrize("era", ERAS)
def test_every_code_of_a_form_has_a_meaning(era):
    for form in dialect_of(ERAS[era], SHIPPED).forms.values():
        assert {*form.success, *form.intermediate, *form.failure} <= MEANINGS.keys()


@pytest.mark.parametrize(
    ("era", "codes"),
    [
        ("rfc821", ["220", "421"]),
        ("rfc1869", ["220", "421"]),
        ("rfc2821", ["220", "554", "421"]),
        ("rfc5321", ["220", "521", "554", "421"]),
    ],
)
def test_a_greeting_is_offered_the_codes_of_its_era(era, codes):
    found = replies("", Awaited(GREETING), dialect_of(ERAS[era], SHIPPED))
    assert [each.text.strip() for each in found] == codes


@pytest.mark.parametrize(("era", "code", "offered"), [("rfc2821", "555", False), ("rfc5321", "555", True)])
def test_a_code_that_came_back(era, code, offered):
    found = list(replies(code, Awaited("RCPT"), dialect_of(ERAS[era], SHIPPED)))
    assert bool(found) == offered
