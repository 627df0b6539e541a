"""What is there now, as goals look at it: letters, states, expectations, outcomes, queues, answers."""

import re
from collections.abc import Callable, Iterator, Mapping

from esmtp_lab.bench import Bench
from esmtp_lab.protocol.side import Side
from esmtp_lab.protocol.transaction import Letter
from esmtp_lab.tutor.foretelling import PASSED, Foretold, foretold
from esmtp_lab.tutor.said import Values, fits_code, names_parameter
from esmtp_lab.tutor.scene import Scene
from esmtp_lab.wire.visible import visible

Wanted = Mapping[str, Values]
"""The values of each key of a clause."""


def _letters(wanted: Wanted, scene: Scene) -> Iterator[tuple[str, Letter]]:
    """The letters that a clause speaks of, each with its mailbox."""
    names = wanted["delivered"]
    for at in wanted.get("at", ("",)):
        for box in scene.boxes(at):
            for name, letters in box.letters.items():
                if "*" in names or name in names:
                    yield from ((f"{name}@{box.domain}", each) for each in letters)


def _letter_fits(wanted: Wanted, mailbox: str, letter: Letter) -> bool:
    return all(LETTER[key](letter, values, mailbox) for key, values in wanted.items() if key in LETTER)


def _header(letter: Letter) -> bytes:
    """The header section; content that begins with an empty line has none."""
    return (b"\r\n" + letter.content).partition(b"\r\n\r\n")[0].removeprefix(b"\r\n")


def _header_has(letter: Letter, values: Values) -> bool:
    """Whether a field is there: by its name, or with some words in it."""
    fields = re.sub(rb"\r\n[ \t]+", b" ", _header(letter)).split(b"\r\n")
    for each in fields:
        name, _, rest = each.partition(b":")
        for value in values:
            wanted, _, words = value.partition(b":")
            if name.strip().lower() == wanted.strip().lower() and words.strip().lower() in rest.lower():
                return True
    return False


LETTER: Mapping[str, Callable[[Letter, Values, str], bool]] = {
    "from": lambda letter, values, mailbox: (
        letter.envelope.reverse_path is not None and letter.envelope.reverse_path.render() in values
    ),
    "to": lambda letter, values, mailbox: (
        sorted(path.render() for path in letter.envelope.forward_paths) == sorted(values)
    ),
    "header": lambda letter, values, mailbox: _header_has(letter, values),
    "no_header": lambda letter, values, mailbox: not _header_has(letter, values),
    "hidden": lambda letter, values, mailbox: (mailbox.lower().encode() not in _header(letter).lower()) is values[0],
    "has": lambda letter, values, mailbox: any(each in letter.delivered("") for each in values),
    "equals": lambda letter, values, mailbox: letter.content in values,
    "octets": lambda letter, values, mailbox: any(each.fits(letter.octets or len(letter.content)) for each in values),
    "parameter": lambda letter, values, mailbox: names_parameter(letter.envelope.parameters, values),
    "protocol": lambda letter, values, mailbox: letter.protocol in values,
    "verb": lambda letter, values, mailbox: letter.envelope.verb in values,
}


def _delivered(wanted: Wanted, scene: Scene) -> int:
    return sum(1 for mailbox, letter in _letters(wanted, scene) if _letter_fits(wanted, mailbox, letter))


def _delivered_saw(wanted: Wanted, scene: Scene) -> str:
    found = list(_letters(wanted, scene))
    if not found:
        return "no letter there"
    mailbox, letter = found[-1]
    path = letter.envelope.reverse_path
    shown = visible(path.render()) if path else "<>"
    many = f"{len(found)} letters" if len(found) > 1 else "a letter"
    return f"{many} for {mailbox}, the last from {shown}, {len(letter.content)} octets"


_STATE: Mapping[str, Callable[[Bench, Side, Values], bool]] = {
    "state": lambda bench, side, values: "*" in values or side.position.state in values,
    "fact": lambda bench, side, values: any(each in side.position.facts for each in values),
    "no_fact": lambda bench, side, values: side.position.facts.isdisjoint(values),
    "offered": lambda bench, side, values: all(each in bench.client.offered for each in values),
    "not_offered": lambda bench, side, values: all(each not in bench.client.offered for each in values),
    "client_name": lambda bench, side, values: side.client_name in values,
    "recipients": lambda bench, side, values: any(each.fits(len(side.envelope.forward_paths)) for each in values),
    "reverse_path": lambda bench, side, values: (
        side.envelope.reverse_path is not None and side.envelope.reverse_path.render() in values
    ),
    "pending": lambda bench, side, values: any(each.fits(len(bench.server.pending)) for each in values),
    "role": lambda bench, side, values: ("server" if bench.server.by_hand else "client") in values,
    "turned": lambda bench, side, values: bench.turned is values[0],
}


def _bench(wanted: Wanted, scene: Scene) -> Bench | None:
    """The bench whose state is asked for: the last, or the last at that host."""
    at = wanted.get("at")
    desks = [each for each in scene.desks if at is None or not {each.policy.name, each.policy.domain}.isdisjoint(at)]
    return desks[-1].bench if desks else None


def _side(wanted: Wanted, bench: Bench) -> Side:
    return bench.client if "client" in wanted.get("side", ()) else bench.server


def _state(wanted: Wanted, scene: Scene) -> int:
    bench = _bench(wanted, scene)
    if bench is None:
        return 0
    side = _side(wanted, bench)
    return int(all(_STATE[key](bench, side, values) for key, values in wanted.items() if key in _STATE))


def _state_saw(wanted: Wanted, scene: Scene) -> str:
    bench = _bench(wanted, scene)
    if bench is None:
        return "no session there"
    position = _side(wanted, bench).position
    facts = ", ".join(sorted(position.facts))
    return position.state + (f" ({facts})" if facts else "")


def _expectations(scene: Scene) -> Iterator[Foretold]:
    return (each for desk in scene.desks for each in foretold(desk) if each.said != PASSED)


def _expected(wanted: Wanted, scene: Scene) -> int:
    entries, codes = wanted["expected"], wanted.get("code", ())
    return sum(
        1
        for reply, code in _expectations(scene)
        if ("*" in entries or reply.to in entries)
        and fits_code(reply.code, (code,))
        and (not codes or fits_code(reply.code, codes))
    )


def _expected_saw(wanted: Wanted, scene: Scene) -> str:
    found = list(_expectations(scene))
    return f"{found[-1].said} was expected, and {found[-1].reply.code} came" if found else ""


def _outcome(wanted: Wanted, scene: Scene) -> int:
    fates, paths = wanted["outcome"], wanted.get("path")
    return sum(
        1
        for desk in scene.desks
        for each in (desk.bench.delivery.outcomes if desk.bench.delivery else ())
        if ("accepted" if each.accepted else "later" if each.temporary else "refused") in fates
        and (each.reply is not None or bool(each.remark) or desk.bench.client.position.closed)
        and (paths is None or each.path.render() in paths)
    )


def _queued(wanted: Wanted, scene: Scene) -> int:
    queues = getattr(scene.bench.host.mailboxes, "queued", {})
    return sum(queues.get(domain, 0) for domain in wanted["queued"])


def _answer(wanted: Wanted, scene: Scene) -> int:
    return sum(1 for question in wanted["answer"] if scene.right(question))


def _answer_saw(wanted: Wanted, scene: Scene) -> str:
    said = [scene.answers[each.key] for each in wanted["answer"] if each.key in scene.answers]
    return f"answered {visible(said[-1].encode('utf-8', 'surrogateescape'))}" if said else "not answered"


STATE = tuple(_STATE)
"""What may stand beside a state."""
COUNTED: Mapping[str, Callable[[Wanted, Scene], int]] = {
    "delivered": _delivered,
    "state": _state,
    "expected": _expected,
    "outcome": _outcome,
    "queued": _queued,
    "answer": _answer,
}
SAW: Mapping[str, Callable[[Wanted, Scene], str]] = {
    "delivered": _delivered_saw,
    "state": _state_saw,
    "expected": _expected_saw,
    "outcome": lambda wanted, scene: f"{_outcome(wanted, scene)} of them",
    "queued": lambda wanted, scene: f"{_queued(wanted, scene)} in the queue",
    "answer": _answer_saw,
}
