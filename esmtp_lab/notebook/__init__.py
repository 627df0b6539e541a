"""The notebook kit: widgets and magics over the same lab as the shell.

face      what all widgets share: parts drawn in Python, a front end that knows nothing of ESMTP
shared    a lab that several views show
bench     client and server side by side
state     the session table as a diagram, the state lit
ladder    the exchange as a sequence diagram, walked through line by line
compare   one script under the four eras
lesson    a lesson of the shell, with its bench; its questions are in quiz
prose     Markdown and rules on a page
magics    %%esmtp and %esmtp_rule
site      lessons as a site of plain files, with Python in the browser

Only this package knows ipywidgets and IPython. A widget never waits for its reader inside a cell.
"""

from typing import Any

__all__ = ["BenchWidget", "CompareWidget", "LadderWidget", "LessonWidget", "StateWidget"]

_PLACES = {
    "BenchWidget": "bench",
    "CompareWidget": "compare",
    "LadderWidget": "ladder",
    "LessonWidget": "lesson",
    "StateWidget": "state",
}


def __getattr__(name: str) -> Any:
    """A widget is loaded when it is asked for."""
    if name not in _PLACES:
        raise AttributeError(f"module 'esmtp_lab.notebook' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"esmtp_lab.notebook.{_PLACES[name]}"), name)
