"""An exchange as a page: every part of a line in its colour, the notes below, and what a part means where it is pointed
at or walked to. It needs no program and no network, and nothing from the wire stands on it raw.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from html import escape
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from pygments.style import Style
from pygments.token import Comment, Generic, Text

from esmtp_lab.bench import Bench
from esmtp_lab.export.facts import Facts, client_facts, server_facts
from esmtp_lab.export.notes import Note, at_span, notes, stops
from esmtp_lab.export.transcript import mask
from esmtp_lab.highlight.styles import EsmtpDarkStyle, EsmtpLightStyle
from esmtp_lab.highlight.tokens import NEGATIVE, TOKENS, token_of
from esmtp_lab.protocol.event import Event, lines
from esmtp_lab.wire.span import Span, leaves
from esmtp_lab.wire.visible import visible

_LAST, _MOST = 60, 5
"""Lines of a lab that are shown, and things that are said of one part."""
BRIEF = 4
"""Lines up to which what a part means finds no room above the line."""
REFUSES = "refuses"
"""The class of a reply code that refuses, which is of no part of its own."""


class Shown(NamedTuple):
    """A line to show: its annotated event, or a remark; `struck` where it was undone, `lost` where nobody heard it."""

    event: Event | None
    text: str = ""
    struck: bool = False
    lost: bool = False


# Styles --------------------------------------------------------------------------------------------


@cache
def stylesheet() -> str:
    """The style of all that this module makes, for light and for dark pages, in Jupyter and out of it."""
    dark = _colours(EsmtpDarkStyle)
    return "\n".join(
        (
            Path(__file__).with_name("page.css").read_text("utf-8"),
            *_rules(".esmtp-lab", _colours(EsmtpLightStyle)),
            "@media (prefers-color-scheme: dark) {",
            *_rules("body:not([data-jp-theme-light]) .esmtp-lab", dark),
            "}",
            *_rules('[data-jp-theme-light="false"] .esmtp-lab', dark),
            *_rules(".esmtp-dark .esmtp-lab", dark),
        )
    )


def _colours(style: type[Style]) -> dict[str, str]:
    """The declarations of a style, by the selector that they are for."""
    looks = {**TOKENS, REFUSES: NEGATIVE}
    names = {"text": Text, "quiet": Comment, "broken": Generic.Error}
    variables = "; ".join(f"--esmtp-{name}: #{style.style_for_token(token)['color']}" for name, token in names.items())
    found = {"": f"--esmtp-ground: {style.background_color}; {variables}"}
    for part, token in looks.items():
        look = style.style_for_token(token)
        declarations = [f"color: #{look['color']}"] if look["color"] else []
        declarations += [f"background: #{look['bgcolor']}"] if look["bgcolor"] else []
        declarations += ["font-weight: bold"] if look["bold"] else []
        declarations += ["font-style: italic"] if look["italic"] else []
        if declarations:
            found[f" .esmtp-{part}"] = "; ".join(declarations)
    return found


def _rules(where: str, declarations: dict[str, str]) -> Iterator[str]:
    return (f"{where}{selector} {{ {each} }}" for selector, each in declarations.items())


# Lines ---------------------------------------------------------------------------------------------


def box(inside: str, label: str) -> str:
    """A part of a page that brings its style along; `label` says what it is to who does not see it."""
    style = f"<style>{stylesheet()}</style>"
    return f'<div class="esmtp-lab" role="group" aria-label="{escape(label)}">{style}{inside}</div>'


def dialogue(shown: Iterable[Shown], *, depth: str = "short") -> str:
    """Lines as a list, each with its notes; "off", "short" or "full" is how much these say."""
    rows = list(rows_of(shown, depth=depth))
    brief = ' class="esmtp-brief"' if 0 < len(rows) <= BRIEF else ""
    return f"<ol{brief}>{''.join(rows)}</ol>"


def rows_of(shown: Iterable[Shown], *, depth: str = "short") -> Iterator[str]:
    """The items of such a list; a line of a long reply does not say again what one before it said."""
    said: set[str] = set()
    for each in shown:
        if each.event is None or each.event.line not in ("middle", "last"):
            said = set()
        yield _row(each, depth, said)


def _row(shown: Shown, depth: str, said: set[str]) -> str:
    event = shown.event
    if event is None or event.kind == "moment":
        text = shown.text if event is None else visible(event.octets)
        return f'<li class="esmtp-line esmtp-moment">=== {escape(text)}</li>'
    found = notes(event, depth, said) if not shown.struck else []
    said |= {note.rule for note in found}
    struck = " esmtp-struck" if shown.struck else ""
    after = " (undone)" * shown.struck + " (never arrived)" * shown.lost
    mark = "C:" if event.speaker == "client" else "S:"
    said_here = f'<b class="esmtp-mark">{mark} </b><span class="esmtp-words">{line(event)}</span>{after}'
    below = "".join(_note(note, "li") for note in found)
    below = f'<ul class="esmtp-notes">{below}</ul>' if below else ""
    return f'<li class="esmtp-line esmtp-{event.speaker}{struck}"><div class="esmtp-said">{said_here}</div>{below}</li>'


def line(event: Event) -> str:
    """The text of a line, its parts marked; one that means something says what where it is pointed at."""
    if event.secret is not None:
        return escape(visible(mask(event).removesuffix(b"\r\n")))
    walked = set(stops(event))
    more = f" ({event.length} octets in all)" if event.length > len(event.octets) else ""
    return "".join(_part(event, span, span[:2] in walked) for span in leaves(event.spans)) + more


def _part(event: Event, span: Span, walked: bool) -> str:
    if span.part == "crlf":
        return ""
    text = escape(visible(event.octets[span.start : span.end]))
    part = REFUSES if token_of(span, event.octets) is NEGATIVE else span.part
    if not walked:
        return f'<span class="esmtp-{part}">{text}</span>'
    tip = "".join(_note(note, "span") for note in islice(at_span(event, span[:2]), _MOST))
    return f'<span class="esmtp-span esmtp-{part}" tabindex="0">{text}<span class="esmtp-tip">{tip}</span></span>'


def _note(note: Note, tag: str) -> str:
    look = ' class="esmtp-broken"' if note.broken else ""
    mark = "!! " if note.broken else ""
    return f"<{tag}{look}>{mark}{escape(visible(note.text.encode('utf-8', 'surrogateescape')))}</{tag}>"


# Sides ---------------------------------------------------------------------------------------------


def sides(client: Facts, server: Facts) -> str:
    """What both sides hold, side by side."""
    return f'<div class="esmtp-sides"><div>{table("client", client)}</div><div>{table("server", server)}</div></div>'


def table(name: str, facts: Facts) -> str:
    """What one side holds."""
    rows = "".join(f'<tr><th scope="row">{escape(what)}</th><td>{escape(value)}</td></tr>' for what, value in facts)
    return f"<h4>{escape(name)}</h4><table>{rows}</table>"


def lab_page(bench: Bench, letters: Mapping[str, int], annotate: Callable[[Event], Event]) -> str:
    """What both sides of a bench hold, and the last lines that crossed it."""
    crossings = [*bench.crossings()]
    shown = [
        Shown(annotate(event), struck=struck, lost=crossing.lost)
        for crossing, struck in crossings[-_LAST:]
        for event in lines(crossing.event)
    ]
    earlier = len(crossings) - _LAST
    left_out = [Shown(None, f"{earlier} earlier lines are not shown")] if earlier > 0 else []
    held = sides(client_facts(bench.client), server_facts(bench.server, letters))
    return box(held + dialogue([*left_out, *shown]), "the lab: both sides, and what crossed the wire")
