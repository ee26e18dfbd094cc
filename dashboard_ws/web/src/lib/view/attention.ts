/** What needs somebody: alerts that are not resolved, and kitchens whose recipients state another number than they do. */

import { age, count, shortDay, shortName, type LocalTime } from "../format";
import { num, str, type Row } from "../link/protocol";
import type { Questions, Unit } from "../region";
import { judge } from "../truth";
import { WORDS } from "../../words/wall";
import { rowOf } from "./kitchens";
import { difference } from "./reception";
import { CERTIFICATE, CLUSTER, confirmations, evidenceOf, isOpen, todays, type Rows } from "./rows";

/** 1 pantau, 2 waspada, 3 siaga. */
export type Severity = 1 | 2 | 3;

export interface Notice {
  readonly id: string;
  readonly severity: Severity;
  readonly what: string;
  readonly where: string;
  /** When it was raised: the local time, of an earlier day its date; empty for what is no alert. */
  readonly since: string;
  /** How much, how old, how many have stopped, or who takes care. */
  readonly figure: string;
  /** Sorts notices of one severity, greatest first. */
  readonly weight: number;
  /** An alert that nobody has acknowledged yet. */
  readonly open: boolean;
  readonly row: Row | undefined;
}

/** Alerts that are not resolved. One that is part of another has its cause and is not a line of its own. */
export function alerts(units: readonly Unit[], rows: Rows, now: number, time: LocalTime): Notice[] {
  const names = new Map(units.map((unit) => [unit.unit_id, unit.name]));
  const found: Notice[] = [];
  for (const row of rows.values()) {
    if (row.topic !== "alerts" || str(row, "state") === "resolved" || isPart(row)) continue;
    const unit = str(row, "unit_id");
    const kind = str(row, "kind");
    const raised = Date.parse(str(row, "raised_at"));
    const hold = confirmations(row);
    const old = Number.isFinite(raised) ? age((now - raised) / 1000) : "";
    found.push({
      id: row.key,
      severity: severityOf(num(row, "severity")),
      what: WORDS.alerts[kind] ?? kind,
      since: Number.isFinite(raised) ? time.since(raised, now) : "",
      where: unit !== "" ? shortName(names.get(unit) ?? unit) : kind === CLUSTER ? str(row, "subject") : WORDS.network,
      figure:
        hold !== null
          ? WORDS.stopped(hold.confirmed, hold.of)
          : isOpen(row)
            ? old
            : WORDS.acknowledged(str(row, "acknowledged_by")),
      weight: Number.isFinite(raised) ? -raised : 0,
      open: isOpen(row),
      row,
    });
  }
  return found.sort(bySeverity);
}

function isPart(row: Row): boolean {
  return evidenceOf(row)["part_of"] !== undefined;
}

function severityOf(value: number | null): Severity {
  return value === 3 || value === 2 ? value : 1;
}

/** Minutes after a kitchen's last meal of the day until all of it is reported. */
const REPORTED_MIN = 60;

/**
 * True once both sides have said all of the day: before, as many deliveries may be reported as are checked and yet be
 * others, above all where a kitchen's device is cut off.
 */
function isReported(unit: Unit, rows: Rows, now: number, minute: number): boolean {
  const meal = unit.meals.at(-1)?.[0];
  if (meal === undefined || minute < meal + REPORTED_MIN) return false;
  return Date.parse(str(rows.get(unit.unit_id), "last_received")) >= now - (minute - meal) * 60_000;
}

/** Kitchens whose recipients state another number of portions than they do. */
export function differences(kitchens: readonly Unit[], rows: Rows, day: string, now: number, minute: number): Notice[] {
  const found: Notice[] = [];
  for (const unit of kitchens) {
    if (!isReported(unit, rows, now, minute)) continue;
    const row = rowOf(unit, rows, day, now);
    const recipients = todays(rows, `reception/unit/${unit.unit_id}/1d`, day);
    const apart = judge([recipients], now).quality === "live" ? Math.abs(difference(row, recipients)) : 0;
    if (apart === 0) continue;
    const id = `${unit.unit_id}/${WORDS.difference}`;
    const where = shortName(unit.name);
    found.push({
      id,
      severity: 1,
      what: WORDS.difference,
      where,
      since: "",
      figure: count(apart),
      weight: apart,
      open: false,
      row,
    });
  }
  return found.sort(bySeverity);
}

/** Kitchens whose figures of the last day of service deserve a question: one line in all. */
export function questioned(questions: Questions | null): Notice[] {
  if (questions === null) return [];
  const { day, kitchens } = questions;
  const line = (where: string, since: string): Notice[] => [
    {
      id: WORDS.question,
      severity: 1,
      what: WORDS.question,
      where,
      since,
      figure: "",
      weight: 0,
      open: false,
      row: undefined,
    },
  ];
  if (kitchens === null) return line(WORDS.notAsked, "");
  const asked = Object.entries(kitchens).filter(([, ids]) => ids.length > 0);
  const [first, ...others] = asked;
  if (first === undefined) return [];
  const words: Readonly<Record<string, string>> = WORDS.questions;
  const what = others.length > 0 ? WORDS.severalQuestions(asked.length) : (words[first[0]] ?? first[0]);
  const count = new Set(asked.flatMap(([, ids]) => ids)).size;
  return line(WORDS.questioned(count, what), shortDay(day));
}

/** Of equal severity people who are ill stand first. */
function bySeverity(a: Notice, b: Notice): number {
  return b.severity - a.severity || areIll(b) - areIll(a) || b.weight - a.weight || a.id.localeCompare(b.id);
}

function areIll({ row }: Notice): number {
  return Number(row !== undefined && str(row, "kind") === CLUSTER);
}

export interface Shown {
  readonly notices: readonly Notice[];
  /** Notices that found no place. */
  readonly more: number;
}

/**
 * At most `most` lines, the last of them `last`: on a day with many alerts there would never be a place for it. What a flood of one
 * kind has more than finds room becomes one line, so that it hides nothing else.
 */
export function fold(all: readonly Notice[], most: number, last: readonly Notice[] = []): Shown {
  const room = most - last.length;
  // A certificate that is missing stays so for weeks: all kitchens of that kind are one line, which pushes nothing out.
  let lines = joined(
    all,
    all.filter((one) => one.what === WORDS.alerts[CERTIFICATE]),
    false,
  );
  while (lines.length > room) {
    const kinds = new Map<string, Notice[]>();
    for (const one of lines) kinds.set(one.what, [...(kinds.get(one.what) ?? []), one]);
    const flood = [...kinds.values()].reduce((a, b) => (b.length > a.length ? b : a));
    const keep = Math.max(0, room - (lines.length - flood.length) - 1);
    if (flood.length - keep < 2) break;
    lines = joined(lines, flood.slice(keep), keep > 0);
  }
  return { notices: [...lines.slice(0, room), ...last], more: Math.max(0, lines.length - room) };
}

/** `lines` with `some` of them as one line in the place of their first; `isRemainder`: of their kind others stand alone. */
function joined(lines: readonly Notice[], some: readonly Notice[], isRemainder: boolean): Notice[] {
  const [first, ...others] = some;
  if (first === undefined || others.length === 0) return [...lines];
  // One kitchen may have several lines: kitchens are counted, not lines.
  const kitchens = new Set(some.map((one) => one.where)).size;
  const oldest = some.reduce((a, b) => (b.weight > a.weight ? b : a));
  const line: Notice = {
    ...first,
    since: oldest.since,
    id: `fold/${first.what}`,
    where: WORDS.folded(kitchens, isRemainder),
    figure: "",
    open: some.some((one) => one.open),
  };
  const hidden = new Set(others);
  return lines.filter((one) => !hidden.has(one)).map((one) => (one === first ? line : one));
}

/** The rows a list rests on that may still be shown. */
export function inputs(notices: readonly Notice[], now: number): Row[] {
  return notices.flatMap(({ row }) => (row !== undefined && judge([row], now).quality !== "gone" ? [row] : []));
}
