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
from esmtp_lab.commands.lessons import bench_of
from esmtp_lab.commands.witness import lab_of
from esmtp_lab.lab import client_dialect
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.event import Event, lines
from esmtp_lab.protocol.reader import Reader
from esmtp_lab.readers.marked import MARKED
from esmtp_lab.readers.reading import read_transcript
from esmtp_lab.rules.book import book
from esmtp_lab.rules.rule import Rule
from esmtp_lab.tutor.lesson import entries, lessons
from esmtp_lab.tutor.play import play
from esmtp_lab.tutor.witness import Witness, play_witness, witnesses
from esmtp_lab.wire.transcript import write_line

HERE = Path(__file__).parent
SESSIONS = HERE.parent / "foreign" / "sessions"
ODD = HERE / "odd.txt"
CROSSED = HERE / "crossed.toml"
_SIDES = {"client": "C", "server": "S"}


@cache
def corpus(era: str) -> tuple[Event, ...]:
    """The lines of the corpus as events of an era, each but once, without those moments that are no line."""
    return tuple(dict.fromkeys(alike(event) for event in _events(era) if event.kind != "moment"))


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
                bench = bench_of(lesson)
                for _ in play(bench, entries(text)):
                    pass
                logs.append(bench.log)
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
    """Every command in every state, and every answer to every command in some."""
    data = tomllib.loads(CROSSED.read_text("utf-8"))
    for name, text in data["states"].items():
        reader = Reader(client_dialect(era))
        for speaker, octets in _said(text):
            reader.hear(speaker, octets)
        saved = reader.save()
        for commands, replies in _crossings_in(name, data["crossing"]):
            for command in commands:
                for reply in replies:
                    reader.load(saved)
                    for speaker, octets in (*_said(command), *_said(reply)):
                        yield from reader.hear(speaker, octets)


def _crossings_in(state: str, crossings: Iterable[dict[str, list[str]]]) -> Iterator[tuple[list[str], list[str]]]:
    for each in crossings:
        if state in each["in"]:
            codes = [f"S: {code} text" for code in " ".join(each.get("codes", [])).split()]
            yield each["said"], each.get("answered", []) + codes


@cache
def _said(text: str) -> Said:
    shown = MARKED.read((number, line.encode()) for number, line in enumerate(text.splitlines(), start=1))
    return tuple((each.kind, each.octets) for each in shown)


def own_eras(rule: Rule) -> list[str]:
    """The eras that cite a rule."""
    return [era.name for era in ERAS.values() if book().cites(rule, era)]
