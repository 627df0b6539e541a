"""The registry of service extensions, today's and that of 1998, as data: every keyword, implemented here or not."""

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from esmtp_lab.errors import DataError

_FILE = "registry.toml"
NOW, THEN = "now", "1998"
REGISTRIES = (NOW, THEN)
BASES = ("text", "registry")
_KEYWORD = r"[A-Z0-9][A-Z0-9-]*"


class Parameter(NamedTuple):
    """A parameter that an extension adds to a verb: its form, as in ``SIZE=octets``, and what it says."""

    verb: str
    form: str
    says: str

    @property
    def keyword(self) -> str:
        """Its name."""
        return self.form.partition("=")[0]


class Entry(NamedTuple):
    """One keyword of the registry; the head of registry.toml says what each field is.

    Where `basis` is "registry", nobody has read the text: `growth` is empty because it is not known.
    """

    keyword: str
    title: str
    status: str
    basis: str
    says: str
    teaches: str = ""
    rfc: int | None = None
    contact: str = ""
    obsoleted: tuple[int, ...] = ()
    also: tuple[int, ...] = ()
    offers: str = ""
    offers_says: str = ""
    words: Mapping[str, str] = {}
    verbs: Mapping[str, str] = {}
    parameters: tuple[Parameter, ...] = ()
    growth: Mapping[str, int] = {}
    growth_says: str = ""
    needs: Mapping[str, str] = {}
    replaced_by: tuple[str, ...] = ()
    submission: str = ""
    ports: tuple[int, ...] = ()
    barred: tuple[int, ...] = ()
    registry: str = NOW

    @property
    def checked(self) -> bool:
        """Whether all of it was checked against the text that defines it."""
        return self.basis != "registry"

    @property
    def source(self) -> str:
        """What defines it: an RFC, or the person who registered it."""
        return f"RFC {self.rfc}" if self.rfc else self.contact


class Registry(NamedTuple):
    """All keywords of one registry, in its order."""

    name: str
    entries: Mapping[str, Entry]

    def needed_by(self, keyword: str) -> tuple[str, ...]:
        """The keywords that need this one."""
        return tuple(each.keyword for each in self.entries.values() if keyword in each.needs)

    def replaces(self, keyword: str) -> tuple[str, ...]:
        """The keywords in whose place this one is used."""
        return tuple(each.keyword for each in self.entries.values() if keyword in each.replaced_by)


@cache
def registries() -> Mapping[str, Registry]:
    """The registries that ship with the lab, "now" and "1998", read at first use. Raises DataError."""
    return read_registries(Path(__file__).with_name(_FILE).read_text("utf-8"), _FILE)


# Reading -----------------------------------------------------------------------------------------


def read_registries(text: str, where: str) -> Mapping[str, Registry]:
    """Both registries from a TOML text, checked. Raises DataError, which says what to mend."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(where, f"is not TOML: {error}") from None
    if data.pop("version", None) != 1:
        raise DataError(where, "has no version. Add version = 1 at its top")
    now, then = {}, {}
    for keyword, table in data.items():
        place = f"{where}: [{keyword}]"
        if not isinstance(table, dict) or re.fullmatch(_KEYWORD, keyword) is None or keyword.startswith("X"):
            raise DataError(
                place, "is no keyword with its table. Write it in capitals, digits and hyphens, with no X first"
            )
        was = table.pop("then", None)
        now[keyword] = _entry(keyword, table, place)
        if was is not None:
            if not isinstance(was, dict):
                raise DataError(place, f"then is a table of what was otherwise in 1998, not {was!r}")
            # ports and submission came later than 1998, and so did what the notes have to teach
            kept = {key: value for key, value in table.items() if key not in _LATER}
            then[keyword] = _earlier(now[keyword], _entry(keyword, kept | was, f"{place} then"))
    for keyword, entry in now.items():
        for other in (*entry.needs, *entry.replaced_by):
            if other not in now:
                raise DataError(f"{where}: [{keyword}]", f"names {other}, which is not in the registry")
    for entry in then.values():
        left = tuple(each for each in entry.replaced_by if each in then)
        then[entry.keyword] = entry._replace(replaced_by=left)
    return {NOW: Registry(NOW, now), THEN: Registry(THEN, then)}


_LATER = ("teaches", "also", "submission", "ports", "barred")


def _earlier(now: Entry, then: Entry) -> Entry:
    """An entry as it stood in 1998: of the documents behind it, those that came before its own."""
    documents = (*now.obsoleted, now.rfc) if now.rfc else ()
    before = documents[: documents.index(then.rfc)] if then.rfc in documents else ()
    return then._replace(obsoleted=tuple(each for each in before if each), registry=THEN)


_Reader = Callable[[Any], Any]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _refuse()


def _number(value: Any) -> int:
    return value if type(value) is int else _refuse()


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(_text, value)) if isinstance(value, list) else _refuse()


def _numbers(value: Any) -> tuple[int, ...]:
    return tuple(map(_number, value)) if isinstance(value, list) else _refuse()


def _named_texts(value: Any) -> Mapping[str, str]:
    return {key: _text(each) for key, each in value.items()} if isinstance(value, dict) else _refuse()


def _named_numbers(value: Any) -> Mapping[str, int]:
    return {key: _number(each) for key, each in value.items()} if isinstance(value, dict) else _refuse()


def _parameters(value: Any) -> tuple[Parameter, ...]:
    try:
        return tuple(Parameter(**{key: _text(each) for key, each in table.items()}) for table in value)
    except (AttributeError, TypeError):
        _refuse()


def _refuse() -> NoReturn:
    raise TypeError


_TEXT = (_text, "text in quotes")
_NUMBERS = (_numbers, "a list of numbers")
_READERS: dict[str, tuple[_Reader, str]] = {
    "title": _TEXT,
    "rfc": (_number, "the number of an RFC"),
    "contact": _TEXT,
    "obsoleted": _NUMBERS,
    "also": _NUMBERS,
    "status": _TEXT,
    "basis": _TEXT,
    "offers": _TEXT,
    "offers_says": _TEXT,
    "words": (_named_texts, 'a table of texts, as { imap = "IMAP URLs" }'),
    "verbs": (_named_texts, 'a table of texts, as { BDAT = "BDAT chunk-size" }'),
    "parameters": (_parameters, 'a list of tables, as [{ verb = "MAIL", form = "SIZE=octets", says = "…" }]'),
    "growth": (_named_numbers, "a table of octets by verb, as { MAIL = 26 }"),
    "growth_says": _TEXT,
    "needs": (_named_texts, 'a table of places, as { CHUNKING = "RFC 3030 §3" }'),
    "replaced_by": (_texts, "a list of keywords in quotes"),
    "submission": _TEXT,
    "ports": _NUMBERS,
    "barred": _NUMBERS,
    "says": _TEXT,
    "teaches": _TEXT,
}


def _entry(keyword: str, table: Mapping[str, Any], where: str) -> Entry:
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in _READERS:
            raise DataError(where, f"knows no key {key!r}; there are {', '.join(_READERS)}")
        reader, what = _READERS[key]
        try:
            values[key] = reader(value)
        except TypeError:
            raise DataError(where, f"{key} is {what}, not {value!r}") from None
    for key in ("title", "status", "basis", "says"):
        if not values.get(key):
            raise DataError(where, f'has no {key}. Add {key} = "…"')
    if values["basis"] not in BASES:
        raise DataError(where, f"basis is one of {', '.join(BASES)}, not {values['basis']!r}")
    if ("rfc" in values) == ("contact" in values):
        raise DataError(where, "is defined by an rfc or registered by a contact: add one, and not both")
    if values["basis"] == "registry" and values.get("growth"):
        raise DataError(where, "has growth, but its text was not read. Leave growth out")
    return Entry(keyword=keyword, **values)
