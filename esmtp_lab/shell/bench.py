"""The bench view: client and server side by side on the whole screen, the wire between them, the rules below."""

from typing import Any

from prompt_toolkit.application import Application, get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition, is_searching
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import History
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent, merge_key_bindings
from prompt_toolkit.layout import (
    BufferControl,
    CompletionsMenu,
    ConditionalContainer,
    Dimension,
    Float,
    FloatContainer,
    FormattedTextControl,
    HSplit,
    Layout,
    Window,
)
from prompt_toolkit.layout.processors import BeforeInput, ConditionalProcessor, PasswordProcessor
from prompt_toolkit.mouse_events import MouseEvent, MouseEventType
from prompt_toolkit.styles import DynamicStyle
from prompt_toolkit.widgets import SearchToolbar

from esmtp_lab.shell.below import hint_rows
from esmtp_lab.shell.entry import Typed, Words, key_bindings
from esmtp_lab.shell.footer import footer
from esmtp_lab.shell.foresight import hint
from esmtp_lab.shell.hits import hit, unmarked
from esmtp_lab.shell.layout import Row, padded, width
from esmtp_lab.shell.look import GROUND, colour_depth, style
from esmtp_lab.shell.memory import remember
from esmtp_lab.shell.overhear import overhear
from esmtp_lab.shell.panes import Panes
from esmtp_lab.shell.pick import pick_keys
from esmtp_lab.shell.preload import preload
from esmtp_lab.shell.session import Session
from esmtp_lab.shell.signs import Signs

_SCROLL = {MouseEventType.SCROLL_UP: -3, MouseEventType.SCROLL_DOWN: 3}
_MOST_INPUT = 3
_NARROW, _LOW = 60, 15
"""Columns below which, and rows above which, a hint gets one more row."""
_AT_ONCE, _FOR_A_KEY = 0.1, 1.0
"""Seconds for which Esc may be the beginning of a key: where it closes a page, and else."""


class _Board(FormattedTextControl):
    """The drawn panes; the wheel scrolls them, and a click on a line explains it."""

    def __init__(self, bench: "Bench") -> None:
        super().__init__(bench.board, show_cursor=False)
        self.bench = bench

    def mouse_handler(self, mouse_event: MouseEvent) -> Any:
        """Scroll, or show what was clicked on; leave every other event to prompt_toolkit."""
        step = _SCROLL.get(mouse_event.event_type)
        if mouse_event.event_type == MouseEventType.MOUSE_UP:
            self.bench.click(mouse_event.position.x, mouse_event.position.y)
            return None
        if step is None:
            return super().mouse_handler(mouse_event)
        self.bench.panes.scroll(step)
        return None


class Bench:
    """The bench view of a session; what is typed is played at once, and the screen is drawn anew."""

    def __init__(self, session: Session, signs: Signs, history: History) -> None:
        self.session = session
        self.signs = signs
        self.panes = Panes(session, signs)
        self._board: tuple[tuple[object, ...], StyleAndTextTuples] = (), []
        self._drawn: list[Row] = []
        self.buffer = Buffer(
            completer=Words(session, signs), complete_while_typing=False, history=history, multiline=False
        )
        self.app: Application[None] = Application(
            layout=self._layout(),
            key_bindings=merge_key_bindings(
                [key_bindings(session, self), self._keys(), pick_keys(session, self._drawn_anew)]
            ),
            style=DynamicStyle(lambda: style(session.settings["theme"])),
            color_depth=colour_depth(),
            include_default_pygments_style=False,
            full_screen=True,
            mouse_support=Condition(lambda: session.settings["mouse"] == "on"),
            before_render=self._time_keys,
        )
        self.app.ttimeoutlen = _AT_ONCE

    def _time_keys(self, app: Application[None]) -> None:
        app.timeoutlen = _AT_ONCE if self.session.page is not None else _FOR_A_KEY

    def run(self) -> None:
        """Show the bench until the learner leaves or wants the other view."""
        draft, self.session.draft = self.session.draft, ""
        self.buffer.text = draft
        self.buffer.cursor_position = len(draft)
        self.app.run(pre_run=self._begin)
        self.buffer.reset()

    def _begin(self) -> None:
        preload(self.session)
        overhear(self.session, self._heard)

    async def _heard(self) -> None:
        self.app.invalidate()

    # What the keys ask for -----------------------------------------------------------------------

    def submit(self, text: str) -> None:
        """See `Desk.submit`."""
        if not text and self.session.page is not None:
            self.session.page = None
            return
        lines = text.removesuffix("\n").split("\n")
        for line in lines:
            kind = self.session.prompt_kind
            self.session.type(line, ask=len(lines) == 1)
            remember(self.session, line, kind)
        self.buffer.reset()
        self._drawn_anew()

    def command(self, line: str) -> None:
        """See `Desk.command`."""
        self.session.command(line)
        self._drawn_anew()

    def leave(self) -> None:
        """See `Desk.leave`."""
        get_app().exit()

    def click(self, column: int, row: int) -> None:
        """Explain the part of a line that stands there; all of it, where it is the one that is explained already."""
        found = hit(self._drawn[row], column) if row < len(self._drawn) else None
        if found is None:
            return
        session = self.session
        session.page, session.typed, self.panes.down = None, True, 0
        if session.cursor == found:
            session.command("/explain")
        session.cursor = found

    def _drawn_anew(self) -> None:
        self.panes.back = self.panes.down = 0
        if self.session.finished or self.session.view != "bench":
            get_app().exit()

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("pageup")
        def _up(event: KeyPressEvent) -> None:
            self.panes.scroll(-self.panes.leaf)

        @keys.add("pagedown")
        def _down(event: KeyPressEvent) -> None:
            self.panes.scroll(self.panes.leaf)

        @keys.add("escape", filter=Condition(lambda: self.session.page is not None))
        def _close(event: KeyPressEvent) -> None:
            self.session.page = None

        return keys

    # Drawing -------------------------------------------------------------------------------------

    @property
    def _size(self) -> tuple[int, int]:
        size = get_app().output.get_size()
        return size.columns, size.rows

    def _layout(self) -> Layout:
        search = SearchToolbar(ignore_case=True)
        entry = Window(
            BufferControl(
                self.buffer,
                input_processors=[
                    ConditionalProcessor(PasswordProcessor(), Condition(lambda: self.session.prompt_kind == "line")),
                    BeforeInput(lambda: self.session.prompt, "class:prompt"),
                ],
                lexer=Typed(self.session),
                search_buffer_control=search.control,
                preview_search=True,
            ),
            wrap_lines=True,
            height=lambda: Dimension.exact(self._input_rows()),
        )
        below = [Window(FormattedTextControl(self._hint), height=lambda: Dimension.exact(self._hint_rows()))]
        below.append(Window(FormattedTextControl(self._footer), height=1, style="class:footer"))
        body = HSplit(
            [Window(_Board(self), height=lambda: Dimension.exact(self._board_rows())), entry, search, *below],
            style=f"class:{GROUND}",
        )
        menu = Float(CompletionsMenu(max_height=12, scroll_offset=1), xcursor=True, ycursor=True)
        return Layout(FloatContainer(ConditionalContainer(body, True), [menu]), focused_element=entry)

    def board(self) -> StyleAndTextTuples:
        """The panes for the present size; while a line is typed they stay as they are."""
        if self._board[0] != self._look():
            fragments = self._draw()
            self._board = self._look(), fragments
        return self._board[1]

    def _look(self) -> tuple[object, ...]:
        """All that makes a difference to the panes."""
        session, panes = self.session, self.panes
        return (
            *(self._size[0], self._board_rows(), panes.back, panes.down, session.moves, session.rules_ready),
            *(session.cursor, session.page, *session.settings.values(), session.lab.role),
        )

    def _draw(self) -> StyleAndTextTuples:
        columns = self._size[0]
        try:
            rows = self.panes.draw(columns, self._board_rows())
        except Exception as error:  # a view that fails must not take the session with it
            rows = [
                [("", self.signs.text(f"this cannot be drawn ({type(error).__name__}: {error}); F2 changes the view"))]
            ]
        self._drawn = [padded(row, columns) for row in rows]
        return _joined([unmarked(row) for row in self._drawn])

    def _board_rows(self) -> int:
        return max(3, self._size[1] - self._input_rows() - self._hint_rows() - 1 - is_searching())

    def _input_rows(self) -> int:
        typed = width([("", self.session.prompt + self.buffer.text)]) + 1
        return min(_MOST_INPUT, -(-typed // self._size[0]))

    def _hint_rows(self) -> int:
        columns, rows = self._size
        return 1 + (rows > 24) + (columns < _NARROW and rows > _LOW)

    def _hint(self) -> StyleAndTextTuples:
        told = hint(self.session, self.buffer.text)
        return _joined(hint_rows(told, self._size[0], self._hint_rows(), self.signs, 3) if told.line else [])

    def _footer(self) -> StyleAndTextTuples:
        return [("", self.signs.text(footer(self.session, self._size[0])))]


def _joined(rows: list[Row]) -> StyleAndTextTuples:
    fragments: StyleAndTextTuples = []
    for number, row in enumerate(rows):
        fragments += [("", "\n")] if number else []
        fragments += row
    return fragments
