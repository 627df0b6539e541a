"""What the registries know of a line: what a keyword in the reply to EHLO offers, what an enhanced status code says.

The registries are large, so they are imported where they are first needed, and not before the shell's first prompt.
"""

from typing import NamedTuple

from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.session import FORMS, NOT_VERBS
from esmtp_lab.wire.span import find

REGISTERED, LOCAL, UNKNOWN = "registered", "local", "unknown"
_LEFT_ALONE = "A client that does not know it leaves it alone."
_NOWHERE = "not in IANA's registry"


class Known(NamedTuple):
    """What is known of a word: whether it is registered, what it says, what there is to learn, and what defines it."""

    about: str
    kind: str
    says: str
    teaches: str = ""
    where: str = ""

    @property
    def full(self) -> str:
        """All that there is to say."""
        return f"{self.says} {self.teaches}".rstrip()

    @property
    def citation(self) -> str:
        """Its kind and source, as they stand behind a note."""
        return f"{self.kind}, {self.where}"


# Offers ------------------------------------------------------------------------------------------


def offer_in(event: Event) -> Known | None:
    """What a line of the EHLO reply offers, or None for every other line."""
    if event.kind != "reply" or event.to != "EHLO" or event.line not in ("middle", "last"):
        return None
    span = find(event.spans, "ehlo-keyword")
    if span is None:
        return None
    keyword = event.octets[span.start : span.end].decode("ascii", "replace")
    words = event.octets[span.end :].decode("ascii", "replace").split()
    extension = event.dialect.extension(keyword)
    return offer_of(keyword, tuple(words), extension.meaning if extension and extension.local else "")


def offer_of(keyword: str, words: tuple[str, ...] = (), agreed: str = "") -> Known:
    """What a keyword and the words behind it offer; `agreed` is what the lab knows of a local one."""
    from esmtp_lab.extensions.registry import NOW, registries

    name = keyword.upper()
    entry = registries()[NOW].entries.get(name)
    if entry is not None:
        told = [f"{word}: {entry.words[word.upper()]}." for word in map(_name_of, words) if word.upper() in entry.words]
        if entry.offers_says and words and not told:
            told = [f"Behind it: {entry.offers_says}."]
        return Known(keyword, REGISTERED, entry.says, " ".join((*told, entry.teaches)).strip(), entry.source)
    if name.startswith("X"):
        if agreed:
            return Known(keyword, LOCAL, f"{agreed[0].upper()}{agreed[1:]}.", "", "a local agreement")
        says = "By its X a local extension: what it means, only those know who agreed on it."
        return Known(keyword, LOCAL, says, _LEFT_ALONE, "RFC 5321 §2.2.2")
    if any(form.verb == name for form in FORMS if name not in NOT_VERBS):
        says = f"No extension: {name} is a command that every server knows, and some list it all the same."
        return Known(keyword, UNKNOWN, says, "", _NOWHERE)
    says = "Neither registered nor marked as local by an X: ask whoever wrote this server."
    return Known(keyword, UNKNOWN, says, _LEFT_ALONE, _NOWHERE)


def _name_of(word: str) -> str:
    """The name in a word such as ``RCPTMAX=50``."""
    return word.partition("=")[0]


def agreed_in(event: Event, part: str, text: str) -> Known | None:
    """What a verb or a parameter of a local extension means, by the agreement; None for every other part of a line."""
    for extension in event.dialect.extensions if part in ("verb", "esmtp-keyword") else ():
        if not extension.local:
            continue
        if part == "verb":
            meanings = {form.verb: form.meaning for form in extension.forms}
        else:
            meanings = {form.keyword: form.meaning for form in extension.parameters(event.to)}
        if text.upper() in meanings:
            says = f"Of {extension.ehlo_keyword}, a local extension by agreement: {meanings[text.upper()]}."
            return Known(text, LOCAL, says, "", extension.defined_in)
    return None


# Enhanced status codes ---------------------------------------------------------------------------


def status_in(event: Event) -> Known | None:
    """What the enhanced status code on the first line of a reply says, or None where there is none."""
    if event.kind != "reply" or event.line not in ("only", "first"):
        return None
    span = find(event.spans, "enhanced-status-code")
    return None if span is None else status_of(event.octets[span.start : span.end].decode("ascii"), event.code)


def status_of(text: str, reply_code: int = 0) -> Known:
    """What an enhanced status code such as ``5.1.1`` says, beside the reply code that it stands behind."""
    from esmtp_lab.extensions.statuscodes import status_codes

    registry = status_codes()
    entry = registry.find(text)
    if entry is None:
        return Known(text, UNKNOWN, registry.explain(text), "", _NOWHERE)
    teaches = ""
    if reply_code and entry.goes_with(reply_code) is False:
        teaches = f"The registry has it beside {' and '.join(entry.basic)}."
    elif entry.classes and text[0] not in entry.classes:
        teaches = f"The registry has it for the class{'es' * (len(entry.classes) > 1)} {' and '.join(entry.classes)}."
    return Known(text, REGISTERED, registry.explain(text), teaches, entry.source)
