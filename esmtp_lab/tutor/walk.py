"""Random walks: legal commands one after the other, by somebody who does not know what the task is."""

from collections.abc import Iterator
from random import Random

from esmtp_lab.protocol.policy import Policy
from esmtp_lab.tutor.scene import Opens, Scene
from esmtp_lab.tutor.setting import Setting

SEEDS, STEPS = 100, 50
_TEXT = ("Subject: hello", "", "A line of text.", "..", "Another line.")


def walk(setting: Setting, opens: Opens, seed: int, steps: int = STEPS) -> Iterator[Scene]:
    """Walk at random; the scene after every few commands, and at the end."""
    random = Random(seed)
    scene = Scene(setting, opens)
    for step in range(1, steps + 1):
        scene.play(_next(scene, random))
        if step % 10 == 0:
            yield scene


def _next(scene: Scene, random: Random) -> str:
    """A legal line, or several where they go together."""
    client, bench = scene.bench.client, scene.bench
    if client.in_content:
        return "\n".join((*random.sample(_TEXT, 3), "."))
    if client.framing == "line":
        return "C: *"
    if client.position.closed:
        return "/restart"
    dialect = bench.server.dialect
    verbs = [verb for verb in dialect.forms if dialect.may(client.position, verb) and verb in _LINES]
    verb = random.choice(verbs or ["NOOP"])
    return "C: " + random.choice(_LINES[verb](scene.desk.policy))


def _paths(policy: Policy) -> list[str]:
    return [f"<{name}@{policy.domain}>" for name in (*policy.mailboxes, *policy.lists, "nobody")]


_LINES = {
    "HELO": lambda policy: ["HELO me.example"],
    "EHLO": lambda policy: ["EHLO me.example"],
    "MAIL": lambda policy: ["MAIL FROM:<me@me.example>", "MAIL FROM:<>", "MAIL FROM:<ada@lab.example>"],
    "RCPT": lambda policy: [f"RCPT TO:{path}" for path in _paths(policy)],
    "DATA": lambda policy: ["DATA"],
    "RSET": lambda policy: ["RSET"],
    "NOOP": lambda policy: ["NOOP"],
    "QUIT": lambda policy: ["QUIT"],
    "VRFY": lambda policy: [f"VRFY {name}" for name in (*policy.mailboxes, "nobody")],
    "EXPN": lambda policy: [f"EXPN {name}" for name in (*policy.lists, "nobody")],
    "HELP": lambda policy: ["HELP"],
    "STARTTLS": lambda policy: ["STARTTLS"],
}
"""What may be said with each verb. A walker knows the standards and the host, and nothing else."""
