"""`serve` and `send` as programs: they talk to each other, to swaks and to smtplib, and stop when told."""

import os
import re
import shutil
import signal
import smtplib
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

LAB = [sys.executable, "-m", "esmtp_lab"]


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[int, list[str]]]:
    """The port of a running server, and (when it has stopped) what it wrote."""
    said: list[str] = []
    process = subprocess.Popen([*LAB, "serve", "--port", "0", *arguments], stdout=-1, stderr=-1, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    first = (process.stderr if "--quiet" in arguments else process.stdout).readline()
    try:
        match = re.search(r"port (\d+)", first)
        assert match, first
        yield int(match[1]), said
    finally:
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=20)
        said += output.splitlines()
        assert process.returncode == 0, errors
        assert "Traceback" not in errors


def send(port: int, *arguments: str, letter: bytes = b"Subject: hi\n\n.dot\n") -> subprocess.CompletedProcess[bytes]:
    command = [*LAB, "send", "--to", f"127.0.0.1:{port}", "--from", "me@me.example", *arguments, "-"]
    return subprocess.run(command, input=letter, capture_output=True, check=False)


def test_send_delivers_to_serve_and_both_explain():
    with serving() as (port, said):
        done = send(port, "--rcpt", "ada@lab.example")
    assert done.returncode == 0
    sent = done.stdout.decode()
    assert "C: RCPT TO:<ada@lab.example>\n# " in sent
    assert "<ada@lab.example>: accepted: 250 2.0.0 OK, 21 octets taken for ada" in sent
    assert "1 C: MAIL FROM:<me@me.example> SIZE=21" in said
    assert "1 C: ..dot" in said
    assert any(line.startswith("1 # ") and "RFC 2821" in line for line in said)


def test_exit_statuses_of_send(tmp_path):
    with serving("--quiet", "--mailbox", str(tmp_path)) as (port, said):
        some = send(port, "--quiet", "--rcpt", "ada@lab.example", "--rcpt", "<nobody@lab.example>")
        later = send(port, "--quiet", "--rcpt", "carol@lab.example")
        mixed = send(port, "--quiet", "--rcpt", "carol@lab.example", "--rcpt", "nobody@lab.example")
    assert (some.returncode, later.returncode, mixed.returncode) == (1, 75, 1)
    assert said == []
    assert some.stdout.decode().splitlines() == [
        "<ada@lab.example>: accepted: 250 2.0.0 OK, 21 octets taken for ada",
        "<nobody@lab.example>: refused: 550 5.1.1 No mailbox <nobody@lab.example> here",
    ]
    (letter,) = (tmp_path / "ada" / "new").iterdir()
    assert letter.read_bytes().endswith(b"\nSubject: hi\n\n.dot\n")
    nobody_there = send(port, "--rcpt", "ada@lab.example")
    assert nobody_there.returncode == 75
    assert b"no channel to" in nobody_there.stderr


def test_nothing_leaves_the_machine_unasked():
    done = send(25, "--rcpt", "a@b", "--to", "192.0.2.1:25")
    assert done.returncode == 2
    assert b"--allow-remote" in done.stderr
    assert send(25, "--rcpt", "a@b", "--to", "nonsense").returncode == 2


def test_an_old_server_and_a_user_with_a_password():
    with serving("--era", "rfc821") as (port, _), smtplib.SMTP("127.0.0.1", port) as client:
        assert client.ehlo("me.example")[0] == 500
        assert client.helo("me.example") == (250, b"lab.example")
    with serving("--user", "zoe:secret", "--quiet") as (port, _), smtplib.SMTP("127.0.0.1", port) as client:
        assert client.login("zoe", "secret")[0] == 235
        assert client.sendmail("me@me.example", ["zoe@lab.example"], b"hello\r\n") == {}


def test_the_live_view_masks_passwords_and_shortens_letters():
    with serving("--user", "zoe:secret") as (port, said), smtplib.SMTP("127.0.0.1", port) as client:
        client.ehlo("a")
        client.user, client.password = "zoe", "secret"
        assert client.auth("PLAIN", client.auth_plain)[0] == 235
        client.sendmail("me@me.example", ["zoe@lab.example"], b"x\r\n" * 500)
    assert "1 # and 401 lines more" in said
    assert any(line.startswith("1 C: AUTH ") and line.endswith("****") for line in said)


def test_a_policy_from_a_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('version = 1\ndomain = "mine.example"\nmailboxes = { zoe = "Zoe" }\nextensions = ["SIZE"]\n')
    with serving("--policy", str(file), "--quiet") as (port, _), smtplib.SMTP("127.0.0.1", port) as client:
        assert client.ehlo("a")[1].splitlines() == [b"mine.example greets a", b"SIZE 10485760"]


def test_swaks_delivers_and_the_letter_is_kept(tmp_path):
    if not shutil.which("swaks"):
        if os.environ.get("CI"):
            pytest.fail("swaks is not here")
        pytest.skip("NOT TESTED: swaks is not here")
    with serving("--mailbox", str(tmp_path)) as (port, said):
        command = ["swaks", "--server", f"127.0.0.1:{port}", "--to", "ada@lab.example", "--body", "hello\n.dot"]
        assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    (letter,) = Path(tmp_path / "ada" / "new").iterdir()
    assert b"\n.dot\n" in letter.read_bytes()
    assert any(line.startswith("1 C: EHLO ") for line in said)


# TLS -----------------------------------------------------------------------------------------------


@contextmanager
def serving_tls(*arguments: str) -> Iterator[tuple[int, str]]:
    """The port of a running server, and the file that vouches for its certificate."""
    process = subprocess.Popen([*LAB, "serve", "--port", "0", "--quiet", *arguments], stderr=-1, text=True)
    assert process.stderr is not None
    port = re.search(r"port (\d+)", process.stderr.readline())
    file = re.search(r"verifies it by (\S+)$", process.stderr.readline())
    try:
        assert port
        assert file
        assert os.access(file[1], os.R_OK)
        yield int(port[1]), file[1]
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        process.stderr.close()
        assert file
        assert not os.path.exists(file[1]), "what vouched for this run is gone with it"


@pytest.mark.parametrize("arguments", [("--tls",), ("--policy", "secure"), ("--policy", "tls-only", "--tls")])
def test_a_letter_under_tls(arguments):
    with serving_tls(*arguments) as (port, authority):
        done = send(port, "--rcpt", "ada@lab.example", "--tls", "require", "--ca", authority)
        assert done.returncode == 0, done.stderr
        assert re.search(rb"^C: STARTTLS\n(?:# .*\n)*S: 220 .*\n(?:# .*\n)*=== tls with TLSv1", done.stdout, re.M)
        assert b"<ada@lab.example>: accepted: 250" in done.stdout
        assert done.stdout.count(b"\nC: EHLO ") == 2
        named = send(port, "--rcpt", "ada@lab.example", "--tls", "try", "--ca", authority, "--to", f"localhost:{port}")
        assert named.returncode == 0, named.stderr
        anybody = send(port, "--rcpt", "ada@lab.example", "--tls", "require", "--no-verify", "--quiet")
        assert anybody.returncode == 0, anybody.stderr
        stranger = send(port, "--rcpt", "ada@lab.example", "--tls", "try", "--quiet")
        assert stranger.returncode == 75
        assert stranger.stdout.startswith(
            b"<ada@lab.example>: not delivered: no TLS: the certificate does not verify: unable to get local issuer"
        )
        assert stranger.stdout.endswith(b"; try again later\n")


def test_a_letter_that_requires_tls():
    with serving_tls("--policy", "secure") as (port, authority):
        done = send(port, "--rcpt", "ada@lab.example", "--requiretls", "--ca", authority)
        assert done.returncode == 0, done.stderr
        assert b"C: MAIL FROM:<me@me.example> SIZE=21 REQUIRETLS\n" in done.stdout
    with serving_tls("--tls") as (port, authority):
        done = send(port, "--rcpt", "ada@lab.example", "--requiretls", "--ca", authority, "--quiet")
        assert (done.returncode, b"5.7.30 REQUIRETLS support required" in done.stdout) == (1, True)
    assert send(port, "--rcpt", "a@b", "--requiretls", "--no-verify").returncode == 2


def test_nothing_goes_to_a_server_without_tls():
    with serving("--quiet") as (port, _):
        done = send(port, "--rcpt", "ada@lab.example", "--tls", "require")
    assert done.returncode == 75
    assert b"not delivered: no TLS: it is not offered, and nothing is sent in clear; try again later" in done.stdout
    assert b"MAIL FROM" not in done.stdout


# What the client has besides -------------------------------------------------------------------------


def _tool(port: int, *arguments: str, password: str | None = None) -> subprocess.CompletedProcess[bytes]:
    """`send` by somebody without a terminal."""
    command = [*LAB, "send", "--to", f"127.0.0.1:{port}", "--from", "me@me.example", "--rcpt", "ada@lab.example"]
    environment = {key: value for key, value in os.environ.items() if key != "ESMTP_LAB_PASSWORD"}
    if password is not None:
        environment["ESMTP_LAB_PASSWORD"] = password
    return subprocess.run(
        [*command, *arguments, "-"],
        input=b"Subject: hi\n\nhello\n",
        capture_output=True,
        check=False,
        env=environment,
        start_new_session=True,
    )


def test_who_has_a_password_can_log_in(tmp_path):
    file = tmp_path / "password"
    file.write_text("secret\r\nand a remark\n")
    with serving("--policy", "submission", "--quiet") as (port, _):
        assert _tool(port).returncode == 1
        for told in (("--password-file", str(file)), ()):
            done = _tool(port, "--user", "zoe", *told, password=None if told else "secret")
            assert done.returncode == 0, done.stderr
            assert b"C: AUTH SCRAM-SHA-256" in done.stdout
            assert b"S: 235 2.7.0" in done.stdout
            assert b"secret" not in done.stdout + done.stderr
        wrong = _tool(port, "--user", "zoe", "--quiet", password="nonsense")
        assert (wrong.returncode, b"535 5.7.8" in wrong.stdout) == (1, True)


def test_a_password_that_nobody_can_be_asked_for_is_not_read_from_the_letter(tmp_path):
    with serving("--policy", "submission", "--quiet") as (port, _):
        for told, why in (((), b"has no password"), (("--password-file", str(tmp_path / "none")), b"cannot be read")):
            done = _tool(port, "--user", "zoe", *told)
            assert done.returncode == 2
            assert why in done.stderr
    for lonely in (("--password-file", "x"), ("--auth-in-clear",)):
        assert b"go with --user" in _tool(25, *lonely).stderr


def test_a_password_is_asked_for_at_the_terminal(monkeypatch):
    import getpass

    from click.testing import CliRunner

    from esmtp_lab.cli import main

    monkeypatch.delenv("ESMTP_LAB_PASSWORD", raising=False)
    monkeypatch.setattr(getpass, "getpass", lambda: "secret")
    with serving("--policy", "submission", "--quiet") as (port, _):
        command = ["send", "--to", f"127.0.0.1:{port}", "--from", "me@me.example", "--rcpt", "ada@lab.example"]
        done = CliRunner().invoke(main, [*command, "--user", "zoe", "--quiet", "-"], input=b"x\n")
    assert (done.exit_code, done.stdout) == (0, "<ada@lab.example>: accepted: 250 2.0.0 OK, 3 octets taken for ada\n")


def test_a_password_crosses_in_clear_only_where_that_is_said(tmp_path):
    file = tmp_path / "plain.toml"
    choices = 'extensions = ["AUTH"]\nmechanisms = ["PLAIN"]\nclear_text = true\naccept = "any"\n'
    file.write_text(f'version = 1\n{choices}passwords = {{ zoe = "secret" }}\n')
    with serving("--policy", str(file), "--quiet") as (port, _):
        kept = _tool(port, "--user", "zoe", password="secret")
        assert (kept.returncode, b"AUTH PLAIN ****" in kept.stdout) == (1, False)
        said = _tool(port, "--user", "zoe", "--auth-in-clear", password="secret")
        assert (said.returncode, b"C: AUTH PLAIN ****" in said.stdout) == (0, True)


def test_chunks_from_the_command_line():
    with serving("--policy", "open", "--quiet") as (port, _):
        done = _tool(port, "--chunk", "10")
        assert done.stdout.count(b"C: BDAT ") == 3
    with serving("--quiet") as (port, _):
        done = _tool(port, "--chunk", "10")
        assert (done.returncode, b"C: BDAT" in done.stdout, b"C: DATA" in done.stdout) == (0, False, True)
    assert _tool(25, "--chunk", "0").returncode == 2


def test_a_priority_from_the_command_line():
    with serving("--policy", "urgent", "--quiet") as (port, _):
        asked = _tool(port, "--priority", "-3")
        assert b"C: MAIL FROM:<me@me.example> SIZE=22 MT-PRIORITY=-3\n" in asked.stdout
        lowered = _tool(port, "--priority", "9")
        assert b"S: 250 2.3.6 0 is the new priority" in lowered.stdout
        member = _tool(port, "--priority", "4", "--user", "zoe", password="secret")
        assert b"S: 250 2.1.0 Sender" in member.stdout
        assert b"5.7.15" in _tool(port, "--priority", "-9", "--quiet").stdout
    with serving("--quiet") as (port, _):
        done = _tool(port, "--priority", "4")
        assert (done.returncode, b"MT-PRIORITY" in done.stdout) == (0, False)
    assert _tool(25, "--priority", "10").returncode == 2


def test_a_queue_is_asked_for_behind_the_letter():
    with serving("--policy", "provider", "--quiet") as (port, _):
        done = _tool(port, "--etrn", "branch.example", "--etrn", "@com", "--etrn", "#uucp", "--quiet")
    assert done.returncode == 0
    assert done.stdout.decode().splitlines()[1:] == [
        "branch.example: 253 2.0.0 OK, 14 pending messages for node branch.example started",
        "@com: 459 4.7.1 Node @com not allowed: no letters are kept for it here",
        "#uucp: 253 2.0.0 OK, 3 pending messages for node #uucp started",
    ]
    with serving("--quiet") as (port, _):
        done = _tool(port, "--etrn", "branch.example", "--quiet")
        assert b"branch.example: not asked for: the server does not offer ETRN" in done.stdout
    short = _tool(25, "--etrn", "branch")
    assert (short.returncode, b"a fully qualified domain name" in short.stderr) == (2, True)


def test_a_certificate_of_ones_own(tmp_path):
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    files = ("--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem"))
    with serving("--quiet", *files) as (port, _), smtplib.SMTP("localhost", port) as client:
        client.starttls(context=ssl.create_default_context(cafile=tmp_path / "ca.pem"))
        assert client.sendmail("me@me.example", ["ada@lab.example"], b"hello\r\n") == {}
    for wrong in (("--tls-key", "x"), ("--tls-cert", str(tmp_path / "none.pem"))):
        done = subprocess.run([*LAB, "serve", *wrong], capture_output=True, check=False)
        assert done.returncode == 2
        assert b"--tls-key goes with" in done.stderr or b"are no certificate and its key" in done.stderr
    done = send(port, "--rcpt", "a@b", "--tls", "try", "--ca", str(tmp_path / "none.pem"))
    assert done.returncode == 2
    assert b"is no certificate in PEM" in done.stderr


def test_a_password_is_not_asked_for_in_clear_where_tls_can_be_had():
    with serving_tls("--tls", "--user", "zoe:secret") as (port, authority), smtplib.SMTP("localhost", port) as client:
        client.ehlo("a")
        assert client.esmtp_features["auth"].split() == ["SCRAM-SHA-256", "CRAM-MD5"]
        client.starttls(context=ssl.create_default_context(cafile=authority))
        assert client.login("zoe", "secret")[0] == 235
