"""The bench as rows of styled text for a given size: what each side holds, the wire, and the rules."""

from esmtp_lab.export.facts import Facts, compact, meaning
from esmtp_lab.export.notes import Note, at_span, stops, subject
from esmtp_lab.shell.footer import first, header
from esmtp_lab.shell.layout import Row, beside, border, cut, fitted, hanging, wrap
from esmtp_lab.shell.rows import Rows
from esmtp_lab.shell.session import Session
from esmtp_lab.shell.signs import Signs
from esmtp_lab.shell.tables import laid

WIDE = 100
"""Columns from which the wire stands between the two sides."""
_LOW = 15
"""Rows below which there is room for the wire alone."""
_TALL = 20
"""Rows from which there is room for a long head."""
_ABOUT, _LABEL = 20, 8


def _head_rows(height: int) -> int:
    """The most rows of the head: the goals of a lesson stand there."""
    return 1 if height < _LOW else 2 if height < _TALL else 3


class Panes:
    """Draws the bench. `back` rows of the wire, and `down` rows of a page, are scrolled away.

    `leaf` is how many rows a leaf turns: one less than were seen, so that no row is passed over.
    """

    def __init__(self, session: Session, signs: Signs) -> None:
        self.session = session
        self.signs = signs
        self.rows = Rows(session, signs, numbered=True)
        self.back = 0
        self.down = 0
        self.leaf = 1
        self._heights: dict[int, tuple[tuple[object, ...], int]] = {}

    def draw(self, columns: int, height: int) -> list[Row]:
        """Exactly `height` rows of exactly `columns` columns."""
        head = wrap([("class:title", self.signs.text(header(self.session)))], columns)
        head = cut(head, _head_rows(height), columns, ("class:lab", self.signs.text(self._more)))
        room = height - len(head)
        if height < _LOW:
            rows = self._wire_box(columns, room - 2)
        elif columns >= WIDE:
            rows = self._wide(columns, room - 3)
        else:
            rows = self._narrow(columns, room - 4)
        return fitted(head + rows, height)

    def scroll(self, step: int) -> None:
        """Scroll the page where one is open, else the wire."""
        if self.session.page:
            self.down = max(0, self.down + step)
        else:
            self.back = max(0, self.back - step)

    # Where things stand --------------------------------------------------------------------------

    def _wide(self, columns: int, room: int) -> list[Row]:
        side = min(32, columns // 4)
        widths = [side, columns - 4 - 2 * side, side]
        low = self._low(room)
        high = room - low
        client, server = self._sides(side - 2, long=True)
        middle = self._wire(widths[1] - 2, high)
        sides = (self._capped(client, high), fitted(middle, high), self._capped(server, high))
        titles = [self._name("client"), "wire", self._name("server")]
        return [
            border(titles, widths, self.signs, "top"),
            *beside([*zip(sides, widths, strict=True)], self.signs),
            *self._rules(columns, low, widths),
        ]

    def _narrow(self, columns: int, room: int) -> list[Row]:
        left = (columns - 3) // 2
        widths = [left, columns - 3 - left]
        sides = self._sides(left - 2, long=False)
        low = self._low(room)
        most = max(len(rows) for rows in sides)
        top = min(most, max(3, (room - low) // 2))
        high = room - low - top
        panes = [(self._capped(rows, top), each) for rows, each in zip(sides, widths, strict=True)]
        return [
            border([self._name("client"), self._name("server")], widths, self.signs, "top"),
            *beside(panes, self.signs),
            border(["wire"], [columns - 2], self.signs, "middle", widths),
            *beside([(self._wire(columns - 4, high), columns - 2)], self.signs),
            *self._rules(columns, low, [columns - 2]),
        ]

    def _low(self, room: int) -> int:
        """The height of the rule pane; a page gets more of the room."""
        return max(3, room * 6 // 10 if self.session.page else room // 3)

    def _wire_box(self, columns: int, room: int) -> list[Row]:
        body = self._page(columns - 4, room) if self.session.page else self._wire(columns - 4, room)
        title = self.session.page.title if self.session.page else "wire"
        return [
            border([self.signs.text(title)], [columns - 2], self.signs, "top"),
            *beside([(fitted(body, room), columns - 2)], self.signs),
            border([""], [columns - 2], self.signs, "bottom"),
        ]

    def _rules(self, columns: int, room: int, above: list[int]) -> list[Row]:
        title, body = "rules", self._page(columns - 4, room)
        if self.session.page:
            title = self.session.page.title
        else:
            title, body = self._explained(columns - 4, room)
        return [
            border([self.signs.text(title)], [columns - 2], self.signs, "middle", above),
            *beside([(fitted(body, room), columns - 2)], self.signs),
            border([""], [columns - 2], self.signs, "bottom"),
        ]

    @property
    def _more(self) -> str:
        """What stands at the end of a head that is cut: where all of it is."""
        return " … M-g: goals" if self.session.attempt is not None and self.session.aside is None else " … /state"

    def _name(self, side: str) -> str:
        lab = self.session.lab
        if lab.role == side:
            return f"{side} (you)"
        return side if side == "client" else f"{side} {lab.policy.domain}"

    # What stands there ---------------------------------------------------------------------------

    def _sides(self, columns: int, *, long: bool) -> tuple[list[Row], list[Row]]:
        client, server = self.session.facts()
        before = self.session.before
        return self._facts(client, before[0], columns, long), self._facts(server, before[1], columns, long)

    def _facts(self, facts: Facts, before: Facts, columns: int, long: bool) -> list[Row]:
        """What one side holds, a star behind what the last line changed."""
        rows: list[Row] = []
        last = ""
        for name, value in facts if long else compact(facts, before):
            changed = (name, value) not in before and (long or name not in ("offered", "letters"))
            label = "" if name == last else name
            text = self.signs.text(f"{value}{' *' if changed else ''}")
            rows += wrap(
                [("class:mark", f"{label:<{_LABEL}}"), ("class:changed" if changed else "", text)], columns, _LABEL
            )
            if name == "state" and long:
                rows += wrap([("class:lab", f"{'':<{_LABEL}}{meaning(facts)}")], columns, _LABEL)
            last = name
        return rows

    def _capped(self, rows: list[Row], height: int) -> list[Row]:
        """Rows in so much height; where some are left out, the last one says so."""
        if len(rows) <= height:
            return fitted(rows, height)
        return [*rows[: height - 1], [("class:lab", self.signs.text(f"… {len(rows) - height + 1} more: /state"))]]

    def _wire(self, columns: int, height: int) -> list[Row]:
        """The newest rows of the record that fit, or earlier ones where it is scrolled."""
        self._turn(height, self.session.page is None)
        count, wanted, passed = 0, height + self.back, list[int]()
        for place in reversed(range(len(self.session.record.items))):
            passed.append(self._rows_of(place, columns, height))
            count += passed[-1]
            if count >= wanted:
                break
        self.back = max(0, min(self.back, count - height))
        below, rows = self.back, list[Row]()
        for place, size in zip(reversed(range(len(self.session.record.items))), passed, strict=False):
            if not rows and size <= below:
                below -= size  # all of it is scrolled away
                continue
            rows = self._item(place, columns, height) + rows
            if len(rows) >= height + below:
                break
        end = len(rows) - below
        return rows[max(0, end - height) : end]

    def _rows_of(self, place: int, columns: int, height: int) -> int:
        """How many rows a line of the record takes; a line that looks as before is not wrapped again to know."""
        session = self.session
        cursor = session.cursor is not None and session.cursor[0] == place
        look = (columns, height, place in session.record.struck, cursor, session.rules_ready)
        known = self._heights.get(place)
        if known is None or known[0] != look:
            known = self._heights[place] = look, len(self._item(place, columns, height))
        return known[1]

    def _item(self, place: int, columns: int, height: int) -> list[Row]:
        """A line of the record with what it breaks."""
        mine = wrap(self.rows.item(place), columns, self.rows.indent)
        broken = [row for each in self.rows.broken(place) for row in wrap(each, columns, self.rows.indent)]
        # What a rule says must not push the line itself away; all of it stands among the rules.
        return mine + (broken if len(broken) <= height // 3 else self._many(place, columns))

    def _many(self, place: int, columns: int) -> list[Row]:
        """That rules are broken, in a row."""
        count = sum(1 for _ in self.rows.broken(place))
        text = f"{count} rule{'s are' if count > 1 else ' is'} broken here: ? tells"
        return wrap(self.rows.amiss(text), columns, self.rows.indent)

    def _page(self, columns: int, height: int) -> list[Row]:
        """The open page, from where it is scrolled to; its last row says where more follows."""
        self._turn(height - 1, self.session.page is not None)
        page = self.session.page
        rows: list[Row] = []
        for at, line in enumerate(laid(page.lines, columns) if page else ()):
            chosen = page is not None and at == page.row
            mine = wrap([("class:selected" if chosen else "", self.signs.text(line))], columns, hanging(line))
            if chosen:
                self.down = min(len(rows), max(self.down, len(rows) + len(mine) + 1 - height))
            rows += mine
        self.down = max(0, min(self.down, len(rows) - height))
        shown = rows[self.down : self.down + height]
        left = len(rows) - self.down - height
        if left > 0:
            shown[-1] = [("class:lab", self.signs.text(f"… {left + 1} more rows: PageDown; Esc closes"))]
        return shown

    def _turn(self, height: int, scrolls: bool) -> None:
        if scrolls:
            self.leaf = max(1, height - 1)

    def _explained(self, columns: int, height: int) -> tuple[str, list[Row]]:
        """The rules of the last exchange, or of the span under the cursor."""
        session = self.session
        if not session.typed or session.settings["depth"] == "off":
            return "begin here", [
                row for line in first(session) for row in wrap([("", self.signs.text(line))], columns)
            ]
        rows: list[Row] = []
        places = (session.cursor[0],) if session.cursor else session.last
        for place in places:
            rows += self._about(place, columns)
            if len(rows) > height:
                break
        title = f"rules of {session.lab.era}"
        if session.cursor:
            title = f"line {session.record.items[session.cursor[0]].number}"
        if len(rows) > height:
            rows = [*rows[: height - 1], [("class:lab", self.signs.text("… more: ? or F1 opens all of it"))]]
        return title, rows

    def _about(self, place: int, columns: int) -> list[Row]:
        session = self.session
        event = session.annotated(place)
        if event is None:
            return []
        if session.cursor:
            span = stops(event)[session.cursor[1]]
            return [row for note in at_span(event, span) for row in self._note(note, columns)]
        named = [note if note.about else note._replace(about=subject(event)) for note in session.notes(place)]
        return [row for note in named for row in self._note(note, columns)]

    def _note(self, note: Note, columns: int) -> list[Row]:
        """A note as a table row: the octets, what is said of them, and where it stands."""
        about = self.signs.text(note.about)
        about = about if len(about) < _ABOUT else about[: _ABOUT - 4] + "..."
        text = note._replace(about="").text
        style = "class:broken" if note.broken else ""
        front = ("class:broken", "!! ") if note.broken else ("class:mark", "?? ") if note.seems else ("", "   ")
        return wrap([front, ("class:title", f"{about:<{_ABOUT}}"), (style, self.signs.text(text))], columns, _ABOUT + 3)
