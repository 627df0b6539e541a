"""The one place where the parts are put together.

`Lab` is a client and a server on a bench, with whatever they need; `lessons` opens one for a lesson.
"""

from esmtp_lab.lab.lab import ME, Lab, octets_of
from esmtp_lab.lab.parts import client_dialect, installed, mailboxes_at, plugged, server_dialect

__all__ = [
    "ME",
    "Lab",
    "client_dialect",
    "installed",
    "mailboxes_at",
    "octets_of",
    "plugged",
    "server_dialect",
]
