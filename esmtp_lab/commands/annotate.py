"""`esmtp-lab annotate`: a transcript of any software explained line by line, as it comes."""

from collections.abc import Iterable, Iterator

from esmtp_lab.commands.verdict import Verdict
from esmtp_lab.export.jsonl import record
from esmtp_lab.export.transcript import notes, protocol_line, remarks
from esmtp_lab.lab import client_dialect
from esmtp_lab.readers.reading import FORMATS, read_transcript
from esmtp_lab.rules.annotator import annotator
from esmtp_lab.rules.detector import Watch

NOTHING = f"no line of a dialogue was found; what can be read: {', '.join(each.what for each in FORMATS)}"


def annotate_lines(
    lines: Iterable[bytes], era: str, form: str = "text", verdict: Verdict | None = None
) -> Iterator[str]:
    """Lines of output for the lines of a transcript in any format that is known, as "text" or as "json".

    A `verdict` hears of every line.
    """
    annotate, watch = annotator(era), Watch(era)
    for number, event, state in read_transcript(lines, client_dialect(era)):
        annotated, told = annotate(event), watch.hear(event)
        moment = event.kind == "moment"
        if verdict is not None and not moment:
            verdict.hear(number, annotated)
        if form == "text":
            yield protocol_line(annotated)
            yield from () if moment else notes(annotated)
            yield from remarks(told) if told else ()
        elif not moment:
            yield record(annotated, number, state, state, (each.misconception.id for each in told))
