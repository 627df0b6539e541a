"""What things look like: the lab's palettes as prompt_toolkit styles."""

import os
from functools import cache

from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import BaseStyle, Style
from pygments.token import _TokenType

from esmtp_lab.highlight.themes import THEMES, looks

_COMMON = {
    "selected": "reverse",
    "undone": "strike",
    "title": "bold",
    "mark": "bold",
    "changed": "bold",
    "unfit": "italic",
    "lab": "italic",
    "note": "",
    "border": "",
    "prompt": "bold",
    "footer": "reverse",
    "bottom-toolbar": "noreverse",
}
# prompt_toolkit gives colours of its own to these: all of them are said again, so that none is mixed with ours.
_OVER = {
    "completion-menu": "noreverse",
    "completion-menu.completion": "reverse",
    "completion-menu.completion.current": "noreverse bold underline",
    "completion-menu.meta.completion": "reverse",
    "completion-menu.meta.completion.current": "noreverse bold underline",
    "scrollbar.background": "noreverse",
    "scrollbar.button": "reverse",
    "search": "noreverse underline",
    "search.current": "reverse",
}

GROUND = "ground"
"""The class of what is filled with the ground of a theme."""
_ALL_COLOURS = ("truecolor", "24bit")


@cache
def style(theme: str) -> BaseStyle:
    """The style of a theme, for all that the shell draws."""
    chosen = THEMES[theme]
    text, negative = chosen.colours.get("text", ""), chosen.colours.get("negative", "")
    plain = f"bg:{chosen.ground or 'default'} {text or 'default'}"
    ground = dict.fromkeys(("", GROUND), plain) if chosen.ground else {}
    over = {name: f"{look} {plain}" for name, look in _OVER.items()}
    refusing = {"broken": f"bold {negative}", "refused": negative}
    tokens = {class_of(token): look for token, look in looks(theme).items()}
    return Style.from_dict(ground | _COMMON | over | refusing | tokens)


def filled(theme: str) -> list[tuple[str, str]]:
    """What stands before a line that is printed, so that the ground of a theme reaches to the end of its row."""
    return [(f"class:{GROUND} [ZeroWidthEscape]", "\x1b[K")] if THEMES[theme].ground else []


def colour_depth() -> ColorDepth | None:
    """All colours where the terminal says that it has them; else what prompt_toolkit finds. NO_COLOR goes first."""
    asked = ColorDepth.from_env()
    return ColorDepth.TRUE_COLOR if asked is None and os.environ.get("COLORTERM") in _ALL_COLOURS else asked


def class_of(token: _TokenType) -> str:
    """The style class of a token, as prompt_toolkit names those of Pygments."""
    return ".".join(("pygments", *token)).lower()
