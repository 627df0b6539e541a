"""The server's side: decides what to answer, and says it.

RFC 821 section 4.3, RFC 2821 sections 3 and 4. Decisions are pure functions from a context and a
command to an `Answer` of the reply catalogue; those of extensions stand beside the built-in ones.
"""

import re
from dataclasses import replace

from esmtp_lab.protocol.dialect import Dialect, value_fits
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.extension import Answering, Context, sender_ok
from esmtp_lab.protocol.policy import NOT_OURS, Policy
from esmtp_lab.protocol.replies import Answer, catalogue
from esmtp_lab.protocol.session import CONTINUATION, END_OF_DATA, GREETING
from esmtp_lab.protocol.side import Awaited, Side
from esmtp_lab.protocol.transaction import Content, Letter
from esmtp_lab.wire.command import Command

_SHOWN = 65_536
_BARE_LF = re.compile(rb"(?<!\r)\n")
HANG_UP = "hang-up"
"""What a policy names instead of a situation where the host closes the channel without a word."""
_ANYTHING = {"expected": "something else", "at": "0", "path": "<>", "keyword": "", "limit": "0", "what": "it"}
_UNFIT = {"bare-cr": "a bare CR", "bare-lf": "a bare LF", "nul": "a NUL", "eight-bit": "an octet above 127"}


def _helo(context: Context, command: Command) -> Answer:
    return Answer("helo", {"domain": context.policy.domain})


def _rcpt(context: Context, command: Command) -> Answer:
    if command.path is None:
        return Answer("argument-syntax")
    verdict = context.policy.route(command.path)
    if verdict.answer.key == NOT_OURS and context.policy.relays(context.client, context.position.facts):
        return Answer("recipient-ok", verdict.answer.fields)
    return verdict.answer


def _data(context: Context, command: Command) -> Answer:
    if context.envelope.forward_paths:
        return Answer("start-content")
    return Answer(context.policy.data_without_recipients, {"verb": command.verb})


def _rset(context: Context, command: Command) -> Answer:
    return Answer("reset")


def _noop(context: Context, command: Command) -> Answer:
    return Answer("nothing")


def _vrfy(context: Context, command: Command) -> Answer:
    return context.policy.verify_name(command.text("string"))


def _quit(context: Context, command: Command) -> Answer:
    return Answer("closing", {"domain": context.policy.domain})


ANSWERS: dict[str, Answering] = {
    "HELO": _helo,
    "MAIL": sender_ok,
    "RCPT": _rcpt,
    "DATA": _data,
    "RSET": _rset,
    "NOOP": _noop,
    "VRFY": _vrfy,
    "QUIT": _quit,
}
"""What the server does at each verb; EHLO needs the dialect and stands with the session."""


class ServerSession(Side):
    """The server's end of one session.

    `receive` takes octets in and returns events; `take` gives the octets to send. When a letter has come whole it
    stands in `letter`, and nothing goes on until `settle` says whether it is safely stored (RFC 2821 section 6.1).
    With `by_hand` the server hears and keeps its place, but a person speaks for it through `say`; a letter that they
    answer with 2yz stands in `letter` as well, until `hand_over` takes it out.
    """

    observer = "server"
    SAVED = (*Side.SAVED, "by_hand", "letter", "_held", "_after_cr", "_out")

    def __init__(self, dialect: Dialect, policy: Policy, *, by_hand: bool = False, address: str = "") -> None:
        super().__init__(dialect)
        self.policy = policy
        # Stuffing makes no content twice as long; what goes beyond is refused, and need not be shown in full either.
        self.most_content = 2 * policy.max_size + _SHOWN
        self.by_hand = by_hand
        self.address = address
        self.letter: Letter | None = None
        self._held: Letter | None = None
        self._after_cr = False
        self._out = b""
        self._answers = ANSWERS | {verb: answer for each in dialect.extensions for verb, answer in each.answers.items()}

    def take(self) -> bytes:
        """The octets that wait to be sent, taken out."""
        out, self._out = self._out, b""
        return out

    def start(self, now: float = 0.0) -> list[Event]:
        """Greet (RFC 821 section 3.5, RFC 2821 section 3.1)."""
        return [] if self.by_hand else self._speak(self._instead(GREETING) or Answer("greeting", self._about()), now)

    def receive(self, octets: bytes, now: float = 0.0) -> list[Event]:
        """Take in octets; the events of what was heard and of what was answered, in order."""
        events: list[Event] = []
        if self.policy.lenient and octets:
            octets, events = self._forgive(octets, now)
        self._commands.feed(octets)
        while self.letter is None and self.position.state != "closed":
            event = self._next(now)
            if event is None:
                break
            events.append(event)
            if not self.by_hand:
                events += self._decide(event, now)
            elif event.content is not None:
                self._held = self._letter(event.content.octets, now)
        return events

    def _forgive(self, octets: bytes, now: float) -> tuple[bytes, list[Event]]:
        """Octets with every bare LF taken as the end of a line, and a moment that says so.

        No server may do this (RFC 2821 sections 2.3.7 and 4.1.1.4); it is here to show what comes of it.
        """
        before = b"\r" if self._after_cr else b""
        self._after_cr = octets.endswith(b"\r")
        mended, count = _BARE_LF.subn(b"\r\n", before + octets)
        if not count:
            return octets, []
        told = f"forgiven by the server: {count} bare LF taken as the end of a line".encode()
        moment = self._event("server", "moment", told, now, self.position, to="")
        return mended[len(before) :], [replace(moment, after=self.position)]

    def say(self, octets: bytes, now: float = 0.0) -> list[Event]:
        """Send a reply line that a person wrote, as it stands."""
        self._out += octets
        events = self.hear_server(octets, now)
        if self._held is not None and not any(awaited.entry == END_OF_DATA for awaited in self.waiting):
            self.letter = self._held if self.reply is not None and self.reply.severity == 2 else None
            self._held = None
        return events

    def hand_over(self) -> Letter | None:
        """The letter that a person accepted, taken out."""
        letter, self.letter = self.letter, None
        return letter

    def settle(self, answer: Answer, now: float = 0.0) -> list[Event]:
        """Answer for the letter: "stored", or why not. Then go on with what was sent behind it."""
        self.letter = None
        return self._speak(answer, now) + self.receive(b"", now)

    def close(self, key: str, now: float = 0.0) -> list[Event]:
        """Say that the channel is about to be closed: a situation whose code is 421."""
        return self._speak(Answer(key, self._about()), now)

    # Deciding ------------------------------------------------------------------------------------

    def _about(self) -> dict[str, str]:
        return {"domain": self.policy.domain, "client": self.client_name}

    def _context(self) -> Context:
        return Context(self.policy, self.position, self.envelope, self.client_name, self.dialect.forms, self.exchange)

    def _decide(self, event: Event, now: float) -> list[Event]:
        awaited = self.waiting[0]
        if event.kind == "content":
            return self._end_of_data(event, now)
        return self._speak(self._answer_to(event, awaited), now)

    def _answer_to(self, event: Event, awaited: Awaited) -> Answer:
        for deviation in event.deviations:
            if deviation.kind == "overlong":
                fields = {"octets": str(deviation.octets), "limit": str(deviation.at)}
                return Answer("line-too-long", fields)
            return Answer("line-malformed", {"what": _UNFIT[deviation.kind], "at": str(deviation.at)})
        entry, command = awaited
        instead = self._instead(entry)
        if instead is not None:
            return instead
        if command is None:
            return self._answers[CONTINUATION](self._context(), Command(CONTINUATION))
        form = self.dialect.forms.get(entry)
        if form is None:
            known = command.verb in self.dialect.era.verbs
            return Answer("command-not-implemented" if known else "command-unknown", {"verb": command.verb})
        if not self.dialect.may(self.position, entry):
            return Answer("bad-sequence", {"verb": entry})
        if command.problem is not None:
            fields = {"expected": f"expected {command.problem.expected}", "at": str(command.problem.at)}
            return Answer("argument-syntax", fields)
        return self._refusal(command) or self._accepted(entry, command)

    def _accepted(self, entry: str, command: Command) -> Answer:
        if entry != "EHLO":
            return self._answers[entry](self._context(), command)
        position = self.position._replace(facts=self.position.facts | {"extended"})
        return Answer("ehlo", {**self._about(), "client": command.host}, self.dialect.offers(self.policy, position))

    def _instead(self, entry: str) -> Answer | None:
        """What this host's policy has it say to an input whatever happens, or None."""
        key = self.policy.answers.get(entry)
        return Answer(key, {**self._about(), "verb": entry, **_ANYTHING}) if key else None

    def _refusal(self, command: Command) -> Answer | None:
        """Why the parameters of a command cannot be accepted (RFC 1869 section 6.1), or None."""
        seen: set[str] = set()
        for parameter in command.parameters:
            fields = {"keyword": parameter.keyword}
            found = self.dialect.parameter(command.verb, parameter.keyword)
            if found is None or "extended" not in self.position.facts:
                return Answer("parameter-unknown", fields)
            if parameter.keyword in seen:
                return Answer("parameter-twice", fields)
            if not value_fits(found[1], parameter):
                return Answer("parameter-value", {**fields, "expected": f"expected {found[1].shown}"})
            seen.add(parameter.keyword)
        if command.verb == "RCPT" and len(self.envelope.forward_paths) >= self.dialect.era.recipients:
            return Answer("too-many-recipients")
        checks = (each.checks for each in self.dialect.extensions if each.checks)
        return next((refusal for check in checks if (refusal := check(self._context(), command))), None)

    def _end_of_data(self, event: Event, now: float) -> list[Event]:
        came = event.content or Content(b"")
        instead = self._instead(END_OF_DATA)
        if instead is not None:
            return self._speak(instead, now)
        if not self.envelope.forward_paths:
            return self._speak(Answer("no-recipients"), now)
        if came.length > self.policy.max_size:
            return self._speak(Answer("too-large", {"limit": str(self.policy.max_size)}), now)
        content = came.octets
        checks = (each.checks_content for each in self.dialect.extensions if each.checks_content)
        refusal = next((answer for check in checks if (answer := check(self._context(), content))), None)
        if refusal is not None:
            return self._speak(refusal, now)
        self.letter = self._letter(content, now)
        return []

    def _letter(self, content: bytes, now: float) -> Letter:
        # RFC 1869 section 7 says "with ESMTP" where an extension is used, RFC 2821 section 4.4 says nothing of
        # when; EHLO is the sign here, as RFC 3848 has it.
        protocol = "ESMTP" if "extended" in self.position.facts else "SMTP"
        return Letter(self.envelope, content, self.client_name, self.address, protocol, now)

    def mailboxes_of(self, letter: Letter) -> tuple[str, ...]:
        """The mailboxes that a letter goes to, each once, in the order of the recipients.

        A recipient whom the policy does not know was accepted for another host, or by a person; the whole address
        stands for its mailbox.
        """
        verb, places = letter.envelope.verb, []
        for path in letter.envelope.forward_paths:
            verdict = self.policy.route(path)
            if not verdict.accepted:
                places.append(path.mailbox.decode("utf-8", "replace"))
            places += [place for name in verdict.mailboxes for place in self.dialect.places(verb, self.policy, name)]
        return tuple(dict.fromkeys(places))

    # Speaking ------------------------------------------------------------------------------------

    def _speak(self, answer: Answer, now: float) -> list[Event]:
        if answer.key == HANG_UP:
            return [self.closed("server", now)]
        entry = self.waiting[0].entry if self.waiting else ""
        composed = catalogue().compose(answer, self.dialect.era.name)
        if "extended" in self.position.facts:
            for extension in self.dialect.extensions:
                if extension.rewrites is not None:
                    composed = extension.rewrites(composed, entry)
        reply = composed.reply()
        self._out += reply.render()
        return self._say(reply, now)


def stored(letter: Letter, mailboxes: tuple[str, ...]) -> Answer:
    """The answer that takes over responsibility for a letter (RFC 2821 section 4.2.5)."""
    return Answer("stored", {"octets": str(len(letter.content)), "recipients": ", ".join(mailboxes)})
