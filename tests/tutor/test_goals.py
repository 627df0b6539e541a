"""What goals see: each word of the vocabulary holds where it should, and nowhere else."""

import tomllib

import pytest

from esmtp_lab.errors import DataError
from esmtp_lab.tutor.goal import read_goal
from esmtp_lab.tutor.vocabulary import ATTRIBUTES, SUBJECTS

HI = "EHLO me.example\n"
TO_ADA = f"{HI}MAIL FROM:<me@me.example>\nRCPT TO:<ada@lab.example>\n"
LETTER = TO_ADA + "DATA\nTo: carol@lab.example\n\nhi\n..dot\n.\n"
GROUP = HI + r"/raw MAIL FROM:<me@me.example>\r\nRCPT TO:<ada@lab.example>\r\nDATA\r\n" + "\nhi\n."
SERVER = """
role = "server"
letter = { from = "<me@me.example>", to = ["<ada@lab.example>", "<eve@lab.example>"], text = "x" }
"""
SERVED = "220 lab.example\n250 lab.example\n250 ok\n250 ok\n550 no\n354 go\n250 ok\n221 bye"
SERVED_SO_FAR = f'{SERVER}start = "220 lab.example"'
RELAY = """
host = "tiny"
neighbours = ["home"]
[hosts.tiny]
like = "relay"
domain = "tiny.example"
[hosts.home]
domain = "me.example"
mailboxes = { me = "Me" }
"""
BOUNCED = f"{HI}MAIL FROM:<me@me.example>\nRCPT TO:<eve@me.example>\nDATA\nhi\n."
DEFER = RELAY.replace('domain = "me.example"', 'domain = "me.example"\nrefusals = { me = "mailbox-busy" }')
TURNS = 'host = "classic"\nturns = true'
SASL = f"{HI}AUTH LOGIN\nem9l\nc2VjcmV0\n"

# a clause, lines that meet it, lines that do not, and the setting
CLAUSES = [
    ('command = "NOOP"', "NOOP", HI, ""),
    ('command = ["NOOP", "RSET"]', f"{HI}RSET", HI, ""),
    ('command = "*"', "NOOP", "/wait 1", ""),
    ('command = "UNKNOWN"', "XYZ", "NOOP", ""),
    ('command = "XYZ"', "XYZ", "XYY", ""),
    ('command = "CONTINUATION"', SASL, HI, 'host = "members"'),
    ('command = "*"\nproblem = "space-after-colon"', f"{HI}MAIL FROM: <a@b.example>", f"{HI}MAIL FROM:a", ""),
    ('command = "*"\nproblem = "*"', f"{HI}MAIL FROM:a", HI, ""),
    ('command = "EHLO"\nproblem = "-"', HI, "EHLO", ""),
    ('command = "MAIL"\nparameter = "SIZE"', f"{HI}MAIL FROM:<> SIZE=1", f"{HI}MAIL FROM:<>", ""),
    ('command = "MAIL"\nparameter = "SIZE=1"', f"{HI}MAIL FROM:<> SIZE=1", f"{HI}MAIL FROM:<> SIZE=2", ""),
    ('command = "MAIL"\nparameter = "*"', f"{HI}MAIL FROM:<> SIZE=1", f"{HI}MAIL FROM:<>", ""),
    ('command = "MAIL"\nparameter = "-"', f"{HI}MAIL FROM:<>", f"{HI}MAIL FROM:<> SIZE=1", ""),
    ('command = "NOOP"\nargument = "a b"', "NOOP a b", "NOOP A b", ""),
    ('command = "MAIL"\npath = "<>"', f"{HI}MAIL FROM:<>", f"{HI}MAIL FROM:<a@b.example>", ""),
    ('command = "NOOP"\nspelled = "nOOp"', "nOOp", "NOOP", ""),
    ('command = "NOOP"\ncasing = "mixed"', "nOOp", "NOOP", ""),
    ('command = "NOOP"\ncasing = ["lower", "upper"]', "noop", "nOOp", ""),
    ('moment = "forgiven"', r"/raw NOOP\n", "NOOP", 'host = "lenient"'),
    ('command = "NOOP"\nanswered = 250', r"/raw NOOP\n", r"/raw NOO\n", 'host = "lenient"'),
    ('state = "*"\npending = ">0"', r"/raw NOOP\n", "NOOP", ""),
    ('command = "DATA"\nanswered = 503', f"{HI}DATA", TO_ADA + "DATA", ""),
    ('command = "EHLO"\nanswered = "2yz"', HI, "EHLO", ""),
    ('command = "EHLO"\nanswered = "-"', HI, HI, 'faults = [{ kind = "stall", to = "EHLO" }]\n#'),
    ('command = "*"\npipelined = true', GROUP, TO_ADA, ""),
    ('command = "DATA"\nends_group = true', GROUP, HI + r"/raw DATA\r\nNOOP\r\n", ""),
    ('command = "EHLO"\nin = "ready"', HI * 2, HI, ""),
    ('command = "NOOP"\nfact = "extended"', f"{HI}NOOP", "HELO me.example\nNOOP", ""),
    ('command = "NOOP"\nat = "partner"', "/host partner\nNOOP", "NOOP", ""),
    ('command = "NOOP"\nat = "partner.example"', "/host partner\nNOOP", "NOOP", ""),
    ('command = "NOOP"\noffered = "SIZE"', f"{HI}NOOP", "NOOP", ""),
    ('command = "NOOP"\nnot_offered = "XPONG"', f"{HI}NOOP", f"/host partner\n{HI}NOOP", ""),
    ('command = "NOOP"\nhas = "caf\\\\xe9"', r"/raw NOOP caf\xe9\r\n", "NOOP cafe", ""),
    ('command = "NOOP"\noctets = ">=8"', "NOOP x", "NOOP", ""),
    ('command = "NOOP"\ndeviation = "eight-bit"', r"/raw NOOP \xe9\r\n", "NOOP", ""),
    ('command = "NOOP"\ndeviation = "*"', r"/raw NOOP \xe9\r\n", "NOOP", ""),
    ('command = "NOOP"\ndeviation = "-"', "NOOP", r"/raw NOOP \xe9\r\n", ""),
    ('command = "NOOP"\ncount = 2', "NOOP\nNOOP", "NOOP", ""),
    ('command = "NOOP"\ncount = "=1"', "NOOP", "NOOP\nNOOP", ""),
    ('command = "*"\ncount = 2\ndistinct = "verb"', "NOOP\nRSET", "NOOP\nNOOP", ""),
    ('command = "*"\ncount = 2\ndistinct = "spelled"', "NOOP\nnoop", "NOOP\nNOOP x", ""),
    ('command = "*"\ncount = 2\ndistinct = "line"', "NOOP\nNOOP x", "NOOP\nNOOP", ""),
    ('command = "*"\ncount = 2\ndistinct = "session"', "NOOP\n/restart\nNOOP", "NOOP\nNOOP", ""),
    ('reply_to = "*"\ncode = 503\ncount = 2\ndistinct = "to"', "DATA\nMAIL FROM:<>", "DATA\nDATA", ""),
    ('reply_to = "*"\ncount = 2\ndistinct = "first_digit"', "MAIL FROM:<>", "NOOP", ""),
    ('command = "*"\ncount = 2\ndistinct = "code"', "NOOP\nXYZ", "NOOP\nRSET", ""),
    ('reply_to = "GREETING"\ncode = 554', "/wait 1", "", 'host = "no-service"\n#'),
    ('reply_to = "NOOP"\ncode = "x5z"', "NOOP", "HELP", ""),
    ('reply_to = "EHLO"\nlines = ">1"', HI, "EHLO", ""),
    ('reply_to = "RCPT"\nenhanced = "5.1.1"', TO_ADA.replace("ada", "eve"), TO_ADA, ""),
    ('reply_to = "DATA"\nenhanced = "*"', "DATA", TO_ADA + "DATA", ""),
    ('reply_to = "EHLO"\nenhanced = "-"', HI, "NOOP", ""),
    ('reply_to = "NOOP"\nunchanged = true', "NOOP", HI, ""),
    ('reply_to = "EHLO"\nunchanged = false', HI, "EHLO", ""),
    ('reply_to = "*"\ncount = 2\ndistinct = "session"', "250 x\n/restart\n220 x", "250 x\n250 y", SERVED_SO_FAR),
    ('command = "MAIL"\nparameter = "BODY=8BITMIME"', f"{HI}MAIL FROM:<> BODY=8bitmime", f"{HI}MAIL FROM:<>", ""),
    ('reply_to = "GREETING"\ndeviation = "code-changes"', "220-a\n250-b\n220 c", "220-a\n220 b", SERVER),
    ("content = true", LETTER, TO_ADA, ""),
    ("content = true\ndots = 1", LETTER, LETTER.replace("..dot", "dot"), ""),
    ("content = true\nanswered = 250", LETTER, TO_ADA, ""),
    ("content = true\neight_bit = true", LETTER.replace("hi", "hé"), LETTER, ""),
    ('content = true\nequals = "a\\n.b\\n"', TO_ADA + "DATA\na\n..b\n.", TO_ADA + "DATA\na\nb\n.", ""),
    ("content = true\noctets = 3", TO_ADA + "DATA\na\n.", TO_ADA + "DATA\n..a\n.", ""),
    ('moment = "closed"', "/fault cut-before NOOP\nNOOP", "NOOP", ""),
    ('moment = "closed"\nby = "server"', HI, "NOOP", 'host = "ehlo-hangs-up"'),
    ('moment = "tls"', f"{HI}STARTTLS", HI, 'host = "secure"'),
    ('violation = "*"', "MAIL FROM:<>", HI, ""),
    ('violation = "*"\nby = "client"', "MAIL FROM:<>", HI, ""),
    ('violation = "*"\nby = "server"', "/role server\n220 lab.example\n250 x y\n354 no", "MAIL FROM:<>", ""),
    ('violation = "mail-once"', f"{HI}MAIL FROM:<>\nMAIL FROM:<>", f"{HI}MAIL FROM:<>", ""),
    ('delivered = "ada"', LETTER, TO_ADA, ""),
    ('delivered = "*"', LETTER, TO_ADA, ""),
    ('delivered = "ada"\ncount = 2', f"{LETTER}/restart\n{LETTER}", LETTER, ""),
    ('delivered = "ada"\nfrom = "<>"', LETTER.replace("<me@me.example>", "<>"), LETTER, ""),
    (
        'delivered = "bob"\nto = ["<bob@lab.example>", "<ada@lab.example>"]',
        LETTER.replace("DATA", "RCPT TO:<bob@lab.example>\nDATA"),
        LETTER.replace("ada", "bob"),
        "",
    ),
    ('delivered = "ada"\nheader = "to: CAROL@"', LETTER, LETTER.replace("carol", "dora"), ""),
    ('delivered = "ada"\nno_header = "Bcc"', LETTER, LETTER.replace("To:", "Bcc:"), ""),
    ('delivered = "ada"\nno_header = "To"', LETTER.replace("To:", "\nTo:"), LETTER, ""),
    ('delivered = "ada"\nhidden = true', LETTER, LETTER.replace("carol", "ada"), ""),
    ('delivered = "ada"\nhas = "Received:"', LETTER, TO_ADA, ""),
    ('delivered = "ada"\nequals = "a\\n"', TO_ADA + "DATA\na\n.", LETTER, ""),
    ('delivered = "ada"\noctets = 3', TO_ADA + "DATA\na\n.", LETTER, ""),
    ('delivered = "ada"\nprotocol = "ESMTP"', LETTER, LETTER.replace("EHLO", "HELO"), ""),
    ('delivered = "ada"\nparameter = "SIZE=9"', LETTER.replace("me.example>\nR", "me.example> SIZE=9\nR"), LETTER, ""),
    (
        'delivered = "ada (terminal)"\nverb = "SEND"',
        LETTER.replace("MAIL", "SEND"),
        LETTER,
        'host = "classic"',
    ),
    ('delivered = "me"\nat = "me.example"\nfrom = "<>"', BOUNCED, BOUNCED.replace("eve", "me"), RELAY),
    ('delivered = "me"\nat = "home"', BOUNCED.replace("eve", "me"), TO_ADA, RELAY),
    ('queued = "tiny.example"', BOUNCED.replace("eve", "me"), TO_ADA, DEFER),
    ('state = "ready"', HI, "NOOP", ""),
    ('state = "initial"\nside = "client"', "NOOP", HI, ""),
    ('state = "*"\nfact = "tls"', f"{HI}STARTTLS", HI, 'host = "secure"'),
    ('state = "*"\nno_fact = "extended"', "HELO me.example", HI, ""),
    ('state = "*"\noffered = ["SIZE", "EXPN"]', HI, "NOOP", ""),
    ('state = "*"\nnot_offered = "XPONG"', HI, f"/host partner\n{HI}", ""),
    ('state = "*"\nclient_name = "me.example"', HI, "EHLO other.example", ""),
    ('state = "*"\nrecipients = 1', TO_ADA, HI, ""),
    ('state = "*"\nreverse_path = "<me@me.example>"', TO_ADA, HI, ""),
    ('state = "*"\nrole = "server"', "/role server", "NOOP", ""),
    ('state = "*"\nturned = true', f"{HI}TURN", HI, TURNS),
    ('state = "ready"\nat = "lab"', f"{HI}/host partner\nNOOP", f"/host partner\n{HI}", 'host = "classic"\n#'),
    ('state = "ready"\nat = "partner"', f"/host partner\n{HI}", HI, ""),
    ('expected = "EHLO"', f"/expect 250\n{HI}", f"/expect 500\n{HI}", ""),
    ('expected = "*"\ncode = "5yz"', "/expect 503\nDATA", f"/expect 250\n{HI}", ""),
    ('expected = "EHLO"', f"/expect 2yz\n{HI}", f"{HI}/expect 250", ""),
    ('outcome = "accepted"', SERVED, "220 lab.example", SERVER),
    ('outcome = "refused"\npath = "<eve@lab.example>"', SERVED, SERVED.replace("550", "250"), SERVER),
    ('outcome = "later"', SERVED.replace("550", "450"), SERVED, SERVER),
]


@pytest.mark.parametrize(("clause", "meets", "misses", "setting"), CLAUSES, ids=[str(n) for n in range(len(CLAUSES))])
def test_a_clause_holds_where_it_should_and_nowhere_else(scene, clause, meets, misses, setting):
    table = tomllib.loads(clause)
    wanted = read_goal({"all": [table]}, "test")
    other = "" if setting.endswith("#") else setting
    setting = setting.removesuffix("\n#")
    if table.get("at") == "lab" and table.get("state"):
        setting = other = ""
    good, bad = scene(meets, setting), scene(misses, other)
    assert wanted.reached(good), wanted.judge(good)
    assert not wanted.reached(bad), wanted.judge(bad)
    (met,) = wanted.judge(good)
    assert met.words and met.mark == "[x]" and met.standing == "met"
    (missed,) = wanted.judge(bad)
    assert not missed.met and missed.mark in ("[ ]", "[-]")


def test_every_word_is_tried():
    tried = {
        (next(each for each in SUBJECTS if each in table), key)
        for table in map(tomllib.loads, [c[0] for c in CLAUSES])
        for key in table
    }
    keys = {key for _, key in tried}
    assert set(SUBJECTS) - {subject for subject, _ in tried} == {"answer"}
    assert {key for each in ATTRIBUTES.values() for key in each} <= keys


# Combinations ------------------------------------------------------------------------------------

TWO = """
within = "transaction"
all = [{ reply_to = "RCPT", code = "2yz" }, { reply_to = "RCPT", code = "5yz" }]
"""
NEXT = 'in_order = [{ command = "EHLO" }, { command = "HELO", next = true }]'
GOALS = [
    ('any = [{ command = "NOOP" }, { command = "RSET" }]', "RSET", HI),
    ('none = [{ command = "RSET" }]', HI, "RSET"),
    ('in_order = [{ command = "NOOP" }, { command = "RSET" }]', "RSET\nNOOP\nRSET", "RSET\nNOOP"),
    (NEXT, "EHLO\nNOOP\nEHLO\nHELO me.example", "EHLO\nNOOP\nHELO me.example"),
    ('in_order = [{ reply_to = "EHLO" }, { reply_to = "NOOP", next = true }]', "EHLO\nNOOP", "EHLO\nRSET\nNOOP"),
    (TWO, f"{TO_ADA}RCPT TO:<eve@lab.example>", f"{TO_ADA}RSET\nMAIL FROM:<>\nRCPT TO:<eve@lab.example>"),
    (
        'within = "session"\nall = [{ command = "NOOP" }]\nnone = [{ command = "RSET" }]',
        "RSET\n/restart\nNOOP",
        "NOOP\nRSET",
    ),
    ('within = "session"\ncount = 2\nall = [{ command = "NOOP" }]', "NOOP\n/restart\nNOOP", "NOOP\nNOOP"),
    ('within = "group"\nall = [{ command = "*", count = 3 }, { command = "DATA" }]', GROUP, TO_ADA),
    ('after = { command = "RSET" }\nall = [{ command = "NOOP" }]', "RSET\nNOOP", "NOOP\nRSET"),
    ('before = { command = "RSET" }\nall = [{ command = "NOOP" }]', "NOOP\nRSET", "RSET\nNOOP"),
    ('before = { command = "RSET" }\nall = [{ command = "NOOP" }]', "NOOP", "RSET"),
    (
        'all = [{ any = [{ command = "NOOP" }, { command = "RSET" }] }, { none = [{ command = "HELP" }] }]',
        "RSET",
        "RSET\nHELP",
    ),
]


@pytest.mark.parametrize(("text", "meets", "misses"), GOALS)
def test_clauses_combine(scene, text, meets, misses):
    wanted = read_goal(tomllib.loads(text), "test")
    assert wanted.reached(scene(meets))
    assert all(met.met for met in wanted.judge(scene(meets)))
    assert not wanted.reached(scene(misses))
    assert not all(met.met for met in wanted.judge(scene(misses)))
    assert not read_goal({"all": [{**tomllib.loads(text), "say": "own words"}]}, "test").reached(scene(misses))


def test_what_was_undone_does_not_count(scene):
    wanted = read_goal({"none": [{"command": "RSET"}]}, "test")
    assert wanted.judge(scene("RSET"))[0].lost
    assert wanted.reached(scene("RSET\n/undo"))
    assert not wanted.reached(scene("RSET\n/undo\n/redo"))


def test_what_was_there_at_the_start_does_not_count(scene):
    wanted = read_goal({"all": [{"command": "EHLO"}]}, "test")
    started = scene("", f"start = '''{HI}'''")
    assert started.bench.client.position.state == "ready"
    assert not wanted.reached(started)


FOR_ADA = "for ada@lab.example, the last from <me@me.example>, 35 octets"


@pytest.mark.parametrize(
    ("clause", "lines", "standing", "saw"),
    [
        ('reply_to = "MAIL"\ncode = 250', f"{HI}MAIL FROM:a", "not yet met", "last 501 to MAIL"),
        ('reply_to = "MAIL"\ncode = 250', HI, "not yet met", ""),
        ('command = "NOOP"\ncount = 3', "NOOP a", "not yet met", "1 of them; last NOOP a"),
        ('command = "NOOP"\ncount = "=1"', "NOOP\nNOOP", "can no longer be met", "2 of them; last NOOP"),
        ('command = "NOOP"\nargument = "x"', f"NOOP {'y' * 80}", "not yet met", f"last NOOP {'y' * 54}…"),
        ('content = true\ndots = 3', LETTER, "not yet met", "last 35 octets of content"),
        ('delivered = "ada"\nfrom = "<>"', LETTER, "not yet met", f"a letter {FOR_ADA}"),
        ('delivered = "ada"\ncount = 3', f"{LETTER}\n/restart\n{LETTER}", "not yet met", f"2 letters {FOR_ADA}"),
        ('delivered = "ada"', HI, "not yet met", "no letter there"),
        ('state = "mail"', HI, "not yet met", "ready (extended)"),
        ('state = "mail"\nat = "partner"', HI, "not yet met", "no session there"),
        ('expected = "EHLO"', f"/expect 500\n{HI}", "not yet met", "500 was expected, and 250 came"),
        ('expected = "EHLO"', HI, "not yet met", ""),
        ('outcome = "accepted"', HI, "not yet met", "0 of them"),
        ('queued = "lab.example"', HI, "not yet met", "0 in the queue"),
    ],
)  # fmt: skip
def test_a_clause_says_how_it_stands_and_what_was_seen(scene, clause, lines, standing, saw):
    (met,) = read_goal({"all": [tomllib.loads(clause)]}, "test").judge(scene(lines))
    assert (met.standing, met.saw) == (standing, saw)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('reply_to = "END_OF_DATA"\ncode = [250, "4yz"]', "250 or 4yz to the lone dot"),
        ('command = "*"\ncount = 2\ndistinct = "to"', "any command, at least 2 times, each with another to"),
        ('command = "NOOP"\nhas = "\\\\xe9"', "NOOP with '\\\\xe9' in it"),
        ('violation = "*"\nby = "server"', "any broken rule by the server"),
        ('violation = "mail-once"', "a broken rule: mail-once"),
        ('delivered = "ada"\ncount = 1', "a letter for ada, 1 time"),
        ('state = "*"\nfact = "tls"', "with tls"),
        ('command = "NOOP"\nsay = "own words"', "own words"),
    ],
)  # fmt: skip
def test_a_clause_in_words(text, words):
    (clause,) = read_goal({"all": [tomllib.loads(text)]}, "test").all
    assert clause.words == words


def test_a_goal_in_words():
    either = [{"command": "NOOP"}, {"command": "RSET"}]
    wanted = read_goal({"within": "session", "any": either, "none": [{"command": "HELP"}]}, "test")
    assert wanted.words == "in one session: NOOP or RSET and never HELP"
    assert read_goal({"in_order": [{"command": "A"}, {"command": "B"}]}, "test").words == "A then B"


def test_of_several_sessions_that_which_came_farthest_is_told(scene):
    wanted = read_goal(tomllib.loads(TWO), "test")
    stands = wanted.judge(scene(f"{TO_ADA}RSET\nMAIL FROM:<>"))
    assert [met.met for met in stands] == [True, False]
    assert [met.met for met in wanted.judge(scene(HI))] == [False, False]


# What cannot be read -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no goal. Add one of all, any, none, in_order"),
        ('al = [{ command = "NOOP" }]', "knows no key 'al'; perhaps 'all' is meant"),
        ("all = [{}]", "asks for nothing. Add one of command"),
        ('all = ["NOOP"]', "is no list of tables"),
        ('all = [{ command = "NOOP", reply_to = "NOOP" }]', "asks for command and reply_to at once"),
        ('all = [{ command = "NOOP", code = 250 }]', "command: knows no key 'code'"),
        ('all = [{ state = "ready", next = true }]', "knows no key 'next'"),
        ('all = [{ command = "NOOP", octets = "many" }]', "'many' is no number. Write 3, or \">=4\""),
        ('all = [{ command = "NOOP", count = true }]', "is no number"),
        ('all = [{ command = "NOOP", pipelined = 1 }]', "is true or false"),
        ('all = [{ command = "NOOP", has = 1.5 }]', "is a text or a list of texts"),
        ('all = [{ command = [] }]', "is an empty list"),
        ('all = [{ command = "NOOP", casing = "loud" }]', "is one of upper, lower, mixed"),
        ('all = [{ reply_to = "NOOP", code = "*" }]', "'*' is no code. Write 250"),
        ('all = [{ moment = "turned" }]', "after TURN { state"),
        ('all = [{ command = "NOOP", distinct = "day" }]', "distinct is one of verb"),
        ('all = [{ answer = "who" }]', "asks for an answer to 'who'; there are no questions"),
        ('in_order = [{ state = "ready" }]', "in_order holds what is no line"),
        ('within = "day"\nall = [{ command = "NOOP" }]', "within is one of session, transaction, group"),
        ('count = 2\nall = [{ command = "NOOP" }]', "has a count, which goes with within"),
        ('after = { state = "ready" }\nall = [{ command = "NOOP" }]', "after: is no line"),
        ('after = 3\nall = [{ command = "NOOP" }]', "after: is no table"),
    ],
)  # fmt: skip
def test_a_goal_that_cannot_be_read_says_what_to_mend(text, message):
    with pytest.raises(DataError) as error:
        read_goal(tomllib.loads(text), "lesson.toml: task 'x'")
    assert message in str(error.value)
    assert str(error.value).startswith("lesson.toml: task 'x'")
