"""Plays a transcript on a bench: its client lines are sent, its server lines are expectations.

Where the server is played by hand, its lines are said instead, and a line without a mark is its line. A code alone
stands for a whole reply with any text; a line with text stands for exactly that line. ``=== connected`` opens a new
channel to the same host, ``=== tls`` asks that TLS has begun.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from esmtp_lab.bench import Bench, Crossing
from esmtp_lab.errors import DataError
from esmtp_lab.wire.reply import parse_reply_line
from esmtp_lab.wire.transcript import Entry, as_sent, write_line


class Played(NamedTuple):
    """What one entry of a script brought: the lines that crossed, where it came out otherwise than written, and whether
    it was a lab command."""

    entry: Entry
    crossings: list[Crossing]
    mismatch: str = ""
    for_the_lab: bool = False


Commands = Callable[[str], tuple[Bench, list[Crossing]]]
"""Runs a lab command: the bench to go on with, and what crossed there because of it."""


def play(bench: Bench, entries: Iterable[Entry], commands: Commands | None = None) -> Iterator[Played]:
    """Play entries one after the other. With `commands` a line without a mark that begins with a slash is for the lab.

    Raises DataError for a `>` line that asks for what nobody knows.
    """
    heard = list(_said(crossing for crossing, undone in bench.crossings() if not undone))
    wanted: list[Entry] = []
    began = any(crossing.speaker == "client" for crossing in bench.log)
    in_use = [bench]
    for entry in typed(entries, lambda: in_use[0].client.in_content):
        if entry.kind == "S" and not bench.server.by_hand:
            wanted.append(entry)
            continue
        if entry.kind in ("C", "holds"):
            yield from _expect(wanted, heard)
            heard = [] if wanted or not began else heard
            wanted = []
        if entry.kind == "moment" and entry.octets.startswith(b"connected") and began:
            yield from _expect(wanted, heard)
            heard, wanted, began = bench.reconnect(), [], False
            yield Played(entry, heard)
        elif commands is not None and _for_the_lab(bench, entry):
            came_from = bench
            bench, crossings = commands(entry.text)
            in_use[0] = bench
            heard, began = list(_said(crossings)), began and bench is came_from
            yield Played(entry, crossings, for_the_lab=True)
        elif entry.kind == "C" and not entry.marked and bench.server.by_hand:
            yield Played(entry, bench.say(entry.octets))
        elif entry.kind == "C":
            crossings, began = bench.send(entry.octets), True
            heard += _said(crossings)
            yield Played(entry, crossings)
        elif entry.kind == "S":
            yield Played(entry, bench.say(entry.octets))
        elif entry.kind == "moment":
            yield Played(entry, [], _comes(bench, entry))
        else:
            yield Played(entry, [], _holds(bench, entry) if entry.kind == "holds" else "")
    yield from _expect(wanted, heard)


def _for_the_lab(bench: Bench, entry: Entry) -> bool:
    """Whether a line is for the lab: only where a command is awaited, not in content and not in an exchange."""
    command = bench.server.by_hand or bench.client.framing == "command"
    return entry.kind == "C" and not entry.marked and command and entry.octets.startswith(b"/")


def typed(entries: Iterable[Entry], in_content: Callable[[], bool]) -> Iterator[Entry]:
    """Once DATA was written without a mark, every line is content up to the lone dot, whatever it begins with."""
    marked = True
    for entry in entries:
        if in_content() and not marked:
            yield as_sent(entry.written, entry.number)
        else:
            marked = entry.marked if entry.kind == "C" else marked
            yield entry


def _said(crossings: Iterable[Crossing]) -> Iterator[Crossing]:
    """What came across of the server's; moments of the channel are nobody's words."""
    return (each for each in crossings if each.speaker == "server" and each.event.kind != "moment" and not each.lost)


def _comes(bench: Bench, entry: Entry) -> str:
    """Where a moment of the channel should have come and did not; TLS begins by itself, where it was agreed on."""
    awaited = entry.octets.partition(b" ")[0] == b"tls" and not bench.server.position.protected
    return "expected that TLS begins, which nobody agreed on" if awaited else ""


def _expect(wanted: list[Entry], heard: list[Crossing]) -> Iterator[Played]:
    """Hold the last replies heard against a run of server lines."""
    replies = _replies(heard)
    asked = sum(1 for entry in wanted if _is_last(entry))
    lines = [line for reply in replies[max(0, len(replies) - asked) :] for line in reply]
    for entry in wanted:
        if not lines:
            yield Played(entry, [], f"expected {entry.text!r}, and nothing more was said")
            continue
        crossing = lines.pop(0)
        got = crossing.event.octets
        if _code_alone(entry):
            while not crossing.event.last and lines:
                crossing = lines.pop(0)
            right = got[:3] == entry.octets[:3]
        else:
            right = got == entry.octets
        yield Played(entry, [], "" if right else f"expected {entry.text!r}, got {write_line('S', got)[3:]!r}")


def _replies(heard: list[Crossing]) -> list[list[Crossing]]:
    replies: list[list[Crossing]] = [[]]
    for crossing in heard:
        replies[-1].append(crossing)
        if crossing.event.last:
            replies.append([])
    return [reply for reply in replies if reply]


def _is_last(entry: Entry) -> bool:
    return parse_reply_line(entry.octets).last


def _code_alone(entry: Entry) -> bool:
    return len(entry.octets.strip()) == 3


HOLDS: dict[str, Callable[[Bench], str]] = {
    "client": lambda bench: bench.client.position.state,
    "server": lambda bench: bench.server.position.state,
    "reverse-path": lambda bench: _shown_path(bench),
    "recipients": lambda bench: str(len(bench.server.envelope.forward_paths)),
    "offered": lambda bench: ",".join(bench.client.offered),
    "facts": lambda bench: ",".join(sorted(bench.server.position.facts)),
    "client-name": lambda bench: bench.server.client_name,
}
"""What a `>` line may ask for; besides these ``mailbox.NAME``, the number of letters there."""


def _shown_path(bench: Bench) -> str:
    path = bench.server.envelope.reverse_path
    return "" if path is None else path.render().decode("utf-8", "replace")


def _holds(bench: Bench, entry: Entry) -> str:
    """Where what a `>` line says does not hold."""
    key, equals, wanted = entry.text.partition("=")
    key, wanted = key.strip(), wanted.strip()
    if key.startswith("mailbox."):
        found = str(len(bench.host.mailboxes.letters.get(key.removeprefix("mailbox."), ())))
    elif key in HOLDS and equals:
        found = HOLDS[key](bench)
    else:
        raise DataError(f"line {entry.number}", f"{entry.text!r} asks for none of {', '.join(HOLDS)}, mailbox.NAME")
    return "" if found == wanted else f"expected {key}={wanted}, found {key}={found}"
