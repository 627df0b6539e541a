"""Tables of a lesson's file, read with care: each value is of its kind, or the error says what to write."""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from esmtp_lab.errors import DataError

Table = Mapping[str, Any]


def known(table: Table, keys: Collection[str], where: str) -> None:
    """Let no key pass that nobody reads. Raises DataError."""
    for key in table:
        if key not in keys:
            close = get_close_matches(key, keys, n=1)
            perhaps = f"perhaps {close[0]!r} is meant; " if close else ""
            raise DataError(where, f"knows no key {key!r}; {perhaps}there are {', '.join(sorted(keys))}")


def text(table: Table, key: str, where: str, default: str | None = None) -> str:
    """Text that is not empty, or the default where there is none. Raises DataError."""
    value = table.get(key, default)
    if not isinstance(value, str) or (not value.strip() and default is None):
        raise DataError(where, f'has no {key}. Add {key} = "…"' if value is None else f"{key} is no text: {value!r}")
    return value


def texts(table: Table, key: str, where: str) -> tuple[str, ...]:
    """A list of texts; none where the key is missing. Raises DataError."""
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise DataError(where, f'{key} is no list of texts. Write {key} = ["…", "…"]')
    return tuple(value)


def number(table: Table, key: str, where: str, default: int | None = None) -> int:
    """A whole number from 0 on. Raises DataError."""
    value = table.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise DataError(where, f"has no {key}. Add {key} = 1" if value is None else f"{key} is no number: {value!r}")
    return value


def flag(table: Table, key: str, where: str) -> bool:
    """True or false; false where the key is missing. Raises DataError."""
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise DataError(where, f"{key} is true or false, not {value!r}")
    return value


def tables(table: Table, key: str, where: str) -> Iterator[Table]:
    """A list of tables; none where the key is missing. Raises DataError."""
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise DataError(where, f"{key} is no list of tables. Write [[{key}]] or {key} = [ {{ … }} ]")
    yield from value


def one_table(table: Table, key: str, where: str) -> Table:
    """A table; an empty one where the key is missing. Raises DataError."""
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise DataError(where, f"{key} is no table, but {value!r}")
    return value
