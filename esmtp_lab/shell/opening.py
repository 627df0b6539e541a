"""How the lab is opened: with what the command line says, and with the settings where it says nothing."""

from collections.abc import Callable

from esmtp_lab.errors import DataError
from esmtp_lab.lab import Lab
from esmtp_lab.protocol.policy import find_policy
from esmtp_lab.shell.config import Config


def opened(config: Config, make: Callable[..., Lab], era: str | None, policy: str | None) -> Lab:
    """The lab with the era and the host that were named, or else those of the settings. Raises DataError.

    A host that is made for an era has its own. Settings that are of no use are complained about, and the defaults hold.
    """
    host = policy or config.values["host"]
    try:
        return make(era or find_policy(host).era or config.values["era"], policy=host)
    except DataError as error:
        if policy is not None:
            raise
        config.complaints.append(f"{error}; this is the default host instead")
        return make(era, policy="lab")
