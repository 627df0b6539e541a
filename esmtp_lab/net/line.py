"""A line: one open channel that is read when somebody looks, so that who waits for a key can wait for octets as well.

Nothing here knows an event loop or a thread. What goes wrong is told in `ended`, once and in words.
"""

import socket
from contextlib import suppress
from select import select
from ssl import SSLContext, SSLSocket, SSLWantReadError

from esmtp_lab.errors import Unreachable
from esmtp_lab.net.tls import reason, told

BLOCK = 65_536
SENDING = 5.0
"""Seconds that the other end has to take what is sent, and to shake hands."""
_LINGER = 0.2
"""Seconds that the other end has to close too, so that it hears the last word."""


class Line:
    """An open channel. `ended` says why it is over, and is empty while it is open; `peer` is the other end."""

    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened
        self.ended = ""
        self.peer = str(opened.getpeername()[0])

    def read(self, seconds: float = 0.0) -> bytes:
        """What has come, waited for no longer than so many seconds; nothing where nothing came, or it is over."""
        if self.ended:
            return b""
        try:
            if not self._comes(seconds):
                return b""
            self._socket.settimeout(SENDING)
            octets = self._socket.recv(BLOCK)
        except (SSLWantReadError, TimeoutError):
            return b""
        except (OSError, ValueError) as error:
            self.ended = reason(error)
            return b""
        if not octets:
            self.ended = "it closed the channel"
        return octets

    def write(self, octets: bytes) -> None:
        """Send octets as they stand; where that fails, `ended` says why."""
        if self.ended:
            return
        try:
            self._socket.settimeout(SENDING)
            self._socket.sendall(octets)
        except TimeoutError:
            self.ended = f"it took nothing for {SENDING:g} seconds"
        except (OSError, ValueError) as error:
            self.ended = reason(error)

    def protect(self, context: SSLContext, name: str = "", *, server_side: bool = False) -> str:
        """Shake hands, and say how the channel is protected now, or nothing where `ended` says what went wrong."""
        try:
            self._socket.settimeout(SENDING)
            self._socket = context.wrap_socket(self._socket, server_side=server_side, server_hostname=name or None)
        except (OSError, ValueError) as error:
            self.ended = f"no TLS: {reason(error)}"
            return ""
        return told(self._socket) if isinstance(self._socket, SSLSocket) else ""

    def close(self) -> None:
        """Say no more. Closing at once could take the last word from the other end."""
        with suppress(OSError, ValueError):
            self._socket.settimeout(_LINGER)
            if isinstance(self._socket, SSLSocket):
                self._socket = self._socket.unwrap()
            self._socket.shutdown(socket.SHUT_WR)
            for _ in range(10):
                if not self._socket.recv(BLOCK):
                    break
        self._socket.close()
        self.ended = self.ended or "it was closed here"

    def _comes(self, seconds: float) -> bool:
        if isinstance(self._socket, SSLSocket) and self._socket.pending():
            return True
        return bool(select([self._socket], [], [], seconds)[0])


class Port:
    """A port on one address of this machine, where others call. Raises Unreachable where it cannot be had."""

    def __init__(self, port: int = 0, address: str = "127.0.0.1") -> None:
        self._socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((address, port))
            self._socket.listen(5)
        except (OSError, OverflowError) as error:
            self._socket.close()
            why = getattr(error, "strerror", None) or str(error)
            raise Unreachable(f"cannot listen on {address} port {port}: {why}") from None
        self.number: int = self._socket.getsockname()[1]

    def accept(self, seconds: float = 0.0) -> Line | None:
        """The next who calls, waited for no longer than so many seconds."""
        try:
            return Line(self._socket.accept()[0]) if select([self._socket], [], [], seconds)[0] else None
        except (OSError, ValueError):  # they have hung up again
            return None

    def close(self) -> None:
        """Nobody can call any more."""
        self._socket.close()


def connect(addresses: tuple[str, ...], port: int, seconds: float) -> socket.socket:
    """A channel to the first address that answers. Raises Unreachable."""
    why = ""
    for address in addresses:
        try:
            return socket.create_connection((address, port), seconds)
        except OSError as error:
            why = no_answer(error, seconds)
    raise Unreachable(f"no channel to {', '.join(addresses)} port {port}: {why}")


def no_answer(error: OSError, seconds: float) -> str:
    if isinstance(error, TimeoutError) and error.errno is None:
        return f"no answer within {seconds:g} seconds"
    return error.strerror or str(error)
