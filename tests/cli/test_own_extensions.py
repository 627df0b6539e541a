"""`extensions new`, `check` and `page`, and an extension of one's own with the commands that play and serve."""

import json
import smtplib
import subprocess
import sys

import pytest

from esmtp_lab.cli import extensions as group
from esmtp_lab.commands.define import check, definition, specified, write_definition
from esmtp_lab.commands.extensions import look
from esmtp_lab.errors import DataError
from esmtp_lab.extensions.loading import load
from esmtp_lab.extensions.registry import NOW, THEN, registries
from esmtp_lab.lab import Lab

from .test_net_commands import serving

SCRIPT = "C: EHLO me.example\nS: 250\nC: XDELAY hello\nS: 250 2.0.0 PONG hello\n"


def lab(*arguments: str, folder, lines: str = "") -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "esmtp_lab", *arguments]
    return subprocess.run(program, input=lines, capture_output=True, text=True, check=False, cwd=folder)


@pytest.fixture
def file(tmp_path):
    """A definition that was just begun."""
    return write_definition("xdelay", str(tmp_path / "mine.toml"), force=False)


def test_what_new_writes_passes_check_and_is_played(tmp_path):
    done = lab("extensions", "new", "XDELAY", folder=tmp_path)
    assert done.stdout.startswith("xdelay.toml is written. Change it; then esmtp-lab extensions check xdelay.toml")
    assert lab("extensions", "check", "xdelay.toml", folder=tmp_path).returncode == 0
    played = lab("run", "--extension", "xdelay.toml", "-", folder=tmp_path, lines=SCRIPT)
    assert played.returncode == 0, played.stdout
    assert (
        "XDELAY: The server answers XDELAY, and takes XDELAY-MARK on MAIL. (local, a local agreement)" in played.stdout
    )
    piped = lab("--extension", "xdelay.toml", folder=tmp_path, lines="EHLO a\nMAIL FROM:<a@b> XDELAY-MARK=1\n")
    assert "S: 250 2.1.0 Sender <a@b> ok" in piped.stdout
    without = lab("run", "-", folder=tmp_path, lines=SCRIPT)
    assert without.returncode == 1 and "S: 500 5.5.2" in without.stdout


def test_new_writes_over_nothing(tmp_path):
    for arguments, status in (((), 0), ((), 2), (("--force",), 0)):
        done = lab("extensions", "new", "XDELAY", "a.toml", *arguments, folder=tmp_path)
        assert done.returncode == status
        assert ("is there already. Name another file, or write over it with --force" in done.stderr) == (status == 2)
    with pytest.raises(DataError, match="cannot be written"):
        write_definition("XDELAY", str(tmp_path / "no" / "x.toml"), force=True)


@pytest.mark.parametrize("keyword", ["XPONG", "x-1", "XTRACE", "XPONGXPING", "X" + "Y" * 60])
def test_any_local_keyword_gets_a_definition(keyword, tmp_path):
    path = write_definition(keyword, str(tmp_path / "x.toml"), force=False)
    assert [said.right for said in check([path])] == [True]
    extension = load(path)
    assert extension.ehlo_keyword == keyword.upper()
    session = Lab(extensions=[path])
    assert session.send("EHLO a")[-1].event.octets == f"250 {keyword.upper()}\r\n".encode()
    assert session.send(f"{extension.forms[0].verb} x")[-1].event.octets == b"250 2.0.0 PONG x\r\n"


@pytest.mark.parametrize(
    ("keyword", "message"),
    [
        ("DELAY", "keyword 'DELAY': DELAY is not registered with IANA, .*Write \"XDELAY\""),
        ("SIZE", "SIZE belongs to a registered extension; .* Write .XSIZE"),
        ("X DELAY", "is no ehlo-keyword"),
        ("", "is no ehlo-keyword"),
        ('X"', "is no ehlo-keyword"),
        ("XÄ", "is no ehlo-keyword"),
        ("XPING", "belongs to XPONG"),
        ("X" * 600, "a reply line at most 512"),
    ],
)
def test_a_keyword_that_cannot_be_is_refused(keyword, message):
    with pytest.raises(DataError, match=message):
        definition(keyword)


def test_check_says_file_key_section_and_what_to_write(tmp_path, file):
    bad = tmp_path / "bad.toml"
    bad.write_text(definition("XBAD").replace("verbs.XBAD", "verbs.BAD").replace("MAIL = 43", "MAIL = 4"), "utf-8")
    done = lab("extensions", "check", "mine.toml", "bad.toml", "none.toml", folder=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "mine.toml: XDELAY is as RFC 1869 section 4 and RFC 2821 section 2.2.2 ask"
    assert any(line.startswith("bad.toml: verbs.BAD: ") and line.endswith('Write "XBAD"') for line in lines)
    wanted = "bad.toml: line_growth.MAIL: 4 octets do not hold the longest parameters, 43 (XBAD-MARK) (RFC 1869 section"
    assert any(line.startswith(wanted) and line.endswith("Write 43") for line in lines)
    assert lines[-1].startswith("none.toml: cannot be read")


def test_files_are_looked_at_beside_each_other(tmp_path, file):
    other = tmp_path / "other.toml"
    other.write_text(definition("XOTHER").replace("[mail.XOTHER-MARK]", "[mail.XDELAY-MARK]"), "utf-8")
    assert all(said.right for said in check([str(other)]))
    found = [said.text for said in check([file, str(other)]) if not said.right]
    assert found == [f"{other}: mail.XDELAY-MARK: belongs to XDELAY (RFC 2821 section 2.2.2). Choose another name"]


def test_a_check_needs_a_file(tmp_path):
    assert lab("extensions", "check", folder=tmp_path).returncode == 2


def test_the_page_of_a_file_and_of_a_keyword(tmp_path, file):
    done = lab("extensions", "page", "mine.toml", folder=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("XDELAY: Ping, by agreement with partner.example\n")
    markdown = lab("extensions", "page", "mine.toml", "--format", "markdown", folder=tmp_path).stdout
    assert (
        markdown.startswith("# XDELAY: Ping") and "## 7. Growth of command lines\n\n* 45 octets on MAIL\n" in markdown
    )
    assert max(map(len, specified(file, columns=40))) <= 40
    assert any("BDAT SP chunk-size" in line for line in specified("chunking"))
    for name in ("XNOBODY", str(tmp_path / "none.toml")):
        with pytest.raises(DataError, match=r"is neither a file nor spoken by the lab; there are SIZE|cannot be read"):
            list(specified(name))


def test_a_keyword_is_shown_with_its_file(tmp_path, file):
    for arguments in (("XDELAY", "--extension", "mine.toml"), ("--extension", "mine.toml", "xdelay")):
        done = lab("extensions", *arguments, folder=tmp_path)
        assert done.returncode == 0
        assert "Verbs           XDELAY [SP string]" in done.stdout
    (line,) = lab(
        "extensions", "XDELAY", "--extension", "mine.toml", "--format", "json", folder=tmp_path
    ).stdout.splitlines()
    entry = json.loads(line)
    assert (entry["keyword"], entry["rfc"], entry["server"], entry["client"]) == ("XDELAY", None, True, True)
    assert (entry["verbs"], entry["line_growth"]) == (["XDELAY"], {"MAIL": 45})
    missing = lab("extensions", "XDELAY", folder=tmp_path)
    assert missing.returncode == 2 and "local by its X" in missing.stderr


def test_local_ones_stand_behind_the_registry(file):
    mine = (load(file),)
    listed = [json.loads(line)["keyword"] for line in look(form="json", own=mine)]
    assert listed == [*registries()[NOW].entries, "XPONG", "XDELAY"]
    assert "Behind them: 2 local, in no registry." in "\n".join(look(own=mine))
    then = "\n".join(look(registry=THEN, own=mine))
    assert "XDELAY" not in then and "Behind them" not in then


def test_no_keyword_has_the_name_of_a_command():
    for registry in registries().values():
        assert not {each.lower() for each in registry.entries} & {*group.commands}


@pytest.mark.parametrize("arguments", [("chunking", "--registry", "now"), ("--registry", "now", "chunking")])
def test_options_stand_where_they_like(arguments, tmp_path):
    assert "BDAT" in lab("extensions", *arguments, folder=tmp_path).stdout


def test_two_keywords_are_one_too_many(tmp_path):
    done = lab("extensions", "size", "chunking", folder=tmp_path)
    assert done.returncode == 2 and "No such command 'chunking'" in done.stderr


def test_help_of_group_and_commands(tmp_path):
    assert "--registry [now|1998]" in lab("extensions", "--help", folder=tmp_path).stdout
    assert "KEYWORD is that of the EHLO reply" in lab("extensions", "new", "-h", folder=tmp_path).stdout


def test_a_file_that_cannot_be_used_is_told_and_nothing_begins(tmp_path):
    (tmp_path / "bad.toml").write_text("version = 1\n", "utf-8")
    for arguments in (
        ("run", "--extension", "bad.toml", "-"),
        ("serve", "--extension", "bad.toml"),
        ("extensions", "--extension", "bad.toml"),
    ):
        done = lab(*arguments, folder=tmp_path, lines="NOOP\n")
        assert done.returncode == 2
        assert "esmtp-lab: bad.toml: " in done.stderr and "more: esmtp-lab extensions check bad.toml" in done.stderr


def test_a_server_offers_it_and_foreign_software_uses_it(file):
    """smtplib reads the reply to EHLO, sends the parameter, and says the verb."""
    with serving("--extension", file) as (port, _), smtplib.SMTP("127.0.0.1", port) as client:
        client.ehlo("me.example")
        assert client.has_extn("xdelay")
        assert client.docmd("XDELAY", "hello") == (250, b"2.0.0 PONG hello")
        assert client.mail("me@me.example", ["XDELAY-MARK=abc"])[0] == 250
        assert client.rcpt("ada@lab.example")[0] == 250
        assert client.data(b"Subject: x\r\n\r\nhello\r\n")[0] == 250
    with serving() as (port, _), smtplib.SMTP("127.0.0.1", port) as client:
        client.ehlo("me.example")
        assert not client.has_extn("xdelay")
        assert client.docmd("XDELAY", "hello")[0] == 500
        assert client.mail("me@me.example", ["XDELAY-MARK=abc"])[0] == 501


def test_a_host_file_says_its_era(tmp_path):
    (tmp_path / "old.toml").write_text('version = 1\ndomain = "old.example"\nera = "rfc821"\n', "utf-8")
    script = "C: EHLO a\nS: 500\n"
    assert lab("run", "--host", "old.toml", "-", folder=tmp_path, lines=script).returncode == 0
    told = lab("run", "--host", "old.toml", "--era", "rfc2821", "-", folder=tmp_path, lines=script)
    assert told.returncode == 1 and "S: 250 old.example greets a" in told.stdout
    with serving("--policy", str(tmp_path / "old.toml")) as (port, _), smtplib.SMTP("127.0.0.1", port) as client:
        assert client.ehlo("a")[0] == 500
