"""The registry of enhanced status codes (RFC 3463, RFC 5248), as data: what 5.1.1 says beside 550."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from esmtp_lab.errors import DataError

ANY = "any"
_FILE = "statuscodes.toml"
_CODE = r"X\.[0-9]{1,3}\.[0-9]{1,3}"
_BASIC = r"(?:[2-5][0-9]{2}|[2-5]yz)(?: (?:[2-5][0-9]{2}|[2-5]yz))*|any|"
_KEYS = {"says": str, "basic": str, "rfcs": list, "classes": str}


class StatusCode(NamedTuple):
    """One registered code without its class: ``X.1.1``.

    `basic` are the reply codes that it goes with, as numbers, 5yz, or "any"; none where the registry names none.
    `classes` are the classes that the registry says it is for; empty where it says nothing.
    """

    code: str
    says: str
    rfcs: tuple[int, ...]
    basic: tuple[str, ...] = ()
    classes: str = ""

    @property
    def source(self) -> str:
        """What defines it."""
        return " and ".join(f"RFC {each}" for each in self.rfcs) or "IANA's registry"

    def goes_with(self, reply_code: int) -> bool | None:
        """Whether the registry lists it beside a reply code; None where it lists no reply codes at all."""
        if not self.basic:
            return None
        return ANY in self.basic or bool({str(reply_code), f"{reply_code // 100}yz"}.intersection(self.basic))


class StatusCodes(NamedTuple):
    """The whole registry: what classes and subjects mean, by number, and the codes, by their name with an X."""

    classes: Mapping[str, str]
    subjects: Mapping[str, str]
    codes: Mapping[str, StatusCode]

    def find(self, text: str) -> StatusCode | None:
        """The entry for a code as it stands in a reply, such as ``5.1.1``, or None where it is not registered."""
        return self.codes.get(f"X.{text.partition('.')[2]}")

    def explain(self, text: str) -> str:
        """A code in one sentence: what its class says, and what itself, or its subject where it is not registered."""
        severity, _, rest = text.partition(".")
        outcome = self.classes.get(severity, f"Class {severity} is none")
        entry = self.find(text)
        if entry is not None:
            return f"{outcome}: {entry.says}."
        subject = self.subjects.get(rest.partition(".")[0])
        return f"{outcome}{f', {subject}' if subject else ''}; a detail that is not registered."


@cache
def status_codes() -> StatusCodes:
    """The registry that ships with the lab, read at first use. Raises DataError where it is not good."""
    return read_status_codes(Path(__file__).with_name(_FILE).read_text("utf-8"), _FILE)


def read_status_codes(text: str, where: str) -> StatusCodes:
    """The registry in a TOML text, checked. Raises DataError, which says what to mend."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(where, f"is not TOML: {error}") from None
    if data.pop("version", None) != 1:
        raise DataError(where, "has no version. Add version = 1 at its top")
    if data.keys() != {"classes", "subjects", "codes"}:
        raise DataError(where, f"has the tables classes, subjects and codes, not {', '.join(data) or 'none'}")
    codes = {name: _code(name, table, f'{where}: "{name}"') for name, table in data["codes"].items()}
    return StatusCodes(data["classes"], data["subjects"], codes)


def _code(name: str, table: Mapping[str, Any], where: str) -> StatusCode:
    if re.fullmatch(_CODE, name) is None:
        raise DataError(where, 'is no code. Write "X.1.1": the class is left open')
    if not isinstance(table, dict):
        raise DataError(where, f'is no table. Write {{ says = "…", rfcs = [3463] }}, not {table!r}')
    for key, value in table.items():
        if key not in _KEYS:
            raise DataError(where, f"knows no key {key!r}; there are {', '.join(_KEYS)}")
        if not isinstance(value, _KEYS[key]):
            raise DataError(
                where, f"{key} is {'a list of numbers' if key == 'rfcs' else 'text in quotes'}, not {value!r}"
            )
    if not table.get("says"):
        raise DataError(where, 'has no meaning. Add says = "…"')
    if "rfcs" not in table:
        raise DataError(where, "does not say what defines it. Add rfcs = [3463], or rfcs = [] where no RFC does")
    if re.fullmatch(_BASIC, table.get("basic", "")) is None:
        raise DataError(where, f'basic lists reply codes, as in basic = "450 5yz", or "any"; not {table["basic"]!r}')
    if not set(table.get("classes", "")) <= set("245"):
        raise DataError(where, f'classes is made of 2, 4 and 5, as in classes = "45"; not {table["classes"]!r}')
    basic = tuple(table.get("basic", "").split())
    return StatusCode(name, table["says"], tuple(table["rfcs"]), basic, table.get("classes", ""))
