"""`esmtp-lab annotate`: a transcript of any software explained line by line, as it comes."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from esmtp_lab.commands.verdict import Verdict
from esmtp_lab.export.jsonl import record
from esmtp_lab.export.transcript import notes, protocol_line, remarks
from esmtp_lab.lab import client_dialect
from esmtp_lab.protocol.event import Event, Sight, seen_by_nobody, sight
from esmtp_lab.readers.reading import FORMATS, read_transcript
from esmtp_lab.rules.annotator import annotator
from esmtp_lab.rules.detector import Signs, Watch, detector

_LINES = 4096
"""Lines of which it is remembered what there is to say about them; transcripts repeat themselves."""
NOTHING = f"no line of a dialogue was found; what can be read: {', '.join(each.what for each in FORMATS)}"


def annotate_lines(
    lines: Iterable[bytes], era: str, form: str = "text", verdict: Verdict | None = None
) -> Iterator[str]:
    """Lines of output for the lines of a transcript in any format that is known, as "text" or as "json".

    A `verdict` hears of every line.
    """
    annotate, signs, watch = annotator(era), detector(era).signs, Watch(era)

    @lru_cache(maxsize=_LINES)
    def explained(seen: Sight) -> tuple[Event, tuple[str, ...], Signs]:
        event = annotate(seen_by_nobody(seen))
        return event, (protocol_line(event), *(() if event.kind == "moment" else notes(event))), signs(event)

    for number, event, state in read_transcript(lines, client_dialect(era)):
        annotated, written, shown = explained(sight(event))
        told = watch.hear(event, shown)
        moment = event.kind == "moment"
        if verdict is not None and not moment:
            verdict.hear(number, annotated)
        if form == "text":
            yield from written
            yield from remarks(told) if told else ()
        elif not moment:
            cited = event._replace(citations=annotated.citations)
            yield record(cited, number, state, state, (each.misconception.id for each in told))
