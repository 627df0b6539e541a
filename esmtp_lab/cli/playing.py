"""`run`, `annotate`, `compare` and `states`: what is played, read, and drawn."""

from typing import IO

import click

from esmtp_lab.cli.options import (
    DIFFERENT,
    ERA,
    EXTENSION,
    PLAYED,
    SERVER_ERA,
    UNREADABLE,
    WIDTH,
    columns,
    examples,
    lines,
    play,
    write,
)
from esmtp_lab.protocol.era import DEFAULT_ERA


@click.command()
@click.argument("script", type=click.File("rb"))
@SERVER_ERA
@click.option("--client-era", type=ERA, default=DEFAULT_ERA, help="The standard that the client follows.")
@click.option("--host", "policy", default="lab", metavar="NAME|FILE", help="The host to talk to.")
@EXTENSION
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
@examples(
    "  esmtp-lab run hello.esmtp\n"
    "  esmtp-lab run --era rfc821 --format json - < hello.esmtp\n"
    "  printf 'C: EHLO me.example\\nS: 250\\n' | esmtp-lab run -"
)
def run(
    ctx: click.Context,
    script: IO[bytes],
    era: str | None,
    client_era: str,
    policy: str,
    own: tuple[str, ...],
    form: str,
) -> None:
    """Play a SCRIPT (or - for standard input) on the bench and write the annotated transcript.

    Lines with C: or no mark are sent; lines with S: say what should come back. Exit status: 0 all lines
    were played and came out as written, 1 some came out otherwise, 2 the script cannot be read.
    """
    from esmtp_lab.lab import Lab

    ctx.exit(play(Lab(era, client_era=client_era, policy=policy, extensions=own), script, form))


class _Strict(click.Command):
    """A command whose ``--strict`` may stand alone; what follows it is the next argument, and never its value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        alone = ["--strict=must" if each == "--strict" else each for each in args[:end]]
        return super().parse_args(ctx, alone + args[end:])


@click.command(cls=_Strict)
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--era", type=ERA, default=DEFAULT_ERA, show_default=True, help="The standard to read it by.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--strict",
    type=click.Choice(["must", "should"]),
    metavar="[=should]",
    help="Exit with 1 where a MUST, a MUST NOT or the grammar is broken; with =should also for a SHOULD.",
)
@click.pass_context
@examples(
    "  esmtp-lab annotate session.txt\n"
    "  esmtp-lab annotate --era rfc821 --format json < session.txt\n"
    "  swaks --server 127.0.0.1:2525 --to ada@lab.example | esmtp-lab annotate\n"
    "  curl -sv smtp://127.0.0.1:2525 --mail-rcpt ada 2>&1 | esmtp-lab annotate --strict\n"
    "  python mailer.py 2>&1 | esmtp-lab annotate --strict=should    # smtplib, with set_debuglevel(1)"
)
def annotate(ctx: click.Context, file: IO[bytes], era: str, form: str, strict: str | None) -> None:
    """Explain a dialogue that some software wrote down, line by line.

    It reads C:/S: transcripts, the output of swaks and of curl -v, the debug output of Python's smtplib, and what
    --format json writes, and tells them apart by itself. Other lines are passed over. As JSON, each line of protocol
    becomes one object.

    Exit status: 0 it was read, 1 with --strict where something binding is broken (all of it is summed up at the end),
    2 it cannot be read; with --strict also where no line of a dialogue was found.
    """
    from esmtp_lab.commands.annotate import NOTHING, annotate_lines
    from esmtp_lab.commands.verdict import Verdict

    verdict = Verdict(strict or "")
    for text in annotate_lines(lines(file), era, form, verdict):
        write(text)
    for text in verdict.summary() if verdict.lines else (f"esmtp-lab: {NOTHING}",):
        write(text, err=True)
    if strict:
        ctx.exit(UNREADABLE if not verdict.lines else PLAYED if verdict.good else DIFFERENT)


@click.command()
@click.argument("script", type=click.File("rb"))
@click.option("--host", "policy", default="lab", metavar="NAME|FILE", help="The host to talk to.")
@WIDTH
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@examples(
    "  esmtp-lab compare hello.esmtp\n"
    "  printf 'EHLO me.example\\nMAIL FROM:<me@me.example> SIZE=1\\nTURN\\n' | esmtp-lab compare -\n"
    "  esmtp-lab compare --format json hello.esmtp"
)
def compare(script: IO[bytes], policy: str, width: int | None, form: str) -> None:
    """Play what the client says in a SCRIPT (or - for standard input) to a server of each of the four eras.

    Replies that are the same in all of them stand once; those that differ stand side by side where there is room, and
    one below the other where there is none or the output is no terminal, with the rules that make the difference.
    """
    from esmtp_lab.commands.compare import compare_script

    for text in compare_script(lines(script), policy, form, columns(width)):
        write(text)


@click.command()
@click.option("--host", "policy", default="lab", metavar="NAME|FILE", help="The host whose table it is.")
@SERVER_ERA
@EXTENSION
@click.option("--format", "form", type=click.Choice(["text", "mermaid"]), default="text", show_default=True)
@examples(
    "  esmtp-lab states\n"
    "  esmtp-lab states --host secure --era rfc5321\n"
    "  esmtp-lab states --host open --format mermaid > states.mmd"
)
def states(policy: str, era: str | None, own: tuple[str, ...], form: str) -> None:
    """Draw the session table of a host: its states, and what leads from one to another.

    It is made from the rows of the era and of the extensions that the host offers. Mermaid is what many pages draw.
    """
    from esmtp_lab.export.diagram import FORMS
    from esmtp_lab.lab import Lab

    for text in FORMS[form](Lab(era, policy=policy, extensions=own).bench.server.dialect):
        write(text)
