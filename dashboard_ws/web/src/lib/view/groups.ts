/** Coverage by group of recipients. */

import { ratio } from "../format";
import { num, type Row } from "../link/protocol";
import type { Region } from "../region";
import { GROUPS } from "../../words/shared";
import { WORDS } from "../../words/wall";
import { isRow, reported, todays, type Rows } from "./rows";

const CELLS: readonly (readonly [label: string, ...groups: string[]])[] = [
  [GROUPS.paud.short, "paud"],
  [GROUPS.sd.short, "sd"],
  [GROUPS.smp.short, "smp"],
  [GROUPS.sma.short, "sma"],
  [GROUPS.santri.short, "santri"],
  [GROUPS.guru.short, "guru"],
  [WORDS.mothers, "bumil", "busui"],
  [GROUPS.balita.short, "balita"],
];

export interface Group {
  readonly label: string;
  /** Eaten of registered, 0..1; null if a part is unknown, nobody is registered, or nobody has reported a meal. */
  readonly share: number | null;
  readonly rows: readonly Row[];
}

/** Mothers to be and nursing ones are one cell: a sum is shown only if both its parts are there. */
export function groups(region: Region, rows: Rows, day: string): Group[] {
  return CELLS.map(([label, ...names]) => {
    const found = names.map((name) => todays(rows, `coverage/kabupaten/${region.code}/${name}/1d`, day)).filter(isRow);
    const whole = found.length === names.length;
    const sum = (column: string): number | null =>
      whole ? found.reduce<number | null>((total, row) => add(total, num(row, column)), 0) : null;
    return { label, share: ratio(reported(sum("eaten")), sum("target")), rows: found };
  });
}

function add(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}
