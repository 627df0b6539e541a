"""Characters beyond US-ASCII: octets that are no UTF-8, domains as A-labels and as U-labels, text in US-ASCII alone.

RFC 3629, RFC 5890 section 2.3.2.1, RFC 6531 section 3.2, RFC 6533 section 3. A U-label and its A-label are one label
written in two ways, by Punycode (RFC 3492), which Python has. What IDNA2008 has besides is the list of characters that
may stand in a label; only who looks a domain up needs it (RFC 5891 section 5.4), and nobody here does. Where a label of
foreign make is to be shown as a U-label, letters, marks and digits are taken, which that list has nearly all.
"""

import re
from collections.abc import Iterable, Iterator
from unicodedata import category, normalize

from esmtp_lab.wire.framing import Deviation

_ACE = "xn--"
_BEYOND = re.compile(r"[^\x00-\x7f]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


def strange(octets: bytes, found: Iterable[Deviation]) -> Iterator[Deviation]:
    """Those deviations of a line that it still has where UTF-8 is no deviation: of octets above 127 such as are not
    UTF-8, from the first of a run on, as "not-utf-8". Overlong forms and surrogates are none (RFC 3629 section 3)."""
    for each in found:
        if each.kind != "eight-bit":
            yield each
            continue
        try:
            octets[each.at : each.at + each.octets].decode("utf-8")
        except UnicodeDecodeError as error:
            yield Deviation(each.at + error.start, "not-utf-8", each.octets - error.start)


def a_labels(domain: str) -> str:
    """A domain with every U-label as its A-label, as it is looked up and compared; in small letters, as A-labels are.

    RFC 5891 section 5.3 leaves it to a program to make letters small; what is no U-label at all is left as it is.
    """
    if domain.isascii():
        return domain.lower()
    return ".".join(map(_a_label, normalize("NFC", domain.lower()).split(".")))


def _a_label(label: str) -> str:
    return label if label.isascii() else _ACE + label.encode("punycode").decode("ascii")


def u_labels(domain: str) -> str:
    """A domain with every A-label as its U-label, but for those that stand for nothing that a U-label may be."""
    if _ACE not in domain.lower():
        return domain
    return ".".join(map(_u_label, domain.split(".")))


def _u_label(label: str) -> str:
    ace = label.lower()
    if not ace.startswith(_ACE):
        return label
    try:
        found = ace.removeprefix(_ACE).encode("ascii").decode("punycode")
    except UnicodeError:
        return label
    fit = all(char == "-" or category(char)[0] in "LMN" for char in found)
    return found if fit and a_labels(found) == ace and not found.isascii() else label


def embedded(text: str) -> str:
    r"""Text in printable US-ASCII: a character beyond it as ``\x{3B4}`` (RFC 6533 section 3: EmbeddedUnicodeChar), a
    control as a question mark."""
    if text.isascii() and text.isprintable():
        return text
    return _BEYOND.sub(lambda match: f"\\x{{{ord(match[0]):X}}}", _CONTROLS.sub("?", text))
