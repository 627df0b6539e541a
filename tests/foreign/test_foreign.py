"""The annotator on sessions of others: nothing is left without a word, and a reader of the RFCs says the same.

`reading.tsv` is what a second reader made of 300 lines drawn at random, from the texts of the RFCs alone and without
having seen what the annotator says: for each line, by session and number, the sections whose rules it exercises.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from esmtp_lab.lab import client_dialect
from esmtp_lab.protocol.event import Event
from esmtp_lab.readers.reading import read_transcript
from esmtp_lab.rules.annotator import annotator

HERE = Path(__file__).parent
SESSIONS = sorted(file.stem for file in (HERE / "sessions").glob("*.txt"))
NO_RULE: dict[tuple[str, bytes], str] = {}
"""Lines of others of which no rule of the book speaks, with the reason."""
AGREE = 0.95


@cache
def annotated(session: str) -> dict[int, Event]:
    """The annotated lines of a session by their numbers."""
    annotate = annotator("rfc2821")
    lines = (HERE / "sessions" / f"{session}.txt").read_bytes().splitlines(keepends=True)
    return {read.number: annotate(read.event) for read in read_transcript(lines, client_dialect())}


def reading() -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """What the second reader says."""
    for line in (HERE / "reading.tsv").read_text("utf-8").splitlines():
        session, number, sections = line.split("\t")
        yield session, int(number), tuple(sections.split())


@pytest.mark.parametrize("session", SESSIONS)
def test_every_line_is_spoken_of(session: str) -> None:
    silent = [
        f"{number}: {event.octets[:100]!r}"
        for number, event in annotated(session).items()
        if event.kind != "moment"
        and all(each.rule.general and not each.broken for each in event.citations)
        and (session, event.octets) not in NO_RULE
    ]
    assert silent == []


def test_the_second_reader_agrees() -> None:
    differ, count = [], 0
    for session, number, sections in reading():
        event = annotated(session)[number]
        first = event.citations[0].rule if event.citations else None
        count += 1
        if first is None or f"{first.rfc}:{first.section}" not in sections:
            differ.append(f"{session}:{number} {event.octets[:60]!r}: {first and first.id}, not {' '.join(sections)}")
    print("\n".join(differ))
    assert count == 300
    assert len(differ) <= (1 - AGREE) * count, f"{len(differ)} of {count} lines differ"
