"""Policies: what one host decides for itself, where the standards leave it the choice. Data, not code."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache, lru_cache
from pathlib import Path as FilePath
from typing import Any, NamedTuple
from unicodedata import normalize

from esmtp_lab.errors import DataError
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.node import means
from esmtp_lab.protocol.priority import HIGHEST, LEVELS, LOWEST, UNNAMED
from esmtp_lab.protocol.replies import Answer, catalogue
from esmtp_lab.protocol.session import UNKNOWN
from esmtp_lab.wire.international import a_labels
from esmtp_lab.wire.path import Path, quote

NOT_OURS = "not-our-domain"
"""The situation in which relaying is the question."""
HANG_UP = "hang-up"
"""What a policy names instead of a situation where the host closes the channel without a word."""
_CHOICES = {
    "accept": ("known", "any"),
    "verify": ("answer", "hide"),
    "tells_waiting": ("count", "presence", "nothing"),
    "priorities": tuple(LEVELS),
    "below_lowest": ("priority-too-low", "priority-low-now"),
    "era": ("", *ERAS),
}
_MOST_PORT = 65_535
_PRIORITIES = ("usual_priority", "highest_priority", "lowest_priority")


class Verdict(NamedTuple):
    """What a policy says to a path: the answer, the mailboxes that a letter for it goes to, whether it is accepted, and
    whether it `expands` to a list or `forwards` to another address."""

    answer: Answer
    mailboxes: tuple[str, ...] = ()
    accepted: bool = False
    expands: bool = False
    forwards: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """One host: its name, its people and its choices.

    `mailboxes` maps local parts to people, `lists` to local parts, `forwards` (251) and `moved` (551) to other
    mailboxes, `refusals` to situations of the reply catalogue, `terminals` to "on", "off" or "refusing". `accept` is
    "known" or "any", `verify` "answer" or "hide". `banner` are more lines of the greeting. `answers` maps inputs (a
    verb, GREETING, END_OF_DATA, LAST_CHUNK) to the situation that answers them whatever happens, or to "hang-up", and
    "*" each command of the standards but QUIT that is not named; `data_without_recipients` names the situation for DATA
    before any RCPT. `max_size` is in octets. A letter with `most_hops` time stamp lines goes round in a loop; RFC 2821
    section 6.2 would have them at least 100. `passwords` are by user, and with `clear_text` may cross an unprotected
    channel. It relays for clients that call themselves one of `relays_for` ("*" for all) and for users who proved who
    they are, but not to domains of `no_mail`, as it knows without asking them, nor a letter that requires TLS all the
    way to one of `no_requiretls`. Parameters and extensions whose keywords are in `not_now`, and nodes, it cannot take
    just now. It offers the `mechanisms` of AUTH, or all; if it is `members_only` it takes letters from users alone, and
    if it is `tls_only` it serves nobody in clear. It keeps letters for `nodes`, and for hosts below them, which ETRN
    may ask for: how many wait, on a host without a queue of its own, by the name of a host, of a queue with its "#", or
    "*" for any; `tells_waiting` is "count", "presence" or "nothing". `priorities` names its Priority Assignment Policy,
    or nothing where it keeps that to itself. A letter that names no priority has the `usual_priority`, none has more
    than the `highest_priority`, and one below the `lowest_priority` is refused by the situation `below_lowest`;
    `priority_sizes` are the octets that a letter may have, by level. It lets clients that call themselves one of
    `trusted` raise the priority of a letter, as it does users who proved who they are. `min_by_time` are the fewest
    seconds that it takes for a letter which is to be returned after them (RFC 2852 section 3), and 0 is no such limit.
    A `lenient` host takes a bare LF for the end of a line, which no host may. `era` is that which the host is made for
    where nobody chooses another, and `port` that which it stands for, as 587 for submission (RFC 6409); where they are
    said, its extensions are checked against them.
    """

    name: str = "lab"
    about: str = ""
    domain: str = "lab.example"
    extensions: tuple[str, ...] = ()
    mailboxes: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    forwards: Mapping[str, str] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)
    refusals: Mapping[str, str] = field(default_factory=dict)
    terminals: Mapping[str, str] = field(default_factory=dict)
    relays_for: tuple[str, ...] = ()
    no_mail: tuple[str, ...] = ()
    no_requiretls: tuple[str, ...] = ()
    not_now: tuple[str, ...] = ()
    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)
    accept: str = "known"
    verify: str = "answer"
    answers: Mapping[str, str] = field(default_factory=dict)
    banner: tuple[str, ...] = ()
    data_without_recipients: str = "bad-sequence"
    max_size: int = 10_485_760
    most_hops: int = 100
    clear_text: bool = False
    mechanisms: tuple[str, ...] = ()
    members_only: bool = False
    tls_only: bool = False
    nodes: Mapping[str, int] = field(default_factory=dict)
    tells_waiting: str = "count"
    priorities: str = ""
    usual_priority: int = 0
    highest_priority: int = HIGHEST
    lowest_priority: int = LOWEST
    below_lowest: str = "priority-too-low"
    priority_sizes: Mapping[str, int] = field(default_factory=dict)
    trusted: tuple[str, ...] = ()
    min_by_time: int = 0
    lenient: bool = False
    era: str = ""
    port: int = 0

    def __hash__(self) -> int:
        return hash((self.name, self.domain))

    @lru_cache(maxsize=1024)  # noqa: B019 - a policy is a value, and there are few
    def route(self, path: Path) -> Verdict:
        """What this host says to a recipient, and where a letter for it goes."""
        shown = {"path": path.render().decode("utf-8", "replace")}
        if not self.owns(path):
            if self.accept == "any":
                return Verdict(Answer("recipient-ok", shown), (path.mailbox.decode("utf-8", "replace"),), True)
            return Verdict(Answer(NOT_OURS, shown))
        name = self._known(path.name.decode("utf-8", "replace"))
        if name in self.refusals:
            return Verdict(Answer(self.refusals[name], shown))
        if name in self.lists:
            return Verdict(Answer("recipient-ok", shown), self.lists[name], True, expands=True)
        if name in self.forwards:
            other = self.forwards[name]
            answer = Answer("recipient-forwarded", {**shown, "other": f"<{other}>"})
            return Verdict(answer, (other,), True, forwards=True)
        if name in self.moved:
            return Verdict(Answer("recipient-moved", {**shown, "other": f"<{self.moved[name]}>"}))
        if name in self.mailboxes or self.accept == "any":
            return Verdict(Answer("recipient-ok", shown), (name,), True)
        return Verdict(Answer("mailbox-unknown", shown))

    def owns(self, path: Path) -> bool:
        """Whether a path is in this host's own domain, or in none."""
        return not path.domain or a_labels(path.domain.decode("utf-8", "replace")) == a_labels(self.domain)

    def relays(self, client: str, facts: frozenset[str]) -> bool:
        """Whether letters for other hosts are taken from a client (RFC 2821 section 3.7)."""
        return "authenticated" in facts or "*" in self.relays_for or client in self.relays_for

    def trusts(self, client: str, facts: frozenset[str]) -> bool:
        """Whether a client may raise the priority of its letters (RFC 6710 section 4.1)."""
        return "authenticated" in facts or "*" in self.trusted or client in self.trusted

    def waiting(self, node: str) -> int:
        """How many letters wait for a node name of ETRN, on a host that has no queue to count."""
        return sum(count for name, count in self.nodes.items() if means(node, name))

    def onward(self, domain: bytes) -> str:
        """The situation of a recipient in another domain, where this host relays: accepted, or known to be without mail
        before anybody is asked (RFC 7504 section 4)."""
        return "domain-no-mail" if a_labels(domain.decode("utf-8", "replace")) in self.no_mail else "recipient-ok"

    def at_terminal(self, mailbox: str) -> bool:
        """Whether a user is there and takes messages on the terminal (RFC 821 section 3.4)."""
        return self.terminals.get(mailbox) == "on"

    def _known(self, name: str) -> str:
        """The name as this host spells it: exactly as given where it can be, else in any case. Characters that can be
        composed in several ways are those of NFC (RFC 6532 section 3.1)."""
        name = normalize("NFC", name)
        names = (*self.mailboxes, *self.lists, *self.forwards, *self.moved, *self.refusals)
        if name in names:
            return name
        return next((known for known in names if known.lower() == name.lower()), name)

    def verify_name(self, text: str) -> Answer:
        """The answer to VRFY (RFC 821 section 3.3, RFC 2821 section 3.5).

        A host that hides its mailboxes says 252, the MUST of RFC 2821 section 7.3, and neither 502 (section 4.2.4), nor
        502 or 500 (section 3.5.3), nor 550.
        """
        if self.verify == "hide":
            return Answer("unverified")
        found = tuple(self._search(text))
        if len(found) > 1:
            return Answer("mailbox-ambiguous", {}, tuple(self._person(name) for name in found))
        name = found[0] if found else self._known(self._local(text))
        if name in self.forwards:
            return Answer("recipient-forwarded", {"other": f"<{self.forwards[name]}>"})
        if name in self.moved:
            return Answer("recipient-moved", {"other": f"<{self.moved[name]}>"})
        if found:
            return Answer("verified", {}, (self._person(name),))
        known = self.accept == "any" or name in self.lists
        return Answer("unverified") if known else Answer("mailbox-unknown", {"path": text})

    def _local(self, text: str) -> str:
        local, _, domain = text.rpartition("<")[2].rstrip("> ").partition("@")
        return local if a_labels(domain) in ("", a_labels(self.domain)) else text

    def _search(self, text: str) -> Iterator[str]:
        name = self._known(self._local(text))
        if name in self.mailboxes:
            yield name
            return
        for known, person in self.mailboxes.items():
            if text.lower() == person.lower() or text.lower() in person.lower().split():
                yield known

    def _person(self, name: str) -> str:
        local = quote(name.encode()).decode()
        return f"{self.mailboxes[name]} <{local}@{self.domain}>"

    def expand_list(self, text: str) -> Answer:
        """The answer to EXPN (RFC 821 section 3.3, RFC 2821 section 3.5).

        The 550 "Access Denied to You" of both is said by nobody here: RFC 2821 section 4.1.4 calls the example wrong,
        unless EHLO came before it or the host knows the client. A host that hides its lists says 252 (section 7.3).
        """
        if self.verify == "hide":
            return Answer("unexpanded")
        members = self.lists.get(self._known(self._local(text)))
        if members is None:
            return Answer("list-unknown", {"path": text})
        return Answer("list-members", {}, tuple(self._person(member) for member in members))


def terminal(mailbox: str) -> str:
    """The name under which the lab keeps what went to the terminal of a mailbox's user."""
    return f"{mailbox} (terminal)"


@cache
def policies() -> Mapping[str, Policy]:
    """The ready-made policies by name."""
    data = tomllib.loads(FilePath(__file__).with_name("policy.toml").read_text("utf-8"))
    del data["version"]
    return {name: _policy(_whole(table, data), name, "policy.toml") for name, table in data.items()}


def _whole(table: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    """A table with what it has from another."""
    return _whole(others[table["like"]], others) | table if "like" in table else table


def find_policy(name: str) -> Policy:
    """The ready-made policy of that name, or the one in that TOML file. Raises DataError."""
    ready = policies()
    if name in ready:
        return ready[name]
    file = FilePath(name)
    if not file.suffix and not file.exists():
        raise DataError(f"policy {name!r}", f"there is no such policy; use {', '.join(ready)}, or name a TOML file")
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(name, f"cannot be read: {error}") from None
    if data.pop("version", None) != 1:
        raise DataError(name, "has no version. Add version = 1 at its top")
    return _policy(data, str(data.pop("name", file.stem)), name)


def read_policy(table: Mapping[str, Any], name: str, where: str) -> Policy:
    """The policy in a table that stands in a file of another kind; it may be `like` a ready-made one. Raises
    DataError."""
    ready = tomllib.loads(FilePath(__file__).with_name("policy.toml").read_text("utf-8"))
    like = table.get("like")
    if like is not None and (not isinstance(like, str) or like not in policies()):
        raise DataError(f"{where}: {name}", f"is like {like!r}, which is no host; there are {', '.join(policies())}")
    return _policy(_whole(dict(table), ready), name, where)


def _policy(table: dict[str, Any], name: str, where: str) -> Policy:
    kinds = {each.name: each for each in fields(Policy)}
    for key, value in table.items():
        if key == "like":
            continue
        if key not in kinds or key == "name":
            raise DataError(f"{where}: {name}", f"knows no key {key!r}; there are {', '.join(sorted(kinds))}")
        default = getattr(_PLAIN, key)
        wanted = dict if isinstance(default, dict) else list if isinstance(default, tuple) else type(default)
        if type(value) is not wanted:
            raise DataError(f"{where}: {name}", f"{key} is a {wanted.__name__}, not {value!r}")
        if key in _CHOICES and value not in _CHOICES[key]:
            raise DataError(f"{where}: {name}", f"{key} is one of {', '.join(_CHOICES[key])}, not {value!r}")
    for key in (*table.get("answers", {}).values(), *table.get("refusals", {}).values()):
        if key not in catalogue().entries and key != HANG_UP:
            raise DataError(
                f"{where}: {name}", f"knows no situation {key!r}; there are {', '.join(catalogue().entries)}"
            )
    for key, least in (("max_size", 1), ("most_hops", 1), ("min_by_time", 0)):
        if table.get(key, least) < least:
            raise DataError(f"{where}: {name}", f"{key} is at least {least}")
    for key in _PRIORITIES:
        if not LOWEST <= table.get(key, 0) <= HIGHEST:
            raise DataError(f"{where}: {name}", f"{key} is from {LOWEST} to {HIGHEST}")
    for key in ("nodes", "priority_sizes"):
        for each, count in table.get(key, {}).items():
            if type(count) is not int or count < 0:
                raise DataError(f"{where}: {name}", f"{key} has a number for {each!r}, not {count!r}")
    levels, named = [str(each) for each in LEVELS[table.get("priorities") or UNNAMED]], table.get("priority_sizes", {})
    for each in named.keys() - levels:
        why = f"priority_sizes has no level {each} under {table.get('priorities') or UNNAMED}; there are"
        raise DataError(f"{where}: {name}", f"{why} {', '.join(levels)}")
    if not 0 <= table.get("port", 0) <= _MOST_PORT:
        raise DataError(f"{where}: {name}", f"port is a number from 1 to {_MOST_PORT}, or 0 where none is meant")
    lists = {key: tuple(members) for key, members in table.get("lists", {}).items()}
    own: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in table.items() if key != "like"
    }
    own |= {"name": name, "lists": lists, "answers": _answers(table.get("answers", {}))}
    policy = replace(_PLAIN, **own)
    for key, members in lists.items():
        strange = [member for member in members if member not in policy.mailboxes or member in policy.refusals]
        if strange:
            why = "whose letters are refused" if strange[0] in policy.refusals else "who has no mailbox here"
            raise DataError(f"{where}: {name}", f"list {key!r} names {strange[0]!r}, {why}")
    return policy


def _answers(table: Mapping[str, str]) -> Mapping[str, str]:
    """The answers by input, with "*" written out for every command but QUIT, with which a client may always leave."""
    named = {entry: key for entry, key in table.items() if entry != "*"}
    verbs = {UNKNOWN}.union(*(era.verbs for era in ERAS.values())) - {"QUIT"}
    return dict.fromkeys(sorted(verbs), table["*"]) | named if "*" in table else named


_PLAIN = Policy()


def with_users(policy: Policy, users: Mapping[str, str]) -> Policy:
    """The policy with more users, each with a mailbox and a password; it may cross the channel in clear, which never
    leaves the machine, unless TLS can be had."""
    if not users:
        return policy
    extensions = policy.extensions if "AUTH" in policy.extensions else (*policy.extensions, "AUTH")
    return replace(
        policy,
        mailboxes={**policy.mailboxes, **{name: policy.mailboxes.get(name, name) for name in users}},
        passwords={**policy.passwords, **users},
        extensions=extensions,
        clear_text=policy.clear_text or "STARTTLS" not in policy.extensions,
    )


def with_extensions(policy: Policy, keywords: Iterable[str]) -> Policy:
    """The policy of a host that offers some extensions more."""
    more = tuple(each for each in keywords if each not in policy.extensions)
    return replace(policy, extensions=(*policy.extensions, *more)) if more else policy


def with_tls(policy: Policy) -> Policy:
    """The policy of a host that can protect its channels."""
    if "STARTTLS" in policy.extensions:
        return policy
    return replace(policy, extensions=(*policy.extensions, "STARTTLS"))
