"""One script under the four eras, side by side: where the servers answer otherwise, and by which rules."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape
from typing import Any, ClassVar

from esmtp_lab.commands.compare import Group, Step, steps, text
from esmtp_lab.errors import DataError
from esmtp_lab.export.transcript import protocol_line
from esmtp_lab.lab import Lab
from esmtp_lab.notebook.face import Face, button, choice, safe
from esmtp_lab.notebook.prose import rule_note
from esmtp_lab.notebook.shared import Shared
from esmtp_lab.protocol.event import lines
from esmtp_lab.protocol.policy import Policy, find_policy, policies

HELLO = "EHLO me.example\nMAIL FROM:<me@me.example>\nRCPT TO:<ada@lab.example>\nVRFY ada\nQUIT\n"
"""The script that stands there where none is given."""
MOST = 400
"""Lines that a script may have, so that nobody waits for long."""
_DIFFERS = {"": "", "text": "~ other words", "code": "!= another code"}


class CompareWidget(Face):
    """``CompareWidget("EHLO me.example\\nQUIT")``, or of what the client said in a lab."""

    label = "one script under the four eras"

    def __init__(self, script: str | Lab | Shared = HELLO, **traits: Any) -> None:
        lab = None if isinstance(script, str) else script
        super().__init__(lab, **traits)
        self._policy: Policy = self.lab.policy
        self._takes = lab is not None
        self.script = script if isinstance(script, str) else said(self.lab)
        self._steps: list[Step] = []
        self._said = ""
        self._play(self.script)

    def skeleton(self) -> str:
        """The script, the host, the comparison."""
        return (
            '<form data-act="compare"><label>what the client says, a line each (Control+Enter compares)'
            '<textarea name="script" rows="6" autocapitalize="off" spellcheck="false">'
            '</textarea></label><span data-part="head"></span><button>Compare</button></form>'
            '<div data-part="total" role="status" aria-live="polite"></div><ol data-part="steps"></ol>'
        )

    # Drawing ---------------------------------------------------------------------------------------

    def drawn(self) -> Mapping[str, str]:
        """See `Face.drawn`."""
        differing = [step for step in self._steps if step.differs]
        count = f"{len(differing)} of {len(self._steps)} answered otherwise (!= by the code, ~ by the words alone)"
        hosts = dict.fromkeys((*policies(), self._policy.name))
        take = button("take", "Take what was said in this lab") if self._takes else ""
        return {
            "head": choice("host", "host", hosts, self._policy.name) + take,
            "total": safe(self._said or count),
        }

    def lists(self) -> Mapping[str, Mapping[str, str]]:
        """See `Face.lists`."""
        return {"steps": {str(place): _row(step) for place, step in enumerate(self._steps)}}

    def values(self) -> Mapping[str, str]:
        """See `Face.values`."""
        return {"script": self.script}

    # What the reader does --------------------------------------------------------------------------

    def _play(self, script: str) -> None:
        self.script, self._said = script, ""
        octets = script.encode("utf-8", "surrogateescape").splitlines()
        if len(octets) > MOST:
            self._said = f"a script of {len(octets)} lines: more than {MOST} take too long here"
            return
        try:
            self._steps = [*steps(octets, self._policy)]
        except DataError as error:
            self._said = str(error)

    def _compare(self, script: str) -> None:
        with self.shared.lock:
            self._play(script)
            self.draw()

    def _take(self, _: str) -> None:
        self._compare(said(self.lab))
        self.send({"values": self.values()})

    def _host(self, name: str) -> None:
        with self.shared.lock:
            if name in policies():
                self._policy = find_policy(name)
            self._compare(self.script)

    acts: ClassVar[dict[str, Callable[[Any, str], None]]] = {"compare": _compare, "take": _take, "host": _host}

    def still(self) -> Iterable[str]:
        """See `Face.still`."""
        return ("total", "steps")

    def words(self) -> str:
        """See `Face.words`."""
        return "\n".join(text(self._steps, None))


def said(lab: Lab) -> str:
    """What the client said in a lab and what stands, as a script; passwords are masked."""
    spoken = (event for crossing in lab.crossings() for event in lines(crossing.event) if event.speaker == "client")
    return "".join(f"{protocol_line(event)}\n" for event in spoken if event.kind != "moment")


def _row(step: Step) -> str:
    number = f"{step.number} " if step.number else ""
    line = f'<div class="esmtp-said"><b class="esmtp-mark">{number}</b>{escape(step.text)}</div>'
    return f'<li class="esmtp-line">{line}{"".join(_answers(step))}</li>'


def _answers(step: Step) -> Iterator[str]:
    """What each era made of a line; nothing for content, which nobody answers."""
    if step.content:
        return
    if not step.differs:
        yield f'<div class="esmtp-alike"><i>all four:</i>{_lines(step.groups[0].answer.lines)}</div>'
        return
    yield f'<div class="esmtp-differs">{escape(_DIFFERS[step.differs])}</div><div class="esmtp-columns">'
    for era, answer in step.answers.items():
        yield f"<div><h4>{escape(era)}</h4>{_lines(answer.lines)}</div>"
    yield "</div>"
    yield from (_rules(group) for group in step.groups if group.rules)


def _lines(answer: Iterable[str]) -> str:
    return "".join(f'<div class="esmtp-said">{escape(each)}</div>' for each in answer)


def _rules(group: Group) -> str:
    notes = "".join(rule_note(each.rule, named=False) for each in group.rules)
    return f'<div class="esmtp-notes"><b>{escape(", ".join(group.eras))}</b>{notes}</div>'
