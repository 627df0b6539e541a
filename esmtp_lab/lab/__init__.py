"""The one place where the parts are put together.

`Lab` is a client and a server on a bench, with whatever they need; `begin` opens one for a lesson.
"""

from esmtp_lab.lab.lab import ME, Lab, octets_of
from esmtp_lab.lab.lessons import begin, lab_in, lab_of
from esmtp_lab.lab.parts import client_dialect, installed, mailboxes_at, plugged, server_dialect

__all__ = [
    "ME",
    "Lab",
    "begin",
    "client_dialect",
    "installed",
    "lab_in",
    "lab_of",
    "mailboxes_at",
    "octets_of",
    "plugged",
    "server_dialect",
]
