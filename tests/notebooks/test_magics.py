"""The magics: what a cell says is played or explained, and what goes wrong is told in one line."""

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from esmtp_lab import Lab, load_ipython_extension
from esmtp_lab.rules.book import book

SCRIPT = "EHLO me.example\nMAIL FROM:<me@me.example>\nRCPT TO:<nobody@lab.example>\n"
DIALOGUE = "S: 220 a.example\nC: HELO me.example\nS: 250 a.example\nC: MAIL FROM: <me@me.example>\nS: 250 ok\n"


@pytest.fixture
def shell():
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(history_load_length=0)
    shell.history_manager.enabled = False
    load_ipython_extension(shell)
    yield shell
    InteractiveShell.clear_instance()


def magic(shell, line, cell=SCRIPT):
    return shell.run_cell_magic("esmtp", line, cell)


def test_client_lines_are_played_and_annotated(shell):
    result = magic(shell, "")
    assert "S: 250-SIZE 10485760" in repr(result)
    assert "S: 550 5.1.1" in repr(result)
    assert "RFC 2821" in repr(result)
    assert 'class="esmtp-lab"' in result._repr_html_()


def test_a_dialogue_is_explained_and_not_played(shell):
    result = repr(magic(shell, "", DIALOGUE))
    assert [line for line in result.splitlines() if line[:2] in ("C:", "S:")] == DIALOGUE.splitlines()
    assert "!! the client broke this" in result


def test_a_dialogue_can_be_played_and_held_against_its_replies(shell):
    result = repr(magic(shell, "--play", DIALOGUE))
    assert "MISMATCH in line 5" in result
    assert "S: 501" in result


def test_era_and_host_can_be_chosen(shell):
    result = repr(magic(shell, "--era rfc821 --host partner"))
    assert "partner.example" in result
    assert "S: 500" in result


def test_a_lab_of_the_notebook_goes_on(shell):
    lab = shell.user_ns["mine"] = Lab()
    seen = []
    lab.watchers.append(lambda: seen.append(1))
    magic(shell, "--lab mine")
    assert lab.bench.server.position.state == "mail"
    assert seen


@pytest.mark.parametrize(
    ("line", "cell", "says"),
    [
        ("--lab nothing", SCRIPT, "there is no lab of that name"),
        ("--host nowhere", SCRIPT, "nowhere"),
        ("--explain", "nothing of the kind\n", "no line of a dialogue"),
        ("", "> color=green\n", "color"),
    ],
)
def test_what_cannot_be_done_is_told(shell, line, cell, says):
    with pytest.raises(UsageError, match=says):
        magic(shell, line, cell)


def test_a_rule_is_shown(shell):
    result = shell.run_line_magic("esmtp_rule", "rfc2821:4.1.4/mail-once")
    rule = next(each for each in book().rules if each.id == "rfc2821:4.1.4/mail-once")
    assert rule.says in repr(result)
    assert "<script" not in result._repr_html_()


@pytest.mark.parametrize("name", ["", "rfc2821:none"])
def test_a_rule_that_is_not_there_is_told(shell, name):
    with pytest.raises(UsageError):
        shell.run_line_magic("esmtp_rule", name)
