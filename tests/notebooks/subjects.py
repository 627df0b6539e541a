"""What the browser tests try: each widget, how it is made, and how it is used by mouse and by keyboard alone.

A widget more is a row more in SUBJECTS. Scripts are in the words of `browser.Driver`, one step a line.
"""

from typing import NamedTuple


class Subject(NamedTuple):
    """A widget: the cell that makes `lab` and `widget`, and what is done with it."""

    name: str
    cell: str
    mouse: str
    """By mouse, from a fresh widget on."""
    keyboard: str
    """By keyboard alone, in the state that the mouse left."""
    left: str
    """What stands there at the end, in every view and after it was shown again."""


BENCH = Subject(
    name="bench",
    cell="""from esmtp_lab import Lab
from esmtp_lab.notebook import BenchWidget
lab = Lab()
widget = BenchWidget(lab)
widget""",
    mouse="""
        see 220 lab.example ESMTP ready
        click EHLO
        click me.example
        see will be answered: 250
        click Send
        see 250-SIZE 10485760
        click MAIL
        see FROM
        click Undo
        see (undone)
        gone state ready
        click Redo
        see state ready
        choose era = rfc821
        see 220 lab.example Simple Mail Transfer Service Ready
        choose you are = server
        see what you answer as the server
        into what you answer
        type 220 by.hand
        click Send
        see C: EHLO me.example
        choose you are = client
        choose era = rfc2821
        see 220 lab.example ESMTP ready
        choose let go wrong, once = 421 to the next MAIL
        into what you say
        type EHLO me.example
        click Send
        see 250-SIZE
        click MAIL
        into what you say
        press Control+a
        type MAIL FROM:<me@me.example>
        click Send
        see 421 lab.example closing
        chosen let go wrong, once = none
        click New session
        gone 421 lab.example closing
    """,
    keyboard="""
        focus era
        focus host
        focus you are
        focus let go wrong, once
        focus Undo
        focus Redo
        focus New session
        focus what crossed the wire
        focus C: what you say as the client
        type EHLO me.example
        press Enter
        see 250-SIZE 10485760
        on C: what you say as the client
        type hjkabdxmyr
        press Shift+Enter
        see 500
        on C: what you say as the client
        press Alt+u
        see (undone)
        on C: what you say as the client
        press Alt+r
        gone (undone)
        focus EHLO
        press Enter
        on C: what you say as the client
        press Alt+n
        gone 250-SIZE
        type NOOP
        press Enter
        see 250 OK
        back Undo
        press Space
        see (undone)
        back let go wrong, once
        press ArrowDown
        chosen let go wrong, once = hang up before the reply to the content
        back era
        press ArrowDown
        see 220
        chosen era = rfc5321
        press ArrowUp
        chosen era = rfc2821
        focus C: what you say as the client
        type RSET
        press Enter
        see C: RSET
    """,
    left="C: RSET",
)

SUBJECTS = (BENCH,)
