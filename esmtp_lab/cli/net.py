"""`serve` and `send`: the reference server and client on the net."""

from typing import IO

import click

from esmtp_lab.cli.options import DIFFERENT, ERA, EXTENSION, PLAYED, SERVER_ERA, TEMPORARY, examples, write
from esmtp_lab.errors import DataError
from esmtp_lab.protocol.era import DEFAULT_ERA


def _users(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    users = {}
    for value in values:
        name, colon, password = value.partition(":")
        if not (name and colon):
            raise click.BadParameter(f"{value!r} is not NAME:PASSWORD")
        users[name] = password
    return users


@click.command()
@click.option("--host", "address", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=2525, show_default=True, help="0 takes any free one.")
@SERVER_ERA
@click.option("--policy", default="lab", show_default=True, metavar="NAME|FILE", help="lab, partner, open, or a file.")
@EXTENSION
@click.option("--user", "users", multiple=True, callback=_users, metavar="NAME:PASSWORD", help="One more user.")
@click.option("--mailbox", default="memory", show_default=True, metavar="memory|discard|DIR", help="Where mail goes.")
@click.option("--tls", is_flag=True, help="Offer STARTTLS, with a certificate made for this run.")
@click.option("--tls-cert", metavar="FILE", help="Offer STARTTLS with your own certificate, in PEM.")
@click.option("--tls-key", metavar="FILE", help="The key of that certificate, where it stands in a file of its own.")
@click.option("--quiet", is_flag=True, help="No live view of what crosses the wire.")
@click.option("--allow-remote", is_flag=True, help="Listen beyond loopback: anybody who can reach it can use it.")
@examples(
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
    show = None if quiet else write
    serve_forever(
        lambda text: click.echo(text, err=quiet),
        show,
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


@click.command()
@click.option("--from", "reverse_path", required=True, metavar="PATH", help="The reverse-path; '<>' for none.")
@click.option("--rcpt", "recipients", required=True, multiple=True, metavar="PATH", help="A recipient; may repeat.")
@click.option("--helo", default="localhost", show_default=True, metavar="NAME", help="Who to say that we are.")
@click.option("--to", "target", default="127.0.0.1:2525", show_default=True, metavar="HOST:PORT")
@click.option("--client-era", type=ERA, default=DEFAULT_ERA, help="The standard that the client follows.")
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
@examples(
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
        None if quiet else write,
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
        write(line)
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
