"""A saved transcript, a script or JSON Lines, played in a new session of the running pair.

What the client said there is said again, and where the server answers otherwise now, that is told. So what was loaded
can be walked through, explained and gone on with; one undo comes back to the session before.
"""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from esmtp_lab.bench import Bench, Crossing
from esmtp_lab.errors import DataError
from esmtp_lab.protocol.session import NOT_VERBS
from esmtp_lab.tutor.play import play
from esmtp_lab.wire.transcript import Entry, read

if TYPE_CHECKING:
    from esmtp_lab.readers.shown import Shown
    from esmtp_lab.shell.session import Session

MOST = 5_000
"""Lines that are loaded at most; esmtp-lab run plays files of any length."""
_IN_LESSON = "the task would take what is loaded for yours; /play on first, then /load"


def load(session: "Session", argument: str) -> None:
    """Play the lines of a file in a new session. Raises DataError, and changes nothing, where that cannot be."""
    if not argument:
        session.tell(
            "name a file: /load FILE; a transcript that /save wrote, a script, JSON Lines, or what swaks wrote"
        )
        return
    if session.attempt is not None and session.aside is None:
        session.tell(_IN_LESSON)
        return
    entries = read_file(argument, session.lab.bench.client.dialect.forms.keys() - NOT_VERBS)
    rehearsal = play(session.lab.copy().bench, entries, _no_commands)
    if not sum(len(each.crossings) for each in rehearsal):
        raise DataError(argument, "holds no line of a client, so there is nothing to play")
    lab = session.lab.copy()
    session.move(lab, lambda: _play(session, lab.bench, argument, entries))


def _play(session: "Session", bench: Bench, name: str, entries: list[Entry]) -> None:
    count = others = 0
    for each in play(bench, entries):
        if each.entry.kind == "moment" and each.crossings:
            session.tell(f"connected to {session.lab.policy.domain} once more")
        if each.mismatch:
            others += 1
            session.tell(f"line {each.entry.number} of {name}: {each.mismatch}")
        count += each.entry.kind == "C"
        session.last = tuple(session.put(each.crossings)) or session.last
    answers = f"{others} answer{'s' * (others != 1)} came otherwise than there" if others else "every answer as there"
    session.tell(f"loaded {name}: {count} line{'s' * (count != 1)} of the client, {answers}; /undo comes back")


def _no_commands(line: str) -> tuple[Bench, list[Crossing]]:
    raise DataError(line, "is a lab command, and /load plays none; write C: before it to send it to the server")


def read_file(name: str, verbs: Collection[str]) -> list[Entry]:
    """The entries of a file in any format that the readers know, or of a script, which begins with one of the `verbs`.

    Raises DataError, which says what is wrong with it.
    """
    try:
        lines = Path(name).expanduser().read_bytes().split(b"\n")
    except OSError as error:
        raise DataError(name, f"cannot be read: {error.strerror or error}") from None
    if len(lines) > MOST:
        raise DataError(name, f"has more than {MOST} lines; esmtp-lab run plays it")
    # The readers are wanted by those alone who load something.
    from esmtp_lab.commands.annotate import NOTHING
    from esmtp_lab.readers.marked import MARKED
    from esmtp_lab.readers.reading import recognise

    found, rest = recognise(enumerate(lines, start=1))
    if found is not None and found is not MARKED:
        return list(_shown(found.read(rest)))
    entries = list(read(lines))
    first = next((each for each in entries if each.kind in ("C", "S")), None)
    if first is None or not (first.marked or first.text.partition(" ")[0].upper() in verbs):
        raise DataError(name, NOTHING)
    return entries


def _shown(shown: Iterable["Shown"]) -> Iterator[Entry]:
    """What other software wrote down: of the server's replies the codes alone, for their texts are its own."""
    said = b""
    for each in shown:
        match each.kind:
            case "client":
                said = each.octets
                yield Entry(each.number, "C", each.octets)
            case "server" if each.octets[3:4] != b"-":
                yield Entry(each.number, "S", each.octets[:3] + b"\r\n")
            case "content" if said.strip().upper() == b"DATA":
                said = b""
                yield Entry(each.number, "C", b".\r\n")  # the letter is not in the file: an empty one takes its place
            case "connected" | "tls":
                yield Entry(each.number, "moment", each.kind.encode())
