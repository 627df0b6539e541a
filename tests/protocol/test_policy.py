"""Policies: what a host says to a recipient, to VRFY and to EXPN, and what a file may say of a host."""

from dataclasses import replace
from pathlib import Path as FilePath

import pytest

from esmtp_lab.errors import DataError
from esmtp_lab.protocol.policy import Policy, find_policy, policies, read_policy, with_users
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.wire.path import Path

HOST = Policy(
    domain="Lab.example",
    mailboxes={"ada": "Ada Lovelace", "bob": "Bob Jones", "Carol": "Carol Jones", "dan": "Dan", "erin": "Erin"},
    lists={"friends": ("ada", "bob")},
    forwards={"dan": "dan@new.example", "fay": "fay@new.example"},
    moved={"erin": "erin@new.example", "guy": "guy@new.example"},
    refusals={"bob": "mailbox-busy"},
)
ANY = replace(HOST, accept="any")


@pytest.mark.parametrize(
    ("local", "domain", "situation", "mailboxes"),
    [
        (b"ada", b"lab.EXAMPLE", "recipient-ok", ("ada",)),
        (b"ADA", b"lab.example", "recipient-ok", ("ada",)),
        (b"carol", b"lab.example", "recipient-ok", ("Carol",)),
        (b"postmaster", b"", "mailbox-unknown", None),
        (b"ada", b"", "recipient-ok", ("ada",)),
        (b"bob", b"lab.example", "mailbox-busy", None),
        (b"friends", b"lab.example", "recipient-ok", ("ada", "bob")),
        (b"dan", b"lab.example", "recipient-forwarded", ("dan@new.example",)),
        (b"erin", b"lab.example", "recipient-moved", None),
        (b"nobody", b"lab.example", "mailbox-unknown", None),
        (b"ada", b"other.example", "not-our-domain", None),
    ],
)
def test_who_is_a_recipient(local: bytes, domain: bytes, situation: str, mailboxes: tuple[str, ...] | None) -> None:
    verdict = HOST.route(Path(local, domain))
    assert (verdict.answer.key, verdict.accepted) == (situation, mailboxes is not None)
    assert verdict.mailboxes == (mailboxes or ())
    assert verdict.answer.fields["path"] == Path(local, domain).render().decode()


@pytest.mark.parametrize(
    ("local", "domain", "situation", "mailboxes"),
    [
        (b"nobody", b"lab.example", "recipient-ok", ("nobody",)),
        (b"ada", b"other.example", "recipient-ok", ("ada@other.example",)),
        (b"bob", b"lab.example", "mailbox-busy", None),
    ],
)
def test_who_is_one_where_anybody_is(
    local: bytes, domain: bytes, situation: str, mailboxes: tuple[str, ...] | None
) -> None:
    verdict = ANY.route(Path(local, domain))
    assert (verdict.answer.key, verdict.accepted) == (situation, mailboxes is not None)
    assert verdict.mailboxes == (mailboxes or ())


@pytest.mark.parametrize(("local", "other"), [(b"fay", "<fay@new.example>"), (b"guy", "<guy@new.example>")])
def test_where_somebody_is_now(local: bytes, other: str) -> None:
    """RFC 821 section 3.2, RFC 2821 section 3.4: 251 and 551 name the other mailbox."""
    assert HOST.route(Path(local, b"lab.example")).answer.fields["other"] == other
    assert HOST.verify_name(local.decode()).fields == {"other": other}


@pytest.mark.parametrize(
    ("text", "situation", "lines"),
    [
        ("ada", "verified", ("Ada Lovelace <ada@Lab.example>",)),
        ("ADA", "verified", ("Ada Lovelace <ada@Lab.example>",)),
        ("ada@lab.example", "verified", ("Ada Lovelace <ada@Lab.example>",)),
        ("<ada@LAB.example>", "verified", ("Ada Lovelace <ada@Lab.example>",)),
        ("Ada Lovelace <ada>", "verified", ("Ada Lovelace <ada@Lab.example>",)),
        ("ada lovelace", "verified", ("Ada Lovelace <ada@Lab.example>",)),
        ("Lovelace", "verified", ("Ada Lovelace <ada@Lab.example>",)),
        ("jones", "mailbox-ambiguous", ("Bob Jones <bob@Lab.example>", "Carol Jones <Carol@Lab.example>")),
        ("dan", "recipient-forwarded", ()),
        ("fay", "recipient-forwarded", ()),
        ("erin", "recipient-moved", ()),
        ("guy", "recipient-moved", ()),
        ("friends", "unverified", ()),
        ("nobody", "mailbox-unknown", ()),
        ("ada@other.example", "mailbox-unknown", ()),
    ],
)
def test_whether_somebody_has_a_mailbox(text: str, situation: str, lines: tuple[str, ...]) -> None:
    """RFC 821 section 3.3, RFC 2821 section 3.5.1: full name and mailbox, or all that it may be."""
    answer = HOST.verify_name(text)
    assert (answer.key, answer.lines) == (situation, lines)


def test_an_unknown_name_is_shown_as_it_was_asked_for() -> None:
    assert HOST.verify_name("No Body").fields == {"path": "No Body"}
    assert HOST.expand_list("No List").fields == {"path": "No List"}


@pytest.mark.parametrize(
    ("verify", "accept", "situation"),
    [
        ("answer", "known", "mailbox-unknown"),
        ("answer", "any", "unverified"),
        ("hide", "known", "unverified"),
        ("hide", "any", "unverified"),
    ],
)
def test_a_name_that_nobody_knows(verify: str, accept: str, situation: str) -> None:
    """RFC 2821 section 7.3: a host that does not verify says 252, and so does one that takes anybody."""
    assert replace(HOST, verify=verify, accept=accept).verify_name("nobody").key == situation


def test_who_hides_tells_nothing() -> None:
    hidden = replace(HOST, verify="hide")
    for text in ("ada", "dan", "erin", "jones", "nobody"):
        assert hidden.verify_name(text) == Answer("unverified")
    for text in ("friends", "nobody"):
        assert hidden.expand_list(text) == Answer("unexpanded")


@pytest.mark.parametrize("text", ["friends", "FRIENDS", "friends@lab.example", "<friends@lab.example>"])
def test_who_is_on_a_list(text: str) -> None:
    assert HOST.expand_list(text) == Answer(
        "list-members", {}, ("Ada Lovelace <ada@Lab.example>", "Bob Jones <bob@Lab.example>")
    )


@pytest.mark.parametrize("text", ["ada", "nobody", "friends@other.example"])
def test_what_is_no_list(text: str) -> None:
    assert HOST.expand_list(text).key == "list-unknown"


def test_names_that_need_quotes_have_them() -> None:
    policy = Policy(mailboxes={"ada l": "Ada"})
    assert policy.verify_name("Ada").lines == ('Ada <"ada l"@lab.example>',)


@pytest.mark.parametrize(
    ("relays_for", "client", "facts", "relays"),
    [
        ((), "me.example", "", False),
        ((), "me.example", "extended", False),
        ((), "me.example", "authenticated", True),
        (("me.example",), "me.example", "", True),
        (("me.example",), "you.example", "", False),
        (("*",), "you.example", "", True),
    ],
)
def test_for_whom_a_host_relays(relays_for: tuple[str, ...], client: str, facts: str, relays: bool) -> None:
    assert Policy(relays_for=relays_for).relays(client, frozenset(facts.split())) == relays


@pytest.mark.parametrize(("domain", "situation"), [(b"A.example", "domain-no-mail"), (b"b.example", "recipient-ok")])
def test_where_a_host_relays_to(domain: bytes, situation: str) -> None:
    assert Policy(no_mail=("a.example",)).onward(domain) == situation


@pytest.mark.parametrize(("terminals", "there"), [({}, False), ({"ada": "on"}, True), ({"ada": "off"}, False)])
def test_who_is_at_the_terminal(terminals: dict[str, str], there: bool) -> None:
    assert Policy(terminals=terminals).at_terminal("ada") == there


# What is not said ------------------------------------------------------------------------------------


def test_a_host_of_which_nothing_is_said() -> None:
    """It knows nobody, answers VRFY, relays for nobody, asks nobody for a password, and forgives nothing."""
    plain = Policy()
    assert (plain.name, plain.domain, plain.accept, plain.verify) == ("lab", "lab.example", "known", "answer")
    assert (plain.clear_text, plain.lenient, plain.data_without_recipients) == (False, False, "bad-sequence")
    assert (plain.max_size, plain.most_hops) == (10_485_760, 100)
    assert plain.extensions == plain.banner == plain.relays_for == plain.no_mail == plain.not_now == ()
    assert plain.route(Path(b"ada", b"lab.example")).answer.key == "mailbox-unknown"


# Files -----------------------------------------------------------------------------------------------


def written(directory: FilePath, text: str, name: str = "mine.toml") -> Policy:
    file = directory / name
    file.write_text(text, "utf-8")
    return find_policy(str(file))


def test_a_file_says_all_of_a_host(tmp_path: FilePath) -> None:
    policy = written(
        tmp_path,
        """
version = 1
about = "mine"
domain = "mine.example"
extensions = ["SIZE"]
banner = ["one", "two"]
relays_for = ["a"]
no_mail = ["b"]
not_now = ["BODY"]
accept = "any"
verify = "hide"
max_size = 7
most_hops = 3
clear_text = true
lenient = true
data_without_recipients = "start-content"
lists = { all = ["ada"] }
forwards = { b = "b@c" }
moved = { c = "c@d" }
refusals = { d = "mailbox-full", e = "hang-up" }
terminals = { ada = "on" }
passwords = { ada = "secret" }
answers = { EHLO = "ehlo-refused", NOOP = "hang-up" }
[mailboxes]
ada = "Ada"
""",
    )
    assert policy == Policy(
        name="mine",
        about="mine",
        domain="mine.example",
        extensions=("SIZE",),
        banner=("one", "two"),
        relays_for=("a",),
        no_mail=("b",),
        not_now=("BODY",),
        accept="any",
        verify="hide",
        max_size=7,
        most_hops=3,
        clear_text=True,
        lenient=True,
        data_without_recipients="start-content",
        mailboxes={"ada": "Ada"},
        lists={"all": ("ada",)},
        forwards={"b": "b@c"},
        moved={"c": "c@d"},
        refusals={"d": "mailbox-full", "e": "hang-up"},
        terminals={"ada": "on"},
        passwords={"ada": "secret"},
        answers={"EHLO": "ehlo-refused", "NOOP": "hang-up"},
    )


def test_a_file_may_have_a_name_of_its_own(tmp_path: FilePath) -> None:
    assert written(tmp_path, "version = 1").name == "mine"
    assert written(tmp_path, 'version = 1\nname = "ours"').name == "ours"


def test_a_file_needs_no_suffix(tmp_path: FilePath) -> None:
    assert written(tmp_path, "version = 1", "bare").name == "bare"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "no version"),
        ("version = 2", "no version"),
        ("version = ", "cannot be read"),
        ("version = 1\nnosuch = 1", "knows no key 'nosuch'"),
        ("version = 1\nmax_size = true", "max_size is a int"),
        ("version = 1\nbanner = 'x'", "banner is a list"),
        ("version = 1\nmailboxes = ['x']", "mailboxes is a dict"),
        ("version = 1\naccept = 'all'", "accept is one of known, any"),
        ("version = 1\nverify = 'lie'", "verify is one of answer, hide"),
        ("version = 1\nmax_size = 0", "max_size is at least 1"),
        ("version = 1\nmost_hops = 0", "most_hops is at least 1"),
        ("version = 1\nanswers = { NOOP = 'nosuch' }", "knows no situation 'nosuch'"),
        ("version = 1\nrefusals = { ada = 'nosuch' }", "knows no situation 'nosuch'"),
        ("version = 1\nlists = { all = ['ada'] }", "no mailbox here"),
        (
            "version = 1\nlists = { all = ['ada'] }\nmailboxes = { ada = 'A' }\nrefusals = { ada = 'mailbox-busy' }",
            "letters are refused",
        ),
    ],
)
def test_a_file_that_is_wrong(tmp_path: FilePath, text: str, wrong: str) -> None:
    with pytest.raises(DataError, match=wrong):
        written(tmp_path, text)


@pytest.mark.parametrize(("name", "wrong"), [("nosuch", "no such policy"), ("nosuch.toml", "cannot be read")])
def test_a_file_that_is_not_there(tmp_path: FilePath, name: str, wrong: str) -> None:
    with pytest.raises(DataError, match=wrong):
        find_policy(str(tmp_path / name))


def test_each_choice_can_be_written(tmp_path: FilePath) -> None:
    for verify in ("answer", "hide"):
        assert written(tmp_path, f"version = 1\nverify = '{verify}'").verify == verify
    for accept in ("known", "any"):
        assert written(tmp_path, f"version = 1\naccept = '{accept}'").accept == accept


def test_a_ready_made_host_is_like_another_but_for_what_it_says_itself() -> None:
    lab, classic = find_policy("lab"), find_policy("classic")
    assert classic.mailboxes == lab.mailboxes
    assert classic.extensions != lab.extensions
    assert {name: policy.name for name, policy in policies().items()} == {name: name for name in policies()}


# Users -----------------------------------------------------------------------------------------------


def test_users_have_a_mailbox_and_a_password() -> None:
    policy = with_users(HOST, {"zoe": "secret", "ada": "pass"})
    assert policy.extensions == ("AUTH",)
    assert policy.clear_text
    assert policy.passwords == {"zoe": "secret", "ada": "pass"}
    assert (policy.mailboxes["zoe"], policy.mailboxes["ada"]) == ("zoe", "Ada Lovelace")
    again = with_users(policy, {"yan": "word"})
    assert again.extensions == ("AUTH",)
    assert again.passwords == {"zoe": "secret", "ada": "pass", "yan": "word"}


def test_a_host_in_a_file_of_another_kind_may_be_like_a_ready_made_one() -> None:
    table = {"like": "open", "domain": "mine.example"}
    policy = read_policy(table, "mine", "a lesson")
    assert (policy.name, policy.domain, policy.accept) == ("mine", "mine.example", find_policy("open").accept)
    assert table == {"like": "open", "domain": "mine.example"}
    assert read_policy({"domain": "mine.example"}, "mine", "a lesson").accept == "known"


@pytest.mark.parametrize("like", ["nobody", 3])
def test_a_host_like_no_other_is_told_which_there_are(like: object) -> None:
    with pytest.raises(DataError, match=f"^a lesson: mine: is like {like!r}, which is no host; there are lab, "):
        read_policy({"like": like}, "mine", "a lesson")
