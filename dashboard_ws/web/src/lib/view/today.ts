/** The day as lines: four totals by time of day, from points that stood when they were noted. */

import type { LocalTime } from "../format";
import { num, str, type Row } from "../link/protocol";
import type { DayPoint } from "../region";

const PANE_MIN = 5;

/**
 * The server's points of `day` joined with what this page has seen since (`own`), and the row that is newest. Points of
 * another day are dropped; where both know a pane, the page's is newer.
 */
export function addPoint(
  served: readonly DayPoint[],
  own: readonly DayPoint[],
  day: string,
  row: Row | undefined,
  time: LocalTime,
): readonly DayPoint[] {
  const latest = row === undefined ? null : point(row, time);
  const rowDay = str(row, "day") || day;
  // At midnight the row and the region's day change one after the other: the newer one's day counts, and own points
  // are of the day of the row that made them.
  if (rowDay < day) return served;
  const kept = rowDay === day ? [...served, ...own] : [];
  if (latest !== null) kept.push(latest);
  const byPane = new Map<number, DayPoint>();
  for (const one of kept) {
    if (latest === null || one[0] <= latest[0]) byPane.set(Math.floor(one[0] / PANE_MIN), one);
  }
  return [...byPane.values()].sort((a, b) => a[0] - b[0]);
}

function point(row: Row, time: LocalTime): DayPoint | null {
  const at = Date.parse(row.as_of);
  if (!Number.isFinite(at) || time.day(at) !== str(row, "day")) return null;
  const values = ["cooked", "dispatched", "received", "eaten"].map((name) => num(row, `portions_${name}`));
  const [cooked, dispatched, received, eaten] = values;
  if (cooked == null || dispatched == null || received == null || eaten == null) return null;
  return [time.minute(at), cooked, dispatched, received, eaten];
}

/** A pause longer than this between two points is no silence (rows are confirmed sooner) but a gap. */
const GAP_MIN = 40;

/** Points cut where something is missing: within a piece a value stood until the next point. */
export function pieces(points: readonly DayPoint[]): DayPoint[][] {
  const found: DayPoint[][] = [];
  let last: DayPoint | undefined;
  for (const one of points) {
    if (last === undefined || one[0] - last[0] > GAP_MIN) found.push([]);
    found.at(-1)?.push(one);
    last = one;
  }
  return found;
}

/** Stretches [from, to] of the day, within the chart's hours and up to the last point, that no point tells of. */
export function gaps(points: readonly DayPoint[], from: number): [number, number][] {
  const found: [number, number][] = [];
  let before = from;
  for (const piece of pieces(points)) {
    const [first, last] = [piece[0], piece.at(-1)];
    if (first === undefined || last === undefined) continue;
    // A day's first point at zero says that nothing was before it.
    const known = before === from && first.slice(1).every((value) => value === 0);
    if (!known && first[0] > before + PANE_MIN) found.push([before, first[0]]);
    before = last[0];
  }
  return found;
}
