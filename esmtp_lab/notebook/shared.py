"""A lab that several views show: changed one thing at a time, from whichever thread, and all of them see it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import RLock
from typing import Protocol
from weakref import ReferenceType, WeakKeyDictionary, WeakSet, ref

from esmtp_lab.errors import EsmtpLabError
from esmtp_lab.lab import Lab


class View(Protocol):
    """What shows a lab."""

    def draw(self) -> None:
        """Show it as it is now."""


class Shared:
    """A lab, what it has to say, and who shows it.

    Jupyter may call back on another thread than that of the cells, so everything happens under one lock. A cell that
    changes the lab itself is seen as well.
    """

    def __init__(self, lab: Lab) -> None:
        self.lock: AbstractContextManager[object] = RLock()
        self.views: WeakSet[View] = WeakSet()
        self.said: tuple[str, ...] = ()
        self._busy = False
        self.take(lab)

    def take(self, lab: Lab) -> None:
        """Show this lab from now on."""
        self.lab = lab
        lab.guard = self.lock
        lab.watchers.append(self._seen)
        _SHARED[lab] = ref(self)

    def change(self, act: Callable[[Lab], object]) -> None:
        """Do something with the lab; what goes wrong is said and ends nothing."""
        with self.lock:
            self._busy = True
            self.said = ()
            try:
                act(self.lab)
            except EsmtpLabError as error:
                self.said = (str(error),)
            except Exception as error:
                self.said = (f"that went wrong inside the lab ({type(error).__name__}: {error}); the session goes on",)
            finally:
                self._busy = False
            self.draw()

    def _seen(self) -> None:
        if not self._busy:
            with self.lock:
                self.draw()

    def draw(self) -> None:
        """Have every view show the lab as it is now."""
        for view in tuple(self.views):
            view.draw()


_SHARED: WeakKeyDictionary[Lab, ReferenceType[Shared]] = WeakKeyDictionary()
"""What each lab is shared by; the lab's own watchers keep it, so that both can go together."""


def shared(lab: Lab | Shared) -> Shared:
    """What the views of a lab share: one for each lab."""
    if isinstance(lab, Shared):
        return lab
    known = _SHARED.get(lab)
    return (known and known()) or Shared(lab)
