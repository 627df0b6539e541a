"""Makes shell.svg, the README's picture, from the real screen: ``python .readme/picture.py``.

Starts the shell in a terminal, types a letter, and draws what a terminal emulator then shows.
"""

import os
import sys
import tempfile
from pathlib import Path

import pexpect
import pyte
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import MONOKAI
from rich.text import Text

COLUMNS, ROWS = 116, 38
LINES = ("EHLO me.example", "MAIL FROM:<me@me.example>", "RCPT TO:<ada@lab.example>", "DATA", "Subject: hello", "")
LINES += ("My first letter.", ".", "MAIL FROM: <me@me.example>")
# The theme of rich without the fonts that it would fetch from afar.
FORMAT = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<title>The guided shell of esmtp-lab</title>
<style>
.{unique_id}-matrix {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: {char_height}px;
  line-height: {line_height}px; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}</defs>
<rect width="{width}" height="{height}" rx="8" fill="#0c0c0c"/>
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""
NAMES = {"brown": "yellow", "brightblack": "bright_black"}


def screen() -> pyte.Screen:
    """The shell's screen after the lines were typed."""
    home = tempfile.mkdtemp()
    environment = {**os.environ, "TERM": "xterm-256color", "HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home}
    environment.pop("NO_COLOR", None)
    shown = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(shown)
    program = Path(sys.executable).parent / "esmtp-lab"
    child = pexpect.spawn(str(program), dimensions=(ROWS, COLUMNS), env=environment, timeout=5)

    def settle() -> None:
        while True:
            try:
                octets = child.read_nonblocking(65536, timeout=0.7)
            except pexpect.TIMEOUT:
                return
            stream.feed(octets)
            if b"\x1b[6n" in octets:
                child.send(b"\x1b[1;1R")

    settle()
    for line in LINES:
        child.send(line.encode() + b"\r")
        settle()
    child.close(force=True)
    return shown


def colour(name: str, default: str | None) -> str | None:
    """A colour of pyte as rich names it."""
    if name == "default":
        return default
    if len(name) == 6 and all(digit in "0123456789abcdef" for digit in name):
        return f"#{name}"
    return NAMES.get(name, name.replace("bright", "bright_"))


def main() -> None:
    """Draw the screen into shell.svg beside this file."""
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115
    shown = screen()
    for row in range(ROWS):
        text = Text()
        for column in range(COLUMNS):
            cell = shown.buffer[row][column]
            style = Style(
                color=colour(cell.fg, None),
                bgcolor=colour(cell.bg, None),
                bold=cell.bold,
                italic=cell.italics,
                underline=cell.underscore,
                strike=cell.strikethrough,
                reverse=cell.reverse,
            )
            text.append(cell.data or " ", style)
        console.print(text, end="\n", overflow="crop", no_wrap=True)
    svg = console.export_svg(title="", theme=MONOKAI, code_format=FORMAT, unique_id="shell")
    (Path(__file__).parent / "shell.svg").write_text(svg, "utf-8")


if __name__ == "__main__":
    main()
