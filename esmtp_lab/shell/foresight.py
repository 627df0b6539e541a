"""Help while a line is typed: what may come next, what would be answered, and which octet is wrong."""

from typing import TYPE_CHECKING, NamedTuple

from esmtp_lab.bench import Crossing
from esmtp_lab.export.transcript import note
from esmtp_lab.lab import octets_of
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.session import GREETING, NOT_VERBS
from esmtp_lab.shell.codes import MEANINGS, replies
from esmtp_lab.shell.group import ahead
from esmtp_lab.suggest import Names, Suggestion, suggest
from esmtp_lab.wire.reply import parse_reply_line

if TYPE_CHECKING:
    from esmtp_lab.shell.session import Session


ARROW = "   → "


class Hint(NamedTuple):
    """What to say about a half-typed line: how it stands, and the reply that it would get."""

    text: str = ""
    reply: str = ""
    refused: bool = False

    @property
    def line(self) -> str:
        """Both in one line."""
        return f"{self.text}{ARROW}{self.reply}" if self.text and self.reply else self.text or self.reply


def fitting(session: "Session", line: str) -> list[Suggestion]:
    """What may come next on a protocol line, best first."""
    bench = session.lab.bench
    if session.lab.role == "server":
        awaited = bench.server.waiting[0] if bench.server.waiting else None
        return list(replies(line, awaited, bench.server.dialect))
    if session.prompt_kind != "command" or session.lab.role != "client":
        return []
    client = ahead(session).client
    return suggest(line, client.supposed, client.dialect, tuple(client.offered), _names(session))


def _names(session: "Session") -> Names:
    policy = session.lab.policy
    local = [*policy.mailboxes, *policy.lists, *policy.forwards, *policy.moved]
    return Names(mailboxes=tuple(f"{name}@{policy.domain}" for name in local))


def predicted(session: "Session", line: str) -> list[Event]:
    """What the other side would say to a line; the line itself is not among it."""
    lab = session.lab
    if lab.role == "server":
        crossings = lab.bench.fork().say(octets_of(line))
        return [each.event for each in crossings if each.speaker == "client" and each.event.kind != "content"]
    return [each.event for each in _played(session, line) if each.speaker == "server"]


def _played(session: "Session", line: str) -> list[Crossing]:
    """What would cross the wire if a line came behind all that is there and collected."""
    return ahead(session).predict(octets_of(line))


def hint(session: "Session", line: str) -> Hint:
    """What to say about a half-typed line; a fault in finding it out does not stop the typing."""
    try:
        return _hint(session, line)
    except Exception as error:
        return Hint(f"no hint: {type(error).__name__}: {error}")


def _hint(session: "Session", line: str) -> Hint:
    if session.prompt_kind == "prediction":
        return Hint(session.game.question)
    if not line:
        return Hint(_awaited(session))
    if line.startswith("/") or session.prompt_kind != "command" or session.lab.role == "watcher":
        return Hint()
    if session.lab.role == "server":
        return _reply_hint(session, line)
    return Hint() if session.game.on else _command_hint(session, line)


def _awaited(session: "Session") -> str:
    """What an empty line waits for."""
    if session.chunk:
        return f"a chunk: {session.chunk} octets are still to come, CRLF counted; what is more is a command again"
    if session.prompt_kind == "content":
        return "content: every line goes into the letter; a lone dot ends it"
    if session.prompt_kind == "line":
        return "an exchange: what you type is not shown; * gives it up"
    if session.lab.role == "server":
        waiting = session.lab.bench.server.waiting
        entry = waiting[0].entry if waiting else ""
        if entry == GREETING:
            return "the client waits for your greeting: 220 and the name of your host"
        return f"the client waits for your reply to {entry}" if entry else "the client waits for nothing"
    return f"the Up arrow brings {session.correction}" if session.correction else ""


def _command_hint(session: "Session", line: str) -> Hint:
    bench = ahead(session)
    octets = line.encode("utf-8", "surrogateescape")
    client, server = bench.client.dialect, bench.server.dialect
    command = server.parse(octets + b"\r\n", bench.server.grammar)
    verb = command.verb
    known = None if verb in NOT_VERBS else client.forms.get(verb) or server.forms.get(verb)
    if known is None:
        begun = " " not in line and any(each.startswith(line.upper()) for each in client.forms)
        return Hint("", "") if begun else Hint(f"{verb or 'this'} is no command", _code(session, line), True)
    problem = command.problem
    if verb not in server.forms or not server.may(bench.server.position, verb):
        return Hint(f"{verb}: {known.meaning}", _code(session, line), True)
    if problem is not None:
        if problem.at >= len(octets.rstrip()):
            return Hint(f"{verb}: {known.meaning}; next: {problem.expected}")
        return Hint(f"octet {problem.at}: {problem.expected} is wanted here", _code(session, line)[:3], True)
    reply = _code(session, line)
    likely = next((each for each in fitting(session, line) if not each.reason and not line.endswith(each.text)), None)
    if reply[:1] in ("4", "5") and likely is not None:
        return Hint(f"next: {likely.text.strip()}   {likely.meaning}")
    return Hint(_rule(session, line) or f"{verb}: {known.meaning}", reply, reply[:1] in ("4", "5"))


def _code(session: "Session", line: str) -> str:
    """The reply that a line would get: its code, or its first line where it refuses."""
    events = [each for each in predicted(session, line) if each.kind == "reply"]
    if not events:
        return ""
    text = events[-1].octets.removesuffix(b"\r\n").decode("ascii", "replace")
    return text if events[-1].negative else text[:3]


def _rule(session: "Session", line: str) -> str:
    """The rule that is most at work on a line, were it sent."""
    crossings = _played(session, line)
    event = session.explained(crossings[0].event, session.lab) if crossings else None
    telling = [each for each in event.citations if each.broken or not each.rule.general] if event else []
    return note(event, telling[0]) if event and telling else ""


def _reply_hint(session: "Session", line: str) -> Hint:
    octets = line.encode("utf-8", "surrogateescape")
    reply = parse_reply_line(octets + b"\r\n")
    if reply.problem is not None and len(line) < 3 and line.isdecimal():
        return Hint("a reply begins with three digits")
    if reply.problem is not None:
        return Hint(f"octet {reply.problem.at}: {reply.problem.expected} is wanted here", "", True)
    meaning = MEANINGS.get(reply.code, "no code of the standards")
    if not reply.last:
        return Hint(f"{reply.code}: {meaning}; the hyphen says that more lines follow")
    answer = predicted(session, line)
    text = answer[0].octets.removesuffix(b"\r\n").decode("utf-8", "replace") if answer else "nothing"
    return Hint(f"{reply.code}: {meaning}", f"the client says {text}")
