"""What the learner is told where lines or replies do not come across, and of what they foretold."""

import pytest

from esmtp_lab.lab import Lab
from esmtp_lab.shell.footer import first
from esmtp_lab.shell.rows import Rows
from esmtp_lab.shell.save import transcript
from esmtp_lab.shell.session import Session
from esmtp_lab.shell.signs import ASCII


def texts(session: Session) -> list[str]:
    rows = Rows(session, ASCII, numbered=False)
    return ["".join(text for _, text in rows.item(place)) for place in range(len(session.record.items))]


def test_a_reply_that_never_arrived_has_a_mark_of_its_own(types) -> None:
    session = types("/fault cut-before NOOP", "NOOP")
    assert " x-  250 2.0.0 OK (never arrived)" in texts(session)
    assert "===  closed: the channel was lost" in texts(session)
    assert "# never arrived: S: 250 2.0.0 OK" in transcript(session)
    assert "# never arrived: S: 250 2.0.0 OK" in session.lab.transcript(session.lab.bench.log).split("\n")


def test_what_was_foretold_is_judged_and_counted(types) -> None:
    session = types("/expect 250", "NOOP", "/restart", "/expect 5yz", "NOOP", "NOOP")
    judged = [item.text for item in session.record.items if item.text.startswith("you expected")]
    assert judged == [
        "you expected 250, and so it is: 1 of 1 foretold",
        "you expected 5yz, and 250 came: 1 of 2 foretold",
    ]


def test_octets_that_form_no_line_are_told_of(types) -> None:
    session = types(r"/raw NOOP\n")
    assert "that is no line yet: 5 octets wait for the CRLF that ends one" in texts(session)[-1]


def test_a_lenient_server_answers_behind_the_line_that_it_made() -> None:
    session = Session(Lab(policy="lenient"))
    for line in (r"/raw NOOP\n", "RSET"):
        session.type(line)
    said = [(each.event.kind, each.event.to) for each in session.lab.bench.log[2:]]
    assert said == [("command", "NOOP"), ("reply", "NOOP"), ("command", "RSET"), ("reply", "RSET")]


@pytest.mark.parametrize(("era", "verb"), [("rfc821", "HELO"), ("rfc2821", "EHLO")])
def test_what_a_learner_reads_first_is_of_the_era(era: str, verb: str) -> None:
    assert f"such as {verb} me.example" in first(Session(Lab(era)))[0]
