"""The command line: what each command writes, and its exit status. Run as the programs that they are."""

import json
import os
import subprocess
import sys

import pytest

FIVE = "EHLO me.example\nMAIL FROM:<me@me.example>\nRCPT TO:<ada@lab.example>\nDATA\nSubject: hi\n\n# not a remark\n.\n"


def lab(*arguments: str, lines: str | bytes = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "esmtp_lab", *arguments],
        input=lines.encode() if isinstance(lines, str) else lines,
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
    )


def objects(done: subprocess.CompletedProcess[bytes]) -> list[dict]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_piped_lines_give_an_annotated_transcript_that_reads_back():
    first = lab(lines=FIVE)
    assert first.returncode == 0
    text = first.stdout.decode()
    assert text.startswith("=== connected to lab.example (era rfc2821)\nS: 220 lab.example ESMTP ready\n# ")
    assert "\nC: # not a remark\n" in text
    assert "RFC 2821 §" in text
    assert "# mailbox ada: 1 letter\n" in text
    again = lab("run", "-", lines=first.stdout)
    assert again.returncode == 0
    assert again.stdout == first.stdout


def test_a_script_that_comes_out_otherwise_gives_one():
    done = lab("run", "-", lines="C: EHLO a\nS: 250\nC: XYZZY\nS: 250\n> server=mail\n")
    assert done.returncode == 1
    assert b"# MISMATCH in line 4: expected '250', got '500" in done.stdout
    assert b"# MISMATCH in line 5: expected server=mail, found server=ready" in done.stdout
    assert lab("run", "-", "--format", "json", lines="C: NOOP\nS: 500\n").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "lines", "message"),
    [
        (("run", "/nonexistent/file"), "", "No such file"),
        (("run", "-", "--era", "rfc1"), "", "is not one of"),
        (("run", "-", "--host", "nosuch"), "", "there is no such policy"),
        (("run", "-"), "> colour=red\n", "asks for none of"),
        (("lessons", "run", "99"), "", "there is no such lesson"),
        (("send", "--from", "a@b", "--rcpt", "no brackets>", "-"), "x", "is no path"),
        (("serve", "--host", "192.0.2.1"), "", "--allow-remote"),
        (("serve", "--user", "zoe"), "", "NAME:PASSWORD"),
    ],
)
def test_what_cannot_be_read_gives_two_and_no_traceback(arguments, lines, message):
    done = lab(*arguments, lines=lines)
    assert done.returncode == 2
    assert message in done.stderr.decode()
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command",
    [(), ("run",), ("annotate",), ("rules",), ("extensions",), ("compare",), ("serve",), ("send",), ("lessons", "run")],
)
def test_every_command_has_help_with_examples(command):
    done = lab(*command, "--help")
    assert done.returncode == 0
    assert b"Examples:" in done.stdout


def test_annotate_gives_one_object_for_each_line_of_protocol():
    transcript = (
        b"Trying 192.0.2.1...\nS: 220 mail.example ESMTP\nC: EHLO me.example\nS: 250-mail.example\nS: 250 SIZE 100\n"
        b"C: MAIL FROM: <a@b>\r\nS: 250 ok\nC: RCPT TO:<caf\xc3\xa9\xff@b>\nS: 501 no\nC: DATA\nS: 503 no\n"
        b"C: QUIT\nS: 221 bye\n"
    )
    found = objects(lab("annotate", "--format", "json", lines=transcript))
    assert [each["line"] for each in found] == list(range(2, 14))
    assert {each["dir"] for each in found} == {"C", "S"}
    assert found[4]["text"] == "MAIL FROM: <a@b>"
    assert found[4]["violations"][0]["side"] == "client"
    assert found[6]["text"] == r"RCPT TO:<café\xff@b>"
    assert found[0]["state"] == {"client": "initial", "server": "initial"}
    assert found[-1]["state"] == {"client": "closed", "server": "closed"}
    for each in found:
        assert each.keys() == {"line", "dir", "text", "rules", "violations", "misconceptions", "state"}
        for rule in each["rules"] + each["violations"]:
            assert isinstance(rule["rfc"], int)
            assert rule["id"].startswith(f"rfc{rule['rfc']}:{rule['section']}/")
            if rule["span"] is not None:
                start, end = rule["span"]
                assert 0 <= start <= end <= len(each["text"])


def test_annotate_knows_content_and_groups():
    transcript = (
        "C: EHLO a\nS: 250-x\nS: 250 PIPELINING\nC: MAIL FROM:<a@b>\nC: RCPT TO:<c@d>\nC: DATA\n"
        "S: 250 ok\nS: 250 ok\nS: 354 go\nC: Subject: x\nC: \nC: ..dot\nC: .\nS: 250 ok\n"
    )
    found = objects(lab("annotate", "--format", "json", lines=transcript))
    states = {each["line"]: each["state"]["server"] for each in found}
    assert (states[1], states[8], states[9], states[12], states[14]) == ("initial", "rcpt", "data", "data", "ready")
    assert any(rule["id"].endswith("/transparency-dot") or "dot" in rule["id"] for rule in found[11]["rules"])
    assert not any(each["violations"] for each in found)


def test_annotate_survives_anything():
    done = lab(
        "annotate",
        "--format",
        "json",
        lines=b"C:\nS:\nC: \x1b[31m\nS: \xff\xfe\nS\\: \\x\nC: DATA\n" + bytes(range(256)),
    )
    assert done.returncode == 0
    assert b"\x1b" not in done.stdout
    text = lab("annotate", lines=b"S: 220 \x1b]0;x\x07\xe2\x80\xae\n")
    assert b"\x1b" not in text.stdout
    assert "\u202e" not in text.stdout.decode()


def test_era_changes_what_is_cited():
    old = objects(
        lab("run", "-", "--era", "rfc821", "--client-era", "rfc821", "--format", "json", lines="HELO a\nQUIT\n")
    )
    assert {rule["rfc"] for each in old for rule in each["rules"]} <= {821, 1123}
    assert old[1]["line"] == 1
    assert old[-1]["state"] == {"client": "closed", "server": "closed"}


def test_passwords_are_masked():
    lines = "EHLO a\nAUTH PLAIN AHpvZQBzZWNyZXQ=\n"
    done = lab("run", "-", lines=lines)
    assert b"AHpvZQ" not in done.stdout
    assert b"C: AUTH PLAIN ****" in done.stdout


def test_lessons_from_the_command_line():
    assert b"One letter" in lab("lessons", "list").stdout
    assert "one-letter" in [each["id"] for each in objects(lab("lessons", "list", "--format", "json"))]
    right = "HELO a\nMAIL FROM: <a@b>\nMAIL FROM:<a@b>\nRCPT TO:<ada@lab.example>\nDATA\n.\n"
    assert lab("lessons", "run", "3", lines=right).returncode == 0
    wrong = lab("lessons", "run", "one-letter", lines="HELO a\nMAIL FROM:a@b\n")
    assert wrong.returncode == 1
    assert b"The brackets are part of the path" in wrong.stdout
    assert lab("lessons", "run", "3", "--task", "question", lines="/answer b\n").returncode == 0
    assert lab("lessons", "run", "3", lines="/nonsense\n").returncode == 2
    assert lab("lessons", "run", "3", "--task", "x", lines="NOOP\n").returncode == 2


def test_a_lesson_of_ones_own_from_the_command_line(tmp_path):
    own = ("--lessons", str(tmp_path))
    assert lab("lessons", "new", "mine", *own).returncode == 0
    assert lab("lessons", "new", "mine", "--number", "1", *own).returncode == 2
    script = "C: EHLO me.example\nS: 250\nC: VRFY ada\n"
    assert lab("lessons", "record", "-", "--id", "seen", *own, lines=script).returncode == 0
    assert [each["id"] for each in objects(lab("lessons", "list", "--format", "json", *own))] == ["mine", "seen"]
    assert lab("lessons", "check", "seen", "--walks", "0", *own).returncode == 0
    (tmp_path / "02-seen" / "stray").write_text("")
    assert lab("lessons", "check", "seen", "--walks", "0", *own).returncode == 1


def test_progress_from_the_command_line(tmp_path):
    here = {"ESMTP_LAB_PROGRESS": str(tmp_path / "progress.json")}
    assert b"One letter: 0 of 3" in lab("lessons", "progress", **here).stdout
    other = str(tmp_path / "other.json")
    assert lab("lessons", "progress", "--export", other, **here).returncode == 0
    assert lab("lessons", "progress", "--import", other, **here).returncode == 0
    assert lab("lessons", "progress", "--wipe", **here).returncode == 0
    assert lab("lessons", "progress", "--wipe", "--export", other, **here).returncode == 2
    assert lab("lessons", "report", "--name", "Zoe", **here).stdout.startswith(b"report of Zoe: 0 of ")


def test_output_fits_any_encoding():
    done = lab(lines="NOOP\n", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert done.stdout.isascii()


def test_what_was_begun_and_not_ended_is_written_and_reads_back():
    begun = "HELO a\nMAIL FROM:<a@b.c>\nRCPT TO:<ada@lab.example>\nDATA\nhi\nyou\n"
    first = lab(lines=begun)
    assert b"\nC: hi\nC: you\n# the content is not ended" in first.stdout
    assert lab(lines=first.stdout).stdout == first.stdout
    begun = begun.replace("DATA", "BDAT 12").replace("HELO", "EHLO")
    first = lab("run", "-", "--host", "open", lines=begun)
    assert b"\nC: hi\nC: you\n# the chunk is not ended: 3 octets" in first.stdout
    assert lab("run", "-", "--host", "open", lines=first.stdout).stdout == first.stdout
    part = lab(lines="NOOP\nC\\: NO\n")
    assert b"\nC\\: NO\n# that is no line yet" in part.stdout
    assert lab(lines=part.stdout).stdout == part.stdout


def test_two_sessions_in_one_file():
    one = lab(lines=FIVE + "QUIT\n").stdout
    done = lab("run", "-", lines=one + one)
    assert done.returncode == 0
    assert done.stdout.count(b"=== connected to lab.example") == 2


def test_json_has_the_number_of_each_line_and_the_mismatches():
    done = lab("run", "-", "--format", "json", lines=FIVE + "S: 500\n")
    assert done.returncode == 1
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["line"] for each in found if each.get("dir") == "C"] == list(range(1, 9))
    assert found[-1] == {"line": 9, "mismatch": "expected '500', got '250 2.0.0 OK, 31 octets taken for ada'"}


def test_nothing_that_acts_on_a_terminal_is_written():
    lines = b'EHLO a\nMAIL FROM:<a@b.c>\nRCPT TO:<"\x1b[31m\x07"@x.example>\nDATA\n.\n#! \x1b[31m\n> \x1b[31m=1\n'
    for done in (lab("run", "-", "--host", "open", lines=lines), lab("send", "--from", "\x1b@b", "--rcpt", "a@b", "-")):
        assert b"\x1b" not in done.stdout + done.stderr
        assert b"\x07" not in done.stdout + done.stderr


@pytest.mark.parametrize(("letter", "message"), [(b"a\rb\n", "BARE CR at octet 1"), (b"a\0b\n", "NUL at octet 1")])
def test_send_refuses_what_no_letter_may_hold(letter, message):
    done = lab("send", "--from", "a@b", "--rcpt", "a@b", "-", lines=letter)
    assert done.returncode == 2
    assert message in done.stderr.decode()
