"""The lines around the record: what stands at the top, and what stands below the typed line."""

from esmtp_lab.protocol.session import STATES
from esmtp_lab.shell import predict
from esmtp_lab.shell.keys import KEYS, LESSON
from esmtp_lab.shell.lesson import goal_marks
from esmtp_lab.shell.session import Session

FIRST = (
    "Type a command as a mail client would, such as EHLO me.example, and press Enter: it goes onto the wire.",
    "Ask: ? on an empty line explains, Tab shows what may come next, /help lists what the lab can do.",
    "Leave with Ctrl-D or /quit. Nothing reaches the network before /connect or /listen.",
)
"""What a learner reads first: how to send, how to ask, how to leave."""


def first(session: Session) -> tuple[str, ...]:
    """What this learner reads first: with HELO where there is no EHLO yet; the first lesson tells by itself what to
    type."""
    attempt = session.attempt
    if attempt is not None and attempt.lesson.number == 1:
        return FIRST[1:]
    return tuple(line.replace("EHLO", "HELO") for line in FIRST) if session.lab.era == "rfc821" else FIRST


def header(session: Session) -> str:
    """The host, the era, and the lesson with its goals where there is one."""
    lab = session.lab
    era = f"era {lab.era}" + (f" (client {lab.client_era})" if lab.client_era != lab.era else "")
    text = f" {lab.policy.domain} · {era}" + (" · you are the server" if lab.role == "server" else "")
    if session.aside is not None:
        text += " · free play: /play off comes back to the lesson"
    elif session.attempt is not None:
        text += f" · {session.attempt.title}    {goal_marks(session.attempt)}"
    return text


def footer(session: Session, columns: int) -> str:
    """The state in plain words as far as there is room, and the keys, those of a lesson and the most needed first."""
    side = session.lab.bench.server if session.lab.role == "server" else session.lab.bench.client
    state, meaning = side.position.state, STATES[side.position.state]
    here = {session.prompt_kind, *(("lesson",) if session.attempt else ())}
    keys = [key for key in KEYS if key.label and not here.isdisjoint(key.prompts)]
    labels = [key.label for key in sorted(keys, key=lambda key: key.prompts != LESSON)]
    score = predict.mark(session)
    labels = [score, *labels] if score else labels
    texts = [f" {state}: {meaning}   {'   '.join(labels)}"]
    texts += [f" {state}   {'   '.join(labels[:count])}" for count in range(len(labels), 0, -1)]
    return next((text for text in texts if len(text) < columns), texts[-1])
