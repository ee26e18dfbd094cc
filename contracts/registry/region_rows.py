"""One region's rows as they travel: the value of a record of `registry`, JSON.

Days are ints, days since 1970-01-01 in the region's time zone; times of day are minutes after local midnight.
"""

from __future__ import annotations

import hashlib
from typing import Final, Literal

import msgspec

UnitKind = Literal["sppg", "clinic"]
RecipientKind = Literal["school", "pesantren", "posyandu"]
Status = Literal["active", "suspended", "closed"]


class Kecamatan(msgspec.Struct, frozen=True):
    """One kecamatan: Kemendagri code (`32.11.08`) and name."""

    code: str
    name: str


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of metrics and alerts. region.yaml names only what differs from these."""

    over_4h_min: int = 240
    """A delivery more minutes after cooking raises `over_4h` ..."""
    over_6h_min: int = 360
    """... and more than this many makes it siaga."""
    chiller_min_c: float = 0.0
    chiller_max_c: float = 5.0
    freezer_max_c: float = -18.0
    hot_holding_min_c: float = 60.0
    shortfall_pct: float = 90.0
    """Received below this share of registered is a shortfall ..."""
    shortfall_after_min: int = 30
    """... this many minutes after the meal time."""
    temperature_readings: int = 2
    """Readings out of range in a row ..."""
    temperature_min: int = 10
    """... over at least so many minutes raise `temperature`."""
    silent_min: int = 15
    """Minutes without any event of an open unit before `unit_silent`."""
    cluster_onset_min_h: float = 0.5
    cluster_onset_max_h: float = 72.0
    """Onset so many hours after a meal links a case to the kitchen that served it."""
    cluster_quiet_h: float = 72.0
    """Hours without a new case before a suspected cluster is resolved."""
    cluster_baseline_days: int = 28
    """Days of history that the expected number of cases depends on.

    The prior weighs as much as these days until they exist.
    """
    foodborne_prior_per_person_day: float = 7.4e-5
    """Cases a clinic sees without any outbreak (0.27 episodes a year, one in ten seen)."""
    cluster_min_cases: int = 2
    """The law's least number of cases after one meal."""
    cluster_p_pantau: float = 0.8
    cluster_p_waspada: float = 0.3
    cluster_p_siaga: float = 0.06
    """Severity by the chance that any kitchen of the region shows so much on a day without an outbreak: below this.

    An upper bound of it. Tuned to two false siaga a year: docs/bench/detection.md.
    """
    cluster_attack_rate_siaga: float = 0.01
    """People ill a meal eaten from which a waspada is siaga."""


class Region(msgspec.Struct, frozen=True):
    """One kabupaten or kota. `service_weekdays`: 1 = Monday; `holidays`: local days.

    `holiday_names`: one a holiday, empty where none is given; none at all in a record of before names.
    `day_closes`: minute of the local day from which the form asks for a reason of each correction of that day.
    """

    code: str
    name: str
    province: str
    timezone: str
    service_weekdays: tuple[int, ...]
    holidays: tuple[int, ...]
    kecamatan: tuple[Kecamatan, ...]
    thresholds: Thresholds = Thresholds()
    holiday_names: tuple[str, ...] = ()
    day_closes: int = 24 * 60


class Unit(msgspec.Struct, frozen=True, array_like=True):
    """One row of units.csv.

    `opens`, `closes`: minute of the local day (`opens` > `closes`: over midnight).

    `kecamatan`: empty for a clinic outside the region. `capacity`: portions a day, 0 for a clinic;
    `registered_children`: of a clinic, 0 for a kitchen; `slhs_valid_until`: day or None;
    `synthetic`: invented, to be shown as such; `bgn_id`: the programme's own id of a kitchen;
    `status_reason`, `status_letter`: why the status is what it is, and the number of the letter that
    says so. On the wire a JSON array: a region must fit one Kafka record.
    """

    unit_id: str
    kind: UnitKind
    name: str
    kecamatan: str
    lon: float
    lat: float
    opens: int
    closes: int
    capacity: int
    slhs_valid_until: int | None
    registered_children: int
    status: Status
    valid_from: int
    synthetic: bool
    bgn_id: str = ""
    status_reason: str = ""
    status_letter: str = ""


class Recipient(msgspec.Struct, frozen=True, array_like=True):
    """One row of recipients.csv.

    `unit_id`: its kitchen; `meal_time`: minute of the local day; `registered`: only groups
    above 0.
    """

    recipient_id: str
    name: str
    kind: RecipientKind
    kecamatan: str
    lon: float
    lat: float
    unit_id: str
    meal_time: int
    registered: dict[str, int]
    status: Status
    valid_from: int
    synthetic: bool


class CalendarRow(msgspec.Struct, frozen=True, array_like=True):
    """One line of calendar.csv: from `first` to `last`, both inclusive, meals are served or not.

    `scope`: empty (the region), a kecamatan, a kitchen or a recipient; `groups`: empty: all;
    `reason`: shown on screen.
    """

    first: int
    last: int
    scope: str
    groups: tuple[str, ...]
    served: bool
    reason: str


class RegionRegistry(msgspec.Struct, frozen=True):
    """One region with all rows it ever had: the value of a record of `registry`.

    `calendar` is in the order of its file: of two rows alike in scope and groups the later counts.
    """

    region: Region
    units: tuple[Unit, ...]
    recipients: tuple[Recipient, ...]
    calendar: tuple[CalendarRow, ...] = ()

    def encode(self) -> bytes:
        """JSON, the same bytes for the same rows."""
        return _encoder.encode(self)

    @property
    def version(self) -> str:
        """Hash of the content, 16 hex digits."""
        return hashlib.sha256(self.encode()).hexdigest()[:16]

    @staticmethod
    def decode(raw: bytes | str) -> RegionRegistry:
        """The registry that `encode` wrote.

        Raises `UNREADABLE` for anything else.
        """
        return _decoder.decode(raw)


_encoder: Final = msgspec.json.Encoder(order="deterministic")
_decoder: Final = msgspec.json.Decoder(RegionRegistry)
