"""The stream view: a scrolling transcript with notes under the lines, and no alternate screen."""

from collections.abc import Iterable

from prompt_toolkit.application import get_app, run_in_terminal
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import FormattedText, StyleAndTextTuples
from prompt_toolkit.history import History
from prompt_toolkit.output import Output
from prompt_toolkit.shortcuts import PromptSession, print_formatted_text
from prompt_toolkit.styles import DynamicStyle

from esmtp_lab.shell.below import hint_rows
from esmtp_lab.shell.entry import Typed, Words, key_bindings
from esmtp_lab.shell.footer import first, footer, header
from esmtp_lab.shell.foresight import Hint, hint
from esmtp_lab.shell.layout import Row, hanging, wrap
from esmtp_lab.shell.lesson import goal_marks, lines_of
from esmtp_lab.shell.look import colour_depth, filled, style
from esmtp_lab.shell.memory import remember
from esmtp_lab.shell.overhear import overhear
from esmtp_lab.shell.preload import preload
from esmtp_lab.shell.record import Change, Page
from esmtp_lab.shell.rows import LAB, Rows
from esmtp_lab.shell.session import Session
from esmtp_lab.shell.signs import Signs
from esmtp_lab.shell.tables import laid

_MOST_HINT = 3


class _Pressed(str):
    """A lab command that a key stands for, in place of a typed line; empty where the view is only to end."""


class Stream:
    """Prints what is new after every line; what was printed before another view came stays on the terminal."""

    def __init__(self, session: Session, signs: Signs, history: History) -> None:
        self.session = session
        self.signs = signs
        self.rows = Rows(session, signs, numbered=False)
        self._printed = 0
        self._marks = ""
        self._style = DynamicStyle(lambda: style(session.settings["theme"]))
        self._prompt: PromptSession[str] = PromptSession(
            self._message,
            lexer=Typed(session),
            completer=Words(session, signs),
            complete_while_typing=False,
            history=history,
            search_ignore_case=True,
            key_bindings=key_bindings(session, self),
            bottom_toolbar=self._toolbar,
            style=self._style,
            is_password=Condition(lambda: session.prompt_kind == "line"),
            color_depth=colour_depth(),
            include_default_pygments_style=False,
            erase_when_done=True,
            reserve_space_for_menu=4,
        )

    @property
    def _output(self) -> Output:
        return self._prompt.app.output

    @property
    def _columns(self) -> int:
        return self._output.get_size().columns

    def run(self) -> None:
        """Read and play lines until the learner leaves or wants the other view."""
        session = self.session
        if not self._printed:
            self._greet()
        self._catch_up()
        self._goals()
        while session.view == "stream" and not session.finished:
            draft, session.draft = session.draft, ""
            text = self._prompt.prompt(default=draft, pre_run=self._begin)
            self._play(text)

    def _begin(self) -> None:
        preload(self.session)
        overhear(self.session, self._heard)

    async def _heard(self) -> None:
        await run_in_terminal(self._catch_up)

    def _greet(self) -> None:
        """What stands at the top: the host, the lesson where there is one, and how to begin."""
        attempt = self.session.attempt
        texts = (*(lines_of(attempt.text) if attempt else ()), *first(self.session))
        rows: list[Row] = [[("class:title", self.signs.text(header(self.session).strip()))]]
        self._lines([*rows, *([("class:lab", self.signs.text(text))] for text in laid(texts, self._columns))], 0)

    def _play(self, text: str) -> None:
        session = self.session
        if isinstance(text, _Pressed):
            if text:
                self._show(session.command(text))
            return
        lines = text.removesuffix("\n").split("\n")
        for line in lines:
            kind = session.prompt_kind
            change = session.type(line, ask=len(lines) == 1)
            remember(session, line, kind)
            self._show(change)

    # What the keys ask for -----------------------------------------------------------------------

    def submit(self, text: str) -> None:
        """See `Desk.submit`."""
        get_app().exit(result=text)

    def command(self, line: str) -> None:
        """See `Desk.command`."""
        self.session.draft = self._prompt.default_buffer.text
        get_app().exit(result=_Pressed(line))

    def leave(self) -> None:
        """See `Desk.leave`."""
        get_app().exit(result=_Pressed())

    # Printing ------------------------------------------------------------------------------------

    def _message(self) -> StyleAndTextTuples:
        return [("class:prompt", self.session.prompt)]

    def _toolbar(self) -> StyleAndTextTuples:
        columns, session = self._columns, self.session
        told = hint(session, self._prompt.default_buffer.text)
        told = told if told.line else Hint(footer(session, columns))
        rows = hint_rows(told, columns, _MOST_HINT, self.signs)
        return FormattedText([fragment for row in rows for fragment in (*row, ("", "\n"))][:-1])

    def _show(self, change: Change) -> None:
        for places, what in ((change.undone, "undone"), (change.redone, "stands again")):
            if places:
                self._lines([[("class:lab", f"{LAB}  {what}:")], *map(self.rows.item, places)])
        self._catch_up()
        if change.page:
            self._page(change.page)
        self._goals()

    def _goals(self) -> None:
        """The goals of the lesson, whenever one of them was met or lost."""
        attempt = self.session.attempt
        marks = f"{attempt.title}: {goal_marks(attempt)}" if attempt and self.session.aside is None else ""
        if marks and marks != self._marks:
            self._lines([[("class:lab", self.signs.text(f"{LAB}  {marks}"))]])
        self._marks = marks

    def _catch_up(self) -> None:
        """Print what no one has printed yet."""
        places = range(self._printed, len(self.session.record.items))
        self._printed = len(self.session.record.items)
        for place in places:
            self._lines([self.rows.item(place)])
            if place not in self.session.record.struck:
                self._lines(map(self.rows.note, self.session.notes(place)), 10)

    def _page(self, page: Page) -> None:
        self._lines([[("class:title", self.signs.text(f"{LAB}  {page.title}"))]])
        for line in laid(page.lines, self._columns - 5):
            self._lines([[("", self.signs.text(f"     {line}"))]], 5 + hanging(line))

    def _lines(self, rows: Iterable[Row], indent: int = 5) -> None:
        ground = filled(self.session.settings["theme"])
        lines = [line for row in rows for line in wrap(row, self._columns, indent)]
        fragments = FormattedText([fragment for line in lines for fragment in (*ground, *line, ("", "\n"))])
        if lines:
            print_formatted_text(
                fragments,
                end="",
                style=self._style,
                output=self._output,
                color_depth=self._prompt.color_depth,
                include_default_pygments_style=False,
            )
