"""Unusual but right variants of a solution: each does the same in another way, and must reach the goal as well."""

import re
from collections.abc import Callable
from typing import NamedTuple

from esmtp_lab.bench import Bench
from esmtp_lab.tutor.lesson import Task
from esmtp_lab.tutor.scene import Opens, Scene
from esmtp_lab.wire.transcript import Entry, read_line

Lines = list[str]


class _Line(NamedTuple):
    """One line of a solution, with where it is said; `lead` is what must stay right before it."""

    text: str
    state: str
    command: bool
    pipelining: bool
    verb: str
    lead: str = ""

    @property
    def whole(self) -> str:
        """It with its lead."""
        return self.lead + self.text


def _watched(task: Task, solution: str, opens: Opens) -> list[_Line]:
    """The lines of a solution, each with where it is said."""
    scene = Scene(task.setting, opens, task.questions)
    found: list[_Line] = []
    lead = ""

    def watch(text: str) -> Entry:
        nonlocal lead
        bench = scene.bench
        if text.startswith("/expect"):
            lead += f"{text}\n"
            return read_line(text.encode())
        command = _is_command(bench, text)
        word = text.split(" ")[0].upper() if command else ""
        found.append(
            _Line(text, bench.client.position.state, command, "PIPELINING" in bench.client.offered, word, lead)
        )
        lead = ""
        return read_line(text.encode())

    for _ in scene.playing(watch(text) for text in solution.strip("\n").split("\n")):
        pass
    return found


def _is_command(bench: Bench, text: str) -> bool:
    plain = bool(re.match(r"[A-Za-z]", text)) and not re.match(r"[CS]\\?:", text)
    return plain and not bench.server.by_hand and bench.client.framing == "command"


def _case(lines: list[_Line]) -> Lines:
    def mixed(verb: str) -> str:
        return "".join(char.upper() if place % 2 else char.lower() for place, char in enumerate(verb))

    def cased(line: _Line) -> str:
        return line.lead + re.sub(r"^\S+", lambda m: mixed(m[0]), line.text) if line.command else line.whole

    return [cased(each) for each in lines]


def _noop(lines: list[_Line]) -> Lines:
    out: Lines = []
    for each in lines:
        ready = each.command and each.state in ("ready", "mail", "rcpt") and each.verb != "DATA"
        out += ["NOOP", each.whole] if ready else [each.whole]
    return out


def _rset(lines: list[_Line]) -> Lines:
    out: Lines = []
    for each in lines:
        out += ["RSET", each.whole] if each.command and each.state == "ready" else [each.whole]
    return out


def _recipients(lines: list[_Line]) -> Lines:
    out: Lines = []
    run: Lines = []
    for each in lines:
        if each.command and each.verb == "RCPT":
            run.append(each.whole)
            continue
        out += [*reversed(run), each.whole]
        run = []
    return [*out, *reversed(run)]


def _pipelined(lines: list[_Line]) -> Lines:
    out: Lines = []
    group: Lines = []
    for each in lines:
        if each.command and each.pipelining and not each.lead and each.verb in ("MAIL", "RCPT", "DATA", "RSET"):
            group.append(each.text)
            if each.verb != "DATA":
                continue
        elif group:
            out.append(_together(group))
            group = []
            out.append(each.whole)
            continue
        if group:
            out.append(_together(group))
            group = []
        else:
            out.append(each.whole)
    return [*out, *([_together(group)] if group else [])]


def _together(group: Lines) -> str:
    if len(group) == 1:
        return group[0]
    return "/raw " + "".join(each.replace("\\", "\\\\") + r"\r\n" for each in group)


def _retry(lines: list[_Line]) -> Lines:
    """Begin, give up half-way, and begin again on a new channel."""
    texts = [each.whole for each in lines]
    if not lines or not all(each.command or each.state == "data" for each in lines):
        return texts
    places = [place for place, each in enumerate(lines) if each.state in ("mail", "rcpt", "ready") and each.command]
    half = places[len(places) // 2] if places else 0
    return [*texts[:half], "/restart", *texts] if half else texts


VARIANTS: dict[str, Callable[[list[_Line]], Lines]] = {
    "case": _case,
    "noop": _noop,
    "rset": _rset,
    "recipients": _recipients,
    "pipelined": _pipelined,
    "retry": _retry,
}
"""Every kind: verbs in mixed case, extra NOOP, extra RSET between transactions, recipients the other way round,
commands in a group where PIPELINING was offered, and a first try that is given up half-way."""


def variants(task: Task, number: int, opens: Opens) -> dict[str, str]:
    """The variants of a solution that differ from it, by kind."""
    if task.setting.role == "server":
        return {}
    lines = _watched(task, task.solutions[number], opens)
    plain = [each.whole for each in lines]
    made = {kind: make(lines) for kind, make in VARIANTS.items()}
    return {kind: "\n".join(each) for kind, each in made.items() if each != plain}
