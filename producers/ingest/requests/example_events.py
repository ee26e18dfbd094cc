"""One event of each type with all its fields: what `/openapi.json` shows and the tests post."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from typing import Any, Final

REGION: Final = "32.11"
KITCHEN: Final = "SPPG-3211-0001"
CLINIC: Final = "PKM-3211-0007"
SCHOOL: Final = "npsn:20208123"
_PERSON: Final = "0f" * 16

_DATA: Final[dict[str, dict[str, Any]]] = {
    "sppg.ingredient.received": {
        "item": "telur rebus",
        "lot": "L-1",
        "supplier": "CV Contoh",
        "ready_to_eat": True,
        "made_at": timedelta(minutes=375),
        "temp_c": 6.5,
    },
    "sppg.cooking.finished": {
        "batch": "B-1",
        "portions": 1200,
        "core_temp_c": 78.5,
        "lots": ["L-1"],
    },
    "sppg.dispatch.departed": {"trip": "T-1", "batches": ["B-1", "B-2"], "portions": 600},
    "sppg.delivery.received": {
        "trip": "T-1",
        "batch": "B-1",
        "portions": 312,
        "temp_c": 64.5,
        "package": "fresh",
        "cooked_at": timedelta(minutes=190),
    },
    "sppg.meal.eaten": {"eaten": {"sd": 290, "guru": 12}, "leftover_g": 4200},
    "sppg.temperature.measured": {"point": "chiller", "temp_c": 3.4, "sensor": "ch-1"},
    "sppg.food.tested": {"batch": "B-1", "test": "nitrite", "passed": True},
    "sppg.incident.reported": {"kind": "equipment", "severity": 2, "note": "Kompor padam"},
    "clinic.growth.measured": {
        "child": _PERSON,
        "sex": "f",
        "age_days": 600,
        "weight_kg": 9.3,
        "height_cm": 78.2,
        "posture": "lying",
    },
    "clinic.immunization.given": {"child": _PERSON, "antigen": "MR", "dose": 1},
    "clinic.antenatal.visited": {"mother": _PERSON, "visit": 3, "hb_g_dl": 11.2},
    "clinic.case.reported": {
        "patient": _PERSON,
        "age_years": 9,
        "sex": "m",
        "syndrome": "foodborne",
        "symptoms": ["muntah", "diare"],
        "onset": timedelta(minutes=75),
        "ate_at": timedelta(minutes=1365),
        "outcome": "outpatient",
    },
    "clinic.cases.counted": {
        "syndrome": "foodborne",
        "cases": 40,
        "inpatients": 3,
        "since": timedelta(minutes=255),
    },
    "recipient.delivery.checked": {
        "kitchen": KITCHEN,
        "trip": "T-1",
        "portions": 300,
        "refused": 12,
        "reasons": ["smell"],
        "senses_passed": False,
        "temp_c": 58.0,
    },
    "recipient.meal.eaten": {"eaten": {"sd": 281, "guru": 12}, "leftover_g": 5100},
    "recipient.attendance.reported": {"present": {"sd": 285, "guru": 13}, "absent_ill": 6},
    "recipient.service.declined": {"groups": ["sd"], "reason": "exam"},
    "recipient.illness.noticed": {
        "ill": 4,
        "since": timedelta(minutes=135),
        "symptoms": ["mual"],
    },
    "unit.heartbeat": {"outbox": 0, "version": "1.2.0", "battery_pct": 88},
    "event.retracted": {"reason": "salah ketik"},
}
"""Type -> `data` with every optional field; a duration is a moment that long before `time`."""

_WITH_SUBJECT: Final = ("sppg.delivery.received", "sppg.meal.eaten")
_SOURCE_OF: Final = {
    "sppg": f"/{REGION}/sppg/{KITCHEN}",
    "clinic": f"/{REGION}/clinic/{CLINIC}",
    "recipient": f"/{REGION}/recipient/{SCHOOL}",
}


def example_event(type_: str, at: datetime) -> dict[str, Any]:
    """A valid event of `type_` that happened `at`, which needs an offset from UTC."""
    data = {
        name: (at - value).isoformat(timespec="milliseconds")
        if isinstance(value, timedelta)
        else copy.deepcopy(value)
        for name, value in _DATA.get(type_, {}).items()
    }
    made: dict[str, Any] = {
        "specversion": "1.0",
        "id": f"{type_}-1",
        "source": _SOURCE_OF.get(type_.split(".")[0], _SOURCE_OF["sppg"]),
        "type": type_,
        "time": at.isoformat(timespec="milliseconds"),
    }
    if type_ in _WITH_SUBJECT:
        made["subject"] = SCHOOL
    if type_ == "event.retracted":
        made["supersedes"] = "an-earlier-one"
    return made | {"data": data}
