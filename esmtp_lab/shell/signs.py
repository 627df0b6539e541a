"""The signs that the lab draws with: Unicode, or US-ASCII alone."""

from typing import NamedTuple


class Signs(NamedTuple):
    """Lines and corners of boxes, each one column wide."""

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
