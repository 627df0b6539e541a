"""The texts of the RFCs, where somebody has them: cut into sections, without the head and foot of each page.

The texts do not ship with the lab. A folder of them holds ``rfc2821.txt`` and so on, as the RFC Editor has them.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from esmtp_lab.errors import DataError

WHERE = "https://www.rfc-editor.org/rfc/rfc{}.txt"
_HEADING = re.compile(
    r"( *)(?:(?:Appendix )?([0-9]{1,2}|[A-Z](?=\.))((?:\.[0-9]{1,2})*)\.? {1,3}(\S.*)|APPENDIX ([A-Z])) *"
)
_IN_CONTENTS = re.compile(r"\.{3}|\. \. |\.{2}\d+$| {3,}\d+$")
_FOOT = re.compile(r"\[Page [0-9ivx]+\]")
_HEAD = re.compile(r"RFC ?\d+ .*|August 1982 +RFC 821|(?: {20,})?Simple Mail Transfer Protocol")
"""What stands at the head of a page: the document, the title, the month; RFC 821 has two lines."""

Number = tuple[int | str, ...]


class Section(NamedTuple):
    """One section: its number as it is cited, its title, and its text from the heading up to the next section."""

    number: str
    title: str
    text: str


def find_section(folder: Path, document: int, section: str) -> list[Section]:
    """A section of an RFC in a folder of texts, and those inside it. Raises DataError, which says what to do."""
    file = folder / f"rfc{document}.txt"
    try:
        text = file.read_text("utf-8-sig", "replace")
    except OSError as error:
        what = f"cannot be read ({error.strerror}); the RFC Editor has the text at {WHERE.format(document)}"
        raise DataError(str(file), what) from None
    found = [each for each in sections(text) if each.number == section or each.number.startswith(f"{section}.")]
    if not found:
        raise DataError(str(file), f"has no section {section}")
    return found


def sections(text: str) -> Iterator[Section]:
    """The numbered sections of an RFC in their order, each up to the next."""
    lines = without_furniture(text).split("\n")
    places = [(at, *found) for at, found in _headings(lines)]
    ends = [at for at, _, _ in places[1:]]
    for (at, number, title), after in zip(places, [*ends, len(lines)], strict=False):
        yield Section(number, title, "\n".join(lines[at:after]).strip("\n"))


def without_furniture(text: str) -> str:
    """The text without what stands at the head and the foot of each page; a paragraph that goes on is one again."""
    kept: list[str] = []
    head = broken = False
    for line in (line.rstrip() for line in text.replace("\f", "\n\f\n").split("\n")):
        if _FOOT.search(line):
            while kept and not kept[-1]:
                kept.pop()
            head = broken = True
        elif head and (not line.strip("\f") or _HEAD.fullmatch(line)):
            continue
        else:
            if broken and kept and not line.lstrip()[:1].islower():
                kept.append("")
            head = broken = False
            kept.append(line)
    return "\n".join(kept).replace("\f\n", "")


def _headings(lines: list[str]) -> Iterator[tuple[int, tuple[str, str]]]:
    """Where sections begin, with number and title: lines that stand alone and whose number comes next in order."""
    last: Number = ()
    for at, line in enumerate(lines):
        match = _HEADING.fullmatch(line)
        if match is None or (at and lines[at - 1].strip()) or _IN_CONTENTS.search(line.strip()):
            continue
        indent, first, rest, title, appendix = match.groups()
        number = _number(appendix or first, rest or "")
        if number in _successors(last) and len(indent) <= 3 * (len(number) - 1):
            last = number
            yield at, (".".join(map(str, number)), _title(lines, at, title))


def _number(first: str, rest: str) -> Number:
    return (int(first) if first.isdecimal() else first, *(int(each) for each in rest.split(".") if each))


def _successors(last: Number) -> set[Number]:
    """The numbers that may come behind one: the first inside it, or the next on its level or a level above."""
    inside: set[Number] = {(*last, 1)}
    following: set[Number] = {(*last[: at - 1], _next(last[at - 1])) for at in range(1, len(last) + 1)}
    return inside | following | ({("A",)} if last and isinstance(last[0], int) else set())


def _next(part: int | str) -> int | str:
    return part + 1 if isinstance(part, int) else chr(ord(part) + 1)


def _title(lines: list[str], at: int, title: str | None) -> str:
    """A title with the rest of it on the next lines; that of an appendix of RFC 821 stands alone below it."""
    if title is None:
        return next((line.strip() for line in lines[at + 1 :] if line.strip()), "")
    column = len(lines[at].rstrip()) - len(title.rstrip())
    words = [title]
    for line in lines[at + 1 :]:
        if not line.strip() or len(line) - len(line.lstrip()) != column:
            break
        words.append(line)
    return " ".join(" ".join(words).split())
