"""Every test, on a machine that has nothing but Python: ``python3 -m tests``.

Makes an environment of its own in .venv-tests, installs into it what the tests need, installs the
foreign programs that they talk to where it may, and runs every check. What cannot be installed is
skipped and said so; with CI set it is an error. Arguments go to pytest.
"""

import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv-tests"
BIN = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
PROGRAMS = {
    "swaks": "swaks libnet-ssleay-perl",
    "curl": "curl",
    "msmtp": "msmtp",
    "openssl": "openssl",
    "node": "nodejs",
    "npm": "npm",
    "tmux": "tmux",
    "chromium": "chromium fonts-dejavu-core",
}
"""The programs that tests talk to, each with the Debian packages that bring it, and what it needs for TLS."""

CHECKS: tuple[tuple[str, list[str]], ...] = (
    ("lint", ["ruff", "check", "."]),
    ("format", ["ruff", "format", "--check", "."]),
    ("types", ["mypy"]),
    ("import contracts", ["lint-imports", "--no-logo"]),
    ("lessons", ["esmtp-lab", "lessons", "check"]),
    ("server benchmark, short", ["python", "tests/benchmarks/bench_server.py", "--rounds", "2", "--margin", "2"]),
    ("client benchmark, short", ["python", "tests/benchmarks/bench_client.py", "--rounds", "2", "--margin", "2"]),
    ("annotation benchmark, short", ["python", "tests/benchmarks/bench_annotate.py", "--margin", "2"]),
    ("start-up benchmark, short", ["python", "tests/benchmarks/bench_startup.py", "--margin", "1.3"]),
    ("keystroke benchmark, short", ["python", "tests/benchmarks/bench_keystroke.py", "--rounds", "2", "--margin", "2"]),
    ("widget benchmark, short", ["python", "tests/benchmarks/bench_widgets.py", "--clicks", "20", "--margin", "2"]),
    (
        "mutation, short",
        ["python", "tests/long/mutation.py", "--sample", "12", "--tests", "tests/wire", "esmtp_lab/wire"],
    ),
    ("rule mutation, short", ["python", "tests/long/rule_mutation.py", "--sample", "300"]),
    (
        "tests",
        ["pytest", "-n", "auto", "--dist", "loadfile", "--cov", "--cov-report=term", "--durations=5", *sys.argv[1:]],
    ),
)


def say(text: str) -> None:
    """A headline of this run."""
    print(f"\n== {text}", flush=True)


def run(command: list[str]) -> bool:
    """Run a program of the environment, or else of the machine; whether it ended well."""
    program = BIN / command[0]
    full = [str(program) if program.exists() else command[0], *command[1:]]
    path = f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    return subprocess.run(full, cwd=ROOT, env={**os.environ, "PATH": path}, check=False).returncode == 0


def install() -> bool:
    """Make the environment and bring the foreign programs; whether all of it is there."""
    say(f"environment in {ENVIRONMENT.name}")
    if not (BIN / "python").exists():
        venv.create(ENVIRONMENT, with_pip=True)
    if not run(["python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-e", ".[test]"]):
        return False
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    if missing and shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        say(f"programs: {' '.join(missing)}")
        packages = [package for program in missing for package in PROGRAMS[program].split()]
        os.environ["DEBIAN_FRONTEND"] = "noninteractive"
        run(["apt-get", "update", "-qq"])
        run(["apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages])
        missing = [program for program in PROGRAMS if not shutil.which(program)]
    if missing:
        say(f"NOT HERE: {', '.join(missing)}. What talks to them is skipped. Install them, or run this as root.")
        return not os.environ.get("CI")
    return True


def main() -> int:
    """Install, check, and say what failed."""
    if not install():
        say("FAILED: the tests cannot be set up")
        return 1
    failed = []
    for name, command in CHECKS:
        say(name)
        start = time.monotonic()
        if not run(command):
            failed.append(name)
        print(f"   {name}: {time.monotonic() - start:.0f} s", flush=True)
    say(f"FAILED: {', '.join(failed)}" if failed else "all is well")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
