"""CHUNKING: content in chunks that are counted beforehand, by BDAT beside DATA (RFC 3030 section 2).

No dot is doubled and no end is looked for. Choices where the text is open or silent:

* It leaves open what state a refused BDAT leads to, and asks for RSET. Here it ends the transaction, and nothing but
  RSET, EHLO, HELO and QUIT leads on: whoever has sent further chunks already must not deliver half a letter. So does
  a BDAT that is wrong (501), one before any RCPT, and DATA behind a BDAT, although RFC 2821 section 4.1.4 has a 503
  change nothing. A BDAT outside any transaction changes nothing.
* Whether a refusal may come before the last chunk it does not say. A letter is refused at the chunk with which it has
  become too large.
* A chunk-size may have any number of digits. One of 4 GiB or more is answered 421, and the channel closed, although
  the section has a server discard what it refuses: that many octets can be neither awaited nor read as commands.
* To a client that said HELO nothing was offered: its BDAT is answered 503 at once, and what it sends behind it is read
  as commands, as the note in the section has it.
"""

from esmtp_lab.protocol.extension import Context, Extension
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.protocol.session import LAST_CHUNK, Form, row
from esmtp_lab.wire.command import Command

# RFC 3030 section 2 names 503, and "the appropriate 5XX or 4XX code"
_FAILURE = (450, 451, 452, 503, 550, 552, 554)


def _bdat(context: Context, command: Command) -> Answer:
    return Answer("chunk-taken", {"octets": command.text("chunk-size").lstrip("0") or "0"})


CHUNKING = Extension(
    name="Large Message Chunking",
    ehlo_keyword="CHUNKING",
    defined_in="RFC 3030",
    meaning="the server takes content in chunks whose octets are counted, so that no end need be looked for",
    forms=(
        Form(
            "BDAT",
            "SP chunk-size [SP end-marker]",
            "send a chunk of the content: its octets follow behind the line; LAST ends the letter",
            "chunk-sent",
            failure=_FAILURE,
            octets="chunk-size",
            last="end-marker",
        ),
        Form(LAST_CHUNK, "", "the last octet of the last chunk", "chunk-last", failure=_FAILURE),
    ),
    rows=(
        row("rcpt chunks", "BDAT", "2", "chunks", "chunk-sent", needs="extended"),
        row("rcpt chunks", LAST_CHUNK, "2", "ready", "chunk-last", needs="extended", clears="transaction"),
        row("mail rcpt chunks", f"BDAT {LAST_CHUNK}", "45", "failed", "chunk-fails", clears="transaction"),
        row("chunks", "DATA", "5", "failed", "data-behind-chunk", clears="transaction"),
    ),
    answers={"BDAT": _bdat},
)
