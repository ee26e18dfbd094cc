/** What the phone keeps of one event, and which of several versions counts. */

import type { Reading } from "./phone-clock";

export type Value = string | number | boolean | null | readonly string[];
export type Values = Readonly<Record<string, Value>>;

/**
 * waiting: not judged yet. sent: accepted. refused: judged and not accepted. aside: not taken in any form.
 * dropped: refused or aside, and a person has seen to it.
 */
export type State = "waiting" | "sent" | "refused" | "aside" | "dropped";

/** What a task makes of its fields. Times are the phone's, epoch ms. */
export interface Statement {
  readonly type: string;
  readonly subject?: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** When it happened. */
  readonly time: number;
  /** Fields of `data` that are times. */
  readonly times: Readonly<Record<string, number>>;
}

export interface Row extends Statement {
  readonly id: string;
  /** Counts the statements of this phone: a gap shows what a wiped phone has lost. */
  readonly seq: number;
  readonly source: string;
  readonly supersedes?: string;
  readonly task: string;
  readonly values: Values;
  /** Why it corrects a report of a day that was closed. */
  readonly reason?: string;
  /** Phone's time of the statement, and the last answer of the server before it. */
  readonly recorded: number;
  /** Code of who was on shift then. */
  readonly staff?: string;
  readonly reading: Reading | null;
  readonly state: State;
  /** The event's bytes, made once before the first attempt: each copy that is sent must be equal. */
  readonly line: string | null;
  readonly shift: number;
  readonly code?: string;
  readonly detail?: string;
  readonly receipt?: string;
  /** Rows of analysts hold it, says the receipt. */
  readonly stored?: boolean;
  readonly settled?: number;
  /** The desk has returned it: what is corrected is this very version. Not stored. */
  readonly isReturned?: true;
}

export const RETRACTED = "event.retracted";

/** The newest version of an event that is not refused: what a correction must name. `row` itself if nothing corrects it, or if it is what the desk has returned. */
export function newestOf(row: Row, rows: readonly Row[]): Row {
  if (row.isReturned) return row;
  const next = rows
    .filter((one) => one.supersedes === row.id && isStanding(one))
    .reduce<Row | null>((best, one) => (best === null || one.seq > best.seq ? one : best), null);
  return next === null ? row : newestOf(next, rows);
}

export function isStanding(row: Row): boolean {
  return row.state === "waiting" || row.state === "sent";
}

/** What stands: the newest version of each event, without retractions and what they take back. Of several corrections of
 *  one version the last counts; the others, and what corrects those, do not. */
export function standing(rows: readonly Row[]): Row[] {
  const shown = new Map(rows.filter(isStanding).map((row) => [row.id, row]));
  const last = new Map<string, Row>();
  for (const row of shown.values()) {
    if (row.supersedes !== undefined && row.seq > (last.get(row.supersedes)?.seq ?? 0)) last.set(row.supersedes, row);
  }
  const counts = (row: Row): boolean => {
    if (row.supersedes === undefined) return true;
    const target = shown.get(row.supersedes);
    return last.get(row.supersedes) === row && (target === undefined || counts(target));
  };
  return [...shown.values()].filter((row) => !last.has(row.id) && row.type !== RETRACTED && counts(row));
}

export function isUnsettled(row: Row): boolean {
  return row.state === "waiting" || row.state === "refused" || row.state === "aside";
}
