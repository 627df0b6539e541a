"""The lines around the record: what stands at the top, and what stands below the typed line."""

from esmtp_lab.protocol.session import STATES
from esmtp_lab.shell.lesson import goal_marks
from esmtp_lab.shell.session import Session

_KEYS = "Tab words   ? explain   [ ] walk   M-u undo   F2 view   /help   C-d quit"
_SHORT = "? explain  Tab words  /help  C-d quit"
_CONTENT = "F1 explain   M-u undo   F2 view   a lone dot ends the content"
FIRST = (
    "Type a command as a mail client would, such as EHLO me.example, and press Enter: it goes onto the wire.",
    "Ask: ? on an empty line explains, Tab shows what may come next, /help lists what the lab can do.",
    "Leave with Ctrl-D or /quit. Nothing here reaches the network.",
)
"""What a learner reads first: how to send, how to ask, how to leave."""


def header(session: Session) -> str:
    """The host, the era, and the lesson with its goals where there is one."""
    lab = session.lab
    era = f"era {lab.era}" + (f" (client {lab.client_era})" if lab.client_era != lab.era else "")
    text = f" {lab.policy.domain} · {era}" + (" · you are the server" if lab.role == "server" else "")
    if session.lesson is not None:
        text += f" · {session.lesson.title}    {goal_marks(session.lesson, lab)}"
    return text


def footer(session: Session, columns: int) -> str:
    """The state in plain words, and the keys."""
    side = session.lab.bench.server if session.lab.role == "server" else session.lab.bench.client
    state = f" {side.position.state}"
    keys = _CONTENT if session.prompt_kind == "content" else _KEYS if columns >= 84 else _SHORT
    known = f"{state}: {STATES[side.position.state]}   {keys}"
    return known if len(known) < columns else f"{state}   {keys}"
