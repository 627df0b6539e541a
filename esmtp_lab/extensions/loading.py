"""Definition files: looked through for what has to be mended, and loaded where nothing has.

One that has the keyword of another local extension takes its place.
"""

from collections.abc import Iterable
from pathlib import Path

from esmtp_lab.errors import DataError
from esmtp_lab.extensions.definition import read_definition
from esmtp_lab.extensions.findings import Finding
from esmtp_lab.extensions.standard import findings
from esmtp_lab.protocol.extension import Extension

_MOST = 1 << 20
"""Octets of a definition: whatever has more is none."""


def look_through(file: str, others: Iterable[Extension] = ()) -> tuple[Extension | None, list[Finding]]:
    """A definition file beside other extensions: what it defines, and what has to be mended. Raises DataError where
    it cannot be read at all."""
    return look_at(_text(file), others)


def look_at(text: str, others: Iterable[Extension] = ()) -> tuple[Extension | None, list[Finding]]:
    """The same for the text of a definition. Never raises."""
    extension, found = read_definition(text)
    known = () if extension is None or found else findings(extension, others, local=True)
    return extension, [*found, *known]


def load(file: str, others: Iterable[Extension] = ()) -> Extension:
    """The extension that a file defines. Raises DataError for a file in which something has to be mended."""
    return loaded(_text(file), file, others)


def loaded(text: str, where: str, others: Iterable[Extension] = ()) -> Extension:
    """The extension that a text defines. Raises DataError, which says `where` and what to mend first."""
    extension, found = look_at(text, others)
    if found or extension is None:
        more = f"; {len(found) - 1} more: esmtp-lab extensions check {where}" if len(found) > 1 else ""
        raise DataError(where, f"{found[0].text}{more}")
    return extension


def held(extension: Extension, others: Iterable[Extension] = ()) -> Extension:
    """An extension that was written in Python. Raises DataError where it is not what the standards ask."""
    found = findings(extension, others)
    if found:
        raise DataError(f"extension {extension.ehlo_keyword}", found[0].text)
    return extension


def _text(file: str) -> str:
    try:
        path = Path(file).expanduser()
        if path.stat().st_size > _MOST:
            raise DataError(file, f"is no definition: it has more than {_MOST} octets")
        return path.read_text("utf-8")
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(file, f"cannot be read: {error}") from None
