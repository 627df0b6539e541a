"""A session to type into, and a terminal to look at one through."""

import sys
from collections.abc import Callable, Iterator, Sequence

import pytest

from esmtp_lab.lab import Lab
from esmtp_lab.shell.session import Session

from .emulator import Terminal

LETTER = (
    "EHLO me.example",
    "MAIL FROM:<me@me.example>",
    "RCPT TO:<ada@lab.example>",
    "DATA",
    "Subject: hi",
    "",
    "text",
    ".",
)


def fixed_lab(**options: str) -> Lab:
    return Lab(clock=lambda: 1_000_000_000.0, **options)


@pytest.fixture
def session() -> Session:
    return Session(fixed_lab())


@pytest.fixture
def types() -> Callable[..., Session]:
    """A session in which these lines were typed."""

    def run(*lines: str, **options: str) -> Session:
        session = Session(fixed_lab(**options))
        for line in lines:
            session.type(line)
        return session

    return run


@pytest.fixture
def letter() -> tuple[str, ...]:
    """The lines that deliver one letter to ada."""
    return LETTER


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def start(
        columns: int,
        rows: int,
        options: str = "",
        before: str = "pass",
        *,
        command: Sequence[str] = (),
        scrollback: bool = False,
        **env: str,
    ) -> Terminal:
        code = (
            "from esmtp_lab.lab import Lab; from esmtp_lab.shell import shell; "
            f"lab = Lab(clock=lambda: 1e9); {before}; raise SystemExit(shell(lab, {options}))"
        )
        program = command or [sys.executable, "-c", code]
        opened.append(Terminal(columns, rows, program, env, scrollback=scrollback))
        return opened[-1]

    yield start
    for each in opened:
        each.close()
