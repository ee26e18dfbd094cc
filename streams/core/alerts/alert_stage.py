"""The alerts of the regions of one partition: where stage two hands in what concerns them, and takes out what changed."""

from __future__ import annotations

from typing import Final

from contracts.commands import OnReport, decode_command
from contracts.registry.entities import Registry
from contracts.results.table_rows import AlertChangeRow
from contracts.time.windows import GRACE_MS
from streams.core.alerts.alert_state import region_of_key
from streams.core.alerts.region_alerts import RegionAlerts
from streams.core.region_feed import CommandReceived, LastReceived
from streams.core.state_format import name_of, restoring
from streams.core.watched_event import UncountedEvent, WatchedEvent

AT_MOST: Final = 4_000
"""Items of a region in one call: a tenth of a second. A replay brings hundreds of thousands at once, and a worker that stands
still for so long is taken for dead by its group.
"""


class AlertStage:
    """`revision_base`: added to the revisions of rows; `at_most`: see `RegionAlerts.advance`."""

    def __init__(self, revision_base: int, at_most: int) -> None:
        self._revision_base = revision_base
        self._at_most = at_most
        self._registry = Registry(())
        self._regions: dict[str, RegionAlerts] = {}
        self._removed: dict[str, list[str]] = {}
        self._notices: list[str] = []

    # --- take-over ----------------------------------------------------------------------------------------------------

    def restore(self, key: bytes, value: bytes) -> None:
        """See `Fold`."""
        self._alerts_of(region_of_key(key)).records.restore(key, value)

    def restored(self) -> list[str]:
        """See `Fold`. `use` comes first."""
        notices = []
        for code, alerts in list(self._regions.items()):
            with restoring(f"alerts/{code}".encode()):
                if code in self._registry.codes:
                    alerts.restored()
                elif alerts.records.clock.begun:
                    del self._regions[code]
                    notices.append(f"alerts of {name_of(code)}, which no registry names: left out")
                else:
                    alerts.restore_commands()
        return notices

    def use(self, registry: Registry) -> None:
        """Takes a registry with more rows."""
        self._registry = registry
        for code in registry.codes:
            self._alerts_of(code).use(registry)

    def _alerts_of(self, code: str) -> RegionAlerts:
        alerts = self._regions.get(code)
        if alerts is None:
            alerts = self._regions[code] = RegionAlerts(code)
        return alerts

    # --- what comes in ------------------------------------------------------------------------------------------------

    def take(self, source: str, item: WatchedEvent | UncountedEvent | LastReceived) -> None:
        """Takes an item of a unit's or recipient's. Raises `LookupError` if the registry does not name it."""
        region = self._registry.region_of_source(source)
        if region is None:
            raise LookupError(
                f"an event of {name_of(source)} came before the registry that names it"
            )
        self._regions[region].take(item)

    def take_command(self, item: CommandReceived) -> None:
        """Takes a command; one that cannot be read is set aside.

        It takes effect once its region's registry is here: after a start they arrive by different partitions, in any order.
        """
        try:
            command = decode_command(item.value)
        except ValueError:
            self._notices.append("a command that this version cannot read")
            return
        # Ingest follows what people say of reports by itself.
        if not isinstance(command, OnReport):
            self._alerts_of(command.region).take_command(item, command)

    def begin(self, region: str, since: int) -> None:
        """The region is known from `since` on (epoch ms); only the first call counts."""
        self._regions[region].begin(since)

    def advance(self, time_ms: int) -> None:
        """Every unit fold has sent everything up to `time_ms`; 0: not yet. One call does a part of it where much is due."""
        if time_ms:
            for alerts in self._regions.values():
                alerts.advance(time_ms - GRACE_MS, self._at_most)

    def reached(self, region: str, time_ms: int) -> int:
        """Up to when the region's alerts are true, epoch ms: less than `time_ms` less the grace while a part is still due."""
        return self._regions[region].reached(time_ms - GRACE_MS)

    # --- what goes out ------------------------------------------------------------------------------------------------

    def rows(self, region: str) -> list[AlertChangeRow]:
        """Every change since the last call, in order."""
        changes, removed, notices = self._regions[region].drain()
        self._removed[region] = removed
        self._notices += notices
        base = self._revision_base
        return [change.alert.row(region, base + change.number) for change in changes]

    def is_shown(self, region: str, identity: str) -> bool:
        """Whether an alert is on the wall."""
        return self._regions[region].shown(identity) is not None

    def row_of(self, region: str, identity: str) -> AlertChangeRow | None:
        """An alert that is on the wall, as its last change left it; None for any other."""
        alert = self._regions[region].shown(identity)
        return None if alert is None else alert.row(region, 0)

    def removed(self, region: str) -> list[str]:
        """Ids of alerts that left the wall by the last `rows`."""
        return self._removed.pop(region, [])

    def records(self) -> dict[bytes, bytes | None]:
        """State that changed since the last call; call it after `rows`."""
        changed: dict[bytes, bytes | None] = {}
        for alerts in self._regions.values():
            changed |= alerts.records.drain()
        return changed

    def notices(self) -> list[str]:
        """What was set aside since the last call, a line each."""
        notices, self._notices = self._notices, []
        return notices
