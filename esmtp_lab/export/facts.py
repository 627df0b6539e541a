"""What each side holds, as rows of a name and a value, for the panes beside the wire."""

from collections.abc import Mapping

from esmtp_lab.protocol.session import STATES
from esmtp_lab.protocol.side import Side
from esmtp_lab.wire.visible import visible

Facts = tuple[tuple[str, str], ...]
NOTHING = "–"
_DOT = " · "


def client_facts(side: Side, group: tuple[str, ...] = ()) -> Facts:
    """What the client holds, the lines of a `group` that are not sent yet among it."""
    offers = tuple(("offered", _shown(" ".join((word, *params)))) for word, params in side.offered.items())
    return (
        ("state", side.position.state),
        *_facts(side),
        ("I am", _shown(side.client_name)),
        *_envelope(side),
        *(offers or (("offered", NOTHING),)),
        ("waiting", " ".join(awaited.entry for awaited in side.waiting) or NOTHING),
        *((("group", str(len(group)) + " not sent"),) if group else ()),
    )


def server_facts(side: Side, letters: Mapping[str, int]) -> Facts:
    """What the server holds; `letters` are how many each mailbox has."""
    counts = _DOT.join(f"{_shown(name)} {count}" for name, count in letters.items())
    return (
        ("state", side.position.state),
        *_facts(side),
        ("client", _shown(side.client_name)),
        *_envelope(side),
        ("content", _content(side)),
        ("letters", counts or NOTHING),
    )


def compact(facts: Facts, before: Facts) -> Facts:
    """Facts for a low pane: what changed first, the offers in one row, nothing empty that did not just become so."""
    offers = [value.split()[0] for name, value in facts if name == "offered" and value != NOTHING]
    rows = [each for each in facts if each[0] != "offered" and (each[1] != NOTHING or each not in before)]
    rows.sort(key=lambda each: each[0] != "state" and each in before)
    full = [(name, _filled(value) if name == "letters" else value) for name, value in rows]
    return (*(each for each in full if each[1]), *((("offered", " ".join(offers)),) if offers else ()))


def changes(before: Facts, now: Facts) -> list[str]:
    """What changed, field by field, in words: a field with all its values, and those that hold nothing any more."""
    told = []
    for name in dict.fromkeys(name for name, _ in (*now, *before)):
        was, values = _values(before, name), _values(now, name)
        if values != was:
            told.append(f"{name} {', '.join(values) or 'none'}")
    return told


def _values(facts: Facts, name: str) -> list[str]:
    return [value for each, value in facts if each == name and value != NOTHING]


def _filled(counts: str) -> str:
    return _DOT.join(count for count in counts.split(_DOT) if not count.endswith(" 0"))


def meaning(facts: Facts) -> str:
    """The state in plain words."""
    return STATES[facts[0][1]]


def _content(side: Side) -> str:
    if not side.in_content:
        return NOTHING
    came = f"{len(side.content_so_far)} octets"
    return f"{came} of a chunk, {side.left} to come" if side.left else came


def _facts(side: Side) -> Facts:
    facts = sorted(side.position.facts)
    return (("facts", " ".join(facts)),) if facts else ()


def _envelope(side: Side) -> Facts:
    envelope = side.envelope
    reverse = NOTHING if envelope.reverse_path is None else visible(envelope.reverse_path.render())
    forward = tuple(("forward", visible(path.render())) for path in envelope.forward_paths)
    return (("reverse", reverse), *(forward or (("forward", NOTHING),)))


def _shown(text: str) -> str:
    return visible(text.encode("utf-8", "surrogateescape")) or NOTHING
