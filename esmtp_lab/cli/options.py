"""What commands share: options, exit statuses, examples, and how lines come in and go out."""

import shutil
import sys
from collections.abc import Callable, Iterable
from inspect import cleandoc
from typing import IO, Any

import click

from esmtp_lab.errors import DataError, EsmtpLabError, OffLimits, Unreachable
from esmtp_lab.protocol.era import DEFAULT_ERA, ERAS
from esmtp_lab.wire.visible import visible

ERA = click.Choice(list(ERAS))
SERVER_ERA = click.option(
    "--era", type=ERA, help=f"The standard that the server follows. [default: the host's, or {DEFAULT_ERA}]"
)
EXTENSION = click.option(
    "--extension",
    "own",
    multiple=True,
    metavar="FILE",
    help="Plug in an extension of your own, by its definition; may repeat.",
)
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
PLAYED, DIFFERENT, UNREADABLE, TEMPORARY = 0, 1, 2, 75
"""Exit statuses; 75 is what sendmail has said for "try again later" since 1983 (EX_TEMPFAIL)."""


def examples(text: str) -> Callable[[Any], Any]:
    """Examples below the help text of a command, line by line as they are written here."""

    def add(function: Any) -> Any:
        function.__doc__ = f"{cleandoc(function.__doc__)}\n\n\b\nExamples:\n{text}"
        return function

    return add


class Group(click.Group):
    """Every error that the lab raises on purpose becomes one line and an exit status, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EsmtpLabError as error:
            click.echo(visible(f"esmtp-lab: {error}".encode("utf-8", "surrogateescape")), err=True)
            later = isinstance(error, Unreachable) and not isinstance(error, OffLimits)
            ctx.exit(TEMPORARY if later and ctx.invoked_subcommand == "send" else UNREADABLE)


WIDTH = click.option(
    "--width", type=click.IntRange(20), metavar="N", help="Columns to fill. [default: your terminal's]"
)


def columns(width: int | None) -> int | None:
    return width if width else shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def write(text: str, *, err: bool = False) -> None:
    """A line of output: nothing that could act on a terminal, and what its encoding cannot hold spelt out."""
    encoding = (sys.stderr if err else sys.stdout).encoding or "ascii"
    safe = visible(text.encode("utf-8", "surrogateescape")).encode(encoding, "backslashreplace").decode(encoding)
    click.echo(safe, err=err)


def lines(file: IO[bytes]) -> Iterable[bytes]:
    try:
        yield from file
    except OSError as error:
        raise DataError(getattr(file, "name", "input"), f"cannot be read: {error}") from None


def play(lab: Any, script: IO[bytes], form: str) -> int:
    from esmtp_lab.commands.run import play_script

    status = PLAYED
    for text, right in play_script(lab, list(lines(script)), form):
        if text:
            write(text)
        status = status if right else DIFFERENT
    return status
