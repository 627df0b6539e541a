"""Prose on a page: Markdown, in which no HTML is let through, and rules of the book that open to their text."""

from functools import cache, lru_cache
from html import escape

from markdown_it import MarkdownIt

from esmtp_lab.rules.rule import Rule

_BELOW = 3
"""Levels by which a heading is lower than it was written."""


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "link", "autolink"])


@lru_cache(maxsize=64)
def prose(markdown: str) -> str:
    """Markdown as HTML, its headings below those of the page around it.

    No link or picture is made of it: nothing on the page asks for anything elsewhere.
    """
    tokens = _parser().parse(markdown)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + _BELOW)}"
    return f'<div class="esmtp-prose">{_parser().renderer.render(tokens, _parser().options, {})}</div>'


def rule_note(rule: Rule, *, named: bool = True) -> str:
    """A rule that opens to the rest of it: `named` by its id, or else by what it says."""
    level = f"{rule.level}, " if rule.level != "states" else ""
    says = f"{rule.says} ({level}{rule.citation})"
    summary, first = (rule.id, says) if named else (says, rule.id)
    inside = "".join(f"<p>{escape(each)}</p>" for each in (first, rule.why))
    return f"<details><summary>{escape(summary)}</summary>{inside}</details>"
