"""The events that alerts depend on, as they travel in `region.feed` and as the alerts hold them."""

from __future__ import annotations

from typing import Any, Final, get_type_hints

import msgspec

from contracts.events.event_types import (
    CLASSES,
    AttendanceReported,
    CaseReported,
    CasesCounted,
    CookingFinished,
    DeliveryChecked,
    DeliveryReceived,
    DispatchDeparted,
    FoodTested,
    IllnessNoticed,
    IngredientReceived,
    ServiceDeclined,
    TemperatureMeasured,
)
from streams.core.history.event_kinds import KIND_OF

WATCHED: Final = (
    *(IngredientReceived, CookingFinished, DispatchDeparted, DeliveryReceived, FoodTested),
    *(TemperatureMeasured, DeliveryChecked, AttendanceReported, ServiceDeclined, IllnessNoticed),
    *(CaseReported, CasesCounted),
)
WATCHED_KINDS: Final = frozenset(KIND_OF[cls] for cls in WATCHED)
_DATA: Final = {number: get_type_hints(CLASSES[number])["data"] for number in WATCHED_KINDS}


class WatchedEvent(msgspec.Struct, array_like=True, gc=False, tag=5):
    """An event that counts. `source`: the unit or recipient that sent it; `kind`: as in `KIND_OF`; times are epoch ms.

    `since`: from when it counts: its receivedtime, or that of the event which made it count. Those of one source never
    go back. `data`: its struct of `contracts.events.data_structs`; a map where it was just read.
    """

    source: str
    kind: int
    id: str
    time: int
    since: int
    recorded: int
    subject: str
    data: Any

    @property
    def key(self) -> tuple[str, str]:
        """Who sent it, and its id."""
        return (self.source, self.id)


class UncountedEvent(msgspec.Struct, array_like=True, gc=False, tag=6):
    """An event counts no longer, from `since` on (epoch ms): it was corrected or retracted."""

    source: str
    kind: int
    id: str
    since: int


def with_data(event: WatchedEvent) -> WatchedEvent:
    """The event as it was read, with its data as a struct. Raises `msgspec.ValidationError`."""
    event.data = msgspec.convert(event.data, _DATA[event.kind])
    return event
