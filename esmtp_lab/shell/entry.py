"""The line in which the learner types: its completions, its colours, its history and its keys, for both views."""

import re
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from prompt_toolkit.application import get_app
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.key_binding.bindings.mouse import load_mouse_bindings
from prompt_toolkit.keys import Keys
from prompt_toolkit.lexers import Lexer

from esmtp_lab.highlight.tokens import TOKENS
from esmtp_lab.shell.commands import suggestions
from esmtp_lab.shell.foresight import fitting
from esmtp_lab.shell.group import OFF, secret
from esmtp_lab.shell.keys import ANYWHERE, ON_EMPTY
from esmtp_lab.shell.rows import style_of
from esmtp_lab.shell.session import Session
from esmtp_lab.shell.settings import VIEWS
from esmtp_lab.shell.signs import Signs
from esmtp_lab.wire.reply import parse_reply_line
from esmtp_lab.wire.span import leaves

_MOUSE = re.compile(r"\x1b\[(?:M.{3}|<?\d+;\d+;\d+[mM])", re.DOTALL)


class Words(Completer):
    """Offers words with their meaning; what would be refused stays, with the reason."""

    def __init__(self, session: Session, signs: Signs) -> None:
        self.session = session
        self.signs = signs

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """What may stand at the cursor."""
        line, session = document.text_before_cursor, self.session
        command = line.startswith("/") and session.prompt_kind == "command"
        for each in suggestions(session, line) if command else fitting(session, line):
            reason = f"({each.reason}) " if each.reason else ""
            yield Completion(
                each.text,
                each.start - len(line),
                display=f"{'-' if each.reason else ' '}{each.text}",
                display_meta=self.signs.text(f"{reason}{each.meaning}"),
                style="class:unfit" if each.reason else "",
            )


class Typed(Lexer):
    """Colours a half-typed line by the parser's own spans."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """The fragments of each line."""
        return lambda number: self._line(document.lines[number])

    def _line(self, line: str) -> StyleAndTextTuples:
        session = self.session
        if session.prompt_kind != "command" or line.startswith("/"):
            return [("", line)]
        octets = line.encode("utf-8", "surrogateescape")
        if session.lab.role == "server":
            spans = parse_reply_line(octets).spans
        else:
            client = session.lab.bench.client
            spans = client.dialect.parse(octets, client.grammar).spans
        pieces = [(span.part, octets[span.start : span.end].decode("utf-8", "replace")) for span in leaves(spans)]
        if "".join(text for _, text in pieces) != line:
            return [("", line)]
        return [(style_of(TOKENS[part]), text) for part, text in pieces]


class Desk(Protocol):
    """A view as the keys see it."""

    def submit(self, text: str) -> None:
        """Play what was typed."""
        ...

    def command(self, line: str) -> None:
        """Run a lab command that a key stands for."""
        ...

    def leave(self) -> None:
        """Let go of the terminal, so that the other view can take it."""
        ...


def remember(history: InMemoryHistory, session: Session, line: str, kind: str) -> None:
    """Keep a line for the Up arrow, and after it the corrected one; never one that may hold a secret."""
    if line and kind not in ("line", "prediction") and not secret(session) and not line.lstrip().upper().startswith("AUTH"):
        history.append_string(line)
    if session.correction:
        history.append_string(session.correction)


def key_bindings(session: Session, desk: Desk) -> KeyBindings:
    """The keys that both views share."""
    keys = KeyBindings()

    @Condition
    def empty() -> bool:
        return not get_app().current_buffer.text

    @Condition
    def at_commands() -> bool:
        return session.prompt_kind == "command"

    for press, line in ANYWHERE.items():
        keys.add(*press)(_runs(desk, line))
    for char, line in ON_EMPTY.items():
        keys.add(char, filter=empty & at_commands)(_runs(desk, line))
    keys.add("escape", filter=Condition(lambda: session.group is not None and session.page is None))(
        _runs(desk, f"/group {OFF}")
    )
    keys.add("c-d", filter=empty)(_runs(desk, "/quit"))

    (mouse,) = load_mouse_bindings().get_bindings_for_keys((Keys.Vt100MouseEvent,))

    @keys.add(Keys.Vt100MouseEvent)
    def _mouse(event: KeyPressEvent) -> object:
        """What only begins as a mouse event does, such as a pasted escape sequence, is let go by."""
        return mouse.handler(event) if _MOUSE.match(event.data) else None

    @keys.add("enter")
    def _enter(event: KeyPressEvent) -> None:
        text = event.current_buffer.text
        event.current_buffer.reset()
        desk.submit(text)

    @keys.add("tab")
    def _tab(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state:
            buffer.complete_next()
        else:
            buffer.start_completion(insert_common_part=True)

    @keys.add("escape", "/")
    def _slash(event: KeyPressEvent) -> None:
        """Esc has closed a page, and the slash right behind it begins a lab command."""
        session.page = None
        event.current_buffer.insert_text("/")

    @keys.add("c-c")
    def _clear(event: KeyPressEvent) -> None:
        event.current_buffer.reset()

    @keys.add("f2")
    @keys.add("escape", "v")
    def _switch(event: KeyPressEvent) -> None:
        session.draft = event.current_buffer.text
        session.view = VIEWS[1 - VIEWS.index(session.view)]
        desk.leave()

    return keys


def _runs(desk: Desk, line: str) -> Callable[[KeyPressEvent], Any]:
    return lambda event: desk.command(line)
