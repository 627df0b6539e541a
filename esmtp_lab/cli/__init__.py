"""The command line: arguments to calls, nothing else.

Each command imports what it needs when it is called, so that the shell's first prompt waits for the
shell alone.
"""

import gc
import sys
from functools import partial

import click

from esmtp_lab import __version__
from esmtp_lab.cli.extensions import extensions
from esmtp_lab.cli.lessons import lessons_group
from esmtp_lab.cli.net import send, serve
from esmtp_lab.cli.options import ERA, EXTENSION, SERVER_ERA, SETTINGS, Group, examples, play
from esmtp_lab.cli.playing import annotate, compare, run, states
from esmtp_lab.cli.rules import rules
from esmtp_lab.protocol.era import DEFAULT_ERA


@click.group(cls=Group, invoke_without_command=True, context_settings=SETTINGS)
@SERVER_ERA
@click.option("--client-era", type=ERA, default=DEFAULT_ERA, help="The standard that the client follows.")
@click.option(
    "--host",
    "policy",
    metavar="NAME|FILE",
    help="The host to talk to: lab, partner, open, classic, … (/host lists them). [default: lab, or that of /set host]",
)
@EXTENSION
@click.option("--role", type=click.Choice(["client", "server"]), default="client", help="Which side you play.")
@click.option("--view", type=click.Choice(["bench", "stream"]), help="Side by side, or one scrolling transcript.")
@click.option("--allow-remote", is_flag=True, help="Let /connect call hosts beyond this machine.")
@click.option("--plain", is_flag=True, help="Append only: no colours, boxes or cursor movement; for screen readers.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw with US-ASCII alone.")
@click.version_option(__version__, prog_name="esmtp-lab")
@click.pass_context
@examples(
    "  esmtp-lab                          the guided shell\n"
    "  esmtp-lab --era rfc821             meet a server of 1982\n"
    "  printf 'EHLO me.example\\nQUIT\\n' | esmtp-lab"
)
def main(
    ctx: click.Context,
    era: str | None,
    client_era: str,
    policy: str | None,
    own: tuple[str, ...],
    role: str,
    view: str | None,
    allow_remote: bool,
    plain: bool,
    ascii_only: bool,
) -> None:
    """Learn, teach and show how mail servers talk: an ESMTP client and server side by side.

    With no command it opens the guided shell. When its input is not a terminal, the lines are
    played and the annotated transcript is written. Your settings (/set in the shell) hold for the shell alone, and
    options go before them.
    """
    if ctx.invoked_subcommand is not None:
        return
    gc.disable()  # what is loaded stays: the collector would look through it again and again before the first prompt
    from esmtp_lab.lab import Lab

    make = partial(Lab, client_era=client_era, role=role, extensions=own)
    if not sys.stdin.isatty():
        gc.enable()
        ctx.exit(play(make(era, policy=policy or "lab"), sys.stdin.buffer, "text"))
    from esmtp_lab.shell import shell
    from esmtp_lab.shell.config import Config, settings_file
    from esmtp_lab.shell.opening import opened

    config = Config(settings_file())
    lab = opened(config, make, era, policy)
    ctx.exit(shell(lab, view=view, plain=plain, ascii=ascii_only, allow_remote=allow_remote, config=config))


for command in (run, annotate, serve, send, rules, extensions, compare, states, lessons_group):
    main.add_command(command)
