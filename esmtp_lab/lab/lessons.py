"""Labs for lessons: each task is played in one, in the setting that the task asks for."""

import time
from collections.abc import Callable
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from esmtp_lab.lab.lab import Lab
from esmtp_lab.tutor.letter import ready_letter

if TYPE_CHECKING:
    from esmtp_lab.tutor.attempt import Attempt
    from esmtp_lab.tutor.setting import Setting


def lab_in(setting: "Setting", clock: Callable[[], float] = time.time) -> Lab:
    """A fresh lab in the setting of a task; the embedded client begins, where the learner is the server."""
    return Lab(
        setting.era,
        client_era=setting.client_era,
        policy=setting.host,
        role=setting.role,
        clock=clock,
        faults=setting.faults,
        latency=setting.latency,
        turns=setting.turns,
        letter=setting.letter or (ready_letter(setting.host) if setting.role == "server" else None),
        neighbours=setting.neighbours,
    )


def begin(name: str, folder: FilePath | None = None) -> "Attempt":
    """An attempt at a lesson, by its number or name. Raises DataError."""
    from esmtp_lab.tutor.attempt import Attempt
    from esmtp_lab.tutor.lesson import find_lesson

    return Attempt(find_lesson(name, folder), lab_in)


def lab_of(attempt: "Attempt") -> Lab:
    """The lab that an attempt is at, which `lab_in` opened."""
    lab = attempt.scene.desk
    assert isinstance(lab, Lab)
    return lab
