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
