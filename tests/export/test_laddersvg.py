"""The ladder as a drawing: the same arrows as in the text form, sloping by the time that they take."""

from xml.etree import ElementTree

from esmtp_lab import Lab
from esmtp_lab.bench import Fault
from esmtp_lab.export.ladder import arrows
from esmtp_lab.export.laddersvg import ROW, drawing

SVG = "{http://www.w3.org/2000/svg}"


def lines_of(lab: Lab, lit: int = -1):
    found = arrows(lab.crossings())
    tree = ElementTree.fromstring(drawing(found, found[lit]))
    points = [
        [tuple(map(float, point.split(","))) for point in each.get("points").split(" ")]
        for each in tree.iter(f"{SVG}polyline")
    ]
    return tree, [each for each in points if each[0][0] != each[1][0]]


def lab(**options: object) -> Lab:
    return Lab(clock=lambda: 1e9, **options)  # type: ignore[arg-type]


def test_one_arrow_for_each_line_and_one_for_each_reply():
    one = lab()
    one.send("EHLO me.example")
    tree, drawn = lines_of(one)
    assert len(drawn) == 3
    assert all(start[1] == end[1] for start, end in drawn)
    assert [start[0] < end[0] for start, end in drawn] == [False, True, False]
    texts = [each.text for each in tree.iter(f"{SVG}text")]
    assert "EHLO me.example" in texts
    assert any(text.startswith("▶ 250-lab.example greets me.example (") and text.endswith("…") for text in texts)


def test_the_slope_is_the_time():
    one = lab(latency=0.5)
    one.send("HELO me.example")
    one.bench.latency = 1.0
    one.send("NOOP")
    _, drawn = lines_of(one)
    slopes = [end[1] - start[1] for start, end in drawn]
    assert slopes[0] == slopes[1] == 3 * ROW and slopes[3] == slopes[4] == 6 * ROW


def test_a_group_leaves_at_one_time_line_below_line():
    one = lab(latency=0.5)
    one.send("EHLO me.example")
    one.raw(b"MAIL FROM:<a@b>\r\nRCPT TO:<ada@lab.example>\r\nDATA\r\n")
    _, drawn = lines_of(one)
    group = [start[1] for start, _ in drawn[3:6]]
    assert group == [group[0], group[0] + ROW, group[0] + 2 * ROW]


def test_one_is_lit_by_more_than_a_colour():
    one = lab()
    one.send("NOOP")
    tree, _ = lines_of(one, lit=1)
    assert [each.get("stroke-width") for each in tree.iter(f"{SVG}polyline")].count("4") == 1
    assert [each.text for each in tree.iter(f"{SVG}text") if "▶" in each.text] == ["▶ NOOP"]


def test_what_is_lost_ends_on_its_way_and_what_happens_has_no_arrow():
    one = lab(latency=1.0, faults=(Fault("cut-before", "NOOP"),))
    one.send("NOOP")
    tree, drawn = lines_of(one)
    lost = [each for each in tree.iter(f"{SVG}polyline") if each.get("stroke-dasharray")]
    assert len(lost) == 1
    assert len([*tree.iter(f"{SVG}path")]) == len(drawn)
    assert any("lost" in (each.text or "") or "channel" in (each.text or "") for each in tree.iter(f"{SVG}text"))


def test_no_text_acts_and_none_is_outside():
    one = lab()
    one.send("<script>alert(1)</script>" + "x" * 200)
    tree, _ = lines_of(one)
    assert not [*tree.iter(f"{SVG}script")]
    assert all(len(each.text) < 45 for each in tree.iter(f"{SVG}text"))
