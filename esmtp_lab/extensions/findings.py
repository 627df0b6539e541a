"""What is to be mended in the definition of an extension."""

from typing import NamedTuple


class Finding(NamedTuple):
    """One thing to mend: the `key` of the definition, what is `wrong` there, what to write instead, and the `section`
    that asks for it, or nothing where it is the form of the file that does."""

    key: str
    wrong: str
    instead: str
    section: str = ""

    @property
    def text(self) -> str:
        """The finding in one line."""
        where = f" ({self.section})" if self.section else ""
        key = f"{self.key}: " if self.key else ""
        return f"{key}{self.wrong}{where}. {self.instead}"
