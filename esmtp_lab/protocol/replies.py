"""The reply catalogue: from a situation to a code and its text; the data stands in replies.toml."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

from esmtp_lab.errors import DataError
from esmtp_lab.wire.international import embedded
from esmtp_lab.wire.reply import Reply


class Answer(NamedTuple):
    """What a server decided to say: a situation of the catalogue, its fields, and lines to follow; whether it may do so
    in `utf8`."""

    key: str
    fields: Mapping[str, str] = {}
    lines: tuple[str, ...] = ()
    utf8: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One situation: its codes by era (and "default"), its texts and its enhanced status codes likewise."""

    key: str
    codes: Mapping[str, int]
    texts: Mapping[str, str]
    details: Mapping[str, str] = field(default_factory=dict)

    def code(self, era: str) -> int:
        """The reply code in that era."""
        return self.codes.get(era, self.codes["default"])

    def enhanced(self, era: str) -> str:
        """The enhanced status code in that era, or nothing."""
        return self.details.get(era, self.details.get("default", ""))


LONGEST_TEXT = 512 - len("250 ") - len("\r\n")
"""Octets of the text of a reply line: RFC 821 section 4.5.3, RFC 2821 section 4.5.3.1."""
_FIELD = re.compile(r"\{(\w+)\}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def _fit(text: str, utf8: bool) -> bytes:
    octets = (_CONTROLS.sub("?", text) if utf8 else embedded(text)).encode()
    if len(octets) <= LONGEST_TEXT:
        return octets
    return octets[: LONGEST_TEXT - 4].decode("utf-8", "ignore").encode() + b" ..."


class _Fields(dict[str, str]):
    """The fields of an answer; one that the policy's answer does not have is left out of the text."""

    def __missing__(self, key: str) -> str:
        return "?"


def _filled(text: str, fields: Mapping[str, str]) -> str:
    """A text with its fields. What stands behind a colon says more: it goes where one of its fields is not there."""
    says, colon, more = text.partition(": ")
    if colon and not set(_FIELD.findall(more)) <= fields.keys():
        text = says
    return text.format_map(_Fields(fields)).rstrip()


class Composed(NamedTuple):
    """A reply before it is put into octets: extensions may still change it."""

    code: int
    lines: tuple[str, ...]
    enhanced: str = ""
    utf8: bool = False

    def reply(self) -> Reply:
        """The reply in octets. Controls become question marks, and what is no US-ASCII is spelt in it, unless `utf8` is
        allowed; no line is longer than LONGEST_TEXT: what is cut away ends in dots."""
        return Reply(self.code, tuple(_fit(line, self.utf8) for line in self.lines))


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All situations by key."""

    entries: Mapping[str, Entry] = field(repr=False)

    def plus(self, own: Iterable[Mapping[str, Entry]]) -> "Catalogue":
        """This catalogue and the situations of extensions."""
        entries = dict(self.entries)
        for each in own:
            entries.update(each)
        return Catalogue(entries)

    def compose(self, answer: Answer, era: str) -> Composed:
        """The code and lines for an answer in an era. Raises KeyError for a situation that is not there."""
        entry = self.entries[answer.key]
        text = entry.texts.get(era, entry.texts["default"])
        first = (_filled(text, answer.fields),) if text else ()
        return Composed(entry.code(era), first + answer.lines or ("",), entry.enhanced(era), answer.utf8)


@cache
def catalogue() -> Catalogue:
    """The catalogue that ships with the lab, read at first use."""
    data = tomllib.loads(Path(__file__).with_name("replies.toml").read_text("utf-8"))
    return Catalogue({key: _entry(key, table) for key, table in data.items() if key != "version"})


def _entry(key: str, table: Mapping[str, object]) -> Entry:
    code, detail, texts = table.get("code"), table.get("enhanced", {}), {}
    details = {"default": detail} if isinstance(detail, str) else detail
    codes = {"default": code} if isinstance(code, int) else code
    if not isinstance(codes, dict) or "default" not in codes:
        raise DataError(f"replies.toml: [{key}]", "has no code. Add code = 250, or { default = 250, rfc821 = … }")
    if not isinstance(details, dict):
        raise DataError(f"replies.toml: [{key}]", 'has no such enhanced. Write enhanced = "2.0.0", or one for each era')
    for name, value in table.items():
        if name == "text":
            texts["default"] = str(value)
        elif name not in ("code", "enhanced"):
            texts[name] = str(value)
    if "default" not in texts:
        raise DataError(f"replies.toml: [{key}]", 'has no text. Add text = "…"')
    return Entry(key, codes, texts, details)
