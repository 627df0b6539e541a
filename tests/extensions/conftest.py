"""Every extension that the contract binds: ours, one that is defined in TOML, and those that a wheel brings.

The wheel is made here, of two packages: `delays` has an extension in Python, and `papers` a definition file in a
package that cannot even be imported. A third package is broken.
"""

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from esmtp_lab.extensions import SHIPPED
from esmtp_lab.extensions.installed import GROUP, find
from esmtp_lab.extensions.loading import loaded
from esmtp_lab.protocol.extension import Extension

PROJECT = f"""
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "far-extensions"
version = "1.2"

[project.entry-points."{GROUP}"]
XWHEEL = "delays:XWHEEL"
XPAPER = "papers:xpaper.toml"
XBROKEN = "broken:XBROKEN"
XOTHER = "delays:XWHEEL"
XNONE = "delays:NONE"
XLOST = "papers:xlost.toml"
XWORSE = "papers:xworse.toml"
SIZE = "delays:SIZE"
XBAD = "delays:XBAD"

[tool.hatch.build.targets.wheel]
packages = ["delays", "papers", "broken"]
"""

DELAYS = '''
"""An extension of a third party, in Python: XWHEEL, with a verb that counts and a parameter of RCPT."""

from dataclasses import replace

from esmtp_lab.protocol.extension import Extension, ParameterForm
from esmtp_lab.protocol.replies import Answer, Entry
from esmtp_lab.protocol.session import Form, row


def _xturns(context, command):
    if command.text("number") == "0":
        return Answer("XTURNS none")
    return Answer("XTURNS done", {"number": command.text("number")})


XWHEEL = Extension(
    name="A wheel that turns",
    ehlo_keyword="XWHEEL",
    defined_in="a local agreement of far.example",
    meaning="the server turns a wheel when it hears XTURNS",
    effect="A server turns the wheel; a client counts.",
    needs=("HELP",),
    forms=(Form("XTURNS", "SP number", "turn the wheel", "x-verb-local", failure=(501, 550)),),
    rows=(row("ready mail rcpt", "XTURNS", "2", "", "x-verb-local", needs="extended"),),
    rcpt_parameters=(ParameterForm("XSPOKE", "[0-9]{1,3}", "XSPOKE=digits", "which spoke", longest=3),),
    line_growth={"RCPT": 11},
    answers={"XTURNS": _xturns},
    replies={
        "XTURNS done": Entry("XTURNS done", {"default": 250}, {"default": "{number} turns"}, {"default": "2.0.0"}),
        "XTURNS none": Entry("XTURNS none", {"default": 550}, {"default": "It stands"}, {"default": "5.0.0"}),
    },
)
NONE = "no extension"
SIZE = replace(XWHEEL, ehlo_keyword="SIZE")
XBAD = replace(XWHEEL, ehlo_keyword="XBAD", line_growth={})
'''

DEFINITION = """
version = 1
name = "A letter with a delay"
keyword = "XDELAY"
meaning = "the server keeps a letter back for a while, and XDELAY asks how long"
effect = "A client says XHOLD on MAIL or RCPT; the server waits. A server without the keyword keeps nothing back."
offers = { 60 = "minutes at most", SOON = "short delays are best" }
line_growth = { MAIL = 13, RCPT = 26 }
since = "rfc1869"

[verbs.XDELAY]
syntax = "[SP word [SP number]]"
meaning = "ask how long letters are kept back"
failure = [501]

[[verbs.XDELAY.replies]]
when = { word = ["NEVER"] }
code = 550
text = "{word} is not possible, {client}"

[[verbs.XDELAY.replies]]
when = { missing = "word", state = "mail rcpt" }
code = 450
enhanced = "4.3.0"
text = "Ask again behind the transaction, in which {recipients} are named"

[[verbs.XDELAY.replies]]
when = { given = "number", without = "tls" }
code = 252
text = "{host} waits {number} minutes in state {state}"

[[verbs.XDELAY.replies]]
when = { fact = "tls" }
code = 250
text = "In secret"

[[verbs.XDELAY.replies]]
code = 250
text = "{verb} {word}"

[[verbs.XDELAY.rows]]
states = "ready mail rcpt chunks failed"

[verbs.XDROP]
meaning = "forget the transaction and all delays"
failure = [503]
ends_group = true
replies = [{ code = 250, text = "Dropped" }]
rows = [{ states = "mail rcpt", to = "ready", clears = "transaction", unless = "tls" }]

[mail.XHOLD]
value = ["NOW", "LATER"]
meaning = "whether it is kept back"
onward = true

[rcpt.XHOLD]
value = "xtext"
longest = 12
meaning = "until when"

[rcpt.XFLAG]
meaning = "something with no value"
"""

PAPER = (
    DEFINITION.replace("XDELAY", "XPAPER").replace("XDROP", "XFALL").replace("XHOLD", "XKEEP").replace("XFLAG", "XSIGN")
)

DEFINED = ("XDELAY",)
FROM_WHEEL = ("XWHEEL", "XPAPER")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel of the third party is installed."""
    root, place = tmp_path_factory.mktemp("far"), tmp_path_factory.mktemp("site")
    texts = {
        "pyproject.toml": PROJECT,
        "delays/__init__.py": DELAYS,
        "papers/__init__.py": 'raise RuntimeError("a definition runs no code")\n',
        "papers/xpaper.toml": PAPER,
        "papers/xworse.toml": PAPER.replace('"XPAPER"', '"XWORSE"').replace("RCPT = 26", "RCPT = 2"),
        "broken/__init__.py": "raise SystemExit(3)\n",
    }
    for name, text in texts.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, "utf-8")
    build = "from hatchling.build import build_wheel; import sys; print(build_wheel(sys.argv[1]))"
    made = subprocess.run([sys.executable, "-c", build, root], cwd=root, capture_output=True, text=True, check=True)
    wheel = root / made.stdout.split()[-1]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--disable-pip-version-check"]
    subprocess.run([*pip, "--target", place, wheel], check=True)
    return place


@pytest.fixture(scope="module")
def third_party(site: Path) -> Iterator[Path]:
    """The third party is there while the tests of a module run."""
    sys.path.insert(0, str(site))
    try:
        assert entry_points(group=GROUP)
        yield site
    finally:
        sys.path.remove(str(site))


@pytest.fixture(scope="module", params=[*(each.ehlo_keyword for each in SHIPPED), *DEFINED, *FROM_WHEEL])
def extension(request: pytest.FixtureRequest) -> Extension:
    """Each extension in turn."""
    keyword = request.param
    if keyword in DEFINED:
        return loaded(DEFINITION, "xdelay.toml", SHIPPED)
    if keyword in FROM_WHEEL:
        request.getfixturevalue("third_party")
        found = find(keyword)
        assert found is not None
        return found
    return next(each for each in SHIPPED if each.ehlo_keyword == keyword)
