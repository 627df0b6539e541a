"""Groups: lines that are collected and then leave in one write, as PIPELINING lets a client do (RFC 2920 section 3)."""

from typing import TYPE_CHECKING

from esmtp_lab.bench import Bench
from esmtp_lab.lab import octets_of

if TYPE_CHECKING:
    from esmtp_lab.shell.session import Session

OFF = "off"
_ROLE = "only the client sends groups: /role client"
_NONE = "no group is collected; /group begins one"


def group(session: "Session", argument: str) -> None:
    """Begin a group, or say what is in it; "off" gives it up."""
    if argument == OFF:
        _give_up(session)
    elif argument:
        session.tell(f"/group begins a group and /group off gives it up; there is no /group {argument}")
    elif session.lab.role == "server":
        session.tell(_ROLE)
    elif session.group is None and session.prompt_kind != "command":
        session.tell("a group begins at the command prompt")
    elif session.group is None:
        session.group = ()
        session.tell("type the lines of the group; /send sends them in one write, Esc or /group off gives it up")
    else:
        session.show("the group so far", numbered(session.group) or ["nothing yet"])


def send(session: "Session", argument: str) -> None:
    """Send what was collected in one write."""
    lines, session.group = session.group, None
    if lines is None:
        session.tell(_NONE)
    elif not lines:
        session.tell("the group was empty, and nothing was sent")
    else:
        octets = octets_of_group(lines)
        session.tell(f"one write: {_count(len(lines), 'line')}, {len(octets)} octets")
        session.send_octets(octets)


def collect(session: "Session", line: str) -> None:
    """Put a typed line into the group."""
    assert session.group is not None
    session.group = (*session.group, line)
    shown = "" if secret(session) else f": {line}"
    session.tell(f"in the group, not sent yet, {len(session.group)}{shown}")


def drop(session: "Session") -> None:
    """Take the last line out of the group; an empty group is given up."""
    if not session.group:
        _give_up(session)
        return
    *lines, last = session.group
    session.group = tuple(lines)
    session.tell(f"taken out of the group{'' if authenticates(last) else f': {last}'}; {_count(len(lines), 'line')} left")


def _give_up(session: "Session") -> None:
    lines, session.group = session.group, None
    session.tell(_NONE if lines is None else f"the group was given up: {_count(len(lines), 'line')} not sent")


def secret(session: "Session") -> bool:
    """Whether what was put into the group last may hold a password: it is AUTH, or stands behind it."""
    return any(map(authenticates, session.group or ()))


def authenticates(line: str) -> bool:
    """Whether a line may hold a password."""
    return line.lstrip().upper().startswith("AUTH")


def numbered(lines: tuple[str, ...]) -> list[str]:
    """The lines of a group as rows of a page; what may be a password is left out."""
    first = next((at for at, line in enumerate(lines) if authenticates(line)), len(lines))
    return [f"{at + 1}  {line if at < first else '(not shown)'}" for at, line in enumerate(lines)]


def octets_of_group(lines: tuple[str, ...]) -> bytes:
    """The octets of all lines together."""
    return b"".join(map(octets_of, lines))


def ahead(session: "Session") -> Bench:
    """The bench as it will be once the group is sent: a copy, where there is a group."""
    bench = session.lab.bench
    if not session.group:
        return bench
    bench = bench.fork()
    bench.send(octets_of_group(session.group))
    return bench


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
