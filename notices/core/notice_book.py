"""Who is to be told of what now. Pure: changes of alerts, people and the clock in, messages out.

It compares what stands with what each person was last told, so that a change that comes twice, or after its own
undoing, tells nobody anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from contracts.people import Person
from contracts.results.table_rows import AlertChangeRow
from notices.core.known_alert import (
    SIAGA,
    KnownAlert,
    Notified,
    notified_of,
    what_changed,
)
from notices.core.notice import Notice, NoticeItem, message_id
from notices.core.notice_policy import NoticePolicy
from notices.core.region_places import RegionPlaces

_HOUR_MS: Final = 3_600_000
_ALERT: Final = "alert/"
_PERSON: Final = "person/"

Compose = Callable[[Person, RegionPlaces, Sequence[NoticeItem], int], tuple[str, str]]
"""(person, places, items, most lines) -> title and text."""


class NoticeBook:
    """`people` and `places` (by region) may be replaced at any time."""

    def __init__(
        self,
        people: Sequence[Person],
        places: Mapping[str, RegionPlaces],
        policy: NoticePolicy,
        compose: Compose,
    ) -> None:
        self._policy = policy
        self._compose = compose
        self._alerts: dict[str, KnownAlert] = {}
        self._notified: dict[str, dict[str, Notified]] = {}
        self._sent: dict[str, list[int]] = {}
        self._waiting: dict[str, int] = {}
        self._changed: set[str] = set()
        self.use(people, places)

    def use(self, people: Sequence[Person], places: Mapping[str, RegionPlaces]) -> None:
        """Takes the people and places in force from now on."""
        self._people = {f"{one.region}/{one.person_id}": one for one in people}
        self._places = places

    @property
    def people(self) -> Collection[Person]:
        """In force now."""
        return self._people.values()

    def restore(self, key: str, value: bytes) -> None:
        """Takes a record that `drain` gave. Raises `UNREADABLE`."""
        if key.startswith(_ALERT):
            self._notified[key.removeprefix(_ALERT)] = msgspec.json.decode(
                value, type=dict[str, Notified]
            )
        else:
            self._sent[key.removeprefix(_PERSON)] = msgspec.json.decode(value, type=list[int])

    def read_anew(self) -> None:
        """The log of alerts is read from its beginning again."""
        self._alerts.clear()

    def take(self, row: AlertChangeRow) -> None:
        """Takes one change of an alert; an older one than is known changes nothing."""
        before = self._alerts.get(row.id)
        if before is None or row.revision > before.row.revision:
            self._alerts[row.id] = KnownAlert(row, before)

    def due(self, now: int) -> list[Notice]:
        """The messages that are to be sent at `now`. Call it only when the log was read to its end."""
        followers = Counter(
            one.part_of for one in self._alerts.values() if one.part_of and one.phase(now) == "open"
        )
        messages = []
        for key, person in self._people.items():
            items = sorted(self._items(key, person, now, followers), key=lambda one: one.order)
            if not items:
                self._waiting.pop(key, None)
            elif self._is_time(key, person, items, now):
                messages.append(self._message(key, person, items, now))
        self._forget(now)
        return messages

    def drain(self) -> dict[str, bytes | None]:
        """What of the state changed since the last call: to be stored together with the messages of `due`."""
        records: dict[str, bytes | None] = {}
        for key in self._changed:
            kind, _, name = key.partition("/")
            found = self._notified.get(name) if kind == "alert" else self._sent.get(name)
            records[key] = msgspec.json.encode(found) if found else None
        self._changed.clear()
        return records

    # --- what there is to tell ----------------------------------------------------------------------------------------

    def _items(
        self, key: str, person: Person, now: int, followers: Mapping[str, int]
    ) -> Iterator[NoticeItem]:
        for identity, alert in self._alerts.items():
            if alert.row.region != person.region:
                continue
            before = self._notified.get(identity, {}).get(key)
            if before is not None:
                what = what_changed(alert, before, now)
            elif self._is_new_for(person, alert, now):
                what = "new" if person.step == 1 else "escalated"
            else:
                what = None
            if what is not None:
                yield NoticeItem(what, alert, followers.get(identity, 0))

    def _is_new_for(self, person: Person, alert: KnownAlert, now: int) -> bool:
        if alert.phase(now) != "open" or not self._wants(person, alert):
            return False
        root = self._alerts.get(alert.part_of)
        if root is not None and root.phase(now) != "resolved" and self._wants(person, root):
            return False
        open_ms = now - alert.open_since(now)
        steps = self._policy.steps(alert.row.severity, open_ms) + alert.times_ran_out(now)
        return person.step <= (1 if alert.have_all_stopped else steps)

    def _wants(self, person: Person, alert: KnownAlert) -> bool:
        row = alert.row
        if row.severity < person.least or (person.kinds and row.kind not in person.kinds):
            return False
        where = self._places[person.region].kecamatan(row.unit_id, row.subject)
        # What lies in no kecamatan is everybody's.
        return not person.kecamatan or not where or where in person.kecamatan

    # --- when to tell it ----------------------------------------------------------------------------------------------

    def _is_time(self, key: str, person: Person, items: Sequence[NoticeItem], now: int) -> bool:
        policy = self._policy
        if now - self._waiting.setdefault(key, now) < policy.settle_ms:
            return False
        sent = self._sent.get(key, [])
        since_last = now - sent[-1] if sent else _HOUR_MS
        if any(one.alert.row.severity >= SIAGA for one in items):
            return since_last >= policy.siaga_fold_ms
        minute = self._places[person.region].zone.minute_of_day(now)
        if person.quiet is not None and person.quiet.covers(minute):
            return False
        in_hour = sum(now - at < _HOUR_MS for at in sent)
        return since_last >= policy.fold_ms and in_hour < policy.per_hour

    def _message(self, key: str, person: Person, items: Sequence[NoticeItem], now: int) -> Notice:
        for one in items:
            identity = one.alert.row.id
            self._notified.setdefault(identity, {})[key] = notified_of(one.alert, now)
            self._changed.add(_ALERT + identity)
        self._sent[key] = [at for at in self._sent.get(key, ()) if now - at < _HOUR_MS] + [now]
        self._changed.add(_PERSON + key)
        del self._waiting[key]
        places = self._places[person.region]
        title, text = self._compose(person, places, items, self._policy.lines)
        return Notice(
            id=message_id(key, now, items),
            region=person.region,
            person_id=person.person_id,
            role=person.role,
            created_at=now,
            items=tuple(items),
            title=title,
            text=text,
        )

    def _forget(self, now: int) -> None:
        """Drops resolved alerts that nobody has still to hear of."""
        for identity, alert in list(self._alerts.items()):
            if alert.phase(now) != "resolved":
                continue
            known = self._notified.get(identity, {})
            if all(one.phase == "resolved" for key, one in known.items() if key in self._people):
                del self._alerts[identity]
                if self._notified.pop(identity, None) is not None:
                    self._changed.add(_ALERT + identity)
