"""The lab's own commands: one table, from which running, completion, help and footer are made."""

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from esmtp_lab.bench import FAULTS
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.policy import policies
from esmtp_lab.shell import (
    changing,
    channels,
    extensions,
    finding,
    group,
    latency,
    learning,
    lesson,
    live,
    load,
    pages,
    past,
    predict,
)
from esmtp_lab.shell.keys import KEYS, ON_EMPTY
from esmtp_lab.shell.save import save
from esmtp_lab.shell.settings import SETTINGS
from esmtp_lab.suggest import Suggestion
from esmtp_lab.tutor.grid import grid
from esmtp_lab.wire.visible import unspell

if TYPE_CHECKING:
    from esmtp_lab.shell.session import Session


class Command(NamedTuple):
    """One lab command: its names, the form of its argument, what it does, and what may be typed behind it.

    `choices` are whole arguments; `words` go before them, and take the half-typed line, for arguments of several words.
    """

    names: tuple[str, ...]
    argument: str
    meaning: str
    run: Callable[["Session", str], None]
    choices: Callable[["Session"], tuple[str, ...]] = lambda session: ()
    words: Callable[["Session", str], Iterator[Suggestion]] | None = None

    @property
    def name(self) -> str:
        """The first name, with its slash."""
        return f"/{self.names[0]}"

    @property
    def form(self) -> str:
        """How it is typed: ``/era [rfc821|rfc2821]``."""
        return f"{self.name} {self.argument}".rstrip()


def _help(session: "Session", argument: str) -> None:
    command = find(argument) if argument else None
    if argument and command is None:
        _unknown(session, argument)
    elif command is not None:
        also = f"   (also {', '.join(f'/{name}' for name in command.names[1:])})" if command.names[1:] else ""
        session.show(command.form, [f"{command.meaning}{also}"])
    else:
        commands = grid((each.form, each.meaning) for each in TABLE)
        session.show("lab commands and keys", [*commands, "", *grid((key.name, key.meaning) for key in KEYS)])


def _fresh(key: str, values: Callable[["Session"], tuple[str, ...]]) -> Callable[["Session", str], None]:
    """A command that opens a new session with another era, host or role."""

    def run(session: "Session", argument: str) -> None:
        now = session.lab.policy.name if key == "policy" else str(getattr(session.lab, key))
        is_file = key == "policy" and ("." in argument or "/" in argument)
        if argument in values(session) or is_file:
            session.restart(**{key: argument})
        else:
            _one_of(session, "host" if key == "policy" else key, now, values(session), argument)

    return run


def _hosts(session: "Session") -> tuple[str, ...]:
    own = session.attempt.task.setting.hosts if session.attempt else ()
    return (*own, *policies())


def _raw(session: "Session", argument: str) -> None:
    """Send octets that no keyboard has."""
    session.send_octets(unspell(argument.encode("utf-8", "surrogateescape")))


def _wait(session: "Session", argument: str) -> None:
    session.pass_time(float(argument) if argument.isdecimal() else 300.0)


def _one_of(session: "Session", what: str, now: str, values: tuple[str, ...], argument: str) -> None:
    wrong = f"{what} is not {argument!r}; " if argument else ""
    session.tell(f"{wrong}{what} is {now}; there are {', '.join(values)}")


TABLE: tuple[Command, ...] = (
    Command(("help",), "[COMMAND]", "what the lab understands", _help, lambda session: names()),
    Command(("explain", "why"), "", "explain the last exchange, or the span under the cursor", pages.explain),
    Command(("forward",), "", "go to the next part of a line", lambda session, argument: pages.walk(session, 1)),
    Command(("back",), "", "go to the part before", lambda session, argument: pages.walk(session, -1)),
    Command(("words",), "[LINE]", "what may be typed next, what not, and why not", pages.words),
    Command(("try",), "LINE", "what would be answered to a line; nothing changes", pages.try_line),
    Command(
        ("predict",),
        f"[{'|'.join(predict.SWITCH)}]",
        "say what will be answered before it is; the score so far",
        predict.predict,
        lambda session: predict.SWITCH,
    ),
    Command(("state",), "", "what the client and the server hold now, all of it", pages.state),
    Command(("undo",), "", "take the last line back on both sides", lambda session, argument: session.undo()),
    Command(("redo",), "", "play it again", lambda session, argument: session.redo()),
    Command(("restart",), "", "a new session", lambda session, argument: session.restart()),
    Command(("reset",), "", "begin the task of a lesson anew", lesson.reset),
    Command(
        ("era",),
        f"[{'|'.join(ERAS)}]",
        "a new session with a server of that standard",
        _fresh("era", lambda session: tuple(ERAS)),
        lambda session: tuple(ERAS),
    ),
    Command(
        ("role",),
        "[client|server]",
        "a new session in which you play that side",
        _fresh("role", lambda session: ("client", "server")),
        lambda session: ("client", "server"),
    ),
    Command(
        ("host",),
        "[NAME|FILE]",
        "a new session with another host",
        _fresh("policy", lambda session: _hosts(session)),
        lambda session: _hosts(session),
    ),
    Command(
        ("group",),
        "[off]",
        "collect lines that leave in one write (C+:); give them up",
        group.group,
        lambda session: (group.OFF,),
    ),
    Command(("send",), "", "send the group that was collected, in one write", group.send),
    Command(("latency",), "[SECONDS]", "how long a round trip takes on the wire of this session", latency.latency),
    Command(("ladder",), "[COLUMNS]", "the exchange so far as a diagram: time down, arrows across", latency.draw),
    Command(("raw",), "OCTETS", r"send octets as they are written, with \r \n \xNN", _raw),
    Command(
        ("fault",),
        "KIND [INPUT] [TEXT]",
        "let something go wrong on the channel, once",
        lesson.fault,
        lambda session: tuple(FAULTS),
    ),
    Command(("wait",), "[SECONDS]", "let time pass; a server that hears nothing for 300 says 421", _wait),
    Command(("expect",), "CODE", "say which code comes next, before it does", lesson.expect),
    Command(
        ("set",),
        "[NAME [VALUE] | reset [NAME]]",
        "the settings, one of them explained, changed, or put back",
        changing.change,
        words=changing.words,
    ),
    *(
        Command(
            each.short,
            f"[{'|'.join(each.values())}]",
            each.meaning,
            changing.short(each),
            words=changing.short_words(each),
        )
        for each in SETTINGS
        if each.short
    ),
    Command(
        ("history",),
        "[TEXT | wipe]",
        "the lines that you typed in earlier sittings too; forget them",
        past.history,
        lambda session: (past.WIPE,),
    ),
    Command(("find",), "TEXT", "the lines of the transcript that hold a text", finding.find_text),
    Command(
        ("mail",), "[MAILBOX [NUMBER]]", "the mailboxes, the letters in one, a letter", pages.mail, pages.mailbox_names
    ),
    Command(
        ("rule",),
        "[ID [play|text]]",
        "one rule: its line through the standards, dialogues that show it; play them, or see its section",
        pages.rule,
        pages.cited_ids,
    ),
    Command(("compare",), "[FILE]", "what was said so far, or a script, under the four eras", pages.compare),
    Command(
        ("extensions",),
        "[KEYWORD | load FILE]",
        "the extensions of both ends, one of them; plug in one of your own, in a new session",
        extensions.extensions,
        extensions.choices,
    ),
    Command(("tls",), "", "say STARTTLS, where it is offered; what TLS changes here", pages.tls),
    Command(
        ("connect",),
        "HOST:PORT | off",
        "be the client of a real server on this machine",
        channels.connect,
        lambda session: ("off",),
    ),
    Command(
        ("listen",),
        "[PORT | off]",
        "let a real client on this machine call: watch, or answer it (/role server)",
        channels.listen,
        lambda session: ("off",),
    ),
    Command(("bytes",), "", "the last exchange octet by octet", pages.octets),
    Command(("save",), "FILE", "write the transcript; a file that exists is kept", save),
    Command(("save!",), "FILE", "write the transcript over a file", partial(save, over=True)),
    Command(
        ("load",), "FILE", "play a transcript, a script or JSON Lines in a new session; /undo comes back", load.load
    ),
    Command(("lessons",), "", "the lessons that there are", learning.listed),
    Command(
        ("lesson",),
        "[page | NUMBER|ID]",
        "what the lesson says; its page, in later tasks too; begin another, in this shell",
        lesson.page,
        lesson.pages_and_lessons,
    ),
    Command(("progress",), "", "the lessons done, the tasks open, and the score", learning.progress),
    Command(("goal",), "", "what the task asks for, and what is met of it", lesson.goal),
    Command(
        ("hint",), "[back]", "the next hint of the lesson, or the one before", lesson.hint, lambda session: ("back",)
    ),
    Command(("solution",), "[NUMBER]", "one way to do the task, or another", lesson.solution),
    Command(("next",), "", "go on to the next task of the lesson", lesson.next_task),
    Command(("skip",), "", "let the task be done, and see what that changes", lesson.skip),
    Command(("answer",), "[ID] ANSWER", "answer a question of the lesson", lesson.answer),
    Command(
        ("play",),
        "[on|off]",
        "leave the task as it is and play freely; come back to it",
        lesson.play_freely,
        lambda session: ("on", "off"),
    ),
    Command(("quit", "exit"), "", "leave, as QUIT does", lambda session, argument: session.leave()),
)
"""Every lab command."""

_BY_NAME = {name: command for command in TABLE for name in command.names}


def names() -> tuple[str, ...]:
    """Every first name, without its slash."""
    return tuple(command.names[0] for command in TABLE)


def find(name: str) -> Command | None:
    """The command of that name, with or without its slash."""
    return _BY_NAME.get(name.removeprefix("/").lower())


def run(session: "Session", line: str) -> None:
    """Run the command that a line names."""
    name, _, argument = ON_EMPTY.get(line, line).partition(" ")
    command = find(name)
    if command is None:
        _unknown(session, name)
    elif session.live is not None and (refusal := live.REFUSES.get(command.names[0])):
        session.tell(refusal)
    else:
        command.run(session, argument.strip())


def _unknown(session: "Session", name: str) -> None:
    close = get_close_matches(name.removeprefix("/").lower(), _BY_NAME, n=1, cutoff=0.5)
    closest = f"the closest is /{close[0]}" if close else "/help lists all"
    session.tell(f"there is no lab command /{name.removeprefix('/')}; {closest}")


def suggestions(session: "Session", line: str) -> Iterator[Suggestion]:
    """What may stand at the end of a half-typed lab command."""
    name, space, typed = line.partition(" ")
    if not space:
        for command in TABLE:
            if command.name.startswith(line.lower()):
                yield Suggestion(f"{command.name} " if command.argument else command.name, 0, command.meaning)
        return
    named = find(name)
    if named is not None and named.words is not None:
        yield from named.words(session, line)
    for choice in named.choices(session) if named else ():
        if choice.startswith(typed):
            yield Suggestion(choice, len(name) + 1, "")
