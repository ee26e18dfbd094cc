/** Signals of the clinics over seven days. */

import { count } from "../format";
import { num, type Row } from "../link/protocol";
import { WORDS } from "../../words/wall";

export interface Signal {
  readonly label: string;
  readonly text: string;
}

/** "<5": the gateway keeps small counts from public walls. "–": not known. */
export function signals(row: Row | undefined): Signal[] {
  const hidden = Array.isArray(row?.["hidden"]) ? (row["hidden"] as unknown[]) : [];
  return Object.entries(WORDS.signals).map(([column, label]) => {
    const value = num(row, column);
    if (value !== null) return { label, text: count(value) };
    return { label, text: hidden.includes(column) ? "<5" : "–" };
  });
}

const REPORTED = ["children_measured", "children_immunized", "doses_given", "mothers_seen", "foodborne_cases"] as const;

/** Whether no clinic has reported anything: then a 0 would say that all is well. */
export function isSilent(row: Row | undefined): boolean {
  return REPORTED.every((column) => num(row, column) === 0);
}
