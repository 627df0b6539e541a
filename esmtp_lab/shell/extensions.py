"""`/extensions`: what both ends speak, one keyword in full, and one of the learner's own plugged into the pair."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from esmtp_lab.protocol.dialect import can_have
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.extension import Extension

if TYPE_CHECKING:
    from esmtp_lab.shell.session import Session

LOAD = "load"


def extensions(session: "Session", argument: str) -> None:
    """List the extensions, show one by its keyword, or plug one in by its definition file. Raises DataError."""
    word, _, name = argument.partition(" ")
    if word == LOAD and name.strip():
        _load(session, name.strip())
    elif word == LOAD:
        session.tell("name the file: /extensions load FILE; esmtp-lab extensions new XDELAY writes one")
    elif argument:
        _page(session, argument)
    else:
        session.show("the extensions of this pair; /extensions KEYWORD shows one", _listed(session))


def choices(session: "Session") -> tuple[str, ...]:
    """What may stand behind the command: the definition files of this folder, and the keywords."""
    files = sorted(f"{LOAD} {file.name}" for file in Path().glob("*.toml") if file.stem.lower().startswith("x"))
    return (*(files or [f"{LOAD} "]), *(each.ehlo_keyword for each in _known(session)))


def _known(session: "Session") -> tuple[Extension, ...]:
    return session.lab.bench.client.dialect.known


def _load(session: "Session", name: str) -> None:
    session.plug(name)
    extension = session.lab.extensions[-1]
    host, era = session.lab.policy.domain, session.lab.era
    if can_have(ERAS[era], extension):
        told = f"{host} has agreed to {extension.ehlo_keyword}: EHLO offers it"
    else:
        told = f"{host} has agreed to {extension.ehlo_keyword}, and a server of era {era} cannot offer it"
    session.tell(f"{told}. A new session began, its letters are kept, and /undo goes back to the one before")


def _listed(session: "Session") -> Iterator[str]:
    lab = session.lab
    offered = {each.ehlo_keyword for each in lab.bench.server.dialect.extensions}
    own = {each.ehlo_keyword for each in lab.extensions}
    for each in _known(session):
        keyword = each.ehlo_keyword
        here = "this host has it" if keyword in offered else "not with this host"
        kind = "yours, " if keyword in own else "local, " if each.local else ""
        yield f"{keyword:<20} {kind + here:<26} {each.meaning}"


def _page(session: "Session", argument: str) -> None:
    # the registry is large, and read when somebody asks
    from esmtp_lab.commands.extensions import find_entry, page
    from esmtp_lab.extensions.registry import NOW, registries
    from esmtp_lab.extensions.specification import plain, specification

    keyword = argument.strip().upper()
    mine = next((each for each in _known(session) if each.local and each.ehlo_keyword == keyword), None)
    if mine is not None:
        session.show(f"{keyword}, by agreement", plain(specification(mine)))
    else:
        session.show(keyword, (text for text, _ in page(find_entry(keyword, registries()[NOW]))))
