"""What the data of extensions are held against: the texts of the RFCs, and the registries as they were published."""

import csv
import os
import re
import xml.etree.ElementTree as ElementTree
from functools import cache
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared" / "rfc"
IANA = {"i": "http://www.iana.org/assignments"}
_FURNITURE = re.compile(r"\[Page \d+\]|^RFC \d+ .* \d{4}$|^\f", re.MULTILINE)


def here(name: str) -> Path:
    """A file of the shelf; without the shelf the test is skipped, and says so, or fails where it must be there."""
    if not SHARED.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"the RFC texts are not at {SHARED}")
        pytest.skip("NOT CHECKED: the RFC texts are not here")
    return SHARED / name


@cache
def text(document: int) -> str:
    """An RFC as running text, without the head and foot of its pages; empty where it is not on the shelf."""
    file = here(f"rfc{document}.txt")
    if not file.exists():
        return ""
    lines = (line for line in file.read_text("utf-8-sig").split("\n") if not _FURNITURE.search(line))
    return " ".join(" ".join(lines).split())


@cache
def table() -> dict[str, dict[str, str]]:
    """The table of the 34 extensions, by keyword; "-" is nothing."""
    with here("smtp-service-extensions.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["keyword"]: {key: "" if cell == "-" else cell for key, cell in row.items()} for row in rows}


def records(file: str, registry: str) -> list[ElementTree.Element]:
    """The records of one of IANA's registries, in their order."""
    found = ElementTree.parse(here(file)).find(f".//i:registry[@id='{registry}']", IANA)
    assert found is not None
    return found.findall("i:record", IANA)


def said(record: ElementTree.Element, name: str) -> str:
    """A field of a record, folded."""
    return " ".join((record.findtext(f"i:{name}", "", IANA)).split())


def rfcs(record: ElementTree.Element, path: str = ".") -> list[int]:
    """The RFCs that a record refers to in one of its fields."""
    found = record.findall(f"{path}/i:xref[@type='rfc']", IANA)
    return [int(each.attrib["data"].removeprefix("rfc")) for each in found]


def document_status(document: int) -> str:
    """The maturity of an RFC by the list of the texts, or nothing where it is not in it."""
    row = re.search(
        rf"^\| \[{document}\]\(rfc{document}\.txt\) \|.*?\| (.*?) \|", here("README.md").read_text(), re.MULTILINE
    )
    return row[1].partition(";")[0] if row else ""
