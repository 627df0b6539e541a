"""The registry of extensions says what IANA's says, and what the RFCs say where their texts were read."""

import re

import pytest

from esmtp_lab.errors import DataError
from esmtp_lab.extensions import SHIPPED
from esmtp_lab.extensions.known import LOCAL, REGISTERED, UNKNOWN, offer_in, offer_of
from esmtp_lab.extensions.registry import NOW, THEN, read_registries, registries
from esmtp_lab.lab import Lab, client_dialect
from esmtp_lab.readers.reading import read_transcript
from esmtp_lab.rules.texts import sections
from tests.extensions.shelf import document_status, here, records, rfcs, said, table, text

TODAY, OLD = registries()[NOW].entries, registries()[THEN].entries
EVERY = pytest.mark.parametrize("entry", [*TODAY.values(), *OLD.values()], ids=lambda e: f"{e.keyword}-{e.registry}")
READ = pytest.mark.parametrize(
    "entry", [e for e in (*TODAY.values(), *OLD.values()) if e.checked], ids=lambda e: f"{e.keyword}-{e.registry}"
)
IANA = "iana-mail-parameters.xml"


# Against IANA's registry, and the table of the 34 ------------------------------------------------


def test_the_keywords_are_those_of_the_registry_in_its_order():
    found = records(IANA, "mail-parameters-2")
    assert list(TODAY) == [said(each, "value") for each in found] == list(table())
    assert len(TODAY) == 34
    for record in found:
        entry = TODAY[said(record, "value")]
        assert entry.title == said(record, "description")
        assert [entry.rfc] * bool(entry.rfc) == rfcs(record)
        assert entry.contact == (said(record, "xref") if entry.rfc is None else "")
        assert sorted(entry.also) == sorted(rfcs(record, "i:note"))


def test_keywords_with_words_behind_them_are_those_of_the_registry():
    listed = {said(each, "value") for each in records(IANA, "mail-parameters-3")}
    # IANA's list of parameters leaves these out, though RFC 2852 section 2 has one, and our table the others
    later = {"DELIVERBY", "FUTURERELEASE", "LIMITS"}
    assert {entry.keyword for entry in TODAY.values() if entry.offers} == listed | later
    assert list(TODAY["LIMITS"].words) == [said(each, "value") for each in records(IANA, "smtp-service-extensions")]
    assert list(TODAY["MT-PRIORITY"].words) == [said(each, "value") for each in records(IANA, "mail-parameters-9")]


@pytest.mark.parametrize("keyword", TODAY)
def test_an_entry_says_what_the_table_says(keyword):
    entry, row = TODAY[keyword], table()[keyword]
    assert entry.basis == row["basis"]
    assert entry.offers == row["ehlo_parameters"]
    assert " ".join(entry.verbs) == row["verbs"]
    for verb, column in (("MAIL", "mail_parameters"), ("RCPT", "rcpt_parameters")):
        forms = [each.form for each in entry.parameters if each.verb == verb]
        assert forms == [each for each in re.split(r" \| | ", row[column]) if each]
    assert str(entry.rfc or "") == row["defining_rfc"]
    assert ",".join(map(str, entry.obsoleted)) == row["obsoleted_rfcs"]
    assert entry.status == row["status"]
    assert entry.submission == ("" if row["submission"] == "not checked" else row["submission"].partition(" (")[0])
    if entry.basis == "text" and keyword != "DSN":  # of which the table says: see the text
        assert " ".join(f"{verb}+{octets}" for verb, octets in entry.growth.items()) == row["line_growth"]


def test_of_a_text_that_was_not_read_no_growth_is_claimed():
    unread = [entry for entry in TODAY.values() if not entry.checked]
    assert {entry.keyword for entry in unread} == {key for key, row in table().items() if row["basis"] == "registry"}
    for entry in unread:
        assert not entry.growth and not entry.growth_says and not entry.needs
        assert not any(entry.verbs.values())
        assert entry.rfc is None or not text(entry.rfc), "its text is here now: read it, and say so"


# Against the list of 1998 ------------------------------------------------------------------------


def test_the_registry_of_1998_is_the_list_of_1998():
    listing = here("iana-mail-parameters-1998.txt").read_text().partition("SMTP SERVICE EXTENSIONS")[2]
    extensions, _, parameters = listing.partition("MAIL CONTENT DISPOSITION")[0].partition("Some of these keywords")
    row = re.compile(r"^([A-Z0-9]+)\s+(\S.*?)\s+\[(?:RFC(\d+)|(.*))\]$", re.MULTILINE)
    found = [(word, title, int(rfc or 0), name or "") for word, title, rfc, name in row.findall(extensions)]
    assert found == [(each.keyword, each.title, each.rfc or 0, each.contact) for each in OLD.values()]
    assert len(OLD) == 17
    assert re.findall(r"^\S.*?\s([A-Z]+)\s+(\w+)\s+\[RFC", parameters, re.MULTILINE) == [("SIZE", "number")]
    assert {entry.keyword: entry.offers for entry in OLD.values() if entry.offers} == {"SIZE": "number"}


def test_nothing_in_1998_is_from_later():
    for entry in OLD.values():
        documents = {
            *entry.obsoleted,
            entry.rfc or 0,
            *map(int, re.findall(r"RFC (\d+)", f"{entry.says}{entry.needs}")),
        }
        assert max(documents) <= 2197
        assert not entry.teaches and not entry.ports and not entry.barred and not entry.submission
        assert {*entry.needs, *entry.replaced_by} <= OLD.keys()
    assert OLD["8BITMIME"].obsoleted == (1426,) and OLD["PIPELINING"].obsoleted == (1854,)
    assert OLD["TURN"].replaced_by == ("ETRN",)


# Against the texts of the RFCs -------------------------------------------------------------------


@READ
def test_names_stand_in_the_text_that_defines_them(entry):
    body = text(entry.rfc)
    assert body, f"RFC {entry.rfc} is not on the shelf, but the entry says that it was read"
    names = {entry.keyword, *entry.verbs, *(each.keyword for each in entry.parameters)} - {"EXPN", "VRFY"}
    assert [name for name in names if not re.search(rf"(?<![A-Z-]){name}(?![A-Z])", body)] == []
    for each in entry.parameters:
        choices = re.fullmatch(r"[A-Z0-9-]+=\{([A-Z0-9|,]+)\}", each.form)
        for value in re.split(r"[|,]", choices[1]) if choices else ():
            assert re.search(rf"\b{value}\b", body)


@READ
def test_growth_is_what_the_text_says(entry):
    grows = r"(?:increased|extends the maximum line length of the MAIL FROM command|in length)[^.;]{0,60}? by (\d+) "
    found = {int(each) for each in re.findall(grows, text(entry.rfc))}
    if entry.keyword == "DSN":
        assert "(530 characters for the ORCPT and NOTIFY parameters of the RCPT command" in text(entry.rfc)
        sizes = dict(re.findall(r"([A-Z]+) parameter: (\d+) characters", text(entry.rfc)))
        assert sizes == {"ENVID": "100", "NOTIFY": "28", "ORCPT": "500", "RET": "8"}
        assert entry.growth == {"RCPT": int(sizes["ORCPT"]) + int(sizes["NOTIFY"]) + 2 * len(" ")}
    elif entry.keyword == "CHUNKING":
        assert not entry.growth  # RFC 3030 has one growth, and it is that of BINARYMIME
    else:
        assert set(entry.growth.values()) == found


def test_the_length_of_a_line_of_an_exchange_is_that_of_the_text():
    assert "12288 octets is considered to be a sufficient line length" in text(4954)
    assert "12288 octets" in TODAY["AUTH"].growth_says


@EVERY
def test_what_an_extension_needs_is_said_where_it_is_cited(entry):
    for needed, place in entry.needs.items():
        document, section = re.fullmatch(r"RFC (\d+) §(.+)", place).groups()
        body = here(f"rfc{document}.txt").read_text("utf-8-sig")
        (found,) = [each.text for each in sections(body) if each.number == section]
        assert needed in found


def test_what_the_issue_asks_for_is_among_the_needs():
    needs = {(entry.keyword, needed) for entry in TODAY.values() for needed in entry.needs}
    assert {("SMTPUTF8", "8BITMIME"), ("BINARYMIME", "CHUNKING"), ("REQUIRETLS", "STARTTLS")} <= needs
    assert registries()[NOW].needed_by("8BITMIME") == ("BURL", "SMTPUTF8")
    assert registries()[NOW].replaces("SMTPUTF8") == ("UTF8SMTP",)


def test_ports_are_said_in_the_texts_and_in_the_registry():
    assert "Port 366 is reserved for On-Demand Mail Relay" in text(2645)
    assert "Message Submission protocol on port 587 and MUST NOT be advertised by a regular SMTP" in text(4468)
    notes = {said(each, "value"): "".join(each.itertext()) for each in records(IANA, "mail-parameters-2")}
    for entry in TODAY.values():
        barred = re.findall(r"Not for use (?:on|with) .*?port (\d+)", notes[entry.keyword])
        assert [str(port) for port in entry.barred] == barred
    assert (TODAY["ATRN"].ports, TODAY["BURL"].ports) == ((366,), (587,))


@EVERY
def test_a_status_is_that_of_the_document(entry):
    status = document_status(entry.rfc or 0)
    if status and (entry.rfc != 821 or entry.registry == THEN):  # of the six of RFC 821 the table says what became
        assert entry.status == status


# Against what the lab implements -----------------------------------------------------------------


@pytest.mark.parametrize("extension", [each for each in SHIPPED if not each.local], ids=lambda each: each.ehlo_keyword)
def test_what_the_lab_implements_is_what_is_registered(extension):
    entry = TODAY[extension.ehlo_keyword]
    assert extension.defined_in == entry.source
    assert {form.verb for form in extension.forms if form.verb.isalpha()} >= entry.verbs.keys()
    for verb in ("MAIL", "RCPT"):
        assert {each.keyword for each in entry.parameters if each.verb == verb} == {
            each.keyword for each in extension.parameters(verb)
        }
        if verb in entry.growth:
            assert extension.line_growth.get(verb) == entry.growth[verb]


# The words ---------------------------------------------------------------------------------------


@EVERY
def test_notes_teach_in_one_to_three_sentences_of_our_own(entry):
    assert entry.says.endswith(".") and len(entry.says) <= 125
    assert not entry.teaches or entry.teaches.endswith(".")
    note = f"{entry.says} {entry.teaches}".strip()
    assert 1 <= len(re.findall(r"[.?](?: |$)(?! \.)", note.replace("CRLF . CRLF", ""))) <= 3
    for document in (entry.rfc, *entry.obsoleted, *entry.also):
        body = text(document) if document else ""
        assert not any(sentence in body for sentence in re.split(r"(?<=\.) ", note) if len(sentence) > 40)


# What a line of an EHLO reply offers -------------------------------------------------------------


@pytest.mark.parametrize("keyword", TODAY)
def test_every_registered_keyword_is_explained_in_any_case(keyword):
    for spelt in (keyword, keyword.lower()):
        offer = offer_of(spelt)
        assert (offer.about, offer.kind, offer.says) == (spelt, REGISTERED, TODAY[keyword].says)
        assert offer.where == TODAY[keyword].source


@pytest.mark.parametrize(
    ("line", "kind", "told"),
    [
        ("XCLIENT NAME ADDR", LOCAL, "By its X"),
        ("x-anything", LOCAL, "By its X"),
        ("XPONG", LOCAL, "The server answers XPING"),
        ("PRDR", UNKNOWN, "Neither registered nor"),
        ("VRFY", UNKNOWN, "a command that every server knows"),
        ("LIMITS MAILMAX=10 RCPTMAX=50 FOO=1", REGISTERED, "RCPTMAX: how many RCPT"),
        ("SIZE 1000", REGISTERED, "Behind it: the largest letter"),
        ("DSN", REGISTERED, "delivery status notification"),
    ],
)
def test_what_a_line_offers_is_said_with_its_kind(line, kind, told):
    dialogue = f"S: 220 a.example\nC: EHLO b.example\nS: 250-a.example\nS: 250 {line}\n"
    *_, (_, event, _) = read_transcript(dialogue.encode().splitlines(keepends=True), client_dialect())
    offer = offer_in(event)
    assert offer is not None
    assert offer.kind == kind
    assert told in f"{offer.says} {offer.teaches}"


def test_nothing_is_offered_by_the_first_line_or_by_other_replies():
    lab = Lab()
    crossed = [*lab.bench.log, *lab.send("HELO me.example"), *lab.send("EHLO me.example"), *lab.send("HELP")]
    offers = [offer for each in crossed if (offer := offer_in(each.event))]
    assert [offer.about for offer in offers] == list(lab.policy.extensions)


# The file ----------------------------------------------------------------------------------------

FOO = "version = 1\n[FOO]\n"
GOOD = 'title = "t"\nrfc = 1\nstatus = "s"\nbasis = "text"\nsays = "x."\n'


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("version = 2\n", "Add version = 1"),
        ("version = 1\n[", "is not TOML"),
        ("version = 1\nSIZE = 1\n", "is no keyword with its table"),
        (f"version = 1\n[XFOO]\n{GOOD}", "no X first"),
        (f"version = 1\n[size]\n{GOOD}", "in capitals"),
        (FOO + GOOD + "colour = 1\n", "knows no key 'colour'; there are title, rfc"),
        (FOO + GOOD + "growth = 26\n", "growth is a table of octets by verb, as { MAIL = 26 }, not 26"),
        (FOO + GOOD + "growth = { MAIL = true_ }\n", "is not TOML"),
        (FOO + GOOD + 'growth = { MAIL = "26" }\n', "growth is a table of octets"),
        (FOO + GOOD + "obsoleted = 1\n", "obsoleted is a list of numbers"),
        (FOO + GOOD + 'replaced_by = "BAR"\n', "replaced_by is a list of keywords"),
        (FOO + GOOD + 'parameters = [{ verb = "MAIL" }]\n', "parameters is a list of tables"),
        (FOO + GOOD + "parameters = [1]\n", "parameters is a list of tables"),
        (FOO + GOOD + 'verbs = ["BDAT"]\n', "verbs is a table of texts"),
        (FOO + GOOD + "contact = 'Ada'\n", "add one, and not both"),
        (FOO + GOOD.replace("rfc = 1", ""), "add one, and not both"),
        (FOO + GOOD.replace("says", "teaches"), 'has no says. Add says = "…"'),
        (FOO + GOOD.replace("= 1", "= true"), "rfc is the number of an RFC, not True"),
        (FOO + GOOD.replace("text", "rumour"), "basis is one of text, registry"),
        (FOO + GOOD.replace("text", "registry") + "growth = { MAIL = 1 }\n", "Leave growth out"),
        (FOO + GOOD + 'needs = { BAR = "RFC 1 §1" }\n', "names BAR, which is not in the registry"),
        (FOO + GOOD + "then = 1998\n", "then is a table"),
    ],
)
def test_a_file_that_is_not_good_says_what_to_mend(body, message):
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        read_registries(body, "mine.toml")
    assert str(caught.value).startswith("mine.toml: ")


def test_a_line_of_the_answer_to_ehlo_without_a_keyword_offers_nothing() -> None:
    lab = Lab(role="server")
    for line in ("220 lab.example", "250-lab.example", "250 "):
        if line.startswith("250-"):
            lab.bench.send(b"EHLO me.example\r\n")
        crossed = lab.say(line)
    assert crossed[-1].event.to == "EHLO"
    assert offer_in(crossed[-1].event) is None
