"""Lab commands in lines that are piped in or stand in a script."""

import json

import pytest

from tests.cli.test_cli import lab, objects

SESSION = r"""EHLO me.example
/undo
/host partner
EHLO me.example
XPING hello
/era rfc821
/expect 500
EHLO me.example
/raw NOOP\r\n
/restart
HELO me.example
MAIL FROM:<me@me.example>
RCPT TO:<grace@partner.example>
DATA
/no command
.
C: /sent
QUIT
"""
RAW = "# /raw NOOP\\r\\n\n"


def test_lab_commands_are_played_and_the_transcript_reads_back():
    first = lab(lines=SESSION)
    assert first.returncode == 0, first.stderr
    text = first.stdout.decode()
    assert "\n/undo\n/host partner\n=== connected to partner.example (era rfc2821)\nS: 220 partner.example" in text
    assert "\n/era rfc821\n=== connected to partner.example (era rfc821" in text
    assert "\n# you expected 500, and so it is\n" in text
    assert f"\n{RAW}C: NOOP\n" in text and text.count("C: NOOP\n") == 1
    assert "\nC: /no command\n" in text and "\nC: /sent\n" in text
    again = lab("run", "-", lines=first.stdout)
    assert again.returncode == 0
    assert again.stdout.decode() == text.replace(RAW, "")


def test_as_json_a_lab_command_is_an_object_of_its_own():
    found = objects(lab("run", "-", "--format", "json", lines="NOOP\n/undo\nNOOP\n"))
    assert {"line": 2, "lab": "/undo"} in found and len(found) == 6
    annotated = lab("annotate", lines="\n".join(map(json.dumps, found)) + "\n")
    assert annotated.stdout.decode().count("C: NOOP") == 2


@pytest.mark.parametrize("line", ["/mail", "/noop", "/predict on", "/"])
def test_one_that_a_script_may_not_hold_is_refused_with_the_way_out(line):
    done = lab(lines=f"NOOP\n{line}\nNOOP\n")
    assert done.returncode == 2 and b"C: NOOP" in done.stdout
    assert f"{line}: is no lab command of a script; there are /restart, " in done.stderr.decode()
    assert f"C: {line} is for the server" in done.stderr.decode()


def test_a_wrong_argument_is_refused():
    done = lab(lines="/era rfc1\n")
    assert done.returncode == 2 and b"there are rfc821" in done.stderr
