"""What happens before the first prompt: no lesson, rule book or registry is read, nobody scans for entry points."""

import subprocess
import sys

BEFORE = """
import sys
there = set(sys.modules)  # what measures coverage brings modules of its own
from esmtp_lab.lab import Lab
from esmtp_lab.shell.session import Session
from esmtp_lab.shell.screens import run_screens
session = Session(Lab())
session.facts(), session.prompt
heavy = {"tomlkit", "platformdirs", "zipfile", "html", "pygments.style"}
heavy |= {"esmtp_lab.tutor.lesson", "esmtp_lab.rules.rule", "esmtp_lab.mailbox.maildir", "esmtp_lab.export.ladder"}
heavy |= {"importlib.metadata", "pkg_resources", "pygments.lexers", "esmtp_lab.net", "email", "ssl", "markdown_it"}
strange = heavy & (set(sys.modules) - there)
registries = {"esmtp_lab.extensions.registry", "esmtp_lab.extensions.statuscodes"}
assert not registries & set(sys.modules), "a registry was read"
print(sorted(strange))
session.type("EHLO me.example")
session.notes(session.last[-1])
from esmtp_lab.rules.book import book
assert book.cache_info().currsize == 1
assert "esmtp_lab.extensions.registry" in sys.modules
"""


def test_nothing_heavy_comes_before_the_first_prompt():
    done = subprocess.run([sys.executable, "-c", BEFORE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in ("[]", "['ssl']"), "asyncio, which prompt_toolkit needs, may bring ssl"
