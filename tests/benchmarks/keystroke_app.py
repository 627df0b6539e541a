"""The programs of the keystroke benchmark, each with a stopwatch: ``python keystroke_app.py NAME FILE BOARD``.

NAME is "ours", "long" or "bare": the bench view of the shell, with every extension there is; the same behind ten
thousand lines; and a prompt_toolkit application with the same windows, in which stands the text that ours wrote into
BOARD. The stopwatch goes from the octets of a key that were read to the end of the last drawing that they brought
about, and writes into FILE, a line for each, the seconds that passed and those in which the program was at work.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout import (
    BufferControl,
    CompletionsMenu,
    Float,
    FloatContainer,
    FormattedTextControl,
    HSplit,
    Layout,
    Window,
)
from prompt_toolkit.layout.processors import BeforeInput

SIZE = (132, 50)
LETTER = (
    *("EHLO me.example", "MAIL FROM:<me@me.example>", "RCPT TO:<ada@lab.example>", "DATA", "Subject: hi", "", "text"),
    *(".", "MAIL FROM: x@y.example"),
)
BEFORE = (*LETTER, "EHLO me.example", "MAIL FROM:<me@me.example>", "RCPT TO:<ada@lab.example>")
"""What was typed before the keys are measured."""
MANY = (*BEFORE, *("NOOP", "VRFY ada") * 2500)
"""The same for a session of ten thousand lines, commands and replies counted."""
_BELOW = 5
"""Rows below the board: the typed line, the hint, the footer, and one for the size of the hint."""


def watched(app: Application[Any], file: Path) -> Application[Any]:
    """An application with the stopwatch."""
    read_keys = app.input.read_keys
    begun, done = [(0.0, 0.0)], [(0.0, 0.0)]
    out = file.open("w", buffering=1)

    def now() -> tuple[float, float]:
        return time.perf_counter(), time.process_time()

    def read() -> Any:
        keys = read_keys()
        if keys:
            if done[0] > begun[0] > (0.0, 0.0):
                wall, work = (end - start for start, end in zip(begun[0], done[0], strict=True))
                out.write(f"{wall} {work}\n")
            begun[0] = now()
        return keys

    def drawn(app: Application[Any]) -> None:
        done[0] = now()

    app.input.read_keys = read  # type: ignore[method-assign]
    app.after_render += drawn
    return app


def bench_view() -> Any:
    """The bench view of a session on a host that offers all extensions."""
    from esmtp_lab.extensions import SHIPPED, XPONG
    from esmtp_lab.lab import Lab
    from esmtp_lab.protocol.policy import find_policy
    from esmtp_lab.shell.bench import Bench
    from esmtp_lab.shell.memory import Memory
    from esmtp_lab.shell.session import Session
    from esmtp_lab.shell.signs import UNICODE

    policy = replace(find_policy("lab"), extensions=tuple(each.ehlo_keyword for each in SHIPPED))
    session = Session(Lab(policy=policy, extensions=[XPONG]), view="bench")
    return Bench(session, UNICODE, Memory(session.past))


def ours(file: Path, board: Path, before: Sequence[str] = BEFORE) -> None:
    """Run the bench view; when the rules are read, play what is before the keys, and say what the board holds."""
    bench = bench_view()

    async def play() -> None:
        while not bench.session.rules_ready:
            await asyncio.sleep(0.02)
        for line in before:
            bench.session.type(line)
            bench.session.past.lines.append(line)
        bench.buffer.reset()  # so that it takes up what was typed
        words = [
            (each.text, each.display_text, each.display_meta_text)
            for each in bench.buffer.completer.get_completions(Document(""), CompleteEvent())
        ]
        rows = bench.panes.draw(SIZE[0], SIZE[1] - _BELOW + 1)
        board.write_text(json.dumps({"rows": ["".join(text for _, text in row) for row in rows], "words": words}))
        bench.app.invalidate()

    watched(bench.app, file).pre_run_callables.append(lambda: bench.app.create_background_task(play()))
    bench.run()


class _Words(Completer):
    """The same words at every place; those that begin as the typed word does."""

    def __init__(self, words: list[tuple[str, str, str]]) -> None:
        self.words = words

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """The words."""
        typed = document.get_word_before_cursor(WORD=True)
        for text, display, meta in self.words:
            if text.startswith(typed):
                yield Completion(text, -len(typed), display=display, display_meta=meta)


def bare(file: Path, board: Path) -> None:
    """Run an application that has the windows of the bench view, and does nothing."""
    given = json.loads(board.read_text())
    buffer = Buffer(completer=_Words([tuple(each) for each in given["words"]]), complete_while_typing=False)
    keys = KeyBindings()

    @keys.add("tab")
    def _tab(event: KeyPressEvent) -> None:
        if buffer.complete_state:
            buffer.complete_next()
        else:
            buffer.start_completion(insert_common_part=True)

    @keys.add("c-c")
    def _clear(event: KeyPressEvent) -> None:
        buffer.reset()

    entry = Window(BufferControl(buffer, input_processors=[BeforeInput("C: ")]), wrap_lines=True, height=1)
    text = "\n".join(given["rows"])
    body = HSplit(
        [
            Window(FormattedTextControl([("", text)]), height=len(given["rows"])),
            entry,
            Window(FormattedTextControl("EHLO: says who the client is"), height=2),
            Window(FormattedTextControl(" ready   ? explain   Tab words"), height=1, style="reverse"),
        ]
    )
    menu = Float(CompletionsMenu(max_height=12, scroll_offset=1), xcursor=True, ycursor=True)
    app: Application[None] = Application(
        layout=Layout(FloatContainer(body, [menu]), focused_element=entry),
        key_bindings=keys,
        full_screen=True,
        mouse_support=True,
        include_default_pygments_style=False,
    )
    app.ttimeoutlen = 0.1
    watched(app, file).run()


APPS: dict[str, Callable[[Path, Path], None]] = {"ours": ours, "long": partial(ours, before=MANY), "bare": bare}

if __name__ == "__main__":
    APPS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
