"""The contract's sentence about the calendar, read aloud: rank every line and take the greatest."""

from contracts.registry.entities import Recipient, RegionRegistry, weekday


def ruled(registry: RegionRegistry, one: Recipient, group: str, day: int) -> tuple[bool, str]:
    """Whether a group of a recipient is served on a local day, and why not."""
    region = registry.region
    names = region.holiday_names or ("",) * len(region.holidays)
    lines = [
        *(
            (day, day, "", (), False, name)
            for day, name in zip(region.holidays, names, strict=True)
        ),
        *((r.first, r.last, r.scope, r.groups, r.served, r.reason) for r in registry.calendar),
    ]
    scopes = ["", one.kecamatan, one.unit_id, one.recipient_id]
    ranked = [
        ((scopes.index(scope), bool(groups), index), served, reason)
        for index, (first, last, scope, groups, served, reason) in enumerate(lines)
        if first <= day <= last and scope in scopes and (not groups or group in groups)
    ]
    if not ranked:
        return weekday(day) in region.service_weekdays, ""
    _, served, reason = max(ranked)
    return served, "" if served else reason
