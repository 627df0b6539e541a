"""The corpus: every kind of line that rules are held against, in each era.

It has the witnesses of all rules, the sessions with foreign software, the solutions and near misses of the lessons,
and the odd lines of `odd.txt`; besides these, `crossed.toml` has lines that are said in every state that it names. All
are read as a transcript of whatever software is read, with the dialect of the era; a witness is seen by its own pair
as well. Lines that are alike in all that a rule can ask for are one line.
"""

import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from esmtp_lab.bench import Crossing
from esmtp_lab.commands.witness import lab_of
from esmtp_lab.lab import client_dialect
from esmtp_lab.lab.lessons import lab_in
from esmtp_lab.protocol.event import Event, lines
from esmtp_lab.protocol.reader import Reader
from esmtp_lab.readers.marked import MARKED
from esmtp_lab.readers.reading import read_transcript
from esmtp_lab.rules.book import book
from esmtp_lab.tutor.lesson import lessons
from esmtp_lab.tutor.scene import Scene
from esmtp_lab.tutor.witness import Witness, play_witness, witnesses
from esmtp_lab.wire.transcript import write_line

HERE = Path(__file__).parent
SESSIONS = HERE.parent / "foreign" / "sessions"
ODD = HERE / "odd.txt"
CROSSED = HERE / "crossed.toml"
_SIDES = {"client": "C", "server": "S"}


@cache
def corpus(era: str) -> tuple[Event, ...]:
    """The lines of the corpus as events of an era, each but once."""
    return tuple(dict.fromkeys(alike(event) for event in _events(era)))


def alike(event: Event) -> Event:
    """An event without that which makes no difference to any rule."""
    return event._replace(observer="", time=0.0, reply=0, length=0, content=None, citations=())


def _events(era: str) -> Iterator[Event]:
    dialect = client_dialect(era)
    for rule in book().rules:
        for witness in witnesses(rule):
            if witness.era == era:
                yield from seen(witness)
    for session in (*_played(), *_written()):
        yield from (each.event for each in read_transcript(session, dialect))
    yield from _crossed(era)


# Played on the reference pair ----------------------------------------------------------------------


def seen(witness: Witness) -> list[Event]:
    """The lines of a witness as its own pair sees them, with those that lead to it."""
    return [alike(event) for crossing in _crossings(witness) for event in lines(crossing.event)]


@cache
def _crossings(witness: Witness) -> tuple[Crossing, ...]:
    bench = lab_of(witness).bench
    play_witness(witness, bench)
    return tuple(bench.log)


@cache
def _played() -> tuple[tuple[bytes, ...], ...]:
    """What crossed in the witnesses and in the lessons, as transcripts."""
    logs: list[Iterable[Crossing]] = [_crossings(each) for rule in book().rules for each in witnesses(rule)]
    for lesson in lessons():
        for task in lesson.tasks:
            for text in (*task.solutions, *(near.lines for near in task.near)):
                scene = Scene(task.setting, lab_in, task.questions)
                scene.play(text)
                logs += [desk.bench.log for desk in scene.desks]
    return tuple(dict.fromkeys(tuple(_transcript(log)) for log in logs))


def _transcript(log: Iterable[Crossing]) -> Iterator[bytes]:
    yield b"=== connected"
    for event in (event for crossing in log for event in lines(crossing.event)):
        if event.kind == "moment":
            yield b"=== " + event.octets
        else:
            yield write_line(_SIDES[event.speaker], event.octets).encode()


# Written by others and by hand ---------------------------------------------------------------------


@cache
def _written() -> tuple[tuple[bytes, ...], ...]:
    """The sessions with foreign software, and the odd lines."""
    return tuple(tuple(file.read_bytes().splitlines()) for file in (*sorted(SESSIONS.glob("*.txt")), ODD))


Said = tuple[tuple[str, bytes], ...]
"""Lines with who says them."""


def _crossed(era: str) -> Iterator[Event]:
    """What `crossed.toml` has said in its states."""
    data = tomllib.loads(CROSSED.read_text("utf-8"))
    codes = [f"S: {code} text" for code in data["codes"].split()]
    dialect = client_dialect(era)
    for name, text in data["states"].items():
        lead, reader = _said(text), Reader(dialect)
        # What a reader knows of a letter is no part of a saved moment, so the last line of the client's is heard anew.
        last = max((place for place, (speaker, _) in enumerate(lead) if speaker == "client"), default=0)
        for speaker, octets in lead[:last]:
            reader.hear(speaker, octets)
        saved = reader.save()
        for crossing in data["crossing"]:
            if name in crossing["in"].split():
                replies = [*_one_a_line(crossing, "answered"), *crossing.get("long", "").split("\n\n")]
                replies += codes if crossing.get("codes") else []
                for command in _one_a_line(crossing, "said") or [""]:
                    for reply in replies:
                        reader.load(saved)
                        for speaker, octets in lead[last:]:
                            reader.hear(speaker, octets)
                        for kind, octets in (*_said(command), *_said(reply)):
                            yield from _heard(reader, kind, octets)


def _heard(reader: Reader, kind: str, octets: bytes) -> Iterable[Event]:
    if kind == "closed":
        return () if reader.position.closed else (reader.closed("client" if b"client" in octets else "server"),)
    return reader.hear(kind, octets)


def _one_a_line(crossing: dict[str, str], key: str) -> list[str]:
    return crossing[key].removesuffix("\n").split("\n") if key in crossing else []


@cache
def _said(text: str) -> Said:
    shown = MARKED.read((number, line.encode()) for number, line in enumerate(text.splitlines(), start=1))
    return tuple((each.kind, each.octets) for each in shown)
