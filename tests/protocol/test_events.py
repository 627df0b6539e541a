"""Events whole: everything that each end notes of each line of scripted sessions, as tables."""

from collections.abc import Callable

import pytest

from esmtp_lab.lab import client_dialect, server_dialect
from esmtp_lab.protocol.client import ClientSession
from esmtp_lab.protocol.event import Event, lines, text_deviations
from esmtp_lab.protocol.policy import Policy
from esmtp_lab.protocol.server import ServerSession, stored
from esmtp_lab.protocol.session import Position
from esmtp_lab.protocol.side import Side, read_offers
from esmtp_lab.wire.command import outline
from esmtp_lab.wire.reply import Reply

HOST = Policy(
    domain="a.example",
    extensions=("SIZE", "EXPN", "HELP"),
    mailboxes={"ada": "Ada", "bob": "Bob"},
    banner=("no spam", "no smoke"),
    max_size=1000,
)


def server(policy: Policy = HOST, *, by_hand: bool = False, most_content: int | None = None) -> ServerSession:
    return ServerSession(server_dialect(policy, "rfc2821"), policy, by_hand=by_hand, most_content=most_content)


def client() -> ClientSession:
    return ClientSession(client_dialect())


def rows(table: str) -> list[str]:
    """The rows of a table without their padding."""
    return [" ".join(line.split()) for line in table.strip("\n").split("\n") if not line.lstrip().startswith("#")]


def row(event: Event) -> str:
    """An event as a row of the first table; what is empty is a hyphen."""
    upon = f"{event.upon[0]}:{event.upon[1]}" if event.upon[1] else "-"
    moved = f"{event.before.state}>{event.after.state}"
    octets = " ".join(event.octets.decode("latin-1").split())
    fields = [event.speaker, event.kind, event.to or "-", event.line or "-", str(event.reply), moved, upon, octets]
    return " ".join(fields)


# A whole session -------------------------------------------------------------------------------------

SAID = [
    b"EHLO me.example\r\n",
    b"MAIL FROM:<me@me.example>\r\n",
    b"RCPT TO:<nobody@a.example>\r\n",
    b"RCPT TO:<ada@a.example>\r\n",
    b"DATA\r\n",
    b"Subject: x\r\n\r\n..\r\n.\r\n",
    b"SEND FROM:<a@b>\r\n",
    b"XYZZY\r\n",
    b"QUIT\r\n",
]
SESSION = """
# who  kind    to          line   no moved           upon            octets
server reply   GREETING    first  1  connect>connect -               220-a.example ESMTP ready
server reply   GREETING    middle 1  connect>connect -               220-no spam
server reply   GREETING    last   1  connect>initial -               220 no smoke
client command EHLO        -      0  initial>initial GREETING:220    EHLO me.example
server reply   EHLO        first  2  initial>initial -               250-a.example greets me.example
server reply   EHLO        middle 2  initial>initial -               250-SIZE 1000
server reply   EHLO        middle 2  initial>initial -               250-EXPN
server reply   EHLO        last   2  initial>ready   -               250 HELP
client command MAIL        -      0  ready>ready     EHLO:250        MAIL FROM:<me@me.example>
server reply   MAIL        only   3  ready>mail      -               250 Sender <me@me.example> ok
client command RCPT        -      0  mail>mail       MAIL:250        RCPT TO:<nobody@a.example>
server reply   RCPT        only   4  mail>mail       -               550 No mailbox <nobody@a.example> here
client command RCPT        -      0  mail>mail       RCPT:550        RCPT TO:<ada@a.example>
server reply   RCPT        only   5  mail>rcpt       -               250 Recipient <ada@a.example> ok
client command DATA        -      0  rcpt>rcpt       RCPT:250        DATA
server reply   DATA        only   6  rcpt>data       -               354 Start mail input; end with <CRLF>.<CRLF>
client content END_OF_DATA -      0  data>data       DATA:354        .
server reply   END_OF_DATA only   7  data>ready      -               250 OK, 17 octets taken for ada
client command SEND        -      0  ready>ready     END_OF_DATA:250 SEND FROM:<a@b>
server reply   SEND        only   8  ready>ready     -               502 Command SEND not implemented
client command UNKNOWN     -      0  ready>ready     SEND:502        XYZZY
server reply   UNKNOWN     only   9  ready>ready     -               500 Command unrecognized
client command QUIT        -      0  ready>ready     UNKNOWN:500     QUIT
server reply   QUIT        only   10 ready>closed    -               221 a.example Service closing transmission channel
"""


def session() -> dict[str, list[Event]]:
    """What the server and the client saw of SAID, one step each second."""
    here, there = client(), server()
    seen = {"server": there.start(0.0), "client": here.receive(there.take(), 0.0)}
    for now, said in enumerate(SAID, 1):
        seen["client"] += here.send(said, now)
        seen["server"] += there.receive(here.take(), now)
        if there.letter is not None:
            seen["server"] += there.settle(stored(there.letter, ("ada",)), now)
        seen["client"] += here.receive(there.take(), now)
    return seen


@pytest.mark.parametrize("observer", ["server", "client"])
def test_both_ends_note_the_same(observer: str) -> None:
    events = session()[observer]
    assert [row(event) for event in events] == rows(SESSION)
    assert {event.observer for event in events} == {observer}
    assert [event.deviations for event in events] == [()] * len(events)
    assert [event.in_flight for event in events] == [()] * len(events)
    assert [event.length for event in events] == [len(event.octets) for event in events]
    assert [event.line for event in events if not event.last] == ["first", "middle", "first", "middle", "middle"]
    assert [event.code for event in events if event.kind != "reply"] == [0] * 9
    assert [event.code for event in events if event.negative] == [550, 502, 500]
    assert [event.time for event in events if event.speaker == "client"] == [*range(1, 10)]


@pytest.mark.parametrize("observer", ["server", "client"])
def test_what_is_offered_holds_from_the_last_line_of_the_reply_to_ehlo(observer: str) -> None:
    """RFC 1869 section 4.3: until all of it is there, nothing is offered."""
    assert [event.offered for event in session()[observer]] == [()] * 7 + [("SIZE", "EXPN", "HELP")] * 17


@pytest.mark.parametrize("observer", ["server", "client"])
def test_content_is_the_letter_as_it_travelled(observer: str) -> None:
    (content,) = [event.content for event in session()[observer] if event.content is not None]
    assert (content.wire, content.length, content.dots) == (b"Subject: x\r\n\r\n..\r\n", 17, 1)


@pytest.mark.parametrize("observer", ["server", "client"])
def test_a_reply_knows_what_it_answers(observer: str) -> None:
    """Every line of it; a greeting answers no command, and neither does what follows the lone dot."""
    events = session()[observer]
    assert [event.asked for event in events if event.kind != "reply"] == [None] * 9
    for event in events:
        if event.kind == "command" and event.command is not None:
            outlined = outline(event.command)
            assert {each.asked for each in events if each.time == event.time and each.kind == "reply"} == {outlined}
    assert {event.to for event in events if event.kind == "reply" and event.asked is None} == {
        "GREETING",
        "END_OF_DATA",
    }


def test_what_an_event_does_not_say() -> None:
    """Nothing is counted that is no reply and no line."""
    event = Event("server", "client", "moment", b"", 0.0, Position(), Position(), client_dialect())
    assert (event.reply, event.length, event.line, event.to, event.upon) == (0, 0, "", "", ("", 0))


def test_only_a_reply_is_negative() -> None:
    here = client()
    here.receive(b"220 a\r\n")
    (command,) = here.send(b"500 what\r\n")
    assert not command.negative
    for code, negative in ((b"250", False), (b"354", False), (b"421", True), (b"450", True), (b"550", True)):
        event = Event("client", "server", "reply", code, 0.0, Position(), Position(), command.dialect)
        assert event.negative == negative


# Commands that do not wait ---------------------------------------------------------------------------


def told(side: ClientSession) -> None:
    side.receive(b"220 a\r\n")
    side.send(b"EHLO me.example\r\n")
    side.receive(b"250 a\r\n")


def test_a_group_of_commands_as_the_client_sends_it() -> None:
    """What is behind DATA waits until it is clear whether it is content (RFC 2920 section 3.1)."""
    here = client()
    told(here)
    events = here.send(b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\nNOOP\r\n")
    assert [(event.to, event.before.state, event.in_flight, event.upon) for event in events] == [
        ("MAIL", "ready", (), ("EHLO", 250)),
        ("RCPT", "mail", ("MAIL",), ("EHLO", 250)),
        ("RCPT", "rcpt", ("MAIL", "RCPT"), ("EHLO", 250)),
        ("DATA", "rcpt", ("MAIL", "RCPT", "RCPT"), ("EHLO", 250)),
    ]
    assert (here.pending, here.in_content, here.supposed.state) == (b"NOOP\r\n", False, "data")


def test_a_refusal_changes_what_the_commands_behind_it_lead_to() -> None:
    here = client()
    told(here)
    here.send(b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nNOOP\r\n")
    here.receive(b"550 no\r\n")
    assert [(awaited.entry, awaited.supposed.state) for awaited in here.waiting] == [
        ("RCPT", "ready"),
        ("DATA", "ready"),
    ]
    assert [event.to for event in here.send(b"QUIT\r\n")] == ["NOOP", "QUIT"]


def test_behind_the_lone_dot_come_commands_answered_or_not() -> None:
    here = client()
    told(here)
    for line, reply in ((b"MAIL FROM:<a@b>", b"250"), (b"RCPT TO:<c@d>", b"250"), (b"DATA", b"354")):
        here.send(line + b"\r\n")
        here.receive(reply + b" ok\r\n")
    assert here.in_content
    events = here.send(b"hello\r\n.\r\nRSET\r\nMAIL FROM:<a@b>\r\n")
    assert [(event.kind, event.to, event.before.state, event.in_flight) for event in events] == [
        ("content", "END_OF_DATA", "data", ()),
        ("command", "RSET", "ready", ("END_OF_DATA",)),
        ("command", "MAIL", "ready", ("END_OF_DATA", "RSET")),
    ]
    assert not here.in_content


def test_content_that_came_in_pieces_is_one_piece_so_far() -> None:
    here = server()
    here.start()
    here.receive(b"".join(SAID[:5]))
    here.receive(b"one\r\n")
    here.receive(b"two\r\n")
    assert here.content_so_far == b"one\r\ntwo\r\n"


def test_a_moment_in_the_midst_of_a_line_can_be_come_back_to() -> None:
    here = client()
    told(here)
    here.send(b"NOOP\r\nVRFY a")
    here.receive(b"250 a")
    moment = here.save()
    for end in (b"b\r\n", b"c\r\n"):
        assert [event.octets for event in here.receive(end)] == [b"250 a" + end]
        assert [event.octets for event in here.send(end)] == [b"VRFY a" + end]
        here.load(moment)
        assert here.save() == moment


# Lines that are too long, and replies that are none --------------------------------------------------


def test_the_length_of_a_line_counts_what_was_not_kept() -> None:
    here = client()
    told(here)
    (long,) = here.send(b"NOOP " + b"x" * 20_000 + b"\r\n")
    assert (long.length, long.to, long.in_flight) == (20_007, "NOOP", ())
    assert len(long.octets) < long.length
    assert [(each.kind, each.at, each.octets) for each in long.deviations] == [("overlong", 512, 20_007)]
    (behind,) = here.send(b"NOOP\r\n")
    assert (behind.length, behind.in_flight) == (6, ("NOOP",))


def test_a_reply_whose_lines_disagree() -> None:
    """RFC 2821 section 4.2.1: every line bears the same code. The last one counts."""
    here = client()
    events = here.receive(b"220-a\r\n250-b\r\n220-c\r\n554 d\r\n")
    assert [(event.line, event.reply, event.code) for event in events] == [
        ("first", 1, 220),
        ("middle", 1, 250),
        ("middle", 1, 220),
        ("last", 1, 554),
    ]
    assert [event.deviations for event in events[::2]] == [(), ()]
    assert [(each.at, each.kind, each.octets) for event in events for each in event.deviations] == [
        (0, "code-changes", 250),
        (0, "code-changes", 554),
    ]
    assert here.position.state == "refused"


def test_a_line_without_a_code_answers_nothing_and_is_remembered() -> None:
    here = client()
    assert not here.nonsense
    (event,) = here.receive(b"hello\r\n")
    assert (event.to, event.code, event.after.state) == ("GREETING", 0, "connect")
    assert here.nonsense
    assert [awaited.entry for awaited in here.waiting] == ["GREETING"]


def test_a_person_who_speaks_for_the_server_is_heard_line_by_line() -> None:
    here = server(by_hand=True)
    assert here.start() == []
    events = [event for line in (b"220-a\r\n", b"220 b\r\n") for event in here.say(line)]
    assert [row(event) for event in events] == rows("""
server reply    GREETING    first  1     connect>connect  -               220-a
server reply    GREETING    last   1     connect>initial  -               220 b
""")
    assert here.replies == 1


@pytest.mark.parametrize("make", [server, client])
def test_a_channel_that_is_lost(make: Callable[[], Side]) -> None:
    here = make()
    here.hear_server(b"220 a\r\n")
    here.hear_client(b"EHLO a\r\n")
    moment = here.closed("server", 7.0)
    assert row(moment) == "server moment - - 0 initial>closed GREETING:220 closed by the server"
    assert (here.lost, here.waiting, moment.time) == ("EHLO", (), 7.0)


# Spans of replies ------------------------------------------------------------------------------------


def parts(event: Event) -> str:
    return " ".join(span.part for span in event.spans)


HEARD = """
GREETING  220 a b    reply-code space domain reply-text crlf

GREETING  220-a b    reply-code hyphen domain reply-text crlf
          220 c d    reply-code space reply-text crlf

GREETING  554 a b    reply-code space reply-text crlf

HELO      250 a b    reply-code space domain reply-text crlf

HELO      250-a b    reply-code hyphen domain reply-text crlf
          250 Y      reply-code space ehlo-keyword crlf

EHLO      250 a b    reply-code space domain reply-text crlf

EHLO      250-a b    reply-code hyphen domain reply-text crlf
          250-X 1    reply-code hyphen ehlo-keyword space ehlo-param crlf
          250 Y      reply-code space ehlo-keyword crlf

EHLO      550-a b    reply-code hyphen reply-text crlf
          550 X 1    reply-code space reply-text crlf

NOOP      250-a b    reply-code hyphen reply-text crlf
          250 X 1    reply-code space reply-text crlf

NOOP      250 2.0.0  reply-code space enhanced-status-code crlf
"""


@pytest.mark.parametrize("case", HEARD.strip().split("\n\n"), ids=lambda case: " ".join(case.split()[:2]))
def test_what_the_octets_of_a_reply_are(case: str) -> None:
    """RFC 2821 section 4.2 and RFC 1869 section 4.3: a domain begins a greeting and the reply to EHLO or HELO, and
    keywords begin the other lines of the latter; a refusal has text alone."""
    to = case.split()[0]
    heard = [(line[10:20].strip(), line[21:]) for line in case.split("\n")]
    here = client()
    if to != "GREETING":
        here.receive(b"220 a\r\n")
        here.send(f"{to} a\r\n".encode())
    events = [event for octets, _ in heard for event in here.receive(f"{octets}\r\n".encode())]
    assert [(event.to, parts(event)) for event in events] == [(to, expected) for _, expected in heard]
    assert [event.reply_line and event.reply_line.spans for event in events] == [event.spans for event in events]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        (b"SIZE 1000", {"SIZE": ("1000",)}),
        (b"size", {"SIZE": ()}),
        (b"AUTH  PLAIN\tLOGIN", {"AUTH": ("PLAIN", "LOGIN")}),
        (b"", {}),
        (b"X\xff y", {"X\N{REPLACEMENT CHARACTER}": ("y",)}),
    ],
)
def test_what_a_line_of_the_reply_to_ehlo_offers(line: bytes, offered: dict[str, tuple[str, ...]]) -> None:
    """RFC 1869 section 4.3: a keyword, in any case, and its parameters; whatever else a server writes does no harm."""
    assert read_offers(Reply(250, (b"lab.example SIZE", line))) == offered


def test_what_the_octets_of_a_command_are() -> None:
    here = client()
    told(here)
    lines = (b"MAIL FROM:<a@b>\r\n", b"XYZZY x\r\n", b"NOOP")
    assert [(event.to, parts(event)) for line in lines for event in here.send(line)] == [
        ("MAIL", "verb space literal reverse-path crlf"),
        ("UNKNOWN", "verb unparsed crlf"),
    ]


# Content line by line --------------------------------------------------------------------------------


def test_what_the_octets_of_content_are() -> None:
    here = server()
    here.start()
    here.receive(b"".join(SAID[:5]))
    (event,) = here.receive(b"A: b\r\n c\r\n\r\nA: b\r\n..\r\n.\r\n")
    assert [(each.kind, each.to, parts(each)) for each in lines(event)] == [
        ("text", "header", "field-name colon field-body crlf"),
        ("text", "header", "content-text crlf"),
        ("text", "body", "crlf"),
        ("text", "body", "content-text crlf"),
        ("text", "body", "stuffed-dot content-text crlf"),
        ("content", "END_OF_DATA", "end-of-data crlf"),
    ]


@pytest.mark.parametrize(
    ("octets", "found"),
    [
        (b"x" * 998 + b"\r\n", []),
        (b"." + b"x" * 998 + b"\r\n", []),
        (b"x" * 999 + b"\r\n", [("overlong", 1000, 1001)]),
        (b"." + b"x" * 999 + b"\r\n", [("overlong", 1000, 1001)]),
        (b"a\nb\r\n", [("bare-lf", 1, 1)]),
    ],
)
def test_a_text_line_has_1000_octets_at_most(octets: bytes, found: list[tuple[str, int, int]]) -> None:
    """RFC 821 section 4.5.3, RFC 2821 section 4.5.3.1: the CRLF counts, a dot that was added for transparency not."""
    assert [(each.kind, each.at, each.octets) for each in text_deviations(octets, 1000, "body")] == found


# Passwords -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        (b"AUTH PLAIN c2VjcmV0", 11),
        (b"auth plain c2VjcmV0", 11),
        (b" \tAUTH PLAIN c2VjcmV0", 13),
        (b"AUTH PLAIN  c2VjcmV0", 12),
        (b"AUTH=PLAIN c2VjcmV0", 11),
        (b"AUTH  c2VjcmV0", 6),
        (b"AUTH PLAIN", None),
        (b"AUTH", None),
        (b"AUTHOR c2VjcmV0 x", None),
        (b"NOOP AUTH PLAIN c2VjcmV0", None),
    ],
)
def test_from_where_on_a_line_may_hold_a_password(line: bytes, secret: int | None) -> None:
    here = client()
    told(here)
    (event,) = here.send(line + b"\r\n")
    assert event.secret == secret


def test_a_client_that_nobody_watches_hears_all_the_same() -> None:
    client = ClientSession(client_dialect(), watched=False)
    assert client.receive(b"220-lab.example\r\n220 ready\r\n") == []
    assert client.send(b"EHLO me.example\r\n") == []
    assert client.receive(b"250-lab.example\r\n250 SIZE 1000\r\n") == []
    assert (client.position, client.offered) == (Position("ready", frozenset({"extended"})), {"SIZE": ("1000",)})
