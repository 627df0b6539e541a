"""Foreign software that no package manager may install beside the rest, fetched once and kept in ``.cache``.

Debian's mail servers exclude each other, so their packages are only downloaded and unpacked into a root directory of
their own; nothing of the machine is changed.
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

CACHE = Path(__file__).parent / ".cache"


class Lacking(Exception):
    """A program cannot be had here; says which, and why."""


def _run(command: list[str], folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def debian_packages(program: str) -> list[Path]:
    """The package files of a program and of what it needs that this machine lacks. Raises Lacking."""
    final = CACHE / "debs" / program
    if not final.is_dir():
        if not shutil.which("apt-get"):
            raise Lacking(f"{program} comes as a Debian package, and there is no apt-get here")
        final.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=final.parent) as folder:
            failure = _download(program, Path(folder))
            if failure:  # the lists of packages may be old, or not there at all
                _run(["apt-get", "update", "-qq"])
                failure = _download(program, Path(folder))
            if failure:
                raise Lacking(f"{program} cannot be downloaded: {failure}")
            _keep(Path(folder), final)
    return sorted(final.glob("*.deb"))


def _download(program: str, folder: Path) -> str:
    """What went wrong, or nothing."""
    plan = _run(["apt-get", "install", "--simulate", "--no-install-recommends", program])
    names = {program, *re.findall(r"^Inst (\S+)", plan.stdout, re.MULTILINE)}
    done = _run(["apt-get", "download", *sorted(names)], folder)
    return (plan.stderr if plan.returncode else "") or (done.stderr if done.returncode else "")


def _keep(folder: Path, final: Path) -> None:
    """Move what came whole to where it stays, unless another run was faster."""
    whole = folder / "whole"
    whole.mkdir()
    for file in folder.glob("*.deb"):
        file.rename(whole / file.name)
    if not final.exists():
        whole.rename(final)


def nodemailer_folder() -> Path:
    """The folder that Node finds nodemailer in. Raises Lacking."""
    return npm_folder("nodemailer")


def npm_folder(package: str) -> Path:
    """The folder that Node finds a package of npm in. Raises Lacking."""
    packages = CACHE / "npm" / "node_modules"
    if not (packages / package / "package.json").exists():
        if not shutil.which("npm"):
            raise Lacking(f"{package} comes from npm, and npm is not installed")
        packages.parent.mkdir(parents=True, exist_ok=True)
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-save", "--no-package-lock"]
        present = [each.parent.name for each in packages.glob("*/package.json")]  # npm removes what it is not told of
        done = _run(["npm", "install", *quiet, "--prefix", str(packages.parent), package, *present])
        if done.returncode:
            raise Lacking(f"{package} cannot be installed: {done.stderr}")
    return packages


def postfix_tool(name: str) -> tuple[Path, dict[str, str]]:
    """A program of Postfix that needs no configuration, such as smtp-source, and its environment. Raises Lacking."""
    root = CACHE / "postfix-tools"
    program = root / "usr" / "sbin" / name
    if not program.exists():
        for package in debian_packages("postfix"):
            done = _run(["dpkg", "-x", str(package), str(root)])
            if done.returncode:
                raise Lacking(f"{package.name} cannot be unpacked: {done.stderr}")
    return program, {**os.environ, "LD_LIBRARY_PATH": str(root / "usr" / "lib" / "postfix")}


def unpack(program: str, root: Path) -> None:
    """Unpack a program into a root directory of its own, with the libraries and the shell of this machine.

    Raises Lacking. No file keeps its setuid bit: the servers are made to do without.
    """
    for package in debian_packages(program):
        done = _run(["dpkg", "-x", str(package), str(root)])
        if done.returncode:
            raise Lacking(f"{package.name} cannot be unpacked: {done.stderr}")
    files = [file for file in root.rglob("*") if file.is_file() and not file.is_symlink()]
    for file in files:
        if file.stat().st_mode & 0o6000:
            file.chmod(file.stat().st_mode & 0o777)
    shell = Path("/bin/sh").resolve()
    _bring(shell, root / "bin" / "sh")
    for library in _libraries([*filter(_is_program, files), shell], root):
        _bring(library, root / library.relative_to("/"))


def _bring(file: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    if not to.exists():
        shutil.copy(file, to)


def _is_program(file: Path) -> bool:
    with open(file, "rb") as opened:
        return opened.read(4) == b"\x7fELF"


def _libraries(programs: list[Path], root: Path) -> set[Path]:
    """The libraries of this machine that programs need, and that the root directory has not. Raises Lacking."""
    own = {str(file.parent) for file in root.rglob("*.so*")}
    environment = {**os.environ, "LC_ALL": "C", "LD_LIBRARY_PATH": os.pathsep.join(own)}
    done = subprocess.run(["ldd", *map(str, programs)], env=environment, capture_output=True, text=True, check=False)
    missing = re.findall(r"(\S+) => not found", done.stdout)
    if missing:
        raise Lacking(f"{root.name} needs {', '.join(sorted(set(missing)))}, which no package brought")
    found = {Path(path) for path in re.findall(r"(/\S+) \(0x", done.stdout)}
    return {path for path in found if not path.is_relative_to(root)}
