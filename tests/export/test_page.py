"""A page shows every octet of the exchange, each part named, and nothing of it acts."""

import re
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest

from esmtp_lab import Lab
from esmtp_lab.errors import DataError
from esmtp_lab.export.page import Shown, dialogue, lab_page, stylesheet
from esmtp_lab.highlight.tokens import TOKENS
from esmtp_lab.protocol.event import lines
from esmtp_lab.wire.visible import visible

NASTY = b"<script>alert(1)</script>\"' &amp; \x1b[31m \xe2\x80\xae onerror=x"


class Reader(HTMLParser):
    """Takes a page apart: the words of each line as they stand, what parts say, the elements and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.tips: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag, attributes):
        classes = dict(attributes).get("class") or ""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}
        self.open.append((tag, classes))
        if classes == "esmtp-words":
            self.words.append("")
        if classes == "esmtp-tip":
            self.tips.append("")

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        classes = [classes for _, classes in self.open]
        if "esmtp-tip" in classes:
            self.tips[-1] += data
        elif "esmtp-words" in classes:
            self.words[-1] += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def page_of(lab: Lab) -> str:
    return lab.crossings()._repr_mimebundle_()["text/html"]


def said(lab: Lab) -> list[str]:
    events = (event for crossing in lab.crossings() for event in lines(crossing.event) if event.kind != "moment")
    return [visible(event.octets.removesuffix(b"\r\n")) for event in events]


def test_every_line_stands_there_whole():
    lab = Lab()
    for line in ("ehlo me.example", "mail from:<me@me.example> size=9", "RCPT TO:<nobody@lab.example>", "NOOP \t x"):
        lab.send(line)
    assert read(page_of(lab)).words == said(lab)


def test_a_letter_stands_there_with_its_dots():
    lab = Lab()
    lab.client.deliver("From: me@me.example\nTo: ada@lab.example\n\n.dot\n")
    words = read(page_of(lab)).words
    assert words == said(lab)
    assert "..dot" in words


def test_what_a_part_means_is_there_to_be_pointed_at():
    lab = Lab()
    tips = read(lab.send("EHLO me.example")._repr_mimebundle_()["text/html"]).tips
    assert any("the command's name" in tip for tip in tips)
    assert any(tip.startswith("SIZE: ") and "RFC 1870" in tip for tip in tips)


def test_nothing_from_the_wire_acts():
    lab = Lab()
    lab.send(NASTY)
    lab.send(b"HELO " + NASTY)
    lab.send(b"MAIL FROM:<" + NASTY + b"@me.example>")
    reader = read(page_of(lab) + lab._repr_mimebundle_()["text/html"] + lab.mailboxes._repr_html_())
    assert reader.tags <= {"div", "style", "ol", "ul", "li", "b", "span", "table", "tr", "th", "td", "h4", "p"}
    assert not reader.attributes - {"class", "tabindex", "role", "aria-label", "scope"}
    assert all(word.isprintable() for word in reader.words)


def test_a_letter_in_a_mailbox_does_not_act_either():
    lab = Lab(policy="open")
    octets = b"From: me@me.example\r\nSubject: " + NASTY + b"\r\n\r\n" + NASTY + b"\r\n"
    lab.client.deliver(octets, forward_paths=[f"ada@{lab.policy.domain}"])
    reader = read(lab.mailboxes._repr_html_())
    assert reader.tags == {"details", "summary", "pre"}
    assert repr(lab.mailboxes) == "<mailboxes of open.example: ada 1>"


def test_a_password_is_not_on_the_page():
    lab = Lab(policy="open")
    for line in ("EHLO me.example", "AUTH PLAIN AGFkYQBzZWNyZXQ="):
        lab.send(line)
    page = page_of(lab)
    assert "AGFkYQBzZWNyZXQ=" not in page
    assert "****" in page


def test_undone_and_lost_lines_say_so():
    lab = Lab()
    lab.send("EHLO me.example")
    lab.undo()
    page = lab_page(lab.bench, lab.counts, lab.annotate)
    assert "(undone)" in page
    event = lab.crossings()[0].event
    assert "(never arrived)" in dialogue([Shown(event, lost=True)])


def test_a_broken_rule_is_marked_in_words():
    lab = Lab()
    lab.send("EHLO me.example")
    assert (
        "!! the client broke this"
        in page_of(lab) + lab.send("MAIL FROM: <me@me.example>")._repr_mimebundle_()["text/html"]
    )


def test_a_long_lab_shows_its_end():
    lab = Lab()
    for _ in range(100):
        lab.send("NOOP")
    page = lab._repr_mimebundle_()["text/html"]
    assert len(read(page).words) == 60
    assert "earlier lines are not shown" in page


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_part_has_a_colour_that_can_be_read():
    sheet = stylesheet()
    for where in (".esmtp-lab", '[data-jp-theme-light="false"] .esmtp-lab'):
        ground = re.search(rf"(?m)^{re.escape(where)} {{ --esmtp-ground: (#\w+);", sheet)[1]
        for part in TOKENS:
            rule = re.search(rf"(?m)^{re.escape(where)} \.esmtp-{part} {{ (.*) }}$", sheet)[1]
            colour = re.search(r"color: (#\w+)", rule)[1]
            behind = re.search(r"background: (#\w+)", rule)
            dark, light = sorted((luminance(colour), luminance(behind[1] if behind else ground)))
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (where, part)


# The client by itself ------------------------------------------------------------------------------


def test_a_letter_goes_to_those_that_it_names():
    letter = EmailMessage()
    letter["From"] = "Me <me@me.example>"
    letter["To"] = "Ada <ada@lab.example>"
    letter["Bcc"] = "bob@lab.example"
    letter.set_content("hello\n")
    lab = Lab()
    exchange = lab.client.deliver(letter)
    assert "C: RCPT TO:<bob@lab.example>" in repr(exchange)
    assert lab.counts["ada"] == lab.counts["bob"] == 1
    assert b"bob" not in lab.octets("ada")[0]
    assert letter["Bcc"]


def test_the_envelope_may_be_another_than_the_header():
    lab = Lab()
    lab.client.deliver("From: a@b.example\n\nhi\n", reverse_path="", forward_paths=["<ada@lab.example>"])
    assert lab.octets("ada")[0].startswith(b"Return-Path: <>\r\n")


@pytest.mark.parametrize(
    ("letter", "paths"), [("From: me@me.example\n\nhi\n", ["a b@lab.example"]), (b"bare\rcr\n", ["ada@lab.example"])]
)
def test_what_cannot_travel_is_refused_in_words(letter, paths):
    lab = Lab()
    with pytest.raises(DataError):
        lab.client.deliver(letter, forward_paths=paths)
    assert len(lab.crossings()) == 1


def test_printed_it_is_a_transcript_that_reads_back():
    lab = Lab()
    exchange = lab.send("EHLO me.example")
    assert repr(exchange).splitlines()[0] == "C: EHLO me.example"
    assert str(exchange) == lab.transcript(exchange) == exchange._repr_mimebundle_()["text/plain"]
    assert repr(lab) == "<Lab at lab.example, era rfc2821: client ready, server ready>"
