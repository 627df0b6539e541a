"""The setting of a task: which host a learner meets, in which era, on which side, and what goes wrong on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from esmtp_lab.bench import FAULTS, Fault
from esmtp_lab.errors import DataError
from esmtp_lab.protocol.delivery import TLS, Delivery
from esmtp_lab.protocol.era import DEFAULT_ERA, ERAS
from esmtp_lab.protocol.policy import Policy, policies, read_policy
from esmtp_lab.tutor.tables import flag, known, number, tables, text, texts
from esmtp_lab.wire.grammar import RFC2821
from esmtp_lab.wire.path import Path, scan_path
from esmtp_lab.wire.scan import Scanner
from esmtp_lab.wire.visible import unspell

ROLES = ("client", "server")
KEYS = {
    "era": f"the standard that the server follows: {', '.join(ERAS)}",
    "client_era": "the standard that the client follows",
    "host": "a ready-made host, or one of the lesson's own [hosts]",
    "role": "the side that the learner plays: client, or server, where the embedded client delivers `letter`",
    "letter": "what the embedded client delivers: from, to = […], text, and helo, plain, tls, chunk, turns",
    "turns": "true: after TURN the learner serves me.example, and the other end delivers `letter`",
    "neighbours": "hosts that letters go on to, so that there are relaying and notices",
    "faults": "what goes wrong: a list of { kind, to, octets, say }",
    "latency": "seconds of a round trip",
    "start": "lines that are played before the learner begins; they do not count for the goal",
}
"""What a setting says; a lesson gives it for all of its tasks, and a task for itself."""
LETTER_KEYS = ("from", "to", "text", "helo", "plain", "tls", "chunk", "turns")


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a task is tried. `hosts` are the lesson's own, by name."""

    host: Policy
    era: str = DEFAULT_ERA
    client_era: str = DEFAULT_ERA
    role: str = "client"
    letter: Delivery | None = None
    turns: bool = False
    neighbours: tuple[Policy, ...] = ()
    faults: tuple[Fault, ...] = ()
    latency: float = 0.0
    start: str = ""
    hosts: Mapping[str, Policy] = field(default_factory=dict, compare=False, hash=False)

    def find(self, name: str) -> Policy:
        """The lesson's own host of that name, or the ready-made one. Raises DataError."""
        return _host(name, self.hosts, "host")


def own_hosts(table: Mapping[str, Any], where: str) -> dict[str, Policy]:
    """The hosts that a lesson makes for itself. Raises DataError."""
    found = {}
    for name, each in table.items():
        if not isinstance(each, dict):
            raise DataError(f"{where}: hosts", f"{name!r} is no table. Write [hosts.{name}]")
        found[name] = read_policy(each, name, f"{where}: hosts")
    return found


def read_setting(table: Mapping[str, Any], hosts: Mapping[str, Policy], where: str) -> Setting:
    """The setting in a lesson's or a task's table. Raises DataError."""
    return Setting(
        host=_host(text(table, "host", where, "lab"), hosts, f"{where}: host"),
        era=_one_of(table, "era", tuple(ERAS), where, DEFAULT_ERA),
        client_era=_one_of(table, "client_era", tuple(ERAS), where, DEFAULT_ERA),
        role=_one_of(table, "role", ROLES, where, "client"),
        letter=_letter(table["letter"], f"{where}: letter") if "letter" in table else None,
        turns=flag(table, "turns", where),
        neighbours=tuple(_host(name, hosts, f"{where}: neighbours") for name in texts(table, "neighbours", where)),
        faults=tuple(_fault(each, f"{where}: faults") for each in tables(table, "faults", where)),
        latency=float(number(table, "latency", where, 0)),
        start=text(table, "start", where, ""),
        hosts=hosts,
    )


def find_fault(kind: str, to: str = "", octets: int = 0, say: bytes = b"", where: str = "fault") -> Fault:
    """A fault. Raises DataError where there is none of that kind, or it does not say where it comes."""
    if kind not in FAULTS:
        raise DataError(where, f"there is no fault {kind!r}; there are {', '.join(FAULTS)}")
    if kind not in ("cut", "handshake") and not to:
        raise DataError(where, f'{kind} wants the input whose reply it befalls. Add to = "END_OF_DATA" or a verb')
    if kind == "say" and not say:
        raise DataError(where, 'wants what is heard instead. Add say = "250 ok\\\\r\\\\n"')
    return Fault(kind, to.upper(), octets, say)


def _fault(table: Mapping[str, Any], where: str) -> Fault:
    known(table, ("kind", "to", "octets", "say"), where)
    say = unspell(text(table, "say", where, "").encode())
    return find_fault(
        text(table, "kind", where), text(table, "to", where, ""), number(table, "octets", where, 0), say, where
    )


def read_path(written: str, where: str) -> Path:
    """A path as it stands on the wire, brackets and all. Raises DataError."""
    octets = written.encode()
    scanner = Scanner(octets, len(octets))
    path = scan_path(scanner, RFC2821, "reverse-path")
    if path is None or scanner.problem is not None or scanner.at != len(octets):
        raise DataError(where, f'{written!r} is no path. Write it as on the wire: "<ada@lab.example>"')
    return path


def _letter(table: Any, where: str) -> Delivery:
    if not isinstance(table, dict):
        raise DataError(
            where, 'is no table. Write letter = { from = "<me@me.example>", to = ["<ada@lab.example>"], … }'
        )
    known(table, LETTER_KEYS, where)
    content = text(table, "text", where).strip("\n") + "\n"
    return Delivery(
        read_path(text(table, "from", where), f"{where}: from"),
        tuple(read_path(each, f"{where}: to") for each in texts(table, "to", where)),
        unspell(content.encode().replace(b"\n", b"\r\n")),
        helo=text(table, "helo", where, "me.example"),
        plain=flag(table, "plain", where),
        turns=flag(table, "turns", where),
        tls=_one_of(table, "tls", TLS, where, "no"),
        chunk=number(table, "chunk", where, 0),
    )


def _host(name: str, own: Mapping[str, Policy], where: str) -> Policy:
    found = own.get(name) or policies().get(name)
    if found is None:
        raise DataError(where, f"there is no host {name!r}; there are {', '.join((*own, *policies()))}")
    return found


def _one_of(table: Mapping[str, Any], key: str, values: tuple[str, ...], where: str, default: str) -> str:
    value = text(table, key, where, default)
    if value not in values:
        raise DataError(where, f"{key} is one of {', '.join(values)}, not {value!r}")
    return value
