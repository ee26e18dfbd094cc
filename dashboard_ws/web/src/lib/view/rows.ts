/** Finding rows of the live map. */

import { str, type Row } from "../link/protocol";

export type Rows = ReadonlyMap<string, Row>;

/** A row of today, or undefined: just after midnight the map may still hold yesterday's. */
export function todays(rows: Rows, key: string, day: string): Row | undefined {
  const row = rows.get(key);
  return row !== undefined && str(row, "day") === day ? row : undefined;
}

export function isRow(row: Row | undefined): row is Row {
  return row !== undefined;
}
