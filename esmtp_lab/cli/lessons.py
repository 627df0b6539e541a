"""`lessons`: list them, do them, prove them, write them."""

import sys
from collections.abc import Iterable
from pathlib import Path as FilePath
from typing import IO

import click

from esmtp_lab.cli.options import (
    DIFFERENT,
    ERA,
    PLAYED,
    Group,
    examples,
    lines,
    write,
)
from esmtp_lab.protocol.era import DEFAULT_ERA


@click.group(name="lessons", cls=Group)
def lessons_group() -> None:
    """List lessons, do one, or prove that they work."""


_FOLDER = click.option(
    "--lessons", "folder", type=click.Path(exists=True, file_okay=False, path_type=FilePath), help="Your own folder."
)
_INTO = click.option(
    "--lessons", "folder", type=click.Path(file_okay=False, path_type=FilePath), help="The folder that it goes into."
)


@lessons_group.command("list")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@_FOLDER
@examples("  esmtp-lab lessons list\n  esmtp-lab lessons list --format json")
def lessons_list(form: str, folder: FilePath | None) -> None:
    """List the lessons."""
    from esmtp_lab.commands.lessons import list_lessons

    for text in list_lessons(form, folder):
        write(text)


@lessons_group.command("run")
@click.argument("lesson")
@click.option(
    "--task", default="", metavar="ID", help="Begin with this task; lines that are piped in are for it alone."
)
@click.option("--view", type=click.Choice(["bench", "stream"]), help="Side by side, or one scrolling transcript.")
@click.option("--plain", is_flag=True, help="Append only: no colours, boxes or cursor movement.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw with US-ASCII alone.")
@_FOLDER
@click.pass_context
@examples(
    "  esmtp-lab lessons run 3\n"
    "  esmtp-lab lessons run one-letter < attempt.esmtp\n"
    "  esmtp-lab lessons run one-letter --task deliver < attempt.esmtp"
)
def lessons_run(
    ctx: click.Context,
    lesson: str,
    task: str,
    view: str | None,
    plain: bool,
    ascii_only: bool,
    folder: FilePath | None,
) -> None:
    """Do a LESSON, by number or by name, in the shell; with lines piped in, play and judge them.

    Piped lines are a transcript: what you send, and /lab commands such as /restart, /answer b, and /next, behind which
    come the lines for the next task. Exit status: 0 every goal is met, 1 not, 2 the lines cannot be read.
    """
    from esmtp_lab.lab.lessons import begin, lab_of

    attempt = begin(lesson, folder)
    if sys.stdin.isatty():
        from esmtp_lab.commands.progress import keeper
        from esmtp_lab.shell import shell
        from esmtp_lab.shell.config import Config, settings_file

        if task:
            attempt.to(task)
        lab, config = lab_of(attempt), Config(settings_file())
        ctx.exit(shell(lab, view=view, plain=plain, ascii=ascii_only, attempt=attempt, keep=keeper(), config=config))
    from esmtp_lab.commands.lessons import play_lesson

    status = DIFFERENT
    for text, right in play_lesson(attempt, list(lines(sys.stdin.buffer)), task):
        write(text)
        status = PLAYED if right else DIFFERENT
    ctx.exit(status)


def _said(ctx: click.Context, said: Iterable[tuple[str, bool]]) -> None:
    status = PLAYED
    for text, right in said:
        write(text)
        status = status if right else DIFFERENT
    ctx.exit(status)


@lessons_group.command("check")
@click.argument("lesson", required=False, default="")
@click.option("--walks", type=click.IntRange(0), help="Fewer random walks than 100: quicker, and proves less.")
@_FOLDER
@click.pass_context
@examples(
    "  esmtp-lab lessons check\n  esmtp-lab lessons check 3 --walks 0\n  esmtp-lab lessons check --lessons ./mine"
)
def lessons_check(ctx: click.Context, lesson: str, walks: int | None, folder: FilePath | None) -> None:
    """Prove every lesson, or one: its solutions reach their goals, nothing else does.

    A matrix shows which solutions reach which goals; whatever else reaches one must have its reason in the lesson.
    """
    from esmtp_lab.commands.lessons import check_lessons

    _said(ctx, check_lessons(folder, lesson, walks))


@lessons_group.command("new")
@click.argument("lesson_id", metavar="ID")
@click.option("--number", type=click.IntRange(0, 9999), help="Its number; the next free one unless given.")
@_INTO
@examples("  esmtp-lab lessons new two-readers --lessons ./mine")
def lessons_new(lesson_id: str, number: int | None, folder: FilePath | None) -> None:
    """Write a skeleton of a lesson, with comments, that only waits for its words.

    It goes into the folder of --lessons, or into the one you are in.
    """
    from esmtp_lab.commands.author import new_lesson

    write(new_lesson(lesson_id, number, folder or FilePath()))


@lessons_group.command("record")
@click.argument("file", type=click.File("rb"))
@click.option("--id", "lesson_id", default="recorded", show_default=True, help="The name of the lesson.")
@click.option("--number", type=click.IntRange(0, 9999), help="Its number; the next free one unless given.")
@click.option("--era", type=ERA, default=DEFAULT_ERA, show_default=True, help="The standard that the server follows.")
@click.option("--host", "policy", default="lab", show_default=True, metavar="NAME", help="The ready-made host.")
@_INTO
@examples(
    "  esmtp-lab lessons record session.esmtp --id my-lesson --lessons ./mine\n"
    "  printf 'EHLO me.example\\nQUIT\\n' | esmtp-lab lessons record - --lessons ./mine"
)
def lessons_record(
    file: IO[bytes], lesson_id: str, number: int | None, era: str, policy: str, folder: FilePath | None
) -> None:
    """Make a lesson of a session: a FILE that /save wrote, or lines (- for standard input).

    What was sent becomes the solution, and what the server did the goal. It passes lessons check as it stands.
    """
    from esmtp_lab.commands.author import record_lesson

    write(record_lesson(list(lines(file)), lesson_id, number, era, policy, folder or FilePath()))


@lessons_group.command("progress")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--export", "export_to", type=click.Path(path_type=FilePath), help="Write all of it to a file.")
@click.option("--import", "import_from", type=click.Path(path_type=FilePath), help="Add what such a file holds.")
@click.option("--wipe", is_flag=True, help="Forget all of it.")
@_FOLDER
@examples(
    "  esmtp-lab lessons progress\n"
    "  esmtp-lab lessons progress --export progress.json\n"
    "  esmtp-lab lessons progress --import progress.json"
)
def lessons_progress(
    form: str, export_to: FilePath | None, import_from: FilePath | None, wipe: bool, folder: FilePath | None
) -> None:
    """Show what you have done; it is kept in one file on this machine, and never sent anywhere."""
    from esmtp_lab.commands.progress import change_progress, show_progress

    if sum((export_to is not None, import_from is not None, wipe)) > 1:
        raise click.UsageError("--export, --import and --wipe go one at a time")
    changed = change_progress(export_to, import_from, wipe)
    for text in (changed,) if changed else show_progress(form, folder):
        write(text)


@lessons_group.command("report")
@click.option("--name", default="", help="Whose report it is, in your words.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@_FOLDER
@examples("  esmtp-lab lessons report --name Zoe > zoe.txt")
def lessons_report(name: str, form: str, folder: FilePath | None) -> None:
    """A report for a teacher: the same facts as in the file of your progress, task by task."""
    from esmtp_lab.commands.progress import write_report

    for text in write_report(name, form, folder):
        write(text)
