"""SMTPUTF8: both ends of a dialogue with addresses and header fields in UTF-8 (RFC 6531)."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmtp_lab.bench.host import Host
from esmtp_lab.bench.hosts import Hosts
from esmtp_lab.commands.annotate import annotate_lines
from esmtp_lab.errors import LocalProtocolError
from esmtp_lab.lab import Lab, client_dialect, server_dialect
from esmtp_lab.mailbox.maildir import Maildir
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.protocol.client import ClientSession
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.policy import Policy, find_policy
from esmtp_lab.protocol.session import STATES
from esmtp_lab.protocol.transaction import Envelope, Letter
from esmtp_lab.suggest import Names, suggest
from esmtp_lab.wire.parameter import Parameter
from esmtp_lab.wire.path import Path

HERE, SHOWN = "xn--hxajbheg2az3al.example", "παράδειγμα.example"
HELLO = """
C: EHLO me.example
S: 250
"""
PLAIN, INTERNATIONAL = "C: MAIL FROM:<me@me.example>\nS: 250", "C: MAIL FROM:<με@me.example> SMTPUTF8\nS: 250"


def path(text: str) -> Path:
    local, _, domain = text.rpartition("@")
    return Path(local.encode(), domain.encode())


def play(text: str, policy: str | Policy = "international", era: str = "rfc2821") -> Lab:
    """A lab in which lines were said; each S: is how the text of the reply begins, the last line of it."""
    lab = Lab(era, policy=policy)
    for line in filter(None, text.strip().split("\n")):
        mark, _, said = line.partition(": ")
        if mark == "C":
            lab.send(said)
        else:
            last = [each.event for each in lab.crossings() if each.speaker == "server"][-1]
            told = last.octets.decode().removesuffix("\r\n")
            assert told.startswith(said), f"{line!r} but {told!r}"
    return lab


# The server ------------------------------------------------------------------------------------------


def test_ehlo_lists_the_keyword_alone_and_8bitmime_with_it() -> None:
    lab = play(HELLO)
    assert lab.bench.client.offered["SMTPUTF8"] == ()
    assert "8BITMIME" in lab.bench.client.offered
    assert (
        lab.bench.server.dialect.line_limit("MAIL") - server_dialect(find_policy("lab"), "rfc2821").line_limit("MAIL")
        == 10
    )


@pytest.mark.parametrize("era", ["rfc1869", "rfc2821", "rfc5321"])
def test_a_letter_with_names_beyond_us_ascii(era: str) -> None:
    text = f"{HELLO}{INTERNATIONAL}\nC: RCPT TO:<δοκιμή@{SHOWN}>\nS: 250 2.1.5\nC: RCPT TO:<ada@{HERE}>\nS: 250 2.1.5\n"
    lab = play(f"{text}C: DATA\nS: 354\nC: Subject: Δ\nC: \nC: .\nS: 250 2.0.0 OK, 15 octets", era=era)
    (stored,) = lab.mailboxes.octets("δοκιμή")
    return_path, received, subject = stored.decode().split("\r\n")[:3]
    assert return_path == "Return-Path: <με@me.example>"
    assert received.startswith(f"Received: from me.example by {SHOWN} with UTF8SMTP; ")
    assert subject == "Subject: Δ"
    assert [*lab.mailboxes.letters] == ["δοκιμή", "ada"]


def test_a_letter_without_the_parameter_has_a_trace_of_us_ascii() -> None:
    lab = play(f"{HELLO}{PLAIN}\nC: RCPT TO:<ada@{HERE}>\nC: DATA\nC: .\nS: 250")
    (stored,) = lab.mailboxes.octets("ada")
    assert f" by {HERE} with ESMTP; ".encode() in stored


@pytest.mark.parametrize(
    ("facts", "protocol"),
    [("", "UTF8SMTP"), ("tls", "UTF8SMTPS"), ("authenticated", "UTF8SMTPA"), ("tls authenticated", "UTF8SMTPSA")],
)
def test_the_with_clause(facts: str, protocol: str) -> None:
    """RFC 6531 section 4.3."""
    lab = play(f"{HELLO}{INTERNATIONAL}\nC: RCPT TO:<ada@{HERE}>\nC: DATA\nS: 354")
    server = lab.bench.server
    server.position = server.position._replace(facts=server.position.facts | frozenset(facts.split()))
    server.draft = None
    server._open(0.0)
    assert server._coming is not None
    assert server._coming.protocol == protocol


def test_a_client_that_calls_itself_by_a_labels_is_named_by_u_labels() -> None:
    lab = play(
        f"C: EHLO xn--bcher-kva.example\nS: 250\n{INTERNATIONAL}\nC: RCPT TO:<ada@{SHOWN}>\nC: DATA\nC: .\nS: 250"
    )
    assert "Received: from bücher.example by".encode() in lab.mailboxes.octets("ada")[0]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("MAIL FROM:<με@me.example>", "550 5.6.7 "),
        ("MAIL FROM:<me@bücher.example> BODY=8BITMIME", "550 5.6.7 "),
        ("MAIL FROM:<με@me.example> SMTPUTF8=yes", "501 5.5.4 "),
        ("MAIL FROM:<με@me.example> SMTPUTF8 SMTPUTF8", "501 5.5.4 "),
        ("MAIL FROM:<με@me.example> SMTPUTF8 é", "501 5.5.4 "),
        ("MAIL FROM:με@me.example SMTPUTF8", "501 5.5.4 "),
        ("MAIL FROM:<με..a@me.example> SMTPUTF8", "501 5.5.4 "),
        (f"MAIL FROM:<{'é' * 33}@me.example> SMTPUTF8", "501 5.5.4 "),
        ("MAIL FROM:<me@me.example> BODY=é", "501 5.5.4 "),
        ("ΜAIL FROM:<me@me.example>", "500 5.5.2 "),
        ("EHLO bücher.example", "501 Syntax error in "),
        ("VRFY ada SMTPUTF8=1", "501 5.5.4 "),
        ("RCPT TO:<ada@lab.example> SMTPUTF8", "503 5.5.1 "),
    ],
)
def test_what_is_wrong_is_refused_and_changes_nothing(said: str, answer: str) -> None:
    lab = play(HELLO)
    before = lab.bench.server.save(), lab.bench.client.save()
    lab.send(said)
    reply = [each.event.octets.decode() for each in lab.crossings()][-1]
    assert reply.startswith(answer)
    assert reply.isascii()
    assert lab.bench.server.position.state == "ready"
    assert lab.bench.server.envelope == Envelope()
    lab.undo()
    assert (lab.bench.server.save(), lab.bench.client.save()) == before


@pytest.mark.parametrize("octets", [b"\xc0\xaf", b"\xed\xa0\x80", b"\xce", b"\xff", b"\xf4\x90\x80\x80"])
@pytest.mark.parametrize("line", [b"MAIL FROM:<%b@a> SMTPUTF8", b"VRFY %b SMTPUTF8", b"NOOP %b"])
def test_what_is_no_utf_8_is_refused_by_500(octets: bytes, line: bytes) -> None:
    lab = play(HELLO)
    said = line % octets
    crossings = lab.send(said)
    reply = crossings[-1].event.octets
    assert reply == b"500 5.5.2 Syntax error: what is no UTF-8 at octet %d\r\n" % said.index(octets)
    assert lab.bench.server.position.state == "ready"
    assert [each.kind for each in crossings[0].event.deviations] == ["not-utf-8"]


@pytest.mark.parametrize("mailbox", [f"δοκιμή@{HERE}", f"ada@{SHOWN}", f"nobody@{SHOWN}"])
def test_a_recipient_beyond_us_ascii_needs_the_parameter_of_mail(mailbox: str) -> None:
    """RFC 6531 section 3.5; the transaction goes on."""
    lab = play(f"{HELLO}{PLAIN}\nC: RCPT TO:<{mailbox}>\nS: 553 5.6.7 \nC: RCPT TO:<ada@{HERE}>\nS: 250 2.1.5")
    assert [each.domain.decode() for each in lab.bench.server.envelope.forward_paths] == [HERE]


def test_before_ehlo_and_where_it_is_not_offered_octets_are_what_they_were() -> None:
    play("C: VRFY δ\nS: 500 5.5.2 Syntax error: an octet above 127\nC: HELO a\nC: MAIL FROM:<δ@a> SMTPUTF8\nS: 500 ")
    play("C: EHLO a\nC: MAIL FROM:<δ@a> SMTPUTF8\nS: 500 5.5.2 \nC: MAIL FROM:<a@b> SMTPUTF8\nS: 501 ", "lab")
    lab = play("C: EHLO a\nC: MAIL FROM:<δ@a> SMTPUTF8\nS: 250\nC: HELO a\nC: MAIL FROM:<δ@a>\nS: 500")
    assert lab.bench.server.position.state == "ready"


def test_a_name_of_its_own_in_both_forms_and_in_any_case() -> None:
    names = [f"δοκιμή@{SHOWN}", f"ΔΟΚΙΜΉ@{SHOWN}", f"δοκιμη\u0301@{HERE}", f'"δοκιμή"@{HERE.upper()}', "Postmaster"]
    for name in names:
        lab = play(f"{HELLO}{INTERNATIONAL}\nC: RCPT TO:<{name}>\nS: 250 2.1.5")
        assert lab.bench.server._names(lab.bench.server.envelope) in (("δοκιμή",), ("postmaster",))
    stranger = HELLO.replace("me.example", "stranger.example")
    play(f"{stranger}{INTERNATIONAL}\nC: RCPT TO:<δοκιμή@παράδειγμα2.example>\nS: 550 5.7.1 ")


def test_the_sink_takes_any_name() -> None:
    lab = play(f"{HELLO}{INTERNATIONAL}\nC: RCPT TO:<δ@例え.テスト>\nS: 250\nC: DATA\nC: .\nS: 250", "open")
    assert [*lab.mailboxes.letters] == ["δ@例え.テスト"]


# Replies ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("VRFY δοκιμή", "252 2.6.8 "),
        ("VRFY δοκιμή SMTPUTF8", f"250 2.1.5 Δοκιμή <δοκιμή@{SHOWN}>"),
        (f"VRFY <δοκιμή@{SHOWN}> smtputf8", f"250 2.1.5 Δοκιμή <δοκιμή@{SHOWN}>"),
        ("VRFY zoe", f"250 2.1.5 zoe@{HERE}"),
        ("VRFY zoe SMTPUTF8", f"250 2.1.5 Zoë Jones <zoe@{SHOWN}>"),
        ("VRFY ada", f"250 2.1.5 Ada Lovelace <ada@{HERE}>"),
        ("VRFY dora", "252 2.6.8 "),
        ("VRFY dora SMTPUTF8", "251 2.1.5 User not local; will forward to <ντόρα@new.example>"),
        ("VRFY erin", "550 5.6.8 "),
        ("VRFY erin SMTPUTF8", "551 5.1.6 User not local; please try <έριν@new.example>"),
        ("VRFY ουδείς", "550 5.1.1 No mailbox \\x{3BF}\\x{3C5}"),
        ("VRFY ουδείς SMTPUTF8", "550 5.1.1 No mailbox ουδείς here"),
        ("EXPN friends", "252 2.6.8 "),
        ("EXPN φίλοι SMTPUTF8", f"250 2.1.5 Δοκιμή <δοκιμή@{SHOWN}>"),
        ("EXPN nobody", "550 5.1.1 No mailing list nobody"),
        ("NOOP δ", "250 2.0.0 OK"),
        ("HELP δ", "504 5.5.4 No help for \\x{394}"),
        ("MAIL FROM:<με@me.example> SMTPUTF8", "250 2.1.0 Sender <\\x{3BC}\\x{3B5}@me.example> ok"),
    ],
)
def test_which_replies_hold_utf_8(said: str, answer: str) -> None:
    """RFC 6531 section 3.7.4."""
    play(f"{HELLO}C: {said}\nS: {answer}")


def test_several_people_of_one_name() -> None:
    people = {"a": "Ann Jones", "ζ": "Zoë Jones"}
    policy = replace(find_policy("international"), mailboxes=people, lists={})
    play(f"{HELLO}C: VRFY jones\nS: 550 5.6.8 ", policy)
    lab = play(f"{HELLO}C: VRFY jones SMTPUTF8\nS: 553 5.1.4 Zoë Jones <ζ@{SHOWN}>", policy)
    assert lab.bench.client.reply is not None
    assert len(lab.bench.client.reply.lines) == 3


@pytest.mark.parametrize(
    ("name", "without", "with_it"),
    [
        ("dora", "250 2.1.5 Recipient <dora@", "251 2.1.5 User not local; will forward to <ντόρα@new.example>"),
        ("erin", "550 5.6.8 ", "551 5.1.6 User not local; please try <έριν@new.example>"),
    ],
)
def test_who_moved_to_an_address_beyond_us_ascii(name: str, without: str, with_it: str) -> None:
    """RFC 6531 section 3.7.4.1."""
    play(f"{HELLO}{PLAIN}\nC: RCPT TO:<{name}@{HERE}>\nS: {without}")
    play(f"{HELLO}{INTERNATIONAL}\nC: RCPT TO:<{name}@{HERE}>\nS: {with_it}")


def test_who_moved_to_an_address_of_us_ascii_is_told_as_ever() -> None:
    policy = replace(find_policy("international"), moved={"erin": "erin@new.example"})
    play(
        f"{HELLO}{PLAIN}\nC: RCPT TO:<erin@{HERE}>\nS: 551 5.1.6 User not local; please try <erin@new.example>", policy
    )


def test_a_long_reply_is_cut_between_characters() -> None:
    policy = replace(find_policy("international"), mailboxes={"δ": "é" * 400}, lists={})
    lab = play(f"{HELLO}C: VRFY δ SMTPUTF8\nS: 250", policy)
    assert lab.bench.client.reply is not None
    (line,) = lab.bench.client.reply.lines
    assert 500 < len(line) <= 506
    assert line.decode().endswith("é ...")


def test_a_name_in_the_policy_cannot_end_the_reply() -> None:
    policy = replace(find_policy("international"), mailboxes={"δ": "Δ\r\n250 x\x00"}, lists={})
    play(f"{HELLO}C: VRFY δ SMTPUTF8\nS: 250 2.1.5 Δ??250 x? <δ@{SHOWN}>", policy)


# The client ------------------------------------------------------------------------------------------

OFFERS = "250-a;250-8BITMIME;250 SMTPUTF8"
ME, ADA, DELTA = path("me@me.example"), path("ada@lab.example"), path("δοκιμή@lab.example")
LETTER = Delivery(ME, (ADA,), b"Subject: tea\r\n\r\nAt five.\r\n")


def script(delivery: Delivery, *replies: str) -> tuple[list[str], Delivery]:
    """What the client says after each reply, and the delivery as it is then; in replies ; ends a line."""
    client, said = ClientSession(client_dialect()), []
    for reply in replies:
        client.receive("".join(f"{line}\r\n" for line in reply.split(";")).encode())
        octets, delivery = delivery.next(client)
        client.send(octets)
        said.append(octets.decode().removesuffix("\r\n"))
    return said, delivery


NEEDS = {
    "sender": replace(LETTER, reverse_path=path("με@me.example")),
    "sender's domain": replace(LETTER, reverse_path=path("me@bücher.example")),
    "recipient": replace(LETTER, forward_paths=(ADA, DELTA)),
    "header": replace(LETTER, content="Subject: Δ\r\n\r\n".encode()),
    "header of a part": replace(
        LETTER, content="Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nX: Δ\r\n\r\n--b--\r\n".encode()
    ),
}


@pytest.mark.parametrize("delivery", NEEDS.values(), ids=NEEDS)
@pytest.mark.parametrize("hello", [OFFERS, "250-a;250-smtputf8 whatever it means;250 8BITMIME"])
def test_the_client_says_it_where_it_is_needed_and_offered(delivery: Delivery, hello: str) -> None:
    """RFC 6531 sections 3.4 and 3.1: words behind the keyword are as if they were not there."""
    said, _ = script(delivery, "220 a", hello)
    assert set(said[-1].split("> ")[1].split()) == {"BODY=8BITMIME", "SMTPUTF8"}


def test_with_binary_content_it_goes_with_binarymime() -> None:
    """RFC 6531 section 3.6."""
    delivery = replace(LETTER, reverse_path=path("με@me.example"), content=b"A: b\r\n\r\n\n", chunk=10)
    said, _ = script(delivery, "220 a", f"{OFFERS.replace('250 S', '250-S')};250-CHUNKING;250 BINARYMIME")
    assert said[-1] == "MAIL FROM:<με@me.example> SMTPUTF8 BODY=BINARYMIME"


@pytest.mark.parametrize("content", ["Subject: tea\r\n\r\nκαλημέρα\r\n", "Subject: tea\r\n\r\nAt five.\r\n"])
def test_the_client_does_not_say_it_where_it_is_not_needed(content: str) -> None:
    said, _ = script(replace(LETTER, content=content.encode()), "220 a", OFFERS)
    assert "SMTPUTF8" not in said[-1]


@pytest.mark.parametrize("hello", ["250 a", "250-a;250 8BITMIME", "250-a;250 SMTPUTF8"])
@pytest.mark.parametrize(("need", "code"), [("sender", "5.6.7"), ("header", "5.6.9"), ("header of a part", "5.6.9")])
def test_where_it_is_not_offered_with_all_that_it_needs_nothing_is_sent(hello: str, need: str, code: str) -> None:
    """RFC 6531 section 3.2: no downgrade."""
    said, done = script(NEEDS[need], "220 a", hello)
    assert said == ["EHLO me.example", "QUIT"]
    (outcome,) = done.outcomes
    assert not outcome.temporary
    assert outcome.remark.startswith(code) or "8BITMIME" in outcome.remark


def test_where_it_is_not_offered_the_other_recipients_get_the_letter() -> None:
    said, done = script(NEEDS["recipient"], "220 a", "250 a", "250 ok", "250 ok", "354 go", "250 ok", "221 bye")
    assert said[1:4] == ["MAIL FROM:<me@me.example>", "RCPT TO:<ada@lab.example>", "DATA"]
    assert [(outcome.path, outcome.accepted, outcome.temporary) for outcome in done.outcomes] == [
        (ADA, True, False),
        (DELTA, False, False),
    ]
    assert done.outcomes[1].remark == (
        "5.6.7 non-ASCII addresses are not permitted: the server does not offer SMTPUTF8"
    )
    said, done = script(replace(LETTER, forward_paths=(DELTA,)), "220 a", "250 a")
    assert said == ["EHLO me.example", "QUIT"]
    assert [outcome.remark[:5] for outcome in done.outcomes] == ["5.6.7"]


def test_where_it_is_not_offered_a_domain_goes_by_its_a_labels() -> None:
    """RFC 6531 section 3.2: that is not internationalized, and names the same domain."""
    delivery = Delivery(path("me@Bücher.example"), (path("ada@παράδειγμα.example"),), LETTER.content)
    said, done = script(delivery, "220 a", "500 what", "250 a", "250 ok", "250 ok", "354 go", "250 ok")
    assert said[2:4] == ["MAIL FROM:<me@xn--bcher-kva.example>", f"RCPT TO:<ada@{HERE}>"]
    assert [outcome.accepted for outcome in done.outcomes] == [True]


@pytest.mark.parametrize("local", ["\udcff", "a b", ""])
def test_a_local_part_that_is_no_utf_8_is_not_said(local: str) -> None:
    odd = Path(local.encode("utf-8", "surrogateescape"), b"b") if local else Path(b"a", b"\xff")
    with pytest.raises(LocalProtocolError, match="MAIL"):
        script(replace(LETTER, reverse_path=odd), "220 a", OFFERS)


def test_the_client_asks_with_the_parameter_where_it_may() -> None:
    client = ClientSession(client_dialect())
    for reply in (b"220 a\r\n", b"250-a\r\n250 SMTPUTF8\r\n"):
        client.receive(reply)
        client.send(b"EHLO a\r\n" if client.position.state == "initial" else b"")
    asked = client.line("VRFY", string="δ".encode(), parameters=(Parameter("SMTPUTF8"),))
    assert asked == "VRFY δ SMTPUTF8\r\n".encode()
    assert client.line("EXPN", string=b"a") == b"EXPN a\r\n"


@pytest.mark.parametrize("delivery", NEEDS.values(), ids=NEEDS)
def test_both_ends_together(delivery: Delivery) -> None:
    lab = Lab(policy="open")
    lab.deliver(delivery)
    assert lab.bench.delivery is not None
    assert all(outcome.accepted for outcome in lab.bench.delivery.outcomes)
    letter, *others = (letter for letters in lab.mailboxes.letters.values() for letter in letters)
    assert all(other == letter for other in others)
    assert letter.protocol == "UTF8SMTP"
    assert letter.content == delivery.content


# Relaying --------------------------------------------------------------------------------------------


def _hosts(*extensions: str) -> Hosts:
    """The international host, which forwards dora to new.example, and me.example, where letters come from."""
    new = Policy("new", domain="new.example", mailboxes={"ντόρα": "Ντόρα", "bob": "Bob"}, extensions=extensions)
    me = Policy("me", domain="me.example", mailboxes={"me": "Me", "με": "Με"}, extensions=("8BITMIME", "SMTPUTF8"))
    policies = (find_policy("international"), new, me)
    there = [Host(each, server_dialect(each, "rfc2821"), MemoryMailboxes(each.domain)) for each in policies]
    return Hosts(there, client_dialect())


def _sent(hosts: Hosts, delivery: Delivery) -> dict[str, Any]:
    hosts.submit("me.example", delivery)
    hosts.run()
    return {domain: host.mailboxes.letters for domain, host in hosts.hosts.items()}


def test_a_letter_goes_on_with_the_parameter() -> None:
    letters = _sent(_hosts("8BITMIME", "SMTPUTF8"), replace(LETTER, forward_paths=(path(f"dora@{SHOWN}"),)))
    (arrived,) = letters["new.example"]["ντόρα"]
    assert arrived.envelope.international
    assert arrived.protocol == "UTF8SMTP"
    # the letter to dora@U-labels was international as well, and so is its trace
    assert arrived.content.decode().startswith(f"Received: from me.example by {SHOWN} with UTF8SMTP; ")


@pytest.mark.parametrize("sender", ["me@me.example", "με@me.example"])
@pytest.mark.parametrize("extensions", [(), ("8BITMIME",)])
def test_where_the_next_host_lacks_it_the_sender_gets_a_notice(sender: str, extensions: tuple[str, ...]) -> None:
    """RFC 6531 section 3.2: accepted, and then returned."""
    delivery = replace(LETTER, reverse_path=path(sender), forward_paths=(path(f"dora@{HERE}"),))
    letters = _sent(_hosts(*extensions), delivery)
    assert letters["new.example"] == {}
    (notice,) = letters["me.example"][sender.partition("@")[0]]
    assert notice.envelope.reverse_path == Path()
    assert notice.envelope.international == (not sender.isascii())
    text = notice.content.decode()
    assert f"To: <{sender}>" in text
    why = text.partition(f"<dora@{HERE}>: ")[2]
    assert why.startswith(("5.6.", "the letter holds octets above 127"))
    assert "SMTP-Remote-Recipient: \\x{3BD}\\x{3C4}\\x{3CC}\\x{3C1}\\x{3B1}@new.example" in text


def test_a_letter_that_needs_nothing_of_it_goes_on_without() -> None:
    """RFC 6531 section 3.4; it came with the parameter for another recipient's sake."""
    delivery = replace(LETTER, forward_paths=(path(f"δοκιμή@{HERE}"), path("bob@new.example")))
    hosts = _hosts()
    letters = _sent(hosts, delivery)
    assert letters[HERE]["δοκιμή"][0].envelope.international
    (arrived,) = letters["new.example"]["bob"]
    assert not arrived.envelope.international
    assert arrived.content.isascii()


# Storing and showing ---------------------------------------------------------------------------------


def test_a_mailbox_has_a_folder_whatever_it_is_called() -> None:
    names = ["δοκιμή", "δ" * 32 + "@" + "é" * 120, "δ" * 32 + "@" + "é" * 119 + "è", "../δ", "\u202e", "~"]
    folders = [Maildir.folder_name(name) for name in names]
    assert len(set(folders)) == len(names)
    assert all(folder.isascii() and len(folder) <= 255 and "/" not in folder for folder in folders)
    assert folders[0] == "%CE%B4%CE%BF%CE%BA%CE%B9%CE%BC%CE%AE"


def test_a_letter_in_a_maildir(tmp_path: Any) -> None:
    box = Maildir(tmp_path, HERE)
    envelope = Envelope(path("με@me.example"), (path(f"δοκιμή@{SHOWN}"),), (Parameter("SMTPUTF8"),), "MAIL")
    letter = Letter(envelope, client="me.example", protocol="UTF8SMTP", mailboxes=("δοκιμή",))
    draft = box.draft(letter)
    draft.write("Subject: Δ\r\n\r\n".encode())
    draft.commit(letter)
    (file,) = tmp_path.glob("*/new/*")
    lines = file.read_text("utf-8").splitlines()
    assert lines[0] == "Return-Path: <με@me.example>"
    assert lines[1].startswith(f"Received: from me.example by {SHOWN} with UTF8SMTP;")


def test_spans_of_the_json_are_in_characters() -> None:
    said = ["S: 220 a", "C: EHLO me", "S: 250-a", "S: 250-8BITMIME", "S: 250 SMTPUTF8"]
    said += ["C: MAIL FROM:<Δοκιμή@例え.example> SMTPUTF8", "S: 250 ok"]
    records = [json.loads(line) for line in annotate_lines((f"{line}\n".encode() for line in said), "rfc2821", "json")]
    record = next(each for each in records if each["text"].startswith("MAIL"))
    spans = {each["id"]: each["span"] for each in record["rules"]}
    shown = {rule: record["text"][slice(*span)] for rule, span in spans.items() if span}
    assert shown["rfc6531:3.3/local-part-utf8"] == "Δοκιμή"
    assert shown["rfc6531:3.3/domain-u-label"] == "例え.example"
    assert shown["rfc6531:3.1/smtputf8-parameter"] == "SMTPUTF8"
    assert record["violations"] == []


def test_what_a_transcript_of_a_server_without_it_shows() -> None:
    said = ["S: 220 a", "C: EHLO me", "S: 250-a", "S: 250 8BITMIME", "C: MAIL FROM:<δ@a.example>", "S: 250 ok"]
    records = [json.loads(line) for line in annotate_lines((f"{line}\n".encode() for line in said), "rfc2821", "json")]
    broken = {each["id"] for record in records for each in record["violations"]}
    assert "rfc6531:3.2/utf8-address-needs-offer" in broken


def test_what_may_follow_the_name() -> None:
    lab = play(HELLO)
    client = lab.bench.client

    def words(line: str, offered: tuple[str, ...]) -> list[str]:
        return [each.text for each in suggest(line, client.position, client.dialect, offered, Names())]

    offered = tuple(client.offered)
    assert words("VRFY δ S", offered) == ["SMTPUTF8"]
    assert words("EXPN φίλοι ", offered) == ["SMTPUTF8"]
    assert words("VRFY δ S", ()) == []
    assert "SMTPUTF8" in words("MAIL FROM:<δ@a> ", offered)
    (one,) = suggest("VRFY δ SM", client.position, client.dialect, offered, Names())
    assert ("VRFY δ SM"[: one.start] + one.text, one.reason) == ("VRFY δ SMTPUTF8", "")


# Anything --------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        "MAIL FROM:<",
        "RCPT TO:<",
        "VRFY ",
        "EXPN ",
        "> ",
        ">",
        "@",
        "SMTPUTF8",
        "BODY=8BITMIME",
        '"',
        " ",
        ".",
        HERE,
        SHOWN,
    ]
)
LINES = st.lists(WORDS | st.text(max_size=4), max_size=8).map("".join).map(lambda text: text.encode("utf-8", "replace"))


@given(st.lists(LINES | st.binary(max_size=30), max_size=6))
def test_any_lines_are_answered_in_us_ascii_unless_it_was_allowed(lines: list[bytes]) -> None:
    lab = play(HELLO)
    for line in lines:
        octets = line.replace(b"\r", b"").replace(b"\n", b"")
        before = lab.bench.server.envelope
        crossings = lab.send(octets)
        reply = lab.bench.server.reply
        assert lab.bench.server.position.state in STATES
        assert reply is not None
        if lab.bench.server.position.closed or lab.bench.server.in_content:
            return
        if b"SMTPUTF8" not in octets.upper() and not lab.bench.server.envelope.international:
            assert all(text.isascii() for text in reply.lines)
        if reply.severity == 5:
            assert lab.bench.server.envelope == before
        assert b"\x1b" not in b"".join(crossing.event.octets for crossing in crossings if crossing.speaker == "server")
