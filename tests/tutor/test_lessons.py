"""Lessons: all of them are proved, one that is wrong is found out, and one that cannot be read says what to mend."""

import shutil
import tomllib
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esmtp_lab.commands.lessons import check_lessons, lab_at_rest
from esmtp_lab.errors import DataError
from esmtp_lab.lab.lessons import begin, lab_in, lab_of
from esmtp_lab.tutor.attempt import Attempt
from esmtp_lab.tutor.check import Hit, check, cross_hits, stale, walk_hits
from esmtp_lab.tutor.lesson import END, find_lesson, lesson_folder, lesson_of, lessons, prose, read_lesson
from esmtp_lab.tutor.variants import variants
from esmtp_lab.tutor.walk import _next
from tests.tutor.conftest import MINIMAL, PROSE

GOOD = """
all = [{ reply_to = "EHLO", code = 250 }]
walks = "anybody greets"
solution = [{ lines = "EHLO me.example" }, { lines = "HELO me.example\\nEHLO me.example" }]
[[task.near]]
when = { reply_to = "EHLO", code = 501 }
say = "it wants a name"
lines = "EHLO"
[[task.near]]
when = { command = "HELO" }
say = "that is the older one"
lines = "HELO me.example"
[[task.near]]
when = { command = "UNKNOWN" }
say = "that is no command"
lines = "HELLO"
[[task]]
id = "do"
"""


def test_every_lesson_is_proved():
    assert [said.text for said in check_lessons(seeds=5) if not said.right] == []
    assert [lesson.order for lesson in lessons()] == sorted({lesson.order for lesson in lessons()})


@pytest.fixture
def copy(tmp_path):
    """A lesson that may be broken, and what the check then says of it by itself."""
    folder = tmp_path / "03-one-letter"
    shutil.copytree(lesson_folder() / "03-one-letter", folder)

    def mend(old: str, new: str, name: str = "lesson.toml") -> list[str]:
        file = folder / name
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), "utf-8")
        return [said.text for said in check_lessons(tmp_path, seeds=0) if not said.right]

    return mend


ADA = 'all = [{ delivered = "ada" }]'
CROSSED = '\ncrossed = [{ by = ["one-letter/break"], why = "so" }]'


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("DATA\nSubject", "DATO\nSubject", "solution 1 does not reach: 354 to DATA"),
        ("DATA\nSubject", "S: 550\nDATA\nSubject", "solution 1, line 4: expected '550', got '250 "),
        ("DATA\nSubject", "/data\nSubject", "solution 1 cannot be played: /data: is no lab command of a script"),
        ('MAIL FROM: <me@me.example>\n"""', 'NOOP\n"""', "near miss 1 is not recognised in its own lines"),
        ('MAIL FROM: <me@me.example>\n"""', '/noop\n"""', "near miss 1 cannot be played"),
        ("HELO me.example\nRCPT TO:<ada@lab.example>", "HELO a\nMAIL FROM:a\nRCPT TO:<a>", "for near miss 2 as well"),
        ("RCPT TO:<eda", "NOOP <eda", "near miss 5 is not recognised"),
        ('rules = ["rfc821:3.1/', 'rules = ["rfc821:9.9/', "which is not in the rule book"),
        ('id = "break"', 'id = "break"\nforbids = { loud = "x" }', "forbids 'loud', which is no variant"),
        ('id = "break"', 'id = "break"\nforbids = { case = "x" }', "forbids 'case', and all of those reach"),
        ('id = "break"', 'id = "break"\nwalks = "x"', None),
        (ADA, ADA + CROSSED, "crossed names one-letter/break, which does not reach its goal"),
        ('right = "b"', 'right = ["b"]', None),
        ("[[task]]\nid = \"break\"", "[[task]]\nid = \"break\"\nera = 'rfc821'", None),
    ],
)  # fmt: skip
def test_a_lesson_that_is_wrong_is_found_out(copy, old, new, found):
    problems = copy(old, new)
    assert (problems == []) if found is None else any(found in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("version = 1", "", "lesson.toml: has no version"),
        ("hints = [", "hunts = [", "knows no key 'hunts'; perhaps 'hints' is meant"),
        ("minutes = 8", "", "has no minutes. Add minutes = 1"),
        ("minutes = 8", "minutes = '8'", "minutes is no number: '8'"),
        ('title = "One letter"', "title = 3", "title is no text: 3"),
        ('delivered = "ada"', 'delivers = "ada"', "asks for nothing"),
        ('{ delivered = "ada" }', "{ code = 250 }", "asks for nothing"),
        ('right = "b"', 'right = "z"', "none of its choices"),
        ('right = "b"', "", "has no right"),
        ('right = "b"', "right = 1.5", "has no right"),
        ('wrong = { a', 'wrong = { b = "x", a', "says in wrong why 'b' is wrong"),
        ("[question]", "[questions]", "knows no key 'questions'"),
        ("[[task]]", "[[task", "cannot be read"),
        ('host = "lab"', 'host = "nowhere"', "there is no host 'nowhere'"),
        ('host = "lab"', "role = 'judge'", "role is one of client, server"),
        ('host = "lab"', "turns = 1", "turns is true or false"),
        ('host = "lab"', "neighbours = 'lab'", "neighbours is no list of texts"),
        ('host = "lab"', "faults = [{ kind = 'fire' }]", "there is no fault 'fire'"),
        ('host = "lab"', "faults = [{ kind = 'stall' }]", "stall wants the input whose reply it befalls"),
        ('host = "lab"', "faults = [{ kind = 'say', to = 'NOOP' }]", "wants what is heard instead"),
        ('host = "lab"', "letter = 3", "letter: is no table"),
        ('host = "lab"', "letter = { from = 'me', to = [], text = 'x' }", "'me' is no path"),
        ('host = "lab"', "[hosts]\nx = 3", "'x' is no table. Write [hosts.x]"),
        ('host = "lab"', "[hosts.x]\nlike = 'y'", "is like 'y', which is no host"),
        ('host = "lab"', "[hosts.x]\nlike = 'lab'\nsize = 3", "knows no key 'size'"),
        ('host = "lab"', "hosts = 3", "hosts is no table"),
        ('id = "break"', 'id = "deliver"', "more than one task 'deliver'"),
        ("hints = [\n", "hints = 'none'\nhats = [\n", "knows no key 'hats'"),
        ("    \"First MAIL", "    3, \"First MAIL", "hint is no text: 3"),
    ],
)  # fmt: skip
def test_a_lesson_that_cannot_be_read_says_what_to_mend(copy, old, new, message):
    (problem,) = copy(old, new)
    assert problem.startswith("03-one-letter/lesson.toml: ") and message in problem


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{#deliver}", "", "has no text for task 'deliver'. Add ## Its title {#deliver} and a text"),
        ("{#deliver}", "{#send}", "has no text for task 'deliver'"),
        ("## What to take away {#end}", "## More {#more}", "has a section {#more}, and there is no such task"),
        ("## What to take away {#end}", "## What to take away", "lesson.md has no last word"),
    ],
)
def test_prose_that_does_not_fit_is_found_out(copy, old, new, message):
    assert any(message in problem for problem in copy(old, new, "lesson.md"))


def test_a_stray_file_and_a_strange_folder_are_named(copy, tmp_path):
    (tmp_path / "03-one-letter" / "notes.txt").write_text("x")
    assert "notes.txt: no file of a lesson" in copy("minutes = 8", "minutes = 9")[0]
    (tmp_path / "03-one-letter" / "notes.txt").unlink()
    (tmp_path / "03-one-letter").rename(tmp_path / "4-letter")
    assert "the folder is not named 03-one-letter" in next(iter(check_lessons(tmp_path, seeds=0))).text


def test_one_lesson_of_a_folder_can_be_checked_by_itself(tmp_path):
    assert next(check_lessons(only="3", seeds=0)).right
    (nothing,) = check_lessons(only="99")
    assert nothing.text == "there is no lesson '99'" and not nothing.right
    (nothing,) = check_lessons(tmp_path)
    assert nothing.text == "there are no lessons"
    with pytest.raises(DataError, match="is no folder of lessons"):
        lessons(tmp_path / "none")


def test_two_lessons_of_one_number_are_found_out(tmp_path):
    for name in ("03-one-letter", "03-other"):
        shutil.copytree(lesson_folder() / "03-one-letter", tmp_path / name)
    other = tmp_path / "03-other" / "lesson.toml"
    other.write_text(other.read_text("utf-8").replace('id = "one-letter"', 'id = "other"'), "utf-8")
    texts = [said.text for said in check_lessons(tmp_path, seeds=0) if not said.right]
    assert "more than one lesson has the number 3" in texts
    assert any(text.startswith("other/deliver reaches one-letter/deliver too") for text in texts)


def small(task: str, more: str = "") -> list[str]:
    """What is wrong with a small lesson."""
    return list(check(lesson_of(tomllib.loads(MINIMAL.format(task=task, more=more)), PROSE, "01-small"), lab_at_rest))


def test_what_a_task_must_have():
    problems = small('all = [{ state = "initial" }]')
    for wanted in ("at least 2 solutions", "at least 3 near misses", "is reached without doing anything"):
        assert any(wanted in problem for problem in problems)
    assert small('question = [{ id = "q", ask = "?", right = 3, because = "x" }]') == []
    asks = 'question = [{ id = "q", ask = "?", right = 3, because = "x", wrong = { 2 = "one more"%s } }]'
    assert small(asks % ', 4 = "too many"') == []
    assert any("what wrong says of '02' is never said" in problem for problem in small(asks % ', 02 = "or so"'))
    for wrong in ("3", "03", "three", '"3 4"', '""'):
        with pytest.raises(DataError, match="is no wrong choice, and no wrong number"):
            small(asks % f', {wrong} = "x"')
    assert any("the wrong answer 2 will do" in problem for problem in small(
        'any = [{ answer = "q" }, { command = "NOOP" }]\nsolution = [{ lines = "NOOP" }]\n' + asks % ""
    ))  # fmt: skip
    assert any("the wrong answer a will do" in problem for problem in small(
        'any = [{ answer = "q" }, { command = "NOOP" }]\nsolution = [{ lines = "NOOP" }]\n'
        'question = [{ id = "q", ask = "?", choices = { a = "1", b = "2" }, right = "b", because = "x" }]'
    ))  # fmt: skip


def test_a_lesson_must_have_a_task_a_question_and_hints():
    data = tomllib.loads(MINIMAL.format(task='all = [{ command = "NOOP" }]', more=""))
    found = lesson_of({**data, "task": []}, "# Small\n", "01-small")
    assert list(check(found, lab_at_rest)) == [
        "has no task. Add [[task]]",
        "lesson.md has no last word. Add ## What to take away {#end}",
    ]
    assert (found.era, found.client_era) == ("rfc2821", "rfc2821")
    without = {key: value for key, value in data.items() if key != "question"}
    with pytest.raises(DataError, match="has no question"):
        lesson_of(without, PROSE, "01-small")
    data["task"][0]["hints"] = ["one"]
    with pytest.raises(DataError, match="has 1 hint"):
        lesson_of(data, PROSE, "01-small")


def test_a_near_miss_must_not_reach_the_goal():
    near = 'near = [{ when = { command = "NOOP" }, say = "x", lines = "NOOP" }]'
    assert any("near miss 1 reaches the goal" in each for each in small(f'all = [{{ command = "NOOP" }}]\n{near}'))


def test_a_variant_that_does_not_reach_the_goal_is_found_out_or_has_its_reason():
    task = (
        'all = [{ command = "EHLO" }]\nnone = [{ command = "RSET" }]\nsolution = [{ lines = "EHLO me.example\\nQUIT" }]'
    )
    assert any(problem.startswith("task 'do': solution 1, rset, does not reach the goal") for problem in small(task))
    assert not any("rset" in problem for problem in small(f'{task}\nforbids = {{ rset = "so" }}'))


def test_variants_differ_as_they_say(lesson):
    lines = r"EHLO me.example\nMAIL FROM:<>\nRCPT TO:<ada@lab.example>\n/expect 250\n"
    lines += r"RCPT TO:<bob@lab.example>\nDATA\nhi\n.\nQUIT"
    (task, _) = lesson(f'all = [{{ command = "MAIL" }}]\nsolution = [{{ lines = "{lines}" }}]').tasks
    made = variants(task, 0, lab_at_rest)
    assert made["case"].startswith("eHlO me.example\nmAiL FROM:<>\n")
    assert "NOOP\nMAIL FROM:<>" in made["noop"] and "NOOP\n/expect 250\nRCPT" in made["noop"]
    assert "RSET\nMAIL FROM:<>" in made["rset"]
    assert "/expect 250\nRCPT TO:<bob@lab.example>\nRCPT TO:<ada@lab.example>" in made["recipients"]
    assert r"/raw MAIL FROM:<>\r\nRCPT TO:<ada@lab.example>\r\n" in made["pipelined"]
    assert made["retry"].count("EHLO me.example") == 2 and "/restart" in made["retry"]
    (task, _) = lesson('role = "server"\nall = [{ command = "MAIL" }]\nsolution = [{ lines = "220 x" }]').tasks
    assert variants(task, 0, lab_at_rest) == {}


def test_cross_hits_and_walks_have_their_reasons(lesson):
    one, other = lesson(), lesson()
    hits = list(cross_hits([one], lab_at_rest))
    assert hits == []
    task = (
        'all = [{ command = "EHLO" }]\nwalks = "so"\ncrossed = [{ by = ["small/no"], why = "x" }]\n'
        'solution = [{ lines = "EHLO x" }]'
    )
    one = lesson(task)
    assert list(stale([one], [])) == ["small/do: crossed names small/no, which does not reach its goal. Take it out"]
    other_lesson = lesson(task.replace("small/no", "far/no"))
    assert list(stale([other_lesson], [])) == [
        "small/do: crossed names far/no, which does not reach its goal. Take it out"
    ]
    assert list(stale([other_lesson], [], whole=False)) == []
    assert len(list(stale([one], [], whole=False))) == 1
    assert list(walk_hits([one], lab_at_rest, 2)) == [Hit("small/do", "walk 0", "so")]
    never = lesson('all = [{ command = "XYZ" }]\nwalks = "so"')
    assert list(walk_hits([never, other], lab_at_rest, 0)) == [Hit("small/do", "", "so")]


# Doing a lesson ----------------------------------------------------------------------------------


def test_an_attempt_from_begin_to_end():
    attempt = begin("3")
    lesson = attempt.lesson
    assert attempt.title == "3 One letter 1/3"
    assert lesson.page in attempt.text
    assert [attempt.hint().number for _ in range(4)] == [1, 2, 3, 3]
    assert attempt.hint(-1).number == 2
    for task in lesson.tasks:
        for near in task.near:
            attempt.reset()
            attempt.scene.play(near.lines)
            assert attempt.step() == [near.say]
            assert not attempt.reached
        attempt.reset()
        attempt.scene.play(attempt.ways[0])
        assert attempt.step()[0].startswith(("done", "lesson 3 is done"))
        assert attempt.step() == []
        assert attempt.reached
        attempt.next()
    assert attempt.finished and not attempt.next()
    assert lesson.question.ask in attempt.text
    assert attempt.done == {"deliver", "break", "question"}


def test_the_hint_for_what_was_just_done_comes_first():
    attempt = begin("3")
    attempt.scene.play("DATA")
    attempt.step()
    assert attempt.hint().say.startswith("DATA is out of order here")
    assert attempt.ladder()[1].startswith("The order is")


def test_a_hint_can_wait_for_a_state(lesson):
    hints = '[{ when = { state = "ready" }, say = "now" }, "a", "b"]'
    table = tomllib.loads(MINIMAL.format(task='all = [{ command = "QUIT" }]', more=""))
    table["task"][0]["hints"] = tomllib.loads(f"x = {hints}")["x"]
    attempt = Attempt(lesson_of(table, PROSE, "01-small"), lab_in)
    assert attempt.ladder() == ["a", "b"]
    attempt.scene.play("EHLO me.example")
    assert attempt.ladder() == ["now", "a", "b"]


def test_the_goal_has_the_word_on_what_it_asks_for(lesson):
    nested = 'all = [{ any = [{ command = "MAIL", problem = "space-after-colon" }] }]'
    nested += '\nnone = [{ all = [{ command = "RSET" }] }]'
    attempt = Attempt(lesson(nested), lab_in)
    attempt.scene.play("EHLO x\nMAIL FROM: <>")
    attempt.step()
    assert attempt.speaks_of(attempt.fresh)
    attempt.scene.play("RSET")
    assert attempt.step() == ["never RSET: that can no longer be; /reset begins the task anew"]
    assert not attempt.speaks_of(attempt.fresh)


def test_whoever_walks_finds_a_way_out_of_content_and_of_an_exchange(lesson):
    attempt = Attempt(lesson(more='host = "members"'), lab_at_rest)
    attempt.scene.play("EHLO x\nAUTH LOGIN")
    assert _next(attempt.scene, Random(1)) == "C: *"
    attempt.scene.play("*\nMAIL FROM:<>\nRCPT TO:<ada@lab.example>\nDATA")
    assert _next(attempt.scene, Random(1)).endswith("\n.")
    attempt.scene.play(".\nQUIT")
    assert _next(attempt.scene, Random(1)) == "/restart"


def test_skipping_does_the_step_and_says_what_it_changed(lesson):
    attempt = begin("3")
    changed = attempt.skip()
    assert "letters for ada@lab.example: 0 before, 1 now" in changed
    assert "the server's state: initial before, ready now" in changed
    assert attempt.reached and attempt.skipped == {"deliver"} and not attempt.done
    attempt.scene.play("NOOP")
    attempt.step()
    assert not attempt.done
    attempt.reset()
    attempt.scene.play(attempt.ways[0])
    attempt.step()
    assert attempt.done == {"deliver"}
    attempt.to("question")
    assert attempt.skip() == ["answer to question: none before, b now"]
    only = Attempt(lesson('all = [{ command = "NOOP" }]\nsolution = [{ lines = "NOOP" }]'), lab_in)
    assert only.skip() == ["nothing but what was said"]


def test_what_can_no_longer_be_met_is_said_once(lesson):
    attempt = Attempt(lesson('all = [{ command = "QUIT" }]\nnone = [{ command = "RSET" }]'), lab_in)
    attempt.scene.play("RSET")
    assert attempt.step() == ["never RSET: that can no longer be; /reset begins the task anew"]
    attempt.scene.play("NOOP")
    assert attempt.step() == []


def test_a_near_miss_that_is_more_than_a_line_is_told_when_it_begins(lesson):
    near = 'near = [{ when = { command = "NOOP", count = 2 }, say = "twice", lines = "NOOP\\nNOOP" }]'
    attempt = Attempt(lesson(f'all = [{{ command = "QUIT" }}]\n{near}'), lab_in)
    told = []
    for _ in range(3):
        attempt.scene.play("NOOP")
        told.append(attempt.step())
    assert told == [[], ["twice"], []]


def test_a_reply_of_many_lines_said_by_hand_is_seen_when_it_is_whole(lesson):
    near = 'near = [{ when = { reply_to = "EHLO", lines = 2 }, say = "two", lines = "x" }]'
    attempt = Attempt(lesson(f'role = "server"\nall = [{{ outcome = "accepted" }}]\n{near}'), lab_in)
    told = []
    for line in ("220 lab.example", "250-lab.example", "250 HELP"):
        attempt.scene.play(line)
        told.append(attempt.step())
    assert told == [[], [], ["two"]]
    assert lab_of(attempt).role == "server"


def test_a_lesson_that_is_not_there():
    with pytest.raises(DataError, match="there is no such lesson; there is"):
        find_lesson("99")
    with pytest.raises(DataError, match="there is no such task; there are deliver, break"):
        begin("3").to("x")


def test_hosts_of_a_lesson_are_its_own(lesson):
    found = lesson('host = "tiny"\nall = [{ command = "QUIT" }]', "[hosts.tiny]\nlike = 'lab'\nmax_size = 5")
    attempt = Attempt(found, lab_in)
    attempt.scene.play("EHLO x\n/host lab\n/host tiny")
    assert [desk.policy.name for desk in attempt.scene.desks] == ["tiny", "lab", "tiny"]
    assert b"SIZE 5" in attempt.scene.desks[0].bench.log[3].event.octets
    for line, message in (
        ("/host x", "there is no host 'x'"),
        ("/era x", "there are rfc821"),
        ("/fault x", "no fault"),
    ):
        with pytest.raises(DataError, match=message):
            attempt.scene.play(line)


def test_faults_and_time_and_raw_octets(lesson):
    attempt = Attempt(lesson(), lab_in)
    attempt.scene.play("/fault say NOOP 250 never mind\nNOOP")
    assert b"250 never mind" in attempt.scene.items[-1].octets
    attempt.scene.play("/fault cut 3\nNOOP\n/restart\n/wait\n")
    assert attempt.scene.items[-1].event.code == 421
    attempt.scene.play("/role server\n/raw 220 lab.example\\r\\n")
    assert attempt.scene.items[-2].octets == b"220 lab.example\r\n"


def test_prose_is_cut_at_named_headings_and_never_in_code():
    page, sections = prose("# A\n\n```\n## not {#me}\n```\n## One {#one}\ntext\n### Two {#two}\n")
    assert page.endswith("```")
    assert sections == {"one": ("One", "text"), "two": ("Two", "")}
    assert END in prose((lesson_folder() / "03-one-letter" / "lesson.md").read_text("utf-8"))[1]


# Whatever is in a file ---------------------------------------------------------------------------

WORDS = st.sampled_from(
    ["all", "any", "command", "reply_to", "within", "count", "lines", "MAIL", ">=2", "group", "", "b", "\x00", "é"]
)  # fmt: skip
VALUES = st.recursive(
    WORDS | st.integers() | st.booleans() | st.floats(allow_nan=False) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
TOML, MARKDOWN = ((lesson_folder() / "03-one-letter" / f"lesson.{form}").read_text("utf-8") for form in ("toml", "md"))
BASE = tomllib.loads(TOML)
PLACES = [("", key) for key in (*BASE, "hosts", "letter", "faults", "start", "neighbours", "latency")]
PLACES += [("task", key) for key in (*BASE["task"][0], "within", "after", "question", "forbids", "crossed", "walks")]
PLACES += [("question", key) for key in (*BASE["question"], "accepts")]


@given(place=st.sampled_from(PLACES), value=VALUES)
@settings(max_examples=200, deadline=None)
def test_whatever_a_file_holds_is_read_or_named(place, value):
    table, key = place
    data = tomllib.loads(TOML)
    into = data if not table else data[table][0] if table == "task" else data[table]
    if value is None:
        into.pop(key, None)
    else:
        into[key] = value
    try:
        lesson = lesson_of(data, MARKDOWN, "03-one-letter")
    except DataError as error:
        where = error.where
    else:
        where = "03-one-letter/lesson.toml"
        assert Attempt(lesson, lab_at_rest).goals
    assert where.startswith("03-one-letter/lesson.")


@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_whatever_octets_a_file_holds_are_read_or_named(tmp_path_factory, octets):
    folder = tmp_path_factory.mktemp("any") / "01-any"
    folder.mkdir()
    (folder / "lesson.toml").write_bytes(octets)
    (folder / "lesson.md").write_bytes(octets)
    with pytest.raises(DataError):
        read_lesson(folder)
