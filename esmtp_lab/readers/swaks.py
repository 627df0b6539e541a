"""Reads what swaks prints: `` -> `` is sent, ``<-  `` received, ``<** `` refused, with ``~`` in it under TLS."""

import re

from esmtp_lab.readers.shown import Format, line_by_line, moment, said

SWAKS = Format(
    "swaks",
    "the output of swaks",
    re.compile(rb"(?: [-~]>|\*\*>|\*~>|<- |<~ |<\*\*|<~\*) |=== (?:Trying|Connected|TLS|Connection) "),
    line_by_line(
        # with --suppress-data the content is only counted
        (re.compile(rb" [-~]> (\d+ lines) sent\r?$"), moment("content", b"not shown here: %b")),
        (re.compile(rb"(?: [-~]>|\*[*~]>)(?: (.*)|$)", re.DOTALL), said("client")),
        (re.compile(rb"<(?:[-~] |\*\*|~\*) (.*)", re.DOTALL), said("server")),
        (re.compile(rb"=== Connected (to .*?)\.?\r?$"), moment("connected", b"%b")),
        (re.compile(rb"=== TLS started with cipher (.*)$"), moment("tls", b"with %b")),
        (re.compile(rb"=== Connection closed"), moment("closed")),
    ),
)
