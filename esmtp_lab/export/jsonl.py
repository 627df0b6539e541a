"""Events as JSON, one object a line."""

import json
from collections.abc import Iterable
from typing import Any

from esmtp_lab.export.transcript import mask
from esmtp_lab.protocol.event import Event
from esmtp_lab.rules.rule import Citation
from esmtp_lab.wire.visible import columns, decode, encode, spell


def record(event: Event, number: int | None, client: str, server: str, misconceptions: Iterable[str] = ()) -> str:
    r"""One line of protocol with its rules, violations, the misconceptions that it shows, and the state of both sides
    after it.

    `number` is that of the input line, from 1. Spans are in characters of `text`, which has no line
    end and spells octets that are not UTF-8 as ``\xNN``. Where that does not tell which octets they were, `octets` has
    them in the escapes of a transcript. `tls` is there, and true, where the line was said under TLS.
    """
    octets = mask(event)
    data: dict[str, Any] = {} if number is None else {"line": number}
    data |= {
        "dir": "C" if event.speaker == "client" else "S",
        "text": decode(octets.removesuffix(b"\r\n")),
        "rules": [_cited(each, event) for each in event.citations if not each.broken],
        "violations": [
            {**_cited(each, event), "side": each.side(event.speaker)} for each in event.citations if each.broken
        ],
        "misconceptions": list(misconceptions),
        "state": {"client": client, "server": server},
    }
    if event.before.protected:
        data["tls"] = True
    if encode(data["text"]) + b"\r\n" != octets:
        data["octets"] = spell(octets)
    return json.dumps(data)


def _cited(citation: Citation, event: Event) -> dict[str, Any]:
    rule = citation.rule
    return {
        "id": rule.id,
        "rfc": rule.rfc,
        "section": rule.section,
        "level": rule.level,
        "span": _characters(citation, event),
    }


def _characters(citation: Citation, event: Event) -> list[int] | None:
    text = event.octets.removesuffix(b"\r\n")
    if citation.span is None or event.secret is not None or citation.span[0] >= len(text):
        return None
    places = columns(text, escaped=False)
    return [places[citation.span[0]], places[min(citation.span[1], len(text))]]
