"""The signs that the lab draws with: Unicode, or US-ASCII alone."""

import sys
from dataclasses import dataclass


@dataclass
class Signs:
    """Lines and corners of boxes, each one column wide; whoever draws holds the same ones, which may become others."""

    across: str
    down: str
    top: tuple[str, str, str]
    middle: tuple[str, str, str]
    bottom: tuple[str, str, str]
    crossing: str
    ascii_only: bool = False

    def text(self, text: str) -> str:
        """A text of the lab's own, in the characters that may be used."""
        if not self.ascii_only:
            return text
        return text.translate(_SPELT).encode("ascii", "backslashreplace").decode("ascii")

    def become(self, others: "Signs") -> None:
        """Be like those others from now on."""
        vars(self).update(vars(others))


UNICODE = Signs("─", "│", ("┌", "┬", "┐"), ("├", "┴", "┤"), ("└", "┴", "┘"), "┼")
ASCII = Signs("-", "|", ("+", "+", "+"), ("+", "+", "+"), ("+", "+", "+"), "+", ascii_only=True)
_SPELT = str.maketrans(
    {
        "␍": "<CR>",
        "␊": "<LF>",
        "␀": "<NUL>",
        "␉": "<TAB>",
        "␛": "<ESC>",
        "␡": "<DEL>",
        "✓": "x",
        "─": "-",
        "–": "-",
        "—": "-",
        "·": "|",
        "→": "->",
        "◂": "<",
        "§": "sec. ",
        "…": "...",
        "’": "'",
        "“": '"',
        "”": '"',
        "×": "x",
    }
)


def holds_unicode() -> bool:
    """Whether what is written can hold more than US-ASCII."""
    return (sys.stdout.encoding or "ascii").lower().replace("-", "").startswith("utf")
