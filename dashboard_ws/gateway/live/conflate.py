"""The position that one client has reached, and what it has to be sent next. A slow client costs a position, no queue.

However long it was busy, the next update is the latest row of each key that changed after the position it
has reached, so nothing piles up for it and nothing is skipped. Pure.
"""

from __future__ import annotations

from msgspec.structs import replace

from dashboard_ws.gateway.live.region_map import Contents, Filter, MapPosition, RegionMap, Update


class Subscription:
    """One client's view of one region. `reached`: the position that it has been brought to."""

    def __init__(self, region: str, wanted: Filter, reached: MapPosition | None) -> None:
        self.region = region
        self.wanted = wanted
        self.reached = reached
        self._answered = False
        self._seen: MapPosition | None = None
        self._coming: Contents | None = None
        self.shown: Contents | None = None
        """What the client was sent, nothing left out; None before the first answer."""

    @property
    def answered(self) -> bool:
        """True once the subscription itself has been answered."""
        return self._answered

    def see(self, public: bool) -> None:
        """The client may now see more, or less: it is given all rows anew."""
        if public != self.wanted.public:
            self.wanted = replace(self.wanted, public=public)
            self.reached = None
            self._answered = False

    def is_behind(self, live: RegionMap) -> bool:
        """True if the map has moved since the last answer, or the answer is still due."""
        if live.position is None:
            return False
        return not self._answered or self._seen != live.position

    def next(self, live: RegionMap, *, to_head: bool = False) -> Update | None:
        """The update to send now, or None. The client counts as having reached it.

        An update without rows is only worth sending as the first answer, or before a ping
        (`to_head`): after it the client's seq is the one that the ping names.
        """
        update = live.since(self.reached, self.wanted)
        self._seen = live.position
        if update is None:
            return None
        self._coming = live.contents
        moved = update.position != self.reached
        if update.is_empty and self._answered and not (to_head and moved):
            return None
        self.reached = update.position
        self._answered = True
        return update

    def follow(self, live: RegionMap, delta: Update) -> None:
        """`next` and `note_sent` in one, for a client that was answered and is handed this answer of the map, a delta, at once."""
        self._seen = live.position
        if not delta.is_empty:
            self.reached = delta.position
        self.shown = live.contents

    def note_sent(self) -> None:
        """What `next` returned was handed to the socket."""
        self.shown = self._coming
