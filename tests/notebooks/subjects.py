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
        see 250 2.0.0 OK
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

STATE = Subject(
    name="state",
    cell="""from esmtp_lab import Lab
from esmtp_lab.notebook import StateWidget
lab = Lab()
widget = StateWidget(lab)
widget""",
    mouse="""
        see client and server: initial
        click EHLO me.example
        see client and server: ready
        see 250-SIZE 10485760
        click MAIL FROM:<me@me.example>
        see 250 2.1.0 Sender
        gone client and server: ready
        click Undo
        see client and server: ready
        unfold the diagram as a list
        see initial to ready
        unfold the diagram as a list
        gone initial to ready
        choose era = rfc821
        see 220 lab.example Simple Mail Transfer Service Ready
        choose host = no-service
        see 421 lab.example No SMTP service here
        choose host = lab
        gone 421 lab.example
        choose era = rfc2821
        see 220 lab.example ESMTP ready
        into another line
        type XYZZY
        click Send
        see C: XYZZY
        click New session
        gone C: XYZZY
    """,
    keyboard="""
        focus another line: what you say as the client
        press Control+a
        type HELO me.example
        press Enter
        see client and server: ready
        on another line: what you say as the client
        back EHLO me.example
        press Enter
        see 250-SIZE 10485760
        on EHLO me.example
        focus MAIL FROM:<me@me.example>
        press Enter
        see 250 2.1.0 Sender
        press Alt+u
        see client and server: ready
        focus the diagram
        press ArrowDown
        focus the diagram as a list
        press Enter
        see initial to ready
        press Enter
        gone initial to ready
        back era
        press ArrowDown
        chosen era = rfc5321
        focus NOOP
        press Space
        see C: NOOP
        on NOOP
        lit the diagram
    """,
    left="C: NOOP",
)

LADDER = Subject(
    name="ladder",
    cell="""from esmtp_lab import Lab
from esmtp_lab.notebook import LadderWidget
lab = Lab()
widget = LadderWidget(lab)
widget""",
    mouse="""
        see line 1 of 1
        click New session: a letter
        see line 15 of 15
        see 3 round trips, 0.000 seconds
        click First
        see line 1 of 15
        click Forward
        see line 2 of 15
        see C: EHLO me.example
        click Back
        see line 1 of 15
        click Last
        see line 15 of 15
        choose a round trip takes, in seconds = 0.5
        click New session: a letter
        see 3 round trips, 1.750 seconds
        unfold the diagram as a list
        see the client says QUIT
        unfold the diagram as a list
        gone the client says QUIT
    """,
    keyboard="""
        focus the diagram
        press Home
        see line 1 of 15
        on the diagram
        press ArrowRight
        see line 2 of 15
        press ArrowDown
        see line 3 of 15
        press ArrowLeft
        see line 2 of 15
        press End
        see line 15 of 15
        press ArrowUp
        see line 14 of 15
        on the diagram
        focus the diagram as a list
        press Enter
        see the client says QUIT
        press Enter
        back New session: a letter
        press Enter
        see line 15 of 15
        on New session: a letter
        back Back
        press Space
        see line 14 of 15
        back First
        press Enter
        see line 1 of 15
        on First
        back a round trip takes, in seconds
        press ArrowUp
        chosen a round trip takes, in seconds = 0.1
        focus Forward
        press Enter
        see line 2 of 15
        press Enter
        press Enter
        see line 4 of 15
        on Forward
        lit the diagram
    """,
    left="line 4 of 15",
)

COMPARE = Subject(
    name="compare",
    cell="""from esmtp_lab import Lab
from esmtp_lab.notebook import CompareWidget
lab = Lab()
for line in ("EHLO me.example", "VRFY ada"):
    lab.send(line)
widget = CompareWidget(lab)
widget""",
    mouse="""
        see rfc1869
        see 500 Command unrecognized
        into what the client says
        press Control+a
        type HELO me.example
        press Enter
        type TURN
        click Compare
        see all four:
        gone 500 Command unrecognized
        unfold There are fourteen verbs
        choose host = no-service
        see No SMTP service here
        choose host = lab
        gone No SMTP service here
        click Take what was said in this lab
        see 500 Command unrecognized
    """,
    keyboard="""
        back what the client says, a line each (Control+Enter compares)
        press Control+a
        type HELO me.example
        press Enter
        type NOOP
        press Control+Enter
        gone C: EHLO
        on what the client says, a line each (Control+Enter compares)
        focus host
        press ArrowDown
        see 220 partner.example
        press ArrowUp
        gone 220 partner.example
        focus Take what was said in this lab
        press Enter
        see C: EHLO
        back what the client says, a line each (Control+Enter compares)
        press Control+Home
        type NOOP
        press Enter
        focus Compare
        press Enter
        see 1 NOOP
        on Compare
        press Tab
        press Enter
    """,
    left="1 NOOP",
)

LESSON = Subject(
    name="lesson",
    cell="""import os, tempfile
os.environ["ESMTP_LAB_PROGRESS"] = tempfile.mkdtemp() + "/progress.json"
from esmtp_lab.notebook import LessonWidget
widget = LessonWidget("someone-answers")
widget""",
    mouse="""
        see Someone answers 1/4
        see [ ] your goodbye gets 221
        click Hint
        see hint 1 of 2
        click Hint
        see hint 2 of 2
        click Hint before
        see hint 1 of 2
        click Solution
        see one way to do it (1 of 2)
        click Next
        see not done yet
        unfold rules of this lesson
        unfold rfc2821:4.3.1/wait-for-greeting
        unfold rules of this lesson
        unfold mailboxes
        see no letters yet
        unfold mailboxes
        click QUIT
        click Send
        see [x] your goodbye gets 221
        see Next goes on
        click Next
        see Someone answers 2/4
    """,
    keyboard="""
        focus C: what you say as the client
        type NOOP
        press Enter
        see [x] what you try next gets 503
        on C: what you say as the client
        press Alt+h
        see hint 1 of 2
        on C: what you say as the client
        back Solution
        press Enter
        see one way to do it (1 of 2)
        back Hint
        press Space
        see hint 2 of 2
        focus C: what you say as the client
        type QUIT
        press Enter
        see Next goes on
        press Alt+g
        see Someone answers 3/4
        on C: what you say as the client
        type /host evening
        press Enter
        see 220 south.example
        type QUIT
        press Enter
        see Next goes on
        press Alt+g
        see Someone answers 4/4
        back c  It closes the channel: nobody is there.
        press Enter
        see [ ] not right: c
        back b  It waits: the server speaks first.
        press Enter
        see [x] right: b
        on b  It waits: the server speaks first.
    """,
    left="[x] right: b",
)

SUBJECTS = (BENCH, STATE, LADDER, COMPARE, LESSON)
