"""The record as a file: the transcript format, its notes as remarks, so that it reads back."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from esmtp_lab.export.transcript import never_arrived, notes, protocol_line, remarks

if TYPE_CHECKING:
    from esmtp_lab.shell.session import Session


def transcript(session: "Session") -> Iterator[str]:
    """The lines of the file; what was undone stands in it as remarks."""
    for place, item in enumerate(session.record.items):
        event = session.annotated(place)
        if event is None:
            yield f"=== {item.text}" if item.text.startswith(("connected", "tls ", "closed")) else f"# {item.text}"
        elif place in session.record.struck:
            yield f"# (undone) {protocol_line(event)}"
        elif item.lost:
            yield never_arrived(event)
        else:
            yield protocol_line(event)
            yield from notes(event)
            yield from remarks(session.told(place))


def save(session: "Session", argument: str, over: bool = False) -> None:
    """Write the transcript whole or not at all; a file that exists only where that was asked for."""
    if not argument:
        session.tell("name a file: /save FILE")
        return
    path = Path(argument).expanduser()
    if path.exists() and not over:
        session.tell(f"{argument} exists and is kept; /save! {argument} writes over it")
        return
    try:
        _write(path, "\n".join(transcript(session)) + "\n")
    except OSError as error:
        session.tell(f"{argument} cannot be written: {error.strerror or error}")
    else:
        session.tell(f"saved to {argument}")


def _write(path: Path, text: str) -> None:
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        try:
            file.write(text)
            file.close()
            os.replace(file.name, path)
        except OSError:
            os.unlink(file.name)
            raise
