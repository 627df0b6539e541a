"""`rules`: the rule book."""

import click

from esmtp_lab.cli.options import DIFFERENT, PLAYED, examples, write


def _level(ctx: click.Context, param: click.Parameter, value: str | None) -> str:
    from esmtp_lab.rules.rule import LEVELS

    found = [level for level in LEVELS if value and level.lower() == value.replace("-", " ").lower()]
    if value and not found:
        raise click.BadParameter(f"{value!r} is none of {', '.join(LEVELS)}")
    return found[0] if found else ""


@click.command()
@click.argument("rule_id", metavar="[ID]", required=False)
@click.option("--rfc", "rfcs", type=int, multiple=True, metavar="N", help="Rules of this RFC; may repeat.")
@click.option("--section", default="", metavar="S", help="Rules of this section and those inside it.")
@click.option("--level", callback=_level, metavar="LEVEL", help="MUST, must-not, SHOULD, should-not, MAY or states.")
@click.option("--actor", default="", type=click.Choice(["", "client", "server", "both"]), help="Who must keep them.")
@click.option("--search", default="", metavar="WORDS", help="Rules in which all these words occur.")
@click.option("--stats", is_flag=True, help="Only count them.")
@click.option("--play", is_flag=True, help="Play their witnesses, annotated.")
@click.option("--text", is_flag=True, help="Show the section of the RFC, if you have its text.")
@click.option(
    "--rfc-dir",
    envvar="ESMTP_LAB_RFC_DIR",
    metavar="DIR",
    help="Where rfc821.txt and its like are. [default: $ESMTP_LAB_RFC_DIR]",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
@examples(
    "  esmtp-lab rules mail-once --play\n"
    "  esmtp-lab rules --rfc 2821 --section 4.1.1 --level must-not\n"
    "  esmtp-lab rules --search 'null reverse-path' --format json\n"
    "  esmtp-lab rules rfc2821:4.1.4/mail-once --text --rfc-dir ~/rfc\n"
    "  esmtp-lab rules --rfc 821 --section 4.5.2 --text\n"
    "  esmtp-lab rules --stats"
)
def rules(
    ctx: click.Context,
    rule_id: str | None,
    rfcs: tuple[int, ...],
    section: str,
    level: str,
    actor: str,
    search: str,
    stats: bool,
    play: bool,
    text: bool,
    rfc_dir: str | None,
    form: str,
) -> None:
    """Look into the rule book.

    A rule is shown by its ID, or by a part of it that leaves no doubt: what it asks for and why, its line through the
    standards, and dialogues that keep and break it. Without an ID the rules are listed, one a line. As JSON, each
    rule becomes one object.

    Exit status: 0 found, 1 no rule is like that or a dialogue came out otherwise, 2 there is no such ID or no text.
    """
    from esmtp_lab.commands.rules import Wanted, look

    if form == "json" and (play or text):
        raise click.UsageError("--format json is for rules and counts, not for --play or --text")
    wanted = Wanted(rfcs, section, level, actor, tuple(search.split()))
    found, status = False, PLAYED
    for line, right in look(rule_id, wanted, form=form, stats=stats, play=play, text=text, rfc_dir=rfc_dir):
        write(line)
        found, status = True, status if right else DIFFERENT
    if not found:
        write("esmtp-lab: no rule is like that", err=True)
    ctx.exit(status if found else DIFFERENT)
