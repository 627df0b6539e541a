"""What can go wrong, drawn as a tree.

EsmtpLabError
├── ProtocolError             one side of a dialogue broke a rule; ``rule`` names its lineage
│   └── LocalProtocolError    our side would have: nothing went onto the wire
├── DataError                 a rule, lesson, policy or script file cannot be used; says what to mend
├── CannotUndo                there is nothing to undo, or the channel is a real one
└── Unreachable               no channel to the host: refused, or cut off
    └── OffLimits             it is not on this machine, and nobody allowed to go beyond
"""


class EsmtpLabError(Exception):
    """Every error that this package raises on purpose."""


class ProtocolError(EsmtpLabError):
    """A rule of the protocol is broken; `rule` is the lineage of that rule, or empty."""

    def __init__(self, message: str, *, rule: str = "") -> None:
        super().__init__(message)
        self.rule = rule


class LocalProtocolError(ProtocolError):
    """What we were asked to send would break a rule, so nothing was sent."""


class DataError(EsmtpLabError):
    """A file of the lab's own formats cannot be used. The message says where and what to mend."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what


class CannotUndo(EsmtpLabError):
    """There is no earlier (or later) moment to go to."""


class Unreachable(EsmtpLabError):
    """No channel to that host can be opened, or it was lost."""


class OffLimits(Unreachable):
    """The address is not loopback, and to go beyond this machine was not allowed in so many words."""
