"""Reports on a real channel: they stand beside the letters, whatever the mailboxes are, and cost no memory."""

import asyncio
import errno
import smtplib
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest
from click.testing import CliRunner

from esmtp_lab.cli import main
from esmtp_lab.mailbox.maildir import Maildir, MaildirDraft
from esmtp_lab.mailbox.memory import Discard
from esmtp_lab.protocol.policy import find_policy
from esmtp_lab.protocol.transaction import HEAD, Letter
from tests.protocol.reading import read_report

from .test_storing import MEGABYTE, child

__all__ = ["child"]

LETTER = b"Subject: hi\r\n\r\nhello\r\n"
MAIL = ["RET=FULL", "ENVID=QQ+20314159"]
RCPT = ["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;Ada+2Bx@lab.example"]


def sent_by_smtplib(port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="me.example", timeout=20) as client:
        client.ehlo()
        assert client.has_extn("dsn")
        client.sendmail("me@me.example", ["ada@lab.example"], LETTER, mail_options=MAIL, rcpt_options=RCPT)


def sent_by_aiosmtplib(port: int) -> None:
    async def send() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, local_hostname="me.example", timeout=20) as client:
            sent = ("me@me.example", ["ada@lab.example"], LETTER)
            await client.sendmail(*sent, mail_options=MAIL, rcpt_options=RCPT)

    asyncio.run(send())


@pytest.mark.parametrize("send", [sent_by_smtplib, sent_by_aiosmtplib])
def test_programs_of_others_ask_for_reports(serving: Any, send: Any) -> None:
    server = serving("reports")
    send(server.port)
    server.stop()
    (told,) = server.contents("me@me.example")
    report = read_report(told)
    assert report.letter["Original-Envelope-Id"] == "QQ 314159"
    assert report.letter["Received-From-MTA"] == "dns; me.example ([127.0.0.1])"
    (fields,) = report.recipients
    assert fields["Original-Recipient"] == "rfc822; Ada+x@lab.example"
    assert (fields["Final-Recipient"], fields["Action"]) == ("rfc822; ada@lab.example", "delivered")
    assert report.returned == b"Subject: hi\r\n"


def asked(port: int, *arguments: str, file: Path) -> Any:
    who = ["--from", "bob@lab.example", "--rcpt", "ada@lab.example"]
    return CliRunner().invoke(main, ["send", "--to", f"127.0.0.1:{port}", *who, *arguments, str(file)])


def test_our_own_client_asks_for_reports(serving: Any, letter_file: Path) -> None:
    server = serving("reports")
    wishes = ["--notify", "success,Delay", "--ret", "hdrs", "--envid", "a b+c", "--orcpt", "--by", "60;n"]
    done = asked(server.port, *wishes, file=letter_file)
    assert done.exit_code == 0, done.output
    server.stop()
    said = b"".join(server.said("client"))
    assert b" RET=HDRS ENVID=a+20b+2Bc BY=60;N\r\n" in said
    assert b"RCPT TO:<ada@lab.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;ada@lab.example\r\n" in said
    (told,) = server.contents("bob")
    assert read_report(told).letter["Original-Envelope-Id"] == "a b+c"


def test_where_dsn_is_not_offered_the_letter_goes_without(serving: Any, letter_file: Path) -> None:
    server = serving("lab")
    done = asked(server.port, "--notify", "success", "--envid", "x", file=letter_file)
    assert done.exit_code == 0, done.output
    server.stop()
    assert b"RCPT TO:<ada@lab.example>\r\n" in server.said("client")
    assert set(server.memory.letters) == {"ada"}


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (["--notify", "always"], "NOTIFY=ALWAYS: is not what it should be"),
        (["--notify", "never,success"], "NOTIFY=NEVER,SUCCESS"),
        (["--envid", "x" * 95], "ENVID=xxx"),
        (["--envid", "a\nb"], "ENVID=a+0Ab: is not"),
        (["--by", "0;R"], "BY=0;R: is not what it should be: BY=seconds"),
        (["--by", "soon"], "BY=SOON"),
    ],
)
def test_what_cannot_be_asked_for_is_not_sent(wish: list[str], why: str, letter_file: Path) -> None:
    done = asked(1, *wish, file=letter_file)
    assert done.exit_code not in (0, 1)
    assert why in done.output


# Where reports are kept --------------------------------------------------------------------------------


def ask(wire: Any, port: int, content: bytes, domain: str = "lab.example") -> bytes:
    """The answer to a letter whose sender wants to hear of success."""
    channel = wire(port)
    channel.reply()
    for line in (b"EHLO me.example", b"MAIL FROM:<me@me.example>", b"RCPT TO:<ada@%b> NOTIFY=SUCCESS"):
        channel.ask(line % domain.encode() if b"%" in line else line)
    channel.ask(b"DATA")
    channel.send(content + b".\r\n")
    answer = channel.reply()
    channel.close()
    return answer


def test_a_report_beside_a_letter_on_disk(serving: Any, wire: Any, tmp_path: Path) -> None:
    """The letter is not in memory; what the report returns was kept as it came."""
    server = serving("reports", mailboxes=Maildir(tmp_path, "lab.example"))
    header = b"Subject: hi\r\nX: " + b"y" * 70 + b"\r\n"
    assert ask(wire, server.port, header + b"\r\nhello\r\n").startswith(b"250")
    server.stop()
    (file,) = (tmp_path / "me@me.example" / "new").iterdir()
    stored = file.read_bytes().replace(b"\n", b"\r\n")
    first, _, content = stored.partition(b"\r\n")
    assert first == b"Return-Path: <>"
    assert read_report(content).returned == header
    assert len(list((tmp_path / "ada" / "new").iterdir())) == 1


def test_a_report_on_100_megabytes_takes_no_memory(child: Any, wire: Any, tmp_path: Path) -> None:
    server = child(str(tmp_path))
    block = (b"X: " + b"x" * 70 + b"\r\n") * 900
    before = server.memory()
    assert ask(wire, server.port, b"A: b\r\n" + block * (100 * MEGABYTE // len(block)), "open.example")[:3] == b"250"
    assert server.memory() - before < 8 * MEGABYTE
    (file,) = (tmp_path / "me@me.example" / "new").iterdir()
    assert HEAD / 2 < len(file.read_bytes()) < 2 * HEAD


class Full(Maildir):
    """Mailboxes that have room for letters and none for reports."""

    def draft(self, letter: Letter) -> MaildirDraft:
        """A draft whose commit fails where the letter was written here."""
        draft = super().draft(letter)
        if not letter.protocol:
            draft.abort()
            draft._failure = OSError(errno.ENOSPC, "no room")
        return draft


def test_a_report_that_cannot_be_stored_takes_no_letter_with_it(serving: Any, wire: Any, tmp_path: Path) -> None:
    server = serving("reports", mailboxes=Full(tmp_path, "lab.example"))
    assert ask(wire, server.port, LETTER).startswith(b"250")
    server.stop()
    assert len(list((tmp_path / "ada" / "new").iterdir())) == 1
    assert not list(tmp_path.glob("me@me.example/*/*"))


def test_a_host_that_keeps_nothing_keeps_no_reports(serving: Any, wire: Any) -> None:
    server = serving("reports", mailboxes=Discard())
    assert ask(wire, server.port, LETTER).startswith(b"250")
    server.stop()


def test_a_letter_in_chunks_is_reported_as_any_other(serving: Any, wire: Any, tmp_path: Path) -> None:
    server = serving(replace(find_policy("open"), domain="lab.example"), mailboxes=Maildir(tmp_path, "lab.example"))
    channel = wire(server.port)
    channel.reply()
    for line in (b"EHLO me.example", b"MAIL FROM:<me@me.example>", b"RCPT TO:<ada@lab.example> NOTIFY=SUCCESS"):
        channel.ask(line)
    for chunk in (b"Subj", b"ect: hi\r", b"\n\r\nhello\r\n"):
        channel.send(b"BDAT %d\r\n" % len(chunk) + chunk)
        assert channel.reply().startswith(b"250")
    assert channel.ask(b"BDAT 0 LAST").startswith(b"250")
    channel.close()
    server.stop()
    (file,) = (tmp_path / "me@me.example" / "new").iterdir()
    report = read_report(file.read_bytes().replace(b"\n", b"\r\n").partition(b"\r\n")[2])
    assert report.returned == b"Subject: hi\r\n"
