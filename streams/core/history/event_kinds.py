"""Numbers of event types: facts are stored with these instead of names."""

from __future__ import annotations

from typing import Final

from contracts.events.event_types import CLASSES, Event, Retracted

KIND_OF: Final[dict[type[Event], int]] = {cls: index for index, cls in enumerate(CLASSES)}
"""Event type -> its number. New types go to the end of `CLASSES`: stored facts hold these numbers."""

RETRACTION: Final = KIND_OF[Retracted]
