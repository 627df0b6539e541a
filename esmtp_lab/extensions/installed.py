"""Extensions of third parties: distributions name theirs under an entry point, and are asked when one is wanted.

In the group `esmtp_lab.extensions` the name of an entry is the EHLO keyword, and its value either an `Extension` or a
definition file: ``XDELAY = "delays:XDELAY"`` or ``XDELAY = "delays:xdelay.toml"``. A file is found and read without any
code of the distribution being run. What is broken is left out, with a message that names its distribution.
"""

from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from esmtp_lab.errors import DataError
from esmtp_lab.extensions import SHIPPED
from esmtp_lab.extensions.loading import load, loaded
from esmtp_lab.extensions.standard import findings
from esmtp_lab.protocol.extension import Extension

GROUP = "esmtp_lab.extensions"


def keywords() -> tuple[str, ...]:
    """The keywords that distributions name, without asking what stands behind them."""
    return tuple(dict.fromkeys(entry.name.upper() for entry in entry_points(group=GROUP)))


def find(keyword: str) -> Extension | None:
    """The extension that a distribution has for a keyword, or None where none names it.

    Raises DataError where it cannot be used, or where two distributions have one.
    """
    found = [entry for entry in entry_points(group=GROUP) if entry.name.upper() == keyword.upper()]
    if not found:
        return None
    makers = list(dict.fromkeys(map(_maker, found)))
    if len(makers) > 1:
        raise DataError(f"extension {keyword}", f"is in {' and in '.join(makers)}. Uninstall all but one")
    return _checked(found[0], makers[0])


def named(name: str, others: Iterable[Extension] = ()) -> Extension:
    """The extension that somebody names: a definition file, or the keyword of an installed one. Raises DataError."""
    file = Path(name).expanduser()
    if file.suffix or len(file.parts) > 1 or file.exists():
        return load(name, others)
    found = find(name)
    if found is None:
        there = f"; there are {', '.join(keywords())}" if keywords() else ""
        raise DataError(f"extension {name!r}", f"is no file, and no distribution has it{there}")
    return found


def every() -> Iterator[Extension | DataError]:
    """All that distributions have, each or why it cannot be used."""
    for keyword in keywords():
        try:
            found = find(keyword)
        except DataError as error:
            yield error
        else:
            assert found is not None
            yield found


def _maker(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unknown distribution"


def _checked(entry: EntryPoint, maker: str) -> Extension:
    """What stands behind an entry, held to the standards' form. Raises DataError."""
    where = f"extension {entry.name} of {maker}"
    others = tuple(each for each in SHIPPED if each.ehlo_keyword != entry.name.upper() or not each.local)
    if entry.attr.endswith(".toml"):
        extension = loaded(_definition(entry, where), where, others)
    else:
        extension = _value(entry, where)
    if extension.ehlo_keyword != entry.name.upper():
        what = f"its keyword is {extension.ehlo_keyword}, and its entry point is called {entry.name}"
        raise DataError(where, f"{what}. Both have to be the same")
    if any(each.ehlo_keyword == extension.ehlo_keyword for each in others):
        raise DataError(where, "the lab has that keyword itself")
    if wrong := findings(extension, others):
        raise DataError(where, wrong[0].text)
    return extension


def _value(entry: EntryPoint, where: str) -> Extension:
    try:
        value = entry.load()
    except (Exception, SystemExit) as error:  # whatever the code of somebody else does when it is imported
        raise DataError(where, f"cannot be loaded: {type(error).__name__}: {error}") from error
    if not isinstance(value, Extension):
        raise DataError(where, f"{entry.value} is no Extension, but a {type(value).__name__}")
    return value


def _definition(entry: EntryPoint, where: str) -> str:
    """The text of a definition file inside a package, which is looked for and not imported."""
    try:
        top, *inner = entry.module.split(".")
        spec = find_spec(top)
        folders = list(spec.submodule_search_locations or ()) if spec else []
        file = Path(*folders[:1], *inner, entry.attr)
        return file.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise DataError(where, f"{entry.value} cannot be read: {error}") from None
