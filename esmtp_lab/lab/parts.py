"""The parts of a lab, each by the word that names it: dialects, extensions of one's own, mailboxes."""

from collections.abc import Iterable, Iterator
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from esmtp_lab.errors import DataError
from esmtp_lab.extensions import beside
from esmtp_lab.extensions.hosting import check_host
from esmtp_lab.mailbox.memory import Discard, MemoryMailboxes
from esmtp_lab.protocol.dialect import Dialect, choose, dialect_of
from esmtp_lab.protocol.era import DEFAULT_ERA, find_era
from esmtp_lab.protocol.extension import Extension
from esmtp_lab.protocol.policy import Policy

if TYPE_CHECKING:
    from esmtp_lab.mailbox.maildir import Maildir


def server_dialect(policy: Policy, era: str, own: Iterable[Extension] = ()) -> Dialect:
    """What a host with this policy speaks in an era; it may offer extensions of one's `own`. Raises DataError."""
    known = beside(own)
    extensions = choose(policy.extensions, known, policy.name)
    check_host(policy, extensions)
    counting = [each.ehlo_keyword for each in extensions for form in each.forms if form.octets]
    if policy.lenient and counting:
        what = f"mends line ends and so cannot count octets. Take {' and '.join(counting)} out, or lenient"
        raise DataError(policy.name, what)
    return dialect_of(find_era(era), extensions, known)


def client_dialect(era: str = DEFAULT_ERA, own: Iterable[Extension] = ()) -> Dialect:
    """What our client speaks: everything that the lab implements, and extensions of one's `own`. Raises DataError."""
    return dialect_of(find_era(era), beside(own))


def plugged(extensions: Iterable[Extension | str | FilePath]) -> tuple[Extension, ...]:
    """Extensions of one's own, each as it is, or by the name of its definition file or of one that is installed.

    Raises DataError for one that cannot be used.
    """
    found: tuple[Extension, ...] = ()
    for each in extensions:
        found += (usable(each, beside(found)),)
    return found


def installed(policy: Policy, own: tuple[Extension, ...] = ()) -> tuple[Extension, ...]:
    """One's own extensions, and those that a host names and third parties have. Raises DataError."""
    there = {each.ehlo_keyword for each in beside(own)}
    return (*own, *(found for keyword in policy.extensions if keyword not in there for found in _sought(keyword)))


# Distributions, and the registry against which the standards' form is held, are looked into where an extension of one's
# own is wanted, and never before the first prompt of a lab without one.


def usable(extension: Extension | str | FilePath, others: tuple[Extension, ...]) -> Extension:
    """An extension of one's own beside `others`: as it is, or by the name of its definition file or of one that is
    installed. Raises DataError for one that cannot be used."""
    if isinstance(extension, Extension):
        from esmtp_lab.extensions.loading import held

        return held(extension, others)
    from esmtp_lab.extensions.installed import named

    return named(str(extension), others)


def _sought(keyword: str) -> Iterator[Extension]:
    from esmtp_lab.extensions.installed import find

    found = find(keyword)
    if found is not None:
        yield found


def mailboxes_at(where: str, domain: str) -> "MemoryMailboxes | Discard | Maildir":
    """Mailboxes by the word that names them: "memory", "discard", or a folder for Maildir."""
    if where == "memory":
        return MemoryMailboxes(domain)
    if where == "discard":
        return Discard()
    from esmtp_lab.mailbox.maildir import Maildir

    return Maildir(FilePath(where), domain)
