"""From a part of the grammar to a Pygments token, so that every style can colour it."""

from pygments.token import (
    Comment,
    Error,
    Generic,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Text,
    Whitespace,
    _TokenType,
)

from esmtp_lab.wire.span import Span

TOKENS: dict[str, _TokenType] = {
    "verb": Keyword,
    "space": Whitespace,
    "literal": Keyword.Pseudo,
    "domain": Name.Namespace,
    "address-literal": Name.Namespace,
    "reverse-path": Name.Variable,
    "forward-path": Name.Variable,
    "angle": Punctuation,
    "source-route": Comment.Special,
    "local-part": Name.Variable,
    "at": Punctuation,
    "parameter": Name.Attribute,
    "esmtp-keyword": Name.Attribute,
    "equals": Operator,
    "esmtp-value": String,
    "string": String,
    "node-name": Name.Namespace,
    "option-character": Operator,
    "chunk-size": Number.Integer,
    "end-marker": Keyword.Pseudo,
    "secret": String.Other,
    "unparsed": Error,
    "reply-code": Number.Integer,
    "hyphen": Operator,
    "reply-text": Text,
    "enhanced-status-code": Number.Float,
    "ehlo-keyword": Name.Builtin,
    "ehlo-param": String,
    "content-text": Text,
    "stuffed-dot": Operator,
    "end-of-data": Keyword,
    "field-name": Name.Tag,
    "colon": Punctuation,
    "field-body": String,
    "crlf": Whitespace,
    "bare-cr": Error,
    "bare-lf": Error,
    "nul": Error,
    "eight-bit": Error,
}
"""A token for every part."""

NEGATIVE = Generic.Error
"""The token of a reply code that refuses."""
MARK = Generic.Prompt
"""The token of C: and S:."""


def token_of(span: Span, octets: bytes) -> _TokenType:
    """The token of a span; a reply code that refuses has one of its own."""
    refuses = span.part == "reply-code" and octets[span.start : span.start + 1] in (b"4", b"5")
    return NEGATIVE if refuses else TOKENS[span.part]
