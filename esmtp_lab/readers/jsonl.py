"""Reads our own JSON Lines, as ``--format json`` writes them."""

import json
import re
from collections.abc import Iterable, Iterator

from esmtp_lab.readers.shown import Format, Numbered, Shown
from esmtp_lab.wire.visible import encode, unspell

_SPEAKERS = {"C": "client", "S": "server"}


def _read(lines: Iterable[Numbered]) -> Iterator[Shown]:
    state, protected = "", False
    for number, line in lines:
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not isinstance(data, dict):
            continue
        speaker, text, spelt = _SPEAKERS.get(str(data.get("dir"))), data.get("text"), data.get("octets")
        if speaker is None or not isinstance(text, str):
            continue
        before, state = state, _state(data)
        was, protected = protected, data.get("tls") is True
        begins = "tls" if protected and not was else _begins(speaker, text, before) if state == "initial" else ""
        if begins:
            yield Shown(number, begins)
        octets = unspell(spelt.encode("utf-8", "replace")) if isinstance(spelt, str) else encode(text) + b"\r\n"
        yield Shown(number, speaker, octets)


def _begins(speaker: str, text: str, before: str) -> str:
    """The moment that led back to the initial state, for moments are no lines of protocol and have no object."""
    if speaker == "server":
        return "connected" if before not in ("", "connect", "initial") and text.startswith("220") else ""
    return "tls" if before not in ("", "connect", "initial", "closed") else ""


def _state(data: dict[str, object]) -> str:
    state = data.get("state")
    return str(state.get("server")) if isinstance(state, dict) else ""


JSONL = Format("jsonl", "JSON Lines of --format json", re.compile(rb'\s*\{.*"(?:dir|mismatch)"\s*:'), _read)
