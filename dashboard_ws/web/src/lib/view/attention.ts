/**
 * What needs somebody: alerts of the stream, where it has any; else what today's numbers say by themselves. The panel
 * says which of the two it shows.
 */

import { age, count, shortName } from "../format";
import { num, str, type Row } from "../link/protocol";
import type { Unit } from "../region";
import { judge } from "../truth";
import { WORDS } from "../words";
import { rowOf, type Heard } from "./kitchens";
import { difference } from "./reception";
import { todays, type Rows } from "./rows";

/** 1 pantau, 2 waspada, 3 siaga. */
export type Severity = 1 | 2 | 3;

export interface Notice {
  readonly id: string;
  readonly severity: Severity;
  readonly what: string;
  readonly where: string;
  /** How much or since when. */
  readonly figure: string;
  /** Sorts notices of one severity, greatest first. */
  readonly weight: number;
  /** An alert that nobody has acknowledged yet. */
  readonly open: boolean;
  readonly row: Row | undefined;
}

const KINDS: Readonly<Record<string, string>> = {
  delivery_late: "Terlambat",
  shortfall: "Kurang",
  over_4h: "> 4 jam",
  unsafe_batch: "Uji gagal",
  over_capacity: "Kapasitas",
  temperature: "Suhu",
  unit_silent: "Diam",
  foodborne_cluster: "Keracunan?",
};

export function hasAlerts(rows: Rows): boolean {
  for (const row of rows.values()) if (row.topic === "alerts") return true;
  return false;
}

/** Alerts that are not resolved. */
export function alerts(units: readonly Unit[], rows: Rows, now: number): Notice[] {
  const names = new Map(units.map((unit) => [unit.unit_id, unit.name]));
  const found: Notice[] = [];
  for (const row of rows.values()) {
    if (row.topic !== "alerts" || str(row, "state") === "resolved") continue;
    const unit = str(row, "unit_id");
    const ms = now - Date.parse(str(row, "raised_at"));
    found.push({
      id: row.key,
      severity: severityOf(num(row, "severity")),
      what: KINDS[str(row, "kind")] ?? str(row, "kind"),
      where: shortName(names.get(unit) ?? unit),
      figure: Number.isFinite(ms) ? age(ms / 1000) : "",
      weight: Number.isFinite(ms) ? -ms : 0,
      open: str(row, "state") === "raised",
      row,
    });
  }
  return found.sort(bySeverity);
}

function severityOf(value: number | null): Severity {
  return value === 3 || value === 2 ? value : 1;
}

/** A few readings out of range happen when a door is opened. */
const MOST_READINGS_OUT = 2;

/** What today's numbers say: long deliveries, failed tests, temperatures out of range, recipients that say otherwise, silence. */
export function signs(heard: readonly Heard[], rows: Rows, day: string, now: number): Notice[] {
  const found: Notice[] = [];
  for (const { unit, row: last, hearing, silentMs } of heard) {
    const today = rowOf(unit, rows, day, now);
    const add = (severity: Severity, what: string, weight: number, figure: string, row = today): void => {
      if (weight <= 0) return;
      const id = `${unit.unit_id}/${what}`;
      found.push({ id, severity, what, where: shortName(unit.name), figure, weight, open: false, row });
    };
    const value = (column: string): number => num(today, column) ?? 0;
    const over6 = value("deliveries_over_6h");
    const over4 = value("deliveries_over_4h") - over6;
    const failed = value("tests_failed");
    const out = value("temp_readings") - value("temp_in_range");
    add(3, "> 6 jam", over6, `${over6}×`);
    add(3, "Uji gagal", failed, `${failed}×`);
    add(2, "> 4 jam", over4, `${over4}×`);
    add(1, "Suhu", out > MOST_READINGS_OUT ? out : 0, `${out}×`);
    const recipients = todays(rows, `reception/unit/${unit.unit_id}/1d`, day);
    const apart = judge([recipients], now).quality === "live" ? difference(today, recipients) : 0;
    add(1, WORDS.difference, Math.abs(apart), count(Math.abs(apart)));
    if (hearing === "silent") add(2, "Diam", silentMs, age(silentMs / 1000), last);
  }
  return found.sort(bySeverity);
}

function bySeverity(a: Notice, b: Notice): number {
  return b.severity - a.severity || b.weight - a.weight || a.id.localeCompare(b.id);
}

export interface Shown {
  readonly notices: readonly Notice[];
  /** Notices that found no place. */
  readonly more: number;
}

/** At most `most` lines. What a flood of one kind has more than finds room becomes one line, so that it hides nothing else. */
export function fold(all: readonly Notice[], most: number): Shown {
  let lines = [...all];
  while (lines.length > most) {
    const kinds = new Map<string, Notice[]>();
    for (const one of lines) kinds.set(one.what, [...(kinds.get(one.what) ?? []), one]);
    const flood = [...kinds.values()].reduce((a, b) => (b.length > a.length ? b : a));
    const keep = Math.max(0, most - (lines.length - flood.length) - 1);
    const [first, ...others] = flood.slice(keep);
    if (first === undefined || others.length < 1) break;
    const line: Notice = {
      ...first,
      id: `fold/${first.what}`,
      where: `${others.length + 1} SPPG${keep > 0 ? " lain" : ""}`,
      figure: "",
      open: first.open || others.some((one) => one.open),
    };
    const hidden = new Set(others);
    lines = lines.filter((one) => !hidden.has(one)).map((one) => (one === first ? line : one));
  }
  return { notices: lines.slice(0, most), more: Math.max(0, lines.length - most) };
}

/** The rows a list rests on that may still be shown. */
export function inputs(notices: readonly Notice[], now: number): Row[] {
  return notices.flatMap(({ row }) => (row !== undefined && judge([row], now).quality !== "gone" ? [row] : []));
}
