"""Makes ``esmtp_lab/rules/sections.toml`` anew from RFC texts: ``python tests/rules/make_sections.py FOLDER``."""

import sys
from pathlib import Path

from esmtp_lab.rules.texts import sections

DATA = Path(__file__).parents[2] / "esmtp_lab" / "rules" / "sections.toml"
DOCUMENTS = (
    *(821, 1123, 1652, 1846, 1854, 1869, 1870, 1891, 1985, 2034, 2197, 2487, 2554, 2645, 2821, 2852, 2920),
    *(3030, 3207, 3461, 3464, 4954, 5321, 6152, 6409, 6531, 6710, 7504, 8689),
)
MAIL = ("5.2", "5.3")
"""The sections of RFC 1123 that speak of mail transport; the others are about other things."""


def titles(folder: Path, document: int) -> dict[str, str]:
    """The titles of the sections of an RFC by their numbers, made from its text."""
    text = (folder / f"rfc{document}.txt").read_text("utf-8-sig")
    found = {each.number: each.title for each in sections(text)}
    return found if document != 1123 else {key: value for key, value in found.items() if key.startswith(MAIL)}


def written(folder: Path) -> str:
    """The data file."""
    about = "# The sections of the RFCs that rules stand in: numbers and titles. Made by tests/rules/make_sections.py."
    parts = [f"{about}\nversion = 1\n"]
    for document in DOCUMENTS:
        lines = [f"{quoted(number)} = {quoted(title)}" for number, title in titles(folder, document).items()]
        parts.append("\n".join([f"[rfc{document}]", *lines, ""]))
    return "\n".join(parts)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


if __name__ == "__main__":
    DATA.write_text(written(Path(sys.argv[1])), "utf-8")
