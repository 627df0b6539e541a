"""The lab commands for real channels: call a server of others, let a client of others call."""

from typing import TYPE_CHECKING

from esmtp_lab.errors import EsmtpLabError
from esmtp_lab.lab import Lab

if TYPE_CHECKING:
    from esmtp_lab.shell.session import Session


def connect(session: "Session", argument: str) -> None:
    """Call a server of others, or come back from it. Raises Unreachable."""
    # sockets and TLS are for those who ask for them, and not before the first prompt
    from esmtp_lab.shell.calling import Calling, place

    if argument == "off" or not argument:
        _leave(session, argument, "/connect HOST:PORT, such as /connect 127.0.0.1:2525, calls a server of others")
        return
    host, port = place(argument)
    if session.allow_remote:
        session.tell(f"about to open a channel to {host} port {port}, wherever that is")
    session.visit(Calling(_home(session), host, port, allow_remote=session.allow_remote))
    session.overhear(session.patience)


def listen(session: "Session", argument: str) -> None:
    """Let a client of others call, or come back. Raises Unreachable."""
    from esmtp_lab.shell.listening import Listening

    if argument == "off":
        _leave(session, argument, "")
    elif argument and not (argument.isdecimal() and int(argument) < 65_536):
        session.tell(f"{argument!r} is no port; /listen 2525, or /listen alone for any that is free")
    elif isinstance(session.live, Listening) and not argument:
        session.live.again()
        session.tell(session.live.opening)
    else:
        if session.live is not None:
            session.live.close()  # it may be the same port
        session.visit(Listening(_home(session), int(argument or 0)))


def _home(session: "Session") -> Lab:
    return session.live.home if session.live is not None else session.lab


def _leave(session: "Session", argument: str, otherwise: str) -> None:
    if argument == "off" and session.live is not None:
        session.come_home()
    elif argument == "off":
        session.tell("no real channel is open")
    else:
        raise EsmtpLabError(otherwise)
