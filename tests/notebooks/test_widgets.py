"""Widgets without a browser: what they send to the page, what they do with what the reader did."""

import gc
import re
import weakref
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from esmtp_lab import Lab
from esmtp_lab.bench import Fault
from esmtp_lab.notebook import BenchWidget, CompareWidget, LadderWidget, LessonWidget, StateWidget
from esmtp_lab.notebook.compare import MOST
from esmtp_lab.notebook.prose import prose
from esmtp_lab.notebook.shared import shared
from esmtp_lab.notebook.state import sayable
from esmtp_lab.tutor.progress import read_progress

WORD = re.compile(r"[\w-]+")
NASTY = b"<script>alert(1)</script>\"' &amp; \x1b[31m \xe2\x80\xae onerror=x <img src=http://x.example>"
TAGS = {
    *WORD.findall("""
    div style ol ul li b i span table tbody thead tr th td h3 h4 h5 p pre code em strong br form label input textarea
    button select option details summary svg text polyline path rect circle
""")
}
ATTRIBUTES = {
    *WORD.findall("""
    class tabindex role aria-label aria-live aria-current scope title name rows start disabled selected type
    autocomplete autocapitalize spellcheck data-part data-act data-focus data-value data-keys data-put data-typed
    data-follow data-scroll data-before xmlns width height viewbox font-family font-size font-weight font-style x y
    rx cx cy r d points fill stroke stroke-width stroke-dasharray text-anchor transform
""")
}
VOID = {"input", "br"}


class Reader(HTMLParser):
    """Takes a page apart, and sees that it is whole."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data

    def values(self, name: str) -> list[str]:
        return [str(attributes[name]) for _, attributes in self.tags if name in attributes]


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


class Page:
    """The page that a widget stands on: what is in its parts, and what a reader does there."""

    def __init__(self, widget: Any) -> None:
        self.widget = widget
        self.parts: dict[str, str] = {}
        self.lists: dict[str, dict[str, str]] = {}
        self.fields: dict[str, str] = {}
        self.messages: list[dict[str, Any]] = []
        widget.send = self._heard
        self.does("hello")

    def _heard(self, content: dict[str, Any], buffers: object = None) -> None:
        self.messages.append(content)
        self.parts |= content.get("parts", {})
        self.fields |= content.get("values", {})
        single = {content["list"]: content} if "list" in content else {}
        for name, news in (content.get("lists", {}) | single).items():
            known = self.lists.get(name, {}) | news["rows"]
            self.lists[name] = {key: known[key] for key in news["order"]}

    def does(self, act: str, value: str | None = None) -> None:
        self.widget._hear(self.widget, {"act": act, "value": value}, [])

    def types(self, *lines: str) -> None:
        for line in lines:
            self.does("send", line)

    @property
    def html(self) -> str:
        rows = "".join(row for rows in self.lists.values() for row in rows.values())
        return self.widget.frame + "".join(self.parts.values()) + rows

    def text(self, part: str) -> str:
        return read(self.parts[part]).text

    @property
    def said(self) -> str:
        return self.text("said")


MAKERS: dict[str, Callable[[Lab], Any]] = {
    "bench": BenchWidget,
    "state": StateWidget,
    "ladder": LadderWidget,
    "compare": CompareWidget,
    "lesson": lambda lab: LessonWidget(3),
}
every = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


@pytest.fixture(autouse=True)
def progress(tmp_path, monkeypatch):
    file = tmp_path / "progress.json"
    monkeypatch.setenv("ESMTP_LAB_PROGRESS", str(file))
    return file


def lab(**options: Any) -> Lab:
    return Lab(clock=lambda: 1e9, **options)


def spoken() -> Lab:
    one = lab()
    for line in ("EHLO me.example", "MAIL FROM:<me@me.example>", "RCPT TO:<nobody@lab.example>"):
        one.send(line)
    return one


# What holds for all of them ------------------------------------------------------------------------


@every
def test_every_act_is_known_and_every_part_has_its_place(make):
    page = Page(make(spoken()))
    reader = read(page.html)
    assert {*reader.values("data-act")} <= {*page.widget.acts, "put"}
    assert not reader.values("data-typed") or "typing" in page.widget.acts
    assert sorted(read(page.widget.frame).values("data-part")) == sorted([*page.parts, *page.lists])
    keys = [key for value in reader.values("data-keys") for key in value.split(" ")]
    assert len(keys) == len({*keys})


@every
def test_every_field_says_what_it_is_for(make):
    page = Page(make(spoken()))
    for html in (page.widget.frame, *page.parts.values()):
        inside: list[str] = []

        class Labels(HTMLParser):
            def handle_starttag(self, tag, attributes, inside=inside):
                if tag in ("input", "select", "textarea"):
                    assert "label" in inside
                if tag not in VOID:
                    inside.append(tag)

            def handle_endtag(self, tag, inside=inside):
                inside.pop()

        Labels().feed(html)


@every
def test_nothing_from_the_wire_acts(make):
    one = lab()
    page = Page(make(one))
    one = page.widget.lab
    one.send(NASTY)
    one.send(b"HELO " + NASTY)
    one.send(b"MAIL FROM:<" + NASTY + b"@me.example>")
    one.bench.faults = (Fault("say", "NOOP", say=b"250 " + NASTY + b"\r\n"),)
    one.send("NOOP")
    for act in page.widget.acts:
        page.does(act, NASTY.decode())
    page.does("hello")
    reader = read(page.html + page.widget.static())
    assert {tag for tag, _ in reader.tags} <= TAGS
    assert {name for _, attributes in reader.tags for name in attributes} <= ATTRIBUTES
    assert all(char.isprintable() or char == "\n" for char in reader.text)


@every
def test_shown_anew_it_is_all_there(make):
    first = Page(make(spoken()))
    again = Page(first.widget)
    assert (again.parts, again.lists, again.fields) == (first.parts, first.lists, first.fields)


@every
def test_what_is_there_is_not_sent_again(make):
    page = Page(make(spoken()))
    page.messages.clear()
    page.widget.draw()
    assert page.messages == []


@every
def test_without_a_kernel_it_reads_well_and_nothing_can_be_done(make, monkeypatch):
    page = Page(make(spoken()))
    reader = read(page.widget.static())
    assert not {"button", "input", "select", "textarea", "form"} & {tag for tag, _ in reader.tags}
    assert len(reader.text) > 100
    forms = page.widget._repr_mimebundle_()[0]
    assert forms["text/html"] == page.widget.static()
    assert forms["text/plain"] == page.widget.words() and len(forms["text/plain"]) > 50
    assert any("widget-view" in kind for kind in forms)
    monkeypatch.setenv("ESMTP_LAB_STATIC", "1")
    assert not any("widget-view" in kind for kind in page.widget._repr_mimebundle_()[0])


@every
def test_what_nobody_can_do_is_not_done(make):
    page = Page(make(spoken()))
    before = page.html
    page.does("no such thing", "x")
    page.does("latency", "-1")
    page.does("fault", "no such fault")
    assert page.html == before


@pytest.mark.parametrize("other", [StateWidget, LadderWidget])
def test_views_of_one_lab_stay_in_step(other):
    one = lab()
    bench, view = Page(BenchWidget(one)), Page(other(one))
    view.messages.clear()
    bench.types("HELO me.example")
    assert "me.example" in view.html and view.messages
    one.send("MAIL FROM:<me@me.example>")
    assert "MAIL" in bench.html and "MAIL" in view.html
    view.does("anew")
    view.does("letter")
    assert bench.widget.lab is view.widget.lab is not one
    assert "me.example" not in bench.text("server") or other is LadderWidget


# The ladder ----------------------------------------------------------------------------------------


def test_the_ladder_is_walked_through():
    page = Page(LadderWidget(spoken()))
    assert page.text("place") == "line 7 of 7"
    assert "550" in page.text("line")
    page.does("first")
    assert page.text("place") == "line 1 of 7" and "220" in page.text("line")
    page.does("back")
    page.does("forward")
    assert page.text("place") == "line 2 of 7" and page.text("line").replace(" ", "").startswith("C:EHLO")
    now = [row for row in page.lists["list"].values() if 'aria-current="true"' in row]
    assert len(now) == 1 and "▶" in now[0] and "EHLO" in now[0]
    assert page.parts["figure"].count("▶") == 1
    page.widget.lab.send("NOOP")
    assert page.text("place") == "line 2 of 9"
    page.does("last")
    page.widget.lab.send("NOOP")
    assert page.text("place") == "line 11 of 11"
    page.does("back")
    for _ in range(3):
        page.does("forward")
    assert page.text("place") == "line 11 of 11"
    page.widget.lab.send("NOOP")
    assert page.text("place") == "line 13 of 13"


def test_with_latency_groups_are_seen():
    page = Page(LadderWidget(lab()))
    page.does("latency", "0.5")
    page.does("letter")
    assert "one line at a time it would have been" in page.text("total")
    grouped = page.widget.lab.crossings()[-1].event.time
    alone = lab(policy="lab", era="rfc821", latency=0.5)
    page = Page(LadderWidget(alone))
    page.does("letter")
    assert "one line at a time" not in page.text("total")
    assert page.widget.lab.crossings()[-1].event.time > grouped


def test_a_long_exchange_is_drawn_in_part():
    one = lab()
    for _ in range(100):
        one.send("NOOP")
    page = Page(LadderWidget(one))
    assert page.text("place") == "line 201 of 201"
    assert len(page.lists["list"]) == 16
    assert page.widget.words().count("NOOP") == 100


def test_an_empty_wire():
    page = Page(LadderWidget(lab(role="server")))
    assert "nothing" in page.text("place")
    for act in ("first", "back", "forward", "last"):
        page.does(act)
    assert "nothing" in page.widget.words()


# The states ----------------------------------------------------------------------------------------


def test_the_state_is_lit_and_said():
    page = Page(StateWidget(lab()))
    assert "client and server: initial" in page.text("here")
    page.does("say", "EHLO me.example")
    assert "client and server: ready" in page.text("here") and "extended" in page.text("here")
    figure = page.parts["figure"]
    assert figure.count('stroke-width="4"') == 1 and figure.count("◀ client, server") == 1
    assert 'ready: client, server"' in figure
    assert "250" in page.text("last")


def test_who_differs_is_shown_apart():
    one = lab(faults=(Fault("say", "MAIL", say=b"250 fine\r\n"),))
    page = Page(StateWidget(one))
    for line in ("HELO me.example", "MAIL FROM:bad"):
        page.does("say", line)
    assert "server: ready" in page.text("here") and "client: mail" in page.text("here")
    assert "◀ server" in page.parts["figure"] and "◀ client" in page.parts["figure"]


def test_only_states_that_can_be_reached_are_drawn():
    plain, chunks = Page(StateWidget(lab())), Page(StateWidget(lab(policy="open")))
    assert ">chunks<" not in plain.parts["figure"] and ">chunks<" in chunks.parts["figure"]
    assert not any("chunks" in row for row in plain.lists["list"].values())
    plain.does("host", "secure")
    assert ">handshake<" in plain.parts["figure"]


@pytest.mark.parametrize("policy", ["lab", "open", "secure", "partner", "classic"])
@pytest.mark.parametrize("era", ["rfc821", "rfc1869", "rfc2821", "rfc5321"])
def test_whole_lines_are_taken_wherever_they_are_offered(era, policy):
    one = lab(era=era, policy=policy)
    here = (one.policy.mailboxes and next(iter(one.policy.mailboxes))) or "ada"
    hello = "HELO me.example" if era == "rfc821" else "EHLO me.example"
    for line in ("", hello, "MAIL FROM:<me@me.example>", f"RCPT TO:<{here}@{one.policy.domain}>"):
        if line:
            one.send(line)
        offered = [each for each in sayable(one) if each.whole]
        assert len(offered) > 3
        for each in offered:
            said = [crossing.event for crossing in one.predict(each.line) if crossing.speaker == "server"]
            assert not said or said[-1].code not in (500, 501, 555), each
            assert not said or said[-1].code != 503 or each.line in ("DATA", hello), each


def test_content_has_its_way_out():
    page = Page(StateWidget(lab()))
    for line in ("HELO me.example", "MAIL FROM:<me@me.example>", "RCPT TO:<ada@lab.example>", "DATA"):
        assert f'data-value="{line.replace("<", "&lt;").replace(">", "&gt;")}"' in page.parts["verbs"]
        page.does("say", line)
    assert read(page.parts["verbs"]).values("data-value") == ["."]
    page.does("say", ".")
    assert "ready" in page.text("here")
    page.does("undo")
    assert "data" in page.text("here")


def test_the_one_who_serves_has_no_verbs():
    page = Page(StateWidget(lab(role="server")))
    assert "button" not in page.parts["verbs"] and "you are the server" in page.text("verbs")


# The comparison ------------------------------------------------------------------------------------


def test_differences_are_told_in_words_with_their_rules():
    page = Page(CompareWidget("EHLO me.example\nNOOP\n"))
    greeting, ehlo, noop = page.lists["steps"].values()
    assert "~ other words" in greeting and "!= another code" in ehlo
    assert read(ehlo).text.count("250-SIZE") == 3
    assert "rfc821:4.2.1/command-unknown" in ehlo and "rfc1869, rfc2821, rfc5321" in ehlo
    assert [era for era in ("rfc821", "rfc1869", "rfc2821", "rfc5321") if f"<h4>{era}</h4>" not in ehlo] == []
    assert "answered otherwise" in page.text("total")
    assert "NOOP" in noop


def test_another_script_and_another_host():
    page = Page(CompareWidget("NOOP"))
    page.does("compare", "HELO me.example\nQUIT")
    page.does("hello")
    assert page.widget.script == "HELO me.example\nQUIT" == page.fields["script"]
    assert len(page.lists["steps"]) == 3
    page.does("host", "open")
    assert "open.example" in page.html
    page.does("compare", "NOOP\n" * (MOST + 1))
    assert "more than" in page.text("total")
    assert len(page.lists["steps"]) == 3


def test_it_takes_what_was_said_in_a_lab_without_its_passwords():
    one = lab(policy="open")
    for line in ("EHLO me.example", "AUTH PLAIN AGFkYQBzZWNyZXQ="):
        one.send(line)
    page = Page(CompareWidget(one))
    assert page.fields["script"].startswith("C: EHLO me.example\nC: AUTH PLAIN ")
    assert "AGFkYQBzZWNyZXQ=" not in page.html + str(page.fields)
    one.send("NOOP")
    page.does("take")
    assert page.fields["script"].endswith("C: NOOP\n")


# Lessons -------------------------------------------------------------------------------------------

LETTER = (
    "HELO me.example",
    "MAIL FROM:<me@me.example>",
    "RCPT TO:<ada@lab.example>",
    "DATA",
    "Subject: hello",
    "",
    "Hello.",
    ".",
)


def test_a_task_is_done_and_noted(progress):
    page = Page(LessonWidget("one-letter"))
    assert page.text("title") == "3 One letter 1/3"
    assert "<h1" not in page.parts["task"] and "<strong>envelope</strong>" in page.parts["task"]
    page.types(*LETTER[:2])
    assert page.text("goals").startswith("[x] 250 to MAIL[ ] 250 to RCPT")
    page.types(*LETTER[2:])
    assert "[ ]" not in page.text("goals")
    assert page.text("told") == "done; Next goes on"
    assert read_progress(progress)["one-letter"]["deliver"]["done"]
    assert "Subject: hello" in page.text("letters")
    page.does("next")
    assert page.text("title") == "3 One letter 2/3"
    assert "HELO" not in page.lists["wire"]["0.0"] and len(page.lists["wire"]) == 1


def test_what_the_shell_began_goes_on_here(progress):
    from esmtp_lab.commands.progress import keeper
    from esmtp_lab.lab.lessons import begin

    attempt = begin("3")
    attempt.scene.play("\n".join(LETTER))
    attempt.step()
    keeper()(attempt)
    page = Page(LessonWidget(3))
    assert page.text("title") == "3 One letter 2/3"
    page.types("HELO me.example", "MAIL FROM: <me@me.example>", "MAIL FROM:<me@me.example>")
    assert {*read_progress(progress)["one-letter"]} == {"deliver", "break"}
    page.does("next")
    page.does("answer", "question b")
    assert page.text("told").startswith("right: ")
    page.does("next")
    assert "not done" not in page.text("task")
    assert {*read_progress(progress)["one-letter"]} == {"deliver", "break", "question"}
    assert Page(LessonWidget(3)).text("title") == "3 One letter 1/3"


def test_a_file_that_cannot_be_read_stops_nobody(progress):
    progress.write_text("{")
    page = Page(LessonWidget(3))
    page.types(*LETTER)
    assert "done" in page.text("told")
    assert progress.read_text() == "{"


def test_near_misses_hints_and_the_solution():
    page = Page(LessonWidget(3))
    page.types("HELO me.example", "MAIL FROM: <me@me.example>")
    assert "There is a space after the colon." in page.text("told")
    page.does("hello")
    assert "There is a space after the colon." in page.text("told")
    page.does("hint")
    page.does("hint")
    assert page.text("given").startswith("hint 2 of 3")
    page.does("back")
    assert page.text("given").startswith("hint 1 of 3")
    page.does("solution")
    assert "RCPT TO:<ada@lab.example>" in page.text("way") and "1 of 2" in page.text("way")
    page.does("solution")
    assert "2 of 2" in page.text("way")
    page.types("NOOP")
    assert page.text("told") == ""


def test_a_task_is_left_skipped_and_begun_anew(progress):
    page = Page(LessonWidget(3))
    page.does("next")
    assert page.text("told").startswith("not done yet: Skip does it") and "/" not in page.text("told")
    page.does("skip")
    assert "letters for ada@lab.example: 0 before, 1 now" in page.text("told")
    assert read_progress(progress)["one-letter"]["deliver"] == {"skipped": True}
    page.does("reset")
    assert len(page.lists["wire"]) == 1 and "[x]" not in page.text("goals")
    page.does("next")
    page.does("next")
    assert page.text("title").endswith("2/3")


def test_questions_are_clicked_and_their_answers_stand():
    page = Page(LessonWidget(3))
    for _ in range(4):
        page.does("next")
    values = read(page.parts["quiz"]).values("data-value")
    assert values == ["question a", "question b", "question c"]
    assert "[ ] not answered yet" in page.text("quiz")
    page.does("answer", values[0])
    assert "[ ] not right: a" in page.text("quiz") and "That is 4." in page.text("told")
    page.does("answer", values[1])
    assert "[x] right: b" in page.text("quiz")
    assert "Next has the last word" in page.text("told")


def test_a_number_is_typed_into_its_own_field():
    page = Page(LessonWidget(10))
    found = [each for each in page.widget.attempt.lesson.tasks if any(q.kind == "number" for q in each.questions)]
    page.widget.attempt.to(found[0].id)
    page.widget._open()
    page.does("hello")
    number = next(q for q in found[0].questions if q.kind == "number")
    assert f"{number.id} " in read(page.parts["quiz"]).values("data-before")
    page.does("answer", f"{number.id} {number.right}")
    assert f"[x] right: {number.right}" in page.text("quiz")


def test_the_words_of_lessons_are_understood():
    page = Page(LessonWidget(1))
    page.types("/restart")
    assert len(page.widget.attempt.scene.desks) == 2
    page.types("/host evening")
    assert page.widget.lab.policy.name == "evening" and "selected>evening" in page.parts["head"]
    page.types("/mail ada", "/expect 250")
    assert page.text("told") == "you expect 250"
    page.types("/nonsense")
    assert "no lab command" in page.text("told")
    page.does("host", "no such host")
    assert "no such host" in page.said
    page.types("/next", "/next")
    assert "/" in page.text("title") and " 2/" in page.text("title")


def test_what_another_view_or_a_cell_does_counts_too():
    page = Page(LessonWidget(3))
    other = Page(BenchWidget(page.widget.lab))
    other.types(*LETTER[:3])
    assert "[x] 250 to RCPT" in page.text("goals")
    other.does("anew")
    assert page.widget.lab is page.widget.attempt.scene.desk
    for line in LETTER:
        page.widget.lab.send(line)
    assert "done" in page.text("told")


@pytest.mark.parametrize("number", [1, 8, 15, 19, 22])
def test_a_lesson_can_be_done_by_typing_alone(number):
    page = Page(LessonWidget(number))
    for task in page.widget.attempt.lesson.tasks:
        assert page.widget.attempt.task is task
        page.types(*page.widget.attempt.ways[0].strip("\n").split("\n"))
        assert page.widget.attempt.reached and page.said == ""
        page.types("/next") if task.quiz else page.does("next")
    assert "not done" not in page.text("task")


def test_prose_lets_nothing_through():
    page = read(prose("# a\n\n<b>x</b> [y](http://x.example) ![z](http://x.example/z.png) <http://x.example>"))
    assert {tag for tag, _ in page.tags} == {"div", "h4", "p"}
    assert "<b>x</b>" in page.text


def test_a_lab_that_nobody_has_any_more_is_let_go():
    lab = Lab()
    assert shared(lab) is shared(lab)
    gone = weakref.ref(lab)
    del lab
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("host", ["lab", "open"])
def test_a_reply_that_goes_wrong_names_the_host_that_says_it(host):
    lab = Lab(policy=host)
    widget = BenchWidget(lab)
    lab.send("EHLO me.example")
    widget.acts["fault"](widget, "421 to the next MAIL")
    assert repr(lab.send("MAIL FROM:<me@me.example>")).splitlines()[-1].startswith(f"S: 421 {lab.policy.domain} ")
