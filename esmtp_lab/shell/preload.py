"""Reads the rules behind the first prompt, so that the first line need not wait for them."""

import asyncio
import gc

from prompt_toolkit.application import get_app

from esmtp_lab.errors import DataError
from esmtp_lab.shell.session import Session


def preload(session: Session) -> None:
    """Begin to read the rules once what is to be seen first has been drawn."""
    if session.rules_ready:
        return
    app = get_app()

    async def read() -> None:
        while app.render_counter == 0:
            await asyncio.sleep(0.01)
        # Loaded here, behind the first prompt.
        from esmtp_lab.extensions.known import offer_of
        from esmtp_lab.rules.annotator import annotator
        from esmtp_lab.rules.detector import detector

        try:
            for read_in in (annotator, detector):
                await asyncio.get_running_loop().run_in_executor(None, read_in, session.lab.era)
            await asyncio.get_running_loop().run_in_executor(None, offer_of, "SIZE")  # reads the registry
        except DataError:
            return  # said when the first line needs the rules
        gc.freeze()  # the rules stay: no key should wait for the collector to look through them
        session.rules_ready = True
        app.invalidate()

    app.create_background_task(read())
