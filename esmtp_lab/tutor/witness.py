"""Witnesses: the short dialogues that keep a rule or break it, and how they are played.

A witness begins in a state, and the dialogue that leads there is played before it. Where the server is the one who
breaks the rule, both sides of the lead are typed by hand.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from esmtp_lab.bench import Bench, Crossing
from esmtp_lab.errors import DataError
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.rules.book import book
from esmtp_lab.rules.rule import Rule
from esmtp_lab.tutor.play import play
from esmtp_lab.wire.transcript import Entry, read

LEADS = {
    "connect": "",
    "initial": "",
    "ready": "C: {hello} client.example\n",
    "mail": "C: {hello} client.example\nC: MAIL FROM:<ada@client.example>\n",
    "rcpt": "C: {hello} client.example\nC: MAIL FROM:<ada@client.example>\nC: RCPT TO:<ada@lab.example>\n",
    "data": "C: {hello} client.example\nC: MAIL FROM:<ada@client.example>\nC: RCPT TO:<ada@lab.example>\nC: DATA\n",
    "chunks": "C: EHLO client.example\nC: MAIL FROM:<ada@client.example>\nC: RCPT TO:<ada@lab.example>\n"
    "C: BDAT 6\nC: text\n",
    "failed": "C: EHLO client.example\nC: MAIL FROM:<ada@client.example>\nC: BDAT 6\nC: text\n",
}
"""The dialogue that leads to the state in which a witness starts."""
_ANSWERS = {"HELO": "250 lab.example", "EHLO": "250-lab.example\nS: 250 SIZE 1000", "MAIL": "250 OK", "RCPT": "250 OK"}


@dataclass(frozen=True, slots=True)
class Witness:
    """One dialogue for a rule: it keeps the rule, or `breaks` it."""

    rule: Rule
    breaks: bool

    @property
    def text(self) -> str:
        """The dialogue in the transcript format, without what leads to it."""
        return self.rule.breaks if self.breaks else self.rule.keeps

    @property
    def by_hand(self) -> bool:
        """Whether the server's lines are typed as well."""
        return self.breaks and self.rule.played == "server"

    @property
    def era(self) -> str:
        """The era that it is played in: the first that cites the rule. Raises DataError where none does."""
        found = (era.name for era in ERAS.values() if book().cites(self.rule, era))
        era = next((name for name in found if not self.rule.era or name in self.rule.era.split()), None)
        if era is None:
            raise DataError(self.rule.id, "is cited in no era")
        return era

    @property
    def lead(self) -> str:
        """The dialogue that leads to where it starts, as it is played."""
        lead = LEADS[self.rule.start].format(hello="HELO" if self.era == "rfc821" else "EHLO")
        if not self.by_hand or self.rule.start == "connect":
            return lead
        answered = re.sub(r"C: (\w+)(.*)\n", lambda match: f"{match[0]}S: {_ANSWERS.get(match[1], '354 go')}\n", lead)
        return f"S: 220 lab.example ready\n{answered}"


def witnesses(rule: Rule) -> Iterator[Witness]:
    """The witnesses that a rule has: the one that keeps it first."""
    yield from (Witness(rule, breaks) for breaks in (False, True) if Witness(rule, breaks).text)


def play_witness(witness: Witness, bench: Bench) -> tuple[list[Crossing], list[str]]:
    """Play a witness on a fresh bench: what crossed, without the lead, and what came out otherwise than written.

    Raises DataError where the lead does not lead there.
    """
    for played in play(bench, _entries(witness.lead)):
        if played.mismatch:
            raise DataError(witness.rule.id, f"cannot begin in the state {witness.rule.start}: {played.mismatch}")
    begin = 0 if witness.rule.start == "connect" else len(bench.log)
    wrong = [played.mismatch for played in play(bench, _entries(witness.text)) if played.mismatch]
    return bench.log[begin:], wrong


def _entries(text: str) -> Iterator[Entry]:
    return read(line.encode() for line in text.strip("\n").split("\n") if line)
