"""`esmtp-lab annotate`: a transcript of any software explained line by line, as it comes."""

from collections.abc import Iterable, Iterator

from esmtp_lab.export.jsonl import record
from esmtp_lab.export.transcript import notes, protocol_line
from esmtp_lab.lab import client_dialect
from esmtp_lab.readers.marked import read_marked
from esmtp_lab.rules.annotator import annotator


def annotate_lines(lines: Iterable[bytes], era: str, form: str = "text") -> Iterator[str]:
    """Lines of output for the lines of a ``C:``/``S:`` transcript, as "text" or as "json"."""
    annotate = annotator(era)
    for number, event, state in read_marked(lines, client_dialect(era)):
        annotated = annotate(event)
        if form == "json":
            yield record(annotated, number, state, state)
        else:
            yield protocol_line(annotated)
            yield from notes(annotated)
