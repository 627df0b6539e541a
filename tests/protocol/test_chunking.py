"""Chunks (RFC 3030): counted, framed whatever the answer, put together into one letter, or thrown away together."""

import hashlib
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmtp_lab.bench import Bench, Fault, Host
from esmtp_lab.errors import DataError
from esmtp_lab.export.transcript import annotated
from esmtp_lab.lab import Lab, client_dialect, server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.protocol.event import Event, lines
from esmtp_lab.protocol.policy import Policy, find_policy
from esmtp_lab.protocol.server import ServerSession, stored
from esmtp_lab.protocol.transaction import NOTHING, Kept, Letter
from esmtp_lab.readers.reading import read_transcript
from esmtp_lab.tutor.play import play
from esmtp_lab.wire.framing import deviations
from esmtp_lab.wire.transcript import read

OPEN = find_policy("open")
HELLO = b"EHLO me.example\r\n"
MAIL, RCPT = b"MAIL FROM:<me@me.example>\r\n", b"RCPT TO:<ada@open.example>\r\n"
BEGUN = HELLO + MAIL + RCPT


def session(policy: Policy = OPEN, era: str = "rfc2821", **options) -> ServerSession:
    made = ServerSession(server_dialect(policy, era), policy, **options)
    made.start()
    made.take()
    return made


def told(server: ServerSession, octets: bytes) -> tuple[list[Event], list[Letter]]:
    """The events of what a server hears, letters stored, and those letters."""
    events, letters = server.receive(octets), []
    while server.letter is not None:
        letters.append(server.letter)
        events += server.settle(stored(server.letter, ("ada",)))
    return events, letters


def codes(server: ServerSession) -> list[int]:
    """The codes of all that the server said since it was last asked."""
    return [int(line[:3]) for line in server.take().splitlines() if line[3:4] != b"-"]


def answers(octets: bytes, policy: Policy = OPEN, before: bytes = BEGUN, **options) -> tuple[list[int], list[bytes]]:
    """The codes that octets are answered with, and the contents of the letters in them."""
    server = session(policy, **options)
    told(server, before)
    codes(server)
    _, letters = told(server, octets)
    return codes(server), [letter.content for letter in letters]


# The examples of RFC 3030 ----------------------------------------------------------------------------

SIMPLE = """
S: 220
C: EHLO ymir.claremont.edu
S: 250-cnri.reston.va.us greets ymir.claremont.edu
S: 250 CHUNKING
C: MAIL FROM:<Sam@Random.com>
S: 250
C: RCPT TO:<Susan@Random.com>
S: 250
C: BDAT 86 LAST
C: To: Susan@random.com
C: From: Sam@random.com
C: Subject: This is a bodyless test message
S: 250
> server=ready
> mailbox.Susan@Random.com=1
C: QUIT
S: 221
"""
PIPELINED = r"""
S: 220
C: EHLO ymir.claremont.edu
S: 250-cnri.reston.va.us greets ymir.claremont.edu
S: 250-PIPELINING
S: 250-CHUNKING
S: 250 BINARYMIME
C\: MAIL FROM:<ned@ymir.claremont.edu> BODY=BINARYMIME\r\nRCPT TO:GVAUDRE@\r\nRCPT TO:JSTEWART@\r\n
S: 250
S: 250
S: 250
> server=rcpt
C\: BDAT 100000\r\nFIRST@BDAT 324\r\nREST@BDAT 0 LAST\r\n
S: 250 OK, 100000 octets received
S: 250 OK, 324 octets received
S: 250 OK, 100324 octets taken for gvaudre, jstewart
> mailbox.gvaudre=1
> mailbox.jstewart=1
C: QUIT
S: 221
"""
LONG = {
    "GVAUDRE@": "<gvaudre@cnri.reston.va.us>",
    "JSTEWART@": "<jstewart@cnri.reston.va.us>",
    "FIRST@": r"\x00" * 100_000,
    "REST@": r"\xff" * 324,
}
"""What is too long for a line here; the standard too leaves the octets out, and one of its counts is a zero short."""


@pytest.mark.parametrize(
    ("text", "extensions"),
    [(SIMPLE, ("CHUNKING",)), (PIPELINED, ("PIPELINING", "CHUNKING", "BINARYMIME"))],
    ids=["4.1", "4.2"],
)
def test_the_examples_of_the_standard(text: str, extensions: tuple[str, ...]) -> None:
    policy = Policy(domain="cnri.reston.va.us", extensions=extensions, accept="any")
    lab = Lab(policy=policy)
    for short, full in LONG.items():
        text = text.replace(short, full)
    entries = read(line.encode() for line in text.strip().split("\n"))
    assert [played.mismatch for played in play(lab.bench, entries) if played.mismatch] == []


# What each BDAT is answered --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("octets", "said", "letters"),
    [
        (b"BDAT 5 LAST\r\nhello", [250], [b"hello"]),
        (b"bdat 5 last\r\nhello", [250], [b"hello"]),
        (b"BDAT 5\r\nhelloBDAT 6 LAST\r\n world", [250, 250], [b"hello world"]),
        (b"BDAT 0 LAST\r\n", [250], [b""]),
        (b"BDAT 0\r\nBDAT 0\r\nBDAT 1 LAST\r\nx", [250, 250, 250], [b"x"]),
        (b"BDAT 5\r\nhelloBDAT 0 LAST\r\n", [250, 250], [b"hello"]),
        # no transparency: dots and what looks like an end are content
        (b"BDAT 12 LAST\r\n.\r\n..\r\n\r\n.\r\n", [250], [b".\r\n..\r\n\r\n.\r\n"]),
        (b"BDAT 4 LAST\r\n\0\r\xff\n", [250], [b"\0\r\xff\n"]),
        # leading zeros change nothing, however many; digits enough for any letter
        (b"BDAT %b5 LAST\r\nhello" % (b"0" * 60), [250], [b"hello"]),
        # a trailing space is let by, as behind any command
        (b"BDAT 5 LAST \r\nhello", [250], [b"hello"]),
        # a new letter in the same session, and DATA for it
        (b"BDAT 1 LAST\r\na" + MAIL + RCPT + b"DATA\r\nb\r\n.\r\n", [250, 250, 250, 354, 250], [b"a", b"b\r\n"]),
        # RSET clears all chunks
        (b"BDAT 1\r\naRSET\r\n" + MAIL + RCPT + b"BDAT 1 LAST\r\nb", [250, 250, 250, 250, 250], [b"b"]),
        (b"BDAT 1\r\naEHLO x\r\n" + MAIL + RCPT + b"BDAT 1 LAST\r\nb", [250, 250, 250, 250, 250], [b"b"]),
        # between chunks other commands may come, and more recipients may not
        (b"BDAT 1\r\naNOOP\r\nHELP\r\nBDAT 1 LAST\r\nb", [250, 250, 214, 250], [b"ab"]),
        (b"BDAT 1\r\na" + RCPT + MAIL + b"BDAT 1 LAST\r\nb", [250, 503, 503, 250], [b"ab"]),
        # behind LAST there is no letter any more (section 2)
        (b"BDAT 1 LAST\r\naBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n", [250, 503, 250], [b"a"]),
        # DATA and BDAT are not mixed (section 2)
        (b"BDAT 1\r\naDATA\r\nBDAT 1 LAST\r\nbRSET\r\n", [250, 503, 503, 250], []),
        (b"DATA\r\na\r\n.\r\nBDAT 1 LAST\r\nb", [354, 250, 503], [b"a\r\n"]),
    ],
)
def test_what_a_chunk_is_answered(octets: bytes, said: list[int], letters: list[bytes]) -> None:
    assert answers(octets) == (said, letters)


@pytest.mark.parametrize(
    "line",
    [
        b"BDAT",
        b"BDAT ",
        b"BDAT x",
        b"BDAT -1",
        b"BDAT +1",
        b"BDAT 1.0",
        b"BDAT 0x10",
        b"BDAT 6x",
        b"BDAT 6 FIRST",
        b"BDAT 6 LASTING",
        b"BDAT 6 LAST LAST",
        b"BDAT 6,LAST",
        b"BDAT LAST",
        b"BDAT  6",
        b"BDAT 6  LAST",
    ],
)
def test_what_is_no_bdat_counts_nothing(line: bytes) -> None:
    """It is answered at once, and what stands behind it is a command. The transaction has failed all the same: a chunk
    may have been meant, and then it would be missing."""
    assert answers(line + b"\r\nNOOP\r\nBDAT 1 LAST\r\nx") == ([501, 250, 503], [])


@pytest.mark.parametrize("line", [b"BDAT6", b"BDAT\0 6", b"BDAT 6\0", b"BDAT 6\xff", b"BDAT\n6", b"BDAT \xb2"])
def test_what_no_line_may_hold_counts_nothing_either(line: bytes) -> None:
    assert answers(line + b"\r\nNOOP\r\n") == ([500, 250], [])


# Sizes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("last", [b"", b" LAST"])
def test_a_count_that_is_too_small_leaves_commands_over(last: bytes) -> None:
    """RFC 3030 section 2, second note: the remainder is read as commands, and refused as lines of any octets."""
    said, letters = answers(b"BDAT 5%b\r\nhello\xff\0\r\nworld\r\nNOOP\r\n" % last)
    assert said == [250, 500, 500, 250]
    assert letters == ([b"hello"] if last else [])


@pytest.mark.parametrize("last", [b"", b" LAST"])
def test_a_count_that_is_too_large_swallows_commands(last: bytes) -> None:
    """RFC 3030 section 2, first note: the server waits, and takes the next commands for the letter."""
    server = session()
    told(server, BEGUN + b"BDAT 20%b\r\nhello\r\nRSET\r\n" % last)
    assert codes(server)[3:] == []
    assert (server.left, server.in_content) == (7, True)
    _, letters = told(server, b"QUIT\r\nNOOP\r\n")
    # what is left of NOOP is a command again: cut in two, so unknown
    assert codes(server) == [250, 500]
    assert [letter.content for letter in letters] == ([b"hello\r\nRSET\r\nQUIT\r\nN"] if last else [])
    assert server.position.state == ("ready" if last else "chunks")


@pytest.mark.parametrize("digits", ["4294967296", "9" * 20, "9" * 30, "9" * 480])
@pytest.mark.parametrize("before", [b"", HELLO, BEGUN, BEGUN + b"BDAT 1\r\na"], ids=["", "ready", "rcpt", "chunks"])
def test_more_octets_than_anybody_waits_for_close_the_channel(digits: str, before: bytes) -> None:
    """They can neither be awaited nor read as commands."""
    said, letters = answers(b"BDAT %b LAST\r\nQUIT\r\nNOOP\r\n" % digits.encode(), before=before)
    assert (said, letters) == ([421], [])


def test_a_number_of_any_length_is_a_line_that_is_too_long() -> None:
    for digits in (b"9" * 10_000, b"0" * 10_000, b"9" * 100_000):
        assert answers(b"BDAT %b\r\nNOOP\r\n" % digits) == ([500, 250], [])


def test_four_gibibytes_less_one_are_awaited() -> None:
    server = session()
    told(server, BEGUN + b"BDAT 4294967295\r\nQUIT\r\n")
    assert server.left == 4_294_967_295 - 6
    assert len(codes(server)) == 3


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"BDAT 10 LAST\r\n0123456789", [250]),
        (b"BDAT 11 LAST\r\n0123456789x", [552]),
        (b"BDAT 5\r\n01234BDAT 5 LAST\r\n56789", [250, 250]),
        # the sum counts, and the refusal comes as soon as it is too large
        (b"BDAT 5\r\n01234BDAT 6\r\n567890BDAT 0 LAST\r\n", [250, 552, 503]),
        (b"BDAT 5\r\n01234BDAT 6 LAST\r\n567890RSET\r\n", [250, 552, 250]),
        # and begins anew with each letter
        (b"BDAT 9\r\n012345678RSET\r\n" + MAIL + RCPT + b"BDAT 9 LAST\r\n012345678", [250] * 5),
        (b"BDAT 9 LAST\r\n012345678" + MAIL + RCPT + b"BDAT 9 LAST\r\n012345678", [250] * 4),
    ],
)
def test_a_limit_holds_for_all_chunks_together(octets: bytes, said: list[int]) -> None:
    assert answers(octets, replace(OPEN, max_size=10))[0] == said


# Refusals --------------------------------------------------------------------------------------------

EVIL = b"MAIL FROM:<evil@bank.example>\r\nRCPT TO:<bob@open.example>\r\nDATA\r\nforged\r\n.\r\nQUIT\r\n"


@pytest.mark.parametrize("last", [b"", b" LAST"])
@pytest.mark.parametrize(
    ("before", "options", "code"),
    [
        (HELLO, {}, 503),
        (HELLO + MAIL, {}, 503),
        (BEGUN + b"BDAT 1 LAST\r\nx", {}, 503),
        (BEGUN, {"max_size": 10}, 552),
        (BEGUN.replace(b"example>\r\nR", b"example> BODY=7BIT\r\nR") + b"BDAT 1\r\n\xff", {}, 503),
        (BEGUN, {"answers": {"BDAT": "no-room"}}, 452),
    ],
    ids=["no MAIL", "no RCPT", "after LAST", "too large", "after a refusal", "by policy"],
)
def test_the_octets_of_a_refused_chunk_are_no_commands(
    before: bytes, options: dict[str, object], code: int, last: bytes
) -> None:
    """RFC 3030 section 2: the server accepts and discards them before it answers."""
    chunk = b"BDAT %d%b\r\n%b" % (len(EVIL), last, EVIL)
    said, letters = answers(chunk + b"NOOP\r\n", replace(OPEN, **options), before)
    assert (said, letters) == ([code, 250], [])


@pytest.mark.parametrize("line", [b"RSET", b"EHLO a", b"HELO a"])
def test_what_leads_on_after_a_refusal(line: bytes) -> None:
    server = session(replace(OPEN, max_size=1))
    told(server, BEGUN + b"BDAT 2\r\nab")
    assert (codes(server)[-1], server.position.state, server.envelope.forward_paths) == (552, "failed", ())
    told(server, MAIL + RCPT + b"DATA\r\nBDAT 1 LAST\r\naNOOP\r\n")
    assert (codes(server), server.position.state) == ([503, 503, 503, 503, 250], "failed")
    told(server, line + b"\r\n" + MAIL)
    assert (codes(server), server.position.state) == ([250, 250], "mail")


def test_half_a_letter_reaches_nobody() -> None:
    """The first recipient is refused, and so is the first chunk; then the second chunk is as well."""
    policy = replace(OPEN, accept="known", mailboxes={"ada": "Ada"})
    group = MAIL + b"RCPT TO:<eve@open.example>\r\nBDAT 1\r\na" + RCPT + b"BDAT 1 LAST\r\nb"
    assert answers(group, policy, HELLO) == ([250, 550, 503, 503, 503], [])


def test_where_chunking_is_not_offered_the_octets_are_commands() -> None:
    """RFC 3030 section 2, the note on illegally sent BDAT; after HELO nothing was offered."""
    bare = replace(OPEN, extensions=())
    assert answers(b"BDAT 6\r\nNOOP\r\n", bare) == ([500, 250], [])
    assert answers(b"BDAT 6\r\nNOOP\r\n", before=BEGUN.replace(b"EHLO", b"HELO")) == ([503, 250], [])
    assert answers(b"BDAT 6\r\nNOOP\r\n", before=b"") == ([503, 250], [])
    assert answers(b"BDAT 6\r\nNOOP\r\n", era="rfc821", before=BEGUN.replace(b"EHLO", b"HELO")) == ([500, 250], [])
    # a later HELO takes the offer back
    assert answers(b"HELO a\r\n" + MAIL + RCPT + b"BDAT 6\r\nNOOP\r\n")[0] == [250, 250, 250, 503, 250]


def test_an_offer_that_no_line_made_is_none() -> None:
    """A host that greets EHLO like HELO has listed nothing, whatever it could do."""
    silent = replace(OPEN, answers={"EHLO": "helo"})
    assert answers(b"BDAT 6\r\nNOOP\r\n", silent) == ([503, 250], [])


# BINARYMIME ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("extensions", "value", "code"),
    [
        (("CHUNKING", "BINARYMIME"), b"BINARYMIME", 250),
        (("CHUNKING", "BINARYMIME"), b"binarymime", 250),
        (("CHUNKING", "BINARYMIME"), b"8BITMIME", 501),
        (("8BITMIME", "CHUNKING", "BINARYMIME"), b"BINARYMIME", 250),
        (("8BITMIME", "CHUNKING", "BINARYMIME"), b"8BITMIME", 250),
        (("8BITMIME", "CHUNKING", "BINARYMIME"), b"9BIT", 501),
        (("8BITMIME", "CHUNKING", "BINARYMIME"), b"7BIT BODY=BINARYMIME", 501),
        (("8BITMIME", "CHUNKING"), b"BINARYMIME", 501),
        (("CHUNKING",), b"BINARYMIME", 501),
    ],
)
def test_body_takes_the_values_of_what_is_offered(extensions: tuple[str, ...], value: bytes, code: int) -> None:
    line = b"MAIL FROM:<me@me.example> BODY=%b\r\n" % value
    assert answers(line, replace(OPEN, extensions=extensions), HELLO)[0] == [code]


def test_a_value_that_does_not_fit_is_told_all_that_do() -> None:
    server = session()
    server.receive(HELLO)
    server.take()
    server.receive(b"MAIL FROM:<a@b> BODY=9BIT\r\n")
    assert b"BODY=7BIT or BODY=8BITMIME or BODY=BINARYMIME" in server.take()


def test_a_binary_letter_does_not_come_by_data() -> None:
    begun = HELLO + MAIL.replace(b">\r\n", b"> BODY=BINARYMIME\r\n") + RCPT
    assert answers(b"DATA\r\nBDAT 3 LAST\r\na\0b", before=begun) == ([503, 250], [b"a\0b"])


def test_a_binary_letter_that_did_not_say_so_is_accepted() -> None:
    """RFC 3030 section 3."""
    text = b"Content-Transfer-Encoding: binary\r\n\r\n\0\r\n\n\r"
    assert answers(b"BDAT %d LAST\r\n%b" % (len(text), text)) == ([250], [text])


def test_a_line_of_mail_may_be_longer() -> None:
    plain = server_dialect(replace(OPEN, extensions=("CHUNKING",)), "rfc2821")
    binary = server_dialect(replace(OPEN, extensions=("CHUNKING", "BINARYMIME")), "rfc2821")
    assert binary.line_limit("MAIL") - plain.line_limit("MAIL") == len(" BODY=BINARYMIME") == 16


def test_a_host_that_mends_line_ends_cannot_count() -> None:
    with pytest.raises(DataError, match=r"mends line ends and so cannot count octets\. Take CHUNKING out"):
        server_dialect(replace(OPEN, lenient=True), "rfc2821")


# Events ----------------------------------------------------------------------------------------------

CHUNKS = st.lists(
    st.lists(
        st.sampled_from(
            [b"\r", b"\n", b"\r\n", b".", b".\r\n", b"QUIT\r\n", b"\0", b"\0\0", b"\xff", b"text", b"a: b"]
        ),
        max_size=6,
    ).map(b"".join),
    min_size=1,
    max_size=5,
)


def sent(chunks: list[bytes]) -> bytes:
    """Chunks as they travel."""
    marks = [b""] * (len(chunks) - 1) + [b" LAST"]
    return b"".join(b"BDAT %d%b\r\n%b" % (len(each), mark, each) for each, mark in zip(chunks, marks, strict=True))


@given(CHUNKS, st.lists(st.integers(0, 200), max_size=8), st.none() | st.integers(0, 20))
def test_chunks_are_known_alike_however_they_are_cut(chunks: list[bytes], cuts: list[int], most: int | None) -> None:
    whole, cut, wire = session(most_content=most), session(most_content=most), BEGUN + sent(chunks) + b"NOOP\r\n"
    edges = [0, *sorted(len(BEGUN) + each for each in cuts), max(len(wire), 400)]
    expected, letters = told(whole, wire)
    pieces = [told(cut, wire[start:end]) for start, end in pairwise(edges)]
    assert [event for events, _ in pieces for event in events] == expected
    assert [letter for _, found in pieces for letter in found] == letters
    assert [letter.content for letter in letters] == [b"".join(chunks)]
    contents = [event for event in expected if event.kind == "content"]
    assert [event.to for event in contents] == ["BDAT"] * (len(chunks) - 1) + ["LAST_CHUNK"]
    for event, chunk in zip(contents, chunks, strict=True):
        content = event.content
        assert content is not None
        assert (event.octets, content.length, content.dots) == (b"", len(chunk), 0)
        assert content.digest == hashlib.sha256(chunk).hexdigest()
        assert content.wire == chunk[: len(chunk) if most is None else most]
        assert content.deviations == event.deviations == deviations(chunk)


@given(CHUNKS)
def test_every_single_octet_for_itself(chunks: list[bytes]) -> None:
    whole, single, wire = session(), session(), BEGUN + sent(chunks) + b"NOOP\r\n"
    expected = told(whole, wire)
    found = [told(single, wire[at : at + 1]) for at in range(len(wire))]
    assert [event for events, _ in found for event in events] == expected[0]
    assert single.take() == whole.take()
    assert single.save() == whole.save()


@given(CHUNKS, st.integers(0, 10))
def test_who_is_not_watched_does_the_same(chunks: list[bytes], most: int) -> None:
    policy = replace(OPEN, max_size=most)
    watched, unwatched = session(policy), session(policy, watched=False)
    events, letters = told(watched, BEGUN + sent(chunks) + b"QUIT\r\n")
    assert events
    assert told(unwatched, BEGUN + sent(chunks) + b"QUIT\r\n") == ([], letters)
    assert unwatched.take() == watched.take()
    assert unwatched.position == watched.position


def test_one_event_for_the_line_one_for_the_octets_one_for_the_reply() -> None:
    server = session()
    told(server, BEGUN)
    events, _ = told(server, b"BDAT 2\r\nabBDAT 1 LAST\r\nc")
    assert [(event.speaker, event.kind, event.to, event.before.state, event.after.state) for event in events] == [
        ("client", "command", "BDAT", "rcpt", "rcpt"),
        ("client", "content", "BDAT", "rcpt", "rcpt"),
        ("server", "reply", "BDAT", "rcpt", "chunks"),
        ("client", "command", "BDAT", "chunks", "chunks"),
        ("client", "content", "LAST_CHUNK", "chunks", "chunks"),
        ("server", "reply", "LAST_CHUNK", "chunks", "ready"),
    ]
    assert [event.asked.parts for event in events if event.asked] == [
        {"verb", "space", "chunk-size", "crlf"},
        {"verb", "space", "chunk-size", "end-marker", "crlf"},
    ]


def test_what_views_show_of_a_chunk_are_its_lines() -> None:
    """The parts of a chunk are no header and no body, and its dots are dots."""
    server = session()
    events, _ = told(server, BEGUN + b"BDAT 13 LAST\r\na: b\r\n.\r\n.end")
    shown = [line for event in events if event.speaker == "client" for line in lines(event)][3:]
    assert [(line.kind, line.to, line.octets, [span.part for span in line.spans]) for line in shown] == [
        ("command", "BDAT", b"BDAT 13 LAST\r\n", ["verb", "space", "chunk-size", "space", "end-marker", "crlf"]),
        ("text", "chunk", b"a: b\r\n", ["content-text", "crlf"]),
        ("text", "chunk", b".\r\n", ["content-text", "crlf"]),
        ("text", "chunk", b".end", ["content-text"]),
    ]


def test_a_time_stamp_is_found_over_the_edge_of_chunks() -> None:
    """RFC 2821 section 6.2: a letter that goes round is stopped, however it is cut; stamps in its body do not count."""
    stamps = b"Received: from a by b\r\n" * 3
    policy = replace(OPEN, most_hops=3)
    for size in (1, 7, 24, 100):
        chunks = [stamps[at : at + size] for at in range(0, len(stamps), size)]
        assert answers(sent(chunks), policy)[0][-1] in (503, 554)
        assert answers(sent([b"\r\n", *chunks]), policy)[0][-1] == 250


# Moments ---------------------------------------------------------------------------------------------


@given(CHUNKS, st.integers(0, 200), st.binary(max_size=9))
def test_a_moment_in_the_midst_can_be_come_back_to(chunks: list[bytes], at: int, other: bytes) -> None:
    server, wire = session(), sent(chunks)
    told(server, BEGUN)
    told(server, wire[:at])
    moment = server.save()
    told(server, other)
    server.load(moment)
    assert server.save() == moment
    _, letters = told(server, wire[at:])
    if wire[:at] == wire[: wire.rindex(b" LAST")][:at]:
        assert [letter.content for letter in letters] == [b"".join(chunks)]


def test_undo_within_a_chunk_on_both_sides() -> None:
    lab = Lab(policy="open")
    for line in (
        "EHLO a",
        "MAIL FROM:<a@b>",
        "RCPT TO:<ada@open.example>",
        "BDAT 3",
        "a",
        "BDAT 12 LAST",
        "one",
        "two",
    ):
        lab.send(line)
    assert (lab.bench.client.left, lab.bench.server.left) == (2, 2)
    lab.undo()
    lab.undo()
    assert (lab.bench.client.left, lab.bench.server.left, lab.bench.client.content_so_far) == (12, 12, b"")
    lab.redo()
    assert (lab.bench.client.left, lab.bench.client.content_so_far) == (7, b"one\r\n")
    assert [each.event.code for each in lab.send("three") if each.speaker == "server"] == [250]
    (letter,) = lab.mailboxes.letters["ada"]
    assert letter.content == b"a\r\none\r\nthree\r\n"
    for _ in range(5):
        lab.undo()
    assert lab.bench.server.position.state == "rcpt"
    assert lab.bench.server._gathered is NOTHING


def test_a_guess_at_what_would_come_changes_nothing() -> None:
    lab = Lab(policy="open")
    for line in ("EHLO a", "MAIL FROM:<a@b>", "RCPT TO:<ada@open.example>", "BDAT 7 LAST"):
        lab.send(line)
    assert [each.event.code for each in lab.predict("hello") if each.speaker == "server"] == [250]
    assert (lab.bench.server.left, lab.mailboxes.letters) == (7, {})


class Noted(Kept):
    """A draft in memory that says what becomes of it."""

    def __init__(self, log: list[str]) -> None:
        super().__init__()
        object.__setattr__(self, "log", log)

    def write(self, block: bytes) -> "Noted":
        """Note what has come."""
        self.log.append(block.decode())
        return self

    def abort(self) -> None:
        """Note that it ends here."""
        self.log.append("abort")


@pytest.mark.parametrize(
    ("octets", "log"),
    [
        (b"BDAT 2\r\nabRSET\r\n", ["ab", "abort"]),
        (b"BDAT 2\r\nabEHLO a\r\n", ["ab", "abort"]),
        (b"BDAT 2\r\nabQUIT\r\n", ["ab", "abort"]),
        (b"BDAT 2\r\nabDATA\r\n", ["ab", "abort"]),
        (b"BDAT 2\r\nabBDAT 9999999999\r\n", ["ab", "abort"]),
        (b"BDAT 2\r\nabBDAT 2 LAST\r\n\xc3\xa9", ["ab", "é", "abort"]),
        (b"RSET\r\nBDAT 2\r\nab", []),
    ],
)
def test_a_draft_is_thrown_away_with_the_transaction(octets: bytes, log: list[str]) -> None:
    found: list[str] = []
    server = session(drafts=lambda letter: Noted(found))
    told(server, BEGUN.replace(b"example>\r\nR", b"example> BODY=7BIT\r\nR") + octets)
    server.abandon()
    assert found == log
    assert server.draft is None


def test_a_channel_that_is_lost_in_a_chunk_leaves_nothing() -> None:
    found: list[str] = []
    server = session(drafts=lambda letter: Noted(found))
    told(server, BEGUN + b"BDAT 2\r\nabBDAT 5 LAST\r\nc")
    server.closed("client")
    assert (found, server.left, server.draft) == (["ab", "c", "abort"], 0, None)
    assert server.receive(b"more") == []


def test_a_server_that_waits_too_long_for_a_chunk_says_so() -> None:
    lab = Lab(policy="open")
    for line in ("EHLO a", "MAIL FROM:<a@b>", "RCPT TO:<ada@open.example>", "BDAT 7 LAST"):
        lab.send(line)
    assert [each.event.code for each in lab.bench.pass_time(400)] == [421]
    assert lab.bench.client.position.state == lab.bench.server.position.state == "closed"
    assert not lab.bench.client.in_content
    assert lab.mailboxes.letters == {}


def test_a_client_that_does_not_wait_for_the_reply_to_ehlo() -> None:
    """It must (RFC 2920 section 3.1). Where it does not, it hangs on that reply what is behind BDAT."""
    for policy, heard in (
        (OPEN, ["EHLO", "BDAT", "QUIT"]),
        (replace(OPEN, extensions=()), ["EHLO", "BDAT", "NOOP", "QUIT"]),
    ):
        lab = Lab(policy=policy)
        lab.raw(HELLO + b"BDAT 6\r\nNOOP\r\nQUIT\r\n")
        for side in ("client", "server"):
            events = [getattr(crossing, side) for crossing in lab.bench.log]
            assert [each.octets[:4].decode() for each in events if each.kind == "command"] == heard


# By hand, and read back ------------------------------------------------------------------------------


@pytest.mark.parametrize(("reply", "letters"), [("250 OK", 1), ("552 too large", 0), ("451 not now", 0)])
def test_a_person_who_answers_for_chunks(reply: str, letters: int) -> None:
    lab = Lab(policy="open", role="server")
    lab.say("220 x")
    lab.send("EHLO a")
    lab.bench.say(b"250-x\r\n250 CHUNKING\r\n")
    for line, answer in (("MAIL FROM:<a@b>", "250 ok"), ("RCPT TO:<ada@open.example>", "250 ok")):
        lab.send(line)
        lab.say(answer)
    lab.raw(b"BDAT 2\r\nab")
    lab.say("250 ok")
    lab.raw(b"BDAT 1 LAST\r\nc")
    lab.say(reply)
    assert [each.content for each in lab.mailboxes.letters.get("ada", ())] == [b"abc"] * letters
    assert lab.bench.client.position == lab.bench.server.position
    assert lab.bench.server.position.state == ("ready" if letters else "failed")


def test_a_written_session_is_read_back_as_it_was() -> None:
    lab = Lab(policy="open")
    lab.raw(BEGUN)
    lab.raw(b"BDAT 8\r\n.x\r\n\0\xff\r\nBDAT 6 LAST\r\nQUIT\r\n")
    lab.raw(b"BDAT 6\r\nRSET\r\nQUIT\r\n")
    written = list(annotated(lab.crossings(), lab.lines))
    events = [line for crossing in lab.crossings() for line in lines(crossing.event)]
    found = list(read_transcript((f"{line}\n".encode() for line in written), client_dialect()))
    assert [(each.event.kind, each.event.to, each.event.octets) for each in found] == [
        (event.kind, event.to, event.octets) for event in events
    ]
    assert [each.state for each in found][-5:] == ["ready", "ready", "ready", "ready", "closed"]


@pytest.mark.parametrize("kind", ["cut-before", "cut-after"])
def test_who_has_the_letter_when_the_channel_is_lost(kind: str) -> None:
    """As behind the lone dot: with its 250 the server has it, whether or not the client hears."""
    host = Host(OPEN, server_dialect(OPEN, "rfc2821"), MemoryMailboxes("open.example"))
    bench = Bench(host, client_dialect(), faults=(Fault(kind, "LAST_CHUNK"),))
    bench.start()
    bench.send(HELLO)
    bench.send(MAIL + RCPT + b"BDAT 1 LAST\r\nx")
    assert len(host.mailboxes.letters["ada"]) == 1
    assert bench.client.position.state == "closed"
    assert (bench.client.lost == "LAST_CHUNK") == (kind == "cut-before")
