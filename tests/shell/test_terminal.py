"""The whole program in terminal emulators, at every width and in every mode: what was said can be read, all of it.

A session of long commands and replies, with a hostile server in it, is typed by keys. Its own log, written by /save,
says what must be readable: on the screen, or above it where that scrolls.
"""

import os
import re
import shutil
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from esmtp_lab.wire.transcript import read
from esmtp_lab.wire.visible import visible

from .emulator import PROGRAM, Terminal, Tmux

WIDTHS = (40, 60, 80, 100, 132)
MODES: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "colour": ((), {}),
    "no colour": ((), {"NO_COLOR": "1"}),
    "plain": (("--plain",), {}),
    "dumb": ((), {"TERM": "dumb"}),
}
"""Each with the arguments and the environment that bring it about."""
ON_SCREEN = ("colour", "no colour")
LONG = "ada-who-has-a-very-long-name-as-it-is-written-here-in-one-word"
TYPED = (
    ("EHLO me.example", "250 HELP"),
    (f"MAIL FROM:<{LONG}@me.example> SIZE=20", "250 2.1.0"),
    (f"RCPT TO:<{LONG}@lab.example>", "550 5.1.1"),
    ("RCPT TO:<ada@lab.example>", "250 2.1.5"),
    ("DATA", "354"),
    ("0123456789 " * 14 + "last-word", "last-word"),
    ("..two dots", "..two dots"),
    (".", "250 2.0.0"),
    ("VRFY", "501 5.5.4"),
)
"""What is typed, and what shows that it was answered; a command, an error, content, replies longer than a line."""
EVIL = "\x1b]0;taken\x07\x1b[2J\x1b[31m\x1b[?1049h\x9b5mred\u202eder\u2066\u200b\x00\x7f"
GREETING = f"220 evil.example {EVIL} and {'a long greeting ' * 8}end of the greeting\r\n".encode()
ANSWER = (
    b"250-evil.example\r\n250-X-" + b"LONG" * 40 + b"\r\n250-\xff\xfe not UTF-8 \x9b1m\r\n"
    b"250-SIZE \xe2\x80\xae0001\r\n250 X-END-OF-THE-ANSWER\r\n"
)
CONTROL = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
SGR = re.compile(r"\x1b\[([0-9;]*)m")
A_COLOUR = re.compile(r"(?:^|;)(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;|$)")
FIRST = re.compile(r" *(\d+) (?:[ +][-~]>|<[-~*][ *]) ")
"""The front of a line in the wire pane: its number and its mark."""
FOOTER = re.compile(r"^ (?:ready|initial)\b.* \? explain", re.MULTILINE)
Seen = Terminal | Tmux


class _Hostile(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(GREETING)
        for line in self.rfile:
            self.wfile.write(ANSWER if line.upper().startswith(b"EHLO") else b"221 evil.example\r\n")


@pytest.fixture
def hostile() -> Iterator[int]:
    """The port of a server that says what no terminal should get to see."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Hostile) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def opened() -> Iterator[Callable[[Seen], Seen]]:
    """Keeps a terminal, and closes it at the end."""
    kept: list[Seen] = []

    def keep(terminal: Seen) -> Seen:
        kept.append(terminal)
        return terminal

    yield keep
    for each in kept:
        each.close()


# What is seen ------------------------------------------------------------------------------------


def tight(text: str) -> str:
    """A text without its spaces, so that wrapped lines are whole again."""
    return re.sub(r"\s", "", text)


def at_prompt(text: str) -> bool:
    """Whether the last lines of the screen hold a prompt that waits."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return any(re.fullmatch(r"[CDA]:(?: \[.*\])?|client(?: content \d+)?:", line) for line in lines[-6:])


def near(terminal: Seen) -> str:
    """All that is there, without spaces and borders."""
    return re.sub(r"[\s│]", "", terminal.everything)


def wire_pane(text: str) -> list[str]:
    """The rows of the wire, as the bench has it on the screen."""
    rows: list[str] = []
    inside = False
    for line in text.splitlines():
        if line[:1] in "┌├└" and line.strip():
            inside = " wire ─" in line
        elif inside:
            cells = line.split("│")
            rows.append(cells[len(cells) // 2][1:].rstrip())
    return rows


def whole_lines(rows: list[str]) -> dict[int, str]:
    """The lines of the wire by their numbers, each with its further rows."""
    lines: dict[int, str] = {}
    number = 0
    for row in rows:
        first = FIRST.match(row)
        if first:
            number = int(first[1])
            lines[number] = row[first.end() :]
        elif number and row.startswith(" " * 8):
            lines[number] += row
        else:
            number = 0
    return {each: tight(line) for each, line in lines.items()}


def scrolled(terminal: Seen) -> list[str]:
    """Every row of the wire that can be seen by leafing up to the first one."""
    rows = wire_pane(terminal.text)
    for _ in range(100):
        if "connected to" in rows[0]:
            return rows
        before = terminal.text
        above = wire_pane(terminal.press("\x1b[5~", lambda now, before=before: now != before))
        joint = next((size for size in range(1, len(above) + 1) if above[-size:] == rows[:size]), 0)
        assert joint, f"a leaf passes over rows:\n{before}\n{terminal.text}"
        rows = above[:-joint] + rows
    return pytest.fail(f"leafing never came to the beginning:\n{terminal.text}")


# What is done ------------------------------------------------------------------------------------


def play(terminal: Seen, port: int, folder: Path) -> list[str]:
    """Type the session; the lines of its log, as they may be shown."""
    log = folder / "log"
    terminal.until(at_prompt)
    for line, answer in (*TYPED, (f"/connect 127.0.0.1:{port}", "end of the greeting"), ("EHLO a", "X-END-OF-THE-")):
        terminal.type(line, lambda text, answer=answer: at_prompt(text) and tight(answer) in near(terminal))
    terminal.type(f"/save {log}", lambda text: at_prompt(text) and "savedto" in near(terminal))
    said = [entry.octets for entry in read(log.read_bytes().splitlines()) if entry.kind in ("C", "S")]
    assert len(said) > 20
    assert GREETING in said and b"".join(said).endswith(ANSWER)
    return [visible(octets.removesuffix(b"\r\n")) for octets in said]


def check_stream(terminal: Seen, said: list[str]) -> None:
    """Every line stands in the scrollback, in its order."""
    everything, place = tight(terminal.everything), 0
    for line in said:
        found = everything.find(tight(line), place)
        assert found >= 0, f"cut or missing: {line}\n{terminal.everything}"
        place = found + 1


def check_bench(terminal: Seen, said: list[str]) -> None:
    """Every line can be scrolled to, under its number."""
    lines = whole_lines(scrolled(terminal))
    for number, line in enumerate(said, start=1):
        assert lines.get(number) == tight(line)


def check_raw(terminal: Terminal, mode: str) -> None:
    """No control came through, and there are colours where there may be."""
    raw = terminal.raw.decode("utf-8", "surrogateescape")
    assert terminal.display.title == "" and "\x1b]0;" not in raw
    if mode in ON_SCREEN:
        raw = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\[6n|[\x08\x07](?=\x1b|$)", "", raw)
    assert not CONTROL.search(raw), CONTROL.findall(raw)
    codes = SGR.findall(terminal.raw.decode("utf-8", "replace"))
    assert any(A_COLOUR.search(code) for code in codes) == (mode == "colour")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("columns", WIDTHS)
def test_nothing_is_cut_at_any_width(
    columns: int, mode: str, hostile: int, opened: Callable[[Seen], Terminal], tmp_path: Path
) -> None:
    arguments, env = MODES[mode]
    rows = {60: 10, 100: 50}.get(columns, 24)
    terminal = opened(Terminal(columns, rows, [*PROGRAM, *arguments], env, scrollback=True))
    said = play(terminal, hostile, tmp_path)
    if mode not in ON_SCREEN:
        check_stream(terminal, said)
    else:
        check = (check_stream, check_bench)
        wide = columns >= 80
        check[wide](terminal, said)
        terminal.until(lambda text: bool(FOOTER.search(text)))
        terminal.press("\x1bOQ", lambda text: ("└" in text) != wide and at_prompt(text))
        check[not wide](terminal, said)
    check_raw(terminal, mode)


@pytest.mark.parametrize("columns", [40, 100])
def test_tmux_shows_the_same(columns: int, hostile: int, opened: Callable[[Seen], Tmux], tmp_path: Path) -> None:
    if not shutil.which("tmux"):
        missing = "tmux IS NOT INSTALLED: nothing here was seen through it"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    for mode, (arguments, env) in MODES.items():
        folder = tmp_path / mode
        folder.mkdir()
        terminal = opened(Tmux(columns, 24, [*PROGRAM, *arguments], env))
        said = play(terminal, hostile, folder)
        check = check_bench if mode in ON_SCREEN and columns >= 80 else check_stream
        check(terminal, said)
        assert not CONTROL.search(terminal.everything)
        painted = SGR.findall(terminal.attributes)
        assert any(A_COLOUR.search(code) for code in painted) == (mode == "colour")
        terminal.close()
