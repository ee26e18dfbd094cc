"""Who has not reported, as a message that somebody copies into WhatsApp: a line a unit, by kecamatan. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from contracts.registry.due_reports import WHOLE_DAY, DueReport, MissingReports
from contracts.time.days import day_to_iso, weekday

_DAYS: Final = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
_TITLE: Final = "*Belum melapor*, {region}, {day}"
_BY: Final = " pukul {time}"
_SIMULATED: Final = "[SIMULASI] "
_OF: Final = "{missing} dari {due} yang jam makannya sudah lewat."
_ALL: Final = "Semua {due} yang jam makannya sudah lewat sudah melapor."
_NOBODY: Final = "Belum ada yang harus melapor."
_OLD: Final = "Perhatian: data masuk baru sampai pukul {time}."
_NO_DATA: Final = "Perhatian: belum ada data masuk hari itu."
_KITCHEN: Final = "- Dapur {name}: belum ada laporan kiriman (makan {time})"
_RECIPIENT: Final = "- {name}: belum konfirmasi (makan {time})"
STALE_MIN: Final = 5
"""What was received last so many minutes before the time asked about is named: reports may be missing here alone."""


def missing_text(
    found: MissingReports,
    region: str,
    names: Mapping[str, str],
    day: int,
    by_min: int,
    as_of_min: int | None,
    is_simulated: bool,
) -> str:
    """`region`: its name; `names`: of each kecamatan; `as_of_min`: minute of the day until which reports are in; None: none is."""
    local = day_to_iso(day)
    title = _TITLE.format(
        region=region,
        day=f"{_DAYS[weekday(day) - 1]} {local[8:]}/{local[5:7]}/{local[:4]}",
    )
    if by_min < WHOLE_DAY:
        title += _BY.format(time=_clock(by_min))
    lines = [f"{_SIMULATED if is_simulated else ''}{title}", _summary(found)]
    if as_of_min is None:
        lines.append(_NO_DATA)
    elif by_min < WHOLE_DAY and as_of_min < by_min - STALE_MIN:
        lines.append(_OLD.format(time=_clock(as_of_min)))
    kecamatan = ""
    for one in found.missing:
        if one.kecamatan != kecamatan:
            kecamatan = one.kecamatan
            lines += ["", f"*Kec. {names.get(kecamatan, kecamatan)}*"]
        form = _KITCHEN if one.kind == "sppg" else _RECIPIENT
        lines.append(form.format(name=_in_one_line(one), time=_clock(one.meal_time)))
    return "\n".join(lines)


def _summary(found: MissingReports) -> str:
    if not found.due:
        return _NOBODY
    form = _OF if found.missing else _ALL
    return form.format(missing=_counted(found.missing), due=_counted(found.due))


def _counted(some: list[DueReport]) -> str:
    kitchens = sum(one.kind == "sppg" for one in some)
    return " dan ".join(_counts(kitchens, len(some) - kitchens))


def _counts(kitchens: int, recipients: int) -> Iterator[str]:
    if kitchens:
        yield f"{kitchens} dapur"
    if recipients or not kitchens:
        yield f"{recipients} penerima"


def _in_one_line(one: DueReport) -> str:
    # A line break or a star in a name would break the list, or make it bold.
    return " ".join(one.name.replace("*", "").split())


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}.{minute % 60:02d}"
