"""Starts what the matrix needs, ends it, and prints the matrix at the end of the run."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from .cases import CASES, EXCEPTIONS, Case
from .clients import CLIENTS
from .inside import Loop, OurServer
from .obtain import Lacking
from .servers import SERVERS, ForeignServer

OUTCOMES = pytest.StashKey[dict[tuple[str, str], str]]()


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
    running: dict[str, ForeignServer | Exception] = {}
    with ExitStack() as at_the_end:

        def find(name: str) -> ForeignServer:
            if name not in running:
                try:
                    running[name] = server = SERVERS[name]()
                    at_the_end.callback(server.stop)
                except Exception as why:  # for every case, and not to be tried again
                    running[name] = why
            found = running[name]
            if isinstance(found, Exception):
                raise found
            return found

        yield find


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
    params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    if "program" in params and "case" in params and (report.when == "call" or report.failed):
        outcomes = item.config.stash.setdefault(OUTCOMES, {})
        outcomes[params["program"], params["case"].name] = _word(report, params["program"], params["case"])
    return report


def _word(report: pytest.TestReport, program: str, case: Case) -> str:
    if report.failed:
        return "FAILED"
    if report.skipped:
        return "not here"
    return "differs" if (program, case.name) in EXCEPTIONS else "ok"


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
    differs = EXCEPTIONS.get((program, name))
    if differs is None or word not in ("differs", "FAILED"):
        return word
    notes.append(f"{program}, {name}: {differs.why}")
    return f"{word} {len(notes)}"
