"""Sessions as transcripts, played by both ends: what each era and each host answers."""

from dataclasses import replace

import pytest

from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.policy import find_policy
from esmtp_lab.protocol.replies import catalogue

ORDINARY = """
S: 220 lab.example ESMTP ready
> client=initial
> server=initial
C: EHLO me.example
S: 250-lab.example greets me.example
S: 250-SIZE 10485760
S: 250-8BITMIME
S: 250-PIPELINING
S: 250-ENHANCEDSTATUSCODES
S: 250-EXPN
S: 250 HELP
> client=ready
> server=ready
> offered=SIZE,8BITMIME,PIPELINING,ENHANCEDSTATUSCODES,EXPN,HELP
C: MAIL FROM:<me@me.example>
S: 250 2.1.0 Sender <me@me.example> ok
> server=mail
> reverse-path=<me@me.example>
C: RCPT TO:<ada@lab.example>
S: 250 2.1.5 Recipient <ada@lab.example> ok
> server=rcpt
> recipients=1
C: DATA
S: 354 Start mail input; end with <CRLF>.<CRLF>
> client=data
C: Subject: hello
C:
C: ..hidden
C: .
S: 250 2.0.0 OK, 27 octets taken for ada
> server=ready
> recipients=0
> mailbox.ada=1
C: QUIT
S: 221 2.0.0 lab.example Service closing transmission channel
> client=closed
> server=closed
"""


def test_an_ordinary_session(plays):
    lab = plays(ORDINARY)
    assert lab.mailboxes.octets("ada") == (
        b"Return-Path: <me@me.example>\r\n"
        b"Received: from me.example by lab.example with ESMTP; Sun, 9 Sep 2001 01:46:40 +0000\r\n"
        b"Subject: hello\r\n\r\n.hidden\r\n",
    )


def test_a_session_of_1982(plays):
    lab = plays(
        """
S: 220 lab.example Simple Mail Transfer Service Ready
C: EHLO me.example
S: 500 Command unrecognized
> client=initial
> server=initial
C: HELO me.example
S: 250 lab.example
> offered=
C: MAIL FROM:<me@me.example>
S: 250 OK
C: RCPT TO:<ada@lab.example>
S: 250 OK
C: DATA
S: 354 Start mail input; end with <CRLF>.<CRLF>
C: Hi
C: .
S: 250 OK, 4 octets taken for ada
C: QUIT
S: 221
""",
        era="rfc821",
    )
    assert b"with SMTP ;" in lab.mailboxes.octets("ada")[0]


def test_out_of_order_changes_nothing(plays):
    plays(
        """
C: MAIL FROM:<a@b>
S: 503
C: RCPT TO:<ada@lab.example>
S: 503
C: DATA
S: 503
> server=initial
C: NOOP
S: 250
C: RSET
S: 250
> server=initial
C: EHLO a
S: 250
C: RCPT TO:<ada@lab.example>
S: 503
C: DATA
S: 503
C: MAIL FROM:<a@b>
S: 250
C: MAIL FROM:<c@d>
S: 503
> reverse-path=<a@b>
C: DATA
S: 503
> server=mail
C: RSET
S: 250
> server=ready
> reverse-path=
"""
    )


def test_a_second_greeting_resets(plays):
    plays(
        """
C: EHLO a
S: 250
C: MAIL FROM:<a@b>
S: 250
C: RCPT TO:<ada@lab.example>
S: 250
C: EHLO a
S: 250
> server=ready
> recipients=0
C: HELO a
S: 250
> offered=
C: MAIL FROM:<a@b> SIZE=1
S: 501
"""
    )


@pytest.mark.parametrize("era", ["rfc821", "rfc2821"])
def test_the_common_refusals(plays, era):
    plays(
        """
C: HELO a
S: 250
C: XYZZY
S: 500
C: HELO
S: 501
C: MAIL FROM: <a@b>
S: 501
C: MAIL FROM:a@b
S: 501
C: TURN
S: 502
C: SEND FROM:<a@b>
S: 502
C: HELP NOSUCH
S: 504
C: MAIL FROM:<a@b>
S: 250
C: RCPT TO:<nobody@lab.example>
S: 550
C: RCPT TO:<ada@elsewhere.example>
S: 550
C: RCPT TO:<carol@lab.example>
S: 450
C: RCPT TO:<fred@lab.example>
S: 452
C: RCPT TO:<erin@lab.example>
S: 551
> server=mail
C: RCPT TO:<dora@lab.example>
S: 251
C: RCPT TO:<POSTMASTER>
S: 250
C: RCPT TO:<friends@lab.example>
S: 250
> recipients=3
C: VRFY ada
S: 250
C: VRFY jones
S: 553
C: VRFY dora
S: 251
C: VRFY erin
S: 551
C: VRFY nobody
S: 550
C: EXPN friends
S: 250
C: EXPN ada
S: 550
C: DATA
S: 354
C: .
S: 250
> mailbox.ada=1
> mailbox.bob=1
> mailbox.postmaster=1
> mailbox.dora@new.example=1
""",
        era=era,
    )


def test_lists_and_help_answer_in_lines(plays):
    plays(
        """
C: HELO a
S: 250
C: EXPN friends
S: 250-2.1.5 Ada Lovelace <ada@lab.example>
S: 250 2.1.5 Bob Jones <bob@lab.example>
C: VRFY Jones
S: 553-5.1.4 Ambiguous; possibilities are
S: 553-5.1.4 Bob Jones <bob@lab.example>
S: 553 5.1.4 Carol Jones <carol@lab.example>
C: HELP MAIL
S: 214-2.0.0 MAIL SP "FROM:"reverse-path [SP parameters]
S: 214 2.0.0 open a transaction: the reverse-path, where notices go
"""
    )


def test_size_is_refused_before_an_octet_is_sent(plays):
    plays(
        """
C: EHLO a
S: 250
C: MAIL FROM:<a@b> SIZE=10485761
S: 552 5.3.4 The letter is larger than 10485760 octets
> server=ready
C: MAIL FROM:<a@b> SIZE=10485760 BODY=8BITMIME
S: 250
C: RSET
S: 250
C: MAIL FROM:<a@b> SIZE=many
S: 501
C: MAIL FROM:<a@b> SIZE=1 SIZE=1
S: 501
C: MAIL FROM:<a@b> BODY=BINARY
S: 501
C: MAIL FROM:<a@b> NOSUCH
S: 501
C: RCPT TO:<ada@lab.example> SIZE=1
S: 503
"""
    )


def test_the_local_extension_works_where_it_was_agreed(plays):
    agreed = """
C: EHLO a
S: 250
C: XPING hello
S: {ping}
C: MAIL FROM:<a@b> XTRACE=abc123
S: {trace}
"""
    plays(agreed.format(ping="250 2.0.0 PONG hello", trace="250"), policy="partner")
    plays(agreed.format(ping="500", trace="501"), policy="lab")
    plays("C: HELO a\nS: 250\nC: XPING\nS: 503", policy="partner")


def test_a_line_of_wrong_octets_is_one_bad_line(plays):
    lab = plays(
        r"""
C\: NOOP\n
C\: NOOP\r\n
S: 500
C\: NOOP\rNOOP\r\n
S: 500
C\: NOOP \x00\r\n
S: 500
C\: NOOP caf\xc3\xa9\r\n
S: 500
C\: NO
C\: OP\r\n
S: 250
"""
    )
    assert [each.kind for each in lab.bench.log[1].event.deviations] == ["bare-lf"]


def test_line_lengths(plays):
    for length, code in ((512, 250), (513, 500)):
        plays(f"C: NOOP {'x' * (length - 7)}\nS: {code}")
    # SIZE lets a MAIL line grow by 26 octets
    path = b"<" + b"a" * 60 + b"@" + b"b" * 60 + b">"
    line = b"MAIL FROM:" + path + b" SIZE=00000000000000000001"
    plays(f"C: EHLO a\nS: 250\nC: {line.decode()}{' ' * (538 - 2 - len(line))}\nS: 250")
    plays(f"C: EHLO a\nS: 250\nC: {line.decode()}{' ' * (539 - 2 - len(line))}\nS: 500")


def test_too_many_recipients(plays):
    many = "\n".join(f"C: RCPT TO:<ada@lab.example>\nS: {code}" for code in [250] * 100 + ["{code}"])
    for era, code in (("rfc821", 552), ("rfc2821", 452)):
        plays("C: HELO a\nS: 250\nC: MAIL FROM:<a@b>\nS: 250\n" + many.format(code=code), era=era)


def test_the_sink_takes_everything(plays):
    lab = plays(
        """
C: EHLO a
S: 250
C: VRFY anyone
S: 252
C: MAIL FROM:<>
S: 250
C: RCPT TO:<who@ever.example>
S: 250
C: RCPT TO:<someone@open.example>
S: 250
C: DATA
S: 354
C: x
C: .
S: 250
""",
        policy="open",
    )
    assert set(lab.mailboxes.letters) == {"who@ever.example", "someone"}


def test_group_of_commands(plays):
    plays(
        r"""
C: EHLO a
S: 250
C\: MAIL FROM:<a@b>\r\nRCPT TO:<ada@lab.example>\r\nRCPT TO:<nobody@lab.example>\r\nDATA\r\n
S: 250
S: 250
S: 550
S: 354
C\: hello\r\n.\r\nQUIT\r\n
S: 250
S: 221
> mailbox.ada=1
"""
    )


def test_seven_bits_were_promised(plays):
    promise = (
        "C: EHLO a\nS: 250\nC: MAIL FROM:<a@b> BODY={}\nS: 250\nC: RCPT TO:<ada@lab.example>\nS: 250\nC: DATA\nS: 354\n"
    )
    plays(promise.format("7BIT") + "C\\: caf\\xe9\\r\\n.\\r\\n\nS: 554 5.6.1 Octets above 127 without BODY=8BITMIME")
    plays(promise.format("8BITMIME") + "C\\: caf\\xe9\\r\\n.\\r\\n\nS: 250")


TRUTH = {
    # who: at the terminal?  SEND, SOML, SAML: where the letter goes
    "ada": (["ada (terminal)"], ["ada (terminal)"], ["ada", "ada (terminal)"]),
    "bob": (None, ["bob"], ["bob"]),
    "postmaster": (None, ["postmaster"], ["postmaster"]),
}


@pytest.mark.parametrize("era", list(ERAS))
@pytest.mark.parametrize("name", TRUTH)
def test_sending_and_mailing(plays, era, name):
    """RFC 821 section 3.4: to the terminal, or the mailbox, or both."""
    for verb, places in zip(("SEND", "SOML", "SAML"), TRUTH[name], strict=True):
        begin = f"C: HELO a\nS: 250\nC: {verb} FROM:<a@b>\nS: 250\nC: RCPT TO:<{name}@lab.example>\n"
        if places is None:
            plays(f"{begin}S: 450", era=era, policy="classic")
        else:
            lab = plays(f"{begin}S: 250\nC: DATA\nS: 354\nC: x\nC: .\nS: 250", era=era, policy="classic")
            assert list(lab.mailboxes.letters) == places


def test_a_transaction_of_one_kind_is_no_other(plays):
    plays(
        "C: HELO a\nS: 250\nC: SEND FROM:<a@b>\nS: 250\nC: MAIL FROM:<a@b>\nS: 503\nC: RSET\nS: 250", policy="classic"
    )


CODES = [211, 214, 220, 221, 250, 251, 252, 354, 421, 450, 451, 452, 500, 501, 502, 503, 504, 550, 551, 552, 553, 554]


@pytest.mark.parametrize("code", CODES)
def test_every_reply_code_of_the_standard_can_be_had_by_policy(plays, code):
    """RFC 2821 section 4.2.2: whatever a lesson needs, a policy can have the server say."""
    key = next(key for key, entry in catalogue().entries.items() if entry.code("rfc2821") == code)
    policy = replace(find_policy("lab"), answers={"VRFY": key})
    plays(f"C: EHLO a\nS: 250\nC: VRFY anybody\nS: {code}", policy=policy)


def test_a_greeting_of_several_lines(plays):
    policy = replace(find_policy("lab"), banner=("be kind", "be brief"))
    plays("S: 220-lab.example ESMTP ready\nS: 220-be kind\nS: 220 be brief\nC: EHLO a\nS: 250", policy=policy)


def test_who_proved_who_they_are_is_in_the_time_stamp(plays):
    """RFC 3848: SMTP, ESMTP, ESMTPA."""
    begin = "C: MAIL FROM:<a@b>\nS: 250\nC: RCPT TO:<ada@lab.example>\nS: 250\nC: DATA\nS: 354\nC: .\nS: 250"
    proof = "C: EHLO a\nS: 250\nC: AUTH PLAIN AHpvZQBzZWNyZXQ=\nS: 235"
    for hello, word in (("C: HELO a\nS: 250", "SMTP"), ("C: EHLO a\nS: 250", "ESMTP"), (proof, "ESMTPA")):
        lab = plays(f"{hello}\n{begin}", policy="members")
        assert f" with {word}; ".encode() in lab.mailboxes.octets("ada")[0]


def test_a_policy_can_answer_for_the_lone_dot(plays):
    begin = "C: HELO a\nS: 250\nC: MAIL FROM:<a@b>\nS: 250\nC: RCPT TO:<ada@lab.example>\nS: 250\nC: DATA\nS: 354\n"
    for key, code in (("not-stored", 451), ("too-large", 552), ("no-recipients", 554)):
        policy = replace(find_policy("lab"), answers={"END_OF_DATA": key})
        lab = plays(f"{begin}C: x\nC: .\nS: {code}\n> server=ready", policy=policy)
        assert lab.mailboxes.letters == {}


def test_where_the_policy_lets_content_come_without_a_recipient(plays):
    """RFC 2920 section 3.1: with 354 after all, the lone dot is answered 554."""
    policy = replace(find_policy("lab"), data_without_recipients="start-content")
    plays("C: EHLO a\nS: 250\nC: MAIL FROM:<a@b>\nS: 250\nC: DATA\nS: 354\nC: .\nS: 554\n> server=ready", policy=policy)


def test_a_client_that_was_refused_can_only_leave(plays):
    plays("S: 554\nC: NOOP\nS: 503\nC: MAIL FROM:<a@b>\nS: 503\nC: QUIT\nS: 221\n> client=closed", policy="no-service")
