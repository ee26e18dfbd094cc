"""Keeps an outbox empty, for as long as a device runs."""

from __future__ import annotations

import asyncio
from typing import Final

from chassis import logs
from producers.device.ingest_client import DeviceClient, NotAllowedError
from producers.device.outbox import Outbox, drain

_POLL_S: Final = 0.5
"""Others append to the same file: nothing tells of it."""
_NOT_ALLOWED_S: Final = 60.0

_log = logs.get("producers.device")


async def keep_flushing(outbox: Outbox, client: DeviceClient) -> None:
    """Sends whatever comes into the outbox, until cancelled. What is under way then stays, and is sent again.

    A token that is no longer good does not end it: it says so in the log and tries again, since the token may be
    revoked by mistake, and what waits must not be lost.
    """
    while True:
        try:
            if accepted := await drain(outbox, client):
                _log.info("sent", accepted=accepted, aside=len(outbox.aside()))
            await asyncio.sleep(_POLL_S)
        except NotAllowedError as error:
            _log.error("ingest does not take this token: enrol the device again", error=str(error))
            await asyncio.sleep(_NOT_ALLOWED_S)
