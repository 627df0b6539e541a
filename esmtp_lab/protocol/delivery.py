"""One letter on its way: what a client says next to deliver it, and what became of each recipient.

RFC 821 section 3.1, RFC 1869 sections 4.4 to 4.7, RFC 2821 sections 3.2 and 4.5.4, RFC 2920 section 3.1.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, NamedTuple

from esmtp_lab.protocol import notify
from esmtp_lab.protocol.client import ClientSession
from esmtp_lab.protocol.deadline import KEYWORD as DELIVERBY
from esmtp_lab.protocol.deadline import by_of
from esmtp_lab.protocol.dialect import Dialect
from esmtp_lab.protocol.extension import Credentials, Extension, Proof
from esmtp_lab.protocol.session import CONTINUATION, END_OF_DATA, GREETING, HANDSHAKE, LAST_CHUNK
from esmtp_lab.protocol.side import NOTHING_YET
from esmtp_lab.protocol.transaction import Envelope
from esmtp_lab.wire.content import unlined
from esmtp_lab.wire.international import a_labels
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.path import Path
from esmtp_lab.wire.reply import Reply
from esmtp_lab.wire.transparency import END_OF_DATA as LONE_DOT
from esmtp_lab.wire.transparency import travelling

_UNPROVEN = Proof()


class Outcome(NamedTuple):
    """What became of one recipient: the reply that decided, and a remark where there was none.

    A remark is for good, unless the same may go well `later`.
    """

    path: Path
    reply: Reply | None = None
    remark: str = ""
    later: bool = False

    @property
    def accepted(self) -> bool:
        """Whether the server took responsibility for this recipient."""
        return self.reply is not None and self.reply.severity == 2

    @property
    def temporary(self) -> bool:
        """Whether trying again later may help: no 5yz reply, or none because the channel was lost."""
        if self.reply is None:
            return self.later or not self.remark
        return self.later or self.reply.severity not in (2, 5)


MOST_OF_A_GROUP = 4096
"""Octets of a group of commands: it is sent before any reply is read, and has to fit into the window, which is 4 K
usually (RFC 2920 section 3.1)."""
_STARTTLS = "STARTTLS"
TLS = ("no", "try", "require")
"""What a client does about TLS: nothing; begin it where it is offered; send nothing without it."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One letter on its way through one session: a value, and the rule for what to send next.

    `content` is in octets, as it is to arrive; `decided` holds the outcomes so far; `taken` counts the recipients that
    were asked for, `noted` those that were answered for. A `plain` delivery does not try EHLO; one that `turns` asks to
    change roles where it would leave and may (RFC 821 section 3.8). `tls` is one of TLS (RFC 3207 section 6),
    `parameters` are those of MAIL that the letter has with it wherever it goes, and `rcpt_parameters` those of RCPT for
    each forward-path that has any; `written` are the paths that this server gets in another form. With a `login` it
    proves who it is before it begins, and `proof` is how far it has come. Where a server offers PIPELINING, commands go
    in groups (RFC 2920); where it offers CHUNKING, content goes in chunks of `chunk` octets, unless that is 0 (RFC
    3030), and `sent` counts the octets that did. Content that is not made of lines can go in no other way. Where it
    would leave and the server offers ETRN, it asks for the queues of `nodes` to be started; `started` are the replies,
    in their order (RFC 1985). `heard` is what was acted upon last, each group of replies once.
    """

    reverse_path: Path
    forward_paths: tuple[Path, ...]
    content: bytes
    helo: str = "me.example"
    taken: int = 0
    noted: int = 0
    decided: tuple[Outcome, ...] = ()
    hopes: tuple[Path, ...] = ()
    plain: bool = False
    turns: bool = False
    login: Credentials | None = None
    proof: Proof = _UNPROVEN
    tls: str = "no"
    parameters: tuple[Parameter, ...] = ()
    heard: tuple[str, int] = NOTHING_YET
    chunk: int = 0
    sent: int = 0
    nodes: tuple[str, ...] = ()
    started: tuple[Reply, ...] = ()
    rcpt_parameters: Mapping[Path, tuple[Parameter, ...]] = field(default_factory=dict, hash=False)
    written: Mapping[Path, Path] = field(default_factory=dict, hash=False)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """One outcome for each recipient; those that nobody decided are temporary (RFC 821 section 4.1.1, QUIT), and
        those that the server could not even be asked about come last."""
        by_path = {outcome.path: outcome for outcome in self.decided}
        asked = frozenset(self.forward_paths)
        barred = (outcome for outcome in self.decided if outcome.path not in asked)
        return (*(by_path.get(path, Outcome(path)) for path in self.forward_paths), *barred)

    def next(self, client: ClientSession) -> tuple[bytes, "Delivery"]:
        """The octets to send after the reply, or those to a group, that `client` heard; none while one of them is
        still to come, and none where all is said."""
        reply, answered = client.reply, client.answered
        heard = answered, client.replies
        expecting = bool(client.waiting) and not client.position.closed
        if reply is None or heard == self.heard or expecting:
            return b"", self
        noted = reduce(lambda so_far, earlier: so_far._noted(*earlier), client.answers[:-1], self)
        step = _STEPS.get((answered, reply.severity)) or _STEPS.get((answered, 0), Delivery._leave)
        octets, after = step(noted, client, reply)
        return b"" if client.position.closed else octets, replace(after, heard=heard)

    def again(self, client: ClientSession) -> "Delivery | None":
        """The delivery to try at once on a new channel, without EHLO, where the server hung up on that
        (RFC 1869 section 4.7); None where it did not.

        One that knows STARTTLS knows EHLO, so what was lost under TLS is never tried in clear.
        """
        hung_up = client.position.closed and client.lost in ("EHLO", "HELO") and not client.position.protected
        return replace(self, plain=True, heard=NOTHING_YET) if hung_up and not self.plain else None

    def anew(self, forward_paths: tuple[Path, ...]) -> "Delivery":
        """The delivery as it was before it began, to these recipients alone."""
        return replace(self, forward_paths=forward_paths, **_UNBEGUN)

    def _greet(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        if self.plain or not client.dialect.era.speaks_ehlo:
            return self._fall_back(client, reply)
        return client.line("EHLO", **self._name()), self

    def _fall_back(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        """After any error to EHLO the client goes on with HELO (RFC 1869 sections 4.5 and 4.6)."""
        return client.line("HELO", **self._name()), self

    def _name(self) -> dict[str, bytes]:
        name = a_labels(self.helo).encode("ascii", "replace")
        return {"domain": name, "domain_or_literal": name}

    def _greeted(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        """Both know each other: begin TLS where that is wanted and has not begun, and else the transaction."""
        if _STARTTLS in client.offered and not client.position.protected and self._wants_tls(client.dialect):
            return client.line(_STARTTLS), self
        return self._mail(client, reply)

    def _wants_tls(self, dialect: Dialect) -> bool:
        if self.tls != "no":
            return True
        return any(_STARTTLS in extension.needs and self._own(extension) for extension in dialect.known)

    def _no_tls_now(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        """TLS is refused; whether to go on without it is the client's own choice (RFC 3207 section 4)."""
        if self.tls == "require":
            return self._part(client), self._all(reply, later=True)
        return self._mail(client, reply)

    def unprotected(self, why: str) -> "Delivery":
        """TLS has not come about. It may do so later, and nothing is sent in clear (RFC 3207 section 6)."""
        return self._all(None, f"no TLS: {why}", later=True)

    def _mail(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        if not self.forward_paths:
            return self._part(client), self
        if self.login is not None and not self.proof.mechanism:
            return self._prove(client, reply)
        if not self._chunks(client) and (why := _unfit(self.content)):
            return self._part(client), self._all(None, why)
        if self.tls == "require" and not client.position.protected:
            return self._part(client), self.unprotected("it is not offered, and nothing is sent in clear")
        # under TLS nobody offers to begin it (RFC 3207 section 4.2), and who needs it has it
        there = {*client.offered, _STARTTLS} if client.position.protected else client.offered
        letter, parameters = self, dict[str, Parameter]()
        for extension in client.dialect.known:
            if why := extension.bars(self._own(extension), client.offered.get(extension.ehlo_keyword)):
                return self._part(client), self._all(None, why)
            if extension.usable(there):
                parameters |= {each.keyword: each for each in letter._carried(extension)}
                continue
            why = letter._misses(extension, client)
            if extension.without is not None and not why:
                letter, why = letter._written(extension.without)
            if why or not letter.forward_paths:
                return letter._part(client), letter._all(None, why)
        values = {"reverse_path": letter.reverse_path, "parameters": tuple(parameters.values())}
        mail = client.line("MAIL", **values)
        return letter._recipients(client, mail) if letter._groups(client) else (mail, letter)

    def _groups(self, client: ClientSession) -> bool:
        return "PIPELINING" in client.offered

    def _written(self, without: Callable[[Path], Path | str]) -> tuple["Delivery", str]:
        """The letter with its paths as they are written without an extension, or why it cannot go; recipients that
        cannot be named are decided."""
        reverse_path = without(self.reverse_path)
        if isinstance(reverse_path, str):
            return self, reverse_path
        written = {path: without(path) for path in self.forward_paths}
        barred = tuple(Outcome(path, None, why) for path, why in written.items() if isinstance(why, str))
        named = {path: form for path, form in written.items() if not isinstance(form, str)}
        paths, decided = tuple(path for path in self.forward_paths if path in named), (*self.decided, *barred)
        return replace(self, reverse_path=reverse_path, forward_paths=paths, decided=decided, written=named), ""

    def _prove(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        """Begin to prove who this is, or go on; a challenge is what the reply asks."""
        proof, extension = self.proof, client.dialect.extension("AUTH")
        if proof.mechanism:
            proof = proof._replace(challenges=(*proof.challenges, reply.lines[-1]))
        words, protected = client.offered.get("AUTH", ()), "tls" in client.position.facts
        if self.login is None or extension is None or extension.proves is None:
            return self._part(client), self._all(None, "this client cannot prove who it is")
        proving = extension.proves(self.login, words, protected, proof)
        if proving is None:
            return self._part(client), self._all(None, "the server offers no AUTH mechanism that this client would use")
        after = replace(self, proof=proof._replace(mechanism=proving.mechanism))
        if proof.mechanism:
            return (proving.response or b"") + b"\r\n", after
        return client.line("AUTH", word=proving.mechanism.encode(), secret=proving.response), after

    def _own(self, extension: Extension) -> tuple[Parameter, ...]:
        """What the letter has with it of an extension."""
        if not self.parameters:
            return ()
        keywords = {form.keyword for form in extension.mail_parameters}
        return tuple(parameter for parameter in self.parameters if parameter.keyword in keywords)

    def _carried(self, extension: Extension) -> tuple[Parameter, ...]:
        """The parameters of an extension that MAIL has: those of the letter, and those that are added to it."""
        if extension.adds is None:
            return self._own(extension)
        envelope = Envelope(self.reverse_path, self.forward_paths, self.parameters)
        return (*self._own(extension), *extension.adds(envelope, self.content))

    def _of_recipient(self, path: Path, client: ClientSession) -> tuple[Parameter, ...]:
        """The parameters that RCPT has here: those whose extension is offered.

        RFC 2852 section 4.1.4.2: where the letter has a by-time that the server does not know, it is asked for word of
        delays instead.
        """
        if not self.rcpt_parameters and not self.parameters:
            return ()
        there = [extension for extension in client.dialect.known if extension.usable(client.offered)]
        keywords = {form.keyword for extension in there for form in extension.rcpt_parameters}
        own = tuple(each for each in self.rcpt_parameters.get(path, ()) if each.keyword in keywords)
        by = by_of(self.parameters)
        timed = by is not None and by.seconds > 0 and DELIVERBY not in client.offered
        if not timed or "NOTIFY" not in keywords or notify.never(own):
            return own
        said = notify.notify(own)
        return notify.with_values(own, ({notify.FAILURE} if said is None else said) | {notify.DELAY})

    def _misses(self, extension: Extension, client: ClientSession) -> str:
        """Why this letter cannot travel without an extension, or nothing."""
        why = extension.needed_for(self.content)
        return why or (extension.missed(self.reverse_path, client.position) if self._own(extension) else "")

    def _rcpt(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        """The transaction is open, or a recipient is answered for: ask for the next, or go on to the content."""
        after = self._noted(client.answered, reply)
        if after.noted == after.taken < len(after.forward_paths):
            return after._recipients(client)
        if not after.hopes:
            return client.line("QUIT"), after
        return after._next_chunk(client, reply) if self._chunks(client) else (client.line("DATA"), after)

    def _recipients(self, client: ClientSession, group: bytes = b"") -> tuple[bytes, "Delivery"]:
        """The next recipient, or behind the beginning of a `group` as many as there is room for.

        DATA ends a group, and waits for no reply to those before it (RFC 2920 section 3.1). BDAT does not come into it:
        the octets of a chunk would travel to a server that may know none of the recipients.
        """
        data = b"" if self._chunks(client) else client.line("DATA")
        groups, taken = self._groups(client), self.taken
        while taken < len(self.forward_paths):
            path = self.forward_paths[taken]
            parameters = self._of_recipient(path, client)
            line = client.line("RCPT", forward_path=self.written.get(path, path), parameters=parameters)
            if group and (not groups or len(group) + len(line) + len(data) > MOST_OF_A_GROUP):
                return group, replace(self, taken=taken)
            group, taken = group + line, taken + 1
        return group + data if groups else group, replace(self, taken=taken)

    def _noted(self, answered: str, reply: Reply) -> "Delivery":
        """What a reply within a group, or to a recipient, decides: each counts for itself."""
        if answered == "RCPT" and self.noted < self.taken:
            path, noted = self.forward_paths[self.noted], self.noted + 1
            if reply.severity == 2:
                return replace(self, hopes=(*self.hopes, path), noted=noted)
            return replace(self, decided=(*self.decided, Outcome(path, reply)), noted=noted)
        if answered == "MAIL" and reply.severity != 2:
            return replace(self._all(reply), noted=len(self.forward_paths))
        if answered == END_OF_DATA:
            return self._all(reply)
        return self

    def _content(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        """The content; in a group QUIT stands behind it. Where no recipient was taken, nothing but the lone dot goes to
        a server that said 354 all the same (RFC 2920 section 3.1)."""
        octets = travelling(self.content) if self.hopes else LONE_DOT
        leaves = self._groups(client) and not self.turns and not self.nodes
        return octets + client.line("QUIT") if leaves else octets, self

    def _chunks(self, client: ClientSession) -> bool:
        """Whether the content goes in chunks."""
        return self.chunk > 0 and "CHUNKING" in client.offered

    def _next_chunk(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        """One more chunk, octet for octet: its command with the octets close behind (RFC 3030 section 2)."""
        octets = self.content[self.sent : self.sent + self.chunk]
        sent = self.sent + len(octets)
        last = b"LAST" if sent == len(self.content) else None
        line = client.line("BDAT", chunk_size=b"%d" % len(octets), end_marker=last)
        return line + octets, replace(self, sent=sent)

    def _end(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        return self._part(client), self._all(reply)

    def _part(self, client: ClientSession) -> bytes:
        """The line that ends what this client has to say, or asks for a queue before. TURN must be offered, where
        anything is.

        After a 5yz to ETRN no other node is asked for (RFC 1985 section 5.2).
        """
        left = self.nodes[len(self.started) :]
        refused = any(reply.severity == 5 for reply in self.started)
        if left and not refused and "ETRN" in client.offered and client.dialect.may(client.position, "ETRN"):
            return client.line("ETRN", node_name=left[0].encode())
        offered = "TURN" in client.offered or not client.dialect.era.speaks_ehlo
        return client.line("TURN" if self.turns and offered and client.dialect.may(client.position, "TURN") else "QUIT")

    def _started(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        """A queue was started, or not; there may be others."""
        after = replace(self, started=(*self.started, reply))
        return after._part(client), after

    def _give_up(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        """The server takes no content and does not refuse it either: nobody may count as served."""
        return client.line("QUIT"), self

    def _leave(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        """A reply to something that this delivery did not say."""
        return client.line("QUIT"), self

    def _stop(self, client: ClientSession, reply: Reply) -> tuple[bytes, "Delivery"]:
        return b"", self

    def _all(self, reply: Reply | None, remark: str = "", *, later: bool = False) -> "Delivery":
        """The same outcome for every recipient that is not decided."""
        known = {outcome.path for outcome in self.decided}
        rest = (Outcome(path, reply, remark, later) for path in self.forward_paths if path not in known)
        return replace(self, decided=(*self.decided, *rest))


_UNBEGUN: dict[str, Any] = {
    "taken": 0,
    "noted": 0,
    "decided": (),
    "hopes": (),
    "plain": False,
    "proof": _UNPROVEN,
    "heard": NOTHING_YET,
    "sent": 0,
    "started": (),
    "written": {},
}
"""What a delivery knows before it begins."""


def _unfit(content: bytes) -> str:
    """Why content cannot go with DATA: CR and LF stand together or not at all (RFC 2821 section 2.3.7), and there is no
    NUL (RFC 2045 section 2.8)."""
    place = unlined(content)
    if place is None:
        return ""
    return f"the letter holds a NUL, or a CR or LF by itself, at octet {place}, and does not go in chunks"


# A client acts upon the first digit alone (RFC 2821 section 4.2). It falls back to HELO after any error to EHLO, as
# RFC 1869 section 4.5 has it: RFC 2821 section 3.2 does so only where EHLO was not recognized, which leaves a client
# stuck with an old server that says 502. RFC 2821 section 4.2.5 speaks twice of 5yz after the content; the first
# passage fits 4yz, and is taken so.
_STEPS = {
    (GREETING, 2): Delivery._greet,
    (GREETING, 0): Delivery._end,
    ("EHLO", 2): Delivery._greeted,
    ("EHLO", 0): Delivery._fall_back,
    ("HELO", 2): Delivery._mail,
    ("HELO", 0): Delivery._end,
    ("AUTH", 3): Delivery._prove,
    ("AUTH", 2): Delivery._mail,
    ("AUTH", 0): Delivery._end,
    (CONTINUATION, 3): Delivery._prove,
    (CONTINUATION, 2): Delivery._mail,
    (CONTINUATION, 0): Delivery._end,
    (_STARTTLS, 0): Delivery._no_tls_now,
    (HANDSHAKE, 2): Delivery._greet,
    ("MAIL", 2): Delivery._rcpt,
    ("MAIL", 0): Delivery._end,
    ("RCPT", 0): Delivery._rcpt,
    ("DATA", 3): Delivery._content,
    ("DATA", 2): Delivery._give_up,
    ("DATA", 0): Delivery._end,
    (END_OF_DATA, 0): Delivery._end,
    # a refused chunk ends the transaction (RFC 3030 section 2); QUIT clears it as RSET would
    ("BDAT", 2): Delivery._next_chunk,
    ("BDAT", 0): Delivery._end,
    (LAST_CHUNK, 0): Delivery._end,
    ("ETRN", 0): Delivery._started,
    ("TURN", 2): Delivery._stop,
    ("QUIT", 0): Delivery._stop,
}
"""What a client does next, by what was answered and the first digit of the reply; 0 stands for any other."""
