"""A server in a process of its own, which can be killed: ``python child.py FOLDER|discard STEP``.

Prints its port. Whenever a line comes in, it prints the most memory that it has had, in KiB. With a STEP it kills
itself, as ``kill -9`` does, right before that one of the calls that its mailboxes make to the system.
"""

import asyncio
import os
import resource
import signal
import sys
from dataclasses import replace
from itertools import count

from esmtp_lab.lab import mailboxes_at, server_dialect
from esmtp_lab.net.server import serve
from esmtp_lab.protocol.policy import find_policy

CALLS = ("open", "write", "fsync", "close", "link", "rename", "unlink")


def die_at(step: int) -> None:
    """Count the calls to the system from now on, and be killed before number `step`."""
    numbers = count(1)

    def counted(call):
        def run(*args, **options):
            if next(numbers) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **options)

        return run

    for name in CALLS:
        setattr(os, name, counted(getattr(os, name)))


async def main(where: str, step: int) -> None:
    """Serve until nobody listens any more."""
    policy = replace(find_policy("open"), max_size=1 << 30)
    mailboxes = mailboxes_at(where, policy.domain)
    server = await serve(policy, server_dialect(policy, "rfc2821"), mailboxes, port=0)
    print(server.port, flush=True)
    if step:
        die_at(step)
    while await asyncio.to_thread(sys.stdin.readline):
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)
    await server.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
