"""Extensions of third parties, from a wheel that is made and installed here: found, refused, and never in the way."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from esmtp_lab.commands.define import known_besides, specified
from esmtp_lab.errors import DataError
from esmtp_lab.extensions import installed
from esmtp_lab.extensions.installed import every, find, keywords, named
from esmtp_lab.lab import Lab
from esmtp_lab.protocol.policy import find_policy

pytestmark = pytest.mark.usefixtures("third_party")

BROKEN = {
    "XBROKEN": "cannot be loaded: SystemExit: 3",
    "XOTHER": "its keyword is XWHEEL, and its entry point is called XOTHER. Both have to be the same",
    "XNONE": "delays:NONE is no Extension, but a str",
    "XLOST": "papers:xlost.toml cannot be read",
    "XWORSE": "line_growth.RCPT: 2 octets do not hold the longest parameters, 19 (XKEEP) + 6 (XSIGN)",
    "SIZE": "the lab has that keyword itself",
    "XBAD": "line_growth.RCPT: 0 octets do not hold the longest parameters, 11 (XSPOKE)",
}


def command(site, *arguments, lines=""):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])}
    program = [sys.executable, "-m", "esmtp_lab", *arguments]
    return subprocess.run(program, input=lines, capture_output=True, text=True, env=environment, check=False)


def test_all_are_named_before_any_is_loaded():
    assert {"XWHEEL", "XPAPER", *BROKEN} == set(keywords())
    assert "delays" not in sys.modules or find("XWHEEL") is sys.modules["delays"].XWHEEL


@pytest.mark.parametrize("keyword", BROKEN)
def test_what_is_broken_is_left_out_and_its_distribution_named(keyword):
    with pytest.raises(DataError) as error:
        find(keyword)
    assert str(error.value).startswith(f"extension {keyword} of far-extensions 1.2: {BROKEN[keyword]}")


def test_those_that_are_well_stand_beside_those_that_are_not():
    own, broken = known_besides(())
    assert {each.ehlo_keyword for each in own} == {"XWHEEL", "XPAPER"}
    assert len(broken) == len(BROKEN)
    assert len(list(every())) == len(own) + len(broken)


def test_a_definition_is_read_and_nothing_of_its_package_is_run():
    assert find("xpaper").offers == {"60": "minutes at most", "SOON": "short delays are best"}
    assert "papers" not in sys.modules


def test_the_command_line_sees_them(third_party):
    done = command(third_party, "extensions")
    assert done.returncode == 0
    assert "XWHEEL " in done.stdout and "XPAPER " in done.stdout and "XBROKEN" not in done.stdout
    assert "left out: extension XBROKEN of far-extensions 1.2: cannot be loaded: SystemExit: 3" in done.stderr
    page = command(third_party, "extensions", "xwheel", "--format", "json")
    assert '"server": true, "client": true' in page.stdout
    assert "XTURNS SP number" in command(third_party, "extensions", "page", "XWHEEL").stdout
    assert "# XPAPER: A letter with a delay" in list(specified("xpaper", "markdown"))


def test_a_host_that_names_it_speaks_it_and_one_that_does_not_refuses(third_party, tmp_path):
    host = tmp_path / "far.toml"
    host.write_text('version = 1\ndomain = "far.example"\nextensions = ["HELP", "XWHEEL"]\n', "utf-8")
    script = "C: EHLO me.example\nS: 250\nC: XTURNS 7\nS: 250 7 turns\nC: XTURNS 0\nS: 550\n"
    done = command(third_party, "run", "--host", str(host), "-", lines=script)
    assert done.returncode == 0, done.stdout
    other = command(third_party, "run", "-", lines="C: EHLO me.example\nC: XTURNS 7\nS: 500\n")
    assert other.returncode == 0
    broken = command(third_party, "run", "--extension", "XBROKEN", "-", lines="C: NOOP\n")
    assert broken.returncode == 2 and "of far-extensions 1.2" in broken.stderr
    plugged = command(third_party, "run", "--extension", "XWHEEL", "-", lines="C: EHLO a\nC: XTURNS 7\nS: 250\n")
    assert plugged.returncode == 0


def test_a_host_that_names_what_is_broken_says_so():
    with pytest.raises(DataError, match="extension XBROKEN of far-extensions"):
        Lab(policy=replace(find_policy("lab"), extensions=("XBROKEN",)))
    with pytest.raises(DataError, match=r"no extension 'XNOBODY' is implemented.*--extension FILE"):
        Lab(policy=replace(find_policy("lab"), extensions=("XNOBODY",)))


def test_a_name_is_a_file_or_a_keyword(tmp_path):
    assert named("xwheel") is find("XWHEEL")
    with pytest.raises(DataError, match=r"is no file, and no distribution has it; there are .*XWHEEL"):
        named("XNOBODY")
    with pytest.raises(DataError, match="cannot be read"):
        named(str(tmp_path / "none.toml"))


def test_two_distributions_with_one_keyword_are_one_too_many(monkeypatch, third_party, tmp_path):
    other = tmp_path / "near-2.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: near\nVersion: 2\n")
    (other / "entry_points.txt").write_text(f"[{installed.GROUP}]\nXWHEEL = near:XWHEEL\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(DataError, match=r"is in near 2 and in far-extensions 1\.2\. Uninstall all but one"):
        find("XWHEEL")
