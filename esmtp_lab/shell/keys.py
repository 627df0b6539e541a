"""The keys, as data: what they do, and how the footer and /help name them."""

from typing import NamedTuple

ANYWHERE: dict[tuple[str, ...], str] = {
    ("f1",): "/explain",
    ("escape", "u"): "/undo",
    ("escape", "r"): "/redo",
    ("escape", "h"): "/hint",
    ("escape", "n"): "/next",
    ("escape", "l"): "/lesson",
    ("escape", "g"): "/goal",
}
"""Keys that stand for a lab command, whatever is being typed."""

ON_EMPTY: dict[str, str] = {"?": "/explain", "[": "/back", "]": "/forward"}
"""What stands for a lab command where it is all that is typed at the command prompt."""


CONTENT = frozenset({"content", "line"})
ALWAYS = CONTENT | {"command", "prediction"}
LESSON = frozenset({"lesson"})
PREDICTION = frozenset({"prediction"})
"""Prompts at which a key is named in the footer; LESSON is any prompt, where there is a lesson."""


class Key(NamedTuple):
    """A key with its meaning; `label` is its name in the footer, at the prompts where it has a place there."""

    name: str
    meaning: str
    label: str = ""
    prompts: frozenset[str] = frozenset({"command"})


KEYS: tuple[Key, ...] = (
    Key("? on an empty line", "explain", "? explain"),
    Key("F1", "explain, in content too", "F1 explain", CONTENT),
    Key("Tab", "words that may come next", "Tab words"),
    Key("250, 5yz, 5, Enter alone", "with /predict on: what will be answered, or pass", "Enter pass", PREDICTION),
    Key("Ctrl-D", "on an empty line: leave, as QUIT does", "C-d quit", ALWAYS),
    Key("Ctrl-C", "clear the line"),
    Key("M-u, M-r", "undo, redo (M- is Alt, or Esc first)", "M-u undo", ALWAYS),
    Key("F2, M-v", "the other view", "F2 view", ALWAYS),
    Key("Up", "earlier lines; a corrected one first"),
    Key("Esc", "give a group up that is being collected"),
    Key("[ ] on an empty line", "walk the parts of a line", "[ ] walk"),
    Key("M-h, M-g", "hint of the lesson; its goal, and what is met of it", "M-h hint", LESSON),
    Key("M-n, M-l", "next task of the lesson; what the lesson says", "M-n next", LESSON),
    Key("PageUp, PageDown", "scroll; Esc closes a page"),
    Key("/", "begins a lab command", "/help"),
)
"""Every key, the most needed first."""
