"""The letter that the embedded client delivers when the learner plays the server."""

from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.policy import Policy
from esmtp_lab.wire.path import Path

_CONTENT = b"""\
From: Me <me@me.example>\r
To: %s\r
Subject: You are the server\r
Date: Thu, 1 Nov 2001 10:00:00 +0000\r
Message-ID: <1@me.example>\r
\r
This letter is yours to take or to refuse.\r
.This line began with one dot before it travelled.\r
"""


def ready_letter(policy: Policy) -> Delivery:
    """A letter from <me@me.example> to two recipients at the host."""
    names = [*policy.mailboxes, "ada", "bob"][:2]
    paths = tuple(Path(name.encode(), policy.domain.encode()) for name in names)
    to = b", ".join(path.mailbox for path in paths)
    return Delivery(Path(b"me", b"me.example"), paths, _CONTENT % to)
