"""What happens before the first prompt: no rule book and no registry is read, nobody scans for entry points."""

import subprocess
import sys

BEFORE = """
import sys
from esmtp_lab.lab import Lab
from esmtp_lab.rules.book import book
from esmtp_lab.shell.session import Session
from esmtp_lab.shell.screens import run_screens
session = Session(Lab())
session.facts(), session.prompt
assert book.cache_info().currsize == 0, "the rule book was read"
heavy = {"tomlkit", "platformdirs"}
heavy |= {"importlib.metadata", "pkg_resources", "pygments.lexers", "esmtp_lab.net", "email", "ssl", "markdown_it"}
strange = heavy & set(sys.modules)
registries = {"esmtp_lab.extensions.registry", "esmtp_lab.extensions.statuscodes"}
assert not registries & set(sys.modules), "a registry was read"
print(sorted(strange))
session.type("EHLO me.example")
session.notes(session.last[-1])
assert book.cache_info().currsize == 1
assert "esmtp_lab.extensions.registry" in sys.modules
"""


def test_nothing_heavy_comes_before_the_first_prompt():
    done = subprocess.run([sys.executable, "-c", BEFORE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in ("[]", "['ssl']"), "asyncio, which prompt_toolkit needs, may bring ssl"
