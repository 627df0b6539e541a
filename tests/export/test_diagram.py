"""The diagram is the table: every arrow is a move that the engine makes, and no move is missing."""

import re

import pytest
from click.testing import CliRunner

from esmtp_lab.cli import main
from esmtp_lab.export.diagram import arrows, mermaid
from esmtp_lab.lab import server_dialect
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.policy import find_policy
from esmtp_lab.protocol.session import FACTS, STATES, Position

HOSTS = ("lab", "open", "secure", "partner", "classic")


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("host", HOSTS)
def test_every_arrow_is_a_move_and_every_move_an_arrow(host: str, era: str) -> None:
    dialect = server_dialect(find_policy(host), era)
    drawn = {(way.source, way.target) for way in arrows(dialect)}
    entries = {entry for row in dialect.rows for entry in row.inputs}
    facts = (frozenset(), frozenset({"extended"}), frozenset({"extended", "tls"}), frozenset(FACTS))
    taken = set()
    for state in STATES:
        for held in facts:
            for entry in entries:
                for severity in "2345":
                    move = dialect.move(Position(state, held), entry, int(severity) * 100)
                    if move.row is not None:
                        taken.add((state, move.position.state))
    assert drawn == taken


def test_an_extension_brings_its_states_and_its_labels() -> None:
    opened = arrows(server_dialect(find_policy("open"), "rfc2821"))
    assert [way.labels for way in opened if (way.source, way.target) == ("rcpt", "chunks")] == [("BDAT 2yz +extended",)]
    assert "handshake" not in {way.source for way in opened}
    assert "handshake" in {way.source for way in arrows(server_dialect(find_policy("secure"), "rfc2821"))}
    assert not any(
        "EHLO" in label for way in arrows(server_dialect(find_policy("lab"), "rfc821")) for label in way.labels
    )


def test_the_lines_of_mermaid() -> None:
    lines = list(mermaid(server_dialect(find_policy("lab"), "rfc2821")))
    assert lines[0] == "stateDiagram-v2"
    assert all(
        re.fullmatch(r'    (state "[^"]+" as \w+|[\w\[\]*]+ --> [\w\[\]*]+(: [^:]+)?)', line) for line in lines[1:]
    )
    assert "    rcpt --> data: DATA 3yz" in lines


def test_the_command_prints_it() -> None:
    done = CliRunner().invoke(main, ["states", "--host", "open", "--era", "rfc2821"])
    assert done.exit_code == 0
    assert "    RCPT 2yz                    -> rcpt" in done.output
    assert CliRunner().invoke(main, ["states", "--format", "mermaid"]).output.startswith("stateDiagram-v2\n")
    assert CliRunner().invoke(main, ["states", "--host", "nobody"]).exit_code == 2
