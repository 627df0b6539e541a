"""What seldom happens: drafts that come to nothing, replies that nobody asked for, data that cannot be read."""

import pytest

from esmtp_lab.errors import DataError
from esmtp_lab.extensions import SHIPPED
from esmtp_lab.lab import Lab, client_dialect, server_dialect
from esmtp_lab.protocol.client import ClientSession
from esmtp_lab.protocol.delivery import Delivery, Outcome
from esmtp_lab.protocol.dialect import Dialect, value_fits
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.event import lines, text_events
from esmtp_lab.protocol.extension import ParameterForm
from esmtp_lab.protocol.policy import Policy, find_policy, with_users
from esmtp_lab.protocol.queue import DAY, GIVE_UP_AFTER, MINUTE, RETRY_AFTER, Queued, after
from esmtp_lab.protocol.replies import Answer, _entry
from esmtp_lab.protocol.server import ServerSession, stored
from esmtp_lab.protocol.trace import OF_2001
from esmtp_lab.protocol.transaction import NOWHERE, Kept, Letter
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.path import Path
from esmtp_lab.wire.reply import Reply

ADA, BOB = Path(b"ada", b"lab.example"), Path(b"bob", b"lab.example")
ME = Path(b"me", b"me.example")
BEGIN = b"HELO a\r\nMAIL FROM:<me@me.example>\r\nRCPT TO:<ada@lab.example>\r\nDATA\r\n"


def server(**options) -> ServerSession:
    policy = find_policy("lab")
    session = ServerSession(server_dialect(policy, "rfc2821"), policy, **options)
    session.start()
    return session


# The client ----------------------------------------------------------------------------------------


def test_a_server_that_takes_no_content_and_does_not_refuse_it_either():
    """2yz to DATA is neither: nobody counts as served, and QUIT is all that is left."""
    lab = Lab(role="server")
    lab.deliver(Delivery(ME, (ADA,), b"x\r\n"))
    for line in ("220 a", "250 a", "250", "250"):
        lab.say(line)
    assert lab.bench.client.waiting[0].entry == "DATA"
    lab.say("250 done")
    assert lab.bench.client.waiting[0].entry == "QUIT"
    (outcome,) = lab.bench.delivery.outcomes
    assert not outcome.accepted
    assert outcome.temporary


def test_a_delivery_that_begins_behind_a_reply_to_something_else_leaves():
    client = ClientSession(client_dialect())
    client.receive(b"220 a\r\n")
    client.send(b"NOOP\r\n")
    client.receive(b"250 ok\r\n")
    octets, _ = Delivery(ME, (ADA,), b"x\r\n").next(client)
    assert octets == b"QUIT\r\n"


# Dialects and parameters ---------------------------------------------------------------------------


def test_a_dialect_names_what_it_is_made_of():
    assert repr(Dialect(ERAS["rfc2821"])) == "Dialect(rfc2821, plain)"
    assert repr(Dialect(ERAS["rfc2821"], SHIPPED[:1])) == f"Dialect(rfc2821, {SHIPPED[0].ehlo_keyword})"
    assert Dialect(ERAS["rfc2821"], SHIPPED).extension("size").ehlo_keyword == "SIZE"
    assert Dialect(ERAS["rfc2821"], SHIPPED).extension("NOSUCH") is None


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        ("[0-9]+", b"1", True),
        ("[0-9]+", b"1a", False),
        ("[0-9]+", None, False),
        ("", None, True),
        ("", b"1", False),
    ],
)
def test_values_that_fit_a_parameter(pattern, value, fits):
    assert value_fits(ParameterForm("X", pattern, "X", "for this test"), Parameter("X", value)) == fits


# Events ----------------------------------------------------------------------------------------------


def test_a_line_of_an_exchange_is_secret_as_a_whole():
    lab = Lab(policy=with_users(find_policy("lab"), {"zoe": "secret"}))
    lab.send("EHLO a")
    lab.send("AUTH LOGIN")
    event = lab.send("em9l")[0].event
    assert [(span.part, span.start, span.end) for span in event.spans] == [("secret", 0, 4), ("crlf", 4, 6)]
    assert event.secret == 0
    assert event.command is None


def test_a_moment_has_no_spans():
    session = server()
    moment = session.closed("client", 1.0)
    assert (moment.kind, moment.spans, moment.code, moment.command) == ("moment", (), 0, None)
    assert moment.secret is None
    assert (moment.before.state, moment.after.state, moment.time) == ("initial", "closed", 1.0)
    assert moment.last
    assert server().closed("client", why="\ud800").octets == b"closed by the client: ?"


def test_content_line_by_line_for_whoever_looks_on():
    lab = Lab(policy="open")
    for line in ("HELO a", "MAIL FROM:<a@b>", "RCPT TO:<a@b>", "DATA"):
        lab.send(line)
    event = lab.raw(b"A: b\r\n folded\r\n\r\n..x\n\r\n" + b"y" * 1001 + b"\r\n.\r\n")[0].event
    seen = list(lines(event))
    assert [(each.kind, each.to, each.octets[:4]) for each in seen] == [
        ("text", "header", b"A: b"),
        ("text", "header", b" fol"),
        ("text", "body", b"\r\n"),
        ("text", "body", b"..x\n"),
        ("text", "body", b"yyyy"),
        ("content", "END_OF_DATA", b".\r\n"),
    ]
    assert [[(found.kind, found.at) for found in each.deviations] for each in seen[3:5]] == [
        [("bare-lf", 3)],
        [("overlong", 1000)],
    ]
    assert list(text_events(event._replace(content=None))) == []
    assert [each.to for each in text_events(event, b"A: b\r\n", False)] == ["body"]
    assert list(lines(seen[0])) == [seen[0]]


# Policies and the catalogue --------------------------------------------------------------------------


def test_a_host_that_hides_its_mailboxes_hides_its_lists():
    policy = Policy(mailboxes={"ada": "Ada"}, lists={"all": ("ada",)}, verify="hide")
    assert policy.expand_list("all").key == policy.expand_list("nosuch").key
    assert Policy(mailboxes={"ada": "Ada"}, lists={"all": ("ada",)}).expand_list("ALL").lines == (
        "Ada <ada@lab.example>",
    )


def test_no_users_change_nothing():
    policy = find_policy("lab")
    assert with_users(policy, {}) is policy


def test_a_policy_takes_letters_of_one_octet_at_least(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("version = 1\nmax_size = 0")
    with pytest.raises(DataError, match="max_size is at least 1"):
        find_policy(str(file))
    file.write_text("version = 1\nmax_size = 1")
    assert find_policy(str(file)).max_size == 1


def test_a_situation_needs_a_code_and_a_text():
    for table, missing in (
        ({"text": "x"}, "has no code"),
        ({"code": {"rfc821": 250}, "text": "x"}, "has no code"),
        ({"code": 250}, "has no text"),
        ({"code": 250, "rfc821": "x"}, "has no text"),
        ({"code": 250, "text": "x", "enhanced": 2}, "no such enhanced"),
    ):
        with pytest.raises(DataError, match=missing):
            _entry("mine", table)
    entry = _entry("mine", {"code": {"default": 250, "rfc821": 251}, "text": "x", "rfc821": "y", "enhanced": "2.0.0"})
    assert [entry.code(era) for era in ("rfc821", "rfc2821")] == [251, 250]
    assert (entry.texts, entry.enhanced("rfc821")) == ({"default": "x", "rfc821": "y"}, "2.0.0")


# Letters that come in block by block -----------------------------------------------------------------


class Watched:
    """A draft that remembers what was done with it."""

    def __init__(self) -> None:
        self.content, self.aborted = b"", False

    def write(self, block: bytes) -> "Watched":
        self.content += block
        return self

    def commit(self, letter: Letter) -> None:
        raise AssertionError("the session leaves that to whoever settles")

    def abort(self) -> None:
        self.aborted = True


def test_content_goes_into_the_draft_of_whoever_stores_it():
    drafts = []

    def opened(letter: Letter) -> Watched:
        assert letter.mailboxes == ("ada",)
        drafts.append(Watched())
        return drafts[-1]

    session = server(drafts=opened)
    session.receive(BEGIN + b"one\r\n..two\r\n")
    session.receive(b".\r\n")
    assert drafts[0].content == b"one\r\n.two\r\n"
    assert session.letter.octets == len(drafts[0].content)
    session.abandon()
    assert not drafts[0].aborted
    session.settle(stored(session.letter, ("ada",)))
    assert (session.letter, session.draft) == (None, None)
    session.abandon()


def test_a_letter_that_stops_half_way_is_thrown_away():
    draft = Watched()
    session = server(drafts=lambda letter: draft)
    session.receive(BEGIN + b"half\r\n")
    session.abandon()
    assert draft.aborted
    assert session.draft is None


def test_drafts_that_keep_and_drafts_that_do_not():
    kept = Kept().write(b"a").write(b"b")
    assert (kept.content, Kept().content) == (b"ab", b"")
    assert NOWHERE.write(b"a") is NOWHERE
    for draft in (kept, NOWHERE):
        assert draft.commit(Letter(None)) is None
        assert draft.abort() is None
    assert NOWHERE.content == b""


def test_nobody_watches_and_the_answers_are_the_same():
    stream = BEGIN + b"hi\r\n.\r\nMAIL\r\nVRFY ada\r\nQUIT\r\n"
    said = []
    for watched in (True, False):
        session = server(watched=watched)
        events = session.receive(stream)
        while session.letter is not None:
            events += session.settle(stored(session.letter, ("ada",)))
        said.append(session.take())
        assert bool(events) == watched
        assert session.position.state == "closed"
    assert said[0].split(b"\r\n")[1:] == said[1].split(b"\r\n")[1:]


def test_too_many_errors_end_the_session():
    session = server(most_errors=3)
    session.receive(b"X\r\nX\r\nX\r\nNOOP\r\n")
    assert [line[:3] for line in session.take().split(b"\r\n")] == [b"220", b"500", b"500", b"421", b""]


def test_dates_of_the_time_stamp_line():
    assert OF_2001.date_time(0) == "Thu, 1 Jan 1970 00:00:00 +0000"
    assert OF_2001.date_time(-5) == OF_2001.date_time(0)
    assert OF_2001.date_time(1_709_164_799) == "Wed, 28 Feb 2024 23:59:59 +0000"


@pytest.mark.parametrize("month", range(12))
def test_months_of_the_time_stamp_line(month):
    names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    assert OF_2001.date_time(86400 * (30.5 * month + 14)).split()[2] == names[month]


def test_what_has_come_of_content_can_be_looked_at():
    lab = Lab(policy="open")
    for line in ("HELO a", "MAIL FROM:<a@b>", "RCPT TO:<a@b>", "DATA"):
        lab.send(line)
    lab.raw(b"..half\r\nand")
    assert lab.bench.client.content_so_far == b"..half\r\nand"
    assert lab.bench.server.in_content


def test_a_reply_line_that_is_too_long():
    client = ClientSession(client_dialect())
    (right,) = client.receive(b"220 a" + b"x" * 505 + b"\r\n")
    (wrong,) = client.receive(b"250 a" + b"x" * 506 + b"\r\n")
    assert (right.observer, right.deviations) == ("client", ())
    assert [(each.kind, each.at, each.octets) for each in wrong.deviations] == [("overlong", 512, 513)]


# The queue ---------------------------------------------------------------------------------------------

LETTER = Delivery(ME, (ADA, BOB), b"Subject: x\r\nTo: y\r\n\r\nbody\r\n")


def test_letters_wait_longer_with_each_try():
    queued = Queued(LETTER, 0.0, 0.0)
    for tries, pause in enumerate([*RETRY_AFTER, RETRY_AFTER[-1]]):
        waits, failed = after(queued._replace(tries=tries), (Outcome(ADA), Outcome(BOB, Reply(250))), 100.0)
        assert (waits.due, waits.tries, failed) == (100.0 + pause, tries + 1, ())
        assert waits.delivery.forward_paths == (ADA,)
    assert RETRY_AFTER[0] >= 30 * MINUTE


@pytest.mark.parametrize(
    ("outcome", "now", "waits", "fails"),
    [
        (Outcome(ADA, Reply(250)), 0.0, False, False),
        (Outcome(ADA, Reply(450)), 0.0, True, False),
        (Outcome(ADA, Reply(550)), 0.0, False, True),
        (Outcome(ADA), 0.0, True, False),
        (Outcome(ADA, None, "no such host"), 0.0, False, True),
        (Outcome(ADA, Reply(450)), GIVE_UP_AFTER - 1, True, False),
        (Outcome(ADA, Reply(450)), GIVE_UP_AFTER, False, True),
        (Outcome(ADA, Reply(250)), GIVE_UP_AFTER, False, False),
    ],
)
def test_who_waits_and_who_is_given_up(outcome, now, waits, fails):
    left, failed = after(Queued(LETTER, 0.0, 0.0), (outcome,), now)
    assert (left is not None, failed == (outcome,)) == (waits, fails)
    assert GIVE_UP_AFTER >= 4 * DAY


def test_answers_are_values():
    assert Answer("x") == Answer("x", {}, ())
