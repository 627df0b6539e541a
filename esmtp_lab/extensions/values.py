"""Forms of the values that a defined parameter may have: a closed set of names, or a list of words.

A definition names a form and how long a value may be, and never a pattern of its own: so none can take for ever to
match, and the longest line is known (RFC 1869 section 4.1.2).
"""

import re
from collections.abc import Sequence

FORMS: dict[str, str] = {
    "digits": "[0-9]",
    "letters": "[A-Za-z]",
    "letters-and-digits": "[A-Za-z0-9]",
    "hex": "[0-9A-Fa-f]",
    # RFC 1869 section 6, RFC 2821 section 4.1.2: all that an esmtp-value may hold
    "text": "[!-<>-~]",
    # RFC 3461 section 4
    "xtext": r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})",
}
"""A pattern for one character of each form, or for what stands for one."""


def pattern(form: str, longest: int) -> str:
    """The pattern of a whole value of 1 to `longest` octets."""
    if form == "xtext":
        return rf"(?=.{{1,{longest}}}\Z){FORMS[form]}+"
    return f"{FORMS[form]}{{1,{longest}}}"


def one_of(words: Sequence[str]) -> str:
    """The pattern of a value that is one of some words, in any case."""
    return f"(?i:{'|'.join(map(re.escape, words))})"
