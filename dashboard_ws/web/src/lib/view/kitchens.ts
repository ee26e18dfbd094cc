/** The kitchens: who has reported, who is heard, who delivers least of what is due. */

import { ratio } from "../format";
import { num, str, type Row } from "../protocol";
import { dueBy, minutesOpen, type Region, type Unit } from "../region";
import { hearing, judge, type Hearing } from "../truth";
import { todays, type Rows } from "./rows";

export function kitchensOf(region: Region): Unit[] {
  return region.units.filter((unit) => unit.kind === "sppg");
}

/** The kitchen's row of today; undefined also once it may not be shown any more. */
export function rowOf(unit: Unit, rows: Rows, day: string, now: number): Row | undefined {
  const row = todays(rows, `performance/unit/${unit.unit_id}/1d`, day);
  return judge([row], now).quality === "gone" ? undefined : row;
}

/** How many kitchens have an event today. */
export function reporting(units: readonly Unit[], rows: Rows, day: string, now: number): number {
  return units.filter((unit) => (num(rowOf(unit, rows, day, now), "events") ?? 0) > 0).length;
}

export interface Heard {
  readonly unit: Unit;
  readonly hearing: Hearing;
  /** Region's clock since it was last heard, or since it opened if that is later; ms. */
  readonly silentMs: number;
}

/** How each kitchen is heard. `minuteMs`: the region's clock, whole minutes; `serviceDay` false: none is expected to be. */
export function heard(units: readonly Unit[], rows: Rows, minuteMs: number, minute: number, serviceDay: boolean): Heard[] {
  return units.map((unit) => {
    const last = Date.parse(str(rows.get(unit.unit_id), "last_received"));
    const lastMs = Number.isFinite(last) ? last : null;
    const open = serviceDay ? minutesOpen(unit, minute) : null;
    const openMs = open === null ? null : minuteMs - open * 60_000;
    const since = Math.max(lastMs ?? -Infinity, openMs ?? -Infinity);
    return {
      unit,
      hearing: hearing(lastMs, openMs, minuteMs),
      silentMs: Number.isFinite(since) ? minuteMs - since : 0,
    };
  });
}

export interface Ranked {
  readonly unit: Unit;
  readonly row: Row;
  readonly share: number;
}

/** Kitchens by received of what is due by this minute, lowest first; equal ones by how much is missing. */
export function ranking(units: readonly Unit[], rows: Rows, day: string, now: number, minute: number): Ranked[] {
  const found: (Ranked & { missing: number })[] = [];
  for (const unit of units) {
    const row = rowOf(unit, rows, day, now);
    const due = dueBy(unit.meals, minute);
    const received = num(row, "portions_received");
    const share = ratio(received, due);
    if (row === undefined || received === null || share === null) continue;
    found.push({ unit, row, share, missing: due - received });
  }
  return found.sort((a, b) => a.share - b.share || b.missing - a.missing);
}
