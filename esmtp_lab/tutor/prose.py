"""Markdown as lines of plain text, for a terminal: what it says, without its marks. Code keeps its quotes."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from esmtp_lab.tutor.grid import grid

if TYPE_CHECKING:
    from markdown_it.token import Token


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def plain(markdown: str) -> list[str]:
    """The lines of a text: a paragraph is one line, to be wrapped by whoever shows it; code stands as it is."""
    return list(_Lines(_parser().parse(markdown)).all())


class _Lines:
    """Turns the blocks of a text into lines."""

    def __init__(self, tokens: "list[Token]") -> None:
        self._tokens = tokens
        self._lists: list[int] = []  # for each list that is open the number of its next item, or 0 for bullets
        self._mark = ""
        self._rows: list[list[str]] = []

    def all(self) -> Iterator[str]:
        """Every line, blocks parted by an empty one."""
        found: list[str] = []
        for token in self._tokens:
            found += self._block(token)
        while found and not found[-1]:
            found.pop()
        return (line for place, line in enumerate(found) if line or (place and found[place - 1]))

    def _block(self, token: "Token") -> Iterable[str]:
        indent = "  " * len(self._lists)
        match token.type:
            case "bullet_list_open":
                self._lists.append(0)
            case "ordered_list_open":
                self._lists.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
                return () if self._lists else ("",)
            case "list_item_open":
                self._mark = f"{self._lists[-1]}. " if self._lists[-1] else "* "
                self._lists[-1] += bool(self._lists[-1])
            case "fence" | "code_block":
                return (*(f"{indent}  {line}".rstrip() for line in token.content.rstrip("\n").split("\n")), "")
            case "hr":
                return ("---", "")
            case "tr_open":
                self._rows.append([])
            case "table_close":
                (heads, *rows), self._rows = self._rows, []
                return (*grid(rows, heads), "")
            case "inline" if token.level and self._in_cell(token):
                self._rows[-1].append(_inline(token))
            case "inline":
                mark, self._mark = self._mark, ""
                text = _inline(token).split("\n")
                first = f"{indent[2:] if mark else indent}{mark}{text[0]}"
                rest = [f"{indent}{line}" for line in text[1:]]
                return (first, *rest) if self._lists else (first, *rest, "")
        return ()

    def _in_cell(self, token: "Token") -> bool:
        before = self._tokens[self._tokens.index(token) - 1]
        return before.type in ("td_open", "th_open")


def _inline(token: "Token") -> str:
    """The words of one block in one line; a hard break begins another."""
    out = []
    for each in token.children or ():
        match each.type:
            case "softbreak":
                out.append(" ")
            case "hardbreak":
                out.append("\n")
            case "code_inline":
                out.append(f"`{each.content}`")
            case _:
                out.append(each.content)
    return "".join(out)
