/** Coverage by kecamatan: which class each belongs to, and which three are lowest. */

import { ratio } from "../format";
import { num, type Row } from "../link/protocol";
import type { Region } from "../region";
import { judge } from "../truth";
import { todays, type Rows } from "./rows";

export interface Area {
  readonly code: string;
  readonly name: string;
  readonly row: Row | undefined;
  /** Eaten of the day's registered, 0..1; null if unknown or not to be shown any more. */
  readonly share: number | null;
}

/** Five fixed classes of a fifth each: a kecamatan's shade means the same at any time of any day. */
export const CLASSES = 5;

export function classOf(share: number): number {
  return Math.min(CLASSES - 1, Math.max(0, Math.floor(share * CLASSES)));
}

export function areas(region: Region, rows: Rows, day: string, now: number): Area[] {
  return region.kecamatan.map(({ code, name }) => {
    const row = todays(rows, `coverage/kecamatan/${code}/all/1d`, day);
    const gone = judge([row], now).quality === "gone";
    return { code, name, row, share: gone ? null : ratio(num(row, "eaten"), num(row, "target")) };
  });
}

/** The lowest shares, lowest first; equal ones in the order of their codes. */
export function lowest(all: readonly Area[], most: number): (Area & { share: number })[] {
  return all
    .filter((area): area is Area & { share: number } => area.share !== null)
    .sort((a, b) => a.share - b.share || a.code.localeCompare(b.code))
    .slice(0, most);
}
