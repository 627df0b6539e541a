"""Productions as named patterns, each under its citation.

A `Grammar` is what one standard says about the smallest pieces; `RFC821`, `RFC2821` and `RFC5321` differ in domains,
in local parts, in what a source route may pass and in the number of spaces. Patterns work on octets and never on
decoded text.

Choices where the texts cannot be taken by the letter:

* RFC 2821 section 4.1.2 wants two labels in a `Domain`, and RFC 821 section 4.1.2 a name of three
  characters that begins with a letter; neither fits the standards' own examples ("Fred.Cambridge.UK" in RFC 821
  section 3.7). One label of one letter or digit is enough here, as RFC 1123 section 2.1 and RFC 5321 have it.
* `address-literal` of RFC 2821 lacks grouping, so that the brackets bind to its first and last
  choice only; here they bind to all, as RFC 5321 groups them. Its `dcontent` is defined in RFC 5321 only.
* `esmtp-value` of RFC 2821 takes in DEL although its comment leaves controls out; the comment wins, and RFC 5321
  mends the production.
* A quoted local part may hold controls by the grammar of RFC 2821 section 4.1.2 (`qcontent` of RFC 2822), while the
  prose of that section bans them from MAIL and RCPT. The grammar is followed; RFC 5321 section 4.1.2 brings the two
  together with productions of its own, `qtextSMTP` and `quoted-pairSMTP`: printable characters and spaces.
* A source route may pass an address literal in RFC 2821, whose `At-domain` is made of a `Domain` and whose `Domain`
  takes literals in; the `Domain` of RFC 5321 does not.
* `path` has no empty form in RFC 821, yet section 3.6 asks for ``MAIL FROM:<>``; it is accepted.
* `special` of RFC 821 section 4.1.2 lacks the bar before its double quote, which is one of its characters all the same.
* RFC 821 section 4.1.2 allows several spaces behind a verb, the grammars of RFC 2821 and RFC 5321 have one.
* What a comment says and its production does not counts all the same in RFC 2821 and RFC 5321 section 4.1.3: `Snum` is
  at most 255, "::" stands for two groups or more, and the tag "IPv6" is that of IPv6 addresses alone.
"""

import re
from dataclasses import dataclass
from re import Pattern

# RFC 2821 section 4.1.2: sub-domain = Let-dig [Ldh-str]
_LABEL = rb"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?"
_DOMAIN = rb"%b(?:\.%b)*" % (_LABEL, _LABEL)
# RFC 2821 section 4.1.3: Snum = 1*3DIGIT, 0 through 255
_SNUM = rb"(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])"
_IPV4 = rb"%b(?:\.%b){3}" % (_SNUM, _SNUM)
_HEX = rb"[0-9A-Fa-f]{1,4}"


def _groups(most: int, tail: bytes = b"") -> bytes:
    """IPv6-comp: "::" with at most `most` groups beside it, and `tail` behind its last colon."""
    forms = []
    for before in range(most + 1):
        left = rb"(?:%b(?::%b){%d})" % (_HEX, _HEX, before - 1) if before else b""
        after = most - before
        right = rb"(?:%b(?::%b){0,%d}%b)?" % (_HEX, _HEX, after - 1, b":" if tail else b"") if after else b""
        forms.append(left + b"::" + right + tail)
    return b"|".join(reversed(forms))


# RFC 2821 section 4.1.3: IPv6-addr
_IPV6 = b"(?:%b)" % b"|".join(
    [
        rb"%b(?::%b){7}" % (_HEX, _HEX),
        rb"%b(?::%b){5}:%b" % (_HEX, _HEX, _IPV4),
        _groups(4, _IPV4),
        _groups(6),
    ]
)
_LITERAL = rb"\[(?:%b|[Ii][Pp][Vv]6:%b|(?![Ii][Pp][Vv]6:)[A-Za-z0-9\-]*[A-Za-z0-9]:[!-Z^-~]+)\]" % (_IPV4, _IPV6)
# RFC 2822 section 3.2.4: atext; RFC 2821 section 4.1.2: Dot-string = Atom *("." Atom)
_ATOM = rb"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+"
DOT_STRING = rb"%b(?:\.%b)*" % (_ATOM, _ATOM)
# RFC 2822 section 3.2.5: qcontent, without the folding that a command line cannot hold
_QUOTED = rb'"(?:[\x01-\x09\x0b\x0c\x0e-!#-\[\]-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*"'
# RFC 5321 section 4.1.2: QcontentSMTP = qtextSMTP / quoted-pairSMTP
_PRINTABLE_QUOTED = rb'"(?:[ !#-\[\]-~]|\\[ -~])*"'
# RFC 821 section 4.1.2: string, where "\" lets any character stand for itself
_OLD_STRING = rb"(?:[!#-'*+\-/-9=?A-Z^-~]|\\[\x00-\x7f])+"
_OLD_DOT_STRING = rb"%b(?:\.%b)*" % (_OLD_STRING, _OLD_STRING)
_OLD_QUOTED = rb'"(?:[\x00-\x09\x0b\x0c\x0e-!#-\[\]-\x7f]|\\[\x00-\x7f])+"'
# RFC 821 section 4.1.2: element = name / "#" number / "[" dotnum "]"
_OLD_ELEMENT = rb"(?:%b|#[0-9]+|\[%b\])" % (_LABEL, _IPV4)
_OLD_DOMAIN = rb"%b(?:\.%b)*" % (_OLD_ELEMENT, _OLD_ELEMENT)


@dataclass(frozen=True, slots=True)
class Grammar:
    """The small productions of one standard, and the lengths in octets that it allows them.

    `literal_in_route` says whether a source route may pass a host that is named by its address.
    """

    name: str
    space: Pattern[bytes]
    domain: Pattern[bytes]
    address_literal: Pattern[bytes]
    local_part: Pattern[bytes]
    literal_in_route: bool = True
    longest_local_part: int = 64
    longest_domain: int = 255
    longest_path: int = 256


RFC821 = Grammar(
    name="rfc821",
    space=re.compile(rb" +"),
    domain=re.compile(_OLD_DOMAIN),
    # What goes on behind a literal is a domain, one of whose elements it is
    address_literal=re.compile(rb"\[%b\](?!\.)" % _IPV4),
    local_part=re.compile(rb"%b|%b" % (_OLD_QUOTED, _OLD_DOT_STRING), re.DOTALL),
    # RFC 821 section 4.5.3; RFC 2821 section 4.5.3.1 has 255
    longest_domain=64,
)
RFC2821 = Grammar(
    name="rfc2821",
    space=re.compile(rb" "),
    domain=re.compile(_DOMAIN),
    address_literal=re.compile(_LITERAL),
    local_part=re.compile(rb"%b|%b" % (_QUOTED, DOT_STRING), re.DOTALL),
)
RFC5321 = Grammar(
    name="rfc5321",
    space=RFC2821.space,
    domain=RFC2821.domain,
    address_literal=RFC2821.address_literal,
    local_part=re.compile(rb"%b|%b" % (_PRINTABLE_QUOTED, DOT_STRING)),
    # RFC 5321 section 4.1.2: At-domain = "@" Domain
    literal_in_route=False,
)

# RFC 821 section 4.1.2: four letters; RFC 1869 section 4.3 and RFC 2821 section 2.2.2 allow others
VERB = re.compile(rb"[A-Za-z0-9][A-Za-z0-9\-]*")
# RFC 1869 section 6, RFC 2821 section 4.1.2
ESMTP_KEYWORD = re.compile(rb"[A-Za-z0-9][A-Za-z0-9\-]*")
ESMTP_VALUE = re.compile(rb"[!-<>-~]+")
# RFC 1869 section 4.2, RFC 2821 section 4.1.1.1: ehlo-keyword, ehlo-param
EHLO_KEYWORD = re.compile(rb"[A-Za-z0-9][A-Za-z0-9\-]*")
EHLO_PARAM = re.compile(rb"[!-~]+")
# RFC 2821 section 4.2.1, RFC 5321 section 4.2: three digits, the first 2 to 5, the second 0 to 5
REPLY_CODE = re.compile(rb"[2-5][0-5][0-9]")
# RFC 2034 section 4, RFC 3463 section 2
ENHANCED_STATUS_CODE = re.compile(rb"[245]\.[0-9]{1,3}\.[0-9]{1,3}(?= |$)")
# RFC 2822 section 2.2: the name of a header field
FIELD_NAME = re.compile(rb"[!-9;-~]+(?=:)")
# A word without spaces, where a syntax wants no more than that
WORD = re.compile(rb"[!-~]+")
