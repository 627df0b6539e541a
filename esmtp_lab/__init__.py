"""esmtp-lab: an ESMTP client and server side by side, to learn, teach and show how mail servers talk.

Everything that a person sees is a view of one list of events:

    octets → wire (a line) → session (parse, look up the table, move) → Event
    Event → annotate (adds the rules) → views: shell · transcript · JSON · lesson judge

The floor plan, top to bottom; imports run down only, and those joined by `|` never meet:

    cli          arguments to calls, nothing else (__main__ calls it)
    shell        the guided shell, the only place that knows prompt_toolkit
      | notebook widgets and magics, the only place that knows ipywidgets and IPython
    commands     what each command of the command line does
    lab          the one place where the parts are put together; the client's end as a program uses it
    tutor        scripts and lessons: load, play, judge, check, record, progress
      | readers  transcripts of other software → events
      | export   events → transcript, page, JSON; an exchange → a ladder; the session table → a diagram;
                 what there is to say of a line, and what a side holds
    rules        the rule book, the titles of its sections and the misconceptions (TOML); the annotator, the detector
      | highlight  part → Pygments token; lexers without a grammar of their own; styles
      | suggest  position + half a line → what may come next, and why not the others
      | bench    hosts joined by function calls: undo, time, faults, TURN, queues, a stand-in for TLS
      | net      asyncio and TLS, the only place below the faces that knows sockets
      | mailbox  where accepted mail goes: memory, discard, Maildir
    extensions   one file for each service extension; none knows another; beside them, as data,
                 the registries of all extensions and of the enhanced status codes (TOML);
                 definitions of one's own, what the standards ask of them, and those of third parties
    protocol     what may happen when
      session      THE TABLE and the forms, as data
      dialect      what an era and its extensions make of them
      event        the one event
      era, trace, policy, replies, answers, transaction, extension, node, priority, deadline
      side         one side of a dialogue; server, client and reader are sides
      delivery     what a client says next to deliver a letter; queue: when it is tried again
      notify       what a sender wants to be told; report: what is told, in the form of RFC 3464
    wire         octets ↔ values: span, grammar, scan, framing, transparency, command, reply,
                 path, parameter, content, international, transcript, visible
    errors       the error tree, drawn at its head

The core (wire to bench) is sans-IO: no socket, no loop, no clock, no print, no randomness. All that it reads are
the data files beside it, a policy or a definition that somebody names, and extensions that are installed.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from esmtp_lab.lab import Lab

__version__ = "0.1.0"
__all__ = ["Lab", "__version__"]


def __getattr__(name: str) -> Any:
    """`Lab` is loaded when it is asked for, so that ``esmtp-lab --help`` need not wait for it."""
    if name == "Lab":
        from esmtp_lab.lab import Lab

        return Lab
    raise AttributeError(f"module 'esmtp_lab' has no attribute {name!r}")


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext esmtp_lab`` brings the magics ``%%esmtp`` and ``%esmtp_rule``."""
    from esmtp_lab.notebook.magics import load

    load(shell)
