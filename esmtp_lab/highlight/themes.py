"""Themes: what the parts of a dialogue look like, on which ground, with how much contrast.

A theme colours roles, and a token has one role. The tests work out the contrast of every colour, and how far apart
those of the colour-blind theme stand for people who see other colours.
"""

from typing import NamedTuple

from pygments.token import (
    Comment,
    Error,
    Generic,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Text,
    Whitespace,
    _TokenType,
)


class Theme(NamedTuple):
    """Colours for one ground; without a `ground` it is the terminal's own.

    `contrast` is the least that every colour has on it, as the Web Content Accessibility Guidelines work it out, or 0
    where the terminal chooses the colours. `colours` are by role, and `marks` go before those of `ROLES`.
    """

    meaning: str
    ground: str
    contrast: float
    colours: dict[str, str]
    marks: dict[_TokenType, str] = {}  # noqa: RUF012


ROLES: dict[_TokenType, tuple[str, str]] = {
    Text: ("text", ""),
    Whitespace: ("faint", ""),
    Comment: ("quiet", "italic"),
    Comment.Special: ("special", ""),
    Comment.Preproc: ("special", ""),
    Keyword: ("command", "bold"),
    Keyword.Pseudo: ("command", "nobold"),
    Name.Namespace: ("host", ""),
    Name.Variable: ("mailbox", ""),
    Name.Attribute: ("parameter", ""),
    Name.Builtin: ("parameter", "bold"),
    Name.Tag: ("command", ""),
    Number.Integer: ("positive", "bold"),
    Number.Float: ("positive", ""),
    Operator: ("parameter", "bold"),
    Punctuation: ("quiet", ""),
    String: ("value", ""),
    Error: ("wrong", ""),
    Generic.Error: ("negative", "bold"),
    Generic.Prompt: ("quiet", "bold"),
    Generic.Heading: ("text", "bold"),
    Generic.Output: ("quiet", ""),
}
"""The role of each token, and how it is marked besides its colour."""

_MARKED = {
    Number.Integer: "nobold",
    Generic.Error: "bold underline",
    Name.Attribute: "underline",
    Name.Builtin: "underline",
}
"""Marks by which a command, a reply that agrees, one that refuses and a parameter differ without any colour."""

THEMES: dict[str, Theme] = {
    "terminal": Theme(
        "the sixteen colours that your terminal has",
        "",
        0,
        {
            "host": "ansicyan",
            "mailbox": "ansimagenta",
            "parameter": "ansigreen",
            "positive": "ansigreen",
            "negative": "ansired",
            "special": "ansicyan",
            "wrong": "ansired underline",
        },
    ),
    "dark": Theme(
        "light on black",
        "#121212",
        4.5,
        {
            "text": "#e6e6e6",
            "quiet": "#a8a8a8",
            "faint": "#8a8a8a",
            "command": "#7ab7ff",
            "host": "#5fd3bc",
            "mailbox": "#d8a0f0",
            "parameter": "#ffb074",
            "value": "#d6d38a",
            "positive": "#7fd97f",
            "negative": "#ff8a80",
            "special": "#e0a458",
            "wrong": "#121212 bg:#ff8a80",
        },
    ),
    "light": Theme(
        "dark on white",
        "#ffffff",
        4.5,
        {
            "text": "#1a1a1a",
            "quiet": "#595959",
            "faint": "#767676",
            "command": "#0b4fa8",
            "host": "#00685a",
            "mailbox": "#7b1fa2",
            "parameter": "#9a3b00",
            "value": "#4a4a00",
            "positive": "#1b6e20",
            "negative": "#b00020",
            "special": "#7a4b00",
            "wrong": "#ffffff bg:#b00020",
        },
    ),
    "mono": Theme("no colour, only bold and underlined", "", 0, {"wrong": "bold italic underline"}, _MARKED),
    "high-contrast": Theme(
        "strong colours on black, 7:1 at least",
        "#000000",
        7,
        {
            "text": "#ffffff",
            "quiet": "#d0d0d0",
            "faint": "#b0b0b0",
            "command": "#ffff00",
            "host": "#00ffff",
            "mailbox": "#ffb0ff",
            "parameter": "#ffb84d",
            "value": "#ffffff",
            "positive": "#5cff5c",
            "negative": "#ff9c9c",
            "special": "#ffd59e",
            "wrong": "#000000 bg:#ff9c9c",
        },
    ),
    "colour-blind": Theme(
        "colours that people tell apart who do not see red, green or blue as others do; marked besides",
        "#121212",
        4.5,
        {
            "text": "#e6e6e6",
            "quiet": "#a8a8a8",
            "faint": "#8a8a8a",
            "command": "#56b4e9",
            "host": "#9fd4f2",
            "mailbox": "#e6e6e6",
            "parameter": "#ffffff",
            "value": "#e6e6e6",
            "positive": "#f0e442",
            "negative": "#d55e00",
            "special": "#a8a8a8",
            "wrong": "#121212 bg:#d55e00",
        },
        _MARKED,
    ),
    "projector-dark": Theme(
        "for a lecture hall that is dark: on black, 7:1 at least",
        "#000000",
        7,
        {
            "text": "#ffffff",
            "quiet": "#dcdcdc",
            "faint": "#b4b4b4",
            "command": "#8cc8ff",
            "host": "#7ff0da",
            "mailbox": "#e9b8ff",
            "parameter": "#ffc08a",
            "value": "#f0ecb0",
            "positive": "#8cf28c",
            "negative": "#ffa39b",
            "special": "#ffcc80",
            "wrong": "#000000 bg:#ffa39b",
        },
    ),
    "projector-light": Theme(
        "for a lecture hall that is bright: on white, 7:1 at least",
        "#ffffff",
        7,
        {
            "text": "#000000",
            "quiet": "#404040",
            "faint": "#545454",
            "command": "#003a8c",
            "host": "#00473d",
            "mailbox": "#5b0f7d",
            "parameter": "#6e2a00",
            "value": "#333300",
            "positive": "#0b4a10",
            "negative": "#8c0018",
            "special": "#5f2800",
            "wrong": "#ffffff bg:#8c0018",
        },
    ),
}
"""Every theme by its name."""


def looks(theme: str) -> dict[_TokenType, str]:
    """What each token looks like in a theme, in the words of Pygments."""
    colours, marks = THEMES[theme].colours, THEMES[theme].marks
    return {token: f"{marks.get(token, mark)} {colours.get(role, '')}".strip() for token, (role, mark) in ROLES.items()}
