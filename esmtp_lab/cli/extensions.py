"""`extensions`: the registry, and extensions of one's own."""

import click

from esmtp_lab.cli.options import DIFFERENT, EXTENSION, PLAYED, WIDTH, Group, columns, examples, write


class _OrKeyword(Group):
    """A group whose first argument is the name of a command, or else an argument of its own with options round it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] in self.commands:
            return super().parse_args(ctx, ["", *args])
        ctx.allow_interspersed_args = True
        return super().parse_args(ctx, args)


@click.group(cls=_OrKeyword, invoke_without_command=True)
@click.argument("keyword", metavar="[KEYWORD]", required=False)
@click.option("--registry", type=click.Choice(["now", "1998"]), default="now", show_default=True, help="IANA's list.")
@WIDTH
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@EXTENSION
@click.pass_context
@examples(
    "  esmtp-lab extensions\n"
    "  esmtp-lab extensions chunking\n"
    "  esmtp-lab extensions --registry 1998\n"
    "  esmtp-lab extensions --format json | grep '\"server\": true'\n"
    "  esmtp-lab extensions new XDELAY && esmtp-lab extensions check xdelay.toml\n"
    "  esmtp-lab extensions XDELAY --extension xdelay.toml"
)
def extensions(
    ctx: click.Context, keyword: str | None, registry: str, width: int | None, form: str, own: tuple[str, ...]
) -> None:
    """Look into the registry of service extensions, or begin, check and specify one of your own.

    A KEYWORD of the EHLO reply is shown with all that is known of it: verbs, parameters, documents, what it needs and
    what replaced it. Without one the registry is listed, one keyword a line where there is room, and behind it the
    local extensions that the lab knows. As JSON, each keyword becomes one object; "server" and "client" tell which
    sides of this lab implement it.

    Exit status: 0 found, 2 there is no such keyword.
    """
    if ctx.invoked_subcommand is not None:
        return
    from esmtp_lab.commands.define import known_besides
    from esmtp_lab.commands.extensions import look

    besides, broken = known_besides(own)
    for error in broken:
        write(f"esmtp-lab: left out: {error}", err=True)
    for text in look(keyword, registry, form, columns(width), besides):
        write(text)


@extensions.command("new")
@click.argument("keyword")
@click.argument("file", required=False)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@examples("  esmtp-lab extensions new XDELAY\n  esmtp-lab extensions new XDELAY my/delay.toml --force")
def extensions_new(keyword: str, file: str | None, force: bool) -> None:
    """Write the definition of a local extension, to be changed as you like.

    KEYWORD is that of the EHLO reply and begins with X. FILE is by default called like it: xdelay.toml.

    Exit status: 0 written, 2 not.
    """
    from esmtp_lab.commands.define import write_definition

    path = write_definition(keyword, file, force=force)
    write(f"{path} is written. Change it; then esmtp-lab extensions check {path}")


@extensions.command("check")
@click.argument("names", metavar="FILE...", nargs=-1, required=True)
@click.pass_context
@examples("  esmtp-lab extensions check xdelay.toml\n  esmtp-lab extensions check *.toml")
def extensions_check(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Hold definitions to the standards' form, and say what to mend.

    Each FILE is looked at beside what the lab ships and the files before it, as if all were loaded.

    Exit status: 0 all are well, 1 something has to be mended.
    """
    from esmtp_lab.commands.define import check

    status = PLAYED
    for text, right in check(names):
        write(text)
        status = status if right else DIFFERENT
    ctx.exit(status)


@extensions.command("page")
@click.argument("name", metavar="FILE|KEYWORD")
@click.option("--format", "form", type=click.Choice(["text", "markdown"]), default="text", show_default=True)
@WIDTH
@examples(
    "  esmtp-lab extensions page xdelay.toml\n  esmtp-lab extensions page xdelay.toml --format markdown > xdelay.md"
)
def extensions_page(name: str, form: str, width: int | None) -> None:
    """Show the specification of an extension, in the seven points that RFC 1869 section 4 asks for.

    It is made from a definition, or from what the lab itself speaks or a third party has installed.
    """
    from esmtp_lab.commands.define import specified

    for text in specified(name, form, columns(width)):
        write(text)
