"""The two sessions and the bench: cuts, undo, both roles, delivery, and any octets at all."""

import base64
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esmtp_lab.errors import CannotUndo, DataError, LocalProtocolError
from esmtp_lab.extensions import SHIPPED
from esmtp_lab.lab import Lab, client_dialect, server_dialect
from esmtp_lab.protocol.answers import ANSWERS
from esmtp_lab.protocol.client import ClientSession
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.dialect import Dialect, choose
from esmtp_lab.protocol.era import ERAS, find_era
from esmtp_lab.protocol.event import lines
from esmtp_lab.protocol.policy import find_policy, policies, with_users
from esmtp_lab.protocol.replies import Answer, catalogue
from esmtp_lab.protocol.server import ServerSession, stored
from esmtp_lab.protocol.session import FACTS, NOT_VERBS, STATES
from esmtp_lab.wire.path import Path
from esmtp_lab.wire.span import tiles

SESSION = (
    b"EHLO me.example\r\nMAIL FROM:<me@me.example> SIZE=9\r\nRCPT TO:<ada@lab.example>\r\nRCPT TO:<x@lab.example>\r\n"
    b"DATA\r\nSubject: x\r\n\r\n..\r\n.\r\n\r\n..x\r\r\n.\r\nNOOP\nNOOP\r\nEXPN friends\r\n"
    b"AUTH LOGIN\r\nem9l\r\n*\r\nQUIT\r\n"
)
PIECES = st.lists(
    st.sampled_from(
        [piece + b"\r\n" for piece in SESSION.split(b"\r\n")]
        + [
            b"HELO a\r\n",
            b"RSET\r\n",
            b"DATA\r\n",
            b".\r\n",
            b"\r",
            b"\n",
            b"\0",
            b"\xff",
            b"MAIL FROM:<>\r\n",
            b"VRFY x\r\n",
        ]
    ),
    max_size=25,
)
ADA, BOB = Path(b"ada", b"lab.example"), Path(b"bob", b"lab.example")
NOBODY = Path(b"nobody", b"lab.example")


def server(policy="lab", era="rfc2821") -> ServerSession:
    chosen = with_users(find_policy(policy), {"zoe": "secret"})
    session = ServerSession(server_dialect(chosen, era), chosen)
    session.start()
    return session


def hear(session: ServerSession, octets: bytes):
    """Everything that a server sees and says; letters are taken at once."""
    events = session.receive(octets)
    while session.letter is not None:
        letter = session.letter
        events += session.settle(stored(letter, session.mailboxes_of(letter)))
    return events


@given(PIECES, st.lists(st.integers(0, 400), max_size=10), st.sampled_from(list(ERAS)))
def test_any_cut_gives_the_same_events(pieces, cuts, era):
    octets = b"".join(pieces)
    whole, cut = server(era=era), server(era=era)
    expected = hear(whole, octets)
    found, start = [], 0
    for end in [*sorted(cuts), len(octets)]:
        found += hear(cut, octets[start:end])
        start = max(start, end)
    assert found == expected
    assert cut.take() == whole.take()


def test_cut_at_every_octet():
    whole, cut = server(), server()
    expected = hear(whole, SESSION)
    assert [event for octet in SESSION for event in hear(cut, bytes([octet]))] == expected
    assert len([event for event in expected if event.kind == "content"]) == 1


@given(st.one_of(st.binary(max_size=200), PIECES.map(b"".join)), st.binary(max_size=60), st.sampled_from(list(ERAS)))
def test_no_octets_raise_and_spans_cover_every_line(to_server, to_client, era):
    lab = Lab(era, policy=with_users(find_policy("lab"), {"zoe": "secret"}))
    crossings = lab.raw(to_server) + lab.bench.say(to_client)
    for crossing in crossings:
        for side in crossing:
            for event in lines(side) if side else ():
                assert tiles(event.spans, 0, len(event.octets))
                assert event.after.state in STATES


@given(PIECES, st.integers(1, 6))
def test_undo_restores_an_equal_state_and_redo_comes_back(pieces, steps):
    lab = Lab()
    seen = [lab.bench.state]
    for piece in pieces:
        lab.raw(piece)
        seen.append(lab.bench.state)
    back = min(steps, len(pieces))
    for _ in range(back):
        lab.undo()
    assert lab.bench.state == seen[len(pieces) - back]
    for _ in range(back):
        lab.redo()
    assert lab.bench.state == seen[-1]
    assert not lab.bench.struck


def test_undone_lines_stay_struck():
    lab = Lab()
    lab.send("EHLO me.example")
    before = len(lab.bench.log)
    lab.send("MAIL FROM:<a@b>")
    assert [crossing.event.octets for crossing in lab.undo()] == [
        b"MAIL FROM:<a@b>\r\n",
        b"250 2.1.0 Sender <a@b> ok\r\n",
    ]
    lab.send("NOOP")
    assert len(lab.bench.log) == before + 4
    assert [undone for _, undone in lab.bench.crossings()] == [False] * before + [True] * 2 + [False] * 2
    with pytest.raises(CannotUndo):
        lab.redo()
    lab.undo()
    lab.undo()
    lab.redo()
    assert [undone for _, undone in lab.bench.crossings()] == [False] * before + [True] * 4
    lab.undo()
    with pytest.raises(CannotUndo):
        lab.undo()


def test_prediction_changes_nothing():
    lab = Lab()
    before = lab.bench.state
    said = [crossing.event.octets for crossing in lab.predict("EHLO me.example")]
    assert said[-1] == b"250 HELP\r\n"
    for line in ("EHLO a", "MAIL FROM:<a@b>", "RCPT TO:<ada@lab.example>", "DATA"):
        lab.send(line)
    assert lab.predict(".")[-1].event.code == 250
    assert lab.mailboxes.letters == {}
    lab.bench.undo()
    for _ in range(3):
        lab.undo()
    assert lab.bench.state == before


def test_both_sides_agree_when_nothing_is_in_flight():
    lab = Lab()
    for line in SESSION.split(b"\r\n")[:-1]:
        lab.send(line)
        assert lab.bench.client.position == lab.bench.server.position
        assert lab.bench.client.envelope == lab.bench.server.envelope


def test_what_is_said_into_a_closed_channel_is_heard_by_nobody():
    lab = Lab()
    lab.send("QUIT")
    (crossing,) = lab.send("NOOP")
    assert crossing.server is None
    assert crossing.speaker == "client"


def deliver(lab: Lab, *paths: Path, content: bytes = b"Subject: hi\r\n\r\n.x\r\n") -> list[tuple[int, bytes]]:
    lab.deliver(Delivery(Path(b"me", b"me.example"), paths, content))
    assert lab.bench.delivery is not None
    return [
        (outcome.reply.code if outcome.reply else 0, outcome.path.local_part) for outcome in lab.bench.delivery.outcomes
    ]


def said_by_client(lab: Lab) -> list[bytes]:
    return [c.event.octets.split()[0] for c in lab.crossings() if c.speaker == "client" and c.event.kind == "command"]


def test_the_client_delivers_by_itself():
    lab = Lab()
    assert deliver(lab, ADA, NOBODY, BOB) == [(250, b"ada"), (550, b"nobody"), (250, b"bob")]
    assert said_by_client(lab) == [b"EHLO", b"MAIL", b"RCPT", b"RCPT", b"RCPT", b"DATA", b"QUIT"]
    assert lab.mailboxes.letters["ada"][0].content == b"Subject: hi\r\n\r\n.x\r\n"
    assert b"SIZE=19" in b"".join(crossing.event.octets for crossing in lab.crossings())


def test_the_client_goes_on_with_helo():
    lab = Lab("rfc821")
    assert deliver(lab, ADA) == [(250, b"ada")]
    assert said_by_client(lab) == [b"EHLO", b"HELO", b"MAIL", b"RCPT", b"DATA", b"QUIT"]


def test_a_client_of_1982_does_not_try_ehlo():
    lab = Lab(client_era="rfc821")
    assert deliver(lab, ADA) == [(250, b"ada")]
    assert said_by_client(lab)[0] == b"HELO"


def test_nobody_accepted_means_no_content():
    lab = Lab("rfc821")
    assert deliver(lab, NOBODY) == [(550, b"nobody")]
    assert b"DATA" not in said_by_client(lab)


def test_eight_bits_need_an_offer():
    lab = Lab("rfc821")
    lab.deliver(Delivery(ADA, (BOB,), b"caf\xe9\r\n"))
    (outcome,) = lab.bench.delivery.outcomes
    assert not outcome.accepted
    assert not outcome.temporary
    assert "8BITMIME" in outcome.remark
    assert said_by_client(lab) == [b"EHLO", b"HELO", b"QUIT"]
    lab = Lab()
    assert deliver(lab, BOB, content=b"caf\xe9\r\n") == [(250, b"bob")]
    assert b"BODY=8BITMIME" in b"".join(crossing.event.octets for crossing in lab.crossings())


@pytest.mark.parametrize(
    ("replies", "verbs", "codes"),
    [
        (["554 no"], [b"QUIT"], [554]),
        (["220 a", "421 a bye"], [b"EHLO"], [0]),
        (["220 a", "550 no", "250 a", "451 later"], [b"EHLO", b"HELO", b"MAIL", b"QUIT"], [451]),
        (["220 a", "502 no", "550 no"], [b"EHLO", b"HELO", b"QUIT"], [550]),
        (
            ["220-a", "220 b", "250-a", "250", "250 ok", "250 ok", "554 no"],
            [b"EHLO", b"MAIL", b"RCPT", b"DATA", b"QUIT"],
            [554],
        ),
        (
            ["220 a", "250 a", "250 ok", "250 ok", "354 go", "452 full"],
            [b"EHLO", b"MAIL", b"RCPT", b"DATA", b"QUIT"],
            [452],
        ),
        (
            ["220 a", "250 a", "250 ok", "299 odd but fine", "399 go", "250 ok"],
            [b"EHLO", b"MAIL", b"RCPT", b"DATA", b"QUIT"],
            [250],
        ),
    ],
)
def test_the_learner_is_the_server(replies, verbs, codes):
    lab = Lab(role="server")
    lab.deliver(Delivery(Path(b"me", b"me.example"), (ADA,), b"x\r\n"))
    for reply in replies:
        lab.say(reply)
    assert said_by_client(lab) == verbs
    assert [outcome.reply.code if outcome.reply else 0 for outcome in lab.bench.delivery.outcomes] == codes


def test_a_letter_that_the_learner_accepts_is_delivered_and_undo_takes_it_back():
    lab = Lab(role="server")
    lab.deliver(Delivery(Path(b"me", b"me.example"), (ADA, NOBODY), b"x\r\n"))
    for reply in ("220 a", "250 a", "250 ok", "250 ok", "250 ok", "354 go", "250-taken"):
        lab.say(reply)
    assert lab.mailboxes.letters == {}
    lab.say("250 thanks")
    assert {name: len(letters) for name, letters in lab.mailboxes.letters.items()} == {
        "ada": 1,
        "nobody@lab.example": 1,
    }
    lab.undo()
    assert lab.mailboxes.letters == {}
    lab.say("450 not now")
    assert lab.mailboxes.letters == {}


def test_the_auth_parameter_is_taken_where_auth_is_offered(plays):
    policy = with_users(find_policy("lab"), {"zoe": "secret"})
    plays("C: EHLO a\nS: 250\nC: MAIL FROM:<a@b> AUTH=<>\nS: 250", policy=policy)
    plays("C: EHLO a\nS: 250\nC: MAIL FROM:<a@b> AUTH=e+3Dmc2@example.com\nS: 250", policy=policy)
    plays("C: EHLO a\nS: 250\nC: MAIL FROM:<a@b> AUTH=e+3dmc2@example.com\nS: 250", policy=policy)
    plays("C: EHLO a\nS: 250\nC: MAIL FROM:<a@b> AUTH=+zz\nS: 501", policy=policy)
    plays("C: EHLO a\nS: 250\nC: MAIL FROM:<a@b> AUTH=e=mc2@example.com\nS: 501", policy=policy)
    plays("C: EHLO a\nS: 250\nC: MAIL FROM:<a@b> AUTH=<>\nS: 501")


def test_undo_when_the_learner_is_the_server():
    lab = Lab(role="server")
    lab.deliver(Delivery(Path(b"me", b"me.example"), (ADA,), b"x\r\n"))
    lab.say("220 a")
    state = lab.bench.state
    lab.say("500 what?")
    assert said_by_client(lab) == [b"EHLO", b"HELO"]
    lab.undo()
    assert lab.bench.state == state
    lab.say("250 a")
    assert said_by_client(lab) == [b"EHLO", b"MAIL"]


def test_a_client_never_sends_a_line_end_from_an_argument():
    client = ClientSession(client_dialect())
    with pytest.raises(LocalProtocolError) as caught:
        client.line("EHLO", domain_or_literal=b"a\r\nMAIL FROM:<x@y>")
    assert caught.value.rule == "crlf-ends-line"
    with pytest.raises(LocalProtocolError):
        client.line("MAIL", reverse_path=Path(b"a b", b"c"))
    with pytest.raises(LocalProtocolError):
        client.line("XYZZY")


@pytest.mark.parametrize(
    ("lines_sent", "codes"),
    [
        (["AUTH PLAIN " + base64.b64encode(b"\0zoe\0secret").decode()], [235]),
        (["AUTH PLAIN", base64.b64encode(b"\0zoe\0secret").decode()], [334, 235]),
        (["AUTH LOGIN", base64.b64encode(b"zoe").decode(), base64.b64encode(b"secret").decode()], [334, 334, 235]),
        (["AUTH PLAIN " + base64.b64encode(b"\0zoe\0wrong").decode()], [535]),
        (["AUTH PLAIN " + base64.b64encode(b"nonsense").decode()], [535]),
        (["AUTH LOGIN", "*"], [334, 501]),
        (["AUTH LOGIN", "!!"], [334, 501]),
        (["AUTH NOSUCH"], [504]),
        (["AUTH"], [501]),
        (["MAIL FROM:<a@b>", "AUTH PLAIN"], [250, 503]),
    ],
)
def test_authentication(lines_sent, codes):
    lab = Lab(policy=with_users(find_policy("lab"), {"zoe": "secret"}))
    lab.send("EHLO a")
    assert [lab.send(line)[-1].event.code for line in lines_sent] == codes
    assert ("authenticated" in lab.bench.server.position.facts) == (235 in codes)
    assert lab.bench.client.position == lab.bench.server.position


def test_authenticating_twice_is_out_of_order():
    lab = Lab(policy=with_users(find_policy("lab"), {"zoe": "secret"}))
    lab.send("EHLO a")
    line = "AUTH PLAIN " + base64.b64encode(b"\0zoe\0secret").decode()
    assert [lab.send(line)[-1].event.code for _ in range(2)] == [235, 503]


# The tables themselves --------------------------------------------------------------------------


def test_rows_name_states_facts_and_inputs_that_exist():
    for era in ERAS.values():
        dialect = Dialect(era, SHIPPED)
        for row in dialect.rows:
            assert row.states <= STATES.keys()
            assert row.to in STATES or row.to == ""
            assert row.gains | row.loses | row.needs | row.unless <= FACTS.keys()
            assert row.inputs <= dialect.forms.keys() | NOT_VERBS | era.verbs | {"EHLO"}
            assert set(row.severities) <= set("2345")
            assert row.lineage


def test_every_verb_with_a_form_has_rows_and_an_answer():
    for era in ERAS.values():
        dialect = Dialect(era, SHIPPED)
        answered = ANSWERS.keys() | {verb for each in SHIPPED for verb in each.answers} | {"EHLO"}
        for verb in dialect.forms.keys() - NOT_VERBS:
            assert any(verb in row.inputs for row in dialect.rows), verb
            assert verb in answered
        assert era.required <= dialect.forms.keys()


def test_every_code_that_the_server_sends_is_in_the_form_of_its_command():
    """Played through many lines in every state: no code comes that the command's form does not allow."""
    always = {500, 501, 421, 503}
    states = [b"", b"HELO a\r\n", b"EHLO a\r\n"]
    states += [states[-1] + b"MAIL FROM:<a@b>\r\n", states[-1] + b"MAIL FROM:<a@b>\r\nRCPT TO:<ada@lab.example>\r\n"]
    names = ["ada", "bob", "carol", "dora", "erin", "fred", "friends", "jones", "nobody"]
    tries = [f"RCPT TO:<{name}@lab.example>" for name in names] + [f"VRFY {name}" for name in names]
    tries += [f"EXPN {name}" for name in names] + [
        "NOOP",
        "HELO a",
        "EHLO a",
        "MAIL FROM:<a@b>",
        "RCPT TO:<x@y>",
        "HELP",
    ]
    tries += ["HELP x", "RSET", "QUIT", "AUTH PLAIN", "AUTH X", "XPING", "DATA", "MAIL FROM:<a@b> SIZE=99999999999"]
    seen = set()
    for era in ERAS:
        for state in states:
            for line in tries:
                session = server(era=era)
                for event in hear(session, state + line.encode() + b"\r\nx\r\n.\r\n"):
                    form = session.dialect.forms.get(event.to)
                    if event.kind == "reply" and form is not None:
                        allowed = {*form.success, *form.intermediate, *form.failure} | always
                        assert event.code in allowed, (era, event.to, event.code)
                        seen.add((event.to, event.code))
    assert len(seen) > 30


def test_every_situation_of_the_catalogue_is_well_formed():
    for key, entry in catalogue().entries.items():
        for era in ERAS:
            assert 211 <= entry.code(era) <= 556, key
            detail = entry.enhanced(era)
            assert not detail or detail[0] == str(entry.code("rfc2821"))[0], key
            assert entry.texts.keys() <= {"default", *ERAS}, key


def test_policies_that_are_wrong_say_what_to_mend(tmp_path):
    good = 'version = 1\ndomain = "mine.example"\nmailboxes = { zoe = "Zoe" }\n'
    file = tmp_path / "mine.toml"
    file.write_text(good)
    assert find_policy(str(file)).domain == "mine.example"
    for wrong, message in (
        ("domain = 1", "version"),
        ("version = 1\ndomain = 1", "domain is a str"),
        ('version = 1\nanswers = { NOOP = "nosuch" }', "no situation 'nosuch'"),
        ("version = 1\nnonsense = 1", "knows no key 'nonsense'"),
        ('version = 1\naccept = "all"', "one of known, any"),
        ('version = 1\nlists = { a = ["b"] }', "'b', who has no mailbox"),
        ("version = ", "cannot be read"),
    ):
        file.write_text(wrong)
        with pytest.raises(DataError, match=message):
            find_policy(str(file))
    with pytest.raises(DataError, match="there is no such policy"):
        find_policy("nosuch")
    with pytest.raises(DataError, match="no extension 'NOSUCH'"):
        choose(("NOSUCH",), SHIPPED, "x")
    with pytest.raises(DataError, match="no such era"):
        find_era("rfc1")
    assert {"lab", "partner", "open"} <= policies().keys()


def test_only_one_of_two_hosts_offers_the_local_extension():
    offers = {}
    for policy in ("lab", "partner"):
        lab = Lab(policy=policy)
        lab.send("EHLO a")
        offers[policy] = "XPONG" in lab.bench.client.offered
    assert offers == {"lab": False, "partner": True}


@settings(max_examples=50)
@given(PIECES)
def test_a_fork_goes_its_own_way(pieces):
    lab = Lab()
    lab.send("EHLO a")
    state = lab.bench.state
    copy = lab.bench.fork()
    for piece in pieces:
        copy.send(piece)
    assert lab.bench.state == state


@given(
    st.lists(st.text(max_size=600), min_size=1, max_size=4), st.sampled_from(["help", "chunk-taken", "ehlo", "stored"])
)
def test_no_reply_line_is_longer_than_it_may_be_or_holds_what_it_may_not(texts, key):
    """RFC 821 section 4.5.3, RFC 2821 section 4.5.3.1: 512 octets, code and CRLF included."""
    fields = dict.fromkeys(("text", "domain", "client", "octets", "recipients"), texts[0])
    composed = catalogue().compose(Answer(key, fields, tuple(texts)), "rfc2821")
    for line in composed.reply().each():
        assert len(line) <= 512
        assert line.endswith(b"\r\n")
        assert re.fullmatch(rb"[ -~]*", line[:-2])


def test_a_letter_for_many_says_how_many():
    lab = Lab(policy="open")
    for line in ("EHLO a", "MAIL FROM:<a@b>", *(f"RCPT TO:<{name}@open.example>" for name in range(60)), "DATA"):
        lab.send(line)
    assert lab.send(".")[-1].event.octets == b"250 2.0.0 OK, 0 octets taken for 60 mailboxes\r\n"


@pytest.mark.parametrize(("era", "code"), [("rfc821", 250), ("rfc1869", 250), ("rfc2821", 250), ("rfc5321", 501)])
def test_an_address_literal_in_helo(era, code):
    lab = Lab(era)
    assert lab.send("HELO [127.0.0.1]")[-1].event.code == code


def test_a_letter_to_a_list_reaches_all_of_it(plays):
    begin = "C: HELO a\nS: 250\nC: MAIL FROM:<a@b>\nS: 250\nC: RCPT TO:<everyone@lab.example>\nS: 250\n"
    lab = plays(f"{begin}C: DATA\nS: 354\nC: .\nS: 250")
    assert set(lab.mailboxes.letters) == set(lab.policy.lists["everyone"])


def test_content_pipelined_behind_data_is_content_on_both_sides():
    lab = Lab()
    lab.send("EHLO a")
    group = b"MAIL FROM:<a@b>\r\nRCPT TO:<ada@lab.example>\r\nDATA\r\nhi\r\nNOOP\r\n.\r\nNOOP\r\nQUIT\r\n"
    crossings = lab.raw(group)
    assert all(crossing.client and crossing.server for crossing in crossings)
    assert [crossing.event.octets for crossing in crossings if crossing.speaker == "client"][-3:] == [
        b".\r\n",
        b"NOOP\r\n",
        b"QUIT\r\n",
    ]
    assert lab.bench.client.position == lab.bench.server.position
    assert lab.mailboxes.letters["ada"][0].content == b"hi\r\nNOOP\r\n"
