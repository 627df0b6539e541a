"""``%load_ext esmtp_lab``: ``%%esmtp`` plays or explains a cell of protocol, ``%esmtp_rule`` shows a rule."""

from collections.abc import Iterable, Iterator
from html import escape
from typing import Any, NamedTuple

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from esmtp_lab.commands.annotate import NOTHING
from esmtp_lab.commands.rules import Wanted, look
from esmtp_lab.errors import EsmtpLabError
from esmtp_lab.export.page import Shown, box, dialogue
from esmtp_lab.export.transcript import never_arrived, notes, protocol_line
from esmtp_lab.lab import Lab, client_dialect
from esmtp_lab.protocol.era import DEFAULT_ERA, ERAS
from esmtp_lab.readers.reading import read_transcript
from esmtp_lab.rules.annotator import annotator
from esmtp_lab.tutor.play import Played, play
from esmtp_lab.wire.transcript import read


class Result(NamedTuple):
    """What a magic shows: its text, and the same as a page."""

    text: str
    html: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html


def played(cell: str, lab: Lab) -> Result:
    """A script played on a lab, its lines annotated. A reply that is not the one that the script has is told."""
    shown = [*_shown(lab, lab.bench.log)]
    for each in play(lab.bench, read(_lines(cell))):
        shown += _of_step(lab, each)
    for told in tuple(lab.watchers):
        told()
    return _result(shown, "a script, played and annotated")


def _of_step(lab: Lab, step: Played) -> Iterator[Shown]:
    if step.entry.kind == "moment" and step.crossings:
        yield Shown(None, f"connected to {lab.policy.domain} (era {lab.era})")
    if step.mismatch:
        yield Shown(None, f"MISMATCH in line {step.entry.number}: {step.mismatch}")
    yield from _shown(lab, step.crossings)


def _shown(lab: Lab, crossings: Iterable[Any]) -> Iterator[Shown]:
    return (Shown(event, lost=each.lost) for each in crossings for event in lab.lines(each))


def explained(cell: str, era: str) -> Result:
    """A transcript of any software that is known, its lines annotated and nothing played. Raises EsmtpLabError."""
    annotate = annotator(era)
    shown = [Shown(annotate(event)) for _, event, _ in read_transcript(_lines(cell), client_dialect(era))]
    if not shown:
        raise EsmtpLabError(NOTHING)
    return _result(shown, "a transcript, annotated")


def _lines(cell: str) -> list[bytes]:
    return cell.encode("utf-8", "surrogateescape").splitlines(keepends=True)


def _result(shown: Iterable[Shown], label: str) -> Result:
    rows = [*shown]
    text = "\n".join(line for each in rows for line in _written(each))
    return Result(text, box(dialogue(rows), label))


def _written(shown: Shown) -> Iterator[str]:
    if shown.event is None:
        yield f"# {shown.text}"
    elif shown.lost:
        yield never_arrived(shown.event)
    else:
        yield protocol_line(shown.event)
        yield from notes(shown.event) if shown.event.kind != "moment" else ()


def holds_replies(cell: str) -> bool:
    """Whether a cell holds what a server said, so that there is a dialogue to explain."""
    return any(entry.kind == "S" for entry in read(_lines(cell)))


@magics_class
class EsmtpMagics(Magics):
    """The magics of the lab."""

    @magic_arguments()
    @argument("--era", choices=tuple(ERAS), help="the standard that the server, or the explanation, follows")
    @argument("--host", default="lab", help="the ready-made host, or the file of one")
    @argument("--lab", default="", help="the variable with the lab to go on with")
    @argument("--play", action="store_true", help="play a transcript: its replies are what is expected")
    @argument("--explain", action="store_true", help="only explain what stands there, and play nothing")
    @cell_magic
    def esmtp(self, line: str, cell: str) -> Result:
        """Play a cell of client lines, or explain a dialogue of C: and S: lines (or a session of swaks, curl, ...)."""
        wants = parse_argstring(self.esmtp, line)
        try:
            if wants.explain or (holds_replies(cell) and not wants.play):
                return explained(cell, wants.era or DEFAULT_ERA)
            return self._play(cell, wants)
        except EsmtpLabError as error:
            raise UsageError(str(error)) from None

    def _play(self, cell: str, wants: Any) -> Result:
        if not wants.lab:
            return played(cell, Lab(wants.era, policy=wants.host))
        lab = self.shell.user_ns.get(wants.lab) if self.shell else None
        if not isinstance(lab, Lab):
            raise UsageError(f"--lab {wants.lab}: there is no lab of that name; lab = Lab() makes one")
        return played(cell, lab)

    @line_magic
    def esmtp_rule(self, line: str) -> Result:
        """Show a rule by its id, such as rfc2821:4.1.4/mail-once, with its kin and its witnesses."""
        if not line.strip():
            raise UsageError("%esmtp_rule wants the id of a rule, such as rfc2821:4.1.4/mail-once")
        try:
            text = "\n".join(said.text for said in look(line.strip(), Wanted()))
        except EsmtpLabError as error:
            raise UsageError(str(error)) from None
        return Result(text, box(f'<div style="white-space: pre-wrap">{escape(text)}</div>', "a rule"))


def load(shell: InteractiveShell) -> None:
    """Make the magics known to a shell of IPython."""
    shell.register_magics(EsmtpMagics)
