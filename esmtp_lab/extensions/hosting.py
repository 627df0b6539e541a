"""Whether a host can offer what it names: its era and its port. What an extension needs besides, `choose` asks.

The ports of registered extensions stand in the registry, those of local ones in their definitions. A host that says
neither era nor port is asked neither.
"""

from collections.abc import Iterable

from esmtp_lab.errors import DataError
from esmtp_lab.protocol.dialect import can_have
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.extension import Extension
from esmtp_lab.protocol.policy import Policy


def check_host(policy: Policy, extensions: Iterable[Extension]) -> None:
    """Raises DataError, which says what to mend, for an extension that a host of this era or port cannot offer."""
    for extension in extensions:
        if policy.era and not can_have(ERAS[policy.era], extension):
            raise DataError(policy.name, _too_old(policy.era, extension))
        if policy.port:
            _check_port(policy, extension)


def _too_old(era: str, extension: Extension) -> str:
    keyword = extension.ehlo_keyword
    able = next(name for name, each in ERAS.items() if can_have(each, extension))
    why = f"came with era {able}" if ERAS[era].speaks_ehlo else "is offered by EHLO, which came with era rfc1869"
    return f'{keyword} {why}, and this host is of era {era}. Take {keyword} out, or write era = "{able}"'


def _check_port(policy: Policy, extension: Extension) -> None:
    # the registry is large, and read where a host says its port
    from esmtp_lab.extensions.registry import NOW, registries

    keyword = extension.ehlo_keyword
    entry = registries()[NOW].entries.get(keyword)
    ports, barred, source = (entry.ports, entry.barred, entry.source) if entry else (extension.ports, (), "")
    by = f" by {source}" if source else ""
    if policy.port in barred:
        raise DataError(policy.name, f"{keyword} is not for port {policy.port}{by}. Take {keyword} out, or change port")
    if ports and policy.port not in ports:
        wanted = " or ".join(map(str, ports))
        what = f"{keyword} is made for port {wanted}{by}, and this host stands for port {policy.port}"
        raise DataError(policy.name, f"{what}. Take {keyword} out, or write port = {ports[0]}")
