"""Settings for every test, and the fixture that plays a transcript on a bench."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

from esmtp_lab.lab import Lab
from esmtp_lab.tutor.play import play
from esmtp_lab.wire.transcript import read

# Property tests repeat the same cases, and are not held to a wall clock.
settings.register_profile("steady", deadline=None, derandomize=True, max_examples=200)
settings.load_profile("steady")


@pytest.fixture(autouse=True, scope="session")
def _own_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the settings and the typed lines of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CONFIG", "HISTORY"):
            patch.setenv(f"ESMTP_LAB_{name}", str(tmp_path_factory.getbasetemp() / name.lower()))
        yield


@pytest.fixture
def plays() -> Callable[..., Lab]:
    """Play a transcript on a fresh lab; every line of it must come out as it is written."""

    def run(transcript: str, **options: object) -> Lab:
        lab = Lab(clock=lambda: 1_000_000_000.0, **options)
        entries = read(line.encode() for line in transcript.strip("\n").split("\n"))
        wrong = [
            f"line {played.entry.number}: {played.mismatch}" for played in play(lab.bench, entries) if played.mismatch
        ]
        assert wrong == []
        return lab

    return run
