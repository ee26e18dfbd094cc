/** A made-up day of Sumedang for the browser tests: the same minute gives the same rows. */

import { readFileSync } from "node:fs";
import type { Row } from "../src/lib/link/protocol";
import { dueBy, type DayPoint, type Region, type Unit } from "../src/lib/region";

const REGION = JSON.parse(readFileSync(new URL("fixtures/region.json", import.meta.url), "utf8")) as Region;
const CODE = REGION.code;
const GROUPS = ["paud", "sd", "smp", "sma", "santri", "guru", "bumil", "busui", "balita", "all"];
const SHARES = [0.07, 0.44, 0.2, 0.15, 0.03, 0.04, 0.02, 0.02, 0.03, 1];

/** A step of an alert's checklist, as the evidence names it. */
export interface DoneStep {
  readonly step: string;
  readonly text: string;
  readonly by: string;
  readonly at: string;
}

export interface Scene {
  readonly day: string;
  /** Minute of the local day (WIB). */
  readonly minute: number;
  readonly simulated?: boolean;
  /** Nothing has been reported. */
  readonly quiet?: boolean;
  /** Minutes before now that every row stands for. */
  readonly age?: number;
  /** Minutes of the day of which nothing is known. */
  readonly unknown?: readonly [number, number];
  /** Nobody is served today: why. */
  readonly dayOff?: string;
  /** Pupils have a day off, mothers and small children are served: why. */
  readonly schoolsOff?: string;
  readonly alerts?: boolean;
  /** What is done about each alert. */
  readonly steps?: readonly DoneStep[];
  /** A batch is on hold: how many recipients have confirmed, of all. */
  readonly hold?: readonly [number, number];
  /** Kitchens whose figures of the last day of service deserve a question, by rule; null: could not be asked. */
  readonly questions?: Readonly<Record<string, number>> | null;
  /** Everything went as it should: the widest figures that a good day has. */
  readonly perfect?: boolean;
}

export function momentOf(scene: Scene): number {
  return Date.parse(`${scene.day}T00:00:00+07:00`) + scene.minute * 60_000;
}

export function regionOf(scene: Scene): Region {
  const off = new Date(`${scene.day}T00:00:00Z`).getUTCDay() === 0;
  const none = off || scene.dayOff !== undefined;
  const today: DayPoint[] = [];
  for (let at = 0; at <= scene.minute - (scene.age ?? 0); at += 5) {
    const [from, to] = scene.unknown ?? [0, 0];
    if (at >= from && at < to) continue;
    const sums = scene.quiet ? [0, 0, 0, 0] : totals(at);
    today.push([at, sums[0] ?? 0, sums[1] ?? 0, sums[2] ?? 0, sums[3] ?? 0]);
  }
  return {
    ...REGION,
    day: scene.day,
    simulated: scene.simulated ?? false,
    clock_factor: scene.simulated ? 72 : 1,
    targets: none ? [] : REGION.targets,
    units: none ? REGION.units.map((unit) => ({ ...unit, meals: [] })) : REGION.units,
    today,
    recipients: off || scene.dayOff ? 0 : 1386,
    not_served: off
      ? [{ reason: "", groups: GROUPS.slice(0, -1), whole: true, kind: "", recipients: 1400 }]
      : scene.dayOff
        ? [{ reason: scene.dayOff, groups: GROUPS.slice(0, -1), whole: true, kind: "", recipients: 1400 }]
        : scene.schoolsOff
          ? [{ reason: scene.schoolsOff, groups: GROUPS.slice(0, 6), whole: true, kind: "", recipients: 1050 }]
          : [
              { reason: "ujian akhir semester", groups: ["sd", "guru"], whole: true, kind: "school", recipients: 30 },
              { reason: "pindah hari", groups: ["bumil"], whole: false, kind: "posyandu", recipients: 2 },
            ],
    holiday: scene.dayOff ?? "",
    questions:
      scene.questions === undefined
        ? null
        : {
            day: "2026-11-23",
            kitchens:
              scene.questions &&
              Object.fromEntries(
                Object.entries(scene.questions).map(([rule, n]) => [
                  rule,
                  kitchens.slice(0, n).map((one) => one.unit_id),
                ]),
              ),
          },
    attended:
      off || scene.quiet
        ? { recipients: 0, present: 0, eaten: 0 }
        : { recipients: 640, present: 98_000, eaten: 91_402 },
  };
}

/** 0..1, the same for the same unit and purpose. */
function dice(unit: string, purpose: number): number {
  let hash = 2166136261 ^ purpose;
  for (const char of unit) hash = Math.imul(hash ^ char.charCodeAt(0), 16777619);
  hash = Math.imul(hash ^ (hash >>> 15), 2246822507);
  return ((hash ^ (hash >>> 13)) >>> 0) / 4294967296;
}

const kitchens = REGION.units.filter((unit) => unit.kind === "sppg");

function portions(unit: Unit, minute: number): [number, number, number, number] {
  const good = dice(unit.unit_id, 1) < 0.05 ? 0.35 + dice(unit.unit_id, 2) * 0.4 : 0.95 + dice(unit.unit_id, 2) * 0.06;
  const late = dice(unit.unit_id, 3) * 25;
  const by = (shift: number): number => dueBy(unit.meals, minute + shift - late);
  const cooked = by(230 + dice(unit.unit_id, 4) * 40);
  const [sent, got, eaten] = [by(85), by(40), by(-25)];
  return [Math.round(cooked * 1.01), Math.round(sent * good), Math.round(got * good), Math.round(eaten * good * 0.94)];
}

function totals(minute: number): number[] {
  const sums = [0, 0, 0, 0];
  for (const unit of kitchens) portions(unit, minute).forEach((n, index) => (sums[index] = (sums[index] ?? 0) + n));
  return sums;
}

export function rowsOf(scene: Scene): Row[] {
  const now = momentOf(scene);
  const asOf = new Date(now - (scene.age ?? 0) * 60_000).toISOString().replace(".000", "");
  const stamp = { region: CODE, day: scene.day, is_final: 0, as_of: asOf, ttl_s: 1800 };
  const serves = new Date(`${scene.day}T00:00:00Z`).getUTCDay() !== 0;
  const rows: Row[] = [];
  const zero = scene.quiet || !serves;
  const performance = (level: string, id: string, values: Record<string, number>): void => {
    rows.push({
      topic: "performance",
      key: `performance/${level}/${id}/1d`,
      level,
      area_id: id,
      window: "1d",
      ...stamp,
      ...values,
    });
  };
  const reception = (level: string, id: string, values: Record<string, number>): void => {
    rows.push({
      topic: "reception",
      key: `reception/${level}/${id}/1d`,
      level,
      area_id: id,
      window: "1d",
      ...stamp,
      ...values,
    });
  };
  const some = (n: number): number => (n > 0 ? 1 : 0);
  let confirmed = 0;
  const sum: Record<string, number> = {};
  for (const unit of kitchens) {
    const values = unitValues(unit, zero ? -1 : scene.minute - (scene.age ?? 0), serves);
    if (scene.perfect) Object.assign(values, perfect(unit));
    for (const [name, value] of Object.entries(values)) sum[name] = (sum[name] ?? 0) + value;
    performance("unit", unit.unit_id, values);
    const got = values["portions_received"] ?? 0;
    const taken = Math.round(got * (dice(unit.unit_id, 13) < 0.02 ? 0.7 : 0.96));
    reception("unit", unit.unit_id, {
      checks: values["deliveries"] ?? 0,
      portions_confirmed: taken,
      portions_refused: some(got),
    });
    confirmed += taken;
    const heard = lastHeard(unit, scene);
    if (heard === null) continue;
    const last_received = new Date(now - heard * 60_000).toISOString();
    rows.push({
      topic: "freshness",
      key: unit.unit_id,
      level: "unit",
      area_id: unit.unit_id,
      unit_kind: "sppg",
      kecamatan: unit.kecamatan,
      last_received,
      region: CODE,
      as_of: asOf,
      ttl_s: 1800,
    });
  }
  performance("kabupaten", CODE, sum);
  reception("kabupaten", CODE, {
    checks: 900,
    portions_confirmed: confirmed,
    portions_refused: 114,
    reporting: zero ? 0 : 912,
    absent_ill: zero ? 0 : 2617,
    declined: zero ? 0 : 763,
  });
  const coverage = (level: string, id: string, group: string, eaten: number, target: number): void => {
    const key = `coverage/${level}/${id}/${group}/1d`;
    rows.push({ topic: "coverage", key, level, area_id: id, group, window: "1d", ...stamp, eaten, target });
  };
  const whole = sum["portions_target"] ?? 0;
  GROUPS.forEach((group, index) => {
    const share = SHARES[index] ?? 0;
    const part = group === "all" || scene.perfect ? 1 : 0.8 + dice(group, 1) * 0.2;
    const eaten = (sum["portions_eaten"] ?? 0) * share * part;
    coverage("kabupaten", CODE, group, Math.round(eaten), Math.round(whole * share));
  });
  for (const { code } of REGION.kecamatan) {
    if (code === "32.11.09") continue;
    const own = kitchens.filter((unit) => unit.kecamatan === code);
    const target = own.reduce((all, unit) => all + dueBy(serves ? unit.meals : [], 1440), 0);
    const eaten = own.reduce((all, unit) => all + (zero ? 0 : portions(unit, scene.minute)[3]), 0);
    coverage("kecamatan", code, "all", Math.round(eaten * (0.55 + dice(code, 7) * 0.45)), target);
  }
  rows.push({
    topic: "clinic_coverage",
    key: `clinic_coverage/kabupaten/${CODE}/7d`,
    level: "kabupaten",
    area_id: CODE,
    window: "7d",
    ...stamp,
    children_measured: 3412,
    children_stunted: 287,
    children_wasted: 96,
    foodborne_cases: null,
    hidden: ["foodborne_cases"],
  });
  if (scene.alerts) rows.push(...alertRows(now, stamp, scene.steps ?? []));
  if (scene.hold) rows.push(holdRow(now, stamp, ...scene.hold));
  return rows;
}

function perfect(unit: Unit): Record<string, number> {
  const all = dueBy(unit.meals, 1440);
  const totals = { portions_cooked: all, portions_dispatched: all, portions_received: all, portions_eaten: all };
  return { ...totals, deliveries: 123, deliveries_on_time: 123, temp_readings: 998, temp_in_range: 998 };
}

function unitValues(unit: Unit, minute: number, serves: boolean): Record<string, number> {
  const [cooked, dispatched, received, eaten] = portions(unit, minute);
  const some = minute < 0 ? 0 : 1;
  const deliveries = some * Math.round(received / 180);
  const readings = some * Math.max(0, Math.round((minute - 60) / 20));
  return {
    portions_cooked: cooked * some,
    portions_dispatched: dispatched * some,
    portions_received: received * some,
    portions_eaten: eaten * some,
    portions_target: serves ? dueBy(unit.meals, 1440) : 0,
    deliveries,
    deliveries_on_time: Math.round(deliveries * (0.82 + dice(unit.unit_id, 8) * 0.18)),
    deliveries_over_4h: deliveries > 3 && dice(unit.unit_id, 9) < 0.04 ? 2 : 0,
    deliveries_over_6h: deliveries > 3 && dice(unit.unit_id, 9) < 0.012 ? 1 : 0,
    tests: some,
    tests_failed: some && dice(unit.unit_id, 10) < 0.012 ? 1 : 0,
    temp_readings: readings,
    temp_in_range: dice(unit.unit_id, 11) < 0.03 ? Math.max(0, readings - 4) : readings,
    events: some * (minute < 60 ? 0 : 10 + readings),
  };
}

/** Minutes since a kitchen was heard, null for never. */
function lastHeard(unit: Unit, scene: Scene): number | null {
  const roll = dice(unit.unit_id, 12);
  if (roll > 0.985) return null;
  if (scene.quiet) return 600;
  if (roll < 0.03) return 200;
  return roll < 0.09 ? 40 : Math.floor(roll * 12);
}

function alertRows(now: number, stamp: Record<string, unknown>, steps: readonly DoneStep[]): Row[] {
  const kinds = [
    "foodborne_cluster",
    "over_4h",
    "temperature",
    "unit_silent",
    "delivery_late",
    "shortfall",
    "unsafe_batch",
  ];
  return kinds.map((kind, index) => ({
    topic: "alerts",
    key: `A${index}`,
    ...stamp,
    as_of: String(stamp["as_of"]),
    ttl_s: 1800,
    kind,
    severity: index % 3 === 0 ? 3 : index % 3 === 1 ? 2 : 1,
    unit_id: kitchens[index * 9]?.unit_id ?? "",
    state: index % 2 === 0 ? "raised" : "acknowledged",
    short_id: `A${index + 1}`,
    raised_at: new Date(now - (index + 1) * 13 * 60_000).toISOString(),
    updated_at: new Date(now).toISOString(),
    acknowledged_at: new Date(now - index * 11 * 60_000).toISOString(),
    acknowledged_by: index % 2 === 0 ? "" : "dadan",
    evidence: { events: [`e-${index}`], rule: { over_min: 240 }, ...(steps.length > 0 ? { steps } : {}) },
  }));
}

export const SCHOOLS = Array.from({ length: 9 }, (_, index) => ({
  id: `npsn:2020${index}`,
  name: `SDN Contoh ${index + 1}`,
  meal_time: "10:00",
  chosen: true,
}));

export const STEPS = [
  { step: "rujuk", text: "Pastikan semua yang sakit tertangani: hubungi puskesmas, siapkan rujukan ke rumah sakit" },
  { step: "sampel", text: "Minta dapur menyimpan sampel makanan, sisa makanan, dan air dalam keadaan dingin" },
  { step: "lapor-w1", text: "Sampaikan laporan W1 ke Dinas Kesehatan dalam 24 jam" },
];

/** As the server gives them to the role desk: of two schools it does not say how many. */
export const CASES = {
  recipients: [23, 9, 6, null, null, 0, 0, 0, 0].map((cases, index) => ({
    id: `npsn:2020${index}`,
    name: `SDN Contoh ${index + 1}`,
    kind: index === 1 ? "pesantren" : index === 2 ? "posyandu" : "school",
    synthetic: true,
    x: 330 + 37 * Math.sin(index * 2.4) * Math.sqrt(index),
    y: 365 + 30 * Math.cos(index * 2.4) * Math.sqrt(index),
    cases,
  })),
  kitchens: [{ id: "SPPG-3211-0001", name: "SPPG Contoh Uji", synthetic: true, x: 334, y: 371 }],
  without_recipient: 7,
};

function holdRow(now: number, stamp: Record<string, unknown>, confirmed: number, of: number): Row {
  const confirmations = SCHOOLS.slice(0, confirmed).map((one, index) => ({
    recipient: one.id,
    at: new Date(now - (20 - index) * 60_000).toISOString(),
    eaten: index === 2,
  }));
  return {
    topic: "alerts",
    key: "hold-1",
    ...stamp,
    as_of: String(stamp["as_of"]),
    ttl_s: 1800,
    kind: "hold",
    severity: 3,
    unit_id: kitchens[3]?.unit_id ?? "",
    subject: "B-2",
    state: "raised",
    short_id: "H1",
    raised_at: new Date(now - 24 * 60_000).toISOString(),
    evidence: {
      batch: "B-2",
      recipients: SCHOOLS.slice(0, of).map((one) => one.id),
      recipient_count: of,
      confirmations,
      confirmed_count: confirmed,
      minutes_to_last: confirmed === of ? 12 : null,
    },
  };
}
