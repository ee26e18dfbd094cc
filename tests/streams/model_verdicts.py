"""The naive model's verdicts: which lines are accepted, and which of them count (section 2)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from contracts.events.partition import partition_of
from contracts.registry.entities import RegionRegistry, Registry
from tests.streams.model_words import (
    DAY,
    KINDS,
    MINUTE,
    RETRACTION,
    AcceptedEvent,
    Arrival,
    Registered,
    bear,
    day_of,
    equal,
    ms,
    rank,
    received_ms,
)


@dataclass
class ModelVerdicts:
    """`registries`: all rows there will ever be; `first_ms`: when the installation first knew its regions."""

    registries: Sequence[RegionRegistry]
    partitions: int
    first_ms: int
    zscores: Mapping[tuple[float, float], tuple[bool, bool]]
    accepted: list[AcceptedEvent] = field(default_factory=list)
    exceptions: dict[tuple[str, int, int, int], tuple[str, set[str]]] = field(default_factory=dict)
    wrong: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.registry = Registry(self.registries)
        self.zones = {one.region.code: ZoneInfo(one.region.timezone) for one in self.registries}
        self._of_id: dict[tuple[str, str], list[AcceptedEvent]] = defaultdict(list)
        self._naming: dict[tuple[str, str], list[AcceptedEvent]] = defaultdict(list)
        self._registered: dict[tuple[str, int], Registered] = {}

    # --- verdicts ---------------------------------------------------------------------------------------------------

    def take(self, arrivals: Iterable[Arrival]) -> None:
        """Lines in order of arrival (of one partition; partitions in any order)."""
        for arrival in arrivals:
            place = (arrival.topic, arrival.partition, arrival.offset, arrival.line)
            faults = self.faults(arrival)
            if faults:
                self.exceptions[place] = ("refused", faults)
                continue
            said = self._said(json.loads(arrival.raw), arrival, place)
            copies = [one for one in self._of_id[said.unit, said.id] if bear(one, said)]
            if copies:
                same = any(equal(one, said) for one in copies)
                self.exceptions[place] = ("duplicate", {""}) if same else ("conflict", {"conflict"})
                continue
            self.accepted.append(said)
            self._of_id[said.unit, said.id].append(said)
            if said.names:
                self._naming[said.unit, said.names].append(said)
        self.wrong = {
            one.id
            for one in self.accepted
            if one.type != RETRACTION and any(one.type != t.type for t in self.targets(one))
        }

    def _said(self, body: dict[str, Any], arrival: Arrival, place: Any) -> AcceptedEvent:
        _, region, kind, unit = body["source"].split("/")
        time = ms(body["time"])
        return AcceptedEvent(
            body,
            region,
            kind,
            unit,
            time,
            received_ms(body, arrival.append_ms),
            ms(body.get("recordedtime") or body["time"]),
            place,
        )

    def faults(self, arrival: Arrival) -> set[str]:
        """Every code that the line deserves; empty: accepted."""
        try:
            body = json.loads(arrival.raw)
        except ValueError:
            return {"not_json"}
        if not isinstance(body, dict):
            return {"not_an_event"}
        if body.get("type") not in KINDS:
            return {"unknown_type"}
        found = {
            code
            for name, code in (("id", "missing_field"), ("data", "missing_field"))
            if name not in body
        }
        data = body.get("data", {})
        if "portions" in data and not 0 <= data["portions"] <= 100_000:
            found.add("out_of_range")
        if "surprise" in data:
            found.add("unknown_field")
        if found:
            return found
        _, region, kind, unit = body["source"].split("/")
        if arrival.topic != f"{kind}.events" or arrival.partition != partition_of(
            unit, self.partitions
        ):
            return {"wrong_partition"}
        return self._registry_faults(body, region, kind, unit, arrival.append_ms)

    def _registry_faults(
        self, body: dict[str, Any], region: str, kind: str, unit: str, append_ms: int
    ) -> set[str]:
        time, received = ms(body["time"]), received_ms(body, append_ms)
        found = set()
        if time < received - 30 * DAY:
            found.add("too_old")
        if time > received + 5 * MINUTE:
            found.add("in_future")
        if region not in self.zones:
            return found | {"unknown_recipient" if kind == "recipient" else "unknown_unit"}
        day = day_of(self.zones[region], time)
        found |= self._source_faults(region, kind, unit, day)
        if KINDS[body["type"]] not in ("", kind):
            found.add("wrong_kind")
        subject = body.get("subject")
        if subject and not self._has_recipient(region, subject, day):
            found.add("unknown_recipient")
        if kitchen := body["data"].get("kitchen"):
            found |= self._source_faults(region, "sppg", kitchen, day)
        return found | self._content_faults(body, time)

    def _source_faults(self, region: str, kind: str, source: str, day: int) -> set[str]:
        if kind == "recipient":
            return set() if self._has_recipient(region, source, day) else {"unknown_recipient"}
        row = self.registry.unit(source, day)
        if self.registry.region_of_unit(source) != region or row is None:
            return {"unknown_unit"}
        return set() if row.kind == kind else {"wrong_kind"}

    def _has_recipient(self, region: str, recipient: str, day: int) -> bool:
        return (
            self.registry.region_of_recipient(recipient) == region
            and self.registry.recipient(recipient, day) is not None
        )

    def _content_faults(self, body: dict[str, Any], time: int) -> set[str]:
        found = set()
        if body.get("supersedes") == body["id"]:
            found.add("self_superseding")
        if body["type"] == "sppg.delivery.received":
            if "cooked_at" not in body["data"]:
                if body["data"].get("package", "fresh") == "fresh":
                    found.add("missing_field")
                return found
            cooked = ms(body["data"]["cooked_at"])
            if cooked > time:
                found.add("cooked_at_after_time")
            if cooked < time - 30 * DAY:
                found.add("cooked_at_too_early")
        if body["type"] == "clinic.case.reported" and ms(body["data"]["onset"]) > time:
            found.add("onset_after_time")
        if "since" in body["data"] and ms(body["data"]["since"]) > time:
            found.add("since_after_time")
        if "made_at" in body["data"] and ms(body["data"]["made_at"]) > time:
            found.add("made_at_after_time")
        return found

    # --- corrections ------------------------------------------------------------------------------------------------

    def targets(self, one: AcceptedEvent) -> list[AcceptedEvent]:
        return (
            [t for t in self._of_id[one.unit, one.names] if bear(one, t)]
            if one.names and (one.unit, one.names) in self._of_id
            else []
        )

    def _may_correct(self, one: AcceptedEvent, target: AcceptedEvent) -> bool:
        return target.type != RETRACTION and one.type in (target.type, RETRACTION)

    def _in_time(
        self, group: Iterable[AcceptedEvent], judged: AcceptedEvent
    ) -> list[AcceptedEvent]:
        """Nothing received more than 30 days after the time of the judged one has a say."""
        return [x for x in group if x is judged or x.received <= judged.time + 30 * DAY]

    def _fits(self, one: AcceptedEvent, judged: AcceptedEvent) -> list[AcceptedEvent]:
        return [t for t in self._in_time(self.targets(one), judged) if self._may_correct(one, t)]

    def _is_correction(self, one: AcceptedEvent, judged: AcceptedEvent) -> bool:
        """Not if what it names is there and cannot be corrected by it."""
        return not self._in_time(self.targets(one), judged) or bool(self._fits(one, judged))

    def _stands(
        self, one: AcceptedEvent, judged: AcceptedEvent, above: tuple[AcceptedEvent, ...] = ()
    ) -> bool:
        if not one.names:
            return True
        if not self._is_correction(one, judged):
            return False
        for rival in self._in_time(self._naming[one.unit, one.names], judged):
            if (
                rival is not one
                and bear(rival, one)
                and self._is_correction(rival, judged)
                and rank(rival) > rank(one)
            ):
                return False
        targets = self._fits(one, judged)
        return not targets or any(
            t not in (one, *above) and self._stands(t, judged, (one, *above)) for t in targets
        )

    def _corrected_by(self, one: AcceptedEvent, judged: AcceptedEvent) -> list[AcceptedEvent]:
        return [
            c
            for c in self._in_time(self._naming.get((one.unit, one.id), []), judged)
            if bear(c, one) and self._may_correct(c, one)
        ]

    def counts(self, one: AcceptedEvent) -> bool:
        return (
            one.type != RETRACTION and self._stands(one, one) and not self._corrected_by(one, one)
        )
