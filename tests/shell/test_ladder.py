"""The ladder: what it draws of an exchange, and what it adds up to."""

from collections.abc import Callable

import pytest

from esmtp_lab.bench import Fault
from esmtp_lab.export.ladder import ladder
from esmtp_lab.lab import Lab
from esmtp_lab.shell.session import Session

GROUP = b"MAIL FROM:<a@b>\r\nRCPT TO:<ada@lab.example>\r\nDATA\r\n"


def lab(**options: object) -> Lab:
    return Lab(clock=lambda: 1e9, **options)  # type: ignore[arg-type]


def test_a_line_slopes_there_and_its_reply_slopes_back() -> None:
    one = lab()
    one.bench.latency = 1.0
    one.send("NOOP")
    assert ladder(one.bench.log, 50) == [
        "seconds        client                server",
        "0.000                 |<───────────| 220",
        "0.000            NOOP |───\\        |",
        "                      |    ───\\    |",
        "                      |        ───>|",
        "0.500                 |        /───| 250 2.0.0 OK",
        "                      |    /───    |",
        "                      |<───        |",
        "",
        "1 round trip, 1.000 seconds",
    ]


def test_what_leaves_together_leaves_at_one_time_and_waits_once() -> None:
    one = lab(latency=0.2)
    one.send("EHLO me.example")
    one.raw(GROUP)
    rows = ladder(one.bench.log, 80)
    at = next(number for number, row in enumerate(rows) if "MAIL" in row)
    assert [row[:5] for row in rows[at : at + 3]] == ["0.300"] * 3
    assert [row.count("\\") for row in rows[at : at + 3]] == [1, 2, 2]
    assert rows[-2:] == ["2 round trips, 0.500 seconds", "one line at a time it would have been 4 round trips"]


@pytest.mark.parametrize("columns", [36, 40, 60, 80, 100, 132])
@pytest.mark.parametrize("latency", [0.0, 0.2, 7.0])
def test_it_fits(columns: int, latency: float) -> None:
    one = lab(latency=latency)
    one.raw(b"EHLO " + b"x" * 200 + b"\r\n" + GROUP)
    one.send("text")
    one.send(".")
    one.bench.pass_time(400)
    one.send("NOOP")
    rows = ladder(one.bench.log, columns, ascii_only=True)
    assert max(map(len, rows)) <= columns
    assert all(row.isascii() for row in rows)
    assert any("221" in row or "421" in row for row in rows)


def test_what_is_lost_on_the_way_has_no_tip() -> None:
    one = lab(latency=1.0, faults=(Fault("cut-before", "NOOP"),))
    one.send("NOOP")
    rows = ladder(one.bench.log, 80)
    assert any("x" in row and "250" not in row for row in rows)
    assert not any("<" in row for row in rows[-6:])


def test_the_time_of_typing_is_left_out() -> None:
    clock = iter(range(1000, 9000, 50))
    slow = Lab(clock=lambda: float(next(clock)), latency=2.0)
    slow.send("NOOP")
    slow.send("NOOP")
    assert "2 round trips, 5.000 seconds" in ladder(slow.bench.log, 80)


def test_the_commands(types: Callable[..., Session]) -> None:
    session = types("/latency 0.5", "EHLO me.example", "/ladder")
    assert session.page is not None and "1 round trip, 0.500 seconds" in session.page.lines
    session.type("/restart")
    assert session.lab.bench.latency == 0.5
    for wrong in ("no", "-1", "nan", "1e9"):
        session.type(f"/latency {wrong}")
        assert session.lab.bench.latency == 0.5
    assert types("/ladder").page is not None
