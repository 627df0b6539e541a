"""`rules`: the book looked into. Counts are not written down here: the book grows."""

import json
import os
import subprocess
import sys

import pytest

from esmtp_lab.commands.rules import Wanted, choose, counts, find_rule, look
from esmtp_lab.commands.witness import lab_of, watch
from esmtp_lab.errors import DataError
from esmtp_lab.rules.book import book
from esmtp_lab.rules.rule import ACTORS, LEVELS, VISIBLE
from esmtp_lab.tutor.witness import LEADS, Witness, witnesses

MAIL_ONCE = "rfc2821:4.1.4/mail-once"


def rules(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if key != "ESMTP_LAB_RFC_DIR"}
    command = [sys.executable, "-m", "esmtp_lab", "rules", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**clean, **environment})


def ids(wanted: Wanted) -> list[str]:
    return [rule.id for rule in choose(wanted)]


# Found by its id ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [MAIL_ONCE, MAIL_ONCE.upper(), "2821:4.1.4/mail-once", "4.1.4/mail-once", "mail-once", "mail-onc", " mail-once "],
)
def test_a_rule_is_found_by_a_part_that_leaves_no_doubt(name):
    assert find_rule(name).id == MAIL_ONCE


def test_of_a_lineage_it_is_the_rule_of_the_era():
    assert find_rule("mail-once", era="rfc821").rfc == 821
    assert find_rule("rfc821:4.1.1/mail-once").rfc == 821
    assert find_rule("mail-once", choose(Wanted(rfcs=(821,)))).rfc == 821


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mial-once", "there is none; perhaps .*mail-once"),
        ("rfc2821:4.1.4/mail-twice", r"perhaps .*rfc2821:4\.1\.4/"),
        ("mail-", "may be .*, .* and [0-9]+ others"),
        ("zzzzqq", "there is none$"),
        ("", "there is none$"),
        ("rfc9999:1/x", "there is none"),
    ],
)
def test_a_wrong_id_brings_near_ones(name, message):
    with pytest.raises(DataError, match=message):
        find_rule(name)


def test_a_rule_is_shown_whole():
    done = rules("mail-once")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[:3] == [
        MAIL_ONCE,
        "RFC 2821 §4.1.4, Order of Commands",
        "MUST NOT, kept by the client, seen in a dialogue",
    ]
    rule = find_rule(MAIL_ONCE)
    assert f"\n{rule.says}\nWhy: {rule.why}\n" in done.stdout
    assert "\nLineage mail-once:\n  RFC 821 §4.1.1      states      " in done.stdout
    assert f"\n* RFC 2821 §4.1.4     MUST NOT    {rule.says}\n" in done.stdout
    assert "\nA dialogue that breaks it, from the state ready (era rfc2821):\n    C: MAIL FROM:<" in done.stdout


@pytest.mark.parametrize("arguments", [("nosuch",), ("mail-",), ("mail-once", "--rfc", "1869")])
def test_what_is_not_there_gives_two_and_one_line(arguments):
    done = rules(*arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


# Listed and counted ------------------------------------------------------------------------------


def test_a_section_holds_its_subsections_and_no_others():
    found = {rule.section for rule in choose(Wanted(rfcs=(2821,), section="§4.1.1"))}
    assert {"4.1.1", "4.1.1.1", "4.1.1.10"} >= {each for each in found if len(each) < 6}
    assert all(f"{section}.".startswith("4.1.1.") for section in found)
    assert "4.1.1.10" in found


def test_wishes_are_all_kept():
    found = choose(Wanted((821, 2821), "", "MUST", "client", ("data", "RCPT")))
    assert found
    for rule in found:
        assert (rule.level, rule.actor) == ("MUST", "client")
        assert rule.rfc in (821, 2821)
    assert ids(Wanted(words=("zzzzqq",))) == []


def test_rules_come_in_the_order_of_the_documents():
    found = choose(Wanted())
    assert {rule.id for rule in found} == set(book().by_id)
    assert [rule.rfc for rule in found] == sorted(rule.rfc for rule in found)
    sections = list(dict.fromkeys(rule.section for rule in found if rule.rfc == 2821))
    assert sections.index("4.1.1.9") < sections.index("4.1.1.10")
    assert sections.index("7.1") < sections.index("F.1")


def test_lists_are_one_line_a_rule_and_levels_take_a_hyphen():
    done = rules("--rfc", "2821", "--level", "must-not", "--actor", "client")
    assert done.returncode == 0
    assert any(line.startswith(MAIL_ONCE) for line in done.stdout.splitlines())
    assert all(" MUST NOT " in line and " client " in line for line in done.stdout.splitlines())
    assert rules("--level", "shall").returncode == 2
    nothing = rules("--search", "zzzzqq")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert "no rule is like that" in nothing.stderr


def test_json_is_one_object_a_rule():
    found = [json.loads(line) for line in rules("--rfc", "2821", "--format", "json").stdout.splitlines()]
    assert {each["id"] for each in found} == {rule.id for rule in book().rules if rule.rfc == 2821}
    for each in found:
        assert each["id"].startswith(f"rfc{each['rfc']}:{each['section']}/")
        assert each["level"] in LEVELS and each["actor"] in ACTORS and each["visible"] in VISIBLE
        assert each["says"] and each["why"] and each["lineage"] and each["title"]
    one = json.loads(rules("mail-once", "--format", "json").stdout)
    rule = find_rule(MAIL_ONCE)
    assert "rfc821:4.1.1/mail-once" in one["kin"] and MAIL_ONCE not in one["kin"]
    assert one["when"] == {key: sorted(values) for key, values in rule.when.items()}
    assert one["broken"] == {key: sorted(values) for key, values in rule.broken.items()}
    assert one["breaks"].startswith("C: MAIL")
    assert "rfc2821" in one["eras"]
    assert rules("mail-once", "--format", "json", "--play").returncode == 2


def test_counts_add_up():
    every = choose(Wanted())
    for name in ("rfc", "level", "actor", "visible", "witnesses", "section"):
        assert sum(count for by, _, count in counts(every) if by == name) == len(every)
    text = rules("--stats", "--rfc", "1869").stdout
    assert text.startswith(f"{len(choose(Wanted(rfcs=(1869,))))} rules\n\nby RFC\n")
    assert "\nby section\n" in text
    first, *rest = [json.loads(line) for line in rules("--stats", "--format", "json").stdout.splitlines()]
    assert first == {"by": "all", "value": "", "rules": len(every)}
    assert {each["by"] for each in rest} == {"rfc", "level", "actor", "visible", "witnesses", "section"}


# Played, and read --------------------------------------------------------------------------------


def test_witnesses_are_watched_with_their_rule_marked():
    done = rules("mail-once", "--play")
    assert done.returncode == 0
    kept, broken = done.stdout.split("=== a dialogue that ")[1:]
    assert kept.startswith("keeps it") and broken.startswith("breaks it")
    assert f"\n# => MAIL: {find_rule(MAIL_ONCE).says}" in kept
    assert "C: MAIL FROM:<bob@client.example>\n# => !! the client broke this: MAIL: " in broken
    assert "\nS: 503 " in broken


def test_a_server_that_breaks_a_rule_is_played_by_hand():
    rule = next(rule for rule in book().rules if rule.breaks and rule.played == "server")
    kept, broken = witnesses(rule)
    assert (lab_of(kept).role, lab_of(broken).role) == ("client", "server")
    assert all(said.right for said in watch(rule))
    assert any(said.text.startswith("# => !! the server broke this: ") for said in watch(rule))


def test_what_comes_out_otherwise_is_said(monkeypatch):
    rule = find_rule("mail-once")
    monkeypatch.setattr(Witness, "text", property(lambda self: "C: MAIL FROM:<a@b>\nS: 599"))
    told = list(watch(rule))
    assert next(said.text for said in told if not said.right).startswith("# MISMATCH: expected '599'")
    monkeypatch.setitem(LEADS, "ready", "C: {hello} client.example\nS: 599\n")
    with pytest.raises(DataError, match="cannot begin in the state ready"):
        list(watch(rule))


def test_the_text_of_a_section(tmp_path):
    text = "1. One\n\n2. Two\n\n3. Three\n\n4. Four\n\n4.1 In it\n\n   First \x1b[1mthings.\n\n4.2 Another\n\n   else\n"
    (tmp_path / "rfc2821.txt").write_text(text)
    done = rules("--rfc", "2821", "--section", "§4.1", "--text", ESMTP_LAB_RFC_DIR=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "4.1 In it\n\n   First \\x1b[1mthings.\n\n")
    whole = [said.text for said in look(None, Wanted((2821,), "4"), text=True, rfc_dir=str(tmp_path))]
    assert [line for line in whole if line[:1].isdigit()] == ["4. Four", "4.1 In it", "4.2 Another"]
    missing = rules("mail-once", "--text", "--rfc-dir", str(tmp_path))
    assert (missing.returncode, missing.stdout[: len(MAIL_ONCE)]) == (2, MAIL_ONCE)
    assert "has no section 4.1.4" in missing.stderr


def test_without_the_texts_it_says_what_to_do(tmp_path):
    for arguments, message in (
        (("mail-once", "--text"), "ESMTP_LAB_RFC_DIR or --rfc-dir"),
        (("mail-once", "--text", "--rfc-dir", str(tmp_path)), "rfc-editor.org/rfc/rfc2821.txt"),
        (("--text",), "needs the ID of a rule"),
    ):
        done = rules(*arguments)
        assert done.returncode == 2
        assert message in done.stderr
        assert "Traceback" not in done.stderr
