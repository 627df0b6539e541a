"""Random walks: what the table says may come is taken, what it does not say never opens a transaction.

A walk is played on the bench, by both ends; what may come is read from `Dialect.inputs`, so a new row is walked over
as soon as it stands in the table.
"""

import re

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from esmtp_lab.bench import Bench
from esmtp_lab.errors import CannotUndo, LocalProtocolError
from esmtp_lab.lab import Lab
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.policy import find_policy, with_users
from esmtp_lab.protocol.session import CONTINUATION, END_OF_DATA, LAST_CHUNK, NOT_VERBS, STATES
from esmtp_lab.protocol.transaction import EMPTY
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.path import Path, quote
from esmtp_lab.wire.span import tiles
from esmtp_lab.wire.transparency import travelling

CONTENT = (END_OF_DATA, "BDAT", LAST_CHUNK)
EXPLAINED = {
    ("HELP", 504): "HELP about something that is no verb here",
    ("DATA", 503): "no recipients, by the policy (RFC 2821 section 3.3), or BODY=BINARYMIME (RFC 3030 section 3)",
    **dict.fromkeys(((each, 554) for each in CONTENT), "octets above 127 after BODY=7BIT (RFC 6152 section 3)"),
}
"""The refusals that policy `open` explains, by what they answer."""

TRANSACTION = ("mail", "rcpt", "data", "chunks")

DOMAINS = st.sampled_from([b"a", b"client.example", b"3com.example", b"a-b.c"])
LITERALS = st.sampled_from([b"[127.0.0.1]", b"[IPv6:::1]", b"[IPv6:2001:db8::1]"])
LOCAL_PARTS = st.sampled_from([b"ada", b"a.b", b"!#$", b"postmaster", b"Bob", *map(quote, [b"a b", b'"', b"\\", b"@"])])
MAILBOXES = st.builds(Path, LOCAL_PARTS, DOMAINS | LITERALS, st.just(()) | st.lists(DOMAINS, max_size=2).map(tuple))
TEXTS = st.sampled_from([b"ada", b"Ada Lovelace", b"<ada@open.example>", b"x", b"NOOP", b"MAIL"])
CONTENTS = st.lists(
    st.sampled_from([b"Subject: x\r\n", b"\r\n", b".", b"..\r\n", b"text", b"\xe9", b"\n", b"\0"]), max_size=8
).map(b"".join)
JOTS = [b"MAIL FROM:<a@b>", b"RCPT TO:<a@b>", b"DATA", b"EHLO a", b".", b" ", b"\r", b"\n", b"\r\n", b"\0"]
JUNK = st.lists(
    st.sampled_from([*JOTS, b"BDAT 4\r\n", b"BDAT 3 LAST\r\n", b"BDAT 0", b"BDAT 9999999999"]),
    min_size=1,
    max_size=6,
).map(b"".join)
BROKEN = (
    "MAIL FROM: <a@b>",
    "MAIL FROM:<a@b",
    "MAIL FROM:a@b",
    "MAIL FROM:<a@b> X=",
    "MAIL FROM:<a@b> NOSUCH=1",
    "MAIL FROM:<a@b> SIZE=many",
    "MAIL FROM:<a@b> SIZE=1 SIZE=1",
    "MAIL FROM:<a@b> SIZE=99999999999",
    "MAIL",
    "MAIL\tFROM:<a@b>",
    "MAIL FROM:<é@b>",
    "MAILFROM:<a@b>",
    "XMAIL FROM:<a@b>",
    "SEND FROM:<a@b>",
    "SAML FROM:<a@b>",
    "BDAT",
    "BDAT x",
    "BDAT -1",
    "BDAT 1x",
    "BDAT 1 FIRST",
    "BDAT 0 LAST LAST",
    "TURN",
    "RCPT TO:<>",
    "RCPT TO:<a>",
    "EHLO",
    "EHLO a_b",
    "HELO",
    "STARTTLS now",
    "",
    ".",
)


def mail_parameters(draw, offered: dict) -> tuple[Parameter, ...]:
    """Parameters of MAIL that the server has offered, each at most once."""
    found = []
    if "SIZE" in offered and draw(st.booleans()):
        found.append(Parameter("SIZE", draw(st.sampled_from([b"0", b"1", b"104857600"]))))
    if "8BITMIME" in offered and draw(st.booleans()):
        binary = [b"BINARYMIME"] if "BINARYMIME" in offered else []
        found.append(Parameter("BODY", draw(st.sampled_from([b"7BIT", b"8bitmime", *binary]))))
    return tuple(found)


VALUES = {
    "domain": DOMAINS,
    "domain-or-literal": DOMAINS | LITERALS,
    "reverse-path": MAILBOXES | st.just(Path()),
    "forward-path": MAILBOXES | st.just(Path(b"Postmaster")),
    "string": TEXTS,
    "chunk-size": st.just(b"0"),
    "end-marker": st.sampled_from([b"LAST", b"last"]),
    "word": st.sampled_from([b"PLAIN", b"LOGIN", b"NOSUCH"]),
    "secret": st.sampled_from([b"AHpvZQBzZWNyZXQ=", b"em9l", b"="]),
}


def values_for(draw, syntax: str, offered: dict) -> dict[str, object]:
    """A value for each production that a syntax names; what is in brackets may be left out."""
    always, optional, _ = re.fullmatch(r"([^\[]*)(\[.*\])?()", syntax).groups("")
    named = re.sub(r'"[^"]*"', " ", always + (optional if draw(st.booleans()) else ""))
    names = re.findall(r"[a-z]+(?:-[a-z]+)*", named)
    values = {name: mail_parameters(draw, offered) if name == "parameters" else draw(VALUES[name]) for name in names}
    return {name.replace("-", "_"): value for name, value in values.items()}


class Walk(RuleBasedStateMachine):
    """What all walks share: a lab with the host that takes everything, and both sides agreeing when all is answered."""

    @initialize()
    def open(self) -> None:
        self.lab = Lab(policy="open", clock=lambda: 1_000_000_000.0)
        self.sent: list[bytes] = []

    @property
    def bench(self) -> Bench:
        return self.lab.bench

    def send(self, octets: bytes) -> list[Event]:
        """Send; the whole replies that came."""
        self.sent.append(octets)
        events = [crossing.event for crossing in self.lab.raw(octets)]
        return [event for event in events if event.kind == "reply" and event.last]

    def legal(self, data) -> tuple[str, bytes]:
        """An input that may come here, and octets for it with good values."""
        client = self.bench.client
        entry = data.draw(st.sampled_from(self.bench.server.dialect.inputs(client.position)), label="input")
        if entry == END_OF_DATA:
            return entry, travelling(data.draw(CONTENTS, label="content"))
        if entry == CONTINUATION:
            return entry, data.draw(st.sampled_from([b"em9l\r\n", b"c2VjcmV0\r\n", b"*\r\n", b"!\r\n"]), label="line")
        if entry in CONTENT:
            content = data.draw(CONTENTS | JUNK, label="chunk")
            return entry, b"BDAT %d%b\r\n" % (len(content), b" LAST" if entry == LAST_CHUNK else b"") + content
        syntax = self.bench.server.dialect.syntax(entry)
        values = values_for(data.draw, syntax, client.offered if entry == "MAIL" else {})
        return entry, client.line(entry, **values)


class Agreeing(Walk):
    """With nothing in flight both sides hold the same."""

    @invariant()
    def both_sides_agree(self) -> None:
        client, server = self.bench.client, self.bench.server
        assert client.waiting == server.waiting == ()
        assert client.position == server.position
        assert client.envelope == server.envelope
        assert client.offered == server.offered
        assert client.position.state in STATES
        if client.position.state != "closed":
            assert (client.envelope.reverse_path is not None) == (client.position.state in TRANSACTION)
            assert bool(client.envelope.forward_paths) == (client.position.state in ("rcpt", "data", "chunks"))


class LegalWalk(Agreeing):
    """Commands that the table has a row for, with good values."""

    @rule(data=st.data())
    @precondition(lambda self: self.bench.client.position.state != "closed")
    def go_on(self, data) -> None:
        envelope = self.bench.client.envelope
        entry, octets = self.legal(data)
        (reply,) = self.send(octets)
        assert reply.to == entry
        if entry in CONTENT:
            promised = Parameter("BODY", b"7BIT") in envelope.parameters
            assert reply.code == (554 if promised and not octets.isascii() else 250)
            assert entry == END_OF_DATA or (self.bench.client.position.state == "failed") == (reply.code == 554)
        elif entry == "DATA":
            assert reply.code == (354 if envelope.forward_paths and not envelope.binary else 503)
        elif entry == "RCPT" and len(envelope.forward_paths) == 100:
            assert reply.code == 452
        else:
            assert reply.code // 100 == 2 or (entry, reply.code) == ("HELP", 504)
        assert reply.code < 500 or (entry, reply.code) in EXPLAINED

    @rule()
    @precondition(lambda self: self.bench.client.position.state == "closed")
    def come_back(self) -> None:
        self.open()

    def teardown(self) -> None:
        """The same octets one by one are the same events."""
        if hasattr(self, "lab"):
            again = Lab(policy="open", clock=lambda: 1_000_000_000.0)
            for octet in b"".join(self.sent):
                again.raw(bytes([octet]))
            assert list(seen(again)) == list(seen(self.lab))


def seen(lab: Lab):
    """What the server saw; who had sent ahead of whom is not part of it."""
    for crossing in lab.bench.log:
        if crossing.server is not None:
            yield crossing.server._replace(in_flight=())


class IllegalWalk(Agreeing):
    """Commands that have no row where they come, or values that no syntax takes."""

    @rule(name=DOMAINS)
    @precondition(lambda self: self.bench.client.position.state == "initial")
    def say_hello(self, name) -> None:
        self.send(b"EHLO " + name + b"\r\n")

    @rule(data=st.data())
    def out_of_order(self, data) -> None:
        dialect, client = self.bench.server.dialect, self.bench.client
        legal = dialect.inputs(client.position)
        entry = data.draw(st.sampled_from([verb for verb in dialect.forms if verb not in {*legal, *NOT_VERBS}]))
        values = values_for(data.draw, dialect.syntax(entry), {})
        line = client.line(entry, **values)
        (reply,) = self.send(line)
        assert reply.code == 503

    @rule(line=st.sampled_from(BROKEN))
    def broken(self, line) -> None:
        (reply,) = self.send(line.encode() + b"\r\n")
        assert reply.negative

    @invariant()
    def no_transaction_is_open(self) -> None:
        assert self.bench.server.position.state in ("initial", "ready")
        assert self.bench.server.envelope == EMPTY
        assert self.lab.mailboxes.letters == {}


class WildWalk(Walk):
    """Anything at all, taken back, done again, tried on copies: nothing raises and nothing is lost."""

    @initialize(era=st.sampled_from(list(ERAS)), policy=st.sampled_from(["lab", "open", "partner"]))
    def open(self, era, policy) -> None:
        users = with_users(find_policy(policy), {"zoe": "secret"})
        self.lab = Lab(era, client_era=era, policy=users, clock=lambda: 1_000_000_000.0)
        self.sent, self.past, self.future = [], [], []

    def act(self, action) -> None:
        self.past.append(self.bench.state)
        self.future.clear()
        action()

    @rule(data=st.data())
    @precondition(lambda self: self.bench.client.position.state not in ("closed", "connect"))
    def legal_command(self, data) -> None:
        try:
            _, octets = self.legal(data)
        except LocalProtocolError:
            return  # what the newer eras write, such as [IPv6:::1], the older cannot
        self.act(lambda: self.send(octets))

    @rule(octets=JUNK | st.binary(max_size=12) | st.sampled_from(BROKEN).map(lambda line: line.encode() + b"\r\n"))
    def anything(self, octets) -> None:
        self.act(lambda: self.send(octets))

    @rule(octets=st.sampled_from([b"250 ok\r\n", b"421 gone\r\n", b"354\r\n", b"250-", b"\r\n", b"999 \xff\r\n"]))
    def the_server_says_more(self, octets) -> None:
        """From here on the two do not agree any more, and need not; but nothing may raise."""
        self.act(lambda: self.bench.say(octets))

    @rule()
    def open_a_new_channel(self) -> None:
        self.act(self.bench.reconnect)

    @rule()
    def undo(self) -> None:
        before = self.bench.state
        try:
            self.bench.undo()
        except CannotUndo:
            assert not self.past
            return
        self.future.append(before)
        assert self.bench.state == self.past.pop()

    @rule()
    def redo(self) -> None:
        before = self.bench.state
        try:
            self.bench.redo()
        except CannotUndo:
            assert not self.future
            return
        self.past.append(before)
        assert self.bench.state == self.future.pop()

    @rule(octets=JUNK)
    def predict(self, octets) -> None:
        state, length = self.bench.state, len(self.bench.log)
        self.bench.predict(octets)
        assert (self.bench.state, len(self.bench.log)) == (state, length)

    @rule()
    def go_on_with_a_fork(self) -> None:
        copy = self.bench.fork()
        assert copy.state == self.bench.state
        self.lab.bench = copy
        self.past, self.future = [], []

    @invariant()
    def what_is_seen_is_whole(self) -> None:
        for crossing in self.bench.log[-2:]:
            for event in filter(None, crossing):
                assert event.kind == "moment" or tiles(event.spans, 0, len(event.octets))


class TestLegalWalk(LegalWalk.TestCase):
    settings = settings(max_examples=100, stateful_step_count=40)


class TestIllegalWalk(IllegalWalk.TestCase):
    settings = settings(max_examples=60, stateful_step_count=30)


class TestWildWalk(WildWalk.TestCase):
    settings = settings(max_examples=200, stateful_step_count=40)
