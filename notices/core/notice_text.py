"""The text of a message. It names units, recipients and counts, never a person, and repeats nothing that was typed freely."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from contracts.people import NoticeRole, Person
from notices.core import notice_words as words
from notices.core.notice import NoticeItem
from notices.core.notice_facts import fact_of, time_of_day
from notices.core.region_places import RegionPlaces

_ALONE: Final = 3
"""So many alerts of one kind have a line each; more are one line."""
_IDS: Final = 10


class NoticeWriter:
    """`is_simulated`: nothing invented passes for real. `link`: of the desk, or empty."""

    def __init__(self, is_simulated: bool, link: str = "") -> None:
        self._is_simulated = is_simulated
        self._link = link

    def compose(
        self, person: Person, places: RegionPlaces, items: Sequence[NoticeItem], most: int
    ) -> tuple[str, str]:
        """Title and text of a message about `items`, which are in order, in at most `most` lines of alerts."""
        title = self._title(places, items)
        groups = list(_groups(items))
        lines = [title, *(_line(person.role, places, group) for group in groups[:most])]
        if left := sum(len(group) for group in groups[most:]):
            lines.append(words.OTHERS.format(count=left))
        if any(one.alert.row.kind == "foodborne_cluster" for one in items):
            lines.append(words.CAUTION)
        if any(one.what not in ("acknowledged", "assessed", "resolved") for one in items):
            lines.append(words.ASK)
        return title, "\n".join([*lines, *filter(None, [self._link])])

    def test(self, places: RegionPlaces) -> tuple[str, str]:
        """Of a message that only tries whether it arrives."""
        title = self._marked(words.TEST_TITLE.format(region=places.name))
        return title, self._marked(words.TEST.format(region=places.name))

    def _title(self, places: RegionPlaces, items: Sequence[NoticeItem]) -> str:
        row = items[0].alert.row
        first = f"{words.SEVERITY[row.severity]} {words.WHAT[items[0].what]} {words.KIND.get(row.kind, row.kind)}"
        more = len(items) - 1
        form = words.TITLE_MORE if more else words.TITLE
        return self._marked(form.format(region=places.name, first=first, more=more))

    def _marked(self, text: str) -> str:
        return f"[{words.SIMULATED}] {text}" if self._is_simulated else text


def _groups(items: Sequence[NoticeItem]) -> Iterator[list[NoticeItem]]:
    """One item, or all of one kind and news where they are many."""
    alike: dict[tuple[str, str, int], list[NoticeItem]] = {}
    for one in items:
        row = one.alert.row
        alike.setdefault((one.what, row.kind, row.severity), []).append(one)
    for group in alike.values():
        if len(group) > _ALONE:
            yield group
        else:
            yield from ([one] for one in group)


def _line(role: NoticeRole, places: RegionPlaces, group: Sequence[NoticeItem]) -> str:
    first = group[0]
    row = first.alert.row
    head = f"{words.WHAT[first.what]} {words.SEVERITY[row.severity]} {words.KIND.get(row.kind, row.kind)}"
    if len(group) > 1:
        ids = [one.alert.row.short_id for one in group]
        shown = ", ".join(ids[:_IDS]) + (f" {words.MORE_IDS}" if len(ids) > _IDS else "")
        return f"- {head}: {words.SEVERAL.format(count=len(group), ids=shown)}"
    parts = [_where(places, row.unit_id, row.subject), *_news(places, first)]
    if first.what != "resolved":
        parts.append(fact_of(role, places, row.kind, first.alert.evidence))
    if first.followers:
        parts.append(words.FOLLOWERS.format(count=first.followers))
    return f"- {row.short_id} {head}: " + "; ".join(filter(None, parts))


def _where(places: RegionPlaces, unit: str, subject: str) -> str:
    names = [places.names[one] for one in (unit, subject) if one in places.names]
    if subject == "network":
        names = [words.NETWORK]
    code = places.kecamatan(unit, subject)
    area = f" ({places.names[code]})" if code in places.names else ""
    return " -> ".join(names) + area


def _news(places: RegionPlaces, item: NoticeItem) -> Iterator[str]:
    row = item.alert.row
    match item.what:
        case "acknowledged":
            yield words.BY.format(who=row.acknowledged_by)
            if row.ack_until:
                yield words.UNTIL.format(time=time_of_day(places, row.ack_until))
        case "assessed":
            yield words.ASSESSMENT.get(row.assessment, row.assessment)
        case "resolved":
            yield words.RESOLUTION.get(row.resolution, row.resolution)
            if row.acknowledged_by:
                yield words.BY.format(who=row.acknowledged_by)
        case _:
            yield words.SINCE.format(time=time_of_day(places, row.raised_at))
