"""`esmtp-lab send`: one letter delivered by the reference client."""

import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path as FilePath
from typing import NamedTuple

from esmtp_lab.errors import DataError
from esmtp_lab.export.transcript import told
from esmtp_lab.lab import client_dialect
from esmtp_lab.lab.letters import content_of, read_path
from esmtp_lab.net.client import send
from esmtp_lab.net.tls import client_context
from esmtp_lab.protocol.client import ClientSession
from esmtp_lab.protocol.delivery import Delivery, Outcome
from esmtp_lab.protocol.dialect import value_fits
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.extension import Credentials
from esmtp_lab.protocol.priority import parameter as priority_parameter
from esmtp_lab.rules.annotator import annotator
from esmtp_lab.rules.detector import Watch
from esmtp_lab.wire.parameter import Parameter, to_xtext
from esmtp_lab.wire.path import Path
from esmtp_lab.wire.visible import visible

_TARGET = re.compile(r"(?:\[(.+)\]|([^:]+)):(\d{1,5})")
PASSWORD = "ESMTP_LAB_PASSWORD"
"""The variable of the environment that may hold the password."""
Write = Callable[[str], None]


class Wishes(NamedTuple):
    """What the sender wants to be told, and how soon the letter is to arrive: values of the parameters of RFC 3461 and
    RFC 2852, and nothing for those that are not to be said. `envid` is the text itself; with `orcpt` each recipient is
    named as it was written."""

    notify: str = ""
    ret: str = ""
    envid: str = ""
    orcpt: bool = False
    by: str = ""

    def of_mail(self) -> tuple[Parameter, ...]:
        """The parameters of MAIL. Raises DataError for a value that has not the right form."""
        envid = to_xtext(self.envid.encode("utf-8", "surrogateescape"))
        values = (
            ("RET", self.ret.upper().encode()),
            ("ENVID", envid),
            ("BY", self.by.upper().encode("ascii", "replace")),
        )
        return tuple(_checked("MAIL", Parameter(keyword, value)) for keyword, value in values if value)

    def of_rcpt(self, path: Path) -> tuple[Parameter, ...]:
        """The parameters of RCPT for a recipient. Raises DataError as above."""
        orcpt = b"rfc822;" + to_xtext(path.mailbox) if self.orcpt else b""
        values = (("NOTIFY", self.notify.upper().encode("ascii", "replace")), ("ORCPT", orcpt))
        return tuple(_checked("RCPT", Parameter(keyword, value)) for keyword, value in values if value)


def _checked(verb: str, parameter: Parameter) -> Parameter:
    dialect = client_dialect()
    (_, form), *_ = dialect.parameters(verb, parameter.keyword)
    if not value_fits(form, parameter):
        said = (parameter.value or b"").decode("ascii", "replace")
        raise DataError(f"{parameter.keyword}={said}", f"is not what it should be: {form.shown}")
    return parameter


def send_letter(
    write: Write | None,
    content: bytes,
    *,
    reverse_path: str,
    recipients: tuple[str, ...],
    helo: str,
    target: str,
    client_era: str,
    allow_remote: bool,
    tls: str = "no",
    authority: str | None = None,
    verify: bool = True,
    requiretls: bool = False,
    wishes: Wishes | None = None,
    login: Credentials | None = None,
    chunk: int = 0,
    priority: int | None = None,
    nodes: tuple[str, ...] = (),
) -> Delivery:
    """Deliver a letter whose lines end in LF or CRLF; what became of it, of each recipient, and of each of the `nodes`
    whose queues the server is asked to start behind it.

    Where TLS begins, the `authority` in that file may vouch for the server besides those that this machine trusts;
    without `verify` nobody needs to. The `wishes` are said to a server that knows their extensions.
    Raises DataError for a path, a target or a file that cannot be read, LocalProtocolError for what is no node name,
    Unreachable where no server can be reached.
    """
    host, port = read_target(target)
    dialect = client_dialect(client_era)
    for node in nodes:
        ClientSession(dialect).line("ETRN", node_name=node.encode("utf-8", "surrogateescape"))
    content = content_of(content)
    paths = tuple(read_path(recipient, "forward-path") for recipient in recipients)
    wishes = wishes or Wishes()
    delivery = Delivery(
        read_path(reverse_path, "reverse-path"),
        paths,
        content,
        helo,
        tls=tls,
        parameters=(
            *([Parameter("REQUIRETLS")] if requiretls else []),
            *([priority_parameter(priority)] if priority is not None else []),
            *wishes.of_mail(),
        ),
        rcpt_parameters={path: said for path in paths if (said := wishes.of_rcpt(path))},
        login=login,
        chunk=chunk,
        nodes=nodes,
    )
    context = client_context(authority, verify=verify) if tls != "no" or requiretls else None
    show = None if write is None else _view(write, client_era)
    if allow_remote and write is not None:
        write(f"=== about to speak to {host} port {port}, which may not be on this machine")
    return send(delivery, dialect, host, port, allow_remote=allow_remote, on_event=show, tls=context)


def credentials(user: str, file: str | None, ask: Callable[[], str], *, in_clear: bool) -> Credentials:
    """Who a user is, with the password from a file, from the environment, or else from whoever can be asked.

    It is never an argument: those stand in the list of processes, for all on this machine to read, and in the history
    of the shell. Of a file the first line counts. Raises DataError where the file cannot be read.
    """
    if file is None:
        password = os.environ.get(PASSWORD) or ask()
    else:
        try:
            password = FilePath(file).read_text("utf-8").partition("\n")[0].removesuffix("\r")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(file, f"cannot be read: {error}") from None
    return Credentials(user, password, in_clear, secrets.token_hex(12))


def node_lines(delivery: Delivery) -> list[str]:
    """What became of each node whose queue the server was asked to start, in one line each."""
    told = [f"{reply.code} {visible(reply.lines[-1])}" for reply in delivery.started]
    told += ["not asked for: the server does not offer ETRN, or did not understand it"] * len(delivery.nodes)
    return [f"{visible(node.encode())}: {line}" for node, line in zip(delivery.nodes, told, strict=False)]


def outcome_line(outcome: Outcome) -> str:
    """An outcome in one line."""
    path = visible(outcome.path.render())
    if outcome.reply is None:
        later = "; try again later" if outcome.temporary else ""
        return f"{path}: not delivered: {visible((outcome.remark or 'the channel was lost').encode())}{later}"
    word = "accepted" if outcome.accepted else "not now" if outcome.temporary else "refused"
    return f"{path}: {word}: {outcome.reply.code} {visible(outcome.reply.lines[-1])}"


def read_target(text: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT`` or ``[ADDRESS]:PORT``. Raises DataError."""
    match = _TARGET.fullmatch(text)
    if match is None or int(match[3]) > 65535:
        raise DataError(f"--to {text!r}", "is no HOST:PORT, such as 127.0.0.1:2525 or [::1]:2525")
    return match[1] or match[2], int(match[3])


def _view(write: Write, era: str) -> Callable[[Event], None]:
    annotate, watch = annotator(era), Watch(era)

    def show(event: Event) -> None:
        for line in told(event, annotate, 0, watch.hear):
            write(line)

    return show
