/** Finding rows of the live map. */

import { str, type Row } from "../link/protocol";

/** The kind of alerts about people who may be ill of food: of a kitchen, or of a lot that several kitchens cooked. */
export const CLUSTER = "foodborne_cluster";

/** The kind of alerts about certificates: of dozens of kitchens, for weeks. */
export const CERTIFICATE = "certificate";

export type Rows = ReadonlyMap<string, Row>;

/** A row of today, or undefined: just after midnight the map may still hold yesterday's. */
export function todays(rows: Rows, key: string, day: string): Row | undefined {
  const row = rows.get(key);
  return row !== undefined && str(row, "day") === day ? row : undefined;
}

export function isRow(row: Row | undefined): row is Row {
  return row !== undefined;
}

/** A figure of reports; null for zero: then nobody has reported yet, and the wall shows no number for that. */
export function reported(figure: number | null): number | null {
  return figure === 0 ? null : figure;
}

/** What an alert rests on; empty where a row has none. */
export function evidenceOf(row: Row): Readonly<Record<string, unknown>> {
  const evidence = row["evidence"];
  return typeof evidence === "object" && evidence !== null ? (evidence as Record<string, unknown>) : {};
}

/** How many recipients of a hold have confirmed; null for any other alert. */
export function confirmations(row: Row): { readonly confirmed: number; readonly of: number } | null {
  const { confirmed_count: confirmed, recipient_count: of } = evidenceOf(row);
  if (str(row, "kind") !== "hold" || typeof confirmed !== "number" || typeof of !== "number") return null;
  return { confirmed, of };
}

/** True while somebody has to act on an alert. Once all recipients of a hold have stopped nobody has to. */
export function isOpen(row: Row): boolean {
  const hold = confirmations(row);
  return str(row, "state") === "raised" && (hold === null || hold.confirmed < hold.of);
}
