/** Tasks of a kitchen: from the ingredients to what was eaten. */

import { groupsOf, total, type Recipient } from "../source/source";
import { WORDS } from "../../words/field";
import { OPTIONS } from "../../words/field-tasks";
import type { Row, Values } from "../outbox/rows";
import {
  fromGroups,
  grouped,
  groupFields,
  isEmpty,
  isTrue,
  lastOf,
  list,
  names,
  num,
  str,
  type Scene,
  type Task,
} from "./task";

/** Food is to be eaten within so long of cooking. */
export const SAFE_MS = 4 * 3_600_000;

function cooked(scene: Scene): Row[] {
  return [...scene.yesterday, ...scene.today].filter((row) => row.task === "cook");
}

const batchOf = (row: Row): string => str(row.values["batch"]);

/** Batch -> its name with its portions, newest first. */
function batchOptions(scene: Scene): Record<string, string> {
  return Object.fromEntries(
    cooked(scene)
      .reverse()
      .map((row) => [batchOf(row), `${batchOf(row)} · ${WORDS.portions(num(row.values["portions"]))}`]),
  );
}

/** The next name of today: "M3". Batches of two days differ, for their names hold within 24 hours. */
function nextName(scene: Scene, task: string, letter: string): string {
  const day = scene.day.slice(-2);
  return `${letter}${day}-${scene.today.filter((row) => row.task === task).length + 1}`;
}

function values(rows: readonly Row[], task: string, name: string): string[] {
  return [...new Set(rows.filter((row) => row.task === task).map((row) => str(row.values[name])))];
}

function fed(scene: Scene, id: string): Recipient | undefined {
  return scene.source.recipients.find((one) => one.id === id);
}

export const ingredient: Task = {
  id: "ingredient",
  type: "sppg.ingredient.received",
  fields: (scene, filled) => [
    { kind: "text", name: "item", max: 100, suggestions: values(scene.yesterday, "ingredient", "item") },
    {
      kind: "text",
      name: "supplier",
      max: 100,
      suggestions: values([...scene.yesterday, ...scene.today], "ingredient", "supplier"),
    },
    { kind: "text", name: "lot", max: 100 },
    { kind: "choice", name: "ready_to_eat", options: OPTIONS.ready },
    ...(isTrue(filled["ready_to_eat"]) ? [{ kind: "moment", name: "made_at", optional: true } as const] : []),
    { kind: "decimal", name: "temp_c", min: -60, max: 150, step: 1, unit: "°C", optional: true },
  ],
  initial: (scene) => ({
    item: "",
    supplier: "",
    lot: nextName(scene, "ingredient", "L"),
    ready_to_eat: "false",
    made_at: null,
    temp_c: null,
  }),
  statement: (_, filled, time) => ({
    time,
    times:
      isTrue(filled["ready_to_eat"]) && !isEmpty(filled["made_at"])
        ? { made_at: Math.min(num(filled["made_at"]), time) }
        : {},
    data: {
      item: str(filled["item"]),
      lot: str(filled["lot"]),
      supplier: str(filled["supplier"]),
      ready_to_eat: isTrue(filled["ready_to_eat"]),
      ...(isEmpty(filled["temp_c"]) ? {} : { temp_c: num(filled["temp_c"]) }),
    },
  }),
  summary: (filled) => `${str(filled["item"])} · ${str(filled["lot"])}`,
};

export const cook: Task = {
  id: "cook",
  type: "sppg.cooking.finished",
  fields: (scene) => {
    const lots = [...scene.yesterday, ...scene.today].filter((row) => row.task === "ingredient");
    const options = Object.fromEntries(
      lots.map((row) => [str(row.values["lot"]), `${str(row.values["item"])} · ${str(row.values["lot"])}`]),
    );
    return [
      { kind: "text", name: "batch", max: 100 },
      {
        kind: "count",
        name: "portions",
        min: 1,
        max: 100_000,
        step: 10,
        before: num(lastOf(scene.yesterday, "cook")?.values["portions"]) || undefined,
      },
      { kind: "decimal", name: "core_temp_c", min: -60, max: 150, step: 1, unit: "°C" },
      ...(lots.length > 0 ? [{ kind: "many", name: "lots", options, optional: true } as const] : []),
    ];
  },
  initial: (scene) => {
    const due = scene.source.recipients.reduce((sum, one) => sum + total(one.registered), 0);
    const done = scene.today
      .filter((row) => row.task === "cook")
      .reduce((sum, row) => sum + num(row.values["portions"]), 0);
    return {
      batch: nextName(scene, "cook", "M"),
      portions: Math.max(due - done, 0) || null,
      core_temp_c: null,
      lots: [],
    };
  },
  statement: (_, filled, time) => ({
    time,
    times: {},
    data: {
      batch: str(filled["batch"]),
      portions: num(filled["portions"]),
      core_temp_c: num(filled["core_temp_c"]),
      ...(isEmpty(filled["lots"]) ? {} : { lots: list(filled["lots"]) }),
    },
  }),
  summary: (filled) =>
    `${str(filled["batch"])} · ${WORDS.portions(num(filled["portions"]))} · ${WORDS.celsius(num(filled["core_temp_c"]))}`,
};

export const foodTest: Task = {
  id: "test",
  type: "sppg.food.tested",
  fields: (scene) => [
    { kind: "choice", name: "batch", options: batchOptions(scene) },
    { kind: "choice", name: "test", options: OPTIONS.test },
    { kind: "choice", name: "passed", options: OPTIONS.passed },
  ],
  initial: (scene) => ({ batch: newest(scene), test: "organoleptic", passed: null }),
  statement: (_, filled, time) => ({
    time,
    times: {},
    data: { batch: str(filled["batch"]), test: str(filled["test"]), passed: isTrue(filled["passed"]) },
  }),
  summary: (filled) =>
    `${str(filled["batch"])} · ${isTrue(filled["passed"]) ? OPTIONS.passed.true : OPTIONS.passed.false}`,
};

function newest(scene: Scene): string | null {
  const last = cooked(scene).at(-1);
  return last === undefined ? null : batchOf(last);
}

export const dispatch: Task = {
  id: "dispatch",
  type: "sppg.dispatch.departed",
  fields: (scene) => [
    { kind: "text", name: "trip", max: 100 },
    { kind: "many", name: "batches", options: batchOptions(scene) },
    { kind: "count", name: "portions", min: 1, max: 100_000, step: 10 },
  ],
  initial: (scene) => ({
    trip: nextName(scene, "dispatch", "A"),
    batches: newest(scene) === null ? [] : [newest(scene) ?? ""],
    portions: null,
  }),
  statement: (_, filled, time) => ({
    time,
    times: {},
    data: { trip: str(filled["trip"]), batches: list(filled["batches"]), portions: num(filled["portions"]) },
  }),
  summary: (filled) => `${str(filled["trip"])} · ${WORDS.portions(num(filled["portions"]))}`,
};

export const delivery: Task = {
  id: "delivery",
  type: "sppg.delivery.received",
  follow: (scene, name, filled) =>
    name === "subject" ? { portions: total(fed(scene, str(filled["subject"]))?.registered ?? {}) || null } : {},
  fields: (scene) => [
    { kind: "choice", name: "subject", options: names(scene.source.recipients) },
    { kind: "text", name: "trip", max: 100, suggestions: values(scene.today, "dispatch", "trip") },
    { kind: "choice", name: "batch", options: batchOptions(scene) },
    { kind: "count", name: "portions", min: 0, max: 100_000 },
    { kind: "decimal", name: "temp_c", min: -60, max: 150, step: 1, unit: "°C" },
    { kind: "choice", name: "package", options: OPTIONS.package },
  ],
  initial: (scene) => {
    const done = new Set(scene.today.filter((row) => row.task === "delivery").map((row) => row.subject));
    const next = scene.source.recipients.find((one) => !done.has(one.id) && total(one.registered) > 0);
    const trip = lastOf(scene.today, "dispatch")?.values["trip"];
    return {
      subject: next?.id ?? null,
      trip: str(trip),
      batch: newest(scene),
      portions: next ? total(next.registered) : null,
      temp_c: null,
      package: "fresh",
    };
  },
  statement: (scene, filled, time) => {
    const batch = cooked(scene)
      .filter((row) => batchOf(row) === filled["batch"])
      .at(-1);
    return {
      subject: str(filled["subject"]),
      time,
      times: batch === undefined ? {} : { cooked_at: Math.min(batch.time, time) },
      data: {
        trip: str(filled["trip"]),
        batch: str(filled["batch"]),
        portions: num(filled["portions"]),
        temp_c: num(filled["temp_c"]),
        ...(filled["package"] === "fresh" ? {} : { package: str(filled["package"]) }),
      },
    };
  },
  summary: (filled) => `${WORDS.portions(num(filled["portions"]))} · ${WORDS.celsius(num(filled["temp_c"]))}`,
};

export const eatenAt: Task = {
  id: "eaten-at",
  type: "sppg.meal.eaten",
  follow: (scene, name, filled) =>
    name === "subject" ? fromGroups("eaten", fed(scene, str(filled["subject"]))?.registered ?? {}) : {},
  fields: (scene, filled) => {
    const one = fed(scene, str(filled["subject"]));
    return [
      { kind: "choice", name: "subject", options: names(scene.source.recipients) },
      ...(one === undefined ? [] : groupFields("eaten", groupsOf(one))),
      { kind: "decimal", name: "leftover_kg", min: 0, max: 10_000, step: 0.5, unit: "kg" },
    ];
  },
  initial: () => ({ subject: null, leftover_kg: null }),
  statement: (scene, filled, time) => {
    const one = fed(scene, str(filled["subject"]));
    return {
      subject: str(filled["subject"]),
      time,
      times: {},
      data: {
        eaten: one === undefined ? {} : grouped("eaten", groupsOf(one), filled),
        leftover_g: Math.round(num(filled["leftover_kg"]) * 1000),
      },
    };
  },
  summary: (filled) => WORDS.leftover(num(filled["leftover_kg"])),
};

export const temperature: Task = {
  id: "temperature",
  type: "sppg.temperature.measured",
  fields: (scene) => [
    { kind: "choice", name: "point", options: OPTIONS.point },
    { kind: "decimal", name: "temp_c", min: -60, max: 150, step: 1, unit: "°C" },
    {
      kind: "text",
      name: "sensor",
      max: 100,
      optional: true,
      suggestions: values([...scene.yesterday, ...scene.today], "temperature", "sensor"),
    },
  ],
  initial: () => ({ point: "chiller", temp_c: null, sensor: "" }),
  statement: (_, filled, time) => ({
    time,
    times: {},
    data: {
      point: str(filled["point"]),
      temp_c: num(filled["temp_c"]),
      ...(isEmpty(filled["sensor"]) ? {} : { sensor: str(filled["sensor"]) }),
    },
  }),
  summary: (filled) =>
    `${OPTIONS.point[str(filled["point"]) as keyof typeof OPTIONS.point] ?? ""} ${WORDS.celsius(num(filled["temp_c"]))}`,
};

export const incident: Task = {
  id: "incident",
  type: "sppg.incident.reported",
  fields: (scene) => [
    { kind: "choice", name: "kind", options: OPTIONS.incident },
    { kind: "choice", name: "severity", options: OPTIONS.severity },
    { kind: "text", name: "note", max: 500 },
    { kind: "choice", name: "subject", options: names(scene.source.recipients), optional: true },
  ],
  initial: () => ({ kind: null, severity: null, note: "", subject: null }),
  statement: (_, filled: Values, time) => ({
    ...(isEmpty(filled["subject"]) ? {} : { subject: str(filled["subject"]) }),
    time,
    times: {},
    data: { kind: str(filled["kind"]), severity: Number(str(filled["severity"])), note: str(filled["note"]) },
  }),
  summary: (filled) => OPTIONS.incident[str(filled["kind"]) as keyof typeof OPTIONS.incident] ?? "",
};

export const KITCHEN_TASKS: readonly Task[] = [
  ingredient,
  cook,
  foodTest,
  dispatch,
  delivery,
  eatenAt,
  temperature,
  incident,
];
