"""`compare`: one script under the four eras."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from esmtp_lab.commands.columns import beside, width, wrapped
from esmtp_lab.commands.compare import Step, compare_script, steps
from esmtp_lab.protocol.era import ERAS

LETTER = """EHLO me.example
MAIL FROM:<me@me.example>
RCPT TO:<ada@lab.example>
DATA
Subject: hi

# not a remark
> one
two
.
AUTH PLAIN AHpvZQBzZWNyZXQ=
QUIT
NOOP
"""


def play(script: str, policy: str = "lab") -> list[Step]:
    return list(steps([line.encode() for line in script.splitlines()], policy))


def written(script: str, columns: int | None = None, form: str = "text") -> list[str]:
    return list(compare_script([line.encode() for line in script.splitlines()], "lab", form, columns))


def test_a_letter_under_the_four_eras():
    found = play(LETTER)
    assert [step.number for step in found] == list(range(14))
    assert found[0].text == "=== connected"
    ehlo, mail, *_ = found[1:]
    assert ehlo.differs == "code"
    assert {era: answer.codes for era, answer in ehlo.answers.items()} == {
        "rfc821": (500,),
        "rfc1869": (250,),
        "rfc2821": (250,),
        "rfc5321": (250,),
    }
    assert mail.answers["rfc821"].codes == (503,)
    for step in found:
        assert list(step.answers) == list(ERAS)
        assert sorted(era for group in step.groups for era in group.eras) == sorted(ERAS)
        assert all(group.rules for group in step.groups if step.differs and group.answer.sent)


def test_each_difference_has_the_rules_of_its_era():
    found = play("EHLO me.example\n")[1]
    old, new = found.groups
    assert old.eras == ("rfc821",)
    assert {citation.rule.rfc for citation in old.rules} <= {821, 1123}
    assert not {each.rule.lineage for each in old.rules} & {each.rule.lineage for each in new.rules}


def test_content_goes_only_to_those_who_asked_for_it():
    found = {step.number: step for step in play(LETTER)}
    assert [number for number, step in found.items() if step.content] == [5, 6, 7, 8, 9]
    dot = found[10]
    assert dot.text == "C: ."
    assert {era: answer.sent for era, answer in dot.answers.items()} == {
        "rfc821": False,
        "rfc1869": True,
        "rfc2821": True,
        "rfc5321": True,
    }
    assert dot.answers["rfc2821"].codes == (250,)
    # and then all of them listen again
    assert found[12].answers["rfc821"].codes == (221,)


def test_no_password_is_shown_and_a_closed_channel_says_nothing():
    for form in ("text", "json"):
        text = "\n".join(written(LETTER, form=form))
        assert "AHpvZQ" not in text
        assert "C: AUTH PLAIN ****" in text
    assert play(LETTER)[-1].differs == ""
    assert written(LETTER)[-2:-1] == ["     (no reply)"]


def test_marks_and_expectations_of_a_script_are_not_sent():
    text = "=== connected\nC: HELO a\nS: 599\n> server=ready\n# hm\n=== connected\nC: NOOP\n"
    assert [step.text for step in play(text)] == ["=== connected", "C: HELO a", "=== connected", "C: NOOP"]


def test_json_is_one_object_a_line():
    found = [json.loads(line) for line in written(LETTER, form="json")]
    assert found[1]["line"] == 1
    assert found[1]["text"] == "C: EHLO me.example"
    assert found[1]["differs"] == "code"
    old = found[1]["answers"][0]
    assert old["eras"] == ["rfc821"]
    assert old["codes"] == [500]
    assert old["reply"] == ["500 Command unrecognized"]
    assert all(rule["id"] and rule["says"] for rule in old["rules"])


def test_text_without_a_width_is_one_below_the_other_and_marked():
    text = "\n".join(written("EHLO me.example\nNOOP\n"))
    assert "\n  1  C: EHLO me.example\n!=   rfc821\n     S: 500 Command unrecognized\n     # " in text
    assert "\n!=   rfc1869, rfc2821, rfc5321\n     S: 250-lab.example greets me.example\n" in text
    assert "answered otherwise (!= by the code, ~ by the words alone)" in text
    assert "     and 2 lines more\n" in "\n".join(written(LETTER))


@pytest.mark.parametrize("columns", [40, 60, 80, 99, 100, 116, 132, 200])
def test_nothing_is_wider_than_the_screen_and_nothing_is_lost(columns):
    lines = written(LETTER + "NOOP " + "x" * 300 + "\nNOOP Grüße 信件信件信件\n", columns)
    assert max(map(width, lines)) <= columns
    assert any("|" in line for line in lines) == (columns >= 100)
    tight = "".join("".join(lines).split())
    assert "x" * 300 in tight
    assert "RFC821" in tight
    assert tight.count("250-8BITMIME") == (3 if columns >= 100 else 1)


def test_columns():
    assert list(wrapped("one two three", None)) == ["one two three"]
    assert list(wrapped("one two three", 8, 2)) == ["one two", "  three"]
    assert list(wrapped("onetwothree", 4, 1)) == ["onet", " wot", " hre", " e"]
    assert list(wrapped("onetwothree", 4, 9)) == ["onet", "  wo", "  th", "  re", "  e"]
    assert list(wrapped("", 4)) == [""]
    assert list(beside("!=", [["a", "b b b"], ["c"]], 18)) == ["!= | a     | c", "   | b b b |"]
    assert width("信é") == 3


def test_as_a_program(tmp_path: Path):
    script = tmp_path / "hello.esmtp"
    script.write_text(LETTER)
    command = [sys.executable, "-m", "esmtp_lab", "compare", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "132"})
    assert done.stdout.splitlines() == written(LETTER)
    wide = subprocess.run([*command, "--width", "120"], capture_output=True, text=True, check=True)
    assert wide.stdout.splitlines() == written(LETTER, 120)
    wrong = subprocess.run([*command, "--host", "nosuch"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
