"""/find: the lines of the transcript that hold a text."""

from typing import TYPE_CHECKING

from esmtp_lab.shell.pages import shown

if TYPE_CHECKING:
    from esmtp_lab.shell.session import Session


def find_text(session: "Session", argument: str) -> None:
    """A page of the lines with a text in them, capitals or not; what may be a password is masked and not found."""
    if not argument:
        session.tell("/find TEXT shows the lines of the transcript that hold it")
        return
    found = []
    for place, item in enumerate(session.record.items):
        text = shown(item.event) if item.event is not None else item.text
        if argument.lower() in text.lower():
            side = item.event.speaker if item.event is not None else "lab"
            undone = "  (undone)" if place in session.record.struck else ""
            found.append(f"{item.number or '':>3}  {side:<6}  {text}{undone}")
    session.show(f"lines with {argument}", found or ["none; capitals make no difference"])
