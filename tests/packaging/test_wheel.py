"""What is installed: lessons and notebooks ship inside the wheel, and so do the types and the data."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_wheel_holds_everything(tmp_path):
    build = "from hatchling.build import build_wheel; import sys; print(build_wheel(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", build, tmp_path], cwd=ROOT, capture_output=True, text=True, check=True)
    names = zipfile.ZipFile(tmp_path / done.stdout.split()[-1]).namelist()
    wanted = {"esmtp_lab/py.typed", "esmtp_lab/protocol/replies.toml", "esmtp_lab/protocol/policy.toml"}
    for folder in ("rules", "extensions"):
        wanted |= {f"esmtp_lab/{folder}/{file.name}" for file in (ROOT / "esmtp_lab" / folder).glob("*.toml")}
    wanted |= {f"esmtp_lab/{file.relative_to(ROOT)}" for file in (ROOT / "lessons").rglob("*.*") if file.is_file()}
    wanted |= {"esmtp_lab/notebook/face.js", "esmtp_lab/notebook/face.css"}
    template = "data/share/jupyter/voila/templates/esmtp-lab/index.html.j2"
    assert [name for name in names if name.endswith(template)]
    wanted |= {f"esmtp_lab/notebooks/{file.name}" for file in (ROOT / "notebooks").glob("*.ipynb")}
    assert wanted <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "lessons/", "notebooks/"))]
