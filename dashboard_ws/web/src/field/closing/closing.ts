/** Days that are closed: a correction needs a reason then, and after 30 days none is taken any more. */

import type { Row, Value, Values } from "../outbox/rows";
import { mended } from "../rejected/rejected";
import type { Source } from "../source/source";
import type { Times } from "../source/times";
import { str, type Field } from "../tasks/task";
import { minuteOf, written } from "../../lib/format";
import { WORDS } from "../../words/field";
import { OPTIONS } from "../../words/field-tasks";

/** closed: a correction needs a reason. locked: the server takes nothing of that time any more. */
export type DayState = "open" | "closed" | "locked";

/** As the server has it: older events are refused, and what corrects them counts for nothing. */
const TAKEN_MS = 30 * 86_400_000;
const MIDNIGHT = "24:00";
/** Names among the values of a task; what they say is an attribute of the event, not part of its `data`. */
const REASON = "correctionreason";
const OTHER_REASON = "correctionother";
const OTHER = "other";
const MAX_REASON = 100;
const RETURNED = "dikembalikan petugas";

/** How the day of `time` stands at `now`, both the phone's. */
export function dayState(source: Source, times: Times, time: number, now: number): DayState {
  if (times.region(now) - times.region(time) > TAKEN_MS) return "locked";
  const [day, today] = [times.day(time), times.day(now)];
  return day < today || (day === today && times.minute(now) >= minuteOf(closing(source))) ? "closed" : "open";
}

/** Why a correction of that day needs a reason, or is taken no more, and what to do; empty where it is open. */
export function dayNotice(source: Source, times: Times, time: number, now: number): string {
  const state = dayState(source, times, time, now);
  if (state === "locked") return WORDS.dayLocked;
  if (state === "open") return "";
  const clock = written(minuteOf(closing(source)));
  return WORDS.dayClosed(times.day(time) === times.day(now) ? WORDS.today : times.date(time), clock);
}

/** An older server does not say. */
function closing(source: Source): string {
  return source.day_closes ?? MIDNIGHT;
}

/** Whether the server has `row`, or may have it: what is entered in its place names it. */
function mayBeThere(row: Row): boolean {
  return row.state === "sent" || (row.state === "waiting" && row.line !== null);
}

/** Whether what is entered in the place of `row` corrects something that the server has: what was never sent is written anew. */
export function isCorrection(row: Row): boolean {
  return mayBeThere(row) || (row.state === "waiting" ? row.supersedes : mended(row)) !== undefined;
}

/** What stands in the fields when `row` is opened again: a new version has a reason of its own. */
export function valuesOf(row: Row): Values {
  return mayBeThere(row) ? withoutReason(row.values) : row.values;
}

export function withoutReason({ [REASON]: _, [OTHER_REASON]: __, ...values }: Values): Record<string, Value> {
  return values;
}

export interface Closure {
  readonly isLocked: boolean;
  readonly needsReason: boolean;
  /** Why, and what to do; empty where nothing is closed. */
  readonly notice: string;
}

/** What the days of a statement ask for: the day that it is of (`time`, null: now), and that of `old`, which it takes the place of. */
export function closureOf(source: Source, times: Times, now: number, old: Row | null, time: number | null): Closure {
  const corrected = old !== null && isCorrection(old) ? old : null;
  const moments = [...(corrected === null ? [] : [corrected.time]), time ?? now];
  const isLocked = moments.some((moment) => dayState(source, times, moment, now) === "locked");
  const closed = moments.find((moment) => dayState(source, times, moment, now) === "closed");
  // Who returned a report has said why.
  const needsReason = corrected !== null && !corrected.isReturned && closed !== undefined;
  const notice = isLocked ? WORDS.dayLocked : needsReason ? dayNotice(source, times, closed, now) : "";
  return { isLocked, needsReason: needsReason && !isLocked, notice };
}

/** Asked beside a task's own fields. */
export function reasonFields(values: Values): readonly Field[] {
  const choice: Field = { kind: "choice", name: REASON, options: OPTIONS.correct };
  return values[REASON] === OTHER ? [choice, { kind: "text", name: OTHER_REASON, max: MAX_REASON }] : [choice];
}

/** The reason as it is sent, if there is one. */
export function reasonOf(values: Values, old: Row | null): Pick<Row, "reason"> {
  const chosen = old?.isReturned ? RETURNED : str(values[REASON]);
  const reason = chosen === OTHER ? str(values[OTHER_REASON]).trim() : chosen;
  return reason === "" ? {} : { reason };
}
