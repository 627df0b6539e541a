"""`annotate` as a program: what it is given, what it says of it, and its exit status."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from esmtp_lab.commands.verdict import Verdict, is_grammar
from esmtp_lab.rules.book import book

SAMPLES = Path(__file__).parents[1] / "readers" / "samples"
GOOD = "S: 220 lab.example ESMTP ready\nC: NOOP\nS: 250 OK\n"
GRAMMAR = "S: 220 lab.example ESMTP ready\nC: EHLO a\nS: 250 lab.example\nC: MAIL FROM: <a@b.example>\nS: 501 no\n"
MUST_NOT = GRAMMAR.replace("M: ", "M:").replace("501 no", "250 ok") + "C: MAIL FROM:<a@b.example>\nS: 503 no\n"


def annotate(*arguments: str, lines: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "esmtp_lab", "annotate", *arguments]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(command, input=lines, capture_output=True, text=True, check=False, env=environment)


def test_any_file_is_told_apart_by_itself():
    for name in ("swaks-postfix-refused", "curl-exim-letter", "smtplib-lab-asks"):
        done = annotate(str(SAMPLES / f"{name}.txt"))
        assert done.returncode == 0
        assert done.stderr == ""
        assert "\nC: EHLO me.example\n# " in done.stdout or "\nC: ehlo me.example\n# " in done.stdout


def test_json_of_another_format_has_the_numbers_of_its_lines():
    path = SAMPLES / "swaks-lab-refused.txt"
    lines = path.read_text().splitlines()
    for each in map(json.loads, annotate(str(path), "--format", "json").stdout.splitlines()):
        assert lines[each["line"] - 1].endswith(each["text"])


@pytest.mark.parametrize(("lines", "must"), [(GOOD, 0), (GRAMMAR, 1), (MUST_NOT, 1)])
def test_strict(lines, must):
    assert annotate(lines=lines).returncode == 0
    done = annotate("--strict", lines=lines)
    assert done.returncode == must
    assert done.stdout == annotate(lines=lines).stdout
    assert done.stderr.count("\n") >= 2 * must
    assert bool(done.stderr) == bool(must)


def test_the_summary_says_who_broke_what_how_often_and_where():
    done = annotate("--strict", lines=MUST_NOT)
    (line,) = [line for line in done.stderr.splitlines() if "rfc2821:4.1.4/mail-once" in line]
    assert line.startswith("  1 × by the client, line 6: ")
    assert line.endswith(" (MUST NOT, RFC 2821 §4.1.4, rfc2821:4.1.4/mail-once)")
    again = annotate("--strict", lines=GRAMMAR + 7 * "C: MAIL FROM: <a@b.example>\nS: 501 no\n")
    (line,) = [line for line in again.stderr.splitlines() if "rfc2821:4.1.2/path-brackets" in line]
    assert line.startswith("  8 × by the client, lines 4, 6, 8, 10, 12, …: ")
    assert line.endswith(" (grammar, RFC 2821 §4.1.2, rfc2821:4.1.2/path-brackets)")


def test_should_is_asked_for_by_name():
    # a server that offers the finer codes, and an older way to say who one is
    rule = next(rule for rule in book().rules if rule.broken and rule.level.startswith("SHOULD"))
    verdicts = {strict: Verdict(strict) for strict in ("", "must", "should")}
    from esmtp_lab.commands.witness import lab_of
    from esmtp_lab.tutor.witness import Witness, play_witness

    witness = Witness(rule, True)
    lab = lab_of(witness)
    for crossing in play_witness(witness, lab.bench)[0]:
        for event in lab.lines(crossing):
            for verdict in verdicts.values():
                verdict.hear(1, event)
    assert any(rule.id in line for line in verdicts["should"].summary())
    assert not any(rule.id in line for line in verdicts["must"].summary())
    assert verdicts[""].good
    assert annotate("--strict=should", lines=GOOD).returncode in (0, 1)
    assert annotate("--strict=may", lines=GOOD).returncode == 2


def test_strict_takes_no_word_that_stands_apart():
    path = SAMPLES / "swaks-lab-refused.txt"
    assert annotate("--strict", str(path)).returncode in (0, 1)
    assert annotate("--strict", "--", "--strict").stderr.count("No such file") == 1


def test_the_grammar_is_what_the_form_of_one_line_breaks():
    counted = {rule.id for rule in book().rules if is_grammar(rule)}
    assert "rfc2821:4.1.2/path-brackets" in counted
    assert "rfc821:4.1.1/mail-once" not in counted
    assert all(book().by_id[each].level == "states" for each in counted)


def test_where_nothing_is_read_that_is_said():
    for lines in ("", "no dialogue\nat all\n"):
        done = annotate(lines=lines)
        assert (done.returncode, done.stdout) == (0, "")
        assert "no line of a dialogue was found; what can be read: C: and S: lines" in done.stderr
        assert annotate("--strict", lines=lines).returncode == 2


def test_json_is_json_whatever_the_octets_and_the_encoding():
    lines = "S: 220 \x7f \x85 \u202e \U000e0041 é \\x9f\n"
    for encoding in ("utf-8", "ascii", "latin-1"):
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        command = [sys.executable, "-m", "esmtp_lab", "annotate", "--format", "json"]
        done = subprocess.run(command, input=lines.encode(), capture_output=True, check=True, env=environment)
        assert json.loads(done.stdout)["text"] == lines[3:-1]
        assert done.stdout.isascii()


def test_registries_explain_offers_and_refusals():
    offers = "S: 250-a.example\nS: 250-LIMITS RCPTMAX=9\nS: 250-XCLIENT NAME\nS: 250 PRDR\n"
    done = annotate(lines=f"S: 220 a.example\nC: EHLO b.example\n{offers}C: VRFY x\nS: 550 5.1.1 no\n")
    lines = done.stdout.splitlines()
    assert "# LIMITS: The server announces limits that it works by. (registered, RFC 9422)" in lines
    assert any(line.startswith("# XCLIENT: By its X a local extension") for line in lines)
    assert any(line.startswith("# PRDR: Neither registered") and line.endswith("registry)") for line in lines)
    assert any(line.startswith("# 5.1.1: Failed for good: there is no such mailbox") for line in lines)
    broken = [line for line in lines if line.startswith("# !!")]
    assert len(broken) == 1 and "PRDR" in broken[0]
    remarks = [line.startswith("#") for line in lines if line not in broken]
    assert all(not (one and two and three) for one, two, three in zip(remarks, remarks[1:], remarks[2:], strict=False))
