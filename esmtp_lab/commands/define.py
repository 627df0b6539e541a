"""`esmtp-lab extensions new`, `check` and `page`: an extension of one's own, begun, checked and specified."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from esmtp_lab.commands.columns import wrapped
from esmtp_lab.errors import DataError
from esmtp_lab.extensions import EXAMPLE, beside
from esmtp_lab.extensions.installed import every, find
from esmtp_lab.extensions.installed import keywords as installed_keywords
from esmtp_lab.extensions.loading import load, look_at, look_through
from esmtp_lab.extensions.specification import plain, specification
from esmtp_lab.protocol.extension import Extension, ParameterForm
from esmtp_lab.wire.grammar import EHLO_KEYWORD

_NAMES = re.compile("XPONG|XPING|XTRACE")
_GROWTH = re.compile(r"MAIL = \d+ ")
_LONGEST = 32


class Said(NamedTuple):
    """One line of output, and whether what it tells is good."""

    text: str
    right: bool = True


# New ---------------------------------------------------------------------------------------------


def definition(keyword: str) -> str:
    """The definition of the lab's own local extension under another keyword, for somebody to change.

    Raises DataError for a keyword that no local extension can have.
    """
    name = keyword.strip().upper()
    if EHLO_KEYWORD.fullmatch(name.encode("utf-8", "replace")) is None:
        raise DataError(
            f"keyword {keyword!r}", 'is no ehlo-keyword: letters, digits and hyphens. Take one like "XDELAY"'
        )
    names = {"XPONG": name, "XPING": name, "XTRACE": f"{name}-MARK"}
    text = EXAMPLE.read_text("utf-8")
    room = ParameterForm(names["XTRACE"], ".", "", "", longest=_LONGEST).room
    text = _GROWTH.sub(f"MAIL = {room} ", _NAMES.sub(lambda found: names[found[0]], text))
    _, found = look_at(text, beside(()))
    if found:
        raise DataError(f"keyword {keyword!r}", f"{found[0].wrong}. {found[0].instead}")
    return text


def write_definition(keyword: str, file: str | None, *, force: bool) -> str:
    """Write a definition to a file, by default one called like the keyword, and say which.

    Raises DataError for a keyword that cannot be, and for a file that is there already, unless `force` is given.
    """
    text = definition(keyword)
    path = Path(file or f"{keyword.strip().lower()}.toml").expanduser()
    try:
        with path.open("w" if force else "x", encoding="utf-8", newline="\n") as out:
            out.write(text)
    except FileExistsError:
        raise DataError(str(path), "is there already. Name another file, or write over it with --force") from None
    except OSError as error:
        raise DataError(str(path), f"cannot be written: {error.strerror or error}") from None
    return str(path)


# Check -------------------------------------------------------------------------------------------


def check(names: Sequence[str]) -> Iterator[Said]:
    """What has to be mended in definition files, each beside what the lab ships and the files before it."""
    good: tuple[Extension, ...] = ()
    for name in names:
        try:
            extension, found = look_through(name, beside(good))
        except DataError as error:
            yield Said(str(error), right=False)
            continue
        yield from (Said(f"{name}: {each.text}", right=False) for each in found)
        if extension is not None and not found:
            good += (extension,)
            yield Said(f"{name}: {extension.ehlo_keyword} is as RFC 1869 section 4 and RFC 2821 section 2.2.2 ask")


# Page --------------------------------------------------------------------------------------------


def specified(name: str, form: str = "text", columns: int | None = None) -> Iterator[str]:
    """The specification page of a definition file, or of an extension that the lab knows by its keyword, as "text" or
    as "markdown"; without `columns` nothing is wrapped. Raises DataError."""
    lines = specification(_named(name))
    if form == "markdown":
        yield from lines
    else:
        for line in plain(lines):
            indent = len(line) - len(line.lstrip(" *"))
            yield from wrapped(line, columns, indent)


def _named(name: str) -> Extension:
    known = {each.ehlo_keyword: each for each in beside(())}
    keyword = name.strip().upper()
    if Path(name).suffix or Path(name).exists():
        return load(name, known.values())
    found = known.get(keyword) or find(keyword)
    if found is None:
        there = ", ".join((*known, *installed_keywords()))
        raise DataError(f"extension {name!r}", f"is neither a file nor spoken by the lab; there are {there}")
    return found


# What is known besides ---------------------------------------------------------------------------


def known_besides(names: Iterable[str]) -> tuple[tuple[Extension, ...], list[DataError]]:
    """The extensions of third parties and of definition files, and why some cannot be used. Raises DataError for a file
    in which something has to be mended."""
    asked = list(every())
    own = tuple(each for each in asked if isinstance(each, Extension))
    for name in names:
        own += (load(name, beside(own)),)
    return own, [each for each in asked if isinstance(each, DataError)]
