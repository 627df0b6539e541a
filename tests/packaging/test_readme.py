"""The README: what it names exists."""

import re
import tomllib
from pathlib import Path

import pytest

from esmtp_lab.cli import main
from esmtp_lab.lab import Lab
from esmtp_lab.protocol.policy import policies
from esmtp_lab.rules.book import read_rules
from esmtp_lab.shell.changing import choice
from esmtp_lab.shell.commands import find
from esmtp_lab.shell.settings import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text("utf-8")


def test_every_command_that_it_names_exists():
    named = set(re.findall(r"`esmtp-lab ([a-z]+)", TEXT))
    assert {"run", "serve", "send", "annotate", "lessons"} <= named <= main.commands.keys()
    assert all(find(name) for name in re.findall(r"`/([a-z]+)", TEXT))


def test_every_file_that_it_links_to_exists():
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", TEXT) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_ready_made_host_is_named():
    assert [name for name in policies() if f"`{name}`" not in TEXT] == []


def test_every_setting_stands_in_its_table_as_it_is():
    rows = [f"| `{each.name}` | {choice(each)} | {each.default} | {each.meaning} |" for each in SETTINGS]
    assert [row for row in rows if row not in TEXT] == []


def test_every_style_for_pygments_is_named():
    styles = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]["pygments.styles"]
    assert [name for name in styles if f"`{name}`" not in TEXT] == []


def test_the_rule_in_it_is_one():
    block = next(each for each in re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL) if "mail-once" in each)
    (rule,) = read_rules(f"version = 1\nrfc = 2821\n{block}", "README.md")
    assert rule.lineage == "mail-once"


def test_its_first_letter_is_delivered():
    block = TEXT.partition("My first letter.")[0].rpartition("```\n")[2] + "My first letter.\n."
    lab = Lab()
    for line in block.splitlines():
        lab.send(line)
    assert len(lab.mailboxes.letters["ada"]) == 1


@pytest.mark.parametrize("lines", [["EHLO me.example", "XPING hello"]])
def test_what_it_says_of_the_partner_is_true(lines):
    for host, code in (("partner", 250), ("lab", 500)):
        lab = Lab(policy=host)
        assert [lab.send(line)[-1].event.code for line in lines][-1] == code
