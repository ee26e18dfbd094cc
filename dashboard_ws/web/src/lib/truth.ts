/**
 * What may be shown as true. Every value carries up to when it holds (`as_of`) and for how long (`ttl_s`); both run on
 * the region's clock. Only the link to the server runs on real time.
 */

import type { Row } from "./link/protocol";

/** live: as new as promised. stale: shown dimmed, with its age. gone: not shown any more. none: there is no value. */
export type Quality = "live" | "stale" | "gone" | "none";

export interface Truth {
  readonly quality: Quality;
  /** Oldest `as_of` of what the value was made from, epoch ms; null without any. */
  readonly asOf: number | null;
}

/** A value is taken off the wall after this many times its ttl. */
const GONE_TTLS = 3;

const ORDER: readonly Quality[] = ["live", "stale", "gone", "none"];

/** The worst quality and the oldest as_of of a value's inputs. A missing input makes it none. */
export function judge(rows: readonly (Row | undefined)[], now: number): Truth {
  let worst = rows.length === 0 ? ORDER.length - 1 : 0;
  let asOf: number | null = null;
  for (const row of rows) {
    if (row === undefined) {
      worst = ORDER.length - 1;
      continue;
    }
    const at = Date.parse(row.as_of);
    worst = Math.max(worst, ORDER.indexOf(qualityOf(at, row.ttl_s, now)));
    asOf = asOf === null ? at : Math.min(asOf, at);
  }
  return { quality: ORDER[worst] ?? "none", asOf };
}

/** One value's quality. A time that cannot be read counts as gone. */
export function qualityOf(asOf: number, ttlS: number, now: number): Quality {
  if (!Number.isFinite(asOf)) return "gone";
  const age = now - asOf;
  if (age < ttlS * 1000) return "live";
  return age < GONE_TTLS * ttlS * 1000 ? "stale" : "gone";
}

/** Rows that may still be shown, and how many may not: a sum names both. */
export function usable(rows: readonly Row[], now: number): Row[] {
  return rows.filter((row) => judge([row], now).quality !== "gone");
}

export type Link = "connecting" | "live" | "delayed" | "cut";

const DELAYED_MS = 7_000;
export const CUT_MS = 15_000;
/** The stream waits 2 minutes for what is on its way, and a ping may be 5 s old: more than this and it is behind. */
const LAG_MS = 180_000;
/** A fast clock runs this far while a flush is on its way (real ms). */
const LAG_REAL_MS = 15_000;

/**
 * The state of the link. `silentMs`: real ms since the last frame, null before the first one; `sinceStart`: real ms
 * since the page began; `lagMs`: region's clock less the stream's as_of, null if not known; `factor`: the clock's rate.
 */
export function linkState(silentMs: number | null, sinceStart: number, lagMs: number | null, factor: number): Link {
  if (silentMs === null) return sinceStart < CUT_MS ? "connecting" : "cut";
  if (silentMs >= CUT_MS) return "cut";
  const late = lagMs !== null && lagMs > Math.max(LAG_MS, LAG_REAL_MS * factor);
  return silentMs >= DELAYED_MS || late ? "delayed" : "live";
}

/** fresh, late and silent by age; never: not once heard; closed: outside its hours, nothing is expected. */
export type Hearing = "fresh" | "late" | "silent" | "never" | "closed";

const LATE_MS = 15 * 60_000;
const SILENT_MS = 2 * 3_600_000;

/**
 * How a unit is heard. `lastMs`: when something of it was last received, null for never; `openMs`: when its hours of
 * today began, null outside them. Silence counts from the opening: a closed kitchen has nothing to say.
 */
export function hearing(lastMs: number | null, openMs: number | null, now: number): Hearing {
  if (lastMs === null) return "never";
  if (now - lastMs < LATE_MS) return "fresh";
  if (openMs === null) return "closed";
  const silence = now - Math.max(lastMs, openMs);
  if (silence < LATE_MS) return "fresh";
  return silence < SILENT_MS ? "late" : "silent";
}
