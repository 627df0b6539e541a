"""What things look like: the lab's palettes as prompt_toolkit styles."""

from functools import cache

from prompt_toolkit.styles import BaseStyle, Style
from pygments.token import _TokenType

from esmtp_lab.highlight.styles import THEMES, looks

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
    "completion-menu": "noreverse bg:default",
    "completion-menu.completion": "reverse",
    "completion-menu.completion.current": "noreverse bold underline",
    "completion-menu.meta.completion": "reverse",
    "completion-menu.meta.completion.current": "noreverse bold underline",
}


@cache
def style(theme: str) -> BaseStyle:
    """The style of a theme, for all that the shell draws."""
    chosen = THEMES[theme]
    text, negative = chosen.colours.get("text", ""), chosen.colours.get("negative", "underline")
    ground = {"": f"bg:{chosen.ground} {text}"} if chosen.ground else {}
    refusing = {"broken": f"bold {negative}", "refused": negative}
    return Style.from_dict(
        ground | _COMMON | refusing | {class_of(token): look for token, look in looks(theme).items()}
    )


def class_of(token: _TokenType) -> str:
    """The style class of a token, as prompt_toolkit names those of Pygments."""
    return ".".join(("pygments", *token)).lower()
