"""The server's side: hears commands, decides whether they may come now, and answers.

RFC 821 section 4.3, RFC 2821 sections 3 and 4. What each verb is answered stands in `answers`, and in the extensions.
"""

import hashlib
import re
from collections.abc import Callable
from functools import lru_cache

from esmtp_lab.protocol.answers import ANSWERS
from esmtp_lab.protocol.deadline import by_of
from esmtp_lab.protocol.dialect import Dialect, value_fits
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.extension import Context, Extension
from esmtp_lab.protocol.policy import HANG_UP, Policy
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.protocol.session import CONTINUATION, GREETING, WHOLE
from esmtp_lab.protocol.side import Awaited, Side
from esmtp_lab.protocol.transaction import HEAD, NOTHING, NOWHERE, Content, Draft, Envelope, Kept, Letter
from esmtp_lab.wire.command import Command
from esmtp_lab.wire.reply import Reply

_BARE_LF = re.compile(rb"(?<!\r)\n")
_NAMED = 5
"""Mailboxes that the answer to a letter names; of more it says how many."""
_LATE = "chunk-discarded"
"""The situation of a chunk that cannot come now. It counts as no error: a client may have sent many before it heard
that the first is refused (RFC 3030 section 2)."""
_UNFIT = {
    "bare-cr": "a bare CR",
    "bare-lf": "a bare LF",
    "nul": "a NUL",
    "eight-bit": "an octet above 127",
    "not-utf-8": "what is no UTF-8",
}


class ServerSession(Side):
    """The server's end of one session.

    `receive` takes octets in and returns events; `take` gives the octets to send. When a letter has come whole it
    stands in `letter`, and nothing goes on until `settle` says whether it is safely stored (RFC 2821 section 6.1).
    Its content goes block by block into a draft, which `drafts` opens: in memory unless another is given. Where more
    comes than the policy allows, nothing more is stored. After `most_errors` refusals without a letter between them,
    the session ends with 421. `nonces` draws the texts that nobody can guess. `waiting` counts the letters that the
    host's queue has for a node of ETRN, where it has one, and `started` are then the nodes whose queues the client had
    started, until they are taken out (RFC 1985).
    With `by_hand` the server hears and keeps its place, but a person speaks for it through `say`; a letter that they
    answer with 2yz stands in `letter` as well, until `hand_over` takes it out.
    """

    observer = "server"
    stores = True
    _MOMENT = (
        *("by_hand", "letter", "draft", "started"),
        *("_coming", "_held", "_errors", "_after_cr", "_nonce", "_head", "_out"),
    )
    SAVED = (*Side.SAVED, *_MOMENT)
    __slots__ = (
        *_MOMENT,
        *("policy", "address", "most_errors"),
        *("_answers", "_count", "_drafts", "_nonces", "_prioritizes"),
    )

    def __init__(
        self,
        dialect: Dialect,
        policy: Policy,
        *,
        by_hand: bool = False,
        address: str = "",
        drafts: Callable[[Letter], Draft] | None = None,
        most_content: int | None = None,
        most_errors: int | None = None,
        nonces: Callable[[], str] | None = None,
        waiting: Callable[[str], int] | None = None,
        watched: bool = True,
    ) -> None:
        super().__init__(dialect, watched=watched)
        self.policy = policy
        self.most_content = most_content
        self.most_errors = most_errors
        self.by_hand = by_hand
        self.address = address
        self.letter: Letter | None = None
        self.draft: Draft | None = None
        self.started: tuple[str, ...] = ()
        self._count = waiting
        self._drafts = drafts
        self._coming: Letter | None = None
        self._held: Letter | None = None
        self._after_cr = False
        self._errors = 0
        self._nonces = nonces
        self._nonce = ""
        self._head = b""
        self._out = b""
        self._answers = {**ANSWERS, "EHLO": self._ehlo}
        for extension in dialect.extensions:
            self._answers.update(extension.answers)
        self._prioritizes = next((each.prioritizes for each in dialect.extensions if each.prioritizes), None)

    def take(self) -> bytes:
        """The octets that wait to be sent, taken out."""
        out, self._out = self._out, b""
        return out

    def start(self, now: float = 0.0) -> list[Event]:
        """Greet (RFC 821 section 3.5, RFC 2821 section 3.1)."""
        if self.by_hand:
            return []
        return self._speak(self._instead(GREETING) or Answer("greeting", self._about(), self.policy.banner), now)

    def receive(self, octets: bytes, now: float = 0.0) -> list[Event]:
        """Take in octets; the events of what was heard and of what was answered, in order."""
        events: list[Event] = []
        if self.policy.lenient and octets:
            octets, events = self._forgive(octets, now)
        self._commands.feed(octets)
        while self._commands.buffer and self.letter is None and not self.position.closed and self._next(events, now):
            if not self.by_hand:
                events += self._decide(now)
            elif self.waiting[-1].entry in WHOLE and self.draft is not None:
                self._held, self.draft = self._whole(self.waiting[-1].content, now), None
        return events

    def _forgive(self, octets: bytes, now: float) -> tuple[bytes, list[Event]]:
        """Octets with every bare LF taken as the end of a line, and a moment that says so.

        No server may do this (RFC 2821 sections 2.3.7 and 4.1.1.4); it is here to show what comes of it.
        """
        before = b"\r" if self._after_cr else b""
        self._after_cr = octets.endswith(b"\r")
        mended, count = _BARE_LF.subn(b"\r\n", before + octets)
        if not count or not self.watched:
            return mended[len(before) :], []
        told = f"forgiven by the server: {count} bare LF taken as the end of a line".encode()
        moment = self._event("server", "moment", told, now, self.position, to="")
        return mended[len(before) :], [moment._replace(after=self.position)]

    def say(self, octets: bytes, now: float = 0.0) -> list[Event]:
        """Send a reply line that a person wrote, as it stands."""
        self._out += octets
        events = self.hear_server(octets, now)
        if self._held is not None and not any(awaited.entry in WHOLE for awaited in self.waiting):
            self.letter = self._held if self.reply is not None and self.reply.severity == 2 else None
            self._held = None
        return events

    def hand_over(self) -> Letter | None:
        """The letter that a person accepted, taken out."""
        letter, self.letter = self.letter, None
        return letter

    def take_started(self) -> tuple[str, ...]:
        """The nodes whose queues the client had started, taken out."""
        started, self.started = self.started, ()
        return started

    def settle(self, answer: Answer, now: float = 0.0) -> list[Event]:
        """Answer for the letter: "stored", or why not. Then go on with what was sent behind it."""
        self.letter = self.draft = None
        events = self._speak(answer, now)
        if self.reply is not None and self.reply.severity == 2:
            self._errors = 0
        return events + self.receive(b"", now)

    def abandon(self) -> None:
        """Throw away a letter that has not come whole: nothing more will be heard."""
        if self.draft is not None and self.letter is None:
            self.draft.abort()
            self.draft = None

    def close(self, key: str, now: float = 0.0) -> list[Event]:
        """Say that the channel is about to be closed: a situation whose code is 421."""
        return self._speak(Answer(key, self._about()), now)

    # Deciding ------------------------------------------------------------------------------------

    def _about(self) -> dict[str, str]:
        return {"domain": self.policy.domain, "client": self.client_name}

    def _context(self) -> Context:
        return Context(
            self.policy,
            self.position,
            self.envelope,
            self.client_name,
            self.dialect.forms,
            self.exchange,
            self._nonce,
            self._count,
        )

    def _draw(self, now: float) -> str:
        """A nonce. Where nobody gives one, it is one that an onlooker could reckon, but the same when played again."""
        if self._nonces is not None:
            return self._nonces()
        return hashlib.sha256(f"{self.policy.domain} {now} {self._replies}".encode()).hexdigest()[:24]

    def _decide(self, now: float) -> list[Event]:
        awaited = self.waiting[0]
        if self.exchange and awaited.entry != CONTINUATION:
            self._nonce = self._draw(now)
        if awaited.content is NOTHING:
            return self._speak(self._answer_to(awaited), now)
        refusal = self._refusal_of_content(awaited) or self._too_late(now)
        if refusal is not None:
            self.abandon()
            return self._speak(refusal, now)
        if awaited.command is None or awaited.entry in WHOLE:
            self.letter = self._whole(awaited.content, now)
            return []
        return self._speak(self._answers[awaited.entry](self._context(), awaited.command), now)

    def _answer_to(self, awaited: Awaited) -> Answer:
        entry, command = awaited.entry, awaited.command
        for deviation in awaited.deviations:
            if deviation.kind == "overlong":
                fields = {"octets": str(deviation.octets), "limit": str(deviation.at)}
                return Answer("line-too-long", fields)
            if deviation.kind == "endless":
                # what follows can be neither awaited nor taken for commands
                return Answer("endless", self._about())
            return Answer("line-malformed", {"what": _UNFIT[deviation.kind], "at": str(deviation.at)})
        instead = self._instead(entry, command)
        if instead is not None:
            return instead
        if command is None:
            return self._answers[CONTINUATION](self._context(), Command(CONTINUATION))
        form = self.dialect.forms.get(entry)
        if form is None:
            known = command.verb in self.dialect.era.verbs
            return Answer("command-not-implemented" if known else "command-unknown", {"verb": command.verb})
        if not self.dialect.may(self.position, entry):
            return self._refusal_of_all(command) or Answer("bad-sequence", {"verb": command.verb})
        if command.problem is not None:
            if refusal := self._refusal_of_all(command):
                return refusal
            fields = {"expected": f"expected {command.problem.expected}", "at": str(command.problem.at)}
            return Answer(form.bare if command.problem.slug == "argument-missing" else "argument-syntax", fields)
        if form.octets:
            # they were not taken: EHLO did not offer it in this session
            return Answer("bad-sequence", {"verb": command.verb})
        context = self._context()
        answer = self._refusal(context, command) or self._answers[entry](context, command)
        for revise in self.dialect.revisions[entry]:
            answer = revise(context, command, answer)
        return answer

    def _ehlo(self, context: Context, command: Command) -> Answer:
        position = self.position._replace(facts=self.position.facts | {"extended"})
        return Answer("ehlo", {**self._about(), "client": command.host}, self.dialect.offers(self.policy, position))

    def _instead(self, entry: str, command: Command | None = None) -> Answer | None:
        """What this host's policy has it say to an input whatever happens, or None."""
        key = self.policy.answers.get(entry)
        if not key:
            return None
        fields = {**self._about(), "verb": entry}
        if command is not None:
            fields["client"] = command.host or self.client_name or "you"
            fields |= {"path": command.path.render().decode("utf-8", "replace")} if command.path is not None else {}
        return Answer(key, fields)

    def _refusal(self, context: Context, command: Command) -> Answer | None:
        """Why a command that is well formed and in order cannot be accepted, or None."""
        if command.parameters and (refusal := self._refusal_of_parameters(command)):
            return refusal
        if command.verb == "RCPT" and len(self.envelope.forward_paths) >= self.dialect.era.recipients:
            return Answer("too-many-recipients")
        for check in self.dialect.checks[command.verb]:
            if refusal := check(context, command):
                return refusal
        return None

    def _refusal_of_all(self, command: Command) -> Answer | None:
        """Why a command would be refused even if it were well formed and in order, or None."""
        context = self._context()
        return next((refusal for check in self.dialect.checks_of_all if (refusal := check(context, command))), None)

    def _refusal_of_parameters(self, command: Command) -> Answer | None:
        """Why the parameters of a command cannot be accepted (RFC 1869 section 6.1), or None."""
        seen: set[str] = set()
        for parameter in command.parameters:
            fields = {"keyword": parameter.keyword}
            found = self.dialect.parameters(command.verb, parameter.keyword)
            forms = [form for extension, form in found if self._offers(extension)]
            if not forms or "extended" not in self.position.facts:
                return Answer("parameter-unknown", fields)
            if parameter.keyword in seen:
                return Answer("parameter-twice", fields)
            if not any(value_fits(form, parameter) for form in forms):
                shown = " or ".join(form.shown for form in forms)
                return Answer("parameter-value", {**fields, "expected": f"expected {shown}"})
            seen.add(parameter.keyword)
        return None

    def _offers(self, extension: Extension) -> bool:
        return extension.offered_when(self.policy, self.position)

    # Content -------------------------------------------------------------------------------------

    def _take_in(self, block: bytes, so_far: Content, now: float) -> None:
        """Put a block of content into the draft; where it grows too large, or nobody is to have it, nowhere."""
        if self.draft is None:
            self.draft, self._head = self._open(now), b""
        if self.envelope.rcpt_parameters and len(self._head) < HEAD:
            self._head += block[: HEAD - len(self._head)]
        if so_far.length > self.policy.max_size and not self.by_hand:
            self.draft.abort()
            self.draft = NOWHERE
        self.draft = self.draft.write(block)

    def _open(self, now: float) -> Draft:
        protocol = _with(self.position.facts, self.envelope.international)
        names = self._names(self.envelope)
        how = (self.client_name, self.address, protocol, now)
        clauses = self.dialect.clauses(self.envelope.parameters) if self.envelope.parameters else ""
        self._coming = Letter(self.envelope, b"", *how, 0, names, self.dialect.era.trace, clauses)
        if self._drafts is None:
            return Kept()
        return self._drafts(self._coming) if names else NOWHERE

    def _whole(self, content: Content, now: float) -> Letter:
        """The letter when all of it has come."""
        assert self._coming is not None
        assert self.draft is not None
        came = self._coming
        how = (came.client, came.address, came.protocol, now)
        kept, octets = self.draft.content, content.length
        head = b"" if kept else self._head
        return Letter(came.envelope, kept, *how, octets, came.mailboxes, came.form, came.clauses, head)

    def _refusal_of_content(self, awaited: Awaited) -> Answer | None:
        """Why a letter cannot be taken, now that it has come whole, or one more chunk of it; or None."""
        content, command = awaited.content, awaited.command
        instead = self._instead(awaited.entry) or (self._instead(command.verb) if command is not None else None)
        if instead is not None:
            return instead
        if command is not None and not self.dialect.may(self.position, awaited.entry):
            return self._refusal_of_all(command) or Answer(_LATE, {"verb": command.verb})
        if not self.envelope.forward_paths:
            return Answer("no-recipients")
        if content.length > self.policy.max_size:
            return Answer("too-large", {"limit": str(self.policy.max_size)})
        if content.stamps.found >= self.policy.most_hops:
            return Answer("looping", {"hops": str(content.stamps.found)})
        context = self._context()
        if command is not None and (refusal := self._refusal(context, command)):
            return refusal
        for check_content in self.dialect.content_checks:
            if refusal := check_content(context, content):
                return refusal
        return None

    def _too_late(self, now: float) -> Answer | None:
        """Whether a letter that is to be returned when late has become so while it came (RFC 2852 section 3)."""
        by = by_of(self.envelope.parameters)
        late = by is not None and by.returns and by.after(now - self.envelope.opened).seconds <= 0
        return Answer("by-time-over") if late else None

    def _agree(self, command: Command, lists: bool, reply: Reply, now: float) -> None:
        super()._agree(command, lists, reply, now)
        if self._prioritizes is not None and command.path is not None and command.verb != "RCPT":
            priority = self._prioritizes(self._context(), command.parameters)
            self.envelope = self.envelope._replace(priority=priority)
        elif self._count is not None and "node-name" in command.values:
            self.started += (command.text("node-name"),)

    def _forget_chunks(self) -> None:
        super()._forget_chunks()
        if self._chunk is None:
            self.abandon()

    def mailboxes_of(self, letter: Letter) -> tuple[str, ...]:
        """The mailboxes that a letter goes to, each once, in the order of the recipients.

        A recipient whom the policy does not know was accepted for another host, or by a person; the whole address
        stands for its mailbox.
        """
        return self._names(letter.envelope)

    def _names(self, envelope: Envelope) -> tuple[str, ...]:
        verb, places = envelope.verb, []
        for path in envelope.forward_paths:
            verdict = self.policy.route(path)
            if not verdict.accepted:
                places.append(path.mailbox.decode("utf-8", "replace"))
            places += [place for name in verdict.mailboxes for place in self.dialect.places(verb, self.policy, name)]
        return tuple(dict.fromkeys(places))

    # Speaking ------------------------------------------------------------------------------------

    def _speak(self, answer: Answer, now: float) -> list[Event]:
        if answer.key == HANG_UP:
            return [self.closed("server", now)]
        reply, octets = self._worded(answer)
        if reply.code >= 400 and reply.code != 421 and answer.key != _LATE:
            self._errors += 1
            if self._errors == self.most_errors:
                reply, octets = self._worded(Answer("too-many-errors", self._about()))
        self._out += octets
        return self._say(reply, now)

    def _worded(self, answer: Answer) -> tuple[Reply, bytes]:
        entry = self.waiting[0].entry if self.waiting else ""
        fields, extended = tuple(answer.fields.items()), "extended" in self.position.facts
        return _reply(self.dialect, answer.key, fields, answer.lines, entry, extended, answer.utf8)


@lru_cache(maxsize=16)
def _with(facts: frozenset[str], international: bool) -> str:
    """The protocol that a letter comes by, for its time stamp line.

    RFC 1869 section 7 says "with ESMTP" where an extension is used, RFC 2821 section 4.4 says nothing of when; EHLO is
    the sign here, as RFC 3848 has it. That brought ESMTPS, ESMTPA and ESMTPSA, and RFC 6531 section 4.3 UTF8SMTP with
    the same letters behind it.
    """
    if "extended" not in facts:
        return "SMTP"
    service = "UTF8SMTP" if international else "ESMTP"
    return service + ("S" if "tls" in facts else "") + ("A" if "authenticated" in facts else "")


@lru_cache(maxsize=1024)
def _reply(
    dialect: Dialect,
    key: str,
    fields: tuple[tuple[str, str], ...],
    lines: tuple[str, ...],
    entry: str,
    extended: bool,
    utf8: bool,
) -> tuple[Reply, bytes]:
    """The reply for an answer, and its octets; extensions change it by the `entry` that it answers."""
    composed = dialect.catalogue.compose(Answer(key, dict(fields), lines, utf8), dialect.era.name)
    for extension in dialect.extensions:
        if extension.rewrites is not None and (extended or extension.unasked):
            composed = extension.rewrites(composed, entry)
    reply = composed.reply()
    return reply, reply.render()


def stored(letter: Letter, mailboxes: tuple[str, ...]) -> Answer:
    """The answer that takes over responsibility for a letter (RFC 2821 section 4.2.5)."""
    recipients = ", ".join(mailboxes) if len(mailboxes) <= _NAMED else f"{len(mailboxes)} mailboxes"
    return Answer("stored", {"octets": str(letter.octets), "recipients": recipients})
