"""A host that takes a bare LF for the end of a line, as none may: what it forgives, and that it says so."""

from dataclasses import replace

import pytest

from esmtp_lab.lab import server_dialect
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.policy import find_policy
from esmtp_lab.protocol.server import ServerSession

LENIENT = find_policy("lenient")


def heard(*pieces: bytes, watched: bool = True) -> tuple[list[Event], bytes]:
    """The events of what a lenient server hears in pieces, and what it answers to it."""
    server = ServerSession(server_dialect(LENIENT, "rfc2821"), LENIENT, watched=watched)
    server.start()
    server.take()
    return [event for now, piece in enumerate(pieces) for event in server.receive(piece, now)], server.take()


@pytest.mark.parametrize(
    ("pieces", "forgiven", "commands"),
    [
        ([b"NOOP\r\n"], [], ["NOOP"]),
        ([b"NOOP\r", b"\n"], [], ["NOOP"]),
        ([b"NOOP\n"], [1], ["NOOP"]),
        ([b"NOOP", b"\n"], [1], ["NOOP"]),
        ([b"\n"], [1], [""]),
        ([b"NOOP\n\n", b"HELP\r\n", b"NOOP\n"], [2, 1], ["NOOP", "", "HELP", "NOOP"]),
        ([b"NOOP\r", b"\n\n"], [1], ["NOOP", ""]),
        ([b"NOOP\r\n", b"\nHELP\r\n"], [1], ["NOOP", "", "HELP"]),
    ],
)
def test_each_bare_lf_is_forgiven_once(pieces: list[bytes], forgiven: list[int], commands: list[str]) -> None:
    """An LF behind the CR of the piece before is no bare one."""
    events, _ = heard(*pieces)
    moments = [event for event in events if event.kind == "moment"]
    assert [(event.speaker, event.octets) for event in moments] == [
        ("server", f"forgiven by the server: {count} bare LF taken as the end of a line".encode()) for count in forgiven
    ]
    assert [(event.before, event.after) for event in moments] == [(event.before, event.before) for event in moments]
    assert [event.octets for event in events if event.kind == "command"] == [
        f"{line}\r\n".encode() for line in commands
    ]
    assert len([event for event in events if event.kind == "reply" and event.last]) == len(commands)


def test_nobody_is_told_where_nobody_looks() -> None:
    assert heard(b"NOOP\n", watched=False) == ([], b"250 2.0.0 OK\r\n")


def test_no_other_host_forgives() -> None:
    strict = replace(LENIENT, lenient=False)
    server = ServerSession(server_dialect(strict, "rfc2821"), strict)
    server.start()
    assert server.receive(b"NOOP\n") == []
