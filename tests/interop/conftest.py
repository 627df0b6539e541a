"""Starts what the matrix needs, ends it, and prints the matrix at the end of the run."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from esmtp_lab.lab import server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.net.server import Limits, Server, serve
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.policy import find_policy

from .cases import CASES, DOMAIN, EXCEPTIONS, MOST_OCTETS, PEOPLE, Cannot, Case
from .clients import CLIENTS
from .obtain import Lacking
from .servers import SERVERS, ForeignServer, Loop

OUTCOMES = pytest.StashKey[dict[tuple[str, str], str]]()


class OurServer:
    """Our server for one letter: `port`, what its session saw, and the contents in its mailboxes."""

    def __init__(self, loop: Loop, case: Case) -> None:
        people = {name: name.capitalize() for name in PEOPLE}
        policy = replace(find_policy("lab"), domain=DOMAIN, mailboxes=people, lists={}, max_size=MOST_OCTETS)
        dialect = server_dialect(policy, "rfc2821" if case.knows_ehlo else "rfc821")
        self.events: list[Event] = []
        self.mailboxes = MemoryMailboxes(DOMAIN)
        self._loop = loop
        self._server: Server = loop.run(
            serve(
                policy,
                dialect,
                self.mailboxes,
                port=0,
                limits=Limits(linger=1.0),
                on_event=lambda _, event: self.events.append(event),
            )
        )
        self.port = self._server.port

    def arrived(self, case: Case) -> dict[str, list[bytes]]:
        """The contents in each mailbox that is not empty."""
        for letters in self.mailboxes.letters.values():
            for letter in letters:
                assert letter.protocol == ("ESMTP" if case.knows_ehlo else "SMTP")
                assert letter.envelope.reverse_path is not None
                assert letter.envelope.reverse_path.mailbox == case.sender.encode()
        return {name: [letter.content for letter in letters] for name, letters in self.mailboxes.letters.items()}

    def stop(self) -> None:
        """End every session."""
        self._loop.run(self._server.close())


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    """Where our server runs."""
    loop = Loop()
    yield loop
    loop.stop()


@pytest.fixture
def our_server(loop: Loop, case: Case) -> Iterator[OurServer]:
    """Our server; nothing in it may fail."""
    server = OurServer(loop, case)
    yield server
    server.stop()
    assert loop.errors == []


@pytest.fixture(scope="session")
def their_server() -> Iterator[Callable[[str], ForeignServer]]:
    """Servers of others by name; each is started when it is first asked for, and runs until all is done."""
    running: dict[str, ForeignServer | Lacking] = {}

    def find(name: str) -> ForeignServer:
        if name not in running:
            try:
                running[name] = SERVERS[name]()
            except Lacking as why:
                running[name] = why
        found = running[name]
        if isinstance(found, Lacking):
            raise found
        return found

    yield find
    for server in running.values():
        if not isinstance(server, Lacking):
            server.stop()


# The matrix ----------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Any:
    """What cannot be had is skipped, loudly; with CI set it is a failure."""
    try:
        return (yield)
    except Lacking as why:
        missing = f"NOT TESTED: {why}"
        if os.environ.get("CI"):
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Remember how each pair came out."""
    report = yield
    params = getattr(item, "callspec").params if hasattr(item, "callspec") else {}
    if "program" in params and "case" in params and (report.when == "call" or report.failed):
        outcomes = item.config.stash.setdefault(OUTCOMES, {})
        outcomes[params["program"], params["case"].name] = _word(report, params["program"], params["case"])
    return report


def _word(report: pytest.TestReport, program: str, case: Case) -> str:
    if report.failed:
        return "FAILED"
    exception = EXCEPTIONS.get((program, case.name))
    if isinstance(exception, Cannot):
        return "cannot"
    if report.skipped:
        return "not here"
    return "differs" if exception else "ok"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the matrix, and the reasons for what stands in it beside "ok"."""
    outcomes = config.stash.get(OUTCOMES, {})
    if not outcomes:
        return
    terminalreporter.section("interop matrix")
    notes: list[str] = []
    tables = {"clients of others, our server": CLIENTS, "our client, servers of others": SERVERS}
    for title, programs in tables.items():
        terminalreporter.write_line(f"{title:30}" + "".join(f"{program:>14}" for program in programs))
        for case in CASES:
            cells = [_cell(outcomes, program, case.name, notes) for program in programs]
            terminalreporter.write_line(f"  {case.name:28}" + "".join(f"{cell:>14}" for cell in cells))
        terminalreporter.write_line("")
    for number, note in enumerate(notes, 1):
        terminalreporter.write_line(f"{number:2} {note}")


def _cell(outcomes: dict[tuple[str, str], str], program: str, name: str, notes: list[str]) -> str:
    """The word for a pair, with the number of its note."""
    word = outcomes.get((program, name), "-")
    exception = EXCEPTIONS.get((program, name))
    if exception is None or word == "-":
        return word
    notes.append(f"{program}, {name}: {exception.why}")
    return f"{word} {len(notes)}"
