"""What was said, as goals look at it: for each key of a clause over lines, whether an item is as its values say."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from esmtp_lab.wire.command import line_end
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.visible import visible

if TYPE_CHECKING:
    from esmtp_lab.tutor.items import Item

Values = tuple[Any, ...]
"""What a key of a clause may be, any of them."""

MOMENTS = {
    "GREETING": "the opened channel",
    "END_OF_DATA": "the lone dot",
    "LAST_CHUNK": "the last chunk",
    "CONTINUATION": "a line of the exchange",
    "UNKNOWN": "an unknown verb",
    "*": "anything",
}


CODE = re.compile(r"\d{3}|\dyz|x\dz")
"""A code, or what it may be named by."""
MOMENT = ("closed", "tls", "forgiven")
"""How moments of the channel begin that goals may ask for."""


def fits_code(code: int, values: Values) -> bool:
    """Whether a code goes by one of these names: 250, 2yz, x5z."""
    names = (f"{code:03d}", f"{code // 100}yz", f"x{code // 10 % 10}z")
    return any(each in names for each in values)


def _command(item: "Item", values: Values) -> bool:
    event = item.event
    if event.kind != "command":
        return False
    command = event.command
    return "*" in values or event.to in values or (command is not None and command.verb in values)


def _reply_to(item: "Item", values: Values) -> bool:
    return item.kind == "reply" and item.event.last and ("*" in values or item.event.to in values)


def _moment(item: "Item", values: Values) -> bool:
    return item.kind == "moment" and any(item.octets.decode("utf-8", "replace").startswith(each) for each in values)


def _violation(item: "Item", values: Values) -> bool:
    if item.kind == "moment":
        return False
    broken = list(item.broken())
    return any("*" in values or not {each.rule.id, each.rule.lineage}.isdisjoint(values) for each, _ in broken)


def _by(item: "Item", values: Values) -> bool:
    if item.kind == "moment":
        return item.octets.decode("utf-8", "replace").partition("closed by the ")[2].split(":")[0] in values
    return any(side in values for _, side in item.broken())


def _problem(item: "Item", values: Values) -> bool:
    command = item.event.command
    if command is None:
        return False
    return "-" in values if command.problem is None else command.problem.slug in values or "*" in values


def names_parameter(found: Iterable[Parameter], values: Values) -> bool:
    """Whether one of the parameters goes by one of these names: its keyword, or whole; case does not matter."""
    written = {each.keyword for each in found} | {each.render().decode("utf-8", "replace").upper() for each in found}
    return any(each.upper() in written for each in values)


def _parameter(item: "Item", values: Values) -> bool:
    found = item.event.command.parameters if item.event.command else ()
    return ("-" in values and not found) or ("*" in values and bool(found)) or names_parameter(found, values)


def _argument(item: "Item", values: Values) -> bool:
    line = item.event.octets[: line_end(item.event.octets)]
    return any(line.partition(b" ")[2] == each for each in values)


def _path(item: "Item", values: Values) -> bool:
    command = item.event.command
    path = command.path.render() if command and command.path is not None else None
    return path in values


def _verb_octets(item: "Item") -> bytes:
    return item.event.octets[: line_end(item.event.octets)].partition(b" ")[0]


def _casing(item: "Item", values: Values) -> bool:
    verb = _verb_octets(item).decode("ascii", "replace")
    casing = "upper" if verb.isupper() else "lower" if verb.islower() else "mixed"
    return casing in values


def _deviation(item: "Item", values: Values) -> bool:
    kinds = {each.kind for line in item.lines for each in line.deviations}
    return ("-" in values and not kinds) or ("*" in values and bool(kinds)) or not kinds.isdisjoint(values)


def _length(item: "Item", values: Values) -> bool:
    content = item.event.content
    length = content.length if content is not None else sum(each.length for each in item.lines)
    return any(each.fits(length) for each in values)


def _enhanced(item: "Item", values: Values) -> bool:
    line = item.event.octets[4:].split(b" ", 1)[0].decode("ascii", "replace")
    found = re.fullmatch(r"[245]\.\d{1,3}\.\d{1,3}", line)
    return ("-" in values and found is None) or (found is not None and ("*" in values or line in values))


def _dots(item: "Item", values: Values) -> bool:
    return item.event.content is not None and any(each.fits(item.event.content.dots) for each in values)


def _equals(item: "Item", values: Values) -> bool:
    content = item.event.content
    plain = re.sub(rb"(?m)^\.", b"", item.octets) if content and content.dots else item.octets
    return plain in values


TESTS: "Mapping[str, Callable[[Item, Values], bool]]" = {
    "command": _command,
    "reply_to": _reply_to,
    "content": lambda item, values: item.kind == "content",
    "moment": _moment,
    "violation": _violation,
    "by": _by,
    "at": lambda item, values: item.host in values or item.domain in values,
    "in": lambda item, values: item.event.before.state in values,
    "fact": lambda item, values: any(each in item.event.before.facts for each in values),
    "has": lambda item, values: any(each in item.octets for each in values),
    "octets": _length,
    "deviation": _deviation,
    "problem": _problem,
    "parameter": _parameter,
    "argument": _argument,
    "path": _path,
    "spelled": lambda item, values: _verb_octets(item) in values,
    "casing": _casing,
    "answered": lambda item, values: fits_code(item.answered, values) if item.answered else "-" in values,
    "pipelined": lambda item, values: bool(item.event.in_flight) is values[0],
    "ends_group": lambda item, values: item.ends_group is values[0],
    "offered": lambda item, values: any(each in item.event.offered for each in values),
    "not_offered": lambda item, values: any(each not in item.event.offered for each in values),
    "code": lambda item, values: fits_code(item.event.code, values),
    "lines": lambda item, values: any(each.fits(len(item.lines)) for each in values),
    "enhanced": _enhanced,
    "unchanged": lambda item, values: (item.lines[0].before == item.event.after) is values[0],
    "dots": _dots,
    "eight_bit": lambda item, values: bool(item.event.content and item.event.content.eight_bit) is values[0],
    "equals": _equals,
}


def distinct_in(item: "Item", what: str) -> Any:
    """What of an item is to differ."""
    event = item.event
    match what:
        case "verb":
            return event.command.verb if event.command else event.to
        case "to":
            return event.to
        case "code":
            return item.answered if event.kind == "command" else event.code
        case "spelled":
            return _verb_octets(item)
        case "session":
            return item.session
        case "first_digit":
            return (item.answered if event.kind == "command" else event.code) // 100
    return event.octets


def described(item: "Item") -> str:
    """An item in a few words: ``501 to MAIL``, or the line itself."""
    event = item.event
    if event.kind == "reply":
        return f"{event.code} to {MOMENTS.get(event.to, event.to)}"
    if event.kind == "content":
        return f"{event.content.length if event.content else 0} octets of content"
    secret = event.secret
    shown = visible((event.octets if secret is None else event.octets[:secret]).removesuffix(b"\r\n"))
    return shown if len(shown) <= 60 else f"{shown[:59]}…"
