"""The numbers and titles of the sections that rules can stand in, as data beside this file."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path


@cache
def section_titles() -> Mapping[int, Mapping[str, str]]:
    """For each RFC the titles of its sections by number, in their order."""
    data = tomllib.loads(Path(__file__).with_name("sections.toml").read_text("utf-8"))
    return {int(name.removeprefix("rfc")): titles for name, titles in data.items() if name != "version"}


def section_title(document: int, section: str) -> str:
    """The title of a section, or nothing where it is not known."""
    return section_titles().get(document, {}).get(section, "")


def section_order(section: str) -> tuple[tuple[int, str], ...]:
    """A key that sorts section numbers as the documents do: 4.2, 4.10, A, A.1."""
    return tuple((int(part), "") if part.isdecimal() else (1000, part) for part in section.split("."))
