"""Styles: what the parts of a dialogue look like on light and on dark grounds.

Every foreground has a contrast of at least 4.5:1 on its ground, which a test works out.
"""

from typing import ClassVar

from pygments.style import Style
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


class EsmtpLightStyle(Style):
    """Dark on white."""

    name = "esmtp-light"
    background_color = "#ffffff"
    styles: ClassVar[dict[_TokenType, str]] = {
        Text: "#1a1a1a",
        Whitespace: "#767676",
        Comment: "italic #595959",
        Comment.Special: "#7a4b00",
        Comment.Preproc: "#7a4b00",
        Keyword: "bold #0b4fa8",
        Keyword.Pseudo: "#0b4fa8",
        Name.Namespace: "#00685a",
        Name.Variable: "#7b1fa2",
        Name.Attribute: "#9a3b00",
        Name.Builtin: "bold #9a3b00",
        Name.Tag: "#0b4fa8",
        Number.Integer: "bold #1b6e20",
        Number.Float: "#1b6e20",
        Operator: "bold #9a3b00",
        Punctuation: "#595959",
        String: "#4a4a00",
        Error: "#ffffff bg:#b00020",
        Generic.Error: "bold #b00020",
        Generic.Prompt: "bold #595959",
        Generic.Heading: "bold #1a1a1a",
        Generic.Output: "#595959",
    }


class EsmtpDarkStyle(Style):
    """Light on black."""

    name = "esmtp-dark"
    background_color = "#121212"
    styles: ClassVar[dict[_TokenType, str]] = {
        Text: "#e6e6e6",
        Whitespace: "#8a8a8a",
        Comment: "italic #a8a8a8",
        Comment.Special: "#e0a458",
        Comment.Preproc: "#e0a458",
        Keyword: "bold #7ab7ff",
        Keyword.Pseudo: "#7ab7ff",
        Name.Namespace: "#5fd3bc",
        Name.Variable: "#d8a0f0",
        Name.Attribute: "#ffb074",
        Name.Builtin: "bold #ffb074",
        Name.Tag: "#7ab7ff",
        Number.Integer: "bold #7fd97f",
        Number.Float: "#7fd97f",
        Operator: "bold #ffb074",
        Punctuation: "#a8a8a8",
        String: "#d6d38a",
        Error: "#121212 bg:#ff8a80",
        Generic.Error: "bold #ff8a80",
        Generic.Prompt: "bold #a8a8a8",
        Generic.Heading: "bold #e6e6e6",
        Generic.Output: "#a8a8a8",
    }
