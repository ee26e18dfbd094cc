"""One valid event of each type: for the tests of every room."""

from __future__ import annotations

import copy
import json
from typing import Any, Final

REGION: Final = "32.11"
KITCHEN: Final = "SPPG-3211-0001"
CLINIC: Final = "PKM-3211-0007"
SCHOOL: Final = "npsn:20208123"
TIME: Final = "2026-11-24T10:15:30.120+07:00"
TIME_MS: Final = 1_795_490_130_120
RECEIVED: Final = "2026-11-24T03:15:32Z"
CHILD: Final = "0f" * 16

DATA: Final[dict[str, dict[str, Any]]] = {
    "sppg.ingredient.received": {
        "item": "telur rebus",
        "lot": "L-1",
        "supplier": "CV Contoh",
        "ready_to_eat": True,
        "made_at": "2026-11-24T04:00:00+07:00",
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
        "cooked_at": "2026-11-24T07:05:00+07:00",
    },
    "sppg.meal.eaten": {"eaten": {"sd": 290, "guru": 12}, "leftover_g": 4200},
    "sppg.temperature.measured": {"point": "chiller", "temp_c": 3.4, "sensor": "ch-1"},
    "sppg.food.tested": {"batch": "B-1", "test": "nitrite", "passed": True},
    "sppg.incident.reported": {"kind": "equipment", "severity": 2, "note": "Kompor padam"},
    "clinic.growth.measured": {
        "child": CHILD,
        "sex": "f",
        "age_days": 600,
        "weight_kg": 9.3,
        "height_cm": 78.2,
        "posture": "lying",
    },
    "clinic.immunization.given": {"child": CHILD, "antigen": "MR", "dose": 1},
    "clinic.antenatal.visited": {"mother": CHILD, "visit": 3, "hb_g_dl": 11.2},
    "clinic.case.reported": {
        "patient": CHILD,
        "age_years": 9,
        "sex": "m",
        "syndrome": "foodborne",
        "symptoms": ["muntah", "diare"],
        "onset": "2026-11-24T09:00:00+07:00",
        "ate_at": "2026-11-23T11:30:00+07:00",
        "outcome": "outpatient",
    },
    "clinic.cases.counted": {
        "syndrome": "foodborne",
        "cases": 40,
        "inpatients": 3,
        "since": "2026-11-24T06:00:00+07:00",
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
        "since": "2026-11-24T08:00:00+07:00",
        "symptoms": ["mual"],
    },
    "unit.heartbeat": {"outbox": 0, "version": "1.2.0", "battery_pct": 88},
    "event.retracted": {"reason": "salah ketik"},
}
"""Type -> valid `data` with every optional field."""

WITH_SUBJECT: Final = ("sppg.delivery.received", "sppg.meal.eaten")
SOURCE_OF: Final = {
    "sppg": f"/{REGION}/sppg/{KITCHEN}",
    "clinic": f"/{REGION}/clinic/{CLINIC}",
    "recipient": f"/{REGION}/recipient/{SCHOOL}",
}


def event(type_: str, **overrides: Any) -> dict[str, Any]:
    """A valid event of `type_`.

    `overrides` replace attributes (`...` removes one); `data` is merged in the same way.
    """
    made: dict[str, Any] = {
        "specversion": "1.0",
        "id": f"{type_}-1",
        "source": SOURCE_OF.get(type_.split(".")[0], SOURCE_OF["sppg"]),
        "type": type_,
        "time": TIME,
        "data": copy.deepcopy(DATA.get(type_, {})),
    }
    if type_ in WITH_SUBJECT:
        made["subject"] = SCHOOL
    if type_ == "event.retracted":
        made["supersedes"] = "an-earlier-one"
    merged = {**made, **overrides}
    if isinstance(overrides.get("data"), dict):
        merged["data"] = {
            k: v for k, v in {**made["data"], **overrides["data"]}.items() if v is not ...
        }
    return {name: value for name, value in merged.items() if value is not ...}


def line(type_: str, **overrides: Any) -> bytes:
    """`event` as a line of JSON, without a newline."""
    return json.dumps(event(type_, **overrides), separators=(",", ":"), ensure_ascii=False).encode()
