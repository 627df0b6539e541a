"""The client's end of a lab, as a program uses it."""

from collections.abc import Iterable
from email.message import EmailMessage
from typing import TYPE_CHECKING

from esmtp_lab.export.exchange import Exchange
from esmtp_lab.lab.letters import content_of, named_in, read_path
from esmtp_lab.protocol.delivery import Delivery

if TYPE_CHECKING:
    from esmtp_lab.lab.lab import Lab


class Client:
    """The embedded client, which delivers a letter by itself and says what it says of its own accord."""

    def __init__(self, lab: "Lab") -> None:
        self._lab = lab

    def deliver(
        self,
        letter: str | bytes | EmailMessage | Delivery,
        *,
        reverse_path: str | None = None,
        forward_paths: Iterable[str] = (),
    ) -> Exchange:
        """Deliver a letter, and leave; what crossed the wire.

        The envelope is that of the header section where nothing else is said: From or Sender, and To, Cc and Bcc.
        Lines may end in LF. Raises DataError for a letter or a path that cannot travel, and EsmtpLabError where the
        channel is in use.
        """
        if isinstance(letter, Delivery):
            return self._lab.deliver(letter)
        content = content_of(letter)
        header = letter.as_bytes() if isinstance(letter, EmailMessage) else content
        senders = [reverse_path] if reverse_path is not None else [*named_in(header, "Sender", "From"), ""]
        paths = [*forward_paths] or named_in(header, "To", "Cc", "Bcc")
        return self._lab.deliver(
            Delivery(
                read_path(senders[0], "reverse-path"),
                tuple(read_path(path, "forward-path") for path in paths),
                content,
            )
        )
