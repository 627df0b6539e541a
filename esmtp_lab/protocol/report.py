"""Reports on letters, in the form of RFC 3464: what became of whom, for people and for programs.

RFC 3461 sections 5.2 and 6, RFC 2821 section 6.1; `multipart/report` is that of RFC 3462. Choices where the text is
open:

* One report tells one action, of all recipients that share it.
* A letter is returned whole if RET=FULL asks for it, it failed, is no longer than MOST_RETURNED, is at hand and is
  made of lines of seven bits, none longer than RFC 2822 allows, so that the report can travel anywhere; else its header
  section is returned as text/rfc822-headers, at most MOST_RETURNED octets of it. Without RET that is enough (section
  4.3).
* A status code is that of the reply or the remark where it has one in front, of the same class, and else x.0.0 (section
  6.3). A remark without a reply is a Diagnostic-Code of a type of our own.
* A letter of a null reverse-path is never reported on, and the postmaster is not told of it (section 5.2, a SHOULD).
* The reports themselves say neither NOTIFY nor ENVID (section 6.1, a MAY).
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from esmtp_lab.protocol import notify as asked
from esmtp_lab.protocol.deadline import PARAMETER as BY
from esmtp_lab.protocol.deadline import by_of
from esmtp_lab.protocol.policy import Policy
from esmtp_lab.protocol.trace import OF_2001
from esmtp_lab.protocol.transaction import Envelope, Letter
from esmtp_lab.wire.content import unlined
from esmtp_lab.wire.international import embedded
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.path import Path
from esmtp_lab.wire.reply import Reply

if TYPE_CHECKING:
    from email.message import Message

MOST_RETURNED = 65_536
"""Octets of a letter, or of its header section, that a report returns."""
_LONGEST_LINE, _LONGEST_VALUE = 998, 900
"""Characters of a line (RFC 2822 section 2.1.1), and of a field's value, which with its name stays below that."""
_STATUS = re.compile(rb"([245])(?:\.(?:0|[1-9]\d{0,2})){2}(?= |$)")
_OF_THE_LETTER = frozenset({"RET", "ENVID", BY})
"""Parameters that a letter has and a report on it has not (RFC 3461 section 6.1)."""
_NOT_PLAIN = re.compile(rb"[^\t\r\n -~]|\r(?!\n)|(?<!\r)\n")

_TOLD = {
    asked.FAILED: ("could not be delivered", "Your letter did not reach:", "Nobody will try again."),
    asked.DELAYED: ("is delayed", "Your letter has not yet reached:", "Nothing is to be done: it will be tried again."),
    asked.DELIVERED: ("was delivered", "Your letter is in the mailbox of:", "Nothing says whether it was read."),
    asked.RELAYED: (
        "was passed on",
        "Your letter was passed on for:",
        "Whoever has it now may not report that it arrived, though it may report that it did not.",
    ),
    asked.EXPANDED: (
        "was passed on to several",
        "Your letter was passed on to those for whom these addresses stand:",
        "Of them you will hear only where something goes wrong.",
    ),
}
"""For people, by action: what the subject says, what stands before the recipients, and what behind them."""


class Fate(NamedTuple):
    """What became of one recipient: the path under which this host took it, an action, and a status code where neither
    `reply` nor `remark` has one.

    `remote` is the server that was asked, or nothing where none was; `sent_to` the path that it was asked for.
    `until` is when a delayed letter will be given up, in seconds since 1970.
    """

    path: Path
    action: str
    status: str = ""
    reply: Reply | None = None
    remark: str = ""
    remote: str = ""
    sent_to: Path | None = None
    until: float | None = None

    @property
    def code(self) -> str:
        """The status code: of three numbers (RFC 3463)."""
        said = self.reply.lines[0] if self.reply is not None else self.remark.encode("ascii", "replace")
        found = _STATUS.match(said)
        if self.status or found is None or (self.reply is not None and int(found[1]) != self.reply.severity):
            return self.status or f"{self._kind()}.0.0"
        return found[0].decode()

    def _kind(self) -> int:
        if self.reply is not None and self.reply.severity in (2, 4, 5):
            return self.reply.severity
        return {asked.FAILED: 5, asked.DELAYED: 4}.get(self.action, 2)


@dataclass(frozen=True, slots=True)
class Matter:
    """The letter that a report is about, as the reporting host took it.

    `content` is as much of it as is at hand, in octets, `whole` says whether that is all. `came` and `deliver_by` are
    in seconds since 1970; `source` is the client that it came from by the name that this gave, with its address.
    """

    reverse_path: Path
    content: bytes
    parameters: tuple[Parameter, ...] = ()
    rcpt_parameters: Mapping[Path, tuple[Parameter, ...]] = field(default_factory=dict)
    came: float = 0.0
    source: str = ""
    deliver_by: float | None = None
    whole: bool = True

    def wants(self, action: str, path: Path) -> bool:
        """Whether a recipient is to be reported with this action."""
        return asked.wants(action, self.rcpt_parameters.get(path, ()))


class Report(NamedTuple):
    """A report: its content, where it goes, and the parameters of MAIL that it has with it. It comes from the null
    reverse-path."""

    content: bytes
    to: Path
    parameters: tuple[Parameter, ...] = ()


def reports(domain: str, matter: Matter, fates: tuple[Fate, ...], now: float) -> tuple[Report, ...]:
    """The reports of a host `domain` on these fates, one for each action; none about a letter from nobody.

    There is no notice about a notice: RFC 821 section 3.6, RFC 2821 section 6.1, RFC 3461 section 5.2.
    """
    if matter.reverse_path.null:
        return ()
    by_action: dict[str, tuple[Fate, ...]] = {}
    for fate in fates:
        by_action[fate.action] = (*by_action.get(fate.action, ()), fate)
    to = matter.reverse_path._replace(route=())
    # RFC 8689 section 5: a report is protected as the letter was
    own = tuple(each for each in matter.parameters if each.keyword not in _OF_THE_LETTER)
    return tuple(Report(_content(domain, matter, each, now), to, own) for each in by_action.values())


# A letter that has reached a mailbox ---------------------------------------------------------------


def on_delivery(policy: Policy, letter: Letter, now: float) -> tuple[Letter, ...]:
    """The reports to send when a letter has been put into mailboxes here, as letters for mailboxes of this host.

    RFC 3461 section 5.2.3 asks for "delivered", and section 5.2.7.3 (c) for "expanded" where a name stands for several:
    the lists of this lab keep the reverse-path, and so are what that section calls aliases. A name that is forwarded
    is reported by whoever has the letter at last (section 5.2.7.2).
    A report for elsewhere is named by its whole address; one for nobody here is dropped.
    """
    if not letter.envelope.rcpt_parameters:
        return ()
    matter = matter_of(letter)
    fates = tuple(fate for path in dict.fromkeys(letter.envelope.forward_paths) for fate in _fate(policy, matter, path))
    return tuple(
        _letter(report, names, now)
        for report in reports(policy.domain, matter, fates, now)
        if (names := _names(policy, report.to))
    )


def _fate(policy: Policy, matter: Matter, path: Path) -> Iterator[Fate]:
    verdict = policy.route(path)
    action = asked.EXPANDED if verdict.expands else asked.DELIVERED
    if verdict.accepted and not verdict.forwards and matter.wants(action, path):
        yield Fate(path, action)


def _names(policy: Policy, to: Path) -> tuple[str, ...]:
    verdict = policy.route(to)
    if verdict.accepted:
        return verdict.mailboxes
    return () if policy.owns(to) else (to.mailbox.decode("utf-8", "replace"),)


def _letter(report: Report, names: tuple[str, ...], now: float) -> Letter:
    envelope = Envelope(Path(), (report.to,), report.parameters, "MAIL", {}, now)
    return Letter(envelope, report.content, "", "", "", now, len(report.content), names)


def matter_of(letter: Letter) -> Matter:
    """A letter as a matter to report on, from what is kept of it."""
    envelope, content = letter.envelope, letter.content or letter.head
    by = by_of(envelope.parameters)
    return Matter(
        envelope.reverse_path or Path(),
        content,
        envelope.parameters,
        envelope.rcpt_parameters,
        letter.time,
        source_of(letter),
        None if by is None else envelope.opened + by.seconds,
        whole=len(content) == letter.octets,
    )


def source_of(letter: Letter) -> str:
    """The client that a letter came from, as Received-From-MTA has it (RFC 3464 section 2.2.4)."""
    return f"{letter.client} ([{letter.address}])" if letter.address else letter.client


# The form ------------------------------------------------------------------------------------------


def _content(domain: str, matter: Matter, fates: tuple[Fate, ...], now: float) -> bytes:
    """The report as octets. The email package is loaded when the first report is written."""
    from email import policy
    from email.generator import BytesGenerator
    from email.mime.base import MIMEBase
    from email.mime.multipart import MIMEMultipart
    from email.mime.text import MIMEText
    from io import BytesIO

    # values hold what was on the wire: nothing may be folded or encoded anew
    form: Any = policy.compat32.clone(linesep="\r\n", max_line_length=None)
    action = fates[0].action
    # whoever wrote the letter cannot have known this, so it stands nowhere in it
    about = repr((domain, matter.reverse_path, matter.parameters, fates, now)).encode()
    mark = hashlib.sha256(hashlib.sha256(matter.content).digest() + about).hexdigest()[:24]
    whole = MIMEMultipart("report", f"=_{mark}", policy=form, report_type="delivery-status")
    whole["From"] = f"Mail Delivery <postmaster@{domain}>"
    whole["To"] = _raw(matter.reverse_path._replace(route=()).render())
    whole["Subject"] = f"Your letter {_TOLD[action][0]}"
    whole["Date"] = OF_2001.date_time(now)
    whole["Message-ID"] = f"<{mark}@{domain}>"
    whole["Auto-Submitted"] = "auto-replied"
    words = MIMEText(_words(domain, matter, fates), "plain", "us-ascii", policy=form)
    status = MIMEBase("message", "delivery-status", policy=form)
    for part in (words, status):
        del part["MIME-Version"]
    whole.attach(words)
    for fields in (_of_letter(domain, matter), *(_of_recipient(matter, fate, now) for fate in fates)):
        status.attach(_block(fields, form))
    whole.attach(status)
    whole.attach(_returned(matter, full=action == asked.FAILED, form=form))
    octets = BytesIO()
    BytesGenerator(octets, mangle_from_=False, policy=form).flatten(whole)
    return octets.getvalue().rstrip(b"\r\n") + b"\r\n"


def _raw(octets: bytes) -> str:
    """Octets as the email package takes them to stand in a header as they are: a sender beyond US-ASCII gets the report
    with SMTPUTF8, and so its header may be in UTF-8 (RFC 6532)."""
    return asked.unbroken(octets).decode("ascii", "surrogateescape")


def _words(domain: str, matter: Matter, fates: tuple[Fate, ...]) -> str:
    """What people read."""
    _, before, behind = _TOLD[fates[0].action]
    whom = (f"  <{_address(fate.path)}>{': ' if (why := _why(fate)) else ''}{why}" for fate in fates)
    envid = _envelope_id(matter)
    named = ["", f"You named this sending {envid}."] if envid is not None else []
    return "\n".join([f"This is {domain}. {before}", "", *whom, "", behind, *named, ""])


def _why(fate: Fate) -> str:
    if fate.reply is not None and fate.action in (asked.FAILED, asked.DELAYED):
        return f"{fate.reply.code} {asked.printable(fate.reply.lines[-1])}"[:_LONGEST_VALUE]
    if fate.action == asked.RELAYED:
        return f"passed on to {fate.remote}"
    return _plain(fate.remark)[:_LONGEST_VALUE] or ("no answer" if fate.action in (asked.FAILED, asked.DELAYED) else "")


Fields = Iterator[tuple[str, str]]


def _of_letter(domain: str, matter: Matter) -> Fields:
    """The per-message fields in the order of RFC 3464 section 2.2, and that of RFC 2852 section 5."""
    envid = _envelope_id(matter)
    if envid is not None:
        yield "Original-Envelope-Id", envid
    yield "Reporting-MTA", f"dns; {domain}"
    if matter.source:
        yield "Received-From-MTA", f"dns; {_plain(matter.source)}"
    yield "Arrival-Date", OF_2001.date_time(matter.came)
    if matter.deliver_by is not None:
        yield "Deliver-By-Date", OF_2001.date_time(matter.deliver_by)


def _of_recipient(matter: Matter, fate: Fate, now: float) -> Fields:
    """The per-recipient fields in the order of RFC 3464 section 2.3; RFC 3461 section 6.3 says which must be there."""
    orcpt = asked.value_of(matter.rcpt_parameters.get(fate.path, ()), "ORCPT")
    if orcpt is not None:
        kind, _, address = orcpt.partition(b";")
        yield "Original-Recipient", f"{asked.printable(kind)}; {asked.decoded(address)}"
    # RFC 6533 section 3 has a type of its own for addresses beyond US-ASCII
    form = "rfc822" if fate.path.plain else "utf-8"
    yield "Final-Recipient", f"{form}; {_address(fate.path)}"
    yield "Action", fate.action
    yield "Status", fate.code
    if fate.remote:
        yield "Remote-MTA", f"dns; {fate.remote}"
    if fate.reply is not None:
        lines = fate.reply.each()
        yield "Diagnostic-Code", "smtp; " + "\r\n ".join(asked.printable(line.rstrip(b"\r\n")) for line in lines)
    elif fate.remark:
        yield "Diagnostic-Code", f"x-esmtp-lab; {_plain(fate.remark)}"
    yield "Last-Attempt-Date", OF_2001.date_time(now)
    if fate.until is not None:
        yield "Will-Retry-Until", OF_2001.date_time(fate.until)
    if fate.sent_to is not None:
        yield "SMTP-Remote-Recipient", _address(fate.sent_to)


def _block(fields: Fields, form: Any) -> "Message":
    from email.message import Message

    block: Message = Message(policy=form)
    for name, value in fields:
        block[name] = value if "\r\n" in value else value[:_LONGEST_VALUE]
    return block


def _returned(matter: Matter, *, full: bool, form: Any) -> "Message":
    """The letter, or as much of it as is returned."""
    from email.message import Message

    said = asked.value_of(matter.parameters, "RET") or b""
    part: Message = Message(policy=form)
    if full and said.upper() == b"FULL" and matter.whole and _fits(matter.content):
        part["Content-Type"] = "message/rfc822"
        part.set_payload(matter.content.decode("ascii"))
        return part
    part["Content-Type"] = "text/rfc822-headers"
    header = _NOT_PLAIN.sub(b"?", matter.content[:MOST_RETURNED].partition(b"\r\n\r\n")[0])
    part.set_payload("".join(f"{line[:_LONGEST_LINE]}\r\n" for line in header.decode("ascii").split("\r\n")))
    return part


def _fits(content: bytes) -> bool:
    """Whether a letter can stand in a report as it is."""
    small = len(content) <= MOST_RETURNED and content.isascii() and unlined(content) is None
    return small and max(map(len, content.split(b"\r\n"))) <= _LONGEST_LINE


def _envelope_id(matter: Matter) -> str | None:
    return asked.decoded(asked.value_of(matter.parameters, "ENVID"))


def _plain(text: str) -> str:
    return asked.printable(text.encode("ascii", "replace"))


def _address(path: Path) -> str:
    """A path as the envelope has it, without its brackets and as one line of US-ASCII (RFC 6533 section 3)."""
    return embedded(path.render()[1:-1].decode("utf-8", "replace"))
