/** The kitchens: who has reported, who is heard, who delivers least of what is due. */

import { ratio } from "../format";
import { num, str, type Row } from "../link/protocol";
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

/** Kitchens that somebody expects meals of today. */
export function serving(units: readonly Unit[]): Unit[] {
  return units.filter((unit) => unit.meals.length > 0);
}

/** How many kitchens have an event today; null if that cannot be said of any. */
export function reporting(units: readonly Unit[], rows: Rows, day: string, now: number): number | null {
  const known = units.map((unit) => num(rowOf(unit, rows, day, now), "events")).filter((events) => events !== null);
  return known.length === 0 ? null : known.filter((events) => events > 0).length;
}

export interface Heard {
  readonly unit: Unit;
  /** Its freshness row; none for a kitchen never heard. */
  readonly row: Row | undefined;
  readonly hearing: Hearing;
  /** Region's clock since it was last heard, or since it opened if that is later; ms. */
  readonly silentMs: number;
}

/** Whether meals are served today, and tomorrow: who opens before midnight cooks for tomorrow. */
export interface Service {
  readonly today: boolean;
  readonly tomorrow: boolean;
}

function expected(unit: Unit, minute: number, service: Service): boolean {
  if (unit.opens > unit.closes && minute >= unit.opens) return service.tomorrow;
  return service.today && unit.meals.length > 0;
}

/**
 * How each kitchen is heard. `minuteMs`: the region's clock, whole minutes. Where nothing is served none is expected to
 * be heard. A row that has grown old tells of its own time only: that the stream is behind makes no kitchen silent.
 */
export function heard(units: readonly Unit[], rows: Rows, minuteMs: number, minute: number, service: Service): Heard[] {
  return units.map((unit) => {
    const row = rows.get(unit.unit_id);
    const last = Date.parse(str(row, "last_received"));
    const lastMs = Number.isFinite(last) ? last : null;
    const open = expected(unit, minute, service) ? minutesOpen(unit, minute) : null;
    const openMs = open === null ? null : minuteMs - open * 60_000;
    const truth = judge([row], minuteMs);
    const at = truth.quality === "live" || truth.asOf === null ? minuteMs : truth.asOf;
    const since = Math.max(lastMs ?? -Infinity, openMs ?? -Infinity);
    return {
      unit,
      row,
      hearing: hearing(lastMs, openMs, at),
      silentMs: Number.isFinite(since) ? Math.max(0, at - since) : 0,
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
