"""What all widgets have in common: parts that are drawn in Python, and acts of the reader that are listened to."""

import os
from collections.abc import Callable, Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets

from esmtp_lab.export.page import stylesheet
from esmtp_lab.lab import Lab
from esmtp_lab.notebook.shared import Shared, shared
from esmtp_lab.wire.visible import visible

STATIC = "ESMTP_LAB_STATIC"
"""The variable of the environment with which widgets show their static form alone, for pages without a kernel."""
_HERE = Path(__file__).parent
_VIEW = "application/vnd.jupyter.widget-view+json"


class Face(anywidget.AnyWidget):
    """A view of a lab. A widget says what its `skeleton` is, what its `drawn` parts are, and what its `acts` do.

    Only what changed is sent. Parts are HTML made of escaped text: nothing from the wire is in them raw.
    """

    _esm = _HERE / "face.js"
    _css = _HERE / "face.css"
    frame = traitlets.Unicode().tag(sync=True)
    label: ClassVar[str] = "the lab"
    acts: ClassVar[dict[str, Callable[[Any, str], None]]] = {}
    """What the reader can do, by the word that the page says for it; each gets the widget and a value."""

    def __init__(self, lab: Lab | Shared | None = None, **traits: Any) -> None:
        self.shared = shared(lab if lab is not None else Lab())
        self._sent: dict[str, str] = {}
        self._rows: dict[str, dict[str, str]] = {}
        super().__init__(**traits)
        self.frame = self._framed(self.skeleton())
        self.on_msg(self._hear)
        self.shared.views.add(self)

    @property
    def lab(self) -> Lab:
        """The lab that is shown; a new session may bring another."""
        return self.shared.lab

    # What a widget says of itself ------------------------------------------------------------------

    def skeleton(self) -> str:
        """The fixed HTML, with a ``data-part`` wherever something is drawn."""
        raise NotImplementedError

    def drawn(self) -> Mapping[str, str]:
        """The HTML of each part as it is now."""
        raise NotImplementedError

    def lists(self) -> Mapping[str, Mapping[str, str]]:
        """Parts that are lists: the HTML of each row by its key, in their order."""
        return {}

    def values(self) -> Mapping[str, str]:
        """What stands in fields, by their names, when the widget is shown anew."""
        return {}

    def words(self) -> str:
        """What the widget shows, as text."""
        return repr(self.lab)

    # Between Python and the page -------------------------------------------------------------------

    def _framed(self, inside: str) -> str:
        said = '<div class="esmtp-said" data-part="said" aria-live="polite" role="status"></div>'
        style = f"<style>{stylesheet()}</style>"
        return f'<div class="esmtp-lab" role="group" aria-label="{escape(self.label)}">{style}{inside}{said}</div>'

    def _hear(self, widget: object, content: Mapping[str, Any], buffers: object) -> None:
        name, value = str(content.get("act")), content.get("value")
        if name == "hello":
            with self.shared.lock:
                self._sent, self._rows = {}, {}
                self.draw()
                if values := self.values():
                    self.send({"values": dict(values)})
        elif name in self.acts:
            self.acts[name](self, "" if value is None else str(value))

    def draw(self) -> None:
        """Send what is not there yet."""
        parts = {**self.drawn(), "said": "<br>".join(map(safe, self.shared.said))}
        fresh = {name: html for name, html in parts.items() if self._sent.get(name) != html}
        self._sent |= fresh
        lists = {name: self._news(name, rows) for name, rows in self.lists().items()}
        changed = {name: news for name, news in lists.items() if news}
        if fresh or changed:  # in one message: each costs the page a layout
            self.send({"parts": fresh, "lists": changed})

    def _news(self, name: str, rows: Mapping[str, str]) -> dict[str, Any]:
        """What the page lacks of a list, nothing where it lacks nothing."""
        there = self._rows.get(name, {})
        if list(there.items()) == list(rows.items()):
            return {}
        self._rows[name] = dict(rows)
        return {"order": list(rows), "rows": {key: html for key, html in rows.items() if there.get(key) != html}}

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The widget, and beside it a form that reads well where there is no kernel."""
        found = super()._repr_mimebundle_(**kwargs)
        data, metadata = found if isinstance(found, tuple) else (found or {}, {})
        if os.environ.get(STATIC):
            data = {kind: form for kind, form in data.items() if kind != _VIEW}
        return {**data, "text/plain": self.words(), "text/html": self.static()}, metadata

    def static(self) -> str:
        """The widget as it is now, without what can be done with it."""
        filled = {**self.drawn(), **{name: "".join(rows.values()) for name, rows in self.lists().items()}}
        parts = "".join(_figure(name, filled[name]) for name in self.still())
        return self._framed(parts)

    def still(self) -> Iterable[str]:
        """The parts that make sense where nothing can be done, in their order."""
        return (*self.drawn(), *self.lists())


def safe(text: str) -> str:
    """Text for a page, whoever wrote it."""
    return escape(visible(text.encode("utf-8", "surrogateescape")))


def _figure(name: str, html: str) -> str:
    return f"<ol>{html}</ol>" if html.startswith("<li") else f'<div class="esmtp-{name}">{html}</div>'


def button(act: str, text: str, *, value: str = "", keys: str = "", put: str | None = None, on: bool = True) -> str:
    """A button for an act of the reader; `put` puts words into the field in place of it."""
    given = f' data-value="{escape(value)}"' if value else ""
    given += f' data-keys="{escape(keys)}" title="{escape(keys)}"' if keys else ""
    given += f' data-put="{escape(put)}"' if put is not None else ""
    given += "" if on else " disabled"
    focus = escape(f"{act} {value} {put or ''}".strip())
    return f'<button type="button" data-act="{act}" data-focus="{focus}"{given}>{escape(text)}</button>'


def choice(act: str, label: str, values: Iterable[str], chosen: str) -> str:
    """A list to choose from."""
    options = "".join(f"<option{' selected' if value == chosen else ''}>{escape(value)}</option>" for value in values)
    return f'<label>{escape(label)}<select data-act="{act}" data-focus="{act}">{options}</select></label>'
