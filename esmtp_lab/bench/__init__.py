"""The bench: hosts joined by function calls, with undo.

Nothing here waits, sleeps or opens anything: octets go from one side to the other when a method is called.

host      what a bench needs of a host
channel   a client and a server side, and what is on its way between them: latency, faults, TURN
bench     a channel with a history: undo, redo, fork, predict
hosts     several hosts that carry letters on to each other: queues, relaying, notices
outside   a bench one of whose ends only follows a program of others
posted    the mailboxes of one of them, for a learner's bench: one moment holds them all
"""

from esmtp_lab.bench.bench import Bench
from esmtp_lab.bench.channel import FAULTS, Crossing, Fault
from esmtp_lab.bench.host import Host, Mailboxes
from esmtp_lab.bench.hosts import Hosts
from esmtp_lab.bench.outside import Outside
from esmtp_lab.bench.posted import Posted

__all__ = ["FAULTS", "Bench", "Crossing", "Fault", "Host", "Hosts", "Mailboxes", "Outside", "Posted"]
