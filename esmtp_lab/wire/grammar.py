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
* RFC 6531 section 3.3 extends the productions of RFC 5321; here it extends those of an older standard in the same
  places, where a host offers it in an older era. Its `String` is extended through `Atom` and `Quoted-string`, so NOOP
  and HELP take UTF-8 as VRFY does; the name in EHLO does not (section 3.7.1).
* A `U-label` (RFC 5890 section 2.3.2.1) is a label with characters beyond US-ASCII; a hyphen begins and ends none.
  Which characters may stand in one depends on the version of Unicode, and whoever looks it up in the DNS has to check
  that (RFC 5891 section 5.4). Nobody here does.
* What a comment says and its production does not counts all the same in RFC 2821 and RFC 5321 section 4.1.3: `Snum` is
  at most 255, "::" stands for two groups or more, and the tag "IPv6" is that of IPv6 addresses alone.
"""

import re
from dataclasses import dataclass, replace
from functools import cache, cached_property
from re import Pattern

_TAIL = rb"[\x80-\xbf]"
# RFC 3629 section 4, RFC 6532 section 3.1: UTF8-non-ascii = UTF8-2 / UTF8-3 / UTF8-4
_UTF8 = rb"|".join(
    [
        rb"[\xc2-\xdf]" + _TAIL,
        rb"\xe0[\xa0-\xbf]" + _TAIL,
        rb"[\xe1-\xec\xee\xef]" + _TAIL * 2,
        rb"\xed[\x80-\x9f]" + _TAIL,
        rb"\xf0[\x90-\xbf]" + _TAIL * 2,
        rb"[\xf1-\xf3]" + _TAIL * 3,
        rb"\xf4[\x80-\x8f]" + _TAIL * 2,
    ]
)
_OR_UTF8 = b"|" + _UTF8
"""Patterns of characters have a place for it; where only US-ASCII will do, nothing stands there."""

# RFC 2821 section 4.1.2: sub-domain = Let-dig [Ldh-str]; RFC 6531 section 3.3: sub-domain =/ U-label
_LABEL = rb"(?:[A-Za-z0-9]%b)(?:(?:[A-Za-z0-9\-]%b)*(?:[A-Za-z0-9]%b))?"


def _domain(more: bytes = b"") -> bytes:
    label = _LABEL % (more, more, more)
    return rb"%b(?:\.%b)*" % (label, label)


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
# RFC 2822 section 3.2.4: atext; RFC 6531 section 3.3: atext =/ UTF8-non-ascii
_ATOM = rb"(?:[A-Za-z0-9!#$%%&'*+\-/=?^_`{|}~]%b)+"
# RFC 2822 section 3.2.5: qcontent, without the folding that a command line cannot hold
_QUOTED = rb'"(?:[\x01-\x09\x0b\x0c\x0e-!#-\[\]-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f]%b)*"'
# RFC 5321 section 4.1.2: QcontentSMTP = qtextSMTP / quoted-pairSMTP; RFC 6531 section 3.3: qtextSMTP =/ UTF8-non-ascii
_PRINTABLE_QUOTED = rb'"(?:[ !#-\[\]-~]|\\[ -~]%b)*"'
# RFC 821 section 4.1.2: string, where "\" lets any character stand for itself
_OLD_STRING = rb"(?:[!#-'*+\-/-9=?A-Z^-~]|\\[\x00-\x7f]%b)+"
_OLD_QUOTED = rb'"(?:[\x00-\x09\x0b\x0c\x0e-!#-\[\]-\x7f]|\\[\x00-\x7f]%b)+"'
# RFC 821 section 4.1.2: element = name / "#" number / "[" dotnum "]"
_OLD_ELEMENT = rb"(?:%b|#[0-9]+|\[%b\])"


def _old_domain(more: bytes = b"") -> bytes:
    element = _OLD_ELEMENT % (_LABEL % (more, more, more), _IPV4)
    return rb"%b(?:\.%b)*" % (element, element)


def _dot_string(string: bytes, more: bytes = b"") -> bytes:
    """RFC 2821 section 4.1.2: Dot-string = Atom *("." Atom)."""
    return rb"%b(?:\.%b)*" % (string % more, string % more)


def _local_part(quoted: bytes, string: bytes, more: bytes = b"") -> bytes:
    return rb"%b|%b" % (quoted % more, _dot_string(string, more))


def _string(more: bytes = b"") -> bytes:
    return rb"(?:[ -~]%b)*(?:[!-~]%b)" % (more, more)


DOT_STRING = re.compile(_dot_string(_ATOM, _OR_UTF8))
"""What need not be quoted in a local part, in UTF-8."""
_STRING = re.compile(_string())
_VALUE = re.compile(rb"[!-<>-~]+")


@dataclass(frozen=True, eq=False)
class Grammar:
    """The small productions of one standard, and the lengths in octets that it allows them.

    `literal_in_route` says whether a source route may pass a host that is named by its address. `parameter_behind`
    is a parameter that ends a line behind a string. Of a grammar that takes UTF-8, `narrow` is the one without.
    """

    name: str
    space: Pattern[bytes]
    domain: Pattern[bytes]
    literal: bytes
    local_part: Pattern[bytes]
    literal_in_route: bool = True
    longest_local_part: int = 64
    longest_domain: int = 255
    longest_path: int = 256
    string: Pattern[bytes] = _STRING
    parameter_behind: Pattern[bytes] | None = None
    esmtp_value: Pattern[bytes] = _VALUE
    narrow: "Grammar | None" = None

    @cached_property
    def address_literal(self) -> Pattern[bytes]:
        """The pattern of `literal`: by far the longest, so it is made when somebody first looks for an address."""
        return re.compile(self.literal)


RFC821 = Grammar(
    name="rfc821",
    space=re.compile(rb" +"),
    domain=re.compile(_old_domain()),
    # What goes on behind a literal is a domain, one of whose elements it is
    literal=rb"\[%b\](?!\.)" % _IPV4,
    local_part=re.compile(_local_part(_OLD_QUOTED, _OLD_STRING), re.DOTALL),
    # RFC 821 section 4.5.3; RFC 2821 section 4.5.3.1 has 255
    longest_domain=64,
)
RFC2821 = Grammar(
    name="rfc2821",
    space=re.compile(rb" "),
    domain=re.compile(_domain()),
    literal=_LITERAL,
    local_part=re.compile(_local_part(_QUOTED, _ATOM), re.DOTALL),
)
RFC5321 = Grammar(
    name="rfc5321",
    space=RFC2821.space,
    domain=RFC2821.domain,
    literal=_LITERAL,
    local_part=re.compile(_local_part(_PRINTABLE_QUOTED, _ATOM)),
    # RFC 5321 section 4.1.2: At-domain = "@" Domain
    literal_in_route=False,
)

_PIECES = {"rfc821": (_OLD_QUOTED, _OLD_STRING), "rfc2821": (_QUOTED, _ATOM), "rfc5321": (_PRINTABLE_QUOTED, _ATOM)}


@cache
def with_utf8(grammar: Grammar) -> Grammar:
    """The grammar as RFC 6531 section 3.3 extends it; VRFY and EXPN as its section 3.7.4.2 does."""
    domain = _old_domain if grammar is RFC821 else _domain
    return replace(
        grammar,
        domain=re.compile(domain(_OR_UTF8)),
        local_part=re.compile(_local_part(*_PIECES[grammar.name], _OR_UTF8), re.DOTALL),
        string=re.compile(_string(_OR_UTF8)),
        # a value is one too many
        parameter_behind=re.compile(rb" +SMTPUTF8(?:=[!-~]*)?[ \t]*\Z", re.IGNORECASE),
        # RFC 6531 section 3.3: esmtp-value =/ UTF8-non-ascii
        esmtp_value=re.compile(rb"(?:[!-<>-~]%b)+" % _OR_UTF8),
        narrow=grammar,
    )


# RFC 821 section 4.1.2: four letters; RFC 1869 section 4.3 and RFC 2821 section 2.2.2 allow others
VERB = re.compile(rb"[A-Za-z0-9][A-Za-z0-9\-]*")
# RFC 1869 section 6, RFC 2821 section 4.1.2
ESMTP_KEYWORD = re.compile(rb"[A-Za-z0-9][A-Za-z0-9\-]*")
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
