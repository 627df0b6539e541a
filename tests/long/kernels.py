"""The browser tests on other kernels, for ipykernel calls back on other threads, and at other moments, by its version.

Each version has an environment of its own in ``.cache``, with the widgets and this package beside it; JupyterLab, Voilà
and the browser stay those of the tests. Ends with 1 where a version fails. About two minutes for each.

    python tests/long/kernels.py [VERSION ...]
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
VERSIONS = ("6.30.1", "7.3.0", "7.4.0")


def environment(version: str) -> Path:
    """The Python of an environment with that ipykernel."""
    folder = HERE / ".cache" / f"ipykernel-{version}"
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    quiet = ("--quiet", "--disable-pip-version-check")
    wanted = (f"ipykernel=={version}", "ipywidgets>=8.1", "anywidget>=0.9.13", "-e", str(ROOT))
    subprocess.run([python, "-m", "pip", "install", *quiet, *wanted], check=True)
    return python


def main() -> int:
    """Run the tests on each version, and say how each came out."""
    failed = []
    for version in sys.argv[1:] or VERSIONS:
        print(f"== ipykernel {version}", flush=True)
        settings = {**os.environ, "ESMTP_LAB_TEST_KERNEL": str(environment(version)), "PYTHONPATH": str(ROOT)}
        tests = [sys.executable, "-m", "pytest", "-q", "tests/notebooks/test_browser.py"]
        if subprocess.run(tests, cwd=ROOT, env=settings, check=False).returncode:
            failed.append(version)
    print(f"FAILED: {', '.join(failed)}" if failed else "all is well")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
