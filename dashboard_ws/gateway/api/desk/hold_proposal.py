"""What a hold because of an alert would be of: batches and recipients, as far as its evidence and the registry tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel

from contracts.registry.entities import Registry
from dashboard_ws.gateway.api.desk.desk_access import ShownAlert


class ProposedRecipient(BaseModel):
    """`chosen`: the evidence names it, or names none and it is one of the kitchen's."""

    id: str
    name: str
    meal_time: str
    chosen: bool


class HoldProposal(BaseModel):
    """The batches that the evidence names, and the kitchen's recipients and those that the evidence names."""

    unit_id: str
    batches: list[str]
    recipients: list[ProposedRecipient]


def proposal(registry: Registry, region: str, day: int, alert: ShownAlert) -> HoldProposal:
    """For an alert whose `unit_id` is a kitchen. `day`: local, of the registry's rows."""
    evidence = alert.facts
    in_force = registry.recipients_in_force(region, day)
    of_kitchen = [one.recipient_id for one in registry.recipients_of_kitchen(alert.unit_id, day)]
    known = (one for one in _recipients_named(alert, evidence) if one in in_force)
    named = list(dict.fromkeys(known))
    # A single delivery says nothing of who else got the batch.
    chosen = set(named) if len(named) > 1 else {*named, *of_kitchen}
    rows = [in_force[one] for one in dict.fromkeys((*named, *of_kitchen))]
    return HoldProposal(
        unit_id=alert.unit_id,
        batches=sorted(set(_batches_named(alert, evidence))),
        recipients=[
            ProposedRecipient(
                id=row.recipient_id,
                name=row.name,
                meal_time=f"{row.meal_time // 60:02}:{row.meal_time % 60:02}",
                chosen=row.recipient_id in chosen,
            )
            for row in sorted(rows, key=lambda row: (row.meal_time, row.name))
            if row.status == "active"
        ],
    )


def _recipients_named(alert: ShownAlert, evidence: dict[str, Any]) -> Iterator[str]:
    for name in ("recipients", "other_recipients", "attack_by_recipient", "not_yet_ill"):
        yield from _texts(evidence.get(name))
    yield alert.subject


def _batches_named(alert: ShownAlert, evidence: dict[str, Any]) -> Iterator[str]:
    for name in ("batch", "batches", "attack_by_batch"):
        yield from _texts(evidence.get(name))
    if alert.kind == "unsafe_batch":
        yield alert.subject


def _texts(value: Any) -> Iterator[str]:
    """The texts in a list, the keys of a map, or the one text."""
    some: Iterable[Any] = (value,) if isinstance(value, str) else value or ()
    return (one for one in some if isinstance(one, str))
