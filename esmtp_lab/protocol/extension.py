"""The form that a service extension fills in.

RFC 1869 section 4 and RFC 2821 section 2.2.2 list what a definition must state: a name, the EHLO
keyword, its parameters, additional verbs, parameters of MAIL and RCPT, how the extension changes
what server and client do, and by how much it lets command lines grow. `Extension` is that list.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from esmtp_lab.protocol.policy import Policy
from esmtp_lab.protocol.replies import Answer, Composed, Entry
from esmtp_lab.protocol.session import Form, Position, Row
from esmtp_lab.protocol.transaction import Content, Envelope
from esmtp_lab.wire.command import Command
from esmtp_lab.wire.grammar import Grammar
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.path import Path


class Context(NamedTuple):
    """What behaviour may look at: the host's choices, the session, the lines of an exchange so far, a `nonce` that
    belongs to this exchange alone, and how many letters are `waiting` for a node, where the host has a queue."""

    policy: Policy
    position: Position
    envelope: Envelope
    client: str
    forms: Mapping[str, Form]
    exchange: tuple[bytes, ...] = ()
    nonce: str = ""
    waiting: Callable[[str], int] | None = None


class Credentials(NamedTuple):
    """Who a client says it is, and what proves it. The password is sent `in_clear` only where that is said; `nonce` is
    a text that nobody can guess."""

    user: str
    password: str
    in_clear: bool = False
    nonce: str = "esmtp-lab"


class Proof(NamedTuple):
    """How far a client is in proving who it is: by which mechanism, and what it was asked so far, in base64."""

    mechanism: str = ""
    challenges: tuple[bytes, ...] = ()


class Proving(NamedTuple):
    """What a client says next: a mechanism, and a response in base64, or None for none."""

    mechanism: str
    response: bytes | None = None


_OPENING = frozenset({"MAIL", "SEND", "SOML", "SAML"})
"""Verbs that open a transaction, which have the parameters of MAIL."""


@dataclass(frozen=True, slots=True)
class ParameterForm:
    """One parameter of a command: its keyword, a pattern its whole value must match ("" for no value),
    how the value is shown and explained, whether it goes `onward` with a letter that is relayed, and the `clause` that
    a time stamp line has with its value.

    `longest` is how many octets the value may have, or 0 where that is not said (RFC 1869 section 4.1.2).
    """

    keyword: str
    value: str
    shown: str
    meaning: str
    onward: bool = False
    clause: str = ""
    longest: int = 0

    @property
    def room(self) -> int:
        """Octets by which the longest form of this parameter lets a line grow, its space included."""
        return len(f" {self.keyword}") + (len("=") + self.longest if self.value else 0)


def sender_ok(context: Context, command: Command) -> Answer:
    """The answer to a reverse-path: every sender is taken, for anybody may write to us."""
    return Answer("sender-ok", {"path": command.path.render().decode("utf-8", "replace") if command.path else ""})


Answering = Callable[[Context, Command], Answer]
Checking = Callable[[Context, Command], Answer | None]
Revising = Callable[[Context, Command, Answer], Answer]


@dataclass(frozen=True, slots=True, eq=False)
class Extension:
    """One service extension. Its functions are pure, and those that check return a refusal or None.

    `needs` are the keywords of those without which it cannot be used. `line_growth` says by how many octets each verb's
    line may be longer. `offered_params` gives what follows the keyword in the EHLO reply, `offered_when` whether a host
    offers it just now. `answers` is the behaviour of its verbs, `checks` refuses commands by verb ("*" is any that is
    not named), `checks_content` a letter by what is known of its content, of which with chunks a part is asked about
    first; `revises` changes what commands are answered, by verb, and `prioritizes` gives the priority of a letter by
    the parameters of its MAIL. `rewrites` changes a reply by the input that it answers, once EHLO was accepted, or
    with `unasked` from the greeting on, as only RFC 2034 may (section 5). `places` says where a letter for a mailbox
    goes whose transaction one of the verbs opened. For the client, `adds` gives the parameters that a letter should
    carry by its envelope and its content; of several with one keyword that of the extension listed last is sent.
    `needed_for` says why a letter cannot travel without the extension, by its content, or nothing, and `missed` the
    same of one that has a parameter of the extension with it, by its reverse-path and the client's position; `without`
    gives a path as it is written to a server that does not offer the extension, or says why it cannot be. `bars` says
    why a letter with these parameters of MAIL, which are the extension's own, cannot go to a server, by what that
    offers behind the keyword, or None where it does not offer it. `proves` is how a client goes on to prove who it is,
    given the parameters of the keyword and whether the channel is protected, or None where it cannot. `codes` are
    failure codes that commands of other forms may get besides their own. `parameters_of` are parameters of other
    commands than MAIL and RCPT, and `syntaxes` those that such commands have where the extension is offered, which then
    `widens` the grammar of lines.

    `since` is the oldest era whose servers can offer it, or empty for all that have EHLO; `ports` are those that it is
    made for, or none for all. `offers` are the words that may follow the keyword, with their meanings, `effect` says in
    whole sentences what it changes, and `replies` are situations that its answers name besides those of the catalogue:
    what a local definition has to say of itself, as no registry does.
    """

    name: str
    ehlo_keyword: str
    defined_in: str
    meaning: str
    needs: tuple[str, ...] = ()
    forms: tuple[Form, ...] = ()
    rows: tuple[Row, ...] = ()
    mail_parameters: tuple[ParameterForm, ...] = ()
    rcpt_parameters: tuple[ParameterForm, ...] = ()
    line_growth: Mapping[str, int] = field(default_factory=dict)
    offered_params: Callable[[Policy, Position], str] = lambda policy, position: ""
    offered_when: Callable[[Policy, Position], bool] = lambda policy, position: True
    answers: Mapping[str, Answering] = field(default_factory=dict)
    checks: Mapping[str, Checking] = field(default_factory=dict)
    checks_content: Callable[[Context, Content], Answer | None] | None = None
    revises: Mapping[str, Revising] = field(default_factory=dict)
    prioritizes: Callable[[Context, tuple[Parameter, ...]], int] | None = None
    rewrites: Callable[[Composed, str], Composed] | None = None
    unasked: bool = False
    adds: Callable[[Envelope, bytes], tuple[Parameter, ...]] | None = None
    needed_for: Callable[[bytes], str] = lambda content: ""
    without: Callable[[Path], Path | str] | None = None
    proves: Callable[[Credentials, tuple[str, ...], bool, Proof], Proving | None] | None = None
    codes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    missed: Callable[[Path, Position], str] = lambda reverse_path, position: ""
    bars: Callable[[tuple[Parameter, ...], tuple[str, ...] | None], str] = lambda parameters, offered: ""
    places: Callable[[Policy, str], tuple[str, ...]] | None = None
    parameters_of: Mapping[str, tuple[ParameterForm, ...]] = field(default_factory=dict)
    syntaxes: Mapping[str, str] = field(default_factory=dict)
    widens: Callable[[Grammar], Grammar] | None = None
    since: str = ""
    ports: tuple[int, ...] = ()
    offers: Mapping[str, str] = field(default_factory=dict)
    effect: str = ""
    replies: Mapping[str, Entry] = field(default_factory=dict)

    @property
    def local(self) -> bool:
        """Whether this is by bilateral agreement: its keyword begins with X (RFC 1869 section 4.3).

        RFC 2821 section 2.2.2 binds the names of parameters by the same rule, and RFC 5321 sections 2.2.2 and 4.1.5
        keep it; what RFC 6648 says of X is about other names.
        """
        return self.ehlo_keyword.upper().startswith("X")

    def usable(self, offered: Collection[str]) -> bool:
        """Whether a server that offers these keywords lets it be used."""
        return self.ehlo_keyword in offered and all(need in offered for need in self.needs)

    def parameters(self, verb: str) -> tuple[ParameterForm, ...]:
        """The parameters that this extension adds to a verb."""
        if verb == "RCPT":
            return self.rcpt_parameters
        return self.mail_parameters if verb in _OPENING else self.parameters_of.get(verb, ())
