"""The pages of the lab: what the commands that look, and change nothing, have to show."""

import os
import shutil
from collections.abc import Iterable, Iterator
from itertools import chain, dropwhile
from pathlib import Path
from typing import TYPE_CHECKING

from esmtp_lab.export.byteview import byte_rows
from esmtp_lab.export.facts import meaning
from esmtp_lab.export.notes import at_span, stops
from esmtp_lab.export.transcript import mask
from esmtp_lab.protocol.event import Event
from esmtp_lab.shell.foresight import fitting, predicted
from esmtp_lab.tutor.grid import grid
from esmtp_lab.wire.content import lines
from esmtp_lab.wire.transcript import write_line
from esmtp_lab.wire.visible import visible

if TYPE_CHECKING:
    from esmtp_lab.shell.session import Session

_FRAME = 4
"""Columns that the bench needs beside a page."""


def shown(event: Event) -> str:
    """A line of the wire as text that is safe to show."""
    return visible(mask(event).removesuffix(b"\r\n"))


def explain(session: "Session", argument: str) -> None:
    """Explain the span under the cursor, or the last exchange, in full."""
    places = (session.cursor[0],) if session.cursor else session.last
    page: list[str] = []
    for place in places:
        event = session.annotated(place)
        if event is None:
            continue
        page.append(f"{session.record.items[place].number}  {shown(event)}")
        span = stops(event)[session.cursor[1]] if session.cursor else None
        found = at_span(event, span) if span else session.notes(place, "full")
        page += [f"    {'!! ' if note.broken else '?? ' if note.seems else ''}{note.text}" for note in found]
    session.show(f"why, by the rules of {session.lab.era}", page or ["nothing was said yet"])


def walk(session: "Session", step: int) -> None:
    """Move the cursor to the next or the previous span; it begins in the last exchange."""
    places, cursor = session.record.places(), session.cursor
    if cursor is not None and cursor[0] in places:
        here = places.index(cursor[0])
        way = _stops(session, places[here:] if step > 0 else places[here::-1], step)
        way = dropwhile(lambda stop: stop != cursor, way)
        next(way, None)  # where the cursor is
    else:
        begin = [place for place in session.last if place not in session.record.struck] if step > 0 else []
        way = chain(_stops(session, begin, 1), _stops(session, reversed(places), -1))
    session.cursor = next(way, cursor)
    if session.view == "stream" and session.cursor is not None:
        place, stop = session.cursor
        event = _event(session, place)
        session.show(shown(event), [note.text for note in at_span(event, stops(event)[stop])])


def _stops(session: "Session", places: Iterable[int], step: int) -> Iterator[tuple[int, int]]:
    """The spans of lines, each as a place and its number there, onwards or backwards."""
    for place in places:
        yield from ((place, at) for at in range(len(stops(_event(session, place))))[::step])


def _event(session: "Session", place: int) -> Event:
    event = session.annotated(place)
    assert event is not None
    return event


def words(session: "Session", argument: str) -> None:
    """What Tab offers, as a page."""
    found = grid(
        (each.text.strip(), f"{each.meaning}{f'  [{each.reason}]' if each.reason else ''}")
        for each in fitting(session, argument)
    )
    session.show("what may come next", found or ["anything: no word is known for this place"])


def try_line(session: "Session", argument: str) -> None:
    """What would cross the wire; nothing changes."""
    lines = [f"{event.speaker:<6} {shown(event)}" for event in predicted(session, argument)]
    session.show(f"if you sent {argument!r}", lines or ["nothing would come back yet"])


def tls(session: "Session", argument: str) -> None:
    """Begin TLS, or say why it cannot begin, or what it has changed."""
    client = session.lab.bench.client
    if session.lab.role == "server":
        session.tell("the client begins TLS, with STARTTLS; offer it behind 250- when it says EHLO")
    elif client.position.protected:
        session.show("under TLS", _UNDER_TLS[1:3] if session.live else _UNDER_TLS)
    elif "STARTTLS" not in client.offered:
        session.tell("STARTTLS was not offered; /host secure offers it when you say EHLO")
    elif not client.dialect.may(client.position, "STARTTLS"):
        session.tell("not in a mail transaction: RSET ends it")
    else:
        session.send("STARTTLS")


_UNDER_TLS = (
    "lines have marks with a tilde, and no octet is really encrypted: this bench has a stand-in for the handshake",
    "both sides stand where they stood after the greeting, and know nothing of what came in clear (RFC 3207 4.2)",
    "the client says EHLO again, and the list may be another: no STARTTLS in it, and perhaps AUTH or REQUIRETLS",
    "esmtp-lab serve --tls and esmtp-lab send --tls require do it on a real channel",
)


def state(session: "Session", argument: str) -> None:
    """What both sides hold; what the last line changed has a star."""
    page: list[str] = []
    for side, facts, before in zip(("client", "server"), session.facts(), session.before, strict=True):
        page.append(f"{side}: {meaning(facts)}")
        page += [f"  {name:<8} {value}{'' if (name, value) in before else ' *'}" for name, value in facts]
    session.show("what each side holds", page)


def octets(session: "Session", argument: str) -> None:
    """The last exchange octet by octet."""
    page: list[str] = []
    for place in session.last:
        item = session.record.items[place]
        if item.event is not None:
            page += [f"{item.number}  {shown(item.event)}", *(f"    {row}" for row in byte_rows(item.event))]
    session.show("offset, hex, text, part", page or ["nothing crossed the wire yet"])


def mailbox_names(session: "Session") -> tuple[str, ...]:
    """The mailboxes of the host, and those in which letters are."""
    return session.lab.names


def mail(session: "Session", argument: str) -> None:
    """The mailboxes, the letters in one of them, or one letter; where there is but one, that one."""
    name, number = _mailbox_and_number(session, argument)
    letters = session.lab.octets(name)
    if name and not number and len(letters) == 1:
        number = "1"
    if not name:
        counts = grid((each, str(len(session.lab.octets(each)))) for each in mailbox_names(session))
        session.show("mailboxes and their letters", counts or ["no letter yet"])
    elif name not in mailbox_names(session):
        known = ", ".join(mailbox_names(session))
        session.tell(f"there is no mailbox {name} here; {f'there are {known}' if known else 'no letter came yet'}")
    elif not number:
        session.show(f"mailbox {name}", [*_subjects(letters)] or ["no letter"])
    elif number.isdecimal() and 0 < int(number) <= len(letters):
        body = letters[int(number) - 1]
        session.show(f"mailbox {name}, letter {number}", [visible(each.removesuffix(b"\r\n")) for each in lines(body)])
    else:
        session.tell(f"mailbox {name} has no letter {number}; it holds {len(letters)}")


def _mailbox_and_number(session: "Session", argument: str) -> tuple[str, str]:
    """The parts of the argument; a mailbox such as ``alma (terminal)`` has a space in its name."""
    for name in sorted(mailbox_names(session), key=len, reverse=True):
        if argument == name or argument.startswith(f"{name} "):
            return name, argument.removeprefix(name).strip()
    name, _, number = argument.partition(" ")
    return name, number


def _subjects(letters: tuple[bytes, ...]) -> Iterator[str]:
    for number, octets in enumerate(letters, start=1):
        head = octets.partition(b"\r\n\r\n")[0].split(b"\r\n")
        subject = next((line[8:].strip() for line in head if line.lower().startswith(b"subject:")), b"(no subject)")
        yield f"{number}  {len(octets)} octets  {visible(subject)}"


def cited_ids(session: "Session") -> tuple[str, ...]:
    """The ids of the rules at work in the last exchange, without those that are at work on every line."""
    events = [event for event in map(session.annotated, session.last) if event is not None]
    cited = (each.rule for event in events for each in event.citations if each.broken or not each.rule.general)
    return tuple(dict.fromkeys(rule.id for rule in cited))


def rule(session: "Session", argument: str) -> None:
    """One rule, its witnesses played, or its section; without an id those of the last exchange. Raises DataError."""
    # the book, the titles and the witnesses are read when they are asked for, and not before the first prompt
    from esmtp_lab.commands.rules import RFC_DIR, find_rule, line, page, text_of
    from esmtp_lab.commands.witness import watch

    name, _, what = argument.partition(" ")
    if not name:
        found = [line(find_rule(each)) for each in cited_ids(session)]
        session.show("the rules of the last exchange; /rule ID shows one", found or ["no rule was at work yet"])
        return
    chosen = find_rule(name, era=session.lab.era)
    match what.strip():
        case "":
            session.show(chosen.id, page(chosen))
        case "play":
            played = [said.text for said in watch(chosen)]
            session.show(f"{chosen.id}: {chosen.says}", played or ["no dialogue shows it"])
        case "text":
            folder = os.environ.get(RFC_DIR)
            session.show(chosen.citation, text_of(chosen.rfc, chosen.section, folder))
        case other:
            session.tell(f"after the id comes play or text, not {other!r}")


def compare(session: "Session", argument: str) -> None:
    """A script, or what the client has said in this session, under every era."""
    from esmtp_lab.commands.compare import compare_script

    if argument:
        try:
            lines = Path(argument).expanduser().read_bytes().splitlines()
        except OSError as error:
            session.tell(f"{argument} cannot be read: {error.strerror or error}")
            return
    else:
        lines = list(_said_by_client(session))
    if not lines:
        session.tell("the client has said nothing yet: type a few lines, or name a file: /compare FILE")
        return
    columns = shutil.get_terminal_size().columns - _FRAME if session.view == "bench" else None
    what = argument or "this session"
    session.show(f"{what} under the four eras", compare_script(lines, session.lab.policy, columns=columns))


def _said_by_client(session: "Session") -> Iterator[bytes]:
    """The client's lines of this session that stand, as a script."""
    items = session.record.items
    for place in session.record.places():
        event, lab = items[place].event, items[place].lab
        if event is not None and lab is session.lab and event.speaker == "client":
            yield write_line("C", event.octets).encode()
