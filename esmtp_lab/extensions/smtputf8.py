"""SMTPUTF8: addresses and header fields beyond US-ASCII, in UTF-8 (RFC 6531, RFC 6532).

Choices where the text is open or contradicts itself:

* UTF-8 is read where EHLO offered this; before that, and where it was not offered, octets above 127 are what they are
  without it. An address that has some is then refused by 550 at MAIL and by 553 at RCPT where MAIL lacks the parameter
  (section 3.5), and what is no UTF-8 by 500.
* To VRFY and EXPN without the parameter whose answer would need UTF-8, a host says 252 where it would have agreed, and
  550 where not (section 3.7.4.2 leaves the choice). A person's name that needs it is left out before that.
* Other replies than those of section 3.7.4 that name an address spell it in US-ASCII.
* A server need not look whether the header section keeps to what MAIL said (section 3.6), and this one does not. The
  client does look, in the parts of MIME as well, and says the parameter of MAIL where it is needed and not else
  (section 3.4); so a letter that came with it goes on without it where nothing of it is left.
* BODY=8BITMIME goes with it, as section 1.2 requires, although section 3.6 has it as a MAY. The trace lines that hosts
  put in front hold UTF-8 in any case.
* A client that cannot use it changes no address but for the A-labels of a domain, which are the same domain (section
  3.2). A recipient whose local part needs UTF-8 is given up alone, the others get the letter.
* The table of section 4.2 gives X.6.9 the code 550 and section 3.5 has 554; no situation here comes to it, for hosts
  pass letters on after they have taken them.
"""

from esmtp_lab.protocol.extension import Context, Extension, ParameterForm
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.protocol.transaction import SMTPUTF8 as KEYWORD
from esmtp_lab.protocol.transaction import Envelope
from esmtp_lab.wire.command import Command
from esmtp_lab.wire.content import international
from esmtp_lab.wire.grammar import with_utf8
from esmtp_lab.wire.international import a_labels, u_labels
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.path import Path

_ASKING = ("VRFY", "EXPN")
_SYNTAX = "SP string [SP parameters]"
_REPLIES = ParameterForm(KEYWORD, "", KEYWORD, "the reply may hold UTF-8")
_UNNAMED = f"5.6.7 non-ASCII addresses are not permitted: the server does not offer {KEYWORD}"
_UNTOLD = {
    # RFC 6531 section 3.7.4.1: 251 becomes 250, and 551 becomes 550
    ("RCPT", "recipient-forwarded"): "recipient-ok",
    ("RCPT", "recipient-moved"): "utf8-refused",
    # section 3.7.4.2: either 252 or 550
    ("VRFY", "recipient-moved"): "utf8-refused",
    ("VRFY", "mailbox-ambiguous"): "utf8-refused",
}
"""What is said in place of an answer that would need UTF-8; 252 in place of others."""


def _asks(command: Command) -> bool:
    return any(parameter.keyword == KEYWORD for parameter in command.parameters)


def _mail(context: Context, command: Command) -> Answer | None:
    plain = command.path is None or command.path.plain
    return None if plain or _asks(command) else Answer("sender-not-ascii")


def _rcpt(context: Context, command: Command) -> Answer | None:
    plain = command.path is None or command.path.plain
    return None if plain or context.envelope.international else Answer("recipient-not-ascii")


def _revises_rcpt(context: Context, command: Command, answer: Answer) -> Answer:
    """RFC 6531 section 3.7.4.1: an answer that names another address may hold UTF-8, or something else is said."""
    other = answer.fields.get("other", "")
    if not other:
        return answer
    if context.envelope.international:
        return answer._replace(utf8=True)
    return answer if other.isascii() else _untold(command, answer)


def _revises_asking(context: Context, command: Command, answer: Answer) -> Answer:
    """RFC 6531 section 3.7.4.2: whoever asked for UTF-8 gets it, and others are told what they may be."""
    if _asks(command):
        domain = context.policy.domain
        shown = (line.replace(f"@{domain}>", f"@{u_labels(domain)}>") for line in answer.lines)
        return answer._replace(lines=tuple(shown), utf8=True)
    lines = tuple(map(_mailbox, answer.lines))
    if not answer.fields.get("other", "").isascii() or not "".join(lines).isascii():
        return _untold(command, answer)
    return answer._replace(lines=lines)


def _untold(command: Command, answer: Answer) -> Answer:
    return Answer(_UNTOLD.get((command.verb, answer.key), "utf8-unshown"), answer.fields)


def _mailbox(line: str) -> str:
    """RFC 6531 section 3.7.4.2: ``User Name <Mailbox>``, or the mailbox alone where the name is not US-ASCII."""
    name, bracket, rest = line.rpartition(" <")
    return line if name.isascii() or not bracket else rest.removesuffix(">")


def _adds(envelope: Envelope, content: bytes) -> tuple[Parameter, ...]:
    paths = (*filter(None, [envelope.reverse_path]), *envelope.forward_paths)
    if all(path.plain for path in paths) and not international(content):
        return ()
    return Parameter(KEYWORD), Parameter("BODY", b"8BITMIME")


def _needed_for(content: bytes) -> str:
    if not international(content):
        return ""
    return f"5.6.9 the letter has header fields in UTF-8, and the server does not offer {KEYWORD}"


def _without(path: Path) -> Path | str:
    """RFC 6531 section 3.2: a domain of A-labels is not internationalized, and a local part cannot be helped."""
    if path.plain:
        return path
    if not path.local_part.isascii():
        return _UNNAMED
    return path._replace(domain=a_labels(path.domain.decode("utf-8", "replace")).encode("ascii", "replace"))


SMTPUTF8 = Extension(
    name="Internationalized Email",
    ehlo_keyword=KEYWORD,
    defined_in="RFC 6531",
    meaning="addresses and header fields may hold UTF-8, where the client says so",
    needs=("8BITMIME",),
    mail_parameters=(ParameterForm(KEYWORD, "", KEYWORD, "an address, or the header of the letter, may hold UTF-8"),),
    parameters_of=dict.fromkeys(_ASKING, (_REPLIES,)),
    syntaxes=dict.fromkeys(_ASKING, _SYNTAX),
    widens=with_utf8,
    line_growth={"MAIL": 10},
    checks={"MAIL": _mail, "RCPT": _rcpt},
    codes={"MAIL": (550,)},
    revises={**dict.fromkeys(_ASKING, _revises_asking), "RCPT": _revises_rcpt},
    adds=_adds,
    needed_for=_needed_for,
    without=_without,
)
