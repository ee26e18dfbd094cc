/** What does not stream: the region's name, places, hours and meals, from `GET /v1/region`. */

import { minuteOf, weekday } from "./format";

/** [minute of the local day, registered]: a meal time and for how many. */
export type Meal = readonly [minute: number, registered: number];

/** [minute of the local day, cooked, dispatched, received, eaten]: the day's totals as they stood then. */
export type DayPoint = readonly [minute: number, cooked: number, dispatched: number, received: number, eaten: number];

export interface Unit {
  readonly unit_id: string;
  readonly kind: "sppg" | "clinic";
  readonly name: string;
  readonly kecamatan: string;
  readonly synthetic: boolean;
  /** Minutes of the local day; `opens` > `closes`: over midnight. */
  readonly opens: number;
  readonly closes: number;
  /** Its recipients' meals today. */
  readonly meals: readonly Meal[];
}

export interface Shape {
  readonly code: string;
  readonly d: string;
  readonly cx: number;
  readonly cy: number;
}

/**
 * Recipients that the calendar leaves out today, and with which groups. `whole`: with all of theirs; `kind`: empty if
 * they are of several; `reason` empty: no day of service.
 */
export interface NotServed {
  readonly reason: string;
  readonly groups: readonly string[];
  readonly whole: boolean;
  readonly kind: "school" | "pesantren" | "posyandu" | "";
  readonly recipients: number;
}

/** Of the recipients that have counted today who is present and who has eaten: both sums. */
export interface Attended {
  readonly recipients: number;
  readonly present: number;
  readonly eaten: number;
}

/** Kitchens (ids by rule) whose figures of `day`, the last of service, deserve a question; null: could not be asked. */
export interface Questions {
  readonly day: string;
  readonly kitchens: Readonly<Record<string, readonly string[]>> | null;
}

export interface Region {
  readonly code: string;
  readonly name: string;
  readonly timezone: string;
  readonly simulated: boolean;
  readonly clock_factor: number;
  /** The local day that meals, units and points are of. */
  readonly day: string;
  readonly service_weekdays: readonly number[];
  readonly holidays: readonly string[];
  /** The name of `day`, if it is a holiday that has one. */
  readonly holiday: string;
  readonly kecamatan: readonly { readonly code: string; readonly name: string }[];
  /** Active units, by kecamatan and id: the order of the tiles. */
  readonly units: readonly Unit[];
  readonly targets: readonly { readonly meal_time: string; readonly registered: number }[];
  readonly today: readonly DayPoint[];
  /** Recipients that are served on `day`. */
  readonly recipients: number;
  readonly not_served: readonly NotServed[];
  readonly attended: Attended;
  /** Null: not known yet. */
  readonly questions: Questions | null;
  readonly map: { readonly viewBox: string; readonly kecamatan: readonly Shape[] };
}

/** Registered of the meals whose time has passed: what may be expected by this minute. */
export function dueBy(meals: readonly Meal[], minute: number): number {
  let due = 0;
  for (const [at, registered] of meals) if (at <= minute) due += registered;
  return due;
}

/** The region's meals of the day, by time. */
export function mealsOf(region: Region): Meal[] {
  return region.targets.map((one) => [minuteOf(one.meal_time), one.registered]);
}

/** True if meals are served on the day: of the region's own day its calendar says so, of others weekday and holidays. */
export function serves(region: Region, day: string): boolean {
  if (region.day === day) return region.targets.length > 0;
  return region.service_weekdays.includes(weekday(day)) && !region.holidays.includes(day);
}

/** The local day after `day`. */
export function nextDay(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}

/** Minutes since a unit's hours began, or null outside them. */
export function minutesOpen(unit: Unit, minute: number): number | null {
  const { opens, closes } = unit;
  const over = opens > closes;
  const open = over ? minute >= opens || minute < closes : minute >= opens && minute < closes;
  if (!open) return null;
  return minute >= opens ? minute - opens : minute + 1440 - opens;
}
