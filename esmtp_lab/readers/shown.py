"""What a line of a file shows of a dialogue, and what a format has to say about itself."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

Numbered = tuple[int, bytes]
"""A line of a file without its line end, and its number, from 1."""


class Shown(NamedTuple):
    """What one line shows: octets that the "client" or the "server" sends, or a moment of the channel.

    The moments are "connected", "tls", "closed", and "content" where content passed that the file does not hold; their
    `octets` are words about them, if any.
    """

    number: int
    kind: str
    octets: bytes = b""


@dataclass(frozen=True, slots=True)
class Format:
    """A form in which software writes dialogues down.

    `sign` matches at the start of the lines that only this format has, `read` says what the lines show; it passes over
    those that show nothing, and raises for none. `what` names the format for a reader.
    """

    name: str
    what: str
    sign: re.Pattern[bytes]
    read: Callable[[Iterable[Numbered]], Iterator[Shown]]


def plain_line(text: bytes) -> bytes:
    """The octets of a line that is written down without its CRLF, or with the CR of it."""
    return text.removesuffix(b"\r") + b"\r\n"


Tells = Callable[[re.Match[bytes], int], Iterable[Shown]]


def line_by_line(*tells: tuple[re.Pattern[bytes], Tells]) -> Callable[[Iterable[Numbered]], Iterator[Shown]]:
    """How to read a format each line of which speaks for itself: the first pattern that matches tells what it shows."""

    def read(lines: Iterable[Numbered]) -> Iterator[Shown]:
        for number, line in lines:
            for pattern, tell in tells:
                if match := pattern.match(line):
                    yield from tell(match, number)
                    break

    return read


def said(speaker: str) -> Tells:
    """Group 1 is what the speaker sends, in one line."""
    return lambda match, number: (Shown(number, speaker, plain_line(match[1] or b"")),)


def moment(kind: str, words: bytes = b"") -> Tells:
    """A moment of the channel, with words about it, in which group 1 may stand."""
    return lambda match, number: (Shown(number, kind, (words % match[1].strip() if b"%b" in words else words)),)
