"""The Up arrow: which typed lines it brings back in this sitting, and which of them in later ones."""

import re
from collections.abc import AsyncGenerator, Iterable

from prompt_toolkit.history import History

from esmtp_lab.errors import DataError
from esmtp_lab.protocol.session import CONTINUATION, UNKNOWN
from esmtp_lab.shell.commands import find
from esmtp_lab.shell.group import secret
from esmtp_lab.shell.past import Past
from esmtp_lab.shell.session import Session

_REPLY = re.compile(r"[2-5][0-9][0-9](?:[ -]|$)")
_LEFT_OUT = frozenset({"/raw", "/history"})
"""Lab commands that are not kept: what is raw may be anything, and what was wiped stays so."""


_EXCHANGES = frozenset({"AUTH", CONTINUATION, UNKNOWN})
"""Inputs that may begin an exchange, or go on with one; what the lab does not know may be anything."""
_GO_ON = 334


class Memory(History):
    """The lines of the past, as prompt_toolkit asks for them."""

    def __init__(self, past: Past) -> None:
        super().__init__()
        self.past = past

    async def load(self) -> AsyncGenerator[str, None]:
        """All lines, the newest first; asked for anew at every prompt."""
        for line in self.load_history_strings():
            yield line

    def load_history_strings(self) -> Iterable[str]:
        """All lines, the newest first."""
        return self.past.lines[::-1]

    def store_string(self, string: str) -> None:
        """Remember a line in this sitting."""
        self.past.lines.append(string)


def remember(session: Session, line: str, kind: str) -> None:
    """Keep a line that was played, and behind it the corrected one; never one that may hold a secret."""
    lines = session.past.lines
    if (
        line
        and kind not in ("line", "prediction")
        and not secret(session)
        and not (kind == "command" and _may_answer(session, line))
        and not line.lstrip().upper().startswith("AUTH")
    ):
        lines.append(line)
        if session.settings["history"] == "on" and outlives(session, line, kind):
            _keep(session, line)
    if session.correction:
        lines.append(session.correction)


def _may_answer(session: Session, line: str) -> bool:
    """Whether a line that went out may be an answer in an exchange though the prompt did not say so: what may have
    begun one had no reply yet, or was told to go on. A real server may be slow, or the era may not know AUTH."""
    if line.startswith("/") or session.lab.role != "client":
        return False
    events = (each.event for each in reversed(session.lab.bench.log))
    sent = next((each for each in events if each.speaker == "client" and each.kind == "command"), None)
    return sent is not None and (not _EXCHANGES.isdisjoint(sent.in_flight) or sent.upon[1] == _GO_ON)


def _keep(session: Session, line: str) -> None:
    """Keep a line for later sittings; where that fails, say so once and go on without."""
    try:
        session.past.keep(line)
    except DataError as error:
        session.settings["history"] = "off"
        session.tell(str(error))


def outlives(session: Session, line: str, kind: str) -> bool:
    """Whether a line is kept for later sittings: a lab command, a verb that is known, or a reply.

    Content, octets as they stand and whatever names AUTH are not, and no line that might be a password gone astray.
    """
    if kind != "command" or "AUTH" in line.upper():
        return False
    if line.startswith("/"):
        command = find(line.split(" ", 1)[0])
        return command is not None and command.name not in _LEFT_OUT
    if session.lab.role == "server":
        return _REPLY.match(line) is not None
    return session.lab.bench.client.dialect.input_of(line.split(" ", 1)[0].upper()) != UNKNOWN
