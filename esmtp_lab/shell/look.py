"""What things look like: the lab's palettes as prompt_toolkit styles."""

from functools import cache

from prompt_toolkit.styles import BaseStyle, Style, merge_styles
from prompt_toolkit.styles.pygments import style_from_pygments_cls
from pygments.token import Text

from esmtp_lab.highlight.styles import EsmtpDarkStyle, EsmtpLightStyle

_COMMON = {
    "selected": "reverse",
    "undone": "strike",
    "title": "bold",
    "mark": "bold",
    "broken": "bold ansired",
    "changed": "bold",
    "refused": "ansired",
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

# The sixteen colours of the terminal: those that can be read on dark and on light grounds alike.
_TERMINAL = {
    "keyword": "bold",
    "keyword.pseudo": "nobold",
    "name.namespace": "ansicyan",
    "name.variable": "ansimagenta",
    "name.attribute": "ansigreen",
    "name.builtin": "bold ansigreen",
    "name.tag": "bold",
    "literal.number.integer": "bold ansigreen",
    "literal.number.float": "ansigreen",
    "operator": "bold",
    "literal.string": "",
    "comment.special": "ansicyan",
    "error": "ansired underline",
    "generic.error": "bold ansired",
    "generic.prompt": "bold",
}


_STYLES = {"dark": EsmtpDarkStyle, "light": EsmtpLightStyle}


@cache
def style(theme: str) -> BaseStyle:
    """The style of a theme: "terminal", "dark" or "light"."""
    if theme == "terminal":
        return Style.from_dict({**_COMMON, **{f"pygments.{name}": look for name, look in _TERMINAL.items()}})
    chosen = _STYLES[theme]
    ground = {"": f"bg:{chosen.background_color} {chosen.styles[Text]}"}
    return merge_styles([Style.from_dict(ground), style_from_pygments_cls(chosen), Style.from_dict(_COMMON)])
