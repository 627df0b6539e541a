"""`extensions`: the registry looked into, as a table, as a page, as JSON."""

import json
import subprocess
import sys

import pytest

from esmtp_lab.commands.columns import width
from esmtp_lab.commands.extensions import adds, find_entry, implemented, look
from esmtp_lab.errors import DataError
from esmtp_lab.extensions import SHIPPED
from esmtp_lab.extensions.registry import NOW, THEN, registries

KEYWORDS = {name: list(registry.entries) for name, registry in registries().items()}


def extensions(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "esmtp_lab", "extensions", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def objects(**options):
    return [json.loads(line) for line in look(form="json", **options)]


def test_json_is_one_object_a_keyword():
    done = extensions("--format", "json")
    assert done.returncode == 0
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["keyword"] for each in found] == [*KEYWORDS[NOW], "XPONG"]
    for each in found:
        assert {"keyword", "rfc", "server", "client", "verbs", "parameters", "status", "basis"} <= each.keys()
        assert isinstance(each["rfc"], int) or (each["rfc"] is None and each["contact"])
        assert (each["line_growth"] is None) == (each["basis"] == "registry")
        assert each["says"] and each["registry"] == (NOW if each["keyword"] != "XPONG" else None)
    (size,) = objects(keyword="size")
    assert (size["rfc"], size["server"], size["client"], size["line_growth"]) == (1870, True, True, {"MAIL": 26})
    assert [(each["verb"], each["keyword"], each["form"]) for each in size["parameters"]] == [
        ("MAIL", "SIZE", "SIZE=octets")
    ]


def test_what_is_implemented_is_what_the_lab_ships():
    spoken = {each["keyword"] for each in objects() if each["server"]}
    assert spoken == {each.ehlo_keyword for each in SHIPPED}
    for extension in SHIPPED:
        assert implemented(extension.ehlo_keyword).client
    (local,) = objects(keyword="XPONG")
    assert (local["server"], local["client"], local["registry"], local["rfc"]) == (True, True, None, None)


def test_the_registry_of_1998_stands_beside_today():
    found = objects(registry=THEN)
    assert [each["keyword"] for each in found] == KEYWORDS[THEN]
    assert {each["keyword"]: each["rfc"] for each in found}["8BITMIME"] == 1652
    assert all(each["registry"] == THEN for each in found)
    page = "\n".join(look("pipelining", THEN))
    assert "RFC 2197, Draft Standard, in the registry of 1998" in page
    assert "In 1998         Command Pipelining: RFC 2197, Draft Standard" in "\n".join(look("pipelining"))


@pytest.mark.parametrize("registry", [NOW, THEN])
@pytest.mark.parametrize("columns", [20, 40, 72, 80, 100, 132, 200])
def test_the_table_fits_the_terminal_and_leaves_nothing_out(registry, columns):
    lines = list(look(registry=registry, columns=columns))
    assert max(map(width, lines)) <= columns
    assert all(line == line.rstrip() for line in lines)
    words = " ".join(" ".join(lines).split())
    for entry in registries()[registry].entries.values():
        assert entry.keyword in words
        for verb in entry.verbs:
            assert verb in words
        if columns in (40, 72, 80):  # where what it says stands alone
            assert entry.says in words


def test_without_a_terminal_an_entry_is_one_line():
    head, *lines = extensions().stdout.splitlines()
    assert head.split()[:4] == ["keyword", "RFC", "lab", "adds"]
    for entry, line in zip(registries()[NOW].entries.values(), lines, strict=False):
        assert line.startswith(f"{entry.keyword} ") and line.endswith(entry.says) and adds(entry) in line
        assert (f"{entry.rfc} ?" in line or "- ?" in line) != entry.checked
    assert "34 keywords in the registry of today" in lines[-2]


@pytest.mark.parametrize("keyword", [*KEYWORDS[NOW], "XPONG"])
@pytest.mark.parametrize("columns", [30, 80, None])
def test_a_page_has_all_that_is_known(keyword, columns):
    entry = find_entry(keyword.lower(), registries()[NOW])
    lines = list(look(keyword, columns=columns))
    assert columns is None or max(map(width, lines)) <= columns
    page = " ".join(" ".join(lines).split())
    if columns == 30:
        return
    for text in (entry.keyword, entry.title, entry.source, entry.status, entry.says, entry.teaches, entry.offers_says):
        assert text in page
    for each in entry.parameters:
        assert f"{each.verb} {each.form}: {each.says}" in page
    for text in (*entry.verbs.values(), *entry.needs, *entry.replaced_by, *entry.words.values(), entry.growth_says):
        assert text in page
    for number in (*entry.obsoleted, *entry.also, *entry.ports, *entry.barred, *entry.growth.values()):
        assert str(number) in page
    assert ("was not read" in page or "no text to check" in page) != entry.checked


@pytest.mark.parametrize(
    ("keyword", "registry", "message"),
    [
        ("SZIE", NOW, "there is none; perhaps SIZE"),
        ("utf8", NOW, "perhaps .*UTF8SMTP.*SMTPUTF8|perhaps .*SMTPUTF8.*UTF8SMTP"),
        ("qqqq", NOW, "there is none; without a keyword all are listed"),
        ("bdat", NOW, "is no keyword, but belongs to CHUNKING"),
        ("BODY", NOW, "belongs to 8BITMIME and BINARYMIME"),
        ("RCPTMAX", NOW, "belongs to LIMITS"),
        ("VRFY", NOW, "every server knows that command"),
        ("XCLIENT", NOW, "local by its X.*XPONG"),
        ("STARTTLS", THEN, "the registry of 1998 does not have it yet: --registry now does"),
    ],
)
def test_a_wrong_keyword_brings_what_was_meant(keyword, registry, message):
    with pytest.raises(DataError, match=message):
        list(look(keyword, registry))


def test_what_is_not_there_gives_two_and_one_line():
    done = extensions("SZIE")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "esmtp-lab: keyword 'SZIE': there is none; perhaps SIZE\n"
    assert extensions("--registry", "1982").returncode == 2


def test_it_can_be_drawn_in_ascii_but_for_the_sign_of_sections():
    text = "".join(line for keyword in KEYWORDS[NOW] for line in look(keyword))
    assert {char for char in text if not char.isascii()} <= {"§"}
