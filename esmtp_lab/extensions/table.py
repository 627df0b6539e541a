"""One table of a definition: its values taken out by kind, and what is wrong with them noted, never raised."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from esmtp_lab.extensions.findings import Finding

_KINDS = {str: 'a text, as "…"', int: "a whole number", bool: "true or false", list: "a list, as […]", dict: "a table"}


class Table:
    """A table at a `place`, with the keys that it may have; `findings` are those of the whole file."""

    def __init__(
        self, data: dict[str, Any], place: str, keys: Sequence[str], findings: list[Finding] | None = None
    ) -> None:
        self.data = data
        self.place = place
        self.findings: list[Finding] = [] if findings is None else findings
        for key in data:
            if key not in keys:
                near = get_close_matches(key, keys, n=1)
                told = f"Perhaps {near[0]} is meant; there" if near else "There"
                self.find(key, "is not known here", f"{told} are {', '.join(keys)}")

    def find(self, key: str, wrong: str, instead: str, section: str = "") -> None:
        """Note what is wrong with a key."""
        self.findings.append(Finding(".".join(filter(None, (self.place, key))), wrong, instead, section))

    def _value(self, key: str, kind: type, default: Any) -> Any:
        """The value of a key, or `default`, which is None where there must be one."""
        value = self.data.get(key, default)
        if value is None:
            self.find(key, "is missing", f"Write {_KINDS[kind]}")
        elif type(value) is not kind:
            self.find(key, f"is {_KINDS.get(type(value), 'something else')}", f"Write {_KINDS[kind]}")
        else:
            return value
        return default if default is not None else kind()

    def text(self, key: str, default: str | None = None) -> str:
        """A text; without a `default` there must be one, and not an empty one."""
        value = str(self._value(key, str, default))
        if default is None and key in self.data and isinstance(self.data[key], str) and not value.strip():
            self.find(key, "is empty", f"Write {_KINDS[str]}")
        return value.strip()

    def number(self, key: str, least: int = 0, most: int = 999) -> int:
        """A number that there must be."""
        return self._within(key, self._value(key, int, None), least, most)

    def _within(self, key: str, number: int, least: int, most: int) -> int:
        if key in self.data and not least <= number <= most:
            self.find(key, "is out of range", f"Write a number from {least} to {most}")
            return least
        return max(least, number)

    def flag(self, key: str) -> bool:
        """Yes or no; no where it is not said."""
        return bool(self._value(key, bool, False))

    def _list(self, key: str, kind: type) -> list[Any]:
        found = self._value(key, list, [])
        good = [each for each in found if type(each) is kind]
        if len(good) < len(found):
            self.find(key, "holds what does not belong there", f"Write a list in which each is {_KINDS[kind]}")
        return good

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(self._list(key, str))

    def numbers(self, key: str, least: int, most: int) -> tuple[int, ...]:
        """A list of numbers."""
        return tuple(self._within(key, each, least, most) for each in self._list(key, int))

    def by_name(self, key: str, kind: type) -> dict[str, Any]:
        """A table whose values are of one kind."""
        found = self._value(key, dict, {})
        good = {name: each for name, each in found.items() if type(each) is kind}
        for name in found.keys() - good.keys():
            self.find(f"{key}.{name}", f"is not {_KINDS[kind]}", f"Write {_KINDS[kind]}")
        return good

    def sub(self, key: str, keys: Sequence[str]) -> "Table":
        """A table inside this one."""
        return self._inside(key, self._value(key, dict, {}), keys)

    def tables(self, key: str, keys: Sequence[str]) -> Iterator[tuple[str, "Table"]]:
        """The tables inside a table, by name."""
        for name, each in self.by_name(key, dict).items():
            yield name, self._inside(f"{key}.{name}", each, keys)

    def listed(self, key: str, keys: Sequence[str]) -> Iterator[tuple[int, "Table"]]:
        """The tables of a list, counted from 1."""
        for number, each in enumerate(self._list(key, dict), start=1):
            yield number, self._inside(f"{key}.{number}", each, keys)

    def _inside(self, key: str, data: dict[str, Any], keys: Sequence[str]) -> "Table":
        return Table(data, ".".join(filter(None, (self.place, key))), keys, self.findings)
