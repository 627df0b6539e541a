"""Looks at a real channel while the prompt waits for a key, on the loop of the view."""

import asyncio
from collections.abc import Awaitable, Callable

from prompt_toolkit.application import get_app

from esmtp_lab.shell.live import TICK
from esmtp_lab.shell.session import Session


def overhear(session: Session, show: Callable[[], Awaitable[None]]) -> None:
    """Look again and again as long as the view stands, and have it shown where something came."""

    async def look() -> None:
        while True:
            await asyncio.sleep(TICK)
            if session.overhear():
                await show()

    get_app().create_background_task(look())
