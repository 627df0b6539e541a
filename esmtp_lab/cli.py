"""The command line: arguments to calls, nothing else.

Each command imports what it needs when it is called, so that the shell's first prompt waits for the
shell alone.
"""

import shutil
import sys
from collections.abc import Callable, Iterable
from inspect import cleandoc
from pathlib import Path as FilePath
from typing import IO, Any

import click

from esmtp_lab import __version__
from esmtp_lab.errors import DataError, EsmtpLabError, OffLimits, Unreachable
from esmtp_lab.protocol.era import DEFAULT_ERA, ERAS
from esmtp_lab.wire.visible import visible

_ERA = click.Choice(list(ERAS))
_SERVER_ERA = click.option(
    "--era", type=_ERA, help=f"The standard that the server follows. [default: the host's, or {DEFAULT_ERA}]"
)
_EXTENSION = click.option(
    "--extension",
    "own",
    multiple=True,
    metavar="FILE",
    help="Plug in an extension of your own, by its definition; may repeat.",
)
_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
PLAYED, DIFFERENT, UNREADABLE, TEMPORARY = 0, 1, 2, 75
"""Exit statuses; 75 is what sendmail has said for "try again later" since 1983 (EX_TEMPFAIL)."""


def _examples(text: str) -> Callable[[Any], Any]:
    """Examples below the help text of a command, line by line as they are written here."""

    def add(function: Any) -> Any:
        function.__doc__ = f"{cleandoc(function.__doc__)}\n\n\b\nExamples:\n{text}"
        return function

    return add


class _Group(click.Group):
    """Every error that the lab raises on purpose becomes one line and an exit status, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EsmtpLabError as error:
            click.echo(visible(f"esmtp-lab: {error}".encode("utf-8", "surrogateescape")), err=True)
            later = isinstance(error, Unreachable) and not isinstance(error, OffLimits)
            ctx.exit(TEMPORARY if later and ctx.invoked_subcommand == "send" else UNREADABLE)


@click.group(cls=_Group, invoke_without_command=True, context_settings=_SETTINGS)
@_SERVER_ERA
@click.option("--client-era", type=_ERA, default=DEFAULT_ERA, help="The standard that the client follows.")
@click.option(
    "--host",
    "policy",
    default="lab",
    metavar="NAME|FILE",
    help="The host to talk to: lab, partner, open, classic, … (/host lists them).",
)
@_EXTENSION
@click.option("--role", type=click.Choice(["client", "server"]), default="client", help="Which side you play.")
@click.option("--view", type=click.Choice(["bench", "stream"]), help="Side by side, or one scrolling transcript.")
@click.option("--allow-remote", is_flag=True, help="Let /connect call hosts beyond this machine.")
@click.option("--plain", is_flag=True, help="Append only: no colours, boxes or cursor movement; for screen readers.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw with US-ASCII alone.")
@click.version_option(__version__, prog_name="esmtp-lab")
@click.pass_context
@_examples(
    "  esmtp-lab                          the guided shell\n"
    "  esmtp-lab --era rfc821             meet a server of 1982\n"
    "  printf 'EHLO me.example\\nQUIT\\n' | esmtp-lab"
)
def main(
    ctx: click.Context,
    era: str | None,
    client_era: str,
    policy: str,
    own: tuple[str, ...],
    role: str,
    view: str | None,
    allow_remote: bool,
    plain: bool,
    ascii_only: bool,
) -> None:
    """Learn, teach and show how mail servers talk: an ESMTP client and server side by side.

    With no command it opens the guided shell. When its input is not a terminal, the lines are
    played and the annotated transcript is written.
    """
    if ctx.invoked_subcommand is not None:
        return
    from esmtp_lab.lab import Lab

    lab = Lab(era, client_era=client_era, policy=policy, role=role, extensions=own)
    if not sys.stdin.isatty():
        ctx.exit(_play(lab, sys.stdin.buffer, "text"))
    from esmtp_lab.shell import shell

    ctx.exit(shell(lab, view=view, plain=plain, ascii=ascii_only, allow_remote=allow_remote))


@main.command()
@click.argument("script", type=click.File("rb"))
@_SERVER_ERA
@click.option("--client-era", type=_ERA, default=DEFAULT_ERA, help="The standard that the client follows.")
@click.option("--host", "policy", default="lab", metavar="NAME|FILE", help="The host to talk to.")
@_EXTENSION
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
@_examples(
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

    ctx.exit(_play(Lab(era, client_era=client_era, policy=policy, extensions=own), script, form))


def _play(lab: Any, script: IO[bytes], form: str) -> int:
    from esmtp_lab.commands.run import play_script

    status = PLAYED
    for text, right in play_script(lab, list(_lines(script)), form):
        if text:
            _write(text)
        status = status if right else DIFFERENT
    return status


def _write(text: str, *, err: bool = False) -> None:
    """A line of output: nothing that could act on a terminal, and what its encoding cannot hold spelt out."""
    encoding = (sys.stderr if err else sys.stdout).encoding or "ascii"
    safe = visible(text.encode("utf-8", "surrogateescape")).encode(encoding, "backslashreplace").decode(encoding)
    click.echo(safe, err=err)


class _Strict(click.Command):
    """A command whose ``--strict`` may stand alone; what follows it is the next argument, and never its value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        alone = ["--strict=must" if each == "--strict" else each for each in args[:end]]
        return super().parse_args(ctx, alone + args[end:])


@main.command(cls=_Strict)
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--era", type=_ERA, default=DEFAULT_ERA, show_default=True, help="The standard to read it by.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--strict",
    type=click.Choice(["must", "should"]),
    metavar="[=should]",
    help="Exit with 1 where a MUST, a MUST NOT or the grammar is broken; with =should also for a SHOULD.",
)
@click.pass_context
@_examples(
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
    for text in annotate_lines(_lines(file), era, form, verdict):
        _write(text)
    for text in verdict.summary() if verdict.lines else (f"esmtp-lab: {NOTHING}",):
        _write(text, err=True)
    if strict:
        ctx.exit(UNREADABLE if not verdict.lines else PLAYED if verdict.good else DIFFERENT)


def _lines(file: IO[bytes]) -> Iterable[bytes]:
    try:
        yield from file
    except OSError as error:
        raise DataError(getattr(file, "name", "input"), f"cannot be read: {error}") from None


def _users(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    users = {}
    for value in values:
        name, colon, password = value.partition(":")
        if not (name and colon):
            raise click.BadParameter(f"{value!r} is not NAME:PASSWORD")
        users[name] = password
    return users


@main.command()
@click.option("--host", "address", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=2525, show_default=True, help="0 takes any free one.")
@_SERVER_ERA
@click.option("--policy", default="lab", show_default=True, metavar="NAME|FILE", help="lab, partner, open, or a file.")
@_EXTENSION
@click.option("--user", "users", multiple=True, callback=_users, metavar="NAME:PASSWORD", help="One more user.")
@click.option("--mailbox", default="memory", show_default=True, metavar="memory|discard|DIR", help="Where mail goes.")
@click.option("--tls", is_flag=True, help="Offer STARTTLS, with a certificate made for this run.")
@click.option("--tls-cert", metavar="FILE", help="Offer STARTTLS with your own certificate, in PEM.")
@click.option("--tls-key", metavar="FILE", help="The key of that certificate, where it stands in a file of its own.")
@click.option("--quiet", is_flag=True, help="No live view of what crosses the wire.")
@click.option("--allow-remote", is_flag=True, help="Listen beyond loopback: anybody who can reach it can use it.")
@_examples(
    "  esmtp-lab serve\n"
    "  esmtp-lab serve --port 0 --era rfc821\n"
    "  esmtp-lab serve --user zoe:secret --mailbox ./mail\n"
    "  esmtp-lab serve --policy secure --tls             # STARTTLS, and under it AUTH and REQUIRETLS\n"
    "  esmtp-lab serve --tls-cert cert.pem --tls-key key.pem"
)
def serve(
    address: str,
    port: int,
    era: str | None,
    policy: str,
    own: tuple[str, ...],
    users: dict[str, str],
    mailbox: str,
    tls: bool,
    tls_cert: str | None,
    tls_key: str | None,
    quiet: bool,
    allow_remote: bool,
) -> None:
    """Listen on loopback with the reference server, and explain every line that comes and goes.

    Nothing that it takes ever leaves the machine. Ctrl-C stops it.
    """
    from esmtp_lab.commands.serve import Certificate, serve_forever

    if tls_key and not tls_cert:
        raise click.UsageError("--tls-key goes with --tls-cert")
    write = None if quiet else _write
    serve_forever(
        lambda text: click.echo(text, err=quiet),
        write,
        address=address,
        port=port,
        era=era,
        policy=policy,
        extensions=own,
        users=users,
        mailbox=mailbox,
        allow_remote=allow_remote,
        certificate=Certificate(tls_cert or "", tls_key or "") if tls or tls_cert else None,
    )


@main.command()
@click.option("--from", "reverse_path", required=True, metavar="PATH", help="The reverse-path; '<>' for none.")
@click.option("--rcpt", "recipients", required=True, multiple=True, metavar="PATH", help="A recipient; may repeat.")
@click.option("--helo", default="localhost", show_default=True, metavar="NAME", help="Who to say that we are.")
@click.option("--to", "target", default="127.0.0.1:2525", show_default=True, metavar="HOST:PORT")
@click.option("--client-era", type=_ERA, default=DEFAULT_ERA, help="The standard that the client follows.")
@click.option(
    "--tls",
    type=click.Choice(["require", "try", "no"]),
    default="no",
    show_default=True,
    help="Send nothing without TLS; begin it where it is offered; or do without.",
)
@click.option("--ca", metavar="FILE", help="Who may vouch for the server, in PEM, besides whom this machine trusts.")
@click.option("--no-verify", is_flag=True, help="Take any certificate: whoever stands between can read the letter.")
@click.option(
    "--notify", metavar="WHEN", default="", help="Be told: never, or of success,failure,delay those you want."
)
@click.option("--ret", type=click.Choice(["full", "hdrs"]), default=None, help="What comes back when it fails.")
@click.option("--envid", metavar="TEXT", default="", help="A name for this sending, which reports repeat.")
@click.option("--orcpt", is_flag=True, help="Name each recipient as you wrote it, so that reports do.")
@click.option(
    "--by", metavar="SECONDS;N|R", default="", help="When it is to be there, and late: notify or return; T traces."
)
@click.option("--requiretls", is_flag=True, help="The letter is to travel under TLS all the way, or not at all.")
@click.option("--user", metavar="NAME", help="Log in as NAME. The password is asked for, or see below.")
@click.option("--password-file", metavar="FILE", help="Its first line is the password.")
@click.option("--auth-in-clear", is_flag=True, help="Let the password itself cross a channel without TLS.")
@click.option("--chunk", type=click.IntRange(min=1), metavar="OCTETS", help="Send it in chunks of so many (CHUNKING).")
@click.option("--priority", type=click.IntRange(-9, 9), metavar="N", help="How urgent it is, -9 to 9 (MT-PRIORITY).")
@click.option("--etrn", "nodes", multiple=True, metavar="NODE", help="Then have what waits for NODE sent (ETRN).")
@click.option("--allow-remote", is_flag=True, help="Let mail leave this machine. You will be told what happens.")
@click.option("--quiet", is_flag=True, help="Say only what became of the recipients.")
@click.argument("file", type=click.File("rb"))
@click.pass_context
@_examples(
    "  esmtp-lab send --from ada@me.example --rcpt bob@lab.example letter.txt\n"
    "  printf 'Subject: hi\\n\\nhello\\n' | esmtp-lab send --from '<>' --rcpt ada@lab.example -\n"
    "  esmtp-lab send --tls require --ca ca.pem --from ada@me.example --rcpt bob@lab.example letter.txt\n"
    "  esmtp-lab send --user zoe --priority 4 --from zoe@lab.example --rcpt bob@lab.example letter.txt\n"
    "  esmtp-lab send --notify success,delay --ret hdrs --from ada@me.example --rcpt bob@lab.example letter.txt"
)
def send(
    ctx: click.Context,
    reverse_path: str,
    recipients: tuple[str, ...],
    helo: str,
    target: str,
    client_era: str,
    tls: str,
    ca: str | None,
    no_verify: bool,
    notify: str,
    ret: str | None,
    envid: str,
    orcpt: bool,
    by: str,
    requiretls: bool,
    user: str | None,
    password_file: str | None,
    auth_in_clear: bool,
    chunk: int | None,
    priority: int | None,
    nodes: tuple[str, ...],
    allow_remote: bool,
    quiet: bool,
    file: IO[bytes],
) -> None:
    """Deliver FILE (or - for standard input) with the reference client.

    Where TLS begins, the server has to prove that it is the HOST of --to; where it cannot, nothing is sent. A server
    that offers no DSN, CHUNKING, MT-PRIORITY or ETRN gets the letter without them.

    The password of --user comes from --password-file, from the variable ESMTP_LAB_PASSWORD, or from the terminal. It is
    no argument, since all on this machine can read those, and the shell remembers them.

    Exit status: 0 every recipient was accepted, 1 some were refused, 75 try again later.
    """
    from esmtp_lab.commands.send import Wishes, credentials, node_lines, outcome_line, send_letter

    if not user and (password_file or auth_in_clear):
        raise click.UsageError("--password-file and --auth-in-clear go with --user")
    if requiretls and no_verify:
        raise click.UsageError("--requiretls wants a certificate that verifies: RFC 8689 section 2")
    done = send_letter(
        None if quiet else _write,
        file.read(),
        reverse_path=reverse_path,
        recipients=recipients,
        helo=helo,
        target=target,
        client_era=client_era,
        allow_remote=allow_remote,
        tls=tls,
        authority=ca,
        verify=not no_verify,
        requiretls=requiretls,
        login=credentials(user, password_file, _password, in_clear=auth_in_clear) if user else None,
        chunk=chunk or 0,
        priority=priority,
        nodes=nodes,
        wishes=Wishes(notify, ret or "", envid, orcpt, by),
    )
    refused = [outcome for outcome in done.outcomes if not outcome.accepted]
    for line in (*map(outcome_line, done.outcomes), *node_lines(done)):
        _write(line)
    ctx.exit(PLAYED if not refused else TEMPORARY if all(each.temporary for each in refused) else DIFFERENT)


def _password() -> str:
    """The password, typed by whoever sits at the terminal. Raises DataError where nobody does."""
    import getpass
    import warnings

    with warnings.catch_warnings():
        # where there is no terminal it would warn, and then read what may be the letter
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass()
        except (getpass.GetPassWarning, EOFError):
            why = "has no password. Set ESMTP_LAB_PASSWORD, or name a file by --password-file"
            raise DataError("--user", why) from None


def _level(ctx: click.Context, param: click.Parameter, value: str | None) -> str:
    from esmtp_lab.rules.rule import LEVELS

    found = [level for level in LEVELS if value and level.lower() == value.replace("-", " ").lower()]
    if value and not found:
        raise click.BadParameter(f"{value!r} is none of {', '.join(LEVELS)}")
    return found[0] if found else ""


@main.command()
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
@_examples(
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
        _write(line)
        found, status = True, status if right else DIFFERENT
    if not found:
        _write("esmtp-lab: no rule is like that", err=True)
    ctx.exit(status if found else DIFFERENT)


class _OrKeyword(_Group):
    """A group whose first argument is the name of a command, or else an argument of its own with options round it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] in self.commands:
            return super().parse_args(ctx, ["", *args])
        ctx.allow_interspersed_args = True
        return super().parse_args(ctx, args)


_WIDTH = click.option(
    "--width", type=click.IntRange(20), metavar="N", help="Columns to fill. [default: your terminal's]"
)


def _columns(width: int | None) -> int | None:
    return width if width else shutil.get_terminal_size().columns if sys.stdout.isatty() else None


@main.group(cls=_OrKeyword, invoke_without_command=True)
@click.argument("keyword", metavar="[KEYWORD]", required=False)
@click.option("--registry", type=click.Choice(["now", "1998"]), default="now", show_default=True, help="IANA's list.")
@_WIDTH
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@_EXTENSION
@click.pass_context
@_examples(
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
        _write(f"esmtp-lab: left out: {error}", err=True)
    for text in look(keyword, registry, form, _columns(width), besides):
        _write(text)


@extensions.command("new")
@click.argument("keyword")
@click.argument("file", required=False)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@_examples("  esmtp-lab extensions new XDELAY\n  esmtp-lab extensions new XDELAY my/delay.toml --force")
def extensions_new(keyword: str, file: str | None, force: bool) -> None:
    """Write the definition of a local extension, to be changed as you like.

    KEYWORD is that of the EHLO reply and begins with X. FILE is by default called like it: xdelay.toml.

    Exit status: 0 written, 2 not.
    """
    from esmtp_lab.commands.define import write_definition

    path = write_definition(keyword, file, force=force)
    _write(f"{path} is written. Change it; then esmtp-lab extensions check {path}")


@extensions.command("check")
@click.argument("names", metavar="FILE...", nargs=-1, required=True)
@click.pass_context
@_examples("  esmtp-lab extensions check xdelay.toml\n  esmtp-lab extensions check *.toml")
def extensions_check(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Hold definitions to the standards' form, and say what to mend.

    Each FILE is looked at beside what the lab ships and the files before it, as if all were loaded.

    Exit status: 0 all are well, 1 something has to be mended.
    """
    from esmtp_lab.commands.define import check

    status = PLAYED
    for text, right in check(names):
        _write(text)
        status = status if right else DIFFERENT
    ctx.exit(status)


@extensions.command("page")
@click.argument("name", metavar="FILE|KEYWORD")
@click.option("--format", "form", type=click.Choice(["text", "markdown"]), default="text", show_default=True)
@_WIDTH
@_examples(
    "  esmtp-lab extensions page xdelay.toml\n  esmtp-lab extensions page xdelay.toml --format markdown > xdelay.md"
)
def extensions_page(name: str, form: str, width: int | None) -> None:
    """Show the specification of an extension, in the seven points that RFC 1869 section 4 asks for.

    It is made from a definition, or from what the lab itself speaks or a third party has installed.
    """
    from esmtp_lab.commands.define import specified

    for text in specified(name, form, _columns(width)):
        _write(text)


@main.command()
@click.argument("script", type=click.File("rb"))
@click.option("--host", "policy", default="lab", metavar="NAME|FILE", help="The host to talk to.")
@_WIDTH
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@_examples(
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

    for text in compare_script(_lines(script), policy, form, _columns(width)):
        _write(text)


@main.group(name="lessons", cls=_Group)
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
@_examples("  esmtp-lab lessons list\n  esmtp-lab lessons list --format json")
def lessons_list(form: str, folder: FilePath | None) -> None:
    """List the lessons."""
    from esmtp_lab.commands.lessons import list_lessons

    for text in list_lessons(form, folder):
        _write(text)


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
@_examples(
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
    from esmtp_lab.lab import begin, lab_of

    attempt = begin(lesson, folder)
    if sys.stdin.isatty():
        from esmtp_lab.commands.progress import keeper
        from esmtp_lab.shell import shell

        if task:
            attempt.to(task)
        ctx.exit(shell(lab_of(attempt), view=view, plain=plain, ascii=ascii_only, attempt=attempt, keep=keeper()))
    from esmtp_lab.commands.lessons import play_lesson

    status = DIFFERENT
    for text, right in play_lesson(attempt, list(_lines(sys.stdin.buffer)), task):
        _write(text)
        status = PLAYED if right else DIFFERENT
    ctx.exit(status)


def _said(ctx: click.Context, said: Iterable[tuple[str, bool]]) -> None:
    status = PLAYED
    for text, right in said:
        _write(text)
        status = status if right else DIFFERENT
    ctx.exit(status)


@lessons_group.command("check")
@click.argument("lesson", required=False, default="")
@click.option("--walks", type=click.IntRange(0), help="Fewer random walks than 100: quicker, and proves less.")
@_FOLDER
@click.pass_context
@_examples(
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
@_examples("  esmtp-lab lessons new two-readers --lessons ./mine")
def lessons_new(lesson_id: str, number: int | None, folder: FilePath | None) -> None:
    """Write a skeleton of a lesson, with comments, that only waits for its words.

    It goes into the folder of --lessons, or into the one you are in.
    """
    from esmtp_lab.commands.author import new_lesson

    _write(new_lesson(lesson_id, number, folder or FilePath()))


@lessons_group.command("record")
@click.argument("file", type=click.File("rb"))
@click.option("--id", "lesson_id", default="recorded", show_default=True, help="The name of the lesson.")
@click.option("--number", type=click.IntRange(0, 9999), help="Its number; the next free one unless given.")
@click.option("--era", type=_ERA, default=DEFAULT_ERA, show_default=True, help="The standard that the server follows.")
@click.option("--host", "policy", default="lab", show_default=True, metavar="NAME", help="The ready-made host.")
@_INTO
@_examples(
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

    _write(record_lesson(list(_lines(file)), lesson_id, number, era, policy, folder or FilePath()))


@lessons_group.command("progress")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--export", "export_to", type=click.Path(path_type=FilePath), help="Write all of it to a file.")
@click.option("--import", "import_from", type=click.Path(path_type=FilePath), help="Add what such a file holds.")
@click.option("--wipe", is_flag=True, help="Forget all of it.")
@_FOLDER
@_examples(
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
        _write(text)


@lessons_group.command("report")
@click.option("--name", default="", help="Whose report it is, in your words.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@_FOLDER
@_examples("  esmtp-lab lessons report --name Zoe > zoe.txt")
def lessons_report(name: str, form: str, folder: FilePath | None) -> None:
    """A report for a teacher: the same facts as in the file of your progress, task by task."""
    from esmtp_lab.commands.progress import write_report

    for text in write_report(name, form, folder):
        _write(text)
