"""The drawing of the session table: every arrow of the states that can be reached, and nothing on top of another."""

import re
from collections import Counter
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from esmtp_lab.export.diagram import arrows, reached
from esmtp_lab.export.statechart import drawing, label
from esmtp_lab.lab import server_dialect
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.policy import find_policy
from esmtp_lab.protocol.session import STATES

SVG = "{http://www.w3.org/2000/svg}"
HOSTS = ("lab", "open", "secure", "partner", "classic")
every = pytest.mark.parametrize(("era", "host"), [(era, host) for era in ERAS for host in HOSTS])


def dialect(era: str, host: str):
    return server_dialect(find_policy(host), era)


def drawn(era: str, host: str, **here: str) -> ElementTree.Element:
    return ElementTree.fromstring(drawing(dialect(era, host), here))


@every
def test_every_arrow_has_its_words_and_every_state_its_box(era, host):
    spoken = dialect(era, host)
    there, tree = reached(spoken), drawn(era, host)
    texts = [each.text for each in tree.iter(f"{SVG}text")]
    assert [text for text in texts if text in STATES] == list(there)
    assert len([*tree.iter(f"{SVG}rect")]) == len(there)
    wanted = [label(way.labels) for way in arrows(spoken) if way.source in there and way.source != way.target]
    assert not Counter(wanted) - Counter(texts)
    stays = " ".join(texts)
    for way in arrows(spoken):
        if way.source == way.target and way.source in there:
            assert label(way.labels) in stays


@every
def test_every_state_that_is_come_to_has_a_head_for_each_side(era, host):
    spoken = dialect(era, host)
    there = reached(spoken)
    sides = {
        (way.target, there.index(way.source) < there.index(way.target))
        for way in arrows(spoken)
        if way.source in there and way.source != way.target
    }
    assert len([*drawn(era, host).iter(f"{SVG}path")]) == len(sides)


@every
def test_nothing_lies_on_anything_else(era, host):
    tree = drawn(era, host)
    boxes = [(float(each.get("y")), float(each.get("height"))) for each in tree.iter(f"{SVG}rect")]
    assert all(top + height < after for (top, height), (after, _) in pairwise(boxes))
    tracks = [
        [tuple(map(float, point.split(","))) for point in each.get("points").split(" ")]
        for each in tree.iter(f"{SVG}polyline")
    ]
    upright = sorted((a[0], *sorted((a[1], b[1]))) for a, b in tracks if a[0] == b[0])
    assert all(one[0] < two[0] or one[2] < two[1] for one, two in pairwise(upright))
    places = [(each.get("x"), each.get("y")) for each in tree.iter(f"{SVG}text")]
    assert len(places) == len({*places})
    width, height = float(tree.get("width")), float(tree.get("height"))
    assert all(0 <= x <= width and 0 <= y <= height for track in tracks for x, y in track)


def test_who_is_where_is_shown_by_more_than_a_colour():
    tree = drawn("rfc2821", "lab", ready="server", mail="client")
    boxes = {float(each.get("y")): each for each in tree.iter(f"{SVG}rect")}
    lit = [each for each in boxes.values() if each.get("stroke-width") == "4"]
    assert [each.get("stroke-dasharray") for each in lit] == [None, "8 4"]
    assert [each.text for each in tree.iter(f"{SVG}text") if "◀" in each.text] == ["◀ server", "◀ client"]
    assert "ready: server, mail: client" in tree.get("aria-label")


def test_labels_with_the_same_condition_stand_together():
    assert label(("HELO 2yz", "EHLO 2yz", "BDAT 2yz +extended")) == "HELO EHLO 2yz, BDAT 2yz +extended"
    assert label(("end of data 2yz 4yz 5yz",)) == "end of data 2yz 4yz 5yz"


def test_only_what_can_be_reached_is_there():
    assert "chunks" not in reached(dialect("rfc2821", "lab"))
    assert "chunks" in reached(dialect("rfc2821", "open"))
    assert not re.search("chunks|failed", drawing(dialect("rfc2821", "lab")))
