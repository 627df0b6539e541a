"""Letters on their way in: what is noted of content, what a draft is told, and who has it in the end."""

from dataclasses import replace

import pytest

from esmtp_lab.lab import server_dialect
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.policy import Policy, find_policy
from esmtp_lab.protocol.server import ServerSession, stored
from esmtp_lab.protocol.transaction import MOST_DEVIATIONS, Content, Envelope, Letter, accept
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.path import Path

LAB = find_policy("lab")
OPEN = b"EHLO me.example\r\nMAIL FROM:<me@me.example>\r\nRCPT TO:<ada@lab.example>\r\nDATA\r\n"


class Draft:
    """A draft that remembers what was done with it."""

    content = b""

    def __init__(self, letter: Letter) -> None:
        self.letter, self.written, self.aborted = letter, b"", False

    def write(self, block: bytes) -> "Draft":
        """Remember the block."""
        self.written += block
        return self

    def commit(self, letter: Letter) -> None:
        """Leave it to whoever settles."""

    def abort(self) -> None:
        """Remember that it ends here."""
        self.aborted = True


def began(policy: Policy = LAB, drafts: list[Draft] | None = None, *, most: int | None = None) -> ServerSession:
    """A server that waits for content; its drafts are put into a list."""

    def begin(letter: Letter) -> Draft:
        assert drafts is not None
        drafts.append(Draft(letter))
        return drafts[-1]

    server = ServerSession(
        server_dialect(policy, "rfc2821"),
        policy,
        address="192.0.2.1",
        drafts=begin if drafts is not None else None,
        most_content=most,
    )
    server.start()
    server.receive(OPEN)
    server.take()
    return server


def content_of(events: list[Event]) -> Content:
    """What was noted of the content among some events."""
    (content,) = [event.content for event in events if event.content is not None]
    return content


# Drafts ----------------------------------------------------------------------------------------------


def test_a_draft_is_told_all_but_the_content() -> None:
    drafts: list[Draft] = []
    server = began(drafts=drafts)
    server.receive(b"x\r\n", 5.0)
    (draft,) = drafts
    letter = draft.letter
    assert (letter.content, letter.octets, letter.mailboxes) == (b"", 0, ("ada",))
    assert (letter.client, letter.address, letter.protocol, letter.time) == ("me.example", "192.0.2.1", "ESMTP", 5.0)
    server.receive(b".\r\n", 9.0)
    assert server.letter == letter._replace(octets=3, time=9.0)
    assert draft.written == b"x\r\n"


def test_a_draft_that_grows_too_large_is_thrown_away_at_once() -> None:
    drafts: list[Draft] = []
    server = began(replace(LAB, max_size=10), drafts)
    server.receive(b"12345678\r\n")
    (draft,) = drafts
    assert (draft.written, draft.aborted) == (b"12345678", False)
    server.receive(b"9\r\n")
    assert draft.aborted
    server.receive(b"never kept\r\n.\r\n")
    assert len(draft.written) == 8
    assert server.take() == b"552 5.3.4 The letter is larger than 10 octets\r\n"


@pytest.mark.parametrize(("stamps", "code"), [(0, b"250"), (2, b"250"), (3, b"554"), (4, b"554")])
def test_a_letter_that_goes_round_is_refused(stamps: int, code: bytes) -> None:
    """RFC 2821 section 6.2: by the number of its time stamps."""
    server = began(replace(LAB, most_hops=3))
    server.receive(b"Received: x\r\n" * stamps + b"\r\nReceived: y\r\n.\r\n")
    if server.letter is not None:
        server.settle(stored(server.letter, ("ada",)))
    assert server.take()[:3] == code


def test_a_draft_of_a_letter_that_is_refused_is_thrown_away() -> None:
    drafts: list[Draft] = []
    server = began(replace(LAB, most_hops=1), drafts)
    server.receive(b"Received: x\r\n.\r\n")
    assert (server.letter, [draft.aborted for draft in drafts]) == (None, [True])


# A person who answers --------------------------------------------------------------------------------


def asked(policy: Policy = LAB) -> ServerSession:
    """A server by hand whose person is to answer for a letter."""
    server = ServerSession(server_dialect(policy, "rfc2821"), policy, by_hand=True)
    server.say(b"220 a\r\n")
    for line, said in zip(OPEN.splitlines(keepends=True), (b"250", b"250", b"250", b"354"), strict=True):
        server.receive(line)
        server.say(said + b" ok\r\n")
    server.receive(b"more than ten octets\r\n.\r\n")
    assert server.letter is None
    return server


@pytest.mark.parametrize(("reply", "taken"), [(b"250 ok\r\n", True), (b"299 ok\r\n", True), (b"552 no\r\n", False)])
def test_a_person_may_take_a_letter_of_any_size(reply: bytes, taken: bool) -> None:
    server = asked(replace(LAB, max_size=10))
    server.say(reply)
    letter = server.hand_over()
    assert (letter.content if letter else None) == (b"more than ten octets\r\n" if taken else None)
    assert server.hand_over() is None


def test_a_person_has_answered_when_the_last_line_is_said() -> None:
    server = asked()
    server.say(b"250-well\r\n")
    assert server.letter is None
    server.say(b"250 taken\r\n")
    assert server.letter is not None


def test_a_letter_waits_to_be_handed_over_whatever_is_said_meanwhile() -> None:
    server = asked()
    server.receive(b"NOOP\r\n")
    server.say(b"250 taken\r\n")
    server.say(b"250 ok\r\n")
    assert server.hand_over() is not None


# What is noted of content ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("blocks", "found"),
    [
        ([b"a\0", b"\0b"], [("nul", 1, 2)]),
        ([b"a\0", b"\0\0", b"\0b"], [("nul", 1, 4)]),
        ([b"a\xff", b"\xfeb"], [("eight-bit", 1, 2)]),
        ([b"\0a", b"\0b"], [("nul", 0, 1), ("nul", 2, 1)]),
        ([b"\xffa", b"\xffb"], [("eight-bit", 0, 1), ("eight-bit", 2, 1)]),
        ([b"a\0", b"\xff"], [("nul", 1, 1), ("eight-bit", 2, 1)]),
        ([b"a\n", b"\nb"], [("bare-lf", 1, 1), ("bare-lf", 2, 1)]),
        ([b"\na\n\0", b"\0b\n"], [("bare-lf", 0, 1), ("bare-lf", 2, 1), ("nul", 3, 2), ("bare-lf", 6, 1)]),
    ],
)
def test_a_run_of_octets_is_one_deviation_over_any_cut(blocks: list[bytes], found: list[tuple[str, int, int]]) -> None:
    """Of CR and LF each is one by itself."""
    server = began()
    for block in blocks:
        server.receive(block)
    content = content_of(server.receive(b"\r\n.\r\n"))
    assert [(each.kind, each.at, each.octets) for each in content.deviations] == found


@pytest.mark.parametrize("before", [b"", b"\0", b"\n"])
def test_of_one_block_as_many_deviations_are_noted_as_of_many(before: bytes) -> None:
    server = began()
    server.receive(before)
    content = content_of(server.receive(b"\0a" * (2 * MOST_DEVIATIONS) + b"\r\n.\r\n"))
    assert len(content.deviations) == MOST_DEVIATIONS


@pytest.mark.parametrize("most", [0, 1, 2, 4, 9, 10, 11, 100])
def test_of_content_so_many_octets_are_kept_to_be_looked_at(most: int) -> None:
    server = began(most=most)
    for block in (b"..a", b"b", b"cd", b"ef\r\n"):
        server.receive(block)
    content = content_of(server.receive(b".\r\nNOOP\r\n"))
    assert content.wire == b"..abcdef\r\n"[:most]
    assert content.notes.kept == len(content.wire)
    assert content.dropped == 10 - content.notes.kept
    assert (content.length, content.dots) == (9, 1)


# Who has it ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mailboxes", "told"),
    [(("a",), "a"), (tuple("abcde"), "a, b, c, d, e"), (tuple("abcdef"), "6 mailboxes")],
)
def test_who_has_a_letter(mailboxes: tuple[str, ...], told: str) -> None:
    """Five are named; of more than that it says how many."""
    answer = stored(Letter(Envelope(), octets=7), mailboxes)
    assert (answer.key, answer.fields) == ("stored", {"octets": "7", "recipients": told})


def test_the_envelope_grows_with_what_was_accepted() -> None:
    me, ada, bob = Path(b"me", b"a"), Path(b"ada", b"b"), Path(b"bob", b"b")
    size = (Parameter("SIZE", b"7"),)
    opened = accept(Envelope(verb="MAIL", forward_paths=(bob,)), "SOML", me, size)
    assert opened == Envelope(me, (), size, "SOML")
    assert accept(accept(opened, "RCPT", ada, ()), "RCPT", bob, ()) == Envelope(me, (ada, bob), size, "SOML")


@pytest.mark.parametrize(("address", "source"), [("", "me.example"), ("192.0.2.1", "me.example ([192.0.2.1])")])
def test_the_time_stamp_line(address: str, source: str) -> None:
    """RFC 2821 section 4.4. A name that is no US-ASCII is shown as far as it is."""
    letter = Letter(Envelope(), client="me.example", address=address, protocol="ESMTP")
    stamp = f"Received: from {source} by b?cher.example with ESMTP; Thu, 1 Jan 1970 00:00:00 +0000\r\n"
    assert letter.received("b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example") == stamp.encode()
    routed = letter._replace(envelope=Envelope(Path(b"me", b"me.example", (b"relay.example",))))
    assert routed.trace("lab.example").startswith(b"Return-Path: <me@me.example>\r\nReceived: ")
    assert letter.trace("lab.example").startswith(b"Return-Path: <>\r\n")
